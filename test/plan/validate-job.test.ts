import { describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../src/plan/job-spec.ts";
import { schemaOf } from "../../src/plan/schema-match.ts";
import { validateJob } from "../../src/plan/validate-job.ts";
import { errorBodyOf } from "../../src/protocol/errors.ts";
import { manifestOf, SAMPLE_HASH } from "./sample-manifest.ts";

type Vertex = JobSpecInput["vertices"][number];
type Edge = NonNullable<JobSpecInput["edges"]>[number];

const user = (name: string, parameters = {}) => ({ bundle: SAMPLE_HASH, name, parameters });
const own = (name: string, parameters = {}) => ({ bundle: "builtin" as const, name, parameters });
const operator = (id: string, use: Vertex["operator"], more: Partial<Vertex> = {}): Vertex => ({
  id,
  kind: "operator",
  operator: use,
  ...more,
});
const source: Vertex = {
  id: "source",
  kind: "source",
  operator: user("Counter"),
  connector: { type: "datagen" },
};
const print: Vertex = {
  id: "print",
  kind: "sink",
  operator: own("format_json"),
  connector: { type: "print" },
};
const edge = (from: string, to: string, more: Partial<Edge> = {}): Edge => ({ from, to, ...more });
const window = { size: 1_000, aggregates: [{ fn: "count", as: "n" }] };

function job(vertices: readonly Vertex[], edges: readonly Edge[], more = {}): unknown {
  return { version: 1, name: "job", vertices, edges, ...more };
}

/** A map between source and sink, with one thing changed. */
function middle(use: Vertex["operator"], more: Partial<Vertex> = {}, into: Partial<Edge> = {}) {
  return job(
    [source, operator("middle", use, more), print],
    [edge("source", "middle", into), edge("middle", "print")],
  );
}

function refusal(spec: unknown) {
  try {
    validateJob(spec, manifestOf);
  } catch (thrown) {
    return errorBodyOf(thrown);
  }
  throw new Error("the job was accepted");
}

describe("validateJob", () => {
  test("accepts a plain job and fills defaults in", () => {
    const graph = validateJob(middle(user("UpperCase")), manifestOf);
    expect(graph.nodes.map((node) => [node.uid, node.parallelism, node.maxParallelism])).toEqual([
      ["source", 1, 128],
      ["middle", 1, 128],
      ["print", 1, 128],
    ]);
  });

  const twice = job([source, { ...source, uid: "other" }], []);
  const uids = job([source, { ...source, id: "second", uid: "source" }], []);
  const cycle = job(
    [source, operator("a", user("UpperCase")), operator("b", user("UpperCase"))],
    [edge("source", "a"), edge("a", "b"), edge("b", "a")],
  );
  const upsertIntoMap = job(
    [source, operator("latest", user("Latest")), operator("map", user("UpperCase"))],
    [edge("source", "latest"), edge("latest", "map")],
  );
  const missingField = job(
    [
      { ...source, operator: own("text_lines"), connector: { type: "file", path: "a" } },
      operator("map", user("UpperCase")),
    ],
    [edge("source", "map")],
  );
  const nullable = job(
    [source, operator("nulls", user("NullableWords")), operator("map", user("UpperCase"))],
    [edge("source", "nulls"), edge("nulls", "map")],
  );
  const union = job(
    [
      source,
      operator("nulls", user("NullableWords")),
      operator("filter", own("format_json"), print),
    ],
    [edge("source", "nulls"), edge("source", "print"), edge("nulls", "print")],
  );
  const unionKeys = job(
    [source, operator("w", own("window_aggregate", window))],
    [
      edge("source", "w", { partitioner: "key_by", keys: ["word"] }),
      edge("source", "w", { partitioner: "key_by", keys: ["n"] }),
    ],
  );
  const byWord: Partial<Edge> = { partitioner: "key_by", keys: ["word"] };
  /** A function of two inputs, `rules` into the second. */
  const twoInputs = (name: string, first: Partial<Edge>, second: Partial<Edge>) =>
    job(
      [source, operator("rules", user("RuleOf")), operator("two", user(name))],
      [
        edge("source", "rules"),
        edge("source", "two", first),
        edge("rules", "two", { input: 1, ...second }),
      ],
    );
  const oneInput = job([source, operator("meet", user("Meet"))], [edge("source", "meet", byWord)]);
  const sinkOutput = job(
    [source, print, { ...print, id: "second" }],
    [edge("source", "print"), edge("print", "second")],
  );
  const keyed: Partial<Edge> = { partitioner: "key_by", keys: ["word"] };
  const sourceWith = (more: Partial<Vertex>) => job([{ ...source, ...more }], []);
  const badSpec = { ...(middle(user("UpperCase")) as object), parallelism: 0 };
  const aggregate = (more: object) =>
    middle(own("window_aggregate", { ...window, ...more }), {}, keyed);

  test.each<[string, unknown, string, string]>([
    ["a spec of wrong form", badSpec, "JOB_SPEC_INVALID", "parallelism"],
    ["an unknown field", sourceWith({ uids: 1 } as never), "JOB_SPEC_INVALID", "vertices[0].uids"],
    ["an unknown version", { ...(twice as object), version: 2 }, "JOB_SPEC_INVALID", "version"],
    ["no object", "job", "JOB_SPEC_INVALID", ""],
    ["an id twice", twice, "JOB_DUPLICATE_ID", "vertices[1].id"],
    ["a uid twice", uids, "JOB_DUPLICATE_UID", "vertices[1].uid"],
    [
      "an edge to nowhere",
      job([source], [edge("source", "x")]),
      "JOB_UNKNOWN_VERTEX",
      "edges[0].to",
    ],
    ["a cycle", cycle, "JOB_CYCLE", "edges[1]"],
    [
      "an unknown bundle",
      middle({ bundle: "00".repeat(32), name: "UpperCase" }),
      "JOB_UNKNOWN_BUNDLE",
      "vertices[1].operator.bundle",
    ],
    ["an unknown operator", middle(user("X")), "JOB_UNKNOWN_OPERATOR", "vertices[1].operator.name"],
    ["an unknown builtin", middle(own("x")), "JOB_UNKNOWN_OPERATOR", "vertices[1].operator.name"],
    [
      "an operator of another kind",
      middle(user("Counter")),
      "JOB_OPERATOR_KIND",
      "vertices[1].kind",
    ],
    [
      "an unknown parameter",
      middle(user("UpperCase", { x: 1 })),
      "JOB_PARAMETER_UNKNOWN",
      "vertices[1].operator.parameters.x",
    ],
    [
      "a missing parameter",
      middle(user("LongWords")),
      "JOB_PARAMETER_MISSING",
      "vertices[1].operator.parameters.length",
    ],
    [
      "a parameter of wrong type",
      middle(user("LongWords", { length: 1.5 })),
      "JOB_PARAMETER_INVALID",
      "vertices[1].operator.parameters.length",
    ],
    [
      "a builtin's unknown parameter",
      aggregate({ slides: 5 }),
      "JOB_PARAMETER_UNKNOWN",
      "vertices[1].operator.parameters.slides",
    ],
    [
      "a builtin's missing parameter",
      middle(own("assign_timestamps")),
      "JOB_PARAMETER_MISSING",
      "vertices[1].operator.parameters.field",
    ],
    [
      "a window offset as large as its size",
      aggregate({ offset: 1_000 }),
      "JOB_PARAMETER_INVALID",
      "vertices[1].operator.parameters.offset",
    ],
    [
      "an aggregate of a field that is not there",
      aggregate({ aggregates: [{ fn: "sum", field: "x", as: "x" }] }),
      "JOB_FIELD_UNKNOWN",
      "vertices[1].operator.parameters.aggregates[0].field",
    ],
    [
      "an aggregate of text",
      aggregate({ aggregates: [{ fn: "sum", field: "word", as: "x" }] }),
      "JOB_FIELD_TYPE",
      "vertices[1].operator.parameters.aggregates[0].field",
    ],
    [
      "two result columns of one name",
      aggregate({ aggregates: [{ fn: "count", as: "word" }] }),
      "JOB_DUPLICATE_FIELD",
      "vertices[1].outputs.main[1].name",
    ],
    [
      "event time from text",
      middle(own("assign_timestamps", { field: "word" })),
      "JOB_FIELD_TYPE",
      "vertices[1].operator.parameters.field",
    ],
    [
      "alignment behind something that cannot pause",
      middle(
        own("assign_timestamps", {
          ingestionTime: true,
          alignment: { group: "g", maxDriftMs: 5 },
        }),
        { chaining: "head" },
      ),
      "JOB_PARAMETER_INVALID",
      "vertices[1].operator.parameters.alignment",
    ],
    [
      "a negative drift",
      middle(
        own("assign_timestamps", {
          ingestionTime: true,
          alignment: { group: "g", maxDriftMs: -1 },
        }),
      ),
      "JOB_PARAMETER_INVALID",
      "vertices[1].operator.parameters.alignment.maxDriftMs",
    ],
    ["a missing field", missingField, "JOB_INPUT_FIELD_MISSING", "edges[0]"],
    ["a nullable field where none is read", nullable, "JOB_INPUT_TYPE_MISMATCH", "edges[1]"],
    [
      "a key that Java compares by identity",
      job(
        [source, operator("middle", user("Lists")), operator("keyed", user("UpperCase")), print],
        [
          edge("source", "middle"),
          edge("middle", "keyed", { partitioner: "key_by", keys: ["list"] }),
          edge("keyed", "print"),
        ],
      ),
      "UNSUPPORTED_TYPE",
      "edges[1].keys[0]",
    ],
    [
      "an array in a CSV record",
      job(
        [source, operator("middle", user("Lists")), { ...print, operator: own("format_csv") }],
        [edge("source", "middle"), edge("middle", "print")],
      ),
      "UNSUPPORTED_TYPE",
      "vertices[2]",
    ],
    [
      "parallelism above maxParallelism",
      middle(user("UpperCase"), { parallelism: 9, maxParallelism: 8 }),
      "JOB_PARALLELISM_ABOVE_MAX",
      "vertices[1].parallelism",
    ],
    [
      "a changelog into an insert-only operator",
      upsertIntoMap,
      "CHANGELOG_NOT_ACCEPTED",
      "edges[1]",
    ],
    [
      "an input without an edge",
      job([operator("map", user("UpperCase"))], []),
      "JOB_INPUT_UNCONNECTED",
      "vertices[0]",
    ],
    [
      "an input that is not there",
      middle(user("UpperCase"), {}, { input: 1 }),
      "JOB_INPUT_UNKNOWN",
      "edges[0].input",
    ],
    [
      "an output that is not there",
      middle(user("UpperCase"), {}, { output: "side" }),
      "JOB_UNKNOWN_OUTPUT",
      "edges[0].output",
    ],
    ["an edge out of a sink", sinkOutput, "JOB_SINK_HAS_OUTPUT", "edges[1].output"],
    [
      "forward between different parallelism",
      middle(user("UpperCase"), { parallelism: 2 }),
      "JOB_FORWARD_PARALLELISM",
      "edges[0].partitioner",
    ],
    [
      "a window without a key",
      middle(own("window_aggregate", window)),
      "JOB_KEY_MISSING",
      "edges[0].partitioner",
    ],
    [
      "key_by without fields",
      middle(user("UpperCase"), {}, { partitioner: "key_by" }),
      "JOB_KEY_MISSING",
      "edges[0].keys",
    ],
    [
      "a key field that is not there",
      middle(user("UpperCase"), {}, { partitioner: "key_by", keys: ["word", "x"] }),
      "JOB_KEY_FIELD_MISSING",
      "edges[0].keys[1]",
    ],
    [
      "keys without key_by",
      middle(user("UpperCase"), {}, { keys: ["word"] }),
      "JOB_KEYS_UNEXPECTED",
      "edges[0].keys",
    ],
    [
      "custom without an operator",
      middle(user("UpperCase"), {}, { partitioner: "custom" }),
      "JOB_PARTITIONER_MISSING",
      "edges[0].partitionerOperator",
    ],
    [
      "a partitioner operator that is none",
      middle(
        user("UpperCase"),
        {},
        { partitioner: "custom", partitionerOperator: user("UpperCase") },
      ),
      "JOB_OPERATOR_KIND",
      "edges[0].partitionerOperator",
    ],
    ["a union of different streams", union, "JOB_UNION_MISMATCH", "edges[2]"],
    [
      "a keyed function without keyBy",
      middle(user("Tally")),
      "JOB_KEY_MISSING",
      "edges[0].partitioner",
    ],
    [
      "a key field that the function's key class does not have",
      middle(user("Tally"), {}, { partitioner: "key_by", keys: ["n"] }),
      "JOB_KEY_CLASS_MISMATCH",
      "edges[0].keys",
    ],
    [
      "more key fields than the function's key class has",
      middle(user("Tally"), {}, { partitioner: "key_by", keys: ["word", "n"] }),
      "JOB_KEY_CLASS_MISMATCH",
      "edges[0].keys",
    ],
    [
      "a key field of another type than the key class says",
      job(
        [source, operator("nulls", user("NullableWords")), operator("tally", user("TallyNumbers"))],
        [edge("source", "nulls"), edge("nulls", "tally", byWord)],
      ),
      "JOB_KEY_CLASS_MISMATCH",
      "edges[1].keys",
    ],
    [
      "a second input that nothing is connected to",
      oneInput,
      "JOB_INPUT_UNCONNECTED",
      "vertices[1]",
    ],
    [
      "a second input that is not keyed",
      twoInputs("Meet", byWord, {}),
      "JOB_KEY_MISSING",
      "edges[2].partitioner",
    ],
    [
      "two inputs with keys of different types",
      twoInputs("Meet", byWord, { partitioner: "key_by", keys: ["limit"] }),
      "JOB_KEY_MISMATCH",
      "edges[2].keys",
    ],
    [
      "two inputs with different numbers of key fields",
      twoInputs("Meet", byWord, { partitioner: "key_by", keys: ["rule", "limit"] }),
      "JOB_KEY_MISMATCH",
      "edges[2].keys",
    ],
    [
      "a broadcast input whose rows are not broadcast",
      twoInputs("Judge", byWord, { partitioner: "rebalance" }),
      "JOB_BROADCAST_MISSING",
      "edges[2].partitioner",
    ],
    [
      "a keyed input that is broadcast",
      twoInputs("Judge", { partitioner: "broadcast" }, { partitioner: "broadcast" }),
      "JOB_KEY_MISSING",
      "edges[1].partitioner",
    ],
    ["a union of different keys", unionKeys, "JOB_KEY_MISMATCH", "edges[1].keys"],
    [
      "a source without a connector",
      job([{ id: "s", kind: "source", operator: user("Counter") }], []),
      "CONNECTOR_MISSING",
      "vertices[0].connector",
    ],
    [
      "an unknown connector",
      sourceWith({ connector: { type: "kafka" } }),
      "CONNECTOR_UNKNOWN",
      "vertices[0].connector.type",
    ],
    [
      "an unknown connector option",
      sourceWith({ connector: { type: "datagen", rows: 1 } }),
      "CONNECTOR_OPTION_UNKNOWN",
      "vertices[0].connector.rows",
    ],
    [
      "a wrong connector option",
      sourceWith({
        operator: own("text_lines"),
        connector: { type: "socket", host: "a", port: 0 },
      }),
      "CONNECTOR_OPTION_INVALID",
      "vertices[0].connector.port",
    ],
    [
      "a connector that the source cannot read",
      sourceWith({ connector: { type: "file", path: "a" } }),
      "CONNECTOR_MISMATCH",
      "vertices[0].connector.type",
    ],
    [
      "a connector at an operator",
      middle(user("UpperCase"), { connector: { type: "print" } }),
      "CONNECTOR_UNEXPECTED",
      "vertices[1].connector",
    ],
    [
      "a source that does not say its columns",
      sourceWith({ operator: own("json_lines"), connector: { type: "file", path: "a" } }),
      "JOB_SCHEMA_MISSING",
      "vertices[0].outputs",
    ],
    [
      "split files of quoted CSV",
      sourceWith({
        operator: own("csv"),
        connector: { type: "file", path: "a", splittable: true },
        outputs: [{ name: "main", schema: schemaOf({ a: "INT" }) }],
      }),
      "CONNECTOR_NOT_SPLITTABLE",
      "vertices[0].connector.splittable",
    ],
    [
      "a declared schema that is not what comes",
      sourceWith({ outputs: [{ name: "main", schema: schemaOf({ word: "STRING" }) }] }),
      "JOB_SCHEMA_MISMATCH",
      "vertices[0].outputs[0].schema",
    ],
  ])("refuses %s", (_, spec, code, field) => {
    const body = refusal(spec);
    expect([body.code, body.field]).toEqual([code, field]);
    expect(body.expected, "says what would be right").toBeTruthy();
    expect(body.message).toMatch(/^Cannot [^:]+: /);
  });
});
