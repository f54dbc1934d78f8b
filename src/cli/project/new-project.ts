/** Makes a project from a template. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { MillraceError } from "../../protocol/errors.ts";
import { ownDependency, packSelf } from "./own-dependency.ts";

const TEMPLATES = fileURLToPath(new URL("../../../templates/", import.meta.url));
const TEMPLATE = "operator-job";
/** npm's limit for the name of a package. */
const NAME_MAX_CHARS = 214;
/** What a folder may hold and still count as empty. */
const ALLOWED = [".git", ".DS_Store"];
/** Where a project keeps a tarball of its own. */
const VENDOR = "vendor";

export interface NewProject {
  readonly folder: string;
  readonly name: string;
  /** What its package.json says of millrace. */
  readonly dependency: string;
  /** Relative to the folder, sorted. */
  readonly files: readonly string[];
}

/**
 * @param path Folder to make; its last part is the project's name.
 * @param given What its package.json is to say of millrace; default: what npm recorded of this one,
 *   and where that is nothing, a tarball that the project gets.
 * @throws MillraceError PROJECT_NAME_INVALID, PROJECT_FOLDER_NOT_EMPTY, PROJECT_FOLDER_UNUSABLE,
 *   PROJECT_DEPENDENCY_UNKNOWN
 */
export function makeProject(path: string, given?: string): NewProject {
  const folder = resolve(path);
  const name = basename(folder);
  checkName(name);
  checkFolder(folder);
  const recorded = given ?? ownDependency();
  const packed = recorded === undefined ? packedSelf() : undefined;
  const files = packed === undefined ? [] : [`${VENDOR}/${packed.name}`];
  const dependency = recorded ?? `file:${files[0]}`;
  const values = { name, dependency };
  const source = join(TEMPLATES, TEMPLATE);
  try {
    packed?.moveTo(join(folder, VENDOR));
    for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const from = join(entry.parentPath, entry.name);
      const file = realName(from.slice(source.length + 1));
      const to = join(folder, file);
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(to, filled(readFileSync(from, "utf8"), values));
      files.push(file.replaceAll(sep, "/"));
    }
  } catch (cause) {
    throw unusable(folder, cause);
  }
  return { folder, name, dependency, files: files.sort() };
}

/** This Millrace as a tarball, outside of the project until the rest is known to succeed. */
function packedSelf(): { readonly name: string; moveTo(folder: string): void } {
  const draft = mkdtempSync(join(tmpdir(), "millrace-new-"));
  try {
    const name = packSelf(draft);
    const moveTo = (folder: string) => {
      mkdirSync(folder, { recursive: true });
      copyFileSync(join(draft, name), join(folder, name));
      rmSync(draft, { recursive: true });
    };
    return { name, moveTo };
  } catch (thrown) {
    rmSync(draft, { recursive: true });
    throw thrown;
  }
}

function checkName(name: string): void {
  const valid = /^[a-z0-9][a-z0-9._-]*$/.test(name) && name.length <= NAME_MAX_CHARS;
  if (valid && name !== "node_modules") return;
  const suggestion = name
    .normalize("NFKD")
    // Accents apart from their letters.
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+|-+$/g, "")
    .slice(0, 40);
  const proposal = suggestion === "" || suggestion === "node_modules" ? "my-job" : suggestion;
  throw new MillraceError(
    "PROJECT_NAME_INVALID",
    `Cannot make project ${JSON.stringify(name)}: npm takes no such name`,
    {
      field: "name",
      value: name,
      expected: `small letters, digits, "-", "_" and ".", a letter or digit first: ${proposal}`,
    },
  );
}

function checkFolder(folder: string): void {
  if (!existsSync(folder)) return;
  let found: string[];
  try {
    found = readdirSync(folder).filter((name) => !ALLOWED.includes(name));
  } catch (cause) {
    throw unusable(folder, cause);
  }
  if (found.length === 0) return;
  const some = found.slice(0, 3).join(", ") + (found.length > 3 ? ", …" : "");
  const message = `Cannot make project: ${folder} is not empty, it holds ${some}`;
  throw new MillraceError("PROJECT_FOLDER_NOT_EMPTY", message, {
    field: "folder",
    value: folder,
    expected: "a name that is free, or an empty folder",
  });
}

function unusable(folder: string, cause: unknown): MillraceError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new MillraceError(
    "PROJECT_FOLDER_UNUSABLE",
    `Cannot write to ${folder}: ${code ?? message}`,
    {
      field: "folder",
      value: folder,
      expected: "a folder that you may write to",
      cause,
    },
  );
}

/** npm packs no `.gitignore`, and would take a `package.json` for its own. */
function realName(file: string): string {
  return file.replace(/(^|[/\\])_gitignore$/, "$1.gitignore").replace(/\.template$/, "");
}

function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{\{(\w+)\}\}/g, (whole, key: string) => values[key] ?? whole);
}
