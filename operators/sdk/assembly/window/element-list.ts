/**
 * The elements of a window, kept as they came: for functions that want all of them. A list is a
 * value of 16 bytes {u32 buffer, u32 used, u32 capacity, u32 count}; an element is
 * {u32 bytes, u32 1 if it has a timestamp, i64 timestamp, all columns in the key encoding},
 * padded to 8.
 */
import { BatchReader } from "../batch-reader";
import { BlockWriter } from "../block-writer";
import { KeyCodec } from "../key-codec";
import { align8 } from "../layout";
import { OpenStream } from "../open-config";

export const LIST_BYTES: i32 = 16;
/** Bytes in front of an element's columns. */
export const ELEMENT_HEADER: usize = 16;
const FIRST_CAPACITY: usize = 128;

/** What lists share, whatever the columns of their elements. */
export abstract class ListBuffers {
  /** Bytes of all lists together. */
  held: u64 = 0;

  /** Adds an element of `length` bytes of columns, which are to be written behind its header; answers where. */
  // @ts-ignore: decorator
  @inline
  protected room(list: usize, length: i32): usize {
    const size = ELEMENT_HEADER + align8(length);
    this.held += reserve(list, size);
    const at = <usize>load<u32>(list) + <usize>load<u32>(list, 4);
    store<u32>(at, length);
    // Padding is zero, so that equal elements are equal bytes.
    if (length > 0) store<u64>(at + size - 8, 0);
    store<u32>(list, load<u32>(list, 4) + <u32>size, 4);
    store<u32>(list, load<u32>(list, 12) + 1, 12);
    return at;
  }

  /** Appends what another list holds. */
  appendAll(list: usize, other: usize): void {
    const size = load<u32>(other, 4);
    this.held += reserve(list, size);
    memory.copy(<usize>load<u32>(list) + <usize>load<u32>(list, 4), <usize>load<u32>(other), size);
    store<u32>(list, load<u32>(list, 4) + size, 4);
    store<u32>(list, load<u32>(list, 12) + load<u32>(other, 12), 12);
  }

  /** Frees a list's buffer and leaves it empty. */
  free(list: usize): void {
    const buffer = <usize>load<u32>(list);
    this.held -= load<u32>(list, 8);
    if (buffer != 0) heap.free(buffer);
    memory.fill(list, 0, LIST_BYTES);
  }

  /** Copies the bytes of a snapshot into an empty list. */
  restore(list: usize, source: usize, length: i32): void {
    if (length < 8) return;
    const used = length - 8;
    this.held += reserve(list, used);
    memory.copy(<usize>load<u32>(list), source + 8, used);
    store<u32>(list, used, 4);
    store<u32>(list, load<u32>(source), 12);
  }

  /** Removes the elements for which keep is 0. */
  retain(list: usize, keep: Uint8Array): void {
    const count = load<i32>(list, 12);
    const start = <usize>load<u32>(list);
    let from = start;
    let to = start;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const size = ELEMENT_HEADER + align8(load<u32>(from));
      if (keep[i]) {
        memory.copy(to, from, size);
        to += size;
        kept++;
      }
      from += size;
    }
    store<u32>(list, <u32>(to - start), 4);
    store<u32>(list, kept, 12);
  }
}

export class ElementList extends ListBuffers {
  private codec: KeyCodec;
  private writer: BlockWriter;
  /** The elements of the last load(), as a batch. */
  readonly elements: BatchReader = new BatchReader();

  constructor(stream: OpenStream) {
    super();
    const all: i32[] = [];
    for (let i = 0; i < stream.columns.length; i++) all.push(i);
    this.codec = new KeyCodec(stream.columns, all);
    // The elements of a window are one block, however large.
    this.writer = new BlockWriter(stream, 64, i32.MAX_VALUE);
  }

  append(list: usize, reader: BatchReader, row: i32): void {
    this.codec.encode(reader, row);
    const timed = reader.hasTimestamp(row);
    const at = this.room(list, this.codec.length);
    store<u32>(at, timed ? 1 : 0, 4);
    store<i64>(at, timed ? reader.timestamp(row) : 0, 8);
    memory.copy(at + ELEMENT_HEADER, this.codec.start, this.codec.length);
  }

  /** Makes a batch of the elements; it is valid until the next load(). */
  load(list: usize): i32 {
    const count = load<i32>(list, 12);
    const writer = this.writer;
    while (writer.take() != 0) {}
    if (count > writer.roomRows) writer.enlarge(count + (count >> 1));
    let at = <usize>load<u32>(list);
    for (let i = 0; i < count; i++) {
      const bytes = load<i32>(at);
      writer.hasTimestamp = load<u32>(at, 4) != 0;
      writer.timestamp = load<i64>(at, 8);
      this.codec.decode(at + ELEMENT_HEADER, bytes, writer);
      writer.endRow();
      at += ELEMENT_HEADER + align8(bytes);
    }
    writer.flush();
    const block = writer.take();
    if (block != 0) this.elements.attach(block);
    else this.elements.detach();
    return count;
  }

  /** Frees what load() works with. */
  close(): void {
    this.writer.close();
  }
}

/** Makes room for `size` bytes more; answers by how much the buffer grew. */
function reserve(list: usize, size: usize): usize {
  const used = <usize>load<u32>(list, 4);
  const capacity = <usize>load<u32>(list, 8);
  if (used + size <= capacity) return 0;
  const grown = max(max(capacity * 2, used + size), FIRST_CAPACITY);
  const old = <usize>load<u32>(list);
  store<u32>(list, <u32>(old == 0 ? heap.alloc(grown) : heap.realloc(old, grown)));
  store<u32>(list, <u32>grown, 8);
  return grown - capacity;
}

export function storedListBytes(list: usize): i32 {
  return 8 + load<i32>(list, 4);
}

export function storeList(list: usize, target: usize): void {
  store<u64>(target, load<u32>(list, 12));
  memory.copy(target + 8, <usize>load<u32>(list), load<u32>(list, 4));
}
