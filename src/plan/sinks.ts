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

/** A JSON object on a line for each row. */
export function json(options: { readonly ignoreNullFields?: boolean } = {}): OperatorHandle {
  return builtin("format_json", options);
}

/** A CSV record for each row. */
export function csvRecords(
  options: {
    readonly fieldDelimiter?: string;
    readonly quoteCharacter?: string;
    readonly nullLiteral?: string;
  } = {},
): OperatorHandle {
  return builtin("format_csv", options);
}

/** The columns of a row as text, a blank (or `separator`) between them. */
export function text(options: { readonly separator?: string } = {}): OperatorHandle {
  return builtin("format_text", options);
}

/** Rows on the worker's standard output, `SUBTASK> row` as Flink prints them. */
export function printSink<Row = AnyRow>(
  format: OperatorHandle<Row> = json(),
  identifier?: string,
): Sink<Row> {
  const named = identifier === undefined ? {} : { identifier };
  return { format, connector: { type: "print", ...named } };
}

type FilesOptions = Omit<Extract<SinkConnectorInput, { type: "files" }>, "type" | "path">;

/** Rolling files in a folder. */
export function filesSink<Row = AnyRow>(
  path: string,
  format: OperatorHandle<Row> = json(),
  options: FilesOptions = {},
): Sink<Row> {
  return { format, connector: { type: "files", path, ...options } };
}

/** Nothing is kept. */
export function blackholeSink<Row = AnyRow>(format: OperatorHandle<Row> = text()): Sink<Row> {
  return { format, connector: { type: "blackhole" } };
}

/** Rows to the client that watches the job. */
export function collectSink<Row = AnyRow>(format: OperatorHandle<Row> = json()): Sink<Row> {
  return { format, connector: { type: "collect" } };
}
