/**
 * A source whose records have fields that may be wrong. The parameter onError says what happens
 * then: "fail" (the default) hands the record to the task as failed, "skip" counts and drops it
 * (Flink's ignore-parse-errors), "dead-letter" counts it and sends it to output 1, `dead_letter`:
 * record STRING, error STRING, position BIGINT (byte offset of the record in its file).
 */
import { BlockWriter } from "../../sdk/assembly/block-writer";
import { Status } from "../../sdk/assembly/layout";
import { copyReplacing, replacedMax } from "../../sdk/assembly/utf8";
import { ByteSource } from "./byte-source";
import { parses, typeName } from "./value-parser";

const FAIL: i32 = 0;
const SKIP: i32 = 1;
const DEAD_LETTER: i32 = 2;

export abstract class RecordSource extends ByteSource {
  private onError: i32 = FAIL;

  open(): i32 {
    const choice = this.config.parameters.get("onError").string("fail");
    this.onError = ["fail", "skip", "dead-letter"].indexOf(choice);
    if (this.onError < 0)
      return this.refuse("onError must be fail, skip or dead-letter: " + choice);
    if (this.onError == DEAD_LETTER && this.writers.length < 2) {
      return this.refuse("onError dead-letter wants the side output dead_letter to be declared");
    }
    for (let i = 0; i < this.writers.length; i++) this.writers[i].hasTimestamp = false;
    const columns = this.config.outputs[0].columns;
    for (let i = 0; i < columns.length; i++) {
      if (parses(columns[i].type) || this.readsNested()) continue;
      return this.refuse(
        "column " + columns[i].name + ": cannot read " + typeName(columns[i].type) + " from text",
      );
    }
    return Status.DONE;
  }

  /** Whether columns that have values inside, and bytes, are read. */
  readsNested(): bool {
    return false;
  }

  /** Writes the row of a record; null, or why it cannot. The caller ends or abandons the row. */
  abstract fields(writer: BlockWriter, start: usize, end: usize): string | null;

  /** Records to pass over without a row: header, blank lines, comments. */
  passOver(start: usize, end: usize): bool {
    return start == end;
  }

  record(start: usize, end: usize): bool {
    if (this.passOver(start, end)) return true;
    const writer = this.writers[0];
    const error = this.fields(writer, start, end);
    if (error === null) {
      writer.endRow();
      return true;
    }
    writer.abandonRow();
    if (this.onError == FAIL) {
      this.result.say(error + this.place());
      return false;
    }
    this.rowsFailed++;
    if (this.onError == DEAD_LETTER) this.deadLetter(start, end, error);
    return true;
  }

  private deadLetter(start: usize, end: usize, error: string): void {
    const writer = this.writers[1];
    const record = writer.columns[0];
    const target = writer.reserveText(record, replacedMax(<i32>(end - start)));
    writer.closeText(record, copyReplacing(target, start, end));
    const message = String.UTF8.encode(error);
    writer.writeText(writer.columns[1], changetype<usize>(message), message.byteLength);
    store<i64>(writer.columns[2].data + ((<usize>writer.rows) << 3), this.recordStart);
    writer.endRow();
  }

  /** Writes NULL where the column takes it. */
  writeNull(writer: BlockWriter, index: i32): bool {
    const column = writer.columns[index];
    if (!column.nullable) return false;
    writer.writeNull(column);
    return true;
  }

  columnName(index: i32): string {
    return this.config.outputs[0].columns[index].name;
  }

  /** Message about a column's value. */
  valueError(index: i32, reason: string): string {
    const column = this.config.outputs[0].columns[index];
    return "field " + column.name + ": " + reason + " " + typeName(column.type);
  }
}
