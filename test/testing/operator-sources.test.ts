import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { OutputTag } from "../../src/index.ts";
import { expectRows, type HarnessOptions, OperatorTestHarness } from "../../src/testing/index.ts";

const SOURCES = new URL("./assembly/index.ts", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "millrace-testing-"));
afterAll(() => rmSync(folder, { recursive: true }));

const item = (name: string, n: number) => ({ name, n });

describe("OperatorTestHarness on AssemblyScript sources", () => {
  test("shows the author's line, the operator and the row of a trap", async () => {
    const harness = await OperatorTestHarness.open(SOURCES, "Share");
    harness.processElement(item("whale", 2));
    expectRows(harness.extractOutputValues(), [item("whale", 50)]);
    const failing = () => harness.processElements([item("sea", 1), item("ship", 7), item("x", 1)]);
    expect(failing).toThrow(
      /Operator Share failed at index\.ts:17: Index out of range.*record 3 of its input/,
    );
    expect(() => harness.processElement(item("sea", 1))).toThrow(/it has failed/);
    const again = await OperatorTestHarness.open(SOURCES, "Share");
    expect(() => again.processElements([item("sea", 1), item("ship", 7)])).toThrow(
      "row:\nname   | n\n-------+--\n'ship' | 7",
    );
  });

  test("treats refused rows by the policy", async () => {
    const rows = [item("a", 1), item("b", -1), item("c", 2)];
    const open = (onRowError: NonNullable<HarnessOptions["onRowError"]>) =>
      OperatorTestHarness.open(SOURCES, "Checked", { onRowError });
    const failing = await open("fail");
    expect(() => failing.processElements(rows)).toThrow(/n is negative\nrow:\n.*\n.*\n'b' +\| -1/);
    const dropping = await open("drop");
    dropping.processElements(rows);
    expectRows(dropping.extractOutputValues(), [rows[0]!, rows[2]!]);
    expect(dropping.numRecordsFailed).toBe(1);
    const keeping = await open("dead-letter");
    keeping.processElements(rows);
    const letter = { record: JSON.stringify(rows[1]), error: "n is negative", position: 2n };
    expectRows(keeping.extractSideOutputValues(OutputTag.deadLetter), [
      { ...letter, operator: "Checked", subtask: 0 },
    ]);
  });

  test("gives side outputs", async () => {
    const harness = await OperatorTestHarness.open(SOURCES, "Even", { outputRoom: 1, budget: 0 });
    harness.processElements([1, 2, 3, 4].map((n) => item("a", n)));
    expectRows(harness.extractOutputValues(), [item("a", 2), item("a", 4)]);
    expectRows(harness.extractSideOutputValues("odd"), [item("a", 1), item("a", 3)]);
  });

  test("polls a source to its end", async () => {
    const harness = await OperatorTestHarness.open(SOURCES, "ToThree");
    expect(harness.poll()).toBe(true);
    expectRows(harness.extractOutputValues(), [item("n", 1)]);
    expect([harness.poll(10), harness.poll()]).toEqual([false, false]);
    expectRows(harness.extractOutputValues(), [item("n", 1), item("n", 2), item("n", 3)]);
    expect(() => harness.processElement(item("n", 4))).toThrow(/it is a source/);
    const generated = await OperatorTestHarness.open("builtin", "datagen", {
      outputs: { main: { n: "INT NOT NULL" } },
      parameters: { "number-of-rows": 5, fields: { n: { kind: "sequence", start: 7, end: 11 } } },
    });
    while (generated.poll());
    expectRows(
      generated.extractOutputValues(),
      [7, 8, 9, 10, 11].map((n) => ({ n })),
    );
  });

  test("compiles again when a source has changed, and only then", async () => {
    cpSync(new URL("./assembly/", import.meta.url), folder, { recursive: true });
    const entry = join(folder, "index.ts");
    const text = await readFile(entry, "utf8");
    const share = async () => {
      const harness = await OperatorTestHarness.open(entry, "Share");
      harness.processElement(item("a", 1));
      return harness.extractOutputValues()[0]!.n;
    };
    writeFileSync(entry, text.replace("[0, 100,", "[0, 99,"));
    expect(await share()).toBe(99n);
    const startedMs = performance.now();
    expect(await share()).toBe(99n);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    writeFileSync(entry, text.replace("this.table[<i32>item.n]", "this.tabel[0]"));
    await expect(share()).rejects.toThrow(/index\.ts:\d+:\d+/);
    writeFileSync(entry, text);
    expect(await share()).toBe(100n);
  });

  test.each([{}, { outputRoom: 1, budget: 0 }])(
    "fires timers in virtual time: %j",
    async (mode) => {
      const describeOperator = (name: string) => ({
        name,
        kind: "generic" as const,
        inputs: [{ schema: "any" as const, accepts: ["insert-only" as const], keyed: false }],
        outputs: [
          { name: "main", schema: "any" as const, emits: { mode: "insert-only" as const } },
        ],
        parameters: [],
        states: [],
      });
      const harness = await OperatorTestHarness.open(
        "test/testing/timers/assembly/index.ts",
        "timers",
        {
          ...mode,
          registered: ["timers", "$exchange"].map(describeOperator),
          input: { n: "BIGINT NOT NULL" },
          outputs: { main: { at: "BIGINT NOT NULL", clock: "BIGINT NOT NULL" } },
          processingTime: 1_000,
        },
      );
      expect(harness.nextProcessingTimeTimer()).toBe(undefined);
      harness.processElement({ n: 30 }, 5);
      harness.processElement({ n: 10 });
      expect([harness.nextProcessingTimeTimer(), harness.nextEventTimeTimer()]).toEqual([
        1_010, 35,
      ]);
      harness.setProcessingTime(1_009);
      expect(harness.extractOutputValues()).toEqual([]);
      harness.setProcessingTime(2_000);
      expectRows(harness.extractOutputValues(), [
        { at: 1_010, clock: 1_010 },
        { at: 1_030, clock: 1_030 },
      ]);
      expect(harness.getProcessingTime()).toBe(2_000);
      harness.clearOutput();
      harness.processWatermark(34);
      expect(harness.extractOutputValues()).toEqual([]);
      harness.processWatermark(35);
      expectRows(harness.extractOutputValues(), [{ at: 35, clock: 2_000 }]);
    },
  );

  test("runs a process window function", async () => {
    const stream = (schema: "any") => ({ schema });
    const parameter = (name: string) => ({ name, type: "BIGINT" as const, default: 0 });
    const describeOperator = (name: string) => ({
      name,
      kind: "generic" as const,
      inputs: [{ ...stream("any"), accepts: ["insert-only" as const], keyed: true }],
      outputs: [
        { name: "main", schema: "any" as const, emits: { mode: "insert-only" as const } },
        { name: "late", schema: "same" as const, emits: { mode: "insert-only" as const } },
      ],
      parameters: [...["size", "offset", "lateness"].map(parameter)],
      states: [],
    });
    const names = ["collect", "sum", "keyProbe", "custom", "exchange"];
    const harness = await OperatorTestHarness.open(
      "test/operators/conformance/assembly/index.ts",
      "collect",
      {
        registered: names.map(describeOperator),
        input: { k: "STRING NOT NULL", v: "BIGINT NOT NULL" },
        keyBy: ["k"],
        parameters: { size: 10 },
        snapshotAfterEveryInput: true,
        outputs: {
          main: {
            k: "STRING NOT NULL",
            v: "STRING NOT NULL",
            n1: "BIGINT NOT NULL",
            n2: "BIGINT NOT NULL",
            window_start: "BIGINT NOT NULL",
            window_end: "BIGINT NOT NULL",
            cw: "BIGINT NOT NULL",
            fired_by: "INT NOT NULL",
            timer: "BIGINT NOT NULL",
          },
        },
      },
    );
    for (const v of [3, 1, 2]) harness.processElement({ k: "a", v }, v);
    harness.processWatermark(9);
    const [row, ...rest] = harness.extractOutputValues();
    expect(row).toMatchObject({ k: "a", v: "[3,1,2]", window_start: 0n, window_end: 10n, cw: 9n });
    expect(rest).toEqual([]);
    harness.processElement({ k: "a", v: 9 }, 4);
    expectRows(harness.extractSideOutputValues("late"), [{ k: "a", v: 9 }]);
  });
});
