/**
 * asin, acos, atan, atan2 and cbrt. Adapted from fdlibm (e_asin.c, e_acos.c, s_atan.c, e_atan2.c) and
 * FreeBSD (s_cbrt.c); the notice of fdlibm:
 *
 * Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
 * Developed at SunSoft, a Sun Microsystems, Inc. business.
 * Permission to use, copy, modify, and distribute this software is freely granted, provided that
 * this notice is preserved.
 */
import {
  absolute,
  fromWords,
  highWord,
  isMissing,
  lowWord,
  real,
  roundDown,
  signed,
  squareRoot,
  whole,
} from "./bits.ts";

type Int = number;

const PI: number = 3.141592653589793;
const PI_TAIL: number = 1.2246467991473532e-16;
const HALF_PI: number = 1.5707963267948966;
const HALF_PI_TAIL: number = 6.123233995736766e-17;
const QUARTER_PI: number = 0.7853981633974483;

/** (asin(x) - x) / x^3 of z = x^2, for |x| <= 0.5. */
function ratio(z: number): number {
  const upper =
    0.20121253213486293 +
    z * (-0.04005553450067941 + z * (0.0007915349942898145 + z * 0.00003479331075960212));
  const p = z * (0.16666666666666666 + z * (-0.3255658186224009 + z * upper));
  const low = 2.0209457602335057 + z * (-0.6882839716054533 + z * 0.07703815055590194);
  return p / (1 + z * (-2.403394911734414 + z * low));
}

/** The angle whose sine is x, between -pi/2 and pi/2; NaN outside of [-1, 1]. */
export function asin(x: number): number {
  const ax = absolute(x);
  if (isMissing(x) || ax > 1) return NaN;
  if (ax === 1) return signed(HALF_PI, x);
  if (ax < 7.450580596923828e-9) return x;
  if (ax < 0.5) return x + x * ratio(x * x);
  const z = (1 - ax) * 0.5;
  const s = squareRoot(z);
  const r = ratio(z);
  if (ax > 0.975) return signed(HALF_PI - (2 * (s + s * r) - HALF_PI_TAIL), x);
  const head = fromWords(highWord(s), 0);
  const c = (z - head * head) / (s + head);
  const p = 2 * s * r - (HALF_PI_TAIL - 2 * c);
  return signed(QUARTER_PI - (p - (QUARTER_PI - 2 * head)), x);
}

/** The angle whose cosine is x, between 0 and pi; NaN outside of [-1, 1]. */
export function acos(x: number): number {
  const ax = absolute(x);
  if (isMissing(x) || ax > 1) return NaN;
  if (ax === 1) return x > 0 ? 0 : PI;
  if (ax < 6.938893903907228e-18) return HALF_PI;
  if (ax < 0.5) return HALF_PI - (x - (HALF_PI_TAIL - x * ratio(x * x)));
  const z = (1 - ax) * 0.5;
  const s = squareRoot(z);
  if (x < 0) return PI - 2 * (s + (ratio(z) * s - HALF_PI_TAIL));
  const head = fromWords(highWord(s), 0);
  const c = (z - head * head) / (s + head);
  return 2 * (head + (ratio(z) * s + c));
}

/** (x - atan(x)) / x of z = x^2 */
function arcTail(z: number): number {
  const w = z * z;
  const even = 0.06661073137387531 + w * (0.049768779946159324 + w * 0.016285820115365782);
  const odd = -0.0769187620504483 + w * (-0.058335701337905735 + w * -0.036531572744216916);
  const s1 =
    z * (0.3333333333333293 + w * (0.14285714272503466 + w * (0.09090887133436507 + w * even)));
  return s1 + w * (-0.19999999999876483 + w * (-0.11111110405462356 + w * odd));
}

/** The angle whose tangent is x, between -pi/2 and pi/2. */
export function atan(x: number): number {
  const ax = absolute(x);
  if (isMissing(x) || ax < 7.450580596923828e-9) return x;
  if (ax >= 7.378697629483821e19) return signed(HALF_PI, x);
  if (ax < 0.4375) return x - x * arcTail(x * x);
  let head: number = HALF_PI;
  let tail: number = HALF_PI_TAIL;
  let t = -1 / ax;
  if (ax < 0.6875) {
    head = 0.4636476090008061;
    tail = 2.2698777452961687e-17;
    t = (2 * ax - 1) / (2 + ax);
  } else if (ax < 1.1875) {
    head = QUARTER_PI;
    tail = 3.061616997868383e-17;
    t = (ax - 1) / (ax + 1);
  } else if (ax < 2.4375) {
    head = 0.982793723247329;
    tail = 1.3903311031230998e-17;
    t = (ax - 1.5) / (1 + 1.5 * ax);
  }
  return signed(head - (t * arcTail(t * t) - tail - t), x);
}

/** The angle of the point (x, y), between -pi and pi. */
export function atan2(y: number, x: number): number {
  if (isMissing(x) || isMissing(y)) return NaN;
  const ax = absolute(x);
  const ay = absolute(y);
  const isLeft = highWord(x) < 0;
  if (ay === 0) return signed(isLeft ? PI : 0, y);
  if (ax === 0) return signed(HALF_PI, y);
  if (ax === Infinity) {
    if (ay === Infinity) return signed(isLeft ? 3 * QUARTER_PI : QUARTER_PI, y);
    return signed(isLeft ? PI : 0, y);
  }
  if (ay === Infinity) return signed(HALF_PI, y);
  const apart: Int = (highWord(ay) >> 20) - (highWord(ax) >> 20);
  if (apart > 64) return signed(HALF_PI, y);
  let angle: number = 0;
  if (!isLeft || apart >= -64) angle = atan(ay / ax);
  return signed(isLeft ? PI - (angle - PI_TAIL) : angle, y);
}

/** The cube root. */
export function cbrt(x: number): number {
  const ax = absolute(x);
  if (isMissing(x) || ax === 0 || ax === Infinity) return x;
  const isSmall = ax < 2.2250738585072014e-308;
  const high = highWord(isSmall ? ax * 18014398509481984 : ax);
  const third = whole(roundDown(real(high) / 3));
  // Five bits by the exponent's third, 23 by a polynomial, the rest by one step of Newton's.
  let t = fromWords(third + (isSmall ? 696219795 : 715094163), 0);
  const r = t * t * (t / ax);
  const upper = r * r * r * (-0.758397934778766 + r * 0.14599619288661245);
  t *= 1.87595182427177 + r * (-1.8849797954337717 + r * 1.6214297201053545) + upper;
  t = roundedUp(t);
  const error = ax / (t * t);
  return signed(t + t * ((error - t) / (t + t + error)), x);
}

/** x a little away from zero, to 23 bits: its square is exact. */
function roundedUp(x: number): number {
  const low = lowWord(x);
  if (low < 0) return fromWords(highWord(x) + 1, low & 0x40000000);
  return fromWords(highWord(x), (low & 0x40000000) | -2147483648);
}
