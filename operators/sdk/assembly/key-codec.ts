/**
 * Canonical encoding of keys, version 1: equal keys give equal bytes, and the bytes sort like the
 * keys. The same in state tables, snapshots and segments.
 *
 * Per column: a presence byte (0 NULL, 1 present) where the column is nullable; then integers
 * big-endian with the sign bit flipped, floating point as its bits made to sort (NaN last, -0 below
 * +0), BOOLEAN as one byte, text raw if it is the last column, else with 0x00 written 0x00 0xff
 * and closed by 0x00 0x00. DECIMAL as an integer of 16 bytes. ROW, ARRAY, MAP and BINARY are no keys;
 * elements of windows keep them in the form of stored-value.ts.
 */
import { BatchReader, bitAt } from "./batch-reader";
import { BlockWriter } from "./block-writer";
import { ColumnBuffer } from "./column-buffer";
import { longKeyCode } from "./key-table";
import { isVariable, TYPE_DOUBLE, TYPE_FLOAT, widthShift } from "./layout";
import { OpenColumn } from "./open-config";
import { loadValue, storeValue, valueBytes } from "./stored-value";

export class KeyCodec {
  /** The encoded key of the last encode(): valid until the next. */
  start: usize = 0;
  length: i32 = 0;
  private buffer: usize = heap.alloc(64);
  private capacity: i32 = 64;
  /** The key is one NOT NULL text: its bytes are the key. */
  readonly rawText: bool;
  /** The key is one NOT NULL integer of 8 bytes: tables look it up as it is in its column. */
  readonly longKey: bool;

  constructor(
    private columns: OpenColumn[],
    private keys: i32[],
  ) {
    const only = keys.length == 1 ? columns[keys[0]] : null;
    this.rawText = only !== null && !only.nullable && isVariable(only.type);
    const fixed = only !== null && !only.nullable && !isVariable(only.type);
    this.longKey =
      fixed && only!.type != TYPE_DOUBLE && widthShift(only!.type, only!.p1) == 3;
  }

  /** Encodes the key of a physical row; a single NOT NULL text is not even copied. */
  // @ts-ignore: decorator
  @inline
  encode(reader: BatchReader, row: i32): void {
    if (this.rawText) {
      const node = unchecked(this.keys[0]);
      const at = reader.offsets(node) + ((<usize>row) << 2);
      const from = load<u32>(at);
      this.start = reader.data(node) + <usize>from;
      this.length = load<u32>(at, 4) - from;
    } else if (this.longKey) {
      const data = reader.data(unchecked(this.keys[0]));
      store<u64>(this.buffer, longKeyCode(load<i64>(data + (<usize>row << 3))));
      this.start = this.buffer;
      this.length = 8;
    } else {
      this.encodeColumns(reader, row);
    }
  }

  private encodeColumns(reader: BatchReader, row: i32): void {
    this.length = 0;
    for (let k = 0; k < this.keys.length; k++) {
      const node = this.keys[k];
      const column = this.columns[node];
      const validity = reader.validity(node);
      const absent = validity != 0 && !bitAt(validity, row);
      if (column.nullable) this.push(absent ? 0 : 1);
      if (absent) continue;
      if (isVariable(column.type)) this.pushText(reader, node, row, k + 1 == this.keys.length);
      else if (isNested(column)) this.pushValue(reader.block, reader.column(node), row);
      else this.pushFixed(reader.data(node), column, row);
    }
    this.start = this.buffer;
  }

  private reserve(bytes: i32): void {
    if (this.length + bytes <= this.capacity) return;
    this.capacity = max(this.capacity * 2, this.length + bytes);
    this.buffer = heap.realloc(this.buffer, this.capacity);
  }

  private push(byte: u8): void {
    this.reserve(1);
    store<u8>(this.buffer + <usize>this.length, byte);
    this.length += 1;
  }

  private pushText(reader: BatchReader, node: i32, row: i32, last: bool): void {
    const at = reader.offsets(node) + ((<usize>row) << 2);
    const from = reader.data(node) + <usize>load<u32>(at);
    const length = load<i32>(at, 4) - load<i32>(at);
    if (last) {
      this.reserve(length);
      memory.copy(this.buffer + <usize>this.length, from, length);
      this.length += length;
      return;
    }
    for (let i = 0; i < length; i++) {
      const byte = load<u8>(from + <usize>i);
      this.push(byte);
      if (byte == 0) this.push(0xff);
    }
    this.push(0);
    this.push(0);
  }

  private pushValue(block: usize, entry: usize, row: i32): void {
    this.reserve(valueBytes(block, entry, row));
    const at = this.buffer + <usize>this.length;
    this.length += <i32>(storeValue(at, block, entry, row) - at);
  }

