/** The harness with keyed functions: one input, two, timers of both clocks, state between any two inputs. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  expectRows,
  type HarnessOptions,
  OperatorTestHarness,
  Watermark,
} from "../../src/testing/index.ts";

const SOURCES = fileURLToPath(new URL("../taskmanager/keyed/assembly/index.ts", import.meta.url));
const open = (operator: string, options?: HarnessOptions) =>
  OperatorTestHarness.open(SOURCES, operator, options);
const WAYS: readonly (readonly [string, HarnessOptions])[] = [
  ["as in a job", {}],
  ["in one-row rooms and calls", { outputRoom: 1, budget: 0 }],
  ["with its state moved between any two inputs", { snapshotAfterEveryInput: true }],
  ["all of that", { outputRoom: 1, budget: 0, snapshotAfterEveryInput: true }],
];
const event = (name: string, n: number, at: number) => ({ name, n, at });
const limit = (who: string, n: number, at: number) => ({ who, limit: n, at });

describe.each(WAYS)("keyed functions %s", (_, options) => {
  test("two keyed inputs: event time is the smaller of their watermarks", async () => {
    const harness = await open("SumBoth", { ...options, secondKeyBy: ["who"] });
    harness.processElement(event("a", 1, 10), 10);
    harness.processElement2(limit("a", 7, 20), 20);
    harness.processElement2(limit("b", 9, 120), 120);
    harness.processElement(event("a", 2, 30), 30);
    expect(harness.nextEventTimeTimer()).toBe(99);
    expect([harness.numEventTimeTimers(), harness.numProcessingTimeTimers()]).toEqual([2, 0]);
    expect(harness.numKeyedStateEntries()).toBe(3);
    harness.processWatermark1(500);
    harness.processWatermark2(98);
    expectRows(harness.extractOutputValues(), []);
    harness.processWatermark2(99);
    expectRows(harness.extractOutputValues(), [{ name: "a", at: 99, first: 3, second: 7 }]);
    expect(harness.numKeyedStateEntries()).toBe(1);
    harness.endInput2();
    expect(harness.getOutput().at(-1)).toEqual(new Watermark(500));
    harness.endInput1();
    expectRows(harness.extractOutputValues().slice(1), [
      { name: "b", at: 199, first: 0, second: 9 },
    ]);
  });

  test("an idle input does not hold the other back", async () => {
    const harness = await open("SumBoth", { ...options, secondKeyBy: ["who"] });
    harness.processElement(event("a", 1, 10), 10);
    harness.processWatermark1(200);
    expectRows(harness.extractOutputValues(), []);
    harness.processWatermarkStatus("idle", 2);
    expectRows(harness.extractOutputValues(), [{ name: "a", at: 99, first: 1, second: 0 }]);
  });

  test("a broadcast input, state of it, and a side output", async () => {
    const harness = await open("Judge", options);
    harness.processElements2([limit("a", 5, 0), limit("b", 50, 0)]);
    harness.processElement(event("a", 6, 10), 10);
    harness.processElement(event("b", 6, 11), 11);
    harness.processElement(event("c", 6, 12), 12);
    harness.processElement2(limit("b", 60, 1), 1);
    harness.processWatermark(20);
    expectRows(harness.extractOutputValues(), [
      { name: "a", at: 10, n: 6, limit: 5 },
      { name: "c", at: 12, n: 6, limit: -1 },
    ]);
    expectRows(harness.extractSideOutputValues("within"), [{ name: "b", at: 11, n: 6, limit: 60 }]);
  });

  test.each([-1, -2])("a broadcast input has no key for state and timers (%d)", async (n) => {
    const harness = await open("Judge", options);
    harness.processElement(event("a", 6, 10), 10);
    expect(() => harness.processElement2(limit("a", n, 20), 20)).toThrow(/no current key/);
  });

  test("two inputs without keys, with a side output and refused rows", async () => {
    const harness = await open("Merge", { ...options, onRowError: "drop" });
    harness.processElements([event("a", 1, 0), event("b", 2, 0)]);
    harness.processElements2([limit("x", 3, 0), limit("y", 13, 0), limit("z", 4, 0)]);
    harness.processElement(event("c", 3, 0), 7);
    harness.processWatermark1(9);
    harness.processWatermark2(8);
    expectRows(harness.extractOutputValues(), [
      { name: "a", n: 1, at: 0 },
      { name: "b", n: 2, at: 0 },
      { name: "c", n: 3, at: 7 },
    ]);
    expectRows(harness.extractSideOutputValues("limits"), [
      { who: "x", limit: 3, at: 0 },
      { who: "z", limit: 4, at: 0 },
    ]);
    expect(harness.getOutput().at(-1)).toEqual(new Watermark(8));
    harness.endInput();
  });

  test("a broadcast input beside one without keys", async () => {
    const harness = await open("Above", options);
    harness.processElement(event("a", 1, 0));
    harness.processElement2(limit("a", 5, 0));
    harness.processElements([event("a", 5, 0), event("a", 6, 0), event("b", 1, 0)]);
    expectRows(harness.extractOutputValues(), [
      { name: "a", n: 1, at: 0 },
      { name: "a", n: 6, at: 0 },
      { name: "b", n: 1, at: 0 },
    ]);
    expect(() => harness.processElement(event("b", -1, 0))).toThrow(/by the broadcast side only/);
  });

  test("timers of the clock fire at their times", async () => {
    const harness = await open("CountFor50Ms", { ...options, processingTime: 1_000 });
    harness.processElement(event("a", 1, 0));
    harness.setProcessingTime(1_020);
    harness.processElements([event("b", 1, 0), event("a", 1, 0)]);
    expect(harness.nextProcessingTimeTimer()).toBe(1_050);
    expect([harness.numEventTimeTimers(), harness.numProcessingTimeTimers()]).toEqual([0, 2]);
    harness.setProcessingTime(1_049);
    expectRows(harness.extractOutputValues(), []);
    harness.setProcessingTime(5_000);
    expectRows(harness.extractOutputValues(), [
      { name: "a", at: 1_050, first: 2, second: 1_050 },
      { name: "b", at: 1_070, first: 1, second: 1_070 },
    ]);
    expect([harness.numProcessingTimeTimers(), harness.numKeyedStateEntries()]).toEqual([0, 0]);
  });
});

describe("state of a keyed function", () => {
  test("goes over to two subtasks, each with its keys", async () => {
    const names = Array.from({ length: 40 }, (_, i) => `key-${i}`);
    const one = await open("SumBoth", { secondKeyBy: ["who"] });
    one.processElements(names.map((name, i) => event(name, i, 0)));
    one.processElements2(names.map((name, i) => limit(name, 100 + i, 0)));
    const state = one.snapshot();
    const rows = [];
    for (const subtask of [0, 1]) {
      const harness = await open("SumBoth", { secondKeyBy: ["who"], subtask, parallelism: 2 });
      harness.initializeState(state);
      expect(harness.numEventTimeTimers()).toBeGreaterThan(10);
      harness.endInput();
      rows.push(...harness.extractOutputValues());
    }
    one.endInput();
    expectRows(rows, one.extractOutputValues(), { order: "any" });
    expect(rows).toHaveLength(40);
  });
});

describe("what the harness refuses", () => {
  test("keys that the two inputs or the key class do not have", async () => {
    await expect(open("SumBoth")).rejects.toThrow(/its input has no field name/);
    await expect(open("SumBoth", { secondKeyBy: ["limit"] })).rejects.toThrow(/different keys/);
    await expect(open("CountFor50Ms", { keyBy: ["n"] })).rejects.toThrow(/another key/);
    const one = await open("CountFor50Ms");
    expect(() => one.processElement2({})).toThrow(/has no input 1/);
    expect(() => one.processWatermark2(1)).toThrow(/has no input 1/);
  });
});
