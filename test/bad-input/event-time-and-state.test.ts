/** What is wrong about state, timers, windows and times: each is told with its field, as early as it can be. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildBundle } from "../../src/build/compile.ts";
import { OperatorTestHarness } from "../../src/testing/index.ts";

const HEAD = `import {
  AggregateFunction, Collector, KeyedContext, KeyedProcessFunction, ListState, ListStateDescriptor, MapFunction, ProcessContext,
  ProcessFunction, RuntimeContext, Text, Trigger, TriggerContext, TriggerResult, TimeWindow, ValueState, ValueStateDescriptor,
  WindowTrigger } from "millrace/sdk";
@row export class Key { k!: Text; }
@row export class Item { k!: Text; n: i64; }
@row export class Time { at: i64; }
@accumulator export class Sum { n: i64; }
`;
const map = (members: string) => `${HEAD}@operator
export class Wrong extends MapFunction<Item, Time> { ${members} map(value: Item, out: Time): void {} }`;
const process = (members: string, body = "") => `${HEAD}@operator
export class Wrong extends ProcessFunction<Item, Time> { ${members}
  processElement(value: Item, context: ProcessContext, out: Collector<Time>): void { ${body} } }`;
const keyed = (members: string) => `${HEAD}@operator
export class Wrong extends KeyedProcessFunction<Key, Item, Time> { ${members}
  processElement(value: Item, context: KeyedContext<Key>, out: Collector<Time>): void {} }`;
const aggregate = (members: string) => `${HEAD}@operator
export class Wrong extends AggregateFunction<Item, Sum, Time> { ${members}
  add(value: Item, sum: Sum): void {} getResult(sum: Sum, out: Time): void {} }`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-bad-state-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function entryOf(text: string): string {
  const own = join(folder, String(files++));
  mkdirSync(own);
  writeFileSync(join(own, "index.ts"), text);
  return join(own, "index.ts");
}

describe("a build refuses", () => {
  test.each([
    ["state without a key", map("@state n!: ValueState<i64>;"), /n, but MapFunction works without/],
    ["state in an accumulating function", aggregate("@state n!: ValueState<i64>;"), /accumulator/],
    [
      "onTimer without a key",
      process("onTimer(t: i64): void {}"),
      /onTimer.*no timers[\s\S]*keyBy/,
    ],
    [
      "timers without a key",
      process("", "context.timerService().registerEventTimeTimer(1);"),
      /timerService[\s\S]*Timers belong to a key/,
    ],
    [
      "two states of one name and different type",
      keyed('@state n!: ValueState<i64>; @state("n") list!: ListState<Text>;'),
      /ValueState<i64> and ListState<Text>[\s\S]*both named n/,
    ],
  ])("%s", async (_, source, message) => {
    const options = { entry: entryOf(source), name: "wrong", optimize: "none" } as const;
    await expect(buildBundle(options)).rejects.toMatchObject({
      code: "BUNDLE_COMPILE_FAILED",
      message: expect.stringMatching(message),
    });
  });
});

describe("an operator does not open", () => {
  test("with two states whose names the compiler did not see", async () => {
    const source = keyed(`open(context: RuntimeContext): void { const name = "n" + "";
      context.getState(new ValueStateDescriptor<i64>(name));
      context.getListState(new ListStateDescriptor<Text>(name)); }`);
    await expect(OperatorTestHarness.open(entryOf(source), "Wrong")).rejects.toMatchObject({
      code: "OPERATOR_OPEN_FAILED",
      message: expect.stringContaining("two states are named n"),
    });
  });

  test("with an author's trigger that cannot merge, in windows that do; with keyed state of a window function", async () => {
    const source = `${aggregate(`@parameter stateful: bool = false;
      open(context: RuntimeContext): void {
        const name = "n" + "";
        if (this.stateful) context.getState(new ValueStateDescriptor<i64>(name)); }
      merge(sum: Sum, other: Sum): void {}
      trigger(): WindowTrigger | null { return new Never(); }`)}
      class Never extends Trigger<Item> {
        onElement(value: Item, t: i64, window: TimeWindow, context: TriggerContext): i32 { return TriggerResult.CONTINUE; } }`;
    const entry = entryOf(source);
    const open = (parameters: object) =>
      OperatorTestHarness.open(entry, "Wrong", { keyBy: ["k"], parameters: { ...parameters } });
    await expect(open({ assigner: "session", gap: 5 })).rejects.toMatchObject({
      code: "OPERATOR_OPEN_FAILED",
      message: expect.stringContaining("trigger: it cannot merge, but the windows do"),
    });
    await expect(open({ size: 5, stateful: true })).rejects.toThrow("state n needs a keyed stream");
  });
});

test.each([
  [{ size: -5 }, "size"],
  [{ size: 0 }, "size"],
  [{ assigner: "sliding", size: 5, slide: 0 }, "slide"],
  [{ assigner: "session", gap: 0 }, "gap"],
  [{ assigner: "session", gap: -1 }, "gap"],
  [{ size: 5, lateness: -1 }, "lateness"],
  [{ assigner: "cumulative", size: 6, step: 4 }, "step"],
  [
    { assigner: "session", gap: 5, trigger: { type: "delta", field: "n", threshold: 1 } },
    "trigger.type",
  ],
])("a window of %j is refused with its field", async (window, field) => {
  const setup = {
    input: { k: "STRING NOT NULL", n: "BIGINT NOT NULL" },
    keyBy: ["k"],
    parameters: { ...window, fn: "sum", field: "n" },
  };
  const opened = OperatorTestHarness.open("builtin", "window_reduce_field", setup);
  await expect(opened).rejects.toMatchObject({
    code: "JOB_PARAMETER_INVALID",
    field: `window_reduce_field.${field === "trigger.type" || field === "step" ? "operator." : ""}parameters.${field}`,
  });
});

describe("times at the ends of int64", () => {
  const MIN = -(2n ** 63n);
  const MAX = 2n ** 63n - 1n;
  const TIMERS = `${HEAD}@operator
export class Timers extends KeyedProcessFunction<Key, Item, Time> {
  processElement(value: Item, context: KeyedContext<Key>, out: Collector<Time>): void {
    context.timerService().registerEventTimeTimer(value.n);
  }
  onTimer(timestamp: i64, context: KeyedContext<Key>, out: Collector<Time>): void {
    out.row().at = timestamp;
    out.collect();
  } }`;

  test("timers fire in order, the largest with the end of the input", async () => {
    using harness = await OperatorTestHarness.open(entryOf(TIMERS), "Timers", {
      snapshotAfterEveryInput: true,
    });
    for (const n of [MAX, MAX - 1n, 0n, MIN + 1n, MIN]) harness.processElement({ k: "a", n }, n);
    const fired = () => harness.extractOutputValues().map(({ at }) => at);
    harness.processWatermark(MIN + 1n);
    expect(fired()).toEqual([MIN, MIN + 1n]);
    harness.processWatermark(MAX - 1n);
    expect(fired().slice(2)).toEqual([0n, MAX - 1n]);
    harness.endInput();
    expect(fired().at(-1)).toBe(MAX);
    expect(harness.extractOutputValues()).toHaveLength(5);
  });

  test.each(["tumbling", "sliding", "session", "cumulative"])(
    "%s windows neither trap nor lose the rows in between",
    async (assigner) => {
      const lengths = { size: 10, slide: 5, step: 5, gap: 10 };
      const wanted = {
        ...{ tumbling: ["size"], sliding: ["size", "slide"], session: ["gap"] },
        cumulative: ["size", "step"],
      }[assigner]!;
      using harness = await OperatorTestHarness.open("builtin", "window_aggregate", {
        input: { k: "STRING NOT NULL", n: "BIGINT NOT NULL" },
        keyBy: ["k"],
        parameters: {
          assigner,
          ...Object.fromEntries(Object.entries(lengths).filter(([name]) => wanted.includes(name))),
          lateness: Number.MAX_SAFE_INTEGER,
          aggregates: [{ fn: "count", as: "n" }],
        },
        onRowError: "drop",
        snapshotAfterEveryInput: true,
      });
      for (const n of [1n, MIN + 1n, MAX, MAX - 1n]) harness.processElement({ k: "a", n }, n);
      harness.processWatermark(MAX - 1n);
      harness.endInput();
      const starts = harness.extractOutputValues().map((row) => BigInt(row.window_start as number));
      expect(starts.some((start) => start >= -10n && start <= 1n)).toBe(true);
    },
  );
});
