/** A checked view over a block: columns, lanes, selection and watermarks. */
import type { Schema } from "../types.ts";
import { ROW_KIND } from "../types.ts";
import { type CheckDepth, type Column, readColumns } from "./block-columns.ts";
import {
  type BatchWatermark,
  batchInvalid,
  blockRowCount,
  blockSelectedRows,
  blockWatermarks,
  checkBlockHeader,
  viewOf,
} from "./block-header.ts";
import { bitAt, type RowValue, type Value, valueAt } from "./column-value.ts";
import { HEADER, WATERMARK, WATERMARK_BYTES, WATERMARK_KIND } from "./layout.ts";
import { schemaHash } from "./schema-columns.ts";

/**
 * Checks a whole block and gives a view on it. The bytes are not copied: the view is valid as long
 * as they are.
 * @param schema names the columns and must fit; without it they are f0, f1, ...
 * @throws MillraceError BATCH_INVALID naming the field that is wrong.
 */
export function readBatch(bytes: Uint8Array, schema?: Schema): BatchReader {
  return new BatchReader(
    bytes,
    schema === undefined ? checkBlock(bytes) : checkBlock(bytes, "full", schema),
  );
}

/**
 * Checks a block: header, column table and lanes (`structure`, a cost per column), or every offset,
 * bitmap, selected row, change and watermark as well (`full`, a cost per value).
 * @throws MillraceError BATCH_INVALID naming the field that is wrong.
 */
export function checkBlock(
  bytes: Uint8Array,
  depth: CheckDepth = "full",
  schema?: Schema,
): readonly Column[] {
  const expected =
    schema === undefined ? {} : { columnCount: schema.length, schemaHash: schemaHash(schema) };
  checkBlockHeader(bytes, expected);
  const columns = readColumns(bytes, depth, schema);
  if (depth === "full") {
    checkSelection(bytes);
    checkChanges(bytes);
    checkWatermarks(bytes);
  }
  return columns;
}

function checkSelection(bytes: Uint8Array): void {
  const view = viewOf(bytes);
  const at = view.getUint32(HEADER.selection, true);
  const count = view.getUint32(HEADER.selectionCount, true);
  const rows = blockRowCount(bytes);
  let last = -1;
  for (let i = 0; i < count; i++) {
    const row = view.getUint32(at + i * 4, true);
    if (row <= last || row >= rows) {
      throw batchInvalid(`selection[${i}]`, row, `ascending, above ${last} and below ${rows}`);
    }
    last = row;
  }
}

function checkChanges(bytes: Uint8Array): void {
  const at = viewOf(bytes).getUint32(HEADER.change, true);
  if (at === 0) return;
  const rows = blockRowCount(bytes);
  for (let row = 0; row < rows; row++) {
    const kind = bytes[at + row]!;
    if (kind > ROW_KIND.delete) throw batchInvalid(`change[${row}]`, kind, "0 to 3");
  }
}

function checkWatermarks(bytes: Uint8Array): void {
  const rows = blockRowCount(bytes);
  const view = viewOf(bytes);
  const list = view.getUint32(HEADER.watermarks, true);
  let last: BatchWatermark = { timestamp: -(2n ** 63n), row: 0 };
  for (const [i, watermark] of blockWatermarks(bytes).entries()) {
    const field = `watermarks[${i}]`;
    const kind = view.getUint32(list + i * WATERMARK_BYTES + WATERMARK.kind, true);
    if (kind > WATERMARK_KIND.active) throw batchInvalid(`${field}.kind`, kind, "0 to 2");
    if (watermark.row < last.row || watermark.row > rows) {
      throw batchInvalid(`${field}.row`, watermark.row, `${last.row} to ${rows}`);
    }
    const isStatus = watermark.idle !== undefined;
    if (!isStatus && watermark.timestamp < last.timestamp) {
      throw batchInvalid(`${field}.timestamp`, watermark.timestamp, `at least ${last.timestamp}`);
    }
    last = isStatus ? { timestamp: last.timestamp, row: watermark.row } : watermark;
  }
}

/** A view on a checked block; readBatch makes it. */
export class BatchReader {
  readonly bytes: Uint8Array;
  readonly columns: readonly Column[];
  /** Rows of the block, selected or not. */
  readonly rowCount: number;
  /** Rows that count: the selection's, or all. */
  readonly selectedCount: number;
  readonly watermarks: readonly BatchWatermark[];
  readonly schemaHash: number;
  readonly #view: DataView;

  /** @param columns the columns of `bytes`, as checkBlock gave them. */
  constructor(bytes: Uint8Array, columns: readonly Column[]) {
    this.bytes = bytes;
    this.columns = columns;
    this.#view = viewOf(bytes);
    this.rowCount = blockRowCount(bytes);
    this.selectedCount = blockSelectedRows(bytes);
    this.watermarks = blockWatermarks(bytes);
    this.schemaHash = this.#u32(HEADER.schemaHash);
  }

  /** The schema that the columns have; names are those that readBatch was told. */
  get schema(): Schema {
    return this.columns.map(({ name, type }) => ({ name, type }));
  }

  get hasSelection(): boolean {
    return this.#u32(HEADER.selection) !== 0;
  }

  get hasEventTime(): boolean {
    return this.#u32(HEADER.eventTime) !== 0;
  }

  get hasChange(): boolean {
    return this.#u32(HEADER.change) !== 0;
  }

  /** The block's row at a place of the selection. */
  rowOf(place: number): number {
    const selection = this.#u32(HEADER.selection);
    return selection === 0 ? place : this.#u32(selection + place * 4);
  }

  /** Rows that count, ascending. */
  *selectedRows(): Generator<number> {
    for (let place = 0; place < this.selectedCount; place++) yield this.rowOf(place);
  }

  /** Timestamp of a row in ms; undefined: it has none (which is not Long.MIN_VALUE). */
  eventTimeAt(row: number): bigint | undefined {
    const at = this.#u32(HEADER.eventTime);
    if (at === 0) return undefined;
    const validity = this.#u32(HEADER.eventTimeValidity);
    if (validity !== 0 && !bitAt(this.bytes.subarray(validity), row)) return undefined;
    return this.#view.getBigInt64(at + row * 8, true);
  }

  /** ROW_KIND of a row. */
  changeAt(row: number): number {
    const at = this.#u32(HEADER.change);
    return at === 0 ? ROW_KIND.insert : this.bytes[at + row]!;
  }

  /** One row's values by column name. */
  rowAt(row: number): RowValue {
    return Object.fromEntries(this.columns.map((column) => [column.name, valueAt(column, row)]));
  }

  /** The values of the rows that count. */
  rows(): RowValue[] {
    return Array.from(this.selectedRows(), (row) => this.rowAt(row));
  }

  /** One column's values over the rows that count. */
  values(column: number): Value[] {
    return Array.from(this.selectedRows(), (row) => valueAt(this.columns[column]!, row));
  }

  #u32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }
}
