/** State past its budget: a clear error, found by the task alone. */
import { expect, test } from "vitest";
import {
  createLocalEnvironment,
  Duration,
  MiniCluster,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "../../src/index.ts";
import { OperatorTestHarness, StreamRecord } from "../../src/testing/index.ts";

const KEYED = { input: { k: "STRING NOT NULL", n: "INT NOT NULL" }, keyBy: ["k"] } as const;

test.each([
  ["keyed_reduce_field", {}],
  ["window_reduce_field", { window: TumblingEventTimeWindows.of(10) }],
])("%s fails with the bytes there are and may be", async (operator, options) => {
  const parameters = { fn: "maxBy", field: "k" };
  const setup = { ...KEYED, ...options, parameters };
  using free = await OperatorTestHarness.open("builtin", operator, setup);
  using bounded = await OperatorTestHarness.open("builtin", operator, {
    ...setup,
    stateBudgetBytes: 200_000,
  });
  const rows = Array.from(
    { length: 3_000 },
    (_, n) => new StreamRecord({ k: `a rather long key ${n}`, n }, 1),
  );
  free.processElements(rows.slice(0, 10));
  expect(free.stateBytes).toBeLessThan(200_000);
  bounded.processElements(rows.slice(0, 10));
  free.processElements(rows);
  expect(free.stateBytes).toBeGreaterThan(200_000);
  expect(() => bounded.processElements(rows)).toThrow(
    expect.objectContaining({
      code: "STATE_BUDGET_EXCEEDED",
      message: expect.stringMatching(/its state has \d{6,} bytes and may have 200000/),
      expected: expect.stringContaining("more subtasks"),
    }),
  );
});

test("fails its job alone; the one beside it in the same worker ends as it should", async () => {
  const cluster = await MiniCluster.start({ slots: 2 });
  try {
    const sums = async (budget: number | undefined): Promise<number> => {
      const env = createLocalEnvironment({ cluster });
      if (budget !== undefined) env.setStateBudget(budget);
      const rows = Array.from({ length: 5_000 }, (_, n) => ({ k: `key ${n}`, n, at: n }));
      const times = WatermarkStrategy.forMonotonousTimestamps().withTimestampField("at");
      const results = env
        .fromCollection(rows, {
          k: "STRING NOT NULL",
          n: "INT NOT NULL",
          at: "TIMESTAMP_LTZ(3) NOT NULL",
        })
        .assignTimestampsAndWatermarks(times)
        .keyBy("k")
        .window(TumblingEventTimeWindows.of(Duration.ofHours(1)))
        .sum("n")
        .executeAndCollect();
      let count = 0;
      for await (const _ of results) count++;
      return count;
    };
    const [bounded, free] = await Promise.allSettled([sums(100_000), sums(undefined)]);
    expect(free).toEqual({ status: "fulfilled", value: 5_000 });
    expect(bounded).toMatchObject({
      status: "rejected",
      reason: { code: "STATE_BUDGET_EXCEEDED", field: expect.stringContaining("window_reduce") },
    });
  } finally {
    await cluster.close();
  }
});

test("a budget that is no number of bytes is refused when the job is submitted", () => {
  const env = createLocalEnvironment();
  env.fromCollection([], { k: "STRING NOT NULL" }).select({ key: "k" }).setStateBudget(0).print();
  expect(() => env.toJobSpec("job")).toThrow(
    expect.objectContaining({ field: "vertices[1].stateBudgetBytes" }),
  );
});
