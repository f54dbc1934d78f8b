/** Each partitioner in a real job: which rows reach which subtask. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltBundle, buildBundle } from "../../../src/build/compile.ts";
import type { DataStream } from "../../../src/plan/data-stream.ts";
import { Bundle } from "../../../src/plan/operator-handle.ts";
import { collectSink, text } from "../../../src/plan/sinks.ts";
import { datagen } from "../../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../../src/plan/stream-environment.ts";
import { keyGroupOf, keyHash, subtaskOf } from "../../../src/protocol/key-group.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import { Closers, TestCluster } from "../../cluster/cluster.ts";

const SCHEMA: Schema = [{ name: "n", type: { type: "BIGINT", nullable: false } }];
const ROWS = 2_000;
const PRODUCERS = 2;

let built: BuiltBundle;
let bundle: Bundle;
let cluster: TestCluster;
const closers = new Closers();

beforeAll(async () => {
  const entry = fileURLToPath(new URL("./assembly/index.ts", import.meta.url));
  built = await buildBundle({ entry, name: "job", optimize: "none" });
  bundle = new Bundle(built.report.hash, built.manifest);
  cluster = await TestCluster.start(closers);
  // Two workers: channels in a slot, between slots and between workers all take part.
  await cluster.worker("w1", 2);
  await cluster.worker("w2", 2);
  await cluster.client.uploadBundle(built.bytes);
});
afterAll(() => closers.close());

/** Numbers from 0 on, from two producers: producer p makes p, p + 2, p + 4, ... */
function numbers(env: StreamExecutionEnvironment) {
  const fields = { n: { kind: "sequence" as const, start: 0, end: ROWS - 1 } };
  return env.fromSource(datagen(SCHEMA, { fields })).setParallelism(PRODUCERS);
}

/** Runs numbers through a partitioner; the rows of each consumer, ascending. */
async function spread(
  consumers: number,
  partition: (numbers: DataStream) => DataStream,
): Promise<number[][]> {
  const env = new StreamExecutionEnvironment();
  partition(numbers(env)).sinkTo(collectSink(text())).setParallelism(consumers);
  const job = await cluster.client.submitJob(env.toJobSpec("spread"));
  const { items } = await cluster.rows(job);
  expect(await cluster.end(job)).toBeUndefined();
  const bySubtask: number[][] = Array.from({ length: consumers }, () => []);
  for (const item of items) {
    if (item.type !== "rows") continue;
    bySubtask[item.subtask]!.push(...item.lines.trimEnd().split("\n").map(Number));
  }
  return bySubtask.map((rows) => rows.sort((a, b) => a - b));
}

/** What a rule says about the i-th row of each producer. */
function expected(consumers: number, rule: (n: number, i: number, producer: number) => number) {
  const rows: number[][] = Array.from({ length: consumers }, () => []);
  for (let n = 0; n < ROWS; n++) rows[rule(n, Math.floor(n / PRODUCERS), n % PRODUCERS)]!.push(n);
  return rows;
}

describe("a job spreads its rows", () => {
  test("forward: subtask i to subtask i, also where the tasks are not chained", async () => {
    const rows = await spread(2, (stream) => {
      return stream.map(bundle.operator("Same")).setParallelism(2).disableChaining().forward();
    });
    expect(rows).toEqual(expected(2, (_n, _i, producer) => producer));
  });

  test("rebalance: round robin over all, each producer from a place of its own", async () => {
    const rows = await spread(3, (stream) => stream.rebalance());
    expect(rows).toEqual(expected(3, (_n, i, producer) => (producer + i) % 3));
  });

  test("rescale: round robin over the producer's own share of consumers", async () => {
    const up = await spread(4, (stream) => stream.rescale());
    expect(up).toEqual(expected(4, (_n, i, producer) => 2 * producer + ((producer + i) % 2)));
    const down = await spread(1, (stream) => stream.rescale());
    expect(down).toEqual(expected(1, () => 0));
  });

  test("shuffle: every row once, no consumer without its part", async () => {
    const rows = await spread(3, (stream) => stream.shuffle());
    expect(rows.flat().sort((a, b) => a - b)).toEqual(expected(1, () => 0)[0]);
    for (const part of rows) expect(part.length).toBeGreaterThan(ROWS / 5);
  });

  test("broadcast: every row to everybody", async () => {
    const [all] = expected(1, () => 0);
    expect(await spread(3, (stream) => stream.broadcast())).toEqual([all, all, all]);
  });

  test("global: every row to the first", async () => {
    expect(await spread(3, (stream) => stream.global())).toEqual(expected(3, () => 0));
  });

  test("key_by: where Flink's key groups say", async () => {
    const types = [SCHEMA[0]!.type];
    const rows = await spread(3, (stream) => stream.keyBy("n"));
    const group = (n: number) => keyGroupOf(keyHash([BigInt(n)], types), 128);
    expect(rows).toEqual(expected(3, (n) => subtaskOf(group(n), 128, 3)));
  });
});

describe("a custom partitioner", () => {
  const byCube = (shift: number) => expected(3, (n) => ((n % 3) ** 3 + shift) % 3);

  test("chooses the consumer, in the memory of the operator before it", async () => {
    const rows = await spread(3, (stream) =>
      stream
        .map(bundle.operator("Same"))
        .setParallelism(PRODUCERS)
        .partitionCustom(bundle.operator("ByCube", { shift: 1 })),
    );
    expect(rows).toEqual(byCube(1));
  });

  test("may be of another bundle than that operator", async () => {
    const rows = await spread(3, (stream) => stream.partitionCustom(bundle.operator("ByCube")));
    expect(rows).toEqual(byCube(0));
  });

  test("that answers a channel that is not there fails the job, with its name", async () => {
    const env = new StreamExecutionEnvironment();
    numbers(env).partitionCustom(bundle.operator("OffTheMap")).discard().setParallelism(3);
    const failure = await cluster.end(await cluster.client.submitJob(env.toJobSpec("off")));
    expect(failure?.code).toBe("OPERATOR_FAILED");
    expect(failure?.message).toMatch(/-> OffTheMap failed.*a channel that is not there: 3/);
  });
});
