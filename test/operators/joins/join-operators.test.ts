/** Joins and coGroup in the harness: what is late, what leaves by an evictor, what each side's columns are. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { MillraceError } from "../../../src/protocol/errors.ts";
import {
  expectRows,
  type HarnessOptions,
  OperatorTestHarness,
  StreamRecord,
} from "../../../src/testing/index.ts";

const SOURCES = fileURLToPath(
  new URL("../../taskmanager/joins/assembly/index.ts", import.meta.url),
);
const WAYS: readonly (readonly [string, HarnessOptions])[] = [
  ["as in a job", {}],
  [
    "in one-row rooms, with the state moved between any two inputs",
    { outputRoom: 1, budget: 0, snapshotAfterEveryInput: true },
  ],
];
const event = (name: string, n: bigint, at: number) => ({ name, n, at: BigInt(at) });
const limit = (who: string, of: bigint, at: number) => ({ who, limit: of, at: BigInt(at) });
const LONG_MAX = 2n ** 63n - 1n;

describe.each(WAYS)("two streams that meet, %s", (_, options) => {
  const open = (operator: string, more: HarnessOptions = {}) =>
    OperatorTestHarness.open(SOURCES, operator, {
      ...options,
      keyBy: ["name"],
      secondKeyBy: ["who"],
      ...more,
    });

  test("an interval join's pairs have the larger timestamp, in the side output too", async () => {
    const harness = await open("Match", { parameters: { lower: -5, upper: 10 } });
    harness.processElement(event("a", 3n, 100), 100);
    harness.processElement2(limit("a", 1n, 94), 94);
    harness.processElement2(limit("a", 2n, 95), 95);
    harness.processElement2(limit("a", 7n, 110), 110);
    harness.processElement2(limit("a", 9n, 111), 111);
    harness.processElement2(limit("b", 9n, 100), 100);
    const pair = (at: bigint, of: bigint) => ({ name: "a", n: 3n, limit: of, at });
    expect(harness.getOutput()).toEqual([
      new StreamRecord(pair(100n, 2n), 100),
      new StreamRecord(pair(110n, 7n), 110),
    ]);
    expect(harness.getSideOutput("above")).toEqual([new StreamRecord(pair(100n, 2n), 100)]);
  });

  test("rows behind the watermark are late by their side; rows go when no other can meet them", async () => {
    const harness = await open("Match", { parameters: { lower: 0, upper: 10 } });
    harness.processElement(event("a", 1n, 100), 100);
    harness.processElement2(limit("a", 1n, 300), 300);
    expect(harness.numKeyedStateEntries()).toBe(2);
    harness.processWatermark(110);
    expect(harness.numKeyedStateEntries()).toBe(1);
    harness.processElement(event("a", 5n, 109), 109);
    expect(harness.numRecordsFailed).toBe(1);
    harness.processElement2(limit("a", 6n, 108), 108);
    harness.processElement2(limit("a", 7n, 110), 110);
    expectRows(harness.extractSideOutputValues("late_left"), [event("a", 5n, 109)]);
    expectRows(harness.extractSideOutputValues("late_right"), [limit("a", 6n, 108)]);
    expect(harness.extractOutputValues()).toEqual([]);
    harness.processWatermark(400);
    expect([harness.numKeyedStateEntries(), harness.numEventTimeTimers()]).toEqual([0, 0]);
  });

  test("timestamps at the ends of int64 join what is near them, and nothing else", async () => {
    const harness = await open("Match", { parameters: { lower: -100, upper: 100 } });
    harness.processElement({ ...event("a", 1n, 0), at: LONG_MAX }, LONG_MAX);
    harness.processElement2(limit("a", 1n, 0), -(LONG_MAX - 10n));
    harness.processElement2(limit("a", 2n, 0), LONG_MAX - 100n);
    harness.processElement2(limit("a", 3n, 0), LONG_MAX - 101n);
    expect(harness.extractOutputValues().map((row) => row.limit)).toEqual([2n]);
  });

  test("a coGroup has its key on both sides, whichever has rows; an evictor counts the rows of both", async () => {
    const parameters = { assigner: "global", trigger: { type: "count", n: 3 } };
    const kept = { ...parameters, evictor: { type: "count", n: 2, after: false } };
    const harness = await open("CountBoth", { parameters: kept });
    harness.processElement2(limit("a", 1n, 1), 1);
    harness.processElement(event("a", 1n, 2), 2);
    harness.processElement(event("a", 1n, 3), 3);
    for (const at of [4, 5, 6]) harness.processElement2(limit("b", 1n, at), at);
    for (const at of [4, 5, 6]) harness.processElement2(limit("a", 1n, at), at);
    const until = LONG_MAX;
    expectRows(harness.extractOutputValues(), [
      { name: "a", events: 2, limits: 0, until },
      { name: "b", events: 0, limits: 2, until },
      { name: "a", events: 0, limits: 2, until },
    ]);
  });

  test("a trigger, an evictor and a gap read a column that lies elsewhere in the other stream", async () => {
    // In the second stream, weight stands in front of the columns of its class.
    const columns = {
      input: {
        name: "STRING NOT NULL",
        n: "BIGINT NOT NULL",
        at: "BIGINT NOT NULL",
        weight: "BIGINT NOT NULL",
      },
      secondInput: {
        weight: "BIGINT NOT NULL",
        who: "STRING NOT NULL",
        limit: "BIGINT NOT NULL",
        at: "BIGINT NOT NULL",
      },
    };
    const delta = { type: "delta", field: "weight", threshold: 10, delta: "signed" };
    const jumps = await open("CountBoth", {
      ...columns,
      parameters: { assigner: "global", trigger: delta, evictor: { ...delta, after: false } },
    });
    jumps.processElement({ ...event("a", 1n, 1), weight: 5n }, 1);
    jumps.processElement2({ ...limit("a", 99n, 2), weight: 12n }, 2);
    jumps.processElement2({ ...limit("a", 99n, 3), weight: 20n }, 3);
    expectRows(jumps.extractOutputValues(), [{ name: "a", events: 0, limits: 2, until: LONG_MAX }]);
    const sessions = await open("CountBoth", {
      ...columns,
      parameters: { assigner: "session", gapField: "weight" },
    });
    sessions.processElement({ ...event("a", 1n, 1), weight: 5n }, 1);
    sessions.processElement2({ ...limit("a", 99n, 4), weight: 20n }, 4);
    sessions.processElement({ ...event("a", 1n, 24), weight: 1n }, 24);
    sessions.processElement({ ...event("a", 1n, 26), weight: 1n }, 26);
    sessions.processWatermark(100);
    expectRows(sessions.extractOutputValues(), [
      { name: "a", events: 2, limits: 1, until: 25n },
      { name: "a", events: 1, limits: 0, until: 27n },
    ]);
  });

  test("late rows of a window make all pairs again while they may, and are counted then", async () => {
    const window = { assigner: "tumbling", size: 10, lateness: 5 };
    const harness = await open("JoinBoth", { parameters: window });
    harness.processElement(event("a", 1n, 1), 1);
    harness.processElement2(limit("a", 1n, 2), 2);
    harness.processWatermark(9);
    harness.processElement2(limit("a", 2n, 3), 3);
    harness.processWatermark(14);
    harness.processElement2(limit("a", 3n, 3), 3);
    expect(harness.extractOutputValues().map((row) => row.limit)).toEqual([1n, 1n, 2n]);
    expect(harness.numRecordsFailed).toBe(1);
  });
});

test("a join's bounds and windows are checked before it runs, with the parameter", async () => {
  const refusal = async (operator: string, parameters: Record<string, unknown>) => {
    const keys = { keyBy: ["name"], secondKeyBy: ["who"] };
    const thrown = await OperatorTestHarness.open(SOURCES, operator, { ...keys, parameters }).then(
      () => undefined,
      (error: unknown) => error,
    );
    const { code, field } = thrown as MillraceError;
    expect(thrown).toBeInstanceOf(MillraceError);
    return [code, field?.split(".").slice(-1)[0]];
  };
  expect(await refusal("Match", {})).toEqual(["JOB_PARAMETER_MISSING", "lower"]);
  expect(await refusal("Match", { lower: 5, upper: 4 })).toEqual([
    "JOB_PARAMETER_INVALID",
    "lower",
  ]);
  const wide = { lower: 0, upper: "9223372036854775808" };
  expect(await refusal("Match", wide)).toEqual(["JOB_PARAMETER_INVALID", "upper"]);
  expect(await refusal("JoinBoth", {})).toEqual(["JOB_PARAMETER_MISSING", "size"]);
  const gap = { assigner: "session", gapField: "limit" };
  expect(await refusal("CountBoth", gap)).toEqual(["JOB_PARAMETER_INVALID", "gapField"]);
  const all = { assigner: "tumbling", size: 1, all: true };
  expect(await refusal("CountBoth", all)).toEqual(["JOB_PARAMETER_UNKNOWN", "all"]);
});
