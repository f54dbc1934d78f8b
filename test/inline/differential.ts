/** Runs functions as WebAssembly and as JavaScript and says where they differ. */

import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildBundle } from "../../src/build/compile.ts";
import {
  type GeneratedModule,
  generateModule,
  type InlineRequest,
} from "../../src/inline/functions.ts";
import { writeBatch } from "../../src/protocol/batch/batch-writer.ts";
import type { RowValue } from "../../src/protocol/batch/column-value.ts";
import type { LogicalType, Schema } from "../../src/protocol/types.ts";
import { HarnessModule, OperatorHarness } from "../conformance/operator-harness.ts";
import type { PlacedCase } from "./cases.ts";
import { makeRows, type Row, SCHEMA } from "./rows.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BUILD = join(ROOT, "build", "inline-test");

/** Compiles cases into one module, or takes it from build/. */
export async function compileCases(
  cases: readonly PlacedCase[],
  optimize: "speed" | "none",
  args?: readonly string[],
): Promise<{ generated: GeneratedModule; module: WebAssembly.Module }> {
  const requests = cases.map((one, index) => ({
    name: `case-${index}`,
    kind: one.kind,
    input: SCHEMA,
    functions: { fn: one.node },
    ...(one.returns === undefined ? {} : { returns: one.returns }),
  }));
  return compileRequests(requests, optimize, args);
}

/** Compiles functions into one module, or takes it from build/. */
export async function compileRequests(
  requests: readonly InlineRequest[],
  optimize: "speed" | "none",
  args?: readonly string[],
): Promise<{ generated: GeneratedModule; module: WebAssembly.Module }> {
  const generated = generateModule(requests, args);
  const key = createHash("sha256").update(generated.text).update(optimize).update(sdkText());
  const name = key.digest("hex").slice(0, 24);
  const folder = join(BUILD, name);
  const file = join(folder, "module.wasm");
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "index.ts"), generated.text);
    const entry = join(folder, "index.ts");
    const { bytes } = await buildBundle({ entry, name: "inline", source: false, optimize });
    writeFileSync(`${file}.${process.pid}`, bytes);
    renameSync(`${file}.${process.pid}`, file);
  }
  return { generated, module: new WebAssembly.Module(readFileSync(file)) };
}

function sdkText(): string {
  const folder = join(ROOT, "operators/sdk/assembly");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\0");
}

/** A row as its columns have it. */
export function columnsOf(row: Row): RowValue {
  return { ...row, at: BigInt(row.at), times: row.times.map(BigInt) } as unknown as RowValue;
}

const INTEGERS: Readonly<Record<string, number>> = {
  TINYINT: 8,
  SMALLINT: 16,
  INT: 32,
  BIGINT: 64,
};

/** Types whose values stand in rows as the batch has them. */
const PASSED_ON: ReadonlySet<string> = new Set(["BYTES", "DATE", "DECIMAL", "MAP"]);

/** What a value is in a column; undefined: it does not fit, the row fails. */
function asColumn(value: unknown, type: LogicalType): unknown {
  if (value === null || value === undefined) return type.nullable === false ? undefined : null;
  if (typeof value === "string") {
    const limit = "length" in type ? type.length : Number.POSITIVE_INFINITY;
    return [...value].length > limit ? undefined : value.toWellFormed();
  }
  if (type.type === "ARRAY") {
    const elements = (value as unknown[]).map((element) => asColumn(element, type.element));
    return elements.includes(undefined) ? undefined : elements;
  }
  if (type.type === "ROW") return expectedRow(value, type.fields);
  if (PASSED_ON.has(type.type)) return value;
  const bits = INTEGERS[type.type];
  if (bits !== undefined) return asInteger(value as number | bigint, bits);
  if (type.type === "TIMESTAMP" && type.precision > 3) return value;
  if (type.type === "TIMESTAMP") return asInteger(value as number, 64);
  if (type.type === "FLOAT") return Math.fround(value as number);
  return value;
}

/** A whole number of so many bits: a bigint where these are 64. */
function asInteger(value: number | bigint, bits: number): number | bigint | undefined {
  if (typeof value === "number" && !Number.isInteger(value)) return undefined;
  const whole = BigInt(value);
  if (BigInt.asIntN(bits, whole) !== whole) return undefined;
  return bits === 64 ? whole : Number(whole);
}

export function expectedRow(value: unknown, schema: Schema): Record<string, unknown> | undefined {
  const row: Record<string, unknown> = {};
  for (const { name, type } of schema) {
    const column = asColumn((value as Record<string, unknown>)[name], type);
    if (column === undefined) return undefined;
    row[name] = column;
  }
  return row;
}

interface Outcome {
  readonly rows: readonly Record<string, unknown>[];
  readonly failed: readonly number[];
}

