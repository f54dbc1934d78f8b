/**
 * Values of changing length in the record of a key: texts and arrays of one-file functions. A slot
 * of the record owns two buffers and writes to that which is not in use, so new values may be made
 * of old ones; buffers are kept, so memory grows with the longest value only.
 *
 * Slot: u32 value (an address within the buffer in use, or one of the marks for null and
 * undefined), u32 buffer in use, u32 spare buffer. Buffer: u32 capacity, u32 used, then the bytes.
 * A text or an array lies there as a view (js-string.ts) or a head (js-array.ts): u32 start,
 * u32 length first.
 */
import { align8 } from "./layout";

/** What a slot holds. */
export namespace SlotKind {
  export const TEXT: i32 = 0;
  export const NUMBERS: i32 = 1;
  export const TEXTS: i32 = 2;
  export const BIGINT: i32 = 3;
}
/** A slot of a record as a number: its offset and, in the lower two bits, its kind. */
const KIND_BITS: i32 = 2;
const IN_USE: usize = 4;
const SPARE: usize = 8;
const BUFFER_USED: usize = 4;
const BUFFER_HEADER: usize = 8;
/** Of a view and of a head. */
const VIEW_BYTES: usize = 16;
/** Largest address that stands for null or undefined. */
const LAST_MARK: usize = 2;
const MIN_CAPACITY: usize = 32;
const STORED_HEADER: usize = 16;

/** By how many bytes all buffers have grown since the last look. */
let grown: i64 = 0;

/** By how many bytes buffers have grown since the last call. */
export function takeGrowth(): i64 {
  const bytes = grown;
  grown = 0;
  return bytes;
}

/** Room in the buffer that is not in use. */
function room(slot: usize, bytes: usize): usize {
  let spare = <usize>load<u32>(slot, SPARE);
  if (spare == 0 || <usize>load<u32>(spare) < bytes) {
    if (spare != 0) release(spare);
    const capacity = max(bytes + (bytes >> 1), MIN_CAPACITY);
    spare = heap.alloc(capacity + BUFFER_HEADER);
    store<u32>(spare, <u32>capacity);
    grown += capacity + BUFFER_HEADER;
    store<u32>(slot, <u32>spare, SPARE);
  }
  store<u32>(spare, <u32>bytes, BUFFER_USED);
  return spare + BUFFER_HEADER;
}

function release(buffer: usize): void {
  grown -= load<u32>(buffer) + BUFFER_HEADER;
  heap.free(buffer);
}

/** Whether a value needs no copy: null, undefined, or what the slot has already. */
// @ts-ignore: decorator
@inline
function stays(slot: usize, value: usize): bool {
  return value <= LAST_MARK || value == <usize>load<u32>(slot);
}

/** Copies a text beside the slot's value; put() makes it the value. */
export function keepText(slot: usize, value: usize): usize {
  if (stays(slot, value)) return value;
  const at = room(slot, VIEW_BYTES + <usize>load<u32>(value, 4));
  copyText(at, value);
  return at;
}

/** Copies a view, and its bytes behind it; answers where they end. */
function copyText(at: usize, value: usize): usize {
  const length = <usize>load<u32>(value, 4);
  memory.copy(at, value, VIEW_BYTES);
  memory.copy(at + VIEW_BYTES, <usize>load<u32>(value), length);
  store<u32>(at, <u32>(at + VIEW_BYTES));
  return at + VIEW_BYTES + length;
}

/** The same for an array whose elements are 2^shift bytes. */
export function keepNumbers(slot: usize, value: usize, shift: i32): usize {
  if (stays(slot, value)) return value;
  const bytes = <usize>load<u32>(value, 4) << shift;
  const at = room(slot, VIEW_BYTES + bytes);
  copyHead(at, value);
  memory.copy(at + VIEW_BYTES, <usize>load<u32>(value), bytes);
  return at;
}

function copyHead(at: usize, value: usize): void {
  store<u32>(at, <u32>(at + VIEW_BYTES));
  store<u32>(at, load<u32>(value, 4), 4);
  store<u32>(at, load<u32>(value, 4), 8);
}

