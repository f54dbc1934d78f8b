import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OperatorTestHarness, StreamRecord, Watermark } from "../../src/testing/index.ts";
import type { HarnessOptions } from "../../src/testing/operator-plan.ts";

const SOURCES = fileURLToPath(new URL("assembly/index.ts", import.meta.url));

const open = (operator: "Convert" | "Again" | "Score", options: HarnessOptions = {}) =>
  OperatorTestHarness.open(SOURCES, operator, options);
const payment = (id: number, currency = "USD", amount = 10) => ({ id, currency, amount });
const rate = (value: number) => ({ body: { rate: value } });
const paths = (harness: OperatorTestHarness) => harness.requests.pending.map(({ path }) => path);
const ids = (harness: OperatorTestHarness) =>
  harness.extractOutputValues().map(({ id }) => Number(id));
const FIXED = { type: "fixed_delay", maxAttempts: 2, delayMs: 100 } as const;

describe("an asynchronous function", () => {
  test("asks for each row; results leave in the order of the rows, with their times", async () => {
    using harness = await open("Convert", { async: { mode: "ordered" } });
    harness.processElement(payment(1), 1_000);
    harness.processElement(payment(2, "GBP"), 2_000);
    harness.processWatermark(2_000);
    expect(paths(harness)).toEqual(["/rates/USD", "/rates/GBP"]);
    harness.requests.complete(2, rate(1.2));
    expect(harness.getOutput()).toEqual([]);
    harness.requests.complete(1, rate(0.9));
    expect(harness.getOutput()).toEqual([
      new StreamRecord({ id: 1n, euros: 9 }, 1_000),
      new StreamRecord({ id: 2n, euros: 12 }, 2_000),
      new Watermark(2_000),
    ]);
    expect(harness.requests.pending).toEqual([]);
  });

  test("unordered results leave as they come, but none passes a watermark", async () => {
    using harness = await open("Convert", { async: { mode: "unordered" } });
    harness.processElements([payment(1), payment(2)]);
    harness.processWatermark(5);
    harness.processElement(payment(3));
    for (const id of [3, 2, 1]) harness.requests.complete(id, rate(1));
    const order = harness
      .getOutput()
      .map((element) => (element instanceof StreamRecord ? Number(element.row.id) : "w"));
    expect(order).toEqual([2, 1, "w", 3]);
  });

  test("gives results without a request, and none at all", async () => {
    using harness = await open("Convert");
    harness.processElements([payment(1, "EUR"), payment(2, "EUR", 0), payment(3, "XXX")]);
    harness.requests.complete(1, { status: 404 });
    harness.endInput();
    expect(ids(harness)).toEqual([1]);
  });

  test("describes endpoint, method, path, headers and body", async () => {
    using harness = await open("Score");
    harness.processElements([payment(1, "a b&c/ü"), payment(2, "USD", -1)]);
    expect(harness.requests.pending).toEqual([
      {
        id: 1,
        endpoint: "",
        method: "POST",
        path: "/score?v=2&cur=a%20b%26c%2F%C3%BC",
        headers: [
          ["content-type", "application/json"],
          ["X-Id", "1"],
        ],
        body: '{"amount":10.0}',
      },
      expect.objectContaining({ id: 2, endpoint: "backup", body: '{"amount":-1.0}' }),
    ]);
    harness.requests.complete(1, { headers: { "X-Copies": "3" }, body: "fine" });
    harness.requests.fail(2, "no route");
    expect(harness.extractOutputValues().map(({ text }) => text)).toEqual([
      "fine",
      "fine",
      "fine",
      "HTTP_CONNECTION: no route",
    ]);
  });
});

