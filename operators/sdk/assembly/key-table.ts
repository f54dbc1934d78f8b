/**
 * An open-addressing table from encoded keys to entries of fixed size: the keyed contents of one
 * window. Entries lie in chunks in the order in which their keys came, so they can be walked in
 * an order that no growth changes, and a whole window is freed at once.
 *
 * Entry: u32 bytes, u32 hash, u32 key length, u32 flags, then the value (8-aligned), then the key.
 */

export const ENTRY_FLAGS: usize = 12;
export const ENTRY_VALUE: usize = 16;
const CHUNK_BYTES: usize = 32 * 1024;
const CACHE_LINE: usize = 64;
const FIRST_SLOTS: i32 = 64;

/** 64 bits at a time, multiply and fold (after wyhash); only decides places, never results. */
// @ts-ignore: decorator
@inline
export function hashBytes(start: usize, length: i32): u32 {
  let hash: u64 = 0x9e3779b97f4a7c15 ^ <u64>length;
  let at = start;
  let left = length;
  while (left >= 8) {
    hash = (hash ^ load<u64>(at)) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
    at += 8;
    left -= 8;
  }
  if (left > 0) {
    let tail: u64 = 0;
    if (left >= 4) {
      tail = load<u32>(at) | (<u64>load<u32>(at + <usize>left - 4) << 32);
    } else {
      tail =
        <u64>load<u8>(at) |
        (<u64>load<u8>(at + <usize>(left >> 1)) << 8) |
        (<u64>load<u8>(at + <usize>left - 1) << 16);
    }
    hash = (hash ^ tail) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  }
  return <u32>(hash * 0xc4ceb9fe1a85ec53 >> 32);
}

/** An int64 key as its encoding (key-codec.ts) lies in memory: big-endian, the sign bit flipped. */
// @ts-ignore: decorator
@inline
export function longKeyCode(value: i64): u64 {
  return bswap<u64>(<u64>value ^ 0x8000000000000000);
}

/** hashBytes of the 8 bytes of a u64. */
// @ts-ignore: decorator
@inline
function hashLongKey(key: u64): u32 {
  let hash: u64 = ((0x9e3779b97f4a7c15 ^ <u64>8) ^ key) * 0xff51afd7ed558ccd;
  hash ^= hash >> 32;
  return <u32>((hash * 0xc4ceb9fe1a85ec53) >> 32);
}

/** Where a key of 8 bytes lies while its entry is made. */
const longKey: usize = memory.data(8, 8);

// @ts-ignore: decorator
@inline
function sameBytes(a: usize, b: usize, length: i32): bool {
  // The last word overlaps the one before it, so that no byte is compared by itself.
  if (length >= 8) {
    const last = <usize>length - 8;
    for (let i: usize = 0; i < last; i += 8) {
      if (load<u64>(a + i) != load<u64>(b + i)) return false;
    }
    return load<u64>(a + last) == load<u64>(b + last);
  }
  if (length >= 4) {
    const last = <usize>length - 4;
    return load<u32>(a) == load<u32>(b) && load<u32>(a + last) == load<u32>(b + last);
  }
  for (let i: usize = 0; i < <usize>length; i++) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false;
  }
  return true;
}

export class KeyTable {
  count: i32 = 0;
  /** Whether the last find() made the entry. */
  created: bool = false;
  /** Bytes held, for the operator's account. */
  bytes: u64 = <u64>FIRST_SLOTS << 3;
  private slots: usize;
  private mask: i32;
  /** What the allocator gave for each chunk, which starts at the next cache line. */
  private raws: usize[] = [];
  private chunks: usize[] = [];
  private chunkEnds: usize[] = [];
  private next: usize = 0;
  private end: usize = 0;

  constructor(private valueBytes: i32) {
    this.mask = FIRST_SLOTS - 1;
    this.slots = heap.alloc(<usize>FIRST_SLOTS << 3);
    memory.fill(this.slots, 0, <usize>FIRST_SLOTS << 3);
  }

  /** Address of the entry of a key; a new one has flags 0 and a zeroed value. */
  find(key: usize, length: i32): usize {
    const hash = hashBytes(key, length);
    let slot = <i32>hash & this.mask;
    while (true) {
      const at = this.slots + (<usize>slot << 3);
      const entry = <usize>load<u32>(at);
      if (entry == 0) break;
      if (
        load<u32>(at, 4) == hash &&
        load<i32>(entry, 8) == length &&
        sameBytes(this.keyOf(entry), key, length)
      ) {
        this.created = false;
        return entry;
      }
      slot = (slot + 1) & this.mask;
    }
    this.created = true;
    return this.insert(key, length, hash, slot);
  }

  /** The same for a key of 8 bytes, given as the u64 that lies there. */
  // @ts-ignore: decorator
  @inline
  findLong(key: u64): usize {
    const hash = hashLongKey(key);
    const value = ENTRY_VALUE + <usize>this.valueBytes;
    const slots = this.slots;
    const mask = this.mask;
    let slot = <i32>hash & mask;
    while (true) {
      const at = slots + (<usize>slot << 3);
      const entry = <usize>load<u32>(at);
      if (entry == 0) break;
      if (load<u32>(at, 4) == hash && load<u64>(entry + value) == key) {
        this.created = false;
        return entry;
      }
      slot = (slot + 1) & mask;
    }
    return this.insertLong(key, hash, slot);
  }

