import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { LogicalType } from "../../../src/protocol/types.ts";
import { inEveryMode, MODES, ModuleDriver, type OperatorSetup } from "../module-driver.ts";
import { bytesOf, DEAD_LETTER, loadBuiltin, operatorNumber, schemaOf } from "./builtin-module.ts";

let builtin: WebAssembly.Module;
beforeAll(async () => {
  builtin = await loadBuiltin();
}, 120_000);

function source(
  name: string,
  columns: Record<string, string | LogicalType>,
  parameters: Record<string, unknown> = {},
): OperatorSetup {
  const main = { name: "main", schema: schemaOf(columns) };
  const outputs = name === "text_lines" || name === "datagen" ? [main] : [main, DEAD_LETTER];
  return { operator: operatorNumber(name), parameters, outputs };
}

/** Reads bytes in chunks of a size in every mode and answers the driver of the normal one. */
function readAll(
  setup: OperatorSetup,
  content: string | Uint8Array,
  chunk = 1 << 20,
): ModuleDriver {
  const bytes = typeof content === "string" ? bytesOf(content) : content;
  const drivers = inEveryMode(builtin, setup, (driver) => {
    driver.assign({ path: "file", start: 0 });
    feed(driver, bytes, 0, chunk);
  });
  for (const [i, driver] of drivers.entries()) {
    expect(driver.outputs, MODES[i]!.name).toEqual(drivers[0]!.outputs);
    expect(driver.failures, MODES[i]!.name).toEqual(drivers[0]!.failures);
    driver.close();
  }
  return drivers[0]!;
}

function feed(driver: ModuleDriver, bytes: Uint8Array, from: number, chunk: number): void {
  for (let at = from; ; at += chunk) {
    const last = at + chunk >= bytes.length;
    if (driver.bytes(bytes.subarray(at, at + chunk), last) || last) return;
  }
}

/** The rows of all splits that begin at the given cuts. */
function readSplits(setup: OperatorSetup, bytes: Uint8Array, cuts: number[], chunk: number) {
  const bounds = [0, ...[...new Set(cuts)].filter((cut) => cut > 0).sort((a, b) => a - b)];
  return bounds.map((start, i) => {
    const driver = new ModuleDriver(builtin, setup);
    driver.assign({ path: "file", start, end: bounds[i + 1] ?? bytes.length });
    feed(driver, bytes, start, chunk);
    const rows = driver.flush().rows();
    driver.close();
    return rows;
  });
}

