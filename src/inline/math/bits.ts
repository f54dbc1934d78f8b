/**
 * Parts of doubles, as the functions of `millrace/math` take them apart in JavaScript. The operators'
 * side of it is operators/sdk/assembly/math-bits.ts; all else of that folder is the text of this one.
 */

const number64 = new Float64Array(1);
const words = new Int32Array(number64.buffer);
number64[0] = 1;
/** Which word is the upper one: bytes lie in the machine's order. */
const HIGH = words[1] === 0 ? 0 : 1;
const LOW = 1 - HIGH;

/** The upper 32 bits: sign, exponent and 20 bits of the fraction. */
export function highWord(x: number): number {
  number64[0] = x;
  return words[HIGH]!;
}
/** The lower 32 bits, as a signed integer. */
export function lowWord(x: number): number {
  number64[0] = x;
  return words[LOW]!;
}
/** The double of two words. */
export function fromWords(high: number, low: number): number {
  words[HIGH] = high;
  words[LOW] = low;
  return number64[0]!;
}

/** An integer as a double. */
export const real = (i: number): number => i;
/** A double below 2^31 in magnitude, its fraction cut off. */
export const whole = (x: number): number => x | 0;

export const absolute = (x: number): number => Math.abs(x);
export const squareRoot = (x: number): number => Math.sqrt(x);
export const roundDown = (x: number): number => Math.floor(x);
export const isMissing = (x: number): boolean => Number.isNaN(x);
/** The magnitude of `x` with the sign of `sign`. */
export function signed(x: number, sign: number): number {
  return highWord(sign) < 0 ? -Math.abs(x) : Math.abs(x);
}
/** An element that is there. */
export const at = (list: readonly number[], i: number): number => list[i]!;
