/**
 * sin, cos and tan. Adapted from fdlibm and FreeBSD (k_sin.c, k_cos.c, k_tan.c); the notice of fdlibm:
 *
 * Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
 * Developed at SunSoft, a Sun Microsystems, Inc. business.
 * Permission to use, copy, modify, and distribute this software is freely granted, provided that
 * this notice is preserved.
 */
import { absolute, fromWords, highWord } from "./bits.ts";
import { angle, angleTail, reduced } from "./reduction.ts";

type Int = number;

const QUARTER_PI: number = 0.7853981633974483;
const QUARTER_PI_TAIL: number = 3.061616997868383e-17;

/** sin(x + y) of |x| <= pi/4 and a tail y of x. */
function sine(x: number, y: number): number {
  const z = x * x;
  const upper = 0.0000027557313707070068 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10);
  const r = 0.00833333333332249 + z * (-0.0001984126982985795 + z * upper);
  const v = z * x;
  return x - (z * (0.5 * y - v * r) - y - v * -0.16666666666666632);
}

/** cos(x + y) of the same. */
function cosine(x: number, y: number): number {
  const z = x * x;
  const upper = -2.7557314351390663e-7 + z * (2.087572321298175e-9 + z * -1.1359647557788195e-11);
  const r =
    z *
    (0.0416666666666666 + z * (-0.001388888888887411 + z * (0.00002480158728947673 + z * upper)));
  const half = 0.5 * z;
  const w = 1 - half;
  return w + (1 - w - half + (z * r - x * y));
}

/** tan(x + y), or -1 / tan(x + y). */
function tangent(x: number, y: number, inverse: boolean): number {
  if (absolute(x) >= 0.6743412017822266) return tangentNearEighth(x, y, inverse);
  const r = tangentTail(x, y);
  const w = x + r;
  if (!inverse) return w;
  // -1 / w by more than its 53 bits.
  const z = fromWords(highWord(w), 0);
  const v = r - (z - x);
  const a = -1 / w;
  const t = fromWords(highWord(a), 0);
  return t + a * (1 + t * z + t * v);
}

/** tan(x) - x */
function tangentTail(x: number, y: number): number {
  const z = x * x;
  const w = z * z;
  const odd = 0.0005880412408202641 + w * (0.00007817944429395571 + w * -0.000018558637485527546);
  const r =
    0.13333333333320124 + w * (0.021869488294859542 + w * (0.0035920791075913124 + w * odd));
  const even = 0.0002464631348184699 + w * (0.00007140724913826082 + w * 0.00002590730518636337);
  const v =
    z * (0.05396825397622605 + w * (0.0088632398235993 + w * (0.0014562094543252903 + w * even)));
  const s = z * x;
  return y + z * (s * (r + v) + y) + 0.3333333333333341 * s;
}

/** From pi/4 - |x|, where the polynomial has lost too much. */
function tangentNearEighth(x: number, y: number, inverse: boolean): number {
  const isNegative = x < 0;
  const rest = QUARTER_PI - absolute(x) + (QUARTER_PI_TAIL - (isNegative ? -y : y));
  const r = tangentTail(rest, 0);
  const w = rest + r;
  const one: number = inverse ? -1 : 1;
  const t = one - 2 * (rest - ((w * w) / (w + one) - r));
  return isNegative ? -t : t;
}

/** The sine of an angle in radians. */
export function sin(x: number): number {
  const ax = absolute(x);
  if (ax < 7.450580596923828e-9) return x;
  if (ax <= QUARTER_PI) return sine(x, 0);
  if (!(ax < Infinity)) return NaN;
  const quadrant: Int = reduced(x);
  const y = (quadrant & 1) === 0 ? sine(angle, angleTail) : cosine(angle, angleTail);
  return (quadrant & 2) === 0 ? y : -y;
}

/** The cosine of an angle in radians. */
export function cos(x: number): number {
  const ax = absolute(x);
  if (ax <= QUARTER_PI) return cosine(x, 0);
  if (!(ax < Infinity)) return NaN;
  const quadrant: Int = reduced(x);
  const y = (quadrant & 1) === 0 ? cosine(angle, angleTail) : sine(angle, angleTail);
  return quadrant === 0 || quadrant === 3 ? y : -y;
}

/** The tangent of an angle in radians. */
export function tan(x: number): number {
  const ax = absolute(x);
  if (ax < 7.450580596923828e-9) return x;
  if (ax <= QUARTER_PI) return tangent(x, 0, false);
  if (!(ax < Infinity)) return NaN;
  const quadrant: Int = reduced(x);
  return tangent(angle, angleTail, (quadrant & 1) !== 0);
}
