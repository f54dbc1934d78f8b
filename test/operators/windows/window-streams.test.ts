/** window_aggregate over random streams, in batches of many rows, against the naive model. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import {
  HarnessModule,
  type HarnessSetup,
  MODES,
  OperatorHarness,
  type OutputElement,
} from "../../conformance/operator-harness.ts";
import { loadBuiltin, operatorNumber } from "../builtin/builtin-module.ts";
import { KeyedWindowModel } from "./keyed-window-model.ts";

/** `MILLRACE_STREAMS=100000` runs as many. */
const STREAMS = Number(process.env.MILLRACE_STREAMS ?? 1500);
const BIGINT = { type: "BIGINT", nullable: false } as const;
const STRING = { type: "STRING", nullable: false } as const;
const module = new HarnessModule(await loadBuiltin());

const spec = fc.record({
  assigner: fc.constantFrom("tumbling" as const, "sliding" as const, "session" as const),
  size: fc.integer({ min: 1, max: 30 }),
  slide: fc.integer({ min: 1, max: 12 }),
  gap: fc.integer({ min: 1, max: 12 }),
  lateness: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 })),
});
const element = fc.record({
  op: fc.constant("element" as const),
  key: fc.bigInt({ min: 0n, max: 3n }),
  at: fc.bigInt({ min: -20n, max: 100n }),
});
const watermark = fc.record({
  op: fc.constant("watermark" as const),
  at: fc.bigInt({ min: -20n, max: 130n }),
});
const step = fc.oneof(
  { weight: 12, arbitrary: element },
  { weight: 3, arbitrary: watermark },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constantFrom("flush" as const, "restore" as const) }),
  },
);

function setupOf(parameters: Record<string, unknown>, text: boolean): HarnessSetup {
  const key = { name: "k", type: text ? STRING : BIGINT };
  const input: Schema = [key, { name: "v", type: BIGINT }];
  const results = ["sum", "n", "least", "window_start", "window_end"];
  return {
    operator: operatorNumber("window_aggregate"),
    parameters: {
      ...parameters,
      aggregates: [
        { fn: "count", as: "n" },
        { fn: "sum", field: "v", as: "sum" },
        { fn: "min", field: "v", as: "least" },
      ],
    },
    inputs: [{ schema: input, keys: ["k"] }],
    outputs: [
      { name: "main", schema: [key, ...results.map((name) => ({ name, type: BIGINT }))] },
      { name: "late", schema: input },
    ],
  };
}

/** One stream, batch by batch: what is written goes in at a restore, at a flush, and at the end. */
class Stream {
  readonly main: string[] = [];
  readonly late: string[] = [];
  refused = 0;
  readonly #setup: HarnessSetup;
  readonly #mode: (typeof MODES)[string];
  readonly #text: boolean;
  #harness: OperatorHarness;
  #batch: BatchWriter;

  constructor(parameters: Record<string, unknown>, text: boolean, mode: (typeof MODES)[string]) {
    this.#setup = setupOf(parameters, text);
    this.#mode = mode!;
    this.#text = text;
    this.#harness = new OperatorHarness(module, this.#setup, this.#mode);
    this.#batch = new BatchWriter(this.#setup.inputs[0]!.schema);
  }

  element(key: bigint, at: bigint, value: bigint): void {
    this.#batch.append([this.#text ? `key ${key}` : key, value], { eventTime: at });
  }

  watermark(at: bigint): void {
    this.#batch.watermark(at);
  }

  flush(): void {
    this.#harness.process(this.#batch.finish());
    this.#batch = new BatchWriter(this.#setup.inputs[0]!.schema);
    const [main, late] = this.#harness.drain();
    this.main.push(...main!.map((one) => this.#textOf(one)));
    this.late.push(
      ...late!.map((one) => this.#textOf(one)).filter((one) => one.startsWith("late")),
    );
  }

  restore(): void {
    this.flush();
    const chunks = this.#harness.snapshot(1n);
    this.close();
    this.#harness = new OperatorHarness(module, this.#setup, this.#mode);
    for (const chunk of chunks) this.#harness.restore(chunk);
  }

  close(): void {
    this.refused += this.#harness.failures.length;
    this.#harness.close();
  }

  #textOf(element: OutputElement): string {
    if (element.type === "status") return element.idle ? "idle" : "active";
    if (element.type === "watermark") return `watermark ${element.timestamp}`;
    const { k, v, sum, n, least, window_start: start, window_end: end } = element.values;
    const key = String(k).replace("key ", "");
    if (sum === undefined) return `late ${key} ${v}`;
    const values = (sum as bigint).toString(2);
    expect([n, least]).toEqual([
      BigInt(values.replaceAll("0", "").length),
      2n ** BigInt(values.length - 1 - values.lastIndexOf("1")),
    ]);
    return `${key} ${start} ${end} ${sum}`;
  }
}

/** Texts between two watermarks in any order: timers of one time may fire in any. */
function segments(texts: readonly string[]): string[][] {
  const result: string[][] = [[]];
  for (const text of texts) {
    if (text.startsWith("watermark")) result.push([]);
    else result.at(-1)!.push(text);
  }
  return result.filter((one) => one.length > 0).map((one) => one.sort());
}

test("tumbling, sliding and session windows give what the model gives, in any mode and batches", () => {
  const scenario = fc.record({
    spec,
    steps: fc.array(step, { maxLength: 60, size: "max" }),
    mode: fc.constantFrom(...Object.values(MODES)),
    text: fc.boolean(),
  });
  const runs = fc.property(scenario, ({ spec: numbers, steps, mode, text }) => {
    const model = new KeyedWindowModel({
      assigner: numbers.assigner,
      size: BigInt(numbers.size),
      slide: BigInt(numbers.slide),
      gap: BigInt(numbers.gap),
      lateness: BigInt(numbers.lateness),
    });
    const stream = new Stream(numbers, text, mode);
    let reached = -(2n ** 63n);
    for (const [i, one] of steps.entries()) {
      // A sum of powers of two tells which rows are in it.
      const value = 1n << BigInt(i);
      if (one.op === "element") {
        stream.element(one.key, one.at, value);
        model.element(one.key, one.at, value);
      } else if (one.op === "watermark") {
        if (one.at <= reached) continue;
        reached = one.at;
        stream.watermark(one.at);
        model.watermark(one.at);
      } else if (one.op === "flush") stream.flush();
      else {
        stream.restore();
        model.restore();
        reached = -(2n ** 63n);
      }
    }
    stream.flush();
    stream.close();
    expect(segments(stream.main)).toEqual(segments(model.main));
    expect(stream.late.sort()).toEqual(model.late.sort());
    expect(stream.refused).toBe(model.refused.length);
  });
  fc.assert(runs, { numRuns: STREAMS, seed: 7 });
});
