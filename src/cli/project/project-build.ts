/** Builds a project's operators: the bundle, the handles, and what an editor is told of rows. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { bundleKey, type CachedBuildOptions, cachedBundle } from "../../build/bundle-cache.ts";
import type { BuiltBundle } from "../../build/compile.ts";
import { ROW_VIEWS_FILE, rowViews } from "../../build/row-views.ts";
import { MillraceError } from "../../protocol/errors.ts";
import type { Project } from "./project.ts";

export interface BuildTarget {
  readonly entry: string;
  readonly name: string;
  readonly bundle: string;
  readonly handles: string | undefined;
  /** Whether the bundle carries its sources. */
  readonly source: boolean;
  /** "none" builds faster, for `millrace dev`. */
  readonly optimize: "speed" | "none";
}

/** The target that a project names; undefined: it has no operators of its own. */
export function projectTarget(project: Project): BuildTarget | undefined {
  const { operators, name, bundle, handles } = project;
  if (operators === undefined) return undefined;
  return { entry: operators, name, bundle, handles, source: true, optimize: "speed" };
}

/** @throws MillraceError BUNDLE_ENTRY_NOT_FOUND, BUNDLE_COMPILE_FAILED, COMPILER_NOT_INSTALLED, FILE_NOT_WRITABLE */
export async function buildTarget(target: BuildTarget): Promise<BuiltBundle> {
  return write(target, await bundleKey(optionsOf(target)));
}

/** Builds where the sources are not those of the last build; answers whether it did. */
export async function buildIfStale(target: BuildTarget): Promise<BuiltBundle | undefined> {
  const outputs = [target.bundle, ...writtenSources(target), stampFile(target)];
  const key = await bundleKey(optionsOf(target));
  const fresh =
    outputs.every((file) => existsSync(file)) && readFileSync(stampFile(target), "utf8") === key;
  return fresh ? undefined : write(target, key);
}

function optionsOf(target: BuildTarget): CachedBuildOptions {
  const { entry, name, source, optimize } = target;
  return { entry, name, source, optimize, notSource: writtenSources(target) };
}

async function write(target: BuildTarget, key: string): Promise<BuiltBundle> {
  const built = await cachedBundle(optionsOf(target), key);
  writeOutput(target.bundle, () => writeFileSync(target.bundle, built.bytes));
  if (target.handles !== undefined) await writeHandles(target, target.handles, built);
  const views = rowViewsPath(target);
  if (views !== undefined) {
    writeOutput(views, () => writeIfChanged(views, rowViews(built.rows)));
  }
  writeOutput(target.bundle, () => writeFileSync(stampFile(target), key));
  return built;
}

async function writeHandles(target: BuildTarget, file: string, built: BuiltBundle): Promise<void> {
  const { handleModule } = await import("../../build/handle-module.ts");
  const text = handleModule({
    manifest: built.manifest,
    bundlePath: modulePath(dirname(file), target.bundle),
    entry: relative(dirname(file), target.entry).replaceAll(sep, "/"),
  });
  writeOutput(file, () => writeIfChanged(file, text));
}

/** Writes a file into its folder, which is made where it is not there. */
function writeOutput(file: string, write: () => void): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    write();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new MillraceError("FILE_NOT_WRITABLE", `Cannot write ${file}: ${code}`, {
      field: "output",
      value: file,
      expected: "a file in a folder that may be written to",
      cause,
    });
  }
}

/** A file that is written anew makes editors and watchers look again. */
function writeIfChanged(file: string, text: string): void {
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
}

/** Declarations of what the compiler adds to rows; a build without handles is not an editor's. */
function rowViewsPath({ entry, handles }: BuildTarget): string | undefined {
  return handles === undefined ? undefined : join(dirname(entry), ROW_VIEWS_FILE);
}

/** Files that a build writes among the author's. */
export function writtenSources(target: BuildTarget): string[] {
  return [target.handles, rowViewsPath(target)].filter((file) => file !== undefined);
}

function modulePath(from: string, to: string): string {
  const path = relative(from, to).replaceAll(sep, "/");
  return path.startsWith(".") ? path : `./${path}`;
}

function stampFile(target: BuildTarget): string {
  return `${target.bundle}.stamp`;
}
