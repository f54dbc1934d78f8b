/**
 * JSON values as values of a column that has values inside: an array is an ARRAY, an object a ROW by
 * the names of its fields or a MAP of texts. The text has passed JsonReader's grammar already.
 */
import { readBase64 } from "../../sdk/assembly/base64";
import { parseFloat32, parseFloat64, parsedFloat } from "../../sdk/assembly/float-parser";
import { unescapeJson } from "../../sdk/assembly/json-reader";
import {
  TYPE_ARRAY,
  TYPE_BIGINT,
  TYPE_BINARY,
  TYPE_BOOLEAN,
  TYPE_DATE,
  TYPE_DECIMAL,
  TYPE_DOUBLE,
  TYPE_FLOAT,
  TYPE_MAP,
  TYPE_ROW,
  TYPE_TIME,
  TYPE_TIMESTAMP_LTZ,
  isVariable,
} from "../../sdk/assembly/layout";
import { decimalHigh, decimalLow, parseDecimal } from "../../sdk/assembly/text-decimal";
import { parseInteger, parsedInteger } from "../../sdk/assembly/text-number";
import {
  parseDate,
  parseTime,
  parseTimestamp,
  parsedDays,
} from "../../sdk/assembly/text-time";
import { ValueWriter } from "../../sdk/assembly/value-writer";
import { isText, timeUnits, timeValue, typeName } from "./value-parser";

/** Below it every whole number is a double of its own. */
const EXACT_DOUBLE: f64 = 9007199254740992;

/** Fields of a ROW: their names, and where the value at hand has each (0: not there). */
class RowFields {
  names: ArrayBuffer[] = [];
  places: usize[] = [];

  constructor(row: ValueWriter) {
    for (let i = 0; i < row.fields.length; i++) {
      this.names.push(String.UTF8.encode(row.fields[i].column.name));
      this.places.push(0);
    }
  }

  find(start: usize, length: i32): i32 {
    for (let i = 0; i < this.names.length; i++) {
      const name = unchecked(this.names[i]);
      if (name.byteLength != length) continue;
      if (memory.compare(changetype<usize>(name), start, length) == 0) return i;
    }
    return -1;
  }
}

export class JsonNestedReader {
  /** Why the last value could not be read: `[2].name: not a INT`. */
  error: string = "";
  /** By node: of ROWs. */
  private rows: Map<i32, RowFields> = new Map();
  private scratch: usize = 0;
  private scratchBytes: usize = 0;
  /** Range of the text of the string read last, escapes undone. */
  private from: usize = 0;
  private to: usize = 0;

  /** Adds the JSON value at `at` to a column; answers the address behind it, 0: it does not fit. */
  read(target: ValueWriter, at: usize): usize {
    const byte = load<u8>(at);
    if (byte == 0x6e) {
      if (!target.nullable) return this.fail("null in a NOT NULL ", target);
      target.addNull();
      return at + 4;
    }
    if (target.type == TYPE_ARRAY) {
      return byte == 0x5b ? this.array(target, at) : this.fail("not a ", target);
    }
    if (target.type == TYPE_ROW) {
      return byte == 0x7b ? this.row(target, at) : this.fail("not a ", target);
    }
    if (target.type == TYPE_MAP) {
      return byte == 0x7b ? this.map(target, at) : this.fail("not a ", target);
    }
    const behind = skipValue(at);
    if (byte == 0x22) {
      if (!this.unquote(at + 1, behind - 1)) return this.fail("lone surrogate in a ", target);
    } else {
      this.from = at;
      this.to = behind;
    }
    if (!this.scalar(target, byte)) return this.fail("not a ", target);
    return behind;
  }

  private fail(reason: string, target: ValueWriter): usize {
    this.error = reason + typeName(target.type);
    return 0;
  }

  private array(target: ValueWriter, start: usize): usize {
    let at = space(start + 1);
    for (let i = 0; load<u8>(at) != 0x5d; i++) {
      at = this.read(target.elements, at);
      if (at == 0) {
        this.error = "[" + i.toString() + "]" + separated(this.error);
        return 0;
      }
      at = space(at);
      if (load<u8>(at) == 0x2c) at = space(at + 1);
    }
    target.end();
    return at + 1;
  }

