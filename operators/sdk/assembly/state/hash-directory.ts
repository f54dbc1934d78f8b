/**
 * Extendible hashing (Fagin et al., 1979): from 32-bit tags of keys to addresses of entries. A
 * directory points to segments; a full segment splits in two, by itself. So a table grows from ten
 * keys to ten million without a pause longer than one split, and without ever holding two copies.
 *
 * A slot is {u32 tag, u32 entry}; entry 0: free. The tag's top bits choose the segment, its low bits
 * the first slot. Equal tags need not be equal keys: who looks up compares the entry's key.
 */

/** Segment: u32 local depth, u32 mask of its slots, u32 used, u32 address, u32 most used; then the slots. */
const SEGMENT_DEPTH: usize = 0;
const SEGMENT_MASK: usize = 4;
const SEGMENT_USED: usize = 8;
const SEGMENT_RAW: usize = 12;
const SEGMENT_LIMIT: usize = 16;
const SEGMENT_HEADER: usize = 64;
const SLOT_SHIFT: usize = 3;
const SLOT_ENTRY: usize = 4;
const FIRST_SLOTS: u32 = 16;
/** A split moves at most so many slots: about 15 microseconds. */
const SPLIT_SLOTS: u32 = 4096;
/**
 * Such a segment is full at 0.6 to 0.8 of its slots, each at another part (linear probing stays within a cache line or two):
 * segments fill alike, so with one limit for all they would all split within the same few batches.
 */
const LEAST_FULL: u32 = 2432;
const FULL_RANGE: u32 = 850;
/** Spreads numbers evenly over 32 bits (the golden ratio's fraction). */
const EVENLY: u32 = 0x9e3779b9;
/** Mask of the slots of such a segment. */
export const COMMON_MASK: u32 = SPLIT_SLOTS - 1;
/** Beyond 2^20 segments one tag's segment grows instead: tags that are all alike must not grow the directory. */
const MAX_DEPTH: u32 = 20;
const CACHE_LINE: usize = 64;
/** 2^64 by the golden ratio (Knuth: Fibonacci hashing). */
const GOLDEN: u64 = 0x9e3779b97f4a7c15;

/** Tag of a 64-bit code. */
// @ts-ignore: decorator
@inline
export function tagOf(code: u64): u32 {
  return <u32>(((code ^ (code >> 32)) * GOLDEN) >> 32);
}

/** 64-bit code of bytes: 8 at a time, multiply and fold (after wyhash). */
export function codeOfBytes(start: usize, length: i32): u64 {
  let hash: u64 = GOLDEN ^ <u64>length;
  let at = start;
  const end = start + <usize>length;
  for (; at + 8 <= end; at += 8) {
    hash = (hash ^ load<u64>(at)) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  }
  let rest: u64 = 0;
  for (let shift: u64 = 0; at < end; at++, shift += 8) rest |= <u64>load<u8>(at) << shift;
  hash = (hash ^ rest) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 32);
}

export class HashDirectory {
  count: i32 = 0;
  /** Bytes held. */
  bytes: u64 = 0;
  /** Segments of another size than SPLIT_SLOTS: none in a large table. */
  private odd: i32 = 1;
  private depth: u32 = 1;
  private shift: u32 = 31;
  private directory: usize = heap.alloc(8);
  /** Segments of SPLIT_SLOTS that were made. */
  private made: u32 = 0;

  constructor() {
    const first = this.newSegment(0, FIRST_SLOTS);
    store<u32>(this.directory, <u32>first);
    store<u32>(this.directory, <u32>first, 4);
    this.bytes += 8;
  }

  /** Address of the slots in which a tag may lie; slotMask() says how many they are. */
  // @ts-ignore: decorator
  @inline
  slotsOf(tag: u32): usize {
    return <usize>load<u32>(this.directory + (<usize>(tag >> this.shift) << 2));
  }

  /** Whether every segment has COMMON_MASK: then nobody has to look into its header. */
  // @ts-ignore: decorator
  @inline
  get isCommon(): bool {
    return this.odd == 0;
  }

