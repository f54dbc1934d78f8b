/** A value of an input column as plain text, without quotes or escapes. */
import { BatchReader, bitAt } from "../../sdk/assembly/batch-reader";
import { FLOAT_TEXT_MAX, printFloat32, printFloat64 } from "../../sdk/assembly/float-printer";
import {
  TYPE_BIGINT,
  TYPE_BOOLEAN,
  TYPE_DATE,
  TYPE_DECIMAL,
  TYPE_DOUBLE,
  TYPE_FLOAT,
  TYPE_INT,
  TYPE_INTERVAL_DAY_SECOND,
  TYPE_INTERVAL_YEAR_MONTH,
  TYPE_SMALLINT,
  TYPE_TIME,
  TYPE_TIMESTAMP,
  TYPE_TIMESTAMP_LTZ,
  TYPE_TINYINT,
} from "../../sdk/assembly/layout";
import { OpenColumn } from "../../sdk/assembly/open-config";
import { DECIMAL_TEXT_MAX, printDecimal } from "../../sdk/assembly/text-decimal";
import { printInteger } from "../../sdk/assembly/text-number";
import { printDate, printTime, printTimestamp } from "../../sdk/assembly/text-time";
import { isText } from "./value-parser";

/** Most bytes that printValue writes (text columns are not printed, but copied). */
export const VALUE_TEXT_MAX: i32 = max(FLOAT_TEXT_MAX, DECIMAL_TEXT_MAX);

/** An input column as the formats see it: its pointers in the present batch. */
export class FormatColumn {
  type: u8;
  text: bool;
  /** Its values have values inside, or are bytes. */
  nested: bool;
  precision: i32;
  private scale: i32;
  /** Bytes of the column's name as the format wants it in front of a value. */
  label: ArrayBuffer = new ArrayBuffer(0);
  data: usize = 0;
  offsets: usize = 0;
  validity: usize = 0;

  constructor(
    column: OpenColumn,
    readonly node: i32,
  ) {
    this.type = column.type;
    this.text = isText(column.type);
    this.precision = column.p1;
    this.scale = column.p2;
    this.nested = !prints(column.type);
  }

  attach(reader: BatchReader): void {
    this.data = reader.data(this.node);
    this.offsets = reader.offsets(this.node);
    this.validity = reader.validity(this.node);
  }

  // @ts-ignore: decorator
  @inline
  isNull(row: i32): bool {
    return this.validity != 0 && !bitAt(this.validity, row);
  }

  // @ts-ignore: decorator
  @inline
  start(row: i32): usize {
    return this.data + <usize>load<i32>(this.offsets + ((<usize>row) << 2));
  }

  // @ts-ignore: decorator
  @inline
  end(row: i32): usize {
    return this.data + <usize>load<i32>(this.offsets + ((<usize>row) << 2), 4);
  }

  integer(row: i32): i64 {
    switch (this.type) {
      case TYPE_TINYINT:
        return load<i8>(this.data + <usize>row);
      case TYPE_SMALLINT:
        return load<i16>(this.data + ((<usize>row) << 1));
      case TYPE_INT:
      case TYPE_DATE:
      case TYPE_INTERVAL_YEAR_MONTH:
        return load<i32>(this.data + ((<usize>row) << 2));
      case TYPE_TIME:
        return this.precision <= 3
          ? <i64>load<i32>(this.data + ((<usize>row) << 2))
          : load<i64>(this.data + ((<usize>row) << 3));
      default:
        return load<i64>(this.data + ((<usize>row) << 3));
    }
  }

  double(row: i32): f64 {
    return this.type == TYPE_FLOAT
      ? <f64>load<f32>(this.data + ((<usize>row) << 2))
      : load<f64>(this.data + ((<usize>row) << 3));
  }

  /** Writes a value that is not text; answers its length, 0: outside the years text can say. */
  print(target: usize, row: i32): i32 {
    switch (this.type) {
      case TYPE_BOOLEAN:
        return printBoolean(target, bitAt(this.data, row));
      case TYPE_FLOAT:
        if (isNegativeZero(this.double(row))) return printNegativeZero(target);
        return printFloat32(target, <f32>this.double(row));
      case TYPE_DOUBLE:
        if (isNegativeZero(this.double(row))) return printNegativeZero(target);
        return printFloat64(target, this.double(row));
      case TYPE_DECIMAL: {
        const at = this.data + ((<usize>row) << 4);
        return printDecimal(target, load<u64>(at), load<u64>(at, 8), this.scale);
      }
      case TYPE_DATE:
        return printDate(target, this.integer(row));
      case TYPE_TIME:
        return printTime(target, this.integer(row), this.precision);
      case TYPE_TIMESTAMP:
      case TYPE_TIMESTAMP_LTZ:
        return printTimestamp(
          target,
          this.integer(row),
          this.precision,
          this.type == TYPE_TIMESTAMP_LTZ,
        );
      default:
        return printInteger(target, this.integer(row));
    }
  }

  /** Whether the text of a value stands in JSON without quotes. */
  get numeric(): bool {
    return (
      (this.type >= TYPE_BOOLEAN && this.type <= TYPE_DECIMAL) ||
      this.type == TYPE_INTERVAL_YEAR_MONTH ||
      this.type == TYPE_INTERVAL_DAY_SECOND
    );
  }

  get floating(): bool {
    return this.type == TYPE_FLOAT || this.type == TYPE_DOUBLE;
  }
}

/** Whether print() knows a column of this type, or it is text. */
export function prints(type: u8): bool {
  return (
    (type >= TYPE_BOOLEAN && type <= TYPE_DECIMAL) ||
    isText(type) ||
    (type >= TYPE_DATE && type <= TYPE_INTERVAL_DAY_SECOND)
  );
}

// @ts-ignore: decorator
@inline
function isNegativeZero(value: f64): bool {
  return reinterpret<u64>(value) == 0x8000000000000000;
}

/** `-0.0`, as Java writes it: JavaScript's `0` would lose the sign, and readers take `-0` for an integer. */
export function printNegativeZero(target: usize): i32 {
  store<u32>(target, 0x302e302d);
  return 4;
}

export function printBoolean(target: usize, value: bool): i32 {
  store<u32>(target, value ? 0x65757274 : 0x736c6166);
  if (value) return 4;
  store<u8>(target, 0x65, 4);
  return 5;
}
