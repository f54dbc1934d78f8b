import { Buffer } from "node:buffer";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { schemaOf } from "../../../src/plan/schema-match.ts";
import { writeBatch } from "../../../src/protocol/batch/batch-writer.ts";
import type { RowValue, Value } from "../../../src/protocol/batch/column-value.ts";
import { decimalText } from "../../../src/protocol/batch/decimal-text.ts";
import { parseType, typeText } from "../../../src/protocol/type-text.ts";
import type { LogicalType, Schema } from "../../../src/protocol/types.ts";
import { inEveryMode, type ModuleDriver } from "../module-driver.ts";
import { bytesOf, DEAD_LETTER, loadBuiltin, operatorNumber, RECORD } from "./builtin-module.ts";

let builtin: WebAssembly.Module;
beforeAll(async () => {
  builtin = await loadBuiltin();
}, 120_000);

const SCALARS: readonly (readonly [string, fc.Arbitrary<Value>])[] = [
  ["BOOLEAN", fc.boolean()],
  ["TINYINT", fc.integer({ min: -128, max: 127 })],
  ["INT", fc.integer()],
  ["BIGINT", fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  ["FLOAT", fc.float()],
  ["DOUBLE", fc.double()],
  ["STRING", fc.string({ unit: "binary" })],
  ["BYTES", fc.uint8Array()],
  ["BINARY(3)", fc.uint8Array({ minLength: 3, maxLength: 3 })],
  ["DECIMAL(5, 2)", fc.bigInt({ min: -99999n, max: 99999n })],
  ["DECIMAL(38, 0)", fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n })],
  ["DECIMAL(38, 38)", fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n })],
  ["DATE", fc.integer({ min: -719_528, max: 2_932_896 })],
  ["TIME(3)", fc.integer({ min: 0, max: 86_399_999 })],
  ["TIMESTAMP(6)", fc.bigInt({ min: -62_167_219_200_000_000n, max: 253_402_300_799_999_999n })],
  ["TIMESTAMP_LTZ(9)", fc.bigInt({ min: -9_223_372_035_000_000_000n, max: 2n ** 62n })],
];

interface Sample {
  readonly type: LogicalType;
  readonly values: fc.Arbitrary<Value>;
}

const nullable = ({ type, values }: Sample): Sample => ({
  type: { ...type, nullable: true } as LogicalType,
  values: fc.option(values, { nil: null, freq: 4 }),
});

/** A type and values of it, so deep at most. */
function samples(depth: number): fc.Arbitrary<Sample> {
  const scalar = fc
    .constantFrom(...SCALARS)
    .map(([text, values]): Sample => ({ type: parseType(`${text} NOT NULL`), values }));
  if (depth === 0) return scalar;
  const inner = fc.tuple(samples(depth - 1), fc.boolean()).map(([sample, may]) => {
    return may ? nullable(sample) : sample;
  });
  const array = inner.map(
    ({ type, values }): Sample => ({
      type: { type: "ARRAY", element: type, nullable: false },
      values: fc.array(values, { maxLength: 4 }),
    }),
  );
  const map = inner.map(
    ({ type, values }): Sample => ({
      type: { type: "MAP", key: parseType("STRING NOT NULL"), value: type, nullable: false },
      values: fc
        .array(fc.tuple(fc.string({ unit: "binary" }), values), { maxLength: 4 })
        .map((entries) => new Map(entries)),
    }),
  );
  const row = fc.array(inner, { minLength: 1, maxLength: 3 }).map((fields): Sample => {
    const named = fields.map((field, i) => [`f"${i}`, field] as const);
    return {
      type: {
        type: "ROW",
        fields: named.map(([name, { type }]) => ({ name, type })),
        nullable: false,
      },
      values: fc.record(Object.fromEntries(named.map(([name, { values }]) => [name, values]))),
    };
  });
  return fc.oneof(scalar, array, map, row);
}

/** Rows of a schema of two columns. */
const tables = fc.tuple(samples(3), samples(2)).chain(([a, b]) =>
  fc.record({
    schema: fc.constant<Schema>([
      { name: "a", type: nullable(a).type },
      { name: "b", type: b.type },
    ]),
    rows: fc.array(fc.record({ a: nullable(a).values, b: b.values }), {
      minLength: 1,
      maxLength: 5,
    }),
  }),
);

function records(schema: Schema, rows: readonly RowValue[], operator = "format_json"): string {
  const setup = {
    operator: operatorNumber(operator),
    input: schema,
    outputs: [RECORD],
    parameters: {},
  };
  const [first] = inEveryMode(builtin, setup, (driver) => driver.process(writeBatch(schema, rows)));
  return first!
    .rows()
    .map((row) => row.record)
    .join("");
}

function read(schema: Schema, text: string, parameters = {}): ModuleDriver {
  const outputs = [{ name: "main", schema }, DEAD_LETTER];
  const setup = { operator: operatorNumber("json_lines"), parameters, outputs };
  const [first] = inEveryMode(builtin, setup, (driver) => {
    driver.assign({ path: "file", start: 0 });
    driver.bytes(bytesOf(text), true);
  });
  return first!;
}

