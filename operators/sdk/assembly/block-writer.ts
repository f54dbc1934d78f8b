/**
 * Builds the batches of one output. Rows are written column by column into a block laid out for
 * `roomRows` rows; a full block is sealed (made dense, in place) and queued for mr_take.
 *
 * The row in progress always completes: what one call of the author's function emits beyond the
 * room goes into further blocks of the queue, so a call hands out at most its room at a time.
 */
import { ColumnBuffer, place, sealColumn } from "./column-buffer";
import {
  align8,
  BATCH_MAGIC,
  BATCH_VERSION,
  COLUMN_BYTES,
  COLUMN_DATA,
  COLUMN_VALIDITY,
  HEADER_BYTE_LENGTH,
  HEADER_BYTES,
  HEADER_CHANGE,
  HEADER_COLUMN_COUNT,
  HEADER_COLUMN_TABLE,
  HEADER_EVENT_TIME,
  HEADER_EVENT_TIME_VALIDITY,
  HEADER_NODE_COUNT,
  HEADER_ROW_COUNT,
  HEADER_WATERMARK_COUNT,
  HEADER_WATERMARKS,
  isVariable,
  widthShift,
} from "./layout";
import { OpenStream } from "./open-config";
import { copyText } from "./text-copy";
import { NestedColumns } from "./value-writer";
import { WatermarkList } from "./watermark-list";

export { ColumnBuffer };

export class BlockWriter {
  columns: ColumnBuffer[] = [];
  /** Those of `columns` that lie in the block while it is written. */
  private flat: ColumnBuffer[] = [];
  /** The others. */
  private nested: NestedColumns;
  roomRows: i32;
  roomBytes: i32;
  /** Rows written to the open block. */
  rows: i32 = 0;
  /** It is sealed at so many rows: fewer than roomRows once a text has passed roomBytes. */
  private sealAt: i32 = 0;
  /** Rows ever emitted. */
  total: u64 = 0;
  /** Changes whenever buffers move, so that row views take their pointers again. */
  generation: i32 = 0;
  /** Timestamp of the next row. */
  timestamp: i64 = 0;
  hasTimestamp: bool = false;
  rowKind: u8 = 0;

  private block: usize = 0;
  private blockBytes: usize = 0;
  private eventTime: usize = 0;
  private eventTimeValidity: usize = 0;
  private change: usize = 0;
  private timestampsMissing: i32 = 0;
  private changes: i32 = 0;
  private watermarks: WatermarkList = new WatermarkList();
  private sealed: usize[] = [];
  private sealedHead: i32 = 0;
  private taken: usize = 0;
  private spare: usize = 0;
  private spareBytes: usize = 0;

  constructor(stream: OpenStream, roomRows: i32, roomBytes: i32) {
    this.roomRows = roomRows;
    this.roomBytes = roomBytes;
    this.nested = new NestedColumns(stream.columns.length);
    for (let i = 0; i < stream.columns.length; i++) {
      const c = stream.columns[i];
      const shift = widthShift(c.type, c.p1);
      const variable = isVariable(c.type);
      const column = new ColumnBuffer(c.type, c.nullable, c.p1, c.p2, shift, variable, i);
      if (variable) column.wanted = max(64, min(roomBytes, roomRows * 32));
      if (variable || shift > -2) this.flat.push(column);
      else column.nested = this.nested.add(c, i);
      this.columns.push(column);
    }
    this.openBlock();
  }

  /** Whether finished blocks wait for mr_take. */
  // @ts-ignore: decorator
  @inline
  get full(): bool {
    return this.sealedHead < this.sealed.length;
  }

  /** Rows and watermarks not handed out yet. */
  get pending(): bool {
    return this.rows > 0 || this.watermarks.count > 0;
  }

  /** Ends the row whose columns have been written. */
  // @ts-ignore: decorator
  @inline
  endRow(): void {
    const row = this.rows;
    store<i64>(this.eventTime + ((<usize>row) << 3), this.timestamp);
    if (!this.hasTimestamp) this.markNoTimestamp(row);
    store<u8>(this.change + <usize>row, this.rowKind);
    this.changes += <i32>this.rowKind;
    this.rows = row + 1;
    this.total++;
    if (this.rows >= this.sealAt) this.seal();
  }

  /** Lanes of the open block, for operators that fill columns in loops; see endRows. */
  get timestamps(): usize {
    return this.eventTime;
  }
  get timestampValidity(): usize {
    return this.eventTimeValidity;
  }
  get changeLane(): usize {
    return this.change;
  }

