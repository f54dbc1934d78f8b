/**
 * FLOAT and DOUBLE to the shortest decimal that reads back as the same number, the closest one
 * among those: Giulietti, "The Schubfach way to render doubles" (2022). The notation is
 * JavaScript's (Number.prototype.toString).
 */
import { powerHigh, powerLow } from "./power-of-ten";

/** Bytes that one number takes at most: "-2.2250738585072014e-308" and zeros before 21 digits. */
export const FLOAT_TEXT_MAX: i32 = 32;

let digits: u64 = 0;
let scale: i32 = 0;

/** Writes a double at `target`; answers the length, at most FLOAT_TEXT_MAX. */
export function printFloat64(target: usize, value: f64): i32 {
  const bits = reinterpret<u64>(value);
  const field = <i32>((bits >> 52) & 0x7ff);
  const fraction = bits & 0xfffffffffffff;
  if (field == 0x7ff) return printSpecial(target, value);
  if (field == 0 && fraction == 0) return printZero(target);
  const mantissa = field == 0 ? fraction : fraction | 0x10000000000000;
  shortest(mantissa, (field == 0 ? 1 : field) - 1075, fraction == 0 && field > 1, 53);
  return place(target, bits >> 63 != 0);
}

/** Writes a float as its own shortest decimal, not as that of the double it widens to. */
export function printFloat32(target: usize, value: f32): i32 {
  const bits = reinterpret<u32>(value);
  const field = <i32>((bits >> 23) & 0xff);
  const fraction = bits & 0x7fffff;
  if (field == 0xff) return printSpecial(target, <f64>value);
  if (field == 0 && fraction == 0) return printZero(target);
  const mantissa = field == 0 ? fraction : fraction | 0x800000;
  shortest(<u64>mantissa, (field == 0 ? 1 : field) - 150, fraction == 0 && field > 1, 24);
  return place(target, bits >> 31 != 0);
}

function printZero(target: usize): i32 {
  store<u8>(target, 0x30);
  return 1;
}

function printSpecial(target: usize, value: f64): i32 {
  if (isNaN(value)) {
    store<u16>(target, 0x614e);
    store<u8>(target, 0x4e, 2);
    return 3;
  }
  const sign = value < 0 ? 1 : 0;
  if (sign) store<u8>(target, 0x2d);
  // "Infinity"
  store<u64>(target + sign, 0x7974696e69666e49);
  return 8 + sign;
}

/** high word of 128 x 64 bits, its lowest bit set where anything was cut off ("round to odd"). */
function roundToOdd(high: u64, low: u64, factor: u64): u64 {
  multiply(low, factor);
  const carry = wordHigh;
  multiply(high, factor);
  const middle = wordLow + carry;
  const top = wordHigh + <u64>(middle < carry);
  return top | <u64>(middle > 1);
}

let wordHigh: u64 = 0;
let wordLow: u64 = 0;

// @ts-ignore: decorator
@inline
function multiply(a: u64, b: u64): void {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >> 32);
  const cross = aLow * bHigh + (middle & 0xffffffff);
  wordHigh = aHigh * bHigh + (middle >> 32) + (cross >> 32);
  wordLow = (cross << 32) | (low & 0xffffffff);
}

/** Leaves digits * 10^scale, the shortest for mantissa * 2^power. */
function shortest(mantissa: u64, power: i32, closerBelow: bool, precision: i32): void {
  if (power <= 0 && -power < precision && (mantissa & ((<u64>1 << -power) - 1)) == 0) {
    digits = mantissa >> -power;
    scale = 0;
    return;
  }
  const odd = mantissa & 1;
  const k = closerBelow ? (power * 1262611 - 524031) >> 22 : (power * 1262611) >> 22;
  const h = power + ((-k * 1741647) >> 19) + 1;
  // The table is cut off beyond these; here it has to be rounded up.
  const high = powerHigh(-k);
  const low = powerLow(-k) + <u64>(-k > 55 || -k < -27);
  const below = roundToOdd(high, low, ((mantissa << 2) - 2 + <u64>closerBelow) << h);
  const exact = roundToOdd(high, low, (mantissa << 2) << h);
  const above = roundToOdd(high, low, ((mantissa << 2) + 2) << h);
  const lower = below + odd;
  const upper = above - odd;
  const s = exact >> 2;
  if (s >= 10) {
    const tens = s / 10;
    const downFits = lower <= 40 * tens;
    const upFits = 40 * tens + 40 <= upper;
    if (downFits != upFits) {
      digits = tens + <u64>upFits;
      scale = k + 1;
      return;
    }
  }
  const downFits = lower <= s << 2;
  const upFits = (s << 2) + 4 <= upper;
  scale = k;
  if (downFits != upFits) {
    digits = s + <u64>upFits;
    return;
  }
  const middle = (s << 2) + 2;
  digits = s + <u64>(exact > middle || (exact == middle && (s & 1) != 0));
}

const scratch: usize = heap.alloc(24);

/** Writes digits * 10^scale in JavaScript's notation. */
function place(target: usize, negative: bool): i32 {
  let value = digits;
  let power = scale;
  while (value % 10 == 0) {
    value /= 10;
    power++;
  }
  let from = scratch + 24;
  let count = 0;
  for (; value != 0; value /= 10) {
    store<u8>(--from, <u8>(0x30 + (value % 10)));
    count++;
  }
  let at = target;
  if (negative) store<u8>(at++, 0x2d);
  const point = count + power;
  if (power >= 0 && point <= 21) {
    memory.copy(at, from, count);
    memory.fill(at + count, 0x30, power);
    at += point;
  } else if (point > 0 && point <= 21) {
    memory.copy(at, from, point);
    store<u8>(at + point, 0x2e);
    memory.copy(at + point + 1, from + point, count - point);
    at += count + 1;
  } else if (point > -6 && point <= 0) {
    store<u16>(at, 0x2e30);
    memory.fill(at + 2, 0x30, -point);
    memory.copy(at + 2 - point, from, count);
    at += 2 - point + count;
  } else {
    at = placeExponent(at, from, count, point - 1);
  }
  return <i32>(at - target);
}

function placeExponent(target: usize, from: usize, count: i32, power: i32): usize {
  let at = target;
  store<u8>(at++, load<u8>(from));
  if (count > 1) {
    store<u8>(at++, 0x2e);
    memory.copy(at, from + 1, count - 1);
    at += count - 1;
  }
  store<u8>(at, 0x65);
  store<u8>(at, power < 0 ? 0x2d : 0x2b, 1);
  at += 2;
  const value = abs(power);
  if (value >= 100) store<u8>(at++, <u8>(0x30 + value / 100));
  if (value >= 10) store<u8>(at++, <u8>(0x30 + (value / 10) % 10));
  store<u8>(at++, <u8>(0x30 + (value % 10)));
  return at;
}
