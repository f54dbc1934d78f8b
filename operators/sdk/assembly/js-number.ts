/**
 * Numbers of one-file functions: conversions as ECMA-262 has them.
 *
 * Where a number may be null or undefined it is a double all the same: two NaNs of their own stand
 * for these. No arithmetic makes them, and `some` takes them from what comes from outside.
 */
import { fail } from "./js-memory";
import { JsString } from "./js-string";

const NULL_BITS: u64 = 0x7ff80000006e756c;
const UNDEFINED_BITS: u64 = 0x7ff80000756e6465;

// @ts-ignore: decorator
@inline
export function nullNumber(): f64 {
  return reinterpret<f64>(NULL_BITS);
}

// @ts-ignore: decorator
@inline
export function undefinedNumber(): f64 {
  return reinterpret<f64>(UNDEFINED_BITS);
}

/** A number as one that might have been null: every NaN becomes the plain one. */
// @ts-ignore: decorator
@inline
export function some(value: f64): f64 {
  return value == value ? value : NaN;
}

// @ts-ignore: decorator
@inline
export function isNull(value: f64): bool {
  return reinterpret<u64>(value) == NULL_BITS;
}

// @ts-ignore: decorator
@inline
export function isUndefined(value: f64): bool {
  return reinterpret<u64>(value) == UNDEFINED_BITS;
}

// @ts-ignore: decorator
@inline
export function isNilNumber(value: f64): bool {
  return value != value && (isNull(value) || isUndefined(value));
}

/** ToNumber of a number, null (0) or undefined (NaN). */
// @ts-ignore: decorator
@inline
export function plain(value: f64): f64 {
  if (value == value) return value;
  return isNull(value) ? 0 : NaN;
}

/** === of numbers that may be null or undefined. */
export function sameNumber(a: f64, b: f64): bool {
  if (a == b) return true;
  return isNilNumber(a) && reinterpret<u64>(a) == reinterpret<u64>(b);
}

/** ToBoolean */
// @ts-ignore: decorator
@inline
export function truthy(value: f64): bool {
  return value == value && value != 0;
}

/** ToIntegerOrInfinity, clamped to 32 bits (the conversion saturates): positions in strings and arrays. */
// @ts-ignore: decorator
@inline
export function toIndex(value: f64): i32 {
  return <i32>value;
}

/** ToInt32 */
// @ts-ignore: decorator
@inline
export function toInt32(value: f64): i32 {
  const whole = <i32>value;
  if (whole != i32.MAX_VALUE && whole != i32.MIN_VALUE) return whole;
  return toInt32Large(value);
}

function toInt32Large(value: f64): i32 {
  if (!isFinite(value)) return 0;
  const bits = reinterpret<u64>(value);
  const power = <i32>((bits >> 52) & 0x7ff) - 1075;
  let whole: u64 = (bits & 0xfffffffffffff) | 0x10000000000000;
  if (power >= 64 || power <= -64) whole = 0;
  else whole = power >= 0 ? whole << power : whole >> -power;
  return <i32>(value < 0 ? 0 - whole : whole);
}

/** x >>> n and the like: a result in 0 .. 2^32-1. */
// @ts-ignore: decorator
@inline
export function unsigned(value: i32): f64 {
  return <f64>(<u32>value);
}

/** Math.round */
// @ts-ignore: decorator
@inline
export function round(value: f64): f64 {
  const down = floor(value);
  return copysign(value - down >= 0.5 ? down + 1 : down, value);
}

/** Math.sign */
// @ts-ignore: decorator
@inline
export function signOf(value: f64): f64 {
  return value > 0 ? 1 : value < 0 ? -1 : value;
}

// @ts-ignore: decorator
@inline
export function isInteger(value: f64): bool {
  return isFinite(value) && trunc(value) == value;
}

/** % */
// @ts-ignore: decorator
@inline
export function remainder(a: f64, b: f64): f64 {
  const x = <i32>a;
  const y = <i32>b;
  // Whole numbers of 31 bits are most of them; 0 is left out for its sign.
  if (<f64>x == a && <f64>y == b && x > 0 && y > 0 && x != i32.MAX_VALUE) return <f64>(x % y);
  return a % b;
}

/** A bigint outside 64 bits fails the row. */
function outside(): i64 {
  fail("a bigint does not fit 64 bits");
  return 0;
}

