/**
 * Timers that are due and have been taken out of their queue, in the order in which they fire: by
 * time, then by the owner's key (the order of its encoding), then by window.
 */
import { HELD_BY_OWNER, TimerHeap } from "./timer-heap";
import { compareKeys, StateTable } from "./state-table";
import { ENTRY_HEADER } from "./entry-store";

/** An item: i64 time, u32 timer, u32 owner. */
const ITEM_SHIFT: usize = 4;
const ITEM_TIMER: usize = 8;
const ITEM_OWNER: usize = 12;
const TIMER_OWNER: usize = ENTRY_HEADER;
const FEW: i32 = 8;

export class DueTimers {
  private items: usize = 0;
  private room: i32 = 0;
  private count: i32 = 0;
  private taken: i32 = 0;
  private domain: i32 = 0;
  /** What touching the owners read: so that it is not left out. */
  private touched: u32 = 0;

  constructor(private owners: StateTable) {}

  get bytes(): u64 {
    return <u64>this.room << ITEM_SHIFT;
  }

  /** Whether timers of a domain wait. */
  // @ts-ignore: decorator
  @inline
  isOf(domain: i32): bool {
    return this.taken < this.count && this.domain == domain;
  }

  /** Time of the next one; only if one waits. */
  // @ts-ignore: decorator
  @inline
  get nextTime(): i64 {
    return load<i64>(this.items + (<usize>this.taken << ITEM_SHIFT));
  }

  /** The next timer. */
  // @ts-ignore: decorator
  @inline
  take(): usize {
    const at = this.items + (<usize>this.taken << ITEM_SHIFT);
    this.taken++;
    return <usize>load<u32>(at, ITEM_TIMER);
  }

  /** Takes the timers due at `now` out of a queue: about so many, but all of one time. */
  refill(domain: i32, heap: TimerHeap, now: i64, wanted: i32): void {
    this.domain = domain;
    this.count = 0;
    this.taken = 0;
    while (heap.count > 0) {
      const time = heap.peek();
      if (time > now || this.count >= wanted) break;
      const first = this.count;
      while (heap.count > 0 && heap.peek() == time) this.add(time, heap.pop());
      if (this.count - first > 1) this.sortGroup(first);
    }
    this.touchOwners();
  }

  /** Puts what waits back into its queue. */
  giveBack(heap: TimerHeap): void {
    for (; this.taken < this.count; ) {
      const time = this.nextTime;
      heap.push(time, this.take());
    }
  }

  private add(time: i64, timer: usize): void {
    if (this.count == this.room) {
      this.room = max(128, this.room * 2);
      const size = <usize>this.room << ITEM_SHIFT;
      this.items = this.items == 0 ? heap.alloc(size) : heap.realloc(this.items, size);
    }
    const at = this.items + (<usize>this.count << ITEM_SHIFT);
    store<i64>(at, time);
    store<u32>(at, <u32>timer, ITEM_TIMER);
    store<u32>(at, <u32>(timer & HELD_BY_OWNER ? timer - HELD_BY_OWNER : 0), ITEM_OWNER);
    this.count++;
  }

  /**
   * Reads a word of every owner, and of the slot that names it: their misses overlap here, and not when
   * the timers fire and their keys go, one by one.
   */
  private touchOwners(): void {
    let sum: u32 = 0;
    for (let i = 0; i < this.count; i++) {
      const timer = <usize>load<u32>(this.items + (<usize>i << ITEM_SHIFT), ITEM_TIMER);
      sum += load<u32>(timer & HELD_BY_OWNER ? timer - HELD_BY_OWNER : timer);
    }
    for (let i = 0; i < this.count; i++) {
      const timer = <usize>load<u32>(this.items + (<usize>i << ITEM_SHIFT), ITEM_TIMER);
      if (timer & HELD_BY_OWNER) sum += this.owners.touchSlot(timer - HELD_BY_OWNER);
    }
    this.touched = sum;
  }

  /** Sorts the timers of one time: those of entries that have gone may stand anywhere. */
  private sortGroup(first: i32): void {
    for (let i = first; i < this.count; i++) {
      const at = this.items + (<usize>i << ITEM_SHIFT);
      if (load<u32>(at, ITEM_OWNER) != 0) continue;
      store<u32>(at, load<u32>(<usize>load<u32>(at, ITEM_TIMER), TIMER_OWNER), ITEM_OWNER);
    }
    if (this.count - first <= FEW) this.sortFew(first, this.count - 1);
    else this.sort(first, this.count - 1);
  }

  /** Few, as nearly always: insertion sort. */
  private sortFew(from: i32, to: i32): void {
    for (let i = from + 1; i <= to; i++) {
      for (let at = i; at > from && this.compare(this.owner(at - 1), this.owner(at)) > 0; at--) {
        this.swap(at - 1, at);
      }
    }
  }

  /** Quicksort; the smaller part recursively, so the stack stays flat. */
  private sort(from: i32, to: i32): void {
    while (from < to) {
      const pivot = this.owner((from + to) >> 1);
      let low = from;
      let high = to;
      while (low <= high) {
        while (this.compare(this.owner(low), pivot) < 0) low++;
        while (this.compare(this.owner(high), pivot) > 0) high--;
        if (low > high) break;
        this.swap(low++, high--);
      }
      if (high - from < to - low) {
        this.sort(from, high);
        from = low;
      } else {
        this.sort(low, to);
        to = high;
      }
    }
  }

  // @ts-ignore: decorator
  @inline
  private owner(index: i32): usize {
    return <usize>load<u32>(this.items + (<usize>index << ITEM_SHIFT), ITEM_OWNER);
  }

  /** Times are equal: only timer and owner change places. */
  private swap(a: i32, b: i32): void {
    const left = this.items + (<usize>a << ITEM_SHIFT) + ITEM_TIMER;
    const right = this.items + (<usize>b << ITEM_SHIFT) + ITEM_TIMER;
    const held = load<u64>(left);
    store<u64>(left, load<u64>(right));
    store<u64>(right, held);
  }

  private compare(a: usize, b: usize): i32 {
    if (a == b) return 0;
    const order = compareKeys(this.owners, a, b);
    if (order != 0 || this.owners.namespaceBytes == 0) return order;
    const left = this.owners.namespaceOf(a);
    const right = this.owners.namespaceOf(b);
    const start = compareLongs(load<i64>(left), load<i64>(right));
    return start != 0 ? start : compareLongs(load<i64>(left, 8), load<i64>(right, 8));
  }

  close(): void {
    if (this.items != 0) heap.free(this.items);
    this.items = 0;
    this.room = 0;
    this.count = 0;
    this.taken = 0;
  }
}

function compareLongs(a: i64, b: i64): i32 {
  return a < b ? -1 : a > b ? 1 : 0;
}
