/** Numbers to text and back, as ECMA-262 has them (Number::toString, StringToNumber, toFixed). */
import { parseFloat64, parsedFloat } from "./float-parser";
import { printFloat64 } from "./float-printer";
import { fail, keepTextBytes, textBytes } from "./js-memory";
import { JsString, view } from "./js-string";
import { beforeSpace, behindSpace } from "./js-search";
import { parseInteger, parsedInteger, printInteger } from "./text-number";

/** String(number) */
export function numberText(value: f64): JsString {
  const at = textBytes(32);
  const whole = <i32>value;
  const length =
    <f64>whole == value ? printInteger(at, <i64>whole) : printFloat64(at, value);
  keepTextBytes(at, length);
  return view(at, length, length, 0);
}

/** String(bigint) */
export function bigText(value: i64): JsString {
  const at = textBytes(24);
  const length = printInteger(at, value);
  keepTextBytes(at, length);
  return view(at, length, length, 0);
}

/** So many digits are an exact double, and so is ten to as many. */
const PLAIN_DIGITS: i32 = 15;
const POWERS: usize = memory.data<f64>([
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
]);

/** Number(string) */
export function numberOf(text: JsString): f64 {
  const last = text.start + <usize>text.length;
  let from = text.start;
  let to = last;
  // Most texts are a few digits, with a point or without: no white space, no sign, no exponent.
  if (text.length <= PLAIN_DIGITS + 1) {
    let value: i64 = 0;
    let behindPoint: usize = 0;
    let at = from;
    for (; at < to; at++) {
      const byte = load<u8>(at);
      const digit = <u32>byte - 0x30;
      if (digit <= 9) value = value * 10 + <i64>digit;
      else if (byte == 0x2e && behindPoint == 0) behindPoint = at + 1;
      else break;
    }
    const digits = text.length - <i32>(behindPoint != 0);
    if (at == to && digits > 0 && digits <= PLAIN_DIGITS) {
      if (behindPoint == 0) return <f64>value;
      // Both are exact, so one division rounds once (Clinger, 1990).
      return <f64>value / load<f64>(POWERS + ((to - behindPoint) << 3));
    }
  }
  from = behindSpace(from, last);
  to = beforeSpace(from, last);
  if (from == to) return 0;
  if (to - from > 2 && load<u8>(from) == 0x30) {
    const bits = radixBits(load<u8>(from, 1));
    if (bits > 0) return binaryDigits(from + 2, to, bits, true);
  }
  return parseFloat64(from, to) ? parsedFloat : NaN;
}

/** Bits of a digit behind 0x, 0o, 0b; 0: none of these. */
function radixBits(letter: u8): i32 {
  const lower = letter | 0x20;
  return lower == 0x78 ? 4 : lower == 0x6f ? 3 : lower == 0x62 ? 1 : 0;
}

function digitOf(byte: u8): u32 {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a ? <u32>lower - 0x61 + 10 : 99;
}

/** Digits of a power of two: exact to the last bit, rounded once. `whole`: all must be digits. */
function binaryDigits(start: usize, end: usize, bits: i32, whole: bool): f64 {
  let value: u64 = 0;
  let sticky: u64 = 0;
  let dropped = 0;
  let at = start;
  for (; at < end; at++) {
    const digit = digitOf(load<u8>(at));
    if (digit >= <u32>(1 << bits)) break;
    for (let bit = bits - 1; bit >= 0; bit--) {
      const one = <u64>((digit >> bit) & 1);
      if (value >> 62 == 0) value = (value << 1) | one;
      else {
        sticky |= one;
        dropped++;
      }
    }
  }
  if (at == start || (whole && at < end)) return NaN;
  let result = <f64>(value | sticky);
  for (; dropped > 0 && result != Infinity; dropped--) result *= 2;
  return result;
}

/** parseFloat(string): the longest beginning that is a number. */
export function parseFloatPrefix(text: JsString): f64 {
  const end = text.start + <usize>text.length;
  const from = behindSpace(text.start, end);
  let at = from;
  if (at < end && (load<u8>(at) == 0x2b || load<u8>(at) == 0x2d)) at++;
  if (end - at >= 8 && load<u64>(at) == 0x7974696e69666e49) {
    return at > from && load<u8>(from) == 0x2d ? -Infinity : Infinity;
  }
  const digits = at;
  while (at < end && digitOf(load<u8>(at)) < 10) at++;
  let count = at - digits;
  if (at < end && load<u8>(at) == 0x2e) {
    const fraction = at + 1;
    let last = fraction;
    while (last < end && digitOf(load<u8>(last)) < 10) last++;
    if (count + (last - fraction) > 0) at = last;
    count += last - fraction;
  }
  if (count == 0) return NaN;
  if (at < end && (load<u8>(at) | 0x20) == 0x65) {
    let power = at + 1;
    if (power < end && (load<u8>(power) == 0x2b || load<u8>(power) == 0x2d)) power++;
    const first = power;
    while (power < end && digitOf(load<u8>(power)) < 10) power++;
    if (power > first) at = power;
  }
  return parseFloat64(from, at) ? parsedFloat : NaN;
}

