/**
 * `format_csv`: a record of RFC 4180 for each row, lines ending with \n as Flink's. Parameters:
 * fieldDelimiter, quoteCharacter ("" for none), nullLiteral (default: nothing). A text that reads
 * like the null literal is quoted, so that both come back as they were.
 */
import { BlockWriter } from "../../sdk/assembly/block-writer";
import { CsvDialect, csvFieldMax, writeCsvField } from "../../sdk/assembly/csv";
import { readDialect } from "./csv-source";
import { FormatOperator } from "./format-operator";
import { FormatColumn, VALUE_TEXT_MAX } from "./value-printer";

export class FormatCsvOperator extends FormatOperator {
  private dialect: CsvDialect = new CsvDialect();
  private nullLiteral: ArrayBuffer = new ArrayBuffer(0);
  private scratch: usize = heap.alloc(<usize>VALUE_TEXT_MAX);

  open(): i32 {
    const parameters = this.config.parameters;
    const wrong = readDialect(
      this.dialect,
      parameters.get("fieldDelimiter").string(","),
      parameters.get("quoteCharacter").string('"'),
    );
    if (wrong !== null) return this.refuse(wrong);
    this.nullLiteral = String.UTF8.encode(parameters.get("nullLiteral").string(""));
    return super.open();
  }

  takesNested(): bool {
    return false;
  }

  writeRecord(writer: BlockWriter, row: i32): string | null {
    for (let i = 0; i < this.columns.length; i++) {
      if (i > 0) this.appendByte(writer, this.dialect.delimiter);
      if (!this.writeField(writer, unchecked(this.columns[i]), row)) return this.outOfRange(i);
    }
    this.appendByte(writer, 0x0a);
    return null;
  }

  private writeField(writer: BlockWriter, column: FormatColumn, row: i32): bool {
    const literal = this.nullLiteral;
    if (column.isNull(row)) {
      writer.writeText(this.target, changetype<usize>(literal), literal.byteLength);
      return true;
    }
    let start = this.scratch;
    let end = start;
    if (column.text) {
      start = column.start(row);
      end = column.end(row);
    } else {
      end = start + <usize>column.print(start, row);
      if (end == start) return false;
    }
    const length = <i32>(end - start);
    const force =
      column.text &&
      length == literal.byteLength &&
      memory.compare(start, changetype<usize>(literal), length) == 0;
    const target = writer.reserveText(this.target, csvFieldMax(length));
    writer.closeText(this.target, writeCsvField(target, start, end, this.dialect, force));
    return true;
  }

  close(): void {
    heap.free(this.scratch);
  }
}
