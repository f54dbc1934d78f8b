/**
 * A deployment as it travels: what the subtasks of a vertex share is there once, a worker's address
 * once, and channels by runs. An all-to-all edge between 160 subtasks, all on one worker, has 51,200
 * channel ends: as objects they were 4 MB, as runs they are some KB.
 */
import { z } from "zod";
import {
  type Deployment,
  deploymentSchema,
  exitSchema,
  type TaskDescriptor,
  taskDescriptorSchema,
} from "./deployment.ts";
import { JOB_MAX_CHANNELS } from "./limits.ts";

const index = z.int().min(0);

/** Channels `channel`, `channel + channelStep`, ... to `endpoint`, `endpoint + endpointStep`, ... */
const runSchema = z.tuple([index, z.int(), index, z.int(), z.int().min(1)]);
type Run = z.infer<typeof runSchema>;

const vertexSchema = taskDescriptorSchema
  .omit({ subtask: true, slot: true, gates: true, outputs: true })
  .extend({ gates: z.array(z.int()), outputs: z.array(exitSchema) });

const packedTaskSchema = z.strictObject({
  /** Index into `vertices`. */
  vertex: index,
  subtask: index,
  slot: index,
  /** Channels of each gate of the vertex. */
  gates: z.array(z.array(runSchema)),
  /** Channels of each output of the vertex. */
  outputs: z.array(z.array(runSchema).min(1)),
});

/** Wire form of a deployment. */
export const packedDeploymentSchema = deploymentSchema.omit({ tasks: true }).extend({
  workers: z.array(z.strictObject({ worker: z.string(), address: z.string() })),
  /** Index into `workers`, and slot there. */
  endpoints: z.array(z.tuple([index, index])),
  vertices: z.array(vertexSchema).min(1),
  tasks: z.array(packedTaskSchema).min(1),
});
export type PackedDeployment = z.infer<typeof packedDeploymentSchema>;

type Channel = TaskDescriptor["gates"][number]["channels"][number];
type Endpoint = Channel["peer"];

/** Wire form of a deployment; `unpackDeployment` gives an equal one back. */
export function packDeployment(deployment: Deployment): PackedDeployment {
  const { tasks, ...common } = deployment;
  const endpoints = new EndpointTable();
  const vertices = new VertexTable();
  const packed = tasks.map((task) => ({
    vertex: vertices.indexOf(task),
    subtask: task.subtask,
    slot: task.slot,
    gates: task.gates.map(({ channels }) => runsOf(channels, endpoints)),
    outputs: task.outputs.map(({ channels }) => runsOf(channels, endpoints)),
  }));
  return {
    ...common,
    workers: endpoints.workers,
    endpoints: endpoints.endpoints,
    vertices: vertices.vertices,
    tasks: packed,
  };
}

/** @throws RangeError saying what is wrong: an index without an entry, or too many channels */
export function unpackDeployment(packed: PackedDeployment): Deployment {
  const { workers, endpoints, vertices, tasks, ...common } = packed;
  checkChannels(tasks);
  const peers = endpoints.map(([worker, slot]) => ({ ...entry(workers, worker, "worker"), slot }));
  const unpacked = tasks.map((task): TaskDescriptor => {
    const { gates, outputs, ...vertex } = entry(vertices, task.vertex, "vertex");
    return {
      ...vertex,
      subtask: task.subtask,
      slot: task.slot,
      gates: gates.map((input, i) => ({
        input,
        channels: channelsOf(entry(task.gates, i, "gate"), peers),
      })),
      outputs: outputs.map((exit, i) => ({
        ...exit,
        channels: channelsOf(entry(task.outputs, i, "output"), peers),
      })),
    };
  });
  return { ...common, tasks: unpacked };
}

/** What the subtasks of a vertex have in common, each kind once. */
class VertexTable {
  readonly vertices: PackedDeployment["vertices"] = [];
  readonly #indexes = new Map<string, number>();
  /** Text of each chain: the subtasks of a vertex share the object. */
  readonly #chains = new Map<TaskDescriptor["chain"], string>();

  indexOf(task: TaskDescriptor): number {
    const { subtask: _subtask, slot: _slot, chain, gates, outputs, ...names } = task;
    const rest = {
      ...names,
      gates: gates.map(({ input }) => input),
      outputs: outputs.map(({ channels: _channels, ...exit }) => exit),
    };
    const chainText = this.#chains.get(chain) ?? JSON.stringify(chain);
    this.#chains.set(chain, chainText);
    const key = JSON.stringify(rest) + chainText;
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    this.#indexes.set(key, this.vertices.length);
    return this.vertices.push({ ...rest, chain }) - 1;
  }
}

/** Slots of the cluster that channels lead to, in the order in which they are first met. */
class EndpointTable {
  readonly workers: PackedDeployment["workers"] = [];
  readonly endpoints: PackedDeployment["endpoints"] = [];
  readonly #workers = new Map<string, number>();
  readonly #endpoints = new Map<string, number>();

  indexOf({ worker, slot, address }: Endpoint): number {
    const at = indexIn(this.#workers, `${worker}\n${address}`, () =>
      this.workers.push({ worker, address }),
    );
    return indexIn(this.#endpoints, `${slot}/${at}`, () => this.endpoints.push([at, slot]));
  }
}

/** Index of a key in a list that `add` makes longer by it. */
function indexIn(indexes: Map<string, number>, key: string, add: () => number): number {
  const known = indexes.get(key);
  if (known !== undefined) return known;
  const index = add() - 1;
  indexes.set(key, index);
  return index;
}

function runsOf(channels: readonly Channel[], table: EndpointTable): Run[] {
  const runs: Run[] = [];
  for (const { channel, peer } of channels) {
    const endpoint = table.indexOf(peer);
    const run = runs.at(-1);
    if (run === undefined || !extend(run, channel, endpoint))
      runs.push([channel, 0, endpoint, 0, 1]);
  }
  return runs;
}

/** Takes a channel into a run, if it goes on as the run does; the second one gives the steps. */
function extend(run: Run, channel: number, endpoint: number): boolean {
  const [firstChannel, , firstEndpoint, , count] = run;
  if (count === 1) {
    run[1] = channel - firstChannel;
    run[3] = endpoint - firstEndpoint;
  }
  if (channel !== firstChannel + count * run[1]) return false;
  if (endpoint !== firstEndpoint + count * run[3]) return false;
  run[4]++;
  return true;
}

function channelsOf(runs: readonly Run[], peers: readonly Endpoint[]): Channel[] {
  return runs.flatMap(([channel, channelStep, endpoint, endpointStep, count]) =>
    Array.from({ length: count }, (_, i) => ({
      channel: channel + i * channelStep,
      peer: entry(peers, endpoint + i * endpointStep, "endpoint"),
    })),
  );
}

/** Before any run is written out: a few bytes could name millions. */
function checkChannels(tasks: PackedDeployment["tasks"]): void {
  let ends = 0;
  for (const { gates, outputs } of tasks) {
    for (const run of [...gates, ...outputs].flat()) ends += run[4];
  }
  if (ends > 2 * JOB_MAX_CHANNELS) throw new RangeError(`${ends} channel ends are too many`);
}

function entry<T>(list: readonly T[], at: number, what: string): T {
  const found = list[at];
  if (found === undefined) throw new RangeError(`there is no ${what} ${at}`);
  return found;
}
