/** What `millrace status` finds in a cluster, and which job a name means. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jobIdOf } from "../../src/cli/job-id.ts";
import { progressCounts } from "../../src/cli/job-progress.ts";
import type { ClusterLook, JobLook } from "../../src/cli/status/finding.ts";
import { jobFindings, matters } from "../../src/cli/status/job-findings.ts";
import { workerFindings } from "../../src/cli/status/worker-findings.ts";
import type { JobDetails, JobSummary } from "../../src/client/answers.ts";
import type { MillraceClient } from "../../src/client/millrace-client.ts";
import { datagen, files, textLines } from "../../src/plan/sources.ts";
import {
  RestartStrategies,
  StreamExecutionEnvironment,
} from "../../src/plan/stream-environment.ts";
import { Closers, inTime, TestCluster } from "../cluster/cluster.ts";
import { type Finished, millrace } from "./millrace.ts";

const closers = new Closers();
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start(closers);
});
afterAll(() => closers.close());

function status(...args: string[]): Promise<Finished> {
  const { url, tokens } = cluster.manager;
  return millrace(["status", ...args], { MILLRACE_URL: url, MILLRACE_TOKEN: tokens.client });
}

function submit(name: string, change: (env: StreamExecutionEnvironment) => void): Promise<string> {
  const env = new StreamExecutionEnvironment();
  change(env);
  return cluster.client.submitJob(env.toJobSpec(name));
}

const numbers = (env: StreamExecutionEnvironment) => {
  const fields = { n: { kind: "sequence" as const, start: 0, end: 1_000_000_000 } };
  return env.fromSource(
    datagen([{ name: "n", type: { type: "BIGINT", nullable: false } }], { fields }),
  );
};

describe("millrace status", () => {
  test("says that there is no worker, and how to start one", async () => {
    const { code, out } = await status();
    expect(code).toBe(1);
    expect(out).toContain("0 workers, 0 of 0 slots free");
    expect(out).toMatch(
      /wrong {2}No worker has joined: .*\n {2}next: start one with `millrace task/,
    );
  });

  test("names a collect sink without a reader, a job without slots, and one that restarts", async () => {
    await cluster.worker("w1", 1);
    const unread = await submit("unread", (env) => void numbers(env).collect().uid("rows"));
    await cluster.running(unread, 1, 1);
    const waiting = await submit("waiting", (env) => void numbers(env).discard());
    const all = JSON.parse((await status("--json")).out);
    expect(all).toMatchObject({ ok: false });
    expect(all.findings).toMatchObject([
      {
        severity: "wrong",
        code: "SLOTS_MISSING",
        problem: "Job waiting waits for 1 slot: 0 of 1 are free",
        next: expect.stringContaining(`\`millrace cancel\` one of unread (${unread.slice(0, 8)})`),
      },
      {
        severity: "note",
        code: "ROWS_UNREAD",
        problem: expect.stringContaining("the rows of its collect sink rows"),
        next: expect.stringContaining(`/v1/jobs/${unread}/rows`),
      },
    ]);
    await cluster.client.cancel(waiting);
    await cluster.client.cancel(unread);
    await cluster.status(unread, "CANCELED");
    const looping = await submit("looping", (env) => {
      env.setRestartStrategy(RestartStrategies.fixedDelay(100, 60_000));
      env.fromSource(textLines(files("/nowhere/at/all"))).discard();
    });
    await inTime("restart", cluster.status(looping, "RESTARTING"));
    const { code, out } = await status();
    expect(code).toBe(1);
    expect(out).toMatch(
      /wrong {2}Job looping \(RESTARTING\) has failed and begun again 1 time, .*\/nowhere\/at\/all/,
    );
    expect(out).toContain(`\`millrace cancel ${looping}\` ends it`);
    await cluster.client.cancel(looping);
    await cluster.status(looping, "CANCELED");
    const well = await status();
    expect([well.code, well.out]).toEqual([0, expect.stringContaining("All is well.")]);
    expect(well.out).toContain("1 worker, 1 of 1 slot free");
  });
});

const NO_METRICS = {
  ...{ "read-bytes": 0, "write-bytes": 0, "read-records": 0, "write-records": 0 },
  ...{
    "failed-records": 0,
    "state-bytes": 0,
    "accumulated-busy-time": 0,
    "accumulated-backpressured-time": 0,
  },
  user: [],
};

/** A job of three vertices in a row that has run for so long, with these metrics. */
function detailsOf(duration: number, metrics: readonly Partial<typeof NO_METRICS>[]): JobDetails {
  const ids = ["source", "slow", "sink"];
  return {
    ...summaryOf("j", { duration }),
    vertices: ids.map((id, i) => ({
      ...{ id, name: `the ${id}`, parallelism: 2, status: "RUNNING", tasks: {} },
      metrics: { ...NO_METRICS, ...metrics[i] },
    })),
    plan: {
      nodes: ids.map((id, i) => ({
        ...{ id, chain: [] },
        ...(i === 0 ? {} : { inputs: [{ id: ids[i - 1]! }] }),
      })),
    },
  };
}

