/** Lengths of time in the DataStream builder. */
import { MillraceError } from "../protocol/errors.ts";

/** A length of time: milliseconds, or a Duration. */
export type DurationLike = number | Duration;

/**
 * A length of time (Flink's jobs take java.time.Duration). Where it is used it has to be a whole
 * number of ms. A plain number of ms may stand in its place.
 *
 *     const assigner = SlidingEventTimeWindows.of(Duration.ofHours(1), Duration.ofMinutes(5));
 *     env.setBufferTimeout(Duration.ofMillis(20));
 *     keyed.window(assigner).allowedLateness(Duration.ofDays(1));
 *
 * @throws DURATION_INVALID where it is used, if it is no whole number of ms
 */
export class Duration {
  /** Its length in milliseconds. */
  readonly ms: number;

  private constructor(ms: number) {
    this.ms = ms;
  }

  /** `Duration.ofMillis(200)` */
  static ofMillis(ms: number): Duration {
    return new Duration(ms);
  }
  /** `Duration.ofSeconds(10)` */
  static ofSeconds(seconds: number): Duration {
    return new Duration(seconds * 1_000);
  }
  /** `Duration.ofMinutes(5)` */
  static ofMinutes(minutes: number): Duration {
    return new Duration(minutes * 60_000);
  }
  /** `Duration.ofHours(1)` */
  static ofHours(hours: number): Duration {
    return new Duration(hours * 3_600_000);
  }
  /** `Duration.ofDays(1)`: 24 hours. */
  static ofDays(days: number): Duration {
    return new Duration(days * 86_400_000);
  }
}

/**
 * Whole milliseconds of a duration.
 * @throws MillraceError DURATION_INVALID if it is not a whole number of ms that a double holds.
 */
export function durationMs(duration: DurationLike, field: string): number {
  const ms = duration instanceof Duration ? duration.ms : duration;
  if (Number.isSafeInteger(ms)) return ms;
  throw new MillraceError(
    "DURATION_INVALID",
    typeof ms === "number"
      ? `Cannot use ${field}: ${ms} ms is not a whole number`
      : `Cannot use ${field}: it is no length of time`,
    {
      field,
      value: ms,
      expected: "a whole number of milliseconds, or a Duration",
    },
  );
}
