/**
 * Keyed state in linear memory: from a key, and in windows a namespace, to an entry that holds what
 * all states of the operator keep for it. One lookup serves every state of a key.
 *
 * Entry, behind what EntryStore keeps: u32 states present, u32 children (map entries and timers), the
 * key, the namespace (0 or 16 bytes), the times of timers that it holds itself, the values. An int64 key takes 8 bytes; other
 * keys 24: u32 length, then up to 20 bytes, or at the next multiple of 8 the address of a longer key.
 */
import { longKeyCode } from "../key-table";
import { CHUNK_ROWS } from "../operator";
import { ChangeLog } from "./change-log";
import { ENTRY_HEADER, EntryStore } from "./entry-store";
import {
  codeOfBytes,
  COMMON_MASK,
  HashDirectory,
  slotEntry,
  slotMask,
  slotTag,
  tagOf,
} from "./hash-directory";

/** Bit i: the state registered as the i-th has a value. */
export const ENTRY_PRESENT: usize = ENTRY_HEADER;
/** Map entries and timers of the key. */
export const ENTRY_CHILDREN: usize = ENTRY_HEADER + 4;
const ENTRY_KEY: usize = ENTRY_HEADER + 8;
export const WINDOW_NAMESPACE: usize = 16;

const TIMER_TIME_BYTES: usize = 8;
const LONG_KEY_BYTES: usize = 8;
const KEY_BYTES: usize = 24;
const KEY_INLINE: usize = 4;
const MAX_INLINE: i32 = 20;
const KEY_POINTER: usize = 8;
const CACHE_LINE: usize = 64;

/** Mixes a window into the code of a key. */
// @ts-ignore: decorator
@inline
function codeWithNamespace(code: u64, namespace: usize): u64 {
  const start = load<u64>(namespace) * 0xff51afd7ed558ccd;
  const end = load<u64>(namespace, 8) * 0xc4ceb9fe1a85ec53;
  return code ^ (start ^ (start >> 29)) ^ ((end << 17) | (end >> 47));
}

export class StateTable {
  private directory: HashDirectory = new HashDirectory();
  readonly entries!: EntryStore;
  /** Where the values begin in an entry. */
  readonly valueOffset: usize;
  /** Where an entry holds a timer of each domain (i64 each); 0: it holds none. */
  readonly timerOffset: usize;
  private namespaceOffset: usize;
  /** What touch() read: so that it is not left out. */
  private touched: u64 = 0;
  /** Bytes of keys that lie outside of their entries. */
  private keyBytes: u64 = 0;

  /**
   * @param longs keys are encoded int64 (KeyCodec.longKey)
   * @param namespaceBytes 0, or WINDOW_NAMESPACE
   * @param valueBytes bytes that the values take in an entry
   * @param timerDomains time domains in which an entry holds a timer itself
   * @param byKey entries are looked up by their key alone: a key may have several, whose namespaces
   *   may change (windows that merge)
   */
  constructor(
    log: ChangeLog,
    readonly longs: bool,
    readonly namespaceBytes: usize,
    valueBytes: usize,
    timerDomains: usize = 0,
    readonly byKey: bool = false,
  ) {
    if (namespaceBytes == 0) this.byKey = true;
    this.namespaceOffset = ENTRY_KEY + (longs ? LONG_KEY_BYTES : KEY_BYTES);
    const head = this.namespaceOffset + namespaceBytes;
    this.timerOffset = timerDomains == 0 ? 0 : head;
    this.valueOffset = head + timerDomains * TIMER_TIME_BYTES;
    let size = (this.valueOffset + valueBytes + 7) & ~7;
    // An entry that fills most of a cache line gets one of its own.
    if (size > 48 && size < CACHE_LINE) size = CACHE_LINE;
    this.entries = new EntryStore(log, size);
  }

  get count(): i32 {
    return this.entries.count;
  }

  get bytes(): u64 {
    return this.directory.bytes + this.entries.bytes + this.keyBytes;
  }

  /** The entry of an encoded key (and, with namespaces, of a window), or 0. */
  find(key: usize, length: i32, namespace: usize = 0): usize {
    if (this.byKey && this.longs) return this.findLong(rawLong(key));
    return this.findTagged(this.tagOfKey(key, length, namespace), key, length, namespace);
  }

  private findTagged(tag: u32, key: usize, length: i32, namespace: usize): usize {
    const slots = this.directory.slotsOf(tag);
    const mask = slotMask(slots);
    let slot = tag & mask;
    while (true) {
      const entry = slotEntry(slots, slot);
      if (entry == 0) return 0;
      if (slotTag(slots, slot) == tag && this.holds(entry, key, length, namespace)) return entry;
      slot = (slot + 1) & mask;
    }
  }

