/** Rows at which an author's code traps, in real jobs: they go to the dead letters, or are dropped, or the job fails at them. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildBundle } from "../../../src/build/compile.ts";
import { jobFindings } from "../../../src/cli/status/job-findings.ts";
import type { SingleOutputStreamOperator } from "../../../src/plan/data-stream.ts";
import { Duration } from "../../../src/plan/duration.ts";
import { Bundle } from "../../../src/plan/operator-handle.ts";
import { OutputTag } from "../../../src/plan/output-tag.ts";
import { datagen } from "../../../src/plan/sources.ts";
import {
  RestartStrategies,
  StreamExecutionEnvironment,
} from "../../../src/plan/stream-environment.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import { Closers, TestCluster } from "../../cluster/cluster.ts";

const SCHEMA: Schema = [{ name: "n", type: { type: "BIGINT", nullable: false } }];
const ROWS = 5_000;
const ALL = Array.from({ length: ROWS }, (_, n) => n);
const ENTRY = fileURLToPath(new URL("./assembly/index.ts", import.meta.url));

let bundle: Bundle;
let cluster: TestCluster;
const closers = new Closers();

beforeAll(async () => {
  const built = await buildBundle({ entry: ENTRY, name: "job", optimize: "none" });
  bundle = new Bundle(built.report.hash, built.manifest);
  cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 3);
  await cluster.client.uploadBundle(built.bytes);
});
afterAll(() => closers.close());

async function submit(
  operator: string,
  parameters: Readonly<Record<string, unknown>>,
  choice: "fail" | "drop" | "dead-letter",
  sink: (rows: SingleOutputStreamOperator) => void,
  restarts = 0,
): Promise<string> {
  const env = new StreamExecutionEnvironment();
  if (restarts > 0) {
    env.setRestartStrategy(RestartStrategies.fixedDelay(restarts, Duration.ofMillis(1)));
  }
  const fields = { n: { kind: "sequence" as const, start: 0, end: ROWS - 1 } };
  const rows = env
    .fromSource(datagen(SCHEMA, { fields }))
    .flatMap(bundle.operator(operator, parameters))
    .name("fragile")
    .onRowError(choice);
  sink(rows);
  return cluster.client.submitJob(env.toJobSpec(`${operator} ${choice}`));
}

async function failedRecords(job: string): Promise<number> {
  const { vertices } = await cluster.client.job(job);
  return vertices.reduce((sum, vertex) => sum + Number(vertex.metrics["failed-records"]), 0);
}

describe("rows at which an author's code traps", () => {
  test("are dropped and counted, and leave nothing", async () => {
    const job = await submit("Traps", { every: 10 }, "drop", (rows) => rows.collect());
    const { rows } = await cluster.rows<{ n: number }>(job);
    expect(await cluster.end(job)).toBeUndefined();
    expect(rows.map(({ n }) => n)).toEqual(ALL.filter((n) => n % 10 !== 0));
    expect(await failedRecords(job)).toBe(ROWS / 10);
  });

  test("go to the dead letters with the author's line, the operator and the place", async () => {
    const line = readFileSync(ENTRY, "utf8")
      .split("\n")
      .findIndex((text) => text.includes("fell"));
    const job = await submit("Traps", { every: 7 }, "dead-letter", (rows) => {
      rows.discard();
      rows.getSideOutput(OutputTag.deadLetter).collect();
    });
    const { rows } = await cluster.rows(job);
    expect(await cluster.end(job)).toBeUndefined();
    expect(rows).toEqual(
      ALL.filter((n) => n % 7 === 0).map((n) => ({
        record: `{"n":${n}}`,
        error: `fell over ${n} (index.ts:${line + 1})`,
        position: n + 1,
        operator: "fragile (Traps)",
        subtask: 0,
      })),
    );
  });

  const faults = [
    ["memory that has run out", { memory: true }, "MEMORY_BUDGET_EXCEEDED", /may have/],
    ["a stack that overflows", { memory: false }, "OPERATOR_FAILED", /call stack/],
  ] as const;
  for (const [what, parameters, code, message] of faults) {
    test(`fail the task for ${what}, whatever the policy`, async () => {
      const job = await submit("Exhausts", { at: 70, ...parameters }, "drop", (rows) =>
        rows.discard(),
      );
      const failure = await cluster.end(job);
      expect(failure).toMatchObject({ code, value: '{"n":70}' });
      expect(failure?.message).toMatch(message);
    });
  }

  test("are told where a restart meets the same one again", async () => {
    const job = await submit("Traps", { every: 3_000 }, "fail", (rows) => rows.discard(), 2);
    const failure = await cluster.end(job);
    expect(failure?.message).toMatch(/record 1 of its input/);
    const { exceptionHistory } = await cluster.client.exceptions(job);
    expect(exceptionHistory.entries.map(({ attempt, error }) => [attempt, error.value])).toEqual(
      [3, 2, 1].map((attempt) => [attempt, '{"n":0}']),
    );
    const summary = { ...(await cluster.client.job(job)), tasks: {} };
    const [finding] = jobFindings({
      url: "",
      nowMs: Date.now(),
      overview: await cluster.client.overview(),
      workers: [],
      jobs: [],
      looks: [
        {
          summary: { ...summary, state: "RESTARTING" } as never,
          details: await cluster.client.job(job),
          failures: exceptionHistory.entries,
        },
      ],
    });
    expect(finding).toMatchObject({
      code: "RECORD_POISONED",
      problem: expect.stringMatching(
        /at \{"n":0\} \[OPERATOR_FAILED\].*the last 3 times at the same/,
      ),
    });
  });
});
