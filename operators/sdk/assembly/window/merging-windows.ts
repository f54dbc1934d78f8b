/**
 * Windows that merge: sessions (Flink: MergingWindowSet). The sessions of a key are entries that are
 * found by the key alone, so one that grows stays where it is.
 *
 * With the assigner's own trigger a session has one timer, which is put off when it fires too early
 * instead of with each element. With any other trigger a session that grows
 * becomes a new entry: timers, and what triggers do when windows merge, are as in Flink.
 */
import { WATERMARK_MAX } from "../layout";
import { STORE_KEYS } from "../state/change-log";
import { ENTRY_CHILDREN, ENTRY_PRESENT, WINDOW_NAMESPACE } from "../state/state-table";
import { HAS_CONTENTS, IS_GONE, TableWindows } from "./table-windows";
import { intersects } from "./time-window";
import { WindowOperator } from "./window-operator";

/** With a lazy timer: the trigger's timer at the window's last millisecond is set. */
const FIRE_PENDING: u32 = 4;
/** The entry's timer is set; its time lies at the beginning of the entry's value. */
const TIMER_SET: u32 = 8;

export class MergingWindows extends TableWindows {
  /** Timers are put off when they fire. */
  private lazy: bool;
  private found: usize[] = [];
  private merged: usize = heap.alloc(WINDOW_NAMESPACE);

  constructor(operator: WindowOperator) {
    super(operator, true);
    this.lazy = operator.hasDefaultTrigger;
  }

  protected addElement(row: i32, timestamp: i64): bool {
    const operator = this.operator;
    const assigner = operator.assigner;
    const codec = operator.codec;
    codec.encode(operator.reader, row);
    const entry = this.sessionOf(row, assigner.starts[0], assigner.ends[0]);
    if (entry == 0) return operator.failedRow >= 0;
    const fresh = !(load<u32>(entry, ENTRY_PRESENT) & HAS_CONTENTS) && load<u32>(entry, ENTRY_CHILDREN) == 0;
    if (this.lazy) this.addLazily(entry, row);
    else this.addTo(entry, row, timestamp);
    if (operator.failedRow >= 0 && fresh) this.drop(entry);
    return true;
  }

  /**
   * The session that a window of the encoded key belongs to, after merging, with that session's
   * window in `window`; 0: it is late, or merging failed.
   */
  private sessionOf(row: i32, start: i64, end: i64): usize {
    const table = this.table;
    const codec = this.operator.codec;
    this.findSessions(codec.start, codec.length, start, end);
    const found = this.found;
    let from = start;
    let to = end;
    for (let i = 0; i < found.length; i++) {
      const session = table.namespaceOf(unchecked(found[i]));
      if (found.length == 1 && load<i64>(session) == start && load<i64>(session, 8) == end) break;
      from = min(from, load<i64>(session));
      to = max(to, load<i64>(session, 8));
    }
    this.window.set(from, to);
    if (found.length == 1) {
      const session = table.namespaceOf(found[0]);
      if (load<i64>(session) == from && load<i64>(session, 8) == to) {
        return this.isLate(this.window) ? 0 : found[0];
      }
    }
    if (found.length > 0) return this.mergeFails(row) ? 0 : this.merge(row, from, to);
    if (this.isLate(this.window)) return 0;
    return this.addSession(this.operator.keyGroupOfRow(row), from, to);
  }

  /** Finds the key's sessions that a window overlaps or touches, by their start. */
  private findSessions(key: usize, length: i32, start: i64, end: i64): void {
    const found = this.found;
    found.length = 0;
    this.table.findAll(key, length, found);
    let kept = 0;
    for (let i = 0; i < found.length; i++) {
      const entry = unchecked(found[i]);
      if (load<u32>(entry, ENTRY_PRESENT) & IS_GONE) continue;
      const session = this.table.namespaceOf(entry);
      const from = load<i64>(session);
      const to = load<i64>(session, 8);
      // A window that wraps touches nothing, itself included.
      const same = from == start && to == end;
      if (!same && !intersects(from, to, start, end)) continue;
      let at = kept++;
      for (; at > 0 && load<i64>(this.table.namespaceOf(found[at - 1])) > from; at--) {
        found[at] = found[at - 1];
      }
      found[at] = entry;
    }
    found.length = kept;
  }

  /** Flink refuses to merge into a window that is over (the sum wraps). */
  private mergeFails(row: i32): bool {
    const operator = this.operator;
    const last = this.window.maxTimestamp;
    const over = operator.assigner.eventTime
      ? last + operator.lateness <= operator.currentWatermark
      : last <= this.context.currentProcessingTime;
    if (over) operator.refuseRow(row, 0, "the record makes windows merge into one that is over already");
    return over;
  }

  private addSession(group: i32, start: i64, end: i64): usize {
    const codec = this.operator.codec;
    store<i64>(this.merged, start);
    store<i64>(this.merged, end, 8);
    return this.table.add(group, codec.start, codec.length, this.merged);
  }

  /** Makes the found sessions one with the window [from, to). */
  private merge(row: i32, from: i64, to: i64): usize {
    if (this.lazy) return this.mergeInPlace(from, to);
    const target = this.addSession(this.operator.keyGroupOfRow(row), from, to);
    const context = this.context;
    context.mergedCount = 0;
    for (let i = 0; i < this.found.length; i++) {
      context.__addMerged(this.found[i] + this.table.valueOffset);
      this.moveContents(target, this.found[i]);
    }
    this.enter(target);
    this.operator.trigger.onMerge(this.window, context);
    for (let i = 0; i < this.found.length; i++) this.retire(this.found[i]);
    this.window.set(from, to);
    return target;
  }

