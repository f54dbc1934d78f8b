/** Behaviour of Flink's WindowOperator that the recorded cases leave open, from its source. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import { conformanceModule, OPERATOR } from "../../conformance/conformance-module.ts";
import {
  HarnessModule,
  MODES,
  type Mode,
  NORMAL,
  OperatorHarness,
  type OutputElement,
} from "../../conformance/operator-harness.ts";
import { loadBuiltin, operatorNumber } from "../builtin/builtin-module.ts";
import { WindowModel } from "./window-model.ts";

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const STRING = { type: "STRING", nullable: false } as const;
const BIGINT = { type: "BIGINT", nullable: false } as const;
const EVENT: Schema = [
  { name: "k", type: STRING },
  { name: "v", type: BIGINT },
];
const COLLECTED: Schema = [
  { name: "k", type: STRING },
  { name: "v", type: STRING },
  ...["n1", "n2", "window_start", "window_end", "cw"].map((name) => ({ name, type: BIGINT })),
  { name: "fired_by", type: { type: "INT", nullable: false } },
  { name: "timer", type: BIGINT },
];

const module = new HarnessModule(await conformanceModule());
const builtin = await loadBuiltin();

function open(parameters: Record<string, unknown>, mode: Mode = NORMAL): OperatorHarness {
  module.clock = 0n;
  return new OperatorHarness(
    module,
    {
      operator: OPERATOR.collect,
      parameters,
      inputs: [{ schema: EVENT, keys: ["k"] }],
      outputs: [
        { name: "main", schema: COLLECTED },
        { name: "late", schema: EVENT },
      ],
    },
    mode,
  );
}

const add = (harness: OperatorHarness, time: bigint | undefined, value = 1n): void =>
  harness.process(new BatchWriter(EVENT).append(["k", value], { eventTime: time }).finish());

function texts(elements: readonly OutputElement[]): string[] {
  return elements.map((element) => {
    if (element.type === "status") return element.idle ? "idle" : "active";
    if (element.type === "watermark") return `watermark ${element.timestamp}`;
    const { window_start: start, window_end: end, v } = element.values;
    return start === undefined ? `late ${v}` : `${start} ${end} ${v}`;
  });
}

const main = (harness: OperatorHarness) => texts(harness.drain()[0]!);

describe("tumbling windows do as Flink's source says", () => {
  test("starts are floored, before 1970 too (TimeWindow.getWindowStartWithOffset)", () => {
    const harness = open({ size: 10 });
    for (const [i, time] of [-1n, -10n, -11n, 0n, 9n].entries()) add(harness, time, BigInt(i));
    harness.watermark(MAX);
    expect(main(harness)).toEqual(["-20 -10 [2]", "-10 0 [0,1]", "0 10 [3,4]", `watermark ${MAX}`]);
  });

  test("an offset below zero moves the grid back", () => {
    const harness = open({ size: 10, offset: -3 });
    for (const [i, time] of [6n, 7n, -3n, -4n].entries()) add(harness, time, BigInt(i));
    harness.watermark(MAX);
    expect(main(harness)).toEqual(["-13 -3 [3]", "-3 7 [0,2]", "7 17 [1]", `watermark ${MAX}`]);
  });

  test("fires at end - 1, cleans up at end - 1 + lateness, then the element is late", () => {
    const harness = open({ size: 10, lateness: 5 });
    add(harness, 3n, 1n);
    harness.watermark(8n);
    expect(main(harness)).toEqual(["watermark 8"]);
    harness.watermark(9n);
    expect(main(harness)).toEqual(["0 10 [1]", "watermark 9"]);
    harness.watermark(13n);
    add(harness, 3n, 2n);
    expect(main(harness)).toEqual(["watermark 13", "0 10 [1,2]"]);
    harness.watermark(14n);
    harness.drain();
    add(harness, 9n, 3n);
    expect(harness.drain().map(texts)).toEqual([[], ["late 3"]]);
  });

  test("cleanup beyond the largest time never comes; only the last watermark makes it late", () => {
    const harness = open({ size: 10, lateness: 2 ** 53 - 1 });
    const time = MAX - 1007n;
    add(harness, time, 1n);
    harness.watermark(MAX - 1n);
    add(harness, time, 2n);
    expect(main(harness).filter((text) => !text.startsWith("watermark"))).toHaveLength(2);
    harness.watermark(MAX);
    harness.drain();
    add(harness, time, 3n);
    expect(harness.drain().map(texts)).toEqual([[], ["late 3"]]);
  });

  test("a window whose end wraps fires at the next watermark, and is skipped without being late", () => {
    const harness = open({ size: 10 });
    add(harness, MAX, 1n);
    harness.watermark(-5n);
    expect(main(harness)).toEqual([`${MAX - 7n} ${MIN + 2n} [1]`, "watermark -5"]);
    add(harness, MAX, 2n);
    expect(harness.drain().map(texts)).toEqual([[], []]);
  });

  test("a window that ends with the largest time fires at the end of the input", () => {
    const harness = open({ size: 8 });
    add(harness, MAX, 1n);
    harness.watermark(MAX - 1n);
    harness.drain();
    harness.watermark(MAX);
    expect(main(harness)).toEqual([`${MAX - 7n} ${MIN} [1]`, `watermark ${MAX}`]);
  });

  test.each([undefined, MIN])(
    "timestamp %s fails the record (TumblingEventTimeWindows)",
    (time) => {
      const harness = open({ size: 10 });
      add(harness, time);
      expect(harness.failures.map(({ message }) => message)).toEqual([
        "the record has no timestamp: assign timestamps before an event-time window",
      ]);
    },
  );

  test("after a restore nothing is late until a watermark, and windows fire again", () => {
    const first = open({ size: 10, lateness: 5 });
    add(first, 3n, 1n);
    first.watermark(11n);
    const second = open({ size: 10, lateness: 5 });
    for (const chunk of first.snapshot(1n)) second.restore(chunk);
    add(second, 4n, 2n);
    expect(main(second)).toEqual([]);
    second.watermark(20n);
    expect(main(second)).toEqual(["0 10 [1,2]", "watermark 20"]);
  });

  test("an evictor that leaves nothing does not stop the call, and the key is there", () => {
    const evictor = { type: "delta", threshold: 0, delta: "abs", field: "v" };
    const harness = open({ size: 10, evictor });
    add(harness, 3n, 7n);
    harness.watermark(20n);
    const [row] = harness.drain()[0]!;
    expect(row).toMatchObject({ values: { k: "k", v: "[]", window_start: 0n } });
    // What is left is kept: nothing, so a timer finds no contents.
    add(harness, 25n, 7n);
    harness.watermark(40n);
    expect(main(harness)).toEqual(["20 30 []", "watermark 40"]);
  });

  test("in processing time a window ends by the clock, and lateness has no meaning", () => {
    const harness = open({ time: "processing", size: 10, lateness: 100 });
    harness.advanceTo(3n);
    add(harness, undefined, 1n);
    harness.watermark(MAX);
    expect(main(harness)).toEqual([`watermark ${MAX}`]);
    expect(harness.nextTimer(1)).toBe(9n);
    harness.advanceTo(9n);
    expect(main(harness)).toEqual(["0 10 [1]"]);
    add(harness, undefined, 2n);
    // Due at once, in a window of its own: the first was cleaned up.
    expect(harness.nextTimer(1)).toBe(9n);
    harness.advanceTo(9n);
    expect(main(harness)).toEqual(["0 10 [2]"]);
    expect(() => open({ time: "processing", size: 10, lateness: -1 })).toThrow(
      "lateness: it must not be negative",
    );
  });
});

const near = (center: bigint, by: number) =>
  fc.integer({ min: -by, max: by }).map((distance) => BigInt.asIntN(64, center + BigInt(distance)));
/** Mostly small times around 0, now and then one at the ends of the range. */
const time = fc
  .oneof({ weight: 8, arbitrary: near(0n, 60) }, near(MAX, 30), near(MIN, 30))
  .filter((value) => value !== MIN);
