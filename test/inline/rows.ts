/** Rows of the differential test, from a seed. */
import { schemaOf } from "../../src/plan/schema-match.ts";
import type { Schema } from "../../src/protocol/types.ts";

/** A row as functions see it. */
export interface Row {
  readonly id: bigint;
  readonly tiny: number;
  readonly n: number;
  readonly x: number;
  readonly y: number;
  readonly f: number;
  readonly s: string;
  readonly t: string;
  readonly num: string;
  readonly flag: boolean;
  readonly at: number;
  readonly os: string | null;
  readonly ox: number | null;
  readonly oid: bigint | null;
  readonly oflag: boolean | null;
  readonly on: number | null;
  readonly tags: readonly (string | null)[];
  readonly otags: readonly string[] | null;
  readonly nums: readonly number[];
  readonly xs: readonly (number | null)[];
  readonly bigs: readonly (bigint | null)[];
  readonly flags: readonly (boolean | null)[];
  readonly times: readonly number[];
  readonly point: { readonly x: number; readonly y: string | null };
  readonly opoint: { readonly x: number | null; readonly tags: readonly string[] } | null;
  readonly items: readonly Item[];
  readonly grid: readonly (readonly number[] | null)[];
  /** Passed on only: what stands for them here is the batch's own value. */
  readonly price: bigint;
  readonly oprice: bigint | null;
  readonly bin: Uint8Array | null;
  readonly attrs: ReadonlyMap<string, number | null>;
  readonly day: number;
  readonly fine: bigint | null;
  readonly prices: readonly (bigint | null)[];
}

interface Item {
  readonly name: string;
  readonly qty: number;
  readonly notes: readonly string[] | null;
}

const type = (name: string, sql: string, nullable = false) =>
  ({ name, type: { type: sql, nullable } }) as Schema[number];

export const SCHEMA: Schema = [
  type("id", "BIGINT"),
  type("tiny", "TINYINT"),
  type("n", "INT"),
  type("x", "DOUBLE"),
  type("y", "DOUBLE"),
  type("f", "FLOAT"),
  type("s", "STRING"),
  type("t", "STRING"),
  type("num", "STRING"),
  type("flag", "BOOLEAN"),
  { name: "at", type: { type: "TIMESTAMP", precision: 3, nullable: false } },
  type("os", "STRING", true),
  type("ox", "DOUBLE", true),
  type("oid", "BIGINT", true),
  type("oflag", "BOOLEAN", true),
  type("on", "INT", true),
  ...schemaOf({
    tags: "ARRAY<STRING> NOT NULL",
    otags: "ARRAY<VARCHAR(40) NOT NULL>",
    nums: "ARRAY<INT NOT NULL> NOT NULL",
    xs: "ARRAY<DOUBLE> NOT NULL",
    bigs: "ARRAY<BIGINT> NOT NULL",
    flags: "ARRAY<BOOLEAN> NOT NULL",
    times: "ARRAY<TIMESTAMP(3) NOT NULL> NOT NULL",
    point: "ROW<x DOUBLE NOT NULL, y STRING> NOT NULL",
    opoint: "ROW<x FLOAT, tags ARRAY<STRING NOT NULL> NOT NULL>",
    items:
      "ARRAY<ROW<name STRING NOT NULL, qty INT NOT NULL, notes ARRAY<STRING NOT NULL>> NOT NULL> NOT NULL",
    grid: "ARRAY<ARRAY<SMALLINT NOT NULL>> NOT NULL",
    price: "DECIMAL(20, 2) NOT NULL",
    oprice: "DECIMAL(38, 10)",
    bin: "BYTES",
    attrs: "MAP<STRING, INT> NOT NULL",
    day: "DATE NOT NULL",
    fine: "TIMESTAMP(9)",
    prices: "ARRAY<DECIMAL(10, 2)> NOT NULL",
  }),
];

/** mulberry32: numbers in [0, 1) from a seed. */
export function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  0.1,
  0.30000000000000004,
  1e21,
  1e-7,
  123456789.125,
  2 ** 31,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 32,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 53 - 1,
  -(2 ** 53) + 1,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1.005,
  1e300,
  5e-324,
  0.49999999999999994,
  4503599627370495.5,
];
const BIGS = [
  0n,
  1n,
  -1n,
  2n,
  10n,
  -7n,
  9007199254740993n,
  9223372036854775807n,
  -9223372036854775808n,
  4611686018427387904n,
  3037000500n,
  -3037000500n,
  4294967296n,
];
const TEXTS = [
  "",
  " ",
  "a",
  "error",
  "Error: disk full",
  "The quick brown fox",
  "a,b,,c",
  "é",
  "Straße",
  "ΑΣ ΟΔΟΣ",
  "İstanbul",
  "日本語テキスト",
  "😀",
  "a😀b😀c",
  "  trimmed \t\n",
  "\u00a0\ufeffnbsp\u3000",
  "x=1;y=2",
  "2024-05-06",
  "aaaa",
  "ａＢ",
  "\ue000\u{10000}",
  "ǅ ﬁ ŉ",
  "tab\tsep\tline",
  "$& $1 $$",
  "null",
  "🇩🇪 flag",
  "e\u0301",
  "\u{1d49c}",
  "-",
  "éa,éb,éc",
];
const NUMERIC = [
  "0",
  "-0",
  "12",
  " 42 ",
  "3.14",
  "1e3",
  "-1.5e-7",
  "",
  "abc",
  "12px",
  "0x1f",
  "0b101",
  "0o17",
  "Infinity",
  "-Infinity",
  "NaN",
  ".5",
  "5.",
  "+7",
  "1_000",
  "9007199254740993",
  "1e400",
  "0x",
  "123456789012345678901234567890",
  "\u00a08\u00a0",
  "--1",
  "1e",
  "9223372036854775807",
  "-0x10",
  "0.1e1x",
  "  ",
  "-9223372036854775809",
];
const PIECES = [
  "a",
  "B",
  "z",
  " ",
  ",",
  "é",
  "ß",
  "Σ",
  "日",
  "😀",
  "1",
  "-",
  "\t",
  "error",
  "\u{10ffff}",
];

