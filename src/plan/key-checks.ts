/** What an operator that works by key, or reads a broadcast stream, demands of its edges. */
import { MillraceError } from "../protocol/errors.ts";
import type { OperatorDescription } from "../protocol/manifest.ts";
import { typeText } from "../protocol/type-text.ts";
import type { Schema } from "../protocol/types.ts";
import { fieldOf, schemaText, typeAccepts } from "./schema-match.ts";
import type { StreamEdge } from "./stream-graph.ts";

type DescribedInput = OperatorDescription["inputs"][number];

/**
 * Checks the edges into one input; `edges` is not empty.
 * @throws MillraceError JOB_KEY_MISSING, JOB_KEY_MISMATCH, JOB_KEY_CLASS_MISMATCH, JOB_BROADCAST_MISSING
 */
export function checkInputKeys(
  operator: string,
  input: DescribedInput,
  edges: readonly StreamEdge[],
): void {
  const first = edges[0]!;
  for (const edge of edges) {
    if (input.keyed) checkKeyed(operator, first, edge);
    if (input.broadcast === true) checkBroadcast(operator, edge);
  }
}

/**
 * Checks that the inputs of an operator have the key that it knows, and all the same: their rows meet in
 * one state.
 * @param edges The first edge into each input.
 * @throws MillraceError JOB_KEY_CLASS_MISMATCH, JOB_KEY_MISMATCH
 */
export function checkKeyOfInputs(
  operator: string,
  inputs: readonly DescribedInput[],
  edges: readonly StreamEdge[],
): void {
  const keyed = edges.filter((_, i) => inputs[i]!.keyed);
  const [first, ...others] = keyed;
  if (first === undefined) return;
  const wanted = inputs.find((input) => input.keyed)!.key;
  if (wanted !== undefined) checkKeyClass(operator, wanted, first);
  for (const edge of others) checkSameKey(operator, first, edge);
}

function checkKeyed(operator: string, first: StreamEdge, edge: StreamEdge): void {
  const connect = `Cannot connect ${edge.from} to ${edge.to}`;
  if (edge.partitioner !== "key_by") {
    throw new MillraceError("JOB_KEY_MISSING", `${connect}: ${operator} works by key`, {
      field: `edges[${edge.index}].partitioner`,
      value: edge.partitioner,
      expected: "partitioner key_by with key fields",
    });
  }
  if (edge.keys.join("\n") === first.keys.join("\n")) return;
  const message = `${connect}: the other streams of this union have another key`;
  const detail = { field: `edges[${edge.index}].keys`, value: edge.keys };
  throw new MillraceError("JOB_KEY_MISMATCH", message, { ...detail, expected: first.keys.join() });
}

function checkBroadcast(operator: string, edge: StreamEdge): void {
  if (edge.partitioner === "broadcast") return;
  const message = `Cannot connect ${edge.from} to ${edge.to}: input ${edge.input} of ${operator} is broadcast`;
  throw new MillraceError("JOB_BROADCAST_MISSING", message, {
    field: `edges[${edge.index}].partitioner`,
    value: edge.partitioner,
    expected: "partitioner broadcast: every subtask has to see every row",
  });
}

/** The function's key class has the stream's key fields by name, all of them and no others. */
function checkKeyClass(operator: string, wanted: Schema, edge: StreamEdge): void {
  const given = keySchema(edge);
  const fits =
    given.length === wanted.length &&
    wanted.every((column) => {
      const found = fieldOf(given, column.name);
      return found !== undefined && typeAccepts(column.type, found.type);
    });
  if (fits) return;
  const message = `Cannot connect ${edge.from} to ${edge.to}: ${operator} works by another key`;
  throw new MillraceError("JOB_KEY_CLASS_MISMATCH", message, {
    field: `edges[${edge.index}].keys`,
    value: schemaText(given),
    expected: schemaText(wanted),
  });
}

/**
 * Keys of two inputs are the same where their encodings are: types in order, NOT NULL too. Names may
 * differ; the same names in another order are a mistake that types alone might not show.
 */
function checkSameKey(operator: string, first: StreamEdge, edge: StreamEdge): void {
  const [a, b] = [keySchema(first), keySchema(edge)];
  const types = (schema: Schema): string => schema.map((field) => typeText(field.type)).join();
  const names = (keys: readonly string[]): string => [...keys].sort().join("\n");
  const swapped =
    names(first.keys) === names(edge.keys) && first.keys.join("\n") !== edge.keys.join("\n");
  if (types(a) === types(b) && !swapped) return;
  const message = `Cannot connect ${edge.from} to ${edge.to}: the inputs of ${operator} have different keys`;
  throw new MillraceError("JOB_KEY_MISMATCH", message, {
    field: `edges[${edge.index}].keys`,
    value: schemaText(b),
    expected: `${schemaText(a)}, as input ${first.input}`,
  });
}

/** Fields of the key in the order in which the stream is keyed; planEdge has found them all. */
function keySchema(edge: StreamEdge): Schema {
  return edge.keys.map((name) => fieldOf(edge.schema, name)!);
}
