/** Rows that an author's operator refuses, in real jobs: fail, drop, or dead-letter. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltBundle, buildBundle } from "../../../src/build/compile.ts";
import type { SingleOutputStreamOperator } from "../../../src/plan/data-stream.ts";
import { Bundle } from "../../../src/plan/operator-handle.ts";
import { OutputTag } from "../../../src/plan/output-tag.ts";
import { datagen } from "../../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../../src/plan/stream-environment.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import { Closers, TestCluster } from "../../cluster/cluster.ts";

const SCHEMA: Schema = [{ name: "n", type: { type: "BIGINT", nullable: false } }];
const ROWS = 10_000;
const ALL = Array.from({ length: ROWS }, (_, n) => n);

interface Letter {
  readonly record: string;
  readonly error: string;
  readonly position: number;
  readonly operator: string;
  readonly subtask: number;
}

let built: BuiltBundle;
let bundle: Bundle;
let cluster: TestCluster;
const closers = new Closers();

beforeAll(async () => {
  const entry = fileURLToPath(new URL("./assembly/index.ts", import.meta.url));
  built = await buildBundle({ entry, name: "job", optimize: "none" });
  bundle = new Bundle(built.report.hash, built.manifest);
  cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 3);
  await cluster.client.uploadBundle(built.bytes);
});
afterAll(() => closers.close());

type Choice = "fail" | "drop" | "dead-letter";

async function submit(
  choice: Choice,
  every: number,
  sink: (rows: SingleOutputStreamOperator) => void,
): Promise<string> {
  const env = new StreamExecutionEnvironment();
  const fields = { n: { kind: "sequence" as const, start: 0, end: ROWS - 1 } };
  sink(
    env
      .fromSource(datagen(SCHEMA, { fields }))
      .flatMap(bundle.operator("Refuses", { every }))
      .name("picky")
      .onRowError(choice),
  );
  return cluster.client.submitJob(env.toJobSpec(`refuses ${choice}`));
}

async function numbersOf(job: string): Promise<number[]> {
  const { rows } = await cluster.rows<{ n: number }>(job);
  expect(await cluster.end(job)).toBeUndefined();
  return rows.map((row) => row.n).sort((a, b) => a - b);
}

/** The numbers that dead letters are about, each letter being what it must be. */
function refusedNumbers(letters: readonly Letter[]): number[] {
  return letters
    .map(({ record, error, position, operator, subtask }) => {
      const { n } = JSON.parse(record) as { n: number };
      expect(error).toMatch(/^is a multiple of \d+$/);
      expect([position, operator, subtask]).toEqual([n + 1, "picky (Refuses)", 0]);
      return n;
    })
    .sort((a, b) => a - b);
}

async function failedRecords(job: string): Promise<number> {
  const { vertices } = await cluster.client.job(job);
  return vertices.reduce((sum, vertex) => sum + Number(vertex.metrics["failed-records"]), 0);
}

describe("a row that an operator refuses", () => {
  test("fails the job with the operator, the record's place and the reason", async () => {
    const job = await submit("fail", 7_000, (rows) => rows.discard());
    const failure = await cluster.end(job);
    expect(failure?.code).toBe("ROW_FAILED");
    expect(failure?.message).toMatch(/picky \(Refuses\).*record 1 .*is a multiple of 7000/);
  });
});

describe("rows that an operator refuses", () => {
  test("are dropped and counted", async () => {
    const job = await submit("drop", 10, (rows) => rows.collect());
    expect(await numbersOf(job)).toEqual(ALL.filter((n) => n % 10 !== 0));
    expect(await failedRecords(job)).toBe(ROWS / 10);
  });

  const ways: [
    string,
    (letters: ReturnType<SingleOutputStreamOperator["getSideOutput"]>) => void,
  ][] = [
    ["to a sink of the same task", (letters) => letters.collect()],
    [
      "to another operator of the same task",
      (letters) => letters.filter(bundle.operator("HasReason")).collect(),
    ],
    ["to one other task", (letters) => letters.global().collect().setParallelism(1)],
    ["to several tasks", (letters) => letters.rebalance().collect().setParallelism(3)],
  ];
  for (const [name, way] of ways) {
    test(`go to the dead letters with the reason, the operator and the place, ${name}`, async () => {
      const job = await submit("dead-letter", 10, (rows) => {
        rows.discard();
        way(rows.getSideOutput(OutputTag.deadLetter));
      });
      const { rows } = await cluster.rows<Letter>(job);
      expect(await cluster.end(job)).toBeUndefined();
      expect(refusedNumbers(rows)).toEqual(ALL.filter((n) => n % 10 === 0));
      expect(await failedRecords(job)).toBe(ROWS / 10);
    });
  }

  test("are told from the others by their sink, where one task has two collect sinks", async () => {
    const job = await submit("dead-letter", 3, (rows) => {
      rows.collect().uid("good");
      rows.getSideOutput(OutputTag.deadLetter).collect().uid("bad");
    });
    const { items } = await cluster.rows(job);
    const bySink = { good: [] as number[], bad: [] as number[] };
    for (const item of items) {
      if (item.type !== "rows") continue;
      const lines = item.lines.trimEnd().split("\n");
      const rows = lines.map((line) => JSON.parse(line));
      if (item.sink === "good") bySink.good.push(...rows.map(({ n }) => n));
      else bySink.bad.push(...refusedNumbers(rows));
    }
    expect(bySink.bad).toEqual(ALL.filter((n) => n % 3 === 0));
    expect(bySink.good).toEqual(ALL.filter((n) => n % 3 !== 0));
  });

  test("go to every copy of a broadcast, and when all of them fail", async () => {
    const job = await submit("dead-letter", 1, (rows) => {
      rows.discard();
      rows.getSideOutput(OutputTag.deadLetter).broadcast().collect().setParallelism(2);
    });
    const { rows } = await cluster.rows<Letter>(job);
    expect(await cluster.end(job)).toBeUndefined();
    expect(refusedNumbers(rows)).toEqual(ALL.flatMap((n) => [n, n]));
  });
});
