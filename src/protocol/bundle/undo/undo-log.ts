/**
 * Gives a module what it takes to undo a row whose code has trapped. Each function gets a copy in which every write to memory or to a
 * global notes what was there before, and an export puts it all back. So whatever a row did is undone alike: state, timers, rows it
 * emitted, fields of the author's class, and the allocator's own lists.
 *
 * The copies are what the exports `undo.mr_process` and the like run; an operator that undoes nothing is called by the exports as they
 * were, and pays nothing. A worker does this to the bundles of operators whose `onRowError` is not `fail`.
 */
import { UNDO_EXPORTS, UNDO_GLOBAL } from "../../abi.ts";
import { ROW_LOG_MAX_BYTES } from "../../limits.ts";
import { ByteReader } from "../byte-reader.ts";
import { unsignedLeb } from "../memory-limit.ts";
import { readOutline, SECTION, type WasmSection } from "../wasm-sections.ts";
import { ByteWriter } from "./byte-writer.ts";
import { InstructionReader, OP } from "./instructions.ts";
import {
  call,
  globalGet,
  i32,
  LOG_FUNCTION,
  LOG_FUNCTIONS,
  LOG_TYPES,
  logFunctionBodies,
  TYPE,
} from "./log-functions.ts";
import { type ModuleIndex, readModuleIndex } from "./module-index.ts";
import { NOTING_LOCALS, type NotingPlaces, notingCode, tableShift } from "./noting-code.ts";
import { NOTING_EXPORTS, notingExport, OFFSETS_SECTION, RESTORE_EXPORT } from "./undo-names.ts";

const PAGE_BYTES = 65_536;
const FUNCTION_KIND = 0;

/** Whether a module says when a row begins: those of the SDK do. */
export function saysRows(bytes: Uint8Array): boolean {
  const { exports } = readOutline(bytes);
  const has = (wanted: string, as: string) =>
    exports.some(({ name, kind }) => name === wanted && kind === as);
  return (
    has(UNDO_GLOBAL, "global") && Object.keys(UNDO_EXPORTS).every((name) => has(name, "function"))
  );
}

/**
 * The module with its copies.
 * @param bytes an accepted bundle that says when a row begins, see saysRows
 * @throws MillraceError BUNDLE_INSTRUCTION_UNKNOWN, BUNDLE_MALFORMED
 */
export function addUndoLog(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new UndoLog(readModuleIndex(bytes)).write();
}

class UndoLog {
  readonly #index: ModuleIndex;
  readonly #places: NotingPlaces;
  readonly #out: ByteWriter;
  /** Place in the result, and how many bytes further it is than it was. */
  readonly #offsets: number[] = [];

