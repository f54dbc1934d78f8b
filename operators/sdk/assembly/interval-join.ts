/**
 * Interval joins (Flink: IntervalJoinOperator): a row of the left stream and one of the right, of one
 * key, are joined where the right one's timestamp lies in [left + lower, left + upper].
 */
import { RichFunction } from "./functions";
import { copyRow } from "./copy-columns";
import { Collector, RowView } from "./row";
import { EVENT_TIME } from "./state/timer-service";
import { TimeBuffer } from "./state/time-buffer";
import { WATERMARK_MIN } from "./layout";
import { TwoInputOperator } from "./two-input-operator";

/**
 * What a join function may ask about the pair (Flink: ProcessJoinFunction.Context). One object serves all
 * pairs.
 *
 *     @operator
 *     class Delays extends ProcessJoinFunction<Reading, Limit, Counted> {
 *       processElement(a: Reading, b: Limit, context: JoinContext, out: Collector<Counted>): void {
 *         out.row().n = context.rightTimestamp - context.leftTimestamp;
 *         out.collect();
 *       }
 *     }
 */
export class JoinContext {
  /** Timestamp of the left row, ms. */
  leftTimestamp: i64 = 0;
  /** Timestamp of the right row, ms. */
  rightTimestamp: i64 = 0;

  /** The larger of the two: that of the result. */
  get timestamp(): i64 {
    return max(this.leftTimestamp, this.rightTimestamp);
  }
}

/**
 * Called for each pair of rows of one key whose right timestamp lies in [left + lower, left + upper] (Flink:
 * ProcessJoinFunction). The bounds are parameters that each such operator has, in ms:
 * `clicks.connect(orders).keyBy("user", "buyer").process(ops.match({ lower: -5_000, upper: 60_000 }))`, and
 * `lowerExclusive`, `upperExclusive`. Rows older than the watermark are not joined; they are counted as late.
 *
 *     @operator
 *     class Exceeded extends ProcessJoinFunction<Reading, Limit, Reading> {
 *       processElement(a: Reading, b: Limit, context: JoinContext, out: Collector<Reading>): void {
 *         if (a.degrees <= b.degrees) return;
 *         out.row().device = a.device;
 *         out.collect();
 *       }
 *     }
 *
 * @throws OPERATOR_OPEN_FAILED where `lower` is above `upper`; ROW_FAILED, by `onRowError`, for a row without a timestamp
 */
export abstract class ProcessJoinFunction<
  Left extends RowView,
  Right extends RowView,
  Out extends RowView,
> extends RichFunction {
  /** Called for a pair; the result's timestamp is the larger of the two. */
  abstract processElement(left: Left, right: Right, context: JoinContext, out: Collector<Out>): void;
}

/**
 * Runs a ProcessJoinFunction. Parameters: `lower`, `upper` (ms), `lowerExclusive`, `upperExclusive`. Outputs behind the main one: late rows of the left, of the right stream.
 */
export class IntervalJoinOperator<
  F extends ProcessJoinFunction<Left, Right, Out>,
  Left extends RowView,
  Right extends RowView,
  Out extends RowView,
> extends TwoInputOperator<F, Left, Right> {
  private collector!: Collector<Out>;
  private context: JoinContext = new JoinContext();
  private lefts!: TimeBuffer<Left>;
  private rights!: TimeBuffer<Right>;
  /** Bounds, inclusive. */
  private lower: i64 = 0;
  private upper: i64 = 0;

  open(): i32 {
    const p = this.config.parameters;
    const lower = p.get("lower").long(0);
    const upper = p.get("upper").long(0);
    if (lower > upper) return this.refuse("lower: the lower bound must not be above the upper one");
    this.lower = p.get("lowerExclusive").bool(false) ? lower + 1 : lower;
    this.upper = p.get("upperExclusive").bool(false) ? upper - 1 : upper;
    const writer = this.writers[0];
    this.collector = new Collector<Out>(instantiate<Out>(), writer, this.config.outputs[0]);
    return super.open();
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
      if (this.rowFailed(row)) return i + 1;
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
      this.joinLeft(timestamp);
    } else {
      this.rights.add(timestamp, this.goneAfter(timestamp, -this.lower), this.input2);
      this.joinRight(timestamp);
    }
    this.setTimer();
  }

  private joinLeft(timestamp: i64): void {
    const rights = this.rights;
    const last = timestamp + this.upper;
    this.context.leftTimestamp = timestamp;
    for (let at = rights.seek(timestamp + this.lower); at != 0; at = rights.after(at)) {
      const other = rights.timestampOf(at);
      if (other > last) break;
      if (rights.isGone(at, this.currentWatermark)) continue;
      this.context.rightTimestamp = other;
      this.pair(this.input, rights.rowOf(at));
    }
  }

  private joinRight(timestamp: i64): void {
    const lefts = this.lefts;
    const last = timestamp - this.lower;
    this.context.rightTimestamp = timestamp;
    for (let at = lefts.seek(timestamp - this.upper); at != 0; at = lefts.after(at)) {
      const other = lefts.timestampOf(at);
      if (other > last) break;
      if (lefts.isGone(at, this.currentWatermark)) continue;
      this.context.leftTimestamp = other;
      this.pair(lefts.rowOf(at), this.input2);
    }
  }

  private pair(left: Left, right: Right): void {
    const writer = unchecked(this.writers[0]);
    writer.hasTimestamp = true;
    writer.timestamp = this.context.timestamp;
    this.fn.processElement(left, right, this.context, this.collector);
  }

  /**
   * The watermark with which a row goes: that of Flink's cleanup timer; one whose timer would be due at once
   * goes with the next watermark.
   */
  private goneAfter(timestamp: i64, reach: i64): i64 {
    const cleanup = reach > 0 ? timestamp + reach : timestamp;
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
    const output = 1 + this.side;
    if (output >= this.writers.length) return;
    const writer = unchecked(this.writers[output]);
    writer.hasTimestamp = true;
    writer.timestamp = timestamp;
    writer.rowKind = this.reader.rowKind(row);
    copyRow(this.reader, row, writer);
    writer.endRow();
  }
}
