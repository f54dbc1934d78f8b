/**
 * Sliding event-time windows with the default trigger, of functions that can merge: each element is
 * added once, to a slice as wide as the greatest common divisor of size and slide. A slice whose end
 * the watermark has not passed is a pane; then its keys' accumulators go to their KeySlices, and a
 * window fires what those add up to. So an element costs what it does in a tumbling window, and a
 * result a few merges, however large size / slide.
 *
 * A snapshot has the slices and, per key group, the watermark up to which windows have fired. After a
 * restore the watermark starts anew (as in Flink), so an element may come for a window that has fired:
 * such windows go to TableWindows, which keeps them as Flink does.
 */
import { ENTRY_FLAGS, ENTRY_VALUE, KeyTable } from "../key-table";
import { Status, WATERMARK_MIN } from "../layout";
import { collectBetweenRows } from "../operator";
import { groupOf, GroupWalk } from "../state/entry-store";
import { StateTable } from "../state/state-table";
import { EVENT_TIME } from "../state/internal-timer-service";
import { SlidingWindows } from "./assigner";
import { KeySlices } from "./key-slices";
import { PaneWindows } from "./pane-windows";
import { SliceSnapshot } from "./slice-snapshot";
import { TableWindows } from "./table-windows";
import { windowStart } from "./time-window";
import { WindowLog } from "./window-log";
import { WindowOperator } from "./window-operator";
import { KEY_GROUP_SHIFT, Pane } from "./window-pane";

/** So many slices may a slide have: beyond, a window's elements are added to each of its windows. */
const MAX_SLICES_A_SLIDE: i64 = 8;

/** Width of the slices of sliding windows; 0: they are not worth it. */
export function sliceWidth(size: i64, slide: i64): i64 {
  if (slide > size) return 0;
  let a = size;
  let b = slide;
  while (b != 0) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return slide / a <= MAX_SLICES_A_SLIDE ? a : 0;
}

export class SlicedWindows extends PaneWindows {
  readonly keys: StateTable;
  readonly slices: KeySlices;
  /** Windows that had fired before a restore, and what came for them since. */
  readonly over: TableWindows;
  /** By key group: the watermark up to which its windows had fired before the last restore. */
  readonly firedBefore: StaticArray<i64>;
  /** The largest of them. */
  private firedAtMost: i64 = WATERMARK_MIN;
  /** What ends by then, less 1, has been dealt with. */
  private reached: i64 = WATERMARK_MIN;
  /** End - 1 of the next ones. */
  private next: i64 = 0;
  private walk: GroupWalk | null = null;
  private walkedGroup: i32 = 0;
  private scratch: usize;
  private sliceSnapshots: SliceSnapshot | null = null;
  /** Key whose window fires, where units are undone; 0: none. */
  private firingKey: usize = 0;

  constructor(
    operator: WindowOperator,
    private assigner: SlidingWindows,
  ) {
    super(operator, sliceWidth(assigner.size, assigner.slide), assigner.offset, true);
    const config = operator.config;
    const slices = new KeySlices(operator);
    const log = new WindowLog(config.keyGroupStart, config.keyGroupEnd);
    this.slices = slices;
    this.keys = new StateTable(log, operator.codec.longKey, 0, slices.bytes);
    this.over = new TableWindows(operator);
    this.firedBefore = new StaticArray<i64>(config.maxParallelism);
    this.firedBefore.fill(WATERMARK_MIN);
    this.scratch = heap.alloc(operator.valueBytes());
    slices.width = this.size;
  }

  get bytes(): u64 {
    return super.bytes + this.keys.bytes + this.slices.held + this.over.bytes;
  }

  /** Up to where the windows of a key group have fired. */
  firedUntil(group: i32): i64 {
    return max(this.operator.currentWatermark, this.firedBefore[group]);
  }

  protected paneOf(time: i64, row: i32): Pane | null {
    const start = windowStart(time, this.offset, this.size);
    const last = start + this.size - 1;
    const operator = this.operator;
    if (last > max(operator.currentWatermark, this.firedAtMost)) return super.paneOf(time, row);
    const group = operator.keyGroupOfRow(row);
    // Not kept for the next row: the slice may be over for other key groups.
    if (last > this.firedUntil(group)) return this.paneAt(start, start + this.size);
    this.addLate(time, start, row, group);
    return null;
  }

