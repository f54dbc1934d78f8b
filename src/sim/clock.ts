/** Virtual time: a queue of events, run one after the other in the order of their moments. */
import { assert } from "../protocol/errors.ts";

/** An event that may be taken back before it has run. */
export interface Scheduled {
  cancelled: boolean;
}

interface Event extends Scheduled {
  readonly atMs: number;
  /** Breaks ties: first scheduled, first run. */
  readonly order: number;
  readonly run: () => void;
}

/** True time of the simulated world; processes have clocks of their own (process.ts). */
export class VirtualClock {
  /** Binary heap. */
  readonly #events: Event[] = [];
  #order = 0;
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Runs something at a moment; one that has passed counts as now. */
  at(atMs: number, run: () => void): Scheduled {
    const moment = Math.max(atMs, this.#nowMs);
    const event: Event = { atMs: moment, order: this.#order++, run, cancelled: false };
    this.#push(event);
    return event;
  }

  after(delayMs: number, run: () => void): Scheduled {
    return this.at(this.#nowMs + delayMs, run);
  }

  /** Runs the next event; false: there is none. */
  step(): boolean {
    for (let event = this.#pop(); event !== undefined; event = this.#pop()) {
      if (event.cancelled) continue;
      assert(event.atMs >= this.#nowMs, "virtual time goes forward");
      this.#nowMs = event.atMs;
      event.run();
      return true;
    }
    return false;
  }

  #push(event: Event): void {
    const heap = this.#events;
    heap.push(event);
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(heap[at]!, heap[parent]!)) return;
      swap(heap, at, parent);
      at = parent;
    }
  }

  #pop(): Event | undefined {
    const heap = this.#events;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
      }
      if (least === at) return first;
      swap(heap, at, least);
      at = least;
    }
  }
}

function before(a: Event, b: Event): boolean {
  return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs;
}

function swap(heap: Event[], a: number, b: number): void {
  const kept = heap[a]!;
  heap[a] = heap[b]!;
  heap[b] = kept;
}
