/** Windows [start, end) of time, and the one window of everything (Flink: TimeWindow, GlobalWindow). */

/** Start and end that stand for the global window in state. */
export const GLOBAL_START: i64 = i64.MIN_VALUE;
export const GLOBAL_END: i64 = i64.MAX_VALUE;

/**
 * A window [start, end) of time, ms (Flink: TimeWindow). One object is filled again for each that is looked at:
 * keep numbers, not the object.
 *
 *     onEventTime(time: i64, window: TimeWindow, context: TriggerContext): i32 {
 *       return time == window.maxTimestamp ? TriggerResult.FIRE : TriggerResult.CONTINUE;
 *     }
 */
export class TimeWindow {
  /** First millisecond. */
  start: i64 = 0;
  /** The one behind the last: wraps beyond the largest int64, as in Flink. */
  end: i64 = 0;
  /** Last timestamp that belongs to the window. */
  maxTimestamp: i64 = 0;

  /**
   * @internal Makes it another window.
   * @param global the window of everything, whose last timestamp is the largest int64
   */
  set(start: i64, end: i64, global: bool = false): void {
    this.start = start;
    this.end = end;
    this.maxTimestamp = global ? i64.MAX_VALUE : end - 1;
  }
}

/** Whether two windows overlap or touch (Flink: TimeWindow.intersects). */
// @ts-ignore: decorator
@inline
export function intersects(start: i64, end: i64, otherStart: i64, otherEnd: i64): bool {
  return start <= otherEnd && end >= otherStart;
}

/** Start of the window of a timestamp (Flink: TimeWindow.getWindowStartWithOffset), wrapping. */
// @ts-ignore: decorator
@inline
export function windowStart(timestamp: i64, offset: i64, size: i64): i64 {
  const remainder = (timestamp - offset) % size;
  return timestamp - (remainder < 0 ? remainder + size : remainder);
}
