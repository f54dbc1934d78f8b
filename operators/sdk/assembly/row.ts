/**
 * Typed rows. An author writes `@row class Word { word!: Text; n: i64 }`; the compiler transform
 * turns the fields into accessors of the present row of a batch and makes the class extend RowView.
 *
 * One class serves both sides: an instance bound to an input reads, one bound to an output writes.
 */
import { BatchReader } from "./batch-reader";
import { BlockWriter } from "./block-writer";
import { OpenColumn, OpenStream } from "./open-config";
import { RowLayout } from "./state/row-layout";

export abstract class RowView {
  /** Physical row that the accessors touch. */
  __index: i32 = 0;
  /** Bit per field set in the row in progress (output side). */
  __set: u64 = 0;
  /** Change of the row (RowKind); the author reads it on inputs and may set it on outputs. */
  kind: u8 = 0;

  /** The view is attached to a cell of keyed state (state/row-layout.ts), not to a batch. */
  __cell: bool = false;

  /** Its columns, as an output has them. */
  abstract __columns(): OpenColumn[];
  /** How the row lies in keyed state. */
  abstract __layout(): RowLayout;
  /** Reads and changes the row of a cell. */
  abstract __attachCell(cell: usize): void;
  /** Bytes that the row takes as a cell. */
  abstract __cellBytes(): i32;
  /** Writes the row, whatever it is bound to, as a cell. */
  abstract __storeCell(cell: usize): void;
  /** Finds the columns of an input by name. The host has checked names and types. */
  abstract __bindInput(stream: OpenStream): void;
  /** Takes the pointers of a batch's columns. */
  abstract __attach(reader: BatchReader): void;
  /** Binds to the columns of an output by name. */
  abstract __bindOutput(writer: BlockWriter, stream: OpenStream): void;
  /** Takes the pointers again after the writer's buffers moved. */
  abstract __refresh(): void;
  /** Gives the fields that were not set their default: NULL, zero or empty. */
  abstract __complete(): void;
}

/**
 * Receives the rows of one output (Flink: Collector). Fill `row()`, then `collect()`; each further row begins
 * with `row()` again. It may be kept in a field, the row may not.
 *
 *     @operator
 *     class Twice extends FlatMapFunction<Word, Word> {
 *       flatMap(value: Word, out: Collector<Word>): void {
 *         for (let i = 0; i < 2; i++) {
 *           out.row().word = value.word;
 *           out.collect();
 *         }
 *       }
 *     }
 */
export class Collector<T extends RowView> {
  private view: T;
  private writer: BlockWriter;
  private generation: i32 = -1;

  /** @internal The runtime makes it. */
  constructor(view: T, writer: BlockWriter, stream: OpenStream) {
    this.view = view;
    this.writer = writer;
    view.__bindOutput(writer, stream);
    this.begin();
  }

  /**
   * The row to fill next. Fields left alone become NULL where they may be, else zero or empty; its kind is
   * RowKind.INSERT unless it is set.
   */
  // @ts-ignore: decorator
  @inline
  row(): T {
    // The host may have taken the block since the last row: of a side output nobody says so.
    if (this.generation != this.writer.generation) this.begin();
    return this.view;
  }

  /**
   * Emits the filled row. Its timestamp is that of the record being processed, in onTimer() that of the timer,
   * of a window the window's last.
   */
  // @ts-ignore: decorator
  @inline
  collect(): void {
    const view = this.view;
    view.__complete();
    this.writer.rowKind = view.kind;
    this.writer.endRow();
    this.begin();
  }

  /** @internal Points the row at the writer's place; drivers call it when a block was flushed. */
  // @ts-ignore: decorator
  @inline
  begin(): void {
    const view = this.view;
    if (this.generation != this.writer.generation) {
      this.generation = this.writer.generation;
      view.__refresh();
    }
    view.__index = this.writer.rows;
    view.__set = 0;
    view.kind = 0;
  }
}
