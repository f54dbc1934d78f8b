/** sum, min, max, minBy, maxBy of a field against Flink's aggregators, written down naively. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import {
  createLocalEnvironment,
  Duration,
  EventTimeSessionWindows,
  GlobalWindows,
  MiniCluster,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "../../../src/index.ts";
import { OperatorTestHarness } from "../../../src/testing/index.ts";

const COLUMNS = {
  k: "STRING NOT NULL",
  i: "TINYINT NOT NULL",
  d: "DOUBLE",
  t: "STRING",
  tags: "ARRAY<INT>",
};
interface Row {
  readonly k: string;
  readonly i: number;
  readonly d: number | null;
  readonly t: string | null;
  readonly tags: readonly (number | null)[] | null;
}
const FUNCTIONS = ["sum", "min", "max", "minBy", "maxBy"] as const;
type Fn = (typeof FUNCTIONS)[number];
type Field = "i" | "d" | "t";

const row = fc.record<Row>({
  k: fc.constantFrom("a", "b", "a longer key than fits"),
  i: fc.integer({ min: -128, max: 127 }),
  d: fc.option(fc.constantFrom(-0, 0, 1.5, -2, Number.NaN, Infinity), { freq: 3 }),
  t: fc.option(fc.constantFrom("", "b", "a\u0000", "ab"), { freq: 3 }),
  tags: fc.option(fc.array(fc.option(fc.integer({ min: 0, max: 9 })), { maxLength: 2 })),
});
const cases = fc
  .record({ fn: fc.constantFrom(...FUNCTIONS), field: fc.constantFrom<Field>("i", "d", "t") })
  .filter(({ fn, field }) => fn !== "sum" || field !== "t");

/** Java's Double.compare; texts by code unit, which here is by byte. */
function order(a: number | string, b: number | string): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  if (a === 0 && b === 0) return Object.is(a, b) ? 0 : Object.is(a, -0) ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Flink's SumAggregator and ComparableAggregator, and NULL as no value. */
function reduce(fn: Fn, field: Field, first: boolean, a: Row, b: Row): Row {
  const [x, y] = [a[field], b[field]];
  if (y === null) return a;
  if (x === null) return fn.endsWith("By") ? b : { ...a, [field]: y };
  if (fn === "sum") {
    const sum = (x as number) + (y as number);
    return { ...a, [field]: field === "i" ? (sum << 24) >> 24 : sum };
  }
  const wins = (fn.startsWith("min") ? -1 : 1) * order(y, x);
  if (!fn.endsWith("By")) return wins > 0 ? { ...a, [field]: y } : a;
  return wins > 0 || (wins === 0 && !first) ? b : a;
}

const OPTIONS = { input: COLUMNS, keyBy: ["k"], optimize: "none" } as const;

