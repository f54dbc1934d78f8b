import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DataStream, SingleOutputStreamOperator } from "../../src/plan/data-stream.ts";
import {
  buildExecutionGraph,
  consumerRange,
  deployments,
  type ExecutionGraph,
  type TaskPlace,
} from "../../src/plan/execution-graph.ts";
import { buildJobGraph } from "../../src/plan/job-graph.ts";
import { StreamExecutionEnvironment } from "../../src/plan/stream-environment.ts";
import { validateJob } from "../../src/plan/validate-job.ts";
import { TumblingEventTimeWindows } from "../../src/plan/window-assigners.ts";
import { count } from "../../src/plan/windows.ts";
import {
  deploymentBytes,
  parseJobManagerMessage,
  writeJobManagerMessage,
} from "../../src/protocol/control-messages.ts";
import { deploymentSchema, type TaskDescriptor } from "../../src/protocol/deployment.ts";
import { MillraceError } from "../../src/protocol/errors.ts";
import { manifestOf, SAMPLE_HASH, sample } from "./sample-manifest.ts";

/** One worker per subtask number; slots by vertex. */
function placesOf(graph: ExecutionGraph): TaskPlace[] {
  return graph.subtasks.map(({ vertex, subtask }) => ({
    vertex: vertex.id,
    subtask,
    worker: `worker-${subtask}`,
    slot: 0,
    address: `ws://worker-${subtask}`,
  }));
}

function tasksOf(env: StreamExecutionEnvironment): TaskDescriptor[] {
  const stream = validateJob(env.toJobSpec("tasks"), manifestOf);
  const graph = buildExecutionGraph(buildJobGraph(stream));
  const workers = deployments(graph, placesOf(graph), (bundle) =>
    bundle === "builtin" ? "b0".repeat(32) : bundle,
  );
  for (const tasks of workers.values()) {
    const options = { attempt: 1, bufferTimeoutMs: 10, batchRows: 1, memoryMaxPages: 1 };
    const deployment = deploymentSchema.parse({ job: "j", jobName: "tasks", ...options, tasks });
    const onWire = writeJobManagerMessage({ type: "deploy", deployment });
    expect(parseJobManagerMessage(onWire)).toEqual({ type: "deploy", deployment });
  }
  return [...workers.values()].flat();
}

/** Every channel is in one producer's outputs and one consumer's gates, and the ends agree. */
function checkChannels(tasks: readonly TaskDescriptor[]): void {
  const producers = new Map<number, string>();
  for (const task of tasks) {
    for (const { channel, peer } of task.outputs.flatMap((output) => output.channels)) {
      expect(producers.has(channel)).toBe(false);
      producers.set(channel, `worker-${task.subtask} to ${peer.worker}`);
    }
  }
  const consumers = new Map<number, string>();
  for (const task of tasks) {
    for (const { channel, peer } of task.gates.flatMap((gate) => gate.channels)) {
      expect(consumers.has(channel)).toBe(false);
      consumers.set(channel, `${peer.worker} to worker-${task.subtask}`);
    }
  }
  expect([...consumers].sort(([a], [b]) => a - b)).toEqual(
    [...producers].sort(([a], [b]) => a - b),
  );
}

