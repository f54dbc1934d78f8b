import { describe, expect, test } from "vitest";
import { OPERATOR_KINDS } from "../../../src/build/operator-kinds.ts";
import { MANIFEST_SECTION } from "../../../src/protocol/abi.ts";
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import { readManifest } from "../../../src/protocol/bundle/manifest-section.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import { testBundle } from "../../conformance/conformance-module.ts";
import {
  HarnessModule,
  type HarnessSetup,
  MODES,
  OperatorHarness,
} from "../../conformance/operator-harness.ts";

const STRING = { type: "STRING", nullable: false } as const;
const BIGINT = { type: "BIGINT", nullable: false } as const;
const LINE: Schema = [
  { name: "text", type: STRING },
  { name: "n", type: BIGINT },
];
const AVERAGE: Schema = [
  { name: "text", type: STRING },
  { name: "average", type: { type: "DOUBLE", nullable: false } },
  { name: "window_start", type: BIGINT },
  { name: "window_end", type: BIGINT },
];
const OPERATORS = ["DoubleIt", "EvenOnly", "SplitWords", "ByParity", "Describe", "CountOut"];
OPERATORS.push("WriteLine", "ByNumber", "AverageOf", "Stringify", "RunningAverage", "BySevenths");
OPERATORS.push("LongestOf");

const compiled = await testBundle("test/operators/functions/assembly");

function setup(name: string, outputs: readonly Schema[], more: Partial<HarnessSetup> = {}) {
  return {
    operator: OPERATORS.indexOf(name),
    inputs: [{ schema: LINE, keys: ["text"] }],
    outputs: outputs.map((schema, i) => ({ name: String(i), schema })),
    ...more,
  };
}

/** Texts of lengths up to beyond a block's text room, rows with and without time, watermarks. */
function lines(): Uint8Array {
  const writer = new BatchWriter(LINE);
  for (let i = 0; i < 600; i++) {
    const text = i % 97 === 0 ? `${"long word ".repeat(300)}${i}` : ` a${i % 7}  b\u00e9${i} c`;
    writer.append([text, BigInt(i)], { eventTime: i % 5 === 0 ? undefined : BigInt(i * 10) });
    if (i % 50 === 49) writer.watermark(BigInt(i * 10 - 100));
  }
  return writer.finish(Array.from({ length: 600 }, (_, i) => i).filter((i) => i % 11 !== 3));
}

/** Outputs under each mode; all must be those of the first. */
function everyMode(setupOf: HarnessSetup, drive: (harness: OperatorHarness) => void) {
  const runs = Object.values(MODES).map((mode) => {
    const harness = new OperatorHarness(new HarnessModule(compiled), setupOf, mode);
    drive(harness);
    return { outputs: harness.drain(), failures: harness.failures };
  });
  for (const run of runs) expect(run).toEqual(runs[0]);
  return runs[0]!;
}

const rowsOf = (elements: ReturnType<OperatorHarness["drain"]>[number]) =>
  elements.flatMap((element) => (element.type === "row" ? [element.values] : []));

