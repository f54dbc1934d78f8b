/**
 * Values of any type as JSON: ROW and MAP as objects, ARRAY as an array, bytes as base64, DECIMAL as a
 * number with all its digits (Flink: JsonRowDataSerializationSchema).
 */
import { base64Length, writeBase64 } from "../../sdk/assembly/base64";
import { BlockWriter, ColumnBuffer } from "../../sdk/assembly/block-writer";
import { FLOAT_TEXT_MAX, printFloat32, printFloat64 } from "../../sdk/assembly/float-printer";
import { jsonStringMax, writeJsonString } from "../../sdk/assembly/json-writer";
import {
  COLUMN_BYTES,
  TYPE_ARRAY,
  TYPE_BINARY,
  TYPE_BOOLEAN,
  TYPE_DATE,
  TYPE_DECIMAL,
  TYPE_DOUBLE,
  TYPE_FLOAT,
  TYPE_MAP,
  TYPE_ROW,
  TYPE_TIME,
  TYPE_TIMESTAMP,
  TYPE_TIMESTAMP_LTZ,
  isVariable,
} from "../../sdk/assembly/layout";
import { OpenColumn } from "../../sdk/assembly/open-config";
import { DECIMAL_TEXT_MAX, printDecimal } from "../../sdk/assembly/text-decimal";
import { printInteger } from "../../sdk/assembly/text-number";
import { printDate, printTime, printTimestamp } from "../../sdk/assembly/text-time";
import {
  booleanAt,
  childEntry,
  dataOf,
  doubleAt,
  integerAt,
  isNullAt,
  listEnd,
  listStart,
  textLength,
  textStart,
} from "../../sdk/assembly/value";
import { printBoolean, printNegativeZero } from "./value-printer";
import { isText } from "./value-parser";

/** Room for any value without values inside that is no text. */
const SCALAR_MAX: i32 = max(FLOAT_TEXT_MAX, DECIMAL_TEXT_MAX) + 2;

/** A name as a JSON member: quotes and colon included. */
export function memberLabel(name: string): ArrayBuffer {
  const bytes = String.UTF8.encode(name);
  const start = changetype<usize>(bytes);
  const label = new ArrayBuffer(jsonStringMax(bytes.byteLength) + 1);
  const length = writeJsonString(changetype<usize>(label), start, start + bytes.byteLength);
  store<u8>(changetype<usize>(label) + <usize>length, 0x3a);
  return label.slice(0, length + 1);
}

/** Prints the values of one column, or of one inside it. */
export class JsonNestedPrinter {
  private label: ArrayBuffer;
  private fields: JsonNestedPrinter[] = [];
  private type: u8;

  constructor(
    private column: OpenColumn,
    private ignoreNulls: bool,
  ) {
    this.type = column.type;
    this.label = memberLabel(column.name);
    for (let i = 0; i < column.fields.length; i++) {
      this.fields.push(new JsonNestedPrinter(column.fields[i], ignoreNulls));
    }
  }

  /** Appends the value at `index` to the open text of `target`; false: no text can say it. */
  append(writer: BlockWriter, target: ColumnBuffer, block: usize, entry: usize, index: i32): bool {
    if (isNullAt(block, entry, index)) {
      store<u32>(writer.reserveText(target, 4), 0x6c6c756e);
      writer.closeText(target, 4);
      return true;
    }
    if (this.type == TYPE_ARRAY) return this.array(writer, target, block, entry, index);
    if (this.type == TYPE_MAP) return this.map(writer, target, block, entry, index);
    if (this.type == TYPE_ROW) return this.row(writer, target, block, entry, index);
    if (isText(this.type)) {
      const start = textStart(block, entry, index);
      const length = textLength(block, entry, index);
      const at = writer.reserveText(target, jsonStringMax(length));
      writer.closeText(target, writeJsonString(at, start, start + <usize>length));
      return true;
    }
    if (this.type == TYPE_BINARY || isVariable(this.type)) {
      this.bytes(writer, target, block, entry, index);
      return true;
    }
    const length = this.scalar(writer.reserveText(target, SCALAR_MAX), block, entry, index);
    writer.closeText(target, length);
    return length > 0;
  }

  private array(writer: BlockWriter, target: ColumnBuffer, block: usize, entry: usize, index: i32): bool {
    const child = childEntry(block, entry);
    const first = listStart(block, entry, index);
    const last = listEnd(block, entry, index);
    put(writer, target, 0x5b);
    for (let i = first; i < last; i++) {
      if (i > first) put(writer, target, 0x2c);
      if (!this.fields[0].append(writer, target, block, child, i)) return false;
    }
    put(writer, target, 0x5d);
    return true;
  }

