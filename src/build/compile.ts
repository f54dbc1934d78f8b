/**
 * Compiles an author's AssemblyScript into a bundle, in this process. The compiler ends the process
 * if it crashes, so a server calls this in a child process.
 */

import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { INITIALIZE_EXPORT } from "../protocol/abi.ts";
import { inspectBundle, neededCapabilities } from "../protocol/bundle/inspect.ts";
import { readOutline } from "../protocol/bundle/wasm-sections.ts";
import { MillraceError } from "../protocol/errors.ts";
import { MODULE_MEMORY_MAX_PAGES } from "../protocol/limits.ts";
import type { Manifest, OperatorDescription } from "../protocol/manifest.ts";
import { ABI_VERSION, MANIFEST_VERSION } from "../protocol/versions.ts";
import { asc } from "./assemblyscript.ts";
import { writeBundle } from "./bundle-writer.ts";
import { type CompilerMessage, compilerProblem } from "./compiler-message.ts";
import { endpointCapabilities } from "./http-decorator.ts";
import { EXCHANGE_DESCRIPTION } from "./operator-class.ts";
import { Optimize } from "./optimize.ts";
import { type BuildProblem, buildError } from "./problem.ts";
import type { RowClassOutline } from "./row-views.ts";
import { SDK_FOLDER, SDK_NAME, SDK_VERSION } from "./sdk.ts";
import { readSourceTree, readText, type SourceTree } from "./source-tree.ts";
import { ENTRY_FILE, noOperators, type TransformedSources, transformSources } from "./transform.ts";

/** Names under which the compiler reads and writes; none is a file. */
const LIBRARY_FOLDER = "~sdk";
const OUT_FILE = "module.wasm";

export interface BuildOptions {
  /** Path of the entry file. */
  readonly entry: string;
  /** Name of the bundle. */
  readonly name: string;
  /** Where to write the bundle; undefined: nowhere. */
  readonly outFile?: string;
  /** Whether the bundle carries its sources (default true). */
  readonly source?: boolean;
  /** "speed": the passes of optimize.ts (default); "none": fast builds for tests. */
  readonly optimize?: "speed" | "none";
  /** Memory maximum that the module declares, pages of 64 KiB. */
  readonly memoryPages?: number;
  /** Descriptions of operators that the entry registers by itself (the engine's own bundle). */
  readonly registered?: readonly OperatorDescription[];
  /** Whether to give the module's text form too. */
  readonly wat?: boolean;
}

export interface BuiltBundle {
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  readonly report: BuildReport;
  /** Its `@row` classes, for rowViews. */
  readonly rows: readonly RowClassOutline[];
}

/** What a person wants to know of a build. */
export interface BuildReport {
  readonly hash: string;
  readonly size: number;
  /** Bytes of the module itself. */
  readonly codeBytes: number;
  readonly sourceFiles: readonly string[];
  /** Warnings of the compiler and of the inspection, a text each. */
  readonly warnings: readonly string[];
  readonly wat?: string;
}

/**
 * Builds a bundle. Equal sources give equal bytes, in whatever folder they lie.
 * @throws MillraceError BUNDLE_ENTRY_NOT_FOUND, BUNDLE_COMPILE_FAILED (places and remedies in its
 *   message), or a BUNDLE_* code where the result would not be accepted
 */
export async function buildBundle(options: BuildOptions): Promise<BuiltBundle> {
  const problems: BuildProblem[] = [];
  const tree = await readSourceTree(options.entry, problems);
  const transformed = transformSources(tree, problems, options.registered);
  if (problems.length > 0) throw buildError(problems);
  const output = await runCompiler(tree, transformed, options);
  const own = transformed.operators.filter((operator) => operator !== EXCHANGE_DESCRIPTION);
  if (own.length === 0) throw buildError([noOperators(tree)]);
  const manifest: Manifest = {
    manifestVersion: MANIFEST_VERSION,
    abiVersion: ABI_VERSION,
    sdkVersion: SDK_VERSION,
    name: options.name,
    operators: [...transformed.operators],
    capabilities: [
      ...neededCapabilities(readOutline(output.wasm).imports),
      ...endpointCapabilities(transformed.operators),
    ],
  };
  const bytes = writeBundle({
    wasm: output.wasm,
    manifest,
    ...(options.source === false ? {} : { sources: carriedSources(tree) }),
    sourceMap: output.sourceMap,
  });
  const info = inspectBundle(bytes, options.memoryPages);
  if (options.outFile !== undefined) await writeFile(options.outFile, bytes);
  return {
    bytes,
    manifest,
    rows: transformed.rows,
    report: {
      hash: info.hash,
      size: bytes.length,
      codeBytes: output.wasm.length,
      sourceFiles: [...tree.files.keys()].sort(),
      warnings: [...output.warnings, ...info.warnings],
      ...(output.wat === undefined ? {} : { wat: output.wat }),
    },
  };
}

