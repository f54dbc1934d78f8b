/**
 * Flink's WindowOperator in event time with the default trigger, for any keys and for tumbling, sliding
 * and session windows: slow and plain, what the engine's windows are compared with. The sum of a window tells
 * its elements: each one's value is two to the power of its number.
 */
import type { ElementStep, Player } from "./random-steps.ts";

const MIN = -(2n ** 63n);

export interface KeyedWindowSpec {
  readonly assigner: "tumbling" | "sliding" | "session" | "dynamic_session";
  readonly size: bigint;
  readonly slide: bigint;
  /** Of sessions; of dynamic ones each element has its own. */
  readonly gap: bigint;
  readonly lateness: bigint;
}

interface Window {
  readonly key: bigint;
  readonly start: bigint;
  readonly end: bigint;
  sum: bigint;
  /** The trigger's timer at end - 1 is set. */
  pending: boolean;
}

const floor = (time: bigint, step: bigint): bigint => time - (((time % step) + step) % step);

const ascending = (a: bigint, b: bigint): number => Number(a - b);

/** The contents of a window when it fires. */
export type Firing = Pick<Window, "key" | "start" | "end" | "sum">;

export class KeyedWindowModel implements Player {
  /** Firings, and "watermark time", in their order. */
  readonly firings: (Firing | string)[] = [];
  /** "late key value". */
  readonly late: string[] = [];
  /** Values of elements that were refused: their session was over. */
  readonly refused: bigint[] = [];
  readonly #spec: KeyedWindowSpec;
  #watermark = MIN;
  #windows: Window[] = [];
  #saved: readonly Window[] | undefined;

  constructor(spec: KeyedWindowSpec) {
    this.#spec = spec;
  }

  /** "key start end sum" of each firing, "watermark time", in their order. */
  get main(): string[] {
    return this.firings.map((one) =>
      typeof one === "string" ? one : `${one.key} ${one.start} ${one.end} ${one.sum}`,
    );
  }

  element({ key, at: time, gap }: ElementStep, index: number): void {
    const value = 1n << BigInt(index);
    let late = true;
    for (const [start, end] of this.#assign(time, gap)) {
      const window = this.#windowOf(key, start, end);
      if (window === "refused") {
        this.refused.push(value);
        return;
      }
      if (window === undefined) continue;
      late = false;
      window.sum += value;
      if (window.end - 1n <= this.#watermark) this.#emit(window);
      else window.pending = true;
    }
    if (late && time + this.#spec.lateness <= this.#watermark)
      this.late.push(`late ${key} ${value}`);
  }

  #assign(time: bigint, ownGap: bigint): [bigint, bigint][] {
    const { assigner, size, slide, gap } = this.#spec;
    if (assigner === "session") return [[time, time + gap]];
    if (assigner === "dynamic_session") return [[time, time + ownGap]];
    const step = assigner === "tumbling" ? size : slide;
    const windows: [bigint, bigint][] = [];
    for (let start = floor(time, step); start > time - size; start -= step) {
      windows.push([start, start + size]);
    }
    return windows;
  }

  /** The window's contents; undefined: it is late. */
  #windowOf(key: bigint, start: bigint, end: bigint): Window | "refused" | undefined {
    const merges = this.#spec.assigner.endsWith("session");
    const parts = this.#windows.filter(
      (window) =>
        window.key === key &&
        (merges
          ? window.start <= end && window.end >= start
          : window.start === start && window.end === end),
    );
    const bounds = [...parts, { start, end }];
    const from = bounds.map((one) => one.start).sort(ascending)[0]!;
    const to = bounds
      .map((one) => one.end)
      .sort(ascending)
      .at(-1)!;
    const [only] = parts;
    if (parts.length === 1 && only!.start === from && only!.end === to) return only;
    const over = to - 1n + this.#spec.lateness <= this.#watermark;
    if (parts.length > 0 && over) return "refused";
    if (over) return undefined;
    const sum = parts.reduce((total, part) => total + part.sum, 0n);
    const merged = { key, start: from, end: to, sum, pending: false };
    merged.pending = parts.length > 0 && to - 1n > this.#watermark;
    this.#windows = this.#windows.filter((window) => !parts.includes(window));
    this.#windows.push(merged);
    return merged;
  }

  watermark(time: bigint): void {
    this.#watermark = time;
    const due = this.#windows.filter((window) => window.pending && window.end - 1n <= time);
    due.sort((a, b) => Number(a.end - b.end));
    for (const window of due) {
      window.pending = false;
      this.#emit(window);
    }
    const { lateness } = this.#spec;
    this.#windows = this.#windows.filter((window) => window.end - 1n + lateness > time);
    this.firings.push(`watermark ${time}`);
  }

  flush(): void {}

  checkpoint(): void {
    this.#saved = this.#windows.map((window) => ({ ...window }));
  }

  /** What a snapshot keeps goes on; the watermark does not. */
  restore(): void {
    if (this.#saved === undefined) this.checkpoint();
    this.#windows = this.#saved!.map((window) => ({ ...window }));
    this.#watermark = MIN;
  }

  #emit({ key, start, end, sum }: Window): void {
    this.firings.push({ key, start, end, sum });
  }
}
