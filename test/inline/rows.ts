/** Rows of the differential test, from a seed. */
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

export function makeRows(count: number, seed: number): Row[] {
  const next = random(seed);
  return Array.from({ length: count }, () => ({
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
  }));
}
