/** A worker with many more slots than cores: its slots start a few at a time. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { afterEach, expect, test } from "vitest";
import { blackholeSink } from "../../src/plan/sinks.ts";
import { datagen } from "../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../src/plan/stream-environment.ts";
import { Closers, TestCluster } from "./cluster.ts";

const closers = new Closers();
afterEach(() => closers.close());

const SLOTS = 48;
const HEARTBEAT_TIMEOUT_MS = 5_000;
const schema = [{ name: "n", type: { type: "BIGINT", nullable: false } }] as const;

test("one worker starts 48 slots, runs the job to its end, and is heard meanwhile", async () => {
  const heartbeat = { heartbeatIntervalMs: 500, heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS };
  const cluster = await TestCluster.start(closers, heartbeat);
  await cluster.worker("a", SLOTS);
  const env = new StreamExecutionEnvironment().setParallelism(SLOTS);
  env.fromSource(datagen(schema, { numberOfRows: 4_800 })).sinkTo(blackholeSink());
  const stalls = monitorEventLoopDelay({ resolution: 5 });
  stalls.enable();
  const started = performance.now();
  const job = await cluster.client.submitJob(env.toJobSpec("many slots"));
  await cluster.client.waitForEnd(job);
  const tookMs = Math.round(performance.now() - started);
  stalls.disable();
  const stallMs = Math.round(stalls.max / 1e6);
  console.log(`${SLOTS} slots: ${tookMs} ms; longest stall of the main isolate ${stallMs} ms`);
  const { state, attempt } = await cluster.client.job(job);
  expect([state, attempt]).toEqual(["FINISHED", 1]);
  expect(stallMs).toBeLessThan(HEARTBEAT_TIMEOUT_MS / 2);
});
