/**
 * Decimal text to FLOAT and DOUBLE, correctly rounded (to nearest, ties to even) for any number of
 * digits: Lemire, "Number parsing at a gigabyte per second" (2021); where more than 19 digits leave
 * two candidates, the digits are compared with the point half-way between them in big integers.
 */
import { POWER_MIN, powerHigh, powerLow } from "./power-of-ten";

/** Digits that decide any double: 767, and some. Digits behind them only break a tie. */
const DECIDING_DIGITS: i32 = 800;
/** Limbs of a big number: 10^800 shifted by 1,075 bits needs 117. */
const BIG_LIMBS: usize = 200;

/** The value of the last successful parse. */
export let parsedFloat: f64 = 0;

let mantissa: u64 = 0;
let exponent: i32 = 0;
let negative: bool = false;
/** Nonzero digits lie behind the 19 in the mantissa. */
let dropped: bool = false;
let digitsStart: usize = 0;
let digitsEnd: usize = 0;
/** Written exponent, to which the digits from digitsStart refer. */
let writtenExponent: i32 = 0;

/** 10^0 to 10^22, the powers of ten that a double holds exactly. */
// biome-ignore format: a table
const EXACT_POWERS = memory.data<f64>([
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
]);

/**
 * Parses all of [start, end): sign, digits with at most one point, exponent; or NaN, Infinity.
 * True and the value in parsedFloat, or false. Overflow gives an infinity, as in Java.
 */
export function parseFloat64(start: usize, end: usize): bool {
  if (!scan(start, end)) return parseSpecial(start, end);
  const magnitude = reinterpret<f64>(nearestBits());
  parsedFloat = negative ? -magnitude : magnitude;
  return true;
}

/** As parseFloat64, rounded once, to a float. */
export function parseFloat32(start: usize, end: usize): bool {
  if (!scan(start, end)) return parseSpecial(start, end);
  let bits = nearestBits();
  const double = reinterpret<f64>(bits);
  const single = <f32>double;
  if (mantissa != 0 && isHalfWay(double, single)) {
    // The double lies half-way between two floats; the digits say on which side they are.
    const order = compareDigits(bits);
    if (order < 0) bits--;
    else if (order > 0) bits++;
  }
  const magnitude = <f64>(<f32>reinterpret<f64>(bits));
  parsedFloat = negative ? -magnitude : magnitude;
  return true;
}

function isHalfWay(double: f64, single: f32): bool {
  if (<f64>single == double) return false;
  const bits = reinterpret<u32>(single);
  const other = <f64>single < double ? bits + 1 : bits - 1;
  const infinite: u32 = 0x7f800000;
  const two128 = 340282366920938463463374607431768211456.0;
  const a = bits == infinite ? two128 : <f64>single;
  const b = other == infinite ? two128 : <f64>reinterpret<f32>(other);
  return (a + b) / 2 == double;
}

function nearestBits(): u64 {
  if (mantissa == 0) return 0;
  if (!dropped && mantissa <= 0x20000000000000 && exponent >= -22 && exponent <= 22) {
    const value = <f64>mantissa;
    const power = load<f64>(EXACT_POWERS + (<usize>abs(exponent) << 3));
    return reinterpret<u64>(exponent < 0 ? value / power : value * power);
  }
  const low = lemire(mantissa, exponent);
  if (!dropped || low == lemire(mantissa + 1, exponent)) return low;
  const order = compareHalf(low);
  return order > 0 || (order == 0 && (low & 1) != 0) ? low + 1 : low;
}

