/** How watermarks follow from rows (Flink: WatermarkGenerator and those it brings along). */
import { inputActivityTime } from "../processing-time";
import { WatermarkOutput } from "./watermark-output";

/**
 * Makes watermarks out of the rows of one subtask, or of one split of its source (Flink:
 * WatermarkGenerator). It keeps what it needs in its fields; that is no state: after a restore it
 * begins anew, as Flink's does.
 *
 *     class EachMinute extends WatermarkGenerator<Seen> {
 *       onEvent(event: Seen, eventTimestamp: i64, output: WatermarkOutput): void {
 *         if (event.at % 60 == 0) output.emitWatermark(eventTimestamp);
 *       }
 *       onPeriodicEmit(output: WatermarkOutput): void {}
 *     }
 */
export abstract class WatermarkGenerator<T> {
  /**
   * Called for each row, behind it: a watermark emitted here stands between this row and the next
   * (punctuated watermarks).
   * @param event a view that lives until the call returns
   * @param eventTimestamp ms, as the TimestampAssigner gave it
   */
  abstract onEvent(event: T, eventTimestamp: i64, output: WatermarkOutput): void;

  /** Called at the job's watermark interval (processing time; 200 ms unless set), and at the end of input. */
  abstract onPeriodicEmit(output: WatermarkOutput): void;
}

/**
 * Rows come at most `maxOutOfOrderness` ms after others of a later time: the watermark is the highest
 * timestamp so far, less that, less 1 (Flink: BoundedOutOfOrdernessWatermarks). Emitted
 * periodically. At the ends of int64 it stays at the smallest value.
 *
 *     createWatermarkGenerator(context: RuntimeContext): WatermarkGenerator<Seen> {
 *       return new BoundedOutOfOrdernessWatermarks<Seen>(5000);
 *     }
 */
export class BoundedOutOfOrdernessWatermarks<T> extends WatermarkGenerator<T> {
  private maxTimestamp: i64;

  /** A generator for one subtask, or one split. @param maxOutOfOrderness ms, not negative: a negative one traps */
  constructor(private maxOutOfOrderness: i64) {
    super();
    assert(maxOutOfOrderness >= 0, "maxOutOfOrderness is negative");
    // So that subtracting never passes the smallest value.
    this.maxTimestamp = i64.MIN_VALUE + maxOutOfOrderness + 1;
  }

  /** Remembers the highest timestamp. */
  onEvent(event: T, eventTimestamp: i64, output: WatermarkOutput): void {
    if (eventTimestamp > this.maxTimestamp) this.maxTimestamp = eventTimestamp;
  }

  /** Says the highest timestamp, less the bound, less 1. */
  onPeriodicEmit(output: WatermarkOutput): void {
    output.emitWatermark(this.maxTimestamp - this.maxOutOfOrderness - 1);
  }
}

/**
 * Timestamps never fall: the watermark is the highest one less 1 (Flink: AscendingTimestampsWatermarks).
 *
 *     const generator = new AscendingTimestampsWatermarks<Seen>();
 */
export class AscendingTimestampsWatermarks<T> extends BoundedOutOfOrdernessWatermarks<T> {
  /** A generator for one subtask, or one split. */
  constructor() {
    super(0);
  }
}

/**
 * No watermarks (Flink: NoWatermarksGenerator): event time ends with the input.
 *
 *     const generator = new NoWatermarksGenerator<Seen>();
 */
export class NoWatermarksGenerator<T> extends WatermarkGenerator<T> {
  /** Says nothing. */
  onEvent(event: T, eventTimestamp: i64, output: WatermarkOutput): void {}

  /** Says nothing. */
  onPeriodicEmit(output: WatermarkOutput): void {}
}

/**
 * Another generator's watermarks; without rows for longer than `idleTimeout` ms it says idle
 * (Flink: WatermarksWithIdleness). The check that first finds no new rows starts the clock, a later one
 * that finds it run past the timeout says idle. The clock stands still while the task's output is
 * blocked or its source held back: rows that could not be read are no silence. The job adds this
 * with `withIdleness`; an own generator may use it by itself.
 *
 *     const generator = new WatermarksWithIdleness<Seen>(new EachMinute(), 60_000);
 */
export class WatermarksWithIdleness<T> extends WatermarkGenerator<T> {
  private events: u64 = 0;
  private eventsAtCheck: u64 = 0;
  private isCounting: bool = false;
  private silentSince: i64 = 0;
  private isIdle: bool = false;

  /** Of a generator of its own. @param idleTimeout ms, above 0: another traps */
  constructor(
    private watermarks: WatermarkGenerator<T>,
    private idleTimeout: i64,
  ) {
    super();
    assert(idleTimeout > 0, "idleTimeout is not above 0");
  }

  /** Hands the row on, and notes that there was one. */
  onEvent(event: T, eventTimestamp: i64, output: WatermarkOutput): void {
    this.watermarks.onEvent(event, eventTimestamp, output);
    this.events++;
  }

  /** Says idle after the silence; hands the call on where there were rows. */
  onPeriodicEmit(output: WatermarkOutput): void {
    if (!this.isSilent()) {
      this.isIdle = false;
      this.watermarks.onPeriodicEmit(output);
    } else if (!this.isIdle) {
      output.markIdle();
      this.isIdle = true;
    }
  }

  private isSilent(): bool {
    if (this.events != this.eventsAtCheck) {
      this.eventsAtCheck = this.events;
      this.isCounting = false;
      return false;
    }
    const now = inputActivityTime();
    if (!this.isCounting) {
      this.isCounting = true;
      this.silentSince = now;
      return false;
    }
    return now - this.silentSince > this.idleTimeout;
  }
}
