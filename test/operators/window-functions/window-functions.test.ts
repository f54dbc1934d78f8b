/** ReduceFunction in windows, functions behind one another, and an author's evictor. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  Duration,
  EventTimeSessionWindows,
  files,
  GlobalWindows,
  type JobContext,
  jsonLines,
  SlidingEventTimeWindows,
  schemaOf,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "../../../src/index.ts";
import { type HarnessOptions, OperatorTestHarness, runJob } from "../../../src/testing/index.ts";

const SOURCES = fileURLToPath(new URL("assembly/index.ts", import.meta.url));
const open = (operator: string, options: HarnessOptions) =>
  OperatorTestHarness.open(SOURCES, operator, { keyBy: ["shop"], ...options });
const WAYS: readonly (readonly [string, HarnessOptions])[] = [
  ["as in a job", {}],
  [
    "in one-row rooms, restored after each input",
    { outputRoom: 1, budget: 0, snapshotAfterEveryInput: true },
  ],
];
const sale = (shop: string, amount: number) => ({ shop, amount });
/** Fires for each row, and drops it. */
const PURGING = { trigger: { type: "purging", inner: { type: "count", n: 1 } } };
const told = (parameters: object = {}) => ({
  processWindow: { name: "Told", parameters: { mark: "", ...parameters } },
});

describe.each(WAYS)("%s", (_, way) => {
  test("a ReduceFunction makes one row of each window", async () => {
    using harness = await open("Reduced", {
      ...way,
      window: TumblingEventTimeWindows.of(10),
      parameters: { factor: 2 },
      onRowError: "drop",
    });
    harness.processElement(sale("a", -101), 1);
    harness.processElement(sale("a", 5), 2);
    harness.processElement(sale("b", 7), 3);
    harness.processElement(sale("a", -1), 4);
    harness.processElement(sale("a", 9), 12);
    harness.endInput();
    const results = harness.extractOutputValues() as { shop: string; window_start: number }[];
    const order = (row: (typeof results)[number]) =>
      row.window_start * 256 + row.shop.charCodeAt(0);
    expect(results.toSorted((a, b) => order(a) - order(b))).toEqual([
      { shop: "a", total: 8n, note: null, window_start: 0, window_end: 10 },
      { shop: "b", total: 14n, note: "above 0", window_start: 0, window_end: 10 },
      { shop: "a", total: 18n, note: "above 0", window_start: 10, window_end: 20 },
    ]);
  });

  test.each([
    ["panes", TumblingEventTimeWindows.of(10), {}],
    ["slices", SlidingEventTimeWindows.of(20, 10), {}],
    ["sessions", EventTimeSessionWindows.withGap(Duration.ofMillis(8)), {}],
    ["a table", TumblingEventTimeWindows.of(10), PURGING],
  ])("a refused first row makes no window of %s, and is in none", async (_, window, parameters) => {
    using harness = await open("Hasty", { ...way, window, parameters, onRowError: "drop" });
    harness.processElement(sale("only refused", -1), 1);
    harness.processElement(sale("a", -5), 2);
    harness.processElement(sale("a", 7), 3);
    harness.processElement(sale("a", -1), 4);
    harness.endInput();
    const totals = harness.extractOutputValues().map(({ shop, total }) => `${shop} ${total}`);
    expect([...new Set(totals)]).toEqual(["a 7"]);
  });

  test.each([
    ["slices", SlidingEventTimeWindows.of(10, 5), ["5 -5", "5 0", "9 5", "9 10"]],
    ["sessions that merge", EventTimeSessionWindows.withGap(Duration.ofMillis(8)), ["14 2"]],
    ["a global window", GlobalWindows.createWithEndOfStreamTrigger(), ["14 undefined"]],
  ])("the parts of %s come together by merge()", async (_, window, expected) => {
    using harness = await open("Reduced", { ...way, window });
    harness.processElement(sale("a", 5), 2);
    harness.processElement(sale("a", 9), window.assigner === "session" ? 15 : 11);
    if (window.assigner === "session") harness.processElement(sale("a", 0), 9);
    harness.endInput();
    const results = harness.extractOutputValues() as Record<string, unknown>[];
    expect(results.map((row) => `${row.total} ${row.window_start}`)).toEqual(expected);
  });

  test.each([
    ["Reduced", "above 0"],
    ["Aggregated", "-"],
  ])("a ProcessWindowFunction takes the results of %s, with its own state", async (name, note) => {
    using harness = await open(name, {
      ...way,
      window: TumblingEventTimeWindows.of(10),
      allowedLatenessMs: 100,
      parameters: told({ mark: "!" }),
    });
    harness.processElement(sale("a", 5), 2);
    harness.processElement(sale("a", 2), 3);
    harness.processElement(sale("b", 1), 14);
    harness.processElement(sale("a", 1), 15);
    harness.processWatermark(30);
    harness.processElement(sale("a", 100), 4);
    expect(harness.extractOutputValues()).toEqual([
      { text: `!a 7 ${note} [0,10) of 1`, fired: 1n, windows: 1n },
      { text: `!b 1 ${note} [10,20) of 1`, fired: 1n, windows: 1n },
      { text: `!a 1 ${note} [10,20) of 1`, fired: 1n, windows: 2n },
      { text: `!a 107 ${note} [0,10) of 1`, fired: 2n, windows: 3n },
    ]);
    expect(harness.getOutput().map((e) => ("timestamp" in e ? e.timestamp : e))).toEqual([
      9, 19, 19, 30, 9,
    ]);
  });

  test.each([
    ["sliding", SlidingEventTimeWindows.of(10, 5), true, ["a 5 - [-5,5)", "a 5 - [0,10)"]],
    ["session", EventTimeSessionWindows.withGap(Duration.ofMillis(5)), false, ["a 5 - [2,7)"]],
  ])("so it does in %s windows, and behind an evictor", async (_, window, perWindow, expected) => {
    for (const evictor of [undefined, { type: "count", n: 10 }]) {
      using harness = await open("Aggregated", {
        ...way,
        window,
        parameters: { ...told({ perWindow }), ...(evictor === undefined ? {} : { evictor }) },
      });
      harness.processElement(sale("a", 5), 2);
      harness.endInput();
      const texts = harness.extractOutputValues().map((row) => String(row.text));
      expect(texts).toEqual(expected.map((text) => `${text} of 1`));
    }
  });

  test("an author's evictor takes elements out before and after the function", async () => {
    const amounts = [3, -5, 8, 1];
    using sums = await open("PickySum", { ...way, window: TumblingEventTimeWindows.of(10) });
    using lists = await open("PickyList", { ...way, window: TumblingEventTimeWindows.of(10) });
    for (const [at, amount] of amounts.entries()) {
      sums.processElement(sale("a", amount), at);
      lists.processElement(sale("a", amount), at);
    }
    // 3 goes behind the first call; -5 before the second; 8 behind the third.
    expect(lists.extractOutputValues().map((row) => row.amounts)).toEqual([" 3", "", " 8", " 1"]);
    expect(sums.extractOutputValues().map((row) => row.total)).toEqual([3n, 0n, 8n, 1n]);
  });
});

