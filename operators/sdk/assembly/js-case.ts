/** Lower and upper case of strings of one-file functions: Unicode's full mapping, locale-free. */
import {
  CASED,
  CASED_COUNT,
  CASE_IGNORABLE,
  CASE_IGNORABLE_COUNT,
  LOWER,
  LOWER_COUNT,
  UPPER,
  UPPER_COUNT,
  UPPER_SPECIAL,
  UPPER_SPECIAL_COUNT,
} from "./js-case-table";
import { keepTextBytes, textBytes } from "./js-memory";
import { JsString, isAscii, pointAt, view, widthAt } from "./js-string";
import { copyLowerAscii, copyUpperAscii } from "./text";
import { writeCodePoint } from "./utf8";

/** Where a code point goes by a table of runs {first, last, step, distance}. */
function mapped(table: usize, count: i32, point: u32): u32 {
  let low = 0;
  let high = (count >> 2) - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const run = table + ((<usize>middle) << 4);
    if (point < load<u32>(run)) high = middle - 1;
    else if (point > load<u32>(run, 4)) low = middle + 1;
    else {
      const step = load<u32>(run, 8);
      return (point - load<u32>(run)) % step == 0 ? point + load<u32>(run, 12) : point;
    }
  }
  return point;
}

/** Whether a code point lies in a table of ranges {first, last}. */
function within(table: usize, count: i32, point: u32): bool {
  let low = 0;
  let high = (count >> 1) - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = table + ((<usize>middle) << 3);
    if (point < load<u32>(range)) high = middle - 1;
    else if (point > load<u32>(range, 4)) low = middle + 1;
    else return true;
  }
  return false;
}

/** String.prototype.toLowerCase */
export function toLowerCase(text: JsString): JsString {
  if (isAscii(text)) {
    const at = textBytes(text.length);
    copyLowerAscii(at, text.start, text.length);
    return view(at, text.length, text.length, 0);
  }
  // At most a half longer: U+0130 (2 bytes) becomes 3.
  const bytes = textBytes((<usize>text.length) * 2);
  const end = text.start + <usize>text.length;
  let to = bytes;
  for (let at = text.start; at < end; at += widthAt(at)) {
    const point = pointAt(at);
    if (point < 0x80) store<u8>(to++, <u8>(point - 0x41 < 26 ? point | 0x20 : point));
    else if (point == 0x3a3) to += writeCodePoint(to, isFinalSigma(text, at) ? 0x3c2 : 0x3c3);
    else if (point == 0x130) {
      to += writeCodePoint(to, 0x69);
      to += writeCodePoint(to, 0x307);
    } else to += writeCodePoint(to, mapped(LOWER, LOWER_COUNT, point));
  }
  keepTextBytes(bytes, to - bytes);
  return view(bytes, <i32>(to - bytes), -1, text.torn);
}

/** Unicode 3.13, Final_Sigma: behind a cased letter, and none follows. */
function isFinalSigma(text: JsString, sigma: usize): bool {
  let at = sigma;
  let cased = false;
  while (at > text.start) {
    at--;
    while ((load<u8>(at) & 0xc0) == 0x80) at--;
    const point = pointAt(at);
    if (within(CASE_IGNORABLE, CASE_IGNORABLE_COUNT, point)) continue;
    cased = within(CASED, CASED_COUNT, point);
    break;
  }
  if (!cased) return false;
  const end = text.start + <usize>text.length;
  for (at = sigma + 2; at < end; at += widthAt(at)) {
    const point = pointAt(at);
    if (within(CASE_IGNORABLE, CASE_IGNORABLE_COUNT, point)) continue;
    return !within(CASED, CASED_COUNT, point);
  }
  return true;
}

/** String.prototype.toUpperCase */
export function toUpperCase(text: JsString): JsString {
  if (isAscii(text)) {
    const at = textBytes(text.length);
    copyUpperAscii(at, text.start, text.length);
    return view(at, text.length, text.length, 0);
  }
  // At most three times as long: U+0390 (2 bytes) becomes 6.
  const bytes = textBytes((<usize>text.length) * 3 + 16);
  const end = text.start + <usize>text.length;
  let to = bytes;
  for (let at = text.start; at < end; at += widthAt(at)) {
    const point = pointAt(at);
    if (point < 0x80) {
      store<u8>(to++, <u8>(point - 0x61 < 26 ? point & 0xdf : point));
      continue;
    }
    const special = specialUpper(point);
    if (special == 0) to += writeCodePoint(to, mapped(UPPER, UPPER_COUNT, point));
    else {
      for (let i = 4; i <= 12; i += 4) {
        const one = load<u32>(special + <usize>i);
        if (one != 0) to += writeCodePoint(to, one);
      }
    }
  }
  keepTextBytes(bytes, to - bytes);
  return view(bytes, <i32>(to - bytes), -1, text.torn);
}

/** The entry of a code point that becomes several, or 0. */
function specialUpper(point: u32): usize {
  let low = 0;
  let high = (UPPER_SPECIAL_COUNT >> 2) - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const entry = UPPER_SPECIAL + ((<usize>middle) << 4);
    const first = load<u32>(entry);
    if (point < first) high = middle - 1;
    else if (point > first) low = middle + 1;
    else return entry;
  }
  return 0;
}
