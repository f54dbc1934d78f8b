import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { writeBundle } from "../../src/build/bundle-writer.ts";
import { type BuildOptions, type BuiltBundle, buildBundle } from "../../src/build/compile.ts";
import { BatchWriter } from "../../src/protocol/batch/batch-writer.ts";
import {
  bundleSourceMap,
  bundleSources,
  inspectBundle,
} from "../../src/protocol/bundle/inspect.ts";
import { MillraceError } from "../../src/protocol/errors.ts";
import type { Schema } from "../../src/protocol/types.ts";
import { inEveryMode, ModuleDriver } from "../operators/module-driver.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** Writes files into a new folder and answers it. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-build-"));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function build(
  files: Readonly<Record<string, string>>,
  options: Partial<BuildOptions> = {},
): Promise<BuiltBundle> {
  const entry = join(folderOf(files), "index.ts");
  return buildBundle({ entry, name: "test", optimize: "none", ...options });
}

/** The error of a build that fails. */
async function failure(source: string, more: Record<string, string> = {}): Promise<MillraceError> {
  try {
    await build({ "index.ts": source, ...more });
  } catch (thrown) {
    if (thrown instanceof MillraceError) return thrown;
    throw thrown;
  }
  throw new Error("it was built");
}

const moduleOf = (bytes: Uint8Array): WebAssembly.Module =>
  new WebAssembly.Module(Uint8Array.from(bytes));

const SDK = "import { Collector, FlatMapFunction, MapFunction, Text } from 'millrace/sdk';";
const ROWS = "@row class A { a!: Text; n: i64; }\n@row class B { b!: Text; }";

const EVERY_TYPE = `
${SDK}
@row class Every {
  flag: bool; tiny: i8; small: i16; whole: i32; big: i64; single: f32; double: f64; text!: Text;
  @nullable maybeFlag: bool;
  @nullable maybeBig: i64;
  @nullable maybeText!: Text;
  @timestamp(6) at: i64;
  @date day: i32;
  @type("VARCHAR(20)") @column("class") short!: Text;
}
@operator class Copy extends MapFunction<Every, Every> {
  map(from: Every, to: Every): void {
    to.short = Text.of("thrown away");
    to.flag = from.flag; to.tiny = from.tiny; to.small = from.small; to.whole = from.whole;
    to.big = from.big; to.single = from.single; to.double = from.double; to.text = from.text;
    if (!from.maybeFlagIsNull) to.maybeFlag = from.maybeFlag;
    if (!from.maybeBigIsNull) to.maybeBig = from.maybeBig;
    to.maybeText = Text.of("set, then taken back");
    to.setMaybeTextNull();
    if (!from.maybeTextIsNull) to.maybeText = from.maybeText;
    to.at = from.at; to.day = from.day; to.short = from.short;
  }
}
@operator class Nothing extends MapFunction<Every, Every> { map(from: Every, to: Every): void {} }
`;