  /** Ends `count` rows at once, whose columns and lanes have all been written. */
  endRows(count: i32, untimed: i32 = 0, changes: i32 = 0): void {
    this.rows += count;
    this.total += count;
    this.timestampsMissing += untimed;
    this.changes += changes;
    if (this.rows >= this.sealAt) this.seal();
  }

  private markNoTimestamp(row: i32): void {
    const at = this.eventTimeValidity + (<usize>row >> 3);
    store<u8>(at, load<u8>(at) & ~((<u8>1) << (<u8>row & 7)));
    this.timestampsMissing++;
  }

  /** Appends bytes to a text column of the row in progress and closes its value. */
  // @ts-ignore: decorator
  @inline
  writeText(column: ColumnBuffer, start: usize, length: i32): void {
    // Room for the whole words that a short copy writes.
    const target = this.reserveText(column, length + 8);
    copyText(target, start, length);
    this.closeText(column, length);
  }

  /** Address of `length` free bytes of a text column; closeText says how many were used. */
  // @ts-ignore: decorator
  @inline
  reserveText(column: ColumnBuffer, length: i32): usize {
    if (column.used + length > column.capacity) this.growText(column, length);
    return column.data + <usize>column.used;
  }

  // @ts-ignore: decorator
  @inline
  closeText(column: ColumnBuffer, length: i32): void {
    column.used += length;
    store<i32>(column.offsets + ((<usize>this.rows + 1) << 2), column.used);
  }

  /** Marks the value of the row in progress as absent and gives it a defined content. */
  writeNull(column: ColumnBuffer): void {
    const nested = column.nested;
    if (nested !== null) {
      nested.addNull();
      return;
    }
    const row = <usize>this.rows;
    if (column.validity != 0) {
      const at = column.validity + (row >> 3);
      const bit = (<u8>1) << (<u8>row & 7);
      if (load<u8>(at) & bit) column.nulls++;
      store<u8>(at, load<u8>(at) & ~bit);
    }
    this.writeZero(column);
  }

  /** The value of a field the author did not set: NULL where it may be, else zero or empty. */
  writeDefault(column: ColumnBuffer): void {
    if (column.nullable || column.nested !== null) this.writeNull(column);
    else this.writeZero(column);
  }

  private writeZero(column: ColumnBuffer): void {
    const row = <usize>this.rows;
    if (column.variable) this.closeText(column, 0);
    else if (column.shift < 0) this.writeBit(column, false);
    else memory.fill(column.data + (row << (<usize>column.shift)), 0, (<usize>1) << column.shift);
  }

  // @ts-ignore: decorator
  @inline
  writeBit(column: ColumnBuffer, value: bool): void {
    const row = <usize>this.rows;
    const at = column.data + (row >> 3);
    const bit = (<u8>1) << (<u8>row & 7);
    store<u8>(at, value ? load<u8>(at) | bit : load<u8>(at) & ~bit);
  }

  /** Forgets what was written of the row in progress. */
  abandonRow(): void {
    const row = <usize>this.rows;
    for (let i = 0; i < this.flat.length; i++) {
      const c = this.flat[i];
      if (c.variable) c.used = load<i32>(c.offsets + (row << 2));
      this.forgetNull(c);
    }
    this.nested.truncate(this.rows);
  }

  /** The value of the row in progress is not absent after all. */
  forgetNull(column: ColumnBuffer): void {
    if (column.validity == 0) return;
    const row = <usize>this.rows;
    const at = column.validity + (row >> 3);
    const bit = (<u8>1) << (<u8>row & 7);
    if (!(load<u8>(at) & bit)) column.nulls--;
    store<u8>(at, load<u8>(at) | bit);
  }

  /** The block ends with the row at hand once nested columns take much room. */
  limitNested(): void {
    if (this.nested.bytes() > <usize>this.roomBytes) this.sealAt = 0;
  }

  /** A watermark behind the rows written so far. A later one at the same row replaces it. */
  addWatermark(timestamp: i64): void {
    this.watermarks.add(timestamp, this.rows);
  }

  /** Idle or active behind the rows written so far. */
  addStatus(idle: bool): void {
    this.watermarks.addStatus(idle, this.rows);
  }

  /** Seals what is there, if anything. */
  flush(): void {
    if (this.pending) this.seal();
  }

  /** The next finished block, or 0. The one taken before becomes free. */
  take(): usize {
    if (this.taken != 0) this.recycle(this.taken);
    this.taken = 0;
    if (!this.full) return 0;
    this.taken = this.sealed[this.sealedHead++];
    if (this.sealedHead == this.sealed.length) {
      this.sealed = [];
      this.sealedHead = 0;
    }
    return this.taken;
  }

