/** Functions with keyed state on two streams, in real jobs over two workers. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildBundle } from "../../../src/build/compile.ts";
import { Bundle } from "../../../src/plan/operator-handle.ts";
import { OutputTag } from "../../../src/plan/output-tag.ts";
import { schemaOf } from "../../../src/plan/schema-match.ts";
import { files, jsonLines } from "../../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../../src/plan/stream-environment.ts";
import { WatermarkStrategy } from "../../../src/plan/watermark-strategy.ts";
import { Closers, TestCluster, temporaryFolder } from "../../cluster/cluster.ts";

const EVENT = schemaOf({ name: "STRING NOT NULL", n: "BIGINT NOT NULL", at: "BIGINT NOT NULL" });
const LIMIT = schemaOf({ who: "STRING NOT NULL", limit: "BIGINT NOT NULL", at: "BIGINT NOT NULL" });
const NAMES = Array.from({ length: 23 }, (_, i) => `name-${i}`);

interface Event {
  readonly name: string;
  readonly n: number;
  readonly at: number;
}
interface Limit {
  readonly who: string;
  readonly limit: number;
  readonly at: number;
}

/** Each key has one event for each time at most. */
const EVENTS = Array.from({ length: 4_000 }, (_, i): Event => {
  return { name: NAMES[(i * 7) % 23]!, n: (i * 31) % 101, at: 1_000 + i };
});
const LIMITS = Array.from({ length: 1_500 }, (_, i): Limit => {
  return { who: NAMES[(i * 5) % 23]!, limit: i % 13, at: 1_000 + 3 * i };
});
const RULES = NAMES.slice(0, 20).map((who, i): Limit => ({ who, limit: 5 * i, at: i }));

let bundle: Bundle;
let cluster: TestCluster;
let folder: string;
const closers = new Closers();

beforeAll(async () => {
  const entry = fileURLToPath(new URL("./assembly/index.ts", import.meta.url));
  const built = await buildBundle({ entry, name: "keyed", optimize: "none" });
  bundle = new Bundle(built.report.hash, built.manifest);
  cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 1);
  await cluster.worker("w2", 2);
  await cluster.client.uploadBundle(built.bytes);
  folder = temporaryFolder(closers);
});
afterAll(() => closers.close());

/** Streams of two files with event times, parallel differently. */
function streams(
  env: StreamExecutionEnvironment,
  events: readonly Event[],
  limits: readonly Limit[],
) {
  const write = (name: string, rows: readonly object[]) => {
    const path = join(folder, name);
    writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return files(path);
  };
  const time = WatermarkStrategy.forMonotonousTimestamps().withTimestampField("at", "ms");
  return {
    events: env.fromSource(jsonLines(write("events.jsonl", events), EVENT), time).setParallelism(1),
    limits: env.fromSource(jsonLines(write("limits.jsonl", limits), LIMIT), time).setParallelism(1),
  };
}

async function run(env: StreamExecutionEnvironment) {
  const job = await cluster.client.submitJob(env.toJobSpec("keyed"));
  const { items } = await cluster.rows(job);
  expect(await cluster.end(job)).toBeUndefined();
  return (sink: string) =>
    items
      .flatMap((item) => (item.type === "rows" && item.sink === sink ? [item.lines] : []))
      .flatMap((lines) => lines.trimEnd().split("\n"))
      .sort();
}

function totals(): string[] {
  const sums = new Map<string, { name: string; at: number; first: number; second: number }>();
  const of = (name: string, time: number) => {
    const at = time - (time % 100) + 99;
    const sum = sums.get(`${name} ${at}`) ?? { name, at, first: 0, second: 0 };
    sums.set(`${name} ${at}`, sum);
    return sum;
  };
  for (const { name, n, at } of EVENTS) of(name, at).first += n;
  for (const { who, limit, at } of LIMITS) of(who, at).second += limit;
  return [...sums.values()].map((sum) => JSON.stringify(sum)).sort();
}

describe("functions of two inputs", () => {
  test.each([1, 3])(
    "two keyed streams share state and timers at parallelism %i",
    async (parallelism) => {
      const env = new StreamExecutionEnvironment().setParallelism(parallelism);
      const { events, limits } = streams(env, EVENTS, LIMITS);
      events
        .connect(limits)
        .keyBy("name", "who")
        .process(bundle.operator("SumBoth"))
        .collect()
        .uid("sums");
      const rows = await run(env);
      expect(rows("sums")).toEqual(totals());
    },
  );

  test("a stream of several sources meets one that ends at once", async () => {
    const env = new StreamExecutionEnvironment().setParallelism(2);
    const { events, limits } = streams(env, EVENTS, []);
    const doubled = events.union(events.rebalance()).keyBy("name");
    doubled.connect(limits.keyBy("who")).process(bundle.operator("SumBoth")).collect().uid("sums");
    const rows = (await run(env))("sums").map(
      (line) => JSON.parse(line) as Event & { first: number },
    );
    const sum = rows.reduce((all, { first }) => all + first, 0);
    expect(sum).toBe(2 * EVENTS.reduce((all, { n }) => all + n, 0));
    expect(new Set(rows.map(({ name, at }) => `${name} ${at}`)).size).toBe(rows.length);
  });

  test("every subtask has what was broadcast when the event time has come", async () => {
    const env = new StreamExecutionEnvironment().setParallelism(3);
    const { events, limits } = streams(env, EVENTS, RULES);
    const judged = events
      .keyBy("name")
      .connect(limits.broadcast())
      .process(bundle.operator("Judge"));
    judged.collect().uid("above");
    judged.getSideOutput(new OutputTag("within")).collect().uid("within");
    const rows = await run(env);
    const limitOf = new Map(RULES.map(({ who, limit }) => [who, limit]));
    const verdicts = EVENTS.map(({ name, n, at }) => ({
      name,
      at,
      n,
      limit: limitOf.get(name) ?? -1,
    }));
    const lines = (above: boolean) =>
      verdicts
        .filter(({ n, limit }) => n > limit === above)
        .map((row) => JSON.stringify(row))
        .sort();
    expect(rows("above")).toEqual(lines(true));
    expect(rows("within")).toEqual(lines(false));
  });

  test("streams without keys meet as they are spread, and a broadcast one in every subtask", async () => {
    const env = new StreamExecutionEnvironment().setParallelism(3);
    const { events, limits } = streams(env, EVENTS, LIMITS);
    const merged = events.connect(limits.shuffle()).process(bundle.operator("Merge"));
    merged.collect().uid("events");
    merged.getSideOutput(new OutputTag("limits")).collect().uid("limits");
    // So far above that no limit says otherwise, whichever comes first.
    const far = events.map(bundle.operator("Far")).rebalance();
    far.connect(limits.broadcast()).process(bundle.operator("Above")).collect().uid("above");
    const rows = await run(env);
    const lines = (list: readonly object[]) => list.map((row) => JSON.stringify(row)).sort();
    expect(rows("events")).toEqual(lines(EVENTS));
    expect(rows("limits")).toEqual(lines(LIMITS));
    expect(rows("above")).toEqual(lines(EVENTS.map((row) => ({ ...row, n: row.n + 1_000 }))));
  });
});
