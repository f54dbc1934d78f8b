/**
 * Gives a module what it takes to undo a row whose code has trapped: a copy of the module in which each write to memory or to a
 * global notes what was there before, while the module's global `mr_undo` is not 0, and an export that puts it all back. So whatever
 * a row did is undone alike: state, timers, rows it emitted, fields of the author's class, and the allocator's own lists.
 *
 * A worker does this to the bundles of operators whose `onRowError` is not `fail`; other jobs run the bundle as it was uploaded.
 */
import { MillraceError } from "../../errors.ts";
import { ROW_LOG_MAX_BYTES } from "../../limits.ts";
import { ByteReader } from "../byte-reader.ts";
import { unsignedLeb } from "../memory-limit.ts";
import { readOutline, readSections, SECTION, type WasmSection } from "../wasm-sections.ts";
import { ByteWriter } from "./byte-writer.ts";
import { InstructionReader, OP } from "./instructions.ts";
import {
  LOG_FUNCTION,
  LOG_FUNCTIONS,
  LOG_TYPES,
  type LogPlaces,
  logFunctionBodies,
  signedLeb,
  TO_BITS,
} from "./log-functions.ts";

/** Global by which a module says that a row begins (not 0) or that none is in progress (0). */
export const UNDO_GLOBAL = "mr_undo";
/** Export that undoes the row: () -> 0 none was in progress, 1 undone, 2 memory has run out. */
export const RESTORE_EXPORT = "mr_undo_restore";
/** Custom section: how far code lies from where it was, for the source map. Pairs of u32: place, shift. */
export const OFFSETS_SECTION = "millrace.offsets";

const PAGE_BYTES = 65_536;
const I32 = 0x7f;

/** Whether a module says when a row begins: those of the SDK do. */
export function saysRows(bytes: Uint8Array): boolean {
  return readOutline(bytes).exports.some(
    ({ name, kind }) => name === UNDO_GLOBAL && kind === "global",
  );
}

/**
 * The copy of a module.
 * @param bytes an accepted bundle that says when a row begins, see saysRows
 * @throws MillraceError BUNDLE_INSTRUCTION_UNKNOWN
 */
export function addUndoLog(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new UndoLog(bytes).write();
}

