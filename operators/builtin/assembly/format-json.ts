/**
 * `format_json`: an object for each row, members in the order of the columns. 64-bit integers as
 * numbers, doubles in their shortest form, NaN and infinities as strings (as Flink's Jackson
 * writes them), dates and times as SQL text (Flink: json.timestamp-format.standard = SQL). ROW and MAP
 * are objects, ARRAY is an array, bytes are base64, DECIMAL is a number with all its digits. NULL is
 * null, or left out of objects with the parameter ignoreNullFields.
 */
import { BlockWriter } from "../../sdk/assembly/block-writer";
import { jsonStringMax, writeJsonString } from "../../sdk/assembly/json-writer";
import { FormatOperator } from "./format-operator";
import { memberLabel } from "./json-nested-printer";
import { FormatColumn, VALUE_TEXT_MAX } from "./value-printer";

export class FormatJsonOperator extends FormatOperator {
  private ignoreNulls: bool = false;

  open(): i32 {
    this.ignoreNulls = this.config.parameters.get("ignoreNullFields").bool(false);
    const status = super.open();
    const input = this.config.inputs[0].columns;
    for (let i = 0; i < this.columns.length; i++) {
      this.columns[i].label = memberLabel(input[i].name);
    }
    return status;
  }

  withoutNulls(): bool {
    return this.ignoreNulls;
  }

  writeRecord(writer: BlockWriter, row: i32): string | null {
    let first = true;
    for (let i = 0; i < this.columns.length; i++) {
      const column = unchecked(this.columns[i]);
      if (this.ignoreNulls && column.isNull(row)) continue;
      const before: u8 = first ? 0x7b : 0x2c;
      const written = column.nested
        ? this.writeNested(writer, column, row, before)
        : this.writeMember(writer, column, row, before);
      if (!written) return this.outOfRange(i);
      first = false;
    }
    if (first) this.appendByte(writer, 0x7b);
    this.appendByte(writer, 0x7d);
    this.appendByte(writer, 0x0a);
    return null;
  }

  private writeNested(writer: BlockWriter, column: FormatColumn, row: i32, before: u8): bool {
    this.appendByte(writer, before);
    const label = column.label;
    writer.writeText(this.target, changetype<usize>(label), label.byteLength);
    return this.appendNested(writer, column.node, row);
  }

  /** Appends the separator, the name and the value. */
  private writeMember(writer: BlockWriter, column: FormatColumn, row: i32, before: u8): bool {
    const isNull = column.isNull(row);
    const text = column.text && !isNull;
    const start = text ? column.start(row) : 0;
    const end = text ? column.end(row) : 0;
    const label = column.label.byteLength;
    const room = 1 + label + (text ? jsonStringMax(<i32>(end - start)) : VALUE_TEXT_MAX + 2);
    const target = writer.reserveText(this.target, room);
    store<u8>(target, before);
    memory.copy(target + 1, changetype<usize>(column.label), label);
    const at = target + 1 + <usize>label;
    let length = 4;
    if (isNull) store<u32>(at, 0x6c6c756e);
    else if (text) length = writeJsonString(at, start, end);
    else length = this.writePlain(at, column, row);
    writer.closeText(this.target, 1 + label + length);
    return length > 0;
  }

  private writePlain(at: usize, column: FormatColumn, row: i32): i32 {
    const bare = column.floating ? isFinite(column.double(row)) : column.numeric;
    if (bare) return column.print(at, row);
    store<u8>(at, 0x22);
    const length = column.print(at + 1, row);
    store<u8>(at + 1 + <usize>length, 0x22);
    return length == 0 ? 0 : length + 2;
  }
}
