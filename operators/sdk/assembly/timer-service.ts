/** Time and timers, as a function sees them (Flink: TimerService). */
import { Operator } from "./operator";
import { processingTime } from "./processing-time";
import { KeyedStateBackend } from "./state/keyed-state-backend";
import { EVENT_TIME, PROCESSING_TIME } from "./state/internal-timer-service";

/**
 * Time and timers of the current key (Flink: TimerService). A timer calls onTimer() with the key for which it
 * was set. A key has one timer for each time and clock: a second one for the same time changes nothing.
 * Timers fire in order of time; those of one time in the order of their keys' encodings, whatever the
 * parallelism. One set for a time that has passed fires with the next watermark or, in processing time, at
 * once. Timers live in snapshots, beside the key's state.
 *
 *     processElement(value: Line, context: KeyedContext<Word>, out: Collector<Line>): void {
 *       const timers = context.timerService();
 *       // A minute of silence by the clock: each row puts it off.
 *       timers.deleteProcessingTimeTimer(this.count.value());
 *       this.count.update(timers.currentProcessingTime() + 60_000);
 *       timers.registerProcessingTimeTimer(this.count.value());
 *       // And the end of the hour in event time.
 *       const hour = context.timestamp - (context.timestamp % 3_600_000) + 3_600_000;
 *       if (hour > timers.currentWatermark()) timers.registerEventTimeTimer(hour);
 *       timers.deleteEventTimeTimer(hour - 3_600_000);
 *     }
 *
 * @throws OPERATOR_FAILED where there is no current key: on a broadcast side. Functions on streams without keys have no timers at all
 */
export class TimerService {
  /** @internal The runtime makes it. */
  constructor(
    private operator: Operator,
    private backend: KeyedStateBackend,
  ) {}

  /** The clock of the worker, ms since 1970. */
  currentProcessingTime(): i64 {
    return processingTime();
  }

  /** The watermark that the operator has seen; Long.MIN_VALUE before the first. */
  currentWatermark(): i64 {
    return this.operator.currentWatermark;
  }

  /** Calls onTimer() when the watermark passes `time`, ms. */
  registerEventTimeTimer(time: i64): void {
    this.backend.registerTimer(EVENT_TIME, time);
  }

  /** Calls onTimer() when the clock reaches `time`, ms. */
  registerProcessingTimeTimer(time: i64): void {
    this.backend.registerTimer(PROCESSING_TIME, time);
  }

  /** Takes a timer back; nothing happens if the key has none for that time. */
  deleteEventTimeTimer(time: i64): void {
    this.backend.deleteTimer(EVENT_TIME, time);
  }

  /** Takes a timer back; nothing happens if the key has none for that time. */
  deleteProcessingTimeTimer(time: i64): void {
    this.backend.deleteTimer(PROCESSING_TIME, time);
  }
}
