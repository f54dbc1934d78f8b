import { filter, flatMap, keyBy, map } from "../cases.ts";

const TABLE = [
  { code: "a", weight: 1.5, tags: ["x", "y"] },
  { code: "error", weight: -2, tags: [] },
];
const NESTED = { inner: { low: 1, high: 9 }, list: [3n, 4n], none: null };
const FLAGS = [true, false];
const EMPTY: string[] = [];

const weightOf = (code: string): number => TABLE.find((row) => row.code === code)?.weight ?? 0;
const range = (n: number): number[] => {
  const out = [];
  for (let i = 0; i < n && i < 20; i++) out.push(i);
  return out;
};
const orElse = (value: string | null, other: string): string => (value === null ? other : value);
function classify(x: number): string {
  if (Number.isNaN(x)) return "nan";
  switch (true) {
    case x < 0:
      return "negative";
    case x === 0:
      return "zero";
  }
  return x > 1e6 ? "huge" : "positive";
}
function stats(list: readonly number[]) {
  let low = Infinity;
  let high = -Infinity;
  for (const x of list) {
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  return { low, high, spread: high - low, list };
}

export const cases = [
  map("captured constants,find", (r) => ({
    w: weightOf(r.s),
    n: TABLE[0]!.tags.length,
    h: NESTED.inner.high,
  })),
  map("captured constants,bigint", (r) => ({
    a: NESTED.list[1],
    b: NESTED.none ?? r.id,
    c: FLAGS[r.n & 1],
    d: EMPTY.length,
  })),
  map("helper functions,arrays", (r) => ({
    n: range(r.n).length,
    t: range(r.tiny).join(""),
    s: range(3)
      .map((i) => r.s[i] ?? "_")
      .join(""),
  })),
  map("helper functions,switch", (r) => ({ a: classify(r.x), b: classify(r.n), c: classify(NaN) })),
  map("helper functions,object literals", (r) => {
    const { low, spread, list } = stats([r.x, r.y, r.f]);
    return { low, spread, n: list.length, again: stats(list).high };
  }),
  map("helper functions,null", (r) => ({
    a: orElse(r.os, r.s),
    b: orElse(null, "x"),
    c: orElse(r.s, "y"),
  })),
  map("boolean,let", (r) => {
    let seen = false;
    let maybe: boolean | null = null;
    for (const v of [r.flag, r.oflag, true]) {
      if (v === null || r.n > 90) maybe = v;
      else if (v) seen = !seen;
    }
    return { seen, maybe: maybe === null, raw: maybe };
  }),
  map("boolean,arrays", (r) => ({
    a: [r.flag, !r.flag].map((f) => !f).join(),
    b: [r.oflag, r.flag].includes(true),
    c: [r.oflag][0],
  })),
  map("bigint,arrays", (r) => ({
    a: [r.id, 1n].map((b) => b % 3n).join(),
    b: [r.oid, r.id][0] ?? 7n,
    c: [1n, 2n].includes(r.id),
  })),
  map("bigint,null", (r) => {
    let best: bigint | null = r.oid;
    if (best === null || best < r.id) best = r.id;
    const same = best === r.oid;
    return { best, same, t: `${r.oid}` };
  }),
  map("bigint,reduce", (r) => ({ a: [r.id % 10n, 2n, 3n].reduce((a, b) => a * 2n + b, 0n) })),
  map("undefined,arrays", (r) => {
    const list = [r.x, undefined, r.on];
    return {
      n: list.length,
      first: list[0],
      second: list[1] ?? -1,
      t: typeof list[1],
      j: list.filter((v) => v != null).length,
    };
  }),
  map("nested functions,object literals", (r) => {
    const rows = r.s.split(" ").map((w, i) => ({ w, i, units: w.split("").map((u) => ({ u })) }));
    const long = rows.filter((row) => row.units.length > 2);
    return {
      n: long.length,
      first: long[0]?.units[0]?.u,
      last: rows.at(-1)?.w,
      sum: rows.reduce((a, b) => a + b.i, 0),
    };
  }),
  map("arrays,for", (r) => {
    const grid: number[][] = [];
    for (let i = 0; i < 3; i++) {
      const line = [];
      for (let j = 0; j < 3; j++) line.push(i * j + r.n);
      grid.push(line);
    }
    return { t: grid.map((line) => line.join(",")).join(";"), c: grid[1]?.[2], d: grid[5]?.[0] };
  }),
  map("break and continue,for-of", (r) => {
    let out = "";
    for (const a of r.s.split(" ")) {
      if (a === "") continue;
      let found = false;
      for (const b of a.split("")) {
        if (b === "e") {
          found = true;
          break;
        }
      }
      if (!found) continue;
      out += a;
      if (out.length > 8) break;
    }
    return { out };
  }),
  map("some and every,for", (r) => ({
    a: [1, 2, 3].every((v) => {
      for (let i = 0; i < 5; i++) {
        switch (i * v) {
          case r.n & 7:
            return false;
          case 100:
            break;
        }
        if (i === 3) continue;
      }
      return true;
    }),
  })),
  map("let,destructuring", (r) => {
    let { x, n } = r;
    let [a = "?"] = r.s.split("");
    x += 1;
    n = n * 2;
    a = a + a;
    return { x, n, a };
  }),
  map("if,null", (r) => {
    if (!r.os) return { v: "none", n: 0 };
    if (r.ox === null && r.on === null) return { v: r.os, n: -1 };
    const n = r.ox ?? r.on ?? 0;
    return { v: r.os.slice(0, 2), n };
  }),
  map("null,comparison", (r) => ({
    a: r.ox! < 5,
    b: r.ox! >= r.on!,
    c: r.on! % 3,
    d: Math.max(r.ox ?? 0, 1),
  })),
  filter("null,boolean", (r) => r.oflag),
  filter("null,?:", (r) => (r.oflag === null ? r.flag : !r.oflag)),
  filter("some and every,truthiness", (r) => [r.os, r.s].every((v) => v)),
  flatMap("flatMap,?:", (r) =>
    r.n > 0 ? [{ v: r.s, n: r.n }] : r.n < -50 ? [] : [{ v: r.t, n: null }],
  ),
  flatMap("flatMap,helper functions", (r) =>
    range(r.n & 3).map((i) => ({ i, s: r.s, sub: r.s.slice(i) })),
  ),
  flatMap("flatMap,filter", (r) =>
    TABLE.filter((t) => t.weight > r.x).map(({ code, weight }) => ({ code, weight })),
  ),
  flatMap("flatMap,concat", (r) => [{ k: "a", v: r.x }].concat(r.flag ? [{ k: "b", v: r.y }] : [])),
  keyBy("templates", (r) => `${r.tiny % 5}-${r.flag}`),
  keyBy("null,object literals", (r) => ({ a: r.on, b: r.os?.slice(0, 1) })),
  map("surrogates,replace", (r) => ({
    a: r.s.replaceAll("\ude00", "x"),
    b: r.s.split("\ud83d").length,
    c: r.s.indexOf("\ude00", 1),
  })),
  map("concatenation,for", (r) => {
    let s = "";
    for (let i = 0; i < 50; i++) {
      const before = s;
      s += r.s;
      if (i % 7 === 3) s = before + "-" + s.length;
    }
    return { n: s.length, tail: s.slice(-5) };
  }),
  map("concatenation,let", (r) => {
    const base = r.s + "|";
    const a = base + "a";
    const b = base + "b";
    return { a, b, base, c: a + b };
  }),
  map("?:,throw", (r) => ({ v: r.flag ? (r.os as string).length : [r.s][0]!.length })),
  map("??", (r) => ({ a: r.os || r.s, b: r.ox && r.x, c: r.on || r.n, d: r.s && r.t })),
  map("increment,arrays", (r) => {
    const list = [0, 0, 0];
    let i = 0;
    list[i++] = r.x;
    list[i++] = i;
    list[i] = list[i - 1]! + i;
    return { t: list.join(), i };
  }),
  map("arithmetic,NaN", (r) => ({
    a: 0 * -1,
    b: -0 + 0,
    c: 1 / -0,
    d: r.x * 0,
    e: -(r.n * 0),
    f: Math.round(-0.4),
    g: 5 % -5,
    h: -5 % 5,
  })),
  map("numbers as text", (r) => ({
    a: `${0.1 + 0.2}`,
    b: String(1e21),
    c: `${-1e-7}`,
    d: (123.456).toString() + r.n,
    e: `${2 ** 2}`,
  })),
];
