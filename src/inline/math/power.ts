/**
 * pow and hypot. Adapted from fdlibm (e_pow.c) and musl (hypot.c); the notice of fdlibm:
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
  squareRoot,
  whole,
} from "./bits.ts";
import { scaled } from "./scale.ts";

type Int = number;

/** log2 of a base: the sum of two doubles, the first of them short enough for exact products. */
let logHead: number = 0;
let logTail: number = 0;

function shortened(x: number): number {
  return fromWords(highWord(x), 0);
}

/** x to the power of y as ECMA-262 has Math.pow. */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (isMissing(x) || isMissing(y)) return x + y;
  const ax = absolute(x);
  const ay = absolute(y);
  if (ay === Infinity) {
    if (ax === 1) return NaN;
    return ax > 1 === y > 0 ? Infinity : 0;
  }
  const isWhole = roundDown(y) === y;
  const isOdd = isWhole && roundDown(ay * 0.5) * 2 !== ay;
  const isNegative = highWord(x) < 0;
  if (isNegative && ax > 0 && ax < Infinity && !isWhole) return NaN;
  const magnitude = powerOf(ax, y, ay);
  return isNegative && isOdd ? -magnitude : magnitude;
}

/** x ** y of x >= 0 and finite y but 0. */
function powerOf(x: number, y: number, ay: number): number {
  if (x === 0 || x === 1 || x === Infinity) return y < 0 ? 1 / x : x;
  if (y === 1) return x;
  if (y === -1) return 1 / x;
  if (y === 2) return x * x;
  if (y === 0.5) return squareRoot(x);
  const isLarge = x > 1 === y > 0;
  if (ay > 2147483648) {
    // Only a base next to 1 gives something else than 0 or infinity.
    const isNear = absolute(x - 1) < 0.00000095367431640625;
    if (!isNear || ay > 1.8446744073709552e19) return isLarge ? Infinity : 0;
    logNearOne(x - 1);
  } else logOf(x);
  const head = shortened(y);
  const tail = (y - head) * logHead + y * logTail;
  const exponent = head * logHead + tail;
  if (exponent >= 1025) return Infinity;
  if (exponent <= -1076) return 0;
  return exponential(head * logHead, tail);
}

/** log2(1 + t) of a small t, by the first terms of its series. */
function logNearOne(t: number): void {
  const w = t * t * (0.5 - t * (0.3333333333333333 - t * 0.25));
  const u = 1.4426950216293335 * t;
  const v = t * 1.9259629911266175e-8 - w * 1.4426950408889634;
  logHead = shortened(u + v);
  logTail = v - (logHead - u);
}

/** log2 of a positive number: that of 1 or 1.5 and that of the rest by a polynomial. */
function logOf(x: number): void {
  let ax = x;
  let n: Int = 0;
  if (ax < 2.2250738585072014e-308) {
    ax *= 9007199254740992;
    n = -53;
  }
  const high = highWord(ax);
  n += (high >> 20) - 1023;
  const fraction = high & 0xfffff;
  let upper = fraction | 0x3ff00000;
  const isThreeHalves = fraction > 0x3988e && fraction < 0xbb67a;
  if (fraction >= 0xbb67a) {
    n += 1;
    upper -= 0x100000;
  }
  ax = withHigh(ax, upper);
  const base: number = isThreeHalves ? 1.5 : 1;
  const u = ax - base;
  const v = 1 / (ax + base);
  const ss = u * v;
  const sHead = shortened(ss);
  const shift: Int = isThreeHalves ? 0x40000 : 0;
  let tHead = fromWords(((upper >> 1) | 0x20000000) + 0x80000 + shift, 0);
  let tTail = ax - (tHead - base);
  const sTail = v * (u - sHead * tHead - sHead * tTail);
  let s2 = ss * ss;
  let r = s2 * s2 * logPolynomial(s2);
  r += sTail * (sHead + ss);
  s2 = sHead * sHead;
  tHead = shortened(3 + s2 + r);
  tTail = r - (tHead - 3 - s2);
  const product = sHead * tHead;
  const rest = sTail * tHead + tTail * ss;
  const pHead = shortened(product + rest);
  const pTail = rest - (pHead - product);
  const zHead = 0.9617967009544373 * pHead;
  const baseTail: number = isThreeHalves ? 1.350039202129749e-8 : 0;
  const zTail = -7.028461650952758e-9 * pHead + pTail * 0.9617966939259756 + baseTail;
  const baseHead: number = isThreeHalves ? 0.5849624872207642 : 0;
  const scale = real(n);
  logHead = shortened(zHead + zTail + baseHead + scale);
  logTail = zTail - (logHead - scale - baseHead - zHead);
}

function withHigh(x: number, high: Int): number {
  return fromWords(high, lowWord(x));
}

function logPolynomial(s: number): number {
  const upper = 0.272728123808534 + s * (0.23066074577556175 + s * 0.20697501780033842);
  return 0.5999999999999946 + s * (0.4285714285785502 + s * (0.33333332981837743 + s * upper));
}

/** 2 ** (head + tail) */
function exponential(head: number, tail: number): number {
  const n = roundDown(head + tail + 0.5);
  const rest = head - n;
  const t = shortened(tail + rest);
  const u = t * 0.6931471824645996;
  const v = (tail - (t - rest)) * 0.6931471805599453 + t * -1.904654299957768e-9;
  const z = u + v;
  const w = v - (z - u);
  const s = z * z;
  const upper =
    0.00006613756321437934 + s * (-0.0000016533902205465252 + s * 4.1381367970572385e-8);
  const c = z - s * (0.16666666666666602 + s * (-0.0027777777777015593 + s * upper));
  const r = (z * c) / (c - 2) - (w + z * w);
  return scaled(1 - (r - z), whole(n));
}

/** Length of the vector (x, y): sqrt(x * x + y * y) without overflow on the way. */
export function hypot(x: number, y: number): number {
  let a = absolute(x);
  let b = absolute(y);
  if (a === Infinity || b === Infinity) return Infinity;
  if (isMissing(a) || isMissing(b)) return NaN;
  if (a < b) {
    const smaller = a;
    a = b;
    b = smaller;
  }
  if (b === 0 || a * 5.421010862427522e-20 > b) return a + b;
  let scale: number = 1;
  if (a > 6.703903964971299e153) {
    scale = 5.260135901548374e210;
    a *= 1.90109156629516e-211;
    b *= 1.90109156629516e-211;
  } else if (b < 3.44e-136) {
    scale = 1.90109156629516e-211;
    a *= 5.260135901548374e210;
    b *= 5.260135901548374e210;
  }
  const aa = a * a;
  const bb = b * b;
  return scale * squareRoot(squareTail(b, bb) + squareTail(a, aa) + bb + aa);
}

/** What x * x lost when it was rounded to `square`. */
function squareTail(x: number, square: number): number {
  const c = x * 134217729;
  const head = x - c + c;
  const tail = x - head;
  return head * head - square + (2 * head + tail) * tail;
}
