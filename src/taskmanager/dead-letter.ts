/** What becomes of rows whose processing failed, where their operator's `onRowError` is `dead-letter`. */
import { UNIT } from "../protocol/abi.ts";
import { type BatchReader, readBatch } from "../protocol/batch/batch-reader.ts";
import { BatchWriter } from "../protocol/batch/batch-writer.ts";
import { blockByteLength } from "../protocol/batch/block-header.ts";
import type { RowValue } from "../protocol/batch/column-value.ts";
import { objectText } from "../protocol/batch/json-text.ts";
import { ROW_LETTER_SCHEMA } from "../protocol/dead-letter.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { Schema } from "../protocol/types.ts";
import type { CallFrame } from "./call-frame.ts";
import { rowText } from "./failed-row.ts";
import { NO_ROW } from "./module-instance.ts";
import type { OperatorNode } from "./operator-node.ts";

/** A row that failed, and why. */
export interface DeadLetter {
  readonly record: string;
  readonly error: string;
  /** Its number in the operator's input, from 1 (0: it came with a snapshot); of a timer or window the number of records before it. */
  readonly position: number;
  readonly eventTime: bigint | undefined;
}

/** Letters that are handed on at once, where a call has more. */
export const LETTERS_AT_ONCE = 1_024;

/** Names of units that are not rows. */
const UNIT_NAMES: Readonly<Record<number, string>> = {
  [UNIT.eventTimer]: "event-time timer",
  [UNIT.processingTimer]: "processing-time timer",
  [UNIT.window]: "window",
  [UNIT.waiting]: "waiting event",
};

/** The letter of a row of the call's input block. */
export function rowLetter(frame: CallFrame, row: number, error: string): DeadLetter {
  const { node, port } = frame;
  const schema = node.inputs[port]!;
  const batch = batchOf(frame, schema);
  return {
    record: jsonOf(batch.rowAt(row), schema),
    error,
    position: (node.site.records ?? 0) + row + 1,
    eventTime: batch.eventTimeAt(row),
  };
}

/** The letter of what RESULT names, where it is no row of the call's input. */
export function letterOf(node: OperatorNode, error: string): DeadLetter {
  const kept = keptRow(node);
  return kept === undefined ? unitLetter(node, error) : { ...kept, error };
}

/** The row that RESULT shows, of those that the operator has kept; undefined: it is another unit that failed. */
export function keptRow({ instance, inputs }: OperatorNode): Omit<DeadLetter, "error"> | undefined {
  const isKept = instance.result("row") === NO_ROW && instance.result("code") === UNIT.keptRow;
  const schema = inputs[0];
  if (!isKept || schema === undefined) return undefined;
  const { bytes } = instance;
  const at = instance.result("keyGroup");
  const batch = readBatch(bytes.slice(at, at + blockByteLength(bytes, at)), schema);
  return {
    record: jsonOf(batch.rowAt(0), schema),
    position: Number(instance.resultTime()),
    eventTime: batch.eventTimeAt(0),
  };
}

/** The letter of a timer or window. */
function unitLetter(node: OperatorNode, error: string): DeadLetter {
  const { instance } = node;
  const time = instance.resultTime();
  const failed = `"failed":${JSON.stringify(UNIT_NAMES[instance.result("code")])}`;
  return {
    record: `{${failed},"time":${time},"key":${keyOf(node)}}`,
    error,
    position: instance.counter("rowsIn"),
    eventTime: undefined,
  };
}

function keyOf({ instance, key }: OperatorNode): string {
  const at = instance.result("pointer");
  if (at === 0) return "null";
  const { bytes } = instance;
  const block = bytes.slice(at, at + blockByteLength(bytes, at));
  return jsonOf(readBatch(block, key).rowAt(0), key);
}

/** Letters as a block of the dead-letter output. */
export function letterBlock(node: OperatorNode, letters: readonly DeadLetter[]): Uint8Array {
  const writer = new BatchWriter(ROW_LETTER_SCHEMA);
  const { name } = node.site;
  for (const { record, error, position, eventTime } of letters) {
    writer.append([record, error, BigInt(position), name, node.subtask], { eventTime });
  }
  return writer.finish();
}

/** The call's input, copied at its first failure: it does not change while the call lasts. */
function batchOf(frame: CallFrame, schema: Schema): BatchReader {
  if (frame.batch !== undefined) return frame.batch;
  const { bytes } = frame.node.instance;
  const block = bytes.slice(frame.input, frame.input + blockByteLength(bytes, frame.input));
  frame.batch = readBatch(block, schema);
  return frame.batch;
}

function jsonOf(row: RowValue, schema: Schema): string {
  try {
    return objectText(schema.map((field) => [field, row[field.name] ?? null]));
  } catch (thrown) {
    // A date beyond the year 9999 has no text: the row is shown by its numbers.
    if (!(thrown instanceof MillraceError)) throw thrown;
    return rowText(row, schema);
  }
}
