/**
 * Tumbling windows with the default trigger (Flink: WindowOperator with TumblingEventTimeWindows or
 * TumblingProcessingTimeWindows). Contents are kept per window, a table of keys each (a pane), so
 * that firing and cleaning up walk one pane.
 *
 * In event time a window fires when the watermark reaches end - 1; its contents stay until end - 1 +
 * lateness, and each late element fires its key's window again. In processing time it fires and
 * goes when the clock reaches end - 1.
 */
import { BatchReader } from "./batch-reader";
import { copyRow } from "./copy-columns";
import { KeyCodec } from "./key-codec";
import { hashValue, keyGroupOf } from "./key-hash";
import { ENTRY_FLAGS, ENTRY_VALUE, KeyTable, missedRow } from "./key-table";
import { Status, WATERMARK_MAX, WATERMARK_MIN } from "./layout";
import { collectBetweenRows, RecordOperator } from "./operator";
import { processingTime } from "./processing-time";
import { FiredBy } from "./window-context";
import { FLAG_TIMER, KEY_GROUP_SHIFT, Pane, windowStart } from "./window-pane";
import { SnapshotChunk } from "./snapshot-chunk";

const PROCESSING_DOMAIN: i32 = 1;

export abstract class TumblingWindowOperator extends RecordOperator {
  protected size: i64 = 0;
  protected offset: i64 = 0;
  protected lateness: i64 = 0;
  protected eventTime: bool = true;
  protected codec!: KeyCodec;
  /**
   * Live windows, ascending by their last millisecond: the order in which they fire, also where a
   * window's end wraps beyond the largest timestamp.
   */
  protected panes: Pane[] = [];
  firedBy: i32 = FiredBy.ELEMENT;
  /** Whether the rows of the present batch are added in runs; entry of each of its rows. */
  private runs: bool = false;
  private entries: usize = 0;
  private entriesRoom: i32 = 0;
  private lastPane: Pane | null = null;
  /** Keys of the window that went last: the next one probably has as many. */
  private expectedKeys: i32 = 0;
  private firing: Pane | null = null;
  private cursor: usize = 0;
  private lateOutput: bool = false;
  private snapshotGroup: i32 = -1;
  private chunk: SnapshotChunk | null = null;

  /** Bytes of the value kept per key and window. */
  abstract valueBytes(): i32;
  /** Initialises a new value; it is zeroed before. */
  abstract initialise(value: usize): void;
  /** Adds a physical row to a value. */
  abstract add(value: usize, row: i32): void;
  /**
   * Whether addRun() may stand for add(): where a row cannot be refused and nothing has to be known
   * of one before the next is looked up.
   */
  addsRuns(): bool {
    return false;
  }
  /** Adds rows [from, to), one after the other in the batch; `entries` has the address of each one's entry (u32). */
  addRun(entries: usize, from: i32, to: i32): void {}
  /** Emits what a key's window gives; timestamp and key are in place (beginResult). */
  abstract fire(pane: Pane, entry: usize): void;
  /** Called per batch before its rows. */
  abstract attachInput(reader: BatchReader): void;
  /** Frees what a value refers to. */
  valueDropped(value: usize): void {}
  /** Length of a value in a snapshot. */
  storedBytes(value: usize): i32 {
    return this.valueBytes();
  }
  /** Writes storedBytes(value) bytes. */
  storeValue(value: usize, target: usize): void {
    memory.copy(target, value, this.valueBytes());
  }
  /** Reads what storeValue wrote into a zeroed value. */
  loadValue(value: usize, source: usize, length: i32): void {
    memory.copy(value, source, length);
  }
  /** Bytes held beside the panes' tables. */
  functionStateBytes(): u64 {
    return 0;
  }
  /** Adds per-key state of a key group to a snapshot. */
  storeKeyState(keyGroup: i32, chunk: SnapshotChunk): void {}
  /** Takes a record of per-key state back. */
  loadKeyState(key: usize, keyLength: i32, flags: u32, value: usize, length: i32): void {}

