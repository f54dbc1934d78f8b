/** Where an AsyncFunction puts what became of a row (Flink: ResultFuture). */
import { BlockWriter } from "../block-writer";
import { OpenStream } from "../open-config";
import { Collector, RowView } from "../row";

/**
 * Takes the results of one row: any number, also none. They leave together, with the row's timestamp,
 * when their turn comes: that depends on ordered or unordered waiting.
 *
 *     onResponse(value: Word, response: HttpResponse, out: ResultFuture<Counted>): void {
 *       out.row().n = response.body.length;
 *       out.collect();
 *     }
 */
export class ResultFuture<Out extends RowView> {
  /** @internal */
  __isCompleted: bool = false;
  /** @internal What completeExceptionally() was given. */
  __error: string | null = null;
  private collector: Collector<Out>;
  private before: u64 = 0;

  /** @internal The runtime makes it. */
  constructor(
    private writer: BlockWriter,
    stream: OpenStream,
  ) {
    this.collector = new Collector<Out>(instantiate<Out>(), writer, stream);
  }

  /** The result to fill next, then collect(). */
  row(): Out {
    return this.collector.row();
  }

  /** Adds the filled row to the results. */
  collect(): void {
    this.collector.collect();
  }

  /**
   * The results are complete. Only asyncInvoke() has to say it, and only where it knows that there are
   * none: elsewhere what was collected when the method returns is the result.
   */
  complete(): void {
    this.__isCompleted = true;
  }

  /**
   * There is no result (Flink: ResultFuture.completeExceptionally). What was collected is dropped. The
   * job's retry strategy may ask again; else the row is treated by the vertex's `onRowError`.
   */
  completeExceptionally(message: string): void {
    this.__error = message;
  }

  /** @internal Number of results. */
  get __count(): i32 {
    return <i32>(this.writer.total - this.before);
  }

  /** @internal Begins with the results of another row. */
  __begin(): void {
    this.writer.abandonRow();
    this.writer.flush();
    while (this.writer.take() != 0) continue;
    this.collector.begin();
    this.before = this.writer.total;
    this.__isCompleted = false;
    this.__error = null;
  }
}
