/** Watermarks and statuses of the block being written, each behind the rows that were there when it came. */
import { WATERMARK_BYTES, WATERMARK_KIND, WATERMARK_ROW, WatermarkKind } from "./layout";

export class WatermarkList {
  count: i32 = 0;
  /** Entries as they lie in a block. */
  start: usize = 0;
  private capacity: i32 = 0;

  /** A watermark behind `rows` rows. A later one at the same row replaces it. */
  add(timestamp: i64, rows: i32): void {
    if (this.count > 0) {
      const last = this.start + <usize>(this.count - 1) * WATERMARK_BYTES;
      if (
        load<u32>(last + WATERMARK_ROW) == <u32>rows &&
        load<u32>(last + WATERMARK_KIND) == WatermarkKind.WATERMARK
      ) {
        store<i64>(last, timestamp);
        return;
      }
    }
    this.append(timestamp, rows, WatermarkKind.WATERMARK);
  }

  /** Idle or active behind `rows` rows. */
  addStatus(idle: bool, rows: i32): void {
    this.append(0, rows, idle ? WatermarkKind.IDLE : WatermarkKind.ACTIVE);
  }

  private append(timestamp: i64, rows: i32, kind: i32): void {
    if (this.count == this.capacity) {
      this.capacity = this.capacity == 0 ? 8 : this.capacity * 2;
      const bytes = <usize>this.capacity * WATERMARK_BYTES;
      this.start = this.start == 0 ? heap.alloc(bytes) : heap.realloc(this.start, bytes);
    }
    const entry = this.start + <usize>this.count * WATERMARK_BYTES;
    store<i64>(entry, timestamp);
    store<u32>(entry + WATERMARK_ROW, rows);
    store<u32>(entry + WATERMARK_KIND, kind);
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
