/** What the rows that a test gives an operator are as a batch. */
import { batchValues } from "../embedded/plain-row.ts";
import { BatchWriter } from "../protocol/batch/batch-writer.ts";
import { MillraceError } from "../protocol/errors.ts";
import { ROW_KIND, type Schema } from "../protocol/types.ts";
import type { PlannedOperator } from "./operator-plan.ts";
import { type StreamRecord, wholeTime } from "./stream-element.ts";

/**
 * A batch of one row or more.
 * @throws MillraceError ROW_VALUE_INVALID, HARNESS_TIME_INVALID
 */
export function inputBatch(records: readonly StreamRecord[], schema: Schema): Uint8Array {
  const writer = new BatchWriter(schema);
  for (const { row, timestamp, kind } of records) {
    writer.append(batchValues(row, schema), {
      eventTime: timestamp === undefined ? undefined : wholeTime(timestamp, "timestamp"),
      change: ROW_KIND[kind],
    });
  }
  return writer.finish();
}

/** @throws MillraceError HARNESS_SETUP_INVALID always */
export function missingInput({ task, inputs }: PlannedOperator, input: number): never {
  const isSource = inputs.length === 0;
  const is = isSource ? "it is a source" : `it has no input ${input}`;
  const message = `Cannot give rows to operator ${task.name}: ${is}`;
  throw new MillraceError("HARNESS_SETUP_INVALID", message, {
    expected: isSource ? "poll()" : "processElement",
  });
}
