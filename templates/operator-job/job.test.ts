import { expectRows, OperatorTestHarness, runJob } from "millrace/testing";
import { expect, test } from "vitest";
import * as ops from "./operators/handles.ts";

test("counts the longer words of each ten lines", async () => {
  const { rows } = await runJob("job.ts");
  // A time is a number of ms, a BIGINT a bigint.
  const first = rows.filter((row) => row.window_start === 1_000);
  const counts = Object.fromEntries(first.map((row) => [row.word, row.count]));
  expect(counts).toMatchObject({ river: 3n, mill: 2n, stone: 2n });
  expect(counts).not.toHaveProperty("the");
});

test("leaves out words that are shorter than minLength", async () => {
  const harness = await OperatorTestHarness.open(ops.splitWords({ minLength: 4 }));
  harness.processElement({ line: "The river, the WHEEL!" });
  expectRows(harness.extractOutputValues(), [{ word: "river" }, { word: "wheel" }]);
});