  constructor(index: ModuleIndex) {
    const { globals, functions, imported, tableSize, undoGlobal, noteGlobal } = index;
    this.#index = index;
    this.#places = {
      inRow: undoGlobal,
      step: globals.length,
      end: globals.length + 1,
      pages: globals.length + 2,
      exhausted: globals.length + 3,
      imported,
      copies: functions.length,
      firstFunction: imported + 2 * functions.length,
      tableSize,
      globals: globals.flatMap(({ type, isMutable }, place) =>
        isMutable && place !== undoGlobal && place !== noteGlobal ? [{ index: place, type }] : [],
      ),
    };
    this.#out = new ByteWriter(index.bytes.length * 4);
  }

  write(): Uint8Array<ArrayBuffer> {
    const { bytes, sections } = this.#index;
    const out = this.#out;
    out.bytes(bytes.subarray(0, 8));
    for (const section of sections) this.#writeSection(section);
    const offsets = new ByteWriter(8 * this.#offsets.length);
    for (const value of this.#offsets) offsets.u32(value);
    const name = new TextEncoder().encode(OFFSETS_SECTION);
    out.byte(SECTION.custom);
    out.leb(1 + name.length + offsets.length);
    out.leb(name.length);
    out.bytes(name);
    out.bytes(offsets.written());
    return out.taken();
  }

  #writeSection(section: WasmSection): void {
    if (section.id === SECTION.code) {
      this.#writeCode(section);
      return;
    }
    if (section.id === SECTION.table) {
      const size = unsignedLeb(2 * this.#places.tableSize);
      this.#writeList(section.id, 1, [0x70, 1, ...size, ...size]);
      return;
    }
    const added = this.#added(section.id);
    if (added === undefined) {
      this.#out.bytes(this.#index.bytes.subarray(section.offset, section.bodyEnd));
      return;
    }
    const reader = this.#index.reader(section);
    const count = reader.u32();
    const own = this.#index.bytes.subarray(reader.offset, section.bodyEnd);
    this.#writeList(section.id, count + added.length, own, added.flat());
  }

  /** Entries that a section gets behind its own. */
  #added(id: number): readonly (readonly number[])[] | undefined {
    const { functions, types, initialPages, elements } = this.#index;
    const { firstFunction, copies } = this.#places;
    switch (id) {
      case SECTION.type:
        return LOG_TYPES.map(([from, to]) => [0x60, from.length, ...from, to.length, ...to]);
      case SECTION.function:
        return [
          ...functions.map((type) => unsignedLeb(type)),
          ...LOG_FUNCTIONS.map(({ type }) => unsignedLeb(types.length + type)),
        ];
      case SECTION.memory: {
        // Reserved as a whole: the system gives pages when they are touched.
        const pages = unsignedLeb(ROW_LOG_MAX_BYTES / PAGE_BYTES);
        return [[1, ...pages, ...pages]];
      }
      case SECTION.global:
        return [0, 0, initialPages, 0].map((value) => [TYPE.i32, 1, ...i32(value), END]);
      case SECTION.export: {
        const names = NOTING_EXPORTS.map((name) =>
          exportBytes(notingExport(name), this.#index.exported.get(name)! + copies),
        );
        return [...names, exportBytes(RESTORE_EXPORT, firstFunction + LOG_FUNCTION.restore.number)];
      }
      case SECTION.element:
        return elements.map(({ start, functions: listed }) => [
          0,
          ...i32(start + this.#places.tableSize),
          END,
          ...unsignedLeb(listed.length),
          ...listed.flatMap((index) => unsignedLeb(this.#copyOf(index))),
        ]);
      default:
        return undefined;
    }
  }

  #copyOf(index: number): number {
    return index < this.#places.imported ? index : index + this.#places.copies;
  }

  #writeList(id: number, count: number, ...parts: readonly ArrayLike<number>[]): void {
    const head = unsignedLeb(count);
    const out = this.#out;
    out.byte(id);
    out.leb(parts.reduce((sum, { length }) => sum + length, head.length));
    for (const part of [head, ...parts]) out.bytes(part);
  }

  /** The functions, their copies, and those of the log. */
  #writeCode(section: WasmSection): void {
    const { functions } = this.#index;
    const code = new ByteWriter((section.bodyEnd - section.bodyStart) * 4);
    const shifts: number[] = [];
    code.leb(2 * functions.length + LOG_FUNCTIONS.length);
    for (const isCopy of [false, true]) {
      const reader = this.#index.reader(section);
      reader.u32();
      for (const type of functions) {
        const size = reader.u32();
        const start = reader.offset;
        const written = isCopy
          ? this.#copyBody(start, start + size, this.#index.types[type]!)
          : this.#plainBody(start, start + size);
        code.leb(written.body.length);
        for (let c = 0; c < written.changes.length; c += 2) {
          const place = code.length + written.changes[c]!;
          shifts.push(place, place - written.changes[c + 1]!);
        }
        code.bytes(written.body.written());
        reader.offset = start + size;
      }
    }
    for (const added of logFunctionBodies(this.#places)) {
      code.leb(added.length);
      code.bytes(added);
    }
    this.#writeShifted(code, shifts);
  }

  #writeShifted(code: ByteWriter, shifts: readonly number[]): void {
    const out = this.#out;
    out.byte(SECTION.code);
    out.leb(code.length);
    // Shifts were taken from the beginning of the section.
    const base = out.length;
    for (const value of shifts) this.#offsets.push(value + base);
    out.bytes(code.written());
  }

  /** A function as it was, but for the size of the memory, which is the copies' as well. */
  #plainBody(start: number, end: number): WrittenBody {
    const body = new BodyWriter(this.#index.bytes, start, end);
    const code = body.code;
    while (code.next()) {
      const memory = this.#memoryCode(code.at.op);
      if (memory !== undefined) body.replace(memory);
    }
    return body.finish();
  }

  /** A function that notes what it overwrites. */
  #copyBody(start: number, end: number, parameters: number): WrittenBody {
    const body = new BodyWriter(this.#index.bytes, start, end, NOTING_LOCALS);
    const places = this.#places;
    const firstLocal = parameters + body.locals;
    const code = body.code;
    while (code.next()) {
      const { op } = code.at;
      if (op === OP.callIndirect || op === OP.returnCallIndirect) {
        body.insert(tableShift(places));
        continue;
      }
      const instead = this.#memoryCode(op) ?? notingCode(places, code.at, firstLocal);
      if (instead !== undefined) body.replace(instead);
    }
    return body.finish();
  }

  #memoryCode(op: number): readonly number[] | undefined {
    const { pages, firstFunction } = this.#places;
    if (op === OP.memorySize) return globalGet(pages);
    if (op === OP.memoryGrow) return call(firstFunction + LOG_FUNCTION.grow.number);
    return undefined;
  }
}

