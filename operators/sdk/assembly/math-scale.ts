// Written by `npm run sdk:math` from src/inline/math/scale.ts: change that.
/** x * 2^n. Adapted from fdlibm: see the notice in power.ts. */
import { fromWords } from "./math-bits";

type Int = i32;

/** 2^n of a normal double: -1022 <= n <= 1023. */
export function powerOfTwo(n: Int): number {
  return fromWords((n + 1023) << 20, 0);
}

/** x * 2^n, rounded once. */
export function scaled(x: number, n: Int): number {
  let y = x;
  let left = n;
  if (left > 1023) {
    y *= powerOfTwo(1023);
    left -= 1023;
    if (left > 1023) {
      y *= powerOfTwo(1023);
      left -= 1023;
      if (left > 1023) left = 1023;
    }
  } else if (left < -1022) {
    // Not down to the smallest normal number at once: the last step alone may round.
    y *= powerOfTwo(-969);
    left += 969;
    if (left < -1022) {
      y *= powerOfTwo(-969);
      left += 969;
      if (left < -1022) left = -1022;
    }
  }
  return y * powerOfTwo(left);
}
