import { describe, expect, test } from "vitest";
import { schemaOf } from "../../../src/plan/schema-match.ts";
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import type { RowValue, Value } from "../../../src/protocol/batch/column-value.ts";
import { keyGroupOf, keyHash, subtaskOf } from "../../../src/protocol/key-group.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import { testBundle } from "../../conformance/conformance-module.ts";
import {
  HarnessModule,
  type HarnessSetup,
  MODES,
  OperatorHarness,
  type OutputElement,
} from "../../conformance/operator-harness.ts";
import { EVERY_TYPE, sampleRow, sampleWriter } from "../../protocol/sample-batch.ts";

const OPERATORS = ["KeepAll", "Summarise", "Replay", "Repeat", "$exchange"];
const compiled = await testBundle("test/operators/nested/assembly", OPERATORS);

const ORDER = schemaOf({
  id: "STRING NOT NULL",
  items: "ARRAY<ROW<`name` STRING NOT NULL, `qty` INT>>",
  prices: "MAP<STRING, DOUBLE>",
  total: "DECIMAL(20, 2) NOT NULL",
});
const TOTALS = schemaOf({
  id: "STRING NOT NULL",
  quantity: "BIGINT NOT NULL",
  names: "ARRAY<STRING>",
  head: "ROW<`first` STRING, `cost` DOUBLE NOT NULL>",
  total: "DECIMAL(20, 2) NOT NULL",
});
const COPY = ORDER.slice(1);

const item = (name: string, qty: number | null) => ({ name, qty });
const orders: readonly RowValue[] = [
  {
    id: "a",
    items: [item("nut", 2), null, item("é😀", null)],
    prices: new Map([["nut", 0.5]]),
    total: 1n,
  },
  {
    id: "b",
    items: [],
    prices: new Map<string, number | null>([
      ["x", null],
      ["y", 2],
    ]),
    total: -12345n,
  },
  { id: "c", items: null, prices: null, total: 10n ** 20n - 1n },
  { id: "d", items: [item("", 1), item("bolt", 13)], prices: new Map(), total: 0n },
  { id: "e", items: [item("long ".repeat(2000), 7)], prices: null, total: -(10n ** 20n) + 1n },
];

const batch = (schema: Schema, rows: readonly RowValue[]): BatchWriter => {
  const writer = new BatchWriter(schema);
  rows.forEach((row, i) => {
    writer.append(
      schema.map(({ name }) => row[name]!),
      { eventTime: BigInt(i) },
    );
  });
  return writer;
};

function setup(name: string, input: Schema, outputs: readonly Schema[], more = {}): HarnessSetup {
  return {
    operator: OPERATORS.indexOf(name),
    inputs: [{ schema: input, keys: [] }],
    outputs: outputs.map((schema, i) => ({ name: String(i), schema })),
    ...more,
  };
}

/** Outputs under each mode; all must be those of the first. */
function everyMode(setupOf: HarnessSetup, drive: (harness: OperatorHarness) => void) {
  const runs = Object.values(MODES).map((mode) => {
    const harness = new OperatorHarness(new HarnessModule(compiled), setupOf, mode);
    drive(harness);
    return { outputs: harness.drain(), failures: harness.failures };
  });
  for (const run of runs) expect(run).toEqual(runs[0]);
  return runs[0]!;
}

const rowsOf = (elements: readonly OutputElement[]): RowValue[] =>
  elements.flatMap((element) => (element.type === "row" ? [element.values] : []));

const sample = (row: number): RowValue =>
  Object.fromEntries(sampleRow(row).map((value, i) => [EVERY_TYPE[i]!.name, value]));

