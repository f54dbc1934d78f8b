/**
 * exp, expm1 and the hyperbolic functions. Adapted from fdlibm (e_exp.c, s_expm1.c) and musl (sinh.c,
 * cosh.c, tanh.c); the notice of fdlibm:
 *
 * Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
 * Developed at SunSoft, a Sun Microsystems, Inc. business.
 * Permission to use, copy, modify, and distribute this software is freely granted, provided that
 * this notice is preserved.
 */
import { absolute, isMissing, real, signed, whole } from "./bits.ts";
import { powerOfTwo, scaled } from "./scale.ts";

type Int = number;

const LN2_HEAD: number = 0.6931471803691238;
const LN2_TAIL: number = 1.9082149292705877e-10;
const INVERSE_LN2: number = 1.4426950408889634;
const EXP_OVERFLOW: number = 709.782712893384;

/** Multiples of ln 2 that lie in x. */
function powersIn(x: number): Int {
  if (absolute(x) < 1.0397207708399179) return x < 0 ? -1 : 1;
  return whole(INVERSE_LN2 * x + signed(0.5, x));
}

/** e to the power of x. */
export function exp(x: number): number {
  if (isMissing(x)) return x;
  if (x > EXP_OVERFLOW) return Infinity;
  if (x < -745.1332191019411) return 0;
  const ax = absolute(x);
  if (ax < 3.725290298461914e-9) return 1 + x;
  let k: Int = 0;
  let head = x;
  let tail: number = 0;
  if (ax > 0.34657359027997264) {
    k = powersIn(x);
    head = x - real(k) * LN2_HEAD;
    tail = real(k) * LN2_TAIL;
  }
  const r = head - tail;
  const s = r * r;
  const upper =
    0.00006613756321437934 + s * (-0.0000016533902205465252 + s * 4.1381367970572385e-8);
  const c = r - s * (0.16666666666666602 + s * (-0.0027777777777015593 + s * upper));
  const y = 1 + ((r * c) / (2 - c) - tail + head);
  return k === 0 ? y : scaled(y, k);
}

/** exp(x) - 1, exact next to 0. */
export function expm1(x: number): number {
  if (isMissing(x)) return x;
  if (x > EXP_OVERFLOW) return Infinity;
  if (x < -38.816242) return -1;
  const ax = absolute(x);
  if (ax < 5.551115123125783e-17) return x;
  let k: Int = 0;
  let r = x;
  let c: number = 0;
  if (ax > 0.34657359027997264) {
    k = powersIn(x);
    const head = x - real(k) * LN2_HEAD;
    const tail = real(k) * LN2_TAIL;
    r = head - tail;
    c = head - r - tail;
  }
  const half = 0.5 * r;
  const s = r * half;
  const upper = -0.0000793650757867488 + s * (0.000004008217827329362 + s * -2.0109921818362437e-7);
  const r1 = 1 + s * (-0.03333333333333313 + s * (0.0015873015872548146 + s * upper));
  const t = 3 - r1 * half;
  const e = s * ((r1 - t) / (6 - r * t));
  if (k === 0) return r - (r * e - s);
  return shifted(r, r * (e - c) - c - s, k);
}

/** 2^k (1 + r - e) - 1 */
function shifted(r: number, e: number, k: Int): number {
  if (k === -1) return 0.5 * (r - e) - 0.5;
  if (k === 1) return r < -0.25 ? -2 * (e - (r + 0.5)) : 1 + 2 * (r - e);
  if (k < 0 || k > 56) {
    const y = 1 - (e - r);
    return (k === 1024 ? y * 2 * powerOfTwo(1023) : y * powerOfTwo(k)) - 1;
  }
  const small = powerOfTwo(-k);
  const y = k < 20 ? 1 - small - (e - r) : r - (e + small) + 1;
  return y * powerOfTwo(k);
}

/** exp(x) / 2 of an x for which exp(x) overflows. */
function halfExp(x: number): number {
  // 2043 ln 2 is taken away, of which a product with 2^1021 twice makes up for.
  const scale = powerOfTwo(1021);
  return exp(x - 1416.0996898839683) * scale * scale;
}

/** The hyperbolic sine. */
export function sinh(x: number): number {
  const ax = absolute(x);
  if (ax < 3.725290298461914e-9 || isMissing(x)) return x;
  const half = signed(0.5, x);
  if (ax >= 709.782712893384) return signed(halfExp(ax), x);
  const t = expm1(ax);
  return ax < 1 ? half * (2 * t - (t * t) / (t + 1)) : half * (t + t / (t + 1));
}

/** The hyperbolic cosine. */
export function cosh(x: number): number {
  const ax = absolute(x);
  if (ax < 0.6931471805599453) {
    const t = expm1(ax);
    return 1 + (t * t) / (2 * (1 + t));
  }
  if (ax >= 709.782712893384) return halfExp(ax);
  const t = exp(ax);
  return 0.5 * (t + 1 / t);
}

/** The hyperbolic tangent. */
export function tanh(x: number): number {
  const ax = absolute(x);
  if (isMissing(x) || ax < 2.2250738585072014e-308) return x;
  let t: number = 1;
  if (ax > 0.5493061443340548) {
    if (ax <= 22) t = 1 - 2 / (expm1(2 * ax) + 2);
  } else if (ax > 0.25541281188299536) {
    t = expm1(2 * ax);
    t = t / (t + 2);
  } else {
    t = expm1(-2 * ax);
    t = -t / (t + 2);
  }
  return signed(t, x);
}
