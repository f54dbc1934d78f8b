/** Pairs of two streams in the same windows (Flink: JoinFunction, FlatJoinFunction of JoinedStreams). */
import { Collector, RowView } from "../row";
import { CoGroupFunction } from "./co-group-function";
import { WindowElements } from "./process-window-function";

/**
 * Makes one result of each pair of rows that have the same key and fall into the same window (Flink: JoinFunction):
 * an inner join, what `apply()` behind `a.join(b)` takes. A row that meets none of the other stream gives nothing;
 * for outer joins there is CoGroupFunction. Pairs come in the order of arrival, those of one left row together. The
 * result's timestamp is the last of the window, ms. When a window fires again for a late row, all of its pairs come
 * again. A `failRow()` here is as a throw: `onRowError` fails the task, or the window's result is undone as a whole.
 *
 *     @operator
 *     class AboveOwnLimit extends JoinFunction<Reading, Limit, Alarm> {
 *       join(reading: Reading, limit: Limit, out: Alarm): void {
 *         out.device = reading.device;
 *         out.over = reading.degrees - limit.degrees;
 *       }
 *     }
 */
export abstract class JoinFunction<
  Left extends RowView,
  Right extends RowView,
  Out extends RowView,
> extends CoGroupFunction<Left, Right, Out> {
  /** Fills the result of a pair; fields left alone become NULL where they may be, else zero or empty. */
  abstract join(left: Left, right: Right, out: Out): void;

  /** @internal Each of the left with each of the right. */
  coGroup(left: WindowElements<Left>, right: WindowElements<Right>, out: Collector<Out>): void {
    for (let l = 0; l < left.length; l++) {
      for (let r = 0; r < right.length; r++) {
        this.join(left.at(l), right.at(r), out.row());
        out.collect();
      }
    }
  }
}

/**
 * As JoinFunction, but with any number of results of a pair (Flink: FlatJoinFunction).
 *
 *     @operator
 *     class OnlyAboveLimit extends FlatJoinFunction<Reading, Limit, Alarm> {
 *       join(reading: Reading, limit: Limit, out: Collector<Alarm>): void {
 *         if (reading.degrees <= limit.degrees) return;
 *         out.row().device = reading.device;
 *         out.collect();
 *       }
 *     }
 */
export abstract class FlatJoinFunction<
  Left extends RowView,
  Right extends RowView,
  Out extends RowView,
> extends CoGroupFunction<Left, Right, Out> {
  /** Called for each pair: for each result, fill `out.row()` and call `out.collect()`. */
  abstract join(left: Left, right: Right, out: Collector<Out>): void;

  /** @internal Each of the left with each of the right. */
  coGroup(left: WindowElements<Left>, right: WindowElements<Right>, out: Collector<Out>): void {
    for (let l = 0; l < left.length; l++) {
      for (let r = 0; r < right.length; r++) this.join(left.at(l), right.at(r), out);
    }
  }
}