const step = fc.oneof(
  { weight: 6, arbitrary: time.map((at) => ({ op: "element" as const, at })) },
  { weight: 3, arbitrary: time.map((at) => ({ op: "watermark" as const, at })) },
  { weight: 1, arbitrary: fc.constant({ op: "restore" as const, at: 0n }) },
);
const spec = fc
  .record({
    size: fc.integer({ min: 1, max: 20 }),
    offset: fc.integer({ min: -19, max: 19 }),
    lateness: fc.oneof(fc.integer({ min: 0, max: 25 }), fc.constant(2 ** 53 - 1)),
  })
  .filter(({ size, offset }) => Math.abs(offset) < size);

test("any elements and watermarks give what the model of WindowOperator gives, in any mode", () => {
  const scenario = fc.record({
    spec,
    steps: fc.array(step, { maxLength: 30 }),
    mode: fc.constantFrom(...Object.values(MODES)),
  });
  const runs = fc.property(scenario, ({ spec: numbers, steps, mode }) => {
    const { size, offset, lateness } = numbers;
    const model = new WindowModel({
      size: BigInt(size),
      offset: BigInt(offset),
      lateness: BigInt(lateness),
    });
    let harness = open(numbers, mode);
    const outputs: string[][] = [[], []];
    const collect = () =>
      harness.drain().forEach((elements, i) => void outputs[i]!.push(...texts(elements)));
    let watermark = MIN;
    for (const [i, { op, at }] of steps.entries()) {
      if (op === "element") {
        add(harness, at, BigInt(i));
        model.element(at, BigInt(i));
      } else if (op === "watermark" && at >= watermark) {
        watermark = at;
        harness.watermark(at);
        model.watermark(at);
      } else if (op === "restore") {
        watermark = MIN;
        const chunks = harness.snapshot(1n);
        collect();
        harness.close();
        harness = open(numbers, mode);
        for (const chunk of chunks) harness.restore(chunk);
        model.restore();
      }
      collect();
    }
    harness.close();
    expect(outputs).toEqual([model.main, model.late]);
  });
  fc.assert(runs, { numRuns: 1000, seed: 4 });
});

