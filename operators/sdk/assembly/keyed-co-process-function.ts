/** Process functions on two keyed streams (Flink: KeyedCoProcessFunction). */
import { CurrentKey, KeyedContext, TimeDomain } from "./keyed-process-function";
import { RichFunction } from "./functions";
import { Collector, RowView } from "./row";
import { EVENT_TIME } from "./state/internal-timer-service";
import { TwoInputOperator } from "./two-input-operator";

/**
 * A function called for each record of two streams keyed alike, and for each timer it has set; both sides see
 * one state (Flink: KeyedCoProcessFunction): `readings.connect(limits).keyBy("device", "device").process(...)`.
 * Event time is the smaller of the two inputs' watermarks; which of two records of different inputs comes
 * first is open.
 *
 *     @operator
 *     class AboveLimit extends KeyedCoProcessFunction<Device, Reading, Limit, Reading> {
 *       @state limit!: ValueState<f64>;
 *       processElement1(value: Reading, context: KeyedContext<Device>, out: Collector<Reading>): void {
 *         if (this.limit.isEmpty() || value.degrees <= this.limit.value()) return;
 *         out.row().device = value.device;
 *         out.collect();
 *       }
 *       processElement2(value: Limit, context: KeyedContext<Device>, out: Collector<Reading>): void {
 *         this.limit.update(value.degrees);
 *       }
 *     }
 *
 * @throws JOB_KEY_MISSING, JOB_KEY_CLASS_MISMATCH for streams that are not keyed as `K` says
 */
export abstract class KeyedCoProcessFunction<
  K extends RowView,
  In1 extends RowView,
  In2 extends RowView,
  Out extends RowView,
> extends RichFunction {
  /** Called once before the first record, with the context that the others get: for side outputs. */
  openProcess(context: KeyedContext<K>): void {}
  /** Called for each record of the first stream. */
  abstract processElement1(value: In1, context: KeyedContext<K>, out: Collector<Out>): void;
  /** Called for each record of the second stream. */
  abstract processElement2(value: In2, context: KeyedContext<K>, out: Collector<Out>): void;
  /** Called when a timer of the current key fires. */
  onTimer(timestamp: i64, context: KeyedContext<K>, out: Collector<Out>): void {}
  /** The compiler says false where the class has no onTimer(). */
  __usesTimers(): bool {
    return true;
  }
}

/** Runs a KeyedCoProcessFunction. */
export class KeyedCoProcessOperator<
  F extends KeyedCoProcessFunction<K, In1, In2, Out>,
  K extends RowView,
  In1 extends RowView,
  In2 extends RowView,
  Out extends RowView,
> extends TwoInputOperator<F, In1, In2> {
  private context!: KeyedContext<K>;
  private collector!: Collector<Out>;

  open(): i32 {
    const writer = this.writers[0];
    this.collector = new Collector<Out>(instantiate<Out>(), writer, this.config.outputs[0]);
    const status = super.open();
    if (status != 0) return status;
    const keys = new CurrentKey<K>(this.config.inputs[0]);
    this.context = new KeyedContext<K>(this, this.backend, keys);
    this.fn.openProcess(this.context);
    return status;
  }

  protected usesTimers(): bool {
    return this.fn.__usesTimers();
  }

  rows(from: i32, to: i32): i32 {
    const out = this.collector;
    const context = this.context;
    const backend = this.backend;
    const first = this.side == 0;
    backend.attach(this.reader, this.side);
    backend.locate(from, to);
    out.begin();
    for (let i = from; i < to; i++) {
      const row = this.beginSide(i);
      const writer = unchecked(this.writers[0]);
      context.hasTimestamp = writer.hasTimestamp;
      context.timestamp = writer.timestamp;
      this.stampSides(writer.hasTimestamp ? writer.timestamp : i64.MIN_VALUE);
      backend.select(i, row);
      if (first) this.fn.processElement1(this.input, context, out);
      else this.fn.processElement2(this.input2, context, out);
      backend.release();
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
    const context = this.context;
    const timed = domain == EVENT_TIME;
    this.stampTimer(timed, time);
    context.hasTimestamp = true;
    context.timestamp = time;
    context.timeDomain = timed ? TimeDomain.EVENT_TIME : TimeDomain.PROCESSING_TIME;
    this.collector.begin();
    this.fn.onTimer(time, context, this.collector);
  }
}
