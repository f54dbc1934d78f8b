/**
 * The parts of a WebAssembly binary that decide whether a bundle is accepted, read without
 * compiling or running it (WebAssembly core specification 2.0, chapter 5 "Binary Format").
 */

import { MillraceError } from "../errors.ts";
import { BUNDLE_MAX_BYTES, BUNDLE_MAX_ENTRIES } from "../limits.ts";
import { ByteReader } from "./byte-reader.ts";

/** Section numbers of the specification. */
export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** The order in which sections must come; custom sections may stand anywhere. */
const ORDER: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
const NAMES = Object.fromEntries(Object.entries(SECTION).map(([name, id]) => [id, name]));

/** One section: `offset` is that of its id byte, [bodyStart, bodyEnd) its contents. */
export interface WasmSection {
  readonly id: number;
  readonly offset: number;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** Name and contents' start of a custom section. */
  readonly custom?: { readonly name: string; readonly contentStart: number };
}

/** A function type, in the letters of the text format: `["i32", "i64"] -> ["i32"]`. */
export interface FunctionType {
  readonly parameters: readonly string[];
  readonly results: readonly string[];
}

export interface WasmImport {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternalKind;
  readonly type?: FunctionType;
}

export interface WasmExport {
  readonly name: string;
  readonly kind: ExternalKind;
  readonly type?: FunctionType;
}

export interface WasmMemory {
  /** Pages of 64 KiB. */
  readonly initial: bigint;
  readonly maximum?: bigint;
  readonly shared: boolean;
  readonly is64: boolean;
  readonly customPageSize: boolean;
}

export type ExternalKind = "function" | "table" | "memory" | "global" | "tag";
const KINDS: readonly ExternalKind[] = ["function", "table", "memory", "global", "tag"];

/** Everything that inspect.ts judges. */
export interface WasmOutline {
  readonly sections: readonly WasmSection[];
  readonly imports: readonly WasmImport[];
  readonly exports: readonly WasmExport[];
  readonly memories: readonly WasmMemory[];
  readonly hasStart: boolean;
}

/** Reads the outline. Errors: BUNDLE_TOO_LARGE, _NOT_WASM, _TRUNCATED, _MALFORMED. */
export function readOutline(bytes: Uint8Array): WasmOutline {
  const sections = readSections(bytes);
  const reader = (id: number): ByteReader | undefined => {
    const section = sections.find((s) => s.id === id);
    return section && new ByteReader(bytes, section.bodyStart, section.bodyEnd, placeOf(id));
  };
  const types = readAll(reader(SECTION.type), readFunctionType);
  const imports = readAll(reader(SECTION.import), (r) => readImport(r, types));
  const functions = imports.filter((i) => i.kind === "function").map((i) => i.type!);
  for (const index of readAll(reader(SECTION.function), (r) => r.u32())) {
    const type = types[index];
    if (type === undefined) throw reader(SECTION.function)!.malformed(`no type ${index}`);
    functions.push(type);
  }
  return {
    sections,
    imports,
    exports: readAll(reader(SECTION.export), (r) => readExport(r, functions)),
    memories: readAll(reader(SECTION.memory), readMemory),
    hasStart: sections.some((s) => s.id === SECTION.start),
  };
}

/** The sections in order, bounds and order checked; their contents are not looked at. */
export function readSections(bytes: Uint8Array): WasmSection[] {
  if (bytes.length > BUNDLE_MAX_BYTES) {
    throw new MillraceError(
      "BUNDLE_TOO_LARGE",
      `Cannot accept bundle: ${bytes.length} bytes are above the limit of ${BUNDLE_MAX_BYTES}`,
      { value: `${bytes.length} bytes`, expected: `at most ${BUNDLE_MAX_BYTES} bytes` },
    );
  }
  checkMagic(bytes);
  const sections: WasmSection[] = [];
  const all = new ByteReader(bytes, 8, bytes.length, "the section list");
  let last = -1;
  while (!all.done) {
    if (sections.length >= BUNDLE_MAX_ENTRIES) throw all.malformed("too many sections");
    const section = readSection(all);
    if (section.id !== SECTION.custom) {
      const place = ORDER.indexOf(section.id);
      if (place < 0) throw all.malformed(`unknown section ${section.id}`);
      if (place <= last) throw all.malformed(`${placeOf(section.id)} is out of order or double`);
      last = place;
    }
    sections.push(section);
  }
  return sections;
}

function readSection(all: ByteReader): WasmSection {
  const offset = all.offset;
  const id = all.byte();
  const size = all.u32();
  const bodyStart = all.offset;
  if (size > all.end - bodyStart) {
    throw new MillraceError(
      "BUNDLE_TRUNCATED",
      `Cannot read bundle: ${placeOf(id)} at ${offset} has ${size} bytes, ` +
        `the file has ${all.end - bodyStart} left`,
      { field: placeOf(id), value: `${all.bytes.length} bytes`, expected: "the whole file" },
    );
  }
  const bodyEnd = bodyStart + size;
  all.offset = bodyEnd;
  if (id !== SECTION.custom) return { id, offset, bodyStart, bodyEnd };
  const body = new ByteReader(all.bytes, bodyStart, bodyEnd, `custom section at ${offset}`);
  const name = body.name();
  return { id, offset, bodyStart, bodyEnd, custom: { name, contentStart: body.offset } };
}

function placeOf(id: number): string {
  return `section ${id} (${NAMES[id] ?? "unknown"})`;
}

