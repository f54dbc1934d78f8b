import { beforeAll, describe, expect, test } from "vitest";
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import type { RowValue } from "../../../src/protocol/batch/column-value.ts";
import type { LogicalType, Schema } from "../../../src/protocol/types.ts";
import { inEveryMode, MODES, type ModuleDriver } from "../module-driver.ts";
import { loadBuiltin, operatorNumber, RECORD, schemaOf } from "./builtin-module.ts";

let builtin: WebAssembly.Module;
beforeAll(async () => {
  builtin = await loadBuiltin();
}, 120_000);

interface Run {
  readonly operator: string;
  readonly input: Schema;
  readonly output?: Schema;
  readonly parameters?: Record<string, unknown>;
}

/** Runs blocks through an operator in every mode; what comes out, and the failures. */
function run(setup: Run, blocks: Uint8Array[], last?: bigint): ModuleDriver {
  const output = { name: "main", schema: setup.output ?? setup.input };
  const drivers = inEveryMode(
    builtin,
    {
      operator: operatorNumber(setup.operator),
      parameters: setup.parameters ?? {},
      input: setup.input,
      outputs: [output],
    },
    (driver) => {
      for (const block of blocks) driver.process(block);
      if (last !== undefined) driver.watermark(last);
    },
  );
  for (const [i, driver] of drivers.entries()) {
    expect(driver.outputs, MODES[i]!.name).toEqual(drivers[0]!.outputs);
    expect(driver.failures, MODES[i]!.name).toEqual(drivers[0]!.failures);
  }
  return drivers[0]!;
}

function block(schema: Schema, rows: readonly RowValue[]): Uint8Array {
  const writer = new BatchWriter(schema);
  for (const row of rows) writer.append(row);
  return writer.finish();
}

describe("select", () => {
  test("reorders and renames, keeping lanes and NULLs", () => {
    const input = schemaOf({ a: "INT", b: "STRING", c: "BOOLEAN" });
    const output = schemaOf({ flag: "BOOLEAN", a: "INT", text: "STRING" });
    const writer = new BatchWriter(input);
    writer.append({ a: 1, b: "x", c: true }, { eventTime: 7n, change: 3 }).watermark(6n);
    writer.append({ a: null, b: null, c: null });
    const driver = run(
      { operator: "select", input, output, parameters: { fields: { flag: "c", text: "b" } } },
      [writer.finish()],
    );
    expect(driver.outputs[0]).toEqual([
      { values: { flag: true, a: 1, text: "x" }, time: 7n, change: 3 },
      { watermark: 6n },
      { values: { flag: null, a: null, text: null }, time: undefined, change: 0 },
    ]);
  });
});

