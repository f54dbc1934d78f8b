/**
 * A job as the JobManager's core sees it: validated, planned, ready to be placed. Made by
 * ../job-planner.ts from src/plan, so that the core does not depend on how a job is planned.
 */
import type { RestartStrategySpec } from "../../plan/job-spec.ts";
import type { TaskDescriptor } from "../../protocol/deployment.ts";

/** A vertex of the job graph: a chain of operators with a parallelism. */
export interface PlannedVertex {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly slotSharingGroup: string;
}

/** Where one subtask is to run. */
export interface SubtaskPlace {
  readonly vertex: string;
  readonly subtask: number;
  readonly worker: string;
  readonly slot: number;
  /** Data listener of the worker. */
  readonly address: string;
}

/** A validated job. */
export interface PlannedJob {
  readonly name: string;
  readonly restartStrategy: RestartStrategySpec;
  readonly bufferTimeoutMs: number;
  readonly vertices: readonly PlannedVertex[];
  /** Content hashes of the uploaded bundles it uses. */
  readonly bundles: readonly string[];
  /** The job graph as JSON, in the shape of Flink's `/jobs/:id/plan`. */
  readonly plan: unknown;
  /** The task descriptors of each worker, for a full assignment of subtasks. */
  deployments(places: readonly SubtaskPlace[]): ReadonlyMap<string, readonly TaskDescriptor[]>;
}

/** One slot a job needs: the i-th subtask of every vertex of a slot sharing group runs in it. */
export interface SlotRequest {
  readonly group: string;
  readonly index: number;
}

/**
 * The slots a job needs: per slot sharing group, as many as its largest parallelism (Flink:
 * SlotSharingGroup).
 */
export function slotRequestsOf(job: {
  readonly vertices: readonly PlannedVertex[];
}): SlotRequest[] {
  const sizes = new Map<string, number>();
  for (const vertex of job.vertices) {
    const size = Math.max(sizes.get(vertex.slotSharingGroup) ?? 0, vertex.parallelism);
    sizes.set(vertex.slotSharingGroup, size);
  }
  const requests: SlotRequest[] = [];
  for (const [group, size] of sizes) {
    for (let index = 0; index < size; index += 1) requests.push({ group, index });
  }
  return requests;
}
