/**
 * The slices of one key, and their aggregate over a sliding window in a constant number of merges a
 * step, however many slices the window has: two stacks (Tangwongsan et al., "General incremental
 * sliding-window aggregation", 2015). The older slices of the window hold the aggregate from
 * themselves to the youngest of the older ones; the younger ones are added up as they come.
 *
 * Value of a key: u32 buffer, u32 capacity, u32 head, u32 count of slices (a ring, ascending by time);
 * u32 first of them in the window, u32 older: so many from there have an aggregate; then the aggregate
 * of the younger. Slice: i64 start, an accumulator: its own, or of the older ones the aggregate. With
 * allowed lateness both are kept, as a window that has fired may fire again.
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
const FIRST_CAPACITY: u32 = 4;
const LARGE_CAPACITY: u32 = 64;

export class KeySlices {
  /** Bytes of a key's value. */
  readonly bytes: usize;
  /** Length of a slice, ms. */
  width: i64 = 1;
  /** Last millisecond of the latest slice that any key has had. */
  latest: i64 = i64.MIN_VALUE;
  /** Bytes of all buffers. */
  held: u64 = 0;
  private accumulator: usize;
  private sliceBytes: usize;
  /** Where a slice has its aggregate. */
  private aggregate: usize;

  constructor(private operator: WindowOperator) {
    const accumulator = <usize>operator.valueBytes();
    const own: usize = operator.lateness > 0 ? accumulator : 0;
    this.accumulator = accumulator;
    this.bytes = YOUNGER_SUM + accumulator;
    this.aggregate = SLICE_VALUE + own;
    this.sliceBytes = SLICE_VALUE + own + accumulator;
  }

  /** Whether slices keep their own accumulators. */
  private get keepsOwn(): bool {
    return this.aggregate != SLICE_VALUE;
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

  /** Whether the index-th slice has the aggregate only. */
  isAggregate(key: usize, index: i32): bool {
    return !this.keepsOwn && index < load<i32>(key, FIRST) + load<i32>(key, OLDER);
  }

  /** Index of the first slice that a snapshot has to have. */
  firstStored(key: usize): i32 {
    return this.keepsOwn ? 0 : load<i32>(key, FIRST);
  }

  /**
   * Adds a slice behind all others; its accumulator is copied.
   * @param older a snapshot had it as an aggregate; then all before it were that, too
   */
  push(key: usize, start: i64, value: usize, older: bool = false): void {
    const slice = this.insert(key, load<i32>(key, COUNT), start);
    copyWords(slice + SLICE_VALUE, value, this.accumulator);
    if (older) {
      store<i32>(key, load<i32>(key, OLDER) + 1, OLDER);
      return;
    }
    const younger = load<u32>(key, COUNT) - load<u32>(key, FIRST) - load<u32>(key, OLDER);
    if (younger == 1) copyWords(key + YOUNGER_SUM, value, this.accumulator);
    else this.operator.mergeValues(key + YOUNGER_SUM, value);
  }

  /** Adds a row to the slice that starts at `start`, and to every aggregate that has it. */
  addRow(key: usize, start: i64, row: i32): void {
    const operator = this.operator;
    const index = this.indexOf(key, start);
    const found = index < load<i32>(key, COUNT) && this.startAt(key, index) == start;
    const first = load<i32>(key, FIRST);
    const older = index < first + load<i32>(key, OLDER);
    if (!found) this.open(key, index, start);
    if (this.keepsOwn || !older) operator.add(this.valueAt(key, index), row);
    if (operator.failedRow >= 0) return;
    if (!older) operator.add(key + YOUNGER_SUM, row);
    else {
      for (let i = first; i <= index && operator.failedRow < 0; i++) {
        operator.add(this.at(key, i) + this.aggregate, row);
      }
    }
  }

  /** Opens a slice among the others: without rows, but with the aggregate that it has to have. */
  private open(key: usize, index: i32, start: i64): void {
    const first = load<i32>(key, FIRST);
    const olderEnd = first + load<i32>(key, OLDER);
    const younger = load<i32>(key, COUNT) - olderEnd;
    const slice = this.insert(key, index, start);
    memory.fill(slice + SLICE_VALUE, 0, this.sliceBytes - SLICE_VALUE);
    if (this.keepsOwn || index >= olderEnd) this.operator.initialise(slice + SLICE_VALUE);
    if (index < first) store<i32>(key, first + 1, FIRST);
    else if (index < olderEnd) {
      const next = this.at(key, index + 1) + this.aggregate;
      copyWords(slice + this.aggregate, next, this.accumulator);
      store<i32>(key, load<i32>(key, OLDER) + 1, OLDER);
    } else if (younger == 0) {
      memory.fill(key + YOUNGER_SUM, 0, this.accumulator);
      this.operator.initialise(key + YOUNGER_SUM);
    }
  }

  /** Moves the window on: slices before `start` are no part of it. It never moves back. */
  slideTo(key: usize, start: i64): void {
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
      copyWords(target, younger, this.accumulator);
      return;
    }
    copyWords(target, this.at(key, first) + this.aggregate, this.accumulator);
    if (first + older < load<i32>(key, COUNT)) this.operator.mergeValues(target, younger);
  }

  /** Writes the aggregate of the slices in [start, end) to `target`; false: there are none. With lateness only. */
  sumOf(key: usize, start: i64, end: i64, target: usize): bool {
    const count = load<i32>(key, COUNT);
    let found = false;
    for (let i = this.indexOf(key, start); i < count && this.startAt(key, i) < end; i++) {
      const value = this.valueAt(key, i);
      if (found) this.operator.mergeValues(target, value);
      else copyWords(target, value, this.accumulator);
      found = true;
    }
    return found;
  }

  /** Forgets slices that start before `start`: the window has left them. */
  forget(key: usize, start: i64): void {
    while (load<i32>(key, FIRST) > 0 && this.startAt(key, 0) < start) {
      const head = load<u32>(key, HEAD) + 1;
      store<u32>(key, head == load<u32>(key, CAPACITY) ? 0 : head, HEAD);
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
      const slice = this.at(key, i);
      if (this.keepsOwn) copyWords(slice + this.aggregate, slice + SLICE_VALUE, bytes);
      if (i + 1 == count) continue;
      this.operator.mergeValues(slice + this.aggregate, this.at(key, i + 1) + this.aggregate);
    }
    store<i32>(key, first, FIRST);
    store<i32>(key, count - first, OLDER);
  }

  // @ts-ignore: decorator
  @inline
  private at(key: usize, index: i32): usize {
    let place = load<u32>(key, HEAD) + <u32>index;
    const capacity = load<u32>(key, CAPACITY);
    if (place >= capacity) place -= capacity;
    return <usize>load<u32>(key, BUFFER) + <usize>place * this.sliceBytes;
  }

  /** Opens a slice at an index; its accumulator is not set. */
  private insert(key: usize, index: i32, start: i64): usize {
    // By its end: the start of a slice at the smallest time wraps.
    this.latest = max(this.latest, start + this.width - 1);
    const count = load<i32>(key, COUNT);
    if (<u32>count == load<u32>(key, CAPACITY)) this.enlarge(key);
    store<i32>(key, count + 1, COUNT);
    for (let i = count; i > index; i--) {
      memory.copy(this.at(key, i), this.at(key, i - 1), this.sliceBytes);
    }
    const slice = this.at(key, index);
    store<i64>(slice, start);
    return slice;
  }

  private enlarge(key: usize): void {
    const count = load<i32>(key, COUNT);
    const old = load<u32>(key, CAPACITY);
    // Large rings grow by a quarter: memory is what limits long windows.
    const capacity = max(FIRST_CAPACITY, old < LARGE_CAPACITY ? old * 2 : old + (old >> 2));
    const grown = heap.alloc(<usize>capacity * this.sliceBytes);
    for (let i = 0; i < count; i++) {
      memory.copy(grown + <usize>i * this.sliceBytes, this.at(key, i), this.sliceBytes);
    }
    const buffer = <usize>load<u32>(key, BUFFER);
    this.held += <u64>(capacity - old) * this.sliceBytes;
    if (buffer != 0) heap.free(buffer);
    store<u32>(key, <u32>grown, BUFFER);
    store<u32>(key, capacity, CAPACITY);
    store<u32>(key, 0, HEAD);
  }
}

/** Copies whole words: a call of memory.copy costs more than the few that an accumulator has. */
// @ts-ignore: decorator
@inline
function copyWords(target: usize, source: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 8) store<u64>(target + at, load<u64>(source + at));
}
