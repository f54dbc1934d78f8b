/**
 * Options of the connectors, as a job spec gives them: checked at submission, so that a misspelt
 * option is refused before anything runs. src/connectors parses them again on the worker.
 */
import { z } from "zod";
import type { ConnectorSpec } from "../protocol/deployment.ts";
import { MillraceError } from "../protocol/errors.ts";
import { FILE_PART_MAX_BYTES, FILE_PART_MAX_MS } from "../protocol/limits.ts";
import { bracketPath } from "./spec-issue.ts";

/** Host sides of sources. */
export const sourceConnectors = {
  file: z.strictObject({
    type: z.literal("file"),
    /** A file, or a folder whose files are read in the order of their paths. */
    path: z.string().min(1),
    recursive: z.boolean().default(false),
    /** auto: by the file's name (.gz, .zst). */
    compression: z.enum(["auto", "none", "gzip", "zstd"]).default("auto"),
    /** Whether a file may be cut at newlines; false where a record may contain one. */
    splittable: z.boolean().default(true),
    splitBytes: z.int().min(1).optional(),
    lineNumbers: z.boolean().default(false),
  }),
  socket: z.strictObject({
    type: z.literal("socket"),
    host: z.string().min(1),
    port: z.int().min(1).max(65_535),
  }),
  datagen: z.strictObject({
    type: z.literal("datagen"),
    /** Over all subtasks; absent: as fast as the job takes them. */
    rowsPerSecond: z.number().positive().optional(),
  }),
} as const;

/** Host sides of sinks. */
export const sinkConnectors = {
  print: z.strictObject({ type: z.literal("print"), identifier: z.string().optional() }),
  files: z.strictObject({
    type: z.literal("files"),
    path: z.string().min(1),
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/)
      .default("part"),
    suffix: z
      .string()
      .regex(/^[A-Za-z0-9._-]*$/)
      .default(""),
    rollBytes: z.int().min(1).default(FILE_PART_MAX_BYTES),
    rollMs: z.int().min(1).default(FILE_PART_MAX_MS),
  }),
  blackhole: z.strictObject({ type: z.literal("blackhole") }),
  collect: z.strictObject({ type: z.literal("collect") }),
} as const;

export type SourceConnectorInput = z.input<
  (typeof sourceConnectors)[keyof typeof sourceConnectors]
>;
export type SinkConnectorInput = z.input<(typeof sinkConnectors)[keyof typeof sinkConnectors]>;

/**
 * Checks the options of a connector; answers them as given (the connector fills defaults in).
 * @throws MillraceError CONNECTOR_UNKNOWN, CONNECTOR_OPTION_UNKNOWN, CONNECTOR_OPTION_INVALID
 */
export function checkConnector(
  kind: "source" | "sink",
  connector: ConnectorSpec,
  field: string,
): ConnectorSpec {
  const known: Readonly<Record<string, z.ZodType>> =
    kind === "source" ? sourceConnectors : sinkConnectors;
  const schema = Object.hasOwn(known, connector.type) ? known[connector.type] : undefined;
  if (schema === undefined) {
    const message = `Cannot use connector ${connector.type}: it is not a ${kind} connector`;
    throw new MillraceError("CONNECTOR_UNKNOWN", message, {
      field: `${field}.type`,
      value: connector.type,
      expected: Object.keys(known).join(", "),
    });
  }
  const result = schema.safeParse(connector);
  if (result.success) return connector;
  const issue = result.error.issues[0]!;
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const path = unknown === undefined ? issue.path : [...issue.path, unknown];
  const code = unknown === undefined ? "CONNECTOR_OPTION_INVALID" : "CONNECTOR_OPTION_UNKNOWN";
  const message = `Cannot use connector ${connector.type}: ${issue.message}`;
  throw new MillraceError(code, message, {
    field: bracketPath(field, path),
    value: unknown ?? connector[String(path[0])],
    expected: unknown === undefined ? issue.message : optionNames(schema),
  });
}

function optionNames(schema: z.ZodType): string {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape).join(", ") : "";
}