  /**
   * Writes the addresses (u32) of the entries of int64 keys [from, to) of a column; stops before
   * the first key that has none and answers its index.
   */
  findLongs(data: usize, from: i32, to: i32, entries: usize): i32 {
    const value = ENTRY_VALUE + <usize>this.valueBytes;
    const slots = this.slots;
    const mask = this.mask;
    for (let i = from; i < to; i++) {
      const key = longKeyCode(load<i64>(data + (<usize>i << 3)));
      const hash = hashLongKey(key);
      let slot = <i32>hash & mask;
      let at = slots + (<usize>slot << 3);
      let entry = <usize>load<u32>(at);
      while (entry != 0 && (load<u32>(at, 4) != hash || load<u64>(entry + value) != key)) {
        slot = (slot + 1) & mask;
        at = slots + (<usize>slot << 3);
        entry = <usize>load<u32>(at);
      }
      if (entry == 0) return i;
      store<u32>(entries + (<usize>i << 2), <u32>entry);
    }
    return to;
  }

  /** The same for text keys. */
  findTexts(data: usize, offsets: usize, from: i32, to: i32, entries: usize): i32 {
    const value = ENTRY_VALUE + <usize>this.valueBytes;
    const slots = this.slots;
    const mask = this.mask;
    for (let i = from; i < to; i++) {
      const bounds = offsets + (<usize>i << 2);
      const key = data + <usize>load<u32>(bounds);
      const length = load<i32>(bounds, 4) - load<i32>(bounds);
      const hash = hashBytes(key, length);
      let slot = <i32>hash & mask;
      let entry: usize;
      while (true) {
        const at = slots + (<usize>slot << 3);
        entry = <usize>load<u32>(at);
        if (entry == 0) return i;
        if (
          load<u32>(at, 4) == hash &&
          load<i32>(entry, 8) == length &&
          sameBytes(entry + value, key, length)
        ) {
          break;
        }
        slot = (slot + 1) & mask;
      }
      store<u32>(entries + (<usize>i << 2), <u32>entry);
    }
    return to;
  }

  private insertLong(key: u64, hash: u32, slot: i32): usize {
    store<u64>(longKey, key);
    this.created = true;
    return this.insert(longKey, 8, hash, slot);
  }

  private insert(key: usize, length: i32, hash: u32, slot: i32): usize {
    let size = (ENTRY_VALUE + <usize>this.valueBytes + <usize>length + 7) & ~7;
    // An entry that fills most of a cache line gets one of its own: chunks start at one.
    if (size > 48 && size < 64) size = 64;
    if (this.next + size > this.end) this.addChunk(size);
    const entry = this.next;
    this.next += size;
    store<u32>(entry, <u32>size);
    store<u32>(entry, hash, 4);
    store<u32>(entry, length, 8);
    store<u32>(entry, 0, 12);
    memory.fill(entry + ENTRY_VALUE, 0, this.valueBytes);
    memory.copy(entry + ENTRY_VALUE + <usize>this.valueBytes, key, length);
    const at = this.slots + (<usize>slot << 3);
    store<u32>(at, <u32>entry);
    store<u32>(at, hash, 4);
    this.count++;
    if (this.count * 2 > this.mask) this.grow();
    return entry;
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
    const slots = (this.mask + 1) * 2;
    heap.free(this.slots);
    this.slots = heap.alloc(<usize>slots << 3);
    memory.fill(this.slots, 0, <usize>slots << 3);
    this.bytes += <u64>(slots - this.mask - 1) << 3;
    this.mask = slots - 1;
    for (let entry = this.first(); entry != 0; entry = this.after(entry)) {
      const hash = load<u32>(entry, 4);
      let slot = <i32>hash & this.mask;
      while (load<u32>(this.slots + (<usize>slot << 3)) != 0) slot = (slot + 1) & this.mask;
      store<u32>(this.slots + (<usize>slot << 3), <u32>entry);
      store<u32>(this.slots + (<usize>slot << 3), hash, 4);
    }
  }

  // @ts-ignore: decorator
  @inline
  keyOf(entry: usize): usize {
    return entry + ENTRY_VALUE + <usize>this.valueBytes;
  }

  // @ts-ignore: decorator
  @inline
  keyLength(entry: usize): i32 {
    return load<i32>(entry, 8);
  }

  private walked: i32 = 0;

  /** First entry in order of arrival, or 0. Only one walk at a time. */
  first(): usize {
    this.walked = 0;
    return this.chunks.length == 0 ? 0 : this.chunks[0];
  }

  /** The entry behind one given by first() or after(), or 0. */
  after(entry: usize): usize {
    const next = entry + <usize>load<u32>(entry);
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
