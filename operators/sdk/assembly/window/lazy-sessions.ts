/**
 * Sessions with the assigner's own trigger: it fires at the end of a session, so nobody sees a timer
 * that an element moves. A session has one item in a queue of times, which is put off when it comes up
 * too early, instead of with each element; and it grows in place.
 *
 * Invariant: where the trigger's timer (FIRE_PENDING) or the cleanup's would be set at t, the session's
 * item is set at or before t.
 */
import { BatchReader } from "../batch-reader";
import { Status, WATERMARK_MAX } from "../layout";
import { collectBetweenRows } from "../operator";
import { processingTime } from "../processing-time";
import { STORE_KEYS } from "../state/change-log";
import { ENTRY_FLAGS, FLAG_LIVE, GroupWalk } from "../state/entry-store";
import { ENTRY_PRESENT } from "../state/state-table";
import { TimerHeap } from "../state/timer-heap";
import { EVENT_TIME } from "../state/internal-timer-service";
import { SessionWindows } from "./assigner";
import { EntryList } from "./entry-list";
import { MergingWindows } from "./merging-windows";
import { HAS_CONTENTS } from "./table-windows";
import { WindowOperator } from "./window-operator";

/** The trigger's timer at the window's last millisecond is set. */
const FIRE_PENDING: u32 = 4;
/** The session's item is in the queue; its time lies at the beginning of the entry's value. */
const QUEUED: u32 = 8;
/** The key may have other sessions. */
const HAS_SIBLINGS: u32 = 16;

export class LazySessions extends MergingWindows {
  private queue: TimerHeap = new TimerHeap(0, 0);
  private due!: EntryList;
  private dueNext: i32 = 0;
  private dueTime: i64 = 0;
  /** The gap where rows of the present batch may be added in runs; 0: they may not. */
  private runGap: i64 = 0;
  private entries: usize = 0;
  private entriesRoom: i32 = 0;

  constructor(operator: WindowOperator) {
    super(operator);
    this.due = new EntryList(this.table);
  }

  get bytes(): u64 {
    return super.bytes + this.queue.bytes;
  }

  attach(reader: BatchReader): void {
    const operator = this.operator;
    const assigner = operator.assigner;
    const plain = reader.selection == 0 && reader.eventTime != 0 && reader.eventTimeValidity == 0;
    const known = operator.codec.longKey || operator.codec.rawText;
    const runs = plain && known && assigner.eventTime && !operator.undoes && operator.addsRuns();
    this.runGap = runs && assigner instanceof SessionWindows ? (assigner as SessionWindows).gap : 0;
    if (this.runGap == 0 || reader.count <= this.entriesRoom) return;
    if (this.entries != 0) heap.free(this.entries);
    this.entriesRoom = max(reader.count, 1024);
    this.entries = heap.alloc(<usize>this.entriesRoom << 2);
  }

  rows(from: i32, to: i32): i32 {
    if (this.runGap == 0) return super.rows(from, to);
    const operator = this.operator;
    const reader = operator.reader;
    const entries = this.entries;
    this.locate(from, to);
    // Rows [from, i) are in place; those before `start` have been added too.
    let start = from;
    for (let i = from; i < to; i++) {
      const entry = <usize>load<u32>(entries + (<usize>i << 2));
      if (entry != 0 && this.extend(entry, reader.timestamp(i))) continue;
      if (start < i) operator.addRun(entries, this.contents, start, i);
      const gone = this.gone;
      const reached = super.rows(i, i + 1);
      start = i + 1;
      if (operator.failedRow >= 0 || operator.outputFull()) return reached;
      // What was located may be another key's by now.
      if (this.gone != gone) this.locate(i + 1, to);
    }
    if (start < to) operator.addRun(entries, this.contents, start, to);
    return to;
  }

  /** Finds a session of each row's key. */
  private locate(from: i32, to: i32): void {
    const reader = this.operator.reader;
    const node = this.operator.keyNodes[0];
    const data = reader.data(node);
    if (this.operator.codec.longKey) this.table.locateLongs(data, from, to, this.entries);
    else this.table.locateTexts(data, reader.offsets(node), from, to, this.entries);
  }

