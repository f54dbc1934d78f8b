import { describe, expect, test } from "vitest";
import { slotRequestsOf } from "../../src/jobmanager/core/planned-job.ts";
import type { DataStream } from "../../src/plan/data-stream.ts";
import { Duration } from "../../src/plan/duration.ts";
import { buildJobGraph } from "../../src/plan/job-graph.ts";
import { OutputTag } from "../../src/plan/output-tag.ts";
import { schemaOf, schemaText } from "../../src/plan/schema-match.ts";
import { filesSink } from "../../src/plan/sinks.ts";
import { csv, datagen, files, jsonLines, textLines } from "../../src/plan/sources.ts";
import {
  RestartStrategies,
  StreamExecutionEnvironment,
} from "../../src/plan/stream-environment.ts";
import { validateJob } from "../../src/plan/validate-job.ts";
import { WatermarkStrategy } from "../../src/plan/watermark-strategy.ts";
import { TumblingEventTimeWindows } from "../../src/plan/window-assigners.ts";
import { avg, count, max, min, sum } from "../../src/plan/windows.ts";
import { manifestOf, SAMPLE_HASH, sample } from "./sample-manifest.ts";

function wordCount(): StreamExecutionEnvironment {
  const env = new StreamExecutionEnvironment().setParallelism(4);
  const late = new OutputTag("late-words");
  const counts = env
    .fromSource(datagen(schemaOf({ word: "STRING NOT NULL", n: "BIGINT NOT NULL", at: "BIGINT" })))
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofSeconds(2)).withTimestampField("at"),
    )
    .keyBy("word")
    .window(TumblingEventTimeWindows.of(Duration.ofSeconds(10)))
    .allowedLateness(500)
    .sideOutputLateData(late)
    .aggregate(count(), sum("n").as("total"), min("n"), max("n"), avg("n"))
    .uid("counts");
  counts.print();
  counts.getSideOutput(late).discard();
  return env;
}

