/** Shapes of the REST answers: Flink's names where Flink has them. */
import { z } from "@hono/zod-openapi";

export const errorSchema = z
  .object({
    code: z.string(),
    message: z.string(),
    field: z.string().optional(),
    value: z.string().optional(),
    expected: z.string().optional(),
  })
  .openapi("Error");

export const errorsSchema = z.object({ errors: z.array(errorSchema) }).openapi("Errors");

export const jobStatusSchema = z
  .enum([
    "CREATED",
    "RUNNING",
    "FAILING",
    "FAILED",
    "CANCELLING",
    "CANCELED",
    "FINISHED",
    "RESTARTING",
  ])
  .openapi("JobStatus");

export const taskStateSchema = z
  .enum(["CREATED", "DEPLOYING", "RUNNING", "FINISHED", "CANCELING", "CANCELED", "FAILED"])
  .openapi("ExecutionState");

export const overviewSchema = z
  .object({
    taskmanagers: z.int(),
    "slots-total": z.int(),
    "slots-available": z.int(),
    "jobs-running": z.int().describe("jobs that have not ended"),
    "jobs-finished": z.int(),
    "jobs-cancelled": z.int(),
    "jobs-failed": z.int(),
    "millrace-version": z.string(),
  })
  .openapi("Overview");

export const configSchema = z
  .object({
    "refresh-interval": z.int(),
    "timezone-name": z.string(),
    "timezone-offset": z.int(),
    "millrace-version": z.string(),
    "protocol-version": z.int(),
    "abi-version": z.int(),
    "heartbeat-interval": z.int(),
    "heartbeat-timeout": z.int(),
    "memory-max-pages": z.int(),
    "bundle-max-bytes": z.int(),
    features: z.object({ "web-submit": z.boolean(), "web-cancel": z.boolean() }),
  })
  .openapi("Config");

export const taskManagerSchema = z
  .object({
    id: z.string(),
    path: z.string().describe("address of its data listener"),
    timeSinceLastHeartbeat: z.int().describe("time of the last sign of life, ms since the epoch"),
    slotsNumber: z.int(),
    freeSlots: z.int(),
    runtime: z.string(),
    labels: z.record(z.string(), z.string()),
    memoryMaxPages: z.int(),
    registered: z.int(),
  })
  .openapi("TaskManager");

export const taskManagerDetailsSchema = taskManagerSchema
  .extend({
    allocatedSlots: z.array(z.object({ index: z.int(), jobId: z.string(), attempt: z.int() })),
  })
  .openapi("TaskManagerDetails");

const countsSchema = z.record(z.string(), z.int());

export const jobOverviewSchema = z
  .object({
    jid: z.string(),
    name: z.string(),
    state: jobStatusSchema,
    "start-time": z.int(),
    "end-time": z.int().describe("-1 while the job has not ended"),
    duration: z.int(),
    "last-modification": z.int(),
    attempt: z.int(),
    tasks: countsSchema,
  })
  .openapi("JobOverview");

const nullableNumber = z.number().nullable();
const userMetricSchema = z.discriminatedUnion("type", [
  z.object({
    id: z.string().describe("OPERATOR.NAME"),
    type: z.literal("counter"),
    count: z.string().describe("int64; of several subtasks the sum"),
  }),
  z.object({
    id: z.string(),
    type: z.literal("gauge"),
    value: nullableNumber.describe("of several subtasks the mean; null: NaN or infinite"),
    min: nullableNumber,
    max: nullableNumber,
  }),
  z.object({
    id: z.string(),
    type: z.literal("histogram"),
    count: z.string().describe("int64; of several subtasks, all values together"),
    min: z.string(),
    max: z.string(),
    mean: z.number(),
    stddev: z.number(),
    p50: z.number().describe("quantiles are exact to a 16th of their value"),
    p75: z.number(),
    p95: z.number(),
    p98: z.number(),
    p99: z.number(),
    p999: z.number(),
  }),
]);

const metricsSchema = z.object({
  "read-bytes": z.number(),
  "write-bytes": z.number(),
  "read-records": z.number(),
  "write-records": z.number(),
  "failed-records": z.number(),
  "state-bytes": z.number().describe("bytes of state held, timers and windows included"),
  "accumulated-busy-time": z.number(),
  "accumulated-backpressured-time": z.number(),
  watermark: z.string().optional().describe("int64 ms; of several subtasks the smallest"),
  user: z.array(userMetricSchema).describe("what the operators themselves count and measure"),
});

export const subtaskSchema = z
  .object({
    subtask: z.int(),
    status: taskStateSchema,
    attempt: z.int(),
    "taskmanager-id": z.string(),
    slot: z.int(),
    "start-time": z.int(),
    "end-time": z.int(),
    duration: z.int(),
    metrics: metricsSchema,
  })
  .openapi("Subtask");

const vertexSummarySchema = z.object({
  id: z.string(),
  name: z.string(),
  slotSharingGroupId: z.string(),
  maxParallelism: z.int(),
  parallelism: z.int(),
  status: taskStateSchema,
  tasks: countsSchema,
  metrics: metricsSchema,
});

export const vertexSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    parallelism: z.int(),
    maxParallelism: z.int(),
    now: z.int(),
    subtasks: z.array(subtaskSchema),
  })
  .openapi("Vertex");

export const planSchema = z.object({ plan: z.looseObject({}) }).openapi("Plan");

export const jobDetailsSchema = z
  .object({
    jid: z.string(),
    name: z.string(),
    isStoppable: z.boolean(),
    state: jobStatusSchema,
    "start-time": z.int(),
    "end-time": z.int(),
    duration: z.int(),
    now: z.int(),
    attempt: z.int(),
    timestamps: z
      .record(z.string(), z.int())
      .describe("when each status was last entered; 0: never"),
    failure: errorSchema.optional(),
    vertices: z.array(vertexSummarySchema),
    "status-counts": countsSchema,
    plan: z.looseObject({}),
  })
  .openapi("JobDetails");

const failureSchema = z.object({
  exceptionName: z.string().describe("error code"),
  stacktrace: z.string().describe("message"),
  error: errorSchema,
  timestamp: z.int(),
  taskName: z.string().optional(),
  taskManagerId: z.string().optional(),
});

export const exceptionsSchema = z
  .object({
    "root-exception": z.string().optional(),
    timestamp: z.int().optional(),
    exceptionHistory: z.object({
      entries: z.array(
        failureSchema.extend({ attempt: z.int(), concurrentExceptions: z.array(failureSchema) }),
      ),
      truncated: z.boolean(),
    }),
  })
  .openapi("Exceptions");

export const bundleSchema = z
  .object({
    id: z.string().describe("SHA-256 of the file"),
    name: z.string(),
    uploaded: z.int(),
    size: z.int(),
    entry: z.array(z.object({ name: z.string(), kind: z.string(), description: z.string() })),
  })
  .openapi("Bundle");

export const uploadSchema = z
  .object({
    status: z.literal("success"),
    filename: z.string().describe("Flink's name for the id"),
    id: z.string(),
    size: z.int(),
    manifest: z.unknown().describe("self-description: docs/bundles.md"),
    imports: z.array(z.string()),
    exports: z.array(z.string()),
    memory: z.object({
      initial: z.int(),
      maximum: z.int().optional(),
      imposed: z.boolean(),
      budget: z.int(),
    }),
    warnings: z.array(z.string()),
  })
  .openapi("UploadedBundle");

export const submittedSchema = z.object({ jobid: z.string() }).openapi("SubmittedJob");
