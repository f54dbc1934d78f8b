/** Records of one key group in a snapshot: written while it is taken, walked when it is restored. */
import {
  RECORD_BYTES,
  RECORD_FLAGS,
  RECORD_KEY_BYTES,
  RECORD_KIND,
  RECORD_START,
  RECORD_VALUE_BYTES,
} from "./window-pane";
import { align8 } from "../layout";

export class SnapshotChunk {
  start: usize = 0;
  length: i32 = 0;
  kind: u32 = 0;
  flags: u32 = 0;
  windowStart: i64 = 0;
  key: usize = 0;
  keyBytes: i32 = 0;
  value: usize = 0;
  valueBytes: i32 = 0;
  private bytes: ArrayBuffer | null = null;
  private at: usize = 0;

  /** Walks a chunk that the host handed in: `while (chunk.next())`. */
  static over(start: usize, length: i32): SnapshotChunk {
    const chunk = new SnapshotChunk();
    chunk.start = start;
    chunk.length = length;
    chunk.at = start;
    return chunk;
  }

  /** Appends a record and answers where its value of `valueBytes` bytes is to be written. */
  add(
    kind: u32,
    flags: u32,
    windowStart: i64,
    key: usize,
    keyBytes: i32,
    valueBytes: i32,
  ): usize {
    const size = RECORD_BYTES + align8(keyBytes) + align8(valueBytes);
    this.reserve(<i32>size);
    const at = this.start + <usize>this.length;
    memory.fill(at, 0, size);
    store<u32>(at + RECORD_KIND, kind);
    store<u32>(at + RECORD_FLAGS, flags);
    store<i64>(at + RECORD_START, windowStart);
    store<u32>(at + RECORD_KEY_BYTES, keyBytes);
    store<u32>(at + RECORD_VALUE_BYTES, valueBytes);
    memory.copy(at + RECORD_BYTES, key, keyBytes);
    this.length += <i32>size;
    return at + RECORD_BYTES + align8(keyBytes);
  }

  private reserve(size: i32): void {
    const old = this.bytes;
    const capacity = old === null ? 0 : old.byteLength;
    if (this.length + size <= capacity) return;
    const grown = new ArrayBuffer(max(capacity * 2, max(this.length + size, 1024)));
    if (old !== null) memory.copy(changetype<usize>(grown), this.start, this.length);
    this.bytes = grown;
    this.start = changetype<usize>(grown);
  }

  next(): bool {
    if (this.at >= this.start + <usize>this.length) return false;
    const at = this.at;
    this.kind = load<u32>(at + RECORD_KIND);
    this.flags = load<u32>(at + RECORD_FLAGS);
    this.windowStart = load<i64>(at + RECORD_START);
    this.keyBytes = load<i32>(at + RECORD_KEY_BYTES);
    this.valueBytes = load<i32>(at + RECORD_VALUE_BYTES);
    this.key = at + RECORD_BYTES;
    this.value = this.key + align8(this.keyBytes);
    this.at = this.value + align8(this.valueBytes);
    return true;
  }
}
