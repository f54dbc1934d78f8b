/**
 * Values of one datagen column (Flink: DataGenTableSourceFactory): a random or a counted one for
 * each row. Everything follows from the seed, the column and the row's number, so a source that is
 * restored at row n goes on exactly as it would have.
 */
import { JsonValue } from "../../sdk/assembly/config-json";
import { BlockWriter, ColumnBuffer } from "../../sdk/assembly/block-writer";
import {
  TYPE_BIGINT,
  TYPE_BOOLEAN,
  TYPE_DATE,
  TYPE_DOUBLE,
  TYPE_FLOAT,
  TYPE_INT,
  TYPE_SMALLINT,
  TYPE_TIME,
  TYPE_TIMESTAMP,
  TYPE_TIMESTAMP_LTZ,
  TYPE_TINYINT,
} from "../../sdk/assembly/layout";
import { unitsPerSecond } from "../../sdk/assembly/text-time";
import { isText, writeInteger } from "./value-parser";

@external("millrace", "processing_time")
declare function processingTime(): i64;

const DAY_MS: i64 = 86400000;
const FLOAT_LARGEST: f64 = 3.4028234663852886e38;

/** splitmix64: a well-mixed 64-bit number for each counter value. */
// @ts-ignore: decorator
@inline
function mix(counter: u64): u64 {
  let z = counter * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/** Options of one column; `error` says what is wrong with them. */
export class FieldGenerator {
  error: string | null = null;
  /** Rows this column can give; MAX: any number. */
  rows: i64 = i64.MAX_VALUE;
  private sequence: bool = false;
  private low: i64 = 0;
  private high: i64 = 0;
  private lowReal: f64 = 0;
  private highReal: f64 = 0;
  private length: i32 = 100;
  private varLength: bool = false;
  private nullRate: f64 = 0;
  private maxPast: i64 = 0;
  private start: i64 = 0;
  private step: i64 = 1;
  private seed: u64 = 0;
  private draw: u64 = 0;

  constructor(
    private column: ColumnBuffer,
    private name: string,
    options: JsonValue,
    seed: u64,
    subtask: i32,
    parallelism: i32,
  ) {
    this.seed = mix(seed);
    const kind = options.get("kind").string("random");
    this.sequence = kind == "sequence";
    if (!this.sequence && kind != "random") this.refuse("kind must be random or sequence: " + kind);
    this.nullRate = options.get("null-rate").double(0);
    if (!(this.nullRate >= 0 && this.nullRate <= 1)) this.refuse("null-rate must be 0 to 1");
    if (this.nullRate > 0 && !column.nullable) {
      this.refuse("null-rate wants a column that may be NULL");
    }
    if (this.sequence) this.readSequence(options, subtask, parallelism);
    else this.readRandom(options);
  }

  private refuse(reason: string): void {
    if (this.error === null) this.error = "fields." + this.name + ": " + reason;
  }

  /** Subtask i gives start + i, start + i + parallelism, ...: Flink's SequenceGenerator. */
  private readSequence(options: JsonValue, subtask: i32, parallelism: i32): void {
    const start = options.get("start");
    const end = options.get("end");
    if (start.isNull() || end.isNull()) {
      this.refuse("a sequence wants start and end");
      return;
    }
    const from = start.long(0);
    const to = end.long(0);
    if (to < from) {
      this.refuse("start is above end");
      return;
    }
    const type = this.column.type;
    if (type < TYPE_TINYINT || (type > TYPE_DOUBLE && !isText(type))) {
      this.refuse("a sequence wants a numeric or text column");
      return;
    }
    // Not to - from + 1, which could overflow: the count of steps that this subtask may take.
    const span = <u64>to - <u64>from;
    const rest = <u64>subtask;
    const steps = span < rest ? 0 : (span - rest) / <u64>parallelism + 1;
    this.rows = steps == 0 && span >= rest ? i64.MAX_VALUE : <i64>min(steps, <u64>i64.MAX_VALUE);
    this.start = from + subtask;
    this.step = parallelism;
  }

  private readRandom(options: JsonValue): void {
    const type = this.column.type;
    this.length = options.get("length").int(100);
    this.varLength = options.get("var-len").bool(false);
    this.maxPast = options.get("max-past").long(0);
    if (this.length < 0) this.refuse("length is negative");
    if (this.maxPast < 0) this.refuse("max-past is negative");
    this.low = options.get("min").long(lowest(type));
    this.high = options.get("max").long(highest(type));
    if (type == TYPE_FLOAT || type == TYPE_DOUBLE) {
      const largest = type == TYPE_FLOAT ? FLOAT_LARGEST : f64.MAX_VALUE;
      this.lowReal = options.get("min").double(-largest);
      this.highReal = options.get("max").double(largest);
      if (!(this.lowReal <= this.highReal)) this.refuse("min is above max");
    } else if (type >= TYPE_TINYINT && type <= TYPE_BIGINT) {
      if (this.low > this.high) this.refuse("min is above max");
      const fits = this.low >= lowest(type) && this.high <= highest(type);
      if (!fits) this.refuse("min or max does not fit");
    }
  }

  // @ts-ignore: decorator
  @inline
  private next(): u64 {
    return mix(this.seed ^ this.draw++);
  }

  /** Uniform in [low, high]; the bias of the modulus is below 2^-32 for spans below 2^32. */
  private between(low: i64, high: i64): i64 {
    const span = <u64>high - <u64>low + 1;
    const random = this.next();
    return span == 0 ? <i64>random : low + <i64>(random % span);
  }

  private real(): f64 {
    return <f64>(this.next() >> 11) * (1.0 / 9007199254740992.0);
  }

  /** Writes the value of the subtask's row-th row. */
  write(writer: BlockWriter, row: i64): void {
    // Room for 2^20 draws a row: a string takes one for every 16 characters.
    this.draw = <u64>row << 20;
    const column = this.column;
    if (this.nullRate > 0 && this.real() < this.nullRate) {
      writer.writeNull(column);
      return;
    }
    if (this.sequence) this.writeCounted(writer, this.start + row * this.step);
    else this.writeRandom(writer);
  }

  private writeCounted(writer: BlockWriter, value: i64): void {
    const at = <usize>writer.rows;
    const column = this.column;
    if (column.type == TYPE_FLOAT) store<f32>(column.data + (at << 2), <f32>value);
    else if (column.type == TYPE_DOUBLE) store<f64>(column.data + (at << 3), <f64>value);
    else if (!column.variable) writeInteger(column, at, value);
    else {
      const text = String.UTF8.encode(value.toString());
      writer.writeText(column, changetype<usize>(text), text.byteLength);
    }
  }

  private writeRandom(writer: BlockWriter): void {
    const at = <usize>writer.rows;
    const column = this.column;
    switch (column.type) {
      case TYPE_BOOLEAN:
        writer.writeBit(column, (this.next() & 1) != 0);
        break;
      case TYPE_TINYINT:
      case TYPE_SMALLINT:
      case TYPE_INT:
      case TYPE_BIGINT:
        writeInteger(column, at, this.between(this.low, this.high));
        break;
      case TYPE_FLOAT:
        store<f32>(column.data + (at << 2), <f32>this.realBetween());
        break;
      case TYPE_DOUBLE:
        store<f64>(column.data + (at << 3), this.realBetween());
        break;
      case TYPE_DATE:
        store<i32>(column.data + (at << 2), <i32>(this.past() / DAY_MS));
        break;
      case TYPE_TIME:
        writeUnits(column, at, this.between(0, DAY_MS - 1));
        break;
      case TYPE_TIMESTAMP:
      case TYPE_TIMESTAMP_LTZ:
        writeUnits(column, at, this.past());
        break;
      default:
        this.writeCharacters(writer, column);
    }
  }

  private realBetween(): f64 {
    const part = this.real();
    return this.lowReal * (1 - part) + this.highReal * part;
  }

  /** The host's clock, up to max-past ms before. */
  private past(): i64 {
    return processingTime() - (this.maxPast == 0 ? 0 : this.between(0, this.maxPast));
  }

  /** Hexadecimal digits in text, random bytes in binary columns. */
  private writeCharacters(writer: BlockWriter, column: ColumnBuffer): void {
    let length = this.length;
    if (this.varLength && length > 0) length = <i32>this.between(1, length);
    const target = writer.reserveText(column, length);
    const text = isText(column.type);
    let random: u64 = 0;
    for (let i = 0; i < length; i++) {
      if ((i & (text ? 15 : 7)) == 0) random = this.next();
      if (text) {
        const digit = <u8>(random & 15);
        store<u8>(target + <usize>i, digit < 10 ? 0x30 + digit : 0x57 + digit);
        random >>= 4;
      } else {
        store<u8>(target + <usize>i, <u8>random);
        random >>= 8;
      }
    }
    writer.closeText(column, length);
  }
}

function writeUnits(column: ColumnBuffer, at: usize, ms: i64): void {
  const value = ms * (unitsPerSecond(column.p1) / 1000);
  if (column.shift == 2) store<i32>(column.data + (at << 2), <i32>value);
  else store<i64>(column.data + (at << 3), value);
}

function lowest(type: u8): i64 {
  if (type == TYPE_TINYINT) return i8.MIN_VALUE;
  if (type == TYPE_SMALLINT) return i16.MIN_VALUE;
  return type == TYPE_INT ? i32.MIN_VALUE : i64.MIN_VALUE;
}

function highest(type: u8): i64 {
  if (type == TYPE_TINYINT) return i8.MAX_VALUE;
  if (type == TYPE_SMALLINT) return i16.MAX_VALUE;
  return type == TYPE_INT ? i32.MAX_VALUE : i64.MAX_VALUE;
}