  /** Reads from the first slot of a tag. */
  // @ts-ignore: decorator
  @inline
  touch(tag: u32): u32 {
    const slots = this.slotsOf(tag);
    return slotTag(slots, tag & slotMask(slots));
  }

  /** Adds an entry; the caller has seen to it that its key is not there. */
  insert(tag: u32, entry: usize): void {
    let slots = this.slotsOf(tag);
    while (isFull(slots)) {
      this.makeRoom(tag, slots);
      slots = this.slotsOf(tag);
    }
    place(slots, tag, entry);
    this.count++;
  }

  /** Takes an entry out and closes the gap (backward shift: no tombstones, so lookups stay short). */
  remove(tag: u32, entry: usize): void {
    const slots = this.slotsOf(tag);
    const mask = slotMask(slots);
    let slot = tag & mask;
    while (slotEntry(slots, slot) != entry) {
      assert(slotEntry(slots, slot) != 0, "no such entry in the directory");
      slot = (slot + 1) & mask;
    }
    let next = (slot + 1) & mask;
    while (slotEntry(slots, next) != 0) {
      const home = slotTag(slots, next) & mask;
      // It may move up only if its home is not behind the gap.
      if (((next - home) & mask) >= ((next - slot) & mask)) {
        const from = slots + (<usize>next << SLOT_SHIFT);
        store<u64>(slots + (<usize>slot << SLOT_SHIFT), load<u64>(from));
        slot = next;
      }
      next = (next + 1) & mask;
    }
    store<u64>(slots + (<usize>slot << SLOT_SHIFT), 0);
    setUsed(slots, used(slots) - 1);
    this.count--;
  }

  private newSegment(depth: u32, slotCount: u32): usize {
    const size = SEGMENT_HEADER + (<usize>slotCount << SLOT_SHIFT);
    const raw = heap.alloc(size + CACHE_LINE);
    const segment = (raw + CACHE_LINE - 1) & ~(CACHE_LINE - 1);
    memory.fill(segment, 0, size);
    store<u32>(segment + SEGMENT_DEPTH, depth);
    store<u32>(segment + SEGMENT_MASK, slotCount - 1);
    store<u32>(segment + SEGMENT_RAW, <u32>raw);
    store<u32>(segment + SEGMENT_LIMIT, this.limitOf(slotCount));
    this.bytes += size + CACHE_LINE;
    return segment + SEGMENT_HEADER;
  }

  /** Entries with which a segment is full. */
  private limitOf(slotCount: u32): u32 {
    if (slotCount != SPLIT_SLOTS) return (slotCount * 3) >> 2;
    const part = (++this.made * EVENLY) >> 16;
    return LEAST_FULL + ((part * FULL_RANGE) >> 16);
  }

  private freeSegment(slots: usize): void {
    const segment = slots - SEGMENT_HEADER;
    this.bytes -= SEGMENT_HEADER + (<usize>(slotMask(slots) + 1) << SLOT_SHIFT) + CACHE_LINE;
    heap.free(<usize>load<u32>(segment + SEGMENT_RAW));
  }

  private makeRoom(tag: u32, slots: usize): void {
    const depth = load<u32>(slots - SEGMENT_HEADER + SEGMENT_DEPTH);
    if (slotMask(slots) + 1 < SPLIT_SLOTS || depth >= MAX_DEPTH || !divides(slots, depth)) {
      this.enlarge(tag, slots, depth);
      return;
    }
    if (depth == this.depth) this.doubleDirectory();
    const half = (slotMask(slots) + 1) >> 1;
    if (slotMask(slots) != COMMON_MASK) this.odd++;
    // Both halves keep room for as many slots: a half that gets more than its share still fits.
    const low = this.newSegment(depth + 1, half << 1);
    const high = this.newSegment(depth + 1, half << 1);
    const bit = <u32>1 << (31 - depth);
    for (let slot: u32 = 0; slot <= slotMask(slots); slot++) {
      const entry = slotEntry(slots, slot);
      if (entry == 0) continue;
      const moved = slotTag(slots, slot);
      place(moved & bit ? high : low, moved, entry);
    }
    const first = tag & ~((bit << 1) - 1);
    this.point(first, depth + 1, low);
    this.point(first | bit, depth + 1, high);
    this.freeSegment(slots);
  }

