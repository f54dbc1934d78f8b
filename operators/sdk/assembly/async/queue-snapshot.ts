/**
 * The waiting rows and watermarks of a subtask in a snapshot: chunks of operator state, in the order of
 * arrival. docs/operator-abi.md, "Operator state of asynchronous operators".
 *
 * A chunk: u32 version, u32 subtask, u32 parallelism, u32 elements; then the elements, each u32 kind
 * (0 watermark, 1 row), u32 bytes and, from the next multiple of 8, i64 timestamp or a block of one row.
 */
import {
  align8,
  COLUMN_BYTES,
  COLUMN_TYPE,
  HEADER_COLUMN_COUNT,
  HEADER_COLUMN_TABLE,
} from "../layout";
import { OpenConfig, OpenStream } from "../open-config";
import { blockBytes, PendingElement } from "./pending-element";
import { StreamElementQueue } from "./stream-element-queue";

const CHUNK_VERSION: u32 = 1;
const CHUNK_HEADER: usize = 16;
const ELEMENT_HEADER: usize = 8;
/** Bytes after which a chunk ends. */
const CHUNK_BYTES: usize = 64 * 1024;
const KIND_WATERMARK: u32 = 0;
const KIND_ROW: u32 = 1;

/** Chunks of one snapshot: a copy, as the queue goes on between its slices. */
export class QueueSnapshot {
  private chunks: usize[] = [];
  private lengths: i32[] = [];
  private given: i32 = 0;

  constructor(queue: StreamElementQueue, config: OpenConfig) {
    let element = queue.first;
    while (element !== null) {
      let end = element;
      let count: u32 = 0;
      let bytes = CHUNK_HEADER;
      let behind: PendingElement | null = element;
      while (behind !== null && (count == 0 || bytes + elementBytes(behind) <= CHUNK_BYTES)) {
        bytes += elementBytes(behind);
        count++;
        end = behind;
        behind = behind.after;
      }
      this.write(config, element, count, bytes);
      element = end.after;
    }
  }

  /** Length of the next chunk, whose address is `pointer`; -1: that was all. */
  next(): i32 {
    return this.given == this.chunks.length ? -1 : this.lengths[this.given++];
  }

  get pointer(): usize {
    return this.chunks[this.given - 1];
  }

  free(): void {
    for (let i = 0; i < this.chunks.length; i++) heap.free(this.chunks[i]);
    this.chunks = [];
    this.lengths = [];
    this.given = 0;
  }

  private write(config: OpenConfig, from: PendingElement, count: u32, bytes: usize): void {
    const chunk = heap.alloc(bytes);
    memory.fill(chunk, 0, bytes);
    store<u32>(chunk, CHUNK_VERSION);
    store<u32>(chunk, config.subtask, 4);
    store<u32>(chunk, config.parallelism, 8);
    store<u32>(chunk, count, 12);
    let at = chunk + CHUNK_HEADER;
    let element: PendingElement | null = from;
    for (let i: u32 = 0; i < count; i++) {
      if (element === null) break;
      const body = element.isWatermark ? 8 : blockBytes(element.block);
      store<u32>(at, element.isWatermark ? KIND_WATERMARK : KIND_ROW);
      store<u32>(at, body, 4);
      if (element.isWatermark) store<i64>(at + ELEMENT_HEADER, element.watermark);
      else memory.copy(at + ELEMENT_HEADER, element.block, body);
      at += elementBytes(element);
      element = element.after;
    }
    this.chunks.push(chunk);
    this.lengths.push(<i32>bytes);
  }
}

function elementBytes(element: PendingElement): usize {
  return ELEMENT_HEADER + align8(element.isWatermark ? 8 : <usize>blockBytes(element.block));
}

/**
 * The elements of a chunk that this subtask goes on with: all of its own. Where the parallelism has
 * changed, rows are dealt out in turn, and watermarks are left to the sources, which begin anew: one
 * subtask's must not overtake another's rows. The host hands every subtask all chunks.
 * @returns null: the chunk is not of this version, or its rows have other columns than the input
 */
export function readQueue(start: usize, length: i32, config: OpenConfig): PendingElement[] | null {
  if (length < <i32>CHUNK_HEADER || load<u32>(start) != CHUNK_VERSION) return null;
  const subtask = load<i32>(start, 4);
  const rescaled = load<i32>(start, 8) != config.parallelism;
  const elements: PendingElement[] = [];
  if (!rescaled && subtask != config.subtask) return elements;
  const count = load<i32>(start, 12);
  let at = start + CHUNK_HEADER;
  for (let i = 0; i < count; i++) {
    const isRow = load<u32>(at) == KIND_ROW;
    const body = <usize>load<u32>(at, 4);
    if (isRow && !fits(at + ELEMENT_HEADER, config.inputs[0])) return null;
    if (!rescaled || (isRow && (i + subtask) % config.parallelism == config.subtask)) {
      elements.push(readElement(at + ELEMENT_HEADER, body, isRow));
    }
    at += ELEMENT_HEADER + align8(body);
  }
  return elements;
}

/** Whether a kept row has the columns that the input has now. */
function fits(block: usize, input: OpenStream): bool {
  const columns = input.columns;
  if (load<i32>(block + HEADER_COLUMN_COUNT) != columns.length) return false;
  const table = block + <usize>load<u32>(block + HEADER_COLUMN_TABLE);
  for (let i = 0; i < columns.length; i++) {
    if (load<u8>(table + <usize>i * COLUMN_BYTES + COLUMN_TYPE) != columns[i].type) return false;
  }
  return true;
}

function readElement(at: usize, bytes: usize, isRow: bool): PendingElement {
  if (!isRow) return PendingElement.ofWatermark(load<i64>(at));
  const block = heap.alloc(bytes);
  memory.copy(block, at, bytes);
  return PendingElement.ofRow(block);
}
