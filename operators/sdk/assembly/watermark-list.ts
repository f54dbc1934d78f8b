/** Watermarks of the block being written, each behind the rows that were there when it came. */
import { WATERMARK_BYTES, WATERMARK_ROW } from "./layout";

export class WatermarkList {
  count: i32 = 0;
  /** Entries as they lie in a block. */
  start: usize = 0;
  private capacity: i32 = 0;

  /** A watermark behind `rows` rows. A later one at the same row replaces it. */
  add(timestamp: i64, rows: i32): void {
    if (this.count > 0) {
      const last = this.start + <usize>(this.count - 1) * WATERMARK_BYTES;
      if (load<u32>(last + WATERMARK_ROW) == <u32>rows) {
        store<i64>(last, timestamp);
        return;
      }
    }
    if (this.count == this.capacity) {
      this.capacity = this.capacity == 0 ? 8 : this.capacity * 2;
      const bytes = <usize>this.capacity * WATERMARK_BYTES;
      this.start = this.start == 0 ? heap.alloc(bytes) : heap.realloc(this.start, bytes);
    }
    const entry = this.start + <usize>this.count * WATERMARK_BYTES;
    store<i64>(entry, timestamp);
    store<u64>(entry + WATERMARK_ROW, <u64>rows);
    this.count++;
  }

  get bytes(): usize {
    return <usize>this.count * WATERMARK_BYTES;
  }

  free(): void {
    if (this.start != 0) heap.free(this.start);
    this.start = 0;
    this.capacity = 0;
    this.count = 0;
  }
}
