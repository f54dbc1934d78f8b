/**
 * The waiting rows and watermarks of a subtask as a list of operator state (Flink: AsyncWaitOperator's
 * `_async_wait_operator_state_`), in the order of arrival. docs/state-format.md, "Waiting rows".
 *
 * An element: u32 kind (0 watermark, 1 row), u32 parallelism, then an i64 timestamp or a block of one row.
 */
import {
  COLUMN_BYTES,
  COLUMN_TYPE,
  HEADER_COLUMN_COUNT,
  HEADER_COLUMN_TABLE,
} from "../layout";
import { OpenConfig, OpenStream } from "../open-config";
import { SubtaskState } from "../operator-state";
import { RECORD_ELEMENT, RECORD_STATE } from "../state/state-record";
import { SnapshotChunk } from "../window/snapshot-chunk";
import { blockBytes, PendingElement } from "./pending-element";
import { StreamElementQueue } from "./stream-element-queue";

const STATE_NAME = "_async_wait_operator_state_";
/** Lists are dealt out in even shares: src/state/operator-state.ts. */
const STATE_TYPE = "OperatorListState<StreamElement>";
const ELEMENT_HEADER: usize = 8;
const WATERMARK_BYTES: i32 = 8;
/** Bytes after which a chunk ends. */
const CHUNK_BYTES: i32 = 64 * 1024;
const KIND_WATERMARK: u32 = 0;
const KIND_ROW: u32 = 1;

export class QueueState extends SubtaskState {
  /** Bytes of the rows and results that wait. */
  held: u64 = 0;
  /** What restored chunks had: the operator takes it over. */
  restored: PendingElement[] = [];
  /** Of a snapshot: a copy, as the queue goes on between its slices. */
  private chunks: SnapshotChunk[] = [];
  private given: i32 = 0;

  constructor(
    private queue: StreamElementQueue,
    private config: OpenConfig,
  ) {
    super(STATE_NAME);
  }

  get bytes(): u64 {
    return this.held;
  }

  /** Only broadcast state is ever read only. */
  setReadOnly(value: bool): void {}

  begin(checkpoint: i64, since: i64): void {
    this.chunks = [];
    this.given = 0;
    let chunk: SnapshotChunk | null = null;
    let element = this.queue.first;
    while (element !== null) {
      if (chunk === null || chunk.length >= CHUNK_BYTES) {
        chunk = namedChunk();
        this.chunks.push(chunk);
      }
      this.write(chunk, element);
      element = element.after;
    }
  }

  private write(chunk: SnapshotChunk, element: PendingElement): void {
    const isWatermark = element.isWatermark;
    const body = isWatermark ? WATERMARK_BYTES : <i32>blockBytes(element.block);
    const at = chunk.add(RECORD_ELEMENT, 0, 0, 0, 0, <i32>ELEMENT_HEADER + body);
    store<u32>(at, isWatermark ? KIND_WATERMARK : KIND_ROW);
    store<i32>(at, this.config.parallelism, 4);
    if (isWatermark) store<i64>(at + ELEMENT_HEADER, element.watermark);
    else memory.copy(at + ELEMENT_HEADER, element.block, body);
  }

  advance(budget: i32): SnapshotChunk | null {
    if (this.isDone) {
      this.chunks = [];
      this.given = 0;
      return null;
    }
    return this.chunks[this.given++];
  }

  get isDone(): bool {
    return this.given == this.chunks.length;
  }

  /**
   * Of another parallelism watermarks are left to the sources, which begin anew: one subtask's must not
   * overtake another's rows.
   */
  read(start: usize, length: i32): string | null {
    const chunk = SnapshotChunk.over(start, length);
    while (chunk.next()) {
      if (chunk.kind == RECORD_STATE) continue;
      const body = chunk.valueBytes - <i32>ELEMENT_HEADER;
      if (chunk.kind != RECORD_ELEMENT || body < WATERMARK_BYTES) return "waiting rows of another version";
      const at = chunk.value + ELEMENT_HEADER;
      const kind = load<u32>(chunk.value);
      if (kind == KIND_WATERMARK) {
        if (load<i32>(chunk.value, 4) != this.config.parallelism) continue;
        this.restored.push(PendingElement.ofWatermark(load<i64>(at)));
      } else if (kind == KIND_ROW) {
        if (!fits(at, this.config.inputs[0])) return "waiting rows with other columns than the input";
        const block = heap.alloc(body);
        memory.copy(block, at, body);
        this.restored.push(PendingElement.ofRow(block));
      } else return "waiting rows of another version";
    }
    return null;
  }

  close(): void {}
}

function namedChunk(): SnapshotChunk {
  const chunk = new SnapshotChunk();
  const name = String.UTF8.encode(STATE_NAME);
  const type = String.UTF8.encode(STATE_TYPE);
  const at = chunk.add(
    RECORD_STATE,
    0,
    0,
    changetype<usize>(name),
    name.byteLength,
    type.byteLength,
  );
  memory.copy(at, changetype<usize>(type), type.byteLength);
  return chunk;
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