  open(): i32 {
    const p = this.config.parameters;
    this.eventTime = p.get("time").string("event") == "event";
    this.size = p.get("size").long(0);
    this.offset = p.get("offset").long(0);
    this.lateness = p.get("lateness").long(0);
    if (this.size <= 0) return this.refuse("size: a window's size must be positive");
    if (this.offset <= -this.size || this.offset >= this.size) {
      return this.refuse("offset: its absolute value must be below the window's size");
    }
    if (this.lateness < 0) return this.refuse("lateness: it must not be negative");
    // Nothing is late by a clock.
    if (!this.eventTime) this.lateness = 0;
    const input = this.config.inputs[0];
    this.codec = new KeyCodec(input.columns, input.keys);
    this.lateOutput = this.writers.length > 1;
    return Status.DONE;
  }

  attach(reader: BatchReader): void {
    this.attachInput(reader);
    this.attachRuns(reader);
  }

  process(input: i32, block: usize, budget: i32): i32 {
    const status = super.process(input, block, budget);
    if (status == Status.DONE) this.countState();
    return status;
  }

  /** Rows of a plain batch are added run by run: see addRows. */
  private attachRuns(reader: BatchReader): void {
    const plain = reader.selection == 0 && reader.eventTime != 0 && reader.eventTimeValidity == 0;
    const knownKey = this.codec.longKey || this.codec.rawText;
    this.runs = this.eventTime && plain && knownKey && this.addsRuns();
    if (!this.runs || reader.count <= this.entriesRoom) return;
    if (this.entries != 0) heap.free(this.entries);
    this.entriesRoom = max(reader.count, 1024);
    this.entries = heap.alloc(<usize>this.entriesRoom << 2);
  }

  /** Once per batch, and when windows come or go: state is reported, not limited, by this. */
  private countState(): void {
    let bytes = this.functionStateBytes();
    for (let i = 0; i < this.panes.length; i++) bytes += this.panes[i].table.bytes;
    this.stateBytes = bytes;
  }

  rows(from: i32, to: i32): i32 {
    const reader = this.reader;
    this.firedBy = FiredBy.ELEMENT;
    const clock = this.eventTime ? 0 : processingTime();
    const codec = this.codec;
    const longKey = codec.longKey;
    const keyData = longKey ? reader.data(this.config.inputs[0].keys[0]) : 0;
    const runs = this.runs;
    for (let i = from; i < to; i++) {
      const row = reader.physical(i);
      let time = clock;
      if (this.eventTime) {
        if (!reader.hasTimestamp(row)) return this.refuseRow(row, i);
        time = reader.timestamp(row);
        // Flink's assigner takes the smallest timestamp for none.
        if (time == i64.MIN_VALUE) return this.refuseRow(row, i);
      }
      let pane = this.lastPane;
      if (runs && pane !== null && this.onTime(pane, time)) {
        i = this.addRows(pane, i, to) - 1;
        continue;
      }
      if (pane === null || time < pane.start || time > pane.maxTimestamp) {
        pane = this.paneOf(time, row);
        if (pane === null) {
          if (this.outputFull()) return i + 1;
          continue;
        }
      }
      const table = pane.table;
      let entry: usize;
      if (longKey) {
        entry = table.findLong(load<i64>(keyData + (<usize>row << 3)));
      } else {
        codec.encode(reader, row);
        entry = table.find(codec.start, codec.length);
      }
      if (table.created) this.begin(entry, row);
      this.add(entry + ENTRY_VALUE, row);
      if (this.failedRow >= 0) return i + 1;
      if (this.eventTime && pane.maxTimestamp <= this.currentWatermark) {
        this.fire(pane, entry);
        if (this.outputFull()) return i + 1;
      } else {
        store<u32>(entry + ENTRY_FLAGS, load<u32>(entry + ENTRY_FLAGS) | FLAG_TIMER);
      }
    }
    return to;
  }

