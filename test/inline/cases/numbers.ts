import { filter, keyBy, map } from "../cases.ts";

const LIMIT = 80;
const SCALE = 1.8;
const FACTORS = [1, 2.5, -3];

function celsius(fahrenheit: number): number {
  return (fahrenheit - 32) / SCALE;
}

const clamp = (x: number, low: number, high = 10) => (x < low ? low : x > high ? high : x);

export const cases = [
  map("number,arithmetic", (r) => ({ id: r.id, f: r.x * 1.8 + 32 })),
  map("number,arithmetic", (r) => ({ a: r.x + r.y, b: r.x - r.y, c: r.x * r.y, d: r.x / r.y })),
  map("number,arithmetic", (r) => ({ a: r.x % r.y, b: r.n % 7, c: -r.x % 3, d: r.n % -4 })),
  map("number,arithmetic", (r) => ({ a: -r.x, b: +r.x, c: -r.n, d: -(-r.y) })),
  map("integer columns,pass on", (r) => ({ tiny: r.tiny, n: r.n, f: r.f, at: r.at, flag: r.flag })),
  map("integer columns", (r) => ({
    a: r.tiny * r.tiny,
    b: r.n * r.n,
    c: r.n + r.tiny,
    d: r.f * 2,
  })),
  map("integer columns,timestamp", (r) => ({
    day: Math.floor(r.at / 86400000),
    rest: r.at % 1000,
  })),
  map("timestamp", (r) => ({ at: r.at, next: r.at + 1000, text: `${r.at}` })),
  map("timestamp,comparison", (r) => ({ late: r.at > 1700000000000, at: r.at })),
  map("arithmetic,number", (r) => ({ a: r.x ** 2, b: r.x ** 1, c: r.y ** 0, d: (r.x + r.y) ** 2 })),
  map("bitwise", (r) => ({ a: r.x & 255, b: r.x | 1, c: r.x ^ r.y, d: ~r.x })),
  map("bitwise", (r) => ({
    a: r.x << 3,
    b: r.x >> 2,
    c: r.x >>> 1,
    d: r.n >>> 28,
    e: r.n << r.tiny,
  })),
  map("bitwise", (r) => ({ a: (r.x | 0) + 1, b: (r.y >>> 0) / 2, c: r.n & r.tiny & 0x0f })),
  map("Math", (r) => ({
    a: Math.abs(r.x),
    b: Math.ceil(r.x),
    c: Math.floor(r.x),
    d: Math.round(r.x),
  })),
  map("Math", (r) => ({
    a: Math.trunc(r.x),
    b: Math.sign(r.x),
    c: Math.sqrt(r.x),
    d: Math.fround(r.x),
  })),
  map("Math", (r) => ({
    a: Math.min(r.x, r.y),
    b: Math.max(r.x, r.y, 0),
    c: Math.min(),
    d: Math.max(r.n),
  })),
  map("Math", (r) => ({
    a: Math.imul(r.x, r.n),
    b: Math.clz32(r.x),
    c: Math.round(r.x * 100) / 100,
  })),
  map("Math,captured constants", (r) => ({
    pi: Math.PI * r.x,
    e: Math.E,
    max: Number.MAX_SAFE_INTEGER,
  })),
  filter("comparison", (r) => r.x > r.y),
  filter("comparison,captured constants", (r) => r.n <= LIMIT),
  filter("comparison", (r) => r.x >= 0 && r.y < 0),
  map("comparison", (r) => ({ a: r.x < r.y, b: r.x <= r.y, c: r.x === r.y, d: r.x !== r.y })),
  map("comparison,==", (r) => ({ a: r.x == r.y, b: r.x != 0, c: r.n == r.tiny })),
  map("NaN,comparison", (r) => ({
    a: Number.isNaN(r.x),
    b: isNaN(r.y),
    c: r.x === r.x,
    d: Number.isFinite(r.x),
  })),
  map("NaN", (r) => ({ a: r.x / 0, b: 0 / r.x, c: r.x - r.x, d: isFinite(r.y / r.x) })),
  map("NaN,Math", (r) => ({
    a: Number.isInteger(r.x),
    b: Number.isSafeInteger(r.x),
    c: Math.max(r.x, NaN),
  })),
  filter("truthiness", (r) => r.x),
  filter("truthiness", (r) => !r.n),
  map("truthiness,?:", (r) => ({ a: r.x ? 1 : 2, b: !r.x ? "no" : "yes", c: !!r.y })),
  map("?:", (r) => ({ a: r.x > 0 ? r.x : -r.x, b: r.flag ? (r.n > 0 ? 1 : 2) : 3 })),
  map("?:,boolean", (r) => ({
    sign: r.x < 0 ? "-" : r.x > 0 ? "+" : "0",
    both: r.flag && r.x > 0,
  })),
  map("boolean", (r) => ({
    a: r.flag && r.n > 0,
    b: r.flag || r.n > 0,
    c: !r.flag,
    d: r.flag === r.n > 0,
  })),
  map("boolean", (r) => ({
    a: Number(r.flag),
    b: String(r.flag),
    c: Boolean(r.s),
    d: Boolean(r.x),
  })),
  filter("boolean", (r) => r.flag !== r.n > 0),
  map("helper functions", (r) => ({ c: celsius(r.x), d: celsius(r.n) })),
  map("helper functions,default values", (r) => ({
    a: clamp(r.x, 0),
    b: clamp(r.x, -5, 5),
    c: clamp(r.n, 1, r.tiny),
  })),
  map("captured constants,helper functions", (r) => ({
    a: r.x * SCALE + LIMIT,
    b: clamp(r.y, LIMIT, LIMIT * 2),
  })),
  map("captured constants,arrays,reduce", (r) => ({
    sum: FACTORS.reduce((a, b) => a + b * r.x, 0),
  })),
  map("let,if", (r) => {
    let sum = 0;
    if (r.x > 0) sum += r.x;
    else if (r.y > 0) sum -= r.y;
    else sum = 1;
    return { sum };
  }),
  map("let,for", (r) => {
    let total = 0;
    for (let i = 0; i < (r.n & 15); i++) total += i * r.x;
    return { total };
  }),
  map("for,break and continue", (r) => {
    let found = -1;
    let skipped = 0;
    for (let i = 0; i < 20; i += 3) {
      if (i % 2 === 0) {
        skipped++;
        continue;
      }
      if (i > (r.n & 31)) {
        found = i;
        break;
      }
    }
    return { found, skipped };
  }),
  map("while", (r) => {
    let n = Math.abs(r.n) % 1000;
    let steps = 0;
    while (n > 1 && steps < 200) {
      n = n % 2 === 0 ? n / 2 : 3 * n + 1;
      steps++;
    }
    return { steps, n };
  }),
  map("while,do", (r) => {
    let a = r.n & 255;
    let count = 0;
    do {
      a = a >> 1;
      count++;
    } while (a > 0);
    return { count };
  }),
  map("do,let", (r) => {
    let i = 0;
    let s = "";
    do {
      s += i;
      i += 2;
      if (i === 4) continue;
    } while (i < (r.n & 7));
    return { s };
  }),
  map("do,break and continue", (r) => {
    let i = 0;
    do {
      if (i === r.tiny) break;
      i++;
    } while (i < 10);
    return { i };
  }),
  map("switch", (r) => {
    switch (r.n & 3) {
      case 0:
        return { v: "zero" };
      case 1:
        return { v: "one" };
      default:
        return { v: "many" };
    }
  }),
  map("switch,break and continue", (r) => {
    let v = 0;
    switch (r.n & 7) {
      // @ts-expect-error: falling through is what is tested
      case 1:
        v += 1;
      case 2:
        v += 2;
        break;
      case 3:
      case 4:
        v = 34;
        break;
      // @ts-expect-error: falling through is what is tested
      default:
        v = -1;
      case 5:
        v *= 5;
    }
    return { v };
  }),
  map("switch,for", (r) => {
    let out = "";
    for (let i = 0; i < 6; i++) {
      switch (i) {
        case r.n & 3:
          continue;
        case 4:
          out += "four";
          break;
        default:
          out += i;
      }
      out += ";";
    }
    return { out };
  }),
  map("increment", (r) => {
    let i = r.n;
    const a = i++;
    const b = ++i;
    const c = i-- + i;
    return { a, b, c, i };
  }),
  map("increment,compound assignment", (r) => {
    let a = r.x;
    a += 1;
    a -= r.y;
    a *= 2;
    a /= 3;
    a %= 1000;
    let b = r.n;
    b &= 127;
    b |= 64;
    b ^= 3;
    b <<= 2;
    b >>= 1;
    b >>>= 1;
    return { a, b };
  }),
  map("compound assignment", (r) => {
    let s = r.s;
    s += r.n;
    s += "!";
    let k = r.x;
    k = k += 1;
    return { s, k };
  }),
  map("compound assignment,increment", (r) => {
    let i = 1;
    const a = i + (i += 2) + i++ + i;
    const list = [i, i++, i];
    return { a, i, l: list.join("/") };
  }),
  map("throw", (r) => {
    if (r.n > 50) throw new Error(`too many: ${r.n}`);
    return { n: r.n };
  }),
  filter("throw", (r) => {
    if (r.s.length === 0) throw new Error("empty");
    return r.flag;
  }),
  map("throw,helper functions", (r) => ({ v: positive(r.x) })),
  keyBy("number", (r) => r.n % 10),
  keyBy("?:", (r) => (r.n > 0 ? "up" : "down")),
  keyBy("object literals", (r) => ({ half: r.n < 0, bucket: Math.floor(r.n / 10) })),
];

function positive(x: number): number {
  if (!(x > 0)) throw new Error("not positive");
  return Math.sqrt(x);
}
