import { test, expect } from "vitest";
import { OperatorTestHarness } from "../../../src/testing/index.ts";
const entry = new URL("./assembly/index.ts", import.meta.url);
test("smoke", async () => {
  const h = await OperatorTestHarness.open(entry, "Everything", { onRowError: "dead-letter", keyBy: ["user"] });
  h.processElements([{ user: 1n, seed: 1n, steps: 10, poison: false },{ user: 1n, seed: 1n, steps: 10, poison: true },{ user: 2n, seed: 5n, steps: 20, poison: false },{ user: 2n, seed: 7n, steps: 20, poison: true }] as never);
  console.log(h.extractOutputValues(), h.extractSideOutputValues("dead_letter"), h.numRecordsFailed);
  h.processWatermark(1000);
  console.log(h.extractSideOutputValues("dead_letter"), h.numRecordsFailed);
});
