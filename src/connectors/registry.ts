/** The connectors there are, by the `type` of their spec. */
import type { ConnectorSpec } from "../protocol/deployment.ts";
import { MillraceError } from "../protocol/errors.ts";
import {
  connectorOptions,
  type SinkOutlets,
  type SinkWriter,
  type SourceReader,
  type SubtaskContext,
} from "./connector.ts";
import { DatagenSourceReader, datagenSourceSchema } from "./datagen-source.ts";
import { FileSourceReader } from "./file-source.ts";
import { fileSourceSchema } from "./file-splits.ts";
import { FilesSinkWriter, filesSinkSchema } from "./files-sink.ts";
import {
  BlackholeSinkWriter,
  blackholeSinkSchema,
  CollectSinkWriter,
  collectSinkSchema,
  PrintSinkWriter,
  printSinkSchema,
} from "./line-sinks.ts";
import { SocketSourceReader, socketSourceSchema } from "./socket-source.ts";

/**
 * Opens the reader of a source.
 * @throws MillraceError CONNECTOR_UNKNOWN, CONNECTOR_OPTION_INVALID
 */
export function openSource(spec: ConnectorSpec, context: SubtaskContext): SourceReader {
  switch (spec.type) {
    case "file":
      return new FileSourceReader(connectorOptions(fileSourceSchema, spec), context);
    case "socket":
      return new SocketSourceReader(connectorOptions(socketSourceSchema, spec), context);
    case "datagen":
      return new DatagenSourceReader(connectorOptions(datagenSourceSchema, spec), context);
    default:
      throw unknownConnector(spec, "file, socket, datagen");
  }
}

/**
 * Opens the writer of a sink.
 * @throws MillraceError CONNECTOR_UNKNOWN, CONNECTOR_OPTION_INVALID
 */
export function openSink(
  spec: ConnectorSpec,
  context: SubtaskContext,
  outlets: SinkOutlets,
): SinkWriter {
  switch (spec.type) {
    case "print":
      return new PrintSinkWriter(connectorOptions(printSinkSchema, spec), context, outlets);
    case "files":
      return new FilesSinkWriter(connectorOptions(filesSinkSchema, spec), context, outlets);
    case "blackhole":
      connectorOptions(blackholeSinkSchema, spec);
      return new BlackholeSinkWriter();
    case "collect":
      connectorOptions(collectSinkSchema, spec);
      return new CollectSinkWriter(outlets);
    default:
      throw unknownConnector(spec, "print, files, blackhole, collect");
  }
}

function unknownConnector(spec: ConnectorSpec, expected: string): MillraceError {
  const message = `Cannot open connector: ${spec.type} is unknown here`;
  return new MillraceError("CONNECTOR_UNKNOWN", message, {
    field: "connector.type",
    value: spec.type,
    expected,
  });
}
