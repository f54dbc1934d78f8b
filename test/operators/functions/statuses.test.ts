/** A status among rows and watermarks keeps its place through operators, as a watermark does. */
import { describe, expect, test } from "vitest";
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import { testBundle } from "../../conformance/conformance-module.ts";
import {
  HarnessModule,
  type HarnessSetup,
  MODES,
  OperatorHarness,
  type OutputElement,
} from "../../conformance/operator-harness.ts";

const STRING = { type: "STRING", nullable: false } as const;
const BIGINT = { type: "BIGINT", nullable: false } as const;
const LINE: Schema = [
  { name: "text", type: STRING },
  { name: "n", type: BIGINT },
];
const SUM: Schema = [
  { name: "text", type: STRING },
  { name: "average", type: { type: "DOUBLE", nullable: false } },
  { name: "window_start", type: BIGINT },
  { name: "window_end", type: BIGINT },
];
/** Places in test/operators/functions/assembly; the exchange ends every bundle. */
const OPERATORS = { map: 0, filter: 1, window: 8, exchange: 13 };
const compiled = await testBundle("test/operators/functions/assembly");

/** Row 2, idle, row 4, active, a watermark of 15, row 6. */
const block = new BatchWriter(LINE)
  .append(["a", 2n], { eventTime: 2n })
  .status(true)
  .append(["a", 4n], { eventTime: 4n })
  .status(false)
  .watermark(15n)
  .append(["a", 6n], { eventTime: 16n })
  .finish();

function textOf(element: OutputElement): string {
  if (element.type === "status") return element.idle ? "idle" : "active";
  if (element.type === "watermark") return `w${element.timestamp}`;
  return `${element.values.n ?? element.values.average}`;
}

describe.each(Object.entries(MODES))("with %s", (_, mode) => {
  const outputsOf = (operator: number, outputs: readonly Schema[], more: object = {}) => {
    const setup: HarnessSetup = {
      operator,
      inputs: [{ schema: LINE, keys: ["text"] }],
      outputs: outputs.map((schema, i) => ({ name: String(i), schema })),
      ...more,
    };
    const harness = new OperatorHarness(new HarnessModule(compiled), setup, mode);
    harness.process(block);
    harness.idle(true);
    return harness.drain().map((elements) => elements.map(textOf));
  };

  test("a map and a filter", () => {
    const [mapped] = outputsOf(OPERATORS.map, [LINE]);
    expect(mapped).toEqual(["4", "idle", "8", "active", "w15", "12", "idle"]);
    const [filtered] = outputsOf(OPERATORS.filter, [LINE]);
    expect(filtered).toEqual(["2", "idle", "4", "active", "w15", "6", "idle"]);
  });

  test("a window: what fires stands before the watermark and behind the status", () => {
    const [fired] = outputsOf(OPERATORS.window, [SUM], { parameters: { size: 10 } });
    expect(fired).toEqual(["idle", "active", "3", "w15", "idle"]);
  });

  test("an exchange: each channel has all of them", () => {
    const parameters = { partitioner: "rebalance" };
    const [first, second] = outputsOf(OPERATORS.exchange, [LINE, LINE], { parameters });
    expect(first).toEqual(["2", "idle", "active", "w15", "6", "idle"]);
    expect(second).toEqual(["idle", "4", "active", "w15", "idle"]);
  });
});
