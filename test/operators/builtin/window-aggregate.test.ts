import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatchWriter } from "../../../src/protocol/batch/batch-writer.ts";
import type { RowValue } from "../../../src/protocol/batch/column-value.ts";
import type { Schema } from "../../../src/protocol/types.ts";
import {
  HarnessModule,
  MODES,
  NORMAL,
  OperatorHarness,
  OperatorRefusal,
} from "../../conformance/operator-harness.ts";
import { loadBuiltin, operatorNumber, schemaOf } from "./builtin-module.ts";

const INPUT = schemaOf({
  text: "STRING",
  id: "BIGINT",
  // Keys that cannot be NULL have loops of their own.
  word: { type: "STRING", nullable: false },
  number: { type: "BIGINT", nullable: false },
  n: "BIGINT",
  i: "INT",
  d: "DOUBLE",
});
const KEYS = ["text", "id", "word", "number"] as const;
type Key = (typeof KEYS)[number];
const FIELDS = ["n", "i", "d"] as const;
const AGGREGATES = [
  { fn: "count", as: "rows" },
  ...FIELDS.flatMap((field) =>
    ["count", "sum", "min", "max", "avg"].map((fn) => ({ fn, field, as: `${fn}_${field}` })),
  ),
];
const WINDOW = schemaOf({ window_start: "BIGINT", window_end: "BIGINT" });
const builtin = await loadBuiltin();
const module = new HarnessModule(builtin);

function outputOf(
  keys: readonly string[],
  aggregates: readonly { fn: string; as: string }[],
): Schema {
  const type = (fn: string, as: string) => {
    if (fn === "avg" || as.endsWith("_d")) return fn === "count" ? "BIGINT" : "DOUBLE";
    return as.endsWith("_i") && fn !== "count" ? "INT" : "BIGINT";
  };
  const columns = aggregates.map(({ fn, as }) => [as, type(fn, as)] as const);
  const keyed = INPUT.filter(({ name }) => keys.includes(name));
  return [...keyed, ...schemaOf(Object.fromEntries(columns)), ...WINDOW];
}

interface Row {
  readonly text: string | null;
  readonly id: bigint | null;
  readonly word: string;
  readonly number: bigint;
  readonly n: bigint | null;
  readonly i: number | null;
  readonly d: number | null;
  readonly time: number;
}

const SIZE = 10;

/** What SQL says of the rows: NULLs left out, over no value NULL but count 0; sums wrap. */
function expected(rows: readonly Row[], keys: readonly Key[]): RowValue[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const start = Math.floor(row.time / SIZE) * SIZE;
    const group = JSON.stringify([start, ...keys.map((key) => String(row[key]))]);
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  const results = [...groups.entries()].map(([group, members]) => {
    const [start] = JSON.parse(group) as [number];
    const result: Record<string, unknown> = {};
    for (const key of keys) result[key] = members[0]![key];
    result.rows = BigInt(members.length);
    for (const field of FIELDS) Object.assign(result, aggregatesOf(members, field));
    return { ...result, window_start: BigInt(start), window_end: BigInt(start + SIZE) };
  });
  return results.sort((a, b) => Number(a.window_start - b.window_start)) as unknown as RowValue[];
}

function aggregatesOf(rows: readonly Row[], field: (typeof FIELDS)[number]) {
  const values = rows.map((row) => row[field]).filter((value) => value !== null);
  const of = (fn: string) => `${fn}_${field}`;
  const first = values[0];
  if (first === undefined) {
    const absent = Object.fromEntries(["sum", "min", "max", "avg"].map((fn) => [of(fn), null]));
    return { [of("count")]: 0n, ...absent };
  }
  const sum =
    field === "d"
      ? values.slice(1).reduce<number>((a, b) => a + Number(b), Number(first))
      : BigInt.asIntN(
          64,
          values.reduce<bigint>((a, b) => a + BigInt(b), 0n),
        );
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    [of("count")]: BigInt(values.length),
    [of("sum")]: field === "i" ? Number(BigInt.asIntN(32, BigInt(sum))) : sum,
    [of("min")]: sorted[0],
    [of("max")]: sorted.at(-1),
    [of("avg")]: Number(sum) / values.length,
  };
}

function run(
  keys: readonly string[],
  aggregates: typeof AGGREGATES,
  rows: readonly Row[],
  mode = NORMAL,
) {
  const harness = new OperatorHarness(
    module,
    {
      operator: operatorNumber("window_aggregate"),
      inputs: [{ schema: INPUT, keys }],
      outputs: [{ name: "main", schema: outputOf(keys, aggregates) }],
      parameters: { size: SIZE, aggregates },
    },
    mode,
  );
  const writer = new BatchWriter(INPUT);
  for (const { time, ...row } of rows) writer.append(row, { eventTime: BigInt(time) });
  harness.process(writer.finish());
  harness.watermark(1_000n);
  const elements = harness.drain()[0]!;
  harness.close();
  return elements.flatMap((element) => (element.type === "row" ? [element.values] : []));
}

const row: fc.Arbitrary<Row> = fc.record({
  text: fc.constantFrom(null, "", "a", "b\u00e9", "a longer key than eight bytes"),
  id: fc.constantFrom(null, 0n, -1n, 2n ** 63n - 1n),
  word: fc.constantFrom("", "a", "ab", "b\u00e9", "abcdefgh", "a longer key than eight bytes"),
  number: fc.constantFrom(0n, -1n, 256n, 2n ** 63n - 1n, -(2n ** 63n)),
  n: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  i: fc.option(fc.integer({ min: -1000, max: 1000 })),
  d: fc.option(fc.integer({ min: -1000, max: 1000 }).map((value) => value / 8)),
  time: fc.integer({ min: -30, max: 60 }),
});

describe("window_aggregate", () => {
  test("gives what SQL says, for any keys and rows, in any mode", () => {
    const scenario = fc.record({
      keys: fc.subarray([...KEYS]),
      rows: fc.array(row, { maxLength: 60 }),
      mode: fc.constantFrom(...Object.values(MODES)),
    });
    fc.assert(
      fc.property(scenario, ({ keys, rows, mode }) => {
        expect(run(keys, AGGREGATES, rows, mode)).toEqual(expected(rows, keys));
      }),
      { numRuns: 400, seed: 4 },
    );
  });

  test.each([
    ["count alone", [{ fn: "count", as: "rows" }]],
    ["sum of a BIGINT alone", [{ fn: "sum", field: "n", as: "sum_n" }]],
  ])("%s, which has a loop of its own, is as among others", (_, aggregates) => {
    const rows = fc.sample(row, { numRuns: 300, seed: 7 });
    for (const part of [rows, rows.map((one) => ({ ...one, n: one.n ?? 1n }))]) {
      const names = ["number", ...aggregates.map(({ as }) => as), "window_start", "window_end"];
      const want = expected(part, ["number"]).map((result) =>
        Object.fromEntries(names.map((name) => [name, result[name as keyof typeof result]])),
      );
      expect(run(["number"], aggregates as typeof AGGREGATES, part)).toEqual(want);
    }
  });

  test.each([
    [[{ fn: "median", field: "n", as: "x" }], "unknown aggregate median"],
    [[{ fn: "sum", field: "nothing", as: "x" }], "aggregate of unknown field nothing"],
  ])("refuses %j", (aggregates, message) => {
    const open = () => run([], aggregates as typeof AGGREGATES, []);
    expect(open).toThrow(OperatorRefusal);
    expect(open).toThrow(message);
  });
});
