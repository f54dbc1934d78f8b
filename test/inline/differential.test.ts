import { describe, expect, test } from "vitest";
import { allCases } from "./cases.ts";
import { runCases } from "./differential.ts";

const cases = await allCases();

describe("functions of one-file jobs give what JavaScript gives, to the bit", () => {
  test("there are at least 200 of them", () => {
    expect(cases.length).toBeGreaterThanOrEqual(200);
  });

  test("over rows from a seed", { timeout: 120_000 }, async () => {
    expect(await runCases(cases, { count: 300, seed: 20_261_121, optimize: "none" })).toEqual([]);
  });
});
