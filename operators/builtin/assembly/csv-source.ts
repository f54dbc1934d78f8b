/**
 * `csv`: a row for each record of RFC 4180, columns by position. Parameters (Flink's csv format):
 * fieldDelimiter, quoteCharacter ("" for none), header (skip the first record), nullLiteral
 * (unquoted), allowComments (lines with #), multiline. With multiline (the default) quoted fields
 * may hold newlines, so a file is read as one split; multiline false allows splits by byte range.
 */
import { BlockWriter } from "../../sdk/assembly/block-writer";
import { CsvDialect, CsvFields, CsvRecordScanner, undoubleQuotes } from "../../sdk/assembly/csv";
import { Status } from "../../sdk/assembly/layout";
import { Text } from "../../sdk/assembly/text";
import { isUtf8 } from "../../sdk/assembly/utf8";
import { findNewline } from "./byte-source";
import { RecordSource } from "./record-source";
import { isText, parseValue } from "./value-parser";

/** Sets delimiter and quote from parameters; null, or what is wrong. */
export function readDialect(dialect: CsvDialect, delimiter: string, quote: string): string | null {
  if (delimiter.length != 1 || !isMark(delimiter.charCodeAt(0))) {
    return "fieldDelimiter must be one ASCII character other than a newline: " + delimiter;
  }
  if (quote.length > 1 || (quote.length == 1 && !isMark(quote.charCodeAt(0)))) {
    return "quoteCharacter must be one ASCII character, or empty: " + quote;
  }
  dialect.delimiter = <u8>delimiter.charCodeAt(0);
  dialect.quote = quote.length == 0 ? 0 : <u8>quote.charCodeAt(0);
  return dialect.delimiter == dialect.quote
    ? "fieldDelimiter and quoteCharacter are the same"
    : null;
}

function isMark(unit: i32): bool {
  return unit > 0 && unit < 0x80 && unit != 0x0a && unit != 0x0d;
}

export class CsvOperator extends RecordSource {
  private dialect: CsvDialect = new CsvDialect();
  private split!: CsvFields;
  private scanner!: CsvRecordScanner;
  private multiline: bool = true;
  private header: bool = false;
  private comments: bool = false;
  private nullLiteral: Text | null = null;
  private scratch: usize = 0;
  private scratchBytes: i32 = 0;

  open(): i32 {
    const parameters = this.config.parameters;
    const wrong = readDialect(
      this.dialect,
      parameters.get("fieldDelimiter").string(","),
      parameters.get("quoteCharacter").string('"'),
    );
    if (wrong !== null) return this.refuse(wrong);
    this.multiline = parameters.get("multiline").bool(true) && this.dialect.quote != 0;
    this.header = parameters.get("header").bool(false);
    this.comments = parameters.get("allowComments").bool(false);
    const literal = parameters.get("nullLiteral");
    if (literal.text.length > 0) this.nullLiteral = Text.of(literal.text);
    this.split = new CsvFields(this.dialect);
    this.scanner = new CsvRecordScanner(this.dialect, this.multiline);
    return super.open();
  }

  splittable(): bool {
    return !this.multiline;
  }

  findEnd(start: usize, end: usize): usize {
    return this.multiline ? this.scanner.find(start, end) : findNewline(start, end);
  }

  resetScanner(): void {
    this.scanner.reset();
  }

  passOver(start: usize, end: usize): bool {
    if (start == end) return true;
    if (this.header && this.recordStart == 0) return true;
    return this.comments && load<u8>(start) == 0x23;
  }

  fields(writer: BlockWriter, start: usize, end: usize): string | null {
    const split = this.split;
    if (!isUtf8(start, end)) return "record that is not UTF-8";
    if (!split.split(start, end)) return split.error;
    const columns = writer.columns;
    if (split.count != columns.length) {
      return (
        "record of " + split.count.toString() + " fields, expected " + columns.length.toString()
      );
    }
    for (let i = 0; i < columns.length; i++) {
      if (this.isNull(i, isText(columns[i].type))) {
        if (!this.writeNull(writer, i)) return this.valueError(i, "missing in a NOT NULL");
      } else if (!this.write(writer, i)) {
        return this.valueError(i, "not a");
      }
    }
    return null;
  }

  /** The null literal, unquoted; an empty field of a column that is not text is NULL as well. */
  private isNull(field: i32, text: bool): bool {
    const split = this.split;
    if (split.quoted(field)) return false;
    const length = <i32>(split.end(field) - split.start(field));
    if (length == 0 && !text) return true;
    const literal = this.nullLiteral;
    return (
      literal !== null &&
      literal.length == length &&
      memory.compare(literal.start, split.start(field), length) == 0
    );
  }

  private write(writer: BlockWriter, index: i32): bool {
    const split = this.split;
    const column = writer.columns[index];
    const start = split.start(index);
    const end = split.end(index);
    if (!split.doubled(index)) return parseValue(writer, column, start, end);
    const bytes = <i32>(end - start);
    if (bytes > this.scratchBytes) {
      if (this.scratch != 0) heap.free(this.scratch);
      this.scratchBytes = max(bytes, 256);
      this.scratch = heap.alloc(this.scratchBytes);
    }
    const length = undoubleQuotes(this.scratch, start, end, this.dialect.quote);
    return parseValue(writer, column, this.scratch, this.scratch + <usize>length);
  }

  close(): void {
    this.split.close();
    if (this.scratch != 0) heap.free(this.scratch);
    super.close();
  }
}
