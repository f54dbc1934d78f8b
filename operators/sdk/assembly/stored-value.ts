/**
 * A value of any type as bytes that can be kept: a presence byte, then fixed widths as they are in a
 * column, texts and bytes behind their length (u32), elements behind their number (u32), fields one
 * after the other.
 */
import { bitAt } from "./batch-reader";
import {
  COLUMN_BYTES,
  COLUMN_CHILD_COUNT,
  COLUMN_PARAMETER1,
  COLUMN_TYPE,
  isVariable,
  TYPE_ARRAY,
  TYPE_BINARY,
  TYPE_BOOLEAN,
  TYPE_MAP,
  TYPE_ROW,
  widthShift,
} from "./layout";
import { childEntry, dataOf, isNullAt, listEnd, listStart, textLength, textStart } from "./value";
import { ValueWriter } from "./value-writer";

function fixedWidth(entry: usize): i32 {
  const type = load<u8>(entry + COLUMN_TYPE);
  const parameter = load<i32>(entry + COLUMN_PARAMETER1);
  return type == TYPE_BINARY ? parameter : 1 << widthShift(type, parameter);
}

/** Bytes that storeValue writes. */
export function valueBytes(block: usize, entry: usize, index: i32): i32 {
  if (isNullAt(block, entry, index)) return 1;
  const type = load<u8>(entry + COLUMN_TYPE);
  if (type == TYPE_BOOLEAN) return 2;
  if (isVariable(type)) return 5 + textLength(block, entry, index);
  if (type == TYPE_ARRAY || type == TYPE_MAP) {
    const child = childEntry(block, entry);
    const last = listEnd(block, entry, index);
    let bytes = 5;
    for (let i = listStart(block, entry, index); i < last; i++) bytes += valueBytes(block, child, i);
    return bytes;
  }
  if (type != TYPE_ROW) return 1 + fixedWidth(entry);
  let bytes = 1;
  const first = childEntry(block, entry);
  const count = load<i32>(entry + COLUMN_CHILD_COUNT);
  for (let i = 0; i < count; i++) bytes += valueBytes(block, first + <usize>i * COLUMN_BYTES, index);
  return bytes;
}

/** Writes the value at `index` of a column; answers the address behind it. */
export function storeValue(target: usize, block: usize, entry: usize, index: i32): usize {
  const absent = isNullAt(block, entry, index);
  store<u8>(target, absent ? 0 : 1);
  let at = target + 1;
  if (absent) return at;
  const type = load<u8>(entry + COLUMN_TYPE);
  if (type == TYPE_BOOLEAN) {
    store<u8>(at, bitAt(dataOf(block, entry), index) ? 1 : 0);
    return at + 1;
  }
  if (isVariable(type)) {
    const length = textLength(block, entry, index);
    store<u32>(at, length);
    memory.copy(at + 4, textStart(block, entry, index), length);
    return at + 4 + <usize>length;
  }
  if (type == TYPE_ARRAY || type == TYPE_MAP) {
    const child = childEntry(block, entry);
    const from = listStart(block, entry, index);
    const to = listEnd(block, entry, index);
    store<u32>(at, to - from);
    at += 4;
    for (let i = from; i < to; i++) at = storeValue(at, block, child, i);
    return at;
  }
  if (type == TYPE_ROW) {
    const first = childEntry(block, entry);
    const count = load<i32>(entry + COLUMN_CHILD_COUNT);
    for (let i = 0; i < count; i++) {
      at = storeValue(at, block, first + <usize>i * COLUMN_BYTES, index);
    }
    return at;
  }
  const width = <usize>fixedWidth(entry);
  memory.copy(at, dataOf(block, entry) + <usize>index * width, width);
  return at + width;
}

/** Adds what storeValue wrote; answers the address behind it. */
export function loadValue(source: usize, target: ValueWriter): usize {
  let at = source + 1;
  if (load<u8>(source) == 0) {
    target.addNull();
    return at;
  }
  const type = target.type;
  if (type == TYPE_BOOLEAN) {
    target.addBoolean(load<u8>(at) != 0);
    return at + 1;
  }
  if (isVariable(type)) {
    const length = load<u32>(at);
    target.addBytes(at + 4, length);
    return at + 4 + <usize>length;
  }
  if (type == TYPE_ARRAY || type == TYPE_MAP) {
    const count = load<u32>(at);
    at += 4;
    for (let i: u32 = 0; i < count; i++) at = loadValue(at, target.elements);
    target.end();
    return at;
  }
  if (type == TYPE_ROW) {
    for (let i = 0; i < target.fields.length; i++) at = loadValue(at, target.fields[i]);
    target.end();
    return at;
  }
  target.addFixed(at);
  return at + <usize>target.width;
}
