/** One column of every listed type, and rows with edges, nulls and empties. */
import { BatchWriter } from "../../src/protocol/batch/batch-writer.ts";
import type { Value } from "../../src/protocol/batch/column-value.ts";
import { parseTimestamp } from "../../src/protocol/batch/value-range.ts";
import { parseType } from "../../src/protocol/type-text.ts";
import type { Schema } from "../../src/protocol/types.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const time = (text: string, precision: number): bigint => parseTimestamp(text, precision, "sample");

/** Type text, then three values: an edge, another edge, something empty or usual. */
const SAMPLES: readonly (readonly [string, Value, Value, Value])[] = [
  ["BOOLEAN", true, false, true],
  ["TINYINT", -128, 127, 0],
  ["SMALLINT", -32_768, 32_767, 0],
  ["INT", -2_147_483_648, 2_147_483_647, 0],
  ["BIGINT", -(2n ** 63n), 2n ** 63n - 1n, 0n],
  ["FLOAT", -1.5, 3.4028234663852886e38, 0],
  ["DOUBLE", Number.MIN_VALUE, Number.MAX_VALUE, -0],
  ["DECIMAL(38, 10)", -(10n ** 38n - 1n), 10n ** 38n - 1n, 0n],
  ["DECIMAL(5, 2)", -1n, 12_345n, 0n],
  ["CHAR(3)", "abc", "é😀x", ""],
  ["VARCHAR(10)", "varchar", "0123456789", ""],
  ["STRING", "Zürich – 東京 😀", "\u0000", ""],
  ["BINARY(3)", bytes(0, 127, 255), bytes(1, 2, 3), bytes(0, 0, 0)],
  ["VARBINARY(8)", bytes(255), bytes(1, 2, 3, 4, 5, 6, 7, 8), bytes()],
  ["BYTES", bytes(0), bytes(9, 8, 7), bytes()],
  ["DATE", -719_528, 2_932_896, 0],
  ["TIME(0)", 0, 86_399_000, 1000],
  ["TIME(3)", 1, 86_399_999, 0],
  ["TIME(6)", 1n, 86_399_999_999n, 0n],
  ["TIME(9)", 1n, 86_399_999_999_999n, 0n],
  ["TIMESTAMP(3)", time("0000-01-01T00:00:00", 3), time("9999-12-31T23:59:59.999", 3), 0n],
  ["TIMESTAMP(6)", time("0001-01-01T00:00:00", 6), time("9999-12-31T23:59:59.999999", 6), -1n],
  ["TIMESTAMP(9)", -(2n ** 63n), 2n ** 63n - 1n, 1n],
  ["TIMESTAMP_LTZ(3)", -1n, 253_402_300_799_999n, 0n],
  ["TIMESTAMP_LTZ(6)", -1n, 1n, 0n],
  ["TIMESTAMP_LTZ(9)", -(2n ** 63n), 2n ** 63n - 1n, 0n],
  ["INTERVAL YEAR TO MONTH", -14, 119_999, 0],
  ["INTERVAL DAY TO SECOND(3)", -(2n ** 63n), 86_400_000n, 0n],
  ["ROW<`a` INT, `b` STRING>", { a: 1, b: "x" }, { a: null, b: "" }, { a: 0, b: null }],
  ["ARRAY<STRING>", ["a", null, "ccc"], [""], []],
  ["ARRAY<ARRAY<INT>>", [[1, 2], null, []], [[3]], []],
  [
    "MAP<STRING NOT NULL, BIGINT>",
    new Map<Value, Value>([["k", 1n]]),
    new Map([["x", null]]),
    new Map(),
  ],
  [
    "ARRAY<ROW<`m` MAP<INT NOT NULL, STRING>, `d` DECIMAL(10, 2) NOT NULL>>",
    [{ m: new Map<Value, Value>([[1, "one"]]), d: 5n }, null],
    [{ m: null, d: -1n }],
    [],
  ],
];

/** Every listed type, nullable, then each of them again NOT NULL. */
export const EVERY_TYPE: Schema = [
  ...SAMPLES.map(([text], i) => ({ name: `c${i}`, type: parseType(text) })),
  ...SAMPLES.map(([text], i) => ({ name: `n${i}`, type: parseType(`${text} NOT NULL`) })),
];

/** The values of a row of EVERY_TYPE; row 3 of each 4 is null where it may be. */
export function sampleRow(row: number): Value[] {
  const sample = row % 4;
  const filled = SAMPLES.map((values) => values[((sample % 3) + 1) as 1 | 2 | 3]);
  return [...(sample === 3 ? SAMPLES.map(() => null) : filled), ...filled];
}

/** A writer with `rows` sample rows; event time and changes on some of them, watermarks between. */
export function sampleWriter(rows: number, lanes = true): BatchWriter {
  const writer = new BatchWriter(EVERY_TYPE);
  for (let row = 0; row < rows; row++) {
    const options = { eventTime: row % 5 === 4 ? undefined : BigInt(row) * 1000n, change: row % 4 };
    writer.append(sampleRow(row), lanes ? options : {});
    if (lanes && row % 6 === 5) writer.watermark(BigInt(row) * 1000n);
  }
  return writer;
}
