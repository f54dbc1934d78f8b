/**
 * What every change of keyed state passes through: it numbers changes by checkpoint, lets a snapshot
 * that is still being written keep an entry's image from before the barrier, and remembers how a
 * row that fails is taken back.
 *
 * The version of an entry is the number of the last checkpoint before its last change: a delta since
 * checkpoint c is what has a version >= c. The phase flips with each snapshot: an entry that has the
 * present phase is of no more use to the snapshot in progress - it has been written, or it is new.
 */
import { ENTRY_FLAGS, FLAG_NEW, FLAG_PHASE } from "./entry-store";

/** Numbers of the stores of one operator: the keys, the timers; maps follow. */
export const STORE_KEYS: i32 = 0;
export const STORE_TIMERS: i32 = 1;
export const STORE_MAPS: i32 = 2;

export abstract class ChangeLog {
  /** Version of a change made now. */
  version: u32 = 0;
  /** 0 or FLAG_PHASE. */
  phase: u16 = 0;
  /** A snapshot is in progress. */
  snapshotting: bool = false;

  constructor(
    /** First key group of the subtask. */
    readonly groupStart: i32,
    /** Its last one, inclusive. */
    readonly groupEnd: i32,
  ) {}

  /** Writes an entry as it is to the snapshot in progress. */
  abstract writeImage(storeNumber: i32, entry: usize): void;
  /** Notes that an entry which earlier snapshots have is going. */
  abstract bury(storeNumber: i32, entry: usize): void;

  /** Before each change of an entry. */
  // @ts-ignore: decorator
  @inline
  change(storeNumber: i32, entry: usize): void {
    if (this.snapshotting) this.keepImage(storeNumber, entry);
    store<u32>(entry, this.version);
  }

  /** Before an entry goes. */
  leave(storeNumber: i32, entry: usize): void {
    if (this.snapshotting) this.keepImage(storeNumber, entry);
    if (!(load<u16>(entry, ENTRY_FLAGS) & FLAG_NEW)) this.bury(storeNumber, entry);
  }

  private keepImage(storeNumber: i32, entry: usize): void {
    const flags = load<u16>(entry, ENTRY_FLAGS);
    if ((flags & FLAG_PHASE) == this.phase) return;
    this.writeImage(storeNumber, entry);
    this.markWritten(entry);
  }

  /** The snapshot in progress has the entry. */
  // @ts-ignore: decorator
  @inline
  markWritten(entry: usize): void {
    const flags = load<u16>(entry, ENTRY_FLAGS) & ~(FLAG_PHASE | FLAG_NEW);
    store<u16>(entry, flags | this.phase, ENTRY_FLAGS);
  }

  /** Whether the snapshot in progress still wants the entry. */
  // @ts-ignore: decorator
  @inline
  isWanted(entry: usize): bool {
    return (load<u16>(entry, ENTRY_FLAGS) & FLAG_PHASE) != this.phase;
  }

  /** Fixes a snapshot: everything that is there now is wanted, what changes from now on has version `checkpoint`. */
  beginSnapshot(checkpoint: i64): void {
    this.phase ^= FLAG_PHASE;
    this.version = <u32>checkpoint;
    this.snapshotting = true;
  }

  endSnapshot(): void {
    this.snapshotting = false;
  }
}
