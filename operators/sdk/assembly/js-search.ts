/** Finding, splitting and replacing in strings of one-file functions (ECMA-262, String objects). */
import { JsArray } from "./js-array";
import { fail, textBytes } from "./js-memory";
import {
  JsString,
  asciiUpTo,
  concat,
  equal,
  isAscii,
  toUnits,
  unitPosition,
  unitSlice,
  unitsOf,
  view,
} from "./js-string";

/** Byte position of `needle` in [from, length), or -1. */
function findBytes(text: JsString, needle: JsString, from: i32): i32 {
  const length = needle.length;
  const last = text.length - length;
  if (length == 0) return from <= text.length ? from : -1;
  const first = load<u8>(needle.start);
  const pattern = i8x16.splat(first);
  let i = from;
  for (; i + 16 <= text.length; ) {
    let hits = i8x16.bitmask(i8x16.eq(v128.load(text.start + <usize>i), pattern));
    while (hits != 0) {
      const at = i + ctz(hits);
      if (at > last) return -1;
      if (startsAt(text.start + <usize>at, needle)) return at;
      hits &= hits - 1;
    }
    i += 16;
  }
  for (; i <= last; i++) {
    const at = text.start + <usize>i;
    if (load<u8>(at) == first && startsAt(at, needle)) return i;
  }
  return -1;
}

// @ts-ignore: decorator
@inline
function startsAt(at: usize, needle: JsString): bool {
  let left = needle.length;
  let other = needle.start;
  while (left >= 4) {
    if (load<u32>(at) != load<u32>(other)) return false;
    at += 4;
    other += 4;
    left -= 4;
  }
  while (left > 0) {
    if (load<u8>(at) != load<u8>(other)) return false;
    at++;
    other++;
    left--;
  }
  return true;
}

/** Unit position of `needle` at or behind unit `from`, looked for in units, or -1. */
function findUnits(text: JsString, needle: JsString, from: i32): i32 {
  const count = unitsOf(needle);
  const last = unitsOf(text) - count;
  const units = toUnits(text);
  const wanted = toUnits(needle);
  for (let i = from; i <= last; i++) {
    if (memory.compare(units + ((<usize>i) << 1), wanted, (<usize>count) << 1) == 0) return i;
  }
  return -1;
}

/** Whether bytes say the same as units: a needle that begins or ends in half a pair does not. */
// @ts-ignore: decorator
@inline
function bytewise(needle: JsString): bool {
  return needle.torn == 0;
}

/** Units in front of a byte position. */
function unitsBefore(text: JsString, position: i32): i32 {
  if (position < 0 || isAscii(text)) return position;
  return unitsOf(view(text.start, position, -1, 1));
}

/** Byte position of unit `unit`; half a pair counts as before the character's end. */
function byteOf(text: JsString, unit: i32): i32 {
  if (isAscii(text)) return unit;
  return <i32>(unitPosition(text, unit) - text.start);
}

// @ts-ignore: decorator
@inline
function clampIndex(text: JsString, index: i32): i32 {
  return min(max(index, 0), unitsOf(text));
}

/** String.prototype.indexOf */
export function indexOf(text: JsString, needle: JsString, from: i32): i32 {
  if (from <= 0 && bytewise(needle)) return unitsBefore(text, findBytes(text, needle, 0));
  const begin = clampIndex(text, from);
  if (isAscii(text) && bytewise(needle)) return findBytes(text, needle, begin);
  return findUnits(text, needle, begin);
}

/** String.prototype.lastIndexOf; `from` NaN has been made i32.MAX_VALUE. */
export function lastIndexOf(text: JsString, needle: JsString, from: i32): i32 {
  const count = unitsOf(needle);
  const units = toUnits(text);
  const wanted = toUnits(needle);
  for (let i = min(max(from, 0), unitsOf(text) - count); i >= 0; i--) {
    if (memory.compare(units + ((<usize>i) << 1), wanted, (<usize>count) << 1) == 0) return i;
  }
  return -1;
}