describe("a queue that is full", () => {
  test("holds rows back until one has left, and what comes behind them", async () => {
    using harness = await open("Convert", { async: { mode: "ordered", capacity: 2 } });
    harness.processElements([1, 2, 3, 4].map((id) => payment(id)));
    harness.processWatermark(9);
    expect(harness.requests.pending.map(({ id }) => id)).toEqual([1, 2]);
    harness.requests.complete(2, rate(1));
    expect(
      harness.requests.pending.map(({ id }) => id),
      "1 still keeps its place",
    ).toEqual([1]);
    harness.requests.complete(1, rate(1));
    expect(harness.requests.pending.map(({ id }) => id)).toEqual([3, 4]);
    harness.requests.complete(4, rate(1));
    harness.requests.complete(3, rate(1));
    expect(ids(harness)).toEqual([1, 2, 3, 4]);
    expect(harness.getOutput().at(-1)).toEqual(new Watermark(9));
  });

  test("goes on when a row times out", async () => {
    const async = { mode: "unordered", capacity: 1, timeoutMs: 50 } as const;
    using harness = await open("Score", { async });
    harness.processElements([payment(1), payment(2)]);
    expect(harness.requests.pending.length).toBe(1);
    harness.setProcessingTime(50);
    expect(harness.requests.pending.map(({ id }) => id)).toEqual([1, 2]);
    harness.requests.complete(1, { body: "too late" });
    harness.requests.complete(2, { body: "ok" });
    expect(harness.extractOutputValues().map(({ text }) => text)).toEqual(["late", "ok"]);
  });

  test("the end of the input waits for all", async () => {
    using harness = await open("Convert");
    harness.processElements([payment(1), payment(2)]);
    harness.endInput();
    expect(harness.getOutput()).toEqual([]);
    harness.requests.complete(1, rate(1));
    harness.requests.complete(2, rate(1));
    expect(ids(harness)).toEqual([1, 2]);
  });
});

describe("a retry strategy", () => {
  const retrying = (more: object) => ({
    async: { mode: "ordered", retry: { ...FIXED, ...more } } as const,
  });

  test("asks again after its pause, as often as it says, then fails the row", async () => {
    using harness = await open("Convert", retrying({ ifException: "any" }));
    harness.processElement(payment(1));
    for (const at of [100, 200]) {
      harness.requests.complete(harness.requests.pending[0]!.id, { status: 503 });
      harness.setProcessingTime(at - 1);
      expect(harness.requests.pending).toEqual([]);
      harness.setProcessingTime(at);
      expect(paths(harness)).toEqual(["/rates/USD"]);
    }
    expect(() => harness.requests.complete(3, { status: 503 })).toThrow(/no rate: status 503/);
  });

  test("without a condition nothing is asked again", async () => {
    using harness = await open("Convert", { ...retrying({}), onRowError: "drop" });
    harness.processElement(payment(1));
    harness.requests.fail(1);
    expect([harness.requests.pending, harness.numRecordsFailed]).toEqual([[], 1]);
  });

  test("grows its pause up to a limit", async () => {
    const retry = {
      type: "exponential_backoff",
      maxAttempts: 4,
      delayMs: 10,
      maxDelayMs: 35,
      multiplier: 2,
      ifResult: "empty",
    } as const;
    using harness = await open("Convert", { async: { mode: "ordered", retry } });
    harness.processElement(payment(1));
    const pauses: number[] = [];
    for (let i = 0; i < 4; i++) {
      harness.requests.complete(i + 1, { status: 404 });
      const due = Number(harness.nextProcessingTimeTimer());
      pauses.push(due - harness.getProcessingTime());
      harness.setProcessingTime(due);
    }
    expect(pauses).toEqual([10, 20, 35, 35]);
    harness.requests.complete(5, { status: 404 });
    harness.endInput();
    expect([ids(harness), harness.requests.pending]).toEqual([[], []]);
  });

  test("the function may decide by itself; a timeout ends all tries", async () => {
    const async = { ...retrying({}).async, timeoutMs: 150 };
    using harness = await open("Score", { async });
    harness.processElement(payment(7));
    harness.requests.complete(1, { body: "again" });
    harness.setProcessingTime(100);
    harness.requests.complete(2, { body: "again" });
    harness.setProcessingTime(150);
    expect(harness.extractOutputValues()).toEqual([{ id: 7n, text: "late" }]);
    expect(harness.nextProcessingTimeTimer()).toBeUndefined();
  });

  test("at the end of the input a waiting retry is made at once, and is the last", async () => {
    const options = { ...retrying({ ifException: "any" }), onRowError: "drop" } as const;
    using harness = await open("Convert", options);
    harness.processElement(payment(1));
    harness.requests.fail(1);
    expect(harness.requests.pending).toEqual([]);
    harness.endInput();
    harness.requests.fail(2);
    expect([harness.requests.pending, harness.numRecordsFailed]).toEqual([[], 1]);
  });
});