/** The author's files, and what is needed to build them again. */
function carriedSources(tree: SourceTree): Map<string, string> {
  const sources = new Map<string, string>();
  for (const file of tree.files.values()) sources.set(file.path, file.text);
  const recipe = { entry: tree.entry, sdkVersion: SDK_VERSION };
  sources.set("bundle.json", `${JSON.stringify(recipe)}\n`);
  return sources;
}

interface CompilerOutput {
  readonly wasm: Uint8Array;
  readonly sourceMap: string;
  readonly warnings: readonly string[];
  readonly wat: string | undefined;
}

async function runCompiler(
  tree: SourceTree,
  transformed: TransformedSources,
  options: BuildOptions,
): Promise<CompilerOutput> {
  const written = new Map<string, string | Uint8Array>();
  const problems: BuildProblem[] = [];
  const warnings: string[] = [];
  let last = "";
  const read = new Map<string, string>();
  const result = await asc.main(compilerArguments(tree, options), {
    readFile: async (name: string, folder: string) => {
      const text = await readForCompiler(name, folder, transformed.texts);
      if (text !== null && folder === LIBRARY_FOLDER) read.set(`${asc.libraryPrefix}${name}`, text);
      return text;
    },
    writeFile: (name: string, content: string | Uint8Array) => {
      written.set(name, content);
    },
    listFiles: () => [],
    transforms: isOptimized(options) ? [Optimize] : [],
    reportDiagnostic: (message: unknown) => {
      const { edits } = transformed;
      const libraryText = (path: string) => read.get(path) ?? standardLibraryText(path);
      const diagnostic = compilerProblem(message as CompilerMessage, tree, edits, libraryText);
      // The parser says of one token several times that it is not what it expects.
      const isRepeated = diagnostic.text === last;
      last = diagnostic.text;
      if (isRepeated) return;
      if (diagnostic.isError) problems.push(diagnostic.problem);
      else warnings.push(diagnostic.text);
    },
  });
  if (problems.length > 0) throw buildError(problems);
  const wasm = written.get(OUT_FILE);
  if (result.error !== null || !(wasm instanceof Uint8Array)) {
    const message = `Cannot build bundle: the compiler failed: ${result.error?.message}`;
    throw new MillraceError("BUNDLE_COMPILE_FAILED", message, { cause: result.error });
  }
  return {
    wasm,
    sourceMap: portableSourceMap(String(written.get(`${OUT_FILE}.map`))),
    warnings,
    wat: written.get("module.wat")?.toString(),
  };
}

function isOptimized({ optimize }: BuildOptions): boolean {
  return (optimize ?? "speed") === "speed";
}

function standardLibraryText(path: string): string | undefined {
  const name = path.slice(asc.libraryPrefix.length).replace(/\.ts$/, "");
  return Object.hasOwn(asc.libraryFiles, name) ? asc.libraryFiles[name] : undefined;
}

function compilerArguments(tree: SourceTree, options: BuildOptions): string[] {
  const entry = options.registered === undefined ? ENTRY_FILE : tree.entry;
  const maximum = options.memoryPages ?? MODULE_MEMORY_MAX_PAGES;
  return [
    entry,
    ...["--outFile", OUT_FILE, "--sourceMap", "--lib", LIBRARY_FOLDER],
    // No collection by itself: the SDK collects between rows, when nothing managed is on the stack.
    ...["--runtime", "minimal"],
    ...["--exportStart", INITIALIZE_EXPORT, "--maximumMemory", String(maximum)],
    ...["--enable", "simd", "--enable", "bulk-memory"],
    // Its own passes stay out, see optimize.ts.
    "-O0",
    ...(options.wat ? ["--textFile", "module.wat"] : []),
  ];
}

/** What the compiler reads: the author's transformed files, and the SDK under its name. */
async function readForCompiler(
  name: string,
  folder: string,
  texts: ReadonlyMap<string, string>,
): Promise<string | null> {
  if (folder !== LIBRARY_FOLDER) return texts.get(name) ?? null;
  const prefix = `${SDK_NAME}/`;
  if (!name.startsWith(prefix)) return null;
  const path = resolve(SDK_FOLDER, name.slice(prefix.length));
  return path.startsWith(SDK_FOLDER) ? ((await readText(path)) ?? null) : null;
}

/** Only positions and names of files: the texts lie in the bundle, or were left out on purpose. */
function portableSourceMap(text: string): string {
  const { version, sources, names, mappings } = JSON.parse(text) as Record<string, unknown>;
  return JSON.stringify({ version, sources, names, mappings });
}
