// Second attempt at the bare word count, written apart from text.ts: all word edges of a piece are
// found first, then looked up in a loop of their own, so that neither loop waits on the other's
// mispredicted branches. Words of up to 16 bytes stay in one v128, masked from a table by length.
// It lost: 533 MB per CPU second against 622 of text.ts in the same run.

const WINDOW_LINES: u32 = 1_000;
const TABLE_BITS: u32 = 14;
const SLOTS: u32 = 1 << TABLE_BITS;
const MAX_DISTINCT: u32 = SLOTS - SLOTS / 4;
const PIECE_BYTES: u32 = 16 * 1024; // its edges stay in L1
const LONG_MARK: u64 = 0xff00_0000_0000_0000;

// Keys (v128) and counters (u32 count, u32 length, u32 pointer, u32 slot) lie apart.
const keys: usize = aligned(<usize>SLOTS * 16);
const entryOf: usize = aligned(<usize>SLOTS * 4); // 1 + entry, 0: empty
const entries: usize = aligned(<usize>(MAX_DISTINCT + 1) * 16);
const edges: usize = aligned(<usize>PIECE_BYTES * 4 + 512);
const masks: usize = aligned(17 * 16);
const arena: usize = aligned(1 << 20);
const outOffsets: usize = aligned(<usize>MAX_DISTINCT * 4 + 64);
const outCounts: usize = aligned(<usize>MAX_DISTINCT * 8);
const outText: usize = aligned(1 << 20);

let arenaEnd: usize = arena;
let distinct: u32 = 0;
let lines: u32 = 0;
let windows: u32 = 0;
let words: i64 = 0;
let outRows: i64 = 0;
let checksum: u64 = 0;
let lastRowCount: u32 = 0;

memory.fill(keys, 0, <usize>SLOTS * 16);
memory.fill(entryOf, 0, <usize>SLOTS * 4);
for (let n: usize = 0; n <= 16; n++) {
  memory.fill(masks + n * 16, 0, 16);
  memory.fill(masks + n * 16, 0xff, n);
}

