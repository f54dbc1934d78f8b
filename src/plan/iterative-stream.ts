/** Streams that go round (Flink: IterativeStream). */
import { DataStream } from "./data-stream.ts";
import type { AnyRow } from "./row-type.ts";
import type { StreamExecutionEnvironment } from "./stream-environment.ts";
import type { Transformation } from "./transformation.ts";

/**
 * What comes from outside, and what `closeWith` leads back (Flink: IterativeStream). It ends by itself, when its input
 * has ended and no row is in the loop any more.
 *
 *     const iteration = lines.iterate();
 *     iteration.closeWith(iteration.filter(({ n }) => n > 0));
 */
export class IterativeStream<Row = AnyRow> extends DataStream<Row> {
  readonly #head: Transformation;

  /** @internal Made by `iterate`. */
  constructor(env: StreamExecutionEnvironment, head: Transformation) {
    super(env, [{ from: head, output: "main" }]);
    this.#head = head;
  }

  /** Leads a stream of the same columns back; gives that stream. Each call leads one more back. */
  closeWith(feedback: DataStream<Row>): DataStream<Row> {
    feedback.feedBack(this.#head);
    return feedback;
  }
}
