import { describe, expect, test } from "vitest";
import { BENCHES } from "../../bench/benches.ts";
import { pairedRounds, rounded, spread, startStretch } from "../../bench/harness.ts";

describe("bench harness", () => {
  test("takes the median of odd and even numbers of measurements", () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
    expect(() => spread([])).toThrow("the list is empty");
  });

  test("alternates the order of paired rounds and divides within a round", async () => {
    const order: string[] = [];
    let round = 0;
    const pair = await pairedRounds(
      async () => {
        order.push("a");
        return 10 * ++round;
      },
      async () => {
        order.push("b");
        return 10;
      },
      3,
    );
    expect(order.join("")).toBe("abbaab");
    expect(pair.ratio).toEqual({ median: 2, min: 1, max: 3 });
    expect(pair.rounds).toHaveLength(3);
  });

  test("measures wall and CPU time of a stretch", () => {
    const end = startStretch();
    let sum = 0;
    for (let i = 0; i < 1e6; i++) sum += i;
    const stretch = end();
    expect(sum).toBeGreaterThan(0);
    expect(stretch.wallSeconds).toBeGreaterThan(0);
    expect(stretch.cpuSeconds).toBeGreaterThanOrEqual(0);
  });

  test("keeps four significant digits", () => {
    expect(rounded(123_456_789)).toBe(123_500_000);
    expect(rounded(0.123456)).toBe(0.1235);
  });

  test("every bench has a name of its own and a help line", () => {
    const names = BENCHES.map((bench) => bench.name);
    expect(new Set(names).size).toBe(names.length);
    for (const bench of BENCHES) expect(bench.help).not.toBe("");
  });
});
