/**
 * Random jobs with keyed functions: state, timers of both clocks, two keyed inputs, broadcast state; and
 * a naive model of what they give.
 */
import type { Random } from "./random.ts";
import type { GeneratedRow } from "./reference.ts";
import type { Expectation, JobBuild } from "./workload.ts";

export const KEYED_SHAPES = ["connect", "broadcast", "clock"] as const;
export type KeyedShape = (typeof KEYED_SHAPES)[number];

/** Rows of `MeetBoth` and `MeetRules` (operators/sim). */
interface MetRow {
  readonly key: string;
  readonly end: number;
  n: number;
  total: number;
  others: number;
  otherTotal: number;
}

/** Row of `ByClock`. */
interface PartRow {
  readonly key: string;
  readonly n: number;
  readonly total: number;
}

/** Adds sources, the function and the sink. */
export function addKeyedShape(
  build: JobBuild,
  shape: KeyedShape,
  random: Random,
  bundle: string,
): Expectation {
  const sizeMs = random.pick([1, 10, 50, 1_000]);
  const rows = random.pick([1, 20, 200, 700]);
  const first = build.timedRows("first", rows, random.int(0, 1_000));
  const keyed = { partitioner: "key_by" as const, keys: ["key"] };
  if (shape === "clock") {
    const everyMs = random.pick([1, 20, 500]);
    const function_ = build.keyedFunction(bundle, "ByClock", { everyMs });
    build.connect(first, function_, keyed);
    return { type: shape, sizeMs, copies: build.sink(function_) };
  }
  const second = build.timedRows("second", random.pick([1, 60, 300]), random.int(0, 1_000));
  const name = shape === "connect" ? "MeetBoth" : "MeetRules";
  const function_ = build.keyedFunction(bundle, name, { sizeMs });
  build.connect(first, function_, keyed);
  const into = shape === "connect" ? keyed : { partitioner: "broadcast" as const };
  build.connect(second, function_, { input: 1, ...into });
  return { type: shape, sizeMs, copies: build.sink(function_) };
}

/** @param sources rows of each source, in the order of the job */
export function keyedLines(
  { type, sizeMs }: Expectation,
  [first = [], second = []]: readonly (readonly GeneratedRow[])[],
): string[] {
  if (type === "clock")
    return partSums(first.map(({ key, value }) => ({ key, n: 1, total: value })));
  const met = new Map<string, MetRow>();
  const endOf = (id: number) => id - (id % sizeMs) + sizeMs - 1;
  const rowOf = (key: string, end: number): MetRow => {
    const row = met.get(`${key} ${end}`) ?? { key, end, n: 0, total: 0, others: 0, otherTotal: 0 };
    met.set(`${key} ${end}`, row);
    return row;
  };
  for (const { id, key, value } of first) {
    const row = rowOf(key, endOf(id));
    row.n++;
    row.total += value;
  }
  for (const { id, key, value } of second) {
    const end = endOf(id);
    const rows =
      type === "connect" ? [rowOf(key, end)] : [...met.values()].filter((row) => row.end === end);
    for (const row of rows) {
      row.others++;
      row.otherTotal += value;
    }
  }
  return [...met.values()].map((row) => JSON.stringify(row));
}

/** When the clock cuts depends on the run; each row is in one part. */
export function comparableKeyed({ copies }: Expectation, lines: readonly string[]): string[] {
  const parts = lines.map((line) => JSON.parse(line) as PartRow);
  const sums = partSums(
    parts.map(({ key, n, total }) => ({ key, n: n / copies, total: total / copies })),
  );
  return sums.flatMap((line) => Array.from({ length: copies }, () => line)).sort();
}

function partSums(parts: readonly PartRow[]): string[] {
  const sums = new Map<string, { n: number; total: number }>();
  for (const { key, n, total } of parts) {
    const sum = sums.get(key) ?? { n: 0, total: 0 };
    sums.set(key, { n: sum.n + n, total: sum.total + total });
  }
  return [...sums].map(([key, { n, total }]) => `${key} ${Math.round(n)} ${Math.round(total)}`);
}
