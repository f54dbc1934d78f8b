/**
 * Rows of a key by their timestamps: what a join over time keeps of one side. Mostly rows come in
 * order, so they are appended; a row that comes late is put in its place.
 *
 * Slot: u32 buffer (0: the elements lie in the slot), u32 first, u32 end, u32 capacity (offsets in bytes), then room for a
 * few elements, which is what most keys have: they take no allocation and no cache line of their own. An element: i64
 * timestamp, i64 the watermark with which it goes, the row's slot (value-codec.ts).
 */
import { RowView } from "../row";
import { SnapshotChunk } from "../window/snapshot-chunk";
import { RECORD_VALUE } from "./state-record";
import { StateSlot } from "./state-slot";
import { ValueCodec } from "./value-codec";

const SLOT_HEADER: usize = 16;
const SLOT_FIRST: usize = 4;
const SLOT_END: usize = 8;
const SLOT_CAPACITY: usize = 12;
const ELEMENT_GONE: usize = 8;
const ELEMENT_ROW: usize = 16;
const INLINE_BYTES: usize = 64;
const FIRST_ELEMENTS: usize = 4;
/** Up to so many bytes are searched from the front. */
const SCANNED_BYTES: usize = 256;

export class TimeBuffer<T extends RowView> extends StateSlot {
  private codec: ValueCodec<T> = new ValueCodec<T>();
  private stride: usize = 0;
  private inlineBytes: usize = 0;
  private heldBytes: u64 = 0;
  /** A view on the rows that are read. */
  private view: T = instantiate<T>();

  constructor(name: string) {
    super(name, null);
    const stride = ELEMENT_ROW + <usize>this.codec.slotBytes;
    this.stride = stride;
    this.inlineBytes = max(1, INLINE_BYTES / stride) * stride;
  }

  /** Where the offsets of a slot count from. */
  // @ts-ignore: decorator
  @inline
  private base(slot: usize): usize {
    const buffer = <usize>load<u32>(slot);
    return buffer != 0 ? buffer : slot + SLOT_HEADER;
  }

  /** Adds a row of the current key; it goes with the watermark `gone`. */
  add(timestamp: i64, gone: i64, row: T): void {
    const entry = this.backend.writable();
    const slot = entry + this.offset;
    const at = this.place(slot, timestamp);
    store<i64>(at, timestamp);
    store<i64>(at, gone, ELEMENT_GONE);
    this.clearRow(at);
    this.codec.write(at + ELEMENT_ROW, row);
    this.markPresent(entry);
  }

  /** Makes the place of one more element, behind those with its timestamp. */
  private place(slot: usize, timestamp: i64): usize {
    this.reserve(slot);
    const stride = this.stride;
    const base = this.base(slot);
    const first = base + <usize>load<u32>(slot, SLOT_FIRST);
    const end = base + <usize>load<u32>(slot, SLOT_END);
    let at = end;
    while (at > first && load<i64>(at - stride) > timestamp) at -= stride;
    if (at < end) memory.copy(at + stride, at, end - at);
    store<u32>(slot, <u32>(end + stride - base), SLOT_END);
    return at;
  }

  // @ts-ignore: decorator
  @inline
  private clearRow(at: usize): void {
    const end = at + this.stride;
    for (let word = at + ELEMENT_ROW; word < end; word += 8) store<u64>(word, 0);
  }

  /** The first element of the current key at or behind a timestamp; 0: none. */
  seek(timestamp: i64): usize {
    const entry = this.backend.current;
    if (!this.isPresent(entry)) return 0;
    const slot = entry + this.offset;
    const stride = this.stride;
    const base = this.base(slot);
    const end = base + <usize>load<u32>(slot, SLOT_END);
    let low = base + <usize>load<u32>(slot, SLOT_FIRST);
    if (end - low > SCANNED_BYTES) low = this.search(low, end, timestamp);
    else while (low < end && load<i64>(low) < timestamp) low += stride;
    return low < end ? low : 0;
  }

  private search(first: usize, end: usize, timestamp: i64): usize {
    let low = first;
    let count = (end - low) / this.stride;
    while (count > 0) {
      const half = count >> 1;
      const middle = low + half * this.stride;
      if (load<i64>(middle) < timestamp) {
        low = middle + this.stride;
        count -= half + 1;
      } else count = half;
    }
    return low;
  }

  /** The element behind another, or 0. */
  // @ts-ignore: decorator
  @inline
  after(element: usize): usize {
    const slot = this.backend.current + this.offset;
    const end = this.base(slot) + <usize>load<u32>(slot, SLOT_END);
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
    const end = this.base(slot) + <usize>load<u32>(slot, SLOT_END);
    memory.copy(element, element + this.stride, end - element - this.stride);
    store<u32>(slot, load<u32>(slot, SLOT_END) - <u32>this.stride, SLOT_END);
    if (load<u32>(slot, SLOT_END) != load<u32>(slot, SLOT_FIRST)) return;
    this.release(slot);
    this.markAbsent(entry);
  }

