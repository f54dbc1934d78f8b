import { filter, flatMap, map } from "../cases.ts";

const STEP = 0.5;
const WEIGHTS = { small: 1, large: 10 };
const scaled = (x: number, by = STEP, times = 2): number => x * by * times;
const joined = (parts: readonly string[], by = "/"): string => parts.join(by);
const pick = ({ x, label = "none" }: { x: number; label?: string }): string => `${label}:${x}`;

export const cases = [
  map("default values", (r) => ({
    a: scaled(r.x),
    b: scaled(r.x, 3),
    c: scaled(r.x, undefined, r.n),
  })),
  map("default values,join", (r) => ({
    a: joined(r.s.split(" ")),
    b: joined([r.s, r.t], "é"),
    c: pick({ x: r.n }),
  })),
  map("string,pass on", ({ s, ...rest }) => ({ s, other: rest.t, n: rest.n })),
  map("string,===", (r) => ({ same: r.s === `${r.s}`, upper: r.s === r.s.toUpperCase() })),
  map("?.,null", (r) => ({
    a: r.os?.toLowerCase().trim(),
    b: r.os?.slice(1, 3).length ?? 0,
    c: r.ox?.toFixed(1),
  })),
  map("?.,arrays", (r) => ({
    a: r.s.split(",")[1]?.trim(),
    b: r.os?.split("a")[0],
    c: r.s.split("=").at(-1)?.length,
  })),
  map("?.,throw", (r) => ({
    a: r.os?.split("a")[1]!.length,
    b: r.s.split(",")[0]?.trim().slice(1).length,
  })),
  map("?.,index", (r) => ({
    a: r.os?.split(",")[1]?.split("b")[0]?.length,
    b: r.os?.at(r.n)?.toUpperCase() ?? "-",
  })),
  filter("?.", (r) => r.os?.includes("e")),
  map("shorthand,let", (r) => {
    const s = r.s.trim();
    let n = s.length;
    n += 1;
    return { s, n, x: r.x };
  }),
  map("shorthand,reduce", ({ x, y, n }) => {
    const sum = [x, y, n].reduce((a, b) => a + b, 0);
    return { x, sum };
  }),
  map("push,while", (r) => {
    const digits: number[] = [];
    let n = Math.abs(r.n);
    while (n >= 1) {
      digits.push(n % 10);
      n = Math.floor(n / 10);
    }
    return { text: digits.reverse().join(""), count: digits.length };
  }),
  map("concat,arrays", (r) => ({
    a: [1, r.x].concat(2, [3]).length,
    b: ["a"].concat([], [r.s]).join("|"),
  })),
  map("concat,reduce", (r) => ({
    a: r.s
      .split(" ")
      .reduce((all: string[], w) => (w === "" ? all : all.concat(w.toUpperCase())), [])
      .join("+"),
  })),
  map("nested functions,find", (r) => ({
    a: [1, 2, 3].map((i) => [4, 5, 6].find((j) => i * j > r.n) ?? 0).join(),
  })),
  flatMap("nested functions,flatMap", (r) => {
    const pairs = [];
    for (const a of r.s.split(",")) {
      for (const b of [r.n, r.tiny]) if (b > 0) pairs.push({ a, b, w: WEIGHTS.large * b });
    }
    return pairs;
  }),
  map("returns", (r) => ({ n: r.n, half: r.x / 2, s: r.s }), {
    n: "BIGINT NOT NULL",
    half: "DOUBLE",
    s: "STRING NOT NULL",
  }),
  map("returns,throw", (r) => ({ n: r.x, tiny: r.n }), {
    n: "INT NOT NULL",
    tiny: "TINYINT NOT NULL",
  }),
  map("returns", (r) => ({ f: r.x, g: r.ox }), { f: "FLOAT NOT NULL", g: "FLOAT" }),
  map("returns,throw", (r) => ({ id: r.id, on: r.on }), { id: "INT NOT NULL", on: "SMALLINT" }),
  map("returns,null,throw", (r) => ({ s: r.os, v: null }), { s: "STRING NOT NULL", v: "INT" }),
  map("returns,timestamp", (r) => ({ at: Math.trunc(r.at / 1000) * 1000 }), {
    at: "TIMESTAMP(3) NOT NULL",
  }),
  map("returns,throw", (r) => ({ s: r.s }), { s: "VARCHAR(5) NOT NULL" }),
  map("forEach,let,null", (r) => {
    let last: string | null = null;
    r.s.split(",").forEach((part) => {
      if (part === "a") last = part;
    });
    return { last };
  }),
  map("let,null,for", (r) => {
    let x: number | null = r.ox;
    if (x === null) x = 1;
    const first = x + 1;
    for (let i = 0; i < 3; i++) {
      if (x !== null && i === 1) x = r.flag ? null : 2;
    }
    return { first, x };
  }),
  map("push,helper functions", (r) => {
    const list = [r.x];
    const n = list.length + append(list, 2) + list.length;
    return { n, text: list.join() };
  }),
  map("while,throw", (r) => {
    let i = 0;
    while (true) {
      if (i > (r.n & 7)) return { i };
      i++;
    }
  }),
  map("some and every,let", (r) => {
    let calls = 0;
    const any = [1, 2, 3].some((v) => {
      calls += v;
      return v > (r.n & 3);
    });
    return { any, calls };
  }),
  map("?:,let", (r) => {
    let n = 1;
    const v = r.flag ? n++ : (n += 5);
    return { v, n, w: (n = 3) + n };
  }),
  map("find,null", (r) => {
    const found = r.s.split(" ").find((word) => word.length > 3);
    if (found === undefined) return { found: null, n: 0 };
    return { found, n: found.length };
  }),
];

function append(list: number[], value: number): number {
  list.push(value);
  return list.length;
}