  /** Of a member that comes twice the last value counts. */
  private row(target: ValueWriter, start: usize): usize {
    if (!this.rows.has(target.node)) this.rows.set(target.node, new RowFields(target));
    const fields = this.rows.get(target.node);
    const places = fields.places;
    for (let i = 0; i < places.length; i++) places[i] = 0;
    let at = space(start + 1);
    while (load<u8>(at) != 0x7d) {
      const behind = skipValue(at);
      if (!this.unquote(at + 1, behind - 1)) return this.fail("lone surrogate in a name of a ", target);
      const index = fields.find(this.from, <i32>(this.to - this.from));
      // Behind the colon.
      at = space(space(behind) + 1);
      if (index >= 0) places[index] = at;
      at = space(skipValue(at));
      if (load<u8>(at) == 0x2c) at = space(at + 1);
    }
    for (let i = 0; i < places.length; i++) {
      const field = target.fields[i];
      if (places[i] != 0) {
        if (this.read(field, places[i]) != 0) continue;
        this.error = "." + field.column.name + separated(this.error);
        return 0;
      }
      if (!field.nullable) {
        this.fail("missing in a NOT NULL ", field);
        this.error = "." + field.column.name + separated(this.error);
        return 0;
      }
      field.addNull();
    }
    target.end();
    return at + 1;
  }

  private map(target: ValueWriter, start: usize): usize {
    const entries = target.elements;
    const keys = entries.field(0);
    let at = space(start + 1);
    while (load<u8>(at) != 0x7d) {
      const behind = skipValue(at);
      const value = space(space(behind) + 1);
      const rest = space(skipValue(value));
      const last = load<u8>(rest) == 0x7d;
      if (last || !comesAgain(at, behind, space(rest + 1))) {
        if (!this.unquote(at + 1, behind - 1)) return this.fail("lone surrogate in a key of a ", target);
        keys.addBytes(this.from, <i32>(this.to - this.from));
        if (this.read(entries.field(1), value) == 0) return 0;
        entries.end();
      }
      at = last ? rest : space(rest + 1);
    }
    target.end();
    return at + 1;
  }

  /** Reads a value without values inside; `first` is its first byte. */
  private scalar(target: ValueWriter, first: u8): bool {
    const from = this.from;
    const to = this.to;
    const type = target.type;
    if (isText(type)) {
      target.addBytes(from, <i32>(to - from));
      return true;
    }
    if (first == 0x7b || first == 0x5b) return false;
    if (type == TYPE_BOOLEAN) return this.boolean(target);
    const isNumber = first != 0x22;
    if (isNumber && (first == 0x74 || first == 0x66)) return false;
    if (type <= TYPE_BIGINT) return this.integer(target, isNumber);
    if (type == TYPE_FLOAT || type == TYPE_DOUBLE) {
      const fits = type == TYPE_FLOAT ? parseFloat32(from, to) : parseFloat64(from, to);
      if (fits) target.addDouble(parsedFloat);
      return fits;
    }
    if (type == TYPE_DECIMAL) {
      if (!parseDecimal(from, to, target.column.p1, target.column.p2)) return false;
      target.addDecimal(decimalLow, decimalHigh);
      return true;
    }
    // Dates, times and bytes are strings in JSON.
    if (isNumber) return false;
    if (type == TYPE_BINARY || isVariable(type)) return this.bytes(target);
    return this.time(target);
  }

  private boolean(target: ValueWriter): bool {
    const length = this.to - this.from;
    const isTrue = length == 4 && (load<u32>(this.from) | 0x20202020) == 0x65757274;
    const isFalse =
      length == 5 &&
      (load<u32>(this.from) | 0x20202020) == 0x736c6166 &&
      (load<u8>(this.from, 4) | 0x20) == 0x65;
    if (isTrue || isFalse) target.addBoolean(isTrue);
    return isTrue || isFalse;
  }

  /** An integer; of numbers also 1.0 and 1e3, which are integers, exactly. */
  private integer(target: ValueWriter, isNumber: bool): bool {
    let value: i64 = 0;
    if (parseInteger(this.from, this.to)) value = parsedInteger;
    else {
      if (!isNumber || !parseFloat64(this.from, this.to)) return false;
      const whole = parsedFloat;
      if (whole != Math.floor(whole) || Math.abs(whole) >= EXACT_DOUBLE) return false;
      value = <i64>whole;
    }
    const bits = <u32>(64 - (target.width << 3));
    if ((value << bits) >> bits != value) return false;
    target.addInteger(value);
    return true;
  }