function summaryOf(jid: string, more: Partial<JobSummary>): JobSummary {
  const times = { "start-time": 0, "end-time": -1, duration: 0 };
  return { jid, name: "job", state: "RUNNING", attempt: 1, tasks: {}, ...times, ...more };
}

function lookOf(job: Partial<JobLook>, more: Partial<ClusterLook> = {}): ClusterLook {
  const details = detailsOf(0, []);
  const overview = { "slots-total": 4, "slots-available": 3 } as ClusterLook["overview"];
  const looks = [{ summary: summaryOf("j", {}), details, failures: [], ...job }];
  return { url: "http://x", nowMs: 10_000, overview, workers: [], jobs: [], looks, ...more };
}

describe("findings", () => {
  test("name the task that holds the others back, and its share of the time", () => {
    const waited = { "accumulated-backpressured-time": 3_600 };
    const worked = { "accumulated-busy-time": 3_800, "failed-records": 7 };
    const job = { before: detailsOf(0, []), details: detailsOf(2_000, [waited, worked]) };
    expect(jobFindings(lookOf(job))).toMatchObject([
      {
        severity: "note",
        code: "BACKPRESSURE",
        problem:
          'Job job is held back by "the slow", busy 95%: "the source" waits for it 90% of the time',
        next: expect.stringContaining("raise its parallelism (now 2)"),
      },
      {
        severity: "note",
        code: "ROWS_REFUSED",
        problem: "Job job: the slow has refused or dropped 7 records",
      },
    ]);
  });

  test("are none for a job that mostly works", () => {
    const some = { "accumulated-backpressured-time": 1_900, "accumulated-busy-time": 3_000 };
    const job = { before: detailsOf(0, []), details: detailsOf(2_000, [some, some, some]) };
    expect(jobFindings(lookOf(job))).toEqual([]);
  });

  test("tell a job that runs, but only since it failed and began again", () => {
    const error = { code: "OPERATOR_FAILED", message: "Operator X failed", value: '{"n":1}' };
    const entry = { error, exceptionName: "", stacktrace: "", timestamp: 7_000, attempt: 3 };
    const failures = [{ ...entry, concurrentExceptions: [] }];
    const summary = summaryOf("j", { attempt: 4 });
    expect(jobFindings(lookOf({ summary, failures }))).toMatchObject([
      {
        code: "JOB_RESTARTS",
        problem:
          "Job job (RUNNING) has failed and begun again 3 times, the last time 3 s ago: " +
          'Operator X failed, at {"n":1} [OPERATOR_FAILED]',
      },
    ]);
    expect(jobFindings(lookOf({ summary, failures }, { nowMs: 4_000_000 }))).toEqual([]);
  });

  test("tell a job that fails at the same record again and again, and the way around it", () => {
    const error = { code: "OPERATOR_FAILED", message: "Operator X failed", field: "X" };
    const entry = { exceptionName: "", stacktrace: "", timestamp: 7_000, attempt: 3 };
    const at = (value: string) => ({
      ...entry,
      error: { ...error, value },
      concurrentExceptions: [],
    });
    const summary = summaryOf("j", { attempt: 4 });
    const same = { summary, failures: [at('{"n":1}'), at('{"n":1}'), at('{"n":2}')] };
    expect(jobFindings(lookOf(same))).toMatchObject([
      {
        severity: "wrong",
        code: "RECORD_POISONED",
        problem: expect.stringContaining(
          'at {"n":1} [OPERATOR_FAILED]; the last 2 times at the same',
        ),
        next: expect.stringContaining("onRowError dead-letter at X"),
      },
    ]);
    const others = { summary, failures: [at('{"n":1}'), at('{"n":2}')] };
    expect(jobFindings(lookOf(others))).toMatchObject([{ code: "JOB_RESTARTS" }]);
  });

  test("leave a failed job out when a later one of its name took its place", () => {
    const failed = summaryOf("a", { state: "FAILED", "end-time": 5 });
    const later = summaryOf("b", { "start-time": 6 });
    expect(matters([failed], "a", 10)).toBe(true);
    expect(matters([failed, later], "a", 10)).toBe(false);
    expect(matters([failed, { ...later, state: "FAILED" }], "a", 10)).toBe(true);
    expect(matters([failed], "a", 4_000_000)).toBe(false);
  });

  test("tell a silent worker, and a job that needs more slots than there are", () => {
    const worker = { id: "w1", timeSinceLastHeartbeat: 10_000 } as ClusterLook["workers"][number];
    const overview = { "slots-total": 1, "slots-available": 1 } as ClusterLook["overview"];
    const summary = summaryOf("j", { state: "CREATED" });
    const more = { workers: [worker], overview, nowMs: 50_000 };
    expect(workerFindings(lookOf({ summary }, more))).toMatchObject([
      {
        code: "SLOTS_MISSING",
        problem: "Job job waits for 2 slots: the workers have 1 in all",
        next: expect.stringMatching(/add a worker .*parallelism$/),
      },
      { code: "WORKER_SILENT", problem: "Worker w1 has been silent for 40 s" },
    ]);
  });
});

