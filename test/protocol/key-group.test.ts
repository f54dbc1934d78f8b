import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  defaultMaxParallelism,
  keyGroupOf,
  keyGroupRange,
  keyHash,
  murmurMix,
  subtaskOf,
} from "../../src/protocol/key-group.ts";
import { hashValue } from "../../src/protocol/key-hash.ts";
import { parseType } from "../../src/protocol/type-text.ts";
import type { LogicalType } from "../../src/protocol/types.ts";

const shared = process.env.MILLRACE_SHARED ?? new URL("../../../shared", import.meta.url);
const root = shared instanceof URL ? fileURLToPath(shared) : shared;
const cases = `${root}/conformance/keygroup.jsonl`;

interface TypedKey {
  readonly type: string;
  readonly key: unknown;
}

interface Case {
  readonly id: string;
  readonly spec: { readonly max_parallelism: number; readonly parallelism: number };
  readonly input: readonly TypedKey[];
  readonly output: readonly Record<string, unknown>[];
}

const TYPES: Readonly<Record<string, LogicalType>> = {
  int: { type: "INT" },
  short: { type: "SMALLINT" },
  byte: { type: "TINYINT" },
  long: { type: "BIGINT" },
  boolean: { type: "BOOLEAN" },
  string: { type: "STRING" },
  double: { type: "DOUBLE" },
  float: { type: "FLOAT" },
};

function hashOf({ type, key }: TypedKey): number {
  const fields = type === "tuple" ? (key as readonly TypedKey[]) : [{ type, key }];
  const types = fields.map((field) => TYPES[field.type]!);
  return keyHash(fields.map(keyValue), types);
}

function keyValue({ type, key }: TypedKey): unknown {
  if (type === "long") return BigInt(key as string | number);
  return type === "string" || type === "boolean" ? key : Number(key);
}

/** What Flink recorded, computed by our functions. */
function outputOf({ spec, input }: Case): Record<string, unknown>[] {
  const { max_parallelism: max, parallelism } = spec;
  const keys = input.map((key, i) => {
    const hash = hashOf(key);
    const group = keyGroupOf(hash, max);
    return { i, hash, group, subtask: subtaskOf(group, max, parallelism) };
  });
  const ranges = Array.from({ length: parallelism }, (_, subtask) => {
    const { start, end } = keyGroupRange(subtask, max, parallelism);
    return [start, end];
  });
  return [...keys, { ranges }, { default_max_parallelism: defaultMaxParallelism(parallelism) }];
}

if (!existsSync(cases)) console.log(`SKIPPED: ${cases} is absent, recorded key groups unchecked`);

describe.skipIf(!existsSync(cases))("key groups recorded from Flink", () => {
  const lines = existsSync(cases) ? readFileSync(cases, "utf8").trim().split("\n") : [];
  test.each(lines.map((line) => JSON.parse(line) as Case))("$id", (recorded) => {
    expect(outputOf(recorded)).toEqual(recorded.output);
  });
});

describe("key groups", () => {
  const parallelisms = fc
    .integer({ min: 1, max: 32_768 })
    .chain((max) => fc.tuple(fc.constant(max), fc.integer({ min: 1, max: Math.min(max, 300) })));

  test("ranges of the subtasks tile all key groups and agree with subtaskOf", () => {
    fc.assert(
      fc.property(parallelisms, ([max, parallelism]) => {
        let next = 0;
        for (let subtask = 0; subtask < parallelism; subtask++) {
          const { start, end } = keyGroupRange(subtask, max, parallelism);
          expect(start).toBe(next);
          expect(subtaskOf(start, max, parallelism)).toBe(subtask);
          expect(subtaskOf(end, max, parallelism)).toBe(subtask);
          next = end + 1;
        }
        expect(next).toBe(max);
      }),
    );
  });

  test("murmurMix is never negative, whatever the hash", () => {
    fc.assert(fc.property(fc.integer(), (hash) => murmurMix(hash) >= 0));
  });

  test("default maxParallelism is a power of two within Flink's bounds", () => {
    expect([1, 85, 86, 128, 1000, 32_768].map(defaultMaxParallelism)).toEqual([
      128, 128, 256, 256, 2048, 32_768,
    ]);
  });
});

describe("hashes follow Java's hashCode of Flink's external type", () => {
  const day = (text: string): number => Date.parse(text) / 86_400_000;
  // Values computed by the formulas of java.time and java.math, written out.
  test.each<[string, unknown, number]>([
    ["DECIMAL(10, 2)", 12_345n, 12_345 * 31 + 2],
    ["DECIMAL(10, 2)", -12_345n, -12_345 * 31 + 2],
    ["DECIMAL(10, 0)", 0n, 0],
    ["DECIMAL(38, 0)", 2n ** 32n + 5n, (31 + 5) * 31],
    ["DECIMAL(38, 1)", -(2n ** 64n), -(31 * 31) * 31 + 1],
    ["DATE", 0, (1970 & 0xffff_f800) ^ ((1970 << 11) + (1 << 6) + 1)],
    ["DATE", day("2024-02-29"), (2024 & 0xffff_f800) ^ ((2024 << 11) + (2 << 6) + 29)],
    ["DATE", day("-000001-12-31"), (-1 & 0xffff_f800) ^ ((-1 << 11) + (12 << 6) + 31)],
    ["TIME(3)", 1, 1_000_000],
    ["TIME(9)", 2n ** 32n + 3n, 1 ^ 3],
    ["TIMESTAMP(3)", 1n, (1970 & 0xffff_f800) ^ ((1970 << 11) + (1 << 6) + 1) ^ 1_000_000],
    ["TIMESTAMP_LTZ(3)", 1500n, 1 + 51 * 500_000_000],
    ["TIMESTAMP_LTZ(9)", -1n, 0 + ((51 * 999_999_999) | 0)],
    ["INTERVAL YEAR TO MONTH", 14, 1 + (2 << 8)],
    ["INTERVAL YEAR TO MONTH", -14, (-1 + ((-2 << 8) | 0xff)) | 0],
    ["INTERVAL DAY TO SECOND", 1500n, 1 + 51 * 500_000_000],
    ["BYTES", Uint8Array.of(), 1],
    ["BYTES", Uint8Array.of(1, 255), (31 + 1) * 31 - 1],
    ["STRING", "hello", 99_162_322],
    ["STRING", null, 0],
    ["ARRAY<INT>", [1, null, 3], ((31 + 1) * 31 + 0) * 31 + 3],
    [
      "MAP<INT, INT>",
      new Map([
        [1, 2],
        [5, 9],
      ]),
      (1 ^ 2) + (5 ^ 9),
    ],
    ["ROW<a INT, b INT>", { a: 4, b: null }, (31 + 31 + 4) * 31],
  ])("%s of %s", (type, value, hash) => {
    expect(hashValue(value, parseType(type))).toBe(hash | 0);
  });

  test("every day of the calendar agrees with JavaScript's Gregorian calendar", () => {
    fc.assert(
      fc.property(fc.integer({ min: -99_999_999, max: 99_999_999 }), (days) => {
        const date = new Date(days * 86_400_000);
        const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
        const expected = (year & 0xffff_f800) ^ ((year << 11) + (month << 6) + date.getUTCDate());
        expect(hashValue(days, { type: "DATE" })).toBe(expected | 0);
      }),
    );
  });

  test("a key of several fields hashes like a tuple", () => {
    const types: LogicalType[] = [{ type: "STRING" }, { type: "INT" }, { type: "INT" }];
    expect(keyHash(["a", 2, null], types)).toBe((97 * 31 + 2) * 31);
  });
});
