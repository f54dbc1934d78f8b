/** Flink's interval join, slow and plain: all rows in a list, each compared with each of the other side. */
import type { ElementStep, Player } from "./random-steps.ts";

const MIN = -(2n ** 63n);

/** Bounds of right - left, and which of them are left out. */
export interface Bounds {
  readonly lower: bigint;
  readonly upper: bigint;
  readonly lowerExclusive: boolean;
  readonly upperExclusive: boolean;
}

interface Row {
  readonly step: ElementStep;
  readonly index: number;
  /** The watermark with which it goes. */
  readonly gone: bigint;
}

interface State {
  readonly rows: readonly Row[];
}

export class IntervalJoinModel implements Player {
  /** "left right time" of each pair, "watermark time". */
  readonly main: string[] = [];
  /** "late index". */
  readonly late: string[] = [];
  readonly #lower: bigint;
  readonly #upper: bigint;
  #watermark = MIN;
  #state: State = { rows: [] };
  #saved: State | undefined;

  constructor({ lower, upper, lowerExclusive, upperExclusive }: Bounds) {
    this.#lower = lowerExclusive ? lower + 1n : lower;
    this.#upper = upperExclusive ? upper - 1n : upper;
  }

  element(step: ElementStep, index: number): void {
    if (this.#watermark !== MIN && step.at < this.#watermark) {
      this.late.push(`late ${index}`);
      return;
    }
    for (const other of this.#state.rows) {
      if (other.step.right === step.right || other.step.key !== step.key) continue;
      const row = { step, index };
      const [left, right] = step.right ? [other, row] : [row, other];
      const apart = right.step.at - left.step.at;
      if (apart < this.#lower || apart > this.#upper) continue;
      const later = left.step.at > right.step.at ? left : right;
      this.main.push(`${left.index} ${right.index} ${later.step.at}`);
    }
    const reach = step.right ? -this.#lower : this.#upper;
    const cleanup = reach > 0n ? step.at + reach : step.at;
    // A timer that is due already fires with the next watermark.
    const gone = cleanup > this.#watermark ? cleanup : this.#watermark + 1n;
    this.#state = { rows: [...this.#state.rows, { step, index, gone }] };
  }

  watermark(at: bigint): void {
    this.#watermark = at;
    this.#state = { rows: this.#state.rows.filter((row) => row.gone > at) };
    this.main.push(`watermark ${at}`);
  }

  flush(): void {}

  checkpoint(): void {
    this.#saved = this.#state;
  }

  /** What a snapshot keeps goes on; the watermark does not. */
  restore(): void {
    this.#saved ??= this.#state;
    this.#state = this.#saved;
    this.#watermark = MIN;
  }
}
