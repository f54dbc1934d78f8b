/** From a job spec to what the core places: the one seam between src/plan and the JobManager. */
import { buildExecutionGraph, deployments } from "../plan/execution-graph.ts";
import { buildJobGraph, type JobGraph } from "../plan/job-graph.ts";
import type { JobSpecInput } from "../plan/job-spec.ts";
import type { ManifestLookup } from "../plan/operator-lookup.ts";
import { planJson } from "../plan/plan-json.ts";
import { validateJob } from "../plan/validate-job.ts";
import { assert, errorFromBody } from "../protocol/errors.ts";
import { BATCH_ROWS, MODULE_MEMORY_MAX_PAGES, WORKERS_MAX } from "../protocol/limits.ts";
import type { JobPlanner } from "./app-context.ts";
import { deploymentTooLarge } from "./core/deployment-size.ts";
import type { PlannedJob } from "./core/planned-job.ts";
import { restartStrategyOf } from "./core/restart-strategy.ts";
import {
  type GrantedEndpoints,
  grantedEndpoints,
  type HttpGrants,
  withEndpoints,
} from "./http-grants.ts";

/**
 * @param manifestOf self-descriptions of the uploaded bundles
 * @param grants HTTP endpoints that asynchronous functions may reach
 */
export function createJobPlanner(
  manifestOf: ManifestLookup,
  grants: HttpGrants = new Map(),
): JobPlanner {
  return (spec) => planJob(spec, manifestOf, grants);
}

/** @throws MillraceError of the validation, RESTART_STRATEGY_INVALID, HTTP_ENDPOINT_NOT_GRANTED */
export function planJob(
  spec: unknown,
  manifestOf: ManifestLookup,
  grants: HttpGrants = new Map(),
): PlannedJob {
  const graph = validateJob(spec, manifestOf);
  // It has been validated.
  const granted = grantedEndpoints(spec as JobSpecInput, graph, grants);
  const jobGraph = buildJobGraph(graph);
  // Its options are refused now, not at the first failure.
  restartStrategyOf(jobGraph.restartStrategy);
  // So is a job that is too large. The graph is made again to deploy: kept, its channels would take
  // megabytes for as long as the job is remembered.
  checkDeployment(jobGraph, granted);
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
    deployments: (places) => {
      const graph = buildExecutionGraph(jobGraph);
      return withEndpoints(
        deployments(graph, places, (bundle) => bundle),
        granted,
      );
    },
  };
}

/**
 * Takes the job as a whole for what one worker is told: no placement makes more of it, but for the
 * addresses of other workers.
 * @throws MillraceError JOB_TOO_LARGE, DEPLOYMENT_TOO_LARGE
 */
function checkDeployment(jobGraph: JobGraph, granted: GrantedEndpoints): void {
  const graph = buildExecutionGraph(jobGraph);
  const at = { worker: "", address: "" };
  const places = graph.subtasks.map(({ vertex, subtask }) => {
    return { ...at, vertex: vertex.id, subtask, slot: subtask };
  });
  const made = deployments(graph, places, (bundle) => bundle);
  const tasks = withEndpoints(made, granted).get(at.worker);
  assert(tasks !== undefined, "a job has tasks");
  const { name: jobName, bufferTimeoutMs } = jobGraph;
  const options = { attempt: 1, batchRows: BATCH_ROWS, memoryMaxPages: MODULE_MEMORY_MAX_PAGES };
  const deployment = { job: JOB_ID_FORM, jobName, bufferTimeoutMs, ...options, tasks: [...tasks] };
  const workers = Math.min(WORKERS_MAX, graph.subtasks.length);
  const refused = deploymentTooLarge(deployment, workers * WORKER_ENDPOINT_BYTES);
  if (refused !== undefined) throw errorFromBody(refused);
}

/** As long as any id. */
const JOB_ID_FORM = "0".repeat(36);
/** A worker's name and address in a deployment, as long as they usually are at most. */
const WORKER_ENDPOINT_BYTES = 256;
