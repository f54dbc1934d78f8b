/** Random inputs of the functions in assembly/index.ts. */
import { StreamRecord } from "../../../src/testing/index.ts";

export interface Deed {
  readonly user: bigint;
  readonly seed: bigint;
  readonly steps: number;
  readonly poison: boolean;
}

export type Input =
  | { readonly type: "rows"; readonly side: 1 | 2; readonly rows: readonly StreamRecord<Deed>[] }
  | { readonly type: "watermark"; readonly time: number }
  | { readonly type: "clock"; readonly time: number };
export type Stream = readonly Input[];

/** Numbers that follow from a seed (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed * 0x9e3779b9;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }
}

/** About ten batches of rows of a few users, one in eight of poison, with watermarks and the clock between them. */
export function streamOf(dice: Dice, { twoInputs }: { readonly twoInputs: boolean }): Stream {
  const stream: Input[] = [];
  let watermark = 0;
  for (let batch = 0; batch < 10; batch++) {
    const rows = Array.from({ length: 1 + dice.below(20) }, () => {
      const at = Math.max(0, watermark - 20 + dice.below(120));
      return new StreamRecord(deedOf(dice), at);
    });
    stream.push({ type: "rows", side: twoInputs && dice.below(2) === 0 ? 2 : 1, rows });
    if (dice.below(2) === 0) {
      watermark += dice.below(100);
      stream.push({ type: "watermark", time: watermark });
    }
    if (dice.below(4) === 0) stream.push({ type: "clock", time: batch * 80 });
  }
  stream.push({ type: "watermark", time: watermark + 30 });
  return stream;
}

function deedOf(dice: Dice): Deed {
  return {
    user: BigInt(dice.below(6)),
    seed: BigInt(dice.below(1000)),
    steps: dice.below(16),
    poison: dice.below(8) === 0,
  };
}
