/** A job's graphs, made on the client as the JobManager makes them. */
import { buildJobGraph, type JobGraph, slotsNeeded } from "../../plan/job-graph.ts";
import type { StreamGraph } from "../../plan/stream-graph.ts";
import { validateJob } from "../../plan/validate-job.ts";
import { inspectBundle } from "../../protocol/bundle/inspect.ts";
import type { LoadedJob } from "../job-file.ts";

export interface PlannedJob {
  readonly streamGraph: StreamGraph;
  readonly jobGraph: JobGraph;
  readonly slots: number;
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