function aligned(bytes: usize): usize {
  return (heap.alloc(bytes + 64) + 63) & ~(<usize>63);
}
export function newInput(bytes: u32): usize {
  return aligned(<usize>bytes + 128);
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

// @ts-ignore decorator
@inline
function letters16(p: usize, a: v128, z: v128, space: v128): u64 {
  const lower = v128.or(v128.load(p), space);
  return <u64>i8x16.bitmask(i8x16.lt_u(i8x16.sub(lower, a), z));
}
// @ts-ignore decorator
@inline
function newlines16(p: usize, newline: v128): u64 {
  return <u64>i8x16.bitmask(i8x16.eq(v128.load(p), newline));
}

/** Counts the whole lines in [from, from + bytes); the text must end with a newline. */
export function count(from: usize, bytes: u32): void {
  const end = from + bytes;
  memory.fill(end, 0, 64);
  let p = from;
  let open: usize = 0; // edges of a word that the piece before did not end
  let carry: u64 = 0;
  while (p < end) {
    const stop = min(end, p + PIECE_BYTES);
    let out = edges + open * 4;
    for (; p < stop; p += 64) {
      const a = load8(97);
      const z = load8(26);
      const space = load8(32);
      const newline = load8(10);
      const letters =
        letters16(p, a, z, space) |
        (letters16(p + 16, a, z, space) << 16) |
        (letters16(p + 32, a, z, space) << 32) |
        (letters16(p + 48, a, z, space) << 48);
      const newlines =
        newlines16(p, newline) |
        (newlines16(p + 16, newline) << 16) |
        (newlines16(p + 32, newline) << 32) |
        (newlines16(p + 48, newline) << 48);
      const bits = letters ^ ((letters << 1) | carry);
      carry = letters >> 63;
      const found = <u32>popcnt(newlines);
      if (lines + found >= WINDOW_LINES) {
        let rest = newlines;
        for (let skip = WINDOW_LINES - lines - 1; skip > 0; skip--) rest &= rest - 1;
        const before = (rest & -rest) | ((rest & -rest) - 1);
        out = write(out, p, bits & before);
        lookUp(edges, out);
        fire();
        out = write(edges, p, bits & ~before);
        lines = lines + found - WINDOW_LINES;
      } else {
        lines += found;
        out = write(out, p, bits);
      }
    }
    // A word that runs on leaves one edge without its partner.
    open = ((out - edges) >> 2) & 1;
    lookUp(edges, out - open * 4);
    if (open != 0) store<u32>(edges, load<u32>(out - 4));
  }
}

const BYTES: usize = memory.data(128);
for (let n: usize = 0; n < 128; n++) store<u8>(BYTES + n, <u8>n);
// @ts-ignore decorator
@inline
function load8(value: usize): v128 {
  return v128.load8_splat(BYTES + value);
}

/** Writes the positions of the bits, eight at a time; what is written past their number is void. */
// @ts-ignore decorator
@inline
function write(out: usize, p: usize, bits: u64): usize {
  const next = out + (<usize>popcnt(bits) << 2);
  do {
    for (let n: usize = 0; n < 8; n++) {
      store<u32>(out + n * 4, <u32>p + <u32>ctz(bits));
      bits &= bits - 1;
    }
    out += 32;
  } while (out < next);
  return next;
}

function lookUp(from: usize, to: usize): void {
  words += <i64>((to - from) >> 3);
  const space = load8(32);
  for (let e = from; e < to; e += 8) {
    const start = <usize>load<u32>(e);
    const length = load<u32>(e, 4) - <u32>start;
    if (length > 16) {
      addLong(start, length);
      continue;
    }
    const key = v128.and(
      v128.or(v128.load(start), space),
      v128.load(masks + (<usize>length << 4)),
    );
    let h =
      (i64x2.extract_lane(key, 0) ^ (i64x2.extract_lane(key, 1) * 0xc2b2ae3d27d4eb4f)) *
      0x9e3779b97f4a7c15;
    let at = <u32>((<u64>(h ^ (h << 31))) >> (64 - TABLE_BITS));
    while (!i8x16.all_true(i8x16.eq(v128.load(keys + (<usize>at << 4)), key))) {
      if (load<u32>(entryOf + (<usize>at << 2)) == 0) {
        occupy(at, key, length);
        break;
      }
      at = (at + 1) & (SLOTS - 1);
    }
    const entry = entries + (<usize>load<u32>(entryOf + (<usize>at << 2)) << 4);
    store<u32>(entry, load<u32>(entry) + 1);
  }
}

function occupy(at: u32, key: v128, length: u32): void {
  if (distinct + 1 >= MAX_DISTINCT) unreachable();
  distinct++;
  v128.store(keys + (<usize>at << 4), key);
  store<u32>(entryOf + (<usize>at << 2), distinct);
  const entry = entries + (<usize>distinct << 4);
  store<u32>(entry, 0);
  store<u32>(entry, length, 4);
  store<u32>(entry, at, 12);
}

function addLong(start: usize, length: u32): void {
  let h: u64 = 0xcbf29ce484222325;
  for (let i: u32 = 0; i < length; i++) {
    h = (h ^ <u64>(load<u8>(start + i) | 0x20)) * 0x100000001b3;
  }
  const high = LONG_MARK | <u64>length;
  let at = <u32>((h * 0x9e3779b97f4a7c15) >> (64 - TABLE_BITS));
  while (true) {
    const n = load<u32>(entryOf + (<usize>at << 2));
    const slot = keys + (<usize>at << 4);
    if (n == 0) {
      occupy(at, i64x2.replace_lane(i64x2.splat(h), 1, high), length);
      for (let i: u32 = 0; i < length; i++) store<u8>(arenaEnd + i, load<u8>(start + i) | 0x20);
      const entry = entries + (<usize>distinct << 4);
      store<u32>(entry, 1);
      store<u32>(entry, <u32>arenaEnd, 8);
      arenaEnd += length;
      return;
    }
    const entry = entries + (<usize>n << 4);
    if (load<u64>(slot) == h && load<u64>(slot, 8) == high && sameWord(entry, start, length)) {
      store<u32>(entry, load<u32>(entry) + 1);
      return;
    }
    at = (at + 1) & (SLOTS - 1);
  }
}

function sameWord(entry: usize, start: usize, length: u32): bool {
  const word = <usize>load<u32>(entry, 8);
  for (let i: u32 = 0; i < length; i++) {
    if (load<u8>(word + i) != (load<u8>(start + i) | 0x20)) return false;
  }
  return true;
}

function fire(): void {
  let text = outText;
  for (let i: u32 = 1; i <= distinct; i++) {
    const entry = entries + (<usize>i << 4);
    const n = load<u32>(entry);
    const length = load<u32>(entry, 4);
    const at = <usize>load<u32>(entry, 12);
    const low = load<u64>(keys + (at << 4));
    const high = load<u64>(keys + (at << 4), 8);
    store<u32>(outOffsets + (<usize>(i - 1) << 2), <u32>(text - outText));
    store<u64>(outCounts + (<usize>(i - 1) << 3), <u64>n);
    if (length > 16) {
      memory.copy(text, <usize>load<u32>(entry, 8), length);
    } else {
      store<u64>(text, low);
      store<u64>(text, high, 8);
    }
    text += length;
    let h = (low ^ (high * 0xc2b2ae3d27d4eb4f)) + <u64>n * 0x9e3779b97f4a7c15;
    h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9;
    checksum += (h ^ (h >> 32)) * <u64>(windows * 2 + 1);
    v128.store(keys + (at << 4), i64x2.splat(0));
    store<u32>(entryOf + (at << 2), 0);
  }
  store<u32>(outOffsets + (<usize>distinct << 2), <u32>(text - outText));
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
