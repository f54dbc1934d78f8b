/** Iterations in real jobs over two workers: rows that go round until they are done, and the end of the loop. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildBundle } from "../../../src/build/compile.ts";
import { Bundle } from "../../../src/plan/operator-handle.ts";
import { schemaOf } from "../../../src/plan/schema-match.ts";
import { datagen } from "../../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../../src/plan/stream-environment.ts";
import { validateJob } from "../../../src/plan/validate-job.ts";
import { WatermarkStrategy } from "../../../src/plan/watermark-strategy.ts";
import type { MillraceError } from "../../../src/protocol/errors.ts";
import type { Manifest } from "../../../src/protocol/manifest.ts";
import { Closers, TestCluster } from "../../cluster/cluster.ts";

const COUNTDOWN = schemaOf({
  id: "BIGINT NOT NULL",
  left: "BIGINT NOT NULL",
  rounds: "BIGINT NOT NULL",
});

interface Countdown {
  readonly id: number;
  readonly left: number;
  readonly rounds: number;
}

let bundle: Bundle;
let manifest: Manifest;
let cluster: TestCluster;
const closers = new Closers();

beforeAll(async () => {
  const entry = fileURLToPath(new URL("./assembly/index.ts", import.meta.url));
  const built = await buildBundle({ entry, name: "iteration", optimize: "none" });
  manifest = built.manifest;
  bundle = new Bundle(built.report.hash, built.manifest);
  cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 2);
  await cluster.worker("w2", 2);
  await cluster.client.uploadBundle(built.bytes);
});
afterAll(() => closers.close());

/** Countdowns 0 to `rows` - 1, each from its id modulo `most`. */
function countdowns(env: StreamExecutionEnvironment, rows: number, most: number) {
  const fields = { id: { kind: "sequence" as const, start: 0, end: rows - 1 } };
  return env
    .fromSource(datagen(COUNTDOWN, { fields }))
    .setParallelism(1)
    .map(bundle.operator("Begin", { most }));
}

async function run(env: StreamExecutionEnvironment): Promise<Countdown[]> {
  const job = await cluster.client.submitJob(env.toJobSpec("iteration"));
  const { rows } = await cluster.rows<Countdown>(job);
  expect(await cluster.end(job)).toBeUndefined();
  return rows;
}

describe("iterations", () => {
  test.each([1, 3])(
    "every row goes round as often as it has to, at parallelism %i",
    async (parallelism) => {
      const env = new StreamExecutionEnvironment().setParallelism(parallelism);
      const iteration = countdowns(env, 20_000, 9).iterate();
      // By key: rows of one subtask come back to another.
      const step = iteration.keyBy("left").process(bundle.operator("Step"));
      iteration.closeWith(step.filter(bundle.operator("GoesOn")));
      step.filter(bundle.operator("IsDone")).collect();
      const rows = await run(env);
      const expected = Array.from({ length: 20_000 }, (_, id) => [id, Math.max(1, id % 9)]);
      const found = rows.map(({ id, rounds }) => [id, rounds]).sort((a, b) => a[0]! - b[0]!);
      expect(found).toEqual(expected);
    },
  );

  test("a loop that grows before it shrinks does not stand still, and one row may go round a thousand times", async () => {
    const env = new StreamExecutionEnvironment().setParallelism(2);
    const growing = countdowns(env, 500, 9).iterate();
    const twice = growing.rebalance().flatMap(bundle.operator("Twice"));
    growing.closeWith(twice.filter(bundle.operator("GoesOn")).rebalance());
    twice.filter(bundle.operator("IsDone")).collect().uid("grown");
    const rows = await run(env);
    const powers = Array.from({ length: 500 }, (_, id) => 2 ** Math.max(1, id % 9));
    expect(rows).toHaveLength(powers.reduce((sum, power) => sum + power, 0));
    const deep = new StreamExecutionEnvironment();
    const long = countdowns(deep, 1_001, 1_001).iterate();
    const step = long.keyBy("left").process(bundle.operator("Step"));
    long.closeWith(step.filter(bundle.operator("GoesOn")));
    step.filter(bundle.operator("IsDone")).collect();
    const sums = (await run(deep)).reduce((sum, { rounds }) => sum + rounds, 0);
    expect(sums).toBe(500_500 + 1);
  });

  test("one loop behind another", async () => {
    const env = new StreamExecutionEnvironment().setParallelism(2);
    const first = countdowns(env, 3_000, 5).iterate();
    const once = first.keyBy("left").process(bundle.operator("Step"));
    first.closeWith(once.filter(bundle.operator("GoesOn")));
    const second = once
      .filter(bundle.operator("IsDone"))
      .map(bundle.operator("Begin", { most: 7 }))
      .iterate();
    const again = second.keyBy("left").process(bundle.operator("Step"));
    second.closeWith(again.filter(bundle.operator("GoesOn")));
    again.filter(bundle.operator("IsDone")).collect();
    const rounds = (await run(env)).map(({ id, rounds: n }) => n - Math.max(1, id % 7));
    expect([rounds.length, ...new Set(rounds)]).toEqual([3_000, 0]);
  });

  test.each<[string, (env: StreamExecutionEnvironment) => void, string, string]>([
    [
      "an iteration that nothing closes",
      (env) => void countdowns(env, 1, 1).iterate().print(),
      "JOB_INPUT_UNCONNECTED",
      "closeWith",
    ],
    [
      "other columns that come back",
      (env) => {
        const iteration = countdowns(env, 1, 1).iterate();
        iteration.closeWith(iteration.select({ n: "id" }));
      },
      "JOB_UNION_MISMATCH",
      "rounds",
    ],
    [
      "a loop in a loop",
      (env) => {
        const outer = countdowns(env, 1, 1).iterate();
        const inner = outer.iterate();
        inner.closeWith(inner.filter(bundle.operator("GoesOn")));
        outer.closeWith(inner.filter(bundle.operator("IsDone")));
      },
      "JOB_ITERATION_INVALID",
      "one iteration behind the other",
    ],
    [
      "watermarks that are made in the loop",
      (env) => {
        const iteration = countdowns(env, 1, 1).iterate();
        const time = WatermarkStrategy.noWatermarks().withTimestampField("id");
        iteration.closeWith(iteration.assignTimestampsAndWatermarks(time));
      },
      "JOB_ITERATION_INVALID",
      "before iterate",
    ],
  ])("refuses %s", (_, build, code, expected) => {
    const env = new StreamExecutionEnvironment();
    build(env);
    let thrown: unknown;
    try {
      validateJob(JSON.parse(JSON.stringify(env.toJobSpec("refused"))), () => manifest);
    } catch (error) {
      thrown = error;
    }
    expect((thrown as MillraceError).code).toBe(code);
    expect((thrown as MillraceError).expected).toContain(expected);
  });
});
