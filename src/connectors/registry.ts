/** The connectors there are, by the `type` of their spec. */
import { sinkConnectors, sourceConnectors } from "../protocol/connector-options.ts";
import type { ConnectorSpec } from "../protocol/deployment.ts";
import { MillraceError } from "../protocol/errors.ts";
import { CollectionSourceReader } from "./collection-source.ts";
import {
  connectorOptions,
  type SinkOutlets,
  type SinkWriter,
  type SourceReader,
  type SubtaskContext,
} from "./connector.ts";
import { DatagenSourceReader } from "./datagen-source.ts";
import { FileSourceReader } from "./file-source.ts";
import { FilesSinkWriter } from "./files-sink.ts";
import { BlackholeSinkWriter, CollectSinkWriter, PrintSinkWriter } from "./line-sinks.ts";
import { SocketSourceReader } from "./socket-source.ts";

/**
 * Opens the reader of a source.
 * @throws MillraceError CONNECTOR_UNKNOWN, CONNECTOR_OPTION_INVALID
 */
export function openSource(spec: ConnectorSpec, context: SubtaskContext): SourceReader {
  switch (spec.type) {
    case "file":
      return new FileSourceReader(connectorOptions(sourceConnectors.file, spec), context);
    case "socket":
      return new SocketSourceReader(connectorOptions(sourceConnectors.socket, spec), context);
    case "datagen":
      return new DatagenSourceReader(connectorOptions(sourceConnectors.datagen, spec), context);
    case "collection":
      return new CollectionSourceReader(
        connectorOptions(sourceConnectors.collection, spec),
        context,
      );
    default:
      throw unknownConnector(spec, Object.keys(sourceConnectors).join(", "));
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
      return new PrintSinkWriter(connectorOptions(sinkConnectors.print, spec), context, outlets);
    case "files":
      return new FilesSinkWriter(connectorOptions(sinkConnectors.files, spec), context, outlets);
    case "blackhole":
      connectorOptions(sinkConnectors.blackhole, spec);
      return new BlackholeSinkWriter();
    case "collect":
      connectorOptions(sinkConnectors.collect, spec);
      return new CollectSinkWriter(outlets);
    default:
      throw unknownConnector(spec, Object.keys(sinkConnectors).join(", "));
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
