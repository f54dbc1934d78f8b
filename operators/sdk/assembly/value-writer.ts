/**
 * Columns whose values have values inside them (ROW, ARRAY, MAP), and BINARY: each node of such a
 * column grows in buffers of its own beside the block, for it has more or fewer values than the
 * block has rows, and is copied into the block when that is sealed.
 */
import { bitAt } from "./batch-reader";
import { place } from "./column-buffer";
import {
  align8,
  COLUMN_BYTES,
  COLUMN_CHILD_COUNT,
  COLUMN_DATA,
  COLUMN_DATA_LENGTH,
  COLUMN_FIRST_CHILD,
  COLUMN_FLAGS,
  COLUMN_LENGTH,
  COLUMN_NULL_COUNT,
  COLUMN_OFFSETS,
  COLUMN_PARAMETER1,
  COLUMN_PARAMETER2,
  COLUMN_TYPE,
  COLUMN_VALIDITY,
  HEADER_BYTES,
  isVariable,
  TYPE_ARRAY,
  TYPE_BINARY,
  TYPE_MAP,
  TYPE_ROW,
  widthShift,
} from "./layout";
import { OpenColumn } from "./open-config";
import { Text } from "./text";
import { childEntry, dataOf, isNullAt, listEnd, listStart, textLength, textStart, Value } from "./value";

const BITS: i32 = 0;
const FIXED: i32 = 1;
const BYTES: i32 = 2;
const LIST: i32 = 3;
const STRUCT: i32 = 4;

const FIRST_ROOM: i32 = 64;
const BYTES_MAX: i32 = 0x40000000;

function storageOf(type: u8): i32 {
  if (type == TYPE_ARRAY || type == TYPE_MAP) return LIST;
  if (type == TYPE_ROW) return STRUCT;
  if (isVariable(type)) return BYTES;
  return type == 1 ? BITS : FIXED;
}

function enlarged(buffer: usize, bytes: usize): usize {
  return buffer == 0 ? heap.alloc(bytes) : heap.realloc(buffer, bytes);
}

/**
 * Writes an ARRAY, ROW or MAP of an output row, whose class has a `write…()` for the field. Each value wants
 * exactly one `add…`, or `end` behind what is inside. Valid until the row is collected.
 *
 *     @row
 *     class Profile {
 *       @type("ARRAY<STRING NOT NULL>") words!: Value;
 *       @type("ROW<known BOOLEAN, share DOUBLE, first STRING>") about!: Value;
 *       @type("MAP<STRING NOT NULL, BIGINT>") lengths!: Value;
 *     }
 *
 *     @operator
 *     class Profiler extends MapFunction<Line, Profile> {
 *       map(value: Line, out: Profile): void {
 *         const list = out.writeWords();
 *         const lengths = out.writeLengths();
 *         const words = value.line.words();
 *         while (words.next()) {
 *           list.elements.addText(words.value);
 *           lengths.elements.field(0).addText(words.value);
 *           lengths.elements.field(1).addInteger(words.value.length);
 *           lengths.elements.end();
 *         }
 *         list.end();
 *         lengths.end();
 *         const about = out.writeAbout();
 *         about.field(0).addBoolean(list.elements.length > 0);
 *         about.field(1).addDouble(0.5);
 *         about.field(2).addNull();
 *         about.end();
 *       }
 *     }
 *
 * @throws OPERATOR_FAILED for a field that is written twice, a value of another type, or 1 GiB in a column
 */
export class ValueWriter {
  /** @internal Values so far. */
  length: i32 = 0;
  /** @internal */
  nulls: i32 = 0;
  /** @internal Number in the column table, and that of the first child. */
  node: i32 = 0;
  /** @internal */
  firstChild: i32 = 0;
  /** @internal */
  readonly type: u8;
  /** @internal */
  readonly nullable: bool;
  /** @internal */
  readonly storage: i32;
  /** @internal Bytes of a value, where that is fixed. */
  readonly width: i32;
  /** @internal Fields of a ROW; the elements of an ARRAY; the entries of a MAP. */
  readonly fields: ValueWriter[] = [];
  private validity: usize = 0;
  private offsets: usize = 0;
  private data: usize = 0;
  /** Bytes of data used and there. */
  private used: i32 = 0;
  private capacity: i32 = 0;
  /** Values that there is room for. */
  private room: i32 = 0;

