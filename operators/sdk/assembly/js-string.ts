/**
 * Strings of one-file functions: stored as UTF-8, seen as JavaScript sees them, in UTF-16 units.
 *
 * Bytes are WTF-8: UTF-8 in which half a surrogate pair is three bytes (ED A0..BF xx) and two
 * halves side by side are always one pair; so equal strings have equal bytes. `units` is known per
 * value once asked for; where it equals `length`, the text is ASCII and every index is constant
 * time. Semantics: ECMA-262, String objects.
 */
import { cells, fail, growsInPlace, keepTextBytes, textBytes } from "./js-memory";
import { Text } from "./text";
import { writeCodePoint } from "./utf8";

/** A view; its first two fields are those of Text. */
@unmanaged
export class JsString {
  start: usize;
  /** In bytes. */
  length: i32;
  /** UTF-16 units, -1: not counted yet. */
  units: i32;
  /** Whether half a pair may be in it. */
  torn: u32;
}

/** What stands for null and undefined where a reference is expected. */
export const NULL_AT: usize = 1;
export const UNDEFINED_AT: usize = 2;

/** Whether a reference is null or undefined. */
// @ts-ignore: decorator
@inline
export function isNil<T>(value: T): bool {
  return changetype<usize>(value) <= UNDEFINED_AT;
}

/** Most bytes of a string: JavaScript's limit in V8 is 2^29 - 24 units. */
const STRING_MAX_BYTES: u64 = 0x1fffffe8;

// @ts-ignore: decorator
@inline
export function view(start: usize, length: i32, units: i32, torn: u32): JsString {
  const at = changetype<JsString>(cells(16));
  at.start = start;
  at.length = length;
  at.units = units;
  at.torn = torn;
  return at;
}

/** The value of a text column. */
// @ts-ignore: decorator
@inline
export function column(text: Text): JsString {
  return view(text.start, text.length, -1, 0);
}

/** The value as it leaves the function: half a pair becomes U+FFFD (String.toWellFormed). */
// @ts-ignore: decorator
@inline
export function leave(value: JsString): Text {
  return changetype<Text>(value.torn ? wellFormed(value) : value);
}

/** String.prototype.toWellFormed */
export function wellFormed(value: JsString): JsString {
  if (!value.torn) return value;
  const at = textBytes(value.length);
  memory.copy(at, value.start, value.length);
  for (let i = 0; i + 2 < value.length; i++) {
    if (load<u8>(at + <usize>i) == 0xed && load<u8>(at + <usize>i, 1) >= 0xa0) {
      store<u16>(at + <usize>i, 0xbfef);
      store<u8>(at + <usize>i, 0xbd, 2);
    }
  }
  return view(at, value.length, value.units, 0);
}

/** String.prototype.isWellFormed */
export function isWellFormed(value: JsString): bool {
  if (!value.torn) return true;
  for (let i = 0; i + 2 < value.length; i++) {
    const at = value.start + <usize>i;
    if (load<u8>(at) == 0xed && load<u8>(at, 1) >= 0xa0) return false;
  }
  return true;
}

/** A literal; made once, before the first row. */
export function literal(text: string): JsString {
  return fromUnits(changetype<usize>(text), text.length);
}

/** The string of UTF-16 units in memory. */
export function fromUnits(units: usize, count: i32): JsString {
  const at = textBytes((<usize>count) * 3);
  let to = at;
  let torn: u32 = 0;
  for (let i = 0; i < count; i++) {
    let point = <u32>load<u16>(units + ((<usize>i) << 1));
    if ((point & 0xfc00) == 0xd800 && i + 1 < count) {
      const low = <u32>load<u16>(units + ((<usize>i) << 1), 2);
      if ((low & 0xfc00) == 0xdc00) {
        point = 0x10000 + ((point & 0x3ff) << 10) + (low & 0x3ff);
        i++;
      }
    }
    if ((point & 0xfffff800) == 0xd800) torn = 1;
    to += writeCodePoint(to, point);
  }
  keepTextBytes(at, to - at);
  return view(at, <i32>(to - at), count, torn);
}

