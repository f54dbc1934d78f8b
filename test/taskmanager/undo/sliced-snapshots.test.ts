/**
 * A trap at random rows, growth to a random size, a snapshot in slices from a random place on: the bytes of the state are those of a
 * run without the rows that trap, of the bundle as it was built.
 */
import { expect, test } from "vitest";
import { DrivenOperator, type TimedDeed } from "./driven-operator.ts";
import { Dice } from "./streams.ts";

const SEEDS = 5;
const BATCHES = 12;

interface Plan {
  readonly batches: readonly (readonly TimedDeed[])[];
  readonly watermarks: readonly (number | undefined)[];
  /** Behind which batches snapshots begin, and of how many rows a slice is. */
  readonly begins: readonly number[];
  readonly slice: number;
}

function planOf(dice: Dice): Plan {
  const users = 1 + dice.below(3_000);
  const batches = Array.from({ length: BATCHES }, () =>
    Array.from({ length: dice.below(500) }, (): TimedDeed => {
      const deed = { user: BigInt(dice.below(users)), seed: BigInt(dice.below(1 << 30)) };
      const poison = dice.below(10) === 0;
      return [{ ...deed, steps: dice.below(8), poison }, dice.below(400)];
    }),
  );
  const watermarks = batches.map(() => (dice.below(3) === 0 ? dice.below(400) : undefined));
  const begins = [dice.below(BATCHES - 4), BATCHES - 2];
  return { batches, watermarks, begins, slice: 1 + dice.below(200) };
}

/** Feeds the rows; answers the records of a full snapshot, and of one of what changed behind it. */
async function run(plan: Plan, isClean: boolean): Promise<{ states: string[][]; failed: number }> {
  const operator = await DrivenOperator.open("Everything", {
    keyBy: ["user"],
    parameters: { traps: !isClean },
    ...(isClean ? {} : { onRowError: "drop" as const }),
  });
  const states: string[][] = [];
  let watermark = Number.MIN_SAFE_INTEGER;
  let inSnapshot = false;
  for (const [i, batch] of plan.batches.entries()) {
    operator.rows(isClean ? batch.filter(([deed]) => !deed.poison) : batch);
    watermark = Math.max(watermark, plan.watermarks[i] ?? watermark);
    if (plan.watermarks[i] === watermark) operator.watermark(watermark);
    const next = plan.begins.indexOf(i);
    if (next !== -1) {
      if (inSnapshot) states.push(operator.finish());
      operator.begin(next + 1, next === 0 ? -1 : 1, plan.slice);
      inSnapshot = true;
    } else if (inSnapshot) {
      const records = operator.slice(plan.slice);
      if (records !== undefined) states.push(records);
      inSnapshot = records === undefined;
    }
  }
  if (inSnapshot) states.push(operator.finish());
  operator.begin(3, -1, plan.slice);
  states.push(operator.finish());
  const { failed } = operator;
  operator.close();
  return { states, failed };
}

test("snapshots in slices between rows that trap have the bytes of a run without those rows", async () => {
  let trapped = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const plan = planOf(new Dice(seed));
    const [dirty, clean] = [await run(plan, false), await run(plan, true)];
    expect(dirty.states.length).toBe(3);
    for (const [i, state] of dirty.states.entries()) {
      expect(state, `seed ${seed}, snapshot ${i + 1}`).toEqual(clean.states[i]);
    }
    trapped += dirty.failed;
    expect(clean.failed).toBe(0);
  }
  expect(trapped).toBeGreaterThan(100);
});
