/**
 * Options of the connectors, the host sides of sources and sinks: checked when a job is submitted
 * (src/plan), filled with their defaults when a connector opens (src/connectors).
 */
import { z } from "zod";
import { FILE_PART_MAX_BYTES, FILE_PART_MAX_MS } from "./limits.ts";

/** Host sides of sources. */
export const sourceConnectors = {
  file: z.strictObject({
    type: z.literal("file"),
    /** A file, or a folder whose files are read in the order of their paths. */
    path: z.string().min(1),
    /** Descend into folders of the folder. */
    recursive: z.boolean().default(false),
    /** auto: by the file's name (.gz, .zst). */
    compression: z.enum(["auto", "none", "gzip", "zstd"]).default("auto"),
    /** Whether a file may be cut at newlines; false where a record may contain one (quoted CSV). */
    splittable: z.boolean().default(true),
    /** Wanted size of a split, bytes; default: by size and parallelism. */
    splitBytes: z.int().min(1).optional(),
    /** Split descriptors tell the number of newlines before them (costs a scan of the file). */
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
  /** Rows of the application in whose process the job runs; the id names them there. */
  collection: z.strictObject({ type: z.literal("collection"), id: z.string().min(1) }),
} as const;

/** Host sides of sinks. */
export const sinkConnectors = {
  print: z.strictObject({
    type: z.literal("print"),
    /** Put before each line, with the subtask (Flink: print-identifier). */
    identifier: z.string().optional(),
  }),
  files: z.strictObject({
    type: z.literal("files"),
    /** Folder; made where it is missing. */
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

type Sources = typeof sourceConnectors;
type Sinks = typeof sinkConnectors;

/** Options as a job gives them. */
export type SourceConnectorInput = z.input<Sources[keyof Sources]>;
export type SinkConnectorInput = z.input<Sinks[keyof Sinks]>;

/** Options of one connector, defaults filled in. */
export type SourceOptions<T extends keyof Sources> = z.infer<Sources[T]>;
export type SinkOptions<T extends keyof Sinks> = z.infer<Sinks[T]>;
