/** What a translation gets wrong easily: order, sharing, names, arrays that change under a loop. */
import { map } from "../cases.ts";

const Infinity = 3;
const Math = { PI: 3 };

// What is made of a constant may change, and so may what a function of the file is given elsewhere.
const LIST = [1, 2, 3];
export const WORDS = LIST.reduce<string[]>((words, v) => {
  words.push(`${v}`);
  return words;
}, []);
export const GROWN = grown([...LIST]);
function grown(list: number[]): number[] {
  list.push(4);
  return list;
}

const inverse = (x: number): number => 1 / x;
const both = (a: string, b: string): string => `${a}|${b}`;

export const cases = [
  map("helper functions,number", () => ({ a: inverse(0), b: inverse(-0) })),
  map("helper functions,string", () => ({ a: both("a;=b", "c"), b: both("a", "b;=c") })),
  map("captured constants,number", (r) => ({ a: Infinity, b: Math.PI, c: r.x + Infinity })),
  map("let,null,for", (r) => {
    let value: number | null = r.ox;
    if (value !== null) {
      for (let i = 0; i < 2; i++) {
        if (i === 1) return { text: `${value}` };
        // biome-ignore format: the parentheses are what is tested
        (value) = null;
      }
    }
    return { text: "none" };
  }),
  map("forEach,arrays", (r) => {
    const list = [1, 2];
    let sum = 0;
    list.forEach((v) => {
      if (list.length < 9) list.push(v + r.n);
      sum += v;
    });
    return { sum, all: list.join() };
  }),
  map("filter,reduce,arrays", (r) => {
    const list = [1, 2, 3, r.n];
    const kept = list.filter(() => list.pop() !== r.x);
    const next = [1, 2, 3, 4];
    const total = next.reduce((sum, v) => sum + v + (next.pop() ?? 0));
    return { kept: kept.join(), total, left: list.length + next.length };
  }),
  map("some and every,map,arrays", (r) => {
    const list = [r.n];
    const any = list.some((v) => list.push(v + 1) > 5);
    const all = list.every(() => list.push(0) > 1);
    const copy = list.map((v) => list.push(v));
    return { any, all, copy: copy.join(), n: list.length };
  }),
  map("arrays,spread", (r) => {
    const list = [r.n];
    const mixed = [...list, list.push(9), ...list, list.pop() ?? 0, ...list];
    return { mixed: mixed.join() };
  }),
  map("switch,let", (r) => {
    const x = r.x;
    let out = "";
    switch (r.n % 3) {
      case 0:
        const half = r.n / 2;
        out += `${half}`;
        break;
      case 1: {
        const x = 5;
        out += `${x}`;
        break;
      }
      default:
        const both = [1, 2].map((x) => x + 1);
        out += both.join();
    }
    return { out, x };
  }),
  map("captured constants,arrays", (r) => ({
    a: LIST.length,
    b: LIST.includes(r.n),
    c: LIST[1],
  })),
  map("object literals,increment", (r) => {
    let i = r.n;
    const list = [{ a: i }, { a: i++ }, { a: i }];
    const row = { ...{ a: i, b: [r.s] }, c: ++i, d: i };
    return { ...row, b: row.b[0], list: list.map((one) => one.a).join() };
  }),
];
