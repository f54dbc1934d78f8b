import { describe, expect, test } from "vitest";
import { buildJobGraph } from "../../src/plan/job-graph.ts";
import { planJson } from "../../src/plan/plan-json.ts";
import { StreamExecutionEnvironment } from "../../src/plan/stream-environment.ts";
import { validateJob } from "../../src/plan/validate-job.ts";
import { manifestOf, sample } from "./sample-manifest.ts";

function chainsOf(build: (env: StreamExecutionEnvironment) => void): string[] {
  const env = new StreamExecutionEnvironment().setParallelism(2);
  build(env);
  const graph = buildJobGraph(validateJob(env.toJobSpec("chains"), manifestOf));
  return graph.vertices.map((vertex) => vertex.name);
}
const split = () => sample.operator("SplitWords");
const upper = () => sample.operator("UpperCase");

describe("buildJobGraph", () => {
  test("chains forward edges between operators of one parallelism and group", () => {
    const chains = chainsOf((env) => env.readTextFile("a").flatMap(split()).map(upper()).print());
    expect(chains).toEqual(["text_lines -> SplitWords -> UpperCase -> format_json"]);
  });

  test("names a chain that parts as Flink does", () => {
    const chains = chainsOf((env) => {
      const words = env.readTextFile("a").flatMap(split());
      words.map(upper()).print();
      words.discard();
    });
    expect(chains).toEqual(["text_lines -> SplitWords -> (UpperCase -> format_json, format_text)"]);
  });

  test.each<[string, (env: StreamExecutionEnvironment) => void, string[]]>([
    [
      "another parallelism",
      (env) => env.readTextFile("a").flatMap(split()).setParallelism(3),
      ["text_lines", "SplitWords"],
    ],
    [
      "another slot sharing group",
      (env) => env.readTextFile("a").flatMap(split()).slotSharingGroup("other"),
      ["text_lines", "SplitWords"],
    ],
    [
      "rebalance",
      (env) => env.readTextFile("a").rebalance().flatMap(split()),
      ["text_lines", "SplitWords"],
    ],
    [
      "a key, even at parallelism 1",
      (env) => env.setParallelism(1).readTextFile("a").keyBy("line").flatMap(split()),
      ["text_lines", "SplitWords"],
    ],
    [
      "startNewChain, which still chains what follows",
      (env) => env.readTextFile("a").flatMap(split()).startNewChain().map(upper()),
      ["text_lines", "SplitWords -> UpperCase"],
    ],
    [
      "disableChaining, on both sides",
      (env) => env.readTextFile("a").flatMap(split()).disableChaining().map(upper()),
      ["text_lines", "SplitWords", "UpperCase"],
    ],
    [
      "disableOperatorChaining",
      (env) => env.disableOperatorChaining().readTextFile("a").flatMap(split()),
      ["text_lines", "SplitWords"],
    ],
    [
      "a union",
      (env) => env.readTextFile("a").union(env.readTextFile("b")).flatMap(split()),
      ["text_lines", "text_lines", "SplitWords"],
    ],
  ])("parts a chain at %s", (_, build, expected) => {
    expect(chainsOf(build)).toEqual(expected);
  });
});

describe("planJson", () => {
  test("has Flink's shape, and every edge its schema, change mode, partitioning and time", () => {
    const env = new StreamExecutionEnvironment().setParallelism(2);
    env.readTextFile("a").flatMap(split()).keyBy("word").map(upper());
    const plan = planJson(buildJobGraph(validateJob(env.toJobSpec("plan"), manifestOf)), "job-1");
    expect(plan).toMatchObject({ jid: "job-1", name: "plan", type: "STREAMING" });
    const edge = {
      output: "main",
      schema: [
        { name: "word", type: "STRING NOT NULL" },
        { name: "n", type: "BIGINT NOT NULL" },
      ],
      change_mode: { mode: "insert-only" },
      partitioning: { strategy: "key_by", keys: ["word"] },
      time_attribute: null,
    };
    expect(plan.nodes[1]).toMatchObject({
      id: "UpperCase-3",
      parallelism: 2,
      description: "UpperCase",
      inputs: [
        {
          num: 0,
          id: "text_lines-1",
          ship_strategy: "HASH",
          exchange: "pipelined_bounded",
          ...edge,
        },
      ],
    });
    expect(plan.nodes[0]!.chain[1]!.chained).toMatchObject({
      from: 0,
      partitioning: { strategy: "forward", keys: [] },
      schema: [{ name: "line", type: "STRING NOT NULL" }],
    });
  });
});
