/**
 * Interval joins (Flink: IntervalJoinOperator): a row of the left stream and one of the right, of one
 * key, are joined where the right one's timestamp lies in [left + lower, left + upper].
 */
import { RichFunction } from "./functions";
import { copyRow } from "./copy-columns";
import { Operator } from "./operator";
import { Collector, RowView } from "./row";
import { EVENT_TIME } from "./state/timer-service";
import { TimeBuffer } from "./state/time-buffer";
import { Status, WATERMARK_MIN } from "./layout";
import { TwoInputOperator } from "./two-input-operator";

/** What a join function may ask about the pair (Flink: ProcessJoinFunction.Context). */
export class JoinContext {
  /** Timestamp of the left row, ms. */
  leftTimestamp: i64 = 0;
  /** Timestamp of the right row, ms. */
  rightTimestamp: i64 = 0;

  /** @internal The runtime makes it. */
  constructor(private operator: Operator) {}

  /** The larger of the two: that of the result, ms. */
  get timestamp(): i64 {
    return max(this.leftTimestamp, this.rightTimestamp);
  }

  /** The watermark up to here, ms; i64.MIN_VALUE before the first. */
  get currentWatermark(): i64 {
    return this.operator.currentWatermark;
  }

  /**
   * Collector of side output `index` (1 is the first `@sideOutput`). Ask once, in openProcess(), and keep
   * it in a field. A number that is not there traps.
   */
  sideOutput<T extends RowView>(index: i32): Collector<T> {
    const operator = this.operator;
    assert(index > 0 && index < operator.writers.length, "no side output of that number");
    const stream = operator.config.outputs[index];
    return new Collector<T>(instantiate<T>(), operator.writers[index], stream);
  }
}

/**
 * Called for each pair of rows of one key whose right timestamp lies in [left + lower, left + upper] (Flink:
 * ProcessJoinFunction): what `process()` behind `a.keyBy(...).intervalJoin(b.keyBy(...)).between(lower, upper)` takes,
 * which gives the bounds. Each pair comes once, when the later of the two rows does. Rows older than the watermark
 * are not joined; they are counted as late, and go to a side output where the job asks for it. A row is
 * kept until no row that is on time can meet it.
 *
 *     @operator
 *     class SoonAboveLimit extends ProcessJoinFunction<Reading, Limit, Alarm> {
 *       processElement(reading: Reading, limit: Limit, context: JoinContext, out: Collector<Alarm>): void {
 *         if (context.rightTimestamp < context.leftTimestamp) return;
 *         out.row().device = reading.device;
 *         out.collect();
 *       }
 *     }
 */
export abstract class ProcessJoinFunction<
  Left extends RowView,
  Right extends RowView,
  Out extends RowView,
> extends RichFunction {
  /** Called once before the first row, with the context that processElement gets: for side outputs. */
  openProcess(context: JoinContext): void {}

  /**
   * Called for a pair: results, also those of side outputs, have the larger of the two timestamps. `failRow()` refuses
   * the row that came last; the pairs that it would have had beside this one are not made.
   */
  abstract processElement(left: Left, right: Right, context: JoinContext, out: Collector<Out>): void;
}

/** Names of the outputs of late rows, by side (src/plan/interval-parameters.ts). */
const LATE_LEFT: string = "late_left";
const LATE_RIGHT: string = "late_right";

/**
 * Runs a ProcessJoinFunction. Parameters: `lower`, `upper` (ms), `lowerExclusive`, `upperExclusive`. Outputs behind the
 * function's own: late rows of the left, of the right stream.
 */
export class IntervalJoinOperator<
  F extends ProcessJoinFunction<Left, Right, Out>,
  Left extends RowView,
  Right extends RowView,
  Out extends RowView,
