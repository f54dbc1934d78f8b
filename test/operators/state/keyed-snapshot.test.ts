import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import { conformanceModule, OPERATOR } from "../../conformance/conformance-module.ts";
import {
  type Chunk,
  HarnessModule,
  type HarnessSetup,
  OperatorHarness,
} from "../../conformance/operator-harness.ts";
import { recordsOf } from "./state-records.ts";

const RUNS = { seed: 6, numRuns: 40 };
const STRING = { type: "STRING", nullable: false } as const;
const BIGINT = { type: "BIGINT", nullable: false } as const;
const KEY = { name: "k", type: STRING };
const ELEMENT: Schema = [KEY, { name: "v", type: BIGINT }, { name: "f", type: BIGINT }];
const ORIGIN: Schema = [
  { name: "fired_by", type: { type: "INT", nullable: false } },
  { name: "timer", type: BIGINT },
];

const TTL = { ms: 50, update: "on_read_and_write", visibility: "never_return_expired" };
/** A script that touches every kind of state: one program for each thing that can happen to a key. */
const SPEC = {
  state: [
    { name: "value", type: "value" },
    { name: "list", type: "list" },
    { name: "map", type: "map" },
    { name: "sum", type: "reducing" },
    { name: "gathered", type: "aggregating" },
    { name: "short", type: "value", ttl: TTL },
    { name: "shortMap", type: "map", ttl: TTL },
  ],
  on_element: [
    [
      ["add", "value"],
      ["add", "list"],
      ["add_all", "map"],
      ["event_timer", "ts", 40],
    ],
    [
      ["add", "sum"],
      ["add", "gathered"],
      ["add", "short"],
      ["add", "shortMap"],
    ],
    [
      ["clear", "value"],
      ["remove", "map"],
      ["delete_event_timer", "ts", 40],
    ],
    [
      ["clear", "list"],
      ["clear", "map"],
      ["clear", "sum"],
      ["clear", "gathered"],
    ],
    [
      ["update", "list"],
      ["get", "short"],
      ["proc_timer", "now", 30],
    ],
    [
      ["clear", "short"],
      ["clear", "shortMap"],
      ["clear", "value"],
      ["clear", "list"],
      ["clear", "map"],
    ],
  ],
  on_event_timer: [
    ["add", "map"],
    ["if", 3, 0, [["clear", "value"]]],
  ],
  on_proc_timer: [
    ["add", "list"],
    ["if", 2, 0, [["clear", "map"]]],
  ],
};

const SETUP: HarnessSetup = {
  operator: OPERATOR.script,
  parameters: { spec: SPEC },
  inputs: [{ schema: ELEMENT, keys: ["k"] }],
  outputs: [
    {
      name: "main",
      schema: [KEY, { name: "op", type: STRING }, { name: "v", type: STRING }, ...ORIGIN],
    },
    { name: "side", schema: [KEY, { name: "v", type: BIGINT }, ...ORIGIN] },
  ],
};

type Step = readonly [
  kind: "element" | "watermark" | "clock",
  key: number,
  value: number,
  program: number,
];
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom<Step[0]>("element", "element", "element", "element", "watermark", "clock"),
  fc.nat(30),
  fc.integer({ min: -20, max: 200 }),
  fc.nat(SPEC.on_element.length - 1),
);
const steps = fc.array(step, { minLength: 1, maxLength: 150 });

/** An operator and the time it lives in. */
class Driven {
  readonly harness: OperatorHarness;
  #watermark = -1000n;
  readonly #module: HarnessModule;

  constructor(module: HarnessModule) {
    this.#module = module;
    this.harness = new OperatorHarness(module, SETUP);
  }

