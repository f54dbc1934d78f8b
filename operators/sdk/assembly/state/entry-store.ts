/**
 * Entries of one size, in slabs that belong to a key group each: a key group is walked without a
 * look at the others and without sorting, and an entry never moves.
 *
 * What every entry begins with: u32 version, u16 key group, u16 flags (change-log.ts says what the
 * version and the phase among the flags are for).
 */

import { ChangeLog } from "./change-log";

export const ENTRY_VERSION: usize = 0;
export const ENTRY_GROUP: usize = 4;
export const ENTRY_FLAGS: usize = 6;
/** Where the rest of an entry begins. */
export const ENTRY_HEADER: usize = 8;

/** The entry is in use. */
export const FLAG_LIVE: u16 = 1;
/** Equal to the store's phase: the snapshot in progress has no more use for the entry. */
export const FLAG_PHASE: u16 = 2;
/** No snapshot has it: if it goes, no tombstone is needed. */
export const FLAG_NEW: u16 = 4;

/** The entry of a key holds a timer of its own in event time, in processing time; it has more of them elsewhere. */
export const FLAG_EVENT_TIMER: u16 = 8;
export const FLAG_PROCESSING_TIMER: u16 = 16;
export const FLAG_MORE_TIMERS: u16 = 32;

/** Slab: u32 next, u32 end of what was ever used, u32 raw address, u32 bytes; then entries. */
const SLAB_NEXT: usize = 0;
const SLAB_END: usize = 4;
const SLAB_RAW: usize = 8;
const SLAB_BYTES: usize = 12;
const SLAB_HEADER: usize = 64;
const CACHE_LINE: usize = 64;
const FIRST_SLAB_ENTRIES: usize = 4;
const LAST_SLAB_BYTES: usize = 32 * 1024;

/**
 * Of a key group: u32 newest slab, u32 first entry in it that was never used, u32 its end; u32 entries
 * ever used, u32 of them free; u32 slab, next entry and end of the sweep for free ones (slab 0: none).
 */
const GROUP_SLAB: usize = 0;
const GROUP_FRESH: usize = 4;
const GROUP_FRESH_END: usize = 8;
const GROUP_USED: usize = 12;
const GROUP_FREE: usize = 16;
const SWEEP_SLAB: usize = 20;
const SWEEP_NEXT: usize = 24;
const SWEEP_END: usize = 28;
const GROUP_SHIFT: usize = 5;
/** A sweep begins when one in so many entries of the group is free. */
const SWEEP_SHARE: u32 = 4;

export class EntryStore {
  count: i32 = 0;
  bytes: u64 = 0;
  private groups: usize;

  readonly groupStart: i32;
  readonly groupEnd: i32;

  /**
   * @param log number of the present checkpoint and phase; its key groups are the store's
   * @param size bytes of an entry, a multiple of 8
   */
  constructor(
    readonly log: ChangeLog,
    readonly size: usize,
  ) {
    this.groupStart = log.groupStart;
    this.groupEnd = log.groupEnd;
    const bytes = <usize>(log.groupEnd - log.groupStart + 1) << GROUP_SHIFT;
    this.groups = heap.alloc(bytes);
    memory.fill(this.groups, 0, bytes);
    this.bytes = bytes;
  }

  /**
   * A zeroed entry of a key group, live and new. Free entries are taken in the order of their
   * addresses, by a sweep over the group's slabs: entries made one after the other lie side by side,
   * and none costs a cache miss to find.
   */
  allocate(group: i32): usize {
    const place = this.groupAt(group);
    let entry = load<u32>(place, SWEEP_SLAB) != 0 ? this.sweep(group, place) : 0;
    if (entry == 0 && load<u32>(place, GROUP_FREE) * SWEEP_SHARE > load<u32>(place, GROUP_USED)) {
      this.sweepSlab(group, place, <usize>load<u32>(place, GROUP_SLAB));
      entry = this.sweep(group, place);
    }
    if (entry != 0) store<u32>(place, load<u32>(place, GROUP_FREE) - 1, GROUP_FREE);
    else entry = this.fresh(place);
    for (let at: usize = 0; at < this.size; at += 8) store<u64>(entry + at, 0);
    store<u16>(entry, <u16>group, ENTRY_GROUP);
    store<u32>(entry, this.log.version, ENTRY_VERSION);
    store<u16>(entry, FLAG_LIVE | FLAG_NEW | this.log.phase, ENTRY_FLAGS);
    this.count++;
    return entry;
  }

  free(entry: usize): void {
    const place = this.groupAt(groupOf(entry));
    store<u16>(entry, 0, ENTRY_FLAGS);
    store<u32>(place, load<u32>(place, GROUP_FREE) + 1, GROUP_FREE);
    this.count--;
  }

