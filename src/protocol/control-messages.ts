/**
 * Messages of the control link between a TaskManager and the JobManager (JSON over WebSocket).
 * Each side parses what it receives once, here; one union is all that a peer may say.
 */
import { z } from "zod";
import type { Deployment } from "./deployment.ts";
import { MillraceError } from "./errors.ts";
import { packDeployment, packedDeploymentSchema, unpackDeployment } from "./packed-deployment.ts";

const errorBodySchema = z.strictObject({
  code: z.string(),
  message: z.string(),
  field: z.string().optional(),
  value: z.string().optional(),
  expected: z.string().optional(),
});

/** Where a subtask stands (Flink: ExecutionState). */
export const taskStateSchema = z.enum(["DEPLOYING", "RUNNING", "FINISHED", "CANCELED", "FAILED"]);
export type TaskState = z.infer<typeof taskStateSchema>;

/** A metric of user code: src/protocol/user-metric.ts. */
const userMetricSchema = z.discriminatedUnion("type", [
  z.strictObject({ id: z.string(), type: z.literal("counter"), count: z.string() }),
  z.strictObject({ id: z.string(), type: z.literal("gauge"), value: z.string() }),
  z.strictObject({
    id: z.string(),
    type: z.literal("histogram"),
    count: z.string(),
    min: z.string(),
    max: z.string(),
    sum: z.string(),
    squares: z.string(),
    buckets: z.array(z.tuple([z.string(), z.number()]).readonly()).readonly(),
  }),
]);

const taskMetricsSchema = z.strictObject({
  vertex: z.string(),
  subtask: z.int(),
  recordsIn: z.number(),
  recordsOut: z.number(),
  recordsFailed: z.number(),
  stateBytes: z.number(),
  bytesIn: z.number(),
  bytesOut: z.number(),
  /** Decimal string of an int64, ms; absent before the first watermark. */
  watermark: z.string().optional(),
  busyMs: z.number(),
  backpressuredMs: z.number(),
  /** Counters, gauges and histograms of the operators' own; absent where there are none. */
  user: z.array(userMetricSchema).optional(),
  /** Of a source in a group of aligned watermarks that has emitted one, or is idle. */
  alignment: z
    .strictObject({
      group: z.string(),
      /** ms that it may be ahead of the group's smallest watermark. */
      maxDriftMs: z.int().min(0),
      /** Last watermark emitted, a decimal string; absent: idle. */
      watermark: z.string().optional(),
    })
    .optional(),
});
export type TaskMetrics = z.infer<typeof taskMetricsSchema>;

/** What a worker says. */
export const workerMessageSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("register"),
    protocolVersion: z.int(),
    /** Name that stays the same over restarts of this worker. */
    worker: z.string().min(1).max(200),
    /** Random, new for each process start. */
    incarnation: z.string().min(1),
    slots: z.int().min(1).max(1024),
    address: z.string(),
    runtime: z.string(),
    labels: z.record(z.string(), z.string()),
    memoryMaxPages: z.int().min(1),
  }),
  z.strictObject({ type: z.literal("heartbeat"), sequence: z.int() }),
  z.strictObject({
    type: z.literal("task_state"),
    job: z.string(),
    attempt: z.int(),
    vertex: z.string(),
    subtask: z.int(),
    state: taskStateSchema,
    error: errorBodySchema.optional(),
  }),
  /** Every task of the attempt has stopped and its slots are free. */
  z.strictObject({ type: z.literal("attempt_released"), job: z.string(), attempt: z.int() }),
  z.strictObject({
    type: z.literal("metrics"),
    job: z.string(),
    attempt: z.int(),
    tasks: z.array(taskMetricsSchema),
  }),
  /** Rows of a collect or print sink, as JSON lines. */
  z.strictObject({
    type: z.literal("rows"),
    job: z.string(),
    attempt: z.int(),
    vertex: z.string(),
    subtask: z.int(),
    /** Uid of the sink: a task may hold several. */
    sink: z.string(),
    lines: z.string(),
  }),
  /** Answer to `commit`: the sinks' output is published, or why it is not. */
  z.strictObject({
    type: z.literal("committed"),
    job: z.string(),
    attempt: z.int(),
    error: errorBodySchema.optional(),
  }),
  z.strictObject({
    type: z.literal("log"),
    level: z.enum(["debug", "info", "warn", "error"]),
    job: z.string().optional(),
    message: z.string(),
  }),
]);
export type WorkerMessage = z.infer<typeof workerMessageSchema>;

/** A deployment in its wire form; parsed, it is written out. */
const deploymentOnWireSchema = packedDeploymentSchema.transform((packed, context): Deployment => {
  try {
    return unpackDeployment(packed);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    context.issues.push({ code: "custom", message: error.message, input: packed });
    return z.NEVER;
  }
});

/** What the JobManager says. */
export const jobManagerMessageSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("registered"),
    protocolVersion: z.int(),
    heartbeatIntervalMs: z.int(),
    heartbeatTimeoutMs: z.int(),
  }),
  /** The link is refused or a newer incarnation took its place; the worker does not come back. */
  z.strictObject({ type: z.literal("rejected"), error: errorBodySchema }),
  z.strictObject({ type: z.literal("heartbeat_ack"), sequence: z.int() }),
  z.strictObject({ type: z.literal("deploy"), deployment: deploymentOnWireSchema }),
  z.strictObject({ type: z.literal("cancel"), job: z.string(), attempt: z.int() }),
  /** Every task of the attempt has finished, on every worker: publish what the sinks hold back. */
  z.strictObject({ type: z.literal("commit"), job: z.string(), attempt: z.int() }),
  /** Credits for a collect sink: lines the client can take. */
  z.strictObject({
    type: z.literal("rows_credit"),
    job: z.string(),
    attempt: z.int(),
    vertex: z.string(),
    subtask: z.int(),
    sink: z.string(),
    messages: z.int().min(1),
  }),
  /** A source whose watermark is above this (decimal string) pauses until it hears of a higher one. */
  z.strictObject({
    type: z.literal("align_watermarks"),
    job: z.string(),
    attempt: z.int(),
    vertex: z.string(),
    subtask: z.int(),
    maxWatermark: z.string(),
  }),
]);
export type JobManagerMessage = z.infer<typeof jobManagerMessageSchema>;

/** A message for one task, which its slot understands. */
export type TaskMessage = Extract<JobManagerMessage, { type: "rows_credit" | "align_watermarks" }>;

/** @throws MillraceError MESSAGE_INVALID naming the field. */
export function parseWorkerMessage(text: string): WorkerMessage {
  return parse(workerMessageSchema, text);
}

/** The text that a message of the JobManager travels as. */
export function writeJobManagerMessage(message: JobManagerMessage): string {
  if (message.type !== "deploy") return JSON.stringify(message);
  return JSON.stringify({ ...message, deployment: packDeployment(message.deployment) });
}

/** Bytes of the message that deploys this. */
export function deploymentBytes(deployment: Deployment): number {
  const text = writeJobManagerMessage({ type: "deploy", deployment });
  return new TextEncoder().encode(text).byteLength;
}

/** @throws MillraceError MESSAGE_INVALID naming the field. */
export function parseJobManagerMessage(text: string): JobManagerMessage {
  return parse(jobManagerMessageSchema, text);
}

function parse<T>(schema: z.ZodType<T>, text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MillraceError("MESSAGE_INVALID", "Cannot read message: it is not JSON", { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join(".") ?? "";
  throw new MillraceError("MESSAGE_INVALID", `Cannot read message: ${issue?.message}`, { field });
}
