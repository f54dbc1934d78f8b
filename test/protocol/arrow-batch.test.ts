import {
  DataType,
  RecordBatch,
  Table,
  tableFromIPC,
  tableToIPC,
  Uint64,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import { describe, expect, test } from "vitest";
import { readBatch } from "../../src/protocol/batch/batch-reader.ts";
import { writeBatch } from "../../src/protocol/batch/batch-writer.ts";
import { arrowTableOf, blocksOf } from "../../src/testing/arrow-batch.ts";
import { EVERY_TYPE, sampleRow, sampleWriter } from "./sample-batch.ts";

/** Through Arrow's IPC stream format, as another process would read it. */
function throughIpc(table: Table): Table {
  return tableFromIPC(tableToIPC(table, "stream"));
}

/** All that a batch says of its selected rows. */
function contents(block: Uint8Array): unknown[] {
  const batch = readBatch(block, EVERY_TYPE);
  return Array.from(batch.selectedRows(), (row) => [
    Object.values(batch.rowAt(row)),
    batch.eventTimeAt(row),
    batch.changeAt(row),
  ]);
}

describe("a block through Arrow", () => {
  test.each([0, 1, 3, 4, 8, 9, 65])("keeps %i rows of every type, nulls and empties", (rows) => {
    const block = sampleWriter(rows).finish();
    const table = throughIpc(arrowTableOf(block, EVERY_TYPE));
    expect(table.numRows).toBe(rows);
    const back = blocksOf(table);
    expect(back.schema).toEqual(EVERY_TYPE);
    const blocks = rows === 0 ? [sampleWriter(0).finish()] : back.blocks;
    expect(blocks.flatMap(contents)).toEqual(contents(block));
  });

  test("keeps watermarks at their rows", () => {
    const block = sampleWriter(20).finish();
    const back = blocksOf(throughIpc(arrowTableOf(block, EVERY_TYPE)));
    const watermarks = readBatch(block).watermarks;
    expect(watermarks.length).toBeGreaterThan(2);
    expect(back.blocks.map((b) => readBatch(b).watermarks)).toEqual([watermarks]);
  });

  test("needs no lanes where the block has none", () => {
    const block = sampleWriter(5, false).finish();
    const table = throughIpc(arrowTableOf(block, EVERY_TYPE));
    expect(table.schema.fields.map((f) => f.name)).toEqual(EVERY_TYPE.map((f) => f.name));
    expect(blocksOf(table).blocks.flatMap(contents)).toEqual(contents(block));
  });

  test("shows a selection as slices of the same buffers", () => {
    const rows = [1, 2, 3, 9, 11, 12, 30];
    const block = sampleWriter(33).finish(rows);
    const table = arrowTableOf(block, EVERY_TYPE);
    expect(table.batches.map((b) => b.numRows)).toEqual([3, 1, 2, 1]);
    const back = blocksOf(throughIpc(table));
    expect(back.blocks.flatMap(contents)).toEqual(
      rows.map((row) => contents(sampleWriter(33).finish())[row]),
    );
    const marks = back.blocks.map((b) => readBatch(b).watermarks.map((w) => [w.timestamp, w.row]));
    expect(marks).toEqual([
      [],
      [[5000n, 0]],
      [[11_000n, 1]],
      [
        [17_000n, 0],
        [23_000n, 0],
        [29_000n, 0],
      ],
    ]);
    const none = arrowTableOf(sampleWriter(3).finish([]), EVERY_TYPE);
    expect(none.numRows).toBe(0);
  });

  test.each([
    [0, 5],
    [1, 9],
    [3, 3],
    [7, 16],
    [8, 20],
    [13, 37],
  ])("imports a slice of rows %i to %i without IPC, at any bit of a byte", (from, to) => {
    const block = sampleWriter(40).finish();
    const slice = arrowTableOf(block, EVERY_TYPE).batches[0]!.slice(from, to);
    const batch = new RecordBatch(slice.schema, slice.data);
    const back = blocksOf(new Table([batch]));
    expect(back.blocks.flatMap(contents)).toEqual(contents(block).slice(from, to));
  });

  test("is not copied on the way out", () => {
    const block = writeBatch([{ name: "n", type: { type: "BIGINT" } }], [[1n], [null]]);
    const [data] = arrowTableOf(block).batches[0]!.data.children;
    expect(data!.values.buffer).toBe(block.buffer);
    expect(data!.nullBitmap.buffer).toBe(block.buffer);
  });

  test("is copied once where it lies unaligned", () => {
    const block = sampleWriter(9).finish();
    const moved = new Uint8Array(block.byteLength + 4);
    moved.set(block, 4);
    const table = arrowTableOf(moved.subarray(4), EVERY_TYPE);
    expect(blocksOf(table).blocks.flatMap(contents)).toEqual(contents(block));
  });
});

describe("an Arrow table of others", () => {
  test("gets the closest types where it does not state Flink's", () => {
    const vectors = {
      a: vectorFromArray([1, null, 3]),
      b: vectorFromArray([true, false, null]),
      c: vectorFromArray([1n, 2n, 3n]),
    };
    const { schema, blocks } = blocksOf(throughIpc(new Table(vectors)));
    expect(schema.map((f) => f.type.type)).toEqual(["DOUBLE", "BOOLEAN", "BIGINT"]);
    expect(readBatch(blocks[0]!, schema).rows()).toEqual([
      { a: 1, b: true, c: 1n },
      { a: null, b: false, c: 2n },
      { a: 3, b: null, c: 3n },
    ]);
  });

  test("is refused by the column whose type has no counterpart", () => {
    const table = new Table({ big: vectorFromArray([1n], new Uint64()) });
    expect(() => blocksOf(table)).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED_TYPE", field: "big" }),
    );
  });

  test("holds what Arrow itself reads from a block, in every type of one value a row", () => {
    const table = throughIpc(arrowTableOf(sampleWriter(4, false).finish(), EVERY_TYPE));
    const compared = EVERY_TYPE.flatMap(({ name, type }, i) => {
      const column = table.getChildAt(i)!;
      const values = [0, 1, 2, 3].map((row) => sampleRow(row)[i]);
      if (["ROW", "ARRAY", "MAP"].includes(type.type)) return [];
      const found = [0, 1, 2, 3].map((row) =>
        column.isValid(row) ? arrowValue(column, row) : null,
      );
      expect(found, `${name} ${type.type}`).toEqual(values.map(plainValue));
      return [type.type];
    });
    expect(new Set(compared).size).toBe(20);
  });
});

/** Integers of any width as bigint; everything else as it is. */
function plainValue(value: unknown): unknown {
  return Number.isInteger(value) && !Object.is(value, -0) ? BigInt(value as number) : value;
}

/** The raw value of a row: Arrow's own getters turn times and intervals into others. */
function arrowValue(column: Vector, row: number): unknown {
  const { values, stride } = column.data[0]!;
  if (DataType.isDecimal(column.type)) {
    const words = new Uint32Array(values.buffer, values.byteOffset + row * 16, 4);
    const high = (BigInt(words[3]!) << 32n) | BigInt(words[2]!);
    const low = (BigInt(words[1]!) << 32n) | BigInt(words[0]!);
    return (BigInt.asIntN(64, high) << 64n) | low;
  }
  const raw = [DataType.isTimestamp, DataType.isDate, DataType.isInterval].some((is) =>
    is(column.type),
  );
  return plainValue(raw ? values[row * stride] : column.get(row));
}