  /** @internal */
  constructor(readonly column: OpenColumn) {
    this.type = column.type;
    this.nullable = column.nullable;
    this.storage = storageOf(column.type);
    this.width =
      this.storage != FIXED
        ? 0
        : column.type == TYPE_BINARY
          ? column.p1
          : 1 << widthShift(column.type, column.p1);
    for (let i = 0; i < column.fields.length; i++) {
      this.fields.push(new ValueWriter(column.fields[i]));
    }
  }

  /** The elements of an ARRAY. */
  get elements(): ValueWriter {
    return unchecked(this.fields[0]);
  }

  /** A field of a ROW, by its position. */
  field(position: i32): ValueWriter {
    return this.fields[position];
  }

  // @ts-ignore: decorator
  @inline
  private begin(): i32 {
    if (this.length == this.room) this.grow();
    return this.length++;
  }

  private grow(): void {
    const room = this.room == 0 ? FIRST_ROOM : this.room * 2;
    assert(room < BYTES_MAX, "a block's column would pass 1 GiB: " + this.column.name);
    if (this.nullable) {
      const old = this.room >> 3;
      this.validity = enlarged(this.validity, room >> 3);
      memory.fill(this.validity + <usize>old, 0xff, (room >> 3) - old);
    }
    if (this.storage == BYTES || this.storage == LIST) {
      this.offsets = enlarged(this.offsets, (<usize>room + 1) << 2);
      if (this.room == 0) store<i32>(this.offsets, 0);
    } else if (this.storage == FIXED) {
      const bytes = <u64>room * <u64>this.width;
      assert(bytes < <u64>BYTES_MAX, "a block's column would pass 1 GiB: " + this.column.name);
      this.data = enlarged(this.data, max<usize>(<usize>bytes, 8));
    } else if (this.storage == BITS) {
      this.data = enlarged(this.data, room >> 3);
    }
    this.room = room;
  }

  private growData(length: i32): void {
    const wanted = max<i64>(<i64>this.capacity * 2, <i64>this.used + <i64>length);
    assert(wanted < <i64>BYTES_MAX, "a block's column would pass 1 GiB: " + this.column.name);
    this.capacity = max(256, <i32>wanted);
    this.data = enlarged(this.data, this.capacity);
  }

  /** NULL; zero or empty where the column is NOT NULL. */
  addNull(): void {
    const at = this.begin();
    if (this.nullable) {
      const byte = this.validity + (<usize>at >> 3);
      store<u8>(byte, load<u8>(byte) & ~((<u8>1) << (<u8>at & 7)));
      this.nulls++;
    }
    if (this.storage == FIXED) {
      memory.fill(this.data + <usize>at * <usize>this.width, 0, this.width);
    } else if (this.storage == BITS) {
      this.setBit(at, false);
    } else if (this.storage == STRUCT) {
      for (let i = 0; i < this.fields.length; i++) unchecked(this.fields[i]).addNull();
    } else {
      this.close(at);
    }
  }

  /** A BOOLEAN. */
  addBoolean(value: bool): void {
    this.setBit(this.begin(), value);
  }

  private setBit(at: i32, value: bool): void {
    const byte = this.data + (<usize>at >> 3);
    const bit = (<u8>1) << (<u8>at & 7);
    store<u8>(byte, value ? load<u8>(byte) | bit : load<u8>(byte) & ~bit);
  }

  /** An integer, or the number that a date or time is kept as; it fits the type. */
  addInteger(value: i64): void {
    const at = <usize>this.begin();
    if (this.width == 4) store<i32>(this.data + (at << 2), <i32>value);
    else if (this.width == 8) store<i64>(this.data + (at << 3), value);
    else if (this.width == 2) store<i16>(this.data + (at << 1), <i16>value);
    else store<i8>(this.data + at, <i8>value);
  }

  /** A FLOAT or DOUBLE. */
  addDouble(value: f64): void {
    const at = <usize>this.begin();
    if (this.width == 4) store<f32>(this.data + (at << 2), <f32>value);
    else store<f64>(this.data + (at << 3), value);
  }

  /** A DECIMAL: the unscaled number, 128 bits. */
  addDecimal(low: u64, high: u64): void {
    const index = <usize>this.begin();
    const at = this.data + (index << 4);
    store<u64>(at, low);
    store<u64>(at, high, 8);
  }

