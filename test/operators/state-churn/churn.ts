/** Runs the operator of assembly/ and looks at what memory its module holds. */
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import { testBundle } from "../../conformance/conformance-module.ts";
import { HarnessModule, OperatorHarness } from "../../conformance/operator-harness.ts";

const BATCH_ROWS = 4000;
const BATCHES = 25;
const LONGEST_TEXT = 1000;
const CHANGE: Schema = [
  { name: "k", type: { type: "BIGINT", nullable: false } },
  { name: "text", type: { type: "STRING", nullable: false } },
];
const NOTHING: Schema = [{ name: "n", type: { type: "BIGINT", nullable: false } }];

export interface ChurnOptions {
  /** State changes in all. */
  readonly updates: number;
  readonly keys: number;
  readonly seed: number;
}

export interface ChurnResult {
  readonly updates: number;
  /** Pages of 64 KiB that the module's memory had after a tenth of the updates, and at the end. */
  readonly warmPages: number;
  readonly endPages: number;
}

/** Changes values, map entries and list elements of random keys to texts of random lengths. */
export async function churn({ updates, keys, seed }: ChurnOptions): Promise<ChurnResult> {
  const module = new HarnessModule(await testBundle("test/operators/state-churn/assembly"));
  const harness = new OperatorHarness(module, {
    operator: 0,
    parameters: { seed },
    inputs: [{ schema: CHANGE, keys: ["k"] }],
    outputs: [{ name: "main", schema: NOTHING }],
  });
  const blocks = changes(keys, seed);
  const batches = Math.max(10, Math.ceil(updates / BATCH_ROWS));
  let warmPages = 0;
  for (let i = 0; i < batches; i++) {
    if (i === Math.floor(batches / 10)) warmPages = module.pages;
    harness.processUnread(blocks[i % blocks.length]!);
  }
  return { updates: batches * BATCH_ROWS, warmPages, endPages: module.pages };
}

/** Batches of keys and texts: short ones mostly. */
function changes(keys: number, seed: number): Uint8Array[] {
  let state = seed;
  const random = () => {
    state = (state * 48_271) % 0x7fff_ffff;
    return state / 0x7fff_ffff;
  };
  return Array.from({ length: BATCHES }, () => {
    const writer = new BatchWriter(CHANGE);
    for (let row = 0; row < BATCH_ROWS; row++) {
      const length = Math.floor(LONGEST_TEXT ** random());
      writer.append([BigInt(Math.floor(random() * keys)), "x".repeat(length)]);
    }
    return writer.finish();
  });
}