describe("a function operator gives the same with any room and any budget", () => {
  test("MapFunction: one row out for each in, refused rows by their number", () => {
    const run = everyMode(setup("DoubleIt", [LINE]), (harness) => harness.process(lines()));
    const rows = rowsOf(run.outputs[0]!);
    expect(rows[1]).toEqual({ text: " a1  b\u00e91 c", n: 2n });
    expect(run.failures).toEqual([{ row: 13, message: "n: 13 is unlucky" }]);
    expect(run.outputs[0]!.filter((element) => element.type === "watermark")).toHaveLength(12);
  });

  test("MapFunction: a change does not outlive its batch", () => {
    const batch = (changes: readonly number[]) => {
      const writer = new BatchWriter(LINE);
      for (const change of changes) writer.append(["a", BigInt(change)], { change });
      return writer.finish();
    };
    const run = everyMode(setup("DoubleIt", [LINE]), (harness) => {
      harness.process(batch([0, 1, 3]));
      harness.process(batch([0, 0]));
    });
    const changes = run.outputs[0]!.map((element) => element.type === "row" && element.change);
    expect(changes).toEqual([0, 1, 3, 0, 0]);
  });

  test("FilterFunction keeps rows, their times and the place of watermarks", () => {
    const run = everyMode(setup("EvenOnly", [LINE]), (harness) => harness.process(lines()));
    const rows = rowsOf(run.outputs[0]!);
    expect(rows.every((row) => (row.n as bigint) % 2n === 0n)).toBe(true);
    expect(run.outputs[0]![1]).toMatchObject({ type: "row", time: 20n });
  });

  test("FlatMapFunction expands a row far beyond the room", () => {
    const schema: Schema = [
      { name: "word", type: STRING },
      { name: "at", type: { type: "INT", nullable: false } },
    ];
    const run = everyMode(setup("SplitWords", [schema]), (harness) => harness.process(lines()));
    const rows = rowsOf(run.outputs[0]!);
    expect(rows.slice(0, 2)).toEqual([
      { word: "long", at: 0 },
      { word: "word", at: 1 },
    ]);
    expect(rows.filter((row) => row.word === "long")).toHaveLength(6 * 300);
  });

  test("KeySelector puts the key behind the row's own columns", () => {
    const schema: Schema = [...LINE, { name: "odd", type: { type: "BOOLEAN", nullable: false } }];
    const run = everyMode(setup("ByParity", [schema]), (harness) => harness.process(lines()));
    expect(rowsOf(run.outputs[0]!)[1]).toEqual({ text: " a1  b\u00e91 c", n: 1n, odd: true });
  });

  test("ProcessFunction sees timestamp and watermark of each record", () => {
    const run = everyMode(setup("Describe", [LINE]), (harness) => harness.process(lines()));
    const rows = rowsOf(run.outputs[0]!);
    expect(rows.find((row) => String(row.text).includes("b\u00e950 "))!.n).toBe(-1n);
    expect(rows.find((row) => String(row.text).includes("b\u00e951 "))!.n).toBe(120n);
  });

  test("SourceFunction polls a split to its end", () => {
    const source = setup("CountOut", [[{ name: "n", type: BIGINT }]], { inputs: [] });
    const run = everyMode(source, (harness) => {
      harness.assign({ from: 1, to: 11 });
      expect(harness.poll()).toBe(true);
    });
    expect(rowsOf(run.outputs[0]!).map((row) => row.n)).toEqual([
      1n,
      2n,
      3n,
      4n,
      5n,
      6n,
      7n,
      8n,
      9n,
      10n,
    ]);
  });

  test("SinkFunction writes a record for each row", () => {
    const schema: Schema = [{ name: "record", type: STRING }];
    const run = everyMode(setup("WriteLine", [schema]), (harness) => harness.process(lines()));
    expect(rowsOf(run.outputs[0]!)[1]!.record).toBe("1  a1  b\u00e91 c\n");
  });

  test("PartitionFunction spreads rows, watermarks go to every channel", () => {
    const custom = setup("ByNumber", [LINE, LINE, LINE], { parameters: { partitioner: "custom" } });
    const run = everyMode(custom, (harness) => harness.process(lines()));
    for (const [channel, elements] of run.outputs.entries()) {
      const rows = rowsOf(elements);
      expect(rows.every((row) => Number(row.n) % 3 === channel)).toBe(true);
      expect(elements.filter((element) => element.type === "watermark").length).toBe(12);
    }
  });

  test("AggregateFunction gives a row for each key and window", () => {
    const parameters = { size: 1000, offset: 0 };
    const run = everyMode(setup("AverageOf", [AVERAGE], { parameters }), (harness) => {
      const writer = new BatchWriter(LINE);
      for (let i = 0; i < 100; i++) {
        writer.append([`k${i % 3}`, BigInt(i)], { eventTime: BigInt(i * 20) });
      }
      harness.process(writer.watermark(999n).finish());
      harness.watermark(5000n);
    });
    expect(
      run.outputs[0]!.map((element) => (element.type === "row" ? element.values : element)),
    ).toEqual([
      { text: "k0", average: 24, window_start: 0n, window_end: 1000n },
      { text: "k1", average: 25.75, window_start: 0n, window_end: 1000n },
      { text: "k2", average: 24.5, window_start: 0n, window_end: 1000n },
      { type: "watermark", timestamp: 999n },
      { text: "k2", average: 74, window_start: 1000n, window_end: 2000n },
      { text: "k0", average: 75, window_start: 1000n, window_end: 2000n },
      { text: "k1", average: 74.5, window_start: 1000n, window_end: 2000n },
      { type: "watermark", timestamp: 5000n },
    ]);
    expect(run.failures).toEqual([{ row: 13, message: "n: 13 is unlucky" }]);
  });

  test("ReduceFunction: what a key's rows so far have become, and state that comes back", () => {
    const schema = AVERAGE.slice(0, 2);
    const batch = (from: number) => {
      const writer = new BatchWriter(LINE);
      for (let n = from; n < from + 10; n++) writer.append([`k${n % 2}`, BigInt(n)]);
      return writer.finish();
    };
    const averages: number[] = [];
    const run = everyMode(setup("RunningAverage", [schema]), (harness) =>
      harness.process(batch(10)),
    );
    for (const row of rowsOf(run.outputs[0]!)) averages.push(row.average as number);
    // Of 10, 12, 14, 16, 18 and of 11, (13 is refused,) 15, 17, 19.
    expect(averages).toEqual([10, 11, 11, 12, 13, 13, 43 / 3, 14, 15.5]);
    expect(run.failures).toEqual([{ row: 3, message: "n: 13 is unlucky" }]);

    const module = new HarnessModule(compiled);
    const first = new OperatorHarness(module, setup("RunningAverage", [schema]));
    first.process(batch(20));
    const second = new OperatorHarness(module, setup("RunningAverage", [schema]));
    for (const chunk of first.snapshot(1n)) second.restore(chunk);
    first.drain();
    for (const one of [first, second]) one.process(batch(30));
    expect(rowsOf(second.drain()[0]!)).toEqual(rowsOf(first.drain()[0]!));
  });

  test("ProcessWindowFunction: sees a key's window whole", () => {
    const writer = new BatchWriter(LINE);
    for (let n = 0; n < 6; n++)
      writer.append([`k${n % 2}`, BigInt(n)], { eventTime: BigInt(n * 300) });
    const block = writer.finish();
    const run = everyMode(
      setup("LongestOf", [LINE], { parameters: { assigner: "tumbling", size: 1000, offset: 0 } }),
      (harness) => {
        harness.process(block);
        harness.watermark(5000n);
      },
    );
    expect(rowsOf(run.outputs[0]!)).toEqual([
      { text: "k0", n: 2n },
      { text: "k1", n: 2n },
      { text: "k0", n: 1n },
      { text: "k1", n: 1n },
    ]);
  });

  test("WatermarkStrategy puts its watermarks and statuses behind the rows they come of", () => {
    const runs = Object.values(MODES).map((mode) => {
      const module = new HarnessModule(compiled);
      const harness = new OperatorHarness(module, setup("BySevenths", [LINE]), mode);
      harness.process(lines());
      return { elements: harness.drain()[0]!, ignored: harness.counter("watermarksIgnored") };
    });
    for (const run of runs) expect(run).toEqual(runs[0]);
    const { elements, ignored } = runs[0]!;
    const texts = elements.map((element) => {
      if (element.type === "row") return `${element.values.n} ${element.time}`;
      return element.type === "watermark"
        ? `w${element.timestamp}`
        : element.idle
          ? "idle"
          : "active";
    });
    // Row 35 has no time of its own, and what its assigner gives lies behind the watermark.
    const around = (n: number) => texts.slice(texts.findIndex((text) => text.startsWith(`${n} `)));
    expect(around(28).slice(0, 2)).toEqual(["28 280", "w280"]);
    expect(around(35).slice(0, 2)).toEqual(["35 35", "37 370"]);
    expect(around(100).slice(0, 2)).toEqual(["100 100", "idle"]);
    expect(around(112).slice(0, 3)).toEqual(["112 1120", "active", "w1120"]);
    expect(ignored).toBeGreaterThan(3n);
  });

  test("no function of the SDK is left out", () => {
    const module = new Uint8Array(
      WebAssembly.Module.customSections(compiled, MANIFEST_SECTION)[0]!,
    );
    const { operators } = readManifest(module);
    expect(operators.slice(0, OPERATORS.length).map(({ name }) => name)).toEqual(OPERATORS);
    const kinds = new Set(operators.map(({ kind }) => kind));
    // Those that wait for answers, and joins, are run with any room and budget by test/async/ and the recorded cases.
    const elsewhere = new Set<string>(["async", "join", "co_group", "interval_join"]);
    for (const { kind } of OPERATOR_KINDS) {
      if (!elsewhere.has(kind)) expect(kinds).toContain(kind);
    }
  });
});