  /** @internal A value of fixed width, as it lies in a column. */
  addFixed(start: usize): void {
    const at = <usize>this.begin();
    const width = <usize>this.width;
    memory.copy(this.data + at * width, start, width);
  }

  /** A text: its bytes are copied. */
  addText(value: Text): void {
    this.addBytes(value.start, value.length);
  }

  /** Bytes, or a text, from an address: they are copied. */
  addBytes(start: usize, length: i32): void {
    const at = this.begin();
    if (this.used + length > this.capacity) this.growData(length);
    memory.copy(this.data + <usize>this.used, start, length);
    this.used += length;
    this.close(at);
  }

  /** @internal Address of `length` free bytes, the next value's; addReserved says how many were used. */
  reserve(length: i32): usize {
    if (this.used + length > this.capacity) this.growData(length);
    return this.data + <usize>this.used;
  }

  /** @internal */
  addReserved(length: i32): void {
    this.used += length;
    this.close(this.begin());
  }

  /** Ends a ROW, ARRAY or MAP whose fields or elements have been added. Fields left alone are NULL. */
  end(): void {
    const at = this.begin();
    if (this.storage == LIST) {
      this.close(at);
      return;
    }
    for (let i = 0; i < this.fields.length; i++) {
      const field = unchecked(this.fields[i]);
      if (field.length == at) field.addNull();
      assert(field.length == at + 1, "a field was written twice: " + field.column.name);
    }
  }

  private close(at: i32): void {
    const end = this.storage == LIST ? unchecked(this.fields[0]).length : this.used;
    store<i32>(this.offsets + ((<usize>at + 1) << 2), end);
  }

  /** A copy of a value of the same type. */
  addValue(value: Value): void {
    assert(load<u8>(value.entry) == this.type, "a value of another type: " + this.column.name);
    this.addFrom(value.block, value.entry, value.index);
  }

  /** @internal A copy of the value at `index` of a column of the same type. */
  addFrom(block: usize, entry: usize, index: i32): void {
    if (isNullAt(block, entry, index)) {
      this.addNull();
      return;
    }
    switch (this.storage) {
      case BITS:
        this.addBoolean(bitAt(dataOf(block, entry), index));
        break;
      case FIXED:
        this.addFixed(dataOf(block, entry) + <usize>index * <usize>this.width);
        break;
      case BYTES:
        this.addBytes(textStart(block, entry, index), textLength(block, entry, index));
        break;
      case LIST: {
        const child = childEntry(block, entry);
        const elements = unchecked(this.fields[0]);
        const last = listEnd(block, entry, index);
        for (let i = listStart(block, entry, index); i < last; i++) {
          elements.addFrom(block, child, i);
        }
        this.end();
        break;
      }
      default: {
        const first = childEntry(block, entry);
        for (let i = 0; i < this.fields.length; i++) {
          unchecked(this.fields[i]).addFrom(block, first + <usize>i * COLUMN_BYTES, index);
        }
        this.end();
      }
    }
  }

  /** @internal Forgets the values behind the first `length`. */
  truncate(length: i32): void {
    if (this.storage == STRUCT) {
      for (let i = 0; i < this.fields.length; i++) unchecked(this.fields[i]).truncate(length);
    } else if (this.storage == LIST) {
      // What was added for a value that has not ended goes too.
      unchecked(this.fields[0]).truncate(this.room == 0 ? 0 : this.offsetAt(length));
    } else if (this.storage == BYTES) {
      this.used = this.room == 0 ? 0 : this.offsetAt(length);
    }
    if (this.validity != 0 && this.nulls > 0) {
      for (let i = length; i < this.length; i++) {
        if (bitAt(this.validity, i)) continue;
        const byte = this.validity + (<usize>i >> 3);
        store<u8>(byte, load<u8>(byte) | ((<u8>1) << (<u8>i & 7)));
        this.nulls--;
      }
    }
    this.length = min(this.length, length);
  }

  private offsetAt(index: i32): i32 {
    return load<i32>(this.offsets + (<usize>min(index, this.length) << 2));
  }

  /** @internal Bytes that the buffers of this node and those below take in a block. */
  bytes(): usize {
    const values = <usize>this.length;
    let bytes: usize = this.nulls > 0 ? align8((values + 7) >> 3) : 0;
    if (this.storage == BITS) bytes += align8((values + 7) >> 3);
    else if (this.storage == FIXED) bytes += align8(values * <usize>this.width);
    else if (this.storage != STRUCT) bytes += align8((values + 1) << 2) + align8(this.used);
    for (let i = 0; i < this.fields.length; i++) bytes += unchecked(this.fields[i]).bytes();
    return bytes;
  }

