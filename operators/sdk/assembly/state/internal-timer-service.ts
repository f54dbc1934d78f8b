/**
 * Timers of keys (Flink: InternalTimerService): in event and in processing time, unique per owner and
 * time, deletable. An owner is an entry of a state table: a key, or a key's window.
 *
 * Nearly every key has one timer at most in each domain: its entry holds that itself, where the table has
 * room for it. Others are entries of their own, found by a directory.
 *
 * Timers fire by time; those of one time by the owner's key (the order of its encoding), then by
 * window. So the order does not depend on tables, restores or parallelism. Flink leaves it open.
 */
import { ChangeLog, STORE_KEYS, STORE_TIMERS } from "./change-log";
import { DueTimers } from "./due-timers";
import {
  ENTRY_FLAGS,
  ENTRY_HEADER,
  EntryStore,
  FLAG_EVENT_TIMER,
  FLAG_LIVE,
  FLAG_MORE_TIMERS,
  FLAG_NEW,
  FLAG_PROCESSING_TIMER,
  groupOf,
} from "./entry-store";
import { HashDirectory, slotEntry, slotMask, slotTag, tagOf } from "./hash-directory";
import { ENTRY_CHILDREN, StateTable } from "./state-table";
import { HELD_BY_OWNER, TIMER_TIME, TimerHeap } from "./timer-heap";

export const EVENT_TIME: i32 = 0;
export const PROCESSING_TIME: i32 = 1;

/** Timer beyond the one that its owner holds: the header of entries, u32 owner, u32 domain, i64 time (TIMER_TIME). */
export const TIMER_OWNER: usize = ENTRY_HEADER;
export const TIMER_DOMAIN: usize = ENTRY_HEADER + 4;
const TIMER_BYTES: usize = ENTRY_HEADER + 16;
/** So many items of deleted timers are never swept for. */
const SWEEP_SLACK: i32 = 1024;
/** Timers that are taken out at once, so that the misses of their owners overlap. */
const LOOK_AHEAD: i32 = 128;

export class InternalTimerService {
  readonly entries: EntryStore;
  private directory: HashDirectory = new HashDirectory();
  private heaps!: StaticArray<TimerHeap>;
  private due: DueTimers;
  /** Timers that owners hold. */
  private heldCount: i32 = 0;
  private heldAt: usize;

  constructor(
    private log: ChangeLog,
    owners: StateTable,
  ) {
    this.heldAt = owners.timerOffset;
    this.entries = new EntryStore(log, TIMER_BYTES);
    this.due = new DueTimers(owners);
    this.heaps = [
      new TimerHeap(EVENT_TIME, this.heldAt),
      new TimerHeap(PROCESSING_TIME, this.heldAt + 8),
    ];
  }

  get count(): i32 {
    return this.entries.count + this.heldCount;
  }

  get bytes(): u64 {
    const heaps = this.heaps[0].bytes + this.heaps[1].bytes;
    return this.entries.bytes + this.directory.bytes + heaps + this.due.bytes;
  }

  /** Sets a timer; false if the owner has it already. */
  register(domain: i32, time: i64, owner: usize): bool {
    const flags = load<u16>(owner, ENTRY_FLAGS);
    const held = heldFlag(domain);
    if (this.heldAt != 0 && flags & held && this.heldTime(domain, owner) == time) return false;
    const tag = timerTag(domain, time, owner);
    const hasMore = this.heldAt == 0 || (flags & FLAG_MORE_TIMERS) != 0;
    if (hasMore && this.find(tag, domain, time, owner) != 0) return false;
    if (this.heldAt != 0 && !(flags & held)) this.hold(domain, time, owner);
    else this.addEntry(tag, domain, time, owner);
    return true;
  }

  /** Deletes a timer; false if there is none. */
  remove(domain: i32, time: i64, owner: usize): bool {
    if (this.holds(domain, time, owner)) {
      this.letGo(domain, owner);
      return true;
    }
    const timer = this.find(timerTag(domain, time, owner), domain, time, owner);
    if (timer == 0) return false;
    this.drop(timer, owner);
    return true;
  }

  /**
   * Sets a timer that a snapshot has.
   * @param held whether the owner held it itself: deltas count on that
   */
  restore(domain: i32, time: i64, owner: usize, held: bool): void {
    if (held && this.heldAt != 0) {
      this.hold(domain, time, owner);
      return;
    }
    const tag = timerTag(domain, time, owner);
    if (this.find(tag, domain, time, owner) != 0) return;
    const timer = this.addEntry(tag, domain, time, owner);
    store<u16>(timer, load<u16>(timer, ENTRY_FLAGS) & ~FLAG_NEW, ENTRY_FLAGS);
  }

  /** Whether an owner holds a timer of a domain itself. */
  hasHeld(domain: i32, owner: usize): bool {
    return this.heldAt != 0 && (load<u16>(owner, ENTRY_FLAGS) & heldFlag(domain)) != 0;
  }

  /** Its time; only if hasHeld(). */
  // @ts-ignore: decorator
  @inline
  heldTime(domain: i32, owner: usize): i64 {
    return load<i64>(owner + this.heldAt + (<usize>domain << 3));
  }