  /** Makes blocks of `rows` rows from here on; nothing may be pending. */
  enlarge(rows: i32): void {
    assert(!this.pending, "a block in progress keeps its room");
    heap.free(this.block - 8);
    this.roomRows = rows;
    this.openBlock();
  }

  /** Queues a block made elsewhere (heap.alloc'd, whole) behind what was written so far. */
  pushBlock(block: usize, rows: i32): void {
    this.flush();
    this.sealed.push(block);
    this.total += rows;
  }

  private recycle(block: usize): void {
    const bytes = load<u32>(block - 8);
    if (this.spare == 0 && bytes == <u32>this.layoutBytes()) {
      this.spare = block;
      this.spareBytes = bytes;
    } else {
      heap.free(block - 8);
    }
  }

  close(): void {
    while (this.full) this.take();
    this.take();
    if (this.block != 0) heap.free(this.block - 8);
    if (this.spare != 0) heap.free(this.spare - 8);
    this.watermarks.free();
    this.nested.free();
    this.block = 0;
    this.spare = 0;
  }

  private layoutBytes(): usize {
    const rows = <usize>this.roomRows;
    const bitmap = align8((rows + 7) >> 3);
    let bytes = HEADER_BYTES + <usize>this.nested.count * COLUMN_BYTES;
    bytes += (rows << 3) + bitmap + align8(rows);
    for (let i = 0; i < this.flat.length; i++) {
      const c = this.flat[i];
      if (c.nullable) bytes += bitmap;
      if (c.variable) bytes += align8((rows + 1) << 2) + align8(c.wanted);
      else bytes += c.shift < 0 ? bitmap : align8(rows << (<usize>c.shift));
    }
    return bytes;
  }

  private openBlock(): void {
    const bytes = this.layoutBytes();
    if (this.spare != 0 && this.spareBytes == bytes) {
      this.block = this.spare;
      this.spare = 0;
    } else {
      this.block = allocBlock(bytes);
    }
    this.blockBytes = bytes;
    this.layOut();
    this.rows = 0;
    this.sealAt = this.roomRows;
    this.timestampsMissing = 0;
    this.changes = 0;
    this.watermarks.count = 0;
    this.generation++;
  }

  /**
   * Gives every buffer its place for roomRows rows, in the order in which they are sealed: times and
   * columns, which a full block of values of fixed width has in their dense places at once; then
   * texts; then what most blocks do without, bitmaps and changes.
   */
  private layOut(): void {
    const rows = <usize>this.roomRows;
    const bitmap = align8((rows + 7) >> 3);
    const columns = this.flat;
    let at = this.block + HEADER_BYTES + <usize>this.nested.count * COLUMN_BYTES;
    this.eventTime = at;
    at += rows << 3;
    for (let i = 0; i < columns.length; i++) {
      const c = columns[i];
      c.nulls = 0;
      c.used = 0;
      c.validity = 0;
      if (c.variable) {
        c.offsets = at;
        store<i32>(at, 0);
        at += align8((rows + 1) << 2);
      } else {
        c.data = at;
        at += c.shift < 0 ? bitmap : align8(rows << (<usize>c.shift));
      }
    }
    for (let i = 0; i < columns.length; i++) {
      const c = columns[i];
      if (!c.variable) continue;
      c.data = at;
      c.capacity = c.wanted;
      at += align8(c.capacity);
    }
    for (let i = 0; i < columns.length; i++) {
      const c = columns[i];
      if (!c.nullable) continue;
      c.validity = at;
      memory.fill(at, 0xff, bitmap);
      at += bitmap;
    }
    this.eventTimeValidity = at;
    memory.fill(at, 0xff, bitmap);
    this.change = at + bitmap;
  }

  /** Moves the open block into one with more room in a text column. */
  private growText(column: ColumnBuffer, length: i32): void {
    this.growTextAt(column, length, this.rows);
  }