describe("a deployment on the wire", () => {
  test("of 512 subtasks on each side of a keyed edge takes some dozen bytes a task", () => {
    const env = new StreamExecutionEnvironment().setParallelism(512).setMaxParallelism(512);
    const words = env.readTextFile("a").flatMap(sample.operator("SplitWords"));
    words.keyBy("word").map(sample.operator("UpperCase")).discard();
    const graph = buildExecutionGraph(
      buildJobGraph(validateJob(env.toJobSpec("wide"), manifestOf)),
    );
    const places = placesOf(graph).map((place) => ({ ...place, worker: "w", slot: place.subtask }));
    const tasks = deployments(graph, places, (bundle) => bundle).get("w")!;
    expect(tasks.flatMap((task) => task.gates).flatMap((gate) => gate.channels)).toHaveLength(
      512 * 512,
    );
    const options = { attempt: 1, bufferTimeoutMs: 10, batchRows: 1, memoryMaxPages: 1 };
    const bytes = deploymentBytes({ job: "j", jobName: "wide", ...options, tasks });
    expect(bytes).toBeLessThan(150 * tasks.length);
  });

  test.each([
    ["an endpoint that is not listed", { gates: [[[0, 1, 0, 1, 2]]] }, "there is no endpoint 1"],
    ["a vertex that is not listed", { vertex: 1 }, "there is no vertex 1"],
    ["a run without end", { gates: [[[0, 0, 0, 0, 1e12]]] }, "channel ends are too many"],
  ])("is refused with %s", (_what, change, reason) => {
    const vertex = { vertex: "v", name: "v", parallelism: 1, maxParallelism: 1, outputs: [] };
    const operator = { uid: "u", name: "u", bundle: "b", operator: "o", parameters: {} };
    const chain = [{ ...operator, inputs: [], outputs: [], onRowError: "fail" }];
    const deployment = {
      ...{
        job: "j",
        jobName: "j",
        attempt: 1,
        bufferTimeoutMs: 1,
        batchRows: 1,
        memoryMaxPages: 1,
      },
      workers: [{ worker: "w", address: "ws://w" }],
      endpoints: [[0, 0]],
      vertices: [{ ...vertex, chain, gates: [0] }],
      tasks: [
        { vertex: 0, subtask: 0, slot: 0, gates: [[[0, 0, 0, 0, 1]]], outputs: [], ...change },
      ],
    };
    const read = () => parseJobManagerMessage(JSON.stringify({ type: "deploy", deployment }));
    expect(read).toThrow(reason);
  });
});

describe("consumerRange", () => {
  test("follows Flink's pointwise pattern, told from the consumer's side", () => {
    const sizes = fc.integer({ min: 1, max: 40 });
    const check = fc.property(sizes, sizes, (producers, consumers) => {
      for (let consumer = 0; consumer < consumers; consumer++) {
        const feeding = Array.from({ length: producers }, (_, i) => i).filter((i) => {
          const [start, end] = consumerRange("rescale", i, producers, consumers);
          return start <= consumer && consumer < end;
        });
        // EdgeManagerBuildUtil.connectPointwise
        const start = Math.floor((consumer * producers) / consumers);
        const above = Math.floor(((consumer + 1) * producers) / consumers);
        const end = producers >= consumers ? above : start + 1;
        expect(feeding).toEqual(Array.from({ length: end - start }, (_, i) => start + i));
      }
    });
    fc.assert(check);
  });

  test("sends everything else to all", () => {
    expect(consumerRange("key_by", 2, 3, 4)).toEqual([0, 4]);
    expect(consumerRange("global", 0, 3, 4)).toEqual([0, 4]);
  });
});