describe("a row without a result", () => {
  test("fails the task: with the reason, and the row where its batch is at hand", async () => {
    using harness = await open("Convert");
    harness.processElement(payment(1));
    expect(() => harness.requests.complete(1, { body: "no JSON" })).toThrow(/no rate: status 200/);
    using silent = await open("Convert");
    expect(() => silent.processElement(payment(1, ""))).toThrow(/described no request/);
    using late = await open("Convert", { async: { mode: "ordered", timeoutMs: 5 } });
    late.processElement(payment(1));
    expect(() => late.setProcessingTime(5)).toThrow(/TimeoutException/);
  });

  test("goes to the dead letters as it came, or is dropped and counted", async () => {
    for (const onRowError of ["dead-letter", "drop"] as const) {
      using harness = await open("Convert", { onRowError });
      harness.processElement(payment(1), 5);
      harness.processElement(payment(2), 6);
      harness.requests.fail(1);
      harness.requests.complete(2, rate(1));
      expect([ids(harness), harness.numRecordsFailed]).toEqual([[2], 1]);
      if (onRowError === "drop") continue;
      const letter = {
        record: '{"id":1,"currency":"USD","amount":10}',
        error: "HTTP_CONNECTION: connection refused",
        position: 1n,
        operator: "Convert",
        subtask: 0,
      };
      expect(harness.getSideOutput("dead_letter")).toEqual([new StreamRecord(letter, 5)]);
    }
  });

  test("is told while a call waits for other answers", async () => {
    const async = { mode: "ordered", capacity: 2 } as const;
    using harness = await open("Convert", { async, onRowError: "dead-letter" });
    harness.processElements([payment(1), payment(2), payment(3)]);
    harness.requests.fail(2);
    expect(harness.extractSideOutputValues("dead_letter")).toMatchObject([{ position: 2n }]);
    expect(harness.requests.pending.map(({ id }) => id)).toEqual([1]);
  });
});

describe("state", () => {
  test("what has not left is asked for again, in its order, with its time and watermarks", async () => {
    using before = await open("Convert", { async: { mode: "ordered", timeoutMs: 100 } });
    before.processElements([payment(1), payment(2, "EUR")]);
    before.processWatermark(7);
    before.processElement(new StreamRecord(payment(3, "GBP"), 8));
    before.setProcessingTime(90);
    const snapshot = before.snapshot();
    const async = { mode: "ordered", timeoutMs: 100 } as const;
    using after = await open("Convert", { async, processingTime: 90, onRowError: "drop" });
    after.initializeState(snapshot);
    expect(paths(after)).toEqual(["/rates/USD", "/rates/GBP"]);
    after.setProcessingTime(189);
    expect(after.numRecordsFailed, "the timeout began anew").toBe(0);
    after.requests.complete(1, rate(2));
    after.requests.complete(2, rate(3));
    expect(after.getOutput()).toEqual([
      new StreamRecord({ id: 1n, euros: 20 }),
      new StreamRecord({ id: 2n, euros: 10 }),
      new Watermark(7),
      new StreamRecord({ id: 3n, euros: 30 }, 8),
    ]);
    expect(after.stateBytes).toBe(0);
  });

  test("is dealt out to another number of subtasks, each row once", async () => {
    using before = await open("Convert");
    before.processElements([1, 2, 3, 4, 5].map((id) => payment(id)));
    const snapshot = before.snapshot();
    const asked: number[] = [];
    for (const subtask of [0, 1]) {
      using after = await open("Convert", { subtask, parallelism: 2 });
      after.initializeState(snapshot);
      for (const { id } of after.requests.pending) after.requests.complete(id, rate(1));
      asked.push(...ids(after));
    }
    expect(asked.sort()).toEqual([1, 2, 3, 4, 5]);
  });

  test("of several subtasks comes to one whole, but for the watermarks between the rows", async () => {
    const snapshots = await Promise.all(
      [0, 1].map(async (subtask) => {
        using before = await open("Convert", { subtask, parallelism: 2 });
        before.processElement(payment(subtask));
        before.processWatermark(5);
        before.processElement(payment(2 + subtask));
        return before.snapshot();
      }),
    );
    using one = await open("Convert");
    one.initializeState(...snapshots);
    for (const { id } of one.requests.pending) one.requests.complete(id, rate(1));
    expect(ids(one)).toEqual([0, 2, 1, 3]);
    expect(one.getOutput().every((element) => element instanceof StreamRecord)).toBe(true);
    using second = await open("Convert", { subtask: 1, parallelism: 2 });
    second.initializeState(...snapshots);
    for (const { id } of second.requests.pending) second.requests.complete(id, rate(1));
    expect(ids(second)).toEqual([1, 3]);
    expect(second.getOutput()[1]).toEqual(new Watermark(5));
  });

  test("of other columns, or of no asynchronous function, is refused", async () => {
    using before = await open("Convert");
    before.processElement(payment(1));
    const [chunk] = before.snapshot().chunks;
    using other = await open("Again");
    const state = { operator: "Again", checkpoint: 1 };
    expect(() => other.initializeState({ ...state, chunks: [chunk!] })).toThrow(/other columns/);
    using foreign = await open("Convert");
    // The kind of the only element, behind the names of the state and of its type.
    const bytes = chunk!.bytes.slice();
    const element = 24 + 32 + 32;
    expect(bytes[element]).toBe(24);
    bytes[element + 24] = 7;
    const chunks = [{ keyGroup: -1, bytes }];
    expect(() => foreign.initializeState({ ...state, chunks })).toThrow(/another version/);
  });

  test("a snapshot of megabytes comes in chunks, and again in the same order", async () => {
    const rows = Array.from({ length: 3_000 }, (_, id) => payment(id, "c".repeat(100)));
    using before = await open("Convert", { async: { mode: "ordered", capacity: 5_000 } });
    before.processElements(rows);
    const snapshot = before.snapshot();
    expect(snapshot.chunks.length).toBeGreaterThan(5);
    using after = await open("Convert", { async: { mode: "ordered" }, budget: 0 });
    after.initializeState(snapshot);
    for (const { id } of after.requests.pending) after.requests.complete(id, rate(1));
    expect(ids(after)).toEqual(rows.map(({ id }) => id));
  });
});

