/** Rows to and from the JSON lines that `json_lines` reads and `format_json` writes. Int64 is exact. */
import type { Value } from "../protocol/batch/column-value.ts";
import { MillraceError } from "../protocol/errors.ts";
import { typeText } from "../protocol/type-text.ts";
import type { Field, LogicalType, Schema } from "../protocol/types.ts";
import { batchValues, type PlainValue, plainMillis, unitsPerSecond } from "./plain-row.ts";

const DAY_MS = 86_400_000;
/** What a date's text can say: the years 0000 to 9999. */
const TEXT_FIRST_MS = -62_167_219_200_000;
const TEXT_LAST_MS = 253_402_300_799_999;

/**
 * Checks that rows of these columns can travel as JSON.
 * @throws MillraceError UNSUPPORTED_TYPE
 */
export function checkJsonColumns(schema: Schema): void {
  for (const { name, type } of schema) {
    if (!type.type.startsWith("INTERVAL_")) continue;
    const message = `Cannot read column ${name} from the application: ${typeText(type)} has no JSON text`;
    throw new MillraceError("UNSUPPORTED_TYPE", message, {
      field: name,
      value: typeText(type),
      expected: "a number or a text instead",
    });
  }
}

/**
 * A row as a line of JSON, newline included.
 * @throws MillraceError ROW_*
 */
export function rowLine(row: unknown, schema: Schema): string {
  const values = batchValues(row, schema);
  let line = "{";
  for (const [i, field] of schema.entries()) {
    const value = values[i]!;
    if (value === null) continue;
    line += `${line === "{" ? "" : ","}${JSON.stringify(field.name)}:${jsonText(value, field)}`;
  }
  return `${line}}\n`;
}

function jsonText(value: Value, { name, type }: Field): string {
  switch (type.type) {
    case "FLOAT":
    case "DOUBLE":
      if (!Number.isFinite(value)) return `"${value}"`;
      return Object.is(value, -0) ? "-0.0" : String(value);
    case "DATE":
      return `"${dateText(Number(value) * DAY_MS, name).slice(0, 10)}"`;
    case "TIME":
      return `"${clockText(BigInt(value as number | bigint), type.precision)}"`;
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ": {
      const units = unitsPerSecond(type.precision);
      const [seconds, rest] = divided(BigInt(value as number | bigint), units);
      const text = dateText(Number(seconds) * 1_000, name);
      return `"${text}${fractionText(rest, units)}"`;
    }
    default:
      return typeof value === "string" ? JSON.stringify(value) : String(value);
  }
}

/** `2020-01-31T23:59:59`. */
function dateText(ms: number, column: string): string {
  if (ms >= TEXT_FIRST_MS && ms <= TEXT_LAST_MS) return new Date(ms).toISOString().slice(0, 19);
  const message = `Cannot take row: column ${column} lies outside the years 0000 to 9999`;
  const expected = "a time within the years 0000 to 9999";
  throw new MillraceError("ROW_VALUE_INVALID", message, { field: column, value: ms, expected });
}

function clockText(value: bigint, precision: number): string {
  const units = unitsPerSecond(precision);
  const [seconds, rest] = divided(value, units);
  return new Date(Number(seconds) * 1_000).toISOString().slice(11, 19) + fractionText(rest, units);
}

function fractionText(rest: bigint, units: bigint): string {
  return `.${String(rest).padStart(String(units).length - 1, "0")}`;
}

/** Quotient and remainder with floor, so that times before 1970 have a fraction as well. */
function divided(value: bigint, by: bigint): [bigint, bigint] {
  const rest = ((value % by) + by) % by;
  return [(value - rest) / by, rest];
}

/** Reads rows of one schema. */
export class RowLineReader {
  readonly #schema: Schema;
  readonly #integers: ReadonlySet<string>;

  constructor(schema: Schema) {
    this.#schema = schema;
    this.#integers = new Set(
      schema.filter(({ type }) => type.type === "BIGINT").map((field) => field.name),
    );
  }

  /** The rows of whole lines. */
  *rows(lines: string): Generator<Record<string, PlainValue>> {
    for (const line of lines.split("\n")) {
      if (line === "") continue;
      const parsed = this.#parse(line);
      const row: Record<string, PlainValue> = {};
      for (const { name, type } of this.#schema) {
        const value = parsed[name] ?? null;
        row[name] = value === null ? null : valueFrom(value, type);
      }
      yield row;
    }
  }

  /** A BIGINT by its digits where the double that they round to says less. */
  #parse(line: string): Record<string, unknown> {
    const parsed = JSON.parse(line) as Record<string, unknown>;
    for (const name of this.#integers) {
      const value = parsed[name];
      if (typeof value !== "number") continue;
      if (!Number.isSafeInteger(value)) return this.#parseExactly(line);
      parsed[name] = BigInt(value);
    }
    return parsed;
  }

  #parseExactly(line: string): Record<string, unknown> {
    const revive = (name: string, value: unknown, context: { source?: string }): unknown =>
      typeof value === "number" && this.#integers.has(name) ? BigInt(context.source!) : value;
    return JSON.parse(line, revive as (name: string, value: unknown) => unknown);
  }
}

function valueFrom(value: unknown, type: LogicalType): PlainValue {
  switch (type.type) {
    case "FLOAT":
      return Math.fround(Number(value));
    case "DOUBLE":
      return Number(value);
    case "DATE":
      return Date.parse(`${value}T00:00:00Z`) / DAY_MS;
    case "TIME":
      return timeFrom(`1970-01-01 ${value}`, type.precision);
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return timeFrom(String(value), type.precision);
    default:
      return value as PlainValue;
  }
}

/** `2020-01-31 23:59:59.123`, a `Z` behind it or not. */
function timeFrom(text: string, precision: number): number | bigint {
  const [, day, clock, fraction = ""] = /^(\S+)[ T]([\d:]+)(?:\.(\d+))?Z?$/.exec(text)!;
  const seconds = BigInt(Date.parse(`${day}T${clock}Z`) / 1_000);
  const units = unitsPerSecond(precision);
  const digits = String(units).length - 1;
  const value = seconds * units + BigInt(fraction.padEnd(digits, "0"));
  return precision <= 3 ? plainMillis(value) : value;
}
