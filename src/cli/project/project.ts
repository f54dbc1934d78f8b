/** A project of an author: the folder whose package.json has a `"millrace"` key. */
import { readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { z } from "zod";
import { MillraceError } from "../../protocol/errors.ts";

const path = z.string().min(1);
const keySchema = z.strictObject({
  /** Job that `millrace run` and `dev` take; default job.ts. */
  job: path.default("job.ts"),
  /** Arguments of that job where the command line gives none. */
  args: z.array(z.string()).default([]),
  /** Source file of the operators; absent: the project has none of its own. */
  operators: path.optional(),
  /** Bundle that `millrace build` writes; default build/NAME.wasm. */
  bundle: path.optional(),
  /** Typed handles that it writes; default handles.ts beside the operators. */
  handles: path.optional(),
});

/** All paths absolute. */
export interface Project {
  readonly folder: string;
  readonly name: string;
  readonly job: string;
  readonly args: readonly string[];
  readonly operators: string | undefined;
  readonly bundle: string;
  readonly handles: string | undefined;
}

/**
 * The project that `from` lies in, by the nearest package.json; undefined: it has no `"millrace"` key.
 * @throws MillraceError PROJECT_INVALID
 */
export function findProject(from: string = process.cwd()): Project | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const text = readIfThere(join(folder, "package.json"));
    if (text !== undefined) return projectOf(folder, text);
    if (folder === dirname(folder)) return undefined;
  }
}

/**
 * The same, where a command cannot do without.
 * @throws MillraceError PROJECT_NOT_FOUND, PROJECT_INVALID
 */
export function needProject(what: string): Project {
  const project = findProject();
  if (project !== undefined) return project;
  const message = `Cannot ${what}: no package.json with a "millrace" key here or above`;
  throw new MillraceError("PROJECT_NOT_FOUND", message, {
    field: "folder",
    value: process.cwd(),
    expected: "the folder of a project (`millrace new NAME` makes one), or the file as an argument",
  });
}

function projectOf(folder: string, text: string): Project | undefined {
  const file = join(folder, "package.json");
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new MillraceError("PROJECT_INVALID", `Cannot read ${file}: it is not JSON`, { cause });
  }
  const { millrace, name } = (content ?? {}) as { millrace?: unknown; name?: unknown };
  if (millrace === undefined) return undefined;
  const key = keySchema.safeParse(millrace);
  if (!key.success) {
    const issue = key.error.issues[0]!;
    const field = ["millrace", ...issue.path].join(".");
    throw new MillraceError("PROJECT_INVALID", `Cannot read ${file}: ${field} is wrong`, {
      field,
      expected: issue.message,
    });
  }
  const { job, args, operators, bundle, handles } = key.data;
  const called = typeof name === "string" ? basename(name) : basename(folder);
  const entry = operators === undefined ? undefined : resolve(folder, operators);
  const beside = entry === undefined ? undefined : join(dirname(entry), "handles.ts");
  return {
    folder,
    name: called,
    job: resolve(folder, job),
    args,
    operators: entry,
    bundle: resolve(folder, bundle ?? join("build", `${called}.wasm`)),
    handles: handles === undefined ? beside : resolve(folder, handles),
  };
}

/** A path as a person writes it: relative to the working folder where it lies inside. */
export function shownPath(file: string): string {
  const inside = relative(process.cwd(), file);
  return inside === "" || inside.startsWith(`..${sep}..`) ? file : inside;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw thrown;
  }
}