describe("text_lines", () => {
  const lines = (content: string | Uint8Array, chunk?: number) =>
    readAll(source("text_lines", { line: "STRING" }), content, chunk)
      .rows()
      .map((row) => row.line);

  test("ends lines at \\n and \\r\\n, gives empty lines and a last one without a newline", () => {
    expect(lines("a\n\nb\r\n\r\nc")).toEqual(["a", "", "b", "", "c"]);
    expect(lines("a\n")).toEqual(["a"]);
    expect(lines("")).toEqual([]);
    expect(lines("a\rb\nc\r")).toEqual(["a\rb", "c\r"]);
    expect(lines("\ufeffa\n\ufeffb")).toEqual(["a", "\ufeffb"]);
  });

  test("joins lines that cross chunks, also between \\r and \\n", () => {
    const content = "first line\r\nsecond – line\r\n\nlast";
    for (let chunk = 1; chunk < 30; chunk++) {
      expect(lines(content, chunk)).toEqual(["first line", "second – line", "", "last"]);
    }
  });

  test("replaces what is not UTF-8 as TextDecoder does", () => {
    const bytes = fc
      .uint8Array({ maxLength: 40 })
      .map((raw) => raw.map((b) => (b === 10 ? 11 : b)));
    const utf8 = fc.array(
      fc.constantFrom(0xe2, 0x80, 0x93, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xa0, 0x41),
    );
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    fc.assert(
      fc.property(
        fc.oneof(
          bytes,
          utf8.map((list) => Uint8Array.from(list)),
        ),
        (line) => {
          const driver = new ModuleDriver(builtin, source("text_lines", { line: "STRING" }));
          driver.assign({ start: 0 });
          driver.bytes(new Uint8Array([120, 10, ...line, 10]), true);
          const wanted = decoder.decode(line).replace(/\r$/, "");
          expect(driver.flush().rows()[1]!.line).toBe(wanted);
          driver.close();
        },
      ),
      { numRuns: 500 },
    );
  });

  test("counts lines from 1, and then refuses to start in the middle of a file", () => {
    const setup = source("text_lines", { line: "STRING", line_number: "BIGINT" });
    expect(readAll(setup, "a\nb\n").rows()).toEqual([
      { line: "a", line_number: 1n },
      { line: "b", line_number: 2n },
    ]);
    const driver = new ModuleDriver(builtin, setup);
    expect(() => driver.assign({ start: 10, end: 20 })).toThrow(/cannot be read in splits/);
  });

  test("every line is read once, in order, however the file is cut into splits and chunks", () => {
    const line = fc.stringMatching(/^[a-zé]{0,12}$/);
    const newline = fc.constantFrom("\n", "\r\n");
    fc.assert(
      fc.property(
        fc.array(fc.tuple(line, newline), { maxLength: 12 }),
        fc.array(fc.nat(120), { maxLength: 6 }),
        fc.integer({ min: 1, max: 40 }),
        (parts, cuts, chunk) => {
          const bytes = bytesOf(parts.flat().join(""));
          const inside = cuts.filter((cut) => cut < bytes.length);
          const rows = readSplits(source("text_lines", { line: "STRING" }), bytes, inside, chunk);
          expect(rows.flat().map((row) => row.line)).toEqual(parts.map(([text]) => text));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("a split reads the record that starts at its end, not the one behind", () => {
    const bytes = bytesOf("aa\nbb\ncc\n");
    const rows = readSplits(source("text_lines", { line: "STRING" }), bytes, [3], 100);
    expect(rows.map((part) => part.map((row) => row.line))).toEqual([["aa", "bb"], ["cc"]]);
  });

  test("a line of more than 16 MiB fails by itself", () => {
    const driver = new ModuleDriver(builtin, source("text_lines", { line: "STRING" }));
    driver.assign({ start: 0 });
    const long = new Uint8Array(6 << 20).fill(97);
    driver.bytes(bytesOf("before\n"), false);
    for (let i = 0; i < 3; i++) driver.bytes(long, false);
    driver.bytes(bytesOf("\nafter\n"), true);
    expect(
      driver
        .flush()
        .rows()
        .map((row) => row.line),
    ).toEqual(["before", "after"]);
    expect(driver.failures).toEqual([
      { row: 1, message: "record of more than 16777216 bytes at byte 7" },
    ]);
  });
});

describe("json_lines", () => {
  test("reads every type, exactly", () => {
    const types = { b: "BOOLEAN", i8: "TINYINT", i: "INT", l: "BIGINT", f: "FLOAT", d: "DOUBLE" };
    const setup = source("json_lines", {
      ...types,
      s: "STRING",
      day: "DATE",
      at: { type: "TIMESTAMP", precision: 3 },
      utc: { type: "TIMESTAMP_LTZ", precision: 6 },
      time: { type: "TIME", precision: 0 },
    });
    const json =
      `{"b":true,"i8":-128,"i":1e3,"l":9223372036854775807,"f":0.1,"d":1.7976931348623157e308,
      "s":"\\ud83d\\ude00\\n","day":"1969-12-31","at":"2020-01-01 00:00:00.1234",
      "utc":"2020-01-01T00:00:00.5Z","time":"23:59:59"}`.replaceAll("\n", " ");
    expect(readAll(setup, json).rows()).toEqual([
      {
        b: true,
        i8: -128,
        i: 1000,
        l: 9223372036854775807n,
        f: Math.fround(0.1),
        d: Number.MAX_VALUE,
        s: "😀\n",
        day: -1,
        at: 1577836800123n,
        utc: 1577836800500000n,
        time: 86399000,
      },
    ]);
  });

  test("follows paths; missing and null are NULL; text columns take any value", () => {
    const setup = source(
      "json_lines",
      { id: "BIGINT", first: "STRING", whole: "STRING" },
      { paths: { id: "a.b[0].id", first: "a.b[0]", whole: "a" } },
    );
    expect(readAll(setup, '{"a":{"b":[{"id":"7"}]}}\n\n{"a":null}\n{}').rows()).toEqual([
      { id: 7n, first: '{"id":"7"}', whole: '{"b":[{"id":"7"}]}' },
      { id: null, first: null, whole: null },
      { id: null, first: null, whole: null },
    ]);
  });

  const bad = '{"n":1}\n{"n":}\n{"n":3}\n{"n":"x"}\n{"n":2147483648}\n{"n":1.5}\n{"n":6}';
  const errors = [
    { position: 8n, record: '{"n":}', error: "not a JSON value at character 5" },
    { position: 23n, record: '{"n":"x"}', error: "field n: not a INT" },
    { position: 33n, record: '{"n":2147483648}', error: "field n: not a INT" },
    { position: 50n, record: '{"n":1.5}', error: "field n: not a INT" },
  ];

  test("hands a record that does not parse to the task, and goes on behind it", () => {
    const driver = readAll(source("json_lines", { n: "INT" }), bad, 7);
    expect(driver.rows().map((row) => row.n)).toEqual([1, 3, 6]);
    expect(driver.failures).toEqual(
      errors.map(({ position, error }, i) => ({
        row: [1, 3, 4, 5][i],
        message: `${error} at byte ${position}`,
      })),
    );
  });

  test("takes objects only, and passes over what holds nothing, as Flink does", () => {
    const input = '[1]\n \t\r\nnull\n5\n\n"x"\n null \nnull 1\ntrue\n {"n":1} \n';
    const driver = readAll(source("json_lines", { n: "INT" }), input, 5);
    expect(driver.rows()).toEqual([{ n: 1 }]);
    expect(driver.failures.map(({ message }) => message)).toEqual([
      "not a JSON object at byte 0",
      "not a JSON object at byte 13",
      "not a JSON object at byte 16",
      "text behind the value at character 5 at byte 27",
      "not a JSON object at byte 34",
    ]);
    const paths = { n: "[0]", whole: "$" };
    const any = readAll(
      source("json_lines", { n: "INT", whole: "STRING" }, { paths }),
      "[1]\n5\nnull",
    );
    expect(any.rows()).toEqual([
      { n: 1, whole: "[1]" },
      { n: null, whole: "5" },
      { n: null, whole: null },
    ]);
  });

  test("drops it, or sends it to the dead letters, as the job chose", () => {
    const skip = readAll(source("json_lines", { n: "INT" }, { onError: "skip" }), bad);
    expect(skip.rows().map((row) => row.n)).toEqual([1, 3, 6]);
    expect(skip.failures).toEqual([]);
    const dead = readAll(source("json_lines", { n: "INT" }, { onError: "dead-letter" }), bad);
    expect(dead.rows().map((row) => row.n)).toEqual([1, 3, 6]);
    expect(dead.rows(1)).toEqual(errors);
  });

  test("keeps memory flat over records that fail, each with its message", () => {
    const setup = source("json_lines", { n: "INT" }, { onError: "skip" });
    const driver = new ModuleDriver(builtin, setup);
    driver.assign({ start: 0 });
    const chunk = bytesOf('{"n":"no number"}\n'.repeat(20_000));
    driver.bytes(chunk, false);
    const before = driver.memoryBytes;
    for (let i = 0; i < 30; i++) driver.bytes(chunk, false);
    expect(driver.memoryBytes).toBeLessThanOrEqual(before);
  });

  test("a NOT NULL column refuses a record without its value", () => {
    const setup = source("json_lines", { n: { type: "INT", nullable: false } });
    expect(readAll(setup, "{}").failures[0]!.message).toBe(
      "field n: missing in a NOT NULL INT at byte 0",
    );
  });

  test.each([
    [{ onError: "ignore" }, /onError must be/],
    [{ paths: { x: "a" } }, /column that is not there: x/],
    [{ paths: { n: "a..b" } }, /path of column n is malformed: a..b/],
  ])("refuses the parameters %j", (parameters, message) => {
    expect(() => new ModuleDriver(builtin, source("json_lines", { n: "INT" }, parameters))).toThrow(
      message,
    );
  });
});

describe("csv", () => {
  const columns = { a: "STRING", b: "INT", c: "STRING" };

  test("reads quotes, doubled quotes, CRLF and newlines in quotes at any chunk size", () => {
    const content = 'x,1,y\r\n"a ""q"" b",2,"two\r\nlines, and"\n"",,""\nin"side,4,""';
    for (let chunk = 1; chunk < 20; chunk++) {
      const driver = readAll(source("csv", columns), content, chunk);
      expect(driver.rows()).toEqual([
        { a: "x", b: 1, c: "y" },
        { a: 'a "q" b', b: 2, c: "two\r\nlines, and" },
        { a: "", b: null, c: "" },
        { a: 'in"side', b: 4, c: "" },
      ]);
    }
  });

  test("takes header, delimiter, quote, null literal and comments from its parameters", () => {
    const setup = source("csv", columns, {
      header: true,
      fieldDelimiter: ";",
      quoteCharacter: "'",
      nullLiteral: "NULL",
      allowComments: true,
    });
    const content = "a;b;c\n# a remark\n'x;y';1;NULL\n'NULL';NULL;'it''s'\n";
    expect(readAll(setup, content).rows()).toEqual([
      { a: "x;y", b: 1, c: null },
      { a: "NULL", b: null, c: "it's" },
    ]);
  });

  test("tells what is wrong with a record", () => {
    const content = 'x,1\nx,y,z\n"x"y,1,z\nok,1,ok\n"open,1,z';
    const driver = readAll(source("csv", columns, { onError: "dead-letter" }), content);
    expect(driver.rows().map((row) => row.a)).toEqual(["ok"]);
    expect(driver.rows(1).map((row) => row.error)).toEqual([
      "record of 2 fields, expected 3",
      "field b: not a INT",
      "text between a closing quote and the next delimiter",
      "quoted field without its closing quote",
    ]);
  });

  test("may be split where fields hold no newlines, and says so where they may", () => {
    const driver = new ModuleDriver(builtin, source("csv", columns));
    expect(() => driver.assign({ start: 5, end: 9 })).toThrow(/cannot be read in splits/);
    const bytes = bytesOf("a,b,c\nx,1,y\nz,2,w\n");
    const setup = source("csv", columns, { multiline: false, header: true });
    expect(
      readSplits(setup, bytes, [7], 4)
        .flat()
        .map((row) => row.a),
    ).toEqual(["x", "z"]);
  });

  test.each([
    [{ fieldDelimiter: ",," }, /fieldDelimiter must be one ASCII character/],
    [{ quoteCharacter: "é" }, /quoteCharacter must be one ASCII character/],
    [{ quoteCharacter: "," }, /are the same/],
  ])("refuses the parameters %j", (parameters, message) => {
    expect(() => new ModuleDriver(builtin, source("csv", columns, parameters))).toThrow(message);
  });
});

describe("datagen", () => {
  function generate(
    columns: Record<string, string | LogicalType>,
    parameters: Record<string, unknown>,
    subtask = 0,
    parallelism = 1,
  ) {
    const setup = { ...source("datagen", columns, parameters), subtask, parallelism };
    const drivers = inEveryMode(builtin, setup, (driver) => driver.poll());
    for (const driver of drivers) expect(driver.outputs).toEqual(drivers[0]!.outputs);
    return drivers[0]!.rows();
  }

  test("gives the same rows for the same seed, others for another", () => {
    const parameters = { "number-of-rows": 50, seed: 7 };
    const columns = { a: "BIGINT", b: "STRING", c: "DOUBLE", d: "BOOLEAN" };
    const rows = generate(columns, parameters);
    expect(rows).toHaveLength(50);
    expect(new Set(rows.map((row) => row.a)).size).toBe(50);
    expect(rows[0]!.b).toMatch(/^[0-9a-f]{100}$/);
    expect(generate(columns, parameters)).toEqual(rows);
    expect(generate(columns, { ...parameters, seed: 8 })).not.toEqual(rows);
  });

  test("keeps to min, max, length and null-rate, given flat or nested", () => {
    const rows = generate(
      { n: "INT", s: "STRING", t: "TINYINT", at: { type: "TIMESTAMP", precision: 3 } },
      {
        "number-of-rows": 2000,
        "fields.n.min": 5,
        "fields.n.max": 9,
        fields: {
          s: { length: 4, "var-len": true },
          t: { "null-rate": 0.5 },
          at: { "max-past": 1000 },
        },
      },
    );
    expect(new Set(rows.map((row) => row.n))).toEqual(new Set([5, 6, 7, 8, 9]));
    expect(new Set(rows.map((row) => (row.s as string).length))).toEqual(new Set([1, 2, 3, 4]));
    const nulls = rows.filter((row) => row.t === null).length;
    expect(nulls).toBeGreaterThan(850);
    expect(nulls).toBeLessThan(1150);
    const past = rows.map((row) => 1_600_000_000_123n - (row.at as bigint));
    expect(past.every((ms) => ms >= 0n && ms <= 1000n)).toBe(true);
  });

  test("subtasks share a sequence and the number of rows as Flink's do", () => {
    const parameters = { fields: { n: { kind: "sequence", start: 1, end: 10 } } };
    const parts = [0, 1, 2].map((subtask) =>
      generate({ n: "BIGINT" }, parameters, subtask, 3).map((row) => row.n),
    );
    expect(parts).toEqual([
      [1n, 4n, 7n, 10n],
      [2n, 5n, 8n],
      [3n, 6n, 9n],
    ]);
    const counts = [0, 1, 2].map(
      (s) => generate({ n: "INT" }, { "number-of-rows": 8 }, s, 3).length,
    );
    expect(counts).toEqual([3, 3, 2]);
  });

  test.each([
    [{ "fields.n.kind": "random walk" }, /fields.n: kind must be/],
    [{ "fields.n.min": 3, "fields.n.max": 2 }, /fields.n: min is above max/],
    [{ "fields.n.kind": "sequence" }, /fields.n: a sequence wants start and end/],
    [{ "fields.n.max": "3000000000" }, /fields.n: min or max does not fit/],
    [{ "number-of-rows": -2 }, /number-of-rows/],
  ])("refuses the parameters %j", (parameters, message) => {
    expect(() => new ModuleDriver(builtin, source("datagen", { n: "INT" }, parameters))).toThrow(
      message,
    );
  });
});
