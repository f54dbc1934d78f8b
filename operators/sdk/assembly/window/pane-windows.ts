/**
 * Tumbling windows with the default trigger (Flink: WindowOperator with TumblingEventTimeWindows or
 * TumblingProcessingTimeWindows). Contents are kept per window, a table of keys each (a pane), so
 * that firing and cleaning up walk one pane.
 *
 * In event time a window fires when the watermark reaches end - 1; its contents stay until end - 1 +
 * lateness, and each late element fires its key's window again. In processing time it fires and
 * goes when the clock reaches end - 1.
 */
import { BatchReader } from "../batch-reader";
import { ENTRY_FLAGS, ENTRY_VALUE, KeyTable, missedRow } from "../key-table";
import { Status, WATERMARK_MAX } from "../layout";
import { collectBetweenRows } from "../operator";
import { processingTime } from "../processing-time";
import { PaneSnapshot } from "./pane-snapshot";
import { windowStart } from "./time-window";
import { FLAG_TIMER, KEY_GROUP_SHIFT, Pane } from "./window-pane";
import { WindowOperator } from "./window-operator";
import { Windowing } from "./windowing";

const PROCESSING_DOMAIN: i32 = 1;
export const NO_TIMESTAMP: string =
  "the record has no timestamp: assign timestamps before an event-time window";

export class PaneWindows extends Windowing {
  /**
   * Live windows, ascending by their last millisecond: the order in which they fire, also where a
   * window's end wraps beyond the largest timestamp.
   */
  readonly panes: Pane[] = [];
  /** Whether the rows of the present batch are added in runs; entry of each of its rows. */
  private runs: bool = false;
  private entries: usize = 0;
  private entriesRoom: i32 = 0;
  protected lastPane: Pane | null = null;
  /** Keys of the window that went last: the next one probably has as many. */
  protected expectedKeys: i32 = 0;
  private firing: Pane | null = null;
  private cursor: usize = 0;
  private snapshots: PaneSnapshot | null = null;

  /** @param size of the panes, ms; @param offset of their starts */
  constructor(
    operator: WindowOperator,
    protected size: i64,
    protected offset: i64,
    private eventTime: bool,
  ) {
    super(operator);
  }

  get bytes(): u64 {
    let bytes: u64 = 0;
    for (let i = 0; i < this.panes.length; i++) bytes += this.panes[i].table.bytes;
    return bytes;
  }

  /** Rows of a plain batch are added run by run: see addRows. */
  attach(reader: BatchReader): void {
    const codec = this.operator.codec;
    const plain = reader.selection == 0 && reader.eventTime != 0 && reader.eventTimeValidity == 0;
    const knownKey = codec.longKey || codec.rawText;
    this.runs = this.eventTime && plain && knownKey && !this.operator.undoes && this.operator.addsRuns();
    if (!this.runs || reader.count <= this.entriesRoom) return;
    if (this.entries != 0) heap.free(this.entries);
    this.entriesRoom = max(reader.count, 1024);
    this.entries = heap.alloc(<usize>this.entriesRoom << 2);
  }

