/**
 * Hashes of keys and their key groups, by Flink's rules: Java's hashCode of the external type,
 * then MathUtils.murmurHash, then KeyGroupRangeAssignment. docs/types.md lists the hash of a type.
 */
import { BatchReader, bitAt } from "./batch-reader";
import {
  TYPE_BOOLEAN,
  TYPE_CHAR,
  TYPE_DATE,
  TYPE_DECIMAL,
  TYPE_DOUBLE,
  TYPE_FLOAT,
  TYPE_INTERVAL_DAY_SECOND,
  TYPE_INTERVAL_YEAR_MONTH,
  TYPE_SMALLINT,
  TYPE_STRING,
  TYPE_TIME,
  TYPE_TIMESTAMP,
  TYPE_TIMESTAMP_LTZ,
  TYPE_TINYINT,
  TYPE_VARCHAR,
} from "./layout";
import { OpenColumn } from "./open-config";
import { javaHash } from "./text";

/** Long.hashCode. */
// @ts-ignore: decorator
@inline
export function hashLong(value: i64): i32 {
  return <i32>(value ^ (value >>> 32));
}

/** Double.hashCode: all NaNs alike. */
// @ts-ignore: decorator
@inline
export function hashDouble(value: f64): i32 {
  return value != value ? 0x7ff80000 : hashLong(reinterpret<i64>(value));
}

/** Float.hashCode. */
// @ts-ignore: decorator
@inline
export function hashFloat(value: f32): i32 {
  return value != value ? 0x7fc00000 : reinterpret<i32>(value);
}

/** BigDecimal.hashCode: 31 times BigInteger.hashCode of the unscaled number, and the scale. */
export function hashDecimal(low: u64, high: i64, scale: i32): i32 {
  const negative = high < 0;
  // The magnitude, its words from the highest.
  const lowest = negative ? 0 - low : low;
  const highest = negative ? ~<u64>high + (low == 0 ? 1 : 0) : <u64>high;
  let hash = <i32>(highest >> 32);
  hash = hash * 31 + <i32>highest;
  hash = hash * 31 + <i32>(lowest >> 32);
  hash = hash * 31 + <i32>lowest;
  return (negative ? -hash : hash) * 31 + scale;
}

/** LocalDate.hashCode of days since 1970-01-01. */
export function hashDate(days: i64): i32 {
  // Civil date of a day number: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
  const z = days + 719468;
  const era = (z >= 0 ? z : z - 146096) / 146097;
  const dayOfEra = z - era * 146097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const mp = (5 * dayOfYear + 2) / 153;
  const day = <i32>(dayOfYear - (153 * mp + 2) / 5 + 1);
  const month = <i32>(mp < 10 ? mp + 3 : mp - 9);
  const year = <i32>(yearOfEra + era * 400) + (month <= 2 ? 1 : 0);
  return (year & 0xfffff800) ^ ((year << 11) + (month << 6) + day);
}

