/**
 * The watchdog: a call into user code that does not return is noticed from outside its isolate.
 *
 * A slot numbers its calls on a shared board; the watchdog looks now and then. A number that is
 * still the same after the limit belongs to a call that is stuck. Pure: the board's content comes in.
 */
import { WATCHDOG_MS } from "../../protocol/limits.ts";

/** What the board of a slot shows. */
export interface BoardView {
  /** Number of the call under way; 0: none. */
  readonly call: number;
  /** Number of the operator under call, in the order of the slot's chains; -1: unknown. */
  readonly operator: number;
  /** Rows the operator had consumed before the call. */
  readonly records?: number;
}

/** A call that has overrun. */
export interface Overrun {
  readonly slot: number;
  readonly operator: number;
  readonly runningMs: number;
  readonly records?: number;
}

/** Watches the slots of a worker. */
export class Watchdog {
  readonly #limitMs: number;
  readonly #seen = new Map<number, { call: number; sinceMs: number }>();

  constructor(limitMs: number = WATCHDOG_MS) {
    this.#limitMs = limitMs;
  }

  /** Looks at a slot's board. @returns the overrun, once the call has run past the limit */
  observe(slot: number, view: BoardView, nowMs: number): Overrun | undefined {
    const seen = this.#seen.get(slot);
    if (view.call === 0) {
      this.#seen.delete(slot);
      return undefined;
    }
    if (seen?.call !== view.call) {
      this.#seen.set(slot, { call: view.call, sinceMs: nowMs });
      return undefined;
    }
    const runningMs = nowMs - seen.sinceMs;
    if (runningMs < this.#limitMs) return undefined;
    const { operator, records } = view;
    return { slot, operator, runningMs, ...(records === undefined ? {} : { records }) };
  }

  /** The slot's isolate is gone. */
  forget(slot: number): void {
    this.#seen.delete(slot);
  }
}