/** String.prototype.includes */
export function includes(text: JsString, needle: JsString, from: i32): bool {
  if (from <= 0 && bytewise(needle)) return findBytes(text, needle, 0) >= 0;
  return indexOf(text, needle, from) >= 0;
}

/** String.prototype.startsWith */
export function startsWith(text: JsString, needle: JsString, from: i32): bool {
  if (from <= 0 && bytewise(needle)) {
    return text.length >= needle.length && startsAt(text.start, needle);
  }
  const begin = clampIndex(text, from);
  const count = unitsOf(needle);
  if (begin + count > unitsOf(text)) return false;
  return equal(unitSlice(text, begin, begin + count), needle);
}

/** String.prototype.endsWith */
export function endsWith(text: JsString, needle: JsString, to: i32): bool {
  if (to == i32.MAX_VALUE && bytewise(needle)) {
    const from = text.length - needle.length;
    return from >= 0 && startsAt(text.start + <usize>from, needle);
  }
  const end = clampIndex(text, to);
  const begin = end - unitsOf(needle);
  return begin >= 0 && equal(unitSlice(text, begin, end), needle);
}

/** String.prototype.split by a string; `limit` 2^32-1 means none. */
export function split(text: JsString, separator: JsString, limit: u32): JsArray<JsString> {
  const parts = JsArray.create<JsString>(8);
  if (limit == 0) return parts;
  if (!bytewise(separator) || separator.length == 0) return splitUnits(text, separator, limit);
  // Parts of ASCII text are ASCII: their units need no counting.
  const ascii = text.units == text.length;
  let from = 0;
  if (separator.length == 1) {
    const byte = load<u8>(separator.start);
    for (let i = 0; i < text.length; i++) {
      if (load<u8>(text.start + <usize>i) != byte) continue;
      parts.push(part(text, from, i, ascii));
      if (<u32>parts.length == limit) return parts;
      from = i + 1;
    }
  } else {
    while (true) {
      const at = findBytes(text, separator, from);
      if (at < 0) break;
      parts.push(part(text, from, at, ascii));
      if (<u32>parts.length == limit) return parts;
      from = at + separator.length;
    }
  }
  parts.push(part(text, from, text.length, ascii));
  return parts;
}

/** Address of the next `byte`, or `end`: it is most often within sixteen bytes. */
// @ts-ignore: decorator
@inline
export function byteAt(from: usize, end: usize, byte: u8): usize {
  if (from + 16 <= <usize>memory.size() << 16) {
    const hits = i8x16.bitmask(i8x16.eq(v128.load(from), i8x16.splat(byte)));
    if (hits != 0) return min(from + <usize>ctz(hits), end);
  }
  return byteBeyond(from, end, byte);
}

/** The same, sixteen bytes at a time where memory has them. */
function byteBeyond(from: usize, end: usize, byte: u8): usize {
  let at = from;
  const readable = <usize>memory.size() << 16;
  const pattern = i8x16.splat(byte);
  while (at + 16 <= readable) {
    const hits = i8x16.bitmask(i8x16.eq(v128.load(at), pattern));
    if (hits != 0) return min(at + <usize>ctz(hits), end);
    at += 16;
    if (at >= end) return end;
  }
  while (at < end && load<u8>(at) != byte) at++;
  return at;
}

// @ts-ignore: decorator
@inline
function part(text: JsString, from: i32, to: i32, ascii: bool): JsString {
  return view(text.start + <usize>from, to - from, ascii ? to - from : -1, text.torn);
}

function splitUnits(text: JsString, separator: JsString, limit: u32): JsArray<JsString> {
  const parts = JsArray.create<JsString>(8);
  const end = unitsOf(text);
  const step = unitsOf(separator);
  let from = 0;
  if (step == 0) {
    for (; from < end && <u32>parts.length < limit; from++) {
      parts.push(unitSlice(text, from, from + 1));
    }
    return parts;
  }
  while (true) {
    const at = findUnits(text, separator, from);
    if (at < 0) break;
    parts.push(unitSlice(text, from, at));
    if (<u32>parts.length == limit) return parts;
    from = at + step;
  }
  parts.push(unitSlice(text, from, end));
  return parts;
}