  /** The next free entry of the sweep, or 0 at its end. */
  private sweep(group: i32, place: usize): usize {
    let slab = <usize>load<u32>(place, SWEEP_SLAB);
    while (slab != 0) {
      let at = <usize>load<u32>(place, SWEEP_NEXT);
      const end = <usize>load<u32>(place, SWEEP_END);
      while (at < end && load<u16>(at, ENTRY_FLAGS) & FLAG_LIVE) at += this.size;
      if (at < end) {
        store<u32>(place, <u32>(at + this.size), SWEEP_NEXT);
        return at;
      }
      slab = <usize>load<u32>(slab, SLAB_NEXT);
      this.sweepSlab(group, place, slab);
    }
    return 0;
  }

  private sweepSlab(group: i32, place: usize, slab: usize): void {
    store<u32>(place, <u32>slab, SWEEP_SLAB);
    if (slab == 0) return;
    store<u32>(place, <u32>(slab + SLAB_HEADER), SWEEP_NEXT);
    store<u32>(place, <u32>this.slabEnd(group, slab), SWEEP_END);
  }

  /** An entry that was never used. */
  private fresh(place: usize): usize {
    if (load<u32>(place, GROUP_FRESH) == load<u32>(place, GROUP_FRESH_END)) this.addSlab(place);
    const entry = <usize>load<u32>(place, GROUP_FRESH);
    store<u32>(place, <u32>(entry + this.size), GROUP_FRESH);
    store<u32>(place, load<u32>(place, GROUP_USED) + 1, GROUP_USED);
    return entry;
  }

  /**
   * The live entry of a key group behind another (0: the first), or 0. Entries allocated since the
   * walk began may be missed; those freed are.
   */
  after(group: i32, entry: usize, slab: usize): usize {
    let at = entry == 0 ? slab + SLAB_HEADER : entry + this.size;
    const end = this.slabEnd(group, slab);
    while (at < end && !(load<u16>(at, ENTRY_FLAGS) & FLAG_LIVE)) at += this.size;
    return at < end ? at : 0;
  }

  /** The slab of a key group behind another (0: the newest), or 0. */
  slabAfter(group: i32, slab: usize): usize {
    if (slab == 0) return <usize>load<u32>(this.groupAt(group), GROUP_SLAB);
    return <usize>load<u32>(slab, SLAB_NEXT);
  }

  // @ts-ignore: decorator
  @inline
  private groupAt(group: i32): usize {
    return this.groups + (<usize>(group - this.groupStart) << GROUP_SHIFT);
  }

  private slabEnd(group: i32, slab: usize): usize {
    const place = this.groupAt(group);
    const newest = <usize>load<u32>(place, GROUP_SLAB) == slab;
    return newest ? <usize>load<u32>(place, GROUP_FRESH) : <usize>load<u32>(slab, SLAB_END);
  }

  private addSlab(place: usize): void {
    const last = <usize>load<u32>(place, GROUP_SLAB);
    let entries = FIRST_SLAB_ENTRIES;
    if (last != 0) {
      store<u32>(last, load<u32>(place, GROUP_FRESH), SLAB_END);
      const before = <usize>load<u32>(last, SLAB_BYTES) - SLAB_HEADER - CACHE_LINE;
      entries = max(FIRST_SLAB_ENTRIES, min(before * 2, LAST_SLAB_BYTES) / this.size);
    }
    const bytes = SLAB_HEADER + entries * this.size + CACHE_LINE;
    const raw = heap.alloc(bytes);
    const slab = (raw + CACHE_LINE - 1) & ~(CACHE_LINE - 1);
    store<u32>(slab, <u32>last, SLAB_NEXT);
    store<u32>(slab, 0, SLAB_END);
    store<u32>(slab, <u32>raw, SLAB_RAW);
    store<u32>(slab, <u32>bytes, SLAB_BYTES);
    store<u32>(place, <u32>slab, GROUP_SLAB);
    store<u32>(place, <u32>(slab + SLAB_HEADER), GROUP_FRESH);
    store<u32>(place, <u32>(slab + SLAB_HEADER + entries * this.size), GROUP_FRESH_END);
    this.bytes += bytes;
  }

  close(): void {
    for (let group = this.groupStart; group <= this.groupEnd; group++) {
      let slab = this.slabAfter(group, 0);
      while (slab != 0) {
        const next = <usize>load<u32>(slab, SLAB_NEXT);
        heap.free(<usize>load<u32>(slab, SLAB_RAW));
        slab = next;
      }
    }
    heap.free(this.groups);
    this.groups = 0;
    this.count = 0;
  }
}

/** Key group of an entry. */
// @ts-ignore: decorator
@inline
export function groupOf(entry: usize): i32 {
  return <i32>load<u16>(entry, ENTRY_GROUP);
}

/** A walk over the live entries of one key group: `for (let e = walk.next(); e != 0; e = walk.next())`. */
export class GroupWalk {
  private slab: usize = 0;
  private entry: usize = 0;
  private done: bool = false;

  constructor(
    private store: EntryStore,
    private group: i32,
  ) {
    this.slab = store.slabAfter(group, 0);
    this.done = this.slab == 0;
  }

  next(): usize {
    while (!this.done) {
      this.entry = this.store.after(this.group, this.entry, this.slab);
      if (this.entry != 0) return this.entry;
      this.slab = this.store.slabAfter(this.group, this.slab);
      this.done = this.slab == 0;
    }
    return 0;
  }
}
