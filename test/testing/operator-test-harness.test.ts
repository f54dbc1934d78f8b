import { afterEach, describe, expect, test } from "vitest";
import { Duration, openBundle, TumblingEventTimeWindows } from "../../src/index.ts";
import { builtin } from "../../src/plan/operator-handle.ts";
import {
  expectRows,
  type HarnessOptions,
  MAX_WATERMARK,
  OperatorTestHarness,
  StreamRecord,
  Watermark,
} from "../../src/testing/index.ts";

const WORDS = "build/word-count.wasm";
const FLEET = "build/sensor-fleet.wasm";
const MODES: readonly [string, HarnessOptions][] = [
  ["as in a job", {}],
  ["one-row output room", { outputRoom: 1 }],
  ["zero budget", { budget: 0 }],
  [
    "one-row room, zero budget, a snapshot after every input",
    { outputRoom: 1, budget: 0, snapshotAfterEveryInput: true },
  ],
];

const opened: { close(): void }[] = [];
async function open(...args: Parameters<typeof OperatorTestHarness.open>) {
  const harness = await OperatorTestHarness.open(...args);
  opened.push(harness);
  return harness;
}
afterEach(() => {
  for (const harness of opened.splice(0)) harness.close();
});

describe("OperatorTestHarness", () => {
  for (const [name, options] of MODES) {
    test(`runs the word count's SplitWords: ${name}`, async () => {
      const harness = await open(WORDS, "SplitWords", options);
      harness.processElement({ line: "The whale, the WHALE!" }, 5);
      harness.processWatermark(6);
      harness.processElements([{ line: "" }, new StreamRecord({ line: "sea" }, 7)]);
      harness.endInput();
      expectRows(
        harness.extractOutputValues(),
        ["the", "whale", "the", "whale", "sea"].map((word) => ({ word })),
      );
      expect(harness.getOutput()[0]).toEqual(new StreamRecord({ word: "the" }, 5));
      expect(harness.getOutput()[4]).toEqual(new Watermark(6));
      expect(harness.getOutput().at(-1)).toEqual(new Watermark(MAX_WATERMARK));
    });

    test(`runs a window_aggregate by key, late rows aside: ${name}`, async () => {
      const harness = await open("builtin", "window_aggregate", {
        ...options,
        input: { device: "STRING NOT NULL", n: "BIGINT NOT NULL" },
        keyBy: ["device"],
        window: TumblingEventTimeWindows.of(Duration.ofMillis(10)),
        parameters: { aggregates: [{ fn: "sum", field: "n", as: "total" }] },
      });
      harness.processElement({ device: "a", n: 1 }, 1);
      harness.processElement({ device: "b", n: 2n ** 62n }, 9);
      harness.processElement({ device: "a", n: 10 }, 8);
      harness.processElement({ device: "a", n: 100 }, 10);
      expect(harness.extractOutputValues()).toEqual([]);
      harness.processWatermark(9);
      const window = { window_start: 0, window_end: 10 };
      expectRows(
        harness.extractOutputValues(),
        [
          { device: "a", total: 11n, ...window },
          { device: "b", total: 2n ** 62n, ...window },
        ],
        { order: "any" },
      );
      harness.processElement({ device: "b", n: 1 }, 3);
      expectRows(harness.extractSideOutputValues("late"), [{ device: "b", n: 1 }]);
      harness.clearOutput();
      harness.endInput();
      expectRows(harness.extractOutputValues(), [
        { device: "a", total: 100, window_start: 10, window_end: 20 },
      ]);
    });

    test(`runs the sensor fleet's aggregate function: ${name}`, async () => {
      const harness = await open(FLEET, "AverageTemperature", {
        ...options,
        input: {
          device: "STRING NOT NULL",
          temperature: "DOUBLE NOT NULL",
          at: "BIGINT NOT NULL",
        },
        keyBy: ["device"],
        window: TumblingEventTimeWindows.of(Duration.ofSeconds(10)),
        allowedLatenessMs: 1_000,
      });
      for (const [temperature, at] of [
        [20, 0],
        [21, 5_000],
        [50, 10_000],
      ] as const) {
        harness.processElement({ device: "d", temperature, at }, at);
      }
      harness.processWatermark(10_000);
      expectRows(harness.extractOutputValues(), [
        { device: "d", average: 20.5, readings: 2, window_start: 0, window_end: 10_000 },
      ]);
      harness.clearOutput();
      harness.processElement({ device: "d", temperature: 25, at: 1 }, 1);
      expectRows(harness.extractOutputValues(), [
        { device: "d", average: 22, readings: 3, window_start: 0, window_end: 10_000 },
      ]);
    });
  }

  test("gives parameters to open", async () => {
    const harness = await open(FLEET, "RaiseAlerts", { parameters: { limit: 30 } });
    const row = { device: "d", readings: 1, window_end: new Date(10) };
    harness.processElements([
      { ...row, average: 29 },
      { ...row, average: 30.5 },
    ]);
    expectRows(harness.extractOutputValues(), [
      { device: "d", average: 30.5, excess: 0.5, at: 10 },
    ]);
  });

  test("moves state to another parallelism", async () => {
    const setup = {
      input: { k: "STRING NOT NULL" },
      keyBy: ["k"],
      window: TumblingEventTimeWindows.of(10),
      parameters: { aggregates: [{ fn: "count", as: "n" }] },
      maxParallelism: 128,
    };
    const one = await open("builtin", "window_aggregate", setup);
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
    one.processElements(keys.map((k) => new StreamRecord({ k }, 1)));
    const snapshot = one.snapshot();
    expect(snapshot.chunks.length).toBeGreaterThan(10);
    const parts = [];
    for (const subtask of [0, 1]) {
      const half = await open("builtin", "window_aggregate", { ...setup, subtask, parallelism: 2 });
      half.initializeState(structuredClone(snapshot));
      half.endInput();
      parts.push(half.extractOutputValues());
    }
    expect(parts.every((rows) => rows.length > 5)).toBe(true);
    expectRows(
      parts.flat(),
      keys.map((k) => ({ k, n: 1, window_start: 0, window_end: 10 })),
      { order: "any" },
    );
    expect(() => one.initializeState(snapshot)).toThrow(/already had input/);
  });

  test("takes a snapshot of an operator without state", async () => {
    const harness = await open(WORDS, "SplitWords");
    expect(harness.snapshot().chunks).toEqual([]);
  });

  test("says which column of a row is wrong", async () => {
    const harness = await open(FLEET, "PlausibleReadings");
    const row = { device: "d", temperature: 1 };
    const refusal = (change: object) => {
      try {
        harness.processElement({ ...row, ...change });
      } catch (error) {
        return String(error);
      }
      return "taken";
    };
    expect(refusal({ wrod: 1 })).toMatch(
      /no column wrod, the columns are device STRING NOT NULL, temp/,
    );
    expect(refusal({ temperature: "1" })).toMatch(
      /column temperature DOUBLE NOT NULL has "1" \(string\), it takes a number/,
    );
    expect(refusal({ temperature: undefined })).toMatch(/has null, it takes a value/);
    const { processElement } = harness;
    expect(() => processElement.call(harness, 5 as never)).toThrow(/it is a number/);
  });

  test("opens an operator by its handle, with the handle's parameters and options over them", async () => {
    const threshold = { aggregates: [{ fn: "count", as: "n" }], size: 10 };
    const handle = builtin("window_aggregate", { ...threshold, assigner: "tumbling" });
    const options = { input: { k: "STRING NOT NULL" }, keyBy: ["k"] };
    const harness = await OperatorTestHarness.open(handle, options);
    opened.push(harness);
    harness.processElement({ k: "a" }, 15);
    harness.endInput();
    expectRows(harness.extractOutputValues(), [{ k: "a", n: 1, window_start: 10, window_end: 20 }]);
    const wider = await OperatorTestHarness.open(handle, { ...options, parameters: { size: 100 } });
    opened.push(wider);
    wider.processElement({ k: "a" }, 15);
    wider.endInput();
    expect(wider.extractOutputValues()).toMatchObject([{ window_start: 0, window_end: 100 }]);
    const words = await OperatorTestHarness.open(openBundle(WORDS).operator("SplitWords"));
    opened.push(words);
    words.processElement({ line: "sea" });
    expectRows(words.extractOutputValues(), [{ word: "sea" }]);
  });

  test("says what is wrong with a handle", async () => {
    const { bytes, ...bare } = openBundle(WORDS).operator("SplitWords");
    expect(bytes?.length).toBeGreaterThan(0);
    await expect(OperatorTestHarness.open(bare)).rejects.toMatchObject({
      code: "HARNESS_SETUP_INVALID",
      field: "handle",
      value: "SplitWords",
    });
    for (const [field, value] of [
      ["subtask", 1],
      ["parallelism", 0],
      ["outputRoom", 0],
      ["budget", -1],
    ] as const) {
      const opening = OperatorTestHarness.open(WORDS, "SplitWords", { [field]: value });
      await expect(opening).rejects.toMatchObject({
        code: "HARNESS_SETUP_INVALID",
        field,
        value: String(value),
      });
    }
    const unnamed = OperatorTestHarness.open as unknown as (path: string) => Promise<unknown>;
    await expect(unnamed(WORDS)).rejects.toMatchObject({
      code: "HARNESS_SETUP_INVALID",
      field: "operator",
    });
  });

  test("says what is wrong with a setup", async () => {
    const failing = (...args: Parameters<typeof open>) =>
      open(...args).then(
        () => "opened",
        (error) => `${error.code}: ${error.message}`,
      );
    expect(await failing(WORDS, "SplitWord")).toMatch(/JOB_UNKNOWN_OPERATOR/);
    expect(await failing(FLEET, "RaiseAlerts", { parameters: { limit: "x" } })).toMatch(
      /JOB_PARAMETER_INVALID/,
    );
    expect(await failing(FLEET, "AverageTemperature", { keyBy: ["device"] })).toMatch(
      /JOB_PARAMETER_MISSING/,
    );
    expect(await failing("builtin", "window_aggregate")).toMatch(/JOB_PARAMETER_MISSING/);
    const window = TumblingEventTimeWindows.of(10);
    expect(await failing(FLEET, "AverageTemperature", { window })).toMatch(/works by key/);
    expect(await failing(FLEET, "AverageTemperature", { window, keyBy: ["x"] })).toMatch(
      /its input has no field x/,
    );
    expect(await failing(WORDS, "SplitWords", { input: { text: "STRING" } })).toMatch(
      /JOB_INPUT_FIELD_MISSING/,
    );
    expect(await failing("builtin", "text_lines")).toMatch(/HARNESS_SETUP_INVALID/);
    expect(await failing("nowhere.wasm", "x")).toMatch(/FILE_NOT_FOUND/);
    const harness = await open(WORDS, "SplitWords");
    expect(() => harness.getSideOutput("late")).toThrow(/has none/);
    expect(() => harness.setProcessingTime(-1)).toThrow(/lies before/);
  });
});