/** String.prototype.replace by a string: the first occurrence; `$` patterns mean what they mean. */
export function replace(text: JsString, needle: JsString, by: JsString): JsString {
  const at = indexOf(text, needle, 0);
  if (at < 0) return text;
  const end = at + unitsOf(needle);
  const head = unitSlice(text, 0, at);
  const tail = unitSlice(text, end, unitsOf(text));
  return concat(concat(head, substituted(by, text, needle, at)), tail);
}

/** String.prototype.replaceAll by a string */
export function replaceAll(text: JsString, needle: JsString, by: JsString): JsString {
  const step = unitsOf(needle);
  const end = unitsOf(text);
  let result = view(text.start, 0, 0, 0);
  let from = 0;
  let at = indexOf(text, needle, 0);
  if (at < 0) return text;
  if (bytewise(needle) && step > 0 && !hasDollar(by)) return replaceBytes(text, needle, by);
  while (at >= 0) {
    result = concat(result, unitSlice(text, from, at));
    result = concat(result, substituted(by, text, needle, at));
    from = at + step;
    const next = at + max(step, 1);
    at = next > end ? -1 : indexOf(text, needle, next);
  }
  return concat(result, unitSlice(text, from, end));
}

function replaceBytes(text: JsString, needle: JsString, by: JsString): JsString {
  let result = view(text.start, 0, 0, 0);
  let from = 0;
  while (true) {
    const at = findBytes(text, needle, from);
    if (at < 0) break;
    result = concat(result, view(text.start + <usize>from, at - from, -1, text.torn));
    result = concat(result, by);
    from = at + needle.length;
  }
  return concat(result, view(text.start + <usize>from, text.length - from, -1, text.torn));
}

function hasDollar(text: JsString): bool {
  for (let i = 0; i < text.length; i++) if (load<u8>(text.start + <usize>i) == 0x24) return true;
  return false;
}

/** GetSubstitution without captures. */
function substituted(by: JsString, text: JsString, needle: JsString, at: i32): JsString {
  if (!hasDollar(by)) return by;
  let result = view(by.start, 0, 0, 0);
  let from = 0;
  for (let i = 0; i + 1 < by.length; i++) {
    if (load<u8>(by.start + <usize>i) != 0x24) continue;
    const next = load<u8>(by.start + <usize>i, 1);
    let piece: JsString;
    if (next == 0x24) piece = view(by.start + <usize>i, 1, 1, 0);
    else if (next == 0x26) piece = needle;
    else if (next == 0x60) piece = unitSlice(text, 0, at);
    else if (next == 0x27) piece = unitSlice(text, at + unitsOf(needle), unitsOf(text));
    else continue;
    result = concat(result, view(by.start + <usize>from, i - from, -1, by.torn));
    result = concat(result, piece);
    from = i + 2;
    i++;
  }
  return concat(result, view(by.start + <usize>from, by.length - from, -1, by.torn));
}

/** Array.prototype.join of strings; null and undefined are empty. */
export function join(parts: JsArray<JsString>, separator: JsString): JsString {
  let result = view(separator.start, 0, 0, 0);
  for (let i = 0; i < parts.length; i++) {
    if (i > 0) result = concat(result, separator);
    const one = parts.at(i);
    if (changetype<usize>(one) > 2) result = concat(result, one);
  }
  return result;
}