describe("row classes", () => {
  test("read and write a column of every type, nulls included, however the output is cut", async () => {
    const { bytes, manifest } = await build({ "index.ts": EVERY_TYPE });
    const schema = manifest.operators[0]!.inputs[0]!.schema;
    if (schema === "any") throw new Error("the schema is fixed");
    expect(schema.map((f) => `${f.type.type}${f.type.nullable ? "?" : ""}`).join(" ")).toBe(
      "BOOLEAN TINYINT SMALLINT INT BIGINT FLOAT DOUBLE STRING BOOLEAN? BIGINT? STRING? " +
        "TIMESTAMP DATE VARCHAR",
    );
    const rows = Array.from({ length: 40 }, (_, i) => ({
      flag: i % 3 === 0,
      tiny: i - 20,
      small: 2000 - 300 * i,
      whole: 70_000 * i,
      big: 2n ** 60n - BigInt(i),
      single: i / 4,
      double: i / 3,
      text: "ä€".repeat(i),
      maybeFlag: i % 2 === 0 ? null : true,
      maybeBig: i % 5 === 0 ? null : BigInt(i),
      maybeText: i % 7 === 0 ? null : `t${i}`,
      at: 1_600_000_000_000_000n + BigInt(i),
      day: i,
      class: `s${i}`,
    }));
    const writer = new BatchWriter(schema);
    for (const row of rows) writer.append(row);
    const block = writer.finish();
    const setup = { input: schema, outputs: [{ name: "main", schema }] };
    const copied = inEveryMode(moduleOf(bytes), { operator: 0, ...setup }, (driver) =>
      driver.process(block),
    );
    for (const driver of copied) expect(driver.rows()).toEqual(rows);
    const empty = new ModuleDriver(moduleOf(bytes), { operator: 1, ...setup });
    expect(empty.process(block).flush().rows()[39]).toMatchObject({
      flag: false,
      big: 0n,
      text: "",
      maybeFlag: null,
      maybeBig: null,
      maybeText: null,
      class: "",
    });
  });

  test.each([
    ["b: string;", "field b has the unsupported type string", "Write Text"],
    ["b: u64;", "field b has the unsupported type u64", "unsigned"],
    ["b: Text | null;", "field b has the type Text | null", "@nullable b: Text"],
    ["b: i64 = 5;", "row field b has an initial value", "Remove it"],
    ["kind: i64;", "row field kind has a reserved name", "Rename it"],
    ["@date b: i64;", "field b: DATE is kept in i32, not in i64", "Write the field as i32."],
    ["@colour b: i64;", "field b: unknown @colour", "@timestamp"],
    ['@type("NUMBER(3)") b: i64;', "field b: ", "Write a type of Flink SQL"],
    [
      '@type("DECIMAL(10, 2)") b: i64;',
      "field b: DECIMAL(10, 2) is kept in Value, not in i64",
      "Write the field as Value.",
    ],
    ["b!: Value;", "field b does not say its type", "@type"],
    ["of: i64;", "Type expected. (AS1110)", '@column("of")'],
    ["@column() b: i64;", "field b: @column without a name", '@column("of")'],
    ['@column("first") b: i64;', "row class B has two fields for the column first", "Leave one"],
    ["constructor() {}", "row class B has a constructor", "out.row()"],
  ])("name the line and the remedy of %s", async (member, message, remedy) => {
    const error = await failure(`${SDK}\n@row class B {\n  first: i64;\n  ${member}\n}\n`);
    expect(error.code).toBe("BUNDLE_COMPILE_FAILED");
    expect(error.field).toBe("index.ts:4:3");
    expect(error.message).toContain(`index.ts:4:3: ${message}`);
    expect(error.expected).toContain(remedy);
  });
});

