/** What an edge may be, and what the edges into an input make of it. */
import { MillraceError } from "../protocol/errors.ts";
import { checkKeyType } from "./column-support.ts";
import { checkInputKeys, checkKeyOfInputs } from "./key-checks.ts";
import type { FoundOperator } from "./operator-lookup.ts";
import {
  checkInputFields,
  fieldOf,
  sameChangeMode,
  sameSchema,
  schemaText,
} from "./schema-match.ts";
import type { NodeInput, StreamEdge, StreamNode } from "./stream-graph.ts";
import type { PlacedEdge } from "./topology.ts";

/** The ends of an edge, as far as they are planned. */
export interface EdgeEnds {
  readonly producer: StreamNode;
  readonly consumerParallelism: number;
  /** Operator that chooses channels, for custom. */
  readonly partitioner: FoundOperator | undefined;
}

/**
 * @throws MillraceError JOB_UNKNOWN_OUTPUT, JOB_SINK_HAS_OUTPUT, JOB_KEY_MISSING,
 *   JOB_KEY_FIELD_MISSING, JOB_FORWARD_PARALLELISM, JOB_PARTITIONER_MISSING, ...
 */
export function planEdge(edge: PlacedEdge, ends: EdgeEnds): StreamEdge {
  const { spec, index } = edge;
  const { producer } = ends;
  const field = `edges[${index}]`;
  const output = outputIndex(producer, spec.output, `${field}.output`);
  const stream = producer.outputs[output]!;
  const planned: StreamEdge = {
    index,
    from: spec.from,
    output,
    outputName: spec.output,
    to: spec.to,
    input: spec.input,
    partitioner: spec.partitioner,
    keys: spec.keys,
    partitionerOperator: checkPartitioner(edge, ends, field),
    schema: stream.schema,
    changeMode: stream.changeMode,
    timeAttribute: stream.timeAttribute,
  };
  checkKeys(planned, field);
  if (spec.partitioner === "forward" && producer.parallelism !== ends.consumerParallelism) {
    const value = `${producer.parallelism} to ${ends.consumerParallelism}`;
    const message = `Cannot connect ${spec.from} to ${spec.to}: forward from parallelism ${value}`;
    throw new MillraceError("JOB_FORWARD_PARALLELISM", message, {
      field: `${field}.partitioner`,
      value: "forward",
      expected: "equal parallelism, or another partitioner such as rebalance or rescale",
    });
  }
  return planned;
}

function outputIndex(producer: StreamNode, name: string, field: string): number {
  const index = producer.outputs.findIndex((output) => output.name === name);
  if (producer.kind === "sink" && index === 0) {
    const message = `Cannot connect ${producer.id}: what a sink puts out goes to its connector`;
    const detail = { field, value: name, expected: "an edge from a source or operator" };
    throw new MillraceError("JOB_SINK_HAS_OUTPUT", message, detail);
  }
  if (index >= 0) return index;
  const message = `Cannot connect ${producer.id}: it has no output ${name}`;
  const names = producer.outputs.map((output) => output.name);
  const hint = name === "dead_letter" ? ' (onRowError "dead-letter" adds dead_letter)' : "";
  const expected = `${names.join(", ")}${hint}`;
  throw new MillraceError("JOB_UNKNOWN_OUTPUT", message, { field, value: name, expected });
}

function checkPartitioner(
  edge: PlacedEdge,
  ends: EdgeEnds,
  field: string,
): StreamEdge["partitionerOperator"] {
  const { partitioner } = edge.spec;
  const found = ends.partitioner;
  const at = `${field}.partitionerOperator`;
  if (partitioner !== "custom") {
    if (found === undefined) return undefined;
    const message = `Cannot plan edge ${edge.index}: partitioner ${partitioner} takes no operator`;
    const detail = { field: at, value: found.name, expected: "partitioner custom" };
    throw new MillraceError("JOB_PARTITIONER_UNEXPECTED", message, detail);
  }
  if (found === undefined) {
    const message = `Cannot plan edge ${edge.index}: partitioner custom needs an operator`;
    const detail = { field: at, expected: "an operator made from a PartitionFunction" };
    throw new MillraceError("JOB_PARTITIONER_MISSING", message, detail);
  }
  if (found.description.kind !== "exchange") {
    const message = `Cannot plan edge ${edge.index}: ${found.name} is not a partitioner`;
    const value = found.description.kind;
    const expected = "an operator made from a PartitionFunction";
    throw new MillraceError("JOB_OPERATOR_KIND", message, { field: at, value, expected });
  }
  const wanted = found.description.inputs[0]?.schema;
  const stream = ends.producer.outputs.find((output) => output.name === edge.spec.output)!;
  if (wanted !== undefined && wanted !== "any") {
    checkInputFields(found.name, wanted, stream.schema, field);
  }
  return { bundle: found.bundle, operator: found.name, parameters: found.parameters };
}

