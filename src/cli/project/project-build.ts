/** Builds a project's operators: the bundle, and the handles beside the sources. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative, sep } from "node:path";
import { bundleKey, type CachedBuildOptions, cachedBundle } from "../../build/bundle-cache.ts";
import type { BuiltBundle } from "../../build/compile.ts";
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

/** @throws MillraceError BUNDLE_ENTRY_NOT_FOUND, BUNDLE_COMPILE_FAILED, COMPILER_NOT_INSTALLED */
export async function buildTarget(target: BuildTarget): Promise<BuiltBundle> {
  return write(target, await bundleKey(optionsOf(target)));
}

/** Builds where the sources are not those of the last build; answers whether it did. */
export async function buildIfStale(target: BuildTarget): Promise<BuiltBundle | undefined> {
  const outputs = [target.bundle, target.handles ?? target.bundle, stampFile(target)];
  const key = await bundleKey(optionsOf(target));
  const fresh =
    outputs.every((file) => existsSync(file)) && readFileSync(stampFile(target), "utf8") === key;
  return fresh ? undefined : write(target, key);
}

function optionsOf({ entry, name, source, optimize, handles }: BuildTarget): CachedBuildOptions {
  const options = { entry, name, source, optimize };
  return handles === undefined ? options : { ...options, notSource: handles };
}

async function write(target: BuildTarget, key: string): Promise<BuiltBundle> {
  const built = await cachedBundle(optionsOf(target), key);
  mkdirSync(dirname(target.bundle), { recursive: true });
  writeFileSync(target.bundle, built.bytes);
  if (target.handles !== undefined) await writeHandles(target, target.handles, built);
  writeFileSync(stampFile(target), key);
  return built;
}

async function writeHandles(target: BuildTarget, file: string, built: BuiltBundle): Promise<void> {
  const { handleModule } = await import("../../build/handle-module.ts");
  const text = handleModule({
    manifest: built.manifest,
    bundlePath: modulePath(dirname(file), target.bundle),
    entry: relative(dirname(file), target.entry).replaceAll(sep, "/"),
  });
  mkdirSync(dirname(file), { recursive: true });
  // A file that is written anew makes editors and watchers look again.
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
}

function modulePath(from: string, to: string): string {
  const path = relative(from, to).replaceAll(sep, "/");
  return path.startsWith(".") ? path : `./${path}`;
}

function stampFile(target: BuildTarget): string {
  return `${target.bundle}.stamp`;
}
