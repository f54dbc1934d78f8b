/**
 * Windows of any kind and with any trigger, an entry per key and window: contents, the trigger's
 * state and timers, as Flink's WindowOperator keeps them.
 *
 * Value of an entry: the trigger's state, then the function's value; bits of the entry's "states
 * present" say what of it there is. An entry whose window has been cleaned up stays as long as timers
 * point to it: a trigger is asked for each of its timers, as in Flink.
 */
import { BatchReader } from "../batch-reader";
import { Status, WATERMARK_MAX } from "../layout";
import { collectBetweenRows, noteRow } from "../operator";
import { processingTime } from "../processing-time";
import { STORE_KEYS } from "../state/change-log";
import { groupOf } from "../state/entry-store";
import { ENTRY_CHILDREN, ENTRY_PRESENT, StateTable, WINDOW_NAMESPACE } from "../state/state-table";
import { EVENT_TIME, InternalTimerService, PROCESSING_TIME } from "../state/internal-timer-service";
import { NO_TIMESTAMP } from "./pane-windows";
import { TableSnapshot } from "./table-snapshot";
import { TimeWindow } from "./time-window";
import { TriggerContext, TriggerResult } from "./trigger";
import { WindowLog } from "./window-log";
import { WindowOperator } from "./window-operator";
import { Windowing } from "./windowing";

/** The window has contents. */
export const HAS_CONTENTS: u32 = 1;
/** A window that merged into another, or was cleaned up: what timers it has left mean nothing. */
export const IS_GONE: u32 = 2;

export class TableWindows extends Windowing {
  readonly log: WindowLog;
  readonly table: StateTable;
  readonly timers: InternalTimerService;
  /** Where the function's value begins in an entry. */
  readonly contents: usize;
  protected context: TriggerContext = new TriggerContext();
  protected window: TimeWindow = new TimeWindow();
  private snapshots!: TableSnapshot;
  private namespace: usize = heap.alloc(WINDOW_NAMESPACE);
  private valueBytes: usize;
  /** Entry whose timer fires, where units are undone; 0: none. */
  private firing: usize = 0;

  /** @param byKey a key's entries are found by the key alone, whatever their windows */
  constructor(operator: WindowOperator, byKey: bool = false) {
    super(operator);
    const config = operator.config;
    const log = new WindowLog(config.keyGroupStart, config.keyGroupEnd);
    const triggerBytes = (operator.trigger.place(TableWindows.ownBytes(byKey)) + 7) & ~7;
    const valueBytes = <usize>triggerBytes + operator.valueBytes();
    const table = new StateTable(log, operator.codec.longKey, WINDOW_NAMESPACE, valueBytes, 0, byKey);
    const timers = new InternalTimerService(log, table);
    this.log = log;
    this.table = table;
    this.timers = timers;
    this.valueBytes = valueBytes;
    this.contents = table.valueOffset + <usize>triggerBytes;
    this.snapshots = new TableSnapshot(operator, table, timers, this.contents);
    this.context.__timers = timers;
  }

  /** Windows that merge keep the time of their timer in front of the trigger's state. */
  private static ownBytes(byKey: bool): i32 {
    return byKey ? 8 : 0;
  }

  get bytes(): u64 {
    return this.table.bytes + this.timers.bytes;
  }

  attach(reader: BatchReader): void {}

  rows(from: i32, to: i32): i32 {
    const operator = this.operator;
    const reader = operator.reader;
    const assigner = operator.assigner;
    const needsTimestamp = assigner.needsTimestamp;
    const clock = processingTime();
    this.enterTime(clock);
    for (let i = from; i < to; i++) {
      const row = reader.physical(i);
      if (operator.undoes) operator.beginRowUnit(i);
      else noteRow(row);
      const timestamp = reader.hasTimestamp(row) ? reader.timestamp(row) : i64.MIN_VALUE;
      // Flink's assigners take the smallest timestamp for none.
      if (needsTimestamp && timestamp == i64.MIN_VALUE) {
        return operator.refuseRow(row, i, NO_TIMESTAMP);
      }
      assigner.assign(assigner.eventTime ? timestamp : clock, row);
      if (assigner.failure !== null) return operator.refuseRow(row, i, assigner.failure!);
      const taken = this.addElement(row, timestamp);
      if (operator.failedRow >= 0) return i + 1;
      if (!taken && operator.isLate(timestamp)) operator.late(row);
      if (operator.outputFull()) return i + 1;
    }
    return to;
  }

  enterTime(clock: i64): void {
    this.context.__watermark = this.operator.currentWatermark;
    this.context.__now = clock;
  }