describe("operator classes", () => {
  const flatMap = "flatMap(a: A, out: Collector<B>): void {}";

  test.each([
    ["@operator class X {}", "X extends no function of the SDK", "Extend one of MapFunction"],
    [`@operator class X extends FlatMapFunction<A, B> {}`, "has no method flatMap", flatMapText()],
    [
      "@operator class X extends FlatMapFunction<A, B> { flatMap(a: B, out: Collector<B>): void {} }",
      "has flatMap(B, Collector<B>): void",
      flatMapText(),
    ],
    [
      "@operator class X extends FlatMapFunction<A, B> { flatMap(a: A): void {} }",
      "has flatMap(A): void",
      flatMapText(),
    ],
    [
      `@operator class X extends FlatMapFunction<A> { ${flatMap} }`,
      "extends FlatMapFunction<A>",
      "FlatMapFunction<In, Out>",
    ],
    [
      `class X extends FlatMapFunction<A, B> { ${flatMap} }`,
      "has no @operator",
      "Put @operator on X",
    ],
    [
      "@operator class X extends FlatMapFunction<A, C> { flatMap(a: A, out: Collector<C>): void {} }",
      "there is no class C",
      "@row class C",
    ],
    [`@operator class X<T> extends FlatMapFunction<A, B> { ${flatMap} }`, "type parameters", "own"],
    [
      `@operator @row class X extends FlatMapFunction<A, B> { ${flatMap} }`,
      "@row and @operator",
      "one",
    ],
    [
      `@operator class X extends FlatMapFunction<A, B> { @parameter p: Date; ${flatMap} }`,
      "parameter p has the unsupported type Date",
      "Parameters are bool",
    ],
    [
      `@operator class X extends FlatMapFunction<A, B> { @parameter p: string[]; ${flatMap} }`,
      "parameter p has the unsupported type",
      "A list or an object travels as a text",
    ],
    [
      `@operator class X extends FlatMapFunction<A, B> { @parameter p: i32 = 1 + 1; ${flatMap} }`,
      "the default of parameter p is no literal: 1 + 1",
      "Write the value itself",
    ],
    [
      `@operator @emits("upsert") class X extends FlatMapFunction<A, B> { ${flatMap} }`,
      "@emits",
      "key",
    ],
  ])("name the line and the remedy of %s", async (source, message, remedy) => {
    const error = await failure(`${SDK}\n${ROWS}\n${source}\n`);
    expect(error.code).toBe("BUNDLE_COMPILE_FAILED");
    expect(error.field).toMatch(/^index\.ts:4:\d+$/);
    expect(error.message).toContain(message);
    expect(error.expected).toContain(remedy);
  });

  function flatMapText(): string {
    return "Write flatMap(A, Collector<B>): void.";
  }

  test("leave the compiler's own errors at the author's line and column", async () => {
    const body = "flatMap(a: A, out: Collector<B>): void {\n    out.row().c = a.a;\n  }";
    const head = `${SDK}\n${ROWS}\n@operator class X extends FlatMapFunction<A, B> {\n  `;
    const error = await failure(`${head}${body}\n}\n`);
    expect(error.field).toBe("index.ts:6:15");
    expect(error.message).toContain("Property 'c' does not exist");
    const exceptions = body.replace("out.row().c = a.a;", "try { } catch (e) { }");
    const other = await failure(`${head}${exceptions}\n}\n`);
    expect(other.field).toBe("index.ts:6:5");
    expect(other.message).toContain("this.failRow(message)");
    expect((await failure(`${SDK}\nclass {`)).field).toMatch(/^index\.ts:2:/);
  });

  test("refuse what would end the compiler's stack, and with it the process", async () => {
    const text = (sum: string) => `${SDK}\nexport function f(x: f64): f64 {\n  return ${sum};\n}\n`;
    const sum = Array.from({ length: 5000 }, () => "x").join(" + ");
    for (const [deep, place] of [
      [text(sum), "index.ts:3:10"],
      [text(`${"(".repeat(50_000)}x${")".repeat(50_000)}`), "index.ts:1:1"],
    ] as const) {
      const error = await failure(deep);
      expect(error.message).toContain(`${place}: an expression nested more than 1000 deep`);
    }
  });

  test("say where imports lead astray", async () => {
    expect((await failure(`${SDK}\nimport { Q } from './rows';\n`)).message).toContain("rows");
    const outside = await failure(`${SDK}\nimport { Q } from '../rows';\n`);
    expect(outside.message).toContain("index.ts:2:19: ../rows lies outside the bundle's folder");
    await expect(buildBundle({ entry: "/nowhere/x.ts", name: "x" })).rejects.toMatchObject({
      code: "BUNDLE_ENTRY_NOT_FOUND",
    });
  });

  test("take parameters, with the defaults of the source", async () => {
    const source = `${SDK}
${ROWS}
/** Repeats a text. */
@operator("repeat") @accepts("insert-only", "retract")
class X extends FlatMapFunction<A, B> {
  @parameter times: i32 = 2;
  @parameter prefix: Text;
  flatMap(a: A, out: Collector<B>): void {
    for (let i = 0; i < this.times; i++) {
      out.row().b = this.prefix;
      out.collect();
    }
  }
}`;
    const { bytes, manifest } = await build({ "index.ts": source });
    const [repeat] = manifest.operators;
    expect(repeat).toMatchObject({
      name: "repeat",
      doc: "Repeats a text.",
      source: { file: "index.ts", line: 6 },
      parameters: [
        { name: "times", type: "INT", default: 2 },
        { name: "prefix", type: "STRING" },
      ],
    });
    expect(repeat!.inputs[0]!.accepts).toEqual(["insert-only", "retract"]);
    const input = repeat!.inputs[0]!.schema as Schema;
    const output = [{ name: "b", type: input[0]!.type }];
    const driver = new ModuleDriver(moduleOf(bytes), {
      operator: 0,
      input,
      outputs: [{ name: "main", schema: output }],
      parameters: { prefix: "é" },
    });
    driver.process(new BatchWriter(input).append({ a: "x", n: 1n }).finish()).flush();
    expect(driver.rows()).toEqual([{ b: "é" }, { b: "é" }]);
  });
});

