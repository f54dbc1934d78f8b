/** How blocks leave a chain, and how refused rows are cut out of one. */
import {
  blockByteLength,
  blockSelectedRows,
  blockWatermarks,
} from "../protocol/batch/block-header.ts";
import { align8, COLUMN, HEADER } from "../protocol/batch/layout.ts";
import type { ChainOutput } from "./core/task-chain.ts";
import type { BufferInModule } from "./module-instance.ts";
import type { Consumer, OperatorNode } from "./operator-node.ts";

/**
 * Sends a block out of the task: here a record leaves for the network or for a sink's connector. A
 * block without rows leaves as its watermarks and statuses, of watermarks in a row the last. False:
 * there is no room.
 */
export function leaveTask(
  node: OperatorNode,
  block: number,
  consumer: Exclude<Consumer, { type: "node" }>,
  output: ChainOutput,
): boolean {
  const bytes = node.instance.bytes;
  const rows = blockSelectedRows(bytes, block);
  if (consumer.type === "sink") {
    if (rows === 0) return true;
    if (!output.sinkHasRoom(consumer.operator)) return false;
    output.writeSink(consumer.operator, recordsOf(node, block), rows);
    return true;
  }
  const { edge, channel } = consumer;
  if (rows === 0) {
    const list = blockWatermarks(bytes, block);
    for (const [i, { timestamp, idle }] of list.entries()) {
      if (idle !== undefined) output.sendStatus(edge, channel, idle);
      else if (list[i + 1] === undefined || list[i + 1]!.idle !== undefined) {
        output.sendWatermark(edge, channel, timestamp);
      }
    }
    return true;
  }
  if (!output.hasRoom(edge, channel)) return false;
  const length = blockByteLength(bytes, block);
  output.sendBatch(edge, channel, bytes.subarray(block, block + length), rows);
  return true;
}

/** A copy of a block that shows only some of its rows (ascending), without watermarks. */
export function selectRows(
  node: OperatorNode,
  input: number,
  rows: readonly number[],
): BufferInModule {
  const { instance } = node;
  const length = align8(blockByteLength(instance.bytes, input));
  const total = align8(length + 4 * rows.length);
  const copy = instance.bytes.slice(input, input + length);
  const buffer = instance.copyIn(copy, total);
  const { view } = instance;
  const at = buffer.pointer;
  view.setUint32(at + total - 4, 0, true);
  for (let i = 0; i < rows.length; i++) view.setUint32(at + length + 4 * i, rows[i]!, true);
  view.setUint32(at + HEADER.byteLength, total, true);
  view.setUint32(at + HEADER.selection, length, true);
  view.setUint32(at + HEADER.selectionCount, rows.length, true);
  view.setUint32(at + HEADER.watermarks, 0, true);
  view.setUint32(at + HEADER.watermarkCount, 0, true);
  return buffer;
}

/** The text of a sink's `record` column: whole records, one after the other. */
function recordsOf(node: OperatorNode, block: number): Uint8Array {
  const { bytes, view } = node.instance;
  const column = block + view.getUint32(block + HEADER.columnTable, true);
  const start = block + view.getUint32(column + COLUMN.data, true);
  return bytes.subarray(start, start + view.getUint32(column + COLUMN.dataLength, true));
}