test("window_aggregate does so too, over a batch with watermarks between its rows", () => {
  const aggregates = new HarnessModule(builtin);
  const key = [
    { name: "k", type: BIGINT },
    { name: "v", type: BIGINT },
  ];
  const window = ["sum", "window_start", "window_end"].map((name) => ({ name, type: BIGINT }));
  const input = { schema: key, keys: ["k"] };
  const outputs = [
    { name: "main", schema: [key[0]!, ...window] },
    { name: "late", schema: key },
  ];
  const scenario = fc.record({
    spec,
    steps: fc.array(step, { maxLength: 60 }),
    mode: fc.constantFrom(...Object.values(MODES)),
  });
  const runs = fc.property(scenario, ({ spec: numbers, steps, mode }) => {
    const { size, offset, lateness } = numbers;
    const parameters = { ...numbers, aggregates: [{ fn: "sum", field: "v", as: "sum" }] };
    const operator = operatorNumber("window_aggregate");
    const setup = { operator, parameters, inputs: [input], outputs };
    const harness = new OperatorHarness(aggregates, setup, mode);
    const model = new WindowModel({
      size: BigInt(size),
      offset: BigInt(offset),
      lateness: BigInt(lateness),
    });
    const writer = new BatchWriter(key);
    let watermark = MIN;
    for (const [i, { op, at }] of steps.entries()) {
      // A sum of powers of two tells which rows are in it.
      const value = 1n << BigInt(i);
      if (op === "element") {
        writer.append([7n, value], { eventTime: at });
        model.element(at, value);
      } else if (op === "watermark" && at > watermark) {
        watermark = at;
        writer.watermark(at);
        model.watermark(at);
      }
    }
    harness.process(writer.finish());
    const got = harness.drain().map((elements) => once(elements.map(sumText)));
    harness.close();
    expect(got).toEqual([once(model.main.map(summed)), once(model.late)]);
  });
  fc.assert(runs, { numRuns: 500, seed: 4 });
});

/** Of watermarks without a row between them a block keeps the last. */
function once(texts: readonly string[]): string[] {
  const isWatermark = (text: string | undefined) => text?.startsWith("watermark") === true;
  return texts.filter((text, i) => !(isWatermark(text) && isWatermark(texts[i + 1])));
}

function sumText(element: OutputElement): string {
  if (element.type === "status") return element.idle ? "idle" : "active";
  if (element.type === "watermark") return `watermark ${element.timestamp}`;
  const { sum, v, window_start: start, window_end: end } = element.values;
  return sum === undefined ? `late ${v}` : `${start} ${end} ${sum}`;
}

/** A firing of the model with the sum of its values in place of the list. */
function summed(text: string): string {
  return text.replace(/\[(.*)\]/, (_, list: string) =>
    String(list.split(",").reduce((sum, value) => sum + BigInt(value), 0n)),
  );
}
