/** What rows that trap do with memory. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { OperatorTestHarness } from "../../../src/testing/index.ts";
import type { Deed } from "./streams.ts";

const ENTRY = fileURLToPath(new URL("./assembly/index.ts", import.meta.url));

const deed = (steps: number, seed: number, poison: boolean): Deed => {
  return { user: 0n, seed: BigInt(seed), steps, poison };
};

test("memory that a row had grown by is there for the next one", async () => {
  using harness = await OperatorTestHarness.open(ENTRY, "Swells", { onRowError: "drop" });
  harness.processElement(deed(1, 0, false));
  // Together four times what a module may have.
  harness.processElements(Array.from({ length: 20 }, () => deed(50, 0, true)));
  harness.processElement(deed(100, 0, false));
  expect(harness.extractOutputValues().map((row) => (row as { n: bigint }).n)).toEqual([1n, 101n]);
  expect(harness.numRecordsFailed).toBe(20);
  expect(harness.logs.length).toBe(20);
  expect(harness.logs[0]).toMatchObject({ level: "warn" });
  expect(harness.logs[0]!.message).toMatch(
    /^Swells: a row is undone and dropped: poison \(grouping/,
  );
});

test("a row that writes more than is noted fails the task, and says so", async () => {
  using harness = await OperatorTestHarness.open(ENTRY, "Swells", { onRowError: "drop" });
  harness.processElement(deed(4, 10, true));
  expect(() => harness.processElement(deed(4, 100, true))).toThrow(
    /Operator Swells failed: one row has written more than 256 MiB/,
  );
});
