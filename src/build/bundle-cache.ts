/**
 * Finished bundles, kept by a hash of all that decides them: a build of what has been built before
 * reads two files and loads no compiler. They lie under the `node_modules/.cache` of the project, as
 * other tools' do; where there is no node_modules (of the sources or of the working folder), nothing
 * is kept.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { inspectBundle } from "../protocol/bundle/inspect.ts";
import type { BuildOptions, BuiltBundle } from "./compile.ts";
import { SDK_FOLDER } from "./sdk.ts";

/** What may be asked of a kept bundle: all options but those that write elsewhere. */
export type CachedBuildOptions = Omit<BuildOptions, "outFile" | "wat"> & {
  /** Files among the sources that are none: what the build itself writes. */
  readonly notSource?: readonly string[];
};

/** What lies beside a kept bundle. */
type KeptFacts = Pick<BuiltBundle, "report" | "rows">;

/** Bundles kept in one folder; the oldest beyond that are removed. */
const KEPT_BUNDLES = 64;
/** Code whose change changes bundles: this compiler, and the layouts that it knows. */
const CODE_FOLDERS = ["./", "../protocol/"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/**
 * A bundle as `buildBundle` gives it, built only where it is not kept.
 * @throws MillraceError of buildBundle
 */
export async function cachedBundle(
  options: CachedBuildOptions,
  key?: string,
): Promise<BuiltBundle> {
  const folder = cacheFolder(dirname(resolve(options.entry))) ?? cacheFolder(process.cwd());
  if (folder === undefined) return compile(options);
  const base = join(folder, key ?? (await bundleKey(options)));
  const kept = await readKept(base);
  if (kept !== undefined) return kept;
  const built = await compile(options);
  await mkdir(folder, { recursive: true });
  // What is told of it first: a bundle that is there has that.
  const { report, rows } = built;
  await appear(`${base}.json`, JSON.stringify({ report, rows } satisfies KeptFacts));
  await appear(`${base}.wasm`, built.bytes);
  await removeOldest(folder);
  return built;
}

/** Hash of all that decides a bundle's bytes and report. */
export async function bundleKey(options: CachedBuildOptions): Promise<string> {
  const { entry, notSource, ...settings } = options;
  const compiler = compilerVersion();
  const hash = createHash("sha256").update(JSON.stringify([basename(entry), settings, compiler]));
  for (const [i, root] of [dirname(resolve(entry)), SDK_FOLDER, ...CODE_FOLDERS].entries()) {
    // An entry that is not there is the compiler's to report.
    const names = existsSync(root) ? await sourceNames(root) : [];
    for (const name of names) {
      const file = join(root, name);
      if (notSource?.includes(file)) continue;
      hash.update(`\0${i} ${name}\0`).update(await readFile(file));
    }
  }
  return hash.digest("hex");
}

async function compile({ notSource, ...options }: CachedBuildOptions): Promise<BuiltBundle> {
  // The compiler takes 0.2 s to load, and is not there on a worker.
  const { buildBundle } = await import("./compile.ts");
  return buildBundle(options);
}

async function readKept(base: string): Promise<BuiltBundle | undefined> {
  if (!existsSync(`${base}.wasm`)) return undefined;
  const bytes = await readFile(`${base}.wasm`);
  const facts = JSON.parse(await readFile(`${base}.json`, "utf8")) as KeptFacts;
  const { manifest, hash } = inspectBundle(bytes);
  // A file that was cut off or changed is as good as none.
  return hash === facts.report.hash ? { bytes, manifest, ...facts } : undefined;
}

/** Several processes may build the same: each file appears whole. */
async function appear(file: string, content: Uint8Array | string): Promise<void> {
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, content);
  await rename(draft, file);
}

async function removeOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".wasm"));
  if (names.length <= KEPT_BUNDLES) return;
  const dated = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
  );
  dated.sort((a, b) => b.at - a.at);
  for (const { name } of dated.slice(KEPT_BUNDLES)) {
    for (const file of [name, name.replace(/\.wasm$/, ".json")]) {
      await rm(join(folder, file), { force: true });
    }
  }
}

/** As other build tools: under the nearest node_modules; undefined: there is none. */
function cacheFolder(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const modules = join(folder, "node_modules");
    if (existsSync(modules)) return join(modules, ".cache", "millrace", "bundles");
    if (folder === dirname(folder)) return undefined;
  }
}

/** Undefined where it is not installed. */
function compilerVersion(): string | undefined {
  try {
    return createRequire(import.meta.url)("assemblyscript/package.json").version;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/**
 * Sources below a folder, sorted; not those of packages, which a bundle cannot import, nor
 * declarations, which are for editors.
 */
async function sourceNames(root: string, below = ""): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    const name = below === "" ? entry.name : `${below}/${entry.name}`;
    const isFolder = entry.isDirectory() && entry.name !== "node_modules";
    if (isFolder && !entry.name.startsWith(".")) names.push(...(await sourceNames(root, name)));
    else if (entry.isFile() && /(?<!\.d)\.[jt]s$/.test(name)) names.push(name);
  }
  return names.sort();
}