> extends TwoInputOperator<F, Left, Right> {
  private collector!: Collector<Out>;
  private context!: JoinContext;
  private lefts!: TimeBuffer<Left>;
  private rights!: TimeBuffer<Right>;
  /** Bounds, inclusive. */
  private lower: i64 = 0;
  private upper: i64 = 0;
  /** Nothing can lie between the bounds: both are left out, and they are equal or neighbours. */
  private isEmpty: bool = false;
  /** Outputs of late rows, by side; 0: nobody reads them. */
  private lateOutputs: StaticArray<i32> = [0, 0];

  open(): i32 {
    const p = this.config.parameters;
    const lower = p.get("lower").long(0);
    const upper = p.get("upper").long(0);
    if (lower > upper) return this.refuse("lower: the lower bound must not be above the upper one");
    this.lower = p.get("lowerExclusive").bool(false) ? plus(lower, 1) : lower;
    this.upper = p.get("upperExclusive").bool(false) ? plus(upper, -1) : upper;
    this.isEmpty = this.lower > this.upper;
    const outputs = this.config.outputs;
    for (let i = 1; i < outputs.length; i++) {
      if (outputs[i].name == LATE_LEFT) this.lateOutputs[0] = i;
      else if (outputs[i].name == LATE_RIGHT) this.lateOutputs[1] = i;
    }
    this.context = new JoinContext(this);
    this.collector = new Collector<Out>(instantiate<Out>(), this.writers[0], outputs[0]);
    const status = super.open();
    if (status == Status.DONE) this.fn.openProcess(this.context);
    return status;
  }

  /** Its own buffers come before what the function asks for. */
  protected registerStates(): void {
    this.lefts = new TimeBuffer<Left>("left");
    this.rights = new TimeBuffer<Right>("right");
    this.backend.register(this.lefts);
    this.backend.register(this.rights);
  }

  rows(from: i32, to: i32): i32 {
    const backend = this.backend;
    const reader = this.reader;
    backend.attach(reader, this.side);
    backend.locate(from, to);
    this.collector.begin();
    for (let i = from; i < to; i++) {
      const row = this.beginSide(i);
      // Flink's joins take the smallest timestamp for none.
      if (!reader.hasTimestamp(row) || reader.timestamp(row) == i64.MIN_VALUE) {
        this.result.say("the record has no timestamp: assign timestamps before an interval join");
        this.failedRow = row;
        return i + 1;
      }
      this.join(i, row, reader.timestamp(row));
      backend.release();
      if (this.rowFailed(row)) {
        unchecked(this.writers[0]).abandonRow();
        this.collector.begin();
        return i + 1;
      }
      if (this.outputFull()) return i + 1;
    }
    return to;
  }

  private join(i: i32, row: i32, timestamp: i64): void {
    const watermark = this.currentWatermark;
    if (watermark != WATERMARK_MIN && timestamp < watermark) {
      this.late(row, timestamp);
      return;
    }
    this.backend.select(i, row);
    if (this.side == 0) {
      this.lefts.add(timestamp, this.goneAfter(timestamp, this.upper), this.input);
      if (!this.isEmpty) this.joinLeft(timestamp);
    } else {
      this.rights.add(timestamp, this.goneAfter(timestamp, minus(0, this.lower)), this.input2);
      if (!this.isEmpty) this.joinRight(timestamp);
    }
    this.setTimer();
  }

  private joinLeft(timestamp: i64): void {
    const rights = this.rights;
    const last = plus(timestamp, this.upper);
    this.context.leftTimestamp = timestamp;
    for (let at = rights.seek(plus(timestamp, this.lower)); at != 0; at = rights.after(at)) {
      const other = rights.timestampOf(at);
      if (other > last) break;
      if (rights.isGone(at, this.currentWatermark)) continue;
      this.context.rightTimestamp = other;
      this.pair(this.input, rights.rowOf(at));
      if (this.hasFailed) break;
    }
  }

  private joinRight(timestamp: i64): void {
    const lefts = this.lefts;
    const last = minus(timestamp, this.lower);
    this.context.rightTimestamp = timestamp;
    for (let at = lefts.seek(minus(timestamp, this.upper)); at != 0; at = lefts.after(at)) {
      const other = lefts.timestampOf(at);
      if (other > last) break;
      if (lefts.isGone(at, this.currentWatermark)) continue;
      this.context.leftTimestamp = other;
      this.pair(lefts.rowOf(at), this.input2);
      if (this.hasFailed) break;
    }
  }

  // @ts-ignore: decorator
  @inline
  private get hasFailed(): bool {
    return changetype<usize>(this.fn.__failure) != 0;
  }

  // @ts-ignore: decorator
  @inline
  private pair(left: Left, right: Right): void {
    const writer = unchecked(this.writers[0]);
    const timestamp = this.context.timestamp;
    writer.hasTimestamp = true;
    writer.timestamp = timestamp;
    this.stampSides(timestamp);
    this.fn.processElement(left, right, this.context, this.collector);
  }

  /**
   * The watermark with which a row goes: that of Flink's cleanup timer; one whose timer would be due at once
   * goes with the next watermark.
   */
  private goneAfter(timestamp: i64, reach: i64): i64 {
    const cleanup = reach > 0 ? plus(timestamp, reach) : timestamp;
    const watermark = this.currentWatermark;
    return cleanup > watermark || watermark == i64.MAX_VALUE ? cleanup : watermark + 1;
  }

  /** One timer a key: for the row that goes next. */
  private setTimer(): void {
    const backend = this.backend;
    const next = min(this.lefts.prune(this.currentWatermark), this.rights.prune(this.currentWatermark));
    if (next != i64.MAX_VALUE) backend.registerTimer(EVENT_TIME, next);
  }

  fire(domain: i32, time: i64): void {
    this.setTimer();
  }

  private late(row: i32, timestamp: i64): void {
    this.rowsFailed++;
    const output = this.lateOutputs[this.side];
    if (output == 0) return;
    const writer = unchecked(this.writers[output]);
    writer.hasTimestamp = true;
    writer.timestamp = timestamp;
    writer.rowKind = this.reader.rowKind(row);
    copyRow(this.reader, row, writer);
    writer.endRow();
  }
}

/** a + b; the ends of int64 where that overflows: a row there meets what lies there, and nothing beyond. */
// @ts-ignore: decorator
@inline
function plus(a: i64, b: i64): i64 {
  const sum = a + b;
  return ((a ^ sum) & (b ^ sum)) >= 0 ? sum : a < 0 ? i64.MIN_VALUE : i64.MAX_VALUE;
}

/** a - b, likewise. */
// @ts-ignore: decorator
@inline
function minus(a: i64, b: i64): i64 {
  const difference = a - b;
  return ((a ^ b) & (a ^ difference)) >= 0 ? difference : a < 0 ? i64.MIN_VALUE : i64.MAX_VALUE;
}
