/**
 * The slices of one key, and their aggregate over a sliding window in a constant number of merges a
 * step, however many slices the window has: two stacks (Tangwongsan et al., "General incremental
 * sliding-window aggregation", 2015). The older slices of the window hold the aggregate from
 * themselves to the youngest of the older ones; the younger ones are added up as they come.
 *
 * Value of a key: u32 buffer, u32 capacity, u32 head, u32 count of slices (a ring, ascending by time);
 * u32 first of them in the window, u32 older: so many from there have an aggregate; then the aggregate
 * of the younger. Slice: i64 start, its own accumulator, the aggregate.
 */
import { WindowOperator } from "./window-operator";

const BUFFER: usize = 0;
const CAPACITY: usize = 4;
const HEAD: usize = 8;
const COUNT: usize = 12;
const FIRST: usize = 16;
const OLDER: usize = 20;
const YOUNGER_SUM: usize = 24;
const SLICE_VALUE: usize = 8;
/** In place of how many slices are older: the aggregates have to be made anew. */
const STALE: i32 = -1;
const FIRST_CAPACITY: u32 = 4;

export class KeySlices {
  /** Bytes of a key's value. */
  readonly bytes: usize;
  /** Bytes of all buffers. */
  held: u64 = 0;
  private accumulator: usize;
  private sliceBytes: usize;

  constructor(private operator: WindowOperator) {
    const accumulator = <usize>operator.valueBytes();
    this.accumulator = accumulator;
    this.bytes = YOUNGER_SUM + accumulator;
    this.sliceBytes = SLICE_VALUE + 2 * accumulator;
  }

  // @ts-ignore: decorator
  @inline
  count(key: usize): i32 {
    return load<i32>(key, COUNT);
  }

  /** Whether a slice lies in the window of the last slideTo(). */
  // @ts-ignore: decorator
  @inline
  inWindow(key: usize): bool {
    return load<u32>(key, FIRST) < load<u32>(key, COUNT);
  }

  /** Start of the index-th slice. */
  startAt(key: usize, index: i32): i64 {
    return load<i64>(this.at(key, index));
  }

  /** Accumulator of the index-th slice. */
  valueAt(key: usize, index: i32): usize {
    return this.at(key, index) + SLICE_VALUE;
  }

  /** Adds a slice behind all others; its accumulator is copied. */
  push(key: usize, start: i64, value: usize): void {
    const count = load<i32>(key, COUNT);
    if (count > 0 && this.startAt(key, count - 1) >= start) {
      this.operator.mergeValues(this.slice(key, start), value);
      return;
    }
    const slice = this.insert(key, count, start);
    memory.copy(slice + SLICE_VALUE, value, this.accumulator);
    const younger = load<u32>(key, COUNT) - load<u32>(key, FIRST) - load<u32>(key, OLDER);
    if (younger == 1) memory.copy(key + YOUNGER_SUM, value, this.accumulator);
    else this.operator.mergeValues(key + YOUNGER_SUM, value);
  }

  /** Accumulator of the slice that starts at `start`, to be changed: made if it is not there. */
  slice(key: usize, start: i64): usize {
    let index = load<i32>(key, COUNT);
    while (index > 0 && this.startAt(key, index - 1) > start) index--;
    const found = index > 0 && this.startAt(key, index - 1) == start;
    if (found) index--;
    else this.operator.initialise(this.insert(key, index, start) + SLICE_VALUE);
    // The aggregates no longer hold: the next slideTo() makes them anew.
    store<i32>(key, STALE, OLDER);
    return this.valueAt(key, index);
  }

  /** Moves the window on: slices before `start` are no part of it. It never moves back. */
  slideTo(key: usize, start: i64): void {
    if (load<i32>(key, OLDER) == STALE) this.makeOlder(key, this.indexOf(key, start));
    const count = load<i32>(key, COUNT);
    while (load<i32>(key, FIRST) < count && this.startAt(key, load<i32>(key, FIRST)) < start) {
      if (load<i32>(key, OLDER) == 0) this.makeOlder(key, load<i32>(key, FIRST));
      store<i32>(key, load<i32>(key, FIRST) + 1, FIRST);
      store<i32>(key, load<i32>(key, OLDER) - 1, OLDER);
    }
  }