describe("keyed_reduce_field", () => {
  test("gives what all rows of the key so far come to, whatever the room, over restores", async () => {
    const property = fc.asyncProperty(
      cases,
      fc.boolean(),
      fc.array(row, { maxLength: 30 }),
      fc.boolean(),
      async ({ fn, field }, first, rows, restored) => {
        using harness = await OperatorTestHarness.open("builtin", "keyed_reduce_field", {
          ...OPTIONS,
          parameters: { fn, field, first },
          snapshotAfterEveryInput: restored,
          outputRoom: restored ? 1 : 4,
        });
        for (const one of rows) harness.processElements([one]);
        const known = new Map<string, Row>();
        const expected = rows.map((one) => {
          const before = known.get(one.k);
          const after = before === undefined ? one : reduce(fn, field, first, before, one);
          known.set(one.k, after);
          return after;
        });
        expect(harness.extractOutputValues()).toEqual(expected);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  test("results have the time of their rows; state is given back", async () => {
    using harness = await OperatorTestHarness.open("builtin", "keyed_reduce_field", {
      ...OPTIONS,
      parameters: { fn: "maxBy", field: "t" },
    });
    const base = { k: "a", i: 1, d: null, tags: null };
    harness.processElement({ ...base, t: "long ".repeat(100) }, 7);
    const before = harness.stateBytes;
    harness.processElement({ ...base, t: "z" }, 9);
    expect(harness.getOutput().map((e) => ("timestamp" in e ? e.timestamp : e))).toEqual([7, 9]);
    expect(harness.stateBytes).toBeLessThan(before - 800);
    expect(harness.numKeyedStateEntries()).toBe(1);
  });

  test("refuses fields that are not there, cannot be added or have no order", async () => {
    const open = (fn: string, field: string) =>
      OperatorTestHarness.open("builtin", "keyed_reduce_field", {
        ...OPTIONS,
        parameters: { fn, field },
      });
    await expect(open("sum", "x")).rejects.toMatchObject({ code: "JOB_FIELD_UNKNOWN", value: "x" });
    await expect(open("sum", "t")).rejects.toMatchObject({ code: "JOB_FIELD_TYPE" });
    await expect(open("minBy", "tags")).rejects.toMatchObject({ code: "JOB_FIELD_TYPE" });
    await expect(open("avg", "i")).rejects.toMatchObject({ code: "JOB_PARAMETER_INVALID" });
  });
});

describe("window_reduce_field", () => {
  const at = (k: string, d: number | null, t: string) => ({ k, i: 1, d, t, tags: [1, null] });

  test.each([
    [TumblingEventTimeWindows.of(10), ["c", "z"]],
    [SlidingEventTimeWindows.of(10, 5), ["a", "c", "c", "z", "z"]],
    [EventTimeSessionWindows.withGap(Duration.ofMillis(5)), ["c", "z"]],
  ])("keeps the row with the extreme value of %o", async (window, expected) => {
    using harness = await OperatorTestHarness.open("builtin", "window_reduce_field", {
      ...OPTIONS,
      window,
      parameters: { fn: "maxBy", field: "d" },
      snapshotAfterEveryInput: true,
      outputRoom: 1,
    });
    harness.processElement(at("a", null, "0"), 0);
    // Later, and of another session until the one between comes.
    harness.processElement(at("a", 3, "c"), 8);
    harness.processElement(at("a", 2, "a"), 4);
    harness.processElement(at("a", 2, "z"), 40);
    harness.endInput();
    expect(harness.extractOutputValues().map((result) => result.t)).toEqual(expected);
    expect(harness.stateBytes).toBeLessThan(10_000);
  });

  test("bounds replace columns of their names; global windows have none", async () => {
    const input = { window_end: "INT NOT NULL", k: "STRING NOT NULL", window_start: "STRING" };
    const open = (window: object) =>
      OperatorTestHarness.open("builtin", "window_reduce_field", {
        input,
        keyBy: ["k"],
        parameters: { ...window, fn: "min", field: "k" },
      });
    const element = { window_end: 1, k: "a", window_start: "no time" };
    using bounded = await open(TumblingEventTimeWindows.of(10));
    bounded.processElement(element, 12);
    bounded.endInput();
    expect(bounded.extractOutputValues()).toEqual([{ k: "a", window_start: 10, window_end: 20 }]);
    using global = await open(GlobalWindows.createWithEndOfStreamTrigger());
    global.processElement(element, 12);
    global.endInput();
    expect(global.extractOutputValues()).toEqual([element]);
  });
});

describe("DataStream", () => {
  let cluster: MiniCluster;
  beforeAll(async () => {
    cluster = await MiniCluster.start({ slots: 2 });
  });
  afterAll(() => cluster.close());

  test("KeyedStream and WindowedStream have sum, min, max, minBy, maxBy", async () => {
    const env = createLocalEnvironment({ cluster });
    const rows = [
      { k: "a", n: 3, name: "three", at: 0 },
      { k: "a", n: 1, name: "one", at: 1 },
      { k: "a", n: 1, name: "uno", at: 2 },
    ];
    const times = WatermarkStrategy.forMonotonousTimestamps().withTimestampField("at", "ms");
    const keyed = () =>
      env
        .fromCollection(rows, {
          k: "STRING NOT NULL",
          n: "INT NOT NULL",
          name: "STRING NOT NULL",
          at: "TIMESTAMP_LTZ(3) NOT NULL",
        })
        .assignTimestampsAndWatermarks(times)
        .keyBy("k");
    const names = async (stream: AsyncIterable<{ n: number; name: string }>) => {
      const list: string[] = [];
      for await (const { n, name } of stream) list.push(`${n} ${name}`);
      return list;
    };
    const last = keyed().minBy("n", false);
    expectTypeOf(keyed().sum).parameter(0).toEqualTypeOf<"k" | "n" | "name" | "at">();
    expect(await names(last.executeAndCollect())).toEqual(["3 three", "1 one", "1 uno"]);
    expect(await names(keyed().min("n").executeAndCollect())).toEqual([
      "3 three",
      "1 three",
      "1 three",
    ]);
    const windows = () => keyed().window(TumblingEventTimeWindows.of(Duration.ofSeconds(1)));
    expect(await names(windows().sum("n").executeAndCollect())).toEqual(["5 three"]);
    expect(await names(windows().minBy("n").executeAndCollect())).toEqual(["1 one"]);
    const all = keyed().windowAll(TumblingEventTimeWindows.of(Duration.ofSeconds(1)));
    expect(await names(all.max("n").executeAndCollect())).toEqual(["3 three"]);
    await env.close();
  });
});
