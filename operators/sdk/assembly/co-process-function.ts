/** Process functions on two streams without keys (Flink: CoProcessFunction). */
import { RichFunction } from "./functions";
import { ProcessContext } from "./process-function";
import { Collector, RowView } from "./row";
import { KeyedStateBackend } from "./state/keyed-state-backend";
import { TwoInputOperator } from "./two-input-operator";

/**
 * A function called for each record of two streams of different columns (Flink: CoProcessFunction):
 * `readings.connect(limits).process(ops.mergeNames)`. It has no state of keys and no timers
 * (KeyedCoProcessFunction has); fields of the class live as long as the subtask, and are in no snapshot.
 * Which of two records of different inputs comes first is open.
 *
 *     @operator
 *     class MergeNames extends CoProcessFunction<Reading, Limit, Device> {
 *       processElement1(value: Reading, context: ProcessContext, out: Collector<Device>): void {
 *         out.row().device = value.device;
 *         out.collect();
 *       }
 *       processElement2(value: Limit, context: ProcessContext, out: Collector<Device>): void {
 *         out.row().device = value.device;
 *         out.collect();
 *       }
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED for `@state` in it
 */
export abstract class CoProcessFunction<
  In1 extends RowView,
  In2 extends RowView,
  Out extends RowView,
> extends RichFunction {
  /** Called once before the first record, with the context that the others get: for side outputs. */
  openProcess(context: ProcessContext): void {}
  /** Called for each record of the first stream. */
  abstract processElement1(value: In1, context: ProcessContext, out: Collector<Out>): void;
  /** Called for each record of the second stream. */
  abstract processElement2(value: In2, context: ProcessContext, out: Collector<Out>): void;
}

/** Two inputs, a context and a collector, without keys: what such operators share. */
export abstract class UnkeyedTwoInputOperator<
  F extends RichFunction,
  In1 extends RowView,
  In2 extends RowView,
  Out extends RowView,
> extends TwoInputOperator<F, In1, In2> {
  protected context!: ProcessContext;
  protected collector!: Collector<Out>;

  open(): i32 {
    const writer = this.writers[0];
    this.collector = new Collector<Out>(instantiate<Out>(), writer, this.config.outputs[0]);
    this.context = new ProcessContext(this);
    return super.open();
  }

  /** There is no key whose state could be asked for. */
  keyedBackend(): KeyedStateBackend | null {
    return null;
  }

  protected usesTimers(): bool {
    return false;
  }

  /** Calls the function with the present row of the present side. */
  protected abstract callFunction(): void;

  rows(from: i32, to: i32): i32 {
    const out = this.collector;
    const context = this.context;
    out.begin();
    for (let i = from; i < to; i++) {
      const row = this.beginSide(i);
      const writer = unchecked(this.writers[0]);
      context.hasTimestamp = writer.hasTimestamp;
      context.timestamp = writer.timestamp;
      for (let w = 1; w < this.writers.length; w++) {
        this.writers[w].hasTimestamp = writer.hasTimestamp;
        this.writers[w].timestamp = writer.timestamp;
      }
      this.callFunction();
      if (this.rowFailed(row)) {
        writer.abandonRow();
        out.begin();
        return i + 1;
      }
      if (this.outputFull()) return i + 1;
    }
    return to;
  }

  fire(domain: i32, time: i64): void {
    assert(false, "an operator without keys has no timers");
  }
}

/** Runs a CoProcessFunction. */
export class CoProcessOperator<
  F extends CoProcessFunction<In1, In2, Out>,
  In1 extends RowView,
  In2 extends RowView,
  Out extends RowView,
> extends UnkeyedTwoInputOperator<F, In1, In2, Out> {
  open(): i32 {
    const status = super.open();
    if (status == 0) this.fn.openProcess(this.context);
    return status;
  }

  protected callFunction(): void {
    if (this.side == 0) this.fn.processElement1(this.input, this.context, this.collector);
    else this.fn.processElement2(this.input2, this.context, this.collector);
  }
}
