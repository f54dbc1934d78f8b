/** A job's graphs, made on the client as the JobManager makes them. */
import { buildJobGraph, type JobGraph } from "../../plan/job-graph.ts";
import type { StreamGraph } from "../../plan/stream-graph.ts";
import { validateJob } from "../../plan/validate-job.ts";
import { inspectBundle } from "../../protocol/bundle/inspect.ts";
import type { LoadedJob } from "../job-file.ts";

export interface PlannedJob {
  readonly streamGraph: StreamGraph;
  readonly jobGraph: JobGraph;
  readonly slots: number;
}

/**
 * Slots a job needs: the i-th subtask of every vertex of a slot sharing group runs in one slot, so
 * each group needs as many as its largest parallelism (Flink: SlotSharingGroup).
 */
function slotsNeeded(graph: JobGraph): number {
  const sizes = new Map<string, number>();
  for (const { slotSharingGroup, parallelism } of graph.vertices) {
    sizes.set(slotSharingGroup, Math.max(sizes.get(slotSharingGroup) ?? 0, parallelism));
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** @throws MillraceError of validateJob, as at submission */
export function planJob({ spec, bundles }: LoadedJob): PlannedJob {
  const manifests = new Map(
    [...bundles].map(([hash, bytes]) => [hash, inspectBundle(bytes).manifest]),
  );
  const streamGraph = validateJob(spec, (bundle) => manifests.get(bundle));
  const jobGraph = buildJobGraph(streamGraph);
  return { streamGraph, jobGraph, slots: slotsNeeded(jobGraph) };
}
