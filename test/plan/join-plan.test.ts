/** Joins of the builder: what they become, and what is refused where they are written or planned. */
import { describe, expect, test } from "vitest";
import { Duration } from "../../src/plan/duration.ts";
import { Bundle } from "../../src/plan/operator-handle.ts";
import { OutputTag } from "../../src/plan/output-tag.ts";
import { schemaOf } from "../../src/plan/schema-match.ts";
import { datagen } from "../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../src/plan/stream-environment.ts";
import { validateJob } from "../../src/plan/validate-job.ts";
import { WatermarkStrategy } from "../../src/plan/watermark-strategy.ts";
import * as windows from "../../src/plan/window-assigners.ts";
import type { MillraceError } from "../../src/protocol/errors.ts";
import type { OperatorDescription } from "../../src/protocol/manifest.ts";
import type { Schema } from "../../src/protocol/types.ts";

const { CountTrigger, DeltaTrigger, EventTimeSessionWindows, TimeEvictor } = windows;
const HASH = "7b".repeat(32);
const insertOnly = { mode: "insert-only" } as const;
const CLICK = schemaOf({ user: "STRING NOT NULL", n: "BIGINT NOT NULL", at: "BIGINT NOT NULL" });
const ORDER = schemaOf({ buyer: "STRING NOT NULL", no: "BIGINT NOT NULL", at: "BIGINT NOT NULL" });
const tens = windows.TumblingEventTimeWindows.of(10);
const SALE = schemaOf({ user: "STRING NOT NULL", no: "BIGINT NOT NULL" });

function operator(name: string, kind: OperatorDescription["kind"]): OperatorDescription {
  const input = (schema: Schema) => ({
    schema: [...schema],
    accepts: ["insert-only" as const],
    keyed: true,
  });
  return {
    name,
    kind,
    inputs: [input(CLICK), input(ORDER)],
    outputs: [{ name: "main", schema: [...SALE], emits: insertOnly }],
    parameters: [],
    states: [],
  };
}

const manifest = {
  manifestVersion: 1,
  abiVersion: 1,
  sdkVersion: "0",
  name: "shop",
  operators: [
    operator("Match", "interval_join"),
    operator("Pair", "join"),
    operator("Both", "co_group"),
  ],
  capabilities: [],
};
const shop = new Bundle(HASH, manifest);

function streams() {
  const env = new StreamExecutionEnvironment().setParallelism(4);
  const time = WatermarkStrategy.forMonotonousTimestamps().withTimestampField("at");
  return {
    env,
    clicks: env.fromSource(datagen(CLICK), time),
    orders: env.fromSource(datagen(ORDER), time),
  };
}

function node(env: StreamExecutionEnvironment, uid: string) {
  const graph = validateJob(JSON.parse(JSON.stringify(env.toJobSpec("job"))), () => manifest);
  return graph.nodes.find((one) => one.uid === uid)!;
}

function refusal(build: () => unknown): MillraceError {
  try {
    build();
  } catch (thrown) {
    return thrown as MillraceError;
  }
  throw new Error("nothing was refused");
}