  /** The entry of an int64 key, or 0: of a table of such keys that is looked up by them alone. */
  // @ts-ignore: decorator
  @inline
  findLong(key: i64): usize {
    const tag = tagOf(<u64>key);
    const code = longKeyCode(key);
    const slots = this.directory.slotsOf(tag);
    const mask = slotMask(slots);
    let slot = tag & mask;
    while (true) {
      const entry = slotEntry(slots, slot);
      if (entry == 0) return 0;
      if (slotTag(slots, slot) == tag && load<u64>(entry, LONG_KEY_OFFSET) == code) return entry;
      slot = (slot + 1) & mask;
    }
  }

  /** Appends all entries of a key to `found`, in no particular order: of a table looked up by key. */
  findAll(key: usize, length: i32, found: usize[]): void {
    const tag = this.tagOfKey(key, length, 0);
    const slots = this.directory.slotsOf(tag);
    const mask = slotMask(slots);
    for (let slot = tag & mask; ; slot = (slot + 1) & mask) {
      const entry = slotEntry(slots, slot);
      if (entry == 0) return;
      if (slotTag(slots, slot) == tag && this.holds(entry, key, length, 0)) found.push(entry);
    }
  }

  /** Adds an entry for a key that has none. */
  add(group: i32, key: usize, length: i32, namespace: usize = 0): usize {
    const entry = this.entries.allocate(group);
    if (this.namespaceBytes != 0) memory.copy(entry + this.namespaceOffset, namespace, this.namespaceBytes);
    this.storeKey(entry, key, length);
    this.directory.insert(this.tagOfKey(key, length, namespace), entry);
    return entry;
  }

  /** Takes an entry out; what its values refer to has been freed. */
  remove(entry: usize): void {
    const tag = this.tagOfKey(this.keyOf(entry), this.keyLength(entry), this.namespaceOf(entry));
    this.directory.remove(tag, entry);
    this.freeKey(entry);
    this.entries.free(entry);
  }

  /**
   * Writes the entries (u32, 0: none) of int64 keys [from, to) of a column, and touches each, so
   * that the misses of many keys overlap.
   */
  locateLongs(data: usize, from: i32, to: i32, entries: usize): void {
    for (let start = from; start < to; start += CHUNK_ROWS) {
      const end = min(to, start + CHUNK_ROWS);
      if (this.directory.isCommon) this.guessLongs(data, start, end, entries);
      else memory.fill(entries + (<usize>start << 2), 0, <usize>(end - start) << 2);
      this.touch(entries, start, end);
      for (let row = start; row < end; row++) {
        const at = entries + (<usize>row << 2);
        const key = load<i64>(data + (<usize>row << 3));
        const entry = <usize>load<u32>(at);
        if (entry != 0 && load<u64>(entry, LONG_KEY_OFFSET) == longKeyCode(key)) continue;
        store<u32>(at, <u32>this.findLong(key));
      }
    }
  }

  /** Reads from each entry: what compares keys branches, and their misses would overlap less. */
  // @ts-ignore: decorator
  @inline
  private touch(entries: usize, from: i32, to: i32): void {
    let sum: u64 = 0;
    for (let row = from; row < to; row++) {
      sum += load<u64>(<usize>load<u32>(entries + (<usize>row << 2)), LONG_KEY_OFFSET);
    }
    this.touched = sum;
  }

  /**
   * Writes the entry that a tag names in a key's first two slots, which mostly lie in one cache line:
   * nothing branches on the data, so the misses of many keys overlap.
   */
  private guessLongs(data: usize, from: i32, to: i32, entries: usize): void {
    const directory = this.directory;
    for (let row = from; row < to; row++) {
      const tag = tagOf(load<u64>(data + (<usize>row << 3)));
      store<u32>(entries + (<usize>row << 2), guess(directory.slotsOf(tag), tag));
    }
  }

  /** The same for keys that are one text. */
  locateTexts(data: usize, offsets: usize, from: i32, to: i32, entries: usize): void {
    const directory = this.directory;
    const isCommon = directory.isCommon;
    for (let row = from; row < to; row++) {
      const bounds = offsets + (<usize>row << 2);
      const start = data + <usize>load<u32>(bounds);
      const length = load<i32>(bounds, 4) - load<i32>(bounds);
      const tag = tagOf(codeOfBytes(start, length));
      const at = entries + (<usize>row << 2);
      store<u32>(at, isCommon ? guess(directory.slotsOf(tag), tag) : 0);
    }
    this.touch(entries, from, to);
    for (let row = from; row < to; row++) {
      const bounds = offsets + (<usize>row << 2);
      const start = data + <usize>load<u32>(bounds);
      const length = load<i32>(bounds, 4) - load<i32>(bounds);
      const at = entries + (<usize>row << 2);
      const entry = <usize>load<u32>(at);
      if (entry != 0 && this.holds(entry, start, length, 0)) continue;
      store<u32>(at, <u32>this.findTagged(tagOf(codeOfBytes(start, length)), start, length, 0));
    }
  }

