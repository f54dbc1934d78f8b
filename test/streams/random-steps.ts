/** Steps of random streams: rows of few keys around few times, watermarks among them, restores in their middle. */
import fc from "fast-check";

export interface ElementStep {
  readonly op: "element";
  /** Of which of two streams. */
  readonly right: boolean;
  readonly key: bigint;
  readonly at: bigint;
  /** The row's own session gap. */
  readonly gap: bigint;
}

export type Step =
  | ElementStep
  | { readonly op: "watermark"; readonly at: bigint }
  | { readonly op: "flush" | "checkpoint" | "restore" };

const element = fc.record({
  op: fc.constant("element" as const),
  right: fc.boolean(),
  key: fc.bigInt({ min: 0n, max: 3n }),
  at: fc.bigInt({ min: -20n, max: 100n }),
  gap: fc.bigInt({ min: 1n, max: 12n }),
});
const watermark = fc.record({
  op: fc.constant("watermark" as const),
  at: fc.bigInt({ min: -20n, max: 130n }),
});
const disturbance = fc.record({
  op: fc.constantFrom("flush" as const, "checkpoint" as const, "restore" as const),
});

/** At most 60 steps: a sum of powers of two tells which rows are in it. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: element },
    { weight: 3, arbitrary: watermark },
    { weight: 1, arbitrary: disturbance },
  ),
  { maxLength: 60, size: "max" },
);

const MIN = -(2n ** 63n);

/** What a stream of steps is put through: the operator, and the model. */
export interface Player {
  element(step: ElementStep, index: number): void;
  watermark(at: bigint): void;
  flush(): void;
  /** Fixes what a later restore goes back to. */
  checkpoint(): void;
  restore(): void;
}

/** Watermarks that do not grow are left out, as the task in front of an operator does. */
export function play(list: readonly Step[], ...players: readonly Player[]): void {
  let reached = MIN;
  for (const [i, step] of list.entries()) {
    if (step.op === "watermark") {
      if (step.at <= reached) continue;
      reached = step.at;
    }
    if (step.op === "restore") reached = MIN;
    for (const player of players) {
      if (step.op === "element") player.element(step, i);
      else if (step.op === "watermark") player.watermark(step.at);
      else player[step.op]();
    }
  }
  for (const player of players) player.flush();
}

/** Texts between two watermarks in any order: timers of one time may fire in any. */
export function segments(texts: readonly string[]): string[][] {
  const result: string[][] = [[]];
  for (const text of texts) {
    if (text.startsWith("watermark")) result.push([]);
    else result.at(-1)!.push(text);
  }
  return result.filter((one) => one.length > 0).map((one) => one.sort());
}
