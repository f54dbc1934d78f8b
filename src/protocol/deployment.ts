/**
 * What a TaskManager needs to run one subtask (Flink: TaskDeploymentDescriptor). Made by
 * src/plan/execution-graph.ts and the scheduler, parsed again by the worker.
 */
import { z } from "zod";
import { namedEndpointSchema } from "./http-endpoint.ts";
import { changeModeSchema, parallelismSchema, schemaSchema } from "./schema.ts";

/** Ways rows are spread over the subtasks of the next vertex (Flink's StreamPartitioner names). */
export const partitionerSchema = z.enum([
  "forward",
  "rebalance",
  "rescale",
  "shuffle",
  "broadcast",
  "global",
  "key_by",
  "custom",
]);
export type Partitioner = z.infer<typeof partitionerSchema>;

/** The host side of a source or sink: what it reads or writes, outside the module. */
export const connectorSchema = z.looseObject({ type: z.string().min(1) });
export type ConnectorSpec = z.infer<typeof connectorSchema>;

const streamSchema = z.strictObject({
  name: z.string(),
  schema: schemaSchema,
  changeMode: changeModeSchema,
  keys: z.array(z.string()),
});

/** One operator of a chain. Operators stand in topological order; 0 is the head. */
export const chainedOperatorSchema = z.strictObject({
  uid: z.string(),
  name: z.string(),
  /** Content hash of the bundle (sha-256, hex). */
  bundle: z.string(),
  operator: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  connector: connectorSchema.optional(),
  /** Chained input: output `output` of operator `from` in this chain; absent for the head. */
  input: z.strictObject({ from: z.int(), output: z.int() }).optional(),
  inputs: z.array(streamSchema),
  outputs: z.array(streamSchema),
  /** What to do with rows that fail: fail the task, drop them counted, or send them to a side output. */
  onRowError: z.enum(["fail", "drop", "dead-letter"]),
  /** Most bytes of state; absent: what the module's memory holds. */
  stateBudgetBytes: z.int().min(1).optional(),
  /** HTTP endpoints that it may reach, in the order in which it declares them. */
  http: z.array(namedEndpointSchema).optional(),
});
export type ChainedOperator = z.infer<typeof chainedOperatorSchema>;

const endpointSchema = z.strictObject({
  worker: z.string(),
  slot: z.int(),
  /** ws:// or wss:// address of the worker's data listener. */
  address: z.string(),
});

const channelSchema = z.strictObject({
  /** Number of the channel, unique in the job attempt. */
  channel: z.int().min(0),
  peer: endpointSchema,
});

/** An edge out of a chain, without its channels. */
export const exitSchema = z.strictObject({
  from: z.int(),
  output: z.int(),
  partitioner: partitionerSchema,
  keys: z.array(z.string()),
  /** Key groups of the consumer, for key_by; default: those of this vertex. */
  maxParallelism: parallelismSchema.optional(),
  /** For custom: the operator that gives each row its channel. */
  partitionerOperator: z
    .strictObject({
      bundle: z.string(),
      operator: z.string(),
      parameters: z.record(z.string(), z.unknown()),
    })
    .optional(),
});

/** A deployed subtask. */
export const taskDescriptorSchema = z.strictObject({
  vertex: z.string(),
  name: z.string(),
  subtask: z.int().min(0),
  parallelism: parallelismSchema,
  maxParallelism: parallelismSchema,
  slot: z.int().min(0),
  chain: z.array(chainedOperatorSchema).min(1),
  /** Channels into the head, per input of the head operator. */
  gates: z.array(z.strictObject({ input: z.int(), channels: z.array(channelSchema) })),
  /** Of the head of an iteration: the input over which rows come back. */
  feedbackInput: z.int().min(0).optional(),
  /** Edges out of the chain. */
  outputs: z.array(exitSchema.extend({ channels: z.array(channelSchema).min(1) })),
});
export type TaskDescriptor = z.infer<typeof taskDescriptorSchema>;

/** All tasks of one job attempt on one worker. */
export const deploymentSchema = z.strictObject({
  job: z.string(),
  jobName: z.string(),
  attempt: z.int().min(1),
  bufferTimeoutMs: z.int().min(-1),
  batchRows: z.int().min(1),
  memoryMaxPages: z.int().min(1),
  tasks: z.array(taskDescriptorSchema).min(1),
});
export type Deployment = z.infer<typeof deploymentSchema>;