describe("StreamExecutionEnvironment", () => {
  test("builds a windowed count whose spec is planned with derived schemas", () => {
    const spec = wordCount().toJobSpec("word count");
    const graph = validateJob(JSON.parse(JSON.stringify(spec)), manifestOf);
    const counts = graph.nodes.find((node) => node.uid === "counts")!;
    expect(counts.outputs.map((output) => output.name)).toEqual(["main", "late"]);
    expect(schemaText(counts.outputs[0]!.schema)).toBe(
      "(word STRING NOT NULL, count BIGINT NOT NULL, total BIGINT NOT NULL, " +
        "min_n BIGINT NOT NULL, max_n BIGINT NOT NULL, avg_n DOUBLE NOT NULL, " +
        "window_start TIMESTAMP(3) NOT NULL, window_end TIMESTAMP(3) NOT NULL)",
    );
    expect(counts.inputs[0]).toMatchObject({ keys: ["word"], timeAttribute: "at" });
    expect(counts.parameters).toMatchObject({ size: 10_000, offset: 0, lateness: 500 });
    const job = buildJobGraph(graph);
    expect(job.vertices.map((vertex) => vertex.name)).toEqual([
      "datagen -> assign_timestamps",
      "window_aggregate -> (format_json, format_text)",
    ]);
    expect(slotRequestsOf(job)).toHaveLength(4);
  });

  test("keys and timestamps are made beside their input: the order of its rows stays", () => {
    const env = new StreamExecutionEnvironment().setParallelism(4);
    const strategy = WatermarkStrategy.forMonotonousTimestamps().withTimestampField("at");
    const columns = schemaOf({ word: "STRING NOT NULL", n: "BIGINT NOT NULL", at: "BIGINT" });
    const one = env.fromSource(datagen(columns)).setParallelism(1);
    const timed = one.assignTimestampsAndWatermarks(strategy);
    const three = env.fromSource(datagen(columns), strategy).setParallelism(3);
    timed.union(three).keyBy(sample.operator("FirstLetter")).discard();
    const graph = validateJob(env.toJobSpec("beside"), manifestOf);
    expect(graph.nodes.map(({ operator, parallelism }) => [operator, parallelism])).toEqual([
      ["datagen", 1],
      ["assign_timestamps", 1],
      ["datagen", 3],
      ["assign_timestamps", 3],
      ["FirstLetter", 1],
      ["FirstLetter", 3],
      ["format_text", 4],
    ]);
    expect(buildJobGraph(graph).edges.map(({ edge }) => edge.partitioner)).toEqual([
      "key_by",
      "key_by",
    ]);
  });

  test("takes the operators of an uploaded bundle, with side outputs and parameters", () => {
    const env = new StreamExecutionEnvironment()
      .setBufferTimeout(0)
      .setMaxParallelism(64)
      .setRestartStrategy(RestartStrategies.fixedDelay(3, Duration.ofSeconds(1)));
    const words = env
      .readTextFile("novel.txt")
      .flatMap(sample.operator("SplitWords", { minLength: 3 }))
      .name("words");
    words.getSideOutput(new OutputTag("empty_lines")).discard();
    words
      .filter(sample.operator("LongWords", { length: 5 }))
      .keyBy(sample.operator("FirstLetter"))
      .window(TumblingEventTimeWindows.of(1_000, -100))
      .aggregate(sample.operator("TotalOfWords"))
      .sinkTo(filesSink("out"));
    const spec = env.toJobSpec("letters");
    expect(spec).toMatchObject({
      maxParallelism: 64,
      bufferTimeoutMs: 0,
      restartStrategy: { type: "fixed_delay", attempts: 3, delay: 1_000 },
    });
    const graph = validateJob(spec, manifestOf);
    expect(graph.bundles).toEqual([SAMPLE_HASH]);
    const split = graph.nodes.find((node) => node.name === "words")!;
    expect(split.parameters).toEqual({ minLength: 3, language: "en" });
    const total = graph.nodes.find((node) => node.operator === "TotalOfWords")!;
    expect(total.parameters).toEqual({
      assigner: "tumbling",
      size: 1_000,
      offset: -100,
      lateness: 0,
    });
    expect(total.outputs[0]!.schema.map((field) => field.name)).toEqual([
      "letter",
      "total",
      "window_start",
      "window_end",
    ]);
  });

  test("connects keyed streams, and a keyed with a broadcast one", () => {
    const env = new StreamExecutionEnvironment().setParallelism(2);
    const words = env.readTextFile("a").flatMap(sample.operator("SplitWords"));
    const rules = words.map(sample.operator("RuleOf"));
    words
      .connect(rules)
      .keyBy("word", "rule")
      .process(sample.operator("Meet"))
      .uid("meet")
      .discard();
    const keyed = words.keyBy("word");
    keyed.connect(rules.keyBy("rule")).process(sample.operator("Meet")).uid("met").discard();
    const judged = keyed.connect(rules.broadcast()).process(sample.operator("Judge")).uid("judge");
    judged.keyBy("word").process(sample.operator("Tally")).uid("tally").discard();
    const graph = validateJob(env.toJobSpec("connected"), manifestOf);
    const into = (uid: string) => {
      const { id } = graph.nodes.find((node) => node.uid === uid)!;
      return graph.edges
        .filter((edge) => edge.to === id)
        .map(({ input, partitioner, keys }) => [input, partitioner, ...keys]);
    };
    const keyedInputs = [
      [0, "key_by", "word"],
      [1, "key_by", "rule"],
    ];
    expect(into("meet")).toEqual(keyedInputs);
    expect(into("met")).toEqual(keyedInputs);
    expect(into("judge")).toEqual([
      [0, "key_by", "word"],
      [1, "broadcast"],
    ]);
    expect(graph.nodes.find((node) => node.uid === "met")!.inputs.map(({ keys }) => keys)).toEqual([
      ["word"],
      ["rule"],
    ]);
  });

  test("refuses the functions of two inputs that the streams do not fit, before anything runs", () => {
    const job = (build: (words: DataStream) => unknown) => {
      const env = new StreamExecutionEnvironment();
      build(env.readTextFile("a").flatMap(sample.operator("SplitWords")));
      return () => env.toJobSpec("refused");
    };
    const judge = sample.operator("Judge");
    expect(job((words) => words.process(sample.operator("Tally")))).toThrow(/Tally works by key/);
    expect(job((words) => words.keyBy("n").process(sample.operator("Tally")))).toThrow(
      /Tally works by another key/,
    );
    expect(job((words) => words.keyBy("word").connect(words).process(judge))).toThrow(
      /input 1 of Judge is broadcast/,
    );
    expect(job((words) => words.keyBy("word").process(judge))).toThrow(
      /nothing is connected to input 1/,
    );
    expect(
      job((words) =>
        words
          .keyBy("word")
          .process(sample.operator("UpperCase"))
          .getSideOutput(new OutputTag("rare"))
          .print(),
      ),
    ).toThrow(/no output rare/);
  });

  test("chooses forward for equal parallelism and rebalance for another, as Flink does", () => {
    const env = new StreamExecutionEnvironment().setParallelism(2);
    const words = env.readTextFile("a").flatMap(sample.operator("SplitWords"));
    words.map(sample.operator("UpperCase")).setParallelism(3).discard();
    const spec = env.toJobSpec("default partitioner");
    expect(spec.edges!.map((edge) => edge.partitioner)).toEqual([
      "forward",
      "rebalance",
      "rebalance",
    ]);
  });

  test("writes every partitioner, unions and custom partitioning", () => {
    const env = new StreamExecutionEnvironment();
    const words = env.readTextFile("a").flatMap(sample.operator("SplitWords"));
    const upper = () => sample.operator("UpperCase");
    const streams = [
      words.forward().map(upper()),
      words.rebalance().map(upper()),
      words.rescale().map(upper()),
      words.shuffle().map(upper()),
      words.broadcast().map(upper()),
      words.global().map(upper()),
      words.partitionCustom(sample.operator("ByLength")).map(upper()),
    ];
    streams[0]!.union(...streams.slice(1)).print();
    const spec = env.toJobSpec("partitioners");
    expect(spec.edges!.slice(1, 8).map((edge) => edge.partitioner)).toEqual([
      "forward",
      "rebalance",
      "rescale",
      "shuffle",
      "broadcast",
      "global",
      "custom",
    ]);
    expect(spec.edges!.filter((edge) => edge.to.startsWith("format_json"))).toHaveLength(7);
  });

  test("writes uid, name, slot sharing group, chaining and row errors", () => {
    const env = new StreamExecutionEnvironment();
    const words = env
      .readTextFile("a")
      .flatMap(sample.operator("SplitWords"))
      .uid("split")
      .name("split words")
      .slotSharingGroup("heavy")
      .setMaxParallelism(16)
      .onRowError("dead-letter");
    words.getSideOutput(OutputTag.deadLetter).print("failed");
    words.map(sample.operator("UpperCase")).startNewChain().disableChaining().discard();
    const spec = env.toJobSpec("settings");
    expect(spec.vertices[1]).toMatchObject({
      uid: "split",
      name: "split words",
      slotSharingGroup: "heavy",
      maxParallelism: 16,
      onRowError: "dead-letter",
    });
    const graph = validateJob(spec, manifestOf);
    expect(graph.nodes[1]!.outputs.map((output) => output.name)).toEqual([
      "main",
      "empty_lines",
      "dead_letter",
    ]);
    expect(graph.nodes.map((node) => node.slotSharingGroup)).toEqual([
      "default",
      "heavy",
      "heavy",
      "heavy",
      "heavy",
    ]);
    expect(slotRequestsOf(buildJobGraph(graph))).toHaveLength(2);
  });

  test("refuses a mistake where the job is written", () => {
    const env = new StreamExecutionEnvironment();
    const words = env.readTextFile("a").flatMap(sample.operator("SplitWords"));
    expect(() => words.map(sample.operator("LongWords"))).toThrow(/of kind filter/);
    expect(() => sample.operator("Missing")).toThrow(/Cannot use operator Missing/);
    expect(() => TumblingEventTimeWindows.of(1.5)).toThrow(/not a whole number/);
    words.keyBy("letter").map(sample.operator("UpperCase"));
    expect(() => env.toJobSpec("no key")).toThrow(
      /the stream has no such field \(at \S+-\d+.* -> \S+-\d+\)$/,
    );
  });
});

