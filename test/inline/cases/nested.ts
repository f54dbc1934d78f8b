/** ARRAY and ROW values, and columns that are passed on. */
import { type Case, filter, flatMap, keyBy, map } from "../cases.ts";

const SEPARATORS = ["-", "é"];

function firstOf(values: readonly (string | null)[]): string | null {
  return values.length > 0 ? (values[0] ?? null) : null;
}

function total(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

export const cases: readonly Case[] = [
  // Passed on
  map("pass on DECIMAL", (r) => ({ d: r.price, e: r.oprice })),
  map("pass on DECIMAL, pass on", (r) => ({ ...r, x: r.x + 1 })),
  map("pass on DECIMAL, ?:", (r) => ({ d: r.flag ? r.price : null })),
  map("pass on DECIMAL, let", (r) => {
    let best = r.oprice;
    if (r.flag) best = null;
    return { best, price: r.price };
  }),
  keyBy("pass on DECIMAL", (r) => r.price),
  keyBy("pass on DECIMAL, pass on MAP", (r) => ({ k: r.n, d: r.oprice })),
  flatMap("pass on DECIMAL, flatMap", (r) => [{ d: r.price }, { d: r.price }]),
  flatMap("pass on DECIMAL, flatMap, map", (r) =>
    r.tags.map((tag) => ({ tag, price: r.price, none: r.oprice === null })),
  ),
  map("pass on BYTES", (r) => ({ b: r.bin })),
  map("pass on BYTES, ??", (r) => ({ b: r.flag ? r.bin : null, empty: r.bin === null })),
  flatMap("pass on BYTES", (r) => {
    if (r.bin === null) return [];
    const { bin } = r;
    return [{ bin, n: r.n }];
  }),
  map("pass on MAP", (r) => ({ m: r.attrs, n: 1 })),
  map("pass on MAP, let", (r) => {
    const attrs = r.attrs;
    return { attrs: r.n > 0 ? attrs : null };
  }),
  filter("pass on MAP, pass on BYTES", (r) => r.tags.length > 1 || r.point.y !== null),
  map("pass on finer TIMESTAMP", (r) => ({ t: r.fine, day: r.day })),
  map("pass on finer TIMESTAMP, ?:", (r) => ({
    t: r.flag ? r.fine : null,
    d: r.flag ? r.day : null,
  })),
  keyBy("pass on finer TIMESTAMP", (r) => ({ moment: r.fine, onDay: r.day })),
  map("pass on ARRAY and ROW", (r) => ({ a: r.tags, b: r.items, c: r.opoint, d: r.grid })),
  map("pass on ARRAY and ROW, spread", (r) => ({ ...r, tags: r.otags, point: r.opoint })),
  flatMap("pass on ARRAY and ROW, flatMap", (r) => {
    const rows = [];
    for (const item of r.items) rows.push({ item, all: r.items, price: r.price });
    return rows;
  }),
  map("pass on ARRAY and ROW", (r) => ({ p: r.prices, first: r.prices[0], n: r.prices.length })),
  keyBy("pass on ARRAY and ROW", (r) => r.nums.length),
  // Read
  map("ARRAY elements", (r) => ({ a: r.tags[0], b: r.nums[1], c: r.xs[2], d: r.bigs[0] })),
  map("ARRAY elements, null", (r) => ({
    first: r.tags[0] ?? "none",
    last: r.nums.at(-1) ?? -1,
    flag: r.flags[0] === null,
  })),
  map("ARRAY elements, for-of", (r) => {
    let n = 0;
    let text = "";
    for (const tag of r.tags) {
      if (tag === null) n++;
      else text += tag.slice(0, 1);
    }
    return { n, text };
  }),
  map("ARRAY elements, ?.", (r) => ({ a: r.otags?.[0], n: r.otags?.length ?? -1 })),
  map("ARRAY elements", (r) => ({ a: r.otags![0] })),
  map("ARRAY elements, timestamp", (r) => ({ t: (r.times[0] ?? 0) + 1000, n: r.times.length })),
  map("ARRAY elements, helper functions", (r) => ({ f: firstOf(r.tags), sum: total(r.nums) })),
  filter("ARRAY elements, some and every", (r) => r.nums.some((v) => v > 50)),
  filter("ARRAY elements, includes", (r) => r.tags.includes("a") || r.nums.includes(7)),
  keyBy("ARRAY elements", (r) => r.tags[0] ?? ""),
  map("ARRAY methods, map", (r) => ({ a: r.nums.map((v) => v * 2) })),
  map("ARRAY methods, filter", (r) => ({
    a: r.nums.filter((v) => v > 0),
    b: r.tags.filter((t) => t !== null),
  })),
  map("ARRAY methods, find, reduce", (r) => ({
    f: r.nums.find((v) => v < 0),
    s: r.nums.reduce((sum, v) => sum + v, 0),
    l: r.items.reduce((long, { name }) => (name.length > long.length ? name : long), ""),
  })),
  map("ARRAY methods, join, slice", (r) => ({
    j: r.nums.join("-"),
    s: r.tags.slice(1),
    i: r.nums.indexOf(3),
  })),
  map("ARRAY methods, concat, spread", (r) => ({
    a: r.tags.concat(SEPARATORS),
    b: [...r.nums, 0.5],
    c: [r.s, ...r.tags, null],
  })),
  map("ARRAY methods, push", (r) => {
    const own = [...r.nums];
    own.push(r.n);
    own.reverse();
    return { own, first: own[0] };
  }),
  map("ROW fields", (r) => ({ x: r.point.x * 2, y: r.point.y })),
  map("ROW fields, ?.", (r) => ({
    x: r.opoint?.x,
    n: r.opoint?.tags.length ?? 0,
    t: r.opoint?.tags[0],
  })),
  map("ROW fields, null", (r) => ({ x: r.opoint!.x })),
  map("ROW fields, destructuring", (r) => {
    const {
      point: { x, y },
    } = r;
    return { x, y: y ?? "-" };
  }),
  filter("ROW fields", (r) => r.opoint !== null && r.opoint.tags.length > 0),
  map("ROW fields, spread", (r) => ({ ...r.point, n: r.n })),
  keyBy("ROW fields", (r) => ({ px: r.point.x, py: r.point.y })),
  keyBy("ROW fields", (r) => r.point.y),
  map("nested ARRAY and ROW", (r) => ({
    a: r.items[0]?.name,
    q: r.items[0]?.qty,
    n: r.items[0]?.notes?.[0],
  })),
  flatMap("nested ARRAY and ROW, flatMap", (r) =>
    r.items.map((item) => ({ name: item.name, twice: item.qty * 2, notes: item.notes })),
  ),
  map("nested ARRAY and ROW, reduce", (r) => ({
    qty: r.items.reduce((sum, item) => sum + item.qty, 0),
    names: r.items.map(({ name }) => name.toUpperCase()),
  })),
  map("nested ARRAY and ROW, for-of", (r) => {
    let sum = 0;
    for (const line of r.grid) {
      if (line === null) continue;
      for (const cell of line) sum += cell;
    }
    return { sum, first: r.grid[0]?.[0] };
  }),
  map("nested ARRAY and ROW", (r) => ({ g: r.grid.map((line) => line ?? [0]) })),
  map("nested ARRAY and ROW, find", (r) => ({ i: r.items.find((item) => item.qty > 20) })),
  // Written
  map("written ARRAY", (r) => ({ a: [r.n, r.x], b: [r.s, "x"], c: [r.id], d: [r.flag, null] })),
  map("written ARRAY, split", (r) => ({
    parts: r.s.split(","),
    words: r.t.split(" ").filter((w) => w !== ""),
  })),
  map("written ARRAY, surrogates", (r) => ({
    halves: [r.s.slice(0, 1), r.s.charAt(1), r.t.slice(-1)],
    units: r.s.split(""),
  })),
  map("written ARRAY, undefined", (r) => ({ a: [r.tags[0], undefined, r.nums[3]?.toString()] })),
  map("written ARRAY, ?:", (r) => ({ a: r.flag ? [r.n, 1] : null })),
  map("written ARRAY, let", (r) => {
    const squares = [];
    for (let i = 0; i < r.nums.length; i++) squares.push(i * i);
    return { squares, rows: [squares, [r.x]] };
  }),
  flatMap("written ARRAY, flatMap", (r) => [
    { a: [1, r.n] },
    { a: [] },
    { a: r.nums.map((v) => v + 0.5) },
  ]),
  map("written ROW", (r) => ({ p: { x: r.x, s: r.s, n: r.n, o: r.os } })),
  map("written ROW, surrogates", (r) => ({ p: { head: r.s.slice(0, 1), tail: r.s.slice(1) } })),
  map("written ROW, ?:", (r) => ({ p: r.flag ? { a: r.n } : { a: 2.5, b: r.s } })),
  map("written ROW, written ARRAY", (r) => ({
    list: r.tags.map((tag, i) => ({ i, tag, deep: { all: r.nums, one: r.price } })),
  })),
  map("written ROW, null", (r) => ({ p: r.on === null ? null : { on: r.on, half: r.on / 2 } })),
  map("written ROW, shorthand", (r) => {
    const { n, s } = r;
    return { pair: { n, s }, row: { ...r.point, n } };
  }),
  map("written ROW, helper functions", (r) => ({
    p: { sum: total(r.nums), first: firstOf(r.tags) },
  })),
  map("written ARRAY, returns", (r) => ({ a: r.nums.map((v) => v * 1000) }), {
    a: "ARRAY<SMALLINT NOT NULL> NOT NULL",
  }),
  map("written ARRAY, returns", (r) => ({ a: r.tags }), { a: "ARRAY<STRING NOT NULL>" }),
  map("written ARRAY, returns", (r) => ({ a: r.tags.map((t) => t?.slice(0, 12) ?? null) }), {
    a: "ARRAY<VARCHAR(10)>",
  }),
  map("written ROW, returns", (r) => ({ p: { x: r.x, y: r.os } }), {
    p: "ROW<x INT, y STRING NOT NULL>",
  }),
  map("written ROW, returns", (r) => ({ p: { x: r.n, list: [{ id: r.id }] } }), {
    p: "ROW<x TINYINT NOT NULL, list ARRAY<ROW<id INT>>, more STRING>",
  }),
  map("written ARRAY, returns", () => ({ a: [], b: null }), { a: "ARRAY<INT>", b: "ROW<x INT>" }),
];