/** parseInt(string, radix) for radix 0 (not given), 2, 4, 8, 10, 16, 32. */
export function parseIntPrefix(text: JsString, radix: i32): f64 {
  const end = text.start + <usize>text.length;
  let at = behindSpace(text.start, end);
  let negative = false;
  if (at < end && (load<u8>(at) == 0x2b || load<u8>(at) == 0x2d)) negative = load<u8>(at++) == 0x2d;
  let base = radix;
  if (radix == 0 || radix == 16) {
    if (end - at >= 2 && load<u8>(at) == 0x30 && (load<u8>(at, 1) | 0x20) == 0x78) {
      at += 2;
      base = 16;
    }
  }
  if (base == 0) base = 10;
  let value: f64;
  if (base == 10) {
    let last = at;
    while (last < end && digitOf(load<u8>(last)) < 10) last++;
    value = last > at && parseFloat64(at, last) ? parsedFloat : NaN;
  } else {
    value = binaryDigits(at, end, <i32>ctz(base), false);
  }
  return negative ? -value : value;
}

/** BigInt(string); what is no integer, or does not fit, fails the row. */
export function bigOfText(text: JsString): i64 {
  const last = text.start + <usize>text.length;
  const from = behindSpace(text.start, last);
  const to = beforeSpace(from, last);
  if (from == to) return 0;
  if (to - from > 2 && load<u8>(from) == 0x30 && radixBits(load<u8>(from, 1)) > 0) {
    return bigBinary(from + 2, to, radixBits(load<u8>(from, 1)));
  }
  if (parseInteger(from, to)) return parsedInteger;
  fail("SyntaxError: a string cannot be converted to a BigInt of 64 bits");
  return 0;
}

function bigBinary(start: usize, end: usize, bits: i32): i64 {
  let value: u64 = 0;
  for (let at = start; at < end; at++) {
    const digit = digitOf(load<u8>(at));
    if (digit >= <u32>(1 << bits) || value >> <u64>(63 - bits) != 0) {
      fail("SyntaxError: a string cannot be converted to a BigInt of 64 bits");
      return 0;
    }
    value = (value << bits) | digit;
  }
  return <i64>value;
}

/** Limbs of 32 bits, least significant first: 53 bits times 10^100 and a half need 13. */
const LIMBS: i32 = 16;
const big: usize = heap.alloc((<usize>LIMBS) << 2);

/** Number.prototype.toFixed, exact: half-way goes up, as the standard says. */
export function toFixed(value: f64, digits: f64): JsString {
  const count = <i32>digits;
  if (count < 0 || count > 100) {
    fail("RangeError: toFixed() digits argument must be between 0 and 100");
    return numberText(value);
  }
  if (value != value || abs(value) >= 1e21) return numberText(value);
  const bits = reinterpret<u64>(abs(value));
  const field = <i32>(bits >> 52);
  const fraction = bits & 0xfffffffffffff;
  memory.fill(big, 0, (<usize>LIMBS) << 2);
  store<u64>(big, field == 0 ? fraction : fraction | 0x10000000000000);
  const power = (field == 0 ? 1 : field) - 1075;
  for (let i = 0; i < count; i++) bigMultiply(10, 0);
  for (let i = 0; i < power; i++) bigMultiply(2, 0);
  if (power < 0) bigShiftRight(-power);
  return placeFixed(value < 0, count);
}

function bigMultiply(factor: u32, addend: u32): void {
  let carry = <u64>addend;
  for (let i = 0; i < LIMBS; i++) {
    const at = big + ((<usize>i) << 2);
    carry += <u64>load<u32>(at) * factor;
    store<u32>(at, <u32>carry);
    carry >>= 32;
  }
}

/** Divides by 2^bits, rounded to nearest, half up. */
function bigShiftRight(bits: i32): void {
  const half = bits - 1;
  if (half >= LIMBS << 5) {
    memory.fill(big, 0, (<usize>LIMBS) << 2);
    return;
  }
  let carry: u64 = (<u64>1) << (half & 31);
  for (let i = half >> 5; i < LIMBS && carry != 0; i++) {
    const at = big + ((<usize>i) << 2);
    carry += load<u32>(at);
    store<u32>(at, <u32>carry);
    carry >>= 32;
  }
  const limbs = bits >> 5;
  const rest = bits & 31;
  for (let i = 0; i < LIMBS; i++) {
    const low = i + limbs < LIMBS ? load<u32>(big + ((<usize>(i + limbs)) << 2)) : 0;
    const high = i + limbs + 1 < LIMBS ? load<u32>(big + ((<usize>(i + limbs + 1)) << 2)) : 0;
    const both = ((<u64>high) << 32) | low;
    store<u32>(big + ((<usize>i) << 2), <u32>(both >> rest));
  }
}

/** Divides by 10 and answers the rest. */
function bigDigit(): u32 {
  let rest: u64 = 0;
  for (let i = LIMBS - 1; i >= 0; i--) {
    const at = big + ((<usize>i) << 2);
    rest = (rest << 32) | load<u32>(at);
    store<u32>(at, <u32>(rest / 10));
    rest %= 10;
  }
  return <u32>rest;
}

function bigIsZero(): bool {
  for (let i = 0; i < LIMBS; i++) if (load<u32>(big + ((<usize>i) << 2)) != 0) return false;
  return true;
}

const FIXED_MAX: usize = 160;

function placeFixed(negative: bool, count: i32): JsString {
  const buffer = textBytes(FIXED_MAX);
  let at = buffer + FIXED_MAX;
  for (let i = 0; i < count; i++) store<u8>(--at, <u8>(0x30 + bigDigit()));
  if (count > 0) store<u8>(--at, 0x2e);
  do store<u8>(--at, <u8>(0x30 + bigDigit()));
  while (!bigIsZero());
  if (negative) store<u8>(--at, 0x2d);
  const length = <i32>(buffer + FIXED_MAX - at);
  return view(at, length, length, 0);
}