/** String.prototype.repeat; `count` has been through ToIntegerOrInfinity and clamped. */
export function repeat(text: JsString, count: f64): JsString {
  if (count < 0 || count == Infinity) {
    fail("RangeError: Invalid count value");
    return text;
  }
  const times = <i32>min(count, 2147483647.0);
  if (times == 0 || text.length == 0) return view(text.start, 0, 0, 0);
  if (<u64>times * <u64>text.length > 0x1fffffe8) {
    fail("RangeError: Invalid string length");
    return text;
  }
  // Halves of a pair may meet.
  if (text.torn) {
    let result = text;
    for (let i = 1; i < times; i++) result = concat(result, text);
    return result;
  }
  const at = textBytes(<usize>times * <usize>text.length);
  let to = at;
  for (let i = 0; i < times; i++) {
    memory.copy(to, text.start, text.length);
    to += text.length;
  }
  return view(at, <i32>(to - at), text.units < 0 ? -1 : text.units * times, 0);
}

/** String.prototype.padStart and padEnd */
export function pad(text: JsString, length: f64, filler: JsString, atEnd: bool): JsString {
  const units = unitsOf(text);
  const step = unitsOf(filler);
  if (length <= <f64>units || length != length || step == 0) return text;
  if (length > 536870888.0) {
    fail("RangeError: Invalid string length");
    return text;
  }
  const wanted = <i32>length - units;
  const times = wanted / step;
  let fill = concat(repeat(filler, <f64>times), unitSlice(filler, 0, wanted - times * step));
  return atEnd ? concat(text, fill) : concat(fill, text);
}

/** Length of the white space character at `at` (WhiteSpace and LineTerminator of ECMA-262), or 0. */
function spaceAt(at: usize): i32 {
  const byte = load<u8>(at);
  if (byte < 0x80) return byte == 0x20 || (byte >= 9 && byte <= 13) ? 1 : 0;
  if (byte == 0xc2) return load<u8>(at, 1) == 0xa0 ? 2 : 0;
  if (byte < 0xe1 || byte > 0xef) return 0;
  const point = (<u32>(byte & 15) << 12) | (<u32>(load<u8>(at, 1) & 63) << 6) | (load<u8>(at, 2) & 63);
  if (point >= 0x2000 && point <= 0x200a) return 3;
  const other = point == 0x1680 || point == 0x2028 || point == 0x2029 || point == 0x202f;
  return other || point == 0x205f || point == 0x3000 || point == 0xfeff ? 3 : 0;
}

/** First byte that is not white space. */
export function behindSpace(start: usize, end: usize): usize {
  let from = start;
  while (from < end) {
    const width = spaceAt(from);
    if (width == 0) break;
    from += width;
  }
  return from;
}

/** End of the text in front of white space at its end. */
export function beforeSpace(start: usize, end: usize): usize {
  let to = end;
  while (to > start) {
    let at = to - 1;
    while (at > start && (load<u8>(at) & 0xc0) == 0x80) at--;
    if (spaceAt(at) == 0) break;
    to = at;
  }
  return to;
}

/** String.prototype.trim, trimStart, trimEnd */
export function trim(text: JsString, start: bool, end: bool): JsString {
  const last = text.start + <usize>text.length;
  const from = start ? behindSpace(text.start, last) : text.start;
  const to = end ? beforeSpace(from, last) : last;
  const length = <i32>(to - from);
  return view(from, length, text.units == text.length ? length : -1, text.torn);
}

/** slice and substring: positions have been clamped to i32. */
// @ts-ignore: decorator
@inline
export function slice(text: JsString, from: i32, to: i32): JsString {
  if (from < 0 || to < 0 || !asciiUpTo(text, to)) return sliceWide(text, from, to);
  const end = min(to, text.length);
  const begin = min(from, end);
  return view(text.start + <usize>begin, end - begin, end - begin, 0);
}

function sliceWide(text: JsString, from: i32, to: i32): JsString {
  const units = unitsOf(text);
  const begin = from < 0 ? max(units + from, 0) : min(from, units);
  const end = to < 0 ? max(units + to, 0) : min(to, units);
  return unitSlice(text, begin, max(begin, end));
}

export function substring(text: JsString, from: i32, to: i32): JsString {
  const begin = clampIndex(text, from);
  const end = clampIndex(text, to);
  return unitSlice(text, min(begin, end), max(begin, end));
}
