/** Puts a bundle together: the compiler's module and our custom sections, the same bytes each time. */
import { strToU8, zipSync } from "fflate";
import { MANIFEST_SECTION, SOURCE_MAP_SECTION, SOURCES_SECTION } from "../protocol/abi.ts";
import { writeManifest } from "../protocol/bundle/manifest-section.ts";
import { unsignedLeb } from "../protocol/bundle/memory-limit.ts";
import { readSections } from "../protocol/bundle/wasm-sections.ts";
import type { Manifest } from "../protocol/manifest.ts";

/** The sections of the compiler that go into a bundle; others name files of the machine. */
const KEPT_SECTIONS = new Set(["name"]);
/** Zip stores local time; these are its first moment in every time zone. */
const ZIP_EPOCH = new Date(1980, 0, 1);

export interface BundleParts {
  readonly wasm: Uint8Array;
  readonly manifest: Manifest;
  /** Sources by path; undefined: built without them. */
  readonly sources?: ReadonlyMap<string, string>;
  /** Source map of the code section, JSON. */
  readonly sourceMap?: string;
}

/** The bundle's bytes. Code offsets stay those of `wasm`, so the source map fits. */
export function writeBundle(parts: BundleParts): Uint8Array {
  const { wasm } = parts;
  const pieces: Uint8Array[] = [wasm.subarray(0, 8)];
  for (const section of readSections(wasm)) {
    if (section.custom !== undefined && !KEPT_SECTIONS.has(section.custom.name)) continue;
    pieces.push(wasm.subarray(section.offset, section.bodyEnd));
  }
  pieces.push(customSection(MANIFEST_SECTION, writeManifest(parts.manifest)));
  if (parts.sources !== undefined) {
    pieces.push(customSection(SOURCES_SECTION, zip(parts.sources)));
  }
  if (parts.sourceMap !== undefined) {
    const files = new Map([["module.wasm.map", parts.sourceMap]]);
    pieces.push(customSection(SOURCE_MAP_SECTION, zip(files)));
  }
  return concatenated(pieces);
}

/** A custom section, header included. */
export function customSection(name: string, content: Uint8Array): Uint8Array {
  const nameBytes = strToU8(name);
  const nameLength = unsignedLeb(nameBytes.length);
  const size = nameLength.length + nameBytes.length + content.length;
  return concatenated([Uint8Array.of(0, ...unsignedLeb(size), ...nameLength), nameBytes, content]);
}

/** A zip whose bytes depend on the files' names and contents only. */
function zip(files: ReadonlyMap<string, string>): Uint8Array {
  const entries = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const content = Object.fromEntries(entries.map(([name, text]) => [name, strToU8(text)]));
  return zipSync(content, { level: 9, mtime: ZIP_EPOCH });
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
