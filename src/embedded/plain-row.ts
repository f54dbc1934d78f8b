/**
 * Rows as an application writes and reads them: plain objects by column name.
 *
 * | SQL type | JavaScript |
 * |---|---|
 * | BOOLEAN | boolean |
 * | TINYINT, SMALLINT, INT, FLOAT, DOUBLE, INTERVAL YEAR TO MONTH | number |
 * | BIGINT | bigint (inwards also a number up to 2^53) |
 * | CHAR, VARCHAR, STRING | string |
 * | TIMESTAMP(p), TIMESTAMP_LTZ(p) | p <= 3: number of ms since 1970; p <= 6: bigint of us; else bigint of ns; inwards also a Date |
 * | DATE | number of days since 1970 |
 * | TIME(p) | p <= 3: number of ms; else bigint of us or ns |
 * | INTERVAL DAY TO SECOND | number of ms |
 * | NULL | null (inwards also undefined, or no such property) |
 *
 * Numbers of ms beyond 2^53 are bigint.
 */
import type { RowValue, Value } from "../protocol/batch/column-value.ts";
import { assertOperatorType, isNullable, storageOf } from "../protocol/batch/physical-type.ts";
import { integerValue } from "../protocol/batch/value-range.ts";
import { MillraceError } from "../protocol/errors.ts";
import { typeText } from "../protocol/type-text.ts";
import type { Field, LogicalType, Schema } from "../protocol/types.ts";

/** A value of a row. */
export type PlainValue = null | undefined | boolean | number | bigint | string | Date;
/** A row by column name. */
export type PlainRow = Readonly<Record<string, PlainValue>>;

/**
 * The values of a row as a batch holds them, in the order of the columns, after its checks.
 * @throws MillraceError ROW_INVALID (not an object), ROW_FIELD_UNKNOWN, ROW_VALUE_INVALID naming the
 *   field, what stands there and what the column takes.
 */
export function batchValues(row: unknown, schema: Schema): Value[] {
  if (typeof row !== "object" || row === null || Array.isArray(row) || row instanceof Date) {
    const found = row === null ? "null" : Array.isArray(row) ? "an array" : `a ${typeof row}`;
    throw new MillraceError("ROW_INVALID", `Cannot take row: it is ${found}`, {
      value: String(row),
      expected: `an object with ${columnsText(schema)}`,
    });
  }
  const given = row as Record<string, unknown>;
  for (const name of Object.keys(given)) {
    if (schema.some((field) => field.name === name)) continue;
    const expected = columnsText(schema);
    const message = `Cannot take row: there is no column ${name}, the columns are ${expected}`;
    const value = shown(given[name]);
    throw new MillraceError("ROW_FIELD_UNKNOWN", message, { field: name, value, expected });
  }
  return schema.map((field) => batchValue(given[field.name] ?? null, field));
}

/** A row of a batch as a plain object. */
export function plainRow(values: RowValue, schema: Schema): Record<string, PlainValue> {
  return Object.fromEntries(
    schema.map(({ name, type }) => [name, plainValue(values[name] ?? null, type)]),
  );
}

/** `word STRING NOT NULL, n BIGINT`. */
export function columnsText(schema: Schema): string {
  return schema.map(({ name, type }) => `${name} ${typeText(type)}`).join(", ");
}

/** Units a second of a time type: what its numbers count. */
export function unitsPerSecond(precision: number): bigint {
  if (precision <= 3) return 1_000n;
  return precision <= 6 ? 1_000_000n : 1_000_000_000n;
}

/** A batch's number of ms as a plain value. */
export function plainMillis(ms: bigint): number | bigint {
  const number = Number(ms);
  return Number.isSafeInteger(number) ? number : ms;
}

function plainValue(value: Value, type: LogicalType): PlainValue {
  if (typeof value !== "bigint" || type.type === "BIGINT") return value as PlainValue;
  const coarse = !("precision" in type) || type.precision <= 3;
  return coarse || type.type === "INTERVAL_DAY_SECOND" ? plainMillis(value) : value;
}

function batchValue(value: unknown, field: Field): Value {
  const { name, type } = field;
  assertOperatorType(type, name);
  if (value === null) {
    if (isNullable(type)) return null;
    throw wrong(field, value, "a value");
  }
  switch (type.type) {
    case "BOOLEAN":
      if (typeof value !== "boolean") throw wrong(field, value, "true or false");
      return value;
    case "FLOAT":
    case "DOUBLE":
      if (typeof value !== "number") throw wrong(field, value, "a number");
      return value;
    case "CHAR":
    case "VARCHAR":
    case "STRING":
      return textValue(value, field);
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return checkedInteger(timestampValue(value, field, type.precision), field);
    default:
      return checkedInteger(value, field);
  }
}

function textValue(value: unknown, field: Field): string {
  if (typeof value !== "string") throw wrong(field, value, "a string");
  if (!value.isWellFormed()) {
    throw wrong(field, value, "a string without half surrogate pairs (see toWellFormed)");
  }
  const { type } = field;
  if ((type.type === "CHAR" || type.type === "VARCHAR") && [...value].length > type.length) {
    throw wrong(field, value, `at most ${type.length} characters`);
  }
  return value;
}

function timestampValue(value: unknown, field: Field, precision: number): unknown {
  if (!(value instanceof Date)) return value;
  const ms = value.getTime();
  if (Number.isNaN(ms)) throw wrong(field, value, "a valid Date");
  return BigInt(ms) * (unitsPerSecond(precision) / 1_000n);
}

/** Integers and times: number where the column is narrow, bigint where it has 64 bits. */
function checkedInteger(value: unknown, field: Field): number | bigint {
  const { type } = field;
  const what =
    typeof value === "number" && !Number.isSafeInteger(value) && Number.isInteger(value)
      ? "a bigint: a number is exact up to 2^53 only"
      : "a whole number";
  if (typeof value !== "bigint" && !Number.isSafeInteger(value)) throw wrong(field, value, what);
  let integer: bigint;
  try {
    integer = integerValue(value, type, field.name);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    throw wrong(field, value, error.expected ?? what);
  }
  const storage = storageOf(type.type, "precision" in type ? type.precision : 0);
  const wide = storage.kind === "fixed" && storage.bytes === 8;
  return wide ? integer : Number(integer);
}

function wrong({ name, type }: Field, value: unknown, expected: string): MillraceError {
  const found = value === null ? "null" : `${shown(value)} (${kindOf(value)})`;
  const message = `Cannot take row: column ${name} ${typeText(type)} has ${found}, it takes ${expected}`;
  return new MillraceError("ROW_VALUE_INVALID", message, {
    field: name,
    value: shown(value),
    expected,
  });
}

function kindOf(value: unknown): string {
  if (value instanceof Date) return "Date";
  return Array.isArray(value) ? "array" : typeof value;
}

const SHOWN_CHARS = 60;

function shown(value: unknown): string {
  const text =
    typeof value === "string"
      ? JSON.stringify(value)
      : typeof value === "bigint"
        ? `${value}n`
        : typeof value === "object" && value !== null && !(value instanceof Date)
          ? "an object"
          : String(value);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}