  /** Whether a time falls into a window that has not fired. */
  // @ts-ignore: decorator
  @inline
  private onTime(pane: Pane, time: i64): bool {
    // The smallest timestamp stands for none: its window goes row by row.
    if (pane.start == i64.MIN_VALUE) return false;
    return time >= pane.start && time <= pane.maxTimestamp && pane.maxTimestamp > this.currentWatermark;
  }

  /**
   * Adds the rows from `from` on that fall into a window that has not fired: all keys are looked up
   * before the first row is added. Answers the row behind the last; at least one is added.
   */
  private addRows(pane: Pane, from: i32, to: i32): i32 {
    const reader = this.reader;
    const end = runEnd(reader.eventTime, from, to, pane.start, this.size);
    const node = this.config.inputs[0].keys[0];
    const data = reader.data(node);
    const entries = this.entries;
    const table = pane.table;
    const missed = this.codec.longKey
      ? table.findLongs(data, from, end, entries)
      : table.findTexts(data, reader.offsets(node), from, end, entries);
    for (let m = 0; m < missed; m++) {
      const i = missedRow(m);
      const entry = this.entryOf(table, data, i);
      if (table.created) {
        this.begin(entry, i);
        store<u32>(entry + ENTRY_FLAGS, load<u32>(entry + ENTRY_FLAGS) | FLAG_TIMER);
      }
      store<u32>(entries + (<usize>i << 2), <u32>entry);
    }
    if (pane.restored) {
      for (let i = from; i < end; i++) {
        const flags = <usize>load<u32>(entries + (<usize>i << 2)) + ENTRY_FLAGS;
        store<u32>(flags, load<u32>(flags) | FLAG_TIMER);
      }
    }
    this.addRun(entries, from, end);
    return end;
  }

  // @ts-ignore: decorator
  @inline
  private entryOf(table: KeyTable, data: usize, row: i32): usize {
    const codec = this.codec;
    if (codec.longKey) return table.findLong(load<i64>(data + (<usize>row << 3)));
    codec.encode(this.reader, row);
    return table.find(codec.start, codec.length);
  }

  private refuseRow(row: i32, i: i32): i32 {
    this.result.say("the record has no timestamp: assign timestamps before an event-time window");
    this.failedRow = row;
    return i + 1;
  }

  private begin(entry: usize, row: i32): void {
    const group = keyGroupOf(this.keyHash(row), this.config.maxParallelism);
    store<u32>(entry + ENTRY_FLAGS, <u32>group << KEY_GROUP_SHIFT);
    this.initialise(entry + ENTRY_VALUE);
  }

  /** Flink's hash of the row's key: only for new entries, which have to know their key group. */
  private keyHash(row: i32): i32 {
    const input = this.config.inputs[0];
    let hash = 0;
    for (let k = 0; k < input.keys.length; k++) {
      const node = input.keys[k];
      const part = hashValue(this.reader, node, input.columns[node], row);
      hash = k == 0 ? part : hash * 31 + part;
    }
    return hash;
  }

  /** Time at which a window's contents go; MAX where that overflows (Flink: cleanupTime). */
  private cleanupTime(maxTimestamp: i64): i64 {
    const time = maxTimestamp + this.lateness;
    return time >= maxTimestamp ? time : WATERMARK_MAX;
  }

  /** The window of a time, or null if the record is late (then it was dealt with). */
  private paneOf(time: i64, row: i32): Pane | null {
    const start = windowStart(time, this.offset, this.size);
    const end = start + this.size;
    if (this.eventTime && this.cleanupTime(end - 1) <= this.currentWatermark) {
      if (time + this.lateness <= this.currentWatermark) this.late(row);
      return null;
    }
    this.lastPane = this.paneAt(start, end);
    return this.lastPane;
  }

  /** The window that starts at `start`, made if it is not there. */
  private paneAt(start: i64, end: i64): Pane {
    const last = end - 1;
    let index = this.panes.length;
    while (index > 0 && this.panes[index - 1].maxTimestamp > last) index--;
    if (index > 0 && this.panes[index - 1].maxTimestamp == last) return this.panes[index - 1];
    const pane = new Pane(start, end, new KeyTable(this.valueBytes(), this.codec.longKey, this.expectedKeys));
    this.panes.push(pane);
    for (let i = this.panes.length - 1; i > index; i--) this.panes[i] = this.panes[i - 1];
    this.panes[index] = pane;
    return pane;
  }

