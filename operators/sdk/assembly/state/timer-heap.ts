/**
 * The queue of timers of one time domain: a monotone priority queue (Ahuja et al., "Faster algorithms
 * for the shortest path problem", 1990) of items {time, timer}. Time moves on, so an item is only ever moved to a bucket nearer to the
 * front: push and pop cost a few nanoseconds however many there are. Items for a time that has
 * passed already go to a binary heap.
 *
 * A timer that is deleted leaves its item behind; sweep() removes such items before they outnumber
 * the others, so that a timeout which every element puts off costs no memory.
 */
import {
  ENTRY_FLAGS,
  ENTRY_HEADER,
  FLAG_EVENT_TIMER,
  FLAG_LIVE,
  FLAG_PROCESSING_TIMER,
} from "./entry-store";

/** Where a timer has its time (i64): behind its owner and domain. */
export const TIMER_TIME: usize = ENTRY_HEADER + 8;
/** Added to an owner's address: the timer is the one that the owner holds itself. */
export const HELD_BY_OWNER: usize = 1;

/** An item: u64 time made to sort unsigned, u32 timer, u32 unused. */
const ITEM_SHIFT: usize = 4;
const ITEM_TIMER: usize = 8;
const CHUNK_ITEMS: usize = 31;
/** Chunk: u32 next, u32 count; then items. */
const CHUNK_NEXT: usize = 0;
const CHUNK_COUNT: usize = 4;
const CHUNK_HEADER: usize = 16;
const CHUNK_BYTES: usize = CHUNK_HEADER + (CHUNK_ITEMS << ITEM_SHIFT);
/**
 * Buckets: one of the items for `last`, then, for each digit of six bits in which a time may first differ
 * from `last`, one for each value of that digit. An item is moved once for each digit at most.
 */
const DIGIT_BITS: u64 = 6;
const DIGIT_MASK: u64 = 63;
const LEVELS: i32 = 11;
const BUCKETS: i32 = (LEVELS << 6) + 1;
const LAST_BUCKET: i32 = BUCKETS - 1;
const SIGN: u64 = 0x8000000000000000;

export class TimerHeap {
  count: i32 = 0;
  bytes: u64 = 0;
  /** Time of the last item that was taken out in order; nothing in the buckets is before it. */
  private last: u64 = 0;
  private chunks: StaticArray<u32> = new StaticArray<u32>(BUCKETS);
  private minima: StaticArray<u64> = new StaticArray<u64>(BUCKETS);
  /** Bit i: a bucket of level i has items; of each level, bit i: bucket i has. */
  private levels: u32 = 0;
  private filled: StaticArray<u64> = new StaticArray<u64>(LEVELS);
  private spare: usize = 0;
  /** Binary heap of the items before `last`. */
  private overdue: usize = 0;
  private overdueCount: i32 = 0;
  private overdueRoom: i32 = 0;
  private heldFlag: u16;

  /**
   * @param domain 0 event time, 1 processing time
   * @param heldAt where an owner holds a timer of its own of this domain (i64)
   */
  constructor(
    domain: i32,
    private heldAt: usize,
  ) {
    this.heldFlag = domain == 0 ? FLAG_EVENT_TIMER : FLAG_PROCESSING_TIMER;
  }

  push(time: i64, timer: usize): void {
    const key = <u64>time ^ SIGN;
    this.count++;
    if (key < this.last) this.pushOverdue(key, timer);
    else this.pushBucket(key, timer);
  }

  /** Earliest time, or the largest int64 if there is none (`count` tells). */
  peek(): i64 {
    let least = u64.MAX_VALUE;
    if (this.overdueCount > 0) least = load<u64>(this.overdue);
    else {
      const bucket = this.firstBucket();
      if (bucket >= 0) least = unchecked(this.minima[bucket]);
    }
    return <i64>(least ^ SIGN);
  }

  /** Takes an item of the earliest time out: its timer. Only if count > 0. */
  pop(): usize {
    this.count--;
    if (this.overdueCount > 0) return this.popOverdue();
    const bucket = this.firstBucket();
    if (bucket != LAST_BUCKET) this.spread(bucket);
    const chunk = <usize>unchecked(this.chunks[LAST_BUCKET]);
    const left = load<u32>(chunk, CHUNK_COUNT) - 1;
    const timer = <usize>load<u32>(itemAt(chunk, left), ITEM_TIMER);
    store<u32>(chunk, left, CHUNK_COUNT);
    if (left == 0) {
      unchecked((this.chunks[LAST_BUCKET] = load<u32>(chunk, CHUNK_NEXT)));
      this.keep(chunk);
    }
    return timer;
  }

