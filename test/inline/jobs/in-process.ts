/** Functions in a program that runs its jobs itself, and prints their rows as JSON. */
import {
  createLocalEnvironment,
  MiniCluster,
  schemaOf,
  sum,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "../../../src/index.ts";
import { runJob } from "../../../src/testing/index.ts";

const NUMBERS = schemaOf({ n: "INT NOT NULL" });
const numbers = (...list: number[]) => list.map((n) => ({ n }));

const sorted = <R extends object>(rows: readonly R[]) =>
  rows.map((row) => JSON.stringify(row)).sort();

const cluster = await MiniCluster.start({ slots: 4 });
const env = createLocalEnvironment({ cluster, parallelism: 2 });
const a = env.fromCollection(numbers(1, 2, 3), NUMBERS);
const first: { n: number }[] = [];
for await (const row of a.map((row) => ({ n: row.n * 2 })).executeAndCollect()) first.push(row);

const b = env.fromCollection(numbers(4, 7, 10), NUMBERS);
const all = a
  .union(b)
  .keyBy((row) => ({ odd: row.n % 2 === 1 }))
  .map(({ n, odd }) => ({ total: n, odd, at: 0 }))
  .returns({ total: "INT NOT NULL", odd: "BOOLEAN NOT NULL", at: "BIGINT NOT NULL" })
  .assignTimestampsAndWatermarks(
    WatermarkStrategy.forMonotonousTimestamps().withTimestampField("at", "ms"),
  )
  .keyBy("odd")
  .window(TumblingEventTimeWindows.of(1_000))
  .aggregate(sum("total").as("total"))
  .map(({ odd, total }) => ({ odd, total }));
const second: { odd: boolean; total: number }[] = [];
for await (const row of all.executeAndCollect()) second.push(row);
const POINTS = schemaOf({
  tags: "ARRAY<STRING>",
  price: "DECIMAL(10, 2) NOT NULL",
  point: "ROW<at TIMESTAMP(3) NOT NULL, label STRING> NOT NULL",
  map: "MAP<STRING, INT>",
  seal: "BYTES",
  sizes: "ARRAY<BIGINT>",
});
const points = [
  {
    tags: ["a", null],
    price: "-0.05",
    point: { at: new Date(1_000), label: "p1" },
    map: new Map([["k", 1]]),
    seal: Uint8Array.of(1, 2),
    sizes: [2n ** 63n - 1n],
  },
  { price: 3, point: { at: 0 } },
];
const nested: object[] = [];
const mapped = env
  .fromCollection(points, POINTS)
  .map(({ tags, ...row }) => ({ ...row, first: tags?.[0]?.toUpperCase() ?? "-" }));
for await (const row of mapped.executeAndCollect()) {
  const { map, seal, sizes, ...rest } = row;
  nested.push({
    ...rest,
    map: map && [...map],
    seal: seal && [...seal],
    sizes: sizes?.map(String) ?? null,
  });
}
await env.close();

const counted = await runJob(new URL("../../../examples/word-count/one-file.ts", import.meta.url), {
  cluster,
  inputs: ["sea", "The sea"].map((line, i) => ({ line, line_number: i + 1 })),
});
await cluster.close();
const words = counted.rows.map(({ word, count }) => ({ count: Number(count), word }));

const parsed = (rows: readonly object[]) => sorted(rows).map((text) => JSON.parse(text));
const printed = {
  first: parsed(first),
  second: parsed(second),
  words: parsed(words),
  nested: parsed(nested),
};
console.log(JSON.stringify(printed));
