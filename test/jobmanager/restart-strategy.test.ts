import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { restartStrategyOf } from "../../src/jobmanager/core/restart-strategy.ts";
import { runRestartCases } from "../conformance/restart.ts";

const shared =
  process.env.MILLRACE_SHARED ?? fileURLToPath(new URL("../../../shared", import.meta.url));
const conformance = `${shared}/conformance`;

describe("restart strategies", () => {
  test("decide every conformance case as Flink does", () => {
    if (!existsSync(`${conformance}/restart.jsonl`)) {
      console.warn(`SKIPPED: restart conformance, no cases in ${conformance}`);
      return;
    }
    const results = runRestartCases(conformance) ?? [];
    expect(results.length).toBeGreaterThan(100);
    expect(results.filter((result) => !result.ok)).toEqual([]);
  });

  test("jitter stays within its share and within [initial, max]", () => {
    const spec = {
      type: "exponential_delay" as const,
      initial: 100,
      max: 1_000,
      multiplier: 3,
      reset_threshold: 60_000,
      jitter: 0.5,
      attempts: 10,
    };
    const delays = (random: number) => {
      const strategy = restartStrategyOf(spec);
      let nowMs = 0;
      return [0, 1, 2, 3].map(() => {
        nowMs += 5_000;
        return strategy.notifyFailure(nowMs, random).delayMs;
      });
    };
    expect(delays(0)).toEqual([100, 150, 450, 500]);
    expect(delays(0.999999)).toEqual([150, 450, 1_000, 1_000]);
  });

  test("refuse a first delay above the largest one, with the field", () => {
    const spec = {
      type: "exponential_delay" as const,
      initial: 100,
      max: 10,
      multiplier: 2,
      reset_threshold: 1,
      jitter: 0,
      attempts: 1,
    };
    expect(() => restartStrategyOf(spec)).toThrow(
      expect.objectContaining({
        code: "RESTART_STRATEGY_INVALID",
        field: "restartStrategy.initial",
      }),
    );
  });
});
