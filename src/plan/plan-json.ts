/**
 * The plan of a job as JSON, in the shape of Flink's `/jobs/:id/plan` (JsonPlanGenerator): a node per
 * chain with its inputs and their ship strategies. Beyond Flink, every edge carries its schema,
 * change mode and time attribute, and a node lists the operators of its chain.
 */
import type { Partitioner } from "../protocol/deployment.ts";
import { typeText } from "../protocol/type-text.ts";
import type { ChangeMode } from "../protocol/types.ts";
import type { JobGraph, JobVertex } from "./job-graph.ts";
import type { StreamEdge } from "./stream-graph.ts";

/** What an edge carries. */
export interface PlanEdge {
  readonly output: string;
  readonly schema: readonly { readonly name: string; readonly type: string }[];
  readonly change_mode: ChangeMode;
  readonly partitioning: { readonly strategy: Partitioner; readonly keys: readonly string[] };
  readonly time_attribute: string | null;
}

export interface PlanInput extends PlanEdge {
  /** Number of the input among the node's. */
  readonly num: number;
  /** Id of the producing node. */
  readonly id: string;
  readonly ship_strategy: string;
  readonly exchange: "pipelined_bounded";
}

export interface PlanOperator {
  readonly uid: string;
  readonly name: string;
  readonly operator: string;
  readonly bundle: string;
  readonly connector?: string;
  /** Edge from an operator of the same chain, by its place; absent for the head. */
  readonly chained?: PlanEdge & { readonly from: number };
}

export interface PlanNode {
  readonly id: string;
  readonly parallelism: number;
  readonly max_parallelism: number;
  readonly slot_sharing_group: string;
  readonly operator: string;
  readonly operator_strategy: string;
  readonly description: string;
  readonly chain: readonly PlanOperator[];
  readonly inputs?: readonly PlanInput[];
  readonly optimizer_properties: Readonly<Record<string, never>>;
}

export interface PlanJson {
  readonly jid: string;
  readonly name: string;
  readonly type: "STREAMING";
  readonly nodes: readonly PlanNode[];
}

/** @param jid Id of the job; empty for a job that is only planned. */
export function planJson(graph: JobGraph, jid = ""): PlanJson {
  return {
    jid,
    name: graph.name,
    type: "STREAMING",
    nodes: graph.vertices.map((vertex) => planNode(graph, vertex)),
  };
}

function planNode(graph: JobGraph, vertex: JobVertex): PlanNode {
  const into = graph.edges.filter((edge) => edge.to === vertex);
  const inputs = into.map(
    ({ from, edge }, num): PlanInput => ({
      num,
      id: from.id,
      ship_strategy: shipStrategy(edge.partitioner),
      exchange: "pipelined_bounded",
      ...planEdge(edge),
    }),
  );
  return {
    id: vertex.id,
    parallelism: vertex.parallelism,
    max_parallelism: vertex.maxParallelism,
    slot_sharing_group: vertex.slotSharingGroup,
    operator: "",
    operator_strategy: "",
    description: vertex.name,
    chain: vertex.chain.map(planOperator),
    ...(inputs.length === 0 ? {} : { inputs }),
    optimizer_properties: {},
  };
}

function planOperator({ node, input }: JobVertex["chain"][number]): PlanOperator {
  const { uid, name, operator, bundle, connector } = node;
  return {
    uid,
    name,
    operator,
    bundle,
    ...(connector === undefined ? {} : { connector: connector.type }),
    ...(input === undefined ? {} : { chained: { from: input.from, ...planEdge(input.edge) } }),
  };
}

function planEdge(edge: StreamEdge): PlanEdge {
  return {
    output: edge.outputName,
    schema: edge.schema.map(({ name, type }) => ({ name, type: typeText(type) })),
    change_mode: edge.changeMode,
    partitioning: { strategy: edge.partitioner, keys: edge.keys },
    time_attribute: edge.timeAttribute,
  };
}

/** Flink's names: StreamPartitioner.toString. */
function shipStrategy(partitioner: Partitioner): string {
  return partitioner === "key_by" ? "HASH" : partitioner.toUpperCase();
}
