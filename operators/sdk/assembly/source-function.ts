/** Sources in WebAssembly: rows made from a split that the host hands in, or from nothing. */
import { JsonValue, parseJson } from "./config-json";
import { FunctionState } from "./function-state";
import { RichFunction, RuntimeContext } from "./functions";
import { Status } from "./layout";
import { collectBetweenRows, Operator } from "./operator";
import { Collector, RowView } from "./row";
import { resetTextScratch } from "./text";

/**
 * A source that makes its own rows (Flink: SourceReader without input/output of its own); a job takes
 * it by `generated(bundle.operator("Count"), { rowsPerSecond: 10 })`.
 *
 *     @operator
 *     class Count extends SourceFunction<Counted> {
 *       @parameter upTo: i64 = 100;
 *       private next: i64 = 0;
 *       assignSplit(split: JsonValue): void {
 *         this.next = split.get("from").long(0);
 *       }
 *       poll(out: Collector<Counted>): bool {
 *         if (this.next == this.upTo) return false;
 *         out.row().n = this.next++;
 *         out.collect();
 *         return true;
 *       }
 *     }
 *
 * @throws OPERATOR_FAILED for a failRow() in poll(), where there is no row to refuse
 */
export abstract class SourceFunction<Out extends RowView> extends RichFunction {
  /** Takes a split (JSON made by the connector; null where the source has none). */
  assignSplit(split: JsonValue): void {}
  /**
   * Emits at most a few rows and returns true, or false when there will be none any more. It is called
   * again and again, so it must not wait.
   */
  abstract poll(out: Collector<Out>): bool;
}

/** Runs a SourceFunction. */
export class SourceOperator<F extends SourceFunction<Out>, Out extends RowView> extends Operator {
  private fn: F = instantiate<F>();
  private collector!: Collector<Out>;
  private finished: bool = false;
  private state!: FunctionState;

  open(): i32 {
    this.collector = new Collector<Out>(
      instantiate<Out>(),
      this.writers[0],
      this.config.outputs[0],
    );
    this.state = new FunctionState(this.fn, false);
    const context = new RuntimeContext(this.config);
    context.__operatorState = this.state.store;
    this.fn.__context = context;
    this.fn.__configure(this.config.parameters);
    this.fn.__openStates(context);
    this.fn.open(context);
    let failure = context.__problem;
    if (failure === null) failure = this.state.problem;
    if (failure === null) failure = this.fn.__failure;
    return failure === null ? Status.DONE : this.refuse(failure);
  }

  start(): void {
    this.state.start(false);
  }

  snapshot(checkpoint: i64, since: i64, budget: i32): i32 {
    if (!this.state.inSnapshot) this.state.begin(checkpoint, since);
    return this.state.snapshot(this.result, budget);
  }

  restore(keyGroup: i32, start: usize, length: i32, budget: i32): i32 {
    this.state.own.restore(start, length);
    return this.state.problem === null ? Status.DONE : this.refuse(this.state.problem!);
  }

  sourceAssign(start: usize, length: i32): i32 {
    this.fn.assignSplit(parseJson(start, length));
    return Status.DONE;
  }

  sourcePoll(budget: i32): i32 {
    const writer = this.writers[0];
    let left = max(budget, 1);
    this.collector.begin();
    while (!this.finished) {
      if (writer.full) return Status.OUTPUT_FULL;
      if (left <= 0) return Status.SLICE_OVER;
      resetTextScratch();
      const before = writer.total;
      writer.hasTimestamp = false;
      this.finished = !this.fn.poll(this.collector);
      const failure = this.fn.__failure;
      if (failure !== null) return this.refuse(failure);
      this.stateBytes = this.state.own.bytes;
      const made = <i32>(writer.total - before);
      collectBetweenRows(made);
      if (made == 0 && !this.finished) return Status.DONE;
      left -= made;
    }
    return writer.full ? Status.OUTPUT_FULL : Status.FINISHED;
  }

  close(): void {
    this.fn.close();
    this.state.own.close();
  }
}
