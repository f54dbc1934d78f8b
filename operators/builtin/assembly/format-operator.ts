/**
 * Base of the formats: each row becomes one record, newline included, in the STRING column
 * `record`, whose bytes the sink's connector writes out as they are.
 */
import { BatchReader } from "../../sdk/assembly/batch-reader";
import { BlockWriter, ColumnBuffer } from "../../sdk/assembly/block-writer";
import { Status } from "../../sdk/assembly/layout";
import { RecordOperator } from "../../sdk/assembly/operator";
import { JsonNestedPrinter } from "./json-nested-printer";
import { typeName } from "./value-parser";
import { FormatColumn, prints } from "./value-printer";

export abstract class FormatOperator extends RecordOperator {
  columns: FormatColumn[] = [];
  target!: ColumnBuffer;
  /** Of each column, for values inside of values and bytes. */
  private printers: JsonNestedPrinter[] = [];

  open(): i32 {
    const input = this.config.inputs[0].columns;
    for (let i = 0; i < input.length; i++) {
      if (!prints(input[i].type) && !this.takesNested()) {
        return this.refuse("cannot write column " + input[i].name + ": " + typeName(input[i].type));
      }
      this.columns.push(new FormatColumn(input[i], i));
      this.printers.push(new JsonNestedPrinter(input[i], this.withoutNulls()));
    }
    this.target = this.writers[0].columns[0];
    return Status.DONE;
  }

  attach(reader: BatchReader): void {
    for (let i = 0; i < this.columns.length; i++) this.columns[i].attach(reader);
  }

  /** Whether columns that have values inside, and bytes, are written: as JSON. */
  takesNested(): bool {
    return true;
  }

  /** Whether fields inside that are NULL are left out. */
  withoutNulls(): bool {
    return false;
  }

  /** Appends a value of the column at `index` as JSON; false: no text can say it. */
  appendNested(writer: BlockWriter, index: i32, row: i32): bool {
    const reader = this.reader;
    const entry = reader.column(index);
    return this.printers[index].append(writer, this.target, reader.block, entry, row);
  }

  /** Appends the record of a row to the open value of `target`; null, or why it cannot. */
  abstract writeRecord(writer: BlockWriter, row: i32): string | null;

  rows(from: i32, to: i32): i32 {
    const reader = this.reader;
    const writer = this.writers[0];
    for (let i = from; i < to; i++) {
      const row = reader.physical(i);
      writer.hasTimestamp = reader.hasTimestamp(row);
      if (writer.hasTimestamp) writer.timestamp = reader.timestamp(row);
      const error = this.writeRecord(writer, row);
      if (error !== null) {
        writer.abandonRow();
        this.result.say(error);
        this.failedRow = row;
        return i + 1;
      }
      writer.endRow();
      if (writer.full) return i + 1;
    }
    return to;
  }

  /** Appends to the record; closeText may be called for each part of one value. */
  appendByte(writer: BlockWriter, byte: u8): void {
    store<u8>(writer.reserveText(this.target, 1), byte);
    writer.closeText(this.target, 1);
  }

  outOfRange(index: i32): string {
    return "field " + this.config.inputs[0].columns[index].name + ": outside the years 0 to 9999";
  }
}
