/**
 * Snapshots of windows that are kept in a state table: per key group a record for each window, then
 * one for each timer, in chunks of limited length.
 *
 * Window (kind WINDOW): flags are the entry's; value: i64 end, the trigger's state, the contents.
 * Timer (kind TIMER): flags are its domain; value: i64 end of its window, i64 time.
 */
import { GroupWalk } from "../state/entry-store";
import { ENTRY_PRESENT, StateTable, WINDOW_NAMESPACE } from "../state/state-table";
import { InternalTimerService, TIMER_DOMAIN, TIMER_OWNER } from "../state/internal-timer-service";
import { TIMER_TIME } from "../state/timer-heap";
import { SnapshotChunk } from "./snapshot-chunk";
import { HAS_CONTENTS, IS_GONE } from "./table-windows";
import { WindowOperator } from "./window-operator";
import { RECORD_KEY_STATE, RECORD_TIMER, RECORD_WINDOW } from "./window-pane";

/** A chunk is closed once it is so long. */
const CHUNK_BYTES: i32 = 256 * 1024;

export class TableSnapshot {
  keyGroup: i32 = -1;
  chunk: SnapshotChunk = new SnapshotChunk();
  private windows: GroupWalk | null = null;
  private timerWalk: GroupWalk | null = null;
  private namespace: usize = heap.alloc(WINDOW_NAMESPACE);
  private found: usize[] = [];
  private headBytes: i32;

  constructor(
    private operator: WindowOperator,
    private table: StateTable,
    private timers: InternalTimerService,
    private contents: usize,
  ) {
    this.headBytes = 8 + <i32>(contents - table.valueOffset);
  }

  /** Fills the next chunk; false: there is none. */
  next(): bool {
    const config = this.operator.config;
    if (this.keyGroup < 0) this.beginGroup(config.keyGroupStart);
    while (this.keyGroup <= config.keyGroupEnd) {
      this.chunk = new SnapshotChunk();
      this.fill();
      if (this.chunk.length > 0) return true;
      this.beginGroup(this.keyGroup + 1);
    }
    this.keyGroup = -1;
    return false;
  }

  private beginGroup(group: i32): void {
    this.keyGroup = group;
    if (group > this.operator.config.keyGroupEnd) return;
    this.windows = new GroupWalk(this.table.entries, group);
    this.timerWalk = new GroupWalk(this.timers.entries, group);
  }

  /** Writes what is left of the key group, up to CHUNK_BYTES. */
  private fill(): void {
    const chunk = this.chunk;
    const windows = this.windows;
    if (windows !== null) {
      for (let entry = windows.next(); entry != 0; entry = windows.next()) {
        if (load<u32>(entry, ENTRY_PRESENT) & IS_GONE) continue;
        this.storeWindow(entry);
        if (chunk.length >= CHUNK_BYTES) return;
      }
      this.operator.storeKeyState(this.keyGroup, chunk);
      this.windows = null;
    }
    const timers = this.timerWalk!;
    for (let timer = timers.next(); timer != 0; timer = timers.next()) {
      const owner = <usize>load<u32>(timer, TIMER_OWNER);
      if (load<u32>(owner, ENTRY_PRESENT) & IS_GONE) continue;
      this.storeTimer(timer, owner);
      if (chunk.length >= CHUNK_BYTES) return;
    }
  }

  private storeWindow(entry: usize): void {
    const operator = this.operator;
    const table = this.table;
    const value = entry + this.contents;
    const head = this.headBytes;
    const present = load<u32>(entry, ENTRY_PRESENT);
    const window = table.namespaceOf(entry);
    const bytes = head + operator.storedBytes(value);
    const start = load<i64>(window);
    const at = this.chunk.add(RECORD_WINDOW, present, start, table.keyOf(entry), table.keyLength(entry), bytes);
    store<i64>(at, load<i64>(window, 8));
    memory.copy(at + 8, entry + table.valueOffset, head - 8);
    operator.storeValue(value, at + <usize>head);
  }

  private storeTimer(timer: usize, owner: usize): void {
    const table = this.table;
    const window = table.namespaceOf(owner);
    const domain = load<u32>(timer, TIMER_DOMAIN);
    const start = load<i64>(window);
    const at = this.chunk.add(RECORD_TIMER, domain, start, table.keyOf(owner), table.keyLength(owner), 16);
    store<i64>(at, load<i64>(window, 8));
    store<i64>(at, load<i64>(timer, TIMER_TIME), 8);
  }

  restore(keyGroup: i32, start: usize, length: i32): void {
    const chunk = SnapshotChunk.over(start, length);
    while (chunk.next()) {
      if (chunk.kind == RECORD_KEY_STATE) {
        this.operator.loadKeyState(chunk.key, chunk.keyBytes, chunk.flags, chunk.value, chunk.valueBytes);
        continue;
      }
      const entry = this.entryOf(keyGroup, chunk);
      if (chunk.kind == RECORD_TIMER) {
        this.timers.register(<i32>chunk.flags, load<i64>(chunk.value, 8), entry);
        continue;
      }
      const head = this.headBytes;
      store<u32>(entry, chunk.flags, ENTRY_PRESENT);
      memory.copy(entry + this.table.valueOffset, chunk.value + 8, head - 8);
      const stored = chunk.value + <usize>head;
      this.operator.loadValue(entry + this.contents, stored, chunk.valueBytes - head);
    }
  }

  /** The entry of a record's key and window, made if it is not there. */
  private entryOf(keyGroup: i32, chunk: SnapshotChunk): usize {
    const table = this.table;
    const end = load<i64>(chunk.value);
    store<i64>(this.namespace, chunk.windowStart);
    store<i64>(this.namespace, end, 8);
    if (!table.byKey) {
      const entry = table.find(chunk.key, chunk.keyBytes, this.namespace);
      return entry != 0 ? entry : table.add(keyGroup, chunk.key, chunk.keyBytes, this.namespace);
    }
    const found = this.found;
    found.length = 0;
    table.findAll(chunk.key, chunk.keyBytes, found);
    for (let i = 0; i < found.length; i++) {
      const window = table.namespaceOf(found[i]);
      if (load<i64>(window) == chunk.windowStart && load<i64>(window, 8) == end) return found[i];
    }
    return table.add(keyGroup, chunk.key, chunk.keyBytes, this.namespace);
  }

  /** Frees what the contents of all windows refer to. */
  close(): void {
    heap.free(this.namespace);
    const config = this.operator.config;
    for (let group = config.keyGroupStart; group <= config.keyGroupEnd; group++) {
      const walk = new GroupWalk(this.table.entries, group);
      for (let entry = walk.next(); entry != 0; entry = walk.next()) {
        if (!(load<u32>(entry, ENTRY_PRESENT) & HAS_CONTENTS)) continue;
        this.operator.clearContents(entry + this.contents);
      }
    }
  }
}
