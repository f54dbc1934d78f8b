import { describe, expect, test } from "vitest";
import { checkBlock, readBatch } from "../../src/protocol/batch/batch-reader.ts";
import { BatchWriter, writeBatch } from "../../src/protocol/batch/batch-writer.ts";
import {
  blockByteLength,
  blockRowCount,
  blockSelectedRows,
  blockWatermarks,
  checkBlockHeader,
  rewriteBlockWatermarks,
} from "../../src/protocol/batch/block-header.ts";
import {
  COLUMN,
  COLUMN_BYTES,
  HEADER,
  HEADER_BYTES,
  TYPE_ID,
} from "../../src/protocol/batch/layout.ts";
import { columnNodes } from "../../src/protocol/batch/physical-type.ts";
import { openColumns, schemaHash } from "../../src/protocol/batch/schema-columns.ts";
import { formatTimestamp, parseTimestamp } from "../../src/protocol/batch/value-range.ts";
import { MillraceError } from "../../src/protocol/errors.ts";
import { parseType } from "../../src/protocol/type-text.ts";
import type { LogicalType, Schema } from "../../src/protocol/types.ts";
import { BATCH_VERSION } from "../../src/protocol/versions.ts";
import { EVERY_TYPE, sampleRow, sampleWriter } from "./sample-batch.ts";

