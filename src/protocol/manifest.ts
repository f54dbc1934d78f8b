/** Self-description of a bundle: the JSON of its `millrace` custom section. */
import { z } from "zod";
import { endpointNameSchema } from "./http-endpoint.ts";
import { changeModeSchema, schemaSchema } from "./schema.ts";

const name = z.string().min(1).max(200);

/** A typed parameter that a job file gives and `mr_open` receives. */
export const parameterSchema = z.strictObject({
  name,
  type: z.enum(["BOOLEAN", "INT", "BIGINT", "DOUBLE", "STRING", "OBJECT", "ARRAY"]),
  /** Absent: the job must give it. */
  default: z
    .union([
      z.boolean(),
      z.number(),
      z.string(),
      z.record(z.string(), z.unknown()),
      z.array(z.unknown()),
    ])
    .optional(),
});

/** One operator of a bundle; its place in the list is the number that `mr_open` takes. */
export const operatorDescriptionSchema = z.strictObject({
  name,
  kind: z.enum([
    "async",
    "map",
    "filter",
    "flat_map",
    "key_selector",
    "process",
    "aggregate",
    "reduce",
    "process_window",
    "join",
    "co_group",
    "interval_join",
    "watermark_strategy",
    "source",
    "sink",
    "exchange",
    "generic",
  ]),
  /** Inputs it reads; schema "any": bound when the job is planned (generic built-ins). */
  inputs: z.array(
    z.strictObject({
      schema: z.union([schemaSchema, z.literal("any")]),
      accepts: z.array(z.enum(["insert-only", "retract", "upsert"])).min(1),
      keyed: z.boolean(),
      /** The columns that a function by key reads of its key: the job keys the stream by these. */
      key: schemaSchema.optional(),
      /** Every row has to reach every subtask. */
      broadcast: z.boolean().optional(),
    }),
  ),
  /** Main output first, then side outputs by name. "same": the schema of input 0. */
  outputs: z.array(
    z.strictObject({
      name,
      schema: z.union([schemaSchema, z.literal("any"), z.literal("same")]),
      emits: changeModeSchema,
    }),
  ),
  parameters: z.array(parameterSchema),
  states: z.array(
    z.strictObject({
      name,
      type: z.string().min(1),
      version: z.int().min(1),
      schema: schemaSchema,
    }),
  ),
  /** Names of the HTTP endpoints that it asks for: a cluster grants them. The first is its default. */
  http: z.array(endpointNameSchema).optional(),
  /** Where the author wrote it: for errors and plans. */
  source: z.strictObject({ file: z.string(), line: z.int() }).optional(),
  doc: z.string().optional(),
});
export type OperatorDescription = z.infer<typeof operatorDescriptionSchema>;

/** Kinds as types tell them apart: a process function by the streams that it takes. */
export type HandleKind =
  | OperatorDescription["kind"]
  | "co_process"
  | "broadcast_process"
  | "keyed_process"
  | "keyed_co_process"
  | "keyed_broadcast_process";

/** What an operator is, as its handle's type says it. */
export function handleKindOf({ kind, inputs }: OperatorDescription): HandleKind {
  const [first, second] = inputs;
  if (kind !== "process") return kind;
  const keyed = first?.keyed === true;
  if (second === undefined) return keyed ? "keyed_process" : kind;
  if (second.broadcast === true) return keyed ? "keyed_broadcast_process" : "broadcast_process";
  return keyed ? "keyed_co_process" : "co_process";
}

/** The whole self-description. */
export const manifestSchema = z.strictObject({
  manifestVersion: z.int(),
  abiVersion: z.int(),
  sdkVersion: z.string(),
  name,
  operators: z.array(operatorDescriptionSchema).min(1).max(1000),
  capabilities: z.array(z.string()),
});
export type Manifest = z.infer<typeof manifestSchema>;
