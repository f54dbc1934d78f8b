/**
 * The author's line of a call that failed: the frames of its stack are offsets into the module,
 * which the bundle's source map turns into places. Looked up when a call has failed, never before.
 */
import { SourceMap, type SourceMapPayload } from "node:module";
import { SOURCE_MAP_SECTION } from "../protocol/abi.ts";
import { readArchive } from "../protocol/bundle/archive.ts";
import { OFFSETS_SECTION, offsetBefore } from "../protocol/bundle/undo/undo-names.ts";

/** A line of a source file, from 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
}

/**
 * The innermost line of the author's own files on a stack: the SDK and the standard library, whose
 * names begin with "~", are passed over.
 * @param codeShift bytes by which code lies further in the module than its source map says
 * @returns undefined where the bundle has no source map, or no frame is the author's
 */
export function authorPlace(
  module: WebAssembly.Module,
  stack: string,
  codeShift: number,
): SourcePlace | undefined {
  const offsets = [...stack.matchAll(/wasm-function\[\d+\]:0x([0-9a-f]+)/g)].map((match) =>
    Number.parseInt(match[1]!, 16),
  );
  const map = offsets.length === 0 ? undefined : sourceMapOf(module);
  if (map === undefined) return undefined;
  const [moved] = WebAssembly.Module.customSections(module, OFFSETS_SECTION);
  for (const offset of offsets) {
    const before = moved === undefined ? offset : offsetBefore(moved, offset);
    const entry = map.findEntry(0, before - codeShift);
    if (!("originalSource" in entry) || entry.originalSource === undefined) continue;
    if (entry.originalSource.startsWith("~")) continue;
    return { file: entry.originalSource, line: entry.originalLine + 1 };
  }
  return undefined;
}

/** Of an operator that goes on behind failures many may be asked for. */
const sourceMaps = new WeakMap<WebAssembly.Module, SourceMap | undefined>();

function sourceMapOf(module: WebAssembly.Module): SourceMap | undefined {
  if (!sourceMaps.has(module)) sourceMaps.set(module, readSourceMap(module));
  return sourceMaps.get(module);
}

function readSourceMap(module: WebAssembly.Module): SourceMap | undefined {
  const [section] = WebAssembly.Module.customSections(module, SOURCE_MAP_SECTION);
  if (section === undefined) return undefined;
  const [text] = readArchive(new Uint8Array(section), SOURCE_MAP_SECTION).values();
  if (text === undefined) return undefined;
  return new SourceMap(JSON.parse(new TextDecoder().decode(text)) as SourceMapPayload);
}