const END = 0x0b;

interface WrittenBody {
  readonly body: ByteWriter;
  /** Pairs of places: in the new body, and in the file that it comes from. */
  readonly changes: readonly number[];
}

/** A function's body, copied with changes. */
class BodyWriter {
  readonly code: InstructionReader;
  /** Number of locals that the function has itself. */
  readonly locals: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #body: ByteWriter;
  readonly #changes: number[] = [];
  #copied: number;

  /** @param added locals behind its own */
  constructor(bytes: Uint8Array, start: number, end: number, added: readonly number[] = []) {
    const reader = new ByteReader(bytes, start, end, "section 10 (code)");
    const groups = reader.count();
    const declared = reader.offset;
    let locals = 0;
    for (let left = groups; left > 0; left--) {
      locals += reader.u32();
      reader.byte();
    }
    this.locals = locals;
    this.#bytes = bytes;
    this.#end = end;
    this.#copied = reader.offset;
    this.#body = new ByteWriter((end - start) * 3);
    this.#body.leb(groups + added.length);
    this.#body.bytes(bytes.subarray(declared, reader.offset));
    for (const type of added) this.#body.bytes([1, type]);
    this.#changes.push(this.#body.length, this.#copied);
    this.code = new InstructionReader(reader);
  }

  /** Puts code in place of the instruction at hand. */
  replace(code: readonly number[]): void {
    this.insert(code);
    this.#copied = this.code.at.end;
    this.#changes.push(this.#body.length, this.#copied);
  }

  /** Puts code in front of the instruction at hand. */
  insert(code: readonly number[]): void {
    this.#body.bytes(this.#bytes.subarray(this.#copied, this.code.at.start));
    // What stands in its place has its place.
    this.#changes.push(this.#body.length, this.code.at.start);
    this.#body.bytes(code);
    this.#copied = this.code.at.start;
    this.#changes.push(this.#body.length, this.#copied);
  }

  finish(): WrittenBody {
    this.#body.bytes(this.#bytes.subarray(this.#copied, this.#end));
    return { body: this.#body, changes: this.#changes };
  }
}

function exportBytes(name: string, index: number): number[] {
  const bytes = new TextEncoder().encode(name);
  return [bytes.length, ...bytes, FUNCTION_KIND, ...unsignedLeb(index)];
}