  /** Extends a key's only session by an element's window, if it touches it and does not fire; else false. */
  // @ts-ignore: decorator
  @inline
  private extend(entry: usize, time: i64): bool {
    const present = load<u32>(entry, ENTRY_PRESENT);
    if ((present & (HAS_CONTENTS | QUEUED | HAS_SIBLINGS)) != (HAS_CONTENTS | QUEUED)) return false;
    const session = this.table.namespaceOf(entry);
    const start = load<i64>(session);
    const end = load<i64>(session, 8);
    const ownEnd = time + this.runGap;
    if (time > end || ownEnd < start || ownEnd < time) return false;
    const last = max(end, ownEnd) - 1;
    if (last <= this.operator.currentWatermark || end < start) return false;
    this.log.change(STORE_KEYS, entry);
    store<i64>(session, min(start, time));
    store<i64>(session, last + 1, 8);
    store<u32>(entry, present | FIRE_PENDING, ENTRY_PRESENT);
    // Its item may stand at the cleanup of a session that has fired.
    if (!(present & FIRE_PENDING)) this.setItem(entry, last);
    return true;
  }

  /** The first of the found sessions becomes [from, to) and takes over the others. */
  protected merge(row: i32, from: i64, to: i64): usize {
    const entry = this.found[0];
    const session = this.table.namespaceOf(entry);
    this.log.change(STORE_KEYS, entry);
    store<i64>(session, from);
    store<i64>(session, to, 8);
    for (let i = 1; i < this.found.length; i++) {
      this.moveContents(entry, this.found[i]);
      this.markGone(this.found[i]);
    }
    // A timer for the end of a part is deleted; one for the end of the whole follows from the element.
    store<u32>(entry, load<u32>(entry, ENTRY_PRESENT) & ~FIRE_PENDING, ENTRY_PRESENT);
    return entry;
  }

  protected addTo(entry: usize, row: i32, timestamp: i64): void {
    this.markSiblings(entry);
    this.addContents(entry, row);
    const operator = this.operator;
    if (operator.failedRow >= 0) return;
    const last = this.window.maxTimestamp;
    if (operator.assigner.eventTime && last <= operator.currentWatermark) this.emit(entry);
    else store<u32>(entry, load<u32>(entry, ENTRY_PRESENT) | FIRE_PENDING, ENTRY_PRESENT);
    this.setItem(entry, last);
  }

  /** Notes whether the key has other sessions than this one, which findSessions() has counted. */
  private markSiblings(entry: usize): void {
    const codec = this.operator.codec;
    const present = load<u32>(entry, ENTRY_PRESENT);
    const others = this.live - this.found.length;
    if (others == 0) {
      store<u32>(entry, present & ~HAS_SIBLINGS, ENTRY_PRESENT);
      return;
    }
    const all = this.found;
    all.length = 0;
    this.table.findAll(codec.start, codec.length, all);
    for (let i = 0; i < all.length; i++) {
      store<u32>(all[i], load<u32>(all[i], ENTRY_PRESENT) | HAS_SIBLINGS, ENTRY_PRESENT);
    }
  }

  /** Sees to it that the session's item comes up in time for what is due next. */
  private setItem(entry: usize, last: i64): void {
    const present = load<u32>(entry, ENTRY_PRESENT);
    const pending = (present & FIRE_PENDING) != 0;
    const due = pending ? last : this.operator.cleanupTime(last);
    if (!pending && due == WATERMARK_MAX) return;
    const at = entry + this.table.valueOffset;
    if (present & QUEUED && load<i64>(at) <= due) return;
    store<i64>(at, due);
    store<u32>(entry, present | QUEUED, ENTRY_PRESENT);
    this.queue.push(due, entry);
  }

  fireEventTime(watermark: i64, budget: i32): i32 {
    this.enterTime(processingTime());
    return this.domain == EVENT_TIME ? this.fireQueued(watermark, budget) : Status.DONE;
  }

