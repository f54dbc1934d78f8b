/** Snapshots of windows that are kept in panes: one chunk per key group that has contents. */
import { ENTRY_FLAGS, ENTRY_VALUE } from "../key-table";
import { PaneWindows } from "./pane-windows";
import { SnapshotChunk } from "./snapshot-chunk";
import { WindowOperator } from "./window-operator";
import { KEY_GROUP_SHIFT, RECORD_KEY_STATE, RECORD_WINDOW } from "./window-pane";

export class PaneSnapshot {
  keyGroup: i32;
  chunk: SnapshotChunk = new SnapshotChunk();

  constructor(
    private operator: WindowOperator,
    private windows: PaneWindows,
  ) {
    this.keyGroup = operator.config.keyGroupStart - 1;
  }

  /** Fills the next chunk; false: there is none. */
  next(): bool {
    while (++this.keyGroup <= this.operator.config.keyGroupEnd) {
      this.chunk = new SnapshotChunk();
      this.store(this.keyGroup);
      if (this.chunk.length > 0) return true;
    }
    return false;
  }

  private store(group: i32): void {
    const operator = this.operator;
    const panes = this.windows.panes;
    for (let i = 0; i < panes.length; i++) {
      const pane = panes[i];
      const table = pane.table;
      for (let e = table.first(); e != 0; e = table.after(e)) {
        const flags = load<u32>(e + ENTRY_FLAGS);
        if (<i32>(flags >> KEY_GROUP_SHIFT) != group) continue;
        const value = e + ENTRY_VALUE;
        const bytes = operator.storedBytes(value);
        const key = table.keyOf(e);
        const at = this.chunk.add(RECORD_WINDOW, flags, pane.start, key, table.keyLength(e), bytes);
        operator.storeValue(value, at);
      }
    }
    operator.storeKeyState(group, this.chunk);
  }

  restore(start: usize, length: i32): void {
    const chunk = SnapshotChunk.over(start, length);
    const operator = this.operator;
    while (chunk.next()) {
      if (chunk.kind == RECORD_KEY_STATE) {
        operator.loadKeyState(chunk.key, chunk.keyBytes, chunk.flags, chunk.value, chunk.valueBytes);
        continue;
      }
      const pane = this.windows.paneAt(chunk.windowStart, this.windows.endOf(chunk.windowStart));
      const entry = pane.table.find(chunk.key, chunk.keyBytes);
      pane.restored = true;
      store<u32>(entry + ENTRY_FLAGS, chunk.flags);
      operator.loadValue(entry + ENTRY_VALUE, chunk.value, chunk.valueBytes);
    }
  }
}
