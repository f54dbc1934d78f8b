/** An AggregateFunction without merge(). */
import { expect, test } from "vitest";
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import { conformanceModule, OPERATOR } from "../../conformance/conformance-module.ts";
import { HarnessModule, OperatorHarness } from "../../conformance/operator-harness.ts";

const BIGINT = { type: "BIGINT", nullable: false } as const;
const KEY = { name: "k", type: { type: "STRING", nullable: false } } as const;
const EVENT: Schema = [KEY, { name: "v", type: BIGINT }];
const RESULT: Schema = [
  KEY,
  { name: "sum", type: BIGINT },
  { name: "count", type: BIGINT },
  { name: "cw", type: BIGINT },
  { name: "fired_by", type: { type: "INT", nullable: false } },
  ...["timer", "window_start", "window_end"].map((name) => ({ name, type: BIGINT })),
];
const module = new HarnessModule(await conformanceModule());

function open(operator: number, parameters: Record<string, unknown>): OperatorHarness {
  return new OperatorHarness(module, {
    operator,
    parameters,
    inputs: [{ schema: EVENT, keys: ["k"] }],
    outputs: [{ name: "main", schema: RESULT }],
  });
}

test("is refused where windows merge, when the operator is opened", () => {
  const session = { assigner: "session", gap: 10 };
  expect(() => open(OPERATOR.unmergedSum, session)).toThrow("the function has no merge()");
  open(OPERATOR.sum, session).close();
});

test("gives in sliding windows what a function with merge() gives from slices", () => {
  const sums = [OPERATOR.unmergedSum, OPERATOR.sum].map((operator) => {
    const harness = open(operator, { assigner: "sliding", size: 10, slide: 2, lateness: 3 });
    const results: unknown[] = [];
    for (let i = 0; i < 60; i++) {
      const writer = new BatchWriter(EVENT);
      writer.append([`k${i % 3}`, BigInt(i)], { eventTime: BigInt((i * 7) % 40) });
      harness.process(writer.finish());
      if (i % 5 === 4) harness.watermark(BigInt(i - 10));
      const rows = harness
        .drain()
        .flat()
        .filter((one) => one.type === "row");
      results.push(
        ...rows
          .map(({ values: { k, sum, window_end } }) => `${i} ${k} ${window_end} ${sum}`)
          .sort(),
      );
    }
    harness.close();
    return results;
  });
  expect(sums[0]!.length).toBeGreaterThan(50);
  expect(sums[0]).toEqual(sums[1]);
});
