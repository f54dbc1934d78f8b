/** The window that a window function is called for. */
import { processingTime } from "../processing-time";
import { FiredWindow } from "./window-operator";

/**
 * What made a window's function run: an element, or a timer of one of the clocks. Flink does not tell it.
 *
 *     isEarly(context: WindowContext): bool {
 *       return context.firedBy == FiredBy.ELEMENT;
 *     }
 */
export namespace FiredBy {
  export const ELEMENT: i32 = 0;
  export const EVENT_TIMER: i32 = 1;
  export const PROCESSING_TIMER: i32 = 2;
}

/** Bytes of per-window and of per-key state, each; a class of plain numbers fits over them. */
export const STATE_BYTES: i32 = 64;

/**
 * What a window function may ask (Flink: ProcessWindowFunction.Context). One object serves all windows.
 *
 *     @accumulator
 *     class Firings {
 *       count: i64;
 *     }
 *
 *     @operator
 *     class CountFirings extends ProcessWindowFunction<Reading, Counted> {
 *       process(
 *         context: WindowContext,
 *         elements: WindowElements<Reading>,
 *         out: Collector<Counted>,
 *       ): void {
 *         if (context.windowEnd <= context.currentWatermark() - 60_000) return; // late by a minute
 *         const ofWindow = ++context.windowState<Firings>().count;
 *         const ofKey = ++context.globalState<Firings>().count;
 *         out.row().n = ofKey - ofWindow;
 *         out.collect();
 *       }
 *     }
 */
export class WindowContext {
  /** Where the window [windowStart, windowEnd) begins, ms. */
  windowStart: i64 = 0;
  /** Its end, ms, not part of it. */
  windowEnd: i64 = 0;
  /** What made the function run: one of FiredBy. */
  firedBy: i32 = FiredBy.ELEMENT;
  /** Time of that timer, ms. */
  timerTime: i64 = 0;
  private watermark: i64 = i64.MIN_VALUE;
  __windowState: usize = 0;
  __globalState: usize = 0;

  /** The watermark at which the function runs, ms; i64.MIN_VALUE before the first. */
  currentWatermark(): i64 {
    return this.watermark;
  }

  /** The clock of the worker, ms since 1970. */
  currentProcessingTime(): i64 {
    return processingTime();
  }

  /**
   * State of this key's window, in a ProcessWindowFunction (Flink: windowState()): an `@accumulator` class of at
   * most 64 bytes, zeroed at first. It lies in place: a change stays. It goes with the window.
   * @throws OPERATOR_FAILED for a larger class, where windows merge (as in Flink), and in other functions
   */
  windowState<T>(): T {
    assert(this.__windowState != 0, "there is no state per window: only a ProcessWindowFunction has it, where windows do not merge");
    assert(offsetof<T>() <= <usize>STATE_BYTES, "window state is larger than 64 bytes");
    return changetype<T>(this.__windowState);
  }

  /**
   * State of this key over all windows, in a ProcessWindowFunction (Flink: globalState()): as windowState(), but
   * it stays as long as the job runs.
   * @throws OPERATOR_FAILED for a class of more than 64 bytes, and in other functions
   */
  globalState<T>(): T {
    assert(this.__globalState != 0, "only a ProcessWindowFunction has state per key");
    assert(offsetof<T>() <= <usize>STATE_BYTES, "global state is larger than 64 bytes");
    return changetype<T>(this.__globalState);
  }

  __enter(fired: FiredWindow, watermark: i64, firedBy: i32, timerTime: i64): void {
    this.windowStart = fired.window.start;
    this.windowEnd = fired.window.end;
    this.watermark = watermark;
    this.firedBy = firedBy;
    this.timerTime = timerTime;
  }
}