function scan(start: usize, end: usize): bool {
  let at = start;
  negative = false;
  if (at < end && (load<u8>(at) == 0x2d || load<u8>(at) == 0x2b)) negative = load<u8>(at++) == 0x2d;
  let value: u64 = 0;
  let scale: i32 = 0;
  let significant: i32 = 0;
  let any = false;
  let point = false;
  dropped = false;
  digitsStart = at;
  for (; at < end; at++) {
    const digit = <u32>load<u8>(at) - 0x30;
    if (digit < 10) {
      any = true;
      if (significant < 19) {
        value = value * 10 + digit;
        if (value != 0) significant++;
        if (point) scale--;
      } else {
        if (digit != 0) dropped = true;
        if (!point) scale++;
      }
    } else if (digit == 0xfffffffe && !point) {
      point = true;
    } else {
      break;
    }
  }
  digitsEnd = at;
  if (!any) return false;
  writtenExponent = 0;
  if (at < end && !scanExponent(at, end)) return false;
  mantissa = value;
  exponent = scale + writtenExponent;
  return true;
}

function scanExponent(start: usize, end: usize): bool {
  if ((load<u8>(start) | 0x20) != 0x65) return false;
  let at = start + 1;
  let minus = false;
  if (at < end && (load<u8>(at) == 0x2d || load<u8>(at) == 0x2b)) minus = load<u8>(at++) == 0x2d;
  if (at == end) return false;
  let value: i32 = 0;
  for (; at < end; at++) {
    const digit = <u32>load<u8>(at) - 0x30;
    if (digit > 9) return false;
    // Far beyond any double, and beyond what a record's worth of zeros could make up for.
    if (value < 100000000) value = value * 10 + <i32>digit;
  }
  writtenExponent = minus ? -value : value;
  return true;
}

function parseSpecial(start: usize, end: usize): bool {
  let at = start;
  let minus = false;
  if (at < end && (load<u8>(at) == 0x2d || load<u8>(at) == 0x2b)) minus = load<u8>(at++) == 0x2d;
  if (end - at == 3 && load<u16>(at) == 0x614e && load<u8>(at, 2) == 0x4e) {
    parsedFloat = NaN;
    return true;
  }
  // "Infinity"
  if (end - at == 8 && load<u64>(at) == 0x7974696e69666e49) {
    parsedFloat = minus ? -Infinity : Infinity;
    return true;
  }
  return false;
}

let productHigh: u64 = 0;

/** 64 x 64 bits: answers the low word, leaves the high one in productHigh. */
// @ts-ignore: decorator
@inline
function multiply(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >> 32);
  const cross = aLow * bHigh + (middle & 0xffffffff);
  productHigh = aHigh * bHigh + (middle >> 32) + (cross >> 32);
  return (cross << 32) | (low & 0xffffffff);
}

/** Bits of the double nearest to w * 10^q. */
function lemire(w: u64, q: i32): u64 {
  if (q < POWER_MIN) return 0;
  if (q > 308) return 0x7ff0000000000000;
  const zeros = <i32>clz(w);
  const shifted = w << zeros;
  let low = multiply(shifted, powerHigh(q));
  let high = productHigh;
  if ((high & 0x1ff) == 0x1ff) {
    multiply(shifted, powerLow(q));
    low += productHigh;
    if (productHigh > low) high++;
  }
  const upper = <i32>(high >> 63);
  const shift = upper + 9;
  let bits = high >> shift;
  let power = ((217706 * q) >> 16) + 63 + upper - zeros + 1023;
  if (power <= 0) {
    if (1 - power >= 64) return 0;
    bits >>= 1 - power;
    bits += bits & 1;
    return bits >> 1;
  }
  if (low <= 1 && q >= -4 && q <= 23 && (bits & 3) == 1 && bits << shift == high) bits &= ~1;
  bits += bits & 1;
  bits >>= 1;
  if (bits >= 0x20000000000000) {
    bits = 0x10000000000000;
    power++;
  }
  if (power >= 0x7ff) return 0x7ff0000000000000;
  return (bits & 0xfffffffffffff) | (<u64>power << 52);
}

/** A natural number: limb count, then limbs, least significant first. */
const digitsBig: usize = heap.alloc((BIG_LIMBS + 1) << 2);
const binaryBig: usize = heap.alloc((BIG_LIMBS + 1) << 2);

