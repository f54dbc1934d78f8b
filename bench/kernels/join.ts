/**
 * Bare loop of the interval-join bench: two rings of {i64 time, i64 value} for each key, in an open-addressing table of int64
 * keys. A row drops what is too old from the other side's ring, is paired with what lies within the bounds, and joins its own
 * ring, which drops what is too old when it is full. Nothing of what an engine needs besides: timers, rows out of order, keys that go, snapshots, rings that grow.
 */

/** Slot: i64 key + 1 (0: free), then for each side u32 head, u32 tail and 16 places. */
const SLOT_SHIFT: usize = 10;
const PLACES: u32 = 16;
const SIDE_BYTES: usize = 8 + (<usize>PLACES << 4);
const OUTPUT_ROWS: usize = 4096;
/** The other side is at most so far behind. */
const LAG_MS: i64 = 1000;

let table: usize = 0;
let slotMask: u32 = 0;
/** Results {left, right, time} go here, over and over. */
let output: usize = 0;
let results: i64 = 0;

export function open(slots: u32): void {
  slotMask = slots - 1;
  const bytes = <usize>slots << SLOT_SHIFT;
  table = heap.alloc(bytes);
  memory.fill(table, 0, bytes);
  output = heap.alloc(OUTPUT_ROWS * 24);
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
      return slot;
    }
    place = (place + 1) & slotMask;
  }
}

/** Joins rows of one side with those of the other whose times lie at most `bound` ms away; times ascend on each side. */
export function join(
  side: i32,
  keys: usize,
  values: usize,
  times: usize,
  rows: i32,
  bound: i64,
): void {
  for (let i = 0; i < rows; i++) {
    const time = load<i64>(times + (<usize>i << 3));
    const value = load<i64>(values + (<usize>i << 3));
    const slot = slotOf(load<i64>(keys + (<usize>i << 3)));
    const other = slot + 8 + (side == 0 ? SIDE_BYTES : 0);
    let head = load<u32>(other);
    const tail = load<u32>(other, 4);
    while (head != tail && load<i64>(placeOf(other, head)) < time - bound) head++;
    // An empty ring begins at its first place again, which is in the cache.
    store<u32>(other, head == tail ? 0 : head);
    if (head == tail) store<u32>(other, 0, 4);
    for (let p = head; p != tail; p++) {
      const place = placeOf(other, p);
      if (load<i64>(place) > time + bound) break;
      emit(side, value, load<i64>(place, 8), max(time, load<i64>(place)));
    }
    const own = slot + 8 + (side == 0 ? 0 : SIDE_BYTES);
    const end = load<u32>(own, 4);
    if (end - load<u32>(own) == PLACES) makeRoom(own, time - bound - LAG_MS);
    const place = placeOf(own, end);
    store<i64>(place, time);
    store<i64>(place, value, 8);
    store<u32>(own, end + 1, 4);
  }
}

/** Drops what no row of the other side can meet any more. */
function makeRoom(ring: usize, oldest: i64): void {
  let head = load<u32>(ring);
  const tail = load<u32>(ring, 4);
  while (head != tail && load<i64>(placeOf(ring, head)) < oldest) head++;
  if (tail - head == PLACES) unreachable();
  store<u32>(ring, head);
}

// @ts-ignore: decorator
@inline
function placeOf(ring: usize, place: u32): usize {
  return ring + 8 + (<usize>(place & (PLACES - 1)) << 4);
}

// @ts-ignore: decorator
@inline
function emit(side: i32, value: i64, found: i64, time: i64): void {
  const row = output + (<usize>results & (OUTPUT_ROWS - 1)) * 24;
  store<i64>(row, side == 0 ? value : found);
  store<i64>(row, side == 0 ? found : value, 8);
  store<i64>(row, time, 16);
  results++;
}
