/**
 * Windows that merge: sessions (Flink: MergingWindowSet). The sessions of a key are entries that are
 * found by the key alone, so one that grows stays where it is.
 *
 * A session that grows becomes a new entry: timers, and what triggers do when windows merge, are as
 * in Flink. Sessions with the assigner's own trigger are LazySessions.
 */
import { WATERMARK_MAX } from "../layout";
import { STORE_KEYS } from "../state/change-log";
import { ENTRY_CHILDREN, ENTRY_PRESENT, WINDOW_NAMESPACE } from "../state/state-table";
import { HAS_CONTENTS, IS_GONE, TableWindows } from "./table-windows";
import { intersects } from "./time-window";
import { WindowOperator } from "./window-operator";

export class MergingWindows extends TableWindows {
  protected found: usize[] = [];
  /** Sessions of the key, also those that the window does not touch. */
  protected live: i32 = 0;
  /** Sessions that have gone so far. */
  protected gone: i32 = 0;
  private merged: usize = heap.alloc(WINDOW_NAMESPACE);

  constructor(operator: WindowOperator) {
    super(operator, true);
  }

  protected addElement(row: i32, timestamp: i64): bool {
    const operator = this.operator;
    const assigner = operator.assigner;
    const codec = operator.codec;
    codec.encode(operator.reader, row);
    const entry = this.sessionOf(row, assigner.starts[0], assigner.ends[0]);
    if (entry == 0) return operator.failedRow >= 0;
    const fresh = !(load<u32>(entry, ENTRY_PRESENT) & HAS_CONTENTS) && load<u32>(entry, ENTRY_CHILDREN) == 0;
    this.addTo(entry, row, timestamp);
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
    this.live = 0;
    for (let i = 0; i < found.length; i++) {
      const entry = unchecked(found[i]);
      if (load<u32>(entry, ENTRY_PRESENT) & IS_GONE) continue;
      this.live++;
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
      : last <= this.context.__now;
    if (over) operator.refuseRow(row, 0, "the record makes windows merge into one that is over already");
    return over;
  }

  protected addSession(group: i32, start: i64, end: i64): usize {
    const codec = this.operator.codec;
    store<i64>(this.merged, start);
    store<i64>(this.merged, end, 8);
    return this.table.add(group, codec.start, codec.length, this.merged);
  }

  /** Makes the found sessions one with the window [from, to). */
  protected merge(row: i32, from: i64, to: i64): usize {
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

  protected moveContents(target: usize, part: usize): void {
    const operator = this.operator;
    if (!(load<u32>(part, ENTRY_PRESENT) & HAS_CONTENTS)) return;
    const into = target + this.contents;
    const from = part + this.contents;
    const present = load<u32>(target, ENTRY_PRESENT);
    this.log.change(STORE_KEYS, target);
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

  protected markGone(entry: usize): void {
    this.gone++;
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
    else super.fireTimer(domain, time, entry);
  }

  close(): void {
    heap.free(this.merged);
    super.close();
  }
}
