/**
 * Job graph: operators that can run in one task are chained (Flink: StreamingJobGraphGenerator). A
 * vertex is a chain; an edge crosses tasks.
 */
import { assert } from "../protocol/errors.ts";
import type { RestartStrategySpec } from "./job-spec.ts";
import type { StreamEdge, StreamGraph, StreamNode } from "./stream-graph.ts";

/** An operator in a chain. */
export interface ChainMember {
  readonly node: StreamNode;
  /** Where its input comes from in the chain; undefined for the head. */
  readonly input: { readonly from: number; readonly edge: StreamEdge } | undefined;
}

/** A chain of operators that runs as one task per subtask. */
export interface JobVertex {
  /** Id of the head. */
  readonly id: string;
  /** `Source -> (map, sink)`, as Flink writes it. */
  readonly name: string;
  /** The head first, then depth first: every operator stands behind the one that feeds it. */
  readonly chain: readonly ChainMember[];
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly slotSharingGroup: string;
}

/** An edge between two chains: it enters at the head of `to`. */
export interface JobEdge {
  readonly from: JobVertex;
  /** Place in the chain of the operator it leaves. */
  readonly fromOperator: number;
  readonly to: JobVertex;
  readonly edge: StreamEdge;
}

export interface JobGraph {
  readonly name: string;
  readonly bufferTimeoutMs: number;
  readonly restartStrategy: RestartStrategySpec;
  readonly bundles: readonly string[];
  /** In topological order of their heads. */
  readonly vertices: readonly JobVertex[];
  /** In the order of the job spec. */
  readonly edges: readonly JobEdge[];
}

/**
 * Whether `down` runs in the task of `up` (Flink: StreamingJobGraphGenerator.isChainable): the edge
 * is the only one into `down` (so no union and no second input), it is forward, both have the
 * same parallelism and slot sharing group, and both chaining strategies allow it: `up` is not
 * NEVER, `down` is ALWAYS. Different maxParallelism does not part a chain (Flink's default,
 * pipeline.operator-chaining.chain-operators-with-different-max-parallelism): the head's counts.
 */
export function isChainable(
  edge: StreamEdge,
  up: StreamNode,
  down: StreamNode,
  edgesIntoDown: number,
): boolean {
  return (
    edgesIntoDown === 1 &&
    edge.partitioner === "forward" &&
    up.parallelism === down.parallelism &&
    up.slotSharingGroup === down.slotSharingGroup &&
    up.chaining !== "never" &&
    down.chaining === "always"
  );
}

/** Chains a stream graph. */
export function buildJobGraph(graph: StreamGraph): JobGraph {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const into = Map.groupBy(graph.edges, (edge) => edge.to);
  const outOf = Map.groupBy(graph.edges, (edge) => edge.from);
  const chained = new Set<StreamEdge>();
  for (const edge of graph.edges) {
    const [up, down] = [nodes.get(edge.from)!, nodes.get(edge.to)!];
    if (isChainable(edge, up, down, into.get(edge.to)!.length)) chained.add(edge);
  }
  const vertices: JobVertex[] = [];
  const placeOf = new Map<string, { readonly vertex: JobVertex; readonly operator: number }>();
  for (const node of graph.nodes) {
    if ((into.get(node.id) ?? []).some((edge) => chained.has(edge))) continue;
    const chain = collectChain(node, nodes, outOf, chained);
    const vertex = vertexOf(chain);
    vertices.push(vertex);
    for (const [i, member] of chain.entries()) {
      placeOf.set(member.node.id, { vertex, operator: i });
    }
  }
  const crossing = graph.edges.filter((edge) => !chained.has(edge));
  const edges = crossing.map((edge): JobEdge => {
    const from = placeOf.get(edge.from)!;
    const to = placeOf.get(edge.to)!;
    assert(to.operator === 0, "an edge between tasks enters at a head");
    return { from: from.vertex, fromOperator: from.operator, to: to.vertex, edge };
  });
  const { name, bufferTimeoutMs, restartStrategy, bundles } = graph;
  return { name, bufferTimeoutMs, restartStrategy, bundles, vertices, edges };
}

function collectChain(
  head: StreamNode,
  nodes: ReadonlyMap<string, StreamNode>,
  outOf: ReadonlyMap<string, readonly StreamEdge[]>,
  chained: ReadonlySet<StreamEdge>,
): ChainMember[] {
  const chain: ChainMember[] = [];
  const pending: ChainMember[] = [{ node: head, input: undefined }];
  for (let member = pending.pop(); member !== undefined; member = pending.pop()) {
    const from = chain.push(member) - 1;
    const next = (outOf.get(member.node.id) ?? []).filter((edge) => chained.has(edge));
    for (const edge of next.reverse()) {
      pending.push({ node: nodes.get(edge.to)!, input: { from, edge } });
    }
  }
  return chain;
}

function vertexOf(chain: readonly ChainMember[]): JobVertex {
  const head = chain[0]!.node;
  return {
    id: head.id,
    name: chainName(chain, 0),
    chain,
    parallelism: head.parallelism,
    maxParallelism: head.maxParallelism,
    slotSharingGroup: head.slotSharingGroup,
  };
}

/** Flink's: `a -> b`, and `a -> (b, c)` where a chain parts. */
function chainName(chain: readonly ChainMember[], at: number): string {
  const names = new Array<string>(chain.length);
  // Backwards: the names of what an operator feeds are there before its own, however long the chain.
  for (let i = chain.length - 1; i >= at; i--) {
    const fed = chain.flatMap((member, j) => (member.input?.from === i ? [names[j]!] : []));
    const tail = fed.length > 1 ? `(${fed.join(", ")})` : fed[0];
    names[i] = tail === undefined ? chain[i]!.node.name : `${chain[i]!.node.name} -> ${tail}`;
  }
  return names[at]!;
}
