/** Takes keyed state back from the chunks of a snapshot, full or delta, one after the other. */
import { SnapshotChunk } from "../window/snapshot-chunk";
import { ENTRY_FLAGS, FLAG_NEW } from "./entry-store";
import { KeyedStateBackend } from "./keyed-state-backend";
import {
  HELD_TIMER,
  RECORD_ELEMENT,
  RECORD_KEY_GONE,
  RECORD_MAP_ENTRY,
  RECORD_MAP_ENTRY_GONE,
  RECORD_REPLACED,
  RECORD_STATE,
  RECORD_TIMER,
  RECORD_TIMER_GONE,
  RECORD_VALUE,
} from "./state-record";
import { StateSlot } from "./state-slot";

export class KeyedRestore {
  /** Why a chunk was refused. */
  problem: string = "";
  /** State by its number in the chunk. */
  private slots: StateSlot[] = [];
  private timed: bool[] = [];

  constructor(private backend: KeyedStateBackend) {}

  /** Reads a chunk; false: see problem. */
  read(keyGroup: i32, start: usize, length: i32): bool {
    const chunk = SnapshotChunk.over(start, length);
    this.slots = [];
    this.timed = [];
    while (chunk.next()) {
      if (chunk.kind == RECORD_STATE) {
        if (!this.readState(chunk)) return false;
      } else if (!this.readRecord(keyGroup, chunk)) return false;
    }
    return true;
  }

  private readState(chunk: SnapshotChunk): bool {
    const name = String.UTF8.decodeUnsafe(chunk.key, chunk.keyBytes);
    const type = String.UTF8.decodeUnsafe(chunk.value, chunk.valueBytes);
    const slots = this.backend.slots;
    for (let i = 0; i < slots.length; i++) {
      if (slots[i].name != name) continue;
      if (slots[i].__typeText() != type) {
        this.problem =
          "state " + name + " is " + type + " in the snapshot, but " + slots[i].__typeText() + " here";
        return false;
      }
      this.slots.push(slots[i]);
      this.timed.push(chunk.windowStart != 0);
      return true;
    }
    this.problem = "the snapshot has a state " + name + " (" + type + ") that the operator has not";
    return false;
  }

  private readTimer(chunk: SnapshotChunk, entry: usize): void {
    const isHeld = (chunk.flags & HELD_TIMER) != 0;
    this.backend.timers.restore(<i32>(chunk.flags & ~HELD_TIMER), chunk.windowStart, entry, isHeld);
  }

  private readRecord(keyGroup: i32, chunk: SnapshotChunk): bool {
    const backend = this.backend;
    const table = backend.table;
    let entry = table.find(chunk.key, chunk.keyBytes);
    const gone = chunk.kind == RECORD_KEY_GONE || chunk.kind == RECORD_MAP_ENTRY_GONE || chunk.kind == RECORD_TIMER_GONE;
    if (entry == 0 && gone) return true;
    if (entry == 0) {
      entry = table.add(keyGroup, chunk.key, chunk.keyBytes);
      store<u16>(entry, load<u16>(entry, ENTRY_FLAGS) & ~FLAG_NEW, ENTRY_FLAGS);
    }
    switch (chunk.kind) {
      case RECORD_VALUE:
      case RECORD_MAP_ENTRY:
      case RECORD_ELEMENT:
        this.slots[chunk.flags].__read(entry, chunk, this.timed[chunk.flags]);
        break;
      case RECORD_TIMER:
        this.readTimer(chunk, entry);
        break;
      case RECORD_REPLACED:
        backend.dropValues(entry);
        break;
      case RECORD_KEY_GONE:
        backend.removeRestored(entry);
        break;
      case RECORD_MAP_ENTRY_GONE:
        this.slots[chunk.flags].__readGone(entry, chunk);
        break;
      case RECORD_TIMER_GONE:
        backend.timers.remove(<i32>chunk.flags, chunk.windowStart, entry);
        break;
      default:
        this.problem = "unknown record " + chunk.kind.toString();
        return false;
    }
    return true;
  }
}