test("any order of answers, failures, times and restores gives each row once", async () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant("row" as const), euro: fc.boolean() }),
    fc.record({ type: fc.constant("answer" as const), at: fc.nat(20), ok: fc.boolean() }),
    fc.record({ type: fc.constant("time" as const), ms: fc.nat(60) }),
    fc.record({ type: fc.constant("watermark" as const) }),
    fc.record({ type: fc.constant("restore" as const) }),
  );
  const cases = fc.record({
    steps: fc.array(step, { maxLength: 30 }),
    mode: fc.constantFrom("ordered" as const, "unordered" as const),
    capacity: fc.integer({ min: 1, max: 4 }),
    outputRoom: fc.constantFrom(1, 100),
    budget: fc.constantFrom(0, 1_000),
  });
  const property = fc.asyncProperty(cases, async ({ steps, mode, capacity, ...limits }) => {
    const retry = { ...FIXED, maxAttempts: 1_000, delayMs: 30, ifException: "any" } as const;
    const options = { async: { mode, capacity, retry }, ...limits };
    let harness = await open("Convert", options);
    const left: (string | number)[] = [];
    const made: (string | number)[] = [];
    const take = () => {
      for (const element of harness.getOutput()) {
        if (element instanceof Watermark) left.push(`w${element.timestamp}`);
        else if (element instanceof StreamRecord) left.push(Number(element.row.id));
      }
      harness.clearOutput();
    };
    const answer = (at: number, ok: boolean) => {
      const request = harness.requests.pending.at(
        at % Math.max(1, harness.requests.pending.length),
      );
      if (request === undefined) return;
      if (ok) harness.requests.complete(request.id, rate(1));
      else harness.requests.fail(request.id);
    };
    for (const [i, one] of steps.entries()) {
      if (one.type === "row") {
        made.push(i);
        harness.processElement(payment(i, one.euro ? "EUR" : "USD"), i);
      } else if (one.type === "answer") answer(one.at, one.ok);
      else if (one.type === "time") harness.setProcessingTime(harness.getProcessingTime() + one.ms);
      else if (one.type === "watermark") {
        made.push(`w${i}`);
        harness.processWatermark(i);
      } else if (made.length - left.length < capacity) {
        // Nothing is held back: all that was given is in the snapshot or has left.
        const state = harness.snapshot();
        harness.close();
        harness = await open("Convert", {
          ...options,
          processingTime: harness.getProcessingTime(),
        });
        harness.initializeState(state);
      }
      take();
    }
    while (harness.requests.pending.length > 0 || harness.nextProcessingTimeTimer() !== undefined) {
      while (harness.requests.pending.length > 0) answer(0, true);
      harness.setProcessingTime(harness.getProcessingTime() + 30);
    }
    take();
    harness.close();
    if (mode === "ordered") expect(left).toEqual(made);
    expect(betweenWatermarks(left)).toEqual(betweenWatermarks(made));
  });
  await fc.assert(property, { seed: 6, numRuns: 40 });
});

/** The rows between two watermarks, sorted. */
function betweenWatermarks(elements: readonly (string | number)[]): (string | number)[][] {
  const runs: (string | number)[][] = [[]];
  for (const element of elements) {
    runs.at(-1)!.push(element);
    if (typeof element === "string") runs.push([]);
  }
  return runs.map((run) => run.sort());
}
