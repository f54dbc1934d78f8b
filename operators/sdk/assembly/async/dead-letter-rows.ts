/** Rows without a result, for the dead letters: the batch that they came in is long gone. */
import { BatchReader } from "../batch-reader";
import { BlockWriter } from "../block-writer";
import { copyValue } from "../copy-columns";
import { OpenConfig } from "../open-config";
import { PendingElement } from "./pending-element";

const DEAD_LETTER = "dead_letter";

export class DeadLetterRows {
  private reader: BatchReader = new BatchReader();
  /** Column of the input for each of the output's; -1: it is left empty. */
  private sources: i32[] = [];

  /** Null: the job does not want them. */
  static of(config: OpenConfig, writers: BlockWriter[]): DeadLetterRows | null {
    for (let i = 1; i < config.outputs.length; i++) {
      if (config.outputs[i].name == DEAD_LETTER) return new DeadLetterRows(config, i, writers[i]);
    }
    return null;
  }

  constructor(
    config: OpenConfig,
    output: i32,
    private writer: BlockWriter,
  ) {
    const columns = config.outputs[output].columns;
    for (let i = 0; i < columns.length; i++) {
      this.sources.push(config.inputs[0].indexOf(columns[i].name));
    }
  }

  add(element: PendingElement): void {
    const reader = this.reader;
    const writer = this.writer;
    reader.attach(element.block);
    for (let i = 0; i < this.sources.length; i++) {
      const column = writer.columns[i];
      if (this.sources[i] < 0) writer.writeDefault(column);
      else copyValue(reader, this.sources[i], 0, writer, column);
    }
    writer.hasTimestamp = element.hasTimestamp;
    writer.timestamp = element.timestamp;
    writer.rowKind = reader.rowKind(0);
    writer.endRow();
  }
}
