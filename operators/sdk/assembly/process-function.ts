/**
 * Process functions (Flink: ProcessFunction): a row in, any number of rows out, side outputs and
 * the record's timestamp and watermark. State and timers join the context with the event-time work.
 */

import { FunctionOperator, RichFunction } from "./functions";
import { Status } from "./layout";
import { Operator } from "./operator";
import { processingTime } from "./processing-time";
import { Collector, RowView } from "./row";

/**
 * What a process function on a stream without keys may ask about the present record (Flink:
 * ProcessFunction.Context). One object serves all records. It has no timers: they belong to keys.
 *
 *     @operator
 *     class DropLate extends ProcessFunction<Reading, Reading> {
 *       processElement(value: Reading, context: ProcessContext, out: Collector<Reading>): void {
 *         if (context.hasTimestamp && context.timestamp <= context.currentWatermark()) return;
 *         out.row().device = value.device;
 *         out.collect();
 *       }
 *     }
 */
export class ProcessContext {
  /** Whether the record has a timestamp. */
  hasTimestamp: bool = false;
  /** Its timestamp, ms; only where hasTimestamp. */
  timestamp: i64 = 0;
  private operator: Operator;

  /** @internal The runtime makes it. */
  constructor(operator: Operator) {
    this.operator = operator;
  }

  /** The watermark up to here, ms; i64.MIN_VALUE before the first. */
  currentWatermark(): i64 {
    return this.operator.currentWatermark;
  }

  /** The clock of the worker, ms since 1970. */
  currentProcessingTime(): i64 {
    return processingTime();
  }

  /**
   * Collector of side output `index`: 1 is that of the first `@sideOutput`. Ask once, in openProcess(), and
   * keep it in a field (Flink: Context.output, which looks the tag up for each row).
   * @throws OPERATOR_FAILED for a number that is not there
   */
  sideOutput<T extends RowView>(index: i32): Collector<T> {
    const operator = this.operator;
    assert(index > 0 && index < operator.ownOutputs, "no side output of that number");
    const stream = operator.config.outputs[index];
    return new Collector<T>(instantiate<T>(), operator.writers[index], stream);
  }
}

/**
 * A row in, any number of rows out, with the record's time and with side outputs (Flink: ProcessFunction). On
 * a stream without keys there is no state and there are no timers, as in Flink: KeyedProcessFunction has them.
 *
 *     @sideOutput("late", Reading)
 *     @operator
 *     class Route extends ProcessFunction<Reading, Reading> {
 *       private late!: Collector<Reading>;
 *       openProcess(context: ProcessContext): void {
 *         this.late = context.sideOutput<Reading>(1);
 *       }
 *       processElement(value: Reading, context: ProcessContext, out: Collector<Reading>): void {
 *         const to = context.timestamp <= context.currentWatermark() ? this.late : out;
 *         to.row().device = value.device;
 *         to.collect();
 *       }
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED for `@state` in it
 */
export abstract class ProcessFunction<
  In extends RowView,
  Out extends RowView,
> extends RichFunction {
  /** Called once before the first row, with the context that processElement gets. */
  openProcess(context: ProcessContext): void {}

  /** Called for each row; rows collected into `out` or a side output have its timestamp. */
  abstract processElement(value: In, context: ProcessContext, out: Collector<Out>): void;
}

/** Runs a ProcessFunction. */
export class ProcessOperator<
  F extends ProcessFunction<In, Out>,
  In extends RowView,
  Out extends RowView,
> extends FunctionOperator<F, In> {
  private context!: ProcessContext;
  private collector!: Collector<Out>;

  open(): i32 {
    this.context = new ProcessContext(this);
    this.collector = new Collector<Out>(
      instantiate<Out>(),
      this.writers[0],
      this.config.outputs[0],
    );
    const status = super.open();
    if (status == Status.DONE) this.fn.openProcess(this.context);
    return status;
  }

  rows(from: i32, to: i32): i32 {
    const out = this.collector;
    const context = this.context;
    out.begin();
    for (let i = from; i < to; i++) {
      const row = this.beginRow(i);
      const writer = unchecked(this.writers[0]);
      context.hasTimestamp = writer.hasTimestamp;
      context.timestamp = writer.timestamp;
      for (let w = 1; w < this.writers.length; w++) {
        this.writers[w].hasTimestamp = writer.hasTimestamp;
        this.writers[w].timestamp = writer.timestamp;
      }
      this.fn.processElement(this.input, context, out);
      if (this.rowFailed(row)) {
        writer.abandonRow();
        out.begin();
        return i + 1;
      }
      if (this.outputFull()) return i + 1;
    }
    return to;
  }
}
