/** Jobs as the REST API shows them: Flink's JSON. */
import type { z } from "@hono/zod-openapi";
import { shownMetrics } from "../protocol/user-metric.ts";
import { isTaskTerminal, type TaskRecord } from "./core/attempt.ts";
import type { FailureCause } from "./core/exception-history.ts";
import { isTerminal, type JobStatus, type SubtaskState } from "./core/inputs-and-actions.ts";
import type { JobMaster } from "./core/job-master.ts";
import type { PlannedVertex } from "./core/planned-job.ts";
import type {
  exceptionsSchema,
  jobDetailsSchema,
  jobOverviewSchema,
  subtaskSchema,
  vertexSchema,
} from "./rest-schemas.ts";

/** Turns monotonic ms into ms since the epoch. */
export interface ViewClock {
  nowMs(): number;
  wallMs(monotonicMs: number): number;
}

type Metrics = z.infer<typeof subtaskSchema>["metrics"];

const STATUSES: readonly JobStatus[] = [
  "CREATED",
  "RUNNING",
  "FAILING",
  "FAILED",
  "CANCELLING",
  "CANCELED",
  "FINISHED",
  "RESTARTING",
];
const TASK_STATES: readonly SubtaskState[] = [
  "CREATED",
  "DEPLOYING",
  "RUNNING",
  "FINISHED",
  "CANCELING",
  "CANCELED",
  "FAILED",
];

export function jobOverview(job: JobMaster, clock: ViewClock): z.infer<typeof jobOverviewSchema> {
  const times = timesOf(job, clock);
  const tasks = subtasksOf(job, undefined);
  const counts = stateCounts(tasks.map((task) => task.state));
  return {
    jid: job.id,
    name: job.planned.name,
    state: job.status,
    ...times,
    "last-modification": clock.wallMs(Math.max(...job.statusAtMs.values())),
    attempt: job.attempt,
    tasks: { total: tasks.length, ...counts },
  };
}

export function jobDetails(job: JobMaster, clock: ViewClock): z.infer<typeof jobDetailsSchema> {
  const vertices = job.planned.vertices.map((vertex) => vertexSummary(job, vertex));
  const timestamps = STATUSES.map((status): [string, number] => {
    const atMs = job.statusAtMs.get(status);
    return [status, atMs === undefined ? 0 : clock.wallMs(atMs)];
  });
  return {
    jid: job.id,
    name: job.planned.name,
    isStoppable: false,
    state: job.status,
    ...timesOf(job, clock),
    now: clock.wallMs(clock.nowMs()),
    attempt: job.attempt,
    timestamps: Object.fromEntries(timestamps),
    ...(job.failure === undefined ? {} : { failure: job.failure }),
    vertices,
    "status-counts": stateCounts(vertices.map((vertex) => vertex.status)),
    plan: planOf(job),
  };
}

/** The job graph with the job's id and name, as Flink's plan has them. */
export function planOf(job: JobMaster): Record<string, unknown> {
  const plan = job.planned.plan as Record<string, unknown>;
  return { ...plan, jid: job.id, name: job.planned.name, type: "STREAMING" };
}

export function vertexDetails(
  job: JobMaster,
  vertex: PlannedVertex,
  clock: ViewClock,
): z.infer<typeof vertexSchema> {
  const deployed = [...job.tasks].filter((task) => task.vertex === vertex.id);
  return {
    id: vertex.id,
    name: vertex.name,
    parallelism: vertex.parallelism,
    maxParallelism: vertex.maxParallelism,
    now: clock.wallMs(clock.nowMs()),
    subtasks: deployed.map((task) => subtaskView(job, task, clock)),
  };
}

function subtaskView(job: JobMaster, task: TaskRecord, clock: ViewClock) {
  const endMs = task.endedAtMs ?? clock.nowMs();
  return {
    subtask: task.subtask,
    status: task.state,
    attempt: job.attempt,
    "taskmanager-id": task.worker,
    slot: task.slot,
    "start-time": clock.wallMs(task.startedAtMs),
    "end-time": task.endedAtMs === undefined ? -1 : clock.wallMs(task.endedAtMs),
    duration: Math.round(endMs - task.startedAtMs),
    metrics: metricsOf([task]),
  };
}

export function exceptionsOf(job: JobMaster, clock: ViewClock): z.infer<typeof exceptionsSchema> {
  const { entries, truncated } = job.exceptions;
  const root = entries[0];
  return {
    ...(root === undefined
      ? {}
      : { "root-exception": failureText(root), timestamp: clock.wallMs(root.atMs) }),
    exceptionHistory: {
      entries: entries.map((entry) => {
        const timestamp = clock.wallMs(entry.atMs);
        return {
          ...failureView(job, entry, timestamp),
          attempt: entry.attempt,
          concurrentExceptions: entry.concurrent.map((one) => failureView(job, one, timestamp)),
        };
      }),
      truncated,
    },
  };
}

