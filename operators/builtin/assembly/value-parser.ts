/** Text of one value to a column of any type that operators can write. */
import { BlockWriter, ColumnBuffer } from "../../sdk/assembly/block-writer";
import { parseFloat32, parseFloat64, parsedFloat } from "../../sdk/assembly/float-parser";
import {
  TYPE_BIGINT,
  TYPE_BOOLEAN,
  TYPE_DATE,
  TYPE_DECIMAL,
  TYPE_DOUBLE,
  TYPE_FLOAT,
  TYPE_INT,
  TYPE_SMALLINT,
  TYPE_TIME,
  TYPE_TIMESTAMP,
  TYPE_TIMESTAMP_LTZ,
  TYPE_TINYINT,
  isVariable,
} from "../../sdk/assembly/layout";
import { decimalHigh, decimalLow, parseDecimal } from "../../sdk/assembly/text-decimal";
import { parseInteger, parsedInteger } from "../../sdk/assembly/text-number";
import {
  parseDate,
  parseTime,
  parseTimestamp,
  parsedDays,
  parsedNanos,
  parsedSeconds,
  unitsPerSecond,
} from "../../sdk/assembly/text-time";

/** Name of a type for messages. */
export function typeName(type: u8): string {
  const names = [
    "?",
    "BOOLEAN",
    "TINYINT",
    "SMALLINT",
    "INT",
    "BIGINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL",
    "CHAR",
    "VARCHAR",
    "STRING",
    "BINARY",
    "VARBINARY",
    "BYTES",
    "DATE",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMP_LTZ",
    "INTERVAL YEAR TO MONTH",
    "INTERVAL DAY TO SECOND",
    "ROW",
    "ARRAY",
    "MAP",
  ];
  return <i32>type < names.length ? names[type] : "type " + type.toString();
}

/** Whether parseValue can fill a column of this type. */
export function parses(type: u8): bool {
  return (
    (type >= TYPE_BOOLEAN && type <= TYPE_DOUBLE) ||
    isText(type) ||
    type == TYPE_DECIMAL ||
    (type >= TYPE_DATE && type <= TYPE_TIMESTAMP_LTZ)
  );
}

/** CHAR, VARCHAR, STRING: text columns, as against bytes. */
export function isText(type: u8): bool {
  return isVariable(type) && type < 13;
}

/**
 * Writes the value of the row in progress; false, and nothing usable written, if it is no such
 * value.
 */
export function parseValue(
  writer: BlockWriter,
  column: ColumnBuffer,
  start: usize,
  end: usize,
): bool {
  const row = <usize>writer.rows;
  switch (column.type) {
    case TYPE_BOOLEAN:
      return parseBoolean(writer, column, start, end);
    case TYPE_TINYINT:
    case TYPE_SMALLINT:
    case TYPE_INT:
    case TYPE_BIGINT:
      return parseInteger(start, end) && writeInteger(column, row, parsedInteger);
    case TYPE_FLOAT:
      if (!parseFloat32(start, end)) return false;
      store<f32>(column.data + (row << 2), <f32>parsedFloat);
      return true;
    case TYPE_DOUBLE:
      if (!parseFloat64(start, end)) return false;
      store<f64>(column.data + (row << 3), parsedFloat);
      return true;
    case TYPE_DECIMAL: {
      if (!parseDecimal(start, end, column.p1, column.p2)) return false;
      const at = column.data + (row << 4);
      store<u64>(at, decimalLow);
      store<u64>(at, decimalHigh, 8);
      return true;
    }
    case TYPE_DATE:
      if (!parseDate(start, end)) return false;
      store<i32>(column.data + (row << 2), parsedDays);
      return true;
    case TYPE_TIME:
      return parseTime(start, end) && writeTime(column, row);
    case TYPE_TIMESTAMP:
      return parseTimestamp(start, end, false) && writeTime(column, row);
    case TYPE_TIMESTAMP_LTZ:
      return parseTimestamp(start, end, true) && writeTime(column, row);
    default:
      writer.writeText(column, start, <i32>(end - start));
      return true;
  }
}

/** Writes an integer where it fits the column. */
export function writeInteger(column: ColumnBuffer, row: usize, value: i64): bool {
  switch (column.type) {
    case TYPE_TINYINT:
      store<i8>(column.data + row, <i8>value);
      return value == <i64>(<i8>value);
    case TYPE_SMALLINT:
      store<i16>(column.data + (row << 1), <i16>value);
      return value == <i64>(<i16>value);
    case TYPE_INT:
      store<i32>(column.data + (row << 2), <i32>value);
      return value == <i64>(<i32>value);
    default:
      store<i64>(column.data + (row << 3), value);
      return true;
  }
}

/** The last time's number of units. */
export let timeUnits: i64 = 0;

/**
 * Makes timeUnits of parsedSeconds and parsedNanos; digits beyond the precision are cut off, as Flink
 * does. False where the column's range ends before.
 */
export function timeValue(precision: i32): bool {
  const units = unitsPerSecond(precision);
  let step: i64 = 1;
  for (let digits = precision; digits < 9; digits++) step *= 10;
  timeUnits = parsedSeconds * units + ((parsedNanos / step) * step) / (1000000000 / units);
  // TIMESTAMP(7..9) covers the years 1677 to 2262 only.
  return units != 1000000000 || (parsedSeconds <= 9223372035 && parsedSeconds >= -9223372035);
}

function writeTime(column: ColumnBuffer, row: usize): bool {
  if (!timeValue(column.p1)) return false;
  if (column.shift == 2) store<i32>(column.data + (row << 2), <i32>timeUnits);
  else store<i64>(column.data + (row << 3), timeUnits);
  return true;
}

function parseBoolean(writer: BlockWriter, column: ColumnBuffer, start: usize, end: usize): bool {
  const length = end - start;
  if (length == 4 && (load<u32>(start) | 0x20202020) == 0x65757274) {
    writer.writeBit(column, true);
    return true;
  }
  if (
    length == 5 &&
    (load<u32>(start) | 0x20202020) == 0x736c6166 &&
    (load<u8>(start, 4) | 0x20) == 0x65
  ) {
    writer.writeBit(column, false);
    return true;
  }
  return false;
}
