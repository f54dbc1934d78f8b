/**
 * Execution graph: subtasks and numbered channels, and from them what each worker is told (Flink:
 * ExecutionGraph, TaskDeploymentDescriptor).
 */
import type { Partitioner, TaskDescriptor } from "../protocol/deployment.ts";
import { assert, MillraceError } from "../protocol/errors.ts";
import { keyGroupRange } from "../protocol/key-group.ts";
import { JOB_MAX_CHANNELS, JOB_MAX_SUBTASKS } from "../protocol/limits.ts";
import { FEEDBACK_INPUT, isIterationHead } from "./iteration.ts";
import type { JobEdge, JobGraph, JobVertex } from "./job-graph.ts";

/** A channel from one subtask to another. */
export interface Channel {
  /** Unique in the job. */
  readonly channel: number;
  readonly fromSubtask: number;
  readonly toSubtask: number;
}

/** An edge with its channels, by producer, then consumer. */
export interface ExecutionEdge extends JobEdge {
  readonly channels: readonly Channel[];
}

/** One subtask of a vertex. */
export interface Subtask {
  readonly vertex: JobVertex;
  readonly subtask: number;
  /** Inclusive. */
  readonly keyGroups: { readonly start: number; readonly end: number };
}

export interface ExecutionGraph {
  readonly job: JobGraph;
  /** By vertex, then number. */
  readonly subtasks: readonly Subtask[];
  readonly edges: readonly ExecutionEdge[];
}

/**
 * Numbers subtasks and channels.
 * @throws MillraceError JOB_TOO_LARGE if they are more than JOB_MAX_SUBTASKS or JOB_MAX_CHANNELS.
 */
export function buildExecutionGraph(job: JobGraph): ExecutionGraph {
  const subtaskCount = job.vertices.reduce((sum, vertex) => sum + vertex.parallelism, 0);
  checkSize("subtasks", subtaskCount, JOB_MAX_SUBTASKS);
  const channelCount = job.edges.reduce((sum, edge) => sum + channelsOf(edge), 0);
  checkSize("channels", channelCount, JOB_MAX_CHANNELS);
  let next = 0;
  const edges = job.edges.map((edge): ExecutionEdge => {
    const { from, to } = edge;
    const channels: Channel[] = [];
    for (let fromSubtask = 0; fromSubtask < from.parallelism; fromSubtask++) {
      const [start, end] = consumerRange(
        edge.edge.partitioner,
        fromSubtask,
        from.parallelism,
        to.parallelism,
      );
      for (let toSubtask = start; toSubtask < end; toSubtask++) {
        channels.push({ channel: next++, fromSubtask, toSubtask });
      }
    }
    return { ...edge, channels };
  });
  const subtasks = job.vertices.flatMap((vertex) =>
    Array.from({ length: vertex.parallelism }, (_, subtask) => ({
      vertex,
      subtask,
      keyGroups: keyGroupRange(subtask, vertex.maxParallelism, vertex.parallelism),
    })),
  );
  return { job, subtasks, edges };
}

function checkSize(what: string, count: number, limit: number): void {
  if (count <= limit) return;
  const message = `Cannot plan job: it has ${count} ${what}`;
  throw new MillraceError("JOB_TOO_LARGE", message, {
    field: "parallelism",
    value: count,
    expected: `at most ${limit} ${what}`,
  });
}

function isPointwise(partitioner: Partitioner): boolean {
  return partitioner === "forward" || partitioner === "rescale";
}

function channelsOf({ edge, from, to }: JobEdge): number {
  if (!isPointwise(edge.partitioner)) return from.parallelism * to.parallelism;
  return Math.max(from.parallelism, to.parallelism);
}

/**
 * Consumers of a producer's subtask, [start, end). Forward and rescale are pointwise, the others go
 * to all (Flink: VertexInputInfoComputationUtils.computeVertexInputInfoForPointwise; before,
 * EdgeManagerBuildUtil.connectPointwise).
 */
export function consumerRange(
  partitioner: Partitioner,
  producer: number,
  producers: number,
  consumers: number,
): readonly [start: number, end: number] {
  if (!isPointwise(partitioner)) return [0, consumers];
  if (producers < consumers) {
    const start = Math.floor((producer * consumers + producers - 1) / producers);
    const end = Math.floor(((producer + 1) * consumers + producers - 1) / producers);
    return [start, end];
  }
  // Consumer c reads the producers [c * producers / consumers, (c + 1) * producers / consumers).
  const consumer = Math.floor(((producer + 1) * consumers - 1) / producers);
  return [consumer, consumer + 1];
}

/** Where a subtask runs. */
export interface TaskPlace {
  readonly vertex: string;
  readonly subtask: number;
  readonly worker: string;
  readonly slot: number;
  /** Address of the worker's data listener. */
  readonly address: string;
}

/** Content hash of the bundle that an operator names ("builtin": that of the engine's own). */
export type BundleHash = (bundle: string) => string;

/**
 * The task descriptors of each worker, for a place of every subtask; workers in the order of their
 * first task, tasks by vertex, then number.
 */
