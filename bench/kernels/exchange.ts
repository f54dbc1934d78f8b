// The two kernels of the exchange benches in one module: a generator that hash-partitions its rows
// and a keyed tumbling count + sum. Nothing but the work itself: no nulls, no resumption, no ABI.
//
// Block: rows u32, pad u32, watermark i64, then the columns key, value, ts of `capacity` int64 each.

const HEADER_BYTES: usize = 16;
const KEY_GROUPS_SHIFT: u32 = 7; // maxParallelism 128
const KEYS: u32 = 10_000;
const TS_SHIFT: i32 = 10; // 1,024 rows of the whole job share one millisecond
const WINDOW_MS: i64 = 1_000;
const NO_WATERMARK: i64 = i64.MIN_VALUE;

// ---- generator and partitioner ------------------------------------------------------------------

let capacity: u32 = 0;
let channels: u32 = 0;
let nextRow: i64 = 0;
let rowStride: i64 = 1;
let generatedRows: i64 = 0;
const channelBlocks: StaticArray<usize> = new StaticArray<usize>(2);

function newBlock(rows: u32): usize {
  return (heap.alloc(HEADER_BYTES + (<usize>rows) * 24 + 64) + 15) & ~(<usize>15);
}

/** A block another thread's rows are copied into. */
export function newInputBlock(rows: u32): usize {
  return newBlock(rows);
}

export function openGenerator(channelCount: u32, rows: u32, index: u32, generators: u32): void {
  channels = channelCount;
  capacity = rows;
  nextRow = <i64>index;
  rowStride = <i64>generators;
  for (let c: u32 = 0; c < channelCount; c++) {
    const block = newBlock(rows);
    store<u32>(block, 0);
    unchecked((channelBlocks[c] = block));
  }
}

export function channelBlock(channel: u32): usize {
  return unchecked(channelBlocks[channel]);
}

/** Puts another block under a channel: the challenger hands whole blocks on instead of copies. */
export function setChannelBlock(channel: u32, block: usize): void {
  store<u32>(block, 0);
  unchecked((channelBlocks[channel] = block));
}

export function clearChannel(channel: u32): void {
  store<u32>(channelBlock(channel), 0);
}

export function generated(): i64 {
  return generatedRows;
}

// V8 builds a v128 constant from two registers on every use; a broadcast load is one instruction.
const CONSTANTS: usize = memory.data<u32>([
  0x9e3779b1, 0x85ebca77, 0xcc9e2d51, 0x1b873593, 5, 0xe6546b64, 4, 0x85ebca6b, 0xc2b2ae35, 127, 10_000,
]);

// @ts-ignore decorator
@inline
function constant(index: usize): v128 {
  return v128.load32_splat(CONSTANTS + (index << 2));
}

// @ts-ignore decorator
@inline
function mix(v: v128): v128 {
  let r = i32x4.mul(v, constant(0));
  r = v128.xor(r, i32x4.shr_u(r, 15));
  r = i32x4.mul(r, constant(1));
  return v128.xor(r, i32x4.shr_u(r, 13));
}

// @ts-ignore decorator
@inline
function rotl(v: v128, n: i32): v128 {
  return v128.or(i32x4.shl(v, n), i32x4.shr_u(v, 32 - n));
}

/** Flink's MathUtils.murmurHash of Long.hashCode(key), four keys at once, then its key group. */
// @ts-ignore decorator
@inline
function keyGroups(code: v128): v128 {
  code = i32x4.mul(code, constant(2));
  code = rotl(code, 15);
  code = i32x4.mul(code, constant(3));
  code = rotl(code, 13);
  code = i32x4.add(i32x4.mul(code, constant(4)), constant(5));
  code = v128.xor(code, constant(6));
  code = v128.xor(code, i32x4.shr_u(code, 16));
  code = i32x4.mul(code, constant(7));
  code = v128.xor(code, i32x4.shr_u(code, 13));
  code = i32x4.mul(code, constant(8));
  code = v128.xor(code, i32x4.shr_u(code, 16));
  return v128.and(i32x4.abs(code), constant(9));
}

/**
 * Generates until a channel's block is full (fewer than four rows of room) and returns the bits of
 * the full channels; their blocks carry the watermark of the last row generated.
 */
export function generate(): u32 {
  return channels == 1 ? generateDirect() : generateFused();
}

function generateDirect(): u32 {
  const block = channelBlock(0);
  fillColumns(block + HEADER_BYTES, capacity);
  store<u32>(block, capacity);
  store<i64>(block, ((nextRow - rowStride) >> TS_SHIFT) - 1, 8);
  return 1;
}

