/**
 * Logarithms, and the inverse hyperbolic functions that are made of them. Adapted from fdlibm
 * (e_log.c, s_log1p.c) and musl (log2.c, log10.c, acosh.c, asinh.c, atanh.c); the notice of fdlibm:
 *
 * Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
 * Developed at SunSoft, a Sun Microsystems, Inc. business.
 * Permission to use, copy, modify, and distribute this software is freely granted, provided that
 * this notice is preserved.
 */
import { absolute, fromWords, highWord, lowWord, real, signed, squareRoot } from "./bits.ts";

type Int = number;

const LN2: number = 0.6931471805599453;
const LN2_HEAD: number = 0.6931471803691238;
const LN2_TAIL: number = 1.9082149292705877e-10;
/** sqrt(2) / 2, its upper word: mantissas are taken from there to sqrt(2). */
const HALF_ROOT: Int = 0x3fe6a09e;

/** x = 2^power * (1 + fraction), as the last normalise() found it. */
let power: number = 0;
let fraction: number = 0;

function normalise(x: number): void {
  let y = x;
  let k: Int = -1023;
  if (y < 2.2250738585072014e-308) {
    y *= 18014398509481984;
    k -= 54;
  }
  const high = highWord(y) + (0x3ff00000 - HALF_ROOT);
  power = real(k + (high >> 20));
  fraction = fromWords((high & 0xfffff) + HALF_ROOT, lowWord(y)) - 1;
}

/** What log(1 + f) has beyond f - f * f / 2, less that half square's share: s * (f * f / 2 + R). */
function remainder(f: number, halfSquare: number): number {
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const upper = 0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586);
  return s * (halfSquare + (z * (0.6666666666666735 + w * upper) + even));
}

/** Whether the logarithm of x is nothing to compute: ordinary() says what it is. */
function isSpecial(x: number): boolean {
  return !(x > 0 && x < Infinity) || x === 1;
}

function special(x: number): number {
  if (x === 0) return -Infinity;
  if (x === 1) return 0;
  return x === Infinity ? x : NaN;
}

/** The natural logarithm. */
export function log(x: number): number {
  if (isSpecial(x)) return special(x);
  normalise(x);
  const half = 0.5 * fraction * fraction;
  const rest = remainder(fraction, half) + power * LN2_TAIL - half + fraction;
  return rest + power * LN2_HEAD;
}

/** log(1 + x), exact next to 0. */
export function log1p(x: number): number {
  if (x === 0 || absolute(x) < 1.1102230246251565e-16) return x;
  if (!(x > -1 && x < Infinity)) return x === -1 ? -Infinity : x === Infinity ? x : NaN;
  let f = x;
  let k: number = 0;
  let c: number = 0;
  if (x >= 0.41421318054199219 || x <= -0.29289388656616211) {
    const u = 1 + x;
    normalise(u);
    k = power;
    f = fraction;
    if (k < 54) c = (k >= 2 ? 1 - (u - x) : x - (u - 1)) / u;
  }
  const half = 0.5 * f * f;
  return remainder(f, half) + (k * LN2_TAIL + c) - half + f + k * LN2_HEAD;
}

/** The two parts of log(1 + fraction): the first has no low word. */
let logHead: number = 0;
let logTail: number = 0;

function splitLog(x: number): void {
  normalise(x);
  const half = 0.5 * fraction * fraction;
  logHead = fromWords(highWord(fraction - half), 0);
  logTail = fraction - logHead - half + remainder(fraction, half);
}

/** The logarithm to base 2. */
export function log2(x: number): number {
  if (isSpecial(x)) return special(x);
  splitLog(x);
  const head = logHead * 1.4426950407214463;
  const tail = (logTail + logHead) * 1.6751713164886512e-10 + logTail * 1.4426950407214463;
  const sum = power + head;
  return tail + (power - sum + head) + sum;
}

/** The logarithm to base 10. */
export function log10(x: number): number {
  if (isSpecial(x)) return special(x);
  splitLog(x);
  const head = logHead * 0.4342944818781689;
  const scale = power * 0.30102999566361177;
  const low = (logTail + logHead) * 2.5082946711645275e-11 + logTail * 0.4342944818781689;
  const tail = power * 3.694239077158931e-13 + low;
  const sum = scale + head;
  return tail + (scale - sum + head) + sum;
}

/** The inverse of sinh. */
export function asinh(x: number): number {
  const ax = absolute(x);
  if (ax < 3.725290298461914e-9) return x;
  if (ax > 268435456) return signed(log(ax) + LN2, x);
  if (ax > 2) return signed(log(2 * ax + 1 / (squareRoot(ax * ax + 1) + ax)), x);
  const square = ax * ax;
  return signed(log1p(ax + square / (1 + squareRoot(1 + square))), x);
}

/** The inverse of cosh; NaN below 1. */
export function acosh(x: number): number {
  if (!(x >= 1)) return NaN;
  if (x > 268435456) return log(x) + LN2;
  if (x > 2) return log(2 * x - 1 / (x + squareRoot(x * x - 1)));
  const t = x - 1;
  return log1p(t + squareRoot(2 * t + t * t));
}

/** The inverse of tanh; NaN outside of [-1, 1]. */
export function atanh(x: number): number {
  const ax = absolute(x);
  if (ax < 3.725290298461914e-9) return x;
  if (ax >= 0.5) return signed(0.5 * log1p((2 * ax) / (1 - ax)), x);
  const twice = ax + ax;
  return signed(0.5 * log1p(twice + (twice * ax) / (1 - ax)), x);
}