class UndoLog {
  readonly #bytes: Uint8Array;
  readonly #sections: readonly WasmSection[];
  readonly #types: number;
  readonly #places: LogPlaces;
  readonly #initialPages: number;
  readonly #out: ByteWriter;
  /** Place in the copy, and how many bytes further it is than it was. */
  readonly #offsets: number[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#sections = readSections(bytes);
    const outline = readOutline(bytes);
    const globals = this.#readGlobals();
    const imported = outline.imports.filter(({ kind }) => kind === "function").length;
    const first = imported + (this.#reader(SECTION.function)?.u32() ?? 0);
    this.#types = this.#reader(SECTION.type)!.u32();
    this.#initialPages = Number(outline.memories[0]!.initial);
    const isOn = this.#undoGlobal();
    this.#places = {
      isOn,
      end: globals.length,
      room: globals.length + 1,
      pages: globals.length + 2,
      exhausted: globals.length + 3,
      firstFunction: first,
      globals: globals.flatMap(({ type, isMutable }, index) =>
        isMutable && index !== isOn ? [{ index, type }] : [],
      ),
    };
    this.#out = new ByteWriter(bytes.length * 2);
  }

  write(): Uint8Array<ArrayBuffer> {
    const out = this.#out;
    out.bytes(this.#bytes.subarray(0, 8));
    for (const section of this.#sections) this.#writeSection(section);
    const offsets = new ByteWriter(8 * this.#offsets.length);
    for (const value of this.#offsets) offsets.u32(value);
    const name = new TextEncoder().encode(OFFSETS_SECTION);
    const content = offsets.taken();
    out.byte(SECTION.custom);
    out.leb(name.length + 1 + content.length);
    out.leb(name.length);
    out.bytes(name);
    out.bytes(content);
    return out.taken();
  }

  #writeSection(section: WasmSection): void {
    if (section.id === SECTION.code) {
      this.#writeCode(section);
      return;
    }
    const added = this.#added(section.id);
    if (added === undefined) this.#out.bytes(this.#bytes.subarray(section.offset, section.bodyEnd));
    else this.#append(section, added);
  }

  /** Entries that a section gets. */
  #added(id: number): readonly (readonly number[])[] | undefined {
    switch (id) {
      case SECTION.type:
        return LOG_TYPES.map(([from, to]) => typeBytes(from, to));
      case SECTION.function:
        return LOG_FUNCTIONS.map(({ type }) => unsignedLeb(this.#types + type));
      case SECTION.memory:
        return [[1, 0, ...unsignedLeb(ROW_LOG_MAX_BYTES / PAGE_BYTES)]];
      case SECTION.global:
        return [0, 0, this.#initialPages, 0].map(globalBytes);
      case SECTION.export: {
        const name = [...new TextEncoder().encode(RESTORE_EXPORT)];
        const index = this.#places.firstFunction + LOG_FUNCTION.restore.number;
        return [[name.length, ...name, 0, ...unsignedLeb(index)]];
      }
      default:
        return undefined;
    }
  }

  /** A section that is a list, with more entries behind its own. */
  #append(section: WasmSection, entries: readonly (readonly number[])[]): void {
    const reader = this.#readerOf(section);
    const count = reader.u32();
    const head = unsignedLeb(count + entries.length);
    const own = this.#bytes.subarray(reader.offset, section.bodyEnd);
    const added = entries.flat();
    const out = this.#out;
    out.byte(section.id);
    out.leb(head.length + own.length + added.length);
    out.bytes(head);
    out.bytes(own);
    out.bytes(added);
  }

  #writeCode(section: WasmSection): void {
    const reader = this.#readerOf(section);
    const count = reader.u32();
    const code = new ByteWriter((section.bodyEnd - section.bodyStart) * 2);
    const shifts: number[] = [];
    const body = new ByteWriter(PAGE_BYTES);
    code.leb(count + LOG_FUNCTIONS.length);
    for (let i = 0; i < count; i++) {
      const size = reader.u32();
      const start = reader.offset;
      const changes = this.#writeBody(body, start, start + size);
      code.leb(body.length);
      shifts.push(code.length, code.length - start);
      for (let c = 0; c < changes.length; c += 2) {
        shifts.push(code.length + changes[c]!, code.length + changes[c]! - changes[c + 1]!);
      }
      code.bytes(body.written());
      reader.offset = start + size;
    }
    for (const added of logFunctionBodies(this.#places)) {
      code.leb(added.length);
      code.bytes(added);
    }
    const out = this.#out;
    out.byte(SECTION.code);
    out.leb(code.length);
    // Shifts were taken from the beginning of the section.
    const base = out.length;
    for (let i = 0; i < shifts.length; i += 2) {
      this.#offsets.push(shifts[i]! + base, shifts[i + 1]! + base);
    }
    out.bytes(code.written());
  }

  /** A function's body with its writes changed; answers pairs of places in the new and the old body. */
  #writeBody(body: ByteWriter, start: number, end: number): number[] {
    const bytes = this.#bytes;
    const reader = new ByteReader(bytes, start, end, "section 10 (code)");
    for (let left = reader.count(); left > 0; left--) {
      reader.u32();
      reader.byte();
    }
    const changes: number[] = [];
    const code = new InstructionReader(reader);
    let copied = start;
    body.clear();
    while (code.next()) {
      const { op } = code.at;
      if (!WRITES.has(op)) continue;
      const instead = this.#instead(op, code.at.offset, code.at.index);
      body.bytes(bytes.subarray(copied, code.at.start));
      body.bytes(instead);
      copied = code.at.end;
      changes.push(body.length, copied);
    }
    body.bytes(bytes.subarray(copied, end));
    return changes;
  }

  /** What stands for an instruction that writes. */
  #instead(op: number, offset: number, index: number): readonly number[] {
    const call = (name: keyof typeof LOG_FUNCTION) => [
      0x10,
      ...unsignedLeb(this.#places.firstFunction + LOG_FUNCTION[name].number),
    ];
    const store = (name: keyof typeof LOG_FUNCTION) => [0x41, ...signedLeb(offset), ...call(name)];
    switch (op) {
      case OP.i32Store8:
        return store("store8");
      case OP.i32Store16:
        return store("store16");
      case OP.i32Store:
        return store("store32");
      case OP.i64Store:
        return store("store64");
      case OP.i64Store8:
        return [WRAP, ...store("store8")];
      case OP.i64Store16:
        return [WRAP, ...store("store16")];
      case OP.i64Store32:
        return [WRAP, ...store("store32")];
      case OP.f32Store:
        return [BITS_OF_F32, ...store("store32")];
      case OP.f64Store:
        return [BITS_OF_F64, ...store("store64")];
      case OP.v128Store:
        return store("store128");
      case OP.memoryCopy:
        return call("copy");
      case OP.memoryFill:
        return call("fill");
      case OP.memoryGrow:
        return call("grow");
      case OP.memorySize:
        return [OP.globalGet, ...unsignedLeb(this.#places.pages)];
      case OP.globalSet:
        return this.#globalSet(index);
      default:
        throw new MillraceError(
          "BUNDLE_INSTRUCTION_UNKNOWN",
          `Cannot undo rows of a bundle: it has the instruction 0x${op.toString(16)}`,
          { field: "onRowError", value: op, expected: "no memory.init, or onRowError fail" },
        );
    }
  }

  #globalSet(index: number): readonly number[] {
    const { isOn, end, globals, firstFunction } = this.#places;
    const set = [OP.globalSet, ...unsignedLeb(index)];
    // A row begins, or is over: nothing of the one before is undone any more.
    if (index === isOn) return [...set, 0x41, 0, OP.globalSet, ...unsignedLeb(end)];
    const { type } = globals.find((global) => global.index === index)!;
    return [
      OP.globalGet,
      ...unsignedLeb(index),
      ...TO_BITS[type]!,
      0x41,
      ...signedLeb(index),
      0x10,
      ...unsignedLeb(firstFunction + LOG_FUNCTION.global.number),
      ...set,
    ];
  }

  #readGlobals(): { type: number; isMutable: boolean }[] {
    const reader = this.#reader(SECTION.global);
    if (reader === undefined) return [];
    const globals: { type: number; isMutable: boolean }[] = [];
    for (let left = reader.u32(); left > 0; left--) {
      const type = reader.byte();
      globals.push({ type, isMutable: reader.byte() === 1 });
      const initial = new InstructionReader(reader);
      while (initial.next() && initial.at.op !== END);
    }
    return globals;
  }

  #undoGlobal(): number {
    const reader = this.#reader(SECTION.export)!;
    for (let left = reader.u32(); left > 0; left--) {
      const name = reader.name();
      const kind = reader.byte();
      const index = reader.u32();
      if (name === UNDO_GLOBAL && kind === GLOBAL_KIND) return index;
    }
    throw reader.malformed(`it does not export the global ${UNDO_GLOBAL}`);
  }

  #reader(id: number): ByteReader | undefined {
    const section = this.#sections.find((other) => other.id === id);
    return section && this.#readerOf(section);
  }

  #readerOf({ id, bodyStart, bodyEnd }: WasmSection): ByteReader {
    return new ByteReader(this.#bytes, bodyStart, bodyEnd, `section ${id}`);
  }
}