  /** Takes out what has gone from the front of the current key's elements. */
  // @ts-ignore: decorator
  @inline
  prune(watermark: i64): void {
    const entry = this.backend.current;
    if (!this.isPresent(entry)) return;
    const slot = entry + this.offset;
    const first = this.base(slot) + <usize>load<u32>(slot, SLOT_FIRST);
    if (this.isGone(first, watermark)) this.pruneGone(entry, slot, watermark);
  }

  private pruneGone(entry: usize, slot: usize, watermark: i64): void {
    const base = this.base(slot);
    const end = base + <usize>load<u32>(slot, SLOT_END);
    let first = base + <usize>load<u32>(slot, SLOT_FIRST);
    this.backend.touch(entry);
    for (; first < end && this.isGone(first, watermark); first += this.stride) {
      if (!this.codec.isFixed) this.codec.free(first + ELEMENT_ROW);
    }
    if (first < end) {
      store<u32>(slot, <u32>(first - base), SLOT_FIRST);
      return;
    }
    this.release(slot);
    this.markAbsent(entry);
  }

  /** The watermark with which the current key's first element goes; the largest int64: it has none. */
  firstGone(): i64 {
    const entry = this.backend.current;
    if (!this.isPresent(entry)) return i64.MAX_VALUE;
    const slot = entry + this.offset;
    return load<i64>(this.base(slot) + <usize>load<u32>(slot, SLOT_FIRST), ELEMENT_GONE);
  }

  /** Room for an element more: at the end, or where others have gone in front. */
  // @ts-ignore: decorator
  @inline
  private reserve(slot: usize): void {
    const end = <usize>load<u32>(slot, SLOT_END);
    const capacity = load<u32>(slot) == 0 ? this.inlineBytes : <usize>load<u32>(slot, SLOT_CAPACITY);
    if (end + this.stride > capacity) this.makeRoom(slot, capacity);
  }

  private makeRoom(slot: usize, capacity: usize): void {
    const first = <usize>load<u32>(slot, SLOT_FIRST);
    const base = this.base(slot);
    const used = <usize>load<u32>(slot, SLOT_END) - first;
    // At least half is free in front: moving the rest down is paid for by those that have gone.
    if (first > 0 && used * 2 <= capacity) {
      memory.copy(base, base + first, used);
    } else {
      const grown = max(capacity * 2, FIRST_ELEMENTS * this.stride);
      const fresh = heap.alloc(grown);
      memory.copy(fresh, base + first, used);
      this.freeBuffer(slot);
      this.heldBytes += grown;
      store<u32>(slot, <u32>fresh);
      store<u32>(slot, <u32>grown, SLOT_CAPACITY);
    }
    store<u32>(slot, 0, SLOT_FIRST);
    store<u32>(slot, <u32>used, SLOT_END);
  }

  private freeBuffer(slot: usize): void {
    const buffer = <usize>load<u32>(slot);
    if (buffer == 0) return;
    this.heldBytes -= load<u32>(slot, SLOT_CAPACITY);
    heap.free(buffer);
  }

  /** Leaves an empty slot. */
  private release(slot: usize): void {
    this.freeBuffer(slot);
    store<u64>(slot, 0);
    store<u64>(slot, 0, 8);
  }

  __typeText(): string {
    return "TimeBuffer<" + this.codec.typeText + ">";
  }

  __slotBytes(): i32 {
    return <i32>(SLOT_HEADER + this.inlineBytes);
  }

  __held(): u64 {
    return this.heldBytes + this.codec.held;
  }

  __drop(entry: usize): void {
    const slot = entry + this.offset;
    const base = this.base(slot);
    const end = base + <usize>load<u32>(slot, SLOT_END);
    let at = base + <usize>load<u32>(slot, SLOT_FIRST);
    for (; at < end; at += this.stride) this.codec.free(at + ELEMENT_ROW);
    this.release(slot);
  }

  /** One record for each element: timestamp, watermark, row. */
  __write(entry: usize, chunk: SnapshotChunk, since: u32): void {
    if (!this.isPresent(entry)) return;
    const slot = entry + this.offset;
    const base = this.base(slot);
    const end = base + <usize>load<u32>(slot, SLOT_END);
    let at = base + <usize>load<u32>(slot, SLOT_FIRST);
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
    const at = this.place(slot, i64.MAX_VALUE);
    memory.copy(at, chunk.value, ELEMENT_ROW);
    this.clearRow(at);
    const bytes = chunk.valueBytes - <i32>ELEMENT_ROW;
    this.codec.load(at + ELEMENT_ROW, chunk.value + ELEMENT_ROW, bytes);
    this.markPresent(entry);
  }
}
