/** States in self-descriptions, and what a build says of wrong ones. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildBundle } from "../../src/build/compile.ts";
import { typeText } from "../../src/protocol/type-text.ts";
import { OperatorTestHarness } from "../../src/testing/index.ts";

const HEAD = `import {
  AggregatingState, AggregatingStateDescriptor, BroadcastState, Collector, KeyedBroadcastContext,
  KeyedBroadcastProcessFunction, KeyedContext, KeyedProcessFunction, ListState, MapState, MapStateDescriptor,
  ProcessContext, ProcessFunction, ReducingState, ReducingStateDescriptor, RuntimeContext, StateAggregateFunction,
  StateReduceFunction, StateTtlConfig, Text, ValueState, ValueStateDescriptor } from "millrace/sdk";
@row export class Key { k!: Text; }
@row export class Item { k!: Text; n: i64; @nullable score: f64; }
@row export class Sum { n: i64; }
@accumulator export class Mean { total: f64; count: i64; }
class Longest extends StateReduceFunction<i64> { reduce(a: i64, b: i64): i64 { return max(a, b); } }
class MeanOf extends StateAggregateFunction<i64, Mean, f64> {
  add(value: i64, mean: Mean): void { mean.total += <f64>value; mean.count += 1; }
  getResult(mean: Mean): f64 { return mean.total / <f64>mean.count; }
}
`;
/** A keyed function with these members. */
const keyed = (members: string) => `${HEAD}@operator
export class Counts extends KeyedProcessFunction<Key, Item, Sum> {
  ${members}
  processElement(value: Item, context: KeyedContext<Key>, out: Collector<Sum>): void {}
}
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-states-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function build(text: string) {
  const own = join(folder, String(files++));
  mkdirSync(own);
  const entry = join(own, "index.ts");
  writeFileSync(entry, text);
  return buildBundle({ entry, name: "states", optimize: "none" });
}

describe("states in the self-description", () => {
  test("are those of @state fields and of descriptors, by name, type and schema", async () => {
    const { manifest } = await build(`${HEAD}@operator
export class All extends KeyedBroadcastProcessFunction<Key, Item, Item, Sum> {
  @state count!: ValueState<i64>;
  @state("last items") private last!: ListState<Item>;
  @state("seen", 60_000) seen!: MapState<Text, bool>;
  @state rules!: BroadcastState<Text, Item>;
  private longest!: ReducingState<i64>;
  private mean!: AggregatingState<i64, Mean, f64>;
  open(context: RuntimeContext): void {
    // new ValueStateDescriptor<i64>("in a comment")
    this.longest = context.getReducingState(new ReducingStateDescriptor<i64>("longest", new Longest()));
    this.mean = context.getAggregatingState(new AggregatingStateDescriptor<i64, Mean, f64>("mean", new MeanOf()));
  }
  processElement(value: Item, context: KeyedContext<Key>, out: Collector<Sum>): void {}
  processBroadcastElement(value: Item, context: KeyedBroadcastContext<Key>, out: Collector<Sum>): void {}
}`);
    const { states, inputs } = manifest.operators[0]!;
    const row = "ROW<k STRING NOT NULL, n BIGINT NOT NULL, score DOUBLE>";
    expect(states.map(({ name, type }) => [name, type])).toEqual([
      ["count", "ValueState<BIGINT>"],
      ["last items", `ListState<${row}>`],
      ["seen", "MapState<STRING, BOOLEAN>"],
      ["rules", `BroadcastState<STRING, ${row}>`],
      ["longest", "ReducingState<BIGINT>"],
      ["mean", "AggregatingState"],
    ]);
    const columns = states.map(({ schema }) => schema.map((f) => `${f.name} ${typeText(f.type)}`));
    expect(columns[2]).toEqual(["key STRING NOT NULL", "value BOOLEAN NOT NULL"]);
    expect(columns[5]).toEqual(["total DOUBLE NOT NULL", "count BIGINT NOT NULL"]);
    expect(
      inputs.map(({ keyed: byKey, key, broadcast }) => [byKey, key?.[0]?.name, broadcast]),
    ).toEqual([
      [true, "k", undefined],
      [false, undefined, true],
    ]);
  });

  test("@state fields are there in open(), and expire where they have a time to live", async () => {
    const { bytes } = await build(`${HEAD}@operator
export class Counts extends KeyedProcessFunction<Key, Item, Sum> {
  @state count!: ValueState<i64>;
  @state("recent", 100) recent!: ValueState<i64>;
  @parameter longest: i64 = 1000;
  open(context: RuntimeContext): void {
    new StateTtlConfig(this.longest);
    assert(changetype<usize>(this.count) != 0 && changetype<usize>(this.recent) != 0);
  }
  processElement(value: Item, context: KeyedContext<Key>, out: Collector<Sum>): void {
    this.count.update(this.count.value() + 1);
    this.recent.update(this.recent.value() + 1);
    out.row().n = this.count.value() * 100 + this.recent.value();
    out.collect();
  }
}`);
    const harness = await OperatorTestHarness.open(bytes, "Counts");
    const one = () => harness.processElement({ k: "a", n: 1, score: null });
    one();
    one();
    harness.setProcessingTime(100);
    one();
    expect(harness.extractOutputValues().map((row) => row.n)).toEqual([101n, 202n, 301n]);
    const without = OperatorTestHarness.open(bytes, "Counts", { parameters: { longest: 0 } });
    await expect(without).rejects.toThrow(/time to live: it must be positive/);
  });

  test.each([
    ["@state n!: Set<i64>;", /index\.ts:17:3: state n has the unsupported type Set<i64>/],
    [
      "@state n!: ReducingState<i64>;",
      /:17:3: state n has the unsupported type ReducingState<i64>/,
    ],
    ["@state n!: ValueState<i64, i64>;", /state n has the unsupported type ValueState<i64, i64>/],
    ['@state("n", 0) n!: ValueState<i64>;', /:17:3: @state\(n, 0\) of field n/],
    ['@state("n", 1.5) n!: ValueState<i64>;', /@state\(n, 1.5\) of field n/],
    [
      '@state a!: ValueState<i64>;\n  @state("a") b!: ListState<i64>;',
      /:18:3: states ValueState<i64> and ListState<i64> of operator Counts are both named a/,
    ],
    [
      '@state a!: ValueState<i64>;\n open(c: RuntimeContext): void { c.getState(new ValueStateDescriptor<i64>("a")); }',
      /:18:\d+: two states of operator Counts are named a/,
    ],
    [
      "@state rules!: BroadcastState<i64, i64>;",
      /:17:3: operator Counts has the broadcast state rules, but no broadcast stream/,
    ],
  ])("refuses %s", async (members, says) => {
    await expect(build(keyed(members))).rejects.toThrow(says);
  });

  test("refuses state in a function that works without a key", async () => {
    const text = `${HEAD}@operator
export class Plain extends ProcessFunction<Item, Sum> {
  @state count!: ValueState<i64>;
  processElement(value: Item, context: ProcessContext, out: Collector<Sum>): void {}
}`;
    await expect(build(text)).rejects.toThrow(
      /:17:3: operator Plain has the state count, but ProcessFunction works without a key/,
    );
  });
});