  private moveContents(target: usize, part: usize): void {
    const operator = this.operator;
    if (!(load<u32>(part, ENTRY_PRESENT) & HAS_CONTENTS)) return;
    const into = target + this.contents;
    const from = part + this.contents;
    const present = load<u32>(target, ENTRY_PRESENT);
    this.log.touch(STORE_KEYS, target);
    if (present & HAS_CONTENTS) {
      operator.mergeValues(into, from);
      operator.clearContents(from);
    } else {
      memory.copy(into, from, operator.valueBytes());
      memory.fill(from, 0, operator.valueBytes());
      store<u32>(target, present | HAS_CONTENTS, ENTRY_PRESENT);
    }
    store<u32>(part, load<u32>(part, ENTRY_PRESENT) & ~HAS_CONTENTS, ENTRY_PRESENT);
  }

  /** Deletes the timers of a session that became part of another, and its entry. */
  private retire(part: usize): void {
    const operator = this.operator;
    const session = this.table.namespaceOf(part);
    this.window.set(load<i64>(session), load<i64>(session, 8));
    // What its trigger kept has been taken over.
    memory.fill(part + this.table.valueOffset, 0, this.contents - this.table.valueOffset);
    this.enter(part);
    operator.trigger.clear(this.window, this.context);
    const cleanup = operator.cleanupTime(this.window.maxTimestamp);
    if (cleanup != WATERMARK_MAX) this.timers.remove(this.domain, cleanup, part);
    this.markGone(part);
  }

  private markGone(entry: usize): void {
    store<u32>(entry, IS_GONE, ENTRY_PRESENT);
    this.release(entry);
  }

  protected cleanUp(entry: usize): void {
    super.cleanUp(entry);
    store<u32>(entry, IS_GONE, ENTRY_PRESENT);
  }

  /** A live session stays in the set of its key's sessions, with contents or without. */
  protected release(entry: usize): void {
    if (!(load<u32>(entry, ENTRY_PRESENT) & IS_GONE) || load<u32>(entry, ENTRY_CHILDREN) != 0) return;
    this.log.leave(STORE_KEYS, entry);
    this.table.remove(entry);
  }

  protected fireTimer(domain: i32, time: i64, entry: usize): void {
    if (load<u32>(entry, ENTRY_PRESENT) & IS_GONE) this.release(entry);
    else if (this.lazy) this.fireLazily(time, entry);
    else super.fireTimer(domain, time, entry);
  }

  // With a lazy timer. Invariant: where the trigger's timer (FIRE_PENDING) or the cleanup's would be
  // set at t, the entry's own timer is set at or before t. When it fires it is put off to what is
  // due next, so an element that extends its session moves no timer.

  /** The first of the found sessions becomes [from, to) and takes over the others. */
  private mergeInPlace(from: i64, to: i64): usize {
    const entry = this.found[0];
    const session = this.table.namespaceOf(entry);
    this.log.touch(STORE_KEYS, entry);
    store<i64>(session, from);
    store<i64>(session, to, 8);
    for (let i = 1; i < this.found.length; i++) {
      const part = this.found[i];
      this.moveContents(entry, part);
      if (load<u32>(part, ENTRY_PRESENT) & TIMER_SET) {
        this.timers.remove(this.domain, load<i64>(part + this.table.valueOffset), part);
      }
      this.markGone(part);
    }
    // A timer for the end of a part is deleted; one for the end of the whole follows from the element.
    store<u32>(entry, load<u32>(entry, ENTRY_PRESENT) & ~FIRE_PENDING, ENTRY_PRESENT);
    return entry;
  }

  private addLazily(entry: usize, row: i32): void {
    this.addContents(entry, row);
    const operator = this.operator;
    if (operator.failedRow >= 0) return;
    const over = operator.assigner.eventTime && this.window.maxTimestamp <= operator.currentWatermark;
    if (over) this.emit(entry);
    else store<u32>(entry, load<u32>(entry, ENTRY_PRESENT) | FIRE_PENDING, ENTRY_PRESENT);
    this.setTimer(entry);
  }

  /** Sees to it that the entry's timer comes in time for what is due next. */
  private setTimer(entry: usize): void {
    const present = load<u32>(entry, ENTRY_PRESENT);
    const last = this.window.maxTimestamp;
    const pending = (present & FIRE_PENDING) != 0;
    const due = pending ? last : this.operator.cleanupTime(last);
    if (!pending && due == WATERMARK_MAX) return;
    const at = this.table.valueOffset;
    if (present & TIMER_SET && load<i64>(entry + at) <= due) return;
    store<i64>(entry + at, due);
    store<u32>(entry, present | TIMER_SET, ENTRY_PRESENT);
    this.timers.register(this.domain, due, entry);
  }

  private fireLazily(time: i64, entry: usize): void {
    const session = this.table.namespaceOf(entry);
    const window = this.window;
    window.set(load<i64>(session), load<i64>(session, 8));
    let present = load<u32>(entry, ENTRY_PRESENT);
    if (load<i64>(entry + this.table.valueOffset) == time) present &= ~TIMER_SET;
    const fires = (present & FIRE_PENDING) != 0 && time == window.maxTimestamp;
    if (fires) present &= ~FIRE_PENDING;
    store<u32>(entry, present, ENTRY_PRESENT);
    if (fires && present & HAS_CONTENTS) this.emit(entry);
    if (time == this.operator.cleanupTime(window.maxTimestamp)) {
      this.purge(entry);
      this.markGone(entry);
    } else {
      this.setTimer(entry);
    }
  }
}
