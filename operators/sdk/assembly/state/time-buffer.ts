/**
 * Rows of a key by their timestamps: what a join over time keeps of one side. Mostly rows come in
 * order, so they are appended; a row that comes late is put in its place.
 *
 * Slot: u32 buffer, u32 first, u32 end, u32 capacity (offsets in bytes). An element: i64 timestamp, i64 the
 * watermark with which it goes, the row's slot (value-codec.ts).
 */
import { RowView } from "../row";
import { SnapshotChunk } from "../window/snapshot-chunk";
import { RECORD_VALUE } from "./state-record";
import { StateSlot } from "./state-slot";
import { ValueCodec } from "./value-codec";

const SLOT_BYTES: i32 = 16;
const SLOT_FIRST: usize = 4;
const SLOT_END: usize = 8;
const SLOT_CAPACITY: usize = 12;
const ELEMENT_GONE: usize = 8;
const ELEMENT_ROW: usize = 16;
const FIRST_ELEMENTS: usize = 4;

export class TimeBuffer<T extends RowView> extends StateSlot {
  private codec: ValueCodec<T> = new ValueCodec<T>();
  private stride: usize = 0;
  private heldBytes: u64 = 0;
  /** A view on the rows that are read. */
  private view: T = instantiate<T>();

  constructor(name: string) {
    super(name, null);
    this.stride = ELEMENT_ROW + <usize>this.codec.slotBytes;
  }

  /** Adds a row of the current key; it goes with the watermark `gone`. */
  add(timestamp: i64, gone: i64, row: T): void {
    const entry = this.backend.writable();
    const slot = entry + this.offset;
    this.reserve(slot);
    const buffer = <usize>load<u32>(slot);
    const first = buffer + <usize>load<u32>(slot, SLOT_FIRST);
    const end = buffer + <usize>load<u32>(slot, SLOT_END);
    let at = end;
    while (at > first && load<i64>(at - this.stride) > timestamp) at -= this.stride;
    if (at < end) memory.copy(at + this.stride, at, end - at);
    store<i64>(at, timestamp);
    store<i64>(at, gone, ELEMENT_GONE);
    memory.fill(at + ELEMENT_ROW, 0, this.codec.slotBytes);
    this.codec.write(at + ELEMENT_ROW, row);
    store<u32>(slot, <u32>(end + this.stride - buffer), SLOT_END);
    this.markPresent(entry);
  }

  /** The first element of the current key at or behind a timestamp; 0: none. */
  seek(timestamp: i64): usize {
    const entry = this.backend.current;
    if (!this.isPresent(entry)) return 0;
    const slot = entry + this.offset;
    const buffer = <usize>load<u32>(slot);
    const end = buffer + <usize>load<u32>(slot, SLOT_END);
    let low = buffer + <usize>load<u32>(slot, SLOT_FIRST);
    let count = (end - low) / this.stride;
    while (count > 0) {
      const half = count >> 1;
      const middle = low + half * this.stride;
      if (load<i64>(middle) < timestamp) {
        low = middle + this.stride;
        count -= half + 1;
      } else count = half;
    }
    return low < end ? low : 0;
  }

  /** The element behind another, or 0. */
  // @ts-ignore: decorator
  @inline
  after(element: usize): usize {
    const slot = this.backend.current + this.offset;
    const end = <usize>load<u32>(slot) + <usize>load<u32>(slot, SLOT_END);
    const next = element + this.stride;
    return next < end ? next : 0;
  }

  // @ts-ignore: decorator
  @inline
  timestampOf(element: usize): i64 {
    return load<i64>(element);
  }

  /** Whether an element has gone with a watermark up to this one. */
  // @ts-ignore: decorator
  @inline
  isGone(element: usize, watermark: i64): bool {
    return load<i64>(element, ELEMENT_GONE) <= watermark;
  }

  /** The row of an element: valid until the buffer changes. */
  // @ts-ignore: decorator
  @inline
  rowOf(element: usize): T {
    const slot = element + ELEMENT_ROW;
    this.view.__attachCell(this.codec.isFixed ? slot : <usize>load<u32>(slot));
    return this.view;
  }

  /** Takes an element of the current key out. */
  remove(element: usize): void {
    const entry = this.backend.current;
    const slot = entry + this.offset;
    this.backend.touch(entry);
    this.codec.free(element + ELEMENT_ROW);
    const end = <usize>load<u32>(slot) + <usize>load<u32>(slot, SLOT_END);
    memory.copy(element, element + this.stride, end - element - this.stride);
    store<u32>(slot, load<u32>(slot, SLOT_END) - <u32>this.stride, SLOT_END);
    if (load<u32>(slot, SLOT_END) != load<u32>(slot, SLOT_FIRST)) return;
    this.release(slot);
    this.markAbsent(entry);
  }