function floorDiv(value: i64, divisor: i64): i64 {
  const quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

// @ts-ignore: decorator
@inline
function unitsPerSecond(precision: i32): i64 {
  return precision <= 3 ? 1000 : precision <= 6 ? 1000000 : 1000000000;
}

/** LocalDateTime.hashCode: date hash xor hash of the nanosecond of the day. */
function hashTimestamp(value: i64, precision: i32): i32 {
  const perSecond = unitsPerSecond(precision);
  const perDay = perSecond * 86400;
  const day = floorDiv(value, perDay);
  const nanoOfDay = (value - day * perDay) * (1000000000 / perSecond);
  return hashDate(day) ^ hashLong(nanoOfDay);
}

/** Instant.hashCode, also Duration.hashCode. */
function hashInstant(value: i64, precision: i32): i32 {
  const perSecond = unitsPerSecond(precision);
  const seconds = floorDiv(value, perSecond);
  const nanos = <i32>((value - seconds * perSecond) * (1000000000 / perSecond));
  return hashLong(seconds) + 51 * nanos;
}

/** Hash of one value of a column; NULL hashes to 0, as Objects.hashCode. */
export function hashValue(reader: BatchReader, node: i32, column: OpenColumn, row: i32): i32 {
  const validity = reader.validity(node);
  if (validity != 0 && !bitAt(validity, row)) return 0;
  const data = reader.data(node);
  const at = <usize>row;
  const type = column.type;
  if (type >= TYPE_CHAR && type <= TYPE_STRING) {
    const offsets = reader.offsets(node) + (at << 2);
    return javaHash(data + load<u32>(offsets), data + load<u32>(offsets, 4));
  }
  switch (type) {
    case TYPE_BOOLEAN:
      return bitAt(data, row) ? 1231 : 1237;
    case TYPE_TINYINT:
      return load<i8>(data + at);
    case TYPE_SMALLINT:
      return load<i16>(data + (at << 1));
    case TYPE_FLOAT:
      return hashFloat(load<f32>(data + (at << 2)));
    case TYPE_DOUBLE:
      return hashDouble(load<f64>(data + (at << 3)));
    case TYPE_DECIMAL:
      return hashDecimal(load<u64>(data + (at << 4)), load<i64>(data + (at << 4), 8), column.p2);
    case TYPE_DATE:
      return hashDate(load<i32>(data + (at << 2)));
    case TYPE_TIME:
      return hashTime(data, at, column.p1);
    case TYPE_TIMESTAMP:
      return hashTimestamp(load<i64>(data + (at << 3)), column.p1);
    case TYPE_TIMESTAMP_LTZ:
      return hashInstant(load<i64>(data + (at << 3)), column.p1);
    case TYPE_INTERVAL_DAY_SECOND:
      return hashInstant(load<i64>(data + (at << 3)), 3);
    case TYPE_INTERVAL_YEAR_MONTH: {
      const months = load<i32>(data + (at << 2));
      return months / 12 + rotl<i32>(months % 12, 8);
    }
    default:
      return hashInteger(reader, node, column.type, data, at);
  }
}

function hashInteger(reader: BatchReader, node: i32, type: u8, data: usize, at: usize): i32 {
  return type == 4 ? load<i32>(data + (at << 2)) : hashLong(load<i64>(data + (at << 3)));
}

/** LocalTime.hashCode: Long.hashCode of the nanosecond of the day. */
function hashTime(data: usize, at: usize, precision: i32): i32 {
  if (precision <= 3) return hashLong(<i64>load<i32>(data + (at << 2)) * 1000000);
  const value = load<i64>(data + (at << 3));
  return hashLong(precision <= 6 ? value * 1000 : value);
}

/** MathUtils.murmurHash of Flink: murmur3-32 over one word, folded to a non-negative number. */
// @ts-ignore: decorator
@inline
export function murmurMix(code: i32): i32 {
  let h = <u32>code * 0xcc9e2d51;
  h = rotl<u32>(h, 15);
  h *= 0x1b873593;
  h = rotl<u32>(h, 13);
  h = h * 5 + 0xe6546b64;
  h ^= 4;
  h ^= h >>> 16;
  h *= 0x85ebca6b;
  h ^= h >>> 13;
  h *= 0xc2b2ae35;
  h ^= h >>> 16;
  const mixed = <i32>h;
  if (mixed >= 0) return mixed;
  return mixed == i32.MIN_VALUE ? 0 : -mixed;
}

/** KeyGroupRangeAssignment.computeKeyGroupForKeyHash. */
// @ts-ignore: decorator
@inline
export function keyGroupOf(hash: i32, maxParallelism: i32): i32 {
  return murmurMix(hash) % maxParallelism;
}

/** KeyGroupRangeAssignment.computeOperatorIndexForKeyGroup. */
// @ts-ignore: decorator
@inline
export function subtaskOf(keyGroup: i32, maxParallelism: i32, parallelism: i32): i32 {
  return (keyGroup * parallelism) / maxParallelism;
}

/**
 * Hashes of the keys of rows [from, to) of the visiting order into `hashes` (i32 each): the first
 * column's hash, then 31 * h + hash of the next, as Flink's tuples.
 */
export function hashKeys(
  reader: BatchReader,
  columns: OpenColumn[],
  keys: i32[],
  from: i32,
  to: i32,
  hashes: usize,
): void {
  for (let k = 0; k < keys.length; k++) {
    const node = keys[k];
    const column = columns[node];
    const plain = reader.validity(node) == 0 && reader.selection == 0;
    if (k == 0 && plain && column.type == 5) {
      hashLongs(reader.data(node), from, to, hashes);
    } else if (k == 0 && plain && column.type >= TYPE_CHAR && column.type <= TYPE_STRING) {
      hashTexts(reader.data(node), reader.offsets(node), from, to, hashes);
    } else {
      for (let i = from; i < to; i++) {
        const at = hashes + (<usize>i << 2);
        const hash = hashValue(reader, node, column, reader.physical(i));
        store<i32>(at, k == 0 ? hash : load<i32>(at) * 31 + hash);
      }
    }
  }
}

function hashLongs(data: usize, from: i32, to: i32, hashes: usize): void {
  let i = <usize>from;
  for (; i + 4 <= <usize>to; i += 4) {
    const a = v128.load(data + (i << 3));
    const b = v128.load(data + (i << 3), 16);
    const low = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
    v128.store(hashes + (i << 2), v128.xor(low, v128.shuffle<i32>(a, b, 1, 3, 5, 7)));
  }
  for (; i < <usize>to; i++) {
    store<i32>(hashes + (i << 2), hashLong(load<i64>(data + (i << 3))));
  }
}

/**
 * Replaces the hashes of rows [from, to) by the channels, of `channels`, that their key groups go to
 * (keyGroupOf, subtaskOf). Where the number of key groups is a power of two, four at a time.
 */
export function channelsOf(
  hashes: usize,
  from: i32,
  to: i32,
  maxParallelism: i32,
  channels: i32,
): void {
  let i = <usize>from;
  if ((maxParallelism & (maxParallelism - 1)) == 0) {
    const shift = ctz<i32>(maxParallelism);
    const mask = i32x4.splat(maxParallelism - 1);
    const factor = i32x4.splat(channels);
    for (; i + 4 <= <usize>to; i += 4) {
      const at = hashes + (i << 2);
      const groups = v128.and(murmurMixFour(v128.load(at)), mask);
      v128.store(at, i32x4.shr_u(i32x4.mul(groups, factor), shift));
    }
  }
  for (; i < <usize>to; i++) {
    const at = hashes + (i << 2);
    const group = keyGroupOf(load<i32>(at), maxParallelism);
    store<i32>(at, subtaskOf(group, maxParallelism, channels));
  }
}

// V8 builds a v128 constant from two registers at each use; a broadcast load is one instruction.
const MIX: usize = memory.data<u32>([
  0xcc9e2d51, 0x1b873593, 5, 0xe6546b64, 4, 0x85ebca6b, 0xc2b2ae35,
]);

// @ts-ignore: decorator
@inline
function mixConstant(index: usize): v128 {
  return v128.load32_splat(MIX + (index << 2));
}

// @ts-ignore: decorator
@inline
function rotateFour(v: v128, n: i32): v128 {
  return v128.or(i32x4.shl(v, n), i32x4.shr_u(v, 32 - n));
}

/**
 * murmurMix of four hashes, but for the smallest int, which stays: its remainder by a power of two
 * is 0, as that of the 0 that murmurMix gives.
 */
// @ts-ignore: decorator
@inline
function murmurMixFour(hashes: v128): v128 {
  let h = i32x4.mul(hashes, mixConstant(0));
  h = i32x4.mul(rotateFour(h, 15), mixConstant(1));
  h = i32x4.add(i32x4.mul(rotateFour(h, 13), mixConstant(2)), mixConstant(3));
  h = v128.xor(h, mixConstant(4));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), mixConstant(5));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 13)), mixConstant(6));
  return i32x4.abs(v128.xor(h, i32x4.shr_u(h, 16)));
}

function hashTexts(data: usize, offsets: usize, from: i32, to: i32, hashes: usize): void {
  for (let i = <usize>from; i < <usize>to; i++) {
    const at = offsets + (i << 2);
    store<i32>(hashes + (i << 2), javaHash(data + load<u32>(at), data + load<u32>(at, 4)));
  }
}
