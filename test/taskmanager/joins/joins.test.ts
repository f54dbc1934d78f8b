/** Joins and coGroup in windows, and interval joins, in real jobs over two workers. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildBundle } from "../../../src/build/compile.ts";
import { Duration } from "../../../src/plan/duration.ts";
import { Bundle } from "../../../src/plan/operator-handle.ts";
import { OutputTag } from "../../../src/plan/output-tag.ts";
import { schemaOf } from "../../../src/plan/schema-match.ts";
import { files, jsonLines } from "../../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../../src/plan/stream-environment.ts";
import { WatermarkStrategy } from "../../../src/plan/watermark-strategy.ts";
import {
  CountEvictor,
  CountTrigger,
  EventTimeSessionWindows,
  GlobalWindows,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
} from "../../../src/plan/window-assigners.ts";
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

const EVENTS = Array.from({ length: 3_000 }, (_, i): Event => {
  return { name: NAMES[(i * 7) % 23]!, n: (i * 31) % 17, at: 1_000 + i };
});
const LIMITS = Array.from({ length: 1_000 }, (_, i): Limit => {
  return { who: NAMES[(i * 5) % 23]!, limit: i % 13, at: 1_000 + 3 * i };
});

let bundle: Bundle;
let cluster: TestCluster;
let folder: string;
const closers = new Closers();

beforeAll(async () => {
  const entry = fileURLToPath(new URL("./assembly/index.ts", import.meta.url));
  const built = await buildBundle({ entry, name: "joins", optimize: "none" });
  bundle = new Bundle(built.report.hash, built.manifest);
  cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 1);
  await cluster.worker("w2", 2);
  await cluster.client.uploadBundle(built.bytes);
  folder = temporaryFolder(closers);
});
afterAll(() => closers.close());

/** Streams of two files with event times. */
function streams(
  env: StreamExecutionEnvironment,
  events = EVENTS,
  limits = LIMITS,
  outOfOrder = 0,
) {
  const write = (name: string, rows: readonly object[]) => {
    const path = join(folder, name);
    writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return files(path);
  };
  const time = WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofMillis(outOfOrder));
  const at = time.withTimestampField("at", "ms");
  return {
    events: env.fromSource(jsonLines(write("events.jsonl", events), EVENT), at).setParallelism(1),
    limits: env.fromSource(jsonLines(write("limits.jsonl", limits), LIMIT), at).setParallelism(1),
  };
}

async function run(env: StreamExecutionEnvironment) {
  const job = await cluster.client.submitJob(env.toJobSpec("joins"));
  const { items } = await cluster.rows(job);
  expect(await cluster.end(job)).toBeUndefined();
  return (sink: string) =>
    items
      .flatMap((item) => (item.type === "rows" && item.sink === sink ? [item.lines] : []))
      .flatMap((lines) => lines.trimEnd().split("\n"))
      .sort();
}

const lines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort();
const endOf = (at: number, size: number) => at - (at % size) + size;
const pairsWhere = (meets: (event: Event, limit: Limit) => boolean) =>
  EVENTS.flatMap((event) =>
    LIMITS.filter((limit) => limit.who === event.name && meets(event, limit)).map((limit) => ({
      event,
      limit,
    })),
  );

describe("interval joins", () => {
  test.each([1, 3])(
    "every pair between the bounds, once, at parallelism %i",
    async (parallelism) => {
      const env = new StreamExecutionEnvironment().setParallelism(parallelism);
      const { events, limits } = streams(env);
      const pairs = events
        .keyBy("name")
        .intervalJoin(limits.keyBy("who"))
        .between(Duration.ofMillis(-20), Duration.ofMillis(40))
        .upperBoundExclusive()
        .process(bundle.operator("Match"));
      pairs.collect().uid("pairs");
      pairs.getSideOutput(new OutputTag("above")).collect().uid("above");
      const expected = pairsWhere((a, b) => b.at >= a.at - 20 && b.at < a.at + 40).map((pair) => {
        const { event, limit } = pair;
        const at = Math.max(event.at, limit.at);
        return { name: event.name, n: event.n, limit: limit.limit, at };
      });
      const rows = await run(env);
      expect(expected.length).toBeGreaterThan(1_000);
      expect(rows("pairs")).toEqual(lines(expected));
      expect(rows("above")).toEqual(lines(expected.filter(({ n, limit }) => n > limit)));
    },
  );

  test("rows behind the watermark go to the side output of their stream", async () => {
    const env = new StreamExecutionEnvironment().setParallelism(1);
    const late = { name: "name-1", n: 1, at: 1_500 };
    const time = WatermarkStrategy.forGenerator(bundle.operator("ByEvent"));
    const events = streams(env, [...EVENTS, late]).events.assignTimestampsAndWatermarks(
      time.withTimestampField("at", "ms"),
    );
    const same = events.select({ who: "name", limit: "n", at: "at" });
    const [left, right] = [new OutputTag("tooLate"), new OutputTag("late-limits")];
    const pairs = events
      .keyBy("name")
      .intervalJoin(same.keyBy("who"))
      .between(0, 0)
      .lowerBoundExclusive()
      .upperBoundExclusive()
      .sideOutputLeftLateData(left)
      .sideOutputRightLateData(right)
      .process(bundle.operator("Match"));
    pairs.collect().uid("pairs");
    pairs.getSideOutput(left).collect().uid("left");
    pairs.getSideOutput(right).collect().uid("right");
    const rows = await run(env);
    expect(rows("pairs")).toEqual([]);
    // The row is late where it comes last: the other input may be behind before.
    const { name: who, n: limit, at } = late;
    const found = [...rows("left"), ...rows("right")];
    expect(found.length).toBeGreaterThan(0);
    expect(lines([late, { who, limit, at }])).toEqual(expect.arrayContaining(found));
  });
});

