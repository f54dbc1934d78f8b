/** Decimal integers and text. Doubles: float-parser.ts and float-printer.ts. */

/** Bytes that a 64-bit integer takes at most. */
export const INTEGER_TEXT_MAX: i32 = 20;

/** The value of the last successful parse. */
export let parsedInteger: i64 = 0;

/** Parses all of [start, end): optional sign, digits. False where it is none or does not fit. */
export function parseInteger(start: usize, end: usize): bool {
  let at = start;
  let negative = false;
  if (at < end && (load<u8>(at) == 0x2d || load<u8>(at) == 0x2b)) negative = load<u8>(at++) == 0x2d;
  if (at == end) return false;
  let value: u64 = 0;
  const limit: u64 = negative ? 0x8000000000000000 : 0x7fffffffffffffff;
  // Eighteen digits always fit; only longer ones need the check.
  const checked = end - at > 18;
  for (; at < end; at++) {
    const digit = <u64>load<u8>(at) - 0x30;
    if (digit > 9) return false;
    if (checked && value > (limit - digit) / 10) return false;
    value = value * 10 + digit;
  }
  parsedInteger = negative ? <i64>(0 - value) : <i64>value;
  return true;
}

const scratch: usize = heap.alloc(24);

/** Writes a 64-bit integer at `target`; answers the length, at most INTEGER_TEXT_MAX. */
export function printInteger(target: usize, value: i64): i32 {
  let rest = value < 0 ? 0 - <u64>value : <u64>value;
  let from = scratch + 24;
  while (rest >= 10) {
    const next = rest / 10;
    store<u8>(--from, <u8>(0x30 + (rest - next * 10)));
    rest = next;
  }
  store<u8>(--from, <u8>(0x30 + rest));
  if (value < 0) store<u8>(--from, 0x2d);
  const length = scratch + 24 - from;
  for (let i: usize = 0; i < length; i++) store<u8>(target + i, load<u8>(from + i));
  return <i32>length;
}

/** Writes `value` with leading zeros up to `width` digits. */
export function printPadded(target: usize, value: i64, width: i32): void {
  let rest = value;
  for (let i = width - 1; i >= 0; i--) {
    store<u8>(target + <usize>i, <u8>(0x30 + (rest % 10)));
    rest /= 10;
  }
}
