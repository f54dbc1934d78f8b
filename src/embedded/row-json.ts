/** Rows to and from the JSON lines that `json_lines` reads and `format_json` writes. Int64 is exact. */

import { plainDecimal } from "../protocol/batch/decimal-text.ts";
import { objectText, unitsPerSecond } from "../protocol/batch/json-text.ts";
import { MillraceError } from "../protocol/errors.ts";
import { hasJsonText } from "../protocol/json-columns.ts";
import { typeText } from "../protocol/type-text.ts";
import type { Field, LogicalType, Schema } from "../protocol/types.ts";
import { batchValues, type PlainValue, plainMillis } from "./plain-row.ts";

const DAY_MS = 86_400_000;

/**
 * Checks that rows of these columns can travel as JSON.
 * @throws MillraceError UNSUPPORTED_TYPE
 */
export function checkJsonColumns(schema: Schema): void {
  for (const { name, type } of schema) {
    if (hasJsonText(type)) continue;
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
  return `${objectText(schema.map((field, i) => [field, values[i]!]))}\n`;
}

/** A number of JSON by its digits, where a double may not hold it. */
class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Reads rows of one schema. */
export class RowLineReader {
  readonly #schema: Schema;
  /** Whether numbers are read by their digits always; else only where a BIGINT needs it. */
  readonly #exact: boolean;
  readonly #integers: readonly string[];

  constructor(schema: Schema) {
    const isBig = ({ type }: Field): boolean => type.type === "BIGINT";
    this.#schema = schema;
    this.#exact = schema.some((field) => !isBig(field) && holdsDigits(field.type));
    this.#integers = schema.filter(isBig).map((field) => field.name);
  }

  /** The rows of whole lines. */
  *rows(lines: string): Generator<Record<string, PlainValue>> {
    for (const line of lines.split("\n")) {
      if (line === "") continue;
      yield rowFrom(this.#parse(line), this.#schema);
    }
  }

  /** A BIGINT by its digits where the double that they round to says less. */
  #parse(line: string): Record<string, unknown> {
    if (this.#exact) return JSON.parse(line, reviveDigits);
    const parsed = JSON.parse(line) as Record<string, unknown>;
    const rounded = this.#integers.some((name) => {
      const value = parsed[name];
      return typeof value === "number" && !Number.isSafeInteger(value);
    });
    return rounded ? JSON.parse(line, reviveDigits) : parsed;
  }
}

function holdsDigits(type: LogicalType): boolean {
  switch (type.type) {
    case "BIGINT":
    case "DECIMAL":
      return true;
    case "ARRAY":
      return holdsDigits(type.element);
    case "MAP":
      return holdsDigits(type.value);
    case "ROW":
      return type.fields.some((field) => holdsDigits(field.type));
    default:
      return false;
  }
}

// The source text of a value is JavaScript's since 2024; TypeScript's library does not know it yet.
const reviveDigits = ((_: string, value: unknown, context: { source?: string }): unknown =>
  typeof value === "number" ? new Digits(context.source!) : value) as (
  name: string,
  value: unknown,
) => unknown;

function rowFrom(parsed: Record<string, unknown>, schema: Schema): Record<string, PlainValue> {
  const row: Record<string, PlainValue> = {};
  for (const { name, type } of schema) {
    // A column may be named __proto__: only what the line has itself counts.
    row[name] = valueFrom(Object.hasOwn(parsed, name) ? parsed[name] : null, type);
  }
  return row;
}

function valueFrom(given: unknown, type: LogicalType): PlainValue {
  if (given === null || given === undefined) return null;
  if (given instanceof Digits) {
    if (type.type === "BIGINT") return BigInt(given.text);
    if (type.type === "DECIMAL") return plainDecimal(given.text, type.scale);
  }
  const value = given instanceof Digits ? Number(given.text) : given;
  switch (type.type) {
    case "BIGINT":
      return BigInt(value as number);
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
    case "BINARY":
    case "VARBINARY":
    case "BYTES":
      return new Uint8Array(Buffer.from(value as string, "base64"));
    case "ARRAY":
      return (value as unknown[]).map((element) => valueFrom(element, type.element));
    case "ROW":
      return rowFrom(value as Record<string, unknown>, type.fields);
    case "MAP":
      return new Map(
        Object.entries(value as object).map(([key, one]) => [key, valueFrom(one, type.value)]),
      );
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