/** Order of the digits and the point half-way between the doubles `bits` and `bits + 1`. */
function compareHalf(bits: u64): i32 {
  const field = <i32>(bits >> 52);
  const fraction = bits & 0xfffffffffffff;
  const whole = field == 0 ? fraction : fraction | 0x10000000000000;
  return compareWith((whole << 1) + 1, (field == 0 ? 1 : field) - 1076);
}

/** Order of the digits and the double `bits`. */
function compareDigits(bits: u64): i32 {
  const field = <i32>(bits >> 52);
  const fraction = bits & 0xfffffffffffff;
  const whole = field == 0 ? fraction : fraction | 0x10000000000000;
  return compareWith(whole, (field == 0 ? 1 : field) - 1075);
}

/** Order of the scanned digits and binary * 2^power. */
function compareWith(binary: u64, power: i32): i32 {
  store<u32>(digitsBig, 0);
  let taken = 0;
  let scale = writtenExponent;
  let point = false;
  let more = false;
  for (let at = digitsStart; at < digitsEnd; at++) {
    const digit = <u32>load<u8>(at) - 0x30;
    if (digit > 9) {
      point = true;
    } else if (taken < DECIDING_DIGITS) {
      multiplyAdd(digitsBig, 10, digit);
      if (load<u32>(digitsBig) > 0) taken++;
      if (point) scale--;
    } else {
      if (digit != 0) more = true;
      if (!point) scale++;
    }
  }
  store<u32>(binaryBig, 2);
  store<u64>(binaryBig + 4, binary);
  trim(binaryBig);
  const scaled = scale < 0 ? binaryBig : digitsBig;
  for (let i = abs(scale); i > 0; i -= 13) multiplyAdd(scaled, powerOfFive(min(i, 13)), 0);
  const shift = power - scale;
  if (shift > 0) shiftLeft(binaryBig, shift);
  else shiftLeft(digitsBig, -shift);
  const order = compareBig(digitsBig, binaryBig);
  return order == 0 && more ? 1 : order;
}

function powerOfFive(exponent: i32): u32 {
  let value: u32 = 1;
  for (let i = 0; i < exponent; i++) value *= 5;
  return value;
}

function trim(big: usize): void {
  let count = load<u32>(big);
  while (count > 0 && load<u32>(big + (<usize>count << 2)) == 0) count--;
  store<u32>(big, count);
}

function multiplyAdd(big: usize, factor: u32, addend: u32): void {
  const count = <usize>load<u32>(big);
  let carry = <u64>addend;
  for (let i: usize = 1; i <= count; i++) {
    carry += <u64>load<u32>(big + (i << 2)) * factor;
    store<u32>(big + (i << 2), <u32>carry);
    carry >>= 32;
  }
  if (carry == 0) return;
  assert(count < BIG_LIMBS, "a decimal has more digits than a double can need");
  store<u32>(big + ((count + 1) << 2), <u32>carry);
  store<u32>(big, <u32>count + 1);
}

function shiftLeft(big: usize, bits: i32): void {
  const count = <usize>load<u32>(big);
  const limbs = <usize>(bits >> 5);
  const rest = bits & 31;
  if (rest != 0) multiplyAdd(big, 1 << rest, 0);
  const grown = <usize>load<u32>(big);
  if (limbs == 0 || count == 0) return;
  assert(grown + limbs <= BIG_LIMBS, "a decimal has more digits than a double can need");
  memory.copy(big + 4 + (limbs << 2), big + 4, grown << 2);
  memory.fill(big + 4, 0, limbs << 2);
  store<u32>(big, <u32>(grown + limbs));
}

function compareBig(a: usize, b: usize): i32 {
  const count = load<u32>(a);
  if (count != load<u32>(b)) return count > load<u32>(b) ? 1 : -1;
  for (let i = <usize>count; i > 0; i--) {
    const left = load<u32>(a + (i << 2));
    const right = load<u32>(b + (i << 2));
    if (left != right) return left > right ? 1 : -1;
  }
  return 0;
}
