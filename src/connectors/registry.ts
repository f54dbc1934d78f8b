/**
 * The connectors there are, by the `type` of their spec. A spec comes checked (connector-check.ts):
 * its options have their types and defaults.
 */
import type { SinkOptions, SourceOptions } from "../protocol/connector-options.ts";
import type { ConnectorSpec } from "../protocol/deployment.ts";
import { assert } from "../protocol/errors.ts";
import { CollectionSourceReader } from "./collection-source.ts";
import type { SinkOutlets, SinkWriter, SourceReader, SubtaskContext } from "./connector.ts";
import { DatagenSourceReader } from "./datagen-source.ts";
import { FileSourceReader } from "./file-source.ts";
import { FilesSinkWriter } from "./files-sink.ts";
import { BlackholeSinkWriter, CollectSinkWriter, PrintSinkWriter } from "./line-sinks.ts";
import { SocketSourceReader } from "./socket-source.ts";

/** Opens the reader of a source. @param spec as `checkedSource` gave it */
export function openSource(spec: ConnectorSpec, context: SubtaskContext): SourceReader {
  switch (spec.type) {
    case "file":
      return new FileSourceReader(spec as SourceOptions<"file">, context);
    case "socket":
      return new SocketSourceReader(spec as SourceOptions<"socket">, context);
    case "datagen":
      return new DatagenSourceReader(spec as SourceOptions<"datagen">, context);
    case "collection":
      return new CollectionSourceReader(spec as SourceOptions<"collection">, context);
    default:
      assert(false, `source connector ${spec.type} was checked`);
  }
}

/** Opens the writer of a sink. @param spec as `checkedSink` gave it */
export function openSink(
  spec: ConnectorSpec,
  context: SubtaskContext,
  outlets: SinkOutlets,
): SinkWriter {
  switch (spec.type) {
    case "print":
      return new PrintSinkWriter(spec as SinkOptions<"print">, context, outlets);
    case "files":
      return new FilesSinkWriter(spec as SinkOptions<"files">, context, outlets);
    case "blackhole":
      return new BlackholeSinkWriter();
    case "collect":
      return new CollectSinkWriter(outlets);
    default:
      assert(false, `sink connector ${spec.type} was checked`);
  }
}
