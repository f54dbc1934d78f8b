/**
 * Rows as values and keys of state: the canonical row encoding, version 1. Equal rows give equal
 * bytes: what is NULL or padding is zero, all NaNs are one.
 *
 * A cell: a byte per nullable field (1: present), padded to 8; then the fields in their order, each
 * at a multiple of its width (BOOLEAN one byte; text two u32, where its bytes begin and end in the
 * cell), padded to 8; then the bytes of the texts. A row view reads it like a batch of one row.
 */
import { ByteBuffer } from "./byte-buffer";
import { readKeyField, writeKeyField } from "./key-field";

/** What a field is made of, as the compiler transform writes it. */
export const FIELD_BOOL: u8 = 0;
export const FIELD_I8: u8 = 1;
export const FIELD_I16: u8 = 2;
export const FIELD_I32: u8 = 3;
export const FIELD_I64: u8 = 4;
export const FIELD_F32: u8 = 5;
export const FIELD_F64: u8 = 6;
export const FIELD_TEXT: u8 = 7;

class RowField {
  constructor(
    readonly kind: u8,
    /** Offset of its value in a cell. */
    readonly at: i32,
    /** Offset of its presence byte; -1: not nullable. */
    readonly presentAt: i32,
  ) {}
}

export class RowLayout {
  private fields: RowField[] = [];
  /** Whether all rows have equally long cells. */
  isFixed: bool = true;

  constructor(
    /** Bytes of a cell without its texts. */
    readonly fixedBytes: i32,
    /** The row's type, for snapshots: `ROW<word STRING NOT NULL>`. */
    readonly typeText: string,
  ) {}

  /** Adds a field; the generated code calls it in their order. */
  field(kind: u8, at: i32, presentAt: i32): RowLayout {
    this.fields.push(new RowField(kind, at, presentAt));
    if (kind == FIELD_TEXT) this.isFixed = false;
    return this;
  }

  /** Appends the key encoding (key-codec.ts) of a cell's row: its bytes sort like the rows. */
  writeKey(cell: usize, key: ByteBuffer): void {
    const fields = this.fields;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i];
      if (field.presentAt >= 0) {
        const present = load<u8>(cell + <usize>field.presentAt);
        key.push(present);
        if (present == 0) continue;
      }
      writeKeyField(field.kind, cell, <usize>field.at, i + 1 == fields.length, key);
    }
  }

  /** Writes the cell of a key that writeKey() encoded. */
  readKey(start: usize, length: i32, cell: ByteBuffer): void {
    cell.clear();
    memory.fill(cell.room(this.fixedBytes), 0, this.fixedBytes);
    cell.length = this.fixedBytes;
    const fields = this.fields;
    let at = start;
    const end = start + <usize>length;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i];
      if (field.presentAt >= 0) {
        const present = load<u8>(at++);
        store<u8>(cell.start + <usize>field.presentAt, present);
        if (present == 0) continue;
      }
      at = readKeyField(field.kind, at, end, i + 1 == fields.length, cell, <usize>field.at);
    }
  }
}
