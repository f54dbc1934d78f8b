/**
 * What the host does with a block on the hot path: it looks at the 64-byte header and at the
 * watermark list, never at a row. Blocks need not be aligned in the buffers they arrive in.
 */
import { MillraceError } from "../errors.ts";
import { BATCH_MAX_BYTES, BATCH_MAX_ROWS, SCHEMA_MAX_COLUMNS } from "../limits.ts";
import { BATCH_VERSION } from "../versions.ts";
import {
  align8,
  BATCH_MAGIC,
  COLUMN_BYTES,
  HEADER,
  HEADER_BYTES,
  WATERMARK,
  WATERMARK_BYTES,
  WATERMARK_KIND,
} from "./layout.ts";

/**
 * A watermark or a status inside a batch: it holds before row `row`; row = row count: after the last
 * one.
 */
export interface BatchWatermark {
  /** Of a status: 0. */
  readonly timestamp: bigint;
  readonly row: number;
  /** There: it is a status (Flink: WatermarkStatus), not a watermark. */
  readonly idle?: boolean;
}

/** Rows of a block, selected or not. `at` is the start of the block in `bytes`. */
export function blockRowCount(bytes: Uint8Array, at = 0): number {
  return readU32(bytes, at + HEADER.rowCount);
}

/** Rows that a reader of the block sees: the selection's, or all. */
export function blockSelectedRows(bytes: Uint8Array, at = 0): number {
  const selected = readU32(bytes, at + HEADER.selection) !== 0;
  return readU32(bytes, at + (selected ? HEADER.selectionCount : HEADER.rowCount));
}

/** Length of a block in bytes, from its header: what to copy out of a linear memory. */
export function blockByteLength(bytes: Uint8Array, at = 0): number {
  return readU32(bytes, at + HEADER.byteLength);
}

/** Watermarks and statuses of a block, ascending by row. Most blocks have none: then nothing is allocated. */
export function blockWatermarks(bytes: Uint8Array, at = 0): readonly BatchWatermark[] {
  const count = readU32(bytes, at + HEADER.watermarkCount);
  if (count === 0) return NO_WATERMARKS;
  const view = viewOf(bytes);
  const list = at + view.getUint32(at + HEADER.watermarks, true);
  return Array.from({ length: count }, (_, i) => {
    const entry = list + i * WATERMARK_BYTES;
    const timestamp = view.getBigInt64(entry + WATERMARK.timestamp, true);
    const row = view.getUint32(entry + WATERMARK.row, true);
    const kind = view.getUint32(entry + WATERMARK.kind, true);
    if (kind === WATERMARK_KIND.watermark) return { timestamp, row };
    return { timestamp, row, idle: kind === WATERMARK_KIND.idle };
  });
}

const NO_WATERMARKS: readonly BatchWatermark[] = Object.freeze([]);

/**
 * Replaces the watermark list, as coalescing over channels demands: in place where the new list is no
 * longer than the old one, which it is but for a status that lets a watermark out before it.
 * @returns the block: `bytes`, or a longer copy
 */
export function rewriteBlockWatermarks(
  bytes: Uint8Array,
  watermarks: readonly BatchWatermark[],
): Uint8Array {
  const room = viewOf(bytes).getUint32(HEADER.watermarkCount, true);
  const block = watermarks.length > room ? withListOf(bytes, watermarks.length) : bytes;
  const view = viewOf(block);
  const list = view.getUint32(HEADER.watermarks, true);
  for (const [i, watermark] of watermarks.entries()) {
    writeWatermark(view, list + i * WATERMARK_BYTES, watermark);
  }
  view.setUint32(HEADER.watermarkCount, watermarks.length, true);
  return block;
}

/** Writes an entry of a watermark list. */
export function writeWatermark(view: DataView, entry: number, watermark: BatchWatermark): void {
  view.setBigInt64(entry + WATERMARK.timestamp, watermark.timestamp, true);
  view.setUint32(entry + WATERMARK.row, watermark.row, true);
  const status = watermark.idle ? WATERMARK_KIND.idle : WATERMARK_KIND.active;
  const kind = watermark.idle === undefined ? WATERMARK_KIND.watermark : status;
  view.setUint32(entry + WATERMARK.kind, kind, true);
}

/** A copy of a block with a list of so many entries behind all else. */
function withListOf(bytes: Uint8Array, entries: number): Uint8Array {
  const list = align8(bytes.byteLength);
  const block = new Uint8Array(list + entries * WATERMARK_BYTES);
  block.set(bytes);
  const view = viewOf(block);
  view.setUint32(HEADER.byteLength, block.byteLength, true);
  view.setUint32(HEADER.watermarks, list, true);
  return block;
}

/** What checkBlockHeader may be told about the stream. */
export interface ExpectedBlock {
  /** Top-level columns of the stream's schema. */
  readonly columnCount?: number;
  /** schemaHash of the stream's schema; a block that states none passes. */
  readonly schemaHash?: number;
}

