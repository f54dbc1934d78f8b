/**
 * What an editor is told of rows. The compiler makes every `@row` class extend the SDK's own view;
 * TypeScript cannot see that, so here any class is a row.
 */
/** The base that the compiler gives `@row` classes. */
export declare abstract class RowView {}
/** Receives the rows of one output (Flink: Collector). Fill `row()`, then `collect()`. */
export declare class Collector<T extends RowView> {
  private constructor();
  /** The row to fill next. Fields left alone become NULL where they may be, else zero or empty. */
  row(): T;
  /** Emits the filled row; its timestamp is that of the record being processed. */
  collect(): void;
}
