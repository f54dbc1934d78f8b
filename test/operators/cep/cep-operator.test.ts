import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { STATUS } from "../../../src/protocol/abi.ts";
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import { conformanceModule, OPERATOR } from "../../conformance/conformance-module.ts";
import {
  type Chunk,
  HarnessModule,
  type HarnessSetup,
  OperatorHarness,
} from "../../conformance/operator-harness.ts";
import { recordsOf } from "../state/state-records.ts";

const RUNS = { seed: 6, numRuns: 12 };
const BIGINT = { type: "BIGINT", nullable: false } as const;
const KEY = { name: "k", type: { type: "STRING", nullable: false } } as const;
const EVENT: Schema = [KEY, { name: "v", type: BIGINT }, { name: "i", type: BIGINT }];
const MATCH: Schema = [KEY, { name: "m", type: { type: "STRING", nullable: false } }];

interface Spec {
  readonly stages: readonly object[];
  readonly timeouts?: boolean;
  readonly late_output?: boolean;
}
const stage = (name: string, link: string, where: object, more: object = {}) => ({
  name,
  link,
  where,
  ...more,
});
const A = stage("A", "begin", { eq: 1 });
const B = stage("B", "followed_by_any", { eq: 2 });
const NO_SKIP = { type: "no_skip" };
const timed = { time: "event", skip: NO_SKIP, timeouts: true, late_output: true };
/** Loops, alternatives, an end that waits for time, matches that wait for others. */
const SPECS = {
  loops: {
    ...timed,
    within: 40,
    stages: [
      stage("A", "begin", { gt: 0 }, { times: [1, null] }),
      stage("B", "followed_by", { gt_last: "A" }, { optional: true }),
      stage("C", "followed_by", { eq: 0 }),
    ],
  },
  skipping: {
    ...timed,
    within: 60,
    skip: { type: "past_last" },
    stages: [
      stage("A", "begin", { gt: 0 }, { times: [2, 3], greedy: true }),
      stage("B", "followed_by_any", { ge_sum: "A" }),
    ],
  },
  negative: {
    ...timed,
    within: 25,
    stages: [A, stage("N", "not_followed_by", { eq: 2 })],
  },
  processing: {
    ...timed,
    time: "processing",
    late_output: false,
    within: 30,
    stages: [A, stage("B", "followed_by", { gt: 1 }, { times: [1, 2] })],
  },
};

function setupOf(spec: Spec): HarnessSetup {
  return {
    operator: OPERATOR.cep,
    parameters: { spec },
    inputs: [{ schema: EVENT, keys: ["k"] }],
    outputs: [
      { name: "main", schema: MATCH },
      ...(spec.timeouts === true ? [{ name: "timeout", schema: MATCH }] : []),
      ...(spec.late_output === true ? [{ name: "late", schema: EVENT }] : []),
    ],
  };
}

interface Step {
  readonly kind: "event" | "watermark" | "clock";
  readonly key: string;
  readonly v: number;
  readonly ahead: number;
}
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Step["kind"]>("event", "event", "event", "watermark", "clock"),
  key: fc.constantFrom("a", "a key of more than twenty bytes"),
  v: fc.nat(3),
  ahead: fc.nat(20),
});
const steps = fc.array(step, { minLength: 30, maxLength: 60, size: "max" });

/** An operator and the time it lives in. */
class Driven {
  harness: OperatorHarness;
  readonly rows: string[] = [];
  #watermark = 0;
  #number = 0;
  readonly #fresh: (clock: bigint) => HarnessModule;
  readonly #setup: HarnessSetup;

  constructor(fresh: (clock: bigint) => HarnessModule, setup: HarnessSetup) {
    this.#fresh = fresh;
    this.#setup = setup;
    this.harness = new OperatorHarness(fresh(0n), setup);
  }