/** Rows (a multiple of four) as three columns of `capacity` from `out`. */
function fillColumns(out: usize, rows: u32): void {
  const columnBytes = (<usize>capacity) << 3;
  const end = out + ((<usize>rows) << 3);
  let a = i64x2.add(i64x2.splat(nextRow), i64x2(0, rowStride));
  const two = i64x2.splat(rowStride * 2);
  const keys = constant(10);
  for (let p = out; p < end; p += 32) {
    const b = i64x2.add(a, two);
    const r = mix(v128.shuffle<i32>(a, b, 0, 2, 4, 6));
    v128.store(p, i64x2.shr_u(i64x2.extmul_low_i32x4_u(r, keys), 32));
    v128.store(p, i64x2.shr_u(i64x2.extmul_high_i32x4_u(r, keys), 32), 16);
    const v = p + columnBytes;
    v128.store(v, a);
    v128.store(v, b, 16);
    const t = v + columnBytes;
    v128.store(t, i64x2.shr_u(a, TS_SHIFT));
    v128.store(t, i64x2.shr_u(b, TS_SHIFT), 16);
    a = i64x2.add(b, two);
  }
  nextRow += rowStride * <i64>rows;
  generatedRows += <i64>rows;
}

/**
 * Two channels: generate, hash and scatter in one pass. A row is stored behind both channels and only
 * its own position moves on, so there is neither a branch nor a select. (Tried and slower: selecting
 * the address, 3.1 ns a row; packing pairs by shuffle, 2.9; this one 2.45.)
 */
function generateFused(): u32 {
  const columnBytes = (<usize>capacity) << 3;
  const block0 = channelBlock(0);
  const block1 = channelBlock(1);
  const base0 = block0 + HEADER_BYTES;
  const base1 = block1 + HEADER_BYTES;
  let p0 = base0 + ((<usize>load<u32>(block0)) << 3);
  let p1 = base1 + ((<usize>load<u32>(block1)) << 3);
  const limit0 = base0 + columnBytes - 32;
  const limit1 = base1 + columnBytes - 32;
  let a = i64x2.add(i64x2.splat(nextRow), i64x2(0, rowStride));
  const two = i64x2.splat(rowStride * 2);
  const keys = constant(10);
  let steps: i64 = 0;
  while (p0 <= limit0 && p1 <= limit1) {
    const b = i64x2.add(a, two);
    const r = mix(v128.shuffle<i32>(a, b, 0, 2, 4, 6));
    const k0 = i64x2.shr_u(i64x2.extmul_low_i32x4_u(r, keys), 32);
    const k1 = i64x2.shr_u(i64x2.extmul_high_i32x4_u(r, keys), 32);
    // Long.hashCode folds both halves; as keys are read as int64 here, so is the hash.
    const low = v128.shuffle<i32>(k0, k1, 0, 2, 4, 6);
    const high = v128.shuffle<i32>(k0, k1, 1, 3, 5, 7);
    // channel = keyGroup * 2 / 128, so bit 6; as a byte mask it picks the block and the advance.
    const channel = i32x4.bitmask(i32x4.shl(keyGroups(v128.xor(low, high)), 25));
    const t0 = i64x2.shr_u(a, TS_SHIFT);
    const t1 = i64x2.shr_u(b, TS_SHIFT);
    let up: usize;
    v128.store_lane<i64>(p0, k0, 0);
    v128.store_lane<i64>(p0 + columnBytes, a, 0);
    v128.store_lane<i64>(p0 + 2 * columnBytes, t0, 0);
    v128.store_lane<i64>(p1, k0, 0);
    v128.store_lane<i64>(p1 + columnBytes, a, 0);
    v128.store_lane<i64>(p1 + 2 * columnBytes, t0, 0);
    up = (<usize>(channel & 1)) << 3;
    p0 += 8 - up;
    p1 += up;
    v128.store_lane<i64>(p0, k0, 1);
    v128.store_lane<i64>(p0 + columnBytes, a, 1);
    v128.store_lane<i64>(p0 + 2 * columnBytes, t0, 1);
    v128.store_lane<i64>(p1, k0, 1);
    v128.store_lane<i64>(p1 + columnBytes, a, 1);
    v128.store_lane<i64>(p1 + 2 * columnBytes, t0, 1);
    up = (<usize>((channel >> 1) & 1)) << 3;
    p0 += 8 - up;
    p1 += up;
    v128.store_lane<i64>(p0, k1, 0);
    v128.store_lane<i64>(p0 + columnBytes, b, 0);
    v128.store_lane<i64>(p0 + 2 * columnBytes, t1, 0);
    v128.store_lane<i64>(p1, k1, 0);
    v128.store_lane<i64>(p1 + columnBytes, b, 0);
    v128.store_lane<i64>(p1 + 2 * columnBytes, t1, 0);
    up = (<usize>((channel >> 2) & 1)) << 3;
    p0 += 8 - up;
    p1 += up;
    v128.store_lane<i64>(p0, k1, 1);
    v128.store_lane<i64>(p0 + columnBytes, b, 1);
    v128.store_lane<i64>(p0 + 2 * columnBytes, t1, 1);
    v128.store_lane<i64>(p1, k1, 1);
    v128.store_lane<i64>(p1 + columnBytes, b, 1);
    v128.store_lane<i64>(p1 + 2 * columnBytes, t1, 1);
    up = (<usize>(channel >> 3)) << 3;
    p0 += 8 - up;
    p1 += up;
    a = i64x2.add(b, two);
    steps++;
  }
  nextRow += rowStride * steps * 4;
  generatedRows += steps * 4;
  const watermark = ((nextRow - rowStride) >> TS_SHIFT) - 1;
  store<u32>(block0, <u32>((p0 - base0) >> 3));
  store<u32>(block1, <u32>((p1 - base1) >> 3));
  store<i64>(block0, watermark, 8);
  store<i64>(block1, watermark, 8);
  return (p0 > limit0 ? 1 : 0) | (p1 > limit1 ? 2 : 0);
}