  private late(row: i32): void {
    this.rowsFailed++;
    if (!this.lateOutput) return;
    const writer = this.writers[1];
    writer.hasTimestamp = this.reader.hasTimestamp(row);
    if (writer.hasTimestamp) writer.timestamp = this.reader.timestamp(row);
    writer.rowKind = this.reader.rowKind(row);
    copyRow(this.reader, row, writer);
    writer.endRow();
  }

  /** Gives the row in progress the window's last timestamp and the key's columns. */
  protected beginResult(pane: Pane, entry: usize): void {
    const writer = this.writers[0];
    writer.hasTimestamp = true;
    writer.timestamp = pane.maxTimestamp;
    writer.rowKind = 0;
    this.codec.decode(pane.table.keyOf(entry), pane.table.keyLength(entry), writer);
  }

  /** Fires and cleans up what the watermark has reached, then sends it on. */
  onWatermark(timestamp: i64, budget: i32): i32 {
    if (timestamp < this.currentWatermark) return Status.DONE;
    this.currentWatermark = timestamp;
    if (this.eventTime) {
      const status = this.fireDue(timestamp, FiredBy.EVENT_TIMER, budget);
      if (status != Status.DONE) return status;
      this.dropPanes(timestamp);
    }
    this.forwardWatermark(timestamp);
    return Status.DONE;
  }

  nextTimer(domain: i32): i64 {
    if (this.eventTime == (domain == PROCESSING_DOMAIN)) return i64.MAX_VALUE;
    for (let i = 0; i < this.panes.length; i++) {
      if (!this.panes[i].fired) return this.panes[i].maxTimestamp;
    }
    return i64.MAX_VALUE;
  }

  timers(domain: i32, now: i64, budget: i32): i32 {
    if (domain != PROCESSING_DOMAIN || this.eventTime) return Status.DONE;
    const status = this.fireDue(now, FiredBy.PROCESSING_TIMER, budget);
    if (status == Status.DONE) this.dropPanes(now);
    return status;
  }

  /** Fires the windows that end by `now`, the earliest first; resumable. */
  private fireDue(now: i64, by: i32, budget: i32): i32 {
    let left = max(budget, 1);
    this.firedBy = by;
    while (true) {
      if (this.outputFull()) return Status.OUTPUT_FULL;
      if (this.firing === null && !this.nextFiring(now)) return Status.DONE;
      const pane = this.firing!;
      while (this.cursor != 0) {
        if (left-- <= 0) return Status.SLICE_OVER;
        const entry = this.cursor;
        this.cursor = pane.table.after(entry);
        const flags = load<u32>(entry + ENTRY_FLAGS);
        if (!(flags & FLAG_TIMER)) continue;
        store<u32>(entry + ENTRY_FLAGS, flags & ~FLAG_TIMER);
        this.fire(pane, entry);
        // What the author's code allocated is dropped here too: a watermark may fire many keys.
        collectBetweenRows(1);
        if (this.outputFull()) return Status.OUTPUT_FULL;
      }
      pane.fired = true;
      this.firing = null;
    }
  }

  /** Finds the earliest window that is due and has not fired. */
  private nextFiring(now: i64): bool {
    for (let i = 0; i < this.panes.length; i++) {
      const pane = this.panes[i];
      if (pane.maxTimestamp > now) return false;
      if (pane.fired) continue;
      this.firing = pane;
      this.cursor = pane.table.first();
      return true;
    }
    return false;
  }

  /** Drops the windows whose cleanup timer is due. */
  private dropPanes(now: i64): void {
    const panes = this.panes;
    let kept = 0;
    for (let i = 0; i < panes.length; i++) {
      const pane = panes[i];
      if (this.cleanedUp(pane.maxTimestamp, now)) this.dropPane(pane);
      else panes[kept++] = pane;
    }
    panes.length = kept;
    this.lastPane = null;
    this.countState();
  }