  private enlarge(tag: u32, slots: usize, depth: u32): void {
    if (slotMask(slots) == COMMON_MASK) this.odd++;
    else if (slotMask(slots) * 2 + 1 == COMMON_MASK) this.odd--;
    const larger = this.newSegment(depth, (slotMask(slots) + 1) << 1);
    for (let slot: u32 = 0; slot <= slotMask(slots); slot++) {
      const entry = slotEntry(slots, slot);
      if (entry != 0) place(larger, slotTag(slots, slot), entry);
    }
    const first = depth == 0 ? 0 : tag & ~(((<u32>1) << (32 - depth)) - 1);
    this.point(first, depth, larger);
    this.freeSegment(slots);
  }

  /** Points the directory at a segment wherever tags begin with the first `depth` bits of `first`. */
  private point(first: u32, depth: u32, slots: usize): void {
    const from = first >> this.shift;
    const count = (<u32>1) << (this.depth - depth);
    for (let i: u32 = 0; i < count; i++) {
      store<u32>(this.directory + (<usize>(from + i) << 2), <u32>slots);
    }
  }

  private doubleDirectory(): void {
    const old = this.directory;
    const size = (<usize>1) << this.depth;
    const grown = heap.alloc(size << 3);
    for (let i: usize = 0; i < size; i++) {
      const slots = load<u32>(old + (i << 2));
      store<u32>(grown + (i << 3), slots);
      store<u32>(grown + (i << 3), slots, 4);
    }
    heap.free(old);
    this.bytes += size << 2;
    this.directory = grown;
    this.depth++;
    this.shift--;
  }

  close(): void {
    const size = (<u32>1) << this.depth;
    let last: usize = 0;
    for (let i: u32 = 0; i < size; i++) {
      // The pointers to one segment lie side by side.
      const slots = <usize>load<u32>(this.directory + (<usize>i << 2));
      if (slots != last && last != 0) this.freeSegment(last);
      last = slots;
    }
    if (last != 0) this.freeSegment(last);
    heap.free(this.directory);
    this.directory = 0;
    this.count = 0;
  }
}

// @ts-ignore: decorator
@inline
export function slotMask(slots: usize): u32 {
  return load<u32>(slots - SEGMENT_HEADER + SEGMENT_MASK);
}

// @ts-ignore: decorator
@inline
export function slotEntry(slots: usize, slot: u32): usize {
  return <usize>load<u32>(slots + (<usize>slot << SLOT_SHIFT), SLOT_ENTRY);
}

// @ts-ignore: decorator
@inline
export function slotTag(slots: usize, slot: u32): u32 {
  return load<u32>(slots + (<usize>slot << SLOT_SHIFT));
}

// @ts-ignore: decorator
@inline
function used(slots: usize): u32 {
  return load<u32>(slots - SEGMENT_HEADER + SEGMENT_USED);
}

// @ts-ignore: decorator
@inline
function setUsed(slots: usize, count: u32): void {
  store<u32>(slots - SEGMENT_HEADER + SEGMENT_USED, count);
}

// @ts-ignore: decorator
@inline
function isFull(slots: usize): bool {
  return used(slots) >= load<u32>(slots - SEGMENT_HEADER + SEGMENT_LIMIT);
}

/** Whether the next bit of the tags tells some of a segment's entries from the others. */
function divides(slots: usize, depth: u32): bool {
  const bit = <u32>1 << (31 - depth);
  let ones: u32 = 0;
  for (let slot: u32 = 0; slot <= slotMask(slots); slot++) {
    if (slotEntry(slots, slot) != 0 && slotTag(slots, slot) & bit) ones++;
  }
  return ones > 0 && ones < used(slots);
}

function place(slots: usize, tag: u32, entry: usize): void {
  const mask = slotMask(slots);
  let slot = tag & mask;
  while (slotEntry(slots, slot) != 0) slot = (slot + 1) & mask;
  const at = slots + (<usize>slot << SLOT_SHIFT);
  store<u32>(at, tag);
  store<u32>(at, <u32>entry, SLOT_ENTRY);
  setUsed(slots, used(slots) + 1);
}
