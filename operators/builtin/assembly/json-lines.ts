/**
 * `json_lines`: a row for each JSON text on a line of its own. A column takes the member of its
 * name, or the value at its path (parameter `paths`: {column: "a.b[0].c"}). Missing members and
 * null are NULL; a STRING column takes any value, other than strings as their JSON text, as Flink
 * does. ROW and MAP take objects, ARRAY an array, bytes base64, DECIMAL a number or its text.
 */
import { readBase64 } from "../../sdk/assembly/base64";
import { BlockWriter, ColumnBuffer } from "../../sdk/assembly/block-writer";
import { parseFloat64, parsedFloat } from "../../sdk/assembly/float-parser";
import { JsonKind, JsonReader, unescapeJson } from "../../sdk/assembly/json-reader";
import {
  Status,
  TYPE_BIGINT,
  TYPE_BOOLEAN,
  TYPE_DECIMAL,
  TYPE_TINYINT,
  isVariable,
} from "../../sdk/assembly/layout";
import { findNewline } from "./byte-source";
import { JsonNestedReader } from "./json-nested-reader";
import { RecordSource } from "./record-source";
import { isText, parseValue, writeInteger } from "./value-parser";

/** Below it every whole number is a double of its own. */
const EXACT_DOUBLE: f64 = 9007199254740992;

/** "null", as it lies in memory. */
const NULL_TEXT: u32 = 0x6c6c756e;

// @ts-ignore: decorator
@inline
function passSpace(start: usize, end: usize): usize {
  let at = start;
  while (at < end) {
    const byte = load<u8>(at);
    if (byte != 0x20 && byte != 0x09 && byte != 0x0d && byte != 0x0a) break;
    at++;
  }
  return at;
}

/** Whether a path does not begin with a member of the outermost object. */
function beyondMembers(path: string): bool {
  if (path == "$") return true;
  const at = path.startsWith("$.") ? 2 : 0;
  return path.charCodeAt(at) == 0x5b && path.charCodeAt(at + 1) != 0x27;
}

export class JsonLinesOperator extends RecordSource {
  private reader: JsonReader = new JsonReader();
  private inside: JsonNestedReader = new JsonNestedReader();
  private scratch: usize = 0;
  private scratchBytes: i32 = 0;
  /** A column's path begins at something that need not be an object: `$`, `[0].a`. */
  private anyRoot: bool = false;

  open(): i32 {
    const columns = this.config.outputs[0].columns;
    const paths = this.config.parameters.get("paths");
    for (let i = 0; i < paths.names.length; i++) {
      if (this.config.outputs[0].indexOf(paths.names[i]) < 0) {
        return this.refuse("paths names a column that is not there: " + paths.names[i]);
      }
    }
    for (let i = 0; i < columns.length; i++) {
      const path = paths.get(columns[i].name);
      if (!path.isNull() && beyondMembers(path.string(""))) this.anyRoot = true;
      const slot = path.isNull()
        ? this.reader.wantMember(columns[i].name)
        : this.reader.want(path.string(""));
      if (slot < 0) {
        return this.refuse("path of column " + columns[i].name + " is malformed: " + path.text);
      }
    }
    return super.open();
  }

  findEnd(start: usize, end: usize): usize {
    return findNewline(start, end);
  }

  resetScanner(): void {}

  /** As Flink: what holds nothing, a blank line or `null`, gives no row. */
  passOver(start: usize, end: usize): bool {
    const at = passSpace(start, end);
    if (at == end) return true;
    if (this.anyRoot || end - at < 4 || load<u32>(at) != NULL_TEXT) return false;
    return passSpace(at + 4, end) == end;
  }