/** The same for an array of texts. */
export function keepTexts(slot: usize, value: usize): usize {
  if (stays(slot, value)) return value;
  const count = load<i32>(value, 4);
  const elements = <usize>load<u32>(value);
  const table = align8(count << 2);
  let bytes = VIEW_BYTES + table;
  for (let i = 0; i < count; i++) {
    const text = <usize>load<u32>(elements + (<usize>i << 2));
    if (text > LAST_MARK) bytes += VIEW_BYTES + align8(load<u32>(text, 4));
  }
  const at = room(slot, bytes);
  copyHead(at, value);
  let next = at + VIEW_BYTES + table;
  for (let i = 0; i < count; i++) {
    const text = <usize>load<u32>(elements + (<usize>i << 2));
    const target = at + VIEW_BYTES + (<usize>i << 2);
    if (text <= LAST_MARK) {
      store<u32>(target, <u32>text);
      continue;
    }
    store<u32>(target, <u32>next);
    next = (copyText(next, text) + 7) & ~7;
  }
  return at;
}

/** The same for a bigint that may be null. */
export function keepBigint(slot: usize, value: usize): usize {
  if (stays(slot, value)) return value;
  const at = room(slot, 8);
  store<i64>(at, load<i64>(value));
  return at;
}

/** Makes what keep...() gave the slot's value. */
export function put(slot: usize, value: usize): void {
  if (value == <usize>load<u32>(slot)) return;
  store<u32>(slot, <u32>value);
  if (value <= LAST_MARK) return;
  const before = load<u32>(slot, IN_USE);
  store<u32>(slot, load<u32>(slot, SPARE), IN_USE);
  store<u32>(slot, before, SPARE);
}

/** Frees what the slots of a record own. */
export function dropSlots(record: usize, slots: StaticArray<i32>): void {
  for (let i = 0; i < slots.length; i++) {
    const slot = record + <usize>(slots[i] >> KIND_BITS);
    const used = <usize>load<u32>(slot, IN_USE);
    const spare = <usize>load<u32>(slot, SPARE);
    if (used != 0) release(used);
    if (spare != 0) release(spare);
    memory.fill(slot, 0, 12);
  }
}

/** Length of what storeSlots writes. */
export function storedSlotBytes(record: usize, slots: StaticArray<i32>): i32 {
  let bytes: usize = 0;
  for (let i = 0; i < slots.length; i++) {
    bytes += STORED_HEADER + align8(<i32>usedBytes(record + <usize>(slots[i] >> KIND_BITS)));
  }
  return <i32>bytes;
}

function usedBytes(slot: usize): usize {
  if (<usize>load<u32>(slot) <= LAST_MARK) return 0;
  return <usize>load<u32>(<usize>load<u32>(slot, IN_USE), BUFFER_USED);
}

/** Writes the values of a record's slots, with the address at which they lay. */
export function storeSlots(record: usize, slots: StaticArray<i32>, target: usize): void {
  let at = target;
  for (let i = 0; i < slots.length; i++) {
    const slot = record + <usize>(slots[i] >> KIND_BITS);
    const used = usedBytes(slot);
    const value = load<u32>(slot);
    store<u32>(at, value);
    store<u32>(at, <u32>used, 4);
    store<u64>(at, 0, 8);
    if (used != 0) memory.copy(at + STORED_HEADER, <usize>value, used);
    at += STORED_HEADER + align8(<i32>used);
  }
}

/** Reads what storeSlots wrote; the record's own slots are void. */
export function loadSlots(record: usize, slots: StaticArray<i32>, source: usize): void {
  let at = source;
  for (let i = 0; i < slots.length; i++) {
    const slot = record + <usize>(slots[i] >> KIND_BITS);
    memory.fill(slot, 0, 12);
    const before = load<u32>(at);
    const used = <usize>load<u32>(at, 4);
    if (used == 0) store<u32>(slot, before);
    else {
      const value = room(slot, used);
      memory.copy(value, at + STORED_HEADER, used);
      move(value, <u32>value - before, slots[i] & ((1 << KIND_BITS) - 1));
      put(slot, value);
    }
    at += STORED_HEADER + align8(<i32>used);
  }
}

/** Adds the way that a value has moved to the addresses in it. */
function move(value: usize, by: u32, kind: i32): void {
  if (kind == SlotKind.BIGINT) return;
  store<u32>(value, load<u32>(value) + by);
  if (kind != SlotKind.TEXTS) return;
  const count = load<i32>(value, 4);
  for (let i = 0; i < count; i++) {
    const element = value + VIEW_BYTES + (<usize>i << 2);
    if (<usize>load<u32>(element) <= LAST_MARK) continue;
    const text = load<u32>(element) + by;
    store<u32>(element, text);
    store<u32>(<usize>text, load<u32>(<usize>text) + by);
  }
}
