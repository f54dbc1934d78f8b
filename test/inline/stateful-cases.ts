import { aggregate, reduce, windowReduce } from "./stateful.ts";

const longest = (a: string, b: string): string => (b.length > a.length ? b : a);

export const cases = [
  reduce("keyed reduce", ["tiny"], (a, b) => ({ x: a.x + b.x, n: Math.max(a.n, b.n) })),
  reduce("keyed reduce", ["tiny", "flag"], (a, b) => ({ id: a.id > b.id ? a.id : b.id, f: b.f })),
  reduce("keyed reduce,text in state", ["tiny"], (a, b) => ({ s: longest(a.s, b.s), t: b.t })),
  reduce("keyed reduce,text in state", ["s"], (a, b) => ({
    t: a.t === b.t ? a.t : `${a.t.slice(-3)}${b.t}`.slice(0, 40),
    flag: a.flag !== b.flag,
  })),
  reduce("keyed reduce,null,text in state", ["n"], (a, b) => ({
    os: b.os ?? a.os,
    ox: a.ox === null ? b.ox : b.ox === null ? a.ox : a.ox + b.ox,
    oid: b.oid ?? a.oid,
    oflag: a.oflag,
  })),
  reduce("keyed reduce,throw", ["tiny"], (a, b) => {
    if (b.n === 0) throw new Error("none");
    return { n: a.n + b.n, s: b.s };
  }),
  reduce("keyed reduce,spread", ["flag"], (a, b) => ({
    ...{ t: a.t, s: a.s },
    x: b.x,
    s: `${a.s}${b.s}`.slice(-9),
  })),
  reduce("keyed reduce,ARRAY elements,spread", ["tiny"], (a, b) => ({
    nums: [...a.nums, ...b.nums].slice(-6),
    otags: b.otags ?? a.otags,
    times: a.times.length > b.times.length ? a.times : b.times,
  })),
  reduce("keyed reduce,ROW fields", ["flag"], (a, b) => ({
    point: { x: a.point.x + b.point.x, y: b.point.y ?? a.point.y },
    n: a.n + b.point.x,
  })),
  reduce("keyed reduce,ROW fields,spread", ["tiny"], (a, b) => ({
    point: { ...a.point, x: Math.max(a.point.x, b.x) },
  })),
  reduce("keyed reduce,bigint", ["tiny"], (a, b) => ({
    id: a.id + b.id,
    at: Math.max(a.at, b.at),
  })),
  windowReduce("window reduce", ["tiny"], (a, b) => ({ x: a.x + b.x, y: Math.min(a.y, b.y) })),
  windowReduce("window reduce,text in state", ["tiny"], (a, b) => ({ s: longest(a.s, b.s) })),
  windowReduce("window reduce,text in state", ["n"], (a, b) => ({
    s: b.t,
    t: a.s,
    os: a.os ?? b.os,
  })),
  windowReduce("window reduce,ARRAY elements,spread", ["n"], (a, b) => ({
    nums: [...b.nums, ...a.nums].slice(0, 4),
    point: a.point.x > b.point.x ? a.point : b.point,
  })),
  windowReduce("window reduce,null", ["flag"], (a, b) => ({ ox: b.ox, oid: a.oid ?? b.oid })),
  aggregate("aggregate", ["tiny"], {
    createAccumulator: () => ({ total: 0, count: 0, ids: 0n, any: false }),
    add: (r, acc) => ({
      total: acc.total + r.x,
      count: acc.count + 1,
      ids: acc.ids ^ r.id,
      any: acc.any || r.flag,
    }),
    getResult: (acc) => ({ mean: acc.total / acc.count, ids: acc.ids, any: acc.any }),
  }),
  aggregate("aggregate,text in state", ["tiny"], {
    createAccumulator: () => ({ first: "", last: "", words: 0 }),
    add: (r, { first, words }) => ({
      first: first === "" ? r.s : first,
      last: r.s,
      words: words + r.t.split(" ").length,
    }),
    getResult: ({ first, last, words }) => ({ text: `${first}|${last}`, words }),
  }),
  aggregate("aggregate,text in state,null", ["n"], {
    createAccumulator: () => ({ best: null as string | null, score: null as number | null }),
    add: (r, acc) =>
      acc.score === null || r.x > acc.score ? { best: r.s.charAt(0), score: r.x } : acc,
    getResult: (acc) => ({ best: acc.best, score: acc.score }),
  }),
  aggregate("aggregate,arrays in state", ["tiny"], {
    createAccumulator: () => ({
      seen: [] as string[],
      values: [] as number[],
      ids: [] as bigint[],
    }),
    add: (r, acc) => ({
      seen: acc.seen.includes(r.s) ? acc.seen : [...acc.seen, r.s].slice(-5),
      values: [r.x, ...acc.values].slice(0, 3),
      ids: acc.ids.length < 4 ? [...acc.ids, r.id] : acc.ids,
    }),
    getResult: (acc) => ({
      seen: acc.seen.join(","),
      last: acc.values[0] ?? 0,
      sum: acc.values.reduce((a, b) => a + b, 0),
      ids: acc.ids.length,
      first: acc.ids[0] ?? 0n,
    }),
  }),
  aggregate("aggregate,arrays in state", ["flag"], {
    createAccumulator: () => ({ flags: [true], texts: ["x"] }),
    add: (r, acc) => ({
      flags: [...acc.flags, r.flag].slice(-2),
      texts: [r.t, ...acc.texts].slice(0, 2),
    }),
    getResult: (acc) => ({ both: acc.flags.every((flag) => flag), texts: acc.texts.join("/") }),
  }),
  aggregate("aggregate,arrays in state", ["tiny"], {
    createAccumulator: () => ({ top: [0] }),
    add: (r, acc) => ({
      top: acc.top
        .map((x) => Math.max(x, r.y))
        .concat([r.n])
        .slice(0, 4),
    }),
    getResult: (acc) => ({ n: acc.top.length, last: acc.top.at(-1) ?? 0 }),
  }),
  aggregate("aggregate,objects in state", ["tiny"], {
    createAccumulator: () => ({ low: { x: 0, s: "" }, high: { x: 0, s: "" }, n: 0 }),
    add: (r, { low, high, n }) => ({
      low: r.x < low.x ? { x: r.x, s: r.s } : low,
      high: r.x > high.x ? { x: r.x, s: r.t } : high,
      n: n + 1,
    }),
    getResult: ({ low, high, n }) => ({ low: low.s, high: high.s, span: high.x - low.x, n }),
  }),
  aggregate("aggregate,objects in state", ["n"], {
    createAccumulator: () => ({ at: { first: 0, last: 0 }, swap: { a: "a", b: "b" } }),
    add: (r, acc) => ({
      at: { first: acc.at.first === 0 ? r.at : acc.at.first, last: r.at },
      swap: { a: acc.swap.b, b: `${acc.swap.a}${r.tiny}`.slice(-6) },
    }),
    getResult: (acc) => ({ span: acc.at.last - acc.at.first, swap: acc.swap.a + acc.swap.b }),
  }),
  aggregate("aggregate,objects in state", ["flag"], {
    createAccumulator: () => ({ sum: { x: 0, y: 0 } }),
    add: (r, { sum }) => ({ sum: { x: sum.x + r.n, y: sum.y + r.tiny } }),
    getResult: ({ sum }) => ({ ...sum, equal: sum.x === sum.y }),
  }),
];
