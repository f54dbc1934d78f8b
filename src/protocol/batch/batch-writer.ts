/** Rows of JavaScript values to a block: for tests, control data and completions, not for records. */
import { assert } from "../errors.ts";
import type { Schema } from "../types.ts";
import { ROW_KIND } from "../types.ts";
import { assembleBlock } from "./block-assembler.ts";
import type { BatchWatermark } from "./block-header.ts";
import type { RowValue, Value } from "./column-value.ts";
import { encodeColumns } from "./column-writer.ts";
import { wrongKind } from "./value-range.ts";

/** Lanes of a row; a row without eventTime has no timestamp. */
export interface RowOptions {
  /** ms since 1970. */
  readonly eventTime?: bigint | undefined;
  /** ROW_KIND; default: insert. */
  readonly change?: number;
}

/** Writes one row after another, then a block. A writer is used once. */
export class BatchWriter {
  readonly #schema: Schema;
  readonly #columns: Value[][];
  readonly #eventTimes: (bigint | undefined)[] = [];
  readonly #changes: number[] = [];
  readonly #watermarks: BatchWatermark[] = [];

  constructor(schema: Schema) {
    this.#schema = schema;
    this.#columns = schema.map(() => []);
  }

  get rowCount(): number {
    return this.#eventTimes.length;
  }

  /** Adds a row: values by column name (absent: null), or in the order of the columns. */
  append(values: RowValue | readonly Value[], options: RowOptions = {}): this {
    const row = isList(values) ? values : this.#inOrder(values);
    assert(row.length === this.#schema.length, "a value for each column");
    for (const [i, column] of this.#columns.entries()) column.push(row[i] ?? null);
    this.#eventTimes.push(options.eventTime);
    this.#changes.push(options.change ?? ROW_KIND.insert);
    return this;
  }

  /** A watermark behind the rows so far, in ms. */
  watermark(timestamp: bigint): this {
    this.#watermarks.push({ timestamp, row: this.rowCount });
    return this;
  }

  /** A status behind the rows so far (Flink: WatermarkStatus). */
  status(idle: boolean): this {
    this.#watermarks.push({ timestamp: 0n, row: this.rowCount, idle });
    return this;
  }

  /**
   * The block.
   * @param selection rows that count, ascending; default: all.
   * @throws MillraceError VALUE_INVALID, VALUE_OUT_OF_RANGE or BATCH_TOO_LARGE.
   */
  finish(selection?: readonly number[]): Uint8Array {
    const nodes = encodeColumns(this.#schema, this.#columns);
    const changed = this.#changes.some((change) => change !== ROW_KIND.insert);
    return assembleBlock(this.#schema, nodes, {
      rowCount: this.rowCount,
      ...this.#eventTimeLane(),
      change: changed ? Uint8Array.from(this.#changes) : undefined,
      selection,
      watermarks: this.#watermarks,
    });
  }

  #inOrder(values: RowValue): readonly Value[] {
    for (const name of Object.keys(values)) {
      const known = this.#schema.some((field) => field.name === name);
      if (!known) throw wrongKind(name, values[name], "a column of the schema");
    }
    return this.#schema.map((field) => values[field.name] ?? null);
  }

  #eventTimeLane(): { eventTime?: Uint8Array; eventTimeValidity?: Uint8Array } {
    if (this.#eventTimes.every((time) => time === undefined)) return {};
    const view = new DataView(new ArrayBuffer(this.rowCount * 8));
    const validity = new Uint8Array(Math.ceil(this.rowCount / 8));
    for (const [i, time] of this.#eventTimes.entries()) {
      if (time === undefined) continue;
      view.setBigInt64(i * 8, time, true);
      validity[i >> 3]! |= 1 << (i & 7);
    }
    const eventTime = new Uint8Array(view.buffer);
    const complete = this.#eventTimes.every((time) => time !== undefined);
    return complete ? { eventTime } : { eventTime, eventTimeValidity: validity };
  }
}

function isList(values: RowValue | readonly Value[]): values is readonly Value[] {
  return Array.isArray(values);
}

/** A block of plain rows. */
export function writeBatch(
  schema: Schema,
  rows: readonly (RowValue | readonly Value[])[],
): Uint8Array {
  const writer = new BatchWriter(schema);
  for (const row of rows) writer.append(row);
  return writer.finish();
}
