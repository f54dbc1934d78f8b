/** DECIMAL as text: exact, rounded half up to the column's scale as Flink does. */

/** Bytes that printDecimal writes at most: sign, 38 digits, a zero and the point. */
export const DECIMAL_TEXT_MAX: i32 = 41;

/** The unscaled number of the last successful parse, 128 bits. */
export let decimalLow: u64 = 0;
export let decimalHigh: u64 = 0;

const DIGITS_MAX: i32 = 38;
const EXPONENT_MAX: i32 = 100000;
const digits: usize = heap.alloc(64);

// @ts-ignore: decorator
@inline
function isDigit(byte: u8): bool {
  return <u32>byte - 0x30 < 10;
}

/** Magnitude * 10 + digit. */
function shiftIn(digit: u64): void {
  const a = (decimalLow & 0xffffffff) * 10 + digit;
  const b = (decimalLow >> 32) * 10 + (a >> 32);
  decimalLow = (b << 32) | (a & 0xffffffff);
  decimalHigh = decimalHigh * 10 + (b >> 32);
}

/**
 * Parses all of [start, end): sign, digits, point, exponent. False where it is no number, or has
 * more than `precision` digits once it is rounded to `scale`.
 */
export function parseDecimal(start: usize, end: usize, precision: i32, scale: i32): bool {
  let at = start;
  let negative = false;
  if (at < end && (load<u8>(at) == 0x2d || load<u8>(at) == 0x2b)) negative = load<u8>(at++) == 0x2d;
  let seen = false;
  let significant = 0;
  let fraction = 0;
  let kept = 0;
  let next: u8 = 0;
  let point = false;
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x2e && !point) {
      point = true;
      continue;
    }
    if (!isDigit(byte)) break;
    seen = true;
    if (point) fraction++;
    if (significant == 0 && byte == 0x30) continue;
    significant++;
    if (kept < 60) {
      store<u8>(digits + <usize>kept, byte);
      kept++;
    }
  }
  if (!seen) return false;
  let exponent = 0;
  if (at < end && (load<u8>(at) | 0x20) == 0x65) {
    at++;
    let minus = false;
    if (at < end && (load<u8>(at) == 0x2d || load<u8>(at) == 0x2b)) minus = load<u8>(at++) == 0x2d;
    if (at == end) return false;
    for (; at < end && isDigit(load<u8>(at)); at++) {
      exponent = min(exponent * 10 + <i32>(load<u8>(at) - 0x30), EXPONENT_MAX);
    }
    if (minus) exponent = -exponent;
  }
  if (at != end) return false;
  decimalLow = 0;
  decimalHigh = 0;
  // The digits that stay: those up to the scale, or zeros behind them.
  const length = significant + exponent - fraction + scale;
  if (significant > 0 && length > DIGITS_MAX) return false;
  if (significant > 0 && length >= 0) {
    for (let i = 0; i < length; i++) {
      shiftIn(i < kept ? <u64>load<u8>(digits + <usize>i) - 0x30 : 0);
    }
    if (length < kept) next = load<u8>(digits + <usize>length);
    if (next >= 0x35) addOne();
  }
  if (!below(precision)) return false;
  if (negative) negate();
  return true;
}

function addOne(): void {
  decimalLow++;
  if (decimalLow == 0) decimalHigh++;
}

function negate(): void {
  decimalHigh = ~decimalHigh;
  decimalLow = 0 - decimalLow;
  if (decimalLow == 0) decimalHigh++;
}

/** Whether the magnitude is below 10 to the power of `precision`. */
function below(precision: i32): bool {
  const low = decimalLow;
  const high = decimalHigh;
  decimalLow = 1;
  decimalHigh = 0;
  for (let i = 0; i < precision; i++) shiftIn(0);
  const fits = high < decimalHigh || (high == decimalHigh && low < decimalLow);
  decimalLow = low;
  decimalHigh = high;
  return fits;
}

/** Writes an unscaled number with its point at `target`; answers the length. */
export function printDecimal(target: usize, low: u64, high: u64, scale: i32): i32 {
  decimalLow = low;
  decimalHigh = high;
  const negative = <i64>high < 0;
  if (negative) negate();
  let words0 = decimalHigh >> 32;
  let words1 = decimalHigh & 0xffffffff;
  let words2 = decimalLow >> 32;
  let words3 = decimalLow & 0xffffffff;
  let count = 0;
  // Lowest digit first, until nothing is left and there is one in front of the point.
  while ((words0 | words1 | words2 | words3) != 0 || count <= scale) {
    let rest: u64 = words0 % 10;
    words0 /= 10;
    rest = (rest << 32) | words1;
    words1 = rest / 10;
    rest = ((rest % 10) << 32) | words2;
    words2 = rest / 10;
    rest = ((rest % 10) << 32) | words3;
    words3 = rest / 10;
    store<u8>(digits + <usize>count, <u8>(0x30 + (rest % 10)));
    count++;
  }
  let to = target;
  if (negative) store<u8>(to++, 0x2d);
  for (let i = count - 1; i >= 0; i--) {
    store<u8>(to++, load<u8>(digits + <usize>i));
    if (i == scale && scale > 0) store<u8>(to++, 0x2e);
  }
  return <i32>(to - target);
}