  /** The same for a writer that fills rows ahead of `rows`: `row` is the last one begun. */
  growTextAt(column: ColumnBuffer, length: i32, row: i32): void {
    const wanted = <u64>column.used + <u64>length;
    const doubled = max<u64>(<u64>column.capacity * 2, wanted);
    assert(doubled < 0x40000000, "a block's text would pass 1 GiB: column " + column.node.toString());
    column.wanted = <i32>doubled;
    // The block ends with the row at hand, so that large rows do not make huge blocks.
    if (doubled > <u64>this.roomBytes) this.sealAt = 0;
    const oldBlock = this.block;
    const old: ColumnBuffer[] = [];
    for (let i = 0; i < this.flat.length; i++) old.push(this.flat[i].placed());
    const eventTime = this.eventTime;
    const eventTimeValidity = this.eventTimeValidity;
    const change = this.change;
    const bytes = this.layoutBytes();
    this.block = allocBlock(bytes);
    this.blockBytes = bytes;
    this.layOut();
    // The row in progress counts too: its earlier columns are written already. Columns filled
    // ahead of it (exchange) are copied for the whole room, which costs no more than one block.
    const rows = <usize>(row == this.rows ? min(row + 1, this.roomRows) : this.roomRows);
    const bitmap = (rows + 7) >> 3;
    memory.copy(this.eventTime, eventTime, rows << 3);
    memory.copy(this.eventTimeValidity, eventTimeValidity, bitmap);
    memory.copy(this.change, change, rows);
    for (let i = 0; i < old.length; i++) this.flat[i].takeOver(old[i], rows);
    heap.free(oldBlock - 8);
    this.generation++;
  }

  /** Makes the open block dense, writes its header and queues it; opens the next one. */
  private seal(): void {
    const block = this.block;
    const rows = <usize>this.rows;
    const bitmap = (rows + 7) >> 3;
    const table = block + HEADER_BYTES;
    let at = table + <usize>this.nested.count * COLUMN_BYTES;
    memory.fill(block, 0, HEADER_BYTES);
    store<u32>(block, BATCH_MAGIC);
    store<u16>(block + 4, BATCH_VERSION);
    store<u32>(block + HEADER_ROW_COUNT, this.rows);
    store<u32>(block + HEADER_COLUMN_COUNT, this.columns.length);
    store<u32>(block + HEADER_NODE_COUNT, this.nested.count);
    store<u32>(block + HEADER_COLUMN_TABLE, <u32>HEADER_BYTES);
    const columns = this.flat;
    const timed = this.timestampsMissing < this.rows;
    if (timed) {
      store<u32>(block + HEADER_EVENT_TIME, <u32>(at - block));
      at = place(at, this.eventTime, rows << 3);
    }
    for (let i = 0; i < columns.length; i++) {
      at = sealColumn(columns[i], block, this.rows, at);
    }
    for (let i = 0; i < columns.length; i++) {
      const c = columns[i];
      if (!c.variable) continue;
      store<u32>(table + <usize>c.node * COLUMN_BYTES + COLUMN_DATA, <u32>(at - block));
      at = place(at, c.data, c.used);
    }
    for (let i = 0; i < columns.length; i++) {
      const c = columns[i];
      if (c.nulls == 0) continue;
      store<u32>(table + <usize>c.node * COLUMN_BYTES + COLUMN_VALIDITY, <u32>(at - block));
      at = place(at, c.validity, bitmap);
    }
    if (timed && this.timestampsMissing > 0) {
      store<u32>(block + HEADER_EVENT_TIME_VALIDITY, <u32>(at - block));
      at = place(at, this.eventTimeValidity, bitmap);
    }
    if (this.changes > 0) {
      store<u32>(block + HEADER_CHANGE, <u32>(at - block));
      at = place(at, this.change, rows);
    }
    this.sealed.push(this.appendRest(at));
    if (this.sealAt == 0) this.shrinkRoom();
    this.openBlock();
  }

  /** The next block starts with the usual room: only so does it notice again that it is large. */
  private shrinkRoom(): void {
    for (let i = 0; i < this.flat.length; i++) {
      const c = this.flat[i];
      c.wanted = min(c.wanted, max(this.roomBytes, 64));
    }
  }

  /**
   * Nested columns and watermarks lie behind all else; a block without room for them is moved to a
   * larger one.
   */
  private appendRest(start: usize): usize {
    let block = this.block;
    let at = start;
    const list = this.watermarks;
    const length = at - block + this.nested.bytes() + list.bytes;
    if (length > this.blockBytes) {
      assert(length < 0x40000000, "a block would pass 1 GiB");
      const larger = allocBlock(length);
      memory.copy(larger, block, at - block);
      heap.free(block - 8);
      at = larger + (at - block);
      block = larger;
    }
    at = this.nested.seal(block, at);
    if (list.count > 0) {
      store<u32>(block + HEADER_WATERMARKS, <u32>(at - block));
      store<u32>(block + HEADER_WATERMARK_COUNT, list.count);
      memory.copy(at, list.start, list.bytes);
    }
    store<u32>(block + HEADER_BYTE_LENGTH, <u32>length);
    this.block = 0;
    return block;
  }
}

/** Memory of a block; its length lies in front of it. */
function allocBlock(bytes: usize): usize {
  const raw = heap.alloc(bytes + 8);
  store<u32>(raw, <u32>bytes);
  return raw + 8;
}