describe("deployments", () => {
  test("describe a keyed exchange: gates, channels by consumer, bundle hashes", () => {
    const env = new StreamExecutionEnvironment().setParallelism(2);
    env
      .readTextFile("a")
      .flatMap(sample.operator("SplitWords"))
      .keyBy("word")
      .window(TumblingEventTimeWindows.of(1_000))
      .aggregate(count())
      .setParallelism(3)
      .discard();
    const tasks = tasksOf(env);
    checkChannels(tasks);
    const [first] = tasks.filter((task) => task.vertex === "text_lines-1");
    expect(first!.chain.map(({ bundle, input }) => [bundle.slice(0, 2), input?.from])).toEqual([
      ["b0", undefined],
      [SAMPLE_HASH.slice(0, 2), 0],
    ]);
    expect(first!.outputs).toHaveLength(1);
    expect(first!.outputs[0]).toMatchObject({
      from: 1,
      output: 0,
      partitioner: "key_by",
      keys: ["word"],
      channels: [0, 1, 2].map((channel) => ({ channel, peer: { worker: `worker-${channel}` } })),
    });
    const counts = tasks.filter((task) => task.vertex === "window_aggregate-3");
    expect(counts.map((task) => task.gates[0]!.channels.map(({ channel }) => channel))).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(counts[0]!.chain[0]!.inputs[0]!.keys).toEqual(["word"]);
  });

  test("spread keys over the key groups of the consumer, whatever the producers have", () => {
    const env = new StreamExecutionEnvironment().setParallelism(2);
    const few = env.readTextFile("a").setMaxParallelism(4);
    const many = env.readTextFile("b").setMaxParallelism(64);
    few
      .union(many)
      .keyBy("line")
      .window(TumblingEventTimeWindows.of(1_000))
      .aggregate(count().as("n"))
      .setMaxParallelism(64)
      .discard();
    const groups = tasksOf(env).flatMap((task) =>
      task.outputs.map((exit) => exit.maxParallelism ?? task.maxParallelism),
    );
    expect(groups).toEqual([64, 64, 64, 64]);
  });

  test("carry the operator of a custom partitioning", () => {
    const env = new StreamExecutionEnvironment().setParallelism(2);
    const words = env.readTextFile("a").flatMap(sample.operator("SplitWords"));
    words.partitionCustom(sample.operator("ByLength")).map(sample.operator("UpperCase"));
    expect(tasksOf(env)[0]!.outputs[0]!.partitionerOperator).toEqual({
      bundle: SAMPLE_HASH,
      operator: "ByLength",
      parameters: {},
    });
  });

  test("refuse a job with more channels than a deployment can hold", () => {
    const env = new StreamExecutionEnvironment().setParallelism(1_000);
    env.readTextFile("a").rebalance().print();
    expect(() => tasksOf(env)).toThrow(/1000000 channels/);
  });

  test("hold together for any graph, and nothing but a MillraceError is thrown", () => {
    const step = fc.record({
      kind: fc.constantFrom("map", "filter", "window", "union", "sink", "latest", "settings"),
      at: fc.nat(),
      other: fc.nat(),
      partition: fc.constantFrom("", "forward", "rebalance", "rescale", "broadcast", "keyBy"),
      parallelism: fc.integer({ min: 1, max: 5 }),
      chaining: fc.constantFrom("always", "head", "never"),
      group: fc.constantFrom("a", "b", undefined),
    });
    let accepted = 0;
    const check = fc.property(fc.array(step, { maxLength: 14 }), (steps) => {
      const env = new StreamExecutionEnvironment().setParallelism(2);
      const streams: DataStream[] = [
        env.readTextFile("a").flatMap(sample.operator("SplitWords")),
        env.readTextFile("b").flatMap(sample.operator("SplitWords")).setParallelism(3),
      ];
      for (const { kind, at, other, partition, ...settings } of steps) {
        const picked = partitioned(streams[at % streams.length]!, partition);
        const made = grow(kind, picked, streams[other % streams.length]!);
        if (made === undefined) continue;
        streams.push(made);
        if ("setParallelism" in made) settle(made as SingleOutputStreamOperator, settings);
      }
      let tasks: TaskDescriptor[];
      try {
        tasks = tasksOf(env);
      } catch (thrown) {
        if (thrown instanceof MillraceError) return;
        throw thrown;
      }
      accepted++;
      checkChannels(tasks);
    });
    fc.assert(check, { numRuns: 300 });
    expect(accepted).toBeGreaterThan(20);
  });
});

function partitioned(stream: DataStream, partition: string): DataStream {
  switch (partition) {
    case "forward":
      return stream.forward();
    case "rebalance":
      return stream.rebalance();
    case "rescale":
      return stream.rescale();
    case "broadcast":
      return stream.broadcast();
    case "keyBy":
      return stream.keyBy("word");
    default:
      return stream;
  }
}

function grow(kind: string, stream: DataStream, other: DataStream): DataStream | undefined {
  switch (kind) {
    case "map":
      return stream.map(sample.operator("UpperCase"));
    case "filter":
      return stream.filter(sample.operator("LongWords", { length: 2 }));
    case "latest":
      return stream.process(sample.operator("Latest"));
    case "window":
      return stream
        .keyBy("word")
        .window(TumblingEventTimeWindows.of(1_000))
        .aggregate(count().as("n"));
    case "union":
      return stream.union(other);
    default:
      stream.print();
      return undefined;
  }
}

function settle(
  stream: SingleOutputStreamOperator,
  settings: { parallelism: number; chaining: string; group: string | undefined },
): void {
  if (settings.parallelism < 4) stream.setParallelism(settings.parallelism);
  if (settings.chaining === "head") stream.startNewChain();
  if (settings.chaining === "never") stream.disableChaining();
  if (settings.group !== undefined) stream.slotSharingGroup(settings.group);
}
