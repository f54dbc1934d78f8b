import { describe, expect, test } from "vitest";
import { parseType, typeText } from "../../src/protocol/type-text.ts";
import type { LogicalType } from "../../src/protocol/types.ts";

describe("parseType", () => {
  test.each<[string, LogicalType]>([
    ["int", { type: "INT" }],
    ["INTEGER NOT NULL", { type: "INT", nullable: false }],
    ["INT NULL", { type: "INT" }],
    ["DECIMAL", { type: "DECIMAL", precision: 10, scale: 0 }],
    ["DEC(5)", { type: "DECIMAL", precision: 5, scale: 0 }],
    ["NUMERIC(38,18)", { type: "DECIMAL", precision: 38, scale: 18 }],
    ["DECIMAL(10, 2) NOT NULL", { type: "DECIMAL", precision: 10, scale: 2, nullable: false }],
    ["DOUBLE PRECISION", { type: "DOUBLE" }],
    ["CHAR", { type: "CHAR", length: 1 }],
    ["VARCHAR(20)", { type: "VARCHAR", length: 20 }],
    ["VARCHAR(2147483647)", { type: "STRING" }],
    ["VARBINARY(2147483647)", { type: "BYTES" }],
    ["TIME", { type: "TIME", precision: 0 }],
    ["TIME(9) WITHOUT TIME ZONE", { type: "TIME", precision: 9 }],
    ["TIMESTAMP", { type: "TIMESTAMP", precision: 6 }],
    ["TIMESTAMP(3)", { type: "TIMESTAMP", precision: 3 }],
    ["TIMESTAMP(3) WITHOUT TIME ZONE", { type: "TIMESTAMP", precision: 3 }],
    ["TIMESTAMP_LTZ(3)", { type: "TIMESTAMP_LTZ", precision: 3 }],
    ["TIMESTAMP(9) WITH LOCAL TIME ZONE", { type: "TIMESTAMP_LTZ", precision: 9 }],
    ["INTERVAL YEAR(4) TO MONTH", { type: "INTERVAL_YEAR_MONTH" }],
    ["INTERVAL MONTH", { type: "INTERVAL_YEAR_MONTH" }],
    ["INTERVAL DAY TO SECOND", { type: "INTERVAL_DAY_SECOND", precision: 6 }],
    ["INTERVAL DAY(3) TO SECOND(3)", { type: "INTERVAL_DAY_SECOND", precision: 3 }],
    ["INTERVAL HOUR TO MINUTE", { type: "INTERVAL_DAY_SECOND", precision: 6 }],
    ["ARRAY<INT NOT NULL>", { type: "ARRAY", element: { type: "INT", nullable: false } }],
    ["INT ARRAY", { type: "ARRAY", element: { type: "INT" } }],
    ["MAP<STRING, INT>", { type: "MAP", key: { type: "STRING" }, value: { type: "INT" } }],
    ["ROW<>", { type: "ROW", fields: [] }],
    [
      "ROW<a INT, `b c` STRING 'a comment'>",
      {
        type: "ROW",
        fields: [
          { name: "a", type: { type: "INT" } },
          { name: "b c", type: { type: "STRING" } },
        ],
      },
    ],
    ["ROW(`a``b` DATE)", { type: "ROW", fields: [{ name: "a`b", type: { type: "DATE" } }] }],
  ])("reads %s", (text, type) => {
    expect(parseType(text)).toEqual(type);
    expect(parseType(typeText(type))).toEqual(type);
  });

  test.each([
    ["", 1, "the name of a type"],
    ["  INTT", 3, "the name of a type"],
    ["DECIMAL(39)", 9, "a number from 1 to 38"],
    ["DECIMAL(5, 6)", 12, "a number from 0 to 5"],
    ["DECIMAL(5, 2", 13, ")"],
    ["TIMESTAMP(10)", 11, "a number from 0 to 9"],
    ["TIMESTAMP WITH ZONE", 16, "TIME"],
    ["INT NOT", 8, "NULL"],
    ["INT INT", 5, "end of text"],
    ["ROW<a>", 6, "the name of a type"],
    ["ROW<a INT, a INT>", 12, "a field name that is not there yet"],
    ["MAP<INT>", 8, ","],
    ["ARRAY<INT", 10, ">"],
    ["INTERVAL WEEK", 10, "YEAR, MONTH, DAY, HOUR, MINUTE or SECOND"],
    ["INT;", 4, "a type"],
  ])("refuses %s at column %i", (text, column, expected) => {
    expect(() => parseType(text)).toThrow(
      expect.objectContaining({ code: "TYPE_INVALID", expected, value: text }),
    );
    expect(() => parseType(text)).toThrow(`column ${column}:`);
  });

  test.each(["MULTISET<INT>", "RAW('a', 'b')", "TIMESTAMP(3) WITH TIME ZONE", "INT MULTISET"])(
    "says that %s is not supported",
    (text) => {
      expect(() => parseType(text)).toThrow(expect.objectContaining({ code: "UNSUPPORTED_TYPE" }));
    },
  );

  test("refuses endless nesting instead of overflowing", () => {
    expect(() => parseType("ARRAY<".repeat(100_000))).toThrow("levels of nesting");
  });
});
