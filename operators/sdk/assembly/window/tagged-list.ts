/**
 * The elements of two streams in one window, in the order of their arrival, which is the order in which
 * an evictor counts (Flink: the ListState of TaggedUnion in CoGroupedStreams). A list is a value of 16 bytes as
 * in element-list.ts; an element's flags say whether it has a timestamp and which stream it is of.
 */
import { BatchReader } from "../batch-reader";
import { BlockWriter } from "../block-writer";
import { KeyCodec } from "../key-codec";
import { align8, TYPE_DOUBLE } from "../layout";
import { OpenColumn, OpenStream } from "../open-config";
import { ELEMENT_HEADER, ListBuffers } from "./element-list";

const FLAG_TIMED: u32 = 1;
const FLAG_RIGHT: u32 = 2;

/** What one stream has in the list that was loaded last. */
export class TaggedSide {
  readonly codec: KeyCodec;
  readonly elements: BatchReader = new BatchReader();
  count: i32 = 0;
  private writer: BlockWriter;
  private keys: KeyCodec;
  private keyColumns: i32[];

  constructor(readonly stream: OpenStream) {
    const all: i32[] = [];
    for (let i = 0; i < stream.columns.length; i++) all.push(i);
    this.codec = new KeyCodec(stream.columns, all);
    this.keys = new KeyCodec(stream.columns, stream.keys);
    this.keyColumns = stream.keys;
    // The elements of a window are one block, however large.
    this.writer = new BlockWriter(stream, 64, i32.MAX_VALUE);
  }

  begin(count: i32): void {
    const writer = this.writer;
    while (writer.take() != 0) {}
    if (count > writer.roomRows) writer.enlarge(count + (count >> 1));
    this.count = 0;
  }

  decode(start: usize, bytes: i32, timed: bool, timestamp: i64): void {
    const writer = this.writer;
    writer.hasTimestamp = timed;
    writer.timestamp = timestamp;
    this.codec.decode(start, bytes, writer);
    writer.endRow();
    this.count++;
  }

  /** Makes a batch of what was decoded; of a stream without elements: one row that has the key. */
  end(key: usize, keyLength: i32): void {
    const writer = this.writer;
    if (this.count == 0) {
      for (let c = 0; c < writer.columns.length; c++) {
        if (!this.keyColumns.includes(c)) writer.writeDefault(writer.columns[c]);
      }
      this.keys.decodeInto(key, keyLength, writer, this.keyColumns);
      writer.hasTimestamp = false;
      writer.endRow();
    }
    writer.flush();
    this.elements.attach(writer.take());
  }

  close(): void {
    this.writer.close();
  }
}

export class TaggedList extends ListBuffers {
  readonly left: TaggedSide;
  readonly right: TaggedSide;
  /** Elements of both streams in the list that was loaded last. */
  count: i32 = 0;
  private sides: StaticArray<u8> = new StaticArray<u8>(64);

  constructor(left: OpenStream, right: OpenStream) {
    super();
    this.left = new TaggedSide(left);
    this.right = new TaggedSide(right);
  }

  append(list: usize, isRight: bool, reader: BatchReader, row: i32): void {
    const codec = isRight ? this.right.codec : this.left.codec;
    codec.encode(reader, row);
    const timed = reader.hasTimestamp(row);
    const at = this.room(list, codec.length);
    store<u32>(at, (timed ? FLAG_TIMED : 0) | (isRight ? FLAG_RIGHT : 0), 4);
    store<i64>(at, timed ? reader.timestamp(row) : 0, 8);
    memory.copy(at + ELEMENT_HEADER, codec.start, codec.length);
  }

  /** Makes a batch of each stream's elements; they are valid until the next load(). */
  load(list: usize, key: usize, keyLength: i32): void {
    const count = load<i32>(list, 12);
    if (count > this.sides.length) this.sides = new StaticArray<u8>(count + (count >> 1));
    this.count = count;
    this.left.begin(count);
    this.right.begin(count);
    let at = <usize>load<u32>(list);
    for (let i = 0; i < count; i++) {
      const bytes = load<i32>(at);
      const flags = load<u32>(at, 4);
      const isRight = (flags & FLAG_RIGHT) != 0;
      unchecked((this.sides[i] = isRight ? 1 : 0));
      const side = isRight ? this.right : this.left;
      side.decode(at + ELEMENT_HEADER, bytes, (flags & FLAG_TIMED) != 0, load<i64>(at, 8));
      at += ELEMENT_HEADER + align8(bytes);
    }
    this.left.end(key, keyLength);
    this.right.end(key, keyLength);
  }

  /** Whether the i-th of both is of the right stream. */
  isRight(i: i32): bool {
    return unchecked(this.sides[i]) != 0;
  }

  close(): void {
    this.left.close();
    this.right.close();
  }
}

/** What an evictor sees of the elements of both streams: their timestamps, and the one column that it measures. */
export class EvictionView {
  readonly stream: OpenStream;
  readonly elements: BatchReader = new BatchReader();
  private writer: BlockWriter;

  /** @param field The column, BIGINT or DOUBLE in both streams; empty: none is measured. */
  constructor(private field: string) {
    const stream = new OpenStream();
    stream.columns.push(new OpenColumn(field, TYPE_DOUBLE, false, 0, 0));
    this.stream = stream;
    this.writer = new BlockWriter(stream, 64, i32.MAX_VALUE);
  }

  load(list: TaggedList): void {
    const writer = this.writer;
    while (writer.take() != 0) {}
    if (list.count > writer.roomRows) writer.enlarge(list.count + (list.count >> 1));
    let left = 0;
    let right = 0;
    for (let i = 0; i < list.count; i++) {
      const side = list.isRight(i) ? list.right : list.left;
      const row = list.isRight(i) ? right++ : left++;
      writer.hasTimestamp = side.elements.hasTimestamp(row);
      if (writer.hasTimestamp) writer.timestamp = side.elements.timestamp(row);
      const target = writer.columns[0].data + (<usize>writer.rows << 3);
      store<f64>(target, this.valueOf(side, row));
      writer.endRow();
    }
    writer.flush();
    this.elements.attach(writer.take());
  }

  private valueOf(side: TaggedSide, row: i32): f64 {
    const column = side.stream.indexOf(this.field);
    if (column < 0) return 0;
    const at = side.elements.data(column) + (<usize>row << 3);
    return side.stream.columns[column].type == TYPE_DOUBLE ? load<f64>(at) : <f64>load<i64>(at);
  }

  close(): void {
    this.writer.close();
  }
}