/** What plain JavaScript gives. */
function expected(one: PlacedCase, rows: readonly Row[], output: Schema): Outcome {
  const results: Record<string, unknown>[] = [];
  const failed: number[] = [];
  rows.forEach((row, index) => {
    let given: unknown[];
    try {
      given = resultRows(one, row);
    } catch {
      failed.push(index);
      return;
    }
    const made = given.map((value) => expectedRow(value, output));
    if (made.some((value) => value === undefined)) failed.push(index);
    else results.push(...(made as Record<string, unknown>[]));
  });
  return { rows: results, failed };
}

/** Rows that a row becomes. */
function resultRows(one: PlacedCase, row: Row): unknown[] {
  const value = one.fn(row);
  switch (one.kind) {
    case "filter":
      return value ? [row] : [];
    case "flat_map":
      return value as unknown[];
    case "key_selector": {
      const isObject = typeof value === "object" && value !== null;
      return [{ ...row, ...(isObject ? value : { key: value }) }];
    }
    default:
      return [value];
  }
}

/** Equal, all NaNs one, -0 not 0; also inside of arrays and objects. */
export function same(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || a === null) return Object.is(a, b);
  const plain = (value: object) => (value instanceof Map ? [...value] : value);
  if (typeof b !== "object" || b === null) return false;
  const left = Object.entries(plain(a));
  const right = plain(b) as Record<string, unknown>;
  return (
    left.length === Object.keys(right).length &&
    left.every(([name, value]) => name in right && same(value, right[name]))
  );
}

const blocks = new WeakMap<readonly Row[], Uint8Array>();

/** The rows as a batch, made once. */
function blockOf(rows: readonly Row[]): Uint8Array {
  const known = blocks.get(rows);
  if (known !== undefined) return known;
  const block = writeBatch(SCHEMA, rows.map(columnsOf));
  blocks.set(rows, block);
  return block;
}

/** Differences of a case, a text each; empty: none. */
export function differences(
  one: PlacedCase,
  index: number,
  module: WebAssembly.Module,
  output: Schema,
  rows: readonly Row[],
): string[] {
  const schema = one.kind === "key_selector" ? [...SCHEMA, ...output] : output;
  const wanted = expected(one, rows, schema);
  const harness = new OperatorHarness(new HarnessModule(module), {
    operator: index,
    inputs: [{ schema: SCHEMA, keys: [] }],
    outputs: [{ name: "main", schema }],
  });
  harness.process(blockOf(rows));
  const elements = harness.drain()[0]!;
  const got = elements.flatMap((element) => (element.type === "row" ? [element.values] : []));
  const failed = harness.failures.map((failure) => failure.row);
  const found: string[] = [];
  const text = (value: unknown) => shown(value);
  const unexpected = failed.filter((row) => !wanted.failed.includes(row));
  const missing = wanted.failed.filter((row) => !failed.includes(row));
  if (one.tags.includes("overflow")) {
    // A result on the way may be outside of 64 bits: such rows may fail, and nothing else may differ.
    if (unexpected.length > 0) return withoutRows(one, index, module, output, rows, unexpected);
  }
  if (unexpected.length > 0) {
    const { message } = harness.failures.find((failure) => failure.row === unexpected[0])!;
    found.push(`row ${unexpected[0]} failed: ${message}; ${rowText(rows[unexpected[0]!]!)}`);
  }
  if (missing.length > 0)
    found.push(`row ${missing[0]} did not fail: ${rowText(rows[missing[0]!]!)}`);
  if (found.length > 0) return found;
  if (got.length !== wanted.rows.length) return [`${got.length} rows, not ${wanted.rows.length}`];
  for (const [at, row] of wanted.rows.entries()) {
    for (const { name } of schema) {
      if (same(got[at]![name], row[name])) continue;
      found.push(`output ${at}.${name}: ${text(got[at]![name])}, not ${text(row[name])}`);
      if (found.length >= 3) return found;
    }
  }
  return found;
}

function withoutRows(
  one: PlacedCase,
  index: number,
  module: WebAssembly.Module,
  output: Schema,
  rows: readonly Row[],
  drop: readonly number[],
): string[] {
  const dropped = new Set(drop);
  const rest = rows.filter((_, at) => !dropped.has(at));
  if (rest.length < rows.length / 2) return ["more than half of the rows failed"];
  return differences(one, index, module, output, rest);
}

export const rowText = (row: Row): string => shown(row);

function shown(value: unknown): string {
  const plain = (_: string, one: unknown) =>
    typeof one === "bigint" ? `${one}n` : one instanceof Map ? [...one] : one;
  return JSON.stringify(value, plain) ?? String(value);
}

/** Runs all cases; answers what differs. */
export async function runCases(
  cases: readonly PlacedCase[],
  options: {
    readonly count: number;
    readonly seed: number;
    readonly optimize: "speed" | "none";
    readonly args?: readonly string[];
  },
): Promise<string[]> {
  const rows = makeRows(options.count, options.seed);
  const { generated, module } = await compileCases(cases, options.optimize, options.args);
  return cases.flatMap((one, index) =>
    differences(one, index, module, generated.operators[index]!.output, rows).map(
      (text) => `${one.name} [${one.tags.join(",")}]: ${text}`,
    ),
  );
}