  /** The bucket with the earliest items, or -1. */
  // @ts-ignore: decorator
  @inline
  private firstBucket(): i32 {
    if (unchecked(this.chunks[LAST_BUCKET]) != 0) return LAST_BUCKET;
    if (this.levels == 0) return -1;
    const level = <i32>ctz(this.levels);
    return (level << 6) + <i32>ctz(unchecked(this.filled[level]));
  }

  // @ts-ignore: decorator
  @inline
  private bucketOf(key: u64): i32 {
    const differing = key ^ this.last;
    if (differing == 0) return LAST_BUCKET;
    // Bits by six: exact for 0 to 63.
    const level = ((63 - <u32>clz(differing)) * 43) >> 8;
    return <i32>((level << 6) + <u32>((key >> (level * DIGIT_BITS)) & DIGIT_MASK));
  }

  private markFilled(bucket: i32): void {
    if (bucket == LAST_BUCKET) return;
    const level = bucket >> 6;
    this.levels |= (<u32>1) << level;
    unchecked((this.filled[level] = this.filled[level] | ((<u64>1) << (bucket & 63))));
  }

  private markEmpty(bucket: i32): void {
    if (bucket == LAST_BUCKET) return;
    const level = bucket >> 6;
    const left = unchecked(this.filled[level]) & ~((<u64>1) << (bucket & 63));
    unchecked((this.filled[level] = left));
    if (left == 0) this.levels &= ~((<u32>1) << level);
  }

  private pushBucket(key: u64, timer: usize): void {
    const bucket = this.bucketOf(key);
    let chunk = <usize>unchecked(this.chunks[bucket]);
    if (chunk == 0 || key < unchecked(this.minima[bucket])) unchecked((this.minima[bucket] = key));
    if (chunk == 0 || load<u32>(chunk, CHUNK_COUNT) == <u32>CHUNK_ITEMS) {
      const fresh = this.newChunk();
      store<u32>(fresh, <u32>chunk, CHUNK_NEXT);
      unchecked((this.chunks[bucket] = <u32>fresh));
      this.markFilled(bucket);
      chunk = fresh;
    }
    const count = load<u32>(chunk, CHUNK_COUNT);
    const item = itemAt(chunk, count);
    store<u64>(item, key);
    store<u32>(item, <u32>timer, ITEM_TIMER);
    store<u32>(chunk, count + 1, CHUNK_COUNT);
  }

  /** Moves the items of the first bucket on: those of its earliest time into the bucket of `last`. */
  private spread(bucket: i32): void {
    let chunk = <usize>unchecked(this.chunks[bucket]);
    unchecked((this.chunks[bucket] = 0));
    this.markEmpty(bucket);
    this.last = unchecked(this.minima[bucket]);
    while (chunk != 0) {
      const count = load<u32>(chunk, CHUNK_COUNT);
      for (let i: u32 = 0; i < count; i++) {
        const item = itemAt(chunk, i);
        this.pushBucket(load<u64>(item), <usize>load<u32>(item, ITEM_TIMER));
      }
      const next = <usize>load<u32>(chunk, CHUNK_NEXT);
      this.keep(chunk);
      chunk = next;
    }
  }

  private newChunk(): usize {
    let chunk = this.spare;
    if (chunk != 0) this.spare = <usize>load<u32>(chunk, CHUNK_NEXT);
    else {
      chunk = heap.alloc(CHUNK_BYTES);
      this.bytes += CHUNK_BYTES;
    }
    store<u32>(chunk, 0, CHUNK_COUNT);
    return chunk;
  }

  private keep(chunk: usize): void {
    store<u32>(chunk, <u32>this.spare, CHUNK_NEXT);
    this.spare = chunk;
  }

