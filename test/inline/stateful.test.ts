import { describe, expect, test } from "vitest";
import { TIGHT } from "../conformance/operator-harness.ts";
import { runStateful, statefulCases } from "./stateful.ts";

const cases = await statefulCases();

describe("reduce and aggregate give what JavaScript gives, to the bit", () => {
  const run = { count: 400, seed: 20_261_122, optimize: "none" } as const;

  test("over rows from a seed", { timeout: 120_000 }, async () => {
    expect(await runStateful(cases, run)).toEqual([]);
  });

  test("with state that is written out and read again", { timeout: 120_000 }, async () => {
    expect(await runStateful(cases, { ...run, restore: true })).toEqual([]);
  });

  test("with rooms of one row and slices of none", { timeout: 120_000 }, async () => {
    expect(await runStateful(cases, { ...run, count: 60, mode: TIGHT })).toEqual([]);
  });
});