const END = 0x0b;
const GLOBAL_KIND = 3;
const WRAP = 0xa7;
const BITS_OF_F32 = 0xbc;
const BITS_OF_F64 = 0xbd;
const WRITES = new Set<number>([
  OP.globalSet,
  OP.i32Store,
  OP.i64Store,
  OP.f32Store,
  OP.f64Store,
  OP.i32Store8,
  OP.i32Store16,
  OP.i64Store8,
  OP.i64Store16,
  OP.i64Store32,
  OP.memorySize,
  OP.memoryGrow,
  OP.memoryInit,
  OP.memoryCopy,
  OP.memoryFill,
  OP.v128Store,
]);

function typeBytes(parameters: readonly number[], results: readonly number[]): number[] {
  return [0x60, parameters.length, ...parameters, results.length, ...results];
}

/** A mutable i32. */
function globalBytes(value: number): number[] {
  return [I32, 1, 0x41, ...signedLeb(value), END];
}

/**
 * Where an instruction of a module with an undo log lay before.
 * @param section contents of the module's OFFSETS_SECTION
 */
export function offsetBefore(section: ArrayBuffer, offset: number): number {
  const view = new DataView(section);
  let shift = 0;
  // Ascending by place.
  let low = 0;
  let high = view.byteLength / 8 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (view.getUint32(middle * 8, true) <= offset) {
      shift = view.getInt32(middle * 8 + 4, true);
      low = middle + 1;
    } else high = middle - 1;
  }
  return offset - shift;
}