// @ts-ignore: decorator
@inline
export function addBig(a: i64, b: i64): i64 {
  const sum = a + b;
  return ((a ^ sum) & (b ^ sum)) < 0 ? outside() : sum;
}

// @ts-ignore: decorator
@inline
export function subtractBig(a: i64, b: i64): i64 {
  const difference = a - b;
  return ((a ^ b) & (a ^ difference)) < 0 ? outside() : difference;
}

export function multiplyBig(a: i64, b: i64): i64 {
  const small = <i64>i32.MAX_VALUE;
  if (a <= small && a >= -small && b <= small && b >= -small) return a * b;
  if (a == 0 || b == 0) return 0;
  if (a == -1) return negateBig(b);
  if (b == -1) return negateBig(a);
  const product = a * b;
  return product / b == a ? product : outside();
}

// @ts-ignore: decorator
@inline
export function negateBig(a: i64): i64 {
  return a == i64.MIN_VALUE ? outside() : -a;
}

export function divideBig(a: i64, b: i64): i64 {
  if (b == 0) {
    fail("RangeError: Division by zero");
    return 0;
  }
  return b == -1 ? negateBig(a) : a / b;
}

export function remainderBig(a: i64, b: i64): i64 {
  if (b == 0) {
    fail("RangeError: Division by zero");
    return 0;
  }
  return b == -1 ? 0 : a % b;
}

export function powerBig(base: i64, exponent: i64): i64 {
  if (exponent < 0) {
    fail("RangeError: Exponent must be non-negative");
    return 0;
  }
  if (base == 0 || base == 1) return exponent == 0 ? 1 : base;
  if (base == -1) return exponent & 1 ? -1 : 1;
  if (exponent > 63) return outside();
  let result: i64 = 1;
  for (let i: i64 = 0; i < exponent; i++) result = multiplyBig(result, base);
  return result;
}

export function shiftBig(a: i64, by: i64): i64 {
  if (by <= 0) return by <= -63 ? a >> 63 : a >> -by;
  if (a == 0) return 0;
  if (by > 62) return outside();
  const shifted = a << by;
  return shifted >> by == a ? shifted : outside();
}

/** a >> by */
export function shiftRightBig(a: i64, by: i64): i64 {
  return by == i64.MIN_VALUE ? shiftBig(a, i64.MAX_VALUE) : shiftBig(a, -by);
}

/** BigInt(number) */
export function bigOf(value: f64): i64 {
  if (!isInteger(value)) {
    fail("RangeError: a number that is not whole cannot be converted to a BigInt");
    return 0;
  }
  if (value >= 9223372036854775808.0 || value < -9223372036854775808.0) return outside();
  return <i64>value;
}

/** Order of a bigint and a number, exact: -1, 0, 1, or 2 where the number is NaN. */
export function compareBig(a: i64, b: f64): i32 {
  if (b != b) return 2;
  if (b >= 9223372036854775808.0) return -1;
  if (b < -9223372036854775808.0) return 1;
  const whole = <i64>b;
  if (a != whole) return a < whole ? -1 : 1;
  const rest = b - trunc(b);
  return rest > 0 ? -1 : rest < 0 ? 1 : 0;
}

/** Milliseconds of a timestamp column as a number. */
export function milliseconds(value: i64): f64 {
  if (value > 9007199254740991 || value < -9007199254740991) {
    fail("a timestamp is too large for a number");
  }
  return <f64>value;
}

/** The place of an optional bigint: a cell, or one of the marks for null and undefined. */
@unmanaged
export class JsBig {
  value: i64;
}

/** A number narrowed to a whole number of [low, high]; what does not fit fails the row. */
export function narrowed(value: f64, low: f64, high: f64, type: string): i64 {
  if (!isInteger(value) || value < low || value > high) {
    fail("a number does not fit " + type);
    return 0;
  }
  return <i64>value;
}

export function narrowedBig(value: i64, low: i64, high: i64, type: string): i64 {
  if (value < low || value > high) fail("a bigint does not fit " + type);
  return value;
}

/** A text that is too long for its type fails the row; counted in characters, as SQL does. */
export function narrowedText(value: JsString, limit: i32, type: string): JsString {
  let points = 0;
  for (let i = 0; i < value.length; i++) {
    if ((load<u8>(value.start + <usize>i) & 0xc0) != 0x80) points++;
  }
  if (points > limit) fail("a string does not fit " + type);
  return value;
}
