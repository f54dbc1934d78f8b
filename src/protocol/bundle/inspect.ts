/**
 * Judges an uploaded bundle by its bytes. Nothing of it runs and nothing is instantiated; hostile
 * bytes cost time at most, so the JobManager calls this where it can be killed
 * (BUNDLE_PARSE_TIMEOUT_MS).
 */
import { createHash } from "node:crypto";
import {
  EXPORTS,
  IMPORTS,
  INITIALIZE_EXPORT,
  MANIFEST_SECTION,
  SOURCE_MAP_SECTION,
  SOURCES_SECTION,
} from "../abi.ts";
import { MillraceError } from "../errors.ts";
import { MODULE_MEMORY_MAX_PAGES } from "../limits.ts";
import type { Manifest } from "../manifest.ts";
import { readArchive } from "./archive.ts";
import { readManifest } from "./manifest-section.ts";
import { type BundleMemory, judgeMemory } from "./memory-limit.ts";
import {
  type FunctionType,
  readOutline,
  type WasmExport,
  type WasmImport,
  type WasmOutline,
} from "./wasm-sections.ts";

/** What is known of a bundle that was accepted. */
export interface BundleInfo {
  /** SHA-256 of the bytes, 64 hex digits: the bundle's id. */
  readonly hash: string;
  /** Bytes of the file. */
  readonly size: number;
  readonly manifest: Manifest;
  /** `module.name`, sorted. */
  readonly imports: readonly string[];
  /** Sorted. */
  readonly exports: readonly string[];
  readonly memory: BundleMemory;
  /** Unpacked bytes of its sources; 0: built without them. */
  readonly sourcesBytes: number;
  /** What is accepted but worth knowing, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Accepts or refuses a bundle, and tells what is in it.
 *
 *     const { operators } = inspectBundle(bytes).manifest;
 *
 * @param budgetPages The most memory an instance may have, pages of 64 KiB.
 * @throws MillraceError one of the BUNDLE_* codes of docs/bundles.md
 */
export function inspectBundle(
  bytes: Uint8Array,
  budgetPages: number = MODULE_MEMORY_MAX_PAGES,
): BundleInfo {
  const outline = readOutline(bytes);
  if (outline.hasStart) {
    throw new MillraceError(
      "BUNDLE_START_FUNCTION",
      "Cannot accept bundle: it has a start function, which would run when it is instantiated",
      { field: "start", expected: `no start section; export ${INITIALIZE_EXPORT} instead` },
    );
  }
  checkImports(outline.imports);
  const memory = judgeMemory(outline.memories, budgetPages);
  const manifest = readManifest(customSection(bytes, outline, MANIFEST_SECTION));
  checkExports(outline.exports);
  checkCapabilities(outline.imports, manifest);
  if (!WebAssembly.validate(Uint8Array.from(bytes))) {
    throw new MillraceError("BUNDLE_MALFORMED", "Cannot accept bundle: its code is not valid", {
      expected: "a module that WebAssembly.validate accepts",
    });
  }
  const sources = customSection(bytes, outline, SOURCES_SECTION);
  const sourceMap = customSection(bytes, outline, SOURCE_MAP_SECTION);
  if (sourceMap !== undefined) readArchive(sourceMap, SOURCE_MAP_SECTION);
  return {
    hash: bundleHash(bytes),
    size: bytes.length,
    manifest,
    imports: outline.imports.map((i) => `${i.module}.${i.name}`).sort(),
    exports: outline.exports.map((e) => e.name).sort(),
    memory,
    sourcesBytes: sources === undefined ? 0 : unpackedBytes(readArchive(sources, SOURCES_SECTION)),
    warnings: warningsOf(outline, manifest, memory, sources),
  };
}

/** SHA-256 of a bundle, 64 hex digits. */
export function bundleHash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The sources a bundle carries, by path; none if it was built without them. */
export function bundleSources(bytes: Uint8Array): Map<string, Uint8Array> {
  const section = customSection(bytes, readOutline(bytes), SOURCES_SECTION);
  return section === undefined ? new Map() : readArchive(section, SOURCES_SECTION);
}

/** The source map (JSON text) a bundle carries, if it does. */
export function bundleSourceMap(bytes: Uint8Array): string | undefined {
  const section = customSection(bytes, readOutline(bytes), SOURCE_MAP_SECTION);
  if (section === undefined) return undefined;
  const [map] = readArchive(section, SOURCE_MAP_SECTION).values();
  return map && new TextDecoder().decode(map);
}

function customSection(
  bytes: Uint8Array,
  outline: WasmOutline,
  name: string,
): Uint8Array | undefined {
  const found = outline.sections.filter((s) => s.custom?.name === name);
  if (found.length > 1) {
    throw new MillraceError(
      "BUNDLE_MALFORMED",
      `Cannot accept bundle: it has ${found.length} custom sections ${name}`,
      { field: name, value: found.length, expected: "one" },
    );
  }
  const [section] = found;
  return section && bytes.subarray(section.custom!.contentStart, section.bodyEnd);
}

interface Signature {
  readonly parameters: readonly string[];
  readonly result: string;
}

function checkImports(imports: readonly WasmImport[]): void {
  const allowed: Readonly<Record<string, Signature>> = IMPORTS;
  for (const { module, name, kind, type } of imports) {
    const path = `${module}.${name}`;
    const signature = Object.hasOwn(allowed, path) ? allowed[path] : undefined;
    if (kind === "function" && signature !== undefined && matches(type, signature)) continue;
    const wrong = kind === "function" && signature !== undefined;
    throw new MillraceError(
      "BUNDLE_IMPORT_FORBIDDEN",
      wrong
        ? `Cannot accept bundle: import ${path} has the signature ${typeText(type)}`
        : `Cannot accept bundle: it imports the ${kind} ${path}`,
      {
        field: `imports.${path}`,
        value: wrong ? typeText(type) : `${kind} ${path}`,
        expected: wrong
          ? signatureText(signature)
          : `no imports but ${Object.keys(IMPORTS).join(", ")}`,
      },
    );
  }
}

function checkExports(exports: readonly WasmExport[]): void {
  const byName = new Map(exports.map((e) => [e.name, e]));
  const demand = (name: string, kind: string, signature?: Signature): void => {
    const found = byName.get(name);
    const expected = signature === undefined ? `a ${kind}` : signatureText(signature);
    if (found === undefined || found.kind !== kind) {
      const message = `Cannot accept bundle: it does not export the ${kind} ${name}`;
      throw new MillraceError("BUNDLE_EXPORT_MISSING", message, {
        field: `exports.${name}`,
        value: found?.kind ?? "nothing",
        expected,
      });
    }
    if (signature !== undefined && !matches(found.type, signature)) {
      throw new MillraceError(
        "BUNDLE_EXPORT_SIGNATURE",
        `Cannot accept bundle: export ${name} has the signature ${typeText(found.type)}`,
        { field: `exports.${name}`, value: typeText(found.type), expected },
      );
    }
  };
  demand("memory", "memory");
  for (const [name, signature] of Object.entries(EXPORTS)) demand(name, "function", signature);
  if (byName.has(INITIALIZE_EXPORT)) {
    demand(INITIALIZE_EXPORT, "function", { parameters: [], result: "none" });
  }
}

/** Capabilities a module must name because what it imports breaks replay unless the host routes it. */
const GRANTED_IMPORTS: Readonly<Record<string, string>> = {
  "millrace.processing_time": "processing_time",
  "millrace.input_activity_time": "processing_time",
};

/** The capabilities a module must name for what it imports, sorted. */
export function neededCapabilities(imports: readonly WasmImport[]): string[] {
  const names = imports.map(({ module, name }) => GRANTED_IMPORTS[`${module}.${name}`]);
  return [...new Set(names)].filter((name) => name !== undefined).sort();
}

function checkCapabilities(imports: readonly WasmImport[], manifest: Manifest): void {
  for (const capability of neededCapabilities(imports)) {
    if (manifest.capabilities.includes(capability)) continue;
    throw new MillraceError(
      "BUNDLE_MANIFEST_INVALID",
      `Cannot accept bundle: what it imports needs the capability ${capability}`,
      { field: "capabilities", value: manifest.capabilities, expected: `"${capability}" in it` },
    );
  }
}

function warningsOf(
  outline: WasmOutline,
  manifest: Manifest,
  memory: BundleMemory,
  sources: Uint8Array | undefined,
): string[] {
  const warnings: string[] = [];
  if (memory.imposed) {
    warnings.push(`It declares no memory maximum: ${memory.budget} pages of 64 KiB are imposed.`);
  }
  if (!manifest.operators.some((operator) => operator.name === "$exchange")) {
    warnings.push("It has no $exchange operator: its rows are copied once more before a shuffle.");
  }
  if (sources === undefined) warnings.push("It carries no sources: its chains cannot be fused.");
  const names = new Set([MANIFEST_SECTION, SOURCES_SECTION, SOURCE_MAP_SECTION, "name"]);
  for (const { custom } of outline.sections) {
    if (custom !== undefined && !names.has(custom.name)) {
      warnings.push(`Its custom section ${JSON.stringify(custom.name)} is ignored.`);
    }
  }
  return warnings;
}

function matches(type: FunctionType | undefined, signature: Signature): boolean {
  return type !== undefined && typeText(type) === signatureText(signature);
}

function typeText(type: FunctionType | undefined): string {
  if (type === undefined) return "none";
  return `(${type.parameters.join(", ")}) -> ${type.results.join(", ") || "none"}`;
}

function signatureText(signature: Signature): string {
  return `(${signature.parameters.join(", ")}) -> ${signature.result}`;
}

function unpackedBytes(files: ReadonlyMap<string, Uint8Array>): number {
  let sum = 0;
  for (const content of files.values()) sum += content.length;
  return sum;
}
