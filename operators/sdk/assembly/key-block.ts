/** An encoded key as a block of one row: its columns, for a view or for the host. */
import { BlockWriter } from "./block-writer";
import { KeyCodec } from "./key-codec";
import { OpenStream } from "./open-config";

export class KeyBlock {
  readonly columns: OpenStream = new OpenStream();
  private writer!: BlockWriter;
  private codec!: KeyCodec;

  /** @param input the stream that is keyed */
  constructor(input: OpenStream) {
    const columns = this.columns;
    for (let i = 0; i < input.keys.length; i++) columns.columns.push(input.columns[input.keys[i]]);
    this.codec = new KeyCodec(input.columns, input.keys);
    this.writer = new BlockWriter(columns, 1, i32.MAX_VALUE);
  }

  /** The block: valid until the next one is asked for. */
  of(start: usize, length: i32): usize {
    this.codec.decode(start, length, this.writer);
    this.writer.endRow();
    this.writer.flush();
    return this.writer.take();
  }
}
