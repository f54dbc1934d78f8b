/** A job's graphs as text. */
import type { StreamEdge, StreamNode } from "../../plan/stream-graph.ts";
import { typeText } from "../../protocol/type-text.ts";
import { bold, dim } from "../terminal.ts";
import type { PlannedJob } from "./planned-job.ts";

/** Both graphs, one below the other. */
export function graphText({ streamGraph, jobGraph, slots }: PlannedJob): string {
  const lines = [
    bold(`Stream graph of ${streamGraph.name}: what the job says`),
    ...streamGraph.nodes.flatMap((node) => nodeLines(node, streamGraph.edges)),
    "",
    bold(`Job graph: what runs, a task for each subtask (${slots} slots)`),
  ];
  const numbers = new Map(jobGraph.vertices.map((vertex, i) => [vertex, i + 1]));
  for (const vertex of jobGraph.vertices) {
    const group =
      vertex.slotSharingGroup === "default" ? "" : `, slots of ${vertex.slotSharingGroup}`;
    lines.push(`[${numbers.get(vertex)}] ${vertex.name}  ${dim(`x${vertex.parallelism}${group}`)}`);
    for (const { from, to, edge } of jobGraph.edges) {
      if (from !== vertex) continue;
      lines.push(`    ${edgeLabel(edge)} -> [${numbers.get(to)}]`);
    }
  }
  return lines.join("\n");
}

function nodeLines(node: StreamNode, edges: readonly StreamEdge[]): string[] {
  const about = [`x${node.parallelism}`];
  if (node.connector !== undefined) about.push(connectorText(node));
  if (node.chaining !== "always") about.push(`chaining ${node.chaining}`);
  if (node.onRowError !== "fail") about.push(`a row that fails: ${node.onRowError}`);
  const lines = [`${node.id}  ${node.name}  ${dim(about.join(", "))}`];
  const parameters = Object.entries(node.parameters);
  if (parameters.length > 0) {
    const text = parameters.map(([name, value]) => `${name} ${JSON.stringify(value)}`).join(", ");
    lines.push(`    ${dim(`with ${shortened(text)}`)}`);
  }
  for (const edge of edges) {
    if (edge.from !== node.id) continue;
    const columns = edge.schema.map((field) => `${field.name} ${typeText(field.type)}`).join(", ");
    lines.push(`    ${edgeLabel(edge)} -> ${edge.to}  ${dim(`(${columns})`)}`);
  }
  return lines;
}

/** `file novel.txt`. */
export function connectorText(node: StreamNode): string {
  const { connector } = node;
  if (connector === undefined) return "";
  const { type, path } = connector as { readonly type: string; readonly path?: string };
  return path === undefined ? type : `${type} ${path}`;
}

/** `HASH word`, `late REBALANCE`. */
export function edgeLabel(edge: StreamEdge): string {
  const output = edge.outputName === "main" ? "" : `${edge.outputName} `;
  const strategy = edge.partitioner === "key_by" ? "HASH" : edge.partitioner.toUpperCase();
  const mode = edge.changeMode.mode === "insert-only" ? "" : ` ${edge.changeMode.mode}`;
  return `${output}${strategy}${edge.keys.length === 0 ? "" : ` ${edge.keys.join(", ")}`}${mode}`;
}

const PARAMETERS_MAX_CHARS = 160;

function shortened(text: string): string {
  return text.length <= PARAMETERS_MAX_CHARS ? text : `${text.slice(0, PARAMETERS_MAX_CHARS)}…`;
}
