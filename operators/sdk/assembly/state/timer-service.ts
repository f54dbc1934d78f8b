/**
 * Timers of keys (Flink: InternalTimerService): in event and in processing time, unique per owner and
 * time, deletable. An owner is an entry of a state table: a key, or a key's window.
 *
 * Timers fire by time; those of one time by the owner's key (the order of its encoding), then by
 * window. So the order does not depend on tables, restores or parallelism. Flink leaves it open.
 */
import { ENTRY_FLAGS, ENTRY_HEADER, EntryStore, FLAG_LIVE, FLAG_NEW, groupOf } from "./entry-store";
import { ChangeLog, STORE_TIMERS } from "./change-log";
import { HashDirectory, slotEntry, slotMask, slotTag, tagOf } from "./hash-directory";
import { TIMER_TIME, TimerHeap } from "./timer-heap";
import { compareKeys, ENTRY_CHILDREN, StateTable } from "./state-table";

export const EVENT_TIME: i32 = 0;
export const PROCESSING_TIME: i32 = 1;

/** Timer: the header of entries, u32 owner, u32 domain, i64 time (TIMER_TIME). */
export const TIMER_OWNER: usize = ENTRY_HEADER;
export const TIMER_DOMAIN: usize = ENTRY_HEADER + 4;
const TIMER_BYTES: usize = ENTRY_HEADER + 16;
/** So many items of deleted timers are never swept for. */
const SWEEP_SLACK: i32 = 1024;
/** Of a due timer: u32 timer, u32 owner. */
const DUE_SHIFT: usize = 3;

export class TimerService {
  readonly entries: EntryStore;
  private directory: HashDirectory = new HashDirectory();
  private heaps: StaticArray<TimerHeap> = [new TimerHeap(), new TimerHeap()];
  /** Timers of one time, in the order in which they fire. */
  private due: usize = 0;
  private dueRoom: i32 = 0;
  private dueCount: i32 = 0;
  private dueNext: i32 = 0;
  private dueTime: i64 = 0;
  private dueDomain: i32 = EVENT_TIME;

  constructor(
    private log: ChangeLog,
    private owners: StateTable,
  ) {
    this.entries = new EntryStore(log, TIMER_BYTES);
  }

  get count(): i32 {
    return this.entries.count;
  }

  get bytes(): u64 {
    return (
      this.entries.bytes + this.directory.bytes + this.heaps[0].bytes + this.heaps[1].bytes +
      (<u64>this.dueRoom << DUE_SHIFT)
    );
  }

  /** Sets a timer; false if the owner has it already. */
  register(domain: i32, time: i64, owner: usize): bool {
    const tag = timerTag(domain, time, owner);
    if (this.find(tag, domain, time, owner) != 0) return false;
    const timer = this.entries.allocate(groupOf(owner));
    store<u32>(timer, <u32>owner, TIMER_OWNER);
    store<i32>(timer, domain, TIMER_DOMAIN);
    store<i64>(timer, time, TIMER_TIME);
    store<u32>(owner, load<u32>(owner, ENTRY_CHILDREN) + 1, ENTRY_CHILDREN);
    this.directory.insert(tag, timer);
    const queue = unchecked(this.heaps[domain]);
    if (queue.count > 2 * this.entries.count + SWEEP_SLACK) queue.sweep();
    queue.push(time, timer);
    return true;
  }

  /** Sets a timer that a snapshot has. */
  restore(domain: i32, time: i64, owner: usize): void {
    if (!this.register(domain, time, owner)) return;
    const timer = this.find(timerTag(domain, time, owner), domain, time, owner);
    store<u16>(timer, load<u16>(timer, ENTRY_FLAGS) & ~FLAG_NEW, ENTRY_FLAGS);
  }

  /** Deletes a timer; false if there is none. */
  remove(domain: i32, time: i64, owner: usize): bool {
    const timer = this.find(timerTag(domain, time, owner), domain, time, owner);
    if (timer == 0) return false;
    this.drop(timer, owner);
    return true;
  }

  /** Time of the earliest timer; the largest int64: none. A deleted timer may still be named. */
  next(domain: i32): i64 {
    if (this.dueNext < this.dueCount && this.dueDomain == domain) return this.dueTime;
    return unchecked(this.heaps[domain]).peek();
  }

  /** Time of the timer that poll() gave last. */
  get firedTime(): i64 {
    return this.dueTime;
  }

  /** Takes the next timer that is due at `now` out: its owner, or 0. */
  poll(domain: i32, now: i64): usize {
    while (true) {
      while (this.dueNext < this.dueCount) {
        const at = this.due + (<usize>(this.dueNext++) << DUE_SHIFT);
        const timer = <usize>load<u32>(at);
        const owner = <usize>load<u32>(at, 4);
        if (!this.isAt(timer, domain, this.dueTime, owner)) continue;
        this.drop(timer, owner);
        return owner;
      }
      if (!this.collectDue(domain, now)) return 0;
    }
  }

