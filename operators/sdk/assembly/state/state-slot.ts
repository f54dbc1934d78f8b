/** What one state keeps in the entry of each key: its place there, and how it goes into snapshots. */
import { SnapshotChunk } from "../window/snapshot-chunk";
import { ENTRY_PRESENT } from "./state-table";
import { KeyedStateBackend } from "./keyed-state-backend";
import { StateTtl, StateTtlConfig } from "./state-ttl";

/** Bytes in front of a value that has a time to live: i64 time of last use. */
export const TTL_BYTES: i32 = 8;

export abstract class StateSlot {
  /** Offset of its bytes in an entry. */
  offset: usize = 0;
  /** Its number: the bit in the entry's presence word. */
  index: i32 = 0;
  backend!: KeyedStateBackend;
  ttl: StateTtl;
  /** Values begin with a time of last use. */
  readonly isTimed: bool;

  constructor(
    readonly name: string,
    ttl: StateTtlConfig | null,
  ) {
    this.isTimed = ttl !== null;
    this.ttl = new StateTtl(ttl);
  }

  /** What it is, for snapshots and clashes of names: `ValueState<BIGINT>`. */
  abstract __typeText(): string;
  /** Bytes it takes in an entry, a multiple of 8. */
  abstract __slotBytes(): i32;
  /** Bytes held outside of entries. */
  abstract __held(): u64;
  /** Frees what an entry's slot refers to. */
  abstract __drop(entry: usize): void;
  /** Appends the slot's contents as records of the key; `since` leaves out what did not change. */
  abstract __write(entry: usize, chunk: SnapshotChunk, since: u32): void;
  /** Takes a record back into the entry of its key. */
  abstract __read(entry: usize, chunk: SnapshotChunk, timed: bool): void;
  /** Takes the map's key of a tombstone out: only a map has such. */
  __readGone(entry: usize, chunk: SnapshotChunk): void {}
  /** Whether the slot holds entries that go into snapshots by themselves. */
  __isMap(): bool {
    return false;
  }
  __close(): void {}

  // @ts-ignore: decorator
  @inline
  isPresent(entry: usize): bool {
    return entry != 0 && ((load<u32>(entry, ENTRY_PRESENT) >> this.index) & 1) != 0;
  }

  // @ts-ignore: decorator
  @inline
  markPresent(entry: usize): void {
    store<u32>(entry, load<u32>(entry, ENTRY_PRESENT) | ((<u32>1) << this.index), ENTRY_PRESENT);
  }

  /** The slot is empty; the entry goes when all are. */
  markAbsent(entry: usize): void {
    store<u32>(entry, load<u32>(entry, ENTRY_PRESENT) & ~((<u32>1) << this.index), ENTRY_PRESENT);
    this.backend.mayBeEmpty = true;
  }
}