  rows(from: i32, to: i32): i32 {
    const operator = this.operator;
    const reader = operator.reader;
    const clock = this.eventTime ? 0 : processingTime();
    const codec = operator.codec;
    const longKey = codec.longKey;
    const keyData = longKey ? reader.data(operator.keyNodes[0]) : 0;
    const runs = this.runs;
    for (let i = from; i < to; i++) {
      const row = reader.physical(i);
      if (operator.undoes) operator.beginRowUnit(i);
      let time = clock;
      if (this.eventTime) {
        // Flink's assigner takes the smallest timestamp for none.
        time = reader.hasTimestamp(row) ? reader.timestamp(row) : i64.MIN_VALUE;
        if (time == i64.MIN_VALUE) return operator.refuseRow(row, i, NO_TIMESTAMP);
      }
      let pane = this.lastPane;
      if (runs && pane !== null && this.onTime(pane, time)) {
        i = this.addRows(pane, i, to) - 1;
        continue;
      }
      if (pane === null || time < pane.start || time > pane.maxTimestamp) {
        pane = this.paneOf(time, row);
        if (pane === null) {
          if (operator.outputFull()) return i + 1;
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
      operator.add(entry + ENTRY_VALUE, row);
      if (operator.failedRow >= 0) return i + 1;
      if (this.eventTime && pane.maxTimestamp <= operator.currentWatermark) {
        this.fire(pane, entry);
        if (operator.outputFull()) return i + 1;
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
    return time >= pane.start && time <= pane.maxTimestamp && pane.maxTimestamp > this.operator.currentWatermark;
  }

  /**
   * Adds the rows from `from` on that fall into a window that has not fired: all keys are looked up
   * before the first row is added. Answers the row behind the last; at least one is added.
   */
  private addRows(pane: Pane, from: i32, to: i32): i32 {
    const operator = this.operator;
    const reader = operator.reader;
    const end = runEnd(reader.eventTime, from, to, pane.start, this.size);
    const node = operator.keyNodes[0];
    const data = reader.data(node);
    const entries = this.entries;
    const table = pane.table;
    const missed = operator.codec.longKey
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
    operator.addRun(entries, ENTRY_VALUE, from, end);
    return end;
  }

  // @ts-ignore: decorator
  @inline
  private entryOf(table: KeyTable, data: usize, row: i32): usize {
    const codec = this.operator.codec;
    if (codec.longKey) return table.findLong(load<i64>(data + (<usize>row << 3)));
    codec.encode(this.operator.reader, row);
    return table.find(codec.start, codec.length);
  }

  private begin(entry: usize, row: i32): void {
    const group = this.operator.keyGroupOfRow(row);
    store<u32>(entry + ENTRY_FLAGS, <u32>group << KEY_GROUP_SHIFT);
    this.operator.initialise(entry + ENTRY_VALUE);
  }

  /** The window of a time, or null if the record is late (then it was dealt with). */
  protected paneOf(time: i64, row: i32): Pane | null {
    const start = windowStart(time, this.offset, this.size);
    const end = start + this.size;
    const operator = this.operator;
    if (this.eventTime && operator.cleanupTime(end - 1) <= operator.currentWatermark) {
      if (operator.isLate(time)) operator.late(row);
      return null;
    }
    this.lastPane = this.paneAt(start, end);
    return this.lastPane;
  }

  /** The window that starts at `start`, made if it is not there. */
  paneAt(start: i64, end: i64): Pane {
    const last = end - 1;
    let index = this.panes.length;
    while (index > 0 && this.panes[index - 1].maxTimestamp > last) index--;
    if (index > 0 && this.panes[index - 1].maxTimestamp == last) return this.panes[index - 1];
    const operator = this.operator;
    const pane = new Pane(start, end, new KeyTable(operator.valueBytes(), operator.codec.longKey, this.expectedKeys));
    this.panes.push(pane);
    for (let i = this.panes.length - 1; i > index; i--) this.panes[i] = this.panes[i - 1];
    this.panes[index] = pane;
    return pane;
  }

  private fire(pane: Pane, entry: usize): void {
    const operator = this.operator;
    const fired = operator.fired;
    fired.window.start = pane.start;
    fired.window.end = pane.end;
    fired.window.maxTimestamp = pane.maxTimestamp;
    fired.key = pane.table.keyOf(entry);
    fired.keyLength = pane.table.keyLength(entry);
    fired.keyGroup = <i32>(load<u32>(entry + ENTRY_FLAGS) >> KEY_GROUP_SHIFT);
    fired.value = entry + ENTRY_VALUE;
    operator.timerTime = pane.maxTimestamp;
    operator.fireWindow();
  }

  fireEventTime(watermark: i64, budget: i32): i32 {
    return this.eventTime ? this.fireAndDrop(watermark, budget) : Status.DONE;
  }

  fireProcessingTime(now: i64, budget: i32): i32 {
    return this.eventTime ? Status.DONE : this.fireAndDrop(now, budget);
  }

  private fireAndDrop(now: i64, budget: i32): i32 {
    const status = this.fireDue(now, budget);
    if (status == Status.DONE) this.dropPanes(now);
    return status;
  }

  nextTimer(domain: i32): i64 {
    if (this.eventTime == (domain == PROCESSING_DOMAIN)) return i64.MAX_VALUE;
    for (let i = 0; i < this.panes.length; i++) {
      if (!this.panes[i].fired) return this.panes[i].maxTimestamp;
    }
    return i64.MAX_VALUE;
  }

  /** Fires the windows that end by `now`, the earliest first; resumable. */
  private fireDue(now: i64, budget: i32): i32 {
    let left = max(budget, 1);
    while (true) {
      if (this.operator.outputFull()) return Status.OUTPUT_FULL;
      if (this.firing === null && !this.nextFiring(now)) return Status.DONE;
      const pane = this.firing!;
      while (this.cursor != 0) {
        if (left-- <= 0) return Status.SLICE_OVER;
        const entry = this.cursor;
        this.cursor = pane.table.after(entry);
        const flags = load<u32>(entry + ENTRY_FLAGS);
        if (!(flags & FLAG_TIMER)) continue;
        store<u32>(entry + ENTRY_FLAGS, flags & ~FLAG_TIMER);
        if (this.operator.undoes) {
          const table = pane.table;
          this.operator.beginWindowUnit(table.keyOf(entry), table.keyLength(entry), pane.maxTimestamp);
        }
        this.fire(pane, entry);
        // What the author's code allocated is dropped here too: a watermark may fire many keys.
        collectBetweenRows(1);
        if (this.operator.outputFull()) return Status.OUTPUT_FULL;
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
  }

  /** A cleanup at MAX has no timer of its own: only a trigger's timer there cleans up. */
  private cleanedUp(maxTimestamp: i64, now: i64): bool {
    const time = this.operator.cleanupTime(maxTimestamp);
    return time <= now && (time != WATERMARK_MAX || maxTimestamp == WATERMARK_MAX);
  }

  private dropPane(pane: Pane): void {
    this.expectedKeys = pane.table.count;
    for (let e = pane.table.first(); e != 0; e = pane.table.after(e)) {
      this.operator.clearContents(e + ENTRY_VALUE);
    }
    pane.table.close();
  }

  snapshot(): i32 {
    let snapshots = this.snapshots;
    if (snapshots === null) {
      snapshots = new PaneSnapshot(this.operator, this);
      this.snapshots = snapshots;
    }
    if (snapshots.next()) {
      return this.handOver(snapshots.keyGroup, snapshots.chunk.start, snapshots.chunk.length);
    }
    this.snapshots = null;
    return Status.DONE;
  }

  restore(keyGroup: i32, start: usize, length: i32): void {
    new PaneSnapshot(this.operator, this).restore(start, length);
  }

  /** Its cursor stands behind the key. */
  undone(): bool {
    return false;
  }

  /** End of the window that starts at `start`. */
  endOf(start: i64): i64 {
    return start + this.size;
  }

  close(): void {
    for (let i = 0; i < this.panes.length; i++) this.dropPane(this.panes[i]);
    this.panes.length = 0;
    this.lastPane = null;
    if (this.entries != 0) heap.free(this.entries);
    this.entries = 0;
    this.entriesRoom = 0;
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
