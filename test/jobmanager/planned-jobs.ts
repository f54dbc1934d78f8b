/** Jobs for tests of the JobManager, without the planner. */
import type { PlannedJob, PlannedVertex } from "../../src/jobmanager/core/planned-job.ts";
import type { RestartStrategySpec } from "../../src/plan/job-spec.ts";
import type { TaskDescriptor } from "../../src/protocol/deployment.ts";

interface PlannedJobOptions {
  readonly name?: string;
  readonly parallelism?: number;
  readonly restartStrategy?: RestartStrategySpec;
  /** Connector type of the sink; `files` holds output back, `collect` hands rows out. */
  readonly sink?: string;
  readonly bundles?: readonly string[];
  /** Of every operator. */
  readonly parameters?: Record<string, unknown>;
}

/** A job of one source vertex and one sink vertex, both of that parallelism. */
export function plannedJob(options: PlannedJobOptions = {}): PlannedJob {
  const parallelism = options.parallelism ?? 2;
  const vertex = (id: string): PlannedVertex => ({
    id,
    name: id,
    parallelism,
    maxParallelism: 128,
    slotSharingGroup: "default",
  });
  return {
    name: options.name ?? "words",
    restartStrategy: options.restartStrategy ?? { type: "none" },
    bufferTimeoutMs: 10,
    vertices: [vertex("source"), vertex("sink")],
    bundles: options.bundles ?? [],
    plan: { nodes: [{ id: "source" }, { id: "sink" }] },
    deployments: (places) => {
      const tasks = new Map<string, TaskDescriptor[]>();
      for (const place of places) {
        const list = tasks.get(place.worker) ?? [];
        const connector = place.vertex === "sink" ? (options.sink ?? "blackhole") : "datagen";
        list.push(descriptor(place, parallelism, connector, options.parameters ?? {}));
        tasks.set(place.worker, list);
      }
      return tasks;
    },
  };
}

function descriptor(
  place: { vertex: string; subtask: number; slot: number },
  parallelism: number,
  connector: string,
  parameters: Record<string, unknown>,
): TaskDescriptor {
  return {
    vertex: place.vertex,
    name: place.vertex,
    subtask: place.subtask,
    parallelism,
    maxParallelism: 128,
    slot: place.slot,
    chain: [
      {
        uid: place.vertex,
        name: place.vertex,
        bundle: "builtin",
        operator: "any",
        parameters,
        connector: { type: connector },
        inputs: [],
        outputs: [],
        onRowError: "fail",
      },
    ],
    gates: [],
    outputs: [],
  };
}