describe("formats", () => {
  const types: Record<string, string | LogicalType> = {
    b: "BOOLEAN",
    i8: "TINYINT",
    i16: "SMALLINT",
    i: "INT",
    l: "BIGINT",
    f: "FLOAT",
    d: "DOUBLE",
    s: "STRING",
    day: "DATE",
    time: { type: "TIME", precision: 3 },
    at: { type: "TIMESTAMP", precision: 3 },
    utc: { type: "TIMESTAMP_LTZ", precision: 6 },
  };
  const input = schemaOf(types);
  const full: RowValue = {
    b: true,
    i8: -128,
    i16: -32768,
    i: 2147483647,
    l: -9223372036854775808n,
    f: Math.fround(0.1),
    d: 1e21,
    s: 'q"é\\\n\u0001😀',
    day: 18262,
    time: 86399999,
    at: -1n,
    utc: 1_577_836_800_000_001n,
  };
  const empty: RowValue = Object.fromEntries(Object.keys(types).map((name) => [name, null]));
  const records = (operator: string, rows: RowValue[], parameters = {}, schema = input) =>
    run({ operator, input: schema, output: RECORD.schema, parameters }, [block(schema, rows)])
      .rows()
      .map((row) => row.record as string);

  test("format_json writes what JSON.parse reads back", () => {
    const [first, second] = records("format_json", [full, empty]);
    expect(first).toBe(
      '{"b":true,"i8":-128,"i16":-32768,"i":2147483647,"l":-9223372036854775808,"f":0.1,"d":1e+21,' +
        '"s":"q\\"é\\\\\\n\\u0001😀","day":"2020-01-01","time":"23:59:59.999",' +
        '"at":"1969-12-31 23:59:59.999","utc":"2020-01-01 00:00:00.000001Z"}\n',
    );
    expect(JSON.parse(first!).s).toBe(full.s);
    expect(JSON.parse(second!)).toEqual(empty);
  });

  test("format_json leaves NULLs out where asked, and quotes what is no JSON number", () => {
    expect(records("format_json", [empty], { ignoreNullFields: true })).toEqual(["{}\n"]);
    const schema = schemaOf({ 'a"b': "DOUBLE", c: "DOUBLE" });
    const row = { 'a"b': Number.NaN, c: -Infinity };
    expect(records("format_json", [row], {}, schema)).toEqual([
      '{"a\\"b":"NaN","c":"-Infinity"}\n',
    ]);
  });

  test("format_json keeps the sign of a zero, as Flink does", () => {
    const schema = schemaOf({ f: "FLOAT", d: "DOUBLE", zero: "DOUBLE" });
    const [record] = records("format_json", [{ f: -0, d: -0, zero: 0 }], {}, schema);
    expect(record).toBe('{"f":-0.0,"d":-0.0,"zero":0}\n');
    expect(JSON.parse(record!)).toEqual({ f: -0, d: -0, zero: 0 });
  });

  test("format_csv quotes what needs it, and a text that reads like NULL", () => {
    const schema = schemaOf({ a: "STRING", b: "INT", c: "STRING" });
    const rows = [
      { a: 'x,"y"', b: 1, c: "two\nlines" },
      { a: "plain", b: null, c: "" },
      { a: null, b: 3, c: "NULL" },
    ];
    expect(records("format_csv", rows, {}, schema)).toEqual([
      '"x,""y""",1,"two\nlines"\n',
      'plain,,""\n',
      ",3,NULL\n",
    ]);
    expect(
      records("format_csv", rows.slice(2), { nullLiteral: "NULL", fieldDelimiter: ";" }, schema),
    ).toEqual(['NULL;3;"NULL"\n']);
  });

  test("format_text writes the columns as they are", () => {
    const schema = schemaOf({ word: "STRING", n: "BIGINT" });
    const rows = [
      { word: "a b", n: 1n },
      { word: null, n: -2n },
    ];
    expect(records("format_text", rows, {}, schema)).toEqual(["a b 1\n", "null -2\n"]);
    expect(records("format_text", rows, { separator: "\t" }, schema)[0]).toBe("a b\t1\n");
  });

  test("a timestamp beyond the year 9999 fails its row only", () => {
    const schema = schemaOf({ at: { type: "TIMESTAMP", precision: 3 } });
    const rows = [{ at: 253_402_300_800_000n }, { at: 253_402_300_799_999n }];
    const driver = run({ operator: "format_json", input: schema, output: RECORD.schema }, [
      block(schema, rows),
    ]);
    expect(driver.failures).toEqual([{ row: 0, message: "field at: outside the years 0 to 9999" }]);
    expect(driver.rows()).toEqual([{ record: '{"at":"9999-12-31 23:59:59.999"}\n' }]);
  });

  test("keeps a record whole when its text outgrows the block", () => {
    const schema = schemaOf({ a: "STRING", b: "STRING" });
    const long = "x".repeat(300_000);
    const [record] = records("format_json", [{ a: long, b: long }], {}, schema);
    expect(record).toBe(`{"a":"${long}","b":"${long}"}\n`);
  });

  test("a type that cannot be written is refused with its column", () => {
    const schema = schemaOf({ raw: "BYTES" });
    const setup = { operator: "format_csv", input: schema, output: RECORD.schema };
    expect(() => run(setup, [])).toThrow("cannot write column raw: BYTES");
  });
});
