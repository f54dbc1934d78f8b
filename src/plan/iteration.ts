/**
 * Iterations in a job spec: an edge into input 1 of an `iteration_head` leads back. The head is one task through
 * which all rows of the loop pass, so that it can tell when none is left (src/taskmanager/core/feedback-loop.ts).
 */
import { MillraceError } from "../protocol/errors.ts";
import type { OperatorDescription } from "../protocol/manifest.ts";
import type { EdgeSpec, VertexSpec } from "./job-spec.ts";
import type { FoundOperator } from "./operator-lookup.ts";
import { sameChangeMode, sameSchema, schemaText } from "./schema-match.ts";
import type { NodeInput, StreamEdge, StreamNode } from "./stream-graph.ts";
import type { PlacedEdge, PlacedVertex } from "./topology.ts";

export const ITERATION_HEAD = "iteration_head";
/** The input over which rows come back. */
export const FEEDBACK_INPUT = 1;

/** Its two inputs have the same columns. */
export function iterationHead(description: OperatorDescription): OperatorDescription {
  const [input] = description.inputs;
  return { ...description, inputs: [input!, input!] };
}

/** Whether a vertex is the head of an iteration. */
export function isIterationHead({ bundle, operator }: Pick<StreamNode, "bundle" | "operator">) {
  return bundle === "builtin" && operator === ITERATION_HEAD;
}

/** Whether an edge leads back. */
export function isFeedbackEdge(edge: EdgeSpec, { operator }: VertexSpec): boolean {
  const isHead = operator.bundle === "builtin" && operator.name === ITERATION_HEAD;
  return isHead && edge.input === FEEDBACK_INPUT;
}

/** The edges into a vertex: those that lead back, and the others. */
export function iterationEdges({ incoming, spec }: PlacedVertex): {
  readonly incoming: readonly PlacedEdge[];
  readonly feedback: readonly PlacedEdge[];
} {
  const isBack = (edge: PlacedEdge) => isFeedbackEdge(edge.spec, spec);
  return {
    incoming: incoming.filter((edge) => !isBack(edge)),
    feedback: incoming.filter(isBack),
  };
}

/**
 * The inputs of an operator; of the head of an iteration the second is as the first, since what comes back is not
 * planned yet.
 * @throws MillraceError JOB_ITERATION_INVALID, and what `plan` throws
 */
export function planIterationInputs(
  operator: FoundOperator,
  parallelism: number,
  field: string,
  plan: (operator: FoundOperator) => NodeInput[],
): NodeInput[] {
  if (operator.builtin === undefined || operator.name !== ITERATION_HEAD) return plan(operator);
  if (parallelism !== 1) {
    const message = `Cannot plan ${operator.name}: one task has to see all rows of the loop`;
    const detail = { field: `${field}.parallelism`, value: parallelism, expected: "1" };
    throw new MillraceError("JOB_ITERATION_INVALID", message, detail);
  }
  const { description } = operator;
  const outside = { ...description, inputs: description.inputs.slice(0, FEEDBACK_INPUT) };
  const [input] = plan({ ...operator, description: outside });
  return [input!, input!];
}

/**
 * Checks what leads back to the head of an iteration; nothing where `head` is none.
 * @throws MillraceError JOB_INPUT_UNCONNECTED, JOB_UNION_MISMATCH, JOB_ITERATION_INVALID
 */
export function checkFeedback(
  head: StreamNode,
  feedback: readonly StreamEdge[],
  edges: readonly StreamEdge[],
  nodes: ReadonlyMap<string, StreamNode>,
): void {
  if (!isIterationHead(head)) return;
  if (feedback.length === 0) {
    const message = `Cannot plan ${head.id}: nothing leads back into the iteration`;
    const detail = { field: head.id, expected: "closeWith(stream): an edge into its input 1" };
    throw new MillraceError("JOB_INPUT_UNCONNECTED", message, detail);
  }
  const input = head.inputs[0]!;
  for (const edge of feedback) {
    const fits = sameSchema(edge.schema, input.schema);
    if (!fits || !sameChangeMode(edge.changeMode, input.changeMode)) {
      const message = `Cannot connect ${edge.from} to ${head.id}: what comes back has other columns than what goes in`;
      throw new MillraceError("JOB_UNION_MISMATCH", message, {
        field: `edges[${edge.index}]`,
        value: `${schemaText(edge.schema)} ${edge.changeMode.mode}`,
        expected: `${schemaText(input.schema)} ${input.changeMode.mode}`,
      });
    }
    checkWatermarksPass(head, edge, edges, nodes);
  }
}

/** The head knows by watermarks what has gone round: an operator that makes its own would keep them, or lie. */
function checkWatermarksPass(
  head: StreamNode,
  feedback: StreamEdge,
  edges: readonly StreamEdge[],
  nodes: ReadonlyMap<string, StreamNode>,
): void {
  const inLoop = reaching(feedback.from, edges);
  const fromHead = reaching(head.id, edges, "down");
  for (const id of inLoop) {
    const node = nodes.get(id)!;
    const reason = id === head.id || !fromHead.has(id) ? undefined : keepsMarkers(node);
    if (reason === undefined) continue;
    throw new MillraceError("JOB_ITERATION_INVALID", `Cannot plan ${id}: ${reason.state}`, {
      field: id,
      value: node.operator,
      expected: reason.expected,
    });
  }
}

/** Why no marker of a loop comes back from an operator in time; undefined: it hands them on. */
function keepsMarkers(node: StreamNode) {
  if (isIterationHead(node)) {
    return {
      state: "an iteration stands within another",
      expected: "one iteration behind the other",
    };
  }
  if (node.bundle !== "builtin" || node.operator !== "assign_timestamps") return undefined;
  return {
    state: "timestamps and watermarks are assigned within an iteration",
    expected: "assignTimestampsAndWatermarks before iterate()",
  };
}

/** The vertices from which one is reached, or which it reaches, itself among them. */
function reaching(
  id: string,
  edges: readonly StreamEdge[],
  direction: "up" | "down" = "up",
): Set<string> {
  const [near, far] = direction === "up" ? (["to", "from"] as const) : (["from", "to"] as const);
  const found = new Set([id]);
  for (const one of found) {
    for (const edge of edges) if (edge[near] === one) found.add(edge[far]);
  }
  return found;
}
