import { describe, expect, test } from "vitest";
import { writeBatch } from "../../src/protocol/batch/batch-writer.ts";
import { HarnessModule, OperatorHarness, TIGHT } from "../conformance/operator-harness.ts";
import { columnsOf, compileRequests } from "./differential.ts";
import { makeRows, SCHEMA } from "./rows.ts";
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

test("millions of texts in the state of a few keys take no more memory than the first thousands", {
  timeout: 60_000,
}, async () => {
  const one = cases.find(({ kind, tags }) => kind === "reduce" && tags.includes("text in state"))!;
  const request = {
    name: "x",
    kind: one.kind,
    input: SCHEMA,
    keys: one.keys,
    functions: one.nodes,
  };
  const { generated, module } = await compileRequests([request], "none");
  const harness = new OperatorHarness(new HarnessModule(module), {
    operator: 0,
    inputs: [{ schema: SCHEMA, keys: one.keys }],
    outputs: [
      {
        name: "main",
        schema: [SCHEMA.find(({ name }) => name === "tiny")!, ...generated.operators[0]!.output],
      },
    ],
  });
  const block = writeBatch(SCHEMA, makeRows(4_000, 9).map(columnsOf));
  const used = () => [harness.module.pages, harness.module.counter("stateBytes")];
  for (let i = 0; i < 10; i++) harness.processUnread(block);
  const warm = used();
  for (let i = 0; i < 500; i++) harness.processUnread(block);
  expect(harness.module.counter("rowsIn")).toBe(2_040_000n);
  expect(used()).toEqual(warm);
  expect(warm[1]).toBeLessThan(256 * 1_024);
});