describe("sources", () => {
  const columns = schemaOf({ id: "INT NOT NULL", at: "TIMESTAMP(3)" });

  test("read whole files where a record may hold a newline or lines are counted", () => {
    const env = new StreamExecutionEnvironment();
    env.fromSource(csv(files("a"), columns));
    env.fromSource(csv(files("a"), columns, { multiline: false }));
    env.fromSource(textLines(files("a"), { lineNumber: true }));
    env.fromSource(textLines(files("a")));
    const graph = validateJob(env.toJobSpec("splits"), manifestOf);
    expect(graph.nodes.map((node) => node.connector?.splittable)).toEqual([
      false,
      undefined,
      false,
      undefined,
    ]);
  });

  test("send what they cannot parse to the dead-letter output", () => {
    const env = new StreamExecutionEnvironment();
    const rows = env.fromSource(jsonLines(files("a"), columns)).onRowError("dead-letter");
    rows.getSideOutput(OutputTag.deadLetter).print();
    const graph = validateJob(env.toJobSpec("dead letters"), manifestOf);
    expect(graph.nodes[0]!.parameters.onError).toBe("dead-letter");
    expect(schemaText(graph.nodes[0]!.outputs[1]!.schema)).toBe(
      "(record STRING NOT NULL, error STRING NOT NULL, position BIGINT NOT NULL)",
    );
  });
});
