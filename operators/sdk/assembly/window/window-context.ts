/** The window that a window function is called for. */
import { FiredWindow } from "./window-operator";

/** What made a window's function run. */
export namespace FiredBy {
  export const ELEMENT: i32 = 0;
  export const EVENT_TIMER: i32 = 1;
  export const PROCESSING_TIMER: i32 = 2;
}

/** Bytes of per-window and of per-key state, each; a class of plain numbers fits over them. */
export const STATE_BYTES: i32 = 64;

/** What a window function may ask (Flink: ProcessWindowFunction.Context). */
export class WindowContext {
  /** Where the window [windowStart, windowEnd) begins, ms. */
  windowStart: i64 = 0;
  /** Its end, ms, not part of it. */
  windowEnd: i64 = 0;
  /** The watermark at which the function runs, ms. */
  currentWatermark: i64 = 0;
  /** What made the function run: one of FiredBy. */
  firedBy: i32 = FiredBy.ELEMENT;
  /** Time of that timer, ms. */
  timerTime: i64 = 0;
  __windowState: usize = 0;
  __globalState: usize = 0;

  /** State of this key's window: an @accumulator class of at most 64 bytes, zeroed at first. */
  windowState<T>(): T {
    assert(this.__windowState != 0, "there is no state per window: only a ProcessWindowFunction has it, where windows do not merge");
    assert(offsetof<T>() <= <usize>STATE_BYTES, "window state is larger than 64 bytes");
    return changetype<T>(this.__windowState);
  }

  /** State of this key over all windows. */
  globalState<T>(): T {
    assert(this.__globalState != 0, "only a ProcessWindowFunction has state per key");
    assert(offsetof<T>() <= <usize>STATE_BYTES, "global state is larger than 64 bytes");
    return changetype<T>(this.__globalState);
  }

  __enter(fired: FiredWindow, watermark: i64, firedBy: i32, timerTime: i64): void {
    this.windowStart = fired.window.start;
    this.windowEnd = fired.window.end;
    this.currentWatermark = watermark;
    this.firedBy = firedBy;
    this.timerTime = timerTime;
  }
}