describe("a bundle", () => {
  const files = {
    "index.ts": `${SDK}\nimport { A } from "./rows/a";\n@row class B { b!: Text; }
@operator class X extends FlatMapFunction<A, B> {
  flatMap(a: A, out: Collector<B>): void { out.row().b = a.a; out.collect(); }
}\n`,
    "rows/a.ts": 'import { Text } from "millrace/sdk";\n@row export class A { a!: Text; }\n',
  };

  test("has the same bytes wherever its sources lie, and names nothing of the machine", async () => {
    const one = await build(files, { optimize: "speed" });
    const other = await build(files, { optimize: "speed" });
    expect(other.report.hash).toBe(one.report.hash);
    const text = Buffer.from(one.bytes).toString("latin1") + bundleSourceMap(one.bytes);
    for (const folder of [...folders, process.cwd()]) expect(text).not.toContain(folder);
  });

  test("carries its sources unless built without them", async () => {
    const { bytes } = await build(files);
    const sources = bundleSources(bytes);
    expect([...sources.keys()]).toEqual(["bundle.json", "index.ts", "rows/a.ts"]);
    expect(new TextDecoder().decode(sources.get("index.ts"))).toBe(files["index.ts"]);
    const bare = await build(files, { source: false });
    expect(bundleSources(bare.bytes).size).toBe(0);
    expect(bare.report.warnings.join()).toContain("carries no sources");
  });

  test("has a source map that names the author's files", async () => {
    const { bytes } = await build(files);
    const map = JSON.parse(bundleSourceMap(bytes)!);
    expect(map.sources).toEqual(expect.arrayContaining(["index.ts", "~lib/millrace/sdk/row.ts"]));
    expect(map).not.toHaveProperty("sourcesContent");
  });

  test("declares its memory maximum", async () => {
    const { bytes } = await build(files, { memoryPages: 100 });
    expect(inspectBundle(bytes, 100).memory).toMatchObject({ maximum: 100, imposed: false });
    expect(() => inspectBundle(bytes, 99)).toThrow("above the budget");
  });
});

describe("the examples", () => {
  const read = (name: string): Uint8Array =>
    readFileSync(fileURLToPath(new URL(`../../build/${name}.wasm`, import.meta.url)));

  test("describe themselves", () => {
    const words = inspectBundle(read("word-count"));
    expect(words.manifest.operators.map((o) => `${o.kind} ${o.name}`)).toEqual([
      "flat_map SplitWords",
      "exchange $exchange",
    ]);
    expect(words.warnings).toEqual([]);
    const fleet = inspectBundle(read("sensor-fleet")).manifest;
    expect(fleet.operators.map((o) => `${o.kind} ${o.name}`)).toEqual([
      "filter PlausibleReadings",
      "aggregate AverageTemperature",
      "flat_map RaiseAlerts",
      "exchange $exchange",
    ]);
    expect(fleet.operators[1]).toMatchObject({
      inputs: [{ keyed: true }],
      states: [{ name: "accumulator", type: "aggregating", version: 1 }],
    });
    expect(inspectBundle(read("builtin")).manifest.operators.at(-1)?.name).toBe("$exchange");
  });

  test("word count splits lines into lower-case words", () => {
    const bytes = read("word-count");
    const schema = (name: string) => [{ name, type: { type: "STRING", nullable: false } }] as const;
    const setup = {
      operator: 0,
      input: schema("line"),
      outputs: [{ name: "main", schema: schema("word") }],
    };
    const block = new BatchWriter(schema("line"))
      .append({ line: "Call me Ishmael. Some years ago--never MIND how long" })
      .append({ line: "" })
      .append({ line: "naïve" })
      .finish();
    const drivers = inEveryMode(moduleOf(bytes), setup, (driver) => driver.process(block));
    const words = "call me ishmael some years ago never mind how long na ve".split(" ");
    for (const driver of drivers) expect(driver.rows().map((row) => row.word)).toEqual(words);
  });

  test("a bundle that reads the clock must ask for it", () => {
    const built = read("sensor-fleet");
    const { manifest } = inspectBundle(built);
    expect(manifest.capabilities).toEqual(["processing_time"]);
    // The writer drops the sections it writes itself, so this only changes the manifest.
    const silent = writeBundle({ wasm: built, manifest: { ...manifest, capabilities: [] } });
    expect(() => inspectBundle(silent)).toThrow("needs the capability processing_time");
  });
});
