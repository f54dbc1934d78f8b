/** An assertion on rows whose message is tables. */
import { AssertionError } from "node:assert";
import type { PlainRow, PlainValue } from "../embedded/plain-row.ts";
import { formatRows } from "./row-table.ts";

/** How rows are compared. */
export interface ExpectRowsOptions {
  /** `any`: the same rows, each as often, in whatever order. Default `exact`. */
  readonly order?: "exact" | "any";
}

/**
 * Compares rows. An expected whole number stands for a bigint of the same value too, so that
 * `{ n: 2 }` fits a BIGINT column; NaN equals NaN; -0 is not 0; a property that is undefined is as
 * good as absent.
 *
 *     expectRows(harness.extractOutputValues(), [{ word: "the" }, { word: "whale" }]);
 *
 * @throws AssertionError whose message has a table of both: `-` expected and missing, `+` there and
 *   not expected.
 */
export function expectRows(
  actual: readonly object[],
  expected: readonly object[],
  options: ExpectRowsOptions = {},
): void {
  compare(actual as readonly PlainRow[], expected as readonly PlainRow[], options);
}

function compare(
  actual: readonly PlainRow[],
  expected: readonly PlainRow[],
  options: ExpectRowsOptions,
): void {
  const order = options.order ?? "exact";
  const { missing, surplus } =
    order === "any" ? unordered(actual, expected) : inOrder(actual, expected);
  if (missing.size === 0 && surplus.size === 0) return;
  const marked = (count: number, marks: ReadonlySet<number>, mark: string) =>
    Array.from({ length: count }, (_, i) => (marks.has(i) ? mark : " "));
  const message = [
    `Rows differ: ${missing.size} of ${expected.length} expected are missing, ${surplus.size} of ${actual.length} are not expected`,
    `expected${order === "any" ? " (in any order)" : ""}:`,
    formatRows(expected, marked(expected.length, missing, "-")),
    "actual:",
    formatRows(actual, marked(actual.length, surplus, "+")),
  ].join("\n");
  // Without what makes a runner print its own difference, by other rules, below.
  const error = new AssertionError({ message, stackStartFn: expectRows });
  Reflect.deleteProperty(error, "diff");
  throw error;
}

interface Difference {
  /** Places among the expected rows, and among the actual ones. */
  readonly missing: ReadonlySet<number>;
  readonly surplus: ReadonlySet<number>;
}

function inOrder(actual: readonly PlainRow[], expected: readonly PlainRow[]): Difference {
  const missing = new Set<number>();
  const surplus = new Set<number>();
  for (let i = 0; i < Math.max(actual.length, expected.length); i++) {
    if (i < actual.length && i < expected.length && sameRow(actual[i]!, expected[i]!)) continue;
    if (i < expected.length) missing.add(i);
    if (i < actual.length) surplus.add(i);
  }
  return { missing, surplus };
}

function unordered(actual: readonly PlainRow[], expected: readonly PlainRow[]): Difference {
  const waiting = new Map<string, number[]>();
  for (const [i, row] of actual.entries()) {
    const key = keyOf(row);
    const places = waiting.get(key);
    if (places === undefined) waiting.set(key, [i]);
    else places.push(i);
  }
  const missing = new Set<number>();
  for (const [i, row] of expected.entries()) {
    const places = waiting.get(keyOf(row));
    if (places === undefined || places.length === 0) missing.add(i);
    else places.shift();
  }
  return { missing, surplus: new Set([...waiting.values()].flat()) };
}

function sameRow(a: PlainRow, b: PlainRow): boolean {
  return keyOf(a) === keyOf(b);
}

/** Equal rows have equal keys: properties by name, values by kind and text. */
function keyOf(row: PlainRow): string {
  const names = Object.keys(row).filter((name) => row[name] !== undefined);
  return JSON.stringify(names.sort().map((name) => [name, valueKey(row[name])]));
}

function valueKey(value: PlainValue): string {
  if (typeof value === "bigint") return `number ${value}`;
  if (typeof value === "number") {
    if (Object.is(value, -0)) return "number -0";
    // Beyond 2^53 a number says one of many whole numbers: the text of exactly that one.
    return `number ${Number.isInteger(value) ? BigInt(value) : value}`;
  }
  if (value instanceof Date) return `number ${value.getTime()}`;
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) return JSON.stringify(value.map(valueKey));
  if (value instanceof Map) {
    const entries = [...value].map(([key, one]) => `${valueKey(key)} ${valueKey(one)}`);
    return `map ${JSON.stringify(entries.sort())}`;
  }
  if (typeof value === "object" && value !== null) return `row ${keyOf(value as PlainRow)}`;
  return `${typeof value} ${value}`;
}
