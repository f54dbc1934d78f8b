/** Side outputs and unions in a real job. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BuiltBundle, buildBundle } from "../../../src/build/compile.ts";
import { Bundle } from "../../../src/plan/operator-handle.ts";
import { OutputTag } from "../../../src/plan/output-tag.ts";
import { datagen } from "../../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../../src/plan/stream-environment.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import { Closers, TestCluster } from "../../cluster/cluster.ts";

const SCHEMA: Schema = [{ name: "n", type: { type: "BIGINT", nullable: false } }];
const ROWS = 6_000;

let built: BuiltBundle;
let bundle: Bundle;
let cluster: TestCluster;
const closers = new Closers();

beforeAll(async () => {
  const entry = fileURLToPath(new URL("./assembly/index.ts", import.meta.url));
  built = await buildBundle({ entry, name: "job", optimize: "none" });
  bundle = new Bundle(built.report.hash, built.manifest);
  cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 2);
  await cluster.client.uploadBundle(built.bytes);
});
afterAll(() => closers.close());

test("a process function parts its rows, streams of two sources unite before it", async () => {
  const env = new StreamExecutionEnvironment().setParallelism(2);
  const upTo = (start: number, end: number) => {
    const fields = { n: { kind: "sequence" as const, start, end: end - 1 } };
    return env.fromSource(datagen(SCHEMA, { fields }));
  };
  const parts = upTo(0, ROWS / 2)
    .union(upTo(ROWS / 2, ROWS))
    .process(bundle.operator("Parts"));
  parts.collect().uid("even");
  parts.getSideOutput(new OutputTag("odd")).rebalance().collect().uid("odd");
  const job = await cluster.client.submitJob(env.toJobSpec("parts"));
  const { items } = await cluster.rows(job);
  expect(await cluster.end(job)).toBeUndefined();
  const rowsOf = (sink: string) =>
    items
      .flatMap((item) => (item.type === "rows" && item.sink === sink ? [item.lines] : []))
      .flatMap((lines) => lines.trimEnd().split("\n"))
      .map((line) => JSON.parse(line) as { n: number; odd: number; half: number });
  const even = rowsOf("even").map((row) => row.n);
  const odd = rowsOf("odd").sort((a, b) => a.odd - b.odd);
  const half = Array.from({ length: ROWS / 2 }, (_, i) => i);
  expect(even.sort((a, b) => a - b)).toEqual(half.map((i) => 2 * i));
  expect(odd).toEqual(half.map((i) => ({ odd: 2 * i + 1, half: i + 0.5 })));
});