describe("joins in windows", () => {
  test.each([1, 3])(
    "pairs and totals of tumbling windows at parallelism %i",
    async (parallelism) => {
      const env = new StreamExecutionEnvironment().setParallelism(parallelism);
      const { events, limits } = streams(env);
      const windows = TumblingEventTimeWindows.of(Duration.ofMillis(50));
      const joined = events.join(limits).where("name").equalTo("who").window(windows);
      joined.apply(bundle.operator("JoinBoth")).collect().uid("pairs");
      joined.apply(bundle.operator("JoinAbove")).collect().uid("above");
      const both = events.coGroup(limits).where("name").equalTo(["who"]).window(windows);
      both
        .apply(bundle.operator("CountBoth", { least: 1 }))
        .collect()
        .uid("counts");
      const pairs = pairsWhere((a, b) => endOf(a.at, 50) === endOf(b.at, 50));
      const rows = await run(env);
      const row = ({ event, limit }: (typeof pairs)[number], at: number) => {
        return { name: event.name, n: event.n, limit: limit.limit, at };
      };
      expect(rows("pairs")).toEqual(
        lines(pairs.map((pair) => row(pair, endOf(pair.event.at, 50)))),
      );
      const above = pairs
        .filter(({ event, limit }) => event.n > limit.limit)
        .flatMap((pair) => Array.from({ length: pair.limit.limit }, (_, i) => row(pair, i)));
      expect(rows("above")).toEqual(lines(above));
      expect(rows("counts")).toEqual(lines(counts(50)));
    },
  );

  test("sliding windows, sessions of both streams, and windows of rows with an evictor", async () => {
    const env = new StreamExecutionEnvironment().setParallelism(2);
    const { events, limits } = streams(env);
    const both = events.coGroup(limits).where("name").equalTo("who");
    const sliding = SlidingEventTimeWindows.of(Duration.ofMillis(100), Duration.ofMillis(50));
    both.window(sliding).apply(bundle.operator("CountBoth")).collect().uid("sliding");
    const sessions = EventTimeSessionWindows.withGap(Duration.ofMillis(1_000));
    both.window(sessions).apply(bundle.operator("CountBoth")).collect().uid("sessions");
    const tens = both.window(GlobalWindows.create()).trigger(CountTrigger.of(10));
    tens.evictor(CountEvictor.of(4)).apply(bundle.operator("CountBoth")).collect().uid("tens");
    const rows = await run(env);
    const counted = (sink: string) =>
      rows(sink).map((line) => JSON.parse(line) as { events: number; limits: number });
    const sum = (sink: string) =>
      counted(sink).reduce((all, { events: e, limits: l }) => all + e + l, 0);
    expect(sum("sliding")).toBe(2 * (EVENTS.length + LIMITS.length));
    expect(counted("sessions")).toHaveLength(23);
    expect(sum("sessions")).toBe(EVENTS.length + LIMITS.length);
    const perKey = NAMES.map(
      (name) =>
        EVENTS.filter((one) => one.name === name).length +
        LIMITS.filter((one) => one.who === name).length,
    );
    const firings = perKey.reduce((all, rowsOfKey) => all + Math.floor(rowsOfKey / 10), 0);
    expect(counted("tens")).toHaveLength(firings);
    expect(counted("tens").every(({ events: e, limits: l }) => e + l === 4)).toBe(true);
  });

  test("a key that an operator makes", async () => {
    const env = new StreamExecutionEnvironment().setParallelism(2);
    const { events, limits } = streams(env, EVENTS, [{ who: "-1", limit: 1, at: 2_000 }]);
    const windows = TumblingEventTimeWindows.of(Duration.ofMillis(500));
    const joined = events.join(limits).where(bundle.operator("ByTail")).equalTo("who");
    joined.window(windows).apply(bundle.operator("JoinBoth")).collect().uid("pairs");
    const met = EVENTS.filter(({ name, at }) => name === "name-1" && endOf(at, 500) === 2_500);
    expect((await run(env))("pairs")).toHaveLength(met.length);
  });
});

/** Events and limits of each key and window that has any. */
function counts(size: number) {
  const totals = new Map<string, { name: string; events: number; limits: number; until: number }>();
  const of = (name: string, at: number) => {
    const until = endOf(at, size);
    const total = totals.get(`${name} ${until}`) ?? { name, events: 0, limits: 0, until };
    totals.set(`${name} ${until}`, total);
    return total;
  };
  for (const { name, at } of EVENTS) of(name, at).events++;
  for (const { who, at } of LIMITS) of(who, at).limits++;
  return [...totals.values()];
}
