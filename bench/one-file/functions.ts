/** Ten functions as a job file has them; assembly/index.ts says the same by hand. */

export interface BenchRow {
  readonly id: bigint;
  readonly k: number;
  readonly x: number;
  readonly y: number;
  readonly s: string;
  readonly num: string;
}

const LIMIT = 50;

export const projection = (r: BenchRow) => ({ id: r.id, f: r.x * 1.8 + 32, s: r.s });
export const filterNumber = (r: BenchRow) => r.x > LIMIT;
export const filterIncludes = (r: BenchRow) => r.s.includes("error");
export const lowerAndSplit = (r: BenchRow) =>
  r.s
    .toLowerCase()
    .split(" ")
    .map((word) => ({ word }));
export const sliceByIndex = (r: BenchRow) => ({ a: r.s.slice(4, 12), first: r.s.charCodeAt(0) });
export const template = (r: BenchRow) => ({ text: `${r.s}: ${r.x}` });
export const parseNumber = (r: BenchRow) => ({ v: Number(r.num) });
export const arrayReduce = (r: BenchRow) => ({
  total: r.s.split(" ").reduce((sum, word) => sum + word.length, 0),
});
export const keyedReduce = (a: { x: number; y: number }, b: BenchRow) => ({
  x: a.x + b.x,
  y: Math.max(a.y, b.y),
});

interface Mean {
  readonly total: number;
  readonly count: number;
}
export const createAccumulator = (): Mean => ({ total: 0, count: 0 });
export const add = (r: BenchRow, { total, count }: Mean): Mean => ({
  total: total + r.x,
  count: count + 1,
});
export const getResult = ({ total, count }: Mean) => ({ mean: total / count });