  fields(writer: BlockWriter, start: usize, end: usize): string | null {
    const reader = this.reader;
    if (!reader.read(start, end)) {
      return reader.error + " at character " + (reader.errorAt - start).toString();
    }
    if (!this.anyRoot && load<u8>(passSpace(start, end)) != 0x7b) return "not a JSON object";
    const columns = writer.columns;
    for (let i = 0; i < columns.length; i++) {
      const kind = reader.kind(i);
      if (kind <= JsonKind.NULL) {
        if (!this.writeNull(writer, i)) return this.valueError(i, "missing in a NOT NULL");
      } else if (!this.write(writer, i, kind)) {
        return this.valueError(i, this.reason(i, kind));
      }
    }
    return null;
  }

  private reason(index: i32, kind: u8): string {
    if (this.config.outputs[0].columns[index].fields.length > 0 && this.inside.error != "") {
      return this.inside.error + ", in a";
    }
    return kind == JsonKind.ESCAPED ? "lone surrogate, or no" : "not a";
  }

  readsNested(): bool {
    return true;
  }

  private write(writer: BlockWriter, index: i32, kind: u8): bool {
    const column = writer.columns[index];
    const start = this.reader.start(index);
    const end = this.reader.finish(index);
    const type = column.type;
    const nested = column.nested;
    if (nested !== null) {
      writer.limitNested();
      // A string's range lies between its quotes.
      const quote: usize = kind == JsonKind.STRING || kind == JsonKind.ESCAPED ? 1 : 0;
      return this.inside.read(nested, start - quote) != 0;
    }
    if (isText(type)) {
      if (kind != JsonKind.ESCAPED) {
        writer.writeText(column, start, <i32>(end - start));
        return true;
      }
      const target = writer.reserveText(column, <i32>(end - start));
      const length = unescapeJson(target, start, end);
      writer.closeText(column, max(length, 0));
      return length >= 0;
    }
    if (isVariable(type)) return kind == JsonKind.STRING && this.bytes(writer, column, start, end);
    if (kind == JsonKind.OBJECT || kind == JsonKind.ARRAY) return false;
    if (kind == JsonKind.TRUE || kind == JsonKind.FALSE) {
      if (type != TYPE_BOOLEAN) return false;
      writer.writeBit(column, kind == JsonKind.TRUE);
      return true;
    }
    if (kind == JsonKind.NUMBER) {
      // Dates and times are strings in JSON; a bare number would have no unit.
      if (type < TYPE_TINYINT || type > TYPE_DECIMAL) return false;
      if (parseValue(writer, column, start, end)) return true;
      return type <= TYPE_BIGINT && this.wholeNumber(writer, index, start, end);
    }
    if (kind == JsonKind.STRING) return parseValue(writer, column, start, end);
    if (end - start > <usize>this.scratchBytes) this.growScratch(<i32>(end - start));
    const length = unescapeJson(this.scratch, start, end);
    return length >= 0 && parseValue(writer, column, this.scratch, this.scratch + <usize>length);
  }

  /** An integer column takes 1.0 and 1e3, which are integers, exactly. */
  private wholeNumber(writer: BlockWriter, index: i32, start: usize, end: usize): bool {
    if (!parseFloat64(start, end)) return false;
    const value = parsedFloat;
    if (value != Math.floor(value) || Math.abs(value) >= EXACT_DOUBLE) return false;
    // A long literal without point or exponent has been refused as out of range already.
    return writeInteger(writer.columns[index], <usize>writer.rows, <i64>value);
  }

  /** Bytes are base64, as Flink's. */
  private bytes(writer: BlockWriter, column: ColumnBuffer, start: usize, end: usize): bool {
    const length = readBase64(writer.reserveText(column, <i32>(end - start) + 8), start, end);
    if (length < 0 || (column.p1 > 0 && length > column.p1)) return false;
    writer.closeText(column, length);
    return true;
  }

  private growScratch(bytes: i32): void {
    if (this.scratch != 0) heap.free(this.scratch);
    this.scratchBytes = max(bytes, 256);
    this.scratch = heap.alloc(this.scratchBytes);
  }

  close(): void {
    this.reader.close();
    this.inside.close();
    if (this.scratch != 0) heap.free(this.scratch);
    super.close();
  }
}
