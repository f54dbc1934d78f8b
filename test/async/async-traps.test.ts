/** Code of an asynchronous function that traps: its row leaves no trace, wherever it was. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { buildBundle } from "../../src/build/compile.ts";
import { OperatorTestHarness } from "../../src/testing/index.ts";
import type { HarnessOptions } from "../../src/testing/operator-plan.ts";

const SOURCES = fileURLToPath(new URL("assembly/index.ts", import.meta.url));
const RETRY = { type: "fixed_delay", maxAttempts: 1, delayMs: 10, ifException: "any" } as const;
const ASYNC = { mode: "ordered", timeoutMs: 100, retry: RETRY } as const;

const open = (options: HarnessOptions = {}) =>
  OperatorTestHarness.open(SOURCES, "Fragile", {
    async: ASYNC,
    onRowError: "dead-letter",
    ...options,
  });
const payment = (id: number, currency: string) => ({ id, currency, amount: 10 });
const lettersOf = (harness: OperatorTestHarness) =>
  harness.extractSideOutputValues("dead_letter") as Record<string, unknown>[];

/** What makes a method trap, of row 1 (request 1), and how many calls of other methods for it came to their end. */
const TRAPS: Readonly<Record<string, [(harness: OperatorTestHarness) => void, number]>> = {
  asyncInvoke: [() => {}, 0],
  onResponse: [({ requests }) => requests.complete(1), 1],
  retryOnException: [({ requests }) => requests.complete(1, { status: 503 }), 1],
  onError: [({ requests }) => requests.fail(1), 1],
  timeout: [(harness) => harness.setProcessingTime(100), 1],
};

describe("a row at which an asynchronous function traps", () => {
  test.each(Object.entries(TRAPS))(
    "in %s goes to the dead letters",
    async (method, [trap, calls]) => {
      using harness = await open({ async: { ...ASYNC, mode: "unordered" } });
      harness.processElement(payment(1, method), 7);
      trap(harness);
      expect(lettersOf(harness)).toEqual([
        {
          record: `{"id":1,"currency":"${method}","amount":10}`,
          error: expect.stringMatching(new RegExp(`^trapped in ${method} \\(.*index.ts:\\d+\\)$`)),
          position: 1n,
          operator: "Fragile",
          subtask: 0,
        },
      ]);
      harness.processElement(payment(2, "USD"), 8);
      harness.requests.complete(harness.requests.pending.at(-1)!.id);
      // The calls for row 2; of row 1 only those that did not trap are left in the function's field.
      expect(harness.extractOutputValues()).toEqual([{ id: 2n, text: String(calls + 1) }]);
      expect([harness.numRecordsFailed, harness.stateBytes > 0]).toEqual([1, true]);
    },
  );

  test("is dropped and counted; among many the others come out in their order", async () => {
    using harness = await open({ onRowError: "drop", budget: 0, outputRoom: 1 });
    const methods = Object.keys(TRAPS);
    const given = Array.from({ length: 40 }, (_, i) => payment(i, methods[i % 8] ?? "USD"));
    harness.processElements(given);
    for (const { id } of harness.requests.pending) harness.requests.complete(id);
    harness.endInput();
    const trapping = ["asyncInvoke", "onResponse"];
    const left = given.filter(({ currency }) => !trapping.includes(currency));
    expect(harness.extractOutputValues().map(({ id }) => Number(id))).toEqual(
      left.map((r) => r.id),
    );
    expect(harness.numRecordsFailed).toBe(given.length - left.length);
  });

  test("fails the task, with the author's line, where rows may not be lost", async () => {
    for (const [method, [trap]] of Object.entries(TRAPS)) {
      using harness = await open({ onRowError: "fail" });
      const run = () => {
        harness.processElement(payment(1, method));
        trap(harness);
      };
      expect(run).toThrow(new RegExp(`index.ts:\\d+.*trapped in ${method}`));
    }
  });

  test("that came with a snapshot has no number; the function's own state goes along", async () => {
    using before = await open({ onRowError: "fail" });
    before.processElements([payment(1, "USD"), payment(2, "onResponse"), payment(3, "USD")]);
    using after = await open();
    after.initializeState(before.snapshot());
    expect(after.requests.pending.length).toBe(3);
    for (const { id } of after.requests.pending) after.requests.complete(id);
    expect(lettersOf(after)).toMatchObject([
      { position: 0n, error: expect.stringMatching(/trapped in onResponse/) },
    ]);
    // 3 calls before the snapshot, 3 after it, and the answers.
    expect(after.extractOutputValues()).toEqual([
      { id: 1n, text: "6" },
      { id: 3n, text: "7" },
    ]);
  });

  test("when it is asked for again goes there, too: after a restore, at a retry, at the end", async () => {
    using before = await open({ onRowError: "fail" });
    before.processElement(payment(1, "asyncInvok."));
    const snapshot = before.snapshot();
    const chunks = snapshot.chunks.map(({ keyGroup, bytes }) => {
      const text = Buffer.from(bytes).toString("latin1").replace("asyncInvok.", "asyncInvoke");
      return { keyGroup, bytes: new Uint8Array(Buffer.from(text, "latin1")) };
    });
    using after = await open();
    after.initializeState({ ...snapshot, chunks });
    expect(lettersOf(after)).toMatchObject([
      { position: 0n, error: expect.stringMatching(/trapped in second/) },
    ]);

    for (const again of ["retry", "end"]) {
      using harness = await open();
      harness.processElement(payment(1, "second asyncInvoke"));
      harness.requests.complete(1, { status: 503 });
      expect(lettersOf(harness)).toEqual([]);
      if (again === "retry") harness.setProcessingTime(10);
      else harness.endInput();
      expect(lettersOf(harness)).toMatchObject([
        { position: 1n, error: expect.stringMatching(/trapped in second/) },
      ]);
    }
  });
});

test("side outputs of an asynchronous function are refused with the line", async () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-async-"));
  try {
    const entry = join(folder, "index.ts");
    writeFileSync(
      entry,
      `import { AsyncFunction, HttpRequest, HttpResponse, ResultFuture } from "millrace/sdk";
@row export class Item { n: i64; }
@http("rates")
@sideOutput("late", Item)
@operator
export class Ask extends AsyncFunction<Item, Item> {
  asyncInvoke(value: Item, request: HttpRequest, out: ResultFuture<Item>): void {}
  onResponse(value: Item, response: HttpResponse, out: ResultFuture<Item>): void {}
}
`,
    );
    const built = buildBundle({ entry, name: "ask", optimize: "none" });
    await expect(built).rejects.toThrow(/index\.ts:4:\d+.*operator Ask has @sideOutput/s);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
