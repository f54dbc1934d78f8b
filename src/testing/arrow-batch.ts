/**
 * Blocks as Arrow record batches and back. Outwards every buffer is a view on the block; only a
 * block that lies unaligned is copied first. Inwards each buffer is copied once, into the block.
 *
 * Lanes are extra columns ($event_time, $change), watermarks are metadata of the record batch. A
 * selection becomes one record batch per run of selected rows: slices of the same buffers.
 */
import {
  Field as ArrowField,
  Schema as ArrowSchema,
  type Data,
  type DataType,
  makeData,
  RecordBatch,
  Struct,
  Table,
  TimestampMillisecond,
  Uint8,
} from "apache-arrow";
import type { BatchReader } from "../protocol/batch/batch-reader.ts";
import { readBatch } from "../protocol/batch/batch-reader.ts";
import {
  assembleBlock,
  type BlockLanes,
  type NodeBuffers,
} from "../protocol/batch/block-assembler.ts";
import { type Column, countBits } from "../protocol/batch/block-columns.ts";
import { type BatchWatermark, viewOf } from "../protocol/batch/block-header.ts";
import { bitAt } from "../protocol/batch/column-value.ts";
import { HEADER } from "../protocol/batch/layout.ts";
import type { Field, Schema } from "../protocol/types.ts";
import { arrowField, arrowType, fieldOf } from "./arrow-type.ts";

const EVENT_TIME = "$event_time";
const CHANGE = "$change";
/** Metadata of a record batch: JSON list of [timestamp as text, row]. */
const WATERMARKS = "millrace.watermarks";

/**
 * A block as an Arrow table of one record batch, or one per run of selected rows.
 * @throws MillraceError BATCH_INVALID if the block is malformed.
 */
export function arrowTableOf(block: Uint8Array, schema?: Schema): Table {
  const batch = readBatch(block.byteOffset % 8 === 0 ? block : block.slice(), schema);
  const whole = recordBatchOf(batch);
  if (!batch.hasSelection) return new Table([whole]);
  return new Table(whole.schema, slicesOf(batch, whole));
}

/** One slice per run; a watermark goes to the run of the next selected row, or behind the last. */
function slicesOf(batch: BatchReader, whole: RecordBatch): RecordBatch[] {
  const selected = selectedRuns(batch);
  const runs: [number, number][] = selected.length === 0 ? [[0, 0]] : selected;
  return runs.map(([from, to], i) => {
    const after = runs[i - 1]?.[1] ?? 0;
    const before = i === runs.length - 1 ? Number.POSITIVE_INFINITY : to;
    const here = batch.watermarks
      .filter(({ row }) => (row >= after || i === 0) && row < before)
      .map(({ timestamp, row }) => ({
        timestamp,
        row: Math.min(Math.max(row - from, 0), to - from),
      }));
    return new RecordBatch(whole.schema, whole.slice(from, to).data, watermarkMetadata(here));
  });
}

function watermarkMetadata(watermarks: readonly BatchWatermark[]): Map<string, string> {
  const list = watermarks.map(({ timestamp, row }) => [timestamp.toString(), row]);
  return new Map(list.length === 0 ? [] : [[WATERMARKS, JSON.stringify(list)]]);
}

/** A checked batch as an Arrow record batch of all its rows, selected or not. */
export function recordBatchOf(batch: BatchReader): RecordBatch {
  const fields = batch.schema.map(arrowField);
  const children = batch.columns.map((column) => dataOf(column));
  if (batch.hasEventTime) {
    const time = new TimestampMillisecond();
    fields.push(new ArrowField(EVENT_TIME, time, true));
    children.push(eventTimeData(batch, time));
  }
  if (batch.hasChange) {
    fields.push(new ArrowField(CHANGE, new Uint8(), false));
    const data = lane(batch, HEADER.change, batch.rowCount);
    children.push(makeData({ type: new Uint8(), length: batch.rowCount, nullCount: 0, data }));
  }
  const type = new Struct(fields);
  const data = makeData({ type, length: batch.rowCount, nullCount: 0, children });
  return new RecordBatch(new ArrowSchema(fields), data, watermarkMetadata(batch.watermarks));
}

function selectedRuns(batch: BatchReader): [number, number][] {
  const runs: [number, number][] = [];
  for (const row of batch.selectedRows()) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === row) last[1] = row + 1;
    else runs.push([row, row + 1]);
  }
  return runs;
}

function lane(batch: BatchReader, field: number, bytes: number): Uint8Array {
  const at = viewOf(batch.bytes).getUint32(field, true);
  return batch.bytes.subarray(at, at + bytes);
}

function eventTimeData(batch: BatchReader, type: TimestampMillisecond): Data {
  const { rowCount } = batch;
  const bytes = lane(batch, HEADER.eventTime, rowCount * 8);
  const partial = viewOf(batch.bytes).getUint32(HEADER.eventTimeValidity, true) !== 0;
  const bits = lane(batch, HEADER.eventTimeValidity, Math.ceil(rowCount / 8));
  return makeData({
    type,
    length: rowCount,
    nullCount: partial ? rowCount - countBits(bits, rowCount) : 0,
    nullBitmap: partial ? bits : null,
    data: typedView(bytes, BigInt64Array),
  });
}

