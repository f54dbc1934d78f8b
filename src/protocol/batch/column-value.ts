/**
 * Values of a column as JavaScript values, for tests, control data and tools; far too slow for the
 * path of records.
 *
 * | type | value |
 * |---|---|
 * | BOOLEAN | boolean |
 * | TINYINT, SMALLINT, INT, FLOAT, DOUBLE, DATE (days), INTERVAL_YEAR_MONTH, TIME <= 3 (ms) | number |
 * | BIGINT, TIME > 3, TIMESTAMP*, INTERVAL_DAY_SECOND (ms), DECIMAL (unscaled) | bigint |
 * | CHAR, VARCHAR, STRING | string |
 * | BINARY, VARBINARY, BYTES | Uint8Array (a view) |
 * | ROW | object by field name |
 * | ARRAY | array |
 * | MAP | Map |
 */
import { assert } from "../errors.ts";
import type { Column } from "./block-columns.ts";
import { viewOf } from "./block-header.ts";

/** A value of a column. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | ReadonlyMap<Value, Value>
  | RowValue;

/** A row or a ROW value, by field name. */
export interface RowValue {
  readonly [field: string]: Value;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Whether the value at `row` is there. */
export function isPresent(column: Column, row: number): boolean {
  return column.validity === undefined || bitAt(column.validity, row);
}

/** Bit `index` of a bitmap, least significant bit first. */
export function bitAt(bits: Uint8Array, index: number): boolean {
  return (bits[index >> 3]! & (1 << (index & 7))) !== 0;
}

/** The value of a column at a row (not a place in the selection); null where it is absent. */
export function valueAt(column: Column, row: number): Value {
  assert(row >= 0 && row < column.length, `row ${row} is below ${column.length}`);
  if (!isPresent(column, row)) return null;
  const { storage, data, children } = column;
  switch (storage.kind) {
    case "bits":
      return bitAt(data, row);
    case "fixed":
      return fixedValue(column, storage.bytes, storage.form, row);
    case "variable": {
      const bytes = data.subarray(...offsetPair(column, row));
      return storage.text ? decoder.decode(bytes) : bytes;
    }
    case "struct":
      return Object.fromEntries(children.map((child) => [child.name, valueAt(child, row)]));
    case "list":
      return listValue(column, row);
  }
}

function offsetPair(column: Column, row: number): [number, number] {
  const view = viewOf(column.offsets!);
  return [view.getInt32(row * 4, true), view.getInt32(row * 4 + 4, true)];
}

function listValue(column: Column, row: number): Value {
  const child = column.children[0]!;
  const [from, to] = offsetPair(column, row);
  const rows = Array.from({ length: to - from }, (_, i) => from + i);
  if (column.type.type !== "MAP") return rows.map((at) => valueAt(child, at));
  const [key, value] = child.children;
  return new Map(rows.map((at) => [valueAt(key!, at), valueAt(value!, at)]));
}

function fixedValue(
  column: Column,
  bytes: number,
  form: "integer" | "float" | "raw",
  row: number,
): Value {
  const at = row * bytes;
  if (form === "raw") return column.data.subarray(at, at + bytes);
  const view = viewOf(column.data);
  if (form === "float") return bytes === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
  switch (bytes) {
    case 1:
      return view.getInt8(at);
    case 2:
      return view.getInt16(at, true);
    case 4:
      return view.getInt32(at, true);
    case 8:
      return view.getBigInt64(at, true);
    default:
      return (view.getBigInt64(at + 8, true) << 64n) | view.getBigUint64(at, true);
  }
}
