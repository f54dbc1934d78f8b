/** A simulated isolate (worker thread) of a process, and the queues between isolates. */
import { Life, type Life as ProcessLife, type SimProcess } from "./process.ts";
import type { Random } from "./random.ts";

/** Longest time of a message between two isolates of a process, and between two turns of a loop. */
const HOP_MAX_MS = 0.4;

/** An isolate; ends with its process, or before. */
export class Isolate {
  readonly process: SimProcess;
  readonly life: Life;
  readonly #random: Random;
  #stuck = false;

  /** @param life given for the main isolate, whose life is that of its process */
  constructor(process: SimProcess, random: Random, parent: ProcessLife, main = false) {
    this.process = process;
    this.life = main ? parent : new Life(parent);
    this.#random = random;
  }

  get alive(): boolean {
    return this.life.alive;
  }

  /** A call in it never returns. */
  get stuck(): boolean {
    return this.#stuck;
  }

  stick(): void {
    this.#stuck = true;
  }

  /** Ends it, even if it is stuck. */
  terminate(): void {
    this.life.end();
  }

  after(delayMs: number, run: () => void): void {
    this.process.after(this.life, delayMs, () => {
      if (!this.#stuck) run();
    });
  }

  /** At the next turn of its event loop. */
  soon(run: () => void): void {
    this.after(this.hopMs(), run);
  }

  hopMs(): number {
    return this.#random.fraction() * HOP_MAX_MS;
  }
}

/** Messages into an isolate, in their order. */
export class Lane<T> {
  readonly #to: Isolate;
  readonly #deliver: (item: T) => void;
  readonly #items: T[] = [];
  #arrivesMs = 0;

  constructor(to: Isolate, deliver: (item: T) => void) {
    this.#to = to;
    this.#deliver = deliver;
  }

  post(item: T): void {
    this.#items.push(item);
    const { nowMs } = this.#to.process;
    this.#arrivesMs = Math.max(this.#arrivesMs, nowMs + this.#to.hopMs());
    this.#to.after(this.#arrivesMs - nowMs, () => this.#next());
  }

  /** Takes items back that came too early: they are delivered again, before all others. */
  putBack(items: readonly T[]): void {
    this.#items.unshift(...items);
    for (const _ of items) this.#to.after(this.#to.hopMs(), () => this.#next());
  }

  /** Delivers all that is under way at once. @returns whether there was anything */
  drain(): boolean {
    if (this.#items.length === 0) return false;
    while (this.#items.length > 0) this.#next();
    return true;
  }

  #next(): void {
    const item = this.#items.shift();
    if (item !== undefined) this.#deliver(item);
  }
}
