import { describe, expect, test } from "vitest";
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import { conformanceModule, OPERATOR } from "../../conformance/conformance-module.ts";
import {
  HarnessModule,
  type HarnessSetup,
  NORMAL,
  OperatorHarness,
  type OutputElement,
  TIGHT,
} from "../../conformance/operator-harness.ts";

const STRING = { type: "STRING", nullable: false } as const;
const BIGINT = { type: "BIGINT", nullable: false } as const;
const INT = { type: "INT", nullable: false } as const;
const EVENT: Schema = [
  { name: "k", type: STRING },
  { name: "v", type: BIGINT },
];
const SUMMED: Schema = [
  { name: "k", type: STRING },
  { name: "sum", type: BIGINT },
  { name: "count", type: BIGINT },
  { name: "cw", type: BIGINT },
  { name: "fired_by", type: INT },
  { name: "timer", type: BIGINT },
  { name: "window_start", type: BIGINT },
  { name: "window_end", type: BIGINT },
];
const COLLECTED: Schema = [
  { name: "k", type: STRING },
  { name: "v", type: STRING },
  { name: "n1", type: BIGINT },
  { name: "n2", type: BIGINT },
  { name: "window_start", type: BIGINT },
  { name: "window_end", type: BIGINT },
  { name: "cw", type: BIGINT },
  { name: "fired_by", type: INT },
  { name: "timer", type: BIGINT },
];

const compiled = await conformanceModule();

function setupOf(operator: "sum" | "collect", parameters: Record<string, unknown>): HarnessSetup {
  return {
    operator: OPERATOR[operator],
    parameters,
    inputs: [{ schema: EVENT, keys: ["k"] }],
    outputs: [
      { name: "main", schema: operator === "sum" ? SUMMED : COLLECTED },
      { name: "late", schema: EVENT },
    ],
  };
}

/** Pseudo-random events, out of order, with a watermark now and then. */
function* events(count: number): Generator<{ key: string; value: bigint; time: bigint } | bigint> {
  let state = 12345;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  for (let i = 0; i < count; i++) {
    if (random(20) === 0) yield BigInt(i * 10 - 150);
    const time = BigInt(i * 10 - random(300));
    yield { key: `key ${random(9)}`, value: BigInt(random(100)), time };
  }
  yield 1_000_000n;
}

function texts(elements: readonly OutputElement[]): string[] {
  return elements.map((element) => {
    if (element.type === "status") return element.idle ? "idle" : "active";
    if (element.type === "watermark") return `watermark ${element.timestamp}`;
    return `${Object.values(element.values).join(" ")} at ${element.time}`;
  });
}

describe("tumbling windows", () => {
  for (const operator of ["sum", "collect"] as const) {
    test(`${operator}: watermarks within a batch fire as watermarks between batches do`, () => {
      const setup = setupOf(operator, { size: 100, offset: 7, lateness: 40 });
      const module = new HarnessModule(compiled);
      const apart = new OperatorHarness(module, setup, NORMAL);
      const within = new OperatorHarness(module, setup, NORMAL);
      const tight = new OperatorHarness(module, setup, TIGHT);
      const writer = new BatchWriter(EVENT);
      for (const event of events(3000)) {
        if (typeof event === "bigint") {
          apart.watermark(event);
          writer.watermark(event);
          continue;
        }
        const lanes = { eventTime: event.time };
        const row = [event.key, event.value];
        apart.process(new BatchWriter(EVENT).append(row, lanes).finish());
        writer.append(row, lanes);
      }
      const block = writer.finish();
      within.process(block);
      tight.process(block);
      const [main, late] = apart.drain().map(texts);
      expect(main!.length).toBeGreaterThan(1000);
      expect(late!.filter((text) => !text.startsWith("watermark")).length).toBeGreaterThan(3);
      expect(within.drain().map(texts)).toEqual([main, late]);
      expect(tight.drain().map(texts)).toEqual([main, late]);
    });
  }

  test("stateBytes tells what windows hold, and less once they are gone", () => {
    const module = new HarnessModule(compiled);
    const harness = new OperatorHarness(module, setupOf("collect", { size: 1000 }));
    const writer = new BatchWriter(EVENT);
    for (let i = 0; i < 4000; i++) writer.append([`k${i}`, 1n], { eventTime: 5n });
    harness.process(writer.finish());
    const full = module.counter("stateBytes");
    expect(full).toBeGreaterThan(4000n * 128n);
    harness.watermark(1000n);
    harness.drain();
    expect(module.counter("stateBytes")).toBeLessThan(full / 2n);
  });

  test("firing many windows keeps the memory as large as it was", () => {
    const module = new HarnessModule(compiled);
    const harness = new OperatorHarness(module, setupOf("collect", { size: 100 }));
    const pass = (round: number) => {
      const writer = new BatchWriter(EVENT);
      for (let i = 0; i < 2000; i++) {
        writer.append([`k${i}`, 1n], { eventTime: BigInt(round * 100) });
      }
      harness.processUnread(writer.watermark(BigInt(round * 100 + 99)).finish());
    };
    // State per key over all windows stays, and so does what the first rounds needed.
    for (let round = 0; round < 20; round++) pass(round);
    const pages = module.pages;
    for (let round = 20; round < 80; round++) pass(round);
    expect(module.pages).toBe(pages);
  });

  test.each([
    [{ size: 0 }, "size: a window's size must be positive"],
    [{ size: 10, offset: 10 }, "offset: its absolute value must be below the window's size"],
    [{ size: 10, offset: -10 }, "offset: its absolute value must be below the window's size"],
    [{ size: 10, lateness: -1 }, "lateness: it must not be negative"],
    [{ size: 10, evictor: { type: "oldest" } }, "evictor: unknown"],
  ])("refuses %j", (parameters, message) => {
    const module = new HarnessModule(compiled);
    expect(() => new OperatorHarness(module, setupOf("collect", parameters))).toThrow(message);
  });
});
