/**
 * Writes the keyed state of an operator as of a barrier, in slices between batches: key group by key group,
 * without sorting. What changes before its turn comes is written first, as it was (ChangeLog).
 */
import { SnapshotChunk } from "../window/snapshot-chunk";
import { STORE_KEYS, STORE_MAPS, STORE_TIMERS } from "./change-log";
import { ENTRY_VERSION, groupOf, GroupWalk } from "./entry-store";
import { KeyedStateBackend } from "./keyed-state-backend";
import {
  HELD_TIMER,
  RECORD_KEY_GONE,
  RECORD_MAP_ENTRY_GONE,
  RECORD_REPLACED,
  RECORD_STATE,
  RECORD_TIMER,
  RECORD_TIMER_GONE,
} from "./state-record";
import { MapTable } from "./map-table";
import { TIMER_TIME } from "./timer-heap";
import { EVENT_TIME, PROCESSING_TIME, TIMER_DOMAIN, TIMER_OWNER } from "./internal-timer-service";

/** A chunk is handed out when it is so long. */
const CHUNK_BYTES: i32 = 256 * 1024;

/** How far the walk through a key group has come. */
enum Stage {
  KEYS,
  TIMERS,
  DONE,
}

export class KeyedSnapshot {
  /** Key group of the chunk that advance() gave. */
  keyGroup: i32 = 0;
  /** What changed since this version; 0: everything. */
  private since: u32 = 0;
  private isDelta: bool = false;
  /** Number of the last snapshot; -1: there was none since the instance was opened. */
  private last: i64 = -1;
  private stage: Stage = Stage.DONE;
  private walk: GroupWalk | null = null;
  /** Images and tombstones by key group, less the first one. */
  private early: (SnapshotChunk | null)[] = [];
  private chunk: SnapshotChunk | null = null;
  /** What the host is copying. */
  private given: SnapshotChunk | null = null;
  private graves: (SnapshotChunk | null)[] = [];

  constructor(private backend: KeyedStateBackend) {
    const groups = backend.groupEnd - backend.groupStart + 1;
    for (let i = 0; i < groups; i++) {
      this.early.push(null);
      this.graves.push(null);
    }
  }

  /**
   * Fixes what the snapshot is of.
   * @param since number of the checkpoint whose changes since are wanted, which must be the last one: what has gone before it is not
   *   known any more; -1: everything
   */
  begin(checkpoint: i64, since: i64): void {
    if (since >= 0 && since != this.last) {
      const last = this.last < 0 ? "none was taken here" : "the last one here is " + this.last.toString();
      throw new Error("cannot write what changed since snapshot " + since.toString() + ": " + last);
    }
    this.last = checkpoint;
    this.isDelta = since >= 0;
    this.since = since >= 0 ? <u32>since : 0;
    this.keyGroup = this.backend.groupStart;
    this.stage = Stage.KEYS;
    this.backend.beginSnapshot(checkpoint);
    for (let i = 0; i < this.graves.length; i++) {
      this.early[i] = this.isDelta ? this.graves[i] : null;
      this.graves[i] = null;
    }
    this.openGroup();
  }

  /** The next chunk, or null where the snapshot is complete or the budget spent (isDone tells). */
  advance(budget: i32): SnapshotChunk | null {
    const backend = this.backend;
    this.given = null;
    let left = max(budget, 1);
    while (backend.snapshotting) {
      if (this.stage == Stage.DONE) {
        const chunk = this.chunk;
        this.chunk = null;
        const group = this.keyGroup++;
        if (this.keyGroup > backend.groupEnd) backend.endSnapshot();
        else this.openGroup();
        if (chunk !== null) return this.give(chunk, group);
        continue;
      }
      if (left-- <= 0) return null;
      this.step();
      const chunk = this.chunk;
      if (chunk !== null && chunk.length >= CHUNK_BYTES) {
        this.chunk = null;
        return this.give(chunk, this.keyGroup);
      }
    }
    return null;
  }

  get isDone(): bool {
    return !this.backend.snapshotting;
  }

  /** Key group of the chunk handed out last. */
  givenGroup: i32 = 0;

  private give(chunk: SnapshotChunk, group: i32): SnapshotChunk {
    this.given = chunk;
    this.givenGroup = group;
    return chunk;
  }

  private openGroup(): void {
    const index = this.keyGroup - this.backend.groupStart;
    this.chunk = this.early[index];
    this.early[index] = null;
    this.stage = Stage.KEYS;
    this.walk = new GroupWalk(this.backend.table.entries, this.keyGroup);
  }

