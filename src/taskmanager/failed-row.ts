/** The row at which an operator failed, as a person reads it. Looked up when a call has failed, never before. */
import { readBatch } from "../protocol/batch/batch-reader.ts";
import { blockByteLength } from "../protocol/batch/block-header.ts";
import type { RowValue, Value } from "../protocol/batch/column-value.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { Schema } from "../protocol/types.ts";

/**
 * A row of a block in a module's memory.
 * @param at where the block begins
 * @param row its place in the block, selected or not
 * @returns undefined where the module has spoilt the block, as one that trapped may have
 */
export function rowOfBlock(
  memory: Uint8Array,
  at: number,
  row: number,
  schema: Schema,
): string | undefined {
  try {
    const block = memory.slice(at, at + blockByteLength(memory, at));
    const batch = readBatch(block, schema);
    return row < batch.rowCount ? rowText(batch.rowAt(row), schema) : undefined;
  } catch (thrown) {
    // The failure that is being told is the news, not what it did to its input.
    if (thrown instanceof MillraceError || thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

/** A row with all its values. */
export function rowText(row: RowValue, schema: Schema): string {
  const fields = schema.map(
    ({ name }) => `${JSON.stringify(name)}:${valueText(row[name] ?? null)}`,
  );
  return `{${fields.join(",")}}`;
}

function valueText(value: Value): string {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return `"${value.length} bytes"`;
  // Values inside rows and arrays may be of any kind.
  return JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? String(inner) : inner));
}
