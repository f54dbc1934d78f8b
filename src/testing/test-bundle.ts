/**
 * Bundles for tests: from a bundle file, from its bytes, or straight from AssemblyScript sources,
 * which are compiled once for each content and kept on disk, so that a watching test runner does not
 * compile what has not changed.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { inspectBundle } from "../protocol/bundle/inspect.ts";
import { imposeMemoryMaximum } from "../protocol/bundle/memory-limit.ts";
import { MillraceError } from "../protocol/errors.ts";
import { MODULE_MEMORY_MAX_PAGES } from "../protocol/limits.ts";
import type { OperatorDescription } from "../protocol/manifest.ts";
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
  const registered = JSON.stringify(options.registered ?? null);
  const setting = `${options.optimize ?? "none"}\0${registered}`;
  const key = await sourceHash(dirname(path), [basename(path), setting]);
  return once(key, () => build(path, key, options));
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
    const { manifest } = inspectBundle(bytes, MODULE_MEMORY_MAX_PAGES);
    const bounded = imposeMemoryMaximum(bytes, MODULE_MEMORY_MAX_PAGES);
    const module = await WebAssembly.compile(bounded as Uint8Array<ArrayBuffer>);
    const codeShift = bounded.length - bytes.length;
    return { hash, module, manifest, bytes, codeShift };
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

async function build(path: string, key: string, options: TestBuildOptions): Promise<TestBundle> {
  const folder = cacheFolder();
  const file = folder === undefined ? undefined : join(folder, `${key}.wasm`);
  if (file !== undefined && existsSync(file)) return fromBytes(await readFile(file));
  // The compiler takes 0.4 s to load, which a run that finds its bundle should not cost.
  const { buildBundle } = await import("../build/compile.ts");
  const { bytes } = await buildBundle({
    entry: path,
    name: nameOf(path),
    optimize: options.optimize ?? "none",
    ...(options.registered === undefined ? {} : { registered: options.registered }),
  });
  if (folder !== undefined && file !== undefined) {
    await mkdir(folder, { recursive: true });
    const draft = `${file}.${process.pid}`;
    await writeFile(draft, bytes);
    await rename(draft, file);
  }
  return fromBytes(bytes);
}

/** The name that `millrace build` would give. */
function nameOf(path: string): string {
  const file = basename(path, extname(path));
  if (file !== "index") return file;
  const folder = basename(dirname(path));
  return folder === "operators" ? basename(dirname(dirname(path))) : folder;
}

/** As other build tools: under the project's node_modules; undefined: there is none. */
function cacheFolder(): string | undefined {
  for (let folder = resolve("."); ; folder = dirname(folder)) {
    const modules = join(folder, "node_modules");
    if (existsSync(modules)) return join(modules, ".cache", "millrace", "bundles");
    if (folder === dirname(folder)) return undefined;
  }
}

/** Hash of all that decides a bundle: sources (a bundle's lie in one folder), SDK and compiler. */
async function sourceHash(folder: string, parts: readonly string[]): Promise<string> {
  const { SDK_FOLDER } = await import("../build/sdk.ts");
  const compiler = fileURLToPath(new URL("../build/", import.meta.url));
  const hash = createHash("sha256").update(parts.join("\0"));
  for (const [i, root] of [folder, SDK_FOLDER, compiler].entries()) {
    for (const name of await sourceNames(root)) {
      hash.update(`\0${i} ${name}\0`).update(await readFile(join(root, name)));
    }
  }
  return hash.digest("hex");
}

async function sourceNames(root: string): Promise<string[]> {
  if (!existsSync(root)) return [];
  const entries = await readdir(root, { recursive: true });
  // Declarations are for editors, the compiler reads none.
  const own = (name: string) =>
    /(?<!\.d)\.[jt]s$/.test(name) && !/(^|[\\/])node_modules[\\/]/.test(name);
  return entries.filter(own).sort();
}