  private time(target: ValueWriter): bool {
    const type = target.type;
    if (type == TYPE_DATE) {
      if (!parseDate(this.from, this.to)) return false;
      target.addInteger(parsedDays);
      return true;
    }
    if (type < TYPE_TIME || type > TYPE_TIMESTAMP_LTZ) return false;
    const parsed =
      type == TYPE_TIME
        ? parseTime(this.from, this.to)
        : parseTimestamp(this.from, this.to, type == TYPE_TIMESTAMP_LTZ);
    if (!parsed || !timeValue(target.column.p1)) return false;
    target.addInteger(timeUnits);
    return true;
  }

  /** Base64, as Flink's. */
  private bytes(target: ValueWriter): bool {
    const from = this.from;
    const to = this.to;
    const copy = heap.alloc(to - from + 8);
    const length = readBase64(copy, from, to);
    const fixed = target.type == TYPE_BINARY;
    const limit = target.column.p1;
    const fits = length >= 0 && (fixed ? length == limit : limit == 0 || length <= limit);
    if (fits && fixed) target.addFixed(copy);
    else if (fits) target.addBytes(copy, length);
    heap.free(copy);
    return fits;
  }

  /** Takes the text of a string between its quotes; false: half a surrogate pair. */
  private unquote(start: usize, end: usize): bool {
    this.from = start;
    this.to = end;
    let at = start;
    while (at < end && load<u8>(at) != 0x5c) at++;
    if (at == end) return true;
    const bytes = end - start;
    if (bytes > this.scratchBytes) {
      if (this.scratch != 0) heap.free(this.scratch);
      this.scratchBytes = max<usize>(bytes, 256);
      this.scratch = heap.alloc(this.scratchBytes);
    }
    const length = unescapeJson(this.scratch, start, end);
    this.from = this.scratch;
    this.to = this.scratch + <usize>max(length, 0);
    return length >= 0;
  }

  close(): void {
    if (this.scratch != 0) heap.free(this.scratch);
    this.scratch = 0;
    this.scratchBytes = 0;
  }
}

/** A path goes on with a bracket or a point; a reason stands behind a colon. */
function separated(rest: string): string {
  const first = rest.charCodeAt(0);
  return first == 0x5b || first == 0x2e ? rest : ": " + rest;
}

// @ts-ignore: decorator
@inline
function space(start: usize): usize {
  let at = start;
  while (load<u8>(at) == 0x20 || load<u8>(at) == 0x0a || load<u8>(at) == 0x0d || load<u8>(at) == 0x09) {
    at++;
  }
  return at;
}

/** Address behind the string whose opening quote is at `at`. */
function skipString(at: usize): usize {
  let next = at + 1;
  while (load<u8>(next) != 0x22) next += load<u8>(next) == 0x5c ? 2 : 1;
  return next + 1;
}

/** Address behind the value at `at`. */
function skipValue(start: usize): usize {
  const first = load<u8>(start);
  if (first == 0x22) return skipString(start);
  let at = start;
  if (first != 0x7b && first != 0x5b) {
    // A number or a word ends where no letter, digit, sign or point follows.
    while (isWordByte(load<u8>(at))) at++;
    return at;
  }
  let depth = 0;
  while (true) {
    const byte = load<u8>(at);
    if (byte == 0x22) {
      at = skipString(at);
      continue;
    }
    if (byte == 0x7b || byte == 0x5b) depth++;
    else if (byte == 0x7d || byte == 0x5d) depth--;
    at++;
    if (depth == 0) return at;
  }
}

function isWordByte(byte: u8): bool {
  const letter = byte | 0x20;
  return (
    (letter >= 0x61 && letter <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte == 0x2d ||
    byte == 0x2b ||
    byte == 0x2e
  );
}

/** Whether a member's name, as it is written, comes again among the members from `at` on. */
function comesAgain(start: usize, end: usize, from: usize): bool {
  let at = from;
  while (load<u8>(at) != 0x7d) {
    const behind = skipString(at);
    if (behind - at == end - start && memory.compare(at, start, end - start) == 0) return true;
    at = space(skipValue(space(space(behind) + 1)));
    if (load<u8>(at) == 0x2c) at = space(at + 1);
  }
  return false;
}
