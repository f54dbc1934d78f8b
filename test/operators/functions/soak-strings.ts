/**
 * `npm run soak:strings -- [--rows N]`: rows (default 100 M) through an operator that makes strings
 * for each; the exit code is 1 if the memory grows once it is warm.
 */
import { parseArgs } from "node:util";
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

const { values: options } = parseArgs({
  options: { rows: { type: "string", default: "100000000" } },
});
const rows = Number(options.rows);
if (!Number.isSafeInteger(rows) || rows <= 0) {
  console.error(`--rows: ${options.rows} is not a positive number of rows`);
  process.exit(2);
}
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
