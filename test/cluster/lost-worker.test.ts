/** Workers that vanish in three ways while a job runs. Each test prints the time to detection. */
import { mkdirSync } from "node:fs";
import { watch } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { filesSink, text } from "../../src/plan/sinks.ts";
import {
  RestartStrategies,
  StreamExecutionEnvironment,
} from "../../src/plan/stream-environment.ts";
import { BlackHoleProxy } from "./black-hole-proxy.ts";
import { Closers, finalLines, inTime, TestCluster, temporaryFolder } from "./cluster.ts";
import { LineServer } from "./line-server.ts";

const closers = new Closers();
afterEach(() => closers.close());

const HEARTBEAT = { heartbeatIntervalMs: 200, heartbeatTimeoutMs: 1_500 };
/** A heartbeat may be on its way when the worker stops, and the machine is a busy one. */
const DETECTION_MS = HEARTBEAT.heartbeatTimeoutMs + HEARTBEAT.heartbeatIntervalMs + 500;
const LINES = Array.from({ length: 5_000 }, (_, i) => `line ${String(i).padStart(5, "0")}`);
const ONCE = RestartStrategies.fixedDelay(1, 100);

/** Lines of the server into files: two sources, two sinks, each line over an exchange. */
async function submit(cluster: TestCluster, strategy = ONCE) {
  const server = await LineServer.start(closers, LINES, 1);
  const out = join(temporaryFolder(closers), "out");
  const written = inProgressFile(out);
  const env = new StreamExecutionEnvironment().setParallelism(2).setRestartStrategy(strategy);
  env.socketTextStream("127.0.0.1", server.port).rebalance().sinkTo(filesSink(out, text()));
  const job = await cluster.client.submitJob(env.toJobSpec("lines"));
  await cluster.running(job, 1, 4);
  await inTime("a file in progress", written);
  return { job, out };
}

/** Resolves when a sink has begun to write into the folder, which is made here. */
async function inProgressFile(folder: string): Promise<void> {
  mkdirSync(folder);
  for await (const { filename } of watch(folder)) {
    if (filename?.endsWith(".inprogress")) return;
  }
}

/** The second attempt has written every line once, and nothing of the first is to be seen. */
async function expectSecondAttempt(cluster: TestCluster, job: string, out: string) {
  expect(await cluster.end(job)).toBeUndefined();
  const { names, lines } = finalLines(out);
  expect(names.every((name) => name.includes("-a2-"))).toBe(true);
  expect(lines).toEqual(LINES);
  expect((await cluster.client.job(job)).attempt).toBe(2);
}

function report(what: string, sinceMs: number, atMs: number): number {
  const tookMs = Math.round(atMs - sinceMs);
  console.log(`${what}: noticed after ${tookMs} ms`);
  return tookMs;
}

describe("a worker that vanishes", () => {
  test("by kill -9 is noticed within 1 s, and the job restarts on the slots that remain", async () => {
    const cluster = await TestCluster.start(closers, HEARTBEAT);
    const workers = new Map([["w1", await cluster.process("w1", 1)]]);
    workers.set("w2", await cluster.process("w2", 1));
    const { job, out } = await submit(cluster);
    await cluster.process("w3", 1);
    const killedMs = performance.now();
    workers.get("w2")!.kill("SIGKILL");
    const { atMs } = await cluster.lost("w2");
    expect(report("worker killed by -9", killedMs, atMs)).toBeLessThan(1_000);
    await expectSecondAttempt(cluster, job, out);
    const [failure] = (await cluster.client.exceptions(job)).exceptionHistory.entries;
    expect(failure?.error.code).toMatch(/^(WORKER_LOST|DATA_LINK_LOST)$/);
  });

  test("by SIGSTOP is noticed by its heartbeats; the job restarts when it is back", async () => {
    const cluster = await TestCluster.start(closers, HEARTBEAT);
    await cluster.process("w1", 1);
    const frozen = await cluster.process("w2", 1);
    const { job, out } = await submit(cluster);
    const stoppedMs = performance.now();
    frozen.kill("SIGSTOP");
    closers.add(() => void frozen.kill("SIGCONT"));
    const { atMs, reason } = await cluster.lost("w2");
    expect(report("worker frozen by SIGSTOP", stoppedMs, atMs)).toBeLessThan(DETECTION_MS);
    expect(reason).toContain("no sign of life for 1500 ms");
    frozen.kill("SIGCONT");
    await expectSecondAttempt(cluster, job, out);
  });

  test("behind a network that swallows everything is noticed by its heartbeats", async () => {
    const proxy = await BlackHoleProxy.start(closers);
    // The JobManager answers to its own port only, unless another is named.
    const allowedHosts = [`127.0.0.1:${proxy.port}`];
    const cluster = await TestCluster.start(closers, { ...HEARTBEAT, allowedHosts });
    proxy.forwardTo(Number(new URL(cluster.manager.url).port));
    await cluster.process("w1", 1);
    await cluster.process("w2", 1, `http://127.0.0.1:${proxy.port}`);
    const { job, out } = await submit(cluster);
    const cutMs = performance.now();
    proxy.swallow();
    const { atMs } = await cluster.lost("w2");
    expect(report("worker behind a black hole", cutMs, atMs)).toBeLessThan(DETECTION_MS);
    proxy.heal();
    await expectSecondAttempt(cluster, job, out);
  });

  test("fails a job without a restart strategy, with the reason", async () => {
    const cluster = await TestCluster.start(closers, HEARTBEAT);
    const only = await cluster.process("w1", 2);
    const { job, out } = await submit(cluster, RestartStrategies.noRestart());
    only.kill("SIGKILL");
    const failure = await cluster.end(job);
    expect(failure).toMatchObject({ code: "WORKER_LOST" });
    expect(failure?.message).toContain("w1");
    expect(finalLines(out).names).toEqual([]);
    expect((await cluster.client.overview())["jobs-failed"]).toBe(1);
  });
});

test("a second live worker of one name replaces the first, which ends with the reason", async () => {
  const cluster = await TestCluster.start(closers, HEARTBEAT);
  const first = await cluster.worker("w1", 2);
  const { job, out } = await submit(cluster);
  await cluster.worker("w1", 2);
  const refused = await inTime("end of the first", first.stopped);
  expect(refused).toMatchObject({ code: "WORKER_REPLACED", field: "worker", value: "w1" });
  expect(refused?.expected).toBe("a name of its own for each worker");
  await expectSecondAttempt(cluster, job, out);
  expect((await cluster.client.taskManagers()).map(({ id }) => id)).toEqual(["w1"]);
});
