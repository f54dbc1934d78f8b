/** What of a module has to be known to give its functions copies. */
import { UNDO_GLOBAL, UNDO_NOTE_GLOBAL } from "../../abi.ts";
import { MillraceError } from "../../errors.ts";
import { ByteReader } from "../byte-reader.ts";
import { readOutline, readSections, SECTION, type WasmSection } from "../wasm-sections.ts";
import { InstructionReader } from "./instructions.ts";

const END = 0x0b;
const I32_CONST = 0x41;
const FUNCTION_KIND = 0;
const GLOBAL_KIND = 3;

/** A part of the table: functions from `start` on. */
export interface Elements {
  readonly start: number;
  readonly functions: readonly number[];
}

export interface ModuleIndex {
  readonly bytes: Uint8Array;
  readonly sections: readonly WasmSection[];
  /** Number of parameters of each type. */
  readonly types: readonly number[];
  /** Imported functions, which come before the module's own. */
  readonly imported: number;
  /** Type of each function of its own. */
  readonly functions: readonly number[];
  readonly globals: readonly { readonly type: number; readonly isMutable: boolean }[];
  /** Functions that are exported, by name. */
  readonly exported: ReadonlyMap<string, number>;
  readonly undoGlobal: number;
  /** Undefined: there is none. */
  readonly noteGlobal: number | undefined;
  readonly tableSize: number;
  readonly elements: readonly Elements[];
  readonly initialPages: number;
  /** Reads a section. */
  reader(section: WasmSection): ByteReader;
}

/** @throws MillraceError BUNDLE_MALFORMED, BUNDLE_INSTRUCTION_UNKNOWN */
export function readModuleIndex(bytes: Uint8Array): ModuleIndex {
  const sections = readSections(bytes);
  const outline = readOutline(bytes);
  const reader = ({ id, bodyStart, bodyEnd }: WasmSection) =>
    new ByteReader(bytes, bodyStart, bodyEnd, `section ${id}`);
  const list = <T>(id: number, one: (reader: ByteReader) => T): T[] => {
    const section = sections.find((other) => other.id === id);
    if (section === undefined) return [];
    const entries = reader(section);
    return Array.from({ length: entries.u32() }, () => one(entries));
  };
  const exported = list(SECTION.export, (r) => ({
    name: r.name(),
    kind: r.byte(),
    index: r.u32(),
  }));
  const globalNamed = (wanted: string) =>
    exported.find(({ name, kind }) => name === wanted && kind === GLOBAL_KIND)?.index;
  const undoGlobal = globalNamed(UNDO_GLOBAL);
  if (undoGlobal === undefined) throw refusal(`exports no global ${UNDO_GLOBAL}`);
  return {
    bytes,
    sections,
    types: list(SECTION.type, readParameters),
    imported: outline.imports.filter(({ kind }) => kind === "function").length,
    functions: list(SECTION.function, (r) => r.u32()),
    globals: list(SECTION.global, readGlobal),
    exported: new Map(
      exported.filter(({ kind }) => kind === FUNCTION_KIND).map(({ name, index }) => [name, index]),
    ),
    undoGlobal,
    noteGlobal: globalNamed(UNDO_NOTE_GLOBAL),
    tableSize: list(SECTION.table, readTableSize)[0] ?? 0,
    elements: list(SECTION.element, readElements),
    initialPages: Number(outline.memories[0]!.initial),
    reader,
  };
}

/** Reads a function type; answers how many parameters it has. Value types of an accepted bundle are one byte. */
function readParameters(reader: ByteReader): number {
  reader.byte();
  const parameters = reader.count();
  reader.take(parameters);
  reader.take(reader.count());
  return parameters;
}

function readGlobal(reader: ByteReader): { type: number; isMutable: boolean } {
  const type = reader.byte();
  const isMutable = reader.byte() === 1;
  const initial = new InstructionReader(reader);
  while (initial.next() && initial.at.op !== END);
  return { type, isMutable };
}

function readTableSize(reader: ByteReader): number {
  reader.byte();
  const hasMaximum = (reader.u32() & 1) === 1;
  const size = reader.u32();
  if (hasMaximum) reader.u32();
  return size;
}

function readElements(reader: ByteReader): Elements {
  if (reader.u32() !== 0 || reader.byte() !== I32_CONST) {
    throw refusal("has elements of a table that are not simply listed");
  }
  const start = reader.u32();
  if (reader.byte() !== END) throw refusal("has elements whose place is computed");
  return { start, functions: Array.from({ length: reader.count() }, () => reader.u32()) };
}

function refusal(what: string): MillraceError {
  return new MillraceError(
    "BUNDLE_INSTRUCTION_UNKNOWN",
    `Cannot undo rows of a bundle: it ${what}`,
    {
      field: "onRowError",
      expected: "a bundle as `millrace build` makes it, or onRowError fail",
    },
  );
}