describe("a column of every type", () => {
  const block = sampleWriter(90).finish(
    Array.from({ length: 90 }, (_, i) => i).filter((i) => i % 7 !== 2),
  );
  const kept = Array.from({ length: 90 }, (_, i) => i).filter((i) => i % 7 !== 2);

  test("is copied by operators that do not name it", () => {
    const run = everyMode(setup("KeepAll", EVERY_TYPE, [EVERY_TYPE]), (harness) => {
      harness.process(block);
      harness.process(sampleWriter(9, false).finish());
    });
    expect(rowsOf(run.outputs[0]!)).toEqual([...kept, 0, 1, 2, 3, 4, 5, 6, 7, 8].map(sample));
  });

  test.each(["rebalance", "broadcast"])("crosses an exchange: %s", (partitioner) => {
    const channels = [EVERY_TYPE, EVERY_TYPE, EVERY_TYPE];
    const how = setup("$exchange", EVERY_TYPE, channels, { parameters: { partitioner } });
    const { outputs } = everyMode(how, (harness) => harness.process(block));
    for (const [channel, elements] of outputs.entries()) {
      const mine = kept.filter((_, i) => partitioner === "broadcast" || i % 3 === channel);
      expect(rowsOf(elements)).toEqual(mine.map(sample));
    }
  });
});

describe("a field of type Value", () => {
  test("reads what is inside and writes arrays and rows", () => {
    const run = everyMode(setup("Summarise", ORDER, [TOTALS]), (harness) => {
      harness.process(batch(ORDER, orders).finish());
    });
    expect(run.failures).toEqual([{ row: 3, message: "13 is unlucky" }]);
    const [a, b, c, , e] = orders;
    expect(rowsOf(run.outputs[0]!)).toEqual([
      {
        id: "a",
        quantity: 2n,
        names: ["nut", null, "é😀"],
        head: { first: "nut", cost: 0.5 },
        total: a!.total,
      },
      { id: "b", quantity: 0n, names: [], head: { first: null, cost: 2 }, total: b!.total },
      { id: "c", quantity: 0n, names: null, head: null, total: c!.total },
      { id: "e", quantity: 7n, names: ["long ".repeat(2000)], head: null, total: e!.total },
    ]);
  });

  test("is kept with the elements of a window", () => {
    const parameters = { size: 100, offset: 0 };
    const inputs = [{ schema: ORDER, keys: ["id"] }];
    const run = everyMode(setup("Replay", ORDER, [COPY], { parameters, inputs }), (harness) => {
      harness.process(batch(ORDER, orders).finish());
      harness.watermark(1000n);
    });
    const copies = orders.map(({ items, prices, total }) => ({ items, prices, total }));
    expect(rowsOf(run.outputs[0]!)).toEqual(copies);
  });

  test("starts a new block where much lies inside", () => {
    const many = Array.from({ length: 30 }, () => item("x".repeat(5_000), 1));
    const rows = Array.from({ length: 6 }, (_, i) => ({ ...orders[0]!, id: `k${i}`, items: many }));
    const run = everyMode(setup("Repeat", ORDER, [COPY]), (harness) => {
      harness.process(batch(ORDER, rows).finish());
    });
    const given = rowsOf(run.outputs[0]!);
    expect(given).toHaveLength(180);
    expect(given[179]).toEqual({ items: many, prices: null, total: 1n });
  });
});

test("DECIMAL keys go where Java's hash of a BigDecimal sends them", () => {
  const schema = schemaOf({ d: "DECIMAL(38, 4)" });
  const numbers = [
    0n,
    1n,
    -1n,
    255n,
    2n ** 31n,
    -(2n ** 31n),
    2n ** 32n,
    2n ** 63n,
    2n ** 64n,
    -(2n ** 64n),
  ];
  const values: Value[] = [...numbers, 2n ** 96n + 7n, 10n ** 38n - 1n, -(10n ** 38n) + 1n, null];
  const rows = values.map((d) => ({ d }));
  const how = setup("$exchange", schema, [schema, schema, schema], {
    inputs: [{ schema, keys: ["d"] }],
    parameters: { partitioner: "key_by" },
  });
  const { outputs } = everyMode(how, (harness) => harness.process(batch(schema, rows).finish()));
  const channelOf = ({ d }: RowValue) =>
    subtaskOf(keyGroupOf(keyHash([d], [schema[0]!.type]), 128), 128, 3);
  outputs.forEach((elements, channel) => {
    expect(rowsOf(elements)).toEqual(rows.filter((row) => channelOf(row) === channel));
  });
});
