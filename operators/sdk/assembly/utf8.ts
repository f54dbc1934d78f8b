/** UTF-8 over address ranges: validation, replacement, encoding. */

/** Most bytes an encoded code point takes. */
export const UTF8_MAX: i32 = 4;

/** Length of the ASCII run at the start of [start, end). */
function asciiEnd(start: usize, end: usize): usize {
  let at = start;
  while (at + 16 <= end && !v128.any_true(i8x16.lt_s(v128.load(at), i8x16.splat(0)))) at += 16;
  while (at < end && load<u8>(at) < 0x80) at++;
  return at;
}

/**
 * Whether [start, end) is well-formed UTF-8 (Unicode 15, table 3-7: no surrogates, no overlongs).
 */
export function isUtf8(start: usize, end: usize): bool {
  let at = start;
  while (true) {
    at = asciiEnd(at, end);
    if (at == end) return true;
    const length = sequenceLength(at, end);
    if (length <= 0) return false;
    at += length;
  }
}

/**
 * Length of the well-formed sequence at `at`, or minus the number of bytes that one replacement
 * character stands for (the maximal subpart of an ill-formed one, at least 1).
 */
function sequenceLength(at: usize, end: usize): isize {
  const lead = load<u8>(at);
  if (lead < 0xc2 || lead > 0xf4) return lead < 0x80 ? 1 : -1;
  const wanted: usize = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + 1 == end) return -1;
  const second = load<u8>(at, 1);
  const low: u8 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const high: u8 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return -1;
  for (let i: usize = 2; i < wanted; i++) {
    if (at + i == end || (load<u8>(at + i) & 0xc0) != 0x80) return -(<isize>i);
  }
  return <isize>wanted;
}

/** Bytes that copyReplacing writes at most for `length` bytes. */
// @ts-ignore: decorator
@inline
export function replacedMax(length: i32): i32 {
  return length * 3;
}

/** Copies bytes, U+FFFD for what is ill-formed, as the WHATWG decoder does; answers the length. */
export function copyReplacing(target: usize, start: usize, end: usize): i32 {
  let at = start;
  let to = target;
  while (at < end) {
    const run = asciiEnd(at, end);
    memory.copy(to, at, run - at);
    to += run - at;
    at = run;
    if (at == end) break;
    const length = sequenceLength(at, end);
    if (length > 0) {
      memory.copy(to, at, length);
      to += length;
      at += length;
    } else {
      store<u16>(to, 0xbfef);
      store<u8>(to, 0xbd, 2);
      to += 3;
      at += -length;
    }
  }
  return <i32>(to - target);
}

/** Writes a code point as UTF-8 (half a pair as WTF-8, for js-string.ts); answers its length. */
export function writeCodePoint(target: usize, point: u32): i32 {
  if (point < 0x80) {
    store<u8>(target, <u8>point);
    return 1;
  }
  if (point < 0x800) {
    store<u8>(target, <u8>(0xc0 | (point >> 6)));
    store<u8>(target, <u8>(0x80 | (point & 0x3f)), 1);
    return 2;
  }
  if (point < 0x10000) {
    store<u8>(target, <u8>(0xe0 | (point >> 12)));
    store<u8>(target, <u8>(0x80 | ((point >> 6) & 0x3f)), 1);
    store<u8>(target, <u8>(0x80 | (point & 0x3f)), 2);
    return 3;
  }
  store<u8>(target, <u8>(0xf0 | (point >> 18)));
  store<u8>(target, <u8>(0x80 | ((point >> 12) & 0x3f)), 1);
  store<u8>(target, <u8>(0x80 | ((point >> 6) & 0x3f)), 2);
  store<u8>(target, <u8>(0x80 | (point & 0x3f)), 3);
  return 4;
}
