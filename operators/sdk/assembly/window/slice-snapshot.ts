/**
 * Snapshots of slices: per key group one chunk. First a record HORIZON (value: i64 watermark up to
 * which windows have fired), then of each slice of each key, ascending, a record WINDOW with its
 * accumulator (FLAG_AGGREGATE: with that of itself and the following ones up to the last such).
 */
import { ENTRY_FLAGS, ENTRY_VALUE } from "../key-table";
import { GroupWalk } from "../state/entry-store";
import { SlicedWindows } from "./sliced-windows";
import { SnapshotChunk } from "./snapshot-chunk";
import { WindowOperator } from "./window-operator";
import { KEY_GROUP_SHIFT, RECORD_HORIZON, RECORD_WINDOW } from "./window-pane";

const FLAG_AGGREGATE: u32 = 2;

export class SliceSnapshot {
  keyGroup: i32;
  chunk: SnapshotChunk = new SnapshotChunk();

  constructor(
    private operator: WindowOperator,
    private windows: SlicedWindows,
  ) {
    this.keyGroup = operator.config.keyGroupStart - 1;
  }

  /** Fills the next chunk; false: there is none. */
  next(): bool {
    while (++this.keyGroup <= this.operator.config.keyGroupEnd) {
      this.chunk = new SnapshotChunk();
      const until = this.chunk.add(RECORD_HORIZON, 0, 0, 0, 0, 8);
      store<i64>(until, this.windows.firedUntil(this.keyGroup));
      const empty = this.chunk.length;
      this.storeOpen();
      this.storeKeys();
      if (this.chunk.length > empty) return true;
    }
    return false;
  }

  /** Slices that are panes still. */
  private storeOpen(): void {
    const panes = this.windows.panes;
    for (let i = 0; i < panes.length; i++) {
      const table = panes[i].table;
      for (let e = table.first(); e != 0; e = table.after(e)) {
        const flags = load<u32>(e + ENTRY_FLAGS);
        if (<i32>(flags >> KEY_GROUP_SHIFT) != this.keyGroup) continue;
        this.store(flags, panes[i].start, table.keyOf(e), table.keyLength(e), e + ENTRY_VALUE);
      }
    }
  }

  private storeKeys(): void {
    const keys = this.windows.keys;
    const slices = this.windows.slices;
    const flags = <u32>this.keyGroup << KEY_GROUP_SHIFT;
    const walk = new GroupWalk(keys.entries, this.keyGroup);
    for (let key = walk.next(); key != 0; key = walk.next()) {
      const value = key + keys.valueOffset;
      for (let i = slices.firstStored(value); i < slices.count(value); i++) {
        const start = slices.startAt(value, i);
        const kind = slices.isAggregate(value, i) ? FLAG_AGGREGATE : 0;
        this.store(flags | kind, start, keys.keyOf(key), keys.keyLength(key), slices.valueAt(value, i));
      }
    }
  }

  private store(flags: u32, start: i64, key: usize, length: i32, value: usize): void {
    const bytes = this.operator.storedBytes(value);
    const at = this.chunk.add(RECORD_WINDOW, flags, start, key, length, bytes);
    this.operator.storeValue(value, at);
  }

  /** Whether a chunk has slices, and not windows of their own. */
  static isSlices(start: usize, length: i32): bool {
    const chunk = SnapshotChunk.over(start, length);
    return chunk.next() && chunk.kind == RECORD_HORIZON;
  }

  /** Takes a key group's slices back; answers up to where its windows have fired. */
  restoreSlices(keyGroup: i32, start: usize, length: i32): i64 {
    const chunk = SnapshotChunk.over(start, length);
    chunk.next();
    const until = load<i64>(chunk.value);
    const operator = this.operator;
    const windows = this.windows;
    while (chunk.next()) {
      if (windows.endOf(chunk.windowStart) - 1 > until) {
        const pane = windows.openSlice(chunk.windowStart);
        const entry = pane.table.find(chunk.key, chunk.keyBytes);
        store<u32>(entry + ENTRY_FLAGS, chunk.flags);
        operator.loadValue(entry + ENTRY_VALUE, chunk.value, chunk.valueBytes);
        continue;
      }
      const keys = windows.keys;
      let key = keys.find(chunk.key, chunk.keyBytes);
      if (key == 0) key = keys.add(keyGroup, chunk.key, chunk.keyBytes);
      const older = (chunk.flags & FLAG_AGGREGATE) != 0;
      windows.slices.push(key + keys.valueOffset, chunk.windowStart, chunk.value, older);
    }
    return until;
  }
}
