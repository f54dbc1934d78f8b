/**
 * Values of any type in a batch, above all those that no field of AssemblyScript holds: DECIMAL,
 * BINARY, ROW, ARRAY, MAP. A field of a row class with the type `Value` is a view on such a column.
 */
import { bitAt } from "./batch-reader";
import {
  COLUMN_BYTES,
  COLUMN_DATA,
  COLUMN_FIRST_CHILD,
  COLUMN_NULL_COUNT,
  COLUMN_OFFSETS,
  COLUMN_PARAMETER1,
  COLUMN_TYPE,
  COLUMN_VALIDITY,
  HEADER_COLUMN_TABLE,
  TYPE_FLOAT,
  TYPE_MAP,
  widthShift,
} from "./layout";
import { scratchViews, Text, textAt } from "./text";

/**
 * A view on one value of any type: how a row reads ARRAY, ROW, MAP, DECIMAL and BINARY columns. It is valid until
 * the end of the row in which it was made. Its type is not asked at run time: read it as what it is.
 *
 *     @row
 *     class Basket {
 *       @type("ARRAY<ROW<name STRING NOT NULL, pieces INT NOT NULL>>") items!: Value;
 *       @type("MAP<STRING NOT NULL, BIGINT>") points!: Value;
 *     }
 *
 *     @operator
 *     class CountPieces extends MapFunction<Basket, Counted> {
 *       map(value: Basket, out: Counted): void {
 *         let pieces: i64 = 0;
 *         for (let i = 0; i < value.items.length; i++) {
 *           const item = value.items.element(i);
 *           if (!item.isNull && !item.field(0).text.isEmpty()) pieces += item.field(1).integer;
 *         }
 *         const points = value.points;
 *         for (let i = 0; i < points.length; i++) {
 *           if (points.key(i).text.equals(Text.from("bonus"))) pieces += points.value(i).integer;
 *         }
 *         out.n = pieces;
 *       }
 *     }
 */
@unmanaged
export class Value {
  /** @internal The batch. */
  block: usize;
  /** @internal Entry of the column in the batch's column table. */
  entry: usize;
  /** @internal Row, or element of the parent. */
  index: i32;

  /** Whether it is NULL; what it holds reads as zero or empty then. */
  get isNull(): bool {
    return isNullAt(this.block, this.entry, this.index);
  }

  /** Elements of an ARRAY, entries of a MAP, bytes of a text. */
  get length(): i32 {
    return listEnd(this.block, this.entry, this.index) - listStart(this.block, this.entry, this.index);
  }

  /** Element of an ARRAY, 0 <= i < length. */
  element(i: i32): Value {
    const start = listStart(this.block, this.entry, this.index);
    return valueAt(this.block, childEntry(this.block, this.entry), start + i);
  }

  /** Field of a ROW, by its position in the type. */
  field(position: i32): Value {
    return valueAt(this.block, fieldEntry(this.block, this.entry, position), this.index);
  }

  /** Key of a MAP's entry, 0 <= i < length. */
  key(i: i32): Value {
    return this.element(i).field(0);
  }

  /**
   * Value of a MAP's entry, 0 <= i < length.
   * @throws OPERATOR_FAILED of what is no MAP
   */
  value(i: i32): Value {
    assert(load<u8>(this.entry) == TYPE_MAP, "value() of what is no MAP");
    return this.element(i).field(1);
  }

  /** A BOOLEAN. */
  get boolean(): bool {
    return booleanAt(this.block, this.entry, this.index);
  }

  /** An integer, or the number that a date or time is kept as. */
  get integer(): i64 {
    return integerAt(this.block, this.entry, this.index);
  }

  /** A FLOAT or DOUBLE. */
  get double(): f64 {
    return doubleAt(this.block, this.entry, this.index);
  }

  /** A text, or bytes. */
  get text(): Text {
    const start = textStart(this.block, this.entry, this.index);
    return textAt(start, textLength(this.block, this.entry, this.index));
  }
}

/** A view on the value at `index` of a column. */
// @ts-ignore: decorator
@inline
export function valueAt(block: usize, entry: usize, index: i32): Value {
  assert(block != 0, "a Value of a row that is written cannot be read back");
  const view = changetype<Value>(scratchViews(2));
  view.block = block;
  view.entry = entry;
  view.index = index;
  return view;
}

// @ts-ignore: decorator
@inline
export function isNullAt(block: usize, entry: usize, index: i32): bool {
  if (load<u32>(entry + COLUMN_NULL_COUNT) == 0) return false;
  return !bitAt(block + <usize>load<u32>(entry + COLUMN_VALIDITY), index);
}

/** Entry of a column's first child; the others lie behind it. */
// @ts-ignore: decorator
@inline
export function childEntry(block: usize, entry: usize): usize {
  const table = block + <usize>load<u32>(block + HEADER_COLUMN_TABLE);
  return table + <usize>load<u32>(entry + COLUMN_FIRST_CHILD) * COLUMN_BYTES;
}

/** Entry of the child at a position: a field of a ROW. */
// @ts-ignore: decorator
@inline
export function fieldEntry(block: usize, entry: usize, position: i32): usize {
  return childEntry(block, entry) + <usize>position * COLUMN_BYTES;
}

// @ts-ignore: decorator
@inline
export function dataOf(block: usize, entry: usize): usize {
  return block + <usize>load<u32>(entry + COLUMN_DATA);
}

/** First element of a list, or first byte of a text, in the column's child or data. */
// @ts-ignore: decorator
@inline
export function listStart(block: usize, entry: usize, index: i32): i32 {
  return load<i32>(block + <usize>load<u32>(entry + COLUMN_OFFSETS) + (<usize>index << 2));
}

// @ts-ignore: decorator
@inline
export function listEnd(block: usize, entry: usize, index: i32): i32 {
  return load<i32>(block + <usize>load<u32>(entry + COLUMN_OFFSETS) + (<usize>index << 2), 4);
}

// @ts-ignore: decorator
@inline
export function textStart(block: usize, entry: usize, index: i32): usize {
  return dataOf(block, entry) + <usize>listStart(block, entry, index);
}

// @ts-ignore: decorator
@inline
export function textLength(block: usize, entry: usize, index: i32): i32 {
  return listEnd(block, entry, index) - listStart(block, entry, index);
}

// @ts-ignore: decorator
@inline
export function booleanAt(block: usize, entry: usize, index: i32): bool {
  return bitAt(dataOf(block, entry), index);
}

export function integerAt(block: usize, entry: usize, index: i32): i64 {
  const data = dataOf(block, entry);
  const at = <usize>index;
  switch (widthShift(load<u8>(entry + COLUMN_TYPE), load<i32>(entry + COLUMN_PARAMETER1))) {
    case 0:
      return load<i8>(data + at);
    case 1:
      return load<i16>(data + (at << 1));
    case 2:
      return load<i32>(data + (at << 2));
    default:
      return load<i64>(data + (at << 3));
  }
}

export function doubleAt(block: usize, entry: usize, index: i32): f64 {
  const data = dataOf(block, entry);
  const at = <usize>index;
  if (load<u8>(entry + COLUMN_TYPE) == TYPE_FLOAT) return load<f32>(data + (at << 2));
  return load<f64>(data + (at << 3));
}
