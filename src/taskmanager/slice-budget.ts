/**
 * How many rows a call into a module may take, so that a slice of a task lasts about TIME_SLICE_MS
 * and a barrier, a cancel or another task never waits longer.
 */
import { TIME_SLICE_MS } from "../protocol/limits.ts";

/** Rows of an operator's first call, before its cost is known; then at most fourfold each time. */
const FIRST_ROWS = 256;
const GROWTH = 4;
/** Rows beyond which a larger budget changes nothing. */
const MAXIMUM_ROWS = 1 << 24;
/** What a measurement counts for at most, in terms of the cost so far. */
const LARGEST_RISE = 2;
/** Weight of the newest measurement. */
const WEIGHT = 0.25;

/** What decides the length of a slice: a clock in production, a number of rows in simulation. */
export type SliceRule =
  /** `clock` in ms, with fractions, never going back. */
  | { readonly type: "time"; readonly clock: () => number; readonly sliceMs?: number }
  | { readonly type: "rows"; readonly rows: number };

/** Measured cost of an operator's rows (read plus written). */
export class RowCost {
  #msPerRow = 0;
  #allowed = FIRST_ROWS;

  /** Rows that take about `ms`. */
  rowsIn(ms: number): number {
    const wanted = this.#msPerRow === 0 ? this.#allowed : ms / this.#msPerRow;
    return Math.max(1, Math.floor(Math.min(wanted, this.#allowed)));
  }

  measured(rows: number, ms: number): void {
    if (rows === 0) return;
    const cost = ms / rows;
    // A clock also counts the time in which the machine ran something else: one such measurement
    // must not make the next slices short.
    const now = this.#msPerRow === 0 ? cost : Math.min(cost, LARGEST_RISE * this.#msPerRow);
    this.#msPerRow += (this.#msPerRow === 0 ? 1 : WEIGHT) * (now - this.#msPerRow);
    this.#allowed = Math.min(MAXIMUM_ROWS, Math.max(this.#allowed, GROWTH * rows));
  }
}

/** The budget of the slice at hand. */
export class SliceBudget {
  readonly #rule: SliceRule;
  #startMs = 0;
  #lastMs = 0;
  #rows = 0;
  #calls = 0;
  /** Time inside modules since the beginning. */
  busyMs = 0;

  constructor(rule: SliceRule) {
    this.#rule = rule;
  }

  /** A slice begins: at least one call will be made in it. */
  begin(): void {
    this.#calls = 0;
    this.#rows = 0;
    this.#startMs = this.#now();
    this.#lastMs = this.#startMs;
  }

  get over(): boolean {
    if (this.#calls === 0) return false;
    if (this.#rule.type === "rows") return this.#rows >= this.#rule.rows;
    return this.#lastMs - this.#startMs >= this.#sliceMs();
  }

  /** Rows for the next call; the clock starts. */
  rows(cost: RowCost): number {
    this.#calls++;
    if (this.#rule.type === "rows") return Math.max(1, this.#rule.rows - this.#rows);
    const spentMs = this.#lastMs - this.#startMs;
    this.#lastMs = this.#now();
    return cost.rowsIn(Math.max(0, this.#sliceMs() - spentMs));
  }

  /** The call has returned after so many rows. */
  spent(cost: RowCost, rows: number): void {
    this.#rows += Math.max(1, rows);
    if (this.#rule.type === "rows") return;
    const now = this.#now();
    const ms = now - this.#lastMs;
    this.#lastMs = now;
    this.busyMs += ms;
    cost.measured(rows, ms);
  }

  #sliceMs(): number {
    return (this.#rule.type === "time" ? this.#rule.sliceMs : undefined) ?? TIME_SLICE_MS;
  }

  #now(): number {
    return this.#rule.type === "time" ? this.#rule.clock() : 0;
  }
}