  private row(writer: BlockWriter, target: ColumnBuffer, block: usize, entry: usize, index: i32): bool {
    const first = childEntry(block, entry);
    let before: u8 = 0x7b;
    for (let i = 0; i < this.fields.length; i++) {
      const field = this.fields[i];
      const child = first + <usize>i * COLUMN_BYTES;
      if (this.ignoreNulls && isNullAt(block, child, index)) continue;
      put(writer, target, before);
      before = 0x2c;
      writer.writeText(target, changetype<usize>(field.label), field.label.byteLength);
      if (!field.append(writer, target, block, child, index)) return false;
    }
    if (before == 0x7b) put(writer, target, 0x7b);
    put(writer, target, 0x7d);
    return true;
  }

  private map(writer: BlockWriter, target: ColumnBuffer, block: usize, entry: usize, index: i32): bool {
    const keys = childEntry(block, childEntry(block, entry));
    const values = keys + COLUMN_BYTES;
    const first = listStart(block, entry, index);
    const last = listEnd(block, entry, index);
    const entries = this.fields[0].fields;
    put(writer, target, 0x7b);
    for (let i = first; i < last; i++) {
      if (i > first) put(writer, target, 0x2c);
      if (!entries[0].append(writer, target, block, keys, i)) return false;
      put(writer, target, 0x3a);
      if (!entries[1].append(writer, target, block, values, i)) return false;
    }
    put(writer, target, 0x7d);
    return true;
  }

  private bytes(writer: BlockWriter, target: ColumnBuffer, block: usize, entry: usize, index: i32): void {
    const width = this.column.p1;
    const fixed = this.type == TYPE_BINARY;
    const start = fixed
      ? dataOf(block, entry) + <usize>index * <usize>width
      : textStart(block, entry, index);
    const length = fixed ? width : textLength(block, entry, index);
    const at = writer.reserveText(target, base64Length(length) + 2);
    store<u8>(at, 0x22);
    const written = writeBase64(at + 1, start, start + <usize>length);
    store<u8>(at + 1 + <usize>written, 0x22);
    writer.closeText(target, written + 2);
  }

  /** Writes a value at `at`; answers its length, 0: outside the years that text can say. */
  private scalar(at: usize, block: usize, entry: usize, index: i32): i32 {
    const type = this.type;
    const precision = this.column.p1;
    switch (type) {
      case TYPE_BOOLEAN:
        return printBoolean(at, booleanAt(block, entry, index));
      case TYPE_FLOAT:
      case TYPE_DOUBLE:
        return this.floating(at, doubleAt(block, entry, index));
      case TYPE_DECIMAL: {
        const value = dataOf(block, entry) + (<usize>index << 4);
        return printDecimal(at, load<u64>(value), load<u64>(value, 8), this.column.p2);
      }
      case TYPE_DATE:
        return quoted(at, printDate(at + 1, integerAt(block, entry, index)));
      case TYPE_TIME:
        return quoted(at, printTime(at + 1, integerAt(block, entry, index), precision));
      case TYPE_TIMESTAMP:
      case TYPE_TIMESTAMP_LTZ: {
        const zoned = type == TYPE_TIMESTAMP_LTZ;
        return quoted(at, printTimestamp(at + 1, integerAt(block, entry, index), precision, zoned));
      }
      default:
        return printInteger(at, integerAt(block, entry, index));
    }
  }

  private floating(at: usize, value: f64): i32 {
    if (reinterpret<u64>(value) == 0x8000000000000000) return printNegativeZero(at);
    const bare = isFinite(value);
    const to = bare ? at : at + 1;
    const length = this.type == TYPE_FLOAT ? printFloat32(to, <f32>value) : printFloat64(to, value);
    return bare ? length : quoted(at, length);
  }
}

/** Puts quotes around a text that lies behind `at`; nothing stays nothing. */
function quoted(at: usize, length: i32): i32 {
  if (length == 0) return 0;
  store<u8>(at, 0x22);
  store<u8>(at + 1 + <usize>length, 0x22);
  return length + 2;
}

function put(writer: BlockWriter, target: ColumnBuffer, byte: u8): void {
  store<u8>(writer.reserveText(target, 1), byte);
  writer.closeText(target, 1);
}