  /** Writes one entry, or goes on to what is next in the key group. */
  private step(): void {
    const backend = this.backend;
    const entry = this.walk!.next();
    if (entry != 0) {
      if (!backend.isWanted(entry)) return;
      this.write(this.stage == Stage.KEYS ? STORE_KEYS : STORE_TIMERS, entry);
      backend.markWritten(entry);
    } else if (this.stage == Stage.KEYS) {
      this.stage = Stage.TIMERS;
      this.walk = new GroupWalk(backend.timers.entries, this.keyGroup);
    } else {
      this.stage = Stage.DONE;
    }
  }

  /** Writes an entry as it is now. */
  write(storeNumber: i32, entry: usize): void {
    if (this.isDelta && load<u32>(entry, ENTRY_VERSION) < this.since) return;
    const chunk = this.chunkOf(groupOf(entry));
    if (storeNumber == STORE_TIMERS) this.writeTimer(chunk, RECORD_TIMER, entry);
    else this.writeKey(chunk, entry);
  }

  private writeKey(chunk: SnapshotChunk, entry: usize): void {
    const backend = this.backend;
    if (this.isDelta) backend.addRecord(chunk, RECORD_REPLACED, 0, entry, 0);
    const slots = backend.slots;
    for (let i = 0; i < slots.length; i++) slots[i].__write(entry, chunk, this.since);
    this.writeHeld(chunk, entry, EVENT_TIME);
    this.writeHeld(chunk, entry, PROCESSING_TIME);
  }

  /** A timer that the key's entry holds itself. */
  private writeHeld(chunk: SnapshotChunk, entry: usize, domain: i32): void {
    const timers = this.backend.timers;
    const table = this.backend.table;
    if (!timers.hasHeld(domain, entry)) return;
    const time = timers.heldTime(domain, entry);
    const number = <u32>domain | HELD_TIMER;
    chunk.add(RECORD_TIMER, number, time, table.keyOf(entry), table.keyLength(entry), 0);
  }

  private writeTimer(chunk: SnapshotChunk, kind: u32, timer: usize): void {
    const table = this.backend.table;
    const owner = <usize>load<u32>(timer, TIMER_OWNER);
    const domain = load<u32>(timer, TIMER_DOMAIN);
    const time = load<i64>(timer, TIMER_TIME);
    chunk.add(kind, domain, time, table.keyOf(owner), table.keyLength(owner), 0);
  }

  /** Notes that an entry which earlier snapshots have is going. */
  bury(storeNumber: i32, entry: usize): void {
    const index = groupOf(entry) - this.backend.groupStart;
    let grave = this.graves[index];
    if (grave === null) {
      grave = this.newChunk();
      this.graves[index] = grave;
    }
    if (storeNumber == STORE_TIMERS) this.writeTimer(grave, RECORD_TIMER_GONE, entry);
    else if (storeNumber == STORE_KEYS) this.backend.addRecord(grave, RECORD_KEY_GONE, 0, entry, 0);
    else this.buryMapEntry(grave, storeNumber - STORE_MAPS, entry);
  }

  private buryMapEntry(grave: SnapshotChunk, index: i32, entry: usize): void {
    const owner = MapTable.ownerOf(entry);
    const length = MapTable.keyLength(entry);
    const target = this.backend.addRecord(grave, RECORD_MAP_ENTRY_GONE, index, owner, 8 + length);
    store<u32>(target, length);
    memory.copy(target + 8, MapTable.keyOf(entry), length);
  }

  private chunkOf(group: i32): SnapshotChunk {
    if (group == this.keyGroup) {
      let chunk = this.chunk;
      if (chunk === null) {
        chunk = this.newChunk();
        this.chunk = chunk;
      }
      return chunk;
    }
    const index = group - this.backend.groupStart;
    let early = this.early[index];
    if (early === null) {
      early = this.newChunk();
      this.early[index] = early;
    }
    return early;
  }

  /** A chunk that says which number is which state. */
  private newChunk(): SnapshotChunk {
    const chunk = new SnapshotChunk();
    const slots = this.backend.slots;
    for (let i = 0; i < slots.length; i++) {
      const name = String.UTF8.encode(slots[i].name);
      const type = String.UTF8.encode(slots[i].__typeText());
      const timed: i64 = slots[i].isTimed ? 1 : 0;
      const at = chunk.add(
        RECORD_STATE,
        i,
        timed,
        changetype<usize>(name),
        name.byteLength,
        type.byteLength,
      );
      memory.copy(at, changetype<usize>(type), type.byteLength);
    }
    return chunk;
  }
}
