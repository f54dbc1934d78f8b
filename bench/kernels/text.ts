// Word count over lines of text: a word is a maximal run of A-Z/a-z, lower-cased; a window is 1,000
// lines; each window's words and counts are written out as a string column and an int64 column.
// Letters are found 64 bytes at a time; a word of up to 16 bytes is compared as two registers.

const WINDOW_LINES: u32 = 1_000;
const TABLE_BITS: u32 = 15;
const SLOTS: u32 = 1 << TABLE_BITS;
const SLOT_SHIFT: usize = 5; // low u64, high u64, count u32, word pointer u32, length u32, pad
const MAX_DISTINCT: u32 = SLOTS / 2;
const SHORT_BYTES: u32 = 16;
const LONG_MARK: u64 = 0xff00_0000_0000_0000; // no masked run of letters has this byte

const table: usize = (heap.alloc((<usize>SLOTS << SLOT_SHIFT) + 64) + 63) & ~(<usize>63);
const touched: usize = heap.alloc(<usize>MAX_DISTINCT * 4);
const arena: usize = heap.alloc(1 << 20);
const outOffsets: usize = heap.alloc(<usize>MAX_DISTINCT * 4 + 4);
const outCounts: usize = heap.alloc(<usize>MAX_DISTINCT * 8);
const outText: usize = heap.alloc(1 << 20);

let arenaEnd: usize = arena;
let distinct: u32 = 0;
let lines: u32 = 0;
let windows: u32 = 0;
let words: i64 = 0;
let outRows: i64 = 0;
let checksum: u64 = 0;

memory.fill(table, 0, <usize>SLOTS << SLOT_SHIFT);

/** Room for `bytes` of text; 64 readable bytes follow it. */
export function newInput(bytes: u32): usize {
  return (heap.alloc(<usize>bytes + 192) + 63) & ~(<usize>63);
}
export function wordTotal(): i64 {
  return words;
}
export function windowTotal(): u32 {
  return windows;
}
export function rowTotal(): i64 {
  return outRows;
}
/** Order-free digest of all (window, word, count) rows. */
export function digest(): u64 {
  return checksum;
}
export function lastRows(): u32 {
  return lastRowCount;
}
export function offsetsPointer(): usize {
  return outOffsets;
}
export function countsPointer(): usize {
  return outCounts;
}
export function textPointer(): usize {
  return outText;
}
let lastRowCount: u32 = 0;

// @ts-ignore decorator
@inline
function letters16(p: usize): u64 {
  const lower = v128.or(v128.load(p), i8x16.splat(0x20));
  return <u64>i8x16.bitmask(i8x16.lt_u(i8x16.sub(lower, i8x16.splat(97)), i8x16.splat(26)));
}
// @ts-ignore decorator
@inline
function newlines16(p: usize): u64 {
  return <u64>i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(10)));
}

/** Counts the whole lines in [from, from + bytes); the text must end with a newline. */
export function count(from: usize, bytes: u32): void {
  const end = from + bytes;
  memory.fill(end, 0, 64); // what the last step reads behind the text is no letter
  let start: usize = 0; // of the word that runs on from the step before, 0: none
  let carry: u64 = 0;
  for (let p = from; p < end; p += 64) {
    const letters =
      letters16(p) | (letters16(p + 16) << 16) | (letters16(p + 32) << 32) | (letters16(p + 48) << 48);
    const newlines =
      newlines16(p) |
      (newlines16(p + 16) << 16) |
      (newlines16(p + 32) << 32) |
      (newlines16(p + 48) << 48);
    let edges = letters ^ ((letters << 1) | carry);
    carry = letters >> 63;
    const lineCount = <u32>popcnt(newlines);
    if (lines + lineCount >= WINDOW_LINES) {
      // Edges up to the newline that ends the window belong to it.
      let rest = newlines;
      for (let skip = WINDOW_LINES - lines - 1; skip > 0; skip--) rest &= rest - 1;
      const last = rest & -rest;
      const before = edges & (last | (last - 1));
      start = take(p, before, start);
      fire();
      start = take(p, edges & ~(last | (last - 1)), start);
      lines = lines + lineCount - WINDOW_LINES;
    } else {
      lines += lineCount;
      start = take(p, edges, start);
    }
  }
}

/** Adds the words whose edges lie in this step; returns the start of one still open. */
// @ts-ignore decorator
@inline
function take(p: usize, edges: u64, start: usize): usize {
  if (start != 0 && edges != 0) {
    add(start, p + <usize>ctz(edges));
    edges &= edges - 1;
    start = 0;
  }
  while (edges != 0) {
    const s = p + <usize>ctz(edges);
    edges &= edges - 1;
    if (edges == 0) return s;
    add(s, p + <usize>ctz(edges));
    edges &= edges - 1;
  }
  return start;
}

