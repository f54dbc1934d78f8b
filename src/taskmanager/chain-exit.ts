/** How blocks leave a chain. */
import {
  blockByteLength,
  blockSelectedRows,
  blockWatermarks,
} from "../protocol/batch/block-header.ts";
import { COLUMN, HEADER } from "../protocol/batch/layout.ts";
import type { ChainOutput } from "./core/task-chain.ts";
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

/** The text of a sink's `record` column: whole records, one after the other. */
function recordsOf(node: OperatorNode, block: number): Uint8Array {
  const { bytes, view } = node.instance;
  const column = block + view.getUint32(block + HEADER.columnTable, true);
  const start = block + view.getUint32(column + COLUMN.data, true);
  return bytes.subarray(start, start + view.getUint32(column + COLUMN.dataLength, true));
}