  /** Lists the timers of the earliest time, if that is due. */
  private collectDue(domain: i32, now: i64): bool {
    const queue = unchecked(this.heaps[domain]);
    this.dueCount = 0;
    this.dueNext = 0;
    if (queue.count == 0 || queue.peek() > now) return false;
    const time = queue.peek();
    this.dueTime = time;
    this.dueDomain = domain;
    while (queue.count > 0 && queue.peek() == time) {
      const timer = queue.pop();
      const owner = <usize>load<u32>(timer, TIMER_OWNER);
      // A deleted timer's item stays in the heap; its entry is free or another timer's.
      if (this.isAt(timer, domain, time, owner)) this.addDue(timer, owner);
    }
    if (this.dueCount > 1) this.sortDue(0, this.dueCount - 1);
    return true;
  }

  private addDue(timer: usize, owner: usize): void {
    if (this.dueCount == this.dueRoom) {
      this.dueRoom = max(64, this.dueRoom * 2);
      const size = <usize>this.dueRoom << DUE_SHIFT;
      this.due = this.due == 0 ? heap.alloc(size) : heap.realloc(this.due, size);
    }
    const at = this.due + (<usize>(this.dueCount++) << DUE_SHIFT);
    store<u32>(at, <u32>timer);
    store<u32>(at, <u32>owner, 4);
  }

  /** Quicksort by the owners' keys and windows; the smaller part recursively, so the stack stays flat. */
  private sortDue(from: i32, to: i32): void {
    while (from < to) {
      const pivot = this.dueOwner((from + to) >> 1);
      let low = from;
      let high = to;
      while (low <= high) {
        while (this.compareOwners(this.dueOwner(low), pivot) < 0) low++;
        while (this.compareOwners(this.dueOwner(high), pivot) > 0) high--;
        if (low > high) break;
        this.swapDue(low++, high--);
      }
      if (high - from < to - low) {
        this.sortDue(from, high);
        from = low;
      } else {
        this.sortDue(low, to);
        to = high;
      }
    }
  }

  // @ts-ignore: decorator
  @inline
  private dueOwner(index: i32): usize {
    return <usize>load<u32>(this.due + (<usize>index << DUE_SHIFT), 4);
  }

  private swapDue(a: i32, b: i32): void {
    const left = this.due + (<usize>a << DUE_SHIFT);
    const right = this.due + (<usize>b << DUE_SHIFT);
    const held = load<u64>(left);
    store<u64>(left, load<u64>(right));
    store<u64>(right, held);
  }

  private compareOwners(a: usize, b: usize): i32 {
    if (a == b) return 0;
    const order = compareKeys(this.owners, a, b);
    if (order != 0 || this.owners.namespaceBytes == 0) return order;
    const left = this.owners.namespaceOf(a);
    const right = this.owners.namespaceOf(b);
    const start = compareLongs(load<i64>(left), load<i64>(right));
    return start != 0 ? start : compareLongs(load<i64>(left, 8), load<i64>(right, 8));
  }

  /** Frees a timer; its item in the heap is skipped when it comes up. */
  private drop(timer: usize, owner: usize): void {
    this.log.leave(STORE_TIMERS, timer);
    const tag = timerTag(load<i32>(timer, TIMER_DOMAIN), load<i64>(timer, TIMER_TIME), owner);
    this.directory.remove(tag, timer);
    this.entries.free(timer);
    store<u32>(owner, load<u32>(owner, ENTRY_CHILDREN) - 1, ENTRY_CHILDREN);
  }

  private find(tag: u32, domain: i32, time: i64, owner: usize): usize {
    const slots = this.directory.slotsOf(tag);
    const mask = slotMask(slots);
    let slot = tag & mask;
    while (true) {
      const timer = slotEntry(slots, slot);
      if (timer == 0) return 0;
      if (slotTag(slots, slot) == tag && this.isAt(timer, domain, time, owner)) return timer;
      slot = (slot + 1) & mask;
    }
  }

  // @ts-ignore: decorator
  @inline
  private isAt(timer: usize, domain: i32, time: i64, owner: usize): bool {
    return (
      (load<u16>(timer, ENTRY_FLAGS) & FLAG_LIVE) != 0 &&
      load<i64>(timer, TIMER_TIME) == time &&
      <usize>load<u32>(timer, TIMER_OWNER) == owner &&
      load<i32>(timer, TIMER_DOMAIN) == domain
    );
  }

  close(): void {
    this.entries.close();
    this.directory.close();
    this.heaps[0].close();
    this.heaps[1].close();
    if (this.due != 0) heap.free(this.due);
    this.due = 0;
    this.dueRoom = 0;
    this.dueCount = 0;
  }
}

function compareLongs(a: i64, b: i64): i32 {
  return a < b ? -1 : a > b ? 1 : 0;
}

// @ts-ignore: decorator
@inline
function timerTag(domain: i32, time: i64, owner: usize): u32 {
  return tagOf((<u64>time * 0xff51afd7ed558ccd) ^ ((<u64>owner << 1) | <u64>domain));
}