  /** Writes the aggregate of the window to `target`. Only where inWindow(). */
  sum(key: usize, target: usize): void {
    const first = load<i32>(key, FIRST);
    const older = load<i32>(key, OLDER);
    const younger = key + YOUNGER_SUM;
    if (older == 0) {
      memory.copy(target, younger, this.accumulator);
      return;
    }
    memory.copy(target, this.valueAt(key, first) + this.accumulator, this.accumulator);
    if (first + older < load<i32>(key, COUNT)) this.operator.mergeValues(target, younger);
  }

  /** Writes the aggregate of the slices in [start, end) to `target`; false: there are none. */
  sumOf(key: usize, start: i64, end: i64, target: usize): bool {
    const count = load<i32>(key, COUNT);
    let found = false;
    for (let i = this.indexOf(key, start); i < count && this.startAt(key, i) < end; i++) {
      const value = this.valueAt(key, i);
      if (found) this.operator.mergeValues(target, value);
      else memory.copy(target, value, this.accumulator);
      found = true;
    }
    return found;
  }

  /** Forgets slices that start before `start`: the window has left them. */
  forget(key: usize, start: i64): void {
    while (load<i32>(key, FIRST) > 0 && this.startAt(key, 0) < start) {
      store<u32>(key, (load<u32>(key, HEAD) + 1) & (load<u32>(key, CAPACITY) - 1), HEAD);
      store<i32>(key, load<i32>(key, COUNT) - 1, COUNT);
      store<i32>(key, load<i32>(key, FIRST) - 1, FIRST);
    }
  }

  free(key: usize): void {
    const buffer = <usize>load<u32>(key, BUFFER);
    if (buffer == 0) return;
    this.held -= <u64>load<u32>(key, CAPACITY) * this.sliceBytes;
    heap.free(buffer);
    memory.fill(key, 0, this.bytes);
  }

  private indexOf(key: usize, start: i64): i32 {
    let low = 0;
    let high = load<i32>(key, COUNT);
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.startAt(key, middle) < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Makes all slices from `first` on the older ones: each gets the aggregate from itself to the last. */
  private makeOlder(key: usize, first: i32): void {
    const count = load<i32>(key, COUNT);
    const bytes = this.accumulator;
    for (let i = count - 1; i >= first; i--) {
      const value = this.valueAt(key, i);
      memory.copy(value + bytes, value, bytes);
      if (i + 1 < count) this.operator.mergeValues(value + bytes, this.valueAt(key, i + 1) + bytes);
    }
    store<i32>(key, first, FIRST);
    store<i32>(key, count - first, OLDER);
  }

  // @ts-ignore: decorator
  @inline
  private at(key: usize, index: i32): usize {
    const place = (load<u32>(key, HEAD) + <u32>index) & (load<u32>(key, CAPACITY) - 1);
    return <usize>load<u32>(key, BUFFER) + <usize>place * this.sliceBytes;
  }

  /** Opens a zeroed slice at an index. */
  private insert(key: usize, index: i32, start: i64): usize {
    const count = load<i32>(key, COUNT);
    if (<u32>count == load<u32>(key, CAPACITY)) this.enlarge(key);
    store<i32>(key, count + 1, COUNT);
    for (let i = count; i > index; i--) {
      memory.copy(this.at(key, i), this.at(key, i - 1), this.sliceBytes);
    }
    const slice = this.at(key, index);
    memory.fill(slice, 0, this.sliceBytes);
    store<i64>(slice, start);
    return slice;
  }

  private enlarge(key: usize): void {
    const count = load<i32>(key, COUNT);
    const capacity = max(FIRST_CAPACITY, load<u32>(key, CAPACITY) * 2);
    const grown = heap.alloc(<usize>capacity * this.sliceBytes);
    for (let i = 0; i < count; i++) {
      memory.copy(grown + <usize>i * this.sliceBytes, this.at(key, i), this.sliceBytes);
    }
    const old = <usize>load<u32>(key, BUFFER);
    this.held += <u64>(capacity - load<u32>(key, CAPACITY)) * this.sliceBytes;
    if (old != 0) heap.free(old);
    store<u32>(key, <u32>grown, BUFFER);
    store<u32>(key, capacity, CAPACITY);
    store<u32>(key, 0, HEAD);
  }
}
