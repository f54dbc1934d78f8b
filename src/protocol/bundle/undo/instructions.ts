/**
 * Steps over the instructions of a function body (WebAssembly core specification 2.0, 5.4), as far as is needed to find those
 * that write memory or globals.
 */
import { MillraceError } from "../../errors.ts";
import type { ByteReader } from "../byte-reader.ts";

/** Numbers of instructions; those behind a prefix are the prefix times 256 and their own number. */
export const OP = {
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Store: 0x36,
  i64Store: 0x37,
  f32Store: 0x38,
  f64Store: 0x39,
  i32Store8: 0x3a,
  i32Store16: 0x3b,
  i64Store8: 0x3c,
  i64Store16: 0x3d,
  i64Store32: 0x3e,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  refFunc: 0xd2,
  memoryInit: 0xfc08,
  memoryCopy: 0xfc0a,
  memoryFill: 0xfc0b,
  v128Store: 0xfd0b,
} as const;

/** An instruction, and of its immediates what matters here. */
export interface Instruction {
  op: number;
  /** Of an access to memory: added to the address. */
  offset: number;
  /** Index of a global or a function. */
  index: number;
  /** Place in the file. */
  start: number;
  end: number;
}

/** Reads one instruction after the other into the same record. */
export class InstructionReader {
  readonly at: Instruction = { op: 0, offset: 0, index: 0, start: 0, end: 0 };
  readonly #reader: ByteReader;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /**
   * False: the code has ended.
   * @throws MillraceError BUNDLE_MALFORMED, BUNDLE_INSTRUCTION_UNKNOWN
   */
  next(): boolean {
    const { at } = this;
    const reader = this.#reader;
    if (reader.done) return false;
    at.start = reader.offset;
    const op = reader.byte();
    at.op = op;
    if (op >= 0x28 && op <= 0x3e) this.#memoryArgument();
    else if (INDEXED.has(op)) at.index = reader.u32();
    else if (op === 0xfc) this.#prefixed(op, BULK);
    else if (op === 0xfd) this.#vector();
    else this.#plain(op);
    at.end = reader.offset;
    return true;
  }

  #plain(op: number): void {
    const reader = this.#reader;
    switch (op) {
      case 0x02: // block, loop, if: a type
      case 0x03:
      case 0x04:
        skipLeb64(reader);
        return;
      case 0x0c: // br, br_if, locals, tables, memory.size and .grow
      case 0x0d:
      case 0x20:
      case 0x21:
      case 0x22:
      case 0x25:
      case 0x26:
      case OP.memorySize:
      case OP.memoryGrow:
        reader.u32();
        return;
      case 0x0e: // br_table
        for (let left = reader.count() + 1; left > 0; left--) reader.u32();
        return;
      case 0x11: // call_indirect, return_call_indirect
      case 0x13:
        reader.u32();
        reader.u32();
        return;
      case 0x1c: // select with types
        for (let left = reader.count(); left > 0; left--) skipLeb64(reader);
        return;
      case 0x41: // i32.const, i64.const, ref.null
      case 0x42:
      case 0xd0:
        skipLeb64(reader);
        return;
      case 0x43:
        reader.take(4);
        return;
      case 0x44:
        reader.take(8);
        return;
    }
    const bare = op <= 0x01 || op === 0x05 || op === 0x0b || op === 0x0f || op === 0x1a;
    if (bare || op === 0x1b || (op >= 0x45 && op <= 0xc4) || op === 0xd1) return;
    throw unknown(reader, op);
  }

  #memoryArgument(): void {
    const reader = this.#reader;
    // Alignments of 64 and more say that the access names its memory.
    if (reader.u32() >= 64) reader.u32();
    this.at.offset = reader.u32();
  }

  #prefixed(prefix: number, counts: Readonly<Record<number, number>>): void {
    const reader = this.#reader;
    const number = reader.u32();
    const count = counts[number];
    if (count === undefined) throw unknown(reader, prefix * 256 + number);
    for (let i = 0; i < count; i++) reader.u32();
    this.at.op = prefix * 256 + number;
  }

  #vector(): void {
    const reader = this.#reader;
    const number = reader.u32();
    this.at.op = 0xfd00 + number;
    if (number <= 11 || number === 92 || number === 93) this.#memoryArgument();
    else if (number === 12 || number === 13) reader.take(16);
    else if (number >= 21 && number <= 34) reader.byte();
    else if (number >= 84 && number <= 87) {
      this.#memoryArgument();
      reader.byte();
    } else if ((number >= 88 && number <= 91) || number > 0x113) {
      // A store of one lane; no compiler of ours makes it.
      throw unknown(reader, this.at.op);
    }
  }
}

const INDEXED = new Set<number>([OP.call, OP.returnCall, OP.globalGet, OP.globalSet, OP.refFunc]);

/** Immediates of the instructions behind the prefix 0xfc; those that change tables are not among them. */
const BULK: Readonly<Record<number, number>> = {
  0: 0,
  1: 0,
  2: 0,
  3: 0,
  4: 0,
  5: 0,
  6: 0,
  7: 0,
  8: 2,
  9: 1,
  10: 2,
  11: 1,
  16: 1,
};

/** A LEB128 number of up to 64 bits whose value does not matter. */
function skipLeb64(reader: ByteReader): void {
  for (let i = 0; i < 10; i++) if (reader.byte() < 0x80) return;
  throw reader.malformed("a number has more than 70 bits");
}

function unknown(reader: ByteReader, op: number): MillraceError {
  const text = `0x${op.toString(16)}`;
  return new MillraceError(
    "BUNDLE_INSTRUCTION_UNKNOWN",
    `Cannot undo rows of a bundle: ${reader.place}, offset ${reader.offset}: instruction ${text} is not known`,
    {
      field: "onRowError",
      value: text,
      expected: "instructions of WebAssembly 2.0 that change no table, or onRowError fail",
    },
  );
}
