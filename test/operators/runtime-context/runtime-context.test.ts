/** What a function asks of its RuntimeContext: metrics that the job shows, log lines. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildBundle } from "../../../src/build/compile.ts";
import { Bundle, createLocalEnvironment, MiniCluster } from "../../../src/index.ts";
import { readUserMetrics, shownMetrics } from "../../../src/protocol/user-metric.ts";
import { type HarnessOptions, OperatorTestHarness } from "../../../src/testing/index.ts";

const SOURCES = fileURLToPath(new URL("assembly/index.ts", import.meta.url));
const open = (options?: HarnessOptions) => OperatorTestHarness.open(SOURCES, "Measured", options);

describe("metrics", () => {
  test("the harness shows counters, gauges and histograms, and the log", async () => {
    using harness = await open();
    for (const n of [-3, 1, 2]) harness.processElement({ n });
    expect(harness.metrics.get('se"en')).toEqual({
      id: 'Measured.se"en',
      type: "counter",
      count: "3",
    });
    expect(harness.metrics.get("last")).toMatchObject({ type: "gauge", value: 1 });
    expect(harness.metrics.get("square")).toMatchObject({ value: 4, min: 4, max: 4 });
    expect(harness.metrics.get("spread")).toMatchObject({
      count: "3",
      min: "-3",
      max: "2",
      mean: 0,
      stddev: Math.sqrt(14 / 3),
      p50: 1,
      p999: 2,
    });
    expect(harness.logs).toEqual([
      { level: "info", message: "Measured: subtask 0 of 1" },
      { level: "warn", message: "Measured: below 0: -3" },
    ]);
  });

  test("what a row counted is undone with it", async () => {
    using harness = await open({ onRowError: "drop" });
    for (const n of [1, 5005, 2]) harness.processElement({ n });
    expect(harness.numRecordsFailed).toBe(1);
    expect(harness.metrics.get('se"en')).toMatchObject({ count: "2" });
    expect(harness.metrics.get("spread")).toMatchObject({ count: "2", max: "2" });
  });

  test("a gauge that throws ends the operator with the author's line", async () => {
    using harness = await open();
    harness.processElement({ n: 131_313 });
    expect(() => harness.metrics).toThrow(/Measured failed at index.ts:21: unlucky/);
  });

  test("quantiles of any int64 are exact to a 16th; extremes and counts exactly", async () => {
    using harness = await open();
    const int64 = fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.bigInt({ min: -40n, max: 40n }),
      fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 0n, 15n, 16n, 31n, 32n, -16n, -17n),
    );
    const seen: bigint[] = [];
    fc.assert(
      fc.property(fc.array(int64, { minLength: 1, maxLength: 30 }), (values) => {
        harness.processElements(values.map((n) => ({ n })));
        seen.push(...values);
        seen.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
        const spread = harness.metrics.get("spread")!;
        if (spread.type !== "histogram") throw new Error("a histogram");
        expect([spread.count, spread.min, spread.max]).toEqual(
          [seen.length, seen[0], seen.at(-1)].map(String),
        );
        const exact = Number(seen[Math.ceil(seen.length * 0.75) - 1]);
        expect(Math.abs(spread.p75 - exact)).toBeLessThanOrEqual(Math.abs(exact) / 16 + 1);
      }),
      { numRuns: 30 },
    );
  });

  test("of several subtasks: sums, means, all values together", () => {
    const of = (count: number, gauge: string, value: string) =>
      readUserMetrics(
        JSON.stringify([
          { name: "c", counter: String(count) },
          { name: "g", gauge },
          {
            name: "h",
            histogram: {
              ...{ count: "2", min: value, max: value, sum: String(2 * Number(value)) },
              ...{ squares: String(2 * Number(value) ** 2), buckets: [[value, 2]] },
            },
          },
        ]),
        "Op",
      )!;
    expect(shownMetrics([...of(3, "1", "10"), ...of(4, "3", "20")])).toEqual([
      { id: "Op.c", type: "counter", count: "7" },
      { id: "Op.g", type: "gauge", value: 2, min: 1, max: 3 },
      {
        ...{ id: "Op.h", type: "histogram", count: "4", min: "10", max: "20" },
        ...{ mean: 15, stddev: 5, p50: 10, p75: 20, p95: 20, p98: 20, p99: 20, p999: 20 },
      },
    ]);
    expect(shownMetrics(of(0, "NaN", "1"))[1]).toMatchObject({ value: null });
  });

  test.each(["{}", "[", "[null]", '[{"name":"x"}]', '[{"name":"x","counter":5}]'])(
    "what is no list of metrics is refused: %s",
    (text) => expect(readUserMetrics(text, "Op")).toBeUndefined(),
  );

  test("the job's metrics have them, the last ones when it has finished", async () => {
    const options = { entry: SOURCES, name: "measured", optimize: "none" } as const;
    const { bytes, manifest } = await buildBundle(options);
    const hash = createHash("sha256").update(bytes).digest("hex");
    const cluster = await MiniCluster.start({ slots: 1 });
    try {
      const env = createLocalEnvironment({ cluster });
      const rows = Array.from({ length: 100 }, (_, n) => ({ n }));
      const measured = new Bundle(hash, manifest, bytes).operator("Measured");
      const results = env
        .fromCollection(rows, { n: "BIGINT NOT NULL" })
        .map(measured)
        .name("numbers")
        .executeAndCollect();
      let count = 0;
      for await (const _ of results) count++;
      expect(count).toBe(100);
      const [job] = await cluster.client.jobs();
      const { vertices } = await cluster.client.job(job!.jid);
      const user = vertices.flatMap(({ metrics }) => metrics.user);
      expect(user[0]).toEqual({ id: 'numbers.se"en', type: "counter", count: "100" });
      expect(user.map(({ id }) => id)).toContain("numbers.spread");
      await env.close();
    } finally {
      await cluster.close();
    }
  });
});