  /** Adds the element to the windows that the assigner gave; false: to none. */
  protected addElement(row: i32, timestamp: i64): bool {
    const operator = this.operator;
    const assigner = operator.assigner;
    const codec = operator.codec;
    let taken = false;
    codec.encode(operator.reader, row);
    for (let w = 0; w < assigner.count; w++) {
      const window = this.window;
      window.set(unchecked(assigner.starts[w]), unchecked(assigner.ends[w]), assigner.global);
      if (this.isLate(window)) continue;
      taken = true;
      let entry = this.entryOf(window.start, window.end);
      const fresh = entry == 0;
      if (fresh) {
        const group = operator.keyGroupOfRow(row);
        entry = this.table.add(group, codec.start, codec.length, this.namespace);
      }
      this.addTo(entry, row, timestamp);
      if (operator.failedRow >= 0) {
        if (fresh) this.drop(entry);
        return true;
      }
    }
    return taken;
  }

  /** Whether the encoded key has the window. */
  hasWindow(start: i64, end: i64): bool {
    return this.entryOf(start, end) != 0;
  }

  private entryOf(start: i64, end: i64): usize {
    const codec = this.operator.codec;
    store<i64>(this.namespace, start);
    store<i64>(this.namespace, end, 8);
    return this.table.find(codec.start, codec.length, this.namespace);
  }

  /** Makes a window of the encoded key that holds a value already, and has no timers. */
  adopt(group: i32, start: i64, end: i64, value: usize): void {
    const codec = this.operator.codec;
    store<i64>(this.namespace, start);
    store<i64>(this.namespace, end, 8);
    const entry = this.table.add(group, codec.start, codec.length, this.namespace);
    memory.copy(entry + this.contents, value, this.operator.valueBytes());
    store<u32>(entry, HAS_CONTENTS, ENTRY_PRESENT);
  }

  /** Adds an element to a window of the encoded key. */
  addToWindow(group: i32, row: i32, timestamp: i64, start: i64, end: i64): void {
    const codec = this.operator.codec;
    let entry = this.entryOf(start, end);
    if (entry == 0) entry = this.table.add(group, codec.start, codec.length, this.namespace);
    this.window.set(start, end);
    this.addTo(entry, row, timestamp);
  }

  /** Whether elements of a window come too late (Flink: isWindowLate). */
  protected isLate(window: TimeWindow): bool {
    const operator = this.operator;
    if (!operator.assigner.eventTime) return false;
    return operator.cleanupTime(window.maxTimestamp) <= operator.currentWatermark;
  }

  /** Adds the element to an entry, whose window is in `window`, and does what the trigger says. */
  protected addTo(entry: usize, row: i32, timestamp: i64): void {
    const operator = this.operator;
    this.addContents(entry, row);
    if (operator.failedRow >= 0) return;
    this.enter(entry);
    const result = operator.trigger.elementAdded(row, timestamp, this.window, this.context);
    if (result & TriggerResult.FIRE) this.emit(entry);
    if (result & TriggerResult.PURGE) this.purge(entry);
    this.registerCleanup(entry);
    if (result & TriggerResult.PURGE) this.release(entry);
  }

  protected addContents(entry: usize, row: i32): void {
    const operator = this.operator;
    this.log.change(STORE_KEYS, entry);
    const present = load<u32>(entry, ENTRY_PRESENT);
    if (!(present & HAS_CONTENTS)) {
      operator.initialise(entry + this.contents);
      store<u32>(entry, present | HAS_CONTENTS, ENTRY_PRESENT);
    }
    operator.add(entry + this.contents, row);
  }

  /** Points the trigger's context at an entry. */
  protected enter(entry: usize): void {
    this.context.__owner = entry;
    this.context.__state = entry + this.table.valueOffset;
  }

  /** Calls the window's function. */
  protected emit(entry: usize): void {
    const fired = this.operator.fired;
    const window = this.window;
    fired.window.start = window.start;
    fired.window.end = window.end;
    fired.window.maxTimestamp = window.maxTimestamp;
    fired.key = this.table.keyOf(entry);
    fired.keyLength = this.table.keyLength(entry);
    fired.keyGroup = groupOf(entry);
    fired.value = entry + this.contents;
    this.operator.fireWindow();
  }

  protected purge(entry: usize): void {
    const present = load<u32>(entry, ENTRY_PRESENT);
    if (!(present & HAS_CONTENTS)) return;
    this.operator.clearContents(entry + this.contents);
    store<u32>(entry, present & ~HAS_CONTENTS, ENTRY_PRESENT);
  }

