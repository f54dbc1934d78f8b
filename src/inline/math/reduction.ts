/**
 * Angles less their multiples of pi / 2. For those up to 2^20 in the way of fdlibm (e_rem_pio2.c), whose
 * notice stands in trigonometry.ts; for larger ones by the digits of 2 / pi (Payne and Hanek).
 */
import { absolute, at, fromWords, highWord, real, roundDown, whole } from "./bits.ts";
import { scaled } from "./scale.ts";

type Int = number;

/** What is left of the angle that reduced() was given last, -pi/4 to pi/4: the sum of both. */
export let angle: number = 0;
export let angleTail: number = 0;

/** 2^24 */
const BASE: number = 16777216;
/** Digits of 2 / pi behind the point, to the base 2^24. */
const INVERSE_DIGITS: number[] = [
  0xa2f983, 0x6e4e44, 0x1529fc, 0x2757d1, 0xf534dd, 0xc0db62, 0x95993c, 0x439041, 0xfe5163,
  0xabdebb, 0xc561b7, 0x246e3a, 0x424dd2, 0xe00649, 0x2eea09, 0xd1921c, 0xfe1deb, 0x1cb129,
  0xa73ee8, 0x8235f5, 0x2ebb44, 0x84e99c, 0x7026b4, 0x5f7e41, 0x3991d6, 0x398353, 0x39f49c,
  0x845f8b, 0xbdf928, 0x3b1ff8, 0x97ffde, 0x05980f, 0xef2f11, 0x8b5a0a, 0x6d1f6d, 0x367ecf,
  0x27cb09, 0xb74f46, 0x3f669e, 0x5fea2d, 0x7527ba, 0xc7ebe5, 0xf17b3d, 0x0739f7, 0x8a5292,
  0xea6bfb, 0x5fb11f, 0x8d5d08, 0x560330, 0x46fc7b, 0x6babf0, 0xcfbc20, 0x9af436, 0x1da9e3,
];
/** Digits behind the point that decide what is left: 240 bits. */
const KEPT: Int = 10;
/** Digits of a product; the first stands in front of the point. */
const product: number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/** Takes multiples of pi / 2 from a finite angle; answers how many, modulo 4. */
export function reduced(x: number): Int {
  const ax = absolute(x);
  return ax < 1647099 ? reducedSmall(x) : reducedLarge(x, ax);
}

function reducedSmall(x: number): Int {
  const n = roundDown(x * 0.6366197723675814 + 0.5);
  const exponent = (highWord(x) >> 20) & 0x7ff;
  let r = x - n * 1.5707963267341256;
  let w = n * 6.077100506506192e-11;
  let y = r - w;
  if (exponent - ((highWord(y) >> 20) & 0x7ff) > 16) {
    // 33 bits more of pi / 2 are needed: much of x has cancelled.
    const before = r;
    w = n * 6.077100506303966e-11;
    r = before - w;
    w = n * 2.0222662487959506e-21 - (before - r - w);
    y = r - w;
    if (exponent - ((highWord(y) >> 20) & 0x7ff) > 49) {
      const t = r;
      w = n * 2.0222662487111665e-21;
      r = t - w;
      w = n * 8.4784276603689e-32 - (t - r - w);
      y = r - w;
    }
  }
  angle = y;
  angleTail = r - y - w;
  return whole(n) & 3;
}

function reducedLarge(x: number, ax: number): Int {
  const places = ((highWord(ax) >> 20) - 1023) / 24;
  multiply(ax, whole(real(places)));
  let quadrant = whole(at(product, 0) - 4 * roundDown(at(product, 0) * 0.25));
  let sign: number = x < 0 ? -1 : 1;
  if (at(product, 1) >= BASE * 0.5) {
    // Beyond the half of a quarter turn: what lacks to the next.
    quadrant += 1;
    sign = -sign;
    for (let i: Int = 1; i < KEPT; i += 1) product[i] = BASE - 1 - at(product, i);
    product[KEPT] = BASE - at(product, KEPT);
  }
  timesHalfPi(sign);
  return (x < 0 ? -quadrant : quadrant) & 3;
}

/** Digits of x * 2 / pi, but for multiples of 2^24; 24^places is the scale of x. */
function multiply(x: number, places: Int): void {
  let rest = scaled(x, -24 * places);
  const a = roundDown(rest);
  rest = (rest - a) * BASE;
  const b = roundDown(rest);
  rest = (rest - b) * BASE;
  const c = roundDown(rest);
  const d = (rest - c) * BASE;
  let carry: number = 0;
  for (let j: Int = KEPT; j >= 0; j -= 1) {
    const k = j + places - 1;
    // Each product has 48 bits: their sum is exact.
    const sum = a * digit(k) + b * digit(k - 1) + c * digit(k - 2) + d * digit(k - 3) + carry;
    carry = roundDown(sum / BASE);
    product[j] = sum - carry * BASE;
  }
}

function digit(k: Int): number {
  return k < 0 ? 0 : at(INVERSE_DIGITS, k);
}

/** Makes an angle of the digits behind the point, as a sum of two doubles. */
function timesHalfPi(sign: number): void {
  let head: number = 0;
  for (let i: Int = KEPT; i > 0; i -= 1) head += scaled(at(product, i), -24 * i);
  let tail = -head;
  for (let i: Int = 1; i <= KEPT; i += 1) tail += scaled(at(product, i), -24 * i);
  // head * pi/2, and what its rounding loses: the parts have few enough bits for exact products.
  const upper = fromWords(highWord(head), 0);
  const lower = head - upper;
  const rounded = head * 1.5707963267948966;
  const parts = upper * 1.570796012878418 - rounded + upper * 3.13916478589249e-7;
  const lost = parts + lower * 1.570796012878418 + lower * 3.13916478589249e-7;
  const rest = lost + (head * 6.123233995736766e-17 + tail * 1.5707963267948966);
  const sum = rounded + rest;
  angle = sign * sum;
  angleTail = sign * (rounded - sum + rest);
}