describe("failRow() where there is no row to refuse ends the task with its message", () => {
  const open = (name: string, outputs: readonly Schema[], more: Partial<HarnessSetup> = {}) =>
    new OperatorHarness(new HarnessModule(compiled), setup(name, outputs, more));
  const below = new BatchWriter(LINE).append(["k", -1n], { eventTime: 0n }).finish();

  test("in poll", () => {
    const source = open("CountOut", [[{ name: "n", type: BIGINT }]], { inputs: [] });
    source.assign({ from: 0, to: -1 });
    expect(() => source.poll()).toThrow("to: below zero");
  });

  test("in partition", () => {
    expect(() => open("ByNumber", [LINE]).process(below)).toThrow("n: below zero");
  });

  test("in getResult", () => {
    const window = open("AverageOf", [AVERAGE], { parameters: { size: 10 } });
    window.process(below);
    expect(() => window.watermark(9n)).toThrow("sum: below zero");
  });
});

test("strings made for each row leave the memory as large as it was", () => {
  const module = new HarnessModule(compiled);
  const harness = new OperatorHarness(module, setup("Stringify", [LINE]));
  const writer = new BatchWriter(LINE);
  for (let i = 0; i < 4000; i++) writer.append([`a text of some length ${i}`, BigInt(i)]);
  const block = writer.finish();
  const pass = () => harness.processUnread(block);
  for (let i = 0; i < 100; i++) pass();
  const pages = module.pages;
  for (let i = 0; i < 500; i++) pass();
  expect(module.counter("rowsIn")).toBe(2_400_000n);
  expect(module.pages).toBe(pages);
});
