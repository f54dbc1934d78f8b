/** Sinks of the DataStream builder: a format in a module and the host's connector. */
import type { SinkConnectorInput } from "../protocol/connector-options.ts";
import type { ConnectorSpec } from "../protocol/deployment.ts";
import { builtin, type OperatorHandle } from "./operator-handle.ts";
import type { AnyRow } from "./row-type.ts";

/** A sink that takes rows with certain columns, ready for `sinkTo`. */
export interface Sink<Row = AnyRow> {
  readonly format: OperatorHandle<Row>;
  readonly connector: ConnectorSpec;
}

/**
 * A JSON object on a line for each row: what sinks write unless it is said.
 *
 *     lines.sinkTo(filesSink("/var/out", json({ ignoreNullFields: true })));
 */
export function json(options: { readonly ignoreNullFields?: boolean } = {}): OperatorHandle {
  return builtin("format_json", options);
}

/**
 * A CSV record for each row.
 *
 *     lines.sinkTo(filesSink("/var/out", csvRecords({ fieldDelimiter: ";" })));
 *
 * @throws UNSUPPORTED_TYPE at submission for columns that a record cannot hold
 */
export function csvRecords(
  options: {
    readonly fieldDelimiter?: string;
    readonly quoteCharacter?: string;
    readonly nullLiteral?: string;
  } = {},
): OperatorHandle {
  return builtin("format_csv", options);
}

/**
 * The columns of a row as text, a blank (or `separator`) between them.
 *
 *     lines.sinkTo(printSink(text()));
 */
export function text(options: { readonly separator?: string } = {}): OperatorHandle {
  return builtin("format_text", options);
}

/**
 * Rows on the worker's standard output, `SUBTASK> row` as Flink prints them (PrintSink).
 *
 *     lines.sinkTo(printSink(text({ separator: ";" }), "debug"));
 */
export function printSink<Row = AnyRow>(
  format: OperatorHandle<Row> = json(),
  identifier?: string,
): Sink<Row> {
  const named = identifier === undefined ? {} : { identifier };
  return { format, connector: { type: "print", ...named } };
}

type FilesOptions = Omit<Extract<SinkConnectorInput, { type: "files" }>, "type" | "path">;

/**
 * Rolling files in a folder, of which a finished one never changes (Flink: FileSink).
 *
 *     lines.sinkTo(filesSink("/var/out", csvRecords()));
 *
 * @throws CONNECTOR_OPTION_UNKNOWN, CONNECTOR_OPTION_INVALID at submission
 */
export function filesSink<Row = AnyRow>(
  path: string,
  format: OperatorHandle<Row> = json(),
  options: FilesOptions = {},
): Sink<Row> {
  return { format, connector: { type: "files", path, ...options } };
}

/**
 * Nothing is kept: for measuring (Flink: DiscardingSink).
 *
 *     lines.sinkTo(blackholeSink());
 */
export function blackholeSink<Row = AnyRow>(format: OperatorHandle<Row> = text()): Sink<Row> {
  return { format, connector: { type: "blackhole" } };
}

/**
 * Rows to the client that watches the job: `millrace run` prints them, `client.rows()` gives them.
 *
 *     lines.sinkTo(collectSink()).uid("words");
 */
export function collectSink<Row = AnyRow>(format: OperatorHandle<Row> = json()): Sink<Row> {
  return { format, connector: { type: "collect" } };
}
