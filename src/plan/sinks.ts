/** Sinks of the DataStream builder: a format in a module and the host's connector. */
import type { SinkConnectorInput } from "../protocol/connector-options.ts";
import type { ConnectorSpec } from "../protocol/deployment.ts";
import { builtin, type OperatorHandle } from "./operator-handle.ts";

/** A sink, ready for `sinkTo`. */
export interface Sink {
  readonly format: OperatorHandle;
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
export function printSink(format = json(), identifier?: string): Sink {
  const named = identifier === undefined ? {} : { identifier };
  return { format, connector: { type: "print", ...named } };
}

type FilesOptions = Omit<Extract<SinkConnectorInput, { type: "files" }>, "type" | "path">;

/** Rolling files in a folder. */
export function filesSink(path: string, format = json(), options: FilesOptions = {}): Sink {
  return { format, connector: { type: "files", path, ...options } };
}

/** Nothing is kept. */
export function blackholeSink(format = text()): Sink {
  return { format, connector: { type: "blackhole" } };
}

/** Rows to the client that watches the job. */
export function collectSink(format = json()): Sink {
  return { format, connector: { type: "collect" } };
}