describe("JSON of columns with values inside", () => {
  test("is read back as it was", () => {
    fc.assert(
      fc.property(tables, ({ schema, rows }) => {
        const text = records(schema, rows);
        for (const line of text.trimEnd().split("\n")) JSON.parse(line);
        const driver = read(schema, text);
        expect(driver.failures).toEqual([]);
        expect(driver.rows(), schema.map(({ type }) => typeText(type)).join()).toEqual(rows);
      }),
      { numRuns: 150 },
    );
  });

  test("has arrays, objects, base64 and all digits", () => {
    const schema = schemaOf({
      d: "DECIMAL(6, 2)",
      b: "BYTES",
      m: "MAP<STRING, ARRAY<INT>>",
      r: "ROW<x DOUBLE, day DATE>",
    });
    const row = {
      d: -5n,
      b: Uint8Array.of(1, 2),
      m: new Map([["k", [1, null]]]),
      r: { x: Number.NaN, day: 0 },
    };
    const json = '{"d":-0.05,"b":"AQI=","m":{"k":[1,null]},"r":{"x":"NaN","day":"1970-01-01"}}\n';
    expect(records(schema, [row])).toBe(json);
    expect(records(schema, [row], "format_text")).toBe(
      '-0.05 "AQI=" {"k":[1,null]} {"x":"NaN","day":"1970-01-01"}\n',
    );
  });

  test("of a member that comes twice the last value counts; others are passed over", () => {
    const schema = schemaOf({ r: "ROW<a INT, b STRING>", m: "MAP<STRING, INT>" });
    const line = '{"r": {"a" :1,"x":[{"a":2}], "a":3 , "b":{"c": [1]}},"m":{"k":1,"j":2,"k":3}}';
    expect(read(schema, line).rows()).toEqual([
      {
        r: { a: 3, b: '{"c": [1]}' },
        m: new Map([
          ["j", 2],
          ["k", 3],
        ]),
      },
    ]);
  });

  test.each([
    ['{"a":{}}', "field a: not a ARRAY, in a ARRAY"],
    ['{"a":[{"q":1}]}', "field a: [0].name: missing in a NOT NULL STRING, in a ARRAY"],
    ['{"a":[{"name":null}]}', "field a: [0].name: null in a NOT NULL STRING, in a ARRAY"],
    ['{"a":[null,{"name":"x","q":[1,128]}]}', "field a: [1].q[1]: not a TINYINT, in a ARRAY"],
    ['{"a":[{"name":"\\\\ud800"}]}', "field a: [0].name: lone surrogate in a STRING, in a ARRAY"],
    ['{"a":[5]}', "field a: [0]: not a ROW, in a ARRAY"],
    ['{"d":"x"}', "field d: not a DECIMAL"],
    ['{"d":1000}', "field d: not a DECIMAL"],
    ['{"b":"A"}', "field b: not a BYTES"],
  ])("%s fails with its place", (line, error) => {
    const schema = schemaOf({
      a: "ARRAY<ROW<name STRING NOT NULL, q ARRAY<TINYINT>>>",
      d: "DECIMAL(5, 2)",
      b: "BYTES",
    });
    const good = '{"a":[{"name":"ok"}]}';
    const driver = read(schema, `${good}\n${line.replaceAll("\\\\", "\\")}\n${good}\n`);
    expect(
      driver.failures.map(({ row, message }) => [row, message.replace(/ at byte \d+$/, "")]),
    ).toEqual([[1, error]]);
    const row = { a: [{ name: "ok", q: null }], d: null, b: null };
    expect(driver.rows()).toEqual([row, row]);
  });

  test("a decimal is rounded half up to its scale, as Flink does", () => {
    const schema = schemaOf({ d: "DECIMAL(5, 2)" });
    const texts = [
      "1.005",
      "-1.005",
      "1.0049999",
      "0.005",
      "0.0049",
      "1e2",
      "12345e-2",
      "-0",
      "99.995",
      "1E-5",
    ];
    const lines = texts.map((text, i) => `{"d":${i % 2 === 0 ? text : `"${text}"`}}\n`).join("");
    const wanted = [
      "1.01",
      "-1.01",
      "1.00",
      "0.01",
      "0.00",
      "100.00",
      "123.45",
      "0.00",
      "100.00",
      "0.00",
    ];
    const given = read(schema, lines)
      .rows()
      .map(({ d }) => decimalText(d as bigint, 2));
    expect(given).toEqual(wanted);
    expect(read(schema, '{"d":999.995}\n').failures).toHaveLength(1);
  });

  test("base64 is read as Node reads it, and strictly", () => {
    const schema = schemaOf({ b: "VARBINARY(4)" });
    for (const bytes of [[], [0], [255, 254], [1, 2, 3], [9, 8, 7, 6]]) {
      const text = Buffer.from(bytes).toString("base64");
      expect(read(schema, `{"b":"${text}"}\n`).rows()).toEqual([{ b: Uint8Array.from(bytes) }]);
    }
    for (const text of ["AB", "A===", "AB=A", "AR==", "AA=A", "A-A=", "AAAAAAA="]) {
      expect(read(schema, `{"b":"${text}"}\n`).failures, text).toHaveLength(1);
    }
  });
});