  /** Sets the timer of the window's cleanup; one at MAX would never come (Flink: registerCleanupTimer). */
  protected registerCleanup(entry: usize): void {
    const time = this.operator.cleanupTime(this.window.maxTimestamp);
    if (time != WATERMARK_MAX) this.timers.register(this.domain, time, entry);
  }

  /** Kind of time in which windows end. */
  protected get domain(): i32 {
    return this.operator.assigner.eventTime ? EVENT_TIME : PROCESSING_TIME;
  }

  fireEventTime(watermark: i64, budget: i32): i32 {
    this.enterTime(processingTime());
    return this.fireDue(EVENT_TIME, watermark, budget);
  }

  fireProcessingTime(now: i64, budget: i32): i32 {
    this.enterTime(now);
    return this.fireDue(PROCESSING_TIME, now, budget);
  }

  private fireDue(domain: i32, now: i64, budget: i32): i32 {
    let left = max(budget, 1);
    while (true) {
      if (this.operator.outputFull()) return Status.OUTPUT_FULL;
      if (left-- <= 0) return Status.SLICE_OVER;
      let entry = this.firing;
      if (entry == 0) {
        entry = this.timers.poll(domain, now);
        if (entry == 0) return Status.DONE;
        this.operator.timerTime = this.timers.firedTime;
        this.log.change(STORE_KEYS, entry);
      }
      if (this.operator.undoes) this.beginFiring(entry);
      this.fireTimer(domain, this.timers.firedTime, entry);
      this.firing = 0;
      this.operator.skips = false;
      // What the author's code allocated is dropped here too: a watermark may fire many keys.
      collectBetweenRows(1);
    }
  }

  private beginFiring(entry: usize): void {
    this.firing = entry;
    const table = this.table;
    this.operator.beginWindowUnit(table.keyOf(entry), table.keyLength(entry), this.timers.firedTime);
  }

  /** Whether a firing is to be done again. */
  get isFiring(): bool {
    return this.firing != 0;
  }

  undone(): bool {
    return true;
  }

  /** A timer of an entry fires. */
  protected fireTimer(domain: i32, time: i64, entry: usize): void {
    const operator = this.operator;
    const namespace = this.table.namespaceOf(entry);
    const window = this.window;
    window.set(load<i64>(namespace), load<i64>(namespace, 8), operator.assigner.global);
    this.enter(entry);
    const result =
      domain == EVENT_TIME
        ? operator.trigger.onEventTime(time, window, this.context)
        : operator.trigger.onProcessingTime(time, window, this.context);
    const filled = (load<u32>(entry, ENTRY_PRESENT) & HAS_CONTENTS) != 0;
    if (result & TriggerResult.FIRE && filled) this.emit(entry);
    if (result & TriggerResult.PURGE) this.purge(entry);
    if (domain == this.domain && time == operator.cleanupTime(window.maxTimestamp)) {
      this.cleanUp(entry);
    }
    this.release(entry);
  }

  /** Drops contents, trigger state and per-window state of the window (Flink: clearAllState). */
  protected cleanUp(entry: usize): void {
    this.purge(entry);
    this.operator.trigger.clear(this.window, this.context);
    memory.fill(entry + this.table.valueOffset, 0, this.valueBytes);
  }

  /** Takes an entry out if nothing is in it and no timer points to it. */
  protected release(entry: usize): void {
    if (load<u32>(entry, ENTRY_CHILDREN) != 0 || load<u32>(entry, ENTRY_PRESENT) & HAS_CONTENTS) return;
    const end = entry + this.table.valueOffset + this.valueBytes;
    for (let at = entry + this.table.valueOffset; at < end; at += 8) {
      if (load<u64>(at) != 0) return;
    }
    this.log.leave(STORE_KEYS, entry);
    this.table.remove(entry);
  }

  /** Takes out an entry that has no timers. */
  protected drop(entry: usize): void {
    this.purge(entry);
    this.log.leave(STORE_KEYS, entry);
    this.table.remove(entry);
  }

  nextTimer(domain: i32): i64 {
    return this.timers.next(domain);
  }

  snapshot(): i32 {
    const snapshots = this.snapshots;
    if (!snapshots.next()) return Status.DONE;
    return this.handOver(snapshots.keyGroup, snapshots.chunk.start, snapshots.chunk.length);
  }

  restore(keyGroup: i32, start: usize, length: i32): void {
    this.snapshots.restore(keyGroup, start, length);
  }

  close(): void {
    heap.free(this.namespace);
    this.snapshots.close();
    this.timers.close();
    this.table.close();
  }
}