// @ts-ignore decorator
@inline
function add(start: usize, end: usize): void {
  const length = <u32>(end - start);
  words++;
  if (length > SHORT_BYTES) {
    addLong(start, length);
    return;
  }
  // 0x20 lower-cases a letter; bytes behind the word are masked away.
  let low = load<u64>(start) | 0x2020202020202020;
  let high: u64 = 0;
  if (length <= 8) {
    low &= (<u64>-1) >> (64 - (length << 3));
  } else {
    high = (load<u64>(start, 8) | 0x2020202020202020) & ((<u64>-1) >> (128 - (length << 3)));
  }
  let h = (low ^ (high * 0xc2b2ae3d27d4eb4f)) * 0x9e3779b97f4a7c15;
  let at = <u32>((h ^ (h << 31)) >> (64 - TABLE_BITS));
  while (true) {
    const slot = table + ((<usize>at) << SLOT_SHIFT);
    const n = load<u32>(slot, 16);
    if (load<u64>(slot) == low && load<u64>(slot, 8) == high) {
      store<u32>(slot, n + 1, 16);
      return;
    }
    if (n == 0) {
      occupy(slot, at, low, high, start, length);
      return;
    }
    at = (at + 1) & (SLOTS - 1);
  }
}

function occupy(slot: usize, at: u32, low: u64, high: u64, start: usize, length: u32): void {
  if (distinct == MAX_DISTINCT) unreachable();
  store<u64>(slot, low);
  store<u64>(slot, high, 8);
  store<u32>(slot, 1, 16);
  store<u32>(slot, length, 24);
  if (length > SHORT_BYTES) {
    for (let i: u32 = 0; i < length; i++) store<u8>(arenaEnd + i, load<u8>(start + i) | 0x20);
    store<u32>(slot, <u32>arenaEnd, 20);
    arenaEnd += length;
  }
  store<u32>(touched + ((<usize>distinct) << 2), at);
  distinct++;
}

function addLong(start: usize, length: u32): void {
  let h: u64 = 0xcbf29ce484222325;
  for (let i: u32 = 0; i < length; i++) {
    h = (h ^ <u64>(load<u8>(start + i) | 0x20)) * 0x100000001b3;
  }
  const high = LONG_MARK | <u64>length;
  let at = <u32>((h * 0x9e3779b97f4a7c15) >> (64 - TABLE_BITS));
  while (true) {
    const slot = table + ((<usize>at) << SLOT_SHIFT);
    const n = load<u32>(slot, 16);
    if (n == 0) {
      occupy(slot, at, h, high, start, length);
      return;
    }
    if (load<u64>(slot) == h && load<u64>(slot, 8) == high && sameWord(slot, start, length)) {
      store<u32>(slot, n + 1, 16);
      return;
    }
    at = (at + 1) & (SLOTS - 1);
  }
}

function sameWord(slot: usize, start: usize, length: u32): bool {
  const word = <usize>load<u32>(slot, 20);
  for (let i: u32 = 0; i < length; i++) {
    if (load<u8>(word + i) != (load<u8>(start + i) | 0x20)) return false;
  }
  return true;
}

/** Writes the window's rows to the output columns and clears what they touched. */
function fire(): void {
  let text = outText;
  for (let i: u32 = 0; i < distinct; i++) {
    const slot = table + ((<usize>load<u32>(touched + ((<usize>i) << 2))) << SLOT_SHIFT);
    const n = load<u32>(slot, 16);
    const length = load<u32>(slot, 24);
    const low = load<u64>(slot);
    const high = load<u64>(slot, 8);
    store<u32>(outOffsets + ((<usize>i) << 2), <u32>(text - outText));
    store<u64>(outCounts + ((<usize>i) << 3), <u64>n);
    if (length > SHORT_BYTES) {
      memory.copy(text, <usize>load<u32>(slot, 20), length);
    } else {
      store<u64>(text, low);
      store<u64>(text, high, 8);
    }
    text += length;
    let h = (low ^ (high * 0xc2b2ae3d27d4eb4f)) + <u64>n * 0x9e3779b97f4a7c15;
    h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9;
    checksum += (h ^ (h >> 32)) * <u64>(windows * 2 + 1);
    store<u64>(slot, 0);
    store<u64>(slot, 0, 8);
    store<u32>(slot, 0, 16);
  }
  store<u32>(outOffsets + ((<usize>distinct) << 2), <u32>(text - outText));
  lastRowCount = distinct;
  outRows += <i64>distinct;
  distinct = 0;
  arenaEnd = arena;
  windows++;
}

/** End of input: fires the window that is still open. */
export function finish(): void {
  if (distinct != 0 || lines != 0) fire();
  lines = 0;
}