function failureView(job: JobMaster, cause: FailureCause, timestamp: number) {
  const vertex = job.planned.vertices.find(({ id }) => id === cause.vertex);
  const subtask = `(${(cause.subtask ?? 0) + 1}/${vertex?.parallelism ?? 1})`;
  return {
    exceptionName: cause.error.code,
    stacktrace: failureText(cause),
    error: cause.error,
    timestamp,
    ...(vertex === undefined ? {} : { taskName: `${vertex.name} ${subtask}` }),
    ...(cause.worker === undefined ? {} : { taskManagerId: cause.worker }),
  };
}

function failureText({ error }: FailureCause): string {
  return `${error.code}: ${error.message}`;
}

function vertexSummary(job: JobMaster, vertex: PlannedVertex) {
  const states = subtasksOf(job, vertex.id).map((task) => task.state);
  return {
    id: vertex.id,
    name: vertex.name,
    slotSharingGroupId: vertex.slotSharingGroup,
    maxParallelism: vertex.maxParallelism,
    parallelism: vertex.parallelism,
    status: vertexState(states),
    tasks: stateCounts(states),
    metrics: metricsOf([...job.tasks].filter((task) => task.vertex === vertex.id)),
  };
}

/** One state for all subtasks (Flink: ExecutionJobVertex.getAggregateJobVertexState). */
function vertexState(states: readonly SubtaskState[]): SubtaskState {
  for (const state of ["FAILED", "CANCELING", "CANCELED"] as const) {
    if (states.includes(state)) return state;
  }
  if (states.every((state) => state === "FINISHED")) return "FINISHED";
  if (states.includes("DEPLOYING")) return "DEPLOYING";
  return states.includes("RUNNING") ? "RUNNING" : (states[0] ?? "CREATED");
}

/** Subtasks with their state; before the first deployment all are CREATED. */
function subtasksOf(job: JobMaster, vertex: string | undefined): { state: SubtaskState }[] {
  const deployed = [...job.tasks];
  if (deployed.length > 0) {
    return deployed.filter((task) => vertex === undefined || task.vertex === vertex);
  }
  const planned = job.planned.vertices.filter(({ id }) => vertex === undefined || id === vertex);
  return planned.flatMap(({ parallelism }) =>
    Array.from({ length: parallelism }, (): { state: SubtaskState } => ({ state: "CREATED" })),
  );
}

function stateCounts(states: readonly SubtaskState[]): Record<string, number> {
  const counts = new Map(TASK_STATES.map((state) => [state.toLowerCase(), 0]));
  for (const state of states) {
    const key = state.toLowerCase();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

function metricsOf(tasks: readonly TaskRecord[]): Metrics {
  const known = tasks.flatMap(({ metrics }) => (metrics === undefined ? [] : [metrics]));
  const sum = (value: (metrics: (typeof known)[number]) => number) =>
    known.reduce((total, metrics) => total + value(metrics), 0);
  const watermark = smallestWatermark(tasks);
  return {
    "read-bytes": sum((m) => m.bytesIn),
    "write-bytes": sum((m) => m.bytesOut),
    "read-records": sum((m) => m.recordsIn),
    "write-records": sum((m) => m.recordsOut),
    "failed-records": sum((m) => m.recordsFailed),
    "state-bytes": sum((m) => m.stateBytes),
    "accumulated-busy-time": sum((m) => m.busyMs),
    "accumulated-backpressured-time": sum((m) => m.backpressuredMs),
    user: shownMetrics(known.flatMap((m) => m.user ?? [])),
    ...(watermark === undefined ? {} : { watermark }),
  };
}

/** Finished subtasks hold nothing back; one that has none yet holds all back. */
function smallestWatermark(tasks: readonly TaskRecord[]): string | undefined {
  let smallest: bigint | undefined;
  for (const task of tasks) {
    if (isTaskTerminal(task.state) && tasks.some((other) => !isTaskTerminal(other.state))) continue;
    const text = task.metrics?.watermark;
    if (text === undefined) return undefined;
    const watermark = BigInt(text);
    if (smallest === undefined || watermark < smallest) smallest = watermark;
  }
  return smallest?.toString();
}

function timesOf(job: JobMaster, clock: ViewClock) {
  const startMs = job.statusAtMs.get("CREATED") ?? 0;
  const endMs = isTerminal(job.status) ? job.statusAtMs.get(job.status) : undefined;
  return {
    "start-time": clock.wallMs(startMs),
    "end-time": endMs === undefined ? -1 : clock.wallMs(endMs),
    duration: Math.round((endMs ?? clock.nowMs()) - startMs),
  };
}