function text(next: () => number): string {
  if (next() < 0.5) return TEXTS[Math.floor(next() * TEXTS.length)]!;
  const count = Math.floor(next() * 12);
  const ascii = next() < 0.4;
  return Array.from({ length: count }, () => {
    const piece = PIECES[Math.floor(next() * PIECES.length)]!;
    return ascii && piece.charCodeAt(0) > 127 ? "k" : piece;
  }).join("");
}

function number(next: () => number): number {
  const kind = next();
  if (kind < 0.4) return NUMBERS[Math.floor(next() * NUMBERS.length)]!;
  if (kind < 0.7) return Math.floor(next() * 2000 - 1000);
  return (next() - 0.5) * 10 ** Math.floor(next() * 40 - 15);
}

function big(next: () => number): bigint {
  const kind = next();
  if (kind < 0.4) return BIGS[Math.floor(next() * BIGS.length)]!;
  if (kind < 0.8) return BigInt(Math.floor(next() * 2000 - 1000));
  return BigInt.asIntN(64, BigInt(Math.floor(next() * 2 ** 32)) << BigInt(Math.floor(next() * 33)));
}

function numeric(next: () => number): string {
  const kind = next();
  if (kind < 0.6) return NUMERIC[Math.floor(next() * NUMERIC.length)]!;
  if (kind < 0.8) return String(number(next));
  return String(Math.floor(next() * 100000));
}

const orNull = <T>(next: () => number, value: T): T | null => (next() < 0.3 ? null : value);

type PlainColumns = Pick<
  Row,
  | "id"
  | "tiny"
  | "n"
  | "x"
  | "y"
  | "f"
  | "s"
  | "t"
  | "num"
  | "flag"
  | "at"
  | "os"
  | "ox"
  | "oid"
  | "oflag"
  | "on"
>;

export function makeRows(count: number, seed: number): Row[] {
  const next = random(seed);
  const inside = random(seed + 1);
  return Array.from({ length: count }, () => ({ ...plainColumns(next), ...nestedColumns(inside) }));
}

/** None to six; often none. */
function several<T>(next: () => number, make: () => T): T[] {
  return Array.from({ length: Math.floor(next() * next() * 8) }, make);
}

const short = (next: () => number): string => [...text(next)].slice(0, 40).join("");

function nestedColumns(next: () => number): Omit<Row, keyof PlainColumns> {
  const small = () => Math.floor(next() * 200 - 100);
  const unscaled = () => big(next) / (next() < 0.5 ? 1n : 1_000_000n);
  return {
    tags: several(next, () => orNull(next, text(next))),
    otags: orNull(
      next,
      several(next, () => short(next)),
    ),
    nums: several(next, () => small() * (next() < 0.1 ? 20_000_000 : 1)),
    xs: several(next, () => orNull(next, number(next))),
    bigs: several(next, () => orNull(next, big(next))),
    flags: several(next, () => orNull(next, next() < 0.5)),
    times: several(next, () => Math.floor((next() - 0.3) * 4e12)),
    point: { x: number(next), y: orNull(next, text(next)) },
    opoint: orNull(next, {
      x: orNull(next, Math.fround(number(next))),
      tags: several(next, () => text(next)),
    }),
    items: several(next, () => ({
      name: text(next),
      qty: small(),
      notes: orNull(
        next,
        several(next, () => text(next)),
      ),
    })),
    grid: several(next, () => orNull(next, several(next, small))),
    price: unscaled(),
    oprice: orNull(next, unscaled() * (next() < 0.3 ? 1_000_000_000_000n : 1n)),
    bin: orNull(next, Uint8Array.from(several(next, () => Math.floor(next() * 256)))),
    attrs: new Map(several(next, () => [text(next), orNull(next, small())])),
    day: Math.floor(next() * 40_000 - 10_000),
    fine: orNull(next, big(next)),
    prices: several(next, () => orNull(next, BigInt(small()))),
  };
}

function plainColumns(next: () => number): PlainColumns {
  return {
    id: big(next),
    tiny: Math.floor(next() * 256) - 128,
    n: Math.floor(next() * 200 - 100) * (next() < 0.1 ? 20_000_000 : 1),
    x: number(next),
    y: number(next),
    f: Math.fround(number(next)),
    s: text(next),
    t: text(next),
    num: numeric(next),
    flag: next() < 0.5,
    at: Math.floor((next() - 0.3) * 4e12),
    os: orNull(next, text(next)),
    ox: orNull(next, number(next)),
    oid: orNull(next, big(next)),
    oflag: orNull(next, next() < 0.5),
    on: orNull(next, Math.floor(next() * 20 - 10)),
  };
}