test("a job gives the results of a function to a ProcessWindowFunction", async () => {
  const job = async ({ env, bundle }: JobContext) => {
    const functions = await bundle(SOURCES);
    env
      .fromSource(
        jsonLines(files("sales"), schemaOf({ shop: "STRING NOT NULL", amount: "BIGINT NOT NULL" })),
      )
      .assignTimestampsAndWatermarks(
        WatermarkStrategy.forMonotonousTimestamps().withTimestampField("amount", "ms"),
      )
      .keyBy("shop")
      .window(TumblingEventTimeWindows.of(10))
      .reduce(functions.operator("Reduced"), functions.operator("Told", { mark: "" }))
      .collect();
  };
  const { rows } = await runJob(job, { inputs: [sale("a", 5), sale("a", 9), sale("a", 12)] });
  expect(rows.map((row) => row.text)).toEqual([
    "a 14 above 0 [0,10) of 1",
    "a 12 above 0 [10,20) of 1",
  ]);
});

describe("what does not fit", () => {
  const window = TumblingEventTimeWindows.of(10);

  test.each([
    ["Reduced", { name: "Nobody" }, "JOB_PARAMETER_INVALID", "processWindow.name", /Told/],
    ["Reduced", { name: "Reduced" }, "JOB_PARAMETER_INVALID", "processWindow.name", /Told/],
    ["Reduced", { name: "Told" }, "JOB_PARAMETER_MISSING", "processWindow.parameters.mark", /./],
    ["Reduced", { nam: "Told" }, "JOB_PARAMETER_MISSING", "processWindow.name", /./],
    ["Reduced", { name: "PickyList" }, "JOB_INPUT_FIELD_MISSING", "processWindow", /amount/],
    ["PickyList", { name: "Told" }, "JOB_PARAMETER_UNKNOWN", "processWindow", /./],
  ])("%s with %j is refused: %s", async (operator, processWindow, code, field, expected) => {
    await expect(open(operator, { window, parameters: { processWindow } })).rejects.toMatchObject({
      code,
      field: expect.stringMatching(new RegExp(`${field.replaceAll(".", "\\.")}$`)),
      expected: expect.stringMatching(expected),
    });
  });

  test("a ReduceFunction without a window takes no ProcessWindowFunction", async () => {
    await expect(open("Reduced", { parameters: told() })).rejects.toMatchObject({
      code: "JOB_PARAMETER_UNKNOWN",
    });
  });

  test("one without merge() is refused where windows merge", async () => {
    const merging = EventTimeSessionWindows.withGap(Duration.ofMillis(8));
    await expect(open("Unmerged", { window: merging })).rejects.toThrow("no merge()");
    using sliding = await open("Unmerged", { window: SlidingEventTimeWindows.of(10, 5) });
    sliding.processElement(sale("a", 5), 2);
    sliding.endInput();
    expect(sliding.extractOutputValues()).toHaveLength(2);
  });
});
