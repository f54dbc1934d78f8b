/** Sinks: an author's class writes each row as one record of bytes, which the connector stores. */
import { BlockWriter } from "./block-writer";
import { FunctionOperator, RichFunction } from "./functions";
import { FLOAT_TEXT_MAX, printFloat64 } from "./float-printer";
import { RowView } from "./row";
import { INTEGER_TEXT_MAX, printInteger } from "./text-number";
import { Text } from "./text";

/**
 * Where a sink function writes the record of the present row: what is written stands behind what was. One
 * object serves all rows.
 *
 *     @operator
 *     class WriteReading extends SinkFunction<Reading> {
 *       private count: i64 = 0;
 *       write(value: Reading, record: RecordWriter): void {
 *         record.writeLong(++this.count);
 *         record.writeByte(0x3b); // a semicolon
 *         record.write(value.device);
 *         record.writeByte(0x3b);
 *         record.writeDouble(value.degrees);
 *         record.writeByte(0x0a);
 *       }
 *     }
 */
export class RecordWriter {
  /** @internal The runtime makes it. */
  constructor(private writer: BlockWriter) {}

  /** Appends bytes of text. */
  write(text: Text): void {
    this.writer.writeText(this.writer.columns[0], text.start, text.length);
  }

  /** Appends one byte. */
  writeByte(byte: u8): void {
    const column = this.writer.columns[0];
    store<u8>(this.writer.reserveText(column, 1), byte);
    this.writer.closeText(column, 1);
  }

  /** Appends a decimal integer. */
  writeLong(value: i64): void {
    const column = this.writer.columns[0];
    const target = this.writer.reserveText(column, INTEGER_TEXT_MAX);
    this.writer.closeText(column, printInteger(target, value));
  }

  /** Appends a double as JavaScript prints it. */
  writeDouble(value: f64): void {
    const column = this.writer.columns[0];
    const target = this.writer.reserveText(column, FLOAT_TEXT_MAX);
    this.writer.closeText(column, printFloat64(target, value));
  }

  /** Closes a record of which nothing was written, too. */
  __close(): void {
    this.writer.closeText(this.writer.columns[0], 0);
  }
}

/**
 * A sink's encoder (Flink: SinkWriter with a SerializationSchema): the connector writes its bytes.
 *
 *     @operator
 *     class WriteWord extends SinkFunction<Word> {
 *       write(value: Word, record: RecordWriter): void {
 *         record.write(value.word);
 *         record.writeByte(0x0a);
 *       }
 *     }
 *
 * @throws OPERATOR_FAILED for what throws; ROW_FAILED, by `onRowError`, for a failRow()
 */
export abstract class SinkFunction<In extends RowView> extends RichFunction {
  /** Writes the record of a row, its separator included. */
  abstract write(value: In, record: RecordWriter): void;
}

/** Runs a SinkFunction; its output has one STRING column `record`. */
export class SinkOperator<F extends SinkFunction<In>, In extends RowView> extends FunctionOperator<
  F,
  In
> {
  private record!: RecordWriter;

  open(): i32 {
    this.record = new RecordWriter(unchecked(this.writers[0]));
    return super.open();
  }

  rows(from: i32, to: i32): i32 {
    const writer = unchecked(this.writers[0]);
    for (let i = from; i < to; i++) {
      const row = this.beginRow(i);
      this.fn.write(this.input, this.record);
      this.record.__close();
      if (this.rowFailed(row)) {
        writer.abandonRow();
        return i + 1;
      }
      writer.endRow();
      if (writer.full) return i + 1;
    }
    return to;
  }
}
