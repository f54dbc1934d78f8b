/**
 * An open-addressing table from encoded keys to entries of fixed size: the keyed contents of one
 * window. Entries lie in chunks in the order in which their keys came, so they can be walked in
 * an order that no growth changes, and a whole window is freed at once.
 *
 * A slot holds a code of the key, which for keys of up to 7 bytes and for int64 keys is the key
 * itself: these are found without a look at their entry, so a lookup touches one cache line.
 *
 * Entry: u32 flags, u32 key length, then the value (8-aligned), then the key.
 * Slot: u64 code, u32 entry (0: free), u32 unused.
 */
import { CHUNK_ROWS } from "./operator";

export const ENTRY_FLAGS: usize = 0;
const ENTRY_KEY_LENGTH: usize = 4;
export const ENTRY_VALUE: usize = 8;
const CHUNK_BYTES: usize = 32 * 1024;
const CACHE_LINE: usize = 64;
const FIRST_SLOTS_SHIFT: i32 = 6;
/** Largest table made at once for keys that are only expected. */
const EXPECTED_SLOTS_SHIFT: i32 = 18;
const SLOT_SHIFT: usize = 4;
const SLOT_ENTRY: usize = 8;
/** Above the bytes of a short key lies its length, above the hash of a long one this. */
const SHORT_KEY: i32 = 7;
const LONG_KEY_MARK: u64 = 0xff00000000000000;
/** 2^64 by the golden ratio (Knuth: Fibonacci hashing). */
const GOLDEN: u64 = 0x9e3779b97f4a7c15;

/** Rows of a run whose first slot did not have their key (u32 each), and room for one more. */
const missedRows: usize = memory.data((CHUNK_ROWS + 1) * 4, 16);

/** Number of the index-th row that the last findLongs() or findTexts() missed. */
// @ts-ignore: decorator
@inline
export function missedRow(index: i32): i32 {
  return load<i32>(missedRows + (<usize>index << 2));
}

/** An int64 key as its encoding (key-codec.ts) lies in memory: big-endian, the sign bit flipped. */
// @ts-ignore: decorator
@inline
export function longKeyCode(value: i64): u64 {
  return bswap<u64>(<u64>value ^ 0x8000000000000000);
}

/** Code of a key of bytes: exact up to SHORT_KEY bytes, beyond that a hash that decides places only. */
// @ts-ignore: decorator
@inline
function codeOf(key: usize, length: i32): u64 {
  if (length <= SHORT_KEY) {
    // Eight bytes are read where the memory has them.
    const word = key + 8 <= <usize>memory.size() << 16 ? load<u64>(key) : loadShort(key, length);
    const bits = <u64>length << 3;
    return (word & (((<u64>1) << bits) - 1)) | (<u64>length << 56);
  }
  // 64 bits at a time, multiply and fold (after wyhash); the last word overlaps the one before.
  const last = key + <usize>length - 8;
  let hash: u64 = GOLDEN ^ <u64>length;
  for (let at = key; at < last; at += 8) {
    hash = (hash ^ load<u64>(at)) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  }
  hash = (hash ^ load<u64>(last)) * 0xc4ceb9fe1a85ec53;
  return (hash ^ (hash >> 32)) | LONG_KEY_MARK;
}

function loadShort(key: usize, length: i32): u64 {
  let word: u64 = 0;
  for (let i = 0; i < length; i++) word |= <u64>load<u8>(key + <usize>i) << (<u64>i << 3);
  return word;
}

/** Place of a code in a table of 2^(64 - shift) slots. */
// @ts-ignore: decorator
@inline
function slotOf(code: u64, shift: u64): usize {
  return <usize>(((code ^ (code >> 32)) * GOLDEN) >> shift);
}

/** Of keys of at least 8 bytes and of one length. */
// @ts-ignore: decorator
@inline
function sameBytes(a: usize, b: usize, length: i32): bool {
  const last = <usize>length - 8;
  for (let i: usize = 0; i < last; i += 8) {
    if (load<u64>(a + i) != load<u64>(b + i)) return false;
  }
  return load<u64>(a + last) == load<u64>(b + last);
}

/** Where a key of 8 bytes lies while its entry is made. */
const longKey: usize = memory.data(8, 8);

/**
 * Looks at the first slot of a code: writes its entry and, at `missed`, the row; answers by how much
 * `missed` moves on, 4 if the slot is of another key.
 */
// @ts-ignore: decorator
@inline
function probe(
  code: u64,
  slots: usize,
  shift: u64,
  target: usize,
  missed: usize,
  row: i32,
): usize {
  const at = slots + (slotOf(code, shift) << SLOT_SHIFT);
  const entry = load<u32>(at, SLOT_ENTRY);
  store<u32>(target, entry);
  store<i32>(missed, row);
  return <usize>(<u32>(load<u64>(at) != code) | <u32>(entry == 0)) << 2;
}

