/**
 * `node test/operators/functions/soak-strings.ts [ROWS]`: rows (default 100 M) through an operator
 * that makes strings for each; fails if the memory grows once it is warm.
 */
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import { testBundle } from "../../conformance/conformance-module.ts";
import { HarnessModule, OperatorHarness } from "../../conformance/operator-harness.ts";

const BATCH_ROWS = 4000;
/** Batches after which the allocator has the room it needs. */
const WARM_BATCHES = 200;
/** Number of `Stringify` in test/operators/functions/assembly. */
const STRINGIFY = 9;
const LINE: Schema = [
  { name: "text", type: { type: "STRING", nullable: false } },
  { name: "n", type: { type: "BIGINT", nullable: false } },
];

const rows = Number(process.argv[2] ?? 100_000_000);
const module = new HarnessModule(await testBundle("test/operators/functions/assembly"));
const harness = new OperatorHarness(module, {
  operator: STRINGIFY,
  inputs: [{ schema: LINE, keys: [] }],
  outputs: [{ name: "main", schema: LINE }],
});
const writer = new BatchWriter(LINE);
for (let i = 0; i < BATCH_ROWS; i++) writer.append([`a text of some length ${i}`, BigInt(i)]);
const block = writer.finish();

const batches = Math.max(WARM_BATCHES + 1, Math.ceil(rows / BATCH_ROWS));
const started = performance.now();
let warmPages = 0;
for (let i = 0; i < batches; i++) {
  if (i === WARM_BATCHES) warmPages = module.pages;
  harness.processUnread(block);
}
const seconds = (performance.now() - started) / 1000;
console.log(
  JSON.stringify({
    soak: "strings",
    rows: batches * BATCH_ROWS,
    seconds: Number(seconds.toFixed(1)),
    warmPages,
    endPages: module.pages,
  }),
);
process.exitCode = module.pages === warmPages ? 0 : 1;
