/** One field of a key: the canonical encoding of key-codec.ts, for values in cells. */
import { ByteBuffer } from "./byte-buffer";
import {
  FIELD_BOOL,
  FIELD_F32,
  FIELD_F64,
  FIELD_I16,
  FIELD_I32,
  FIELD_I64,
  FIELD_I8,
} from "./row-layout";

/** Appends the field at `cell + at`. `last`: nothing follows in the key, so a text needs no end mark. */
export function writeKeyField(kind: u8, cell: usize, at: usize, last: bool, key: ByteBuffer): void {
  const place = cell + at;
  switch (kind) {
    case FIELD_BOOL:
      key.push(load<u8>(place));
      break;
    case FIELD_I8:
      key.push(load<u8>(place) ^ 0x80);
      break;
    case FIELD_I16:
      store<u16>(key.room(2), bswap<u16>(load<u16>(place) ^ 0x8000));
      key.length += 2;
      break;
    case FIELD_I32:
      store<u32>(key.room(4), bswap<u32>(load<u32>(place) ^ 0x80000000));
      key.length += 4;
      break;
    case FIELD_F32:
      store<u32>(key.room(4), bswap<u32>(sortableFloat(load<u32>(place))));
      key.length += 4;
      break;
    case FIELD_I64:
      store<u64>(key.room(8), bswap<u64>(load<u64>(place) ^ 0x8000000000000000));
      key.length += 8;
      break;
    case FIELD_F64:
      store<u64>(key.room(8), bswap<u64>(sortableDouble(load<u64>(place))));
      key.length += 8;
      break;
    default: {
      const from = load<u32>(place);
      writeText(cell + <usize>from, load<i32>(place, 4) - <i32>from, last, key);
    }
  }
}

function writeText(start: usize, length: i32, last: bool, key: ByteBuffer): void {
  if (last) {
    key.append(start, length);
    return;
  }
  for (let i = 0; i < length; i++) {
    const byte = load<u8>(start + <usize>i);
    key.push(byte);
    if (byte == 0) key.push(0xff);
  }
  key.push(0);
  key.push(0);
}

/** Reads a field from `from` into a cell; answers where the next one begins. */
export function readKeyField(
  kind: u8,
  from: usize,
  end: usize,
  last: bool,
  cell: ByteBuffer,
  at: usize,
): usize {
  const place = cell.start + at;
  switch (kind) {
    case FIELD_BOOL:
      store<u8>(place, load<u8>(from));
      return from + 1;
    case FIELD_I8:
      store<u8>(place, load<u8>(from) ^ 0x80);
      return from + 1;
    case FIELD_I16:
      store<u16>(place, bswap<u16>(load<u16>(from)) ^ 0x8000);
      return from + 2;
    case FIELD_I32:
      store<u32>(place, bswap<u32>(load<u32>(from)) ^ 0x80000000);
      return from + 4;
    case FIELD_F32:
      store<u32>(place, floatBits(bswap<u32>(load<u32>(from))));
      return from + 4;
    case FIELD_I64:
      store<u64>(place, bswap<u64>(load<u64>(from)) ^ 0x8000000000000000);
      return from + 8;
    case FIELD_F64:
      store<u64>(place, doubleBits(bswap<u64>(load<u64>(from))));
      return from + 8;
    default:
      return readText(from, end, last, cell, at);
  }
}

function readText(from: usize, end: usize, last: bool, cell: ByteBuffer, at: usize): usize {
  const begin = cell.length;
  let next = from;
  if (last) {
    cell.append(from, <i32>(end - from));
    next = end;
  } else {
    while (!(load<u8>(next) == 0 && load<u8>(next + 1) == 0)) {
      const byte = load<u8>(next);
      cell.push(byte);
      next += byte == 0 ? 2 : 1;
    }
    next += 2;
  }
  // The cell may have moved.
  store<u32>(cell.start + at, begin);
  store<u32>(cell.start + at, cell.length, 4);
  return next;
}

export function sortableFloat(bits: u32): u32 {
  if ((bits & 0x7fffffff) > 0x7f800000) return 0xffc00000;
  return bits & 0x80000000 ? ~bits : bits | 0x80000000;
}

export function sortableDouble(bits: u64): u64 {
  if ((bits & 0x7fffffffffffffff) > 0x7ff0000000000000) return 0xfff8000000000000;
  return bits & 0x8000000000000000 ? ~bits : bits | 0x8000000000000000;
}

function floatBits(sortable: u32): u32 {
  return sortable & 0x80000000 ? sortable & 0x7fffffff : ~sortable;
}

function doubleBits(sortable: u64): u64 {
  return sortable & 0x8000000000000000 ? sortable & 0x7fffffffffffffff : ~sortable;
}