export class KeyTable {
  count: i32 = 0;
  /** Whether the last find() made the entry. */
  created: bool = false;
  /** Bytes held, for the operator's account. */
  bytes: u64 = 0;
  private slots: usize = 0;
  private mask: usize = 0;
  /** 64 less the log2 of the number of slots. */
  private shift: u64 = 0;
  /** What the allocator gave for each chunk, which starts at the next cache line. */
  private raws: usize[] = [];
  private chunks: usize[] = [];
  private chunkEnds: usize[] = [];
  private next: usize = 0;
  private end: usize = 0;

  /**
   * @param longs all keys are encoded int64 (KeyCodec.longKey)
   * @param expected number of keys that probably come
   */
  constructor(
    private valueBytes: i32,
    private longs: bool = false,
    expected: i32 = 0,
  ) {
    let shift = FIRST_SLOTS_SHIFT;
    while (shift < EXPECTED_SLOTS_SHIFT && expected * 2 > (1 << shift) - 1) shift++;
    this.layOut(shift);
  }

  private layOut(slotsShift: i32): void {
    const bytes = (<usize>1) << (<usize>slotsShift + SLOT_SHIFT);
    this.slots = heap.alloc(bytes);
    memory.fill(this.slots, 0, bytes);
    this.bytes += bytes;
    this.mask = ((<usize>1) << <usize>slotsShift) - 1;
    this.shift = 64 - <u64>slotsShift;
  }

  /** Address of the entry of a key; a new one has flags 0 and a zeroed value. */
  find(key: usize, length: i32): usize {
    if (this.longs) return this.findLong(<i64>(bswap<u64>(load<u64>(key)) ^ 0x8000000000000000));
    const code = codeOf(key, length);
    const slots = this.slots;
    const mask = this.mask;
    let slot = slotOf(code, this.shift);
    while (true) {
      const at = slots + (slot << SLOT_SHIFT);
      const entry = <usize>load<u32>(at, SLOT_ENTRY);
      if (entry == 0) break;
      if (load<u64>(at) == code && (length <= SHORT_KEY || this.hasKey(entry, key, length))) {
        this.created = false;
        return entry;
      }
      slot = (slot + 1) & mask;
    }
    this.created = true;
    return this.insert(key, length, code, slot);
  }

  // @ts-ignore: decorator
  @inline
  private hasKey(entry: usize, key: usize, length: i32): bool {
    return load<i32>(entry, ENTRY_KEY_LENGTH) == length && sameBytes(this.keyOf(entry), key, length);
  }

  /** The same for an int64 key, in a table of such keys. */
  // @ts-ignore: decorator
  @inline
  findLong(key: i64): usize {
    const slots = this.slots;
    const mask = this.mask;
    let slot = slotOf(<u64>key, this.shift);
    while (true) {
      const at = slots + (slot << SLOT_SHIFT);
      const entry = <usize>load<u32>(at, SLOT_ENTRY);
      if (entry == 0) break;
      if (load<i64>(at) == key) {
        this.created = false;
        return entry;
      }
      slot = (slot + 1) & mask;
    }
    return this.insertLong(key, slot);
  }

  /**
   * Writes the addresses (u32) of the entries of int64 keys [from, to) of a column, at most
   * CHUNK_ROWS, as far as the first slot of a key tells. Answers how many rows that did not settle
   * (missedRow has them, ascending): find() does. So nothing branches on the data.
   */
  findLongs(data: usize, from: i32, to: i32, entries: usize): i32 {
    const slots = this.slots;
    const shift = this.shift;
    const end = data + (<usize>to << 3);
    let missed = missedRows;
    let target = entries + (<usize>from << 2);
    let source = data + (<usize>from << 3);
    let row = from;
    for (; source + 32 <= end; source += 32, target += 16, row += 4) {
      missed += probe(load<u64>(source), slots, shift, target, missed, row);
      missed += probe(load<u64>(source, 8), slots, shift, target + 4, missed, row + 1);
      missed += probe(load<u64>(source, 16), slots, shift, target + 8, missed, row + 2);
      missed += probe(load<u64>(source, 24), slots, shift, target + 12, missed, row + 3);
    }
    for (; source < end; source += 8, target += 4, row++) {
      missed += probe(load<u64>(source), slots, shift, target, missed, row);
    }
    return <i32>((missed - missedRows) >> 2);
  }

