/** How a row comes to its event time (Flink: TimestampAssigner). */
import { processingTime } from "../processing-time";

/**
 * Tells the event time of a row (Flink: TimestampAssigner).
 *
 *     class SeenAt extends TimestampAssigner<Seen> {
 *       extractTimestamp(element: Seen, recordTimestamp: i64): i64 {
 *         return element.at * 1000;
 *       }
 *     }
 */
export abstract class TimestampAssigner<T> {
  /**
   * ms since 1970, UTC.
   * @param element a view that lives until the call returns
   * @param recordTimestamp the one that the row has; i64.MIN_VALUE where it has none
   */
  abstract extractTimestamp(element: T, recordTimestamp: i64): i64;
}

/**
 * Keeps the timestamp that a row has; one without gets i64.MIN_VALUE (Flink: RecordTimestampAssigner).
 *
 *     const assigner = new RecordTimestampAssigner<Seen>();
 */
export class RecordTimestampAssigner<T> extends TimestampAssigner<T> {
  /** The timestamp that the row has. */
  extractTimestamp(element: T, recordTimestamp: i64): i64 {
    return recordTimestamp;
  }
}

/**
 * The time at which a row comes by, which never falls (Flink: IngestionTimeAssigner). `withIngestionTime()` of a job's
 * WatermarkStrategy does the same.
 *
 *     createTimestampAssigner(context: RuntimeContext): TimestampAssigner<Seen> {
 *       return new IngestionTimeAssigner<Seen>();
 *     }
 */
export class IngestionTimeAssigner<T> extends TimestampAssigner<T> {
  private last: i64 = i64.MIN_VALUE;

  /** The clock's time, or the last one where the clock went back. */
  extractTimestamp(element: T, recordTimestamp: i64): i64 {
    this.last = max(this.last, processingTime());
    return this.last;
  }
}