  /** Takes out what an owner holds itself: a delta says it anew. */
  dropHeld(owner: usize): void {
    if (this.hasHeld(EVENT_TIME, owner)) this.letGo(EVENT_TIME, owner);
    if (this.hasHeld(PROCESSING_TIME, owner)) this.letGo(PROCESSING_TIME, owner);
  }

  /** Time of the earliest timer; the largest int64: none. A deleted timer may still be named. */
  next(domain: i32): i64 {
    const waiting = unchecked(this.heaps[domain]).peek();
    return this.due.isOf(domain) ? min(this.due.nextTime, waiting) : waiting;
  }

  /** Time of the timer that poll() gave last. */
  firedTime: i64 = 0;

  /** Takes the next timer that is due at `now` out: its owner, or 0. */
  poll(domain: i32, now: i64): usize {
    const due = this.due;
    const heap = unchecked(this.heaps[domain]);
    while (true) {
      if (!due.isOf(domain)) {
        due.refill(domain, heap, now, LOOK_AHEAD);
        if (!due.isOf(domain)) return 0;
      }
      const time = due.nextTime;
      // Set meanwhile, and before it.
      if (heap.count > 0 && heap.peek() < time) {
        due.giveBack(heap);
        continue;
      }
      const timer = due.take();
      const owner = this.ownerOf(timer);
      if (!this.isAt(timer, domain, time)) continue;
      if (timer & HELD_BY_OWNER) this.letGo(domain, owner);
      else this.drop(timer, owner);
      this.firedTime = time;
      return owner;
    }
  }

  // @ts-ignore: decorator
  @inline
  private ownerOf(timer: usize): usize {
    return timer & HELD_BY_OWNER ? timer - HELD_BY_OWNER : <usize>load<u32>(timer, TIMER_OWNER);
  }

  private hold(domain: i32, time: i64, owner: usize): void {
    this.log.change(STORE_KEYS, owner);
    store<i64>(owner + this.heldAt + (<usize>domain << 3), time);
    store<u16>(owner, load<u16>(owner, ENTRY_FLAGS) | heldFlag(domain), ENTRY_FLAGS);
    store<u32>(owner, load<u32>(owner, ENTRY_CHILDREN) + 1, ENTRY_CHILDREN);
    this.heldCount++;
    this.queue(domain, time, owner + HELD_BY_OWNER);
  }

  private letGo(domain: i32, owner: usize): void {
    this.log.change(STORE_KEYS, owner);
    store<u16>(owner, load<u16>(owner, ENTRY_FLAGS) & ~heldFlag(domain), ENTRY_FLAGS);
    store<u32>(owner, load<u32>(owner, ENTRY_CHILDREN) - 1, ENTRY_CHILDREN);
    this.heldCount--;
  }

  private holds(domain: i32, time: i64, owner: usize): bool {
    return this.hasHeld(domain, owner) && this.heldTime(domain, owner) == time;
  }

  private addEntry(tag: u32, domain: i32, time: i64, owner: usize): usize {
    const timer = this.entries.allocate(groupOf(owner));
    store<u32>(timer, <u32>owner, TIMER_OWNER);
    store<i32>(timer, domain, TIMER_DOMAIN);
    store<i64>(timer, time, TIMER_TIME);
    store<u32>(owner, load<u32>(owner, ENTRY_CHILDREN) + 1, ENTRY_CHILDREN);
    store<u16>(owner, load<u16>(owner, ENTRY_FLAGS) | FLAG_MORE_TIMERS, ENTRY_FLAGS);
    this.directory.insert(tag, timer);
    this.queue(domain, time, timer);
    return timer;
  }

  private queue(domain: i32, time: i64, timer: usize): void {
    const heap = unchecked(this.heaps[domain]);
    if (heap.count > 2 * this.count + SWEEP_SLACK) heap.sweep();
    heap.push(time, timer);
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
      const same = slotTag(slots, slot) == tag && <usize>load<u32>(timer, TIMER_OWNER) == owner;
      if (same && this.isAt(timer, domain, time)) return timer;
      slot = (slot + 1) & mask;
    }
  }

  /** Whether a timer is set, for that time and domain. */
  // @ts-ignore: decorator
  @inline
  private isAt(timer: usize, domain: i32, time: i64): bool {
    if (timer & HELD_BY_OWNER) {
      const owner = timer - HELD_BY_OWNER;
      const live = (load<u16>(owner, ENTRY_FLAGS) & FLAG_LIVE) != 0;
      return live && this.holds(domain, time, owner);
    }
    return (
      (load<u16>(timer, ENTRY_FLAGS) & FLAG_LIVE) != 0 &&
      load<i64>(timer, TIMER_TIME) == time &&
      load<i32>(timer, TIMER_DOMAIN) == domain
    );
  }

  close(): void {
    this.entries.close();
    this.directory.close();
    this.heaps[0].close();
    this.heaps[1].close();
    this.due.close();
  }
}

// @ts-ignore: decorator
@inline
function heldFlag(domain: i32): u16 {
  return domain == EVENT_TIME ? FLAG_EVENT_TIMER : FLAG_PROCESSING_TIMER;
}

// @ts-ignore: decorator
@inline
function timerTag(domain: i32, time: i64, owner: usize): u32 {
  return tagOf((<u64>time * 0xff51afd7ed558ccd) ^ ((<u64>owner << 1) | <u64>domain));
}
