import { describe, expect, test } from "vitest";
import { batchValues } from "../../src/embedded/plain-row.ts";
import { parseType } from "../../src/index.ts";
import { expectRows, formatRows } from "../../src/testing/index.ts";

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return "passed";
};

describe("expectRows", () => {
  test("prints both sides as tables, with marks at the rows that differ", () => {
    const actual = [
      { word: "the", n: 2n },
      { word: "sea", n: 1n },
    ];
    const expected = [
      { word: "the", n: 2 },
      { word: "whale", n: 10 },
    ];
    expect(messageOf(() => expectRows(actual, expected))).toBe(
      [
        "Rows differ: 1 of 2 expected are missing, 1 of 2 are not expected",
        "expected:",
        "  word    | n",
        "----------+---",
        "  'the'   |  2",
        "- 'whale' | 10",
        "actual:",
        "  word  | n",
        "--------+---",
        "  'the' | 2n",
        "+ 'sea' | 1n",
      ].join("\n"),
    );
  });

  test("compares in any order where asked, each row as often as it stands", () => {
    const rows = [{ n: 1 }, { n: 2 }, { n: 1 }];
    expect(
      messageOf(() => expectRows(rows, [{ n: 2 }, { n: 1 }, { n: 1 }], { order: "any" })),
    ).toBe("passed");
    expect(
      messageOf(() => expectRows(rows, [{ n: 2 }, { n: 2 }, { n: 1 }], { order: "any" })),
    ).toMatch(/1 of 3 expected are missing/);
    expect(messageOf(() => expectRows(rows, [{ n: 2 }, { n: 1 }, { n: 1 }]))).toMatch(/2 of 3/);
  });

  test("tells values apart as SQL does: texts from numbers, -0 from 0, not 1n from 1", () => {
    const same = (a: unknown, b: unknown) =>
      messageOf(() => expectRows([{ v: a as number }], [{ v: b as number }])) === "passed";
    expect([same(1n, 1), same(Number.NaN, Number.NaN), same(undefined, undefined)]).toEqual([
      true,
      true,
      true,
    ]);
    expect([same("1", 1), same(0, -0), same(null, 0), same("null", null)]).toEqual(
      Array(4).fill(false),
    );
    expect(same(2n ** 53n + 1n, 2 ** 53)).toBe(false);
  });

  test("says that there are no rows", () => {
    expect(messageOf(() => expectRows([], [{ n: 1 }]))).toMatch(/actual:\n\(no rows\)/);
    expect(formatRows(Array.from({ length: 60 }, (_, n) => ({ n })))).toMatch(
      /\.\.\. 10 more rows/,
    );
  });
});

describe("batchValues", () => {
  const take = (value: unknown, type: string) => {
    try {
      return batchValues({ v: value }, [{ name: "v", type: parseType(type) }])[0];
    } catch (error) {
      return (error as Error).message;
    }
  };

  test("takes what a column can hold", () => {
    expect(take(5, "BIGINT")).toBe(5n);
    expect(take(-(2n ** 63n), "BIGINT")).toBe(-(2n ** 63n));
    expect(take(5n, "INT")).toBe(5);
    expect(take(new Date(7), "TIMESTAMP(3)")).toBe(7n);
    expect(take(new Date(7), "TIMESTAMP_LTZ(9)")).toBe(7_000_000n);
    expect(take(undefined, "STRING")).toBe(null);
    expect(take(Number.NaN, "DOUBLE")).toBe(Number.NaN);
  });

  test.each([
    [2 ** 60, "BIGINT", /a bigint: a number is exact up to 2\^53 only/],
    [1.5, "INT", /1\.5 \(number\), it takes a whole number/],
    [128, "TINYINT", /it takes -128 to 127/],
    [2n ** 63n, "BIGINT", /out of|it takes -9223372036854775808/],
    ["x", "DOUBLE", /"x" \(string\), it takes a number/],
    [1, "STRING", /1 \(number\), it takes a string/],
    ["\ud800", "STRING", /half surrogate/],
    ["abc", "VARCHAR(2)", /at most 2 characters/],
    [null, "INT NOT NULL", /has null, it takes a value/],
    [{}, "BOOLEAN", /an object \(object\), it takes true or false/],
    [new Date(Number.NaN), "TIMESTAMP(3)", /valid Date/],
    ["1.234", "DECIMAL(10, 2)", /at most 10 digits, 2 of them behind the point/],
    [[1, "x"], "ARRAY<INT>", /column v\[\] INT has "x" \(string\), it takes a whole number/],
    [{ a: null }, "ROW<a INT NOT NULL>", /column v\.a INT NOT NULL has null, it takes a value/],
    [{ b: 1 }, "ROW<a INT>", /there is no column b, the columns are a INT/],
    [new Uint8Array(3), "BINARY(2)", /it takes 2 bytes/],
  ])("refuses %s for %s", (value, type, message) => {
    expect(take(value, type)).toMatch(message);
  });
});