/**
 * Ingress check at fixed cost: everything in the header, nothing per column or row. readBatch and
 * checkBlock go deeper.
 * @throws MillraceError BATCH_INVALID naming the header field.
 */
export function checkBlockHeader(bytes: Uint8Array, expected: ExpectedBlock = {}): void {
  if (bytes.byteLength < HEADER_BYTES || bytes.byteLength > BATCH_MAX_BYTES) {
    const range = `${HEADER_BYTES} to ${BATCH_MAX_BYTES} bytes`;
    throw batchInvalid("length", bytes.byteLength, range);
  }
  const view = viewOf(bytes);
  const u32 = (offset: number): number => view.getUint32(offset, true);
  same("magic", u32(HEADER.magic), BATCH_MAGIC);
  same("version", view.getUint16(HEADER.version, true), BATCH_VERSION);
  same("flags", view.getUint16(HEADER.flags, true), 0);
  same("byteLength", u32(HEADER.byteLength), bytes.byteLength);
  if (bytes.byteLength % 8 !== 0) {
    throw batchInvalid("byteLength", bytes.byteLength, "a multiple of 8");
  }
  const rows = u32(HEADER.rowCount);
  if (rows > BATCH_MAX_ROWS) throw batchInvalid("rowCount", rows, `at most ${BATCH_MAX_ROWS}`);
  const nodes = u32(HEADER.nodeCount);
  if (nodes > SCHEMA_MAX_COLUMNS) {
    throw batchInvalid("nodeCount", nodes, `at most ${SCHEMA_MAX_COLUMNS}`);
  }
  const columns = u32(HEADER.columnCount);
  if (columns > nodes) throw batchInvalid("columnCount", columns, `at most nodeCount ${nodes}`);
  if (expected.columnCount !== undefined) same("columnCount", columns, expected.columnCount);
  if (nodes > 0) checkRange("columnTable", u32(HEADER.columnTable), nodes * COLUMN_BYTES, bytes);
  checkLanes(bytes, u32, rows);
  same("reserved", u32(HEADER.reserved), 0);
  const hash = u32(HEADER.schemaHash);
  if (hash !== 0 && expected.schemaHash !== undefined) {
    same("schemaHash", hash, expected.schemaHash);
  }
}

function checkLanes(bytes: Uint8Array, u32: (offset: number) => number, rows: number): void {
  const eventTime = u32(HEADER.eventTime);
  if (eventTime !== 0) checkRange("eventTime", eventTime, rows * 8, bytes);
  const validity = u32(HEADER.eventTimeValidity);
  if (validity !== 0) {
    if (eventTime === 0) throw batchInvalid("eventTimeValidity", validity, "0 without eventTime");
    checkRange("eventTimeValidity", validity, Math.ceil(rows / 8), bytes);
  }
  const change = u32(HEADER.change);
  if (change !== 0) checkRange("change", change, rows, bytes);
  const selected = u32(HEADER.selectionCount);
  if (selected > rows) throw batchInvalid("selectionCount", selected, `at most ${rows} rows`);
  const selection = u32(HEADER.selection);
  if (selection !== 0) checkRange("selection", selection, selected * 4, bytes);
  else if (selected !== 0) throw batchInvalid("selectionCount", selected, "0 without selection");
  const watermarks = u32(HEADER.watermarks);
  const count = u32(HEADER.watermarkCount);
  if (watermarks !== 0) checkRange("watermarks", watermarks, count * WATERMARK_BYTES, bytes);
  else if (count !== 0) throw batchInvalid("watermarkCount", count, "0 without watermarks");
}

/** Checks that a buffer is 8-byte aligned, behind the header and inside the block. */
export function checkRange(field: string, offset: number, length: number, bytes: Uint8Array): void {
  if (offset % 8 !== 0) throw batchInvalid(field, offset, "a multiple of 8");
  if (offset < HEADER_BYTES) throw batchInvalid(field, offset, `at least ${HEADER_BYTES}`);
  if (offset + length > bytes.byteLength) {
    const expected = `at most ${bytes.byteLength - length}: the buffer has ${length} bytes`;
    throw batchInvalid(field, offset, expected);
  }
}

/** Throws unless a number of the block is the one it must be. */
export function same(field: string, found: number, expected: number): void {
  if (found !== expected) throw batchInvalid(field, found, String(expected));
}

/** The error of everything that is wrong with a block. */
export function batchInvalid(
  field: string,
  value: number | bigint | string,
  expected: string,
): MillraceError {
  const message = `Cannot read batch: ${field} is ${value}, expected ${expected}`;
  return new MillraceError("BATCH_INVALID", message, { field, value: String(value), expected });
}

/** A view over a block's bytes wherever they lie in their buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}
