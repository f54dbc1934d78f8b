/** Operators that loop, throw, trap or hoard: their task fails with a reason, neighbours go on. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { type BuiltBundle, buildBundle } from "../../src/build/compile.ts";
import { Bundle } from "../../src/plan/operator-handle.ts";
import { datagen, jsonLines, socket } from "../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../src/plan/stream-environment.ts";
import type { Schema } from "../../src/protocol/types.ts";
import type { TaskManagerOptions } from "../../src/taskmanager/task-manager-process.ts";
import { Closers, TestCluster } from "./cluster.ts";
import { LineServer } from "./line-server.ts";

const NUMBERS: Schema = [{ name: "n", type: { type: "BIGINT", nullable: false } }];
const NEIGHBOUR_ROWS = Array.from({ length: 2_000 }, (_, n) => ({ n }));

const ENTRY = fileURLToPath(new URL("./assembly/index.ts", import.meta.url));

/** Line of the first occurrence of a text in the operators' file, from 1. */
function lineOf(text: string): number {
  const source = readFileSync(ENTRY, "utf8");
  const at = source.indexOf(text);
  if (at === -1) throw new Error(`not there: ${text}`);
  return source.slice(0, at).split("\n").length;
}

let built: BuiltBundle;
let faults: Bundle;
beforeAll(async () => {
  built = await buildBundle({ entry: ENTRY, name: "faults", optimize: "none" });
  faults = new Bundle(built.report.hash, built.manifest);
});

const closers = new Closers();
afterEach(() => closers.close());

async function clusterOf(options: Partial<TaskManagerOptions> = {}): Promise<TestCluster> {
  const cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 2, options);
  await cluster.client.uploadBundle(built.bytes);
  return cluster;
}

/** A job of the same worker and bundle that runs until it is let go; then its rows are checked. */
async function neighbour(cluster: TestCluster): Promise<() => Promise<void>> {
  const lines = NEIGHBOUR_ROWS.map((row) => JSON.stringify(row));
  const server = await LineServer.start(closers, lines, 1);
  const env = new StreamExecutionEnvironment();
  env
    .fromSource(jsonLines(socket("127.0.0.1", server.port), NUMBERS))
    .flatMap(faults.operator("Passes"))
    .collect();
  const job = await cluster.client.submitJob(env.toJobSpec("neighbour"));
  await cluster.running(job, 1, 1);
  return async () => {
    const rows = cluster.rows<{ n: number }>(job);
    server.release();
    expect((await rows).rows).toEqual(NEIGHBOUR_ROWS);
    const { state, attempt } = await cluster.client.job(job);
    expect([state, attempt]).toEqual(["FINISHED", 1]);
  };
}

/** Numbers from 0 through an operator of the bundle. */
function submitFault(cluster: TestCluster, operator: string, parameters = {}): Promise<string> {
  const env = new StreamExecutionEnvironment();
  const fields = { n: { kind: "sequence" as const, start: 0, end: 9_999 } };
  env
    .fromSource(datagen(NUMBERS, { fields }))
    .flatMap(faults.operator(operator, parameters))
    .uid("suspect")
    .discard();
  return cluster.client.submitJob(env.toJobSpec(operator));
}

describe("an operator that", () => {
  test("loops for ever is stopped by the watchdog and named", async () => {
    const cluster = await clusterOf({ watchdogMs: 500 });
    const finishNeighbour = await neighbour(cluster);
    const failure = await cluster.end(await submitFault(cluster, "LoopsForEver", { at: 5_000 }));
    expect(failure).toMatchObject({ code: "WATCHDOG_TIMEOUT" });
    // Where in the class it loops, a stuck isolate cannot tell.
    const place = `index.ts:${lineOf("export class LoopsForEver")}`;
    expect(failure?.message).toContain(
      `Operator LoopsForEver failed at ${place}: one call has run`,
    );
    expect(failure?.message).toMatch(/in the batch that begins with record \d+ of its input\)$/);
    await finishNeighbour();
  });

  test("loops for ever ends at once when its job is cancelled", async () => {
    const cluster = await clusterOf({ watchdogMs: 60_000 });
    const finishNeighbour = await neighbour(cluster);
    const job = await submitFault(cluster, "LoopsForEver");
    await cluster.running(job, 1, 1);
    const cancelledMs = performance.now();
    await cluster.client.cancel(job);
    await cluster.status(job, "CANCELED");
    const tookMs = Math.round(performance.now() - cancelledMs);
    console.log(`endless loop: cancelled after ${tookMs} ms`);
    expect(tookMs).toBeLessThan(3_000);
    await finishNeighbour();
    expect((await cluster.client.overview())["slots-available"]).toBe(2);
  });

  test("throws fails its task with its name, source line and record", async () => {
    const cluster = await clusterOf();
    const finishNeighbour = await neighbour(cluster);
    const job = await submitFault(cluster, "Throws", { at: 5_000 });
    const failure = await cluster.end(job);
    expect(failure?.code).toBe("OPERATOR_FAILED");
    const place = `index.ts:${lineOf("throw new Error")}`;
    expect(failure?.message).toContain(`Operator Throws failed at ${place}: unlucky number`);
    expect(recordOf(failure?.message)).toBe(5_000);
    expect(failure).toMatchObject({ field: "Throws", value: expect.stringContaining("5000") });
    const [entry] = (await cluster.client.exceptions(job)).exceptionHistory.entries;
    expect(entry?.taskName).toContain("Throws");
    expect(entry?.taskManagerId).toBe("w1");
    await finishNeighbour();
  });

  test("is stopped by the machine fails its task in the same way", async () => {
    const cluster = await clusterOf();
    const finishNeighbour = await neighbour(cluster);
    const failure = await cluster.end(await submitFault(cluster, "DividesByZero", { at: 4_999 }));
    expect(failure?.code).toBe("OPERATOR_FAILED");
    const place = `index.ts:${lineOf("100 / (value.n - this.at)")}`;
    expect(failure?.message).toContain(`Operator DividesByZero failed at ${place}: divide by zero`);
    expect(recordOf(failure?.message)).toBe(4_999);
    await finishNeighbour();
  });

  test("fails inside the library is told the line that called it", async () => {
    const cluster = await clusterOf();
    const finishNeighbour = await neighbour(cluster);
    const failure = await cluster.end(await submitFault(cluster, "ReadsPastTheEnd", { at: 77 }));
    const place = `index.ts:${lineOf("this.list[")}`;
    expect(failure?.message).toContain(`Operator ReadsPastTheEnd failed at ${place}: Index out of`);
    expect(recordOf(failure?.message)).toBe(77);
    await finishNeighbour();
  });

  test("grows its memory past its budget is told the budget", async () => {
    const cluster = await clusterOf();
    const finishNeighbour = await neighbour(cluster);
    const failure = await cluster.end(await submitFault(cluster, "KeepsEverything"));
    expect(failure?.code).toBe("MEMORY_BUDGET_EXCEEDED");
    const place = `index.ts:${lineOf("this.kept.push")}`;
    expect(failure?.message).toContain(
      `Operator KeepsEverything failed at ${place}: its memory has`,
    );
    expect(failure?.message).toContain("may have 4096");
    expect(recordOf(failure?.message)).toBeGreaterThan(0);
    await finishNeighbour();
  });
});

/** Number of the record a message names, counted from 0. */
function recordOf(message = ""): number {
  return Number(/, record (\d+) of its input/.exec(message)?.[1]) - 1;
}
