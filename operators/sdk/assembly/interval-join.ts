/**
 * Interval joins (Flink: IntervalJoinOperator): a row of the left stream and one of the right, of one
 * key, are joined where the right one's timestamp lies in [left + lower, left + upper].
 */
import { RichFunction } from "./functions";
import { copyRow } from "./copy-columns";
import { Operator } from "./operator";
import { Collector, RowView } from "./row";
import { ExpiryQueue } from "./state/expiry-queue";
import { KeyVisitor } from "./state/keyed-state-backend";
import { TimeBuffer } from "./state/time-buffer";
import { Status, WATERMARK_MIN } from "./layout";
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
 *
 * @throws OPERATOR_OPEN_FAILED where `lower` is above `upper`; ROW_FAILED, by `onRowError`, for a row without a timestamp
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

/** Sets anew when the next look at a restored key is due: with the first watermark. */
class ExpirySetter extends KeyVisitor {
  constructor(private queue: ExpiryQueue) {
    super();
  }

  visit(): void {
    this.queue.push(this.queue.backend.current, i64.MIN_VALUE + 1);
  }
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
  /** When a row of a key goes next. */
  private expiry!: ExpiryQueue;
  /** Keys were restored whose looks are not set yet. */
  private isRestored: bool = false;

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
    this.expiry = new ExpiryQueue("$expiry");
    this.backend.register(this.expiry);
  }

  protected usesTimers(): bool {
    return false;
  }

  rows(from: i32, to: i32): i32 {
    const backend = this.backend;
    const reader = this.reader;
    backend.attach(reader, this.side);
    backend.locate(from, to);
    backend.touchLocated(from, to);
    if (this.isRestored) this.setExpiry();
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
    const backend = this.backend;
    backend.select(i, row);
    const reach = this.side == 0 ? this.upper : minus(0, this.lower);
    const gone = this.goneAfter(timestamp, reach);
    if (this.side == 0) this.lefts.add(timestamp, gone, this.input);
    else this.rights.add(timestamp, gone, this.input2);
    if (this.expiry.isAfter(backend.current, gone)) this.expiry.push(backend.current, gone);
    if (this.isEmpty) return;
    if (this.side == 0) this.joinLeft(timestamp);
    else this.joinRight(timestamp);
  }

  private joinLeft(timestamp: i64): void {
    const rights = this.rights;
    const last = plus(timestamp, this.upper);
    this.context.leftTimestamp = timestamp;
    for (let at = rights.seek(plus(timestamp, this.lower)); at != 0; at = rights.after(at)) {
      const other = rights.timestampOf(at);
      if (other > last) break;
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

  onWatermark(timestamp: i64, budget: i32): i32 {
    if (this.isRestored) this.setExpiry();
    if (timestamp > this.currentWatermark) this.currentWatermark = timestamp;
    const backend = this.backend;
    for (let left = max(budget, 1); ; left--) {
      const entry = this.expiry.poll(timestamp);
      if (entry == 0) break;
      backend.current = entry;
      backend.mayBeEmpty = true;
      this.lefts.prune(timestamp);
      this.rights.prune(timestamp);
      const next = min(this.lefts.firstGone(), this.rights.firstGone());
      if (this.lefts.isPresent(entry) || this.rights.isPresent(entry)) this.expiry.push(entry, next);
      backend.release();
      if (left == 1) return Status.SLICE_OVER;
    }
    return super.onWatermark(timestamp, budget);
  }

  restore(keyGroup: i32, start: usize, length: i32, budget: i32): i32 {
    this.isRestored = true;
    return super.restore(keyGroup, start, length, budget);
  }

  private setExpiry(): void {
    this.isRestored = false;
    this.expiry.clear();
    this.backend.forEachKey(new ExpirySetter(this.expiry));
  }

  fire(domain: i32, time: i64): void {}

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