  /** A cleanup at MAX has no timer of its own: only a trigger's timer there cleans up. */
  private cleanedUp(maxTimestamp: i64, now: i64): bool {
    const time = this.cleanupTime(maxTimestamp);
    return time <= now && (time != WATERMARK_MAX || maxTimestamp == WATERMARK_MAX);
  }

  private dropPane(pane: Pane): void {
    this.expectedKeys = pane.table.count;
    for (let e = pane.table.first(); e != 0; e = pane.table.after(e)) {
      this.valueDropped(e + ENTRY_VALUE);
    }
    pane.table.close();
  }

  /** One chunk per key group that has contents; the watermark is no part of a snapshot. */
  snapshot(checkpoint: i64, since: i64, budget: i32): i32 {
    if (this.snapshotGroup < 0) this.snapshotGroup = this.config.keyGroupStart;
    while (this.snapshotGroup <= this.config.keyGroupEnd) {
      const group = this.snapshotGroup++;
      const chunk = new SnapshotChunk();
      this.storeGroup(group, chunk);
      if (chunk.length == 0) continue;
      this.chunk = chunk;
      this.result.keyGroup = group;
      this.result.pointer = chunk.start;
      this.result.length = chunk.length;
      return Status.CHUNK;
    }
    this.snapshotGroup = -1;
    this.chunk = null;
    return Status.DONE;
  }

  private storeGroup(group: i32, chunk: SnapshotChunk): void {
    for (let i = 0; i < this.panes.length; i++) {
      const pane = this.panes[i];
      const table = pane.table;
      for (let e = table.first(); e != 0; e = table.after(e)) {
        const flags = load<u32>(e + ENTRY_FLAGS);
        if (<i32>(flags >> KEY_GROUP_SHIFT) != group) continue;
        const value = e + ENTRY_VALUE;
        const bytes = this.storedBytes(value);
        const at = chunk.add(0, flags, pane.start, table.keyOf(e), table.keyLength(e), bytes);
        this.storeValue(value, at);
      }
    }
    this.storeKeyState(group, chunk);
  }

  restore(keyGroup: i32, start: usize, length: i32, budget: i32): i32 {
    const chunk = SnapshotChunk.over(start, length);
    while (chunk.next()) {
      if (chunk.kind == 1) {
        this.loadKeyState(chunk.key, chunk.keyBytes, chunk.flags, chunk.value, chunk.valueBytes);
        continue;
      }
      const pane = this.paneAt(chunk.windowStart, chunk.windowStart + this.size);
      const entry = pane.table.find(chunk.key, chunk.keyBytes);
      pane.restored = true;
      store<u32>(entry + ENTRY_FLAGS, chunk.flags);
      this.loadValue(entry + ENTRY_VALUE, chunk.value, chunk.valueBytes);
    }
    this.countState();
    return Status.DONE;
  }

  close(): void {
    for (let i = 0; i < this.panes.length; i++) this.dropPane(this.panes[i]);
    this.panes = [];
    this.lastPane = null;
    this.currentWatermark = WATERMARK_MIN;
  }
}

/**
 * The row behind the run of rows from `from` on that fall into the window [start, start + size);
 * that one does. Two rows at a time; a row's place in the window is negative beyond 2^63 only.
 */
function runEnd(times: usize, from: i32, to: i32, start: i64, size: i64): i32 {
  let row = from + 1;
  const starts = i64x2.splat(start);
  const last = i64x2.splat(size - 1);
  for (; row + 2 <= to; row += 2) {
    const places = i64x2.sub(v128.load(times + (<usize>row << 3)), starts);
    // Outside: beyond the last place, or before the first (negative).
    if (v128.any_true(i64x2.gt_s(places, last)) || i64x2.bitmask(places) != 0) break;
  }
  while (row < to && <u64>(load<i64>(times + (<usize>row << 3)) - start) < <u64>size) row++;
  return row;
}
