/** Where a column of the block being written lies, and how it is made dense when it is sealed. */
import {
  align8,
  COLUMN_BYTES,
  COLUMN_DATA,
  COLUMN_DATA_LENGTH,
  COLUMN_FLAGS,
  COLUMN_LENGTH,
  COLUMN_NULL_COUNT,
  COLUMN_OFFSETS,
  COLUMN_PARAMETER1,
  COLUMN_PARAMETER2,
  COLUMN_TYPE,
  HEADER_BYTES,
} from "./layout";
import { ValueWriter } from "./value-writer";

/** Where a column lies in the block being written. */
export class ColumnBuffer {
  /** Its values have values inside and grow beside the block: nothing below is used then. */
  nested: ValueWriter | null = null;
  /** Text: bytes that the next block has room for. */
  wanted: i32 = 0;

  constructor(
    public type: u8,
    public nullable: bool,
    public p1: i32,
    public p2: i32,
    /** log2 of a value's bytes; -1: bitmap; see layout.ts. */
    public shift: i32,
    public variable: bool,
    /** Number in the column table. */
    public node: i32,
  ) {}
  validity: usize = 0;
  offsets: usize = 0;
  data: usize = 0;
  /** Text: bytes used and there. */
  used: i32 = 0;
  capacity: i32 = 0;
  nulls: i32 = 0;

  /** Where its buffers are now, for takeOver. */
  placed(): ColumnBuffer {
    const copy = new ColumnBuffer(
      this.type,
      this.nullable,
      this.p1,
      this.p2,
      this.shift,
      this.variable,
      this.node,
    );
    copy.validity = this.validity;
    copy.offsets = this.offsets;
    copy.data = this.data;
    copy.used = this.used;
    copy.nulls = this.nulls;
    return copy;
  }

  /** Copies the values of `rows` rows from where they were. */
  takeOver(from: ColumnBuffer, rows: usize): void {
    const bitmap = (rows + 7) >> 3;
    this.nulls = from.nulls;
    this.used = from.used;
    if (from.validity != 0) memory.copy(this.validity, from.validity, bitmap);
    if (from.variable) {
      memory.copy(this.offsets, from.offsets, (rows + 1) << 2);
      memory.copy(this.data, from.data, from.used);
    } else {
      memory.copy(this.data, from.data, from.shift < 0 ? bitmap : rows << (<usize>from.shift));
    }
  }
}

/**
 * Writes the table entry of a column and moves its offsets or fixed-width data down to `start`;
 * answers where the next buffer goes. Text itself and validity bitmaps follow later.
 */
export function sealColumn(
  c: ColumnBuffer,
  block: usize,
  rowCount: i32,
  start: usize,
): usize {
  const entry = block + HEADER_BYTES + <usize>c.node * COLUMN_BYTES;
  const rows = <usize>rowCount;
  const bitmap = (rows + 7) >> 3;
  let at = start;
  memory.fill(entry, 0, COLUMN_BYTES);
  store<u8>(entry + COLUMN_TYPE, c.type);
  store<u16>(entry + COLUMN_FLAGS, c.nullable ? 1 : 0);
  store<u32>(entry + COLUMN_NULL_COUNT, c.nulls);
  store<u32>(entry + COLUMN_LENGTH, rowCount);
  store<i32>(entry + COLUMN_PARAMETER1, c.p1);
  store<i32>(entry + COLUMN_PARAMETER2, c.p2);
  if (c.variable) {
    store<u32>(entry + COLUMN_OFFSETS, <u32>(at - block));
    at = place(at, c.offsets, (rows + 1) << 2);
    store<u32>(entry + COLUMN_DATA_LENGTH, c.used);
    return at;
  }
  const bytes = c.shift < 0 ? bitmap : rows << (<usize>c.shift);
  store<u32>(entry + COLUMN_DATA, <u32>(at - block));
  store<u32>(entry + COLUMN_DATA_LENGTH, <u32>bytes);
  return place(at, c.data, bytes);
}

/** Moves a buffer down to its dense place, zeroes its padding, answers where the next one goes. */
export function place(to: usize, from: usize, bytes: usize): usize {
  if (to != from) memory.copy(to, from, bytes);
  const end = to + align8(bytes);
  if (end != to + bytes) memory.fill(to + bytes, 0, end - to - bytes);
  return end;
}