  /** The same for text keys. */
  findTexts(data: usize, offsets: usize, from: i32, to: i32, entries: usize): i32 {
    const slots = this.slots;
    const shift = this.shift;
    let missed = missedRows;
    for (let i = from; i < to; i++) {
      const bounds = offsets + (<usize>i << 2);
      const key = data + <usize>load<u32>(bounds);
      const length = load<i32>(bounds, 4) - load<i32>(bounds);
      const code = codeOf(key, length);
      const at = slots + (slotOf(code, shift) << SLOT_SHIFT);
      const entry = load<u32>(at, SLOT_ENTRY);
      store<u32>(entries + (<usize>i << 2), entry);
      store<i32>(missed, i);
      let other = <u32>(load<u64>(at) != code) | <u32>(entry == 0);
      if (length > SHORT_KEY && other == 0) other = <u32>!this.hasKey(<usize>entry, key, length);
      missed += <usize>other << 2;
    }
    return <i32>((missed - missedRows) >> 2);
  }

  private insertLong(key: i64, slot: usize): usize {
    store<u64>(longKey, longKeyCode(key));
    this.created = true;
    return this.insert(longKey, 8, <u64>key, slot);
  }

  private insert(key: usize, length: i32, code: u64, slot: usize): usize {
    const size = this.entryBytes(length);
    if (this.next + size > this.end) this.addChunk(size);
    const entry = this.next;
    this.next += size;
    store<u32>(entry, 0, ENTRY_FLAGS);
    store<u32>(entry, length, ENTRY_KEY_LENGTH);
    memory.fill(entry + ENTRY_VALUE, 0, this.valueBytes);
    memory.copy(entry + ENTRY_VALUE + <usize>this.valueBytes, key, length);
    const at = this.slots + (slot << SLOT_SHIFT);
    store<u64>(at, code);
    store<u32>(at, <u32>entry, SLOT_ENTRY);
    this.count++;
    if (<usize>this.count * 2 > this.mask) this.grow();
    return entry;
  }

  // @ts-ignore: decorator
  @inline
  private entryBytes(keyLength: i32): usize {
    const size = (ENTRY_VALUE + <usize>this.valueBytes + <usize>keyLength + 7) & ~7;
    // An entry that fills most of a cache line gets one of its own: chunks start at one.
    return size > 48 && size < 64 ? 64 : size;
  }

  private addChunk(size: usize): void {
    if (this.chunks.length > 0) this.chunkEnds[this.chunks.length - 1] = this.next;
    const bytes = max(size, CHUNK_BYTES);
    const raw = heap.alloc(bytes + CACHE_LINE);
    this.raws.push(raw);
    this.next = (raw + CACHE_LINE - 1) & ~(CACHE_LINE - 1);
    this.end = this.next + bytes;
    this.chunks.push(this.next);
    this.chunkEnds.push(this.next);
    this.bytes += bytes + CACHE_LINE;
  }

  private grow(): void {
    const old = this.slots;
    const oldBytes = (this.mask + 1) << SLOT_SHIFT;
    this.layOut(65 - <i32>this.shift);
    this.bytes -= oldBytes;
    for (let from = old; from < old + oldBytes; from += (<usize>1) << SLOT_SHIFT) {
      const entry = load<u32>(from, SLOT_ENTRY);
      if (entry == 0) continue;
      const code = load<u64>(from);
      let slot = slotOf(code, this.shift);
      while (load<u32>(this.slots + (slot << SLOT_SHIFT), SLOT_ENTRY) != 0) {
        slot = (slot + 1) & this.mask;
      }
      store<u64>(this.slots + (slot << SLOT_SHIFT), code);
      store<u32>(this.slots + (slot << SLOT_SHIFT), entry, SLOT_ENTRY);
    }
    heap.free(old);
  }

  // @ts-ignore: decorator
  @inline
  keyOf(entry: usize): usize {
    return entry + ENTRY_VALUE + <usize>this.valueBytes;
  }

  // @ts-ignore: decorator
  @inline
  keyLength(entry: usize): i32 {
    return load<i32>(entry, ENTRY_KEY_LENGTH);
  }

  private walked: i32 = 0;

  /** First entry in order of arrival, or 0. Only one walk at a time. */
  first(): usize {
    this.walked = 0;
    return this.chunks.length == 0 ? 0 : this.chunks[0];
  }

  /** The entry behind one given by first() or after(), or 0. */
  after(entry: usize): usize {
    const next = entry + this.entryBytes(this.keyLength(entry));
    const last = this.walked == this.chunks.length - 1;
    const end = last ? this.next : this.chunkEnds[this.walked];
    if (next < end) return next;
    if (last) return 0;
    this.walked++;
    return this.chunks[this.walked];
  }

  close(): void {
    for (let i = 0; i < this.raws.length; i++) heap.free(this.raws[i]);
    heap.free(this.slots);
    this.raws = [];
    this.chunks = [];
    this.chunkEnds = [];
    this.slots = 0;
    this.count = 0;
  }
}
