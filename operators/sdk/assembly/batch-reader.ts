/** A view on an input batch: pointers into the block, set once per batch. */
import {
  COLUMN_BYTES,
  COLUMN_DATA,
  COLUMN_NULL_COUNT,
  COLUMN_OFFSETS,
  COLUMN_VALIDITY,
  HEADER_CHANGE,
  HEADER_COLUMN_TABLE,
  HEADER_EVENT_TIME,
  HEADER_EVENT_TIME_VALIDITY,
  HEADER_ROW_COUNT,
  HEADER_SELECTION,
  HEADER_SELECTION_COUNT,
  HEADER_WATERMARK_COUNT,
  HEADER_WATERMARKS,
  WATERMARK_BYTES,
  WATERMARK_KIND,
  WATERMARK_ROW,
} from "./layout";

// @ts-ignore: decorator
@inline
function pointerAt(block: usize, field: usize): usize {
  const offset = <usize>load<u32>(block + field);
  return offset == 0 ? 0 : block + offset;
}

export class BatchReader {
  /** Address of the block; 0: none attached. */
  block: usize = 0;
  /** Rows to visit: the selection's length where there is one. */
  count: i32 = 0;
  rowCount: i32 = 0;
  eventTime: usize = 0;
  eventTimeValidity: usize = 0;
  change: usize = 0;
  selection: usize = 0;
  watermarks: usize = 0;
  watermarkCount: i32 = 0;
  private columnTable: usize = 0;

  attach(block: usize): void {
    this.block = block;
    this.rowCount = load<u32>(block + HEADER_ROW_COUNT);
    this.columnTable = pointerAt(block, HEADER_COLUMN_TABLE);
    this.eventTime = pointerAt(block, HEADER_EVENT_TIME);
    this.eventTimeValidity = pointerAt(block, HEADER_EVENT_TIME_VALIDITY);
    this.change = pointerAt(block, HEADER_CHANGE);
    this.selection = pointerAt(block, HEADER_SELECTION);
    this.count = this.selection != 0 ? load<u32>(block + HEADER_SELECTION_COUNT) : this.rowCount;
    this.watermarks = pointerAt(block, HEADER_WATERMARKS);
    this.watermarkCount = load<u32>(block + HEADER_WATERMARK_COUNT);
  }

  detach(): void {
    this.block = 0;
  }

  /** Address of the column table's entry (node index; top-level columns come first). */
  // @ts-ignore: decorator
  @inline
  column(node: i32): usize {
    return this.columnTable + <usize>node * COLUMN_BYTES;
  }

  data(node: i32): usize {
    return this.block + <usize>load<u32>(this.column(node) + COLUMN_DATA);
  }

  offsets(node: i32): usize {
    return pointerAt(this.block, this.column(node) - this.block + COLUMN_OFFSETS);
  }

  /** Address of the validity bitmap; 0: every value is present. */
  validity(node: i32): usize {
    const entry = this.column(node);
    if (load<u32>(entry + COLUMN_NULL_COUNT) == 0) return 0;
    return pointerAt(this.block, entry - this.block + COLUMN_VALIDITY);
  }

  /** Physical row of the i-th row to visit. */
  // @ts-ignore: decorator
  @inline
  physical(i: i32): i32 {
    return this.selection != 0 ? load<i32>(this.selection + (<usize>i << 2)) : i;
  }

  // @ts-ignore: decorator
  @inline
  hasTimestamp(row: i32): bool {
    if (this.eventTime == 0) return false;
    return this.eventTimeValidity == 0 || bitAt(this.eventTimeValidity, row);
  }

  /** Only where hasTimestamp(row). */
  // @ts-ignore: decorator
  @inline
  timestamp(row: i32): i64 {
    return load<i64>(this.eventTime + (<usize>row << 3));
  }

  // @ts-ignore: decorator
  @inline
  rowKind(row: i32): u8 {
    return this.change == 0 ? 0 : load<u8>(this.change + <usize>row);
  }

  /** Physical row before which the index-th watermark holds. */
  watermarkRow(index: i32): i32 {
    return load<u32>(this.watermarks + <usize>index * WATERMARK_BYTES + WATERMARK_ROW);
  }

  watermark(index: i32): i64 {
    return load<i64>(this.watermarks + <usize>index * WATERMARK_BYTES);
  }

  /** What the index-th entry is: a watermark, or a status. */
  watermarkKind(index: i32): i32 {
    return load<u32>(this.watermarks + <usize>index * WATERMARK_BYTES + WATERMARK_KIND);
  }
}

// @ts-ignore: decorator
@inline
export function bitAt(bitmap: usize, index: i32): bool {
  return ((load<u8>(bitmap + (<usize>index >> 3)) >> (<u8>index & 7)) & 1) != 0;
}