  private pushOverdue(key: u64, timer: usize): void {
    if (this.overdueCount == this.overdueRoom) {
      const room = max(16, this.overdueRoom * 2);
      const size = <usize>room << ITEM_SHIFT;
      this.overdue = this.overdue == 0 ? heap.alloc(size) : heap.realloc(this.overdue, size);
      this.bytes += <usize>(room - this.overdueRoom) << ITEM_SHIFT;
      this.overdueRoom = room;
    }
    let at = this.overdueCount++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (load<u64>(this.heapAt(parent)) <= key) break;
      memory.copy(this.heapAt(at), this.heapAt(parent), 1 << ITEM_SHIFT);
      at = parent;
    }
    store<u64>(this.heapAt(at), key);
    store<u32>(this.heapAt(at), <u32>timer, ITEM_TIMER);
  }

  private popOverdue(): usize {
    const timer = <usize>load<u32>(this.overdue, ITEM_TIMER);
    const count = --this.overdueCount;
    const moved = this.heapAt(count);
    const key = load<u64>(moved);
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && load<u64>(this.heapAt(child + 1)) < load<u64>(this.heapAt(child))) child++;
      if (load<u64>(this.heapAt(child)) >= key) break;
      memory.copy(this.heapAt(at), this.heapAt(child), 1 << ITEM_SHIFT);
      at = child;
    }
    if (count > 0 && at != count) memory.copy(this.heapAt(at), moved, 1 << ITEM_SHIFT);
    return timer;
  }

  /** Drops the items of timers that are gone. */
  sweep(): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      let chunk = <usize>unchecked(this.chunks[bucket]);
      if (chunk == 0) continue;
      unchecked((this.chunks[bucket] = 0));
      this.markEmpty(bucket);
      while (chunk != 0) {
        this.count -= load<i32>(chunk, CHUNK_COUNT);
        this.pushLive(chunk);
        const next = <usize>load<u32>(chunk, CHUNK_NEXT);
        this.keep(chunk);
        chunk = next;
      }
    }
    const overdue = this.overdueCount;
    this.overdueCount = 0;
    this.count -= overdue;
    for (let i = 0; i < overdue; i++) {
      // An item goes to a place at or before its own, so none is overwritten unread.
      const item = this.heapAt(i);
      const key = load<u64>(item);
      const timer = <usize>load<u32>(item, ITEM_TIMER);
      if (!this.isLive(key, timer)) continue;
      this.count++;
      this.pushOverdue(key, timer);
    }
  }

  /** Whether a timer is set, for that time. */
  isLive(key: u64, timer: usize): bool {
    const time = <i64>(key ^ SIGN);
    if (timer & HELD_BY_OWNER) {
      const owner = timer - HELD_BY_OWNER;
      const wanted = FLAG_LIVE | this.heldFlag;
      return (load<u16>(owner, ENTRY_FLAGS) & wanted) == wanted && load<i64>(owner + this.heldAt) == time;
    }
    return (load<u16>(timer, ENTRY_FLAGS) & FLAG_LIVE) != 0 && load<i64>(timer, TIMER_TIME) == time;
  }

  /** Pushes a chunk's live items again: into the bucket they came from. */
  private pushLive(chunk: usize): void {
    const count = load<u32>(chunk, CHUNK_COUNT);
    for (let i: u32 = 0; i < count; i++) {
      const key = load<u64>(itemAt(chunk, i));
      const timer = <usize>load<u32>(itemAt(chunk, i), ITEM_TIMER);
      if (!this.isLive(key, timer)) continue;
      this.count++;
      this.pushBucket(key, timer);
    }
  }

  // @ts-ignore: decorator
  @inline
  private heapAt(index: i32): usize {
    return this.overdue + (<usize>index << ITEM_SHIFT);
  }

  close(): void {
    for (let i = 0; i < BUCKETS; i++) {
      this.dropChunks(<usize>unchecked(this.chunks[i]));
      unchecked((this.chunks[i] = 0));
      this.markEmpty(i);
    }
    this.dropChunks(this.spare);
    this.spare = 0;
    if (this.overdue != 0) heap.free(this.overdue);
    this.overdue = 0;
    this.overdueCount = 0;
    this.overdueRoom = 0;
    this.count = 0;
  }

  private dropChunks(first: usize): void {
    for (let chunk = first; chunk != 0; ) {
      const next = <usize>load<u32>(chunk, CHUNK_NEXT);
      heap.free(chunk);
      chunk = next;
    }
  }
}

// @ts-ignore: decorator
@inline
function itemAt(chunk: usize, index: u32): usize {
  return chunk + CHUNK_HEADER + (<usize>index << ITEM_SHIFT);
}