export function deployments(
  graph: ExecutionGraph,
  places: readonly TaskPlace[],
  bundleHash: BundleHash,
): Map<string, TaskDescriptor[]> {
  const placeOf = new Map(places.map((place) => [`${place.subtask} ${place.vertex}`, place]));
  const at = (vertex: string, subtask: number): TaskPlace => {
    const place = placeOf.get(`${subtask} ${vertex}`);
    assert(place !== undefined, `subtask ${subtask} of ${vertex} has a place`);
    return place;
  };
  const workers = new Map<string, TaskDescriptor[]>();
  // One object for all subtasks of a vertex.
  const chains = new Map<JobVertex, TaskDescriptor["chain"]>();
  for (const vertex of graph.job.vertices) {
    chains.set(
      vertex,
      vertex.chain.map((member) => chainedOperator(member, bundleHash)),
    );
  }
  const links = new ChannelIndex(graph);
  for (const { vertex, subtask } of graph.subtasks) {
    const { worker, slot } = at(vertex.id, subtask);
    const task: TaskDescriptor = {
      vertex: vertex.id,
      name: vertex.name,
      subtask,
      parallelism: vertex.parallelism,
      maxParallelism: vertex.maxParallelism,
      slot,
      chain: chains.get(vertex)!,
      gates: gatesOf(vertex, subtask, links, at),
      ...(isIterationHead(vertex.chain[0]!.node) ? { feedbackInput: FEEDBACK_INPUT } : {}),
      outputs: outputsOf(vertex, subtask, links, at, bundleHash),
    };
    const tasks = workers.get(worker);
    if (tasks === undefined) workers.set(worker, [task]);
    else tasks.push(task);
  }
  return workers;
}

/** Channels by their ends, so that a large job is not searched for each task. */
class ChannelIndex {
  readonly #into = new Map<string, { readonly edge: ExecutionEdge; readonly by: Channel[][] }[]>();
  readonly #outOf = new Map<string, { readonly edge: ExecutionEdge; readonly by: Channel[][] }[]>();

  constructor(graph: ExecutionGraph) {
    for (const edge of graph.edges) {
      const into: Channel[][] = Array.from({ length: edge.to.parallelism }, () => []);
      const outOf: Channel[][] = Array.from({ length: edge.from.parallelism }, () => []);
      for (const channel of edge.channels) {
        into[channel.toSubtask]!.push(channel);
        outOf[channel.fromSubtask]!.push(channel);
      }
      add(this.#into, edge.to.id, { edge, by: into });
      add(this.#outOf, edge.from.id, { edge, by: outOf });
    }
  }

  into(vertex: string, subtask: number): { edge: ExecutionEdge; channels: Channel[] }[] {
    return (this.#into.get(vertex) ?? []).map(({ edge, by }) => ({ edge, channels: by[subtask]! }));
  }

  outOf(vertex: string, subtask: number): { edge: ExecutionEdge; channels: Channel[] }[] {
    return (this.#outOf.get(vertex) ?? []).map(({ edge, by }) => ({
      edge,
      channels: by[subtask]!,
    }));
  }
}

function add<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

function chainedOperator(
  { node, input }: JobVertex["chain"][number],
  bundleHash: BundleHash,
): TaskDescriptor["chain"][number] {
  const operator: TaskDescriptor["chain"][number] = {
    uid: node.uid,
    name: node.name,
    bundle: bundleHash(node.bundle),
    operator: node.operator,
    parameters: { ...node.parameters },
    inputs: node.inputs.map(({ schema, changeMode, keys }, i) => ({
      name: `input ${i}`,
      schema,
      changeMode,
      keys: [...keys],
    })),
    outputs: node.outputs.map(({ name, schema, changeMode }) => ({
      name,
      schema,
      changeMode,
      keys: [],
    })),
    onRowError: node.onRowError,
  };
  if (node.stateBudgetBytes !== undefined) operator.stateBudgetBytes = node.stateBudgetBytes;
  if (node.connector !== undefined) operator.connector = node.connector;
  if (input !== undefined) operator.input = { from: input.from, output: input.edge.output };
  return operator;
}

type PlaceOf = (vertex: string, subtask: number) => TaskPlace;

function endpoint({ worker, slot, address }: TaskPlace) {
  return { worker, slot, address };
}

/** Channels into the head, per input; within an input by edge, then producer. */
function gatesOf(
  vertex: JobVertex,
  subtask: number,
  links: ChannelIndex,
  at: PlaceOf,
): TaskDescriptor["gates"] {
  const into = links.into(vertex.id, subtask);
  return vertex.chain[0]!.node.inputs.map((_, input) => ({
    input,
    channels: into
      .filter(({ edge }) => edge.edge.input === input)
      .flatMap(({ edge, channels }) =>
        channels.map(({ channel, fromSubtask }) => ({
          channel,
          peer: endpoint(at(edge.from.id, fromSubtask)),
        })),
      ),
  }));
}

/** Edges out of the chain; channels by consumer, so that channel i of key_by is subtask i. */
function outputsOf(
  vertex: JobVertex,
  subtask: number,
  links: ChannelIndex,
  at: PlaceOf,
  bundleHash: BundleHash,
): TaskDescriptor["outputs"] {
  return links.outOf(vertex.id, subtask).map(({ edge, channels }) => {
    const { output, partitioner, keys, partitionerOperator } = edge.edge;
    const described: TaskDescriptor["outputs"][number] = {
      from: edge.fromOperator,
      output,
      partitioner,
      keys: [...keys],
      channels: channels.map(({ channel, toSubtask }) => ({
        channel,
        peer: endpoint(at(edge.to.id, toSubtask)),
      })),
    };
    // Key groups are the consumer's (Flink: KeyGroupStreamPartitioner.configure): all its producers
    // have to send a key to the same subtask.
    if (partitioner === "key_by" && edge.to.maxParallelism !== vertex.maxParallelism) {
      described.maxParallelism = edge.to.maxParallelism;
    }
    if (partitionerOperator === undefined) return described;
    const { bundle, operator, parameters } = partitionerOperator;
    described.partitionerOperator = {
      bundle: bundleHash(bundle),
      operator,
      parameters: { ...parameters },
    };
    return described;
  });
}