  /** Reads from the slot that an entry is found by: remove() will not wait for it then. */
  // @ts-ignore: decorator
  @inline
  touchSlot(entry: usize): u32 {
    const tag = this.tagOfKey(this.keyOf(entry), this.keyLength(entry), this.namespaceOf(entry));
    return this.directory.touch(tag);
  }

  /** The encoded key of an entry. */
  // @ts-ignore: decorator
  @inline
  keyOf(entry: usize): usize {
    if (this.longs) return entry + ENTRY_KEY;
    if (load<i32>(entry + ENTRY_KEY) <= MAX_INLINE) return entry + ENTRY_KEY + KEY_INLINE;
    return <usize>load<u32>(entry + ENTRY_KEY, KEY_POINTER);
  }

  // @ts-ignore: decorator
  @inline
  keyLength(entry: usize): i32 {
    return this.longs ? 8 : load<i32>(entry + ENTRY_KEY);
  }

  /** Address of an entry's window: i64 start, i64 end. Only with namespaces. */
  // @ts-ignore: decorator
  @inline
  namespaceOf(entry: usize): usize {
    return entry + this.namespaceOffset;
  }

  private tagOfKey(key: usize, length: i32, namespace: usize): u32 {
    const code = this.longs ? <u64>rawLong(key) : codeOfBytes(key, length);
    return tagOf(this.byKey ? code : codeWithNamespace(code, namespace));
  }

  private holds(entry: usize, key: usize, length: i32, namespace: usize): bool {
    if (this.keyLength(entry) != length) return false;
    if (!sameBytes(this.keyOf(entry), key, length)) return false;
    if (this.byKey) return true;
    return memory.compare(this.namespaceOf(entry), namespace, this.namespaceBytes) == 0;
  }

  private storeKey(entry: usize, key: usize, length: i32): void {
    const at = entry + ENTRY_KEY;
    if (this.longs) {
      store<u64>(at, load<u64>(key));
      return;
    }
    store<i32>(at, length);
    let target = at + KEY_INLINE;
    if (length > MAX_INLINE) {
      target = heap.alloc(length);
      this.keyBytes += length;
      store<u32>(at, <u32>target, KEY_POINTER);
    }
    memory.copy(target, key, length);
  }

  private freeKey(entry: usize): void {
    if (this.longs || this.keyLength(entry) <= MAX_INLINE) return;
    this.keyBytes -= this.keyLength(entry);
    heap.free(this.keyOf(entry));
  }

  close(): void {
    for (let group = this.entries.groupStart; group <= this.entries.groupEnd; group++) {
      for (let slab = this.entries.slabAfter(group, 0); slab != 0; ) {
        let entry = this.entries.after(group, 0, slab);
        for (; entry != 0; entry = this.entries.after(group, entry, slab)) this.freeKey(entry);
        slab = this.entries.slabAfter(group, slab);
      }
    }
    this.entries.close();
    this.directory.close();
  }
}

/** Key of an entry in a table of int64 keys. */
const LONG_KEY_OFFSET: usize = ENTRY_KEY;

/** memory.compare() goes byte by byte where the two lie differently: this does 8 at a time. */
// @ts-ignore: decorator
@inline
function sameBytes(a: usize, b: usize, length: i32): bool {
  if (length < 8) return memory.compare(a, b, length) == 0;
  const last = <usize>length - 8;
  for (let i: usize = 0; i < last; i += 8) {
    if (load<u64>(a + i) != load<u64>(b + i)) return false;
  }
  return load<u64>(a + last) == load<u64>(b + last);
}

/** The entry that a tag names in its first two slots of a segment of the common size, or 0. */
// @ts-ignore: decorator
@inline
function guess(slots: usize, tag: u32): u32 {
  const first = load<u64>(slots + (<usize>(tag & COMMON_MASK) << 3));
  const second = load<u64>(slots + (<usize>((tag + 1) & COMMON_MASK) << 3));
  const other = select<u32>(<u32>(second >> 32), 0, <u32>second == tag);
  return select<u32>(<u32>(first >> 32), other, <u32>first == tag);
}

/** The int64 of an encoded key. */
// @ts-ignore: decorator
@inline
function rawLong(key: usize): i64 {
  return <i64>(bswap<u64>(load<u64>(key)) ^ 0x8000000000000000);
}

/** Order of two entries' keys: that of their encodings. */
export function compareKeys(table: StateTable, a: usize, b: usize): i32 {
  if (table.longs) {
    const x = bswap<u64>(load<u64>(a, LONG_KEY_OFFSET));
    const y = bswap<u64>(load<u64>(b, LONG_KEY_OFFSET));
    return x < y ? -1 : x > y ? 1 : 0;
  }
  const left = table.keyLength(a);
  const right = table.keyLength(b);
  const order = memory.compare(table.keyOf(a), table.keyOf(b), min(left, right));
  return order != 0 ? order : left - right;
}
