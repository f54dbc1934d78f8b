/** Puts buffers together to one block. Writers and the Arrow import end here. */
import { assert, MillraceError } from "../errors.ts";
import { BATCH_MAX_BYTES, BATCH_MAX_ROWS } from "../limits.ts";
import type { Schema } from "../types.ts";
import { BATCH_VERSION } from "../versions.ts";
import { type BatchWatermark, writeWatermark } from "./block-header.ts";
import {
  align8,
  BATCH_MAGIC,
  COLUMN,
  COLUMN_BYTES,
  COLUMN_FLAG_NULLABLE,
  ENCODING,
  HEADER,
  HEADER_BYTES,
  TYPE_ID,
  WATERMARK_BYTES,
} from "./layout.ts";
import { type ColumnNode, columnNodes, isNullable, typeParameters } from "./physical-type.ts";
import { schemaHash } from "./schema-columns.ts";

/** Buffers of one entry of the column table, in Arrow's form. */
export interface NodeBuffers {
  readonly length: number;
  readonly nullCount: number;
  readonly validity?: Uint8Array | undefined;
  /** int32[length + 1]. */
  readonly offsets?: Uint8Array | undefined;
  readonly data?: Uint8Array | undefined;
}

/** What a block carries besides its columns. */
export interface BlockLanes {
  readonly rowCount: number;
  /** int64 ms per row. */
  readonly eventTime?: Uint8Array | undefined;
  readonly eventTimeValidity?: Uint8Array | undefined;
  /** u8 per row. */
  readonly change?: Uint8Array | undefined;
  /** Rows that count, ascending. */
  readonly selection?: readonly number[] | undefined;
  readonly watermarks?: readonly BatchWatermark[] | undefined;
}

/**
 * A block of these buffers, copied once. `nodes` are in the order of columnNodes(schema).
 * @throws MillraceError BATCH_TOO_LARGE past BATCH_MAX_BYTES or BATCH_MAX_ROWS.
 */
export function assembleBlock(
  schema: Schema,
  nodes: readonly NodeBuffers[],
  lanes: BlockLanes,
): Uint8Array {
  return new BlockAssembler(schema).assemble(nodes, lanes);
}

class BlockAssembler {
  readonly #schema: Schema;
  readonly #nodes: readonly ColumnNode[];
  readonly #parts: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  #end: number;

  constructor(schema: Schema) {
    this.#schema = schema;
    this.#nodes = columnNodes(schema);
    this.#end = HEADER_BYTES + this.#nodes.length * COLUMN_BYTES;
  }

  assemble(nodes: readonly NodeBuffers[], lanes: BlockLanes): Uint8Array {
    assert(nodes.length === this.#nodes.length, "buffers for each column and child");
    const head = new DataView(new ArrayBuffer(this.#end));
    this.#writeHeader(head, lanes);
    for (const [i, node] of nodes.entries()) this.#writeColumn(head, this.#nodes[i]!, i, node);
    if (this.#end > BATCH_MAX_BYTES) throw tooLarge("bytes", this.#end, BATCH_MAX_BYTES);
    if (lanes.rowCount > BATCH_MAX_ROWS) throw tooLarge("rows", lanes.rowCount, BATCH_MAX_ROWS);
    head.setUint32(HEADER.byteLength, this.#end, true);
    const block = new Uint8Array(this.#end);
    block.set(new Uint8Array(head.buffer));
    for (const { at, bytes } of this.#parts) block.set(bytes, at);
    return block;
  }

  #writeHeader(head: DataView, lanes: BlockLanes): void {
    const u32 = (offset: number, value: number): void => head.setUint32(offset, value, true);
    u32(HEADER.magic, BATCH_MAGIC);
    head.setUint16(HEADER.version, BATCH_VERSION, true);
    u32(HEADER.rowCount, lanes.rowCount);
    u32(HEADER.columnCount, this.#schema.length);
    u32(HEADER.nodeCount, this.#nodes.length);
    if (this.#nodes.length > 0) u32(HEADER.columnTable, HEADER_BYTES);
    u32(HEADER.eventTime, this.#add(lanes.eventTime));
    u32(HEADER.eventTimeValidity, this.#add(lanes.eventTimeValidity));
    u32(HEADER.change, this.#add(lanes.change));
    if (lanes.selection !== undefined) {
      u32(HEADER.selection, this.#add(selectionBytes(lanes.selection)));
      u32(HEADER.selectionCount, lanes.selection.length);
    }
    const watermarks = lanes.watermarks ?? [];
    if (watermarks.length > 0) {
      u32(HEADER.watermarks, this.#add(watermarkBytes(watermarks)));
      u32(HEADER.watermarkCount, watermarks.length);
    }
    u32(HEADER.schemaHash, schemaHash(this.#schema));
  }

  #writeColumn(head: DataView, node: ColumnNode, index: number, buffers: NodeBuffers): void {
    const at = HEADER_BYTES + index * COLUMN_BYTES;
    const u32 = (offset: number, value: number): void => head.setUint32(at + offset, value, true);
    const [parameter1, parameter2] = typeParameters(node.type);
    head.setUint8(at + COLUMN.type, TYPE_ID[node.type.type]);
    head.setUint8(at + COLUMN.encoding, ENCODING.plain);
    const flags = isNullable(node.type) ? COLUMN_FLAG_NULLABLE : 0;
    head.setUint16(at + COLUMN.flags, flags, true);
    u32(COLUMN.nullCount, buffers.nullCount);
    u32(COLUMN.length, buffers.length);
    u32(COLUMN.validity, buffers.nullCount === 0 ? 0 : this.#add(buffers.validity));
    u32(COLUMN.offsets, this.#add(buffers.offsets));
    u32(COLUMN.data, this.#add(buffers.data));
    u32(COLUMN.dataLength, buffers.data?.byteLength ?? 0);
    u32(COLUMN.firstChild, node.firstChild);
    u32(COLUMN.childCount, node.childCount);
    head.setInt32(at + COLUMN.parameter1, parameter1, true);
    head.setInt32(at + COLUMN.parameter2, parameter2, true);
  }

  /** Places a buffer at the next multiple of 8; an empty one still gets an offset, as it is there. */
  #add(bytes: Uint8Array | undefined): number {
    if (bytes === undefined) return 0;
    const at = this.#end;
    this.#parts.push({ at, bytes });
    this.#end = align8(at + bytes.byteLength);
    return at;
  }
}

function selectionBytes(rows: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(rows.length * 4));
  for (const [i, row] of rows.entries()) view.setUint32(i * 4, row, true);
  return new Uint8Array(view.buffer);
}

function watermarkBytes(watermarks: readonly BatchWatermark[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(watermarks.length * WATERMARK_BYTES));
  for (const [i, watermark] of watermarks.entries()) {
    writeWatermark(view, i * WATERMARK_BYTES, watermark);
  }
  return new Uint8Array(view.buffer);
}

function tooLarge(unit: string, value: number, limit: number): MillraceError {
  const message = `Cannot write batch: it has ${value} ${unit}, more than ${limit}`;
  const expected = `at most ${limit} ${unit}`;
  return new MillraceError("BATCH_TOO_LARGE", message, { field: unit, value, expected });
}