/** Arrow's view on a column: no byte is copied. */
function dataOf(column: Column): Data {
  const type: DataType = arrowType(column.type);
  const { length, nullCount, storage, offsets } = column;
  const common = { length, nullCount, nullBitmap: column.validity ?? null };
  const valueOffsets = offsets === undefined ? undefined : typedView(offsets, Int32Array);
  const children = column.children.map(dataOf);
  switch (storage.kind) {
    case "struct":
      return makeData({ ...common, type: type as Struct, children });
    case "list":
      return makeData({ ...common, type, valueOffsets, child: children[0]! } as never);
    case "variable":
      return makeData({ ...common, type, valueOffsets, data: column.data } as never);
    default: {
      const { ArrayType } = type;
      return makeData({ ...common, type, data: typedView(column.data, ArrayType) } as never);
    }
  }
}

interface TypedArrayConstructor<T> {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

function typedView<T>(bytes: Uint8Array, type: TypedArrayConstructor<T>): T {
  return new type(bytes.buffer, bytes.byteOffset, bytes.byteLength / type.BYTES_PER_ELEMENT);
}

/** The schema and the blocks of an Arrow table, one per record batch. */
export interface ArrowBlocks {
  readonly schema: Schema;
  readonly blocks: readonly Uint8Array[];
}

/**
 * Imports an Arrow table. $event_time and $change become lanes again.
 * @throws MillraceError UNSUPPORTED_TYPE for Arrow types without a counterpart of equal buffers.
 */
export function blocksOf(table: Table): ArrowBlocks {
  const columns = table.schema.fields.filter((field) => !isLane(field));
  const schema = columns.map(fieldOf);
  return { schema, blocks: table.batches.map((batch) => blockOf(batch, schema)) };
}

function isLane(field: ArrowField): boolean {
  return field.name === EVENT_TIME || field.name === CHANGE;
}

function blockOf(batch: RecordBatch, schema: readonly Field[]): Uint8Array {
  const { fields } = batch.schema;
  const lanes = new Map<string, Data>();
  const queue: Data[] = [];
  for (const [i, field] of fields.entries()) {
    const data = batch.data.children[i]!;
    if (isLane(field)) lanes.set(field.name, data);
    else queue.push(data);
  }
  const nodes: NodeBuffers[] = [];
  // Breadth first, in the order of the column table; the queue grows by each node's children.
  for (const data of queue) {
    nodes.push(buffersOf(data));
    queue.push(...data.children);
  }
  return assembleBlock(schema, nodes, {
    rowCount: batch.numRows,
    ...laneBuffers(lanes),
    watermarks: watermarksOf(batch),
  });
}

function laneBuffers(lanes: ReadonlyMap<string, Data>): Partial<BlockLanes> {
  const time = lanes.get(EVENT_TIME);
  const change = lanes.get(CHANGE);
  return {
    ...(time && { eventTime: bytesOf(time.values, 0, time.length * 8) }),
    ...(time && time.nullCount > 0 && { eventTimeValidity: validityOf(time) }),
    ...(change && { change: bytesOf(change.values, 0, change.length) }),
  };
}

function watermarksOf(batch: RecordBatch): BatchWatermark[] {
  const text = batch.metadata.get(WATERMARKS);
  if (text === undefined) return [];
  const list = JSON.parse(text) as [string, number][];
  return list.map(([timestamp, row]) => ({ timestamp: BigInt(timestamp), row }));
}

function buffersOf(data: Data): NodeBuffers {
  const { length, nullCount, values } = data;
  const validity = nullCount > 0 ? validityOf(data) : undefined;
  const common = { length, nullCount, validity };
  const { valueOffsets } = data as { valueOffsets?: Int32Array };
  if (valueOffsets !== undefined) {
    // An empty Arrow array may come without its single offset.
    const offsets =
      valueOffsets.length === 0 ? new Uint8Array(4) : bytesOf(valueOffsets, 0, (length + 1) * 4);
    const end = valueOffsets[length] ?? 0;
    const list = data.children.length > 0;
    return list ? { ...common, offsets } : { ...common, offsets, data: bytesOf(values, 0, end) };
  }
  if (data.type instanceof Struct) return common;
  if (values instanceof Uint8Array && data.typeId === BOOL_TYPE_ID) {
    return { ...common, data: bitsOf(values, data.offset, length) };
  }
  const width = byteWidthOf(data);
  return { ...common, data: bytesOf(values, 0, length * width) };
}

const BOOL_TYPE_ID = 6;

/** Bytes of one value: Arrow counts the elements of the typed array per value in `stride`. */
function byteWidthOf(data: Data): number {
  return data.stride * (data.values as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
}

function bytesOf(array: unknown, from: number, to: number): Uint8Array {
  const { buffer, byteOffset } = array as Uint8Array;
  return new Uint8Array(buffer, byteOffset + from, to - from);
}

function validityOf(data: Data): Uint8Array {
  return bitsOf(data.nullBitmap, data.offset, data.length);
}

/** Bits [offset, offset + length) as a bitmap of their own: a slice may begin inside a byte. */
function bitsOf(bits: Uint8Array, offset: number, length: number): Uint8Array {
  if (offset % 8 === 0) return bits.subarray(offset / 8, Math.ceil((offset + length) / 8));
  const shifted = new Uint8Array(Math.ceil(length / 8));
  for (let i = 0; i < length; i++) {
    if (bitAt(bits, offset + i)) shifted[i >> 3]! |= 1 << (i & 7);
  }
  return shifted;
}
