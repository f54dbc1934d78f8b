/** Process functions on a stream without keys and a broadcast one (Flink: BroadcastProcessFunction). */
import { UnkeyedTwoInputOperator } from "./co-process-function";
import { RichFunction } from "./functions";
import { ProcessContext } from "./process-function";
import { Collector, RowView } from "./row";

/**
 * A function on any stream that reads state which another stream, broadcast to every subtask, writes (Flink:
 * BroadcastProcessFunction): `readings.connect(limits.broadcast()).process(ops.alarm)`. It has no state of
 * keys and no timers: KeyedBroadcastProcessFunction has.
 *
 *     @operator
 *     class RaiseAlarm extends BroadcastProcessFunction<Reading, Limit, Reading> {
 *       @state limits!: BroadcastState<Text, f64>;
 *       processElement(value: Reading, context: ProcessContext, out: Collector<Reading>): void {
 *         if (!this.limits.contains(value.device)) return;
 *         if (value.degrees <= this.limits.get(value.device)) return;
 *         out.row().device = value.device;
 *         out.collect();
 *       }
 *       processBroadcastElement(value: Limit, context: ProcessContext, out: Collector<Reading>): void {
 *         this.limits.put(value.device, value.degrees);
 *       }
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED for state of a key; JOB_BROADCAST_MISSING where its second input is not broadcast
 */
export abstract class BroadcastProcessFunction<
  In extends RowView,
  Broadcast extends RowView,
  Out extends RowView,
> extends RichFunction {
  /** Called once before the first record, with the context that the others get: for side outputs. */
  openProcess(context: ProcessContext): void {}
  /** Called for each record of the first stream: broadcast state can be read only. */
  abstract processElement(value: In, context: ProcessContext, out: Collector<Out>): void;
  /** Called for each record of the broadcast stream, in every subtask: it may change broadcast state. */
  abstract processBroadcastElement(
    value: Broadcast,
    context: ProcessContext,
    out: Collector<Out>,
  ): void;
}

/** Runs a BroadcastProcessFunction. */
export class BroadcastProcessOperator<
  F extends BroadcastProcessFunction<In, Broadcast, Out>,
  In extends RowView,
  Broadcast extends RowView,
  Out extends RowView,
> extends UnkeyedTwoInputOperator<F, In, Broadcast, Out> {
  open(): i32 {
    const status = super.open();
    if (status == 0) this.fn.openProcess(this.context);
    return status;
  }

  takesBroadcast(): bool {
    return true;
  }

  rows(from: i32, to: i32): i32 {
    this.state.own.readOnly = this.side == 0;
    return super.rows(from, to);
  }

  protected callFunction(): void {
    if (this.side == 0) this.fn.processElement(this.input, this.context, this.collector);
    else this.fn.processBroadcastElement(this.input2, this.context, this.collector);
  }
}