  fireProcessingTime(now: i64, budget: i32): i32 {
    this.enterTime(now);
    return this.domain == EVENT_TIME ? Status.DONE : this.fireQueued(now, budget);
  }

  /** Fires what is due, by time, then by key; resumable. */
  private fireQueued(now: i64, budget: i32): i32 {
    const operator = this.operator;
    let left = max(budget, 1);
    while (true) {
      if (operator.outputFull()) return Status.OUTPUT_FULL;
      if (left <= 0) return Status.SLICE_OVER;
      if (this.dueNext < this.due.count) {
        operator.timerTime = this.dueTime;
        const entry = this.due.at(this.dueNext);
        if (operator.undoes) {
          const table = this.table;
          operator.beginWindowUnit(table.keyOf(entry), table.keyLength(entry), this.dueTime);
        }
        this.fireSession(entry, this.dueTime);
        this.dueNext++;
        operator.skips = false;
        left--;
        // What the author's code allocated is dropped here too: a watermark may fire many keys.
        collectBetweenRows(1);
        continue;
      }
      if (this.queue.count == 0 || this.queue.peek() > now) return Status.DONE;
      left -= this.collectDue();
    }
  }

  /** Lists the sessions for which something is due at the earliest time, and puts the others' items off. */
  private collectDue(): i32 {
    const queue = this.queue;
    const time = queue.peek();
    let items = 0;
    this.due.count = 0;
    this.dueNext = 0;
    this.dueTime = time;
    for (; queue.count > 0 && queue.peek() == time; items++) {
      const entry = queue.pop();
      const at = entry + this.table.valueOffset;
      const present = load<u32>(entry, ENTRY_PRESENT);
      const live = (load<u16>(entry, ENTRY_FLAGS) & FLAG_LIVE) != 0;
      // The item of a session that is gone, or one that an earlier item has replaced.
      if (!live || !(present & QUEUED) || load<i64>(at) != time) continue;
      store<u32>(entry, present & ~QUEUED, ENTRY_PRESENT);
      const last = load<i64>(this.table.namespaceOf(entry), 8) - 1;
      const fires = (present & FIRE_PENDING) != 0 && last == time;
      if (fires || this.operator.cleanupTime(last) == time) this.due.push(entry);
      else this.setItem(entry, last);
    }
    this.due.sort();
    return items;
  }

  private fireSession(entry: usize, time: i64): void {
    const session = this.table.namespaceOf(entry);
    const window = this.window;
    window.set(load<i64>(session), load<i64>(session, 8));
    const present = load<u32>(entry, ENTRY_PRESENT);
    this.log.change(STORE_KEYS, entry);
    if (present & FIRE_PENDING && time == window.maxTimestamp) {
      store<u32>(entry, present & ~FIRE_PENDING, ENTRY_PRESENT);
      if (present & HAS_CONTENTS) this.emit(entry);
    }
    if (time == this.operator.cleanupTime(window.maxTimestamp)) {
      this.purge(entry);
      this.markGone(entry);
    } else {
      this.setItem(entry, window.maxTimestamp);
    }
  }

  nextTimer(domain: i32): i64 {
    if (domain != this.domain) return i64.MAX_VALUE;
    if (this.dueNext < this.due.count) return this.dueTime;
    return this.queue.count == 0 ? i64.MAX_VALUE : this.queue.peek();
  }

  /** The queue follows from the sessions. */
  restore(keyGroup: i32, start: usize, length: i32): void {
    super.restore(keyGroup, start, length);
    const walk = new GroupWalk(this.table.entries, keyGroup);
    for (let entry = walk.next(); entry != 0; entry = walk.next()) {
      if (!(load<u32>(entry, ENTRY_PRESENT) & QUEUED)) continue;
      this.queue.push(load<i64>(entry + this.table.valueOffset), entry);
    }
  }

  close(): void {
    this.queue.close();
    if (this.entries != 0) heap.free(this.entries);
    super.close();
  }
}
