/**
 * The entries of one map state, of all keys together: each can be found, and belongs to a delta,
 * by itself; those of one key hang together in the order in which they came.
 *
 * Entry, behind what EntryStore keeps: u32 owner (the entry of the key), u32 next, u32 previous,
 * u32 length of the map's key, that key (up to 16 bytes, else its address), the value. In the
 * owner a map has a slot: u32 first, u32 last, u32 count, u32 unused.
 */
import { ChangeLog } from "./change-log";
import { ENTRY_HEADER, EntryStore, groupOf } from "./entry-store";
import { codeOfBytes, HashDirectory, slotEntry, slotMask, slotTag, tagOf } from "./hash-directory";

const MAP_OWNER: usize = ENTRY_HEADER;
const MAP_NEXT: usize = ENTRY_HEADER + 4;
const MAP_PREVIOUS: usize = ENTRY_HEADER + 8;
const MAP_KEY_LENGTH: usize = ENTRY_HEADER + 12;
const MAP_KEY: usize = ENTRY_HEADER + 16;
const MAX_INLINE: i32 = 16;
/** Where the value begins. */
export const MAP_VALUE: usize = MAP_KEY + 16;

export const MAP_SLOT_BYTES: i32 = 16;
const SLOT_LAST: usize = 4;
const SLOT_COUNT: usize = 8;

export class MapTable {
  private directory: HashDirectory = new HashDirectory();
  private entries: EntryStore;
  private keyBytes: u64 = 0;

  /** @param valueBytes bytes that a value takes in an entry */
  constructor(log: ChangeLog, valueBytes: usize) {
    this.entries = new EntryStore(log, MAP_VALUE + valueBytes);
  }

  get bytes(): u64 {
    return this.directory.bytes + this.entries.bytes + this.keyBytes;
  }

  /** The entry of a map's key, or 0. */
  find(owner: usize, key: usize, length: i32): usize {
    const tag = tagOfEntry(owner, key, length);
    const slots = this.directory.slotsOf(tag);
    const mask = slotMask(slots);
    let slot = tag & mask;
    while (true) {
      const entry = slotEntry(slots, slot);
      if (entry == 0) return 0;
      if (slotTag(slots, slot) == tag && this.holds(entry, owner, key, length)) return entry;
      slot = (slot + 1) & mask;
    }
  }

  /** Adds an entry behind the others of the owner, whose slot is at `slot`. */
  add(owner: usize, slot: usize, key: usize, length: i32): usize {
    const entry = this.entries.allocate(groupOf(owner));
    store<u32>(entry, <u32>owner, MAP_OWNER);
    store<i32>(entry, length, MAP_KEY_LENGTH);
    let target = entry + MAP_KEY;
    if (length > MAX_INLINE) {
      target = heap.alloc(length);
      this.keyBytes += length;
      store<u32>(entry, <u32>target, MAP_KEY);
    }
    memory.copy(target, key, length);
    const last = <usize>load<u32>(slot, SLOT_LAST);
    store<u32>(entry, <u32>last, MAP_PREVIOUS);
    if (last == 0) store<u32>(slot, <u32>entry);
    else store<u32>(last, <u32>entry, MAP_NEXT);
    store<u32>(slot, <u32>entry, SLOT_LAST);
    store<u32>(slot, load<u32>(slot, SLOT_COUNT) + 1, SLOT_COUNT);
    this.directory.insert(tagOfEntry(owner, key, length), entry);
    return entry;
  }

  /** Takes an entry out; what its value refers to has been freed. */
  remove(slot: usize, entry: usize): void {
    const next = <usize>load<u32>(entry, MAP_NEXT);
    const previous = <usize>load<u32>(entry, MAP_PREVIOUS);
    if (previous == 0) store<u32>(slot, <u32>next);
    else store<u32>(previous, <u32>next, MAP_NEXT);
    if (next == 0) store<u32>(slot, <u32>previous, SLOT_LAST);
    else store<u32>(next, <u32>previous, MAP_PREVIOUS);
    store<u32>(slot, load<u32>(slot, SLOT_COUNT) - 1, SLOT_COUNT);
    const key = MapTable.keyOf(entry);
    const length = MapTable.keyLength(entry);
    this.directory.remove(tagOfEntry(MapTable.ownerOf(entry), key, length), entry);
    if (length > MAX_INLINE) {
      this.keyBytes -= length;
      heap.free(key);
    }
    this.entries.free(entry);
  }

  // @ts-ignore: decorator
  @inline
  countOf(slot: usize): i32 {
    return load<i32>(slot, SLOT_COUNT);
  }

  // @ts-ignore: decorator
  @inline
  firstOf(slot: usize): usize {
    return <usize>load<u32>(slot);
  }

  // @ts-ignore: decorator
  @inline
  after(entry: usize): usize {
    return <usize>load<u32>(entry, MAP_NEXT);
  }

  static ownerOf(entry: usize): usize {
    return <usize>load<u32>(entry, MAP_OWNER);
  }

  static keyOf(entry: usize): usize {
    if (MapTable.keyLength(entry) <= MAX_INLINE) return entry + MAP_KEY;
    return <usize>load<u32>(entry, MAP_KEY);
  }

  static keyLength(entry: usize): i32 {
    return load<i32>(entry, MAP_KEY_LENGTH);
  }

  private holds(entry: usize, owner: usize, key: usize, length: i32): bool {
    if (MapTable.ownerOf(entry) != owner || MapTable.keyLength(entry) != length) return false;
    return memory.compare(MapTable.keyOf(entry), key, length) == 0;
  }

  close(): void {
    this.entries.close();
    this.directory.close();
  }
}

// @ts-ignore: decorator
@inline
function tagOfEntry(owner: usize, key: usize, length: i32): u32 {
  return tagOf(codeOfBytes(key, length) ^ (<u64>owner * 0xff51afd7ed558ccd));
}