  /** @internal Writes the entry and the buffers of this node at `start`; answers where the next ones go. */
  seal(block: usize, start: usize): usize {
    const entry = block + HEADER_BYTES + <usize>this.node * COLUMN_BYTES;
    const values = <usize>this.length;
    let at = start;
    memory.fill(entry, 0, COLUMN_BYTES);
    store<u8>(entry + COLUMN_TYPE, this.type);
    store<u16>(entry + COLUMN_FLAGS, this.nullable ? 1 : 0);
    store<u32>(entry + COLUMN_NULL_COUNT, this.nulls);
    store<u32>(entry + COLUMN_LENGTH, this.length);
    store<i32>(entry + COLUMN_PARAMETER1, this.column.p1);
    store<i32>(entry + COLUMN_PARAMETER2, this.column.p2);
    store<u32>(entry + COLUMN_FIRST_CHILD, this.firstChild);
    store<u32>(entry + COLUMN_CHILD_COUNT, this.fields.length);
    if (this.nulls > 0) {
      store<u32>(entry + COLUMN_VALIDITY, <u32>(at - block));
      at = place(at, this.validity, (values + 7) >> 3);
    }
    if (this.storage == BYTES || this.storage == LIST) {
      store<u32>(entry + COLUMN_OFFSETS, <u32>(at - block));
      // Without a value there may be no buffer yet: the one offset is 0.
      if (this.room == 0) {
        store<u64>(at, 0);
        at += 8;
      } else {
        at = place(at, this.offsets, (values + 1) << 2);
      }
    }
    if (this.storage != LIST && this.storage != STRUCT) {
      const bytes =
        this.storage == BITS
          ? (values + 7) >> 3
          : this.storage == FIXED
            ? values * <usize>this.width
            : <usize>this.used;
      store<u32>(entry + COLUMN_DATA, <u32>(at - block));
      store<u32>(entry + COLUMN_DATA_LENGTH, <u32>bytes);
      at = place(at, this.data, bytes);
    }
    return at;
  }

  /** @internal */
  free(): void {
    if (this.validity != 0) heap.free(this.validity);
    if (this.offsets != 0) heap.free(this.offsets);
    if (this.data != 0) heap.free(this.data);
    for (let i = 0; i < this.fields.length; i++) unchecked(this.fields[i]).free();
  }
}

/** The columns of a block that grow beside it, and all their nodes in the table's order. */
export class NestedColumns {
  readonly roots: ValueWriter[] = [];
  private nodes: ValueWriter[] = [];
  /** Entries of the column table, flat columns included. */
  count: i32;

  constructor(private flat: i32) {
    this.count = flat;
  }

  /** Adds a column; all of them are added before the first value. */
  add(column: OpenColumn, node: i32): ValueWriter {
    const root = new ValueWriter(column);
    root.node = node;
    this.roots.push(root);
    this.number();
    return root;
  }

  /** Children are neighbours behind their parents, breadth first. */
  private number(): void {
    const nodes = this.roots.slice(0);
    this.count = this.flat;
    for (let i = 0; i < nodes.length; i++) {
      const fields = nodes[i].fields;
      nodes[i].firstChild = fields.length == 0 ? 0 : this.count;
      for (let k = 0; k < fields.length; k++) {
        fields[k].node = this.count++;
        nodes.push(fields[k]);
      }
    }
    this.nodes = nodes;
  }

  bytes(): usize {
    let bytes: usize = 0;
    for (let i = 0; i < this.roots.length; i++) bytes += unchecked(this.roots[i]).bytes();
    return bytes;
  }

  truncate(rows: i32): void {
    for (let i = 0; i < this.roots.length; i++) unchecked(this.roots[i]).truncate(rows);
  }

  /** Writes all nodes into the block and starts over. */
  seal(block: usize, start: usize): usize {
    let at = start;
    for (let i = 0; i < this.nodes.length; i++) at = unchecked(this.nodes[i]).seal(block, at);
    this.truncate(0);
    return at;
  }

  free(): void {
    for (let i = 0; i < this.roots.length; i++) unchecked(this.roots[i]).free();
  }
}