  /** Takes out what has gone from the front; answers the watermark with which the next goes (MAX: none is left). */
  prune(watermark: i64): i64 {
    const entry = this.backend.current;
    if (!this.isPresent(entry)) return i64.MAX_VALUE;
    const slot = entry + this.offset;
    const buffer = <usize>load<u32>(slot);
    const end = buffer + <usize>load<u32>(slot, SLOT_END);
    let first = buffer + <usize>load<u32>(slot, SLOT_FIRST);
    if (!this.isGone(first, watermark)) return load<i64>(first, ELEMENT_GONE);
    this.backend.touch(entry);
    for (; first < end && this.isGone(first, watermark); first += this.stride) {
      this.codec.free(first + ELEMENT_ROW);
    }
    if (first < end) {
      store<u32>(slot, <u32>(first - buffer), SLOT_FIRST);
      return load<i64>(first, ELEMENT_GONE);
    }
    this.release(slot);
    this.markAbsent(entry);
    return i64.MAX_VALUE;
  }

  /** Room for an element more: at the end, or where others have gone in front. */
  private reserve(slot: usize): void {
    const end = <usize>load<u32>(slot, SLOT_END);
    const capacity = <usize>load<u32>(slot, SLOT_CAPACITY);
    if (end + this.stride <= capacity) return;
    const first = <usize>load<u32>(slot, SLOT_FIRST);
    const buffer = <usize>load<u32>(slot);
    const used = end - first;
    // At least half is free in front: moving it down is paid for by those that have gone.
    if (first > 0 && used * 2 <= capacity) {
      memory.copy(buffer, buffer + first, used);
    } else {
      const grown = max(capacity * 2, FIRST_ELEMENTS * this.stride);
      const fresh = heap.alloc(grown);
      if (buffer != 0) {
        memory.copy(fresh, buffer + first, used);
        heap.free(buffer);
      }
      this.heldBytes += grown - capacity;
      store<u32>(slot, <u32>fresh);
      store<u32>(slot, <u32>grown, SLOT_CAPACITY);
    }
    store<u32>(slot, 0, SLOT_FIRST);
    store<u32>(slot, <u32>used, SLOT_END);
  }

  private release(slot: usize): void {
    this.heldBytes -= load<u32>(slot, SLOT_CAPACITY);
    heap.free(<usize>load<u32>(slot));
    memory.fill(slot, 0, SLOT_BYTES);
  }

  __typeText(): string {
    return "TimeBuffer<" + this.codec.typeText + ">";
  }

  __slotBytes(): i32 {
    return SLOT_BYTES;
  }

  __held(): u64 {
    return this.heldBytes + this.codec.held;
  }

  __drop(entry: usize): void {
    const slot = entry + this.offset;
    const buffer = <usize>load<u32>(slot);
    const end = buffer + <usize>load<u32>(slot, SLOT_END);
    let at = buffer + <usize>load<u32>(slot, SLOT_FIRST);
    for (; at < end; at += this.stride) this.codec.free(at + ELEMENT_ROW);
    this.release(slot);
  }

  /** One record for each element: timestamp, watermark, row. */
  __write(entry: usize, chunk: SnapshotChunk, since: u32): void {
    if (!this.isPresent(entry)) return;
    const slot = entry + this.offset;
    const buffer = <usize>load<u32>(slot);
    const end = buffer + <usize>load<u32>(slot, SLOT_END);
    let at = buffer + <usize>load<u32>(slot, SLOT_FIRST);
    for (; at < end; at += this.stride) {
      const bytes = <i32>ELEMENT_ROW + this.codec.storedBytes(at + ELEMENT_ROW);
      const target = this.backend.addRecord(chunk, RECORD_VALUE, this.index, entry, bytes);
      memory.copy(target, at, ELEMENT_ROW);
      this.codec.store(at + ELEMENT_ROW, target + ELEMENT_ROW);
    }
  }

  /** Elements come back in their order, behind those that came before. */
  __read(entry: usize, chunk: SnapshotChunk, timed: bool): void {
    const slot = entry + this.offset;
    this.reserve(slot);
    const at = <usize>load<u32>(slot) + <usize>load<u32>(slot, SLOT_END);
    memory.copy(at, chunk.value, ELEMENT_ROW);
    memory.fill(at + ELEMENT_ROW, 0, this.codec.slotBytes);
    const bytes = chunk.valueBytes - <i32>ELEMENT_ROW;
    this.codec.load(at + ELEMENT_ROW, chunk.value + ELEMENT_ROW, bytes);
    store<u32>(slot, load<u32>(slot, SLOT_END) + <u32>this.stride, SLOT_END);
    this.markPresent(entry);
  }
}