// ---- keyed tumbling count and sum ---------------------------------------------------------------

// Slot: key i64, count i64, sum i64, pad. A slot is empty while its count is 0.
const TABLE_BITS: u32 = 14; // 10,000 keys at most
const TABLE_BYTES: usize = <usize>32 << TABLE_BITS;
const TABLE_MASK: usize = TABLE_BYTES - 1;
const OPEN_WINDOWS: i64 = 4; // the transport's credits keep the inputs closer than this

let tables: usize = 0;
let output: usize = 0;
let firstOpen: i64 = 0;
let inputCount: u32 = 0;
const inputWatermarks: StaticArray<i64> = new StaticArray<i64>(2);
let firedRows: i64 = 0;
let totalCount: i64 = 0;
let totalSum: i64 = 0;

export function openAggregate(inputs: u32): void {
  inputCount = inputs;
  for (let i: u32 = 0; i < inputs; i++) unchecked((inputWatermarks[i] = NO_WATERMARK));
  tables = (heap.alloc(<usize>OPEN_WINDOWS * TABLE_BYTES + 64) + 63) & ~(<usize>63);
  memory.fill(tables, 0, <usize>OPEN_WINDOWS * TABLE_BYTES);
  output = heap.alloc((<usize>24) << TABLE_BITS);
}

export function fired(): i64 {
  return firedRows;
}
export function countTotal(): i64 {
  return totalCount;
}
export function sumTotal(): i64 {
  return totalSum;
}

// @ts-ignore decorator
@inline
function tableOf(window: i64): usize {
  if (window < firstOpen || window >= firstOpen + OPEN_WINDOWS) unreachable();
  return tables + <usize>(window & (OPEN_WINDOWS - 1)) * TABLE_BYTES;
}

/** Adds a block's rows, then fires every window that both inputs have passed. */
export function aggregate(block: usize, blockCapacity: u32, input: u32): void {
  const rows = load<u32>(block);
  const columnBytes = (<usize>blockCapacity) << 3;
  const end = block + HEADER_BYTES + ((<usize>rows) << 3);
  let windowStart: i64 = i64.MIN_VALUE;
  let table: usize = 0;
  for (let p = block + HEADER_BYTES; p < end; p += 8) {
    const ts = load<i64>(p + 2 * columnBytes);
    if (<u64>(ts - windowStart) >= <u64>WINDOW_MS) {
      const window = ts / WINDOW_MS;
      windowStart = window * WINDOW_MS;
      table = tableOf(window);
    }
    const key = load<i64>(p);
    let at = <usize>(<u64>(key * 0x9e3779b97f4a7c15) >> (64 - TABLE_BITS)) << 5;
    let slot = table + at;
    let count = load<i64>(slot, 8);
    while (load<i64>(slot) != key) {
      if (count == 0) {
        store<i64>(slot, key);
        break;
      }
      at = (at + 32) & TABLE_MASK;
      slot = table + at;
      count = load<i64>(slot, 8);
    }
    store<i64>(slot, count + 1, 8);
    store<i64>(slot, load<i64>(slot, 16) + load<i64>(p + columnBytes), 16);
  }
  advance(input, load<i64>(block, 8));
}

/** Watermark of one input; Long.MAX_VALUE is its end. */
export function advance(input: u32, watermark: i64): void {
  unchecked((inputWatermarks[input] = watermark));
  let low = watermark;
  for (let i: u32 = 0; i < inputCount; i++) low = min(low, unchecked(inputWatermarks[i]));
  if (low == i64.MAX_VALUE) {
    for (let n: i64 = 0; n < OPEN_WINDOWS; n++) fire();
    return;
  }
  while (low >= (firstOpen + 1) * WINDOW_MS - 1) fire();
}

/** Writes the oldest window's rows (key, count, sum) to the output and clears its table. */
function fire(): void {
  const table = tableOf(firstOpen);
  let out = output;
  for (let at: usize = 0; at < TABLE_BYTES; at += 32) {
    const count = load<i64>(table + at, 8);
    if (count == 0) continue;
    const sum = load<i64>(table + at, 16);
    store<i64>(out, load<i64>(table + at));
    store<i64>(out, count, 8);
    store<i64>(out, sum, 16);
    out += 24;
    totalCount += count;
    totalSum += sum;
    firedRows++;
  }
  memory.fill(table, 0, TABLE_BYTES);
  firstOpen++;
}
