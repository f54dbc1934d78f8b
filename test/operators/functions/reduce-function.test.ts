import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { buildBundle } from "../../../src/build/compile.ts";
import { schemaOf } from "../../../src/plan/schema-match.ts";
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import type { OperatorDescription } from "../../../src/protocol/manifest.ts";
import { HarnessModule, MODES, OperatorHarness } from "../../conformance/operator-harness.ts";

const FOLDER = fileURLToPath(new URL("../../../build/reduce-function-test/", import.meta.url));
const SOURCE = `
import { ReduceFunction, Text } from "millrace/sdk";
@row class Sale { shop!: Text; amount: i64; }
@row class Total { total: i64; largest: i64; rows: i32; }
@accumulator class Sums { total: i64; largest: i64; rows: i32; }

/** Totals of a shop, after each sale. */
@operator export class Running extends ReduceFunction<Sale, Sums, Total> {
  first(value: Sale, sums: Sums): void {
    if (value.amount < 0) this.failRow("a sale below zero");
    sums.total = sums.largest = value.amount;
    sums.rows = 1;
  }
  reduce(sums: Sums, value: Sale): void {
    if (value.amount < 0) { this.failRow("a sale below zero"); return; }
    sums.total += value.amount;
    sums.largest = max(sums.largest, value.amount);
    sums.rows++;
  }
  getResult(sums: Sums, out: Total): void {
    out.total = sums.total;
    out.largest = sums.largest;
    out.rows = sums.rows;
  }
}
`;

const INPUT = schemaOf({ shop: "STRING NOT NULL", amount: "BIGINT NOT NULL" });
const OUTPUT = schemaOf({
  shop: "STRING NOT NULL",
  total: "BIGINT NOT NULL",
  largest: "BIGINT NOT NULL",
  rows: "INT NOT NULL",
});

let module: WebAssembly.Module;
let description: OperatorDescription;

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}index.ts`, SOURCE);
  const options = { entry: `${FOLDER}index.ts`, name: "sales", optimize: "none" } as const;
  const { bytes, manifest } = await buildBundle(options);
  module = new WebAssembly.Module(new Uint8Array(bytes));
  description = manifest.operators[0]!;
}, 60_000);

const SALES = [
  ["rome", 5n],
  ["oslo", -1n],
  ["rome", 7n],
  ["oslo", 3n],
  ["rome", -9n],
  ["rome", 1n],
  ["", 2n],
] as const;
const TOTALS = [
  { shop: "rome", total: 5n, largest: 5n, rows: 1 },
  { shop: "rome", total: 12n, largest: 7n, rows: 2 },
  { shop: "oslo", total: 3n, largest: 3n, rows: 1 },
  { shop: "rome", total: 13n, largest: 7n, rows: 3 },
  { shop: "", total: 2n, largest: 2n, rows: 1 },
];

describe("ReduceFunction on a keyed stream", () => {
  test("describes itself", () => {
    expect(description).toMatchObject({
      name: "Running",
      kind: "reduce",
      inputs: [{ keyed: true }],
      states: [{ name: "accumulator" }],
    });
  });

  test.each(Object.entries(MODES))("gives a result for each row: %s", (_, mode) => {
    const setup = {
      operator: 0,
      inputs: [{ schema: INPUT, keys: ["shop"] }],
      outputs: [{ name: "main", schema: OUTPUT }],
    };
    const shared = new HarnessModule(module);
    const harness = new OperatorHarness(shared, setup, mode);
    const writer = new BatchWriter(INPUT);
    SALES.forEach(([shop, amount], i) => {
      writer.append({ shop, amount }, { eventTime: BigInt(i) });
    });
    harness.process(writer.watermark(6n).finish());
    const elements = harness.drain()[0]!;
    const rows = elements.flatMap((one) => (one.type === "row" ? [one.values] : []));
    expect(rows).toEqual(TOTALS);
    expect(elements.flatMap((one) => (one.type === "row" ? [one.time] : []))).toEqual([
      ...[0n, 2n, 3n, 5n, 6n],
    ]);
    expect(elements.at(-1)).toEqual({ type: "watermark", timestamp: 6n });
    expect(harness.failures.map(({ row, message }) => [row, message])).toEqual([
      [1, "a sale below zero"],
      [4, "a sale below zero"],
    ]);
    const chunks = harness.snapshot(1n);
    harness.close();
    const restored = new OperatorHarness(shared, setup, mode);
    for (const chunk of chunks) restored.restore(chunk);
    restored.process(new BatchWriter(INPUT).append({ shop: "rome", amount: 1n }).finish());
    const [next] = restored.drain()[0]!;
    expect(next).toMatchObject({ values: { shop: "rome", total: 14n, largest: 7n, rows: 4 } });
    expect(shared.counter("stateBytes")).toBeGreaterThan(0n);
    restored.close();
  });
});
