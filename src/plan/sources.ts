/** Sources of the DataStream builder: a module's parser or generator and the host's connector. */
import type { SourceConnectorInput } from "../protocol/connector-options.ts";
import type { ConnectorSpec } from "../protocol/deployment.ts";
import type { Schema } from "../protocol/types.ts";
import { builtin, type OperatorHandle } from "./operator-handle.ts";
import type { AnyRow, RowOfSchema } from "./row-type.ts";

/** Bytes from somewhere: what a parser reads. */
export type ByteConnector = Extract<SourceConnectorInput, { type: "file" | "socket" }>;

/** A source of rows, ready for `env.fromSource`. */
export interface Source<Row = AnyRow> {
  readonly operator: OperatorHandle<AnyRow, Row>;
  readonly connector: ConnectorSpec;
  /** Columns that the source is to make; absent where the operator has its own. */
  readonly schema?: Schema;
}

type FileOptions = Omit<Extract<SourceConnectorInput, { type: "file" }>, "type" | "path">;

/**
 * A file, or a folder whose files are read in the order of their paths: bytes for a parser.
 *
 *     env.fromSource(textLines(files("/var/in/novel.txt")));
 *
 * @throws CONNECTOR_OPTION_UNKNOWN, CONNECTOR_OPTION_INVALID at submission
 */
export function files(path: string, options: FileOptions = {}): ByteConnector {
  return { type: "file", path, ...options };
}

/**
 * A TCP server that sends lines: bytes for a parser.
 *
 *     env.fromSource(jsonLines(socket("127.0.0.1", 9999), schemaOf({ word: "STRING" })));
 */
export function socket(host: string, port: number): ByteConnector {
  return { type: "socket", host, port };
}

/** Rows of textLines. */
export type TextLine<Numbered extends boolean> = Numbered extends true
  ? { readonly line: string; readonly line_number: bigint }
  : { readonly line: string };

/**
 * A row `line STRING` for each line; with lineNumber also `line_number BIGINT`, from 1.
 *
 *     env.fromSource(textLines(files("/var/in"), { lineNumber: true }));
 */
export function textLines<const Numbered extends boolean = false>(
  connector: ByteConnector,
  options: { readonly lineNumber?: Numbered } = {},
): Source<TextLine<Numbered>> {
  return { operator: builtin("text_lines", options), connector };
}

/** Options of a parser: rows that fail are the vertex's onRowError, if not said here. */
export interface JsonOptions {
  /** Column to path (`a.b[0].c`); default: the column's name. */
  readonly paths?: Readonly<Record<string, string>>;
}

/**
 * A row for each line of JSON. A line that is no JSON, or does not fit the columns, fails its row: see
 * onRowError().
 *
 *     const reading = schemaOf({ device: "STRING NOT NULL", celsius: "DOUBLE" });
 *     env.fromSource(jsonLines(files("/var/in"), reading, { paths: { celsius: "sensor.value" } }));
 *
 * @throws UNSUPPORTED_TYPE, JOB_PARAMETER_INVALID at submission
 */
export function jsonLines<const S extends Schema>(
  connector: ByteConnector,
  schema: S,
  options: JsonOptions = {},
): Source<RowOfSchema<S>> {
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

/**
 * A row for each CSV record (RFC 4180). A record that does not fit the columns fails its row: see onRowError().
 *
 *     const reading = schemaOf({ device: "STRING NOT NULL", celsius: "DOUBLE" });
 *     env.fromSource(csv(files("/var/in"), reading, { header: true })).onRowError("drop");
 *
 * @throws UNSUPPORTED_TYPE at submission for columns that a record cannot hold
 */
export function csv<const S extends Schema>(
  connector: ByteConnector,
  schema: S,
  options: CsvOptions = {},
): Source<RowOfSchema<S>> {
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

/**
 * Random or counted rows (Flink: the datagen connector); the same seed gives the same rows.
 *
 *     const order = schemaOf({ id: "BIGINT NOT NULL", price: "DOUBLE NOT NULL" });
 *     const id = { kind: "sequence", start: 1, end: 1_000 } as const;
 *     env.fromSource(datagen(order, { seed: 7, rowsPerSecond: 100, fields: { id } }));
 *
 * @throws JOB_PARAMETER_INVALID at submission
 */
export function datagen<const S extends Schema>(
  schema: S,
  options: DatagenOptions = {},
): Source<RowOfSchema<S>> {
  const { rowsPerSecond, numberOfRows, seed, fields } = options;
  const parameters = {
    ...(numberOfRows === undefined ? {} : { "number-of-rows": numberOfRows }),
    ...(seed === undefined ? {} : { seed }),
    ...(fields === undefined ? {} : { fields }),
  };
  const connector = { type: "datagen", ...(rowsPerSecond === undefined ? {} : { rowsPerSecond }) };
  return { operator: builtin("datagen", parameters), connector, schema };
}

/**
 * Rows that an uploaded SourceFunction makes.
 *
 *     env.fromSource(generated(words.operator("Count", { upTo: 10 }), { rowsPerSecond: 10 }));
 *
 * @throws JOB_OPERATOR_KIND for an operator that is no source
 */
export function generated<Row>(
  operator: OperatorHandle<AnyRow, Row, "source">,
  options: { readonly rowsPerSecond?: number } = {},
): Source<Row> {
  return { operator, connector: { type: "datagen", ...options } };
}