  take({ kind, key, v, ahead }: Step): void {
    if (kind === "event") {
      const row = [key, BigInt(v), BigInt(this.#number++)];
      const eventTime = BigInt(this.#watermark + ahead);
      const block = new BatchWriter(EVENT).append(row as never, { eventTime });
      this.harness.process(block.finish());
    } else if (kind === "watermark") {
      this.#watermark += ahead;
      this.harness.watermark(BigInt(this.#watermark));
    } else {
      this.harness.advanceTo(this.harness.module.clock + BigInt(ahead));
    }
    this.#note();
  }

  #note(): void {
    for (const [output, elements] of this.harness.drain().entries()) {
      for (const element of elements) {
        if (element.type !== "row") continue;
        const values = Object.values(element.values).map(String);
        this.rows.push(`${output} ${element.time} ${values.join(" ")}`);
      }
    }
  }

  /** Goes on in a new instance, which has nothing but the snapshot; the watermark comes again. */
  move(): void {
    const chunks = this.harness.snapshot(1n);
    this.harness = restored(this.#fresh(this.harness.module.clock), this.#setup, chunks);
    this.harness.watermark(BigInt(this.#watermark));
    this.#note();
  }
}

function restored(module: HarnessModule, setup: HarnessSetup, chunks: readonly Chunk[]) {
  const harness = new OperatorHarness(module, setup);
  for (const chunk of chunks) harness.restore(chunk);
  return harness;
}

describe("patterns", async () => {
  const compiled = await conformanceModule();
  const fresh = (clock = 0n): HarnessModule => {
    const module = new HarnessModule(compiled);
    module.clock = clock;
    return module;
  };

  for (const [name, spec] of Object.entries(SPECS)) {
    const setup = setupOf(spec);

    test(`moving to another instance after every input changes nothing: ${name}`, () => {
      let found = 0;
      fc.assert(
        fc.property(steps, (list) => {
          const straight = new Driven(fresh, setup);
          const moving = new Driven(fresh, setup);
          // The moving one repeats its watermark, so the other one has to begin with it.
          straight.harness.watermark(0n);
          moving.move();
          for (const one of list) {
            straight.take(one);
            moving.take(one);
            moving.move();
          }
          expect(moving.rows).toEqual(straight.rows);
          found += straight.rows.length;
        }),
        RUNS,
      );
      expect(found).toBeGreaterThan(20);
    });

    test(`a snapshot in slices between inputs is of the moment it began: ${name}`, () => {
      fc.assert(
        fc.property(steps, steps, fc.integer({ min: 1, max: 4 }), (before, after, budget) => {
          const whole = new Driven(fresh, setup);
          const sliced = new Driven(fresh, setup);
          for (const one of before) {
            whole.take(one);
            sliced.take(one);
          }
          const wanted = whole.harness.snapshot(1n);
          const chunks: Chunk[] = [];
          for (let i = 0, done = false; !done; i++) {
            const slice = sliced.harness.snapshotSlice(1n, -1n, budget);
            chunks.push(...slice.chunks);
            done = slice.done;
            if (i < after.length) sliced.take(after[i]!);
          }
          expect(recordsOf(chunks)).toEqual(recordsOf(wanted));
          const again = restored(fresh(), setup, wanted).snapshot(1n);
          expect(recordsOf(again)).toEqual(recordsOf(wanted));
        }),
        RUNS,
      );
    });
  }

  /** Events `[key, v, timestamp]`, then a watermark. */
  const feed = (harness: OperatorHarness, events: [string, number, number][], mark: number) => {
    const writer = new BatchWriter(EVENT);
    for (const [key, v, time] of events) {
      writer.append([key, BigInt(v), 0n], { eventTime: BigInt(time) });
    }
    harness.process(writer.finish());
    harness.watermark(BigInt(mark));
    harness.drain();
    return harness.module.counter("stateBytes");
  };

  test("what no match needs any more is freed: memory is flat, and a key leaves nothing", () => {
    const module = fresh();
    const harness = new OperatorHarness(module, setupOf(SPECS.loops));
    const round = (start: number): bigint => {
      const events: [string, number, number][] = [];
      for (let key = 0; key < 50; key++) {
        for (let i = 1; i <= 6; i++) events.push([`k${key}`, i % 3, start + i]);
      }
      const full = feed(harness, events, start + 7);
      const empty = feed(harness, [], start + 1000);
      expect(full).toBeGreaterThan(empty + 50n * 6n * 50n);
      return empty;
    };
    const start = (i: number) => 1 + i * 1000;
    // The queue of timers keeps a chunk for each bucket that it had to fill at once: few, and soon enough.
    let empty = 0n;
    for (let i = 0; i < 40; i++) {
      const left = round(start(i));
      if (left > empty) empty = left;
    }
    // The texts that the function makes are collected when memory has grown, or after thousands of rows.
    for (let i = 40; i < 80; i++) expect(round(start(i)) <= empty).toBe(true);
    const { pages } = module;
    for (let i = 80; i < 120; i++) expect(round(start(i)) <= empty).toBe(true);
    expect(module.pages).toBe(pages);
    expect(recordsOf(harness.snapshot(1n))).toEqual([]);
  });

  test("an event is stored once, however many matches it is part of", () => {
    const wide = "x".repeat(10_000);
    const spec = { ...timed, stages: [A, B, stage("C", "followed_by_any", { eq: 3 })] };
    const harness = new OperatorHarness(fresh(), setupOf(spec));
    const one = feed(harness, [[wide, 1, 1]], 1);
    const events = [2, 3, 4, 5, 6, 7, 8, 9].map((t): [string, number, number] => [wide, 2, t]);
    // Nine partial matches of seventeen places: nine events.
    const nine = feed(harness, events, 9);
    expect(nine - one).toBeGreaterThan(8n * 10_000n);
    expect(nine - one).toBeLessThan(8n * 11_000n);
  });

  test("a key with many events is taken in slices", () => {
    const harness = new OperatorHarness(fresh(), setupOf({ ...timed, stages: [A, B] }));
    const events = Array.from({ length: 1000 }, (_, i): [string, number, number] => [
      "a",
      0,
      i + 1,
    ]);
    feed(harness, events, 0);
    const call = () => harness.module.call("mr_watermark", harness.inst, 1000n, 1);
    expect(call()).toBe(STATUS.sliceOver);
    expect(call()).toBe(STATUS.sliceOver);
    harness.watermark(1000n);
    expect(recordsOf(harness.snapshot(1n))).toEqual([]);
  });

  test("refuses a snapshot of another pattern", () => {
    const harness = new OperatorHarness(fresh(), setupOf({ ...timed, stages: [A, B] }));
    feed(harness, [["a", 1, 1]], 1);
    const chunks = harness.snapshot(1n);
    expect(recordsOf(chunks)).toHaveLength(1);
    const other = { ...timed, stages: [A, stage("B", "next", { eq: 2 })] };
    expect(() => restored(fresh(), setupOf(other), chunks)).toThrow(
      /state partial-matches is PartialMatches<.*> in the snapshot, but/,
    );
  });

  const refused: [string, Spec & { readonly [other: string]: unknown }][] = [
    ["stage A: greedy needs times", { stages: [{ ...A, greedy: true }] }],
    [
      "stage A: greedy does not go with allowCombinations",
      { stages: [{ ...A, times: [1, 2], inner: "allow_combinations", greedy: true }] },
    ],
    ["stage A: until needs oneOrMore", { stages: [{ ...A, until: { eq: 2 } }] }],
    ["stage A: consecutive needs times", { stages: [{ ...A, inner: "consecutive" }] }],
    ["stage A: the largest number of times", { stages: [{ ...A, times: [3, 2] }] }],
    ["stage A: the number of times must be positive", { stages: [{ ...A, times: [-1, -1] }] }],
    ["two stages are named A", { stages: [A, { ...B, name: "A" }] }],
    ["there is no stage X", { skip: { type: "to_first", stage: "X" }, stages: [A] }],
    [
      "stage A: after an optional stage",
      { stages: [{ ...A, optional: true }, { ...B, link: "not_next" }, B] },
    ],
    ["notFollowedBy as the last stage", { stages: [A, { ...B, link: "not_followed_by" }] }],
    [
      "stage B: an optional stage must not follow a greedy one",
      {
        stages: [
          { ...A, times: [1, null], greedy: true },
          { ...B, optional: true },
        ],
      },
    ],
    [
      "stage B: a stage that must not come cannot be optional",
      { stages: [A, { ...B, link: "not_next", optional: true }] },
    ],
    ["within: the time must not be negative", { within: -1, stages: [A] }],
  ];
  test.each(refused)("refuses to open: %s", (message, spec) => {
    const whole = { timeouts: false, time: "event", skip: NO_SKIP, ...spec };
    expect(() => new OperatorHarness(fresh(), setupOf(whole))).toThrow(message);
  });
});