  private pushFixed(data: usize, column: OpenColumn, row: i32): void {
    this.reserve(8);
    const at = this.buffer + <usize>this.length;
    const shift = widthShift(column.type, column.p1);
    if (shift == -1) {
      store<u8>(at, bitAt(data, row) ? 1 : 0);
      this.length += 1;
    } else if (shift == 0) {
      store<u8>(at, load<u8>(data + <usize>row) ^ 0x80);
      this.length += 1;
    } else if (shift == 1) {
      store<u16>(at, bswap<u16>(load<u16>(data + ((<usize>row) << 1)) ^ 0x8000));
      this.length += 2;
    } else if (shift == 2) {
      const bits = load<u32>(data + ((<usize>row) << 2));
      const sortable = column.type == TYPE_FLOAT ? sortableFloat(bits) : bits ^ 0x80000000;
      store<u32>(at, bswap<u32>(sortable));
      this.length += 4;
    } else if (shift == 4) {
      this.reserve(16);
      const value = data + ((<usize>row) << 4);
      const target = this.buffer + <usize>this.length;
      store<u64>(target, bswap<u64>(load<u64>(value, 8) ^ 0x8000000000000000));
      store<u64>(target, bswap<u64>(load<u64>(value)), 8);
      this.length += 16;
    } else {
      const bits = load<u64>(data + ((<usize>row) << 3));
      const sortable =
        column.type == TYPE_DOUBLE ? sortableDouble(bits) : bits ^ 0x8000000000000000;
      store<u64>(at, bswap<u64>(sortable));
      this.length += 8;
    }
  }

  /** Writes an encoded key into the row in progress: column k into `columns[first + k]`. */
  decode(start: usize, length: i32, writer: BlockWriter, first: i32 = 0): void {
    this.decodeInto(start, length, writer, null, first);
  }

  /** The same, column k into `columns[targets[k]]`. */
  decodeInto(start: usize, length: i32, writer: BlockWriter, targets: i32[] | null, first: i32 = 0): void {
    let at = start;
    const end = start + <usize>length;
    for (let k = 0; k < this.keys.length; k++) {
      const column = this.columns[this.keys[k]];
      const target = writer.columns[targets === null ? first + k : targets[k]];
      if (column.nullable && load<u8>(at++) == 0) {
        writer.writeNull(target);
      } else if (isNested(column)) {
        at = loadValue(at, target.nested!);
      } else if (isVariable(column.type)) {
        at = decodeText(at, end, k + 1 == this.keys.length, writer, target);
      } else {
        at = decodeFixed(at, column, writer, target);
      }
    }
  }
}

/** Whether values lie beside the block while it is written. */
// @ts-ignore: decorator
@inline
function isNested(column: OpenColumn): bool {
  return !isVariable(column.type) && widthShift(column.type, column.p1) == -2;
}

function sortableFloat(bits: u32): u32 {
  const nan = (bits & 0x7fffffff) > 0x7f800000;
  if (nan) return 0xffc00000;
  return bits & 0x80000000 ? ~bits : bits | 0x80000000;
}

function sortableDouble(bits: u64): u64 {
  const nan = (bits & 0x7fffffffffffffff) > 0x7ff0000000000000;
  if (nan) return 0xfff8000000000000;
  return bits & 0x8000000000000000 ? ~bits : bits | 0x8000000000000000;
}

function decodeText(
  start: usize,
  end: usize,
  last: bool,
  writer: BlockWriter,
  target: ColumnBuffer,
): usize {
  if (last) {
    writer.writeText(target, start, <i32>(end - start));
    return end;
  }
  let at = start;
  let length = 0;
  const room = writer.reserveText(target, <i32>(end - start));
  while (!(load<u8>(at) == 0 && load<u8>(at + 1) == 0)) {
    store<u8>(room + <usize>length, load<u8>(at));
    length += 1;
    at += load<u8>(at) == 0 ? 2 : 1;
  }
  writer.closeText(target, length);
  return at + 2;
}

function decodeFixed(
  at: usize,
  column: OpenColumn,
  writer: BlockWriter,
  target: ColumnBuffer,
): usize {
  const row = <usize>writer.rows;
  const shift = widthShift(column.type, column.p1);
  if (shift == -1) {
    writer.writeBit(target, load<u8>(at) != 0);
    return at + 1;
  }
  if (shift == 0) {
    store<u8>(target.data + row, load<u8>(at) ^ 0x80);
    return at + 1;
  }
  if (shift == 1) {
    store<u16>(target.data + (row << 1), bswap<u16>(load<u16>(at)) ^ 0x8000);
    return at + 2;
  }
  if (shift == 2) {
    const sorted = bswap<u32>(load<u32>(at));
    const bits =
      column.type != TYPE_FLOAT
        ? sorted ^ 0x80000000
        : sorted & 0x80000000
          ? sorted & 0x7fffffff
          : ~sorted;
    store<u32>(target.data + (row << 2), bits);
    return at + 4;
  }
  if (shift == 4) {
    const value = target.data + (row << 4);
    store<u64>(value, bswap<u64>(load<u64>(at)) ^ 0x8000000000000000, 8);
    store<u64>(value, bswap<u64>(load<u64>(at, 8)));
    return at + 16;
  }
  const sorted = bswap<u64>(load<u64>(at));
  const bits =
    column.type != TYPE_DOUBLE
      ? sorted ^ 0x8000000000000000
      : sorted & 0x8000000000000000
        ? sorted & 0x7fffffffffffffff
        : ~sorted;
  store<u64>(target.data + (row << 3), bits);
  return at + 8;
}
