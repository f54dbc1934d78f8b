/** Drives state tables and timers for state-table.test.ts and internal-timer-service.test.ts. */
import { ChangeLog } from "../../../../operators/sdk/assembly/state/change-log";
import { GroupWalk } from "../../../../operators/sdk/assembly/state/entry-store";
import { StateTable, WINDOW_NAMESPACE } from "../../../../operators/sdk/assembly/state/state-table";
import { InternalTimerService } from "../../../../operators/sdk/assembly/state/internal-timer-service";

class NoLog extends ChangeLog {
  writeImage(storeNumber: i32, entry: usize): void {}
  bury(storeNumber: i32, entry: usize): void {}
}

let table!: StateTable;
let timers!: InternalTimerService;

export function alloc(bytes: i32): usize {
  return heap.alloc(bytes);
}

export function open(longs: bool, windows: bool, valueBytes: i32, holdsTimers: bool): void {
  const log = new NoLog(0, 127);
  table = new StateTable(log, longs, windows ? WINDOW_NAMESPACE : 0, valueBytes, holdsTimers ? 2 : 0);
  timers = new InternalTimerService(log, table);
}

export function find(key: usize, length: i32, namespace: usize): usize {
  return table.find(key, length, namespace);
}

export function add(group: i32, key: usize, length: i32, namespace: usize): usize {
  return table.add(group, key, length, namespace);
}

export function remove(entry: usize): void {
  table.remove(entry);
}

export function readValue(entry: usize): i64 {
  return load<i64>(entry + table.valueOffset);
}

export function setValue(entry: usize, value: i64): void {
  store<i64>(entry + table.valueOffset, value);
}

export function keyOf(entry: usize): usize {
  return table.keyOf(entry);
}

export function keyLength(entry: usize): i32 {
  return table.keyLength(entry);
}

export function count(): i32 {
  return table.count;
}

export function bytes(): u64 {
  return table.bytes + timers.bytes;
}

/** Writes the entries of int64 keys at `data` to `entries`. */
export function locateLongs(data: usize, rows: i32, entries: usize): void {
  table.locateLongs(data, 0, rows, entries);
}

export function locateTexts(data: usize, offsets: usize, rows: i32, entries: usize): void {
  table.locateTexts(data, offsets, 0, rows, entries);
}

/** Writes the entries of a key group to `target`; answers how many. */
export function walk(group: i32, target: usize): i32 {
  const steps = new GroupWalk(table.entries, group);
  let found = 0;
  for (let entry = steps.next(); entry != 0; entry = steps.next()) {
    store<u32>(target + (<usize>(found++) << 2), <u32>entry);
  }
  return found;
}

export function register(domain: i32, time: i64, owner: usize): bool {
  return timers.register(domain, time, owner);
}

export function unregister(domain: i32, time: i64, owner: usize): bool {
  return timers.remove(domain, time, owner);
}

export function poll(domain: i32, now: i64): usize {
  return timers.poll(domain, now);
}

export function firedTime(): i64 {
  return timers.firedTime;
}

export function timerCount(): i32 {
  return timers.count;
}

export function nextTimer(domain: i32): i64 {
  return timers.next(domain);
}

export function close(): void {
  timers.close();
  table.close();
}

/** Adds `rows` int64 keys from `first` on that differ in all bits, in one go: for the time it takes. */
export function fill(first: i64, rows: i32): void {
  const key = heap.alloc(8);
  for (let i = 0; i < rows; i++) {
    const value = (first + i) * 0x5851f42d4c957f2d;
    store<u64>(key, bswap<u64>(<u64>value ^ 0x8000000000000000));
    if (table.findLong(value) == 0) table.add(i & 127, key, 8, 0);
  }
  heap.free(key);
}

/** Reads, adds 1 and writes the value of each of the int64 keys at `data`. */
export function updateLongs(data: usize, rows: i32, entries: usize): void {
  table.locateLongs(data, 0, rows, entries);
  for (let i = 0; i < rows; i++) {
    const value = <usize>load<u32>(entries + (<usize>i << 2)) + table.valueOffset;
    store<i64>(value, load<i64>(value) + 1);
  }
}
