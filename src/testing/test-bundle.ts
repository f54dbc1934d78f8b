/**
 * Bundles for tests: from a bundle file, from its bytes, or straight from AssemblyScript sources,
 * which are compiled once for each content and kept on disk, so that a watching test runner does not
 * compile what has not changed.
 */
import { readFile } from "node:fs/promises";
import { basename, dirname, extname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { inspectBundle } from "../protocol/bundle/inspect.ts";
import { MillraceError } from "../protocol/errors.ts";
import { MODULE_MEMORY_MAX_PAGES } from "../protocol/limits.ts";
import type { OperatorDescription } from "../protocol/manifest.ts";
import { compileBundle } from "../taskmanager/compile-bundle.ts";
import { BUILTIN_BUNDLE, ModuleCache } from "../taskmanager/module-cache.ts";
import type { LoadedModule } from "../taskmanager/module-instance.ts";

/**
 * Where a bundle comes from: `"builtin"`, bytes of a bundle, or the path of a bundle file (`.wasm`)
 * or of an entry of AssemblyScript sources (`.ts`). A relative path begins at the working folder.
 */
export type BundleSource = "builtin" | Uint8Array | URL | string;

/** How sources are compiled. */
export interface TestBuildOptions {
  /** `none` (default): compiles in a fraction of the time; `speed`: as a release. */
  readonly optimize?: "speed" | "none";
  /** Descriptions of operators that the entry registers by itself (the engine's own bundle). */
  readonly registered?: readonly OperatorDescription[];
}

/** A bundle whose operators can be opened. */
export interface TestBundle extends LoadedModule {
  /** As it would be uploaded; the built-in bundle is not. */
  readonly bytes: Uint8Array | undefined;
}

/** A process compiles and loads each bundle once. */
const loaded = new Map<string, Promise<TestBundle>>();

/**
 * Loads a bundle, compiling sources if need be.
 * @throws MillraceError FILE_NOT_FOUND, BUNDLE_* (with the author's lines where sources do not
 *   compile), BUILTIN_MISSING
 */
export async function loadTestBundle(
  source: BundleSource,
  options: TestBuildOptions = {},
): Promise<TestBundle> {
  if (source === "builtin") return once("builtin", loadBuiltin);
  if (source instanceof Uint8Array) return fromBytes(source);
  const path = source instanceof URL ? fileURLToPath(source) : resolve(source);
  if (extname(path) !== ".ts") return fromBytes(await readBundle(path));
  // Loaded here: a worker's code, which tests share, has no part in builds.
  const { bundleKey, cachedBundle } = await import("../build/bundle-cache.ts");
  const build = { entry: path, name: nameOf(path), optimize: "none", ...options } as const;
  const key = await bundleKey(build);
  return once(key, async () => fromBytes((await cachedBundle(build, key)).bytes));
}

/** The bundle as a worker has it that goes on behind rows whose code has failed. */
export function undoingBundle(bundle: TestBundle): Promise<TestBundle> {
  const { hash, bytes } = bundle;
  // The engine's own operators refuse rows; they do not trap.
  if (bytes === undefined) return Promise.resolve(bundle);
  return once(`${hash}/undoing`, async () => {
    return { ...(await compileBundle(bytes, MODULE_MEMORY_MAX_PAGES, true)), bytes };
  });
}

function once(key: string, load: () => Promise<TestBundle>): Promise<TestBundle> {
  const known = loaded.get(key);
  if (known !== undefined) return known;
  const loading = load();
  loaded.set(key, loading);
  // What could not be built is tried again: its author is about to mend it.
  loading.catch(() => loaded.delete(key));
  return loading;
}

async function loadBuiltin(): Promise<TestBundle> {
  const cache = new ModuleCache({ jobManager: "", token: "" });
  const module = await cache.get(BUILTIN_BUNDLE, MODULE_MEMORY_MAX_PAGES);
  return { ...module, bytes: undefined };
}

async function fromBytes(bytes: Uint8Array): Promise<TestBundle> {
  const { hash } = inspectBundle(bytes, MODULE_MEMORY_MAX_PAGES);
  return once(hash, async () => {
    return { ...(await compileBundle(bytes, MODULE_MEMORY_MAX_PAGES, false)), bytes };
  });
}

async function readBundle(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new MillraceError("FILE_NOT_FOUND", `Cannot read bundle: ${path} is not there`, {
      field: "bundle",
      value: path,
      expected: "a bundle (.wasm), or the entry of its AssemblyScript sources (.ts)",
      cause,
    });
  }
}

/** The name that `millrace build` would give. */
function nameOf(path: string): string {
  const file = basename(path, extname(path));
  if (file !== "index") return file;
  const folder = basename(dirname(path));
  return folder === "operators" ? basename(dirname(dirname(path))) : folder;
}
