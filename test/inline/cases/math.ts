import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  cbrt,
  cos,
  cosh,
  exp,
  expm1,
  hypot,
  log,
  log1p,
  log2,
  log10,
  pow,
  sin,
  sinh,
  tan,
  tanh,
} from "../../../src/inline/math.ts";
import { filter, map } from "../cases.ts";

const THOUSAND = 10 ** 3;
const RADIUS = 6371;

/** Kilometres between two points of a sphere. */
function distance(lat1: number, lon1: number, lat2: number, lon2: number): number {
  const half = sin((lat2 - lat1) / 2);
  const side = sin((lon2 - lon1) / 2);
  return 2 * RADIUS * asin(Math.sqrt(half * half + cos(lat1) * cos(lat2) * side * side));
}

export const cases = [
  map("millrace/math", (r) => ({
    a: sin(r.x),
    b: cos(r.x),
    c: tan(r.x),
    d: sin(r.f),
    e: cos(r.n),
  })),
  map("millrace/math", (r) => ({ a: asin(r.x), b: acos(r.x), c: atan(r.x), d: atan2(r.x, r.y) })),
  map("millrace/math", (r) => ({ a: sinh(r.x), b: cosh(r.x), c: tanh(r.x), d: asinh(r.x) })),
  map("millrace/math", (r) => ({ a: acosh(r.x), b: atanh(r.x), c: expm1(r.x), d: log1p(r.x) })),
  map("millrace/math", (r) => ({ a: exp(r.x), b: log(r.x), c: log2(r.x), d: log10(r.x) })),
  map("millrace/math", (r) => ({
    a: pow(r.x, r.y),
    b: pow(r.f, 0.5),
    c: cbrt(r.x),
    d: pow(r.x, 3),
  })),
  map("millrace/math", (r) => ({ a: hypot(r.x, r.y), b: hypot(r.n, r.tiny), c: pow(r.n, r.tiny) })),
  map("millrace/math,helper functions", (r) => ({
    km: distance(r.n / 1e9, r.tiny / 100, r.f, 0.25),
    level: 10 * log10(Math.abs(r.x) + 1),
  })),
  filter("millrace/math,comparison", (r) => sin(r.x) > 0.5 || log(r.y) < 1),
  map("millrace/math,null", (r) => ({ a: r.ox === null ? null : exp(-r.ox), b: sin(r.ox ?? 1) })),
  map("for,index,length", (r) => {
    let commas = 0;
    let pairs = 0;
    for (let i = 0; i < r.s.length; i++) {
      if (r.s[i] === ",") commas++;
      if (r.s[i] === r.s[i + 1] || r.s[i - 1] === r.t.charAt(i)) pairs += i;
    }
    return { commas, pairs, units: `${r.s.length - 1}` };
  }),
  map("for,arrays,index", (r) => {
    const a = [r.x, r.y, r.n, r.tiny];
    let sum = 0;
    let text = "";
    for (let i = 1; i <= a.length; i += 2) {
      for (let j = 0; j < i && j < 3; j++) sum += (a[j] ?? 0.5) * (a[i - 1] ?? -0) + i / 3 - j;
      const next = i + 1;
      a.push(next);
      if (a.length > 9) break;
      text += `${i}:${next};${a[a.length - 1]}`;
    }
    return { sum, text, last: a[a.length - 1] ?? 0, none: a[a.length] ?? -1 };
  }),
  map("for,charCodeAt and codePointAt", (r) => {
    let hash = 7;
    const objects = [];
    for (let i = 0; i < r.t.length && hash < 1e9; ++i) {
      hash = (hash * 31 + r.t.charCodeAt(i) + (r.t.codePointAt(i - 1) ?? i)) % 1000003;
      objects.push({ i, half: i / 2, odd: i % 2 === 1, zero: -i });
    }
    const range = { length: r.x };
    let turns = 0;
    for (let k = 0; k < range.length; k++) if (++turns > 5) break;
    return { hash, turns, sum: objects.reduce((a, o) => a + o.half, 0), o: objects.at(-1)?.zero };
  }),
  map("arithmetic,captured constants", (r) => ({
    a: r.x * THOUSAND,
    b: r.n % 2 ** 10,
    c: (-3) ** 3 + 10 ** 15,
    d: r.x > 2 ** 53 - 1,
  })),
];