describe("joins", () => {
  test("an interval join has its bounds as parameters, and late outputs where one is read", () => {
    const { env, clicks, orders } = streams();
    const late = new OutputTag("too-late");
    const pairs = clicks
      .keyBy("user")
      .intervalJoin(orders.keyBy("buyer"))
      .between(Duration.ofSeconds(-5), 60_000)
      .lowerBoundExclusive()
      .sideOutputRightLateData(late)
      .process(shop.operator("Match"))
      .uid("match");
    pairs.print();
    pairs.getSideOutput(late).print();
    const { parameters, outputs, inputs, parallelism } = node(env, "match");
    expect(parameters).toEqual({
      lower: -5_000,
      upper: 60_000,
      lowerExclusive: true,
      upperExclusive: false,
    });
    expect(outputs.map(({ name }) => name)).toEqual(["main", "late_left", "late_right"]);
    expect(outputs[2]!.schema).toEqual(ORDER);
    expect([inputs.map(({ keys }) => keys), parallelism]).toEqual([[["user"], ["buyer"]], 4]);
  });

  test("joins and coGroups have their windows as parameters, and one output", () => {
    const { env, clicks, orders } = streams();
    const both = clicks.coGroup(orders).where(["user"]).equalTo(["buyer"]);
    const applied = both
      .window(EventTimeSessionWindows.withGap(Duration.ofSeconds(1)))
      .trigger(CountTrigger.of(2))
      .evictor(TimeEvictor.of(5))
      .allowedLateness(Duration.ofMillis(7))
      .apply(shop.operator("Both"))
      .uid("both");
    applied.print();
    const { parameters, outputs } = node(env, "both");
    expect(parameters).toEqual({
      assigner: "session",
      gap: 1_000,
      offset: 0,
      lateness: 7,
      trigger: { type: "count", n: 2 },
      evictor: { type: "time", size: 5, after: false },
    });
    expect(outputs).toEqual([
      { name: "main", schema: SALE, changeMode: insertOnly, timeAttribute: null },
    ]);
  });

  const windowed = (assigner: windows.WindowAssigner) => {
    const { env, clicks, orders } = streams();
    const joined = clicks.join(orders).where("user").equalTo("buyer").window(assigner);
    return { env, joined };
  };

  test.each<[string, () => unknown, string, string]>([
    [
      "a lower bound above the upper one",
      () => {
        const { env, clicks, orders } = streams();
        const joined = clicks.keyBy("user").intervalJoin(orders.keyBy("buyer")).between(2, 1);
        joined.process(shop.operator("Match")).uid("match").print();
        return node(env, "match");
      },
      "JOB_PARAMETER_INVALID",
      "vertices[4].operator.parameters.lower",
    ],
    [
      "a function of intervals in windows",
      () => windowed(tens).joined.apply(shop.operator("Match")),
      "JOB_OPERATOR_KIND",
      "operator",
    ],
    [
      "a function of pairs in a coGroup",
      () => {
        const { clicks, orders } = streams();
        const both = clicks.coGroup(orders).where("user").equalTo("buyer").window(tens);
        return both.apply(shop.operator("Pair"));
      },
      "JOB_OPERATOR_KIND",
      "operator",
    ],
    [
      "a function of intervals without its bounds",
      () => {
        const { clicks, orders } = streams();
        return clicks.connect(orders).keyBy("user", "buyer").process(shop.operator("Match"));
      },
      "JOB_OPERATOR_KIND",
      "operator",
    ],
    [
      "keys of different types",
      () => {
        const { env, clicks, orders } = streams();
        const joined = clicks.join(orders).where("user").equalTo("no");
        const pairs = joined.window(tens);
        pairs.apply(shop.operator("Pair")).uid("pairs").print();
        return node(env, "pairs");
      },
      "JOB_KEY_MISMATCH",
      "edges[3].keys",
    ],
    [
      "a merging assigner with a trigger that cannot merge",
      () => {
        const { env, joined } = windowed(EventTimeSessionWindows.withGap(5));
        joined.trigger(DeltaTrigger.of(1, "at")).apply(shop.operator("Pair")).uid("pairs").print();
        return node(env, "pairs");
      },
      "JOB_PARAMETER_INVALID",
      "vertices[4].operator.parameters.trigger.type",
    ],
    [
      "a delta of a column that only one stream has",
      () => {
        const { env, joined } = windowed(windows.GlobalWindows.create());
        joined.trigger(DeltaTrigger.of(1, "n")).apply(shop.operator("Pair")).uid("pairs").print();
        return node(env, "pairs");
      },
      "JOB_PARAMETER_INVALID",
      "vertices[4].operator.parameters.trigger.field",
    ],
  ])("refuses %s", (_, build, code, field) => {
    const thrown = refusal(build);
    expect([thrown.code, thrown.field]).toEqual([code, field]);
    expect(thrown.expected).toBeTruthy();
  });
});
