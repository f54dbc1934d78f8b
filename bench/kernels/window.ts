/**
 * Bare loops of the window benches: the same rows into an open-addressing table of int64 keys, with
 * nothing of what an engine needs besides (timers, out-of-order elements, snapshots).
 */

/** Slot: i64 key + 1 (0: free), i64 count, i64 sum, i64 max, i64 end of the session, 24 unused. */
const SLOT_SHIFT: usize = 6;
const SLOTS: u32 = 1 << 18;
let table: usize = 0;
let slotMask: u32 = 0;
/** Results go here, over and over. */
let output: usize = 0;
let results: i64 = 0;
let windowEnd: i64 = 0;

export function open(slots: u32): void {
  slotMask = slots - 1;
  const bytes = <usize>SLOTS << SLOT_SHIFT;
  table = heap.alloc(bytes);
  memory.fill(table, 0, bytes);
  output = heap.alloc(64);
}

export function alloc(bytes: usize): usize {
  return heap.alloc(bytes);
}

export function emitted(): i64 {
  return results;
}

// @ts-ignore: decorator
@inline
function slotOf(key: i64): usize {
  let place = <u32>(((<u64>key * 0x9e3779b97f4a7c15) >> 40) as u32) & slotMask;
  while (true) {
    const slot = table + (<usize>place << SLOT_SHIFT);
    const found = load<i64>(slot);
    if (found == key + 1) return slot;
    if (found == 0) {
      store<i64>(slot, key + 1);
      store<i64>(slot, i64.MIN_VALUE, 24);
      return slot;
    }
    place = (place + 1) & slotMask;
  }
}

// @ts-ignore: decorator
@inline
function emit(slot: usize): void {
  store<i64>(output, load<i64>(slot));
  store<i64>(output, load<i64>(slot, 8), 8);
  store<i64>(output, load<i64>(slot, 16), 16);
  store<i64>(output, load<i64>(slot, 24), 24);
  store<i64>(slot, 0, 8);
  store<i64>(slot, 0, 16);
  store<i64>(slot, i64.MIN_VALUE, 24);
  results++;
}

/** Count, sum and max per key in windows of `size` ms; times ascend. */
export function tumble(keys: usize, values: usize, times: usize, rows: i32, size: i64): void {
  for (let i = 0; i < rows; i++) {
    const time = load<i64>(times + (<usize>i << 3));
    if (time >= windowEnd) flush(time - (time % size) + size);
    const slot = slotOf(load<i64>(keys + (<usize>i << 3)));
    const value = load<i64>(values + (<usize>i << 3));
    store<i64>(slot, load<i64>(slot, 8) + 1, 8);
    store<i64>(slot, load<i64>(slot, 16) + value, 16);
    store<i64>(slot, max(load<i64>(slot, 24), value), 24);
  }
}

function flush(end: i64): void {
  const last = table + (<usize>slotMask << SLOT_SHIFT);
  for (let slot = table; slot <= last; slot += 1 << SLOT_SHIFT) {
    if (load<i64>(slot, 8) != 0) emit(slot);
  }
  windowEnd = end;
}

/** Count and sum per key in sessions that a gap of `gap` ms ends; a session is written out by the next one. */
export function sessions(keys: usize, values: usize, times: usize, rows: i32, gap: i64): void {
  for (let i = 0; i < rows; i++) {
    const time = load<i64>(times + (<usize>i << 3));
    const slot = slotOf(load<i64>(keys + (<usize>i << 3)));
    if (time > load<i64>(slot, 32) && load<i64>(slot, 8) != 0) emit(slot);
    store<i64>(slot, time + gap, 32);
    store<i64>(slot, load<i64>(slot, 8) + 1, 8);
    store<i64>(slot, load<i64>(slot, 16) + load<i64>(values + (<usize>i << 3)), 16);
  }
}
