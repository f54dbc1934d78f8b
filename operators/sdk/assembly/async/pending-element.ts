/** A row or watermark that waits in the queue of an asynchronous operator (Flink: StreamElementQueueEntry). */
import { BatchReader } from "../batch-reader";
import { HEADER_BYTE_LENGTH } from "../layout";

/** Reads a row's time. */
const lanes = new BatchReader();

/** Copies a block out of its writer. */
export function keepBlock(block: usize): usize {
  const bytes = load<u32>(block + HEADER_BYTE_LENGTH);
  const kept = heap.alloc(bytes);
  memory.copy(kept, block, bytes);
  return kept;
}

/** Bytes of a block. */
export function blockBytes(block: usize): u32 {
  return load<u32>(block + HEADER_BYTE_LENGTH);
}

export class PendingElement {
  /** The row, as a block of one row; 0: it is a watermark. */
  block: usize = 0;
  watermark: i64 = 0;
  hasTimestamp: bool = false;
  timestamp: i64 = 0;
  /** Place in the order of arrival. */
  number: i64 = 0;
  /** The row's number in the input of the subtask, from 1; 0: it came with a snapshot. */
  position: i64 = 0;
  /** Why there is no result. */
  error: string = "";
  /** Calls of asyncInvoke so far. */
  attempts: i32 = 0;
  /** Number of the open request; 0: none. */
  request: i64 = 0;
  /** Its descriptor (u32 length, bytes) until it is handed to the host; 0: none. */
  descriptor: usize = 0;
  isDone: bool = false;
  /** Results, as blocks, and how far they have left. */
  results: usize[] = [];
  resultBlock: i32 = 0;
  resultRow: i32 = 0;
  /** When it times out; its neighbours in the list of those that will. */
  deadline: i64 = i64.MAX_VALUE;
  laterDeadline: PendingElement | null = null;
  earlierDeadline: PendingElement | null = null;
  /** When it is asked for again; i64.MAX_VALUE: no retry waits. */
  retryAt: i64 = i64.MAX_VALUE;
  /** Neighbours in the order of arrival. */
  after: PendingElement | null = null;
  before: PendingElement | null = null;
  /** Unordered: the segment it stands in. */
  segment: i32 = 0;

  static ofWatermark(timestamp: i64): PendingElement {
    const element = new PendingElement();
    element.watermark = timestamp;
    element.isDone = true;
    return element;
  }

  /** @param block its memory belongs to the element from here on */
  static ofRow(block: usize): PendingElement {
    const element = new PendingElement();
    element.block = block;
    lanes.attach(block);
    element.hasTimestamp = lanes.hasTimestamp(0);
    if (element.hasTimestamp) element.timestamp = lanes.timestamp(0);
    return element;
  }

  get isWatermark(): bool {
    return this.block == 0;
  }

  /** Bytes that it holds outside of itself. */
  get bytes(): u32 {
    let bytes: u32 = this.block == 0 ? 0 : blockBytes(this.block);
    for (let i = 0; i < this.results.length; i++) bytes += blockBytes(this.results[i]);
    return bytes;
  }

  free(): void {
    if (this.block != 0) heap.free(this.block);
    if (this.descriptor != 0) heap.free(this.descriptor);
    for (let i = 0; i < this.results.length; i++) heap.free(this.results[i]);
    this.block = 0;
    this.descriptor = 0;
    this.results = [];
  }
}
