/** Sources of the DataStream builder: a module's parser or generator and the host's connector. */
import type { ConnectorSpec } from "../protocol/deployment.ts";
import type { Schema } from "../protocol/types.ts";
import type { SourceConnectorInput } from "./connector-spec.ts";
import { builtin, type OperatorHandle } from "./operator-handle.ts";
import type { RowOf, RowType } from "./row-type.ts";

/** Bytes from somewhere: what a parser reads. */
export type ByteConnector = Extract<SourceConnectorInput, { type: "file" | "socket" }>;

/** A source, ready for `env.fromSource`; `T` is a row as functions of the job file see it. */
export interface Source<T = RowType> {
  /** Carries the type of a row; never there. */
  readonly row?: T;
  readonly operator: OperatorHandle;
  readonly connector: ConnectorSpec;
  /** Columns that the source is to make; absent where the operator has its own. */
  readonly schema?: Schema;
}

type FileOptions = Omit<Extract<SourceConnectorInput, { type: "file" }>, "type" | "path">;

/** A file, or a folder whose files are read in the order of their paths. */
export function files(path: string, options: FileOptions = {}): ByteConnector {
  return { type: "file", path, ...options };
}

/** A TCP server that sends lines. */
export function socket(host: string, port: number): ByteConnector {
  return { type: "socket", host, port };
}

/** A row `line STRING` for each line; with lineNumber also `line_number BIGINT`, from 1. */
export function textLines(
  connector: ByteConnector,
  options: { readonly lineNumber: true },
): Source<{ line: string; line_number: bigint }>;
export function textLines(
  connector: ByteConnector,
  options?: { readonly lineNumber?: boolean },
): Source<{ line: string }>;
export function textLines(
  connector: ByteConnector,
  options: { readonly lineNumber?: boolean } = {},
): Source<{ line: string }> {
  return { operator: builtin("text_lines", options), connector };
}

/** Options of a parser: rows that fail are the vertex's onRowError, if not said here. */
export interface JsonOptions {
  /** Column to path (`a.b[0].c`); default: the column's name. */
  readonly paths?: Readonly<Record<string, string>>;
}

/** A row for each line of JSON. */
export function jsonLines<const S extends Schema>(
  connector: ByteConnector,
  schema: S,
  options: JsonOptions = {},
): Source<RowOf<S>> {
  return { operator: builtin("json_lines", { ...options }), connector, schema };
}

export interface CsvOptions {
  readonly fieldDelimiter?: string;
  readonly quoteCharacter?: string;
  readonly header?: boolean;
  readonly nullLiteral?: string;
  readonly allowComments?: boolean;
  /** Quoted fields may hold newlines (default); then a file is read by one subtask. */
  readonly multiline?: boolean;
}

/** A row for each CSV record (RFC 4180). */
export function csv<const S extends Schema>(
  connector: ByteConnector,
  schema: S,
  options: CsvOptions = {},
): Source<RowOf<S>> {
  return { operator: builtin("csv", { ...options }), connector, schema };
}

/** Options of one column of datagen, Flink's. */
export interface DatagenField {
  readonly kind?: "random" | "sequence";
  readonly min?: number | string;
  readonly max?: number | string;
  readonly length?: number;
  readonly "var-len"?: boolean;
  readonly "null-rate"?: number;
  readonly "max-past"?: number;
  readonly start?: number | string;
  readonly end?: number | string;
}
export interface DatagenOptions {
  /** Over all subtasks; absent: as fast as the job takes them. */
  readonly rowsPerSecond?: number;
  /** Over all subtasks; absent: without end. */
  readonly numberOfRows?: number | string;
  readonly seed?: number;
  readonly fields?: Readonly<Record<string, DatagenField>>;
}

/** Random or counted rows (Flink: the datagen connector); the same seed gives the same rows. */
export function datagen<const S extends Schema>(
  schema: S,
  options: DatagenOptions = {},
): Source<RowOf<S>> {
  const { rowsPerSecond, numberOfRows, seed, fields } = options;
  const parameters = {
    ...(numberOfRows === undefined ? {} : { "number-of-rows": numberOfRows }),
    ...(seed === undefined ? {} : { seed }),
    ...(fields === undefined ? {} : { fields }),
  };
  const connector = { type: "datagen", ...(rowsPerSecond === undefined ? {} : { rowsPerSecond }) };
  return { operator: builtin("datagen", parameters), connector, schema };
}

/** Rows that an uploaded SourceFunction makes. */
export function generated(
  operator: OperatorHandle,
  options: { readonly rowsPerSecond?: number } = {},
): Source {
  return { operator, connector: { type: "datagen", ...options } };
}