  /** An element of a slice whose end the watermark has passed, now or before the last restore. */
  private addLate(time: i64, start: i64, row: i32, group: i32): void {
    const operator = this.operator;
    const assigner = this.assigner;
    const watermark = operator.currentWatermark;
    const before = this.firedBefore[group];
    assigner.assign(time, row);
    // The latest window is the first one.
    if (operator.cleanupTime(assigner.ends[0] - 1) <= watermark) {
      if (operator.isLate(time)) operator.late(row);
      return;
    }
    const codec = operator.codec;
    codec.encode(operator.reader, row);
    let key = this.keys.find(codec.start, codec.length);
    if (key == 0) key = this.keys.add(group, codec.start, codec.length);
    const value = key + this.keys.valueOffset;
    for (let w = 0; w < assigner.count; w++) {
      const last = assigner.ends[w] - 1;
      if (last > before || operator.cleanupTime(last) <= watermark) continue;
      this.keepOver(value, group, assigner.starts[w], assigner.ends[w], before);
    }
    this.slices.addRow(value, start, row);
    // The windows of other key groups may have fired further before the restore.
    this.reached = min(this.reached, this.firedUntil(group));
    if (operator.failedRow >= 0) return;
    this.over.enterTime(0);
    for (let w = 0; w < assigner.count; w++) {
      const last = assigner.ends[w] - 1;
      if (operator.cleanupTime(last) <= watermark) continue;
      if (last <= before) this.over.addToWindow(group, row, time, assigner.starts[w], assigner.ends[w]);
      else if (last <= watermark) this.fireWindow(key, assigner.starts[w], assigner.ends[w]);
    }
  }

  /** Makes a window that had fired before the restore one of its own, with what it held then. */
  private keepOver(value: usize, group: i32, start: i64, end: i64, before: i64): void {
    if (this.over.hasWindow(start, end)) return;
    // What had been cleaned up held nothing.
    if (this.operator.cleanupTime(end - 1) <= before) return;
    const scratch = this.scratch;
    if (this.slices.sumOf(value, start, end, scratch)) this.over.adopt(group, start, end, scratch);
  }

  /** Fires a window of a key from its slices, late. */
  private fireWindow(key: usize, start: i64, end: i64): void {
    if (!this.slices.sumOf(key + this.keys.valueOffset, start, end, this.scratch)) return;
    this.operator.timerTime = end - 1;
    this.emitKey(key, start, end);
  }

  private emitKey(key: usize, start: i64, end: i64): void {
    const fired = this.operator.fired;
    fired.window.set(start, end);
    fired.key = this.keys.keyOf(key);
    fired.keyLength = this.keys.keyLength(key);
    fired.keyGroup = groupOf(key);
    fired.value = this.scratch;
    this.operator.fireWindow();
  }

  /** Slice by slice: its keys' accumulators move on, then the window that ends with it fires. */
  fireEventTime(watermark: i64, budget: i32): i32 {
    const operator = this.operator;
    let left = max(budget, 1);
    while (true) {
      if (operator.outputFull()) return Status.OUTPUT_FULL;
      if (left <= 0) return Status.SLICE_OVER;
      if (this.walk !== null) {
        left = this.fireKeys(left);
        continue;
      }
      const isDue = this.findNext() && this.next <= watermark;
      const last = this.next;
      const due = isDue ? last : watermark;
      if (this.over.timers.count > 0 || this.over.isFiring) {
        const status = this.over.fireEventTime(due, left);
        if (status != Status.DONE) return status;
      }
      if (!isDue) break;
      left -= this.closeSlices(last);
      this.reached = last;
      if (this.isWindowLast(last) && this.keys.count > 0) this.beginWalk();
    }
    this.lastPane = null;
    this.reached = max(this.reached, watermark);
    return Status.DONE;
  }

  /** Finds the next slice or window to deal with, and its end - 1 as `next`; false: there is none. */
  private findNext(): bool {
    const open = this.panes.length > 0;
    const opens = open ? this.panes[0].maxTimestamp : i64.MAX_VALUE;
    this.next = opens;
    if (this.keys.count == 0) return open;
    const size = this.assigner.size;
    const slide = this.assigner.slide;
    const start = windowStart(this.reached + 1 - size, this.assigner.offset, slide) + slide;
    const last = start + size - 1;
    // Behind the largest time there are no windows.
    if (last <= this.reached) return open;
    const isEmpty = start > this.slices.latest;
    const wanted = isEmpty ? this.lastToForget(last) : last;
    if (isEmpty && wanted == i64.MAX_VALUE) return open;
    this.next = min(opens, wanted);
    return true;
  }

  /**
   * Windows that begin behind all slices hold nothing: they are passed over, however many, up to the one
   * with which slices that were kept for late elements go. Answers its last millisecond; MAX: they stay.
   */
  private lastToForget(last: i64): i64 {
    const size = this.assigner.size;
    const slide = this.assigner.slide;
    const gone = this.operator.cleanupTime(this.slices.latest + size - this.size);
    const end = windowStart(gone + 1 - size, this.assigner.offset, slide) + slide + size - 1;
    const isPassed = end <= this.reached;
    return isPassed || gone == i64.MAX_VALUE || end < gone ? i64.MAX_VALUE : max(last, end);
  }

  private isWindowLast(last: i64): bool {
    const start = last - this.assigner.size + 1;
    return windowStart(start, this.assigner.offset, this.assigner.slide) == start;
  }

  /** Moves the keys of the panes that end so to their slices; answers how many. */
  private closeSlices(last: i64): i32 {
    let moved = 0;
    while (this.panes.length > 0 && this.panes[0].maxTimestamp <= last) {
      const pane = this.panes.shift();
      const table = pane.table;
      for (let e = table.first(); e != 0; e = table.after(e)) this.moveKey(pane, table, e);
      moved += table.count;
      this.expectedKeys = table.count;
      table.close();
    }
    return moved;
  }