/** What a foreign file may be, by its first bytes. */
const FOREIGN: readonly (readonly [string, readonly number[]])[] = [
  ["a gzip file", [0x1f, 0x8b]],
  ["a zip archive", [0x50, 0x4b, 0x03, 0x04]],
  ["an empty zip archive", [0x50, 0x4b, 0x05, 0x06]],
  ["a zstd file", [0x28, 0xb5, 0x2f, 0xfd]],
  ["an xz file", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["an ELF program", [0x7f, 0x45, 0x4c, 0x46]],
  ["WebAssembly text (compile it to binary)", [0x28, 0x6d, 0x6f, 0x64]],
  ["an HTML page", [0x3c]],
  ["JSON", [0x7b]],
];
const MAGIC = [0x00, 0x61, 0x73, 0x6d] as const;

function checkMagic(bytes: Uint8Array): void {
  const startsWith = (magic: readonly number[]): boolean => magic.every((b, i) => bytes[i] === b);
  if (bytes.length < 8 && MAGIC.every((b, i) => i >= bytes.length || bytes[i] === b)) {
    throw new MillraceError(
      "BUNDLE_TRUNCATED",
      `Cannot read bundle: ${bytes.length} bytes, a module has at least 8`,
      { value: `${bytes.length} bytes`, expected: "the whole file" },
    );
  }
  if (!startsWith(MAGIC)) {
    const found = FOREIGN.find(([, magic]) => startsWith(magic))?.[0] ?? "an unknown format";
    throw notWasm(found, `it is ${found}`);
  }
  const version = bytes[4]! | (bytes[5]! << 8);
  const layer = bytes[6]! | (bytes[7]! << 8);
  if (layer === 1) {
    throw notWasm("a WebAssembly component", "it is a WebAssembly component, not a core module");
  }
  if (layer !== 0 || version !== 1) {
    throw notWasm(`version ${version}, layer ${layer}`, "it is of an unknown binary version");
  }
}

function notWasm(value: string, state: string): MillraceError {
  return new MillraceError("BUNDLE_NOT_WASM", `Cannot accept bundle: ${state}`, {
    value,
    expected: "a WebAssembly core module (it begins with the bytes 00 61 73 6d 01 00 00 00)",
  });
}

function readAll<T>(reader: ByteReader | undefined, one: (reader: ByteReader) => T): T[] {
  if (reader === undefined) return [];
  const count = reader.count();
  if (count > BUNDLE_MAX_ENTRIES) throw reader.malformed(`${count} entries are too many`);
  const list: T[] = [];
  for (let i = 0; i < count; i++) list.push(one(reader));
  if (!reader.done) throw reader.malformed("bytes are left over");
  return list;
}

const VALUE_TYPES: Readonly<Record<number, string>> = {
  127: "i32",
  126: "i64",
  125: "f32",
  124: "f64",
  123: "v128",
  112: "funcref",
  111: "externref",
};

function readValueType(reader: ByteReader): string {
  const byte = reader.byte();
  if (byte === 0x63 || byte === 0x64) {
    reader.skipLeb();
    return "ref";
  }
  return VALUE_TYPES[byte] ?? `type 0x${byte.toString(16)}`;
}

function readFunctionType(reader: ByteReader): FunctionType {
  const form = reader.byte();
  if (form !== 0x60) {
    throw reader.malformed(
      `type form 0x${form.toString(16)} (garbage collection is not supported)`,
    );
  }
  const list = (): string[] => Array.from({ length: reader.count() }, () => readValueType(reader));
  return { parameters: list(), results: list() };
}

function readImport(reader: ByteReader, types: readonly FunctionType[]): WasmImport {
  const module = reader.name();
  const name = reader.name();
  const kind = readKind(reader);
  if (kind === "function") {
    const index = reader.u32();
    const type = types[index];
    if (type === undefined) throw reader.malformed(`no type ${index}`);
    return { module, name, kind, type };
  }
  if (kind === "table") readValueType(reader);
  if (kind === "table" || kind === "memory") readMemory(reader);
  if (kind === "global") {
    readValueType(reader);
    reader.byte();
  }
  if (kind === "tag") {
    reader.byte();
    reader.u32();
  }
  return { module, name, kind };
}

function readExport(reader: ByteReader, functions: readonly FunctionType[]): WasmExport {
  const name = reader.name();
  const kind = readKind(reader);
  const index = reader.u32();
  if (kind !== "function") return { name, kind };
  const type = functions[index];
  if (type === undefined) throw reader.malformed(`export ${name} has no function ${index}`);
  return { name, kind, type };
}

function readKind(reader: ByteReader): ExternalKind {
  const byte = reader.byte();
  const kind = KINDS[byte];
  if (kind === undefined) throw reader.malformed(`unknown kind ${byte}`);
  return kind;
}

/** Limits of a memory (or table): flag bits 0 maximum, 1 shared, 2 64-bit, 3 page size. */
function readMemory(reader: ByteReader): WasmMemory {
  const flags = reader.u32();
  if (flags > 0x0f) throw reader.malformed(`unknown memory flags 0x${flags.toString(16)}`);
  const is64 = (flags & 4) !== 0;
  const limit = (): bigint => (is64 ? reader.u64() : BigInt(reader.u32()));
  const initial = limit();
  const maximum = (flags & 1) !== 0 ? limit() : undefined;
  const customPageSize = (flags & 8) !== 0;
  if (customPageSize) reader.u32();
  return {
    initial,
    ...(maximum === undefined ? {} : { maximum }),
    shared: (flags & 2) !== 0,
    is64,
    customPageSize,
  };
}
