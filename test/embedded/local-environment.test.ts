import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import {
  count,
  createLocalEnvironment,
  Duration,
  type JobContext,
  MiniCluster,
  type OperatorHandle,
  openBundle,
  RestartStrategies,
  sum,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "../../src/index.ts";
import { expectRows, runJob } from "../../src/testing/index.ts";

let cluster: MiniCluster;
beforeAll(async () => {
  cluster = await MiniCluster.start({ slots: 4 });
});
afterAll(() => cluster.close());

const NUMBERS = { n: "BIGINT NOT NULL" };
const local = (parallelism = 1) => createLocalEnvironment({ cluster, parallelism });

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

/** Numbers from 0, counted as they are asked for. */
class Counter {
  pulled = 0;
  returned = false;
  readonly #end: number;

  constructor(end = Number.POSITIVE_INFINITY) {
    this.#end = end;
  }

  async *[Symbol.asyncIterator]() {
    try {
      while (this.pulled < this.#end) yield { n: this.pulled++ };
    } finally {
      this.returned = true;
    }
  }
}

describe("LocalStreamEnvironment", () => {
  test("gives each type back as it came", async () => {
    const columns = {
      yes: "BOOLEAN",
      tiny: "TINYINT",
      big: "BIGINT",
      half: "FLOAT",
      double: "DOUBLE",
      text: "STRING",
      at: "TIMESTAMP(3)",
      fine: "TIMESTAMP(9)",
      zoned: "TIMESTAMP_LTZ(6)",
      day: "DATE",
      clock: "TIME(3)",
    };
    const rows = [
      {
        yes: true,
        tiny: -128,
        big: 2n ** 63n - 1n,
        half: Math.fround(0.1),
        double: 0.1 + 0.2,
        text: 'é "quoted"\n🐋 \u0000',
        at: Date.UTC(2026, 10, 21, 1, 2, 3, 45),
        fine: -1n,
        zoned: 1_700_000_000_123_456n,
        day: -1,
        clock: 86_399_999,
      },
      {
        yes: false,
        tiny: 127,
        big: -(2n ** 63n),
        half: Number.POSITIVE_INFINITY,
        double: Number.NaN,
        text: "",
        at: -62_167_219_200_000,
        fine: 123_456_789_012_345_678n,
        zoned: -1n,
        day: 20_000,
        clock: 0,
      },
      Object.fromEntries(Object.keys(columns).map((name) => [name, null])),
    ];
    expectRows(await all(local().fromCollection(rows, columns).executeAndCollect()), rows);
  });

  test("gives 2,000 random rows back to the bit", async () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 9 });
    const row = fc.record({
      i: orNull(fc.oneof(int64, fc.maxSafeInteger().map(BigInt), fc.constantFrom(2n ** 53n + 1n))),
      // JSON of JavaScript's making writes -0 as 0.
      d: orNull(fc.double().map((d) => d + 0)),
      f: orNull(fc.float().map((f) => f + 0)),
      s: orNull(fc.string({ unit: "grapheme" })),
      t: orNull(fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 })),
      u: orNull(fc.bigInt({ min: -(2n ** 50n), max: 2n ** 50n })),
    });
    const rows = fc.sample(row, { numRuns: 2_000, seed: 7 });
    const columns = {
      i: "BIGINT",
      d: "DOUBLE",
      f: "FLOAT",
      s: "STRING",
      t: "TIMESTAMP(3)",
      u: "TIMESTAMP_LTZ(6)",
    };
    expectRows(await all(local().fromCollection(rows, columns).executeAndCollect()), rows);
  });

  test("runs windows over an array, twice", async () => {
    const env = local(2);
    const readings = ["a", "b", "a", "a"].map((device, i) => ({ device, n: i, at: i * 4_000 }));
    const sums = env
      .fromCollection(readings, {
        device: "STRING NOT NULL",
        n: "BIGINT NOT NULL",
        at: "BIGINT NOT NULL",
      })
      .assignTimestampsAndWatermarks(
        WatermarkStrategy.forMonotonousTimestamps().withTimestampField("at"),
      )
      .keyBy("device")
      .window(TumblingEventTimeWindows.of(Duration.ofSeconds(10)))
      .aggregate(sum("n"), count());
    const window = { window_start: 0, window_end: 10_000 };
    const expected = [
      { device: "a", sum_n: 2, count: 2, ...window },
      { device: "b", sum_n: 1, count: 1, ...window },
      { device: "a", sum_n: 3, count: 1, window_start: 10_000, window_end: 20_000 },
    ];
    for (let run = 0; run < 2; run++) {
      expectRows(await all(sums.executeAndCollect()), expected, { order: "any" });
    }
  });

  test("asks a source for no more than its buffers hold while nobody reads", async () => {
    const source = new Counter();
    const rows = local().fromAsyncIterable(source, NUMBERS).executeAndCollect();
    await rows.next();
    // Another job on the same workers is the clock: in its time, an unbounded source would pass too.
    const other = local().fromAsyncIterable(new Counter(120_000), NUMBERS).executeAndCollect();
    expect(await all(other)).toHaveLength(120_000);
    const before = source.pulled;
    expect(source.pulled).toBeLessThan(100_000);
    for (let n = 1; n < before + 20_000; n++) {
      const { value } = await rows.next();
      if (value?.n !== BigInt(n)) expect(value).toEqual({ n: BigInt(n) });
    }
    expect(source.pulled).toBeGreaterThan(before);
    await rows.return();
    expect(source.returned).toBe(true);
    console.log(`pulled ahead of a consumer that stopped: ${before} rows`);
  });

  test("uploads the bundles that handles bring, and carries the types of their rows", async () => {
    const words = openBundle(new URL("../../build/word-count.wasm", import.meta.url));
    type Line = { readonly line: string };
    const split = words.operator("SplitWords") as OperatorHandle<
      Line,
      { word: string },
      "flat_map"
    >;
    const rows = local()
      .fromCollection([{ line: "a b" }], { line: "STRING NOT NULL" })
      .flatMap(split)
      .executeAndCollect();
    expectTypeOf(rows).toEqualTypeOf<AsyncGenerator<{ word: string }, void, undefined>>();
    expectRows(await all(rows), [{ word: "a" }, { word: "b" }]);
    const job = ({ env }: JobContext) => {
      env.readTextFile("absent.txt").flatMap(words.operator("SplitWords")).collect();
    };
    expectRows((await runJob(job, { cluster, inputs: [{ line: "c" }] })).rows, [{ word: "c" }]);
  });

  test("hands a row on at once when the next is not there yet", async () => {
    const next = Promise.withResolvers<void>();
    async function* slow() {
      yield { n: 1 };
      await next.promise;
      yield { n: 2 };
    }
    const rows = local().fromAsyncIterable(slow(), NUMBERS).executeAndCollect();
    expect(await rows.next()).toEqual({ done: false, value: { n: 1n } });
    next.resolve();
    expect(await all(rows)).toEqual([{ n: 2n }]);
  });

  test("ends by an AbortSignal, with its reason, and returns the source", async () => {
    const source = new Counter();
    const abort = new AbortController();
    const rows = local()
      .fromAsyncIterable(source, NUMBERS)
      .executeAndCollect({ signal: abort.signal });
    await rows.next();
    abort.abort(new Error("enough"));
    await expect(all(rows)).rejects.toThrow("enough");
    expect(source.returned).toBe(true);
    const never = local().fromCollection([], NUMBERS).executeAndCollect({ signal: abort.signal });
    await expect(never.next()).rejects.toThrow("enough");
  });

  test("tells what the iterable threw, and which row does not fit", async () => {
    async function* broken() {
      yield { n: 1 };
      throw new TypeError("sensor unplugged");
    }
    const failing = async (rows: AsyncIterable<object>) => {
      const stream = local().fromAsyncIterable(rows, NUMBERS);
      return all(stream.executeAndCollect()).then(
        () => undefined,
        (error) => error,
      );
    };
    const thrown = await failing(broken());
    expect(thrown.message).toMatch(/threw at row 2 of the application's collection: sensor unplu/);
    expect(thrown.cause).toBeInstanceOf(TypeError);
    async function* wrong() {
      yield { n: "one" };
    }
    expect((await failing(wrong())).message).toMatch(
      /column n BIGINT NOT NULL has "one" \(string\), it takes a whole number \(row 1 of/,
    );
  });

  test("runs a job without results to its end", async () => {
    const source = new Counter(5_000);
    const env = local();
    env.fromAsyncIterable(source, NUMBERS).discard();
    await env.execute("discard");
    expect([source.pulled, source.returned]).toEqual([5_000, true]);
  });

  test("starts a cluster of its own, as large as the job, and ends what runs there", async () => {
    const env = createLocalEnvironment({ parallelism: 3 });
    const rows = env.fromAsyncIterable(new Counter(), NUMBERS).rebalance().executeAndCollect();
    await rows.next();
    await env.close();
    await expect(all(rows)).rejects.toThrow(/its cluster was closed/);
  });

  test("does not restart what cannot be read again", async () => {
    const env = local().setRestartStrategy(RestartStrategies.fixedDelay(1, 0));
    async function* wrong() {
      yield { n: "one" };
    }
    const rows = env.fromAsyncIterable(wrong(), NUMBERS).executeAndCollect();
    await expect(rows.next()).rejects.toMatchObject({ code: "COLLECTION_NOT_REPLAYABLE" });
  });

  test("does not give rows again that were consumed before a restart", async () => {
    const env = local().setRestartStrategy(RestartStrategies.fixedDelay(1, 0));
    const consumed = Promise.withResolvers<void>();
    async function* wrong() {
      yield { n: 1 };
      await consumed.promise;
      yield { n: "two" };
    }
    const rows = env.fromAsyncIterable(wrong(), NUMBERS).executeAndCollect();
    await rows.next();
    consumed.resolve();
    await expect(rows.next()).rejects.toMatchObject({ code: "COLLECT_RESTARTED" });
  });

  test("a stream that was refused, or has failed, is nothing to the next run", async () => {
    const env = local();
    const numbers = env.fromCollection([{ n: 1 }, { n: 0 }], NUMBERS);
    await expect(
      all(
        numbers
          .keyBy("m" as "n")
          .sum("n")
          .executeAndCollect(),
      ),
    ).rejects.toThrow(/no such field/);
    async function* broken() {
      yield { n: "one" };
    }
    const failed = env.fromAsyncIterable(broken(), NUMBERS);
    await expect(all(failed.executeAndCollect())).rejects.toThrow(/n BIGINT/);
    expectRows(await all(numbers.executeAndCollect()), [{ n: 1 }, { n: 0 }]);
    numbers.discard();
    await env.execute("what is left");
  });

  test("refuses what cannot be run", async () => {
    const { StreamExecutionEnvironment } = await import("../../src/index.ts");
    const env = new StreamExecutionEnvironment();
    expect(() => env.readTextFile("x").executeAndCollect()).toThrow(/only describes its job/);
    expect(() => local().fromCollection([], { n: "INTERVAL DAY TO SECOND(3)" })).toThrow(
      /has no JSON text/,
    );
    await expect(local().bundle("nowhere.wasm")).rejects.toThrow(/nowhere\.wasm is not there/);
  });
});
