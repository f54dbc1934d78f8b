/** From a job spec to what the core places: the one seam between src/plan and the JobManager. */
import { buildExecutionGraph, deployments } from "../plan/execution-graph.ts";
import { buildJobGraph } from "../plan/job-graph.ts";
import type { ManifestLookup } from "../plan/operator-lookup.ts";
import { planJson } from "../plan/plan-json.ts";
import { validateJob } from "../plan/validate-job.ts";
import type { JobPlanner } from "./app-context.ts";
import type { PlannedJob } from "./core/planned-job.ts";
import { restartStrategyOf } from "./core/restart-strategy.ts";

/** @param manifestOf self-descriptions of the uploaded bundles */
export function createJobPlanner(manifestOf: ManifestLookup): JobPlanner {
  return (spec) => planJob(spec, manifestOf);
}

/** @throws MillraceError of the validation, or RESTART_STRATEGY_INVALID */
export function planJob(spec: unknown, manifestOf: ManifestLookup): PlannedJob {
  const jobGraph = buildJobGraph(validateJob(spec, manifestOf));
  // Its options are refused now, not at the first failure.
  restartStrategyOf(jobGraph.restartStrategy);
  const executionGraph = buildExecutionGraph(jobGraph);
  const { name, restartStrategy, bufferTimeoutMs, bundles } = jobGraph;
  return {
    name,
    restartStrategy,
    bufferTimeoutMs,
    bundles: bundles.filter((bundle) => bundle !== "builtin"),
    vertices: jobGraph.vertices.map((vertex) => ({
      id: vertex.id,
      name: vertex.name,
      parallelism: vertex.parallelism,
      maxParallelism: vertex.maxParallelism,
      slotSharingGroup: vertex.slotSharingGroup,
    })),
    plan: planJson(jobGraph, ""),
    // A worker knows the engine's own bundle by its name: it has its own copy.
    deployments: (places) => deployments(executionGraph, places, (bundle) => bundle),
  };
}
