/**
 * The bare probe loop: read, add, write by int64 key in an open-addressing table of 32-byte slots
 * {i64 key + 1 or 0: free, i64 value, 16 bytes unused}, half full at most. The slots of a batch are
 * looked up before the first is written, so that the misses overlap.
 */
const SLOT_SHIFT: usize = 5;
const GOLDEN: u64 = 0x9e3779b97f4a7c15;

let table: usize = 0;
let shift: u64 = 0;
let mask: usize = 0;
let places: usize = 0;

export function alloc(bytes: i32): usize {
  return heap.alloc(bytes);
}

/** An empty table of 2^log2 slots, for batches of `rows`. */
export function open(log2: i32, rows: i32): void {
  table = heap.alloc((<usize>1) << (<usize>log2 + SLOT_SHIFT));
  shift = 64 - <u64>log2;
  mask = ((<usize>1) << <usize>log2) - 1;
  places = heap.alloc(<usize>rows << 2);
}

// @ts-ignore: decorator
@inline
function slotOf(key: i64): usize {
  return <usize>((((<u64>key) ^ ((<u64>key) >> 32)) * GOLDEN) >> shift);
}

/** Adds 1 to each of the keys at `data`. */
export function update(data: usize, rows: i32): void {
  for (let i = 0; i < rows; i++) {
    const at = table + (slotOf(load<i64>(data + (<usize>i << 3))) << SLOT_SHIFT);
    store<u32>(places + (<usize>i << 2), <u32>at);
    // Touched here: the next loop finds it in the cache.
    touched += load<i64>(at);
  }
  for (let i = 0; i < rows; i++) {
    const key = load<i64>(data + (<usize>i << 3)) + 1;
    let at = <usize>load<u32>(places + (<usize>i << 2));
    while (load<i64>(at) != key) {
      if (load<i64>(at) == 0) {
        store<i64>(at, key);
        break;
      }
      at = table + ((at - table + ((<usize>1) << SLOT_SHIFT)) & ((mask << SLOT_SHIFT) | 31));
    }
    store<i64>(at, load<i64>(at, 8) + 1, 8);
  }
}

let touched: i64 = 0;

export function checksum(): i64 {
  let sum: i64 = touched & 0;
  for (let slot: usize = 0; slot <= mask; slot++) sum += load<i64>(table + (slot << SLOT_SHIFT), 8);
  return sum;
}