  take([kind, key, value, program]: Step): void {
    if (kind === "element") {
      const row = [`key ${"x".repeat(key)}`, BigInt(value), BigInt(program)];
      const block = new BatchWriter(ELEMENT).append(row as never, { eventTime: BigInt(value) });
      this.harness.process(block.finish());
    } else if (kind === "watermark") {
      this.#watermark += BigInt(Math.abs(value));
      this.harness.watermark(this.#watermark);
    } else {
      this.harness.advanceTo(this.#module.clock + BigInt(Math.abs(value)));
    }
    this.harness.drain();
  }
}

describe("keyed state in snapshots", async () => {
  const compiled = await conformanceModule();
  const fresh = (clock = 0n): HarnessModule => {
    const module = new HarnessModule(compiled);
    module.clock = clock;
    return module;
  };
  const restored = (chunks: readonly Chunk[], clock: bigint): OperatorHarness => {
    const harness = new OperatorHarness(fresh(clock), SETUP);
    for (const chunk of chunks) harness.restore(chunk);
    return harness;
  };

  test("what a snapshot holds comes back whole", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const module = fresh();
        const driven = new Driven(module);
        for (const one of list) driven.take(one);
        const chunks = driven.harness.snapshot(1n);
        const again = restored(chunks, module.clock).snapshot(1n);
        expect(recordsOf(again)).toEqual(recordsOf(chunks));
      }),
      RUNS,
    );
  });

  test("a snapshot and the deltas behind it give what a full one gives", () => {
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 5 }), (parts) => {
        const module = fresh();
        const driven = new Driven(module);
        const chunks: Chunk[] = [...driven.harness.snapshot(1n)];
        let checkpoint = 1n;
        for (const part of parts) {
          for (const one of part.slice(0, 40)) driven.take(one);
          chunks.push(...driven.harness.snapshot(checkpoint + 1n, checkpoint));
          checkpoint++;
        }
        const full = driven.harness.snapshot(checkpoint + 1n);
        const again = restored(chunks, module.clock).snapshot(1n);
        expect(recordsOf(again)).toEqual(recordsOf(full));
      }),
      RUNS,
    );
  });

  test("a delta that would miss what has gone is refused: only the last snapshot can be its base", () => {
    const { harness } = new Driven(fresh());
    expect(() => harness.snapshot(2n, 1n)).toThrow(/since snapshot 1: none was taken here/);
    const other = new Driven(fresh()).harness;
    other.snapshot(1n);
    other.snapshot(2n, 1n);
    expect(() => other.snapshot(3n, 1n)).toThrow(/since snapshot 1: the last one here is 2/);
  });

  test("state that timers of the clock make counts at once", () => {
    const module = fresh();
    const driven = new Driven(module);
    for (let key = 0; key < 30; key++) driven.take(["element", key, 7, 4]);
    for (let key = 0; key < 30; key++) driven.take(["element", key, 7, 5]);
    driven.harness.advanceTo(module.clock + 100n);
    const counted = module.counter("stateBytes");
    driven.harness.process(new BatchWriter(ELEMENT).finish());
    expect(counted).toBe(module.counter("stateBytes"));
  });

  test("a snapshot in slices between batches is of the moment it began", () => {
    fc.assert(
      fc.property(steps, steps, fc.integer({ min: 1, max: 8 }), (before, after, budget) => {
        const whole = new Driven(fresh());
        const sliced = new Driven(fresh());
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
      }),
      RUNS,
    );
  });

  test("keys without state, timers and entries of maps leave nothing behind", () => {
    const driven = new Driven(fresh());
    const clear: Step[] = [2, 3, 5].map((program) => ["element", 3, 7, program]);
    for (const one of [["element", 3, 7, 0], ["element", 3, 7, 1], ...clear] as Step[])
      driven.take(one);
    expect(recordsOf(driven.harness.snapshot(1n))).toEqual([]);
  });

  test("refuses a snapshot whose state has another type, by name", () => {
    const driven = new Driven(fresh());
    driven.take(["element", 1, 1, 0]);
    const chunks = driven.harness.snapshot(1n);
    const spec = {
      ...SPEC,
      state: SPEC.state.map((one) => (one.name === "value" ? { ...one, type: "list" } : one)),
    };
    const other = new OperatorHarness(fresh(), { ...SETUP, parameters: { spec } });
    expect(() => other.restore(chunks[0]!)).toThrow(
      /state value is ValueState<BIGINT> in the snapshot, but ListState<BIGINT> here/,
    );
  });

  test("refuses two states of one name", () => {
    const spec = { ...SPEC, state: [SPEC.state[0]!, { ...SPEC.state[1]!, name: "value" }] };
    expect(() => new OperatorHarness(fresh(), { ...SETUP, parameters: { spec } })).toThrow(
      /two states are named value/,
    );
  });
});