test("the progress of a job counts what its sources read and its last tasks write", () => {
  const middle = { "read-records": 10, "write-records": 100 };
  const details = detailsOf(1, [middle, middle, { "read-records": 100, "write-records": 3 }]);
  expect(progressCounts(details, 0)).toMatchObject({ recordsIn: 10, recordsOut: 3 });
});

describe("a job on the command line", () => {
  const jobs = [
    summaryOf("aa-1", { name: "words", state: "CANCELED", "end-time": 2, "start-time": 1 }),
    summaryOf("aa-2", { name: "words", state: "FAILED", "end-time": 4, "start-time": 3 }),
    summaryOf("bb-1", { name: "fleet" }),
    summaryOf("bb-2", { name: "fleet" }),
    summaryOf("cc-1", { name: "bb" }),
  ];
  const client = { jobs: async () => jobs } as unknown as MillraceClient;

  test("is meant by a start of its id, or by its name: the one that lives, or the last", async () => {
    expect(await jobIdOf(client, "cc")).toBe("cc-1");
    expect(await jobIdOf(client, "words")).toBe("aa-2");
    const whole = "1f0e8a52-6f0c-4a7b-9a52-6f0c4a7b9a52";
    expect(await jobIdOf(client, whole)).toBe(whole);
  });

  test.each([
    ["bb", "bb-1, bb-2", "2 ids begin with that"],
    ["fleet", "bb-1, bb-2", "2 jobs have that name"],
  ])("is ambiguous where several are meant: %s", async (start, expected, says) => {
    await expect(jobIdOf(client, start)).rejects.toMatchObject({
      code: "JOB_AMBIGUOUS",
      field: "job",
      value: start,
      expected,
      message: expect.stringContaining(says),
    });
  });
});