/** The UTF-16 units of a string, in memory of this row. */
export function toUnits(value: JsString): usize {
  const count = unitsOf(value);
  const target = cells((<usize>count) << 1);
  let at = value.start;
  const end = at + value.length;
  let to = target;
  while (at < end) {
    const point = pointAt(at);
    at += widthAt(at);
    if (point >= 0x10000) {
      store<u16>(to, <u16>(0xd800 | ((point - 0x10000) >> 10)));
      store<u16>(to, <u16>(0xdc00 | (point & 0x3ff)), 2);
      to += 4;
    } else {
      store<u16>(to, <u16>point);
      to += 2;
    }
  }
  return target;
}

/** Bytes of the character that begins at `at`. */
// @ts-ignore: decorator
@inline
export function widthAt(at: usize): usize {
  const lead = load<u8>(at);
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** The code point that begins at `at`. */
export function pointAt(at: usize): u32 {
  const lead = <u32>load<u8>(at);
  if (lead < 0x80) return lead;
  const second = <u32>load<u8>(at, 1) & 0x3f;
  if (lead < 0xe0) return ((lead & 0x1f) << 6) | second;
  const third = <u32>load<u8>(at, 2) & 0x3f;
  if (lead < 0xf0) return ((lead & 0x0f) << 12) | (second << 6) | third;
  return ((lead & 7) << 18) | (second << 12) | (third << 6) | (<u32>load<u8>(at, 3) & 0x3f);
}

/** String.prototype.length: counted once per value. */
// @ts-ignore: decorator
@inline
export function unitsOf(value: JsString): i32 {
  return value.units >= 0 ? value.units : countUnits(value);
}

function countUnits(value: JsString): i32 {
  let at = value.start;
  const end = at + value.length;
  // A unit for each byte that begins a character, two for those of four bytes.
  let continued = 0;
  let wide = 0;
  const readable = <usize>memory.size() << 16;
  while (at < end) {
    if (at + 16 > readable) return countLast(value, at, continued, wide);
    const bytes = v128.load(at);
    const rest = end - at;
    const mask = rest >= 16 ? 0xffff : (1 << <i32>rest) - 1;
    at += 16;
    const high = i8x16.bitmask(bytes) & mask;
    if (high == 0) continue;
    continued += popcnt(i8x16.bitmask(i8x16.lt_s(bytes, i8x16.splat(-64))) & mask);
    wide += popcnt(i8x16.bitmask(i8x16.ge_u(bytes, i8x16.splat(<i8>0xf0))) & mask);
  }
  value.units = value.length - continued + wide;
  return value.units;
}

/** The end of a text that lies at the end of memory. */
function countLast(value: JsString, from: usize, continuedBefore: i32, wideBefore: i32): i32 {
  let continued = continuedBefore;
  let wide = wideBefore;
  for (let at = from; at < value.start + <usize>value.length; at++) {
    const byte = load<u8>(at);
    if ((byte & 0xc0) == 0x80) continued++;
    else if (byte >= 0xf0) wide++;
  }
  value.units = value.length - continued + wide;
  return value.units;
}

/** Whether every index is constant time. */
// @ts-ignore: decorator
@inline
export function isAscii(value: JsString): bool {
  return unitsOf(value) == value.length;
}

/** Whether the first `end` bytes are there and ASCII, so that they are as many units: sixteen at once. */
// @ts-ignore: decorator
@inline
export function asciiUpTo(value: JsString, end: i32): bool {
  if (value.units < 0 && end <= 16 && end <= value.length) {
    const readable = <usize>memory.size() << 16;
    if (value.start + 16 <= readable) {
      const mask = (1 << end) - 1;
      if ((i8x16.bitmask(v128.load(value.start)) & mask) == 0) return true;
    }
  }
  return isAscii(value);
}

/** `index` where a unit stands, else -1; a text has a first unit if it has a byte. */
// @ts-ignore: decorator
@inline
export function unitWithin(value: JsString, index: i32): i32 {
  if (index == 0) return value.length > 0 ? 0 : -1;
  return <u32>index < <u32>unitsOf(value) ? index : -1;
}

/** Whether the last unitPosition lies behind the first half of a pair. */
export let insidePair: bool = false;

/** Address of the character that holds unit `unit`, 0 <= unit <= units. */
export function unitPosition(value: JsString, unit: i32): usize {
  insidePair = false;
  if (isAscii(value)) return value.start + <usize>unit;
  let at = value.start;
  let left = unit;
  while (left > 0) {
    const width = widthAt(at);
    if (width == 4) {
      if (left == 1) {
        insidePair = true;
        return at;
      }
      left--;
    }
    left--;
    at += width;
  }
  return at;
}

/** Units [from, to), 0 <= from <= to <= units. */
export function unitSlice(value: JsString, from: i32, to: i32): JsString {
  if (isAscii(value)) return view(value.start + <usize>from, to - from, to - from, 0);
  if (from == to) return view(value.start, 0, 0, 0);
  const begin = unitPosition(value, from);
  const beginTorn = insidePair;
  const end = unitPosition(value, to);
  const endTorn = insidePair;
  if (!beginTorn && !endTorn) return view(begin, <i32>(end - begin), to - from, value.torn);
  const bytes = textBytes(end - begin + 8);
  let target = bytes;
  let source = begin;
  if (beginTorn) {
    target += writeCodePoint(target, 0xdc00 | (pointAt(begin) & 0x3ff));
    source += 4;
  }
  if (end > source) {
    memory.copy(target, source, end - source);
    target += end - source;
  }
  if (endTorn) target += writeCodePoint(target, 0xd800 | ((pointAt(end) - 0x10000) >> 10));
  keepTextBytes(bytes, target - bytes);
  return view(bytes, <i32>(target - bytes), to - from, 1);
}

/** The unit at `unit`, 0 <= unit < units. */
// @ts-ignore: decorator
@inline
export function unitAt(value: JsString, unit: i32): u32 {
  if (unit == 0 && load<i8>(value.start) >= 0) return load<u8>(value.start);
  return isAscii(value) ? <u32>load<u8>(value.start + <usize>unit) : unitAtWide(value, unit);
}

function unitAtWide(value: JsString, unit: i32): u32 {
  const at = unitPosition(value, unit);
  const point = pointAt(at);
  if (insidePair) return 0xdc00 | (point & 0x3ff);
  return point >= 0x10000 ? 0xd800 | ((point - 0x10000) >> 10) : point;
}

/** === */
// @ts-ignore: decorator
@inline
export function equal(a: JsString, b: JsString): bool {
  return a.length == b.length && memory.compare(a.start, b.start, a.length) == 0;
}

/** === where either may be null or undefined. */
export function equalOptional(a: JsString, b: JsString): bool {
  if (isNil(a) || isNil(b)) return changetype<usize>(a) == changetype<usize>(b);
  return equal(a, b);
}

/** Order of the UTF-16 units, as `<` has it: negative, 0, positive. */
export function compare(a: JsString, b: JsString): i32 {
  const shared = min(a.length, b.length);
  let i: usize = 0;
  while (i < <usize>shared && load<u8>(a.start + i) == load<u8>(b.start + i)) i++;
  if (i == <usize>shared) return a.length - b.length;
  const left = <i32>load<u8>(a.start + i);
  const right = <i32>load<u8>(b.start + i);
  // Below U+D800 the order of bytes is that of units.
  if (left < 0xed && right < 0xed && (left & 0xc0) != 0x80 && (right & 0xc0) != 0x80) {
    return left - right;
  }
  return compareUnits(a, b, i);
}

function compareUnits(a: JsString, b: JsString, difference: usize): i32 {
  let from = difference;
  while (from > 0 && (load<u8>(a.start + from) & 0xc0) == 0x80) from--;
  const left = view(a.start + from, a.length - <i32>from, -1, 1);
  const right = view(b.start + from, b.length - <i32>from, -1, 1);
  const leftUnits = toUnits(left);
  const rightUnits = toUnits(right);
  const count = min(unitsOf(left), unitsOf(right));
  for (let i = 0; i < count; i++) {
    const order =
      <i32>load<u16>(leftUnits + ((<usize>i) << 1)) - <i32>load<u16>(rightUnits + ((<usize>i) << 1));
    if (order != 0) return order;
  }
  return unitsOf(left) - unitsOf(right);
}

/** Copies a short text 8 bytes at a time: memory.copy is a call. */
// @ts-ignore: decorator
@inline
function copyText(target: usize, source: usize, length: i32): void {
  if (length > 16 || source + 24 > <usize>memory.size() << 16) {
    memory.copy(target, source, length);
    return;
  }
  store<u64>(target, load<u64>(source));
  if (length > 8) store<u64>(target, load<u64>(source, 8), 8);
}

/** a + b. What was made last grows where it lies. */
export function concat(a: JsString, b: JsString): JsString {
  if (b.length == 0) return a;
  if (a.length == 0) return b;
  if (<u64>a.length + <u64>b.length > STRING_MAX_BYTES) {
    fail("RangeError: Invalid string length");
    return a;
  }
  if (a.torn & b.torn && meetInPair(a, b)) return concatPair(a, b);
  const units = a.units >= 0 && b.units >= 0 ? a.units + b.units : -1;
  const length = a.length + b.length;
  const end = a.start + <usize>a.length;
  if (growsInPlace(end, b.length)) {
    textBytes(b.length);
    copyText(end, b.start, b.length);
    return view(a.start, length, units, a.torn | b.torn);
  }
  const at = textBytes(length);
  copyText(at, a.start, a.length);
  copyText(at + <usize>a.length, b.start, b.length);
  return view(at, length, units, a.torn | b.torn);
}

/** a + b + c, copied once. */
export function concat3(a: JsString, b: JsString, c: JsString): JsString {
  const length = <u64>a.length + <u64>b.length + <u64>c.length;
  if ((a.torn | b.torn | c.torn) != 0 || length > STRING_MAX_BYTES) {
    return concat(concat(a, b), c);
  }
  const known = a.units >= 0 && b.units >= 0 && c.units >= 0;
  const at = textBytes(<usize>length);
  copyText(at, a.start, a.length);
  copyText(at + <usize>a.length, b.start, b.length);
  copyText(at + <usize>(a.length + b.length), c.start, c.length);
  return view(at, <i32>length, known ? a.units + b.units + c.units : -1, 0);
}

function meetInPair(a: JsString, b: JsString): bool {
  if (a.length < 3 || b.length < 3) return false;
  const last = a.start + <usize>a.length - 3;
  if (load<u8>(last) != 0xed || load<u8>(b.start) != 0xed) return false;
  return (load<u8>(last, 1) & 0xf0) == 0xa0 && load<u8>(b.start, 1) >= 0xb0;
}

function concatPair(a: JsString, b: JsString): JsString {
  const length = a.length + b.length - 2;
  const at = textBytes(length);
  const head = <usize>a.length - 3;
  memory.copy(at, a.start, head);
  const high = pointAt(a.start + head) & 0x3ff;
  writeCodePoint(at + head, 0x10000 + (high << 10) + (pointAt(b.start) & 0x3ff));
  memory.copy(at + head + 4, b.start + 3, b.length - 3);
  return view(at, length, -1, 1);
}

/** A managed copy, well-formed: messages of errors. */
export function managed(value: JsString): string {
  const text = wellFormed(value);
  return String.UTF8.decodeUnsafe(text.start, text.length);
}

/** The code point at unit `unit` as codePointAt has it: a pair, or one unit. */
export function pointOf(value: JsString, unit: i32): u32 {
  if (isAscii(value)) return load<u8>(value.start + <usize>unit);
  const at = unitPosition(value, unit);
  const point = pointAt(at);
  return insidePair ? 0xdc00 | (point & 0x3ff) : point;
}

/** String.fromCharCode of one unit */
export function unitText(unit: i32): JsString {
  return pointText(<f64>(unit & 0xffff));
}

/** String.fromCodePoint of one code point */
export function pointText(value: f64): JsString {
  const point = <u32>value;
  const at = textBytes(4);
  if (<f64>point != value || point > 0x10ffff) {
    fail("RangeError: Invalid code point");
    return view(at, 0, 0, 0);
  }
  const width = writeCodePoint(at, point);
  keepTextBytes(at, width);
  const half = (point & 0xfffff800) == 0xd800;
  return view(at, width, point >= 0x10000 ? 2 : 1, half ? 1 : 0);
}
