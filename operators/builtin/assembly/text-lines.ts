/**
 * `text_lines`: a row for each line, `line` STRING; with the parameter lineNumber also
 * `line_number` BIGINT, counted from 1 within the file (so such a file is read as one split).
 * Lines end with \n or \r\n; bytes that are not UTF-8 become U+FFFD, as Java's decoder does it.
 */
import { BlockWriter, ColumnBuffer } from "../../sdk/assembly/block-writer";
import { Status } from "../../sdk/assembly/layout";
import { copyReplacing, isUtf8, replacedMax } from "../../sdk/assembly/utf8";
import { ByteSource, findNewline } from "./byte-source";

export class TextLinesOperator extends ByteSource {
  private writer!: BlockWriter;
  private line!: ColumnBuffer;
  private number: ColumnBuffer | null = null;

  open(): i32 {
    const output = this.config.outputs[0];
    this.writer = this.writers[0];
    this.writer.hasTimestamp = false;
    const line = output.indexOf("line");
    if (line != 0) return this.refuse("text_lines wants the output column line STRING first");
    this.line = this.writer.columns[0];
    const number = output.indexOf("line_number");
    if (number >= 0) this.number = this.writer.columns[number];
    if (output.columns.length > (number < 0 ? 1 : 2)) {
      return this.refuse("text_lines has the output columns line and line_number only");
    }
    return Status.DONE;
  }

  splittable(): bool {
    return this.number === null;
  }

  findEnd(start: usize, end: usize): usize {
    return findNewline(start, end);
  }

  resetScanner(): void {}

  record(start: usize, end: usize): bool {
    const writer = this.writer;
    const length = <i32>(end - start);
    if (isUtf8(start, end)) {
      writer.writeText(this.line, start, length);
    } else {
      const target = writer.reserveText(this.line, replacedMax(length));
      writer.closeText(this.line, copyReplacing(target, start, end));
    }
    const number = this.number;
    if (number !== null) {
      store<i64>(number.data + ((<usize>writer.rows) << 3), this.recordIndex + 1);
    }
    writer.endRow();
    return true;
  }
}