function failure(action: () => unknown): MillraceError {
  try {
    action();
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** The block with a number of its header or column table changed. */
function altered(block: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const copy = block.slice();
  change(new DataView(copy.buffer));
  return copy;
}

const columnAt = (index: number): number => HEADER_BYTES + index * COLUMN_BYTES;
const TEXTS: Schema = [
  { name: "word", type: { type: "STRING" } },
  { name: "n", type: { type: "BIGINT", nullable: false } },
];
const texts = (): BatchWriter =>
  new BatchWriter(TEXTS)
    .append(["a", 1n], { eventTime: 5n })
    .append([null, 2n])
    .watermark(5n)
    .append(["ccc", 3n], { eventTime: 7n, change: 3 })
    .watermark(7n);

describe("a written block", () => {
  test("covers every type of the layout in the sample schema", () => {
    const used = new Set(columnNodes(EVERY_TYPE).map((node) => node.type.type));
    expect([...used].sort()).toEqual(Object.keys(TYPE_ID).sort());
  });

  test.each([0, 1, 7, 8, 9, 100])("gives back the values of %i rows of every type", (rows) => {
    const batch = readBatch(sampleWriter(rows).finish(), EVERY_TYPE);
    expect(batch.rowCount).toBe(rows);
    for (let row = 0; row < rows; row++) {
      expect(Object.values(batch.rowAt(row))).toEqual(sampleRow(row));
      expect(batch.eventTimeAt(row)).toBe(row % 5 === 4 ? undefined : BigInt(row) * 1000n);
      expect(batch.changeAt(row)).toBe(row % 4);
    }
    expect(batch.schema).toEqual(EVERY_TYPE);
  });

  test("describes its types itself where no schema is given", () => {
    const batch = readBatch(sampleWriter(2).finish());
    const plain = (type: LogicalType): string =>
      JSON.stringify(type).replace(/"name":"[^"]*"/g, "");
    expect(batch.schema.map((f) => plain(f.type))).toEqual(EVERY_TYPE.map((f) => plain(f.type)));
  });

  test("reads the same at any place of a buffer", () => {
    const block = sampleWriter(9).finish();
    const moved = new Uint8Array(block.byteLength + 3);
    moved.set(block, 3);
    expect(readBatch(moved.subarray(3), EVERY_TYPE).rows()).toEqual(
      readBatch(block, EVERY_TYPE).rows(),
    );
  });

  test("shows only the rows of its selection", () => {
    const batch = readBatch(sampleWriter(10).finish([1, 4, 9]), EVERY_TYPE);
    expect([...batch.selectedRows()]).toEqual([1, 4, 9]);
    expect(batch.rows().map((row) => Object.values(row))).toEqual([1, 4, 9].map(sampleRow));
    expect(readBatch(sampleWriter(10).finish([]), EVERY_TYPE).rows()).toEqual([]);
  });

  test("may have rows and no columns, or neither", () => {
    expect(readBatch(writeBatch([], [[], []])).rowCount).toBe(2);
    expect(readBatch(writeBatch([], [])).rowCount).toBe(0);
  });

  test("tells no timestamp from the smallest one", () => {
    const writer = new BatchWriter([]).append([], { eventTime: -(2n ** 63n) }).append([]);
    const batch = readBatch(writer.finish());
    expect([batch.eventTimeAt(0), batch.eventTimeAt(1)]).toEqual([-(2n ** 63n), undefined]);
  });
});

describe("the header functions of the host", () => {
  test("read row count, selected rows, length and watermarks", () => {
    const block = texts().finish([0, 2]);
    expect(blockRowCount(block)).toBe(3);
    expect(blockSelectedRows(block)).toBe(2);
    expect(blockByteLength(block)).toBe(block.byteLength);
    expect(blockWatermarks(block)).toEqual([
      { timestamp: 5n, row: 2 },
      { timestamp: 7n, row: 3 },
    ]);
  });

  test("work inside a larger memory", () => {
    const memory = new Uint8Array(4096);
    memory.set(texts().finish(), 1024);
    const block = memory.subarray(1024, 1024 + blockByteLength(memory, 1024));
    expect(rewriteBlockWatermarks(block, [{ timestamp: -3n, row: 3 }])).toBe(block);
    expect(blockWatermarks(memory, 1024)).toEqual([{ timestamp: -3n, row: 3 }]);
    expect(readBatch(block, TEXTS).watermarks).toEqual([{ timestamp: -3n, row: 3 }]);
  });

  test("replace the watermarks by fewer or none in place, by more in a copy", () => {
    const block = texts().finish();
    const three = [
      { timestamp: 1n, row: 2 },
      { timestamp: 0n, row: 3, idle: true },
      { timestamp: 0n, row: 3, idle: false },
    ];
    const longer = rewriteBlockWatermarks(block, three);
    expect(readBatch(longer, TEXTS).watermarks).toEqual(three);
    expect(readBatch(longer, TEXTS).rowAt(2)).toEqual(readBatch(block, TEXTS).rowAt(2));
    expect(rewriteBlockWatermarks(block, [])).toBe(block);
    expect(readBatch(block, TEXTS).watermarks).toEqual([]);
  });
});

describe("a malformed block is refused with the name of its field", () => {
  const u32 = (at: number, value: number) => (view: DataView) => view.setUint32(at, value, true);
  const block = texts().finish([0, 2]);
  const view = new DataView(block.buffer);
  const offsets = view.getUint32(columnAt(0) + COLUMN.offsets, true);
  const validity = view.getUint32(columnAt(0) + COLUMN.validity, true);
  const selection = view.getUint32(HEADER.selection, true);
  const change = view.getUint32(HEADER.change, true);
  const watermarks = view.getUint32(HEADER.watermarks, true);

  test.each<[string, (view: DataView) => void]>([
    ["magic", u32(HEADER.magic, 7)],
    ["version", (v) => v.setUint16(HEADER.version, BATCH_VERSION + 1, true)],
    ["flags", (v) => v.setUint16(HEADER.flags, 1, true)],
    ["byteLength", u32(HEADER.byteLength, 64)],
    ["rowCount", u32(HEADER.rowCount, 0xffff_ffff)],
    ["columnCount", u32(HEADER.columnCount, 9)],
    ["nodeCount", u32(HEADER.nodeCount, 5000)],
    ["columnTable", u32(HEADER.columnTable, 1 << 20)],
    ["columnTable", u32(HEADER.columnTable, 65)],
    ["columnTable", u32(HEADER.columnTable, 0)],
    ["eventTime", u32(HEADER.eventTime, block.byteLength)],
    ["eventTimeValidity", u32(HEADER.eventTime, 0)],
    ["change", u32(HEADER.change, block.byteLength + 8)],
    ["selectionCount", u32(HEADER.selectionCount, 4)],
    ["selectionCount", u32(HEADER.selection, 0)],
    ["watermarkCount", u32(HEADER.watermarks, 0)],
    ["watermarks", u32(HEADER.watermarkCount, 1000)],
    ["reserved", u32(HEADER.reserved, 1)],
    ["schemaHash", u32(HEADER.schemaHash, 1)],
    ["selection[1]", u32(selection + 4, 0)],
    ["selection[1]", u32(selection + 4, 3)],
    ["change[0]", (v) => v.setUint8(change, 4)],
    ["watermarks[1].row", u32(watermarks + 16 + 8, 1)],
    ["watermarks[1].row", u32(watermarks + 16 + 8, 4)],
    ["watermarks[1].timestamp", (v) => v.setBigInt64(watermarks + 16, 4n, true)],
    ["columns[0].type", (v) => v.setUint8(columnAt(0), 99)],
    ["columns[0].type", (v) => v.setUint8(columnAt(0), TYPE_ID.BYTES)],
    ["columns[0].encoding", (v) => v.setUint8(columnAt(0) + COLUMN.encoding, 1)],
    ["columns[0].encoding", (v) => v.setUint8(columnAt(0) + COLUMN.encoding, 77)],
    ["columns[0].flags", (v) => v.setUint16(columnAt(0) + COLUMN.flags, 2, true)],
    ["columns[0].length", u32(columnAt(0) + COLUMN.length, 2)],
    ["columns[0].nullCount", u32(columnAt(0) + COLUMN.nullCount, 2)],
    ["columns[0].nullCount", u32(columnAt(0) + COLUMN.nullCount, 4)],
    ["columns[0].nullCount", (v) => v.setUint8(validity, 7)],
    ["columns[0].validity", u32(columnAt(0) + COLUMN.validity, 0)],
    ["columns[0].offsets", u32(columnAt(0) + COLUMN.offsets, 0)],
    ["columns[0].offsets", u32(columnAt(0) + COLUMN.offsets, 4)],
    ["columns[0].offsets[0]", (v) => v.setInt32(offsets, -1, true)],
    ["columns[0].offsets[2]", (v) => v.setInt32(offsets + 8, 0, true)],
    ["columns[0].offsets[3]", (v) => v.setInt32(offsets + 12, 1000, true)],
    ["columns[0].data", u32(columnAt(0) + COLUMN.data, 3)],
    ["columns[0].reserved", u32(columnAt(0) + COLUMN.reserved, 1)],
    ["columns[0].childCount", u32(columnAt(0) + COLUMN.childCount, 1)],
    ["columns[0].parameter1", u32(columnAt(0) + COLUMN.parameter1, 1)],
    ["columns[1].nullCount", u32(columnAt(1) + COLUMN.nullCount, 1)],
    ["columns[1].dataLength", u32(columnAt(1) + COLUMN.dataLength, 23)],
    ["columns[1].data", u32(columnAt(1) + COLUMN.data, 0)],
  ])("%s", (field, change) => {
    const error = failure(() => readBatch(altered(block, change), TEXTS));
    expect(error.code).toBe("BATCH_INVALID");
    expect(error.field).toBe(field);
    expect(error.expected).toBeTruthy();
  });

  test("a reserved encoding by its name", () => {
    const dictionary = altered(block, (v) => v.setUint8(columnAt(0) + COLUMN.encoding, 1));
    expect(failure(() => checkBlock(dictionary, "structure")).message).toContain("dictionary");
  });

  test("a block that is cut off", () => {
    for (let length = 0; length < block.byteLength; length++) {
      expect(failure(() => checkBlockHeader(block.subarray(0, length))).code).toBe("BATCH_INVALID");
    }
  });

  test("children that are shared, missing or before their parent", () => {
    const nested = writeBatch(
      [{ name: "r", type: parseType("ROW<a INT, b ROW<c INT>>") }],
      [[{ a: 1, b: { c: 2 } }]],
    );
    expect(readBatch(nested).rowCount).toBe(1);
    const cases: [number, string][] = [
      [0, "columns[0].firstChild"],
      [3, "columns[0].firstChild"],
    ];
    for (const [firstChild, field] of cases) {
      const wrong = altered(nested, u32(columnAt(0) + COLUMN.firstChild, firstChild));
      expect(failure(() => readBatch(wrong)).field).toBe(field);
    }
    const shared = altered(nested, u32(columnAt(0) + COLUMN.firstChild, 2));
    expect(failure(() => readBatch(shared)).field).toBe("columns[0].children[1]");
    const orphan = altered(nested, u32(columnAt(2) + COLUMN.childCount, 0));
    expect(failure(() => readBatch(orphan)).field).toBe("nodeCount");
  });

  test("random damage gives an error or values, never anything else", () => {
    const sample = sampleWriter(9).finish([0, 5]);
    let state = 1;
    const random = (limit: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state % limit;
    };
    for (let round = 0; round < 3000; round++) {
      const damaged = sample.slice();
      for (let i = 0; i <= random(3); i++) damaged[random(4000)] = random(256);
      try {
        readBatch(damaged).rows();
      } catch (error) {
        expect(error).toBeInstanceOf(MillraceError);
      }
    }
  });
});

describe("a value outside its type is refused", () => {
  const write = (type: string, value: never) => () =>
    writeBatch([{ name: "c", type: parseType(type) }], [[value]]);

  test.each<[string, unknown]>([
    ["TINYINT", 128],
    ["SMALLINT", -32_769],
    ["INT", 2 ** 31],
    ["BIGINT", 2n ** 63n],
    ["DECIMAL(3, 1)", 1000n],
    ["CHAR(2)", "abc"],
    ["VARCHAR(2)", "😀😀😀"],
    ["BINARY(2)", Uint8Array.of(1)],
    ["VARBINARY(2)", Uint8Array.of(1, 2, 3)],
    ["TIME(3)", 86_400_000],
    ["TIME(9)", -1n],
    ["TIMESTAMP(9)", 2n ** 63n],
    ["TIMESTAMP_LTZ(7)", -(2n ** 63n) - 1n],
    ["INTERVAL DAY TO SECOND", 2n ** 63n],
  ])("%s does not take %s", (type, value) => {
    const error = failure(write(type, value as never));
    expect([error.code, error.field]).toEqual(["VALUE_OUT_OF_RANGE", "c"]);
  });

  test.each<[string, unknown]>([
    ["INT NOT NULL", null],
    ["INT", 1.5],
    ["INT", "1"],
    ["BOOLEAN", 1],
    ["STRING", 1],
    ["BYTES", "x"],
    ["DOUBLE", 1n],
    ["ROW<a INT>", [1]],
    ["ARRAY<INT>", { a: 1 }],
    ["MAP<INT, INT>", { a: 1 }],
  ])("%s is not %s", (type, value) => {
    expect(failure(write(type, value as never)).code).toBe("VALUE_INVALID");
  });

  test("nanosecond timestamps have a range, the others reach over all of SQL's years", () => {
    const first = "1677-09-21T00:12:43.145224192";
    const last = "2262-04-11T23:47:16.854775807";
    expect(parseTimestamp(first, 9, "t")).toBe(-(2n ** 63n));
    expect(parseTimestamp(last, 9, "t")).toBe(2n ** 63n - 1n);
    for (const text of ["1677-09-21T00:12:43.145224191", "2262-04-11T23:47:16.854775808"]) {
      const error = failure(() => parseTimestamp(text, 9, "t"));
      expect(error.code).toBe("VALUE_OUT_OF_RANGE");
      expect(error.expected).toBe(`${first} to ${last}`);
    }
    for (const text of ["0000-01-01T00:00:00.000000", "9999-12-31T23:59:59.999999"]) {
      expect(formatTimestamp(parseTimestamp(text, 6, "t"), 6)).toBe(text);
    }
    expect(formatTimestamp(parseTimestamp("1969-12-31 23:59:59.9", 1, "t"), 1)).toBe(
      "1969-12-31T23:59:59.9",
    );
    expect(failure(() => parseTimestamp("2023-02-29T00:00", 3, "t")).code).toBe("VALUE_INVALID");
  });
});

describe("schemas", () => {
  test("openColumns lists children depth first behind their parent", () => {
    const type = parseType("ROW<a DECIMAL(10, 2) NOT NULL, m MAP<STRING, INT>>");
    const columns = openColumns([{ name: "r", type }, TEXTS[1]!]);
    expect(columns.map((c) => [c.name, c.type, c.nullable, c.p1, c.p2, c.children])).toEqual([
      ["r", TYPE_ID.ROW, true, 0, 0, 2],
      ["a", TYPE_ID.DECIMAL, false, 10, 2, 0],
      ["m", TYPE_ID.MAP, true, 0, 0, 1],
      ["entries", TYPE_ID.ROW, false, 0, 0, 2],
      ["key", TYPE_ID.STRING, false, 0, 0, 0],
      ["value", TYPE_ID.INT, true, 0, 0, 0],
      ["n", TYPE_ID.BIGINT, false, 0, 0, 0],
    ]);
  });

  test("schemaHash depends on names, types, nullability and order", () => {
    const hashes = [TEXTS, [...TEXTS].reverse(), [], [TEXTS[0]!]].map((s) => schemaHash(s));
    expect(new Set(hashes).size).toBe(4);
    expect(schemaHash(TEXTS)).toBe(schemaHash(structuredClone(TEXTS)));
  });

  test("a schema too deep or too wide is refused", () => {
    let deep: LogicalType = { type: "INT" };
    for (let i = 0; i < 16; i++) deep = { type: "ARRAY", element: deep };
    expect(failure(() => columnNodes([{ name: "d", type: deep }])).code).toBe("SCHEMA_INVALID");
    const wide: Schema = Array.from({ length: 1025 }, (_, i) => ({
      name: `c${i}`,
      type: { type: "INT" },
    }));
    expect(failure(() => columnNodes(wide)).code).toBe("SCHEMA_INVALID");
  });
});