function checkKeys(edge: StreamEdge, field: string): void {
  if (edge.partitioner === "key_by" && edge.keys.length === 0) {
    const message = `Cannot connect ${edge.from} to ${edge.to}: key_by without key fields`;
    const detail = { field: `${field}.keys`, expected: "the names of the key's fields" };
    throw new MillraceError("JOB_KEY_MISSING", message, detail);
  }
  if (edge.partitioner !== "key_by" && edge.keys.length > 0) {
    const message = `Cannot connect ${edge.from} to ${edge.to}: ${edge.partitioner} with key fields`;
    const detail = { field: `${field}.keys`, value: edge.keys, expected: "partitioner key_by" };
    throw new MillraceError("JOB_KEYS_UNEXPECTED", message, detail);
  }
  for (const [i, name] of edge.keys.entries()) {
    const at = `${field}.keys[${i}]`;
    const key = fieldOf(edge.schema, name);
    if (key !== undefined && edge.keys.indexOf(name) === i) {
      checkKeyType(key, at);
      continue;
    }
    const state = key === undefined ? "the stream has no such field" : "it stands twice";
    const message = `Cannot key by ${name}: ${state}`;
    const expected = `fields of ${schemaText(edge.schema)}, each once`;
    const code = key === undefined ? "JOB_KEY_FIELD_MISSING" : "JOB_KEY_DUPLICATE";
    throw new MillraceError(code, message, { field: at, value: name, expected });
  }
}

/**
 * The inputs of an operator, from the edges into it.
 * @throws MillraceError JOB_INPUT_UNKNOWN, JOB_INPUT_UNCONNECTED, JOB_UNION_MISMATCH, JOB_KEY_MISSING,
 *   JOB_KEY_MISMATCH, JOB_KEY_CLASS_MISMATCH, JOB_BROADCAST_MISSING, CHANGELOG_NOT_ACCEPTED, JOB_INPUT_FIELD_MISSING, JOB_INPUT_TYPE_MISMATCH
 */
export function planInputs(
  operator: FoundOperator,
  edges: readonly StreamEdge[],
  field: string,
): NodeInput[] {
  const described = operator.description.inputs;
  for (const edge of edges) {
    if (edge.input < described.length) continue;
    const message = `Cannot connect ${edge.from} to ${edge.to}: ${operator.name} has no input ${edge.input}`;
    throw new MillraceError("JOB_INPUT_UNKNOWN", message, {
      field: `edges[${edge.index}].input`,
      value: edge.input,
      expected: described.length === 0 ? "no edge into a source" : `below ${described.length}`,
    });
  }
  const firsts: StreamEdge[] = [];
  const inputs = described.map((input, i) => {
    const into = edges.filter((edge) => edge.input === i);
    const first = into[0];
    if (first === undefined) {
      const message = `Cannot plan ${operator.name}: nothing is connected to input ${i}`;
      const detail = { field, value: `input ${i}`, expected: "an edge into every input" };
      throw new MillraceError("JOB_INPUT_UNCONNECTED", message, detail);
    }
    firsts.push(first);
    checkUnion(first, into);
    checkInputKeys(operator.name, input, into);
    checkChanges(operator, input.accepts, first);
    const at = `edges[${first.index}]`;
    if (input.schema !== "any") checkInputFields(operator.name, input.schema, first.schema, at);
    const keys = input.keyed ? first.keys : [];
    const { schema, changeMode } = first;
    const agree = into.every((edge) => edge.timeAttribute === first.timeAttribute);
    return { schema, changeMode, timeAttribute: agree ? first.timeAttribute : null, keys };
  });
  checkKeyOfInputs(operator.name, described, firsts);
  return inputs;
}

/** One input has one block layout: a union is of streams of equal schema (as in Flink). */
function checkUnion(first: StreamEdge, edges: readonly StreamEdge[]): void {
  for (const edge of edges) {
    const fits =
      sameSchema(edge.schema, first.schema) && sameChangeMode(edge.changeMode, first.changeMode);
    if (fits) continue;
    const message = `Cannot connect ${edge.from} to ${edge.to}: the other streams of this union have another type`;
    throw new MillraceError("JOB_UNION_MISMATCH", message, {
      field: `edges[${edge.index}]`,
      value: `${schemaText(edge.schema)} ${edge.changeMode.mode}`,
      expected: `${schemaText(first.schema)} ${first.changeMode.mode}`,
    });
  }
}

function checkChanges(operator: FoundOperator, accepts: readonly string[], edge: StreamEdge): void {
  const { mode } = edge.changeMode;
  if (accepts.includes(mode)) return;
  const message = `Cannot connect ${edge.from} to ${edge.to}: ${operator.name} does not take a changelog of mode ${mode}`;
  throw new MillraceError("CHANGELOG_NOT_ACCEPTED", message, {
    field: `edges[${edge.index}]`,
    value: mode,
    expected: accepts.join(", "),
  });
}