  private moveKey(pane: Pane, table: KeyTable, entry: usize): void {
    const flags = load<u32>(entry + ENTRY_FLAGS);
    const group = <i32>(flags >> KEY_GROUP_SHIFT);
    const key = table.keyOf(entry);
    const length = table.keyLength(entry);
    let slices = this.keys.find(key, length);
    if (slices == 0) slices = this.keys.add(group, key, length);
    this.slices.push(slices + this.keys.valueOffset, pane.start, entry + ENTRY_VALUE);
  }

  private beginWalk(): void {
    this.walkedGroup = this.keys.entries.groupStart;
    this.walk = new GroupWalk(this.keys.entries, this.walkedGroup);
  }

  /** Fires the window that ends at `reached` for the next keys; answers what is left of the budget. */
  private fireKeys(budget: i32): i32 {
    const operator = this.operator;
    const end = this.reached + 1;
    const start = end - this.assigner.size;
    const keep = this.firstKept(end);
    let left = budget;
    operator.timerTime = this.reached;
    while (left > 0 && !operator.outputFull()) {
      const key = this.firingKey != 0 ? this.firingKey : this.walk!.next();
      if (key == 0) {
        if (++this.walkedGroup > this.keys.entries.groupEnd) {
          this.walk = null;
          return left;
        }
        this.walk = new GroupWalk(this.keys.entries, this.walkedGroup);
        continue;
      }
      left--;
      if (operator.undoes) {
        this.firingKey = key;
        operator.beginWindowUnit(this.keys.keyOf(key), this.keys.keyLength(key), this.reached);
      }
      this.fireKey(key, start, end, keep);
      this.firingKey = 0;
      operator.skips = false;
      collectBetweenRows(1);
    }
    return left;
  }

  private fireKey(key: usize, start: i64, end: i64, keep: i64): void {
    const slices = this.slices;
    const value = key + this.keys.valueOffset;
    slices.slideTo(value, start);
    if (slices.inWindow(value) && this.reached > this.firedBefore[groupOf(key)]) {
      slices.sum(value, this.scratch);
      this.emitKey(key, start, end);
    }
    slices.forget(value, keep);
    if (slices.count(value) > 0) return;
    slices.free(value);
    this.keys.remove(key);
  }

  /**
   * Start of the first slice that a window to come has, or one that is still kept for late elements. A
   * slice of the window that fires now may be of none to come.
   */
  private firstKept(end: i64): i64 {
    const next = end + this.assigner.slide - this.assigner.size;
    const lateness = this.operator.lateness;
    const late = this.operator.currentWatermark - lateness - this.assigner.size + 1;
    if (lateness == 0 || late > next) return next;
    return late < this.operator.currentWatermark ? late : WATERMARK_MIN;
  }

  undone(): bool {
    return true;
  }

  nextTimer(domain: i32): i64 {
    if (domain != EVENT_TIME) return i64.MAX_VALUE;
    const next = this.findNext() ? this.next : i64.MAX_VALUE;
    return min(next, this.over.nextTimer(domain));
  }

  snapshot(): i32 {
    let snapshots = this.sliceSnapshots;
    if (snapshots === null) {
      snapshots = new SliceSnapshot(this.operator, this);
      this.sliceSnapshots = snapshots;
    }
    if (snapshots.next()) {
      return this.handOver(snapshots.keyGroup, snapshots.chunk.start, snapshots.chunk.length);
    }
    const status = this.over.snapshot();
    if (status == Status.DONE) this.sliceSnapshots = null;
    return status;
  }

  restore(keyGroup: i32, start: usize, length: i32): void {
    if (!SliceSnapshot.isSlices(start, length)) {
      this.over.restore(keyGroup, start, length);
      return;
    }
    const until = new SliceSnapshot(this.operator, this).restoreSlices(keyGroup, start, length);
    this.firedBefore[keyGroup] = until;
    // Before the first watermark there are no slices that are over.
    if (until == WATERMARK_MIN) return;
    const first = this.firedAtMost == WATERMARK_MIN;
    this.reached = first ? until : min(this.reached, until);
    this.firedAtMost = max(this.firedAtMost, until);
  }

  /** Puts an accumulator of a snapshot where slices that are not over lie. */
  openSlice(start: i64): Pane {
    const pane = this.paneAt(start, start + this.size);
    pane.restored = true;
    return pane;
  }

  close(): void {
    super.close();
    heap.free(this.scratch);
    for (let group = this.keys.entries.groupStart; group <= this.keys.entries.groupEnd; group++) {
      const walk = new GroupWalk(this.keys.entries, group);
      for (let key = walk.next(); key != 0; key = walk.next()) {
        this.slices.free(key + this.keys.valueOffset);
      }
    }
    this.keys.close();
    this.over.close();
  }
}
