/**
 * The job spec: what a client submits. Produced by the DataStream builder (data-stream.ts), checked
 * by validate-job.ts against the bundles' self-descriptions; schemas/job-spec.json is generated
 * from here.
 */
import { z } from "zod";
import { connectorSchema, partitionerSchema } from "../protocol/deployment.ts";
import { AUTO_WATERMARK_INTERVAL_MS, JOB_MAX_VERTICES } from "../protocol/limits.ts";
import { changeModeSchema, parallelismSchema, schemaSchema } from "../protocol/schema.ts";

const name = z.string().min(1).max(200);
const id = z.string().regex(/^[A-Za-z0-9_.:$-]{1,200}$/, "letters, digits and _ . : $ - only");

/** Restart strategies and their options, Flink's (times in ms). */
export const restartStrategySchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("none") }),
  z.strictObject({
    type: z.literal("fixed_delay"),
    attempts: z.int().min(0),
    delay: z.int().min(0),
  }),
  z.strictObject({
    type: z.literal("failure_rate"),
    max_failures: z.int().min(1),
    interval: z.int().min(1),
    delay: z.int().min(0),
  }),
  z.strictObject({
    type: z.literal("exponential_delay"),
    initial: z.int().min(1),
    max: z.int().min(1),
    multiplier: z.number().gt(1),
    reset_threshold: z.int().min(1),
    jitter: z.number().min(0).max(1),
    attempts: z.int().min(0),
  }),
]);
export type RestartStrategySpec = z.infer<typeof restartStrategySchema>;

/** An operator of an uploaded bundle, or of the engine's own (`bundle: "builtin"`). */
export const operatorReferenceSchema = z.strictObject({
  /** Content hash (64 hex digits) of an uploaded bundle, or "builtin". */
  bundle: z.union([z.literal("builtin"), z.string().regex(/^[0-9a-f]{64}$/)]),
  name,
  parameters: z.record(z.string(), z.unknown()).default({}),
});

/** An output of an operator: the main one first, then side outputs. */
export const outputSpecSchema = z.strictObject({
  name,
  schema: schemaSchema,
  changeMode: changeModeSchema.default({ mode: "insert-only" }),
  /** Name of the field whose values are the event time, where the stream has one. */
  timeAttribute: z.string().optional(),
});
export type OutputSpec = z.infer<typeof outputSpecSchema>;

/** One transformation. */
export const vertexSpecSchema = z.strictObject({
  id,
  /** Stable identity across versions of the job; default: id. */
  uid: id.optional(),
  name: name.optional(),
  kind: z.enum(["source", "operator", "sink"]),
  operator: operatorReferenceSchema,
  /** Host side of a source or sink. */
  connector: connectorSchema.optional(),
  parallelism: parallelismSchema.optional(),
  maxParallelism: parallelismSchema.optional(),
  slotSharingGroup: name.optional(),
  chaining: z.enum(["always", "head", "never"]).default("always"),
  outputs: z.array(outputSpecSchema).default([]),
  onRowError: z.enum(["fail", "drop", "dead-letter"]).default("fail"),
  /** Most bytes of state of a subtask; default: the job's. */
  stateBudgetBytes: z.int().min(1).optional(),
});
export type VertexSpec = z.infer<typeof vertexSpecSchema>;

/** A stream from one vertex to another. Several edges into one input are a union. */
export const edgeSpecSchema = z.strictObject({
  from: id,
  /** Name of the output; "main" unless it is a side output. */
  output: name.default("main"),
  to: id,
  /** Index of the input at `to`. */
  input: z.int().min(0).default(0),
  partitioner: partitionerSchema.default("forward"),
  /** Fields that make the key, for key_by. */
  keys: z.array(z.string().min(1)).default([]),
  /** For custom: an operator that gives each row its channel. */
  partitionerOperator: operatorReferenceSchema.optional(),
});
export type EdgeSpec = z.infer<typeof edgeSpecSchema>;

export const jobSpecSchema = z.strictObject({
  version: z.literal(1),
  name,
  parallelism: parallelismSchema.default(1),
  maxParallelism: parallelismSchema.optional(),
  /** Longest wait of a partly filled batch, ms; 0: every row at once; -1: only when full. */
  bufferTimeoutMs: z.int().min(-1).default(10),
  /** Interval of periodic watermarks, ms of processing time; 0: none (Flink: pipeline.auto-watermark-interval). */
  autoWatermarkIntervalMs: z.int().min(0).default(AUTO_WATERMARK_INTERVAL_MS),
  restartStrategy: restartStrategySchema.default({ type: "none" }),
  /** Most bytes of state of each operator's subtasks; absent: what the memory of its module holds. */
  stateBudgetBytes: z.int().min(1).optional(),
  vertices: z.array(vertexSpecSchema).min(1).max(JOB_MAX_VERTICES),
  edges: z
    .array(edgeSpecSchema)
    .max(4 * JOB_MAX_VERTICES)
    .default([]),
});
/** A parsed job spec, defaults filled in. */
export type JobSpec = z.infer<typeof jobSpecSchema>;
/** A job spec as a client writes it. */
export type JobSpecInput = z.input<typeof jobSpecSchema>;
