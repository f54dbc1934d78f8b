import { filter, flatMap, keyBy, map } from "../cases.ts";

const ORIGIN = { x: 1, y: -2, label: "origin" };
const NAMES = ["ada", "grace", "edsger"];
const PRIMES = [2, 3, 5, 7, 11, 13];
const MASK = 0xffn;
const ON = true;

interface Point {
  readonly x: number;
  readonly y: number;
}

const lengthOf = ({ x, y }: Point): number => Math.sqrt(x * x + y * y);
const swap = (p: Point): Point => ({ x: p.y, y: p.x });
const sumOf = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
const isEven = (n: number): boolean => n % 2 === 0;

function firstLong(parts: readonly string[]): string | undefined {
  for (const part of parts) if (part.length > 3) return part;
  return undefined;
}

export const cases = [
  map("null,pass on", (r) => ({ os: r.os, ox: r.ox, oid: r.oid, oflag: r.oflag, on: r.on })),
  map("null,??", (r) => ({
    a: r.os ?? "none",
    b: r.ox ?? -1,
    c: r.oid ?? 0n,
    d: r.oflag ?? false,
  })),
  map("??", (r) => ({ a: r.os ?? r.s, b: r.on ?? r.ox ?? 0, c: (r.ox ?? r.x) + 1 })),
  map("??,?.", (r) => ({
    a: r.os?.length ?? -1,
    b: r.os?.toUpperCase() ?? "-",
    c: r.os?.[0] ?? "",
  })),
  map("?.", (r) => ({ a: r.os?.trim(), b: r.os?.length, c: r.os?.split(",").length, d: r.oflag })),
  filter("null", (r) => r.os !== null && r.os.length > 3),
  filter("null,==", (r) => r.ox != null && r.ox > 0),
  filter("null", (r) => r.oid === null),
  map("null,truthiness", (r) => ({
    a: r.os ? 1 : 0,
    b: r.ox ? "y" : "n",
    c: !r.oflag,
    d: r.oid ? 1 : 2,
  })),
  map("null,==", (r) => ({
    a: r.os === r.s,
    b: r.ox === r.x,
    c: r.oid === r.id,
    d: r.oflag === r.flag,
  })),
  map("null,==", (r) => ({ a: r.os == null, b: r.ox == r.on, c: r.oid != null, d: r.os == r.os })),
  map("null,arithmetic", (r) => ({ a: r.ox! + 1, b: r.on! * 2, c: -r.ox!, d: r.ox! > r.x })),
  map("null,templates", (r) => ({
    a: `${r.os}`,
    b: `${r.ox}/${r.oid}`,
    c: String(r.oflag),
    d: r.os + "!",
  })),
  map("null,throw", (r) => ({ a: r.os!.length })),
  map("null,throw", (r) => ({ a: r.os!.toUpperCase().trim(), b: r.ox!.toFixed(1) })),
  map("null,if", (r) => {
    if (r.ox === null) return { v: -1, w: "null" };
    return { v: r.ox * 2, w: r.ox.toFixed(1) };
  }),
  map("null,if", (r) => {
    let best: number | null = null;
    for (const one of [r.x, r.y, r.n]) if (best === null || one > best) best = one;
    return { best };
  }),
  map("undefined,let", (r) => {
    let last: string | undefined;
    for (const part of r.s.split(" ")) if (part.length > 2) last = part;
    return { last, type: typeof last };
  }),
  map("undefined,null", (r) => ({
    a: r.flag ? r.x : null,
    b: r.flag ? undefined : r.s,
    c: r.n > 0 ? r.id : null,
  })),
  map("undefined,typeof", (r) => ({
    a: typeof r.x,
    b: typeof r.os,
    c: typeof r.id,
    d: typeof r.oflag,
  })),
  map("typeof", (r) => ({
    a: typeof r.ox === "number" ? r.ox + 1 : 0,
    b: typeof r.s === "string",
  })),
  filter("typeof,null", (r) => typeof r.os === "string" && r.os.includes("a")),
  map("undefined,default values", ({ s, n = 5, os }) => ({
    s,
    n,
    length: os === null ? 0 : os.length,
  })),
  map("bigint,overflow", (r) => ({ v: r.id + 1n })),
  map("bigint,overflow", (r) => ({ a: r.id * 2n })),
  map("bigint,overflow", (r) => ({ a: r.id - 3000000000000000000n })),
  map("bigint,overflow", (r) => ({ a: r.id * r.id })),
  map("bigint", (r) => ({
    a: r.id / 3n,
    b: r.id % 7n,
    c: r.id & MASK,
    d: r.id | 1n,
    e: r.id ^ r.id,
    f: ~r.id,
  })),
  map("bigint,throw", (r) => ({ a: 100n / (r.id % 3n), b: 5n % (r.id % 2n) })),
  map("bigint,overflow", (r) => ({ a: -r.id })),
  map("bigint", (r) => ({ a: r.id >> 3n, b: (r.id & 0xffn) << 4n, c: (r.id % 5n) ** 2n })),
  map("bigint,comparison", (r) => ({
    a: r.id > 5n,
    b: r.id === 10n,
    c: r.id < r.x,
    d: r.id !== 0n,
    e: r.x >= r.id,
  })),
  filter("bigint,truthiness", (r) => r.id),
  map("bigint,Number(s)", (r) => ({
    a: Number(r.id),
    b: BigInt(r.n),
    c: Number(r.id) / 2,
    d: String(r.id),
  })),
  map("bigint,throw", (r) => ({ a: BigInt(r.num) })),
  map("bigint,throw", (r) => ({ a: BigInt(r.x) })),
  map("bigint,let,for", (r) => {
    let sum = 0n;
    for (let i = 0n; i < (r.id & 15n); i++) sum += i;
    return { sum };
  }),
  map("destructuring", ({ id, x, ...rest }) => ({ id, double: x * 2, s: rest.s, y: rest.y })),
  map("destructuring", (r) => {
    const { s, t: other, n } = r;
    const [first = "none", second, ...more] = s.split(" ");
    return { first, second, more: more.length, other, n };
  }),
  map("destructuring,helper functions", (r) => ({
    a: lengthOf({ x: r.x, y: r.y }),
    b: lengthOf(ORIGIN),
  })),
  map("spread", (r) => ({ ...r, extra: r.x + 1 })),
  map("spread", (r) => ({ ...r, s: "gone", x: 0, id: 1n })),
  map("spread,captured constants", (r) => ({ ...ORIGIN, label: r.s, on: ON })),
  map("object literals", (r) => {
    const point = { x: r.x, y: r.y };
    const moved = { ...point, x: point.x + 1 };
    return { a: moved.x, b: moved["y"], c: point.x };
  }),
  map("object literals,?:", (r) => {
    const range = r.flag ? { low: 0, high: r.x } : { low: r.y, high: 100 };
    return { width: range.high - range.low, s: r.s };
  }),
  map("object literals,helper functions", (r) => {
    const p = swap(swap({ x: r.x, y: r.y }));
    return { ...swap(p), n: lengthOf(swap({ x: 3, y: 4 })) };
  }),
  map("object literals,let", (r) => {
    let best = { name: "", score: -1 };
    for (const name of NAMES)
      if (name.length * r.n > best.score) best = { name, score: name.length * r.n };
    return best;
  }),
  map("shorthand,object literals", ({ s, x }) => ({ s, x })),
  map("shorthand,destructuring", ({ x: value, s }) => ({ value, s })),
  map("arrays", (r) => ({ n: [r.x, r.y, r.n].length, max: [r.x, r.y, 3][1] })),
  map("arrays,index", (r) => {
    const list = [r.x, r.y, r.n];
    return { a: list[0], b: list[3], c: list[-1], d: list[r.n], e: list.at(-1), f: list.at(r.n) };
  }),
  map("arrays,index", (r) => ({
    a: PRIMES[r.n & 7],
    b: NAMES[r.tiny] ?? "?",
    c: PRIMES[0]! + PRIMES[99]!,
  })),
  map("arrays,push", (r) => {
    const list = [];
    for (let i = 0; i < (r.n & 15); i++) list.push(i * i);
    list[list.length] = 7;
    list[0] = r.x;
    return { text: list.join(), n: list.length, last: list.pop(), rest: list.length };
  }),
  map("arrays,push", (r) => {
    const words: string[] = [];
    const same = words;
    same.push(r.s);
    words.push(r.t, "x");
    return { a: words.join("/"), b: same.length, c: words[0] };
  }),
  map("arrays,spread", (r) => {
    const list = [...NAMES, r.s];
    list.push("end");
    return { a: list.join(), b: [...list, ...NAMES].length, c: [0, ...PRIMES].indexOf(r.n) };
  }),
  map("arrays,slice", (r) => ({
    a: PRIMES.slice(1, 3).join("-"),
    b: NAMES.slice(-2).join(),
    c: [r.x, r.y].slice(r.n).length,
  })),
  map("arrays,includes", (r) => ({
    a: [r.x, r.y].includes(NaN),
    b: [r.x, NaN].indexOf(NaN),
    c: NAMES.includes(r.s),
    d: PRIMES.includes(r.n),
  })),
  map("arrays,join", (r) => ({
    a: [r.x, r.y].join(),
    b: [r.flag, false].join("|"),
    c: [r.id, 2n].join(" "),
    d: [r.s, r.t].join("é"),
  })),
  map("arrays,concat", (r) => ({
    a: [r.x].concat([r.y], 3).join(),
    b: NAMES.concat(r.s).length,
    c: [r.s].concat(NAMES).reverse().join(),
  })),
  map("arrays,null", (r) => {
    const list = [r.os, r.s, null];
    return { a: list.join("+"), b: list[0] ?? "none", c: list.length, d: list.includes(null) };
  }),
  map("arrays,null", (r) => {
    const list = [r.ox, r.x, r.on];
    const there = list.filter((one) => one !== null);
    return { n: there.length, a: list[0] ?? -1, b: list.indexOf(null) };
  }),
  map("map", (r) => ({
    a: [r.x, r.y].map((v) => v * 2).join(),
    b: r.s
      .split(" ")
      .map((w) => w.length)
      .join(),
  })),
  map("map,arrays", (r) => ({
    a: PRIMES.map((p, i) => p * i + r.n).join(),
    b: NAMES.map((n) => ({ n, l: n.length }))[1]?.l,
  })),
  map("map", (r) => ({
    a: r.s
      .split(",")
      .map((part) => {
        if (part === "") return "empty";
        for (let i = 0; i < part.length; i++) if (part[i] === "a") return `a at ${i}`;
        return part.trim();
      })
      .join(";"),
  })),
  map("filter", (r) => ({
    a: PRIMES.filter((p) => p > r.n).length,
    b: PRIMES.filter(isEven).join(),
  })),
  map("filter", (r) => ({
    a: r.s
      .split(" ")
      .filter((w) => w)
      .join("+"),
    b: [r.x, r.y, 1].filter((v, i) => v > i).length,
  })),
  map("filter,arrays", (r) => {
    const kept = PRIMES.filter((p) => p !== r.n);
    kept.push(r.n);
    return { kept: kept.join() };
  }),
  map("find", (r) => ({
    a: PRIMES.find((p) => p > r.n),
    b: NAMES.findIndex((n) => r.s.includes(n)),
    c: NAMES.find((n) => n === r.s)?.length,
  })),
  map("find", (r) => ({
    a: [r.x, r.y].find((v) => v > 0) ?? 0,
    b: [true, r.flag].find((v) => !v),
    c: [1n, r.id].find((v) => v > 5n),
  })),
  filter("some and every", (r) => NAMES.some((name) => r.s.includes(name[0]!))),
  map("some and every", (r) => ({
    a: PRIMES.some((p) => p === r.n),
    b: PRIMES.every((p) => p < r.x),
    c: r.s.split("").every((u) => u < "b"),
  })),
  map("some and every,find", (r) => ({
    a: r.s.split(" ").some((word) => {
      const lower = word.toLowerCase();
      return lower === "error" || NAMES.find((name) => name === lower) !== undefined;
    }),
  })),
  map("reduce", (r) => ({
    a: [r.x, r.y, 1].reduce((a, b) => a + b),
    b: PRIMES.reduce((a, b, i) => a + b * i, r.n),
  })),
  map("reduce", (r) => ({
    a: r.s.split(" ").reduce((a, w) => (w.length > a.length ? w : a), ""),
    b: sumOf([r.x, r.y]),
  })),
  map("reduce,object literals", (r) => {
    const { min, max } = [r.x, r.y, 5].reduce(
      (a, v) => ({ min: Math.min(a.min, v), max: Math.max(a.max, v) }),
      { min: Infinity, max: -Infinity },
    );
    return { min, max };
  }),
  map("reduce,throw", (r) => ({ a: PRIMES.filter((p) => p < r.n).reduce((a, b) => a + b) })),
  map("forEach", (r) => {
    let total = 0;
    PRIMES.forEach((p, i) => {
      if (p === r.n) return;
      total += p * i;
    });
    return { total };
  }),
  map("forEach,arrays", (r) => {
    const out: string[] = [];
    r.s.split(",").forEach((part) => {
      if (part !== "") out.push(part.toUpperCase());
    });
    return { out: out.join() };
  }),
  map("forEach,let", (r) => {
    let longest = "";
    r.s.split(" ").forEach((w) => {
      if (w.length > longest.length) longest = w;
    });
    return { longest };
  }),
  map("for-of", (r) => {
    let sum = 0;
    for (const p of PRIMES) {
      if (p > 10) break;
      if (isEven(p)) continue;
      sum += p + r.n;
    }
    return { sum };
  }),
  map("for-of,destructuring", (r) => {
    const points = [
      { x: r.x, y: 1 },
      { x: r.y, y: 2 },
    ];
    let sum = 0;
    for (const { x, y } of points) sum += x * y;
    return { sum, far: points.map(lengthOf).length };
  }),
  map("for-of,helper functions", (r) => ({ a: firstLong(r.s.split(" ")), b: firstLong(NAMES) })),
  flatMap("flatMap", (r) => (r.flag ? [{ v: r.x }, { v: r.y }] : [])),
  flatMap("flatMap,object literals", (r) => [
    { axis: "x", value: r.x, note: null },
    { axis: "y", value: r.y, note: r.s },
  ]),
  flatMap("flatMap,throw", (r) => {
    const out = [{ n: r.n, half: r.n / 2 }];
    if (r.n > 60) throw new Error("too large");
    if (r.n > 0) out.push({ n: -r.n, half: 0 });
    return out;
  }),
  flatMap("flatMap,map", (r) => r.s.split(" ").map((w, i) => ({ ...r, w, i }))),
  keyBy("null,??", (r) => r.os ?? "none"),
  keyBy("bigint", (r) => r.id % 4n),
  map("nested functions,map,reduce", (r) => ({
    a: r.s
      .split(" ")
      .map((w) => w.split("").reduce((n, u) => n + (u === "a" ? 1 : 0), 0))
      .reduce((a, b) => a + b, 0),
  })),
  map("nested functions,filter,some and every", (r) => ({
    a: PRIMES.filter((p) => PRIMES.some((q) => q * q === p + r.n)).length,
  })),
  map("if,let", (r) => {
    let size = "large";
    if (r.x < 0) size = "negative";
    else if (r.x < 10) {
      size = "small";
      if (r.flag) size += "!";
    }
    return { size };
  }),
  map("if,throw", (r) => {
    const parts = r.num.split(".");
    if (parts.length > 2) throw new Error("not a number");
    const whole = parts[0];
    if (whole === undefined || whole === "") return { whole: null, fraction: parts[1] ?? null };
    return { whole: Number(whole), fraction: parts[1] ?? null };
  }),
  map("let,while,throw,overflow", (r) => {
    let n = r.id;
    let steps = 0;
    while (n !== 1n) {
      if (n <= 0n) throw new Error("not positive");
      if (++steps > 300) break;
      n = n % 2n === 0n ? n / 2n : n + 1n;
    }
    return { steps };
  }),
];
