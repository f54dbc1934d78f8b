/** Numbers of a column of any width, read and written as the widest of their kind. */
import { ColumnBuffer } from "./column-buffer";
import {
  TYPE_DOUBLE,
  TYPE_FLOAT,
  TYPE_INT,
  TYPE_SMALLINT,
  TYPE_TINYINT,
} from "./layout";

/** Whether the type's values can be added: TINYINT to DOUBLE. */
export function isNumeric(type: u8): bool {
  return type >= TYPE_TINYINT && type <= TYPE_DOUBLE;
}

export function isFloating(type: u8): bool {
  return type == TYPE_DOUBLE || type == TYPE_FLOAT;
}

/** @param shift log2 of a value's bytes */
export function readLong(data: usize, shift: i32, row: i32): i64 {
  const at = <usize>row;
  switch (shift) {
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

export function readDouble(data: usize, type: u8, row: i32): f64 {
  const at = <usize>row;
  return type == TYPE_FLOAT ? <f64>load<f32>(data + (at << 2)) : load<f64>(data + (at << 3));
}

/** Writes the low bytes of an integer: sums wrap, as Java's do. */
export function writeLong(column: ColumnBuffer, row: i32, value: i64): void {
  const at = <usize>row;
  if (column.type == TYPE_INT || column.shift == 2) store<i32>(column.data + (at << 2), <i32>value);
  else if (column.type == TYPE_SMALLINT) store<i16>(column.data + (at << 1), <i16>value);
  else if (column.type == TYPE_TINYINT) store<i8>(column.data + at, <i8>value);
  else if (column.type == TYPE_DOUBLE) store<f64>(column.data + (at << 3), <f64>value);
  else store<i64>(column.data + (at << 3), value);
}

export function writeDouble(column: ColumnBuffer, row: i32, value: f64): void {
  const at = <usize>row;
  if (column.type == TYPE_FLOAT) store<f32>(column.data + (at << 2), <f32>value);
  else store<f64>(column.data + (at << 3), value);
}
