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
 * | DECIMAL(p, s) | string: `"123.45"` (inwards also a bigint or a whole number) |
 * | BINARY, VARBINARY, BYTES | Uint8Array |
 * | ROW | object by field name |
 * | ARRAY | array |
 * | MAP | Map (inwards also an object, for keys that are texts) |
 * | NULL | null (inwards also undefined, or no such property) |
 *
 * Numbers of ms beyond 2^53 are bigint.
 */
import type { RowValue, Value } from "../protocol/batch/column-value.ts";
import { decimalText, unscaledOf } from "../protocol/batch/decimal-text.ts";
import { unitsPerSecond } from "../protocol/batch/json-text.ts";
import { isNullable, storageOf } from "../protocol/batch/physical-type.ts";
import { integerValue } from "../protocol/batch/value-range.ts";
import { MillraceError } from "../protocol/errors.ts";
import { typeText } from "../protocol/type-text.ts";
import type { Field, LogicalType, Schema } from "../protocol/types.ts";

/** A value of a row. */
export type PlainValue =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly PlainValue[]
  | ReadonlyMap<PlainValue, PlainValue>
  | { readonly [field: string]: PlainValue };
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
  checkFields(row, schema);
  const given = row as Record<string, unknown>;
  return schema.map((field) => batchValue(given[field.name] ?? null, field));
}

function checkFields(given: object, schema: Schema): void {
  for (const name of Object.keys(given)) {
    if (schema.some((field) => field.name === name)) continue;
    const expected = columnsText(schema);
    const message = `Cannot take row: there is no column ${name}, the columns are ${expected}`;
    const value = shown((given as Record<string, unknown>)[name]);
    throw new MillraceError("ROW_FIELD_UNKNOWN", message, { field: name, value, expected });
  }
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

/** A batch's number of ms as a plain value. */
export function plainMillis(ms: bigint): number | bigint {
  const number = Number(ms);
  return Number.isSafeInteger(number) ? number : ms;
}

function plainValue(value: Value, type: LogicalType): PlainValue {
  if (value === null) return null;
  switch (type.type) {
    case "DECIMAL":
      return decimalText(value as bigint, type.scale);
    case "ARRAY":
      return (value as Value[]).map((element) => plainValue(element, type.element));
    case "ROW":
      return plainRow(value as RowValue, type.fields);
    case "MAP": {
      const entries = [...(value as ReadonlyMap<Value, Value>)];
      return new Map(
        entries.map(([key, one]) => [plainValue(key, type.key), plainValue(one, type.value)]),
      );
    }
    default:
      return plainScalar(value, type);
  }
}

function plainScalar(value: Value, type: LogicalType): PlainValue {
  if (typeof value !== "bigint" || type.type === "BIGINT") return value as PlainValue;
  const coarse = !("precision" in type) || type.precision <= 3;
  return coarse || type.type === "INTERVAL_DAY_SECOND" ? plainMillis(value) : value;
}

function batchValue(value: unknown, field: Field): Value {
  const { type } = field;
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
    case "DECIMAL":
      return decimalValue(value, field, type.precision, type.scale);
    case "BINARY":
    case "VARBINARY":
    case "BYTES":
      return bytesValue(value, field);
    case "ARRAY": {
      if (!Array.isArray(value)) throw wrong(field, value, "an array");
      const element = { name: `${field.name}[]`, type: type.element };
      return value.map((one) => batchValue(one ?? null, element));
    }
    case "ROW":
      return rowValue(value, field, type.fields);
    case "MAP":
      return mapValue(value, field, type);
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return checkedInteger(timestampValue(value, field, type.precision), field);
    default:
      return checkedInteger(value, field);
  }
}

function decimalValue(value: unknown, field: Field, precision: number, scale: number): bigint {
  const isText = typeof value === "string" || typeof value === "bigint";
  const unscaled =
    isText || Number.isSafeInteger(value) ? unscaledOf(String(value), precision, scale) : undefined;
  if (unscaled !== undefined) return unscaled;
  const digits = `at most ${precision} digits, ${scale} of them behind the point`;
  throw wrong(field, value, `a text such as "12.5" with ${digits}`);
}

function bytesValue(value: unknown, field: Field): Uint8Array {
  const { type } = field;
  if (!(value instanceof Uint8Array)) throw wrong(field, value, "a Uint8Array");
  const limit = "length" in type ? type.length : Number.POSITIVE_INFINITY;
  const fits = type.type === "BINARY" ? value.length === limit : value.length <= limit;
  if (fits) return value;
  throw wrong(field, value, `${type.type === "BINARY" ? "" : "at most "}${limit} bytes`);
}

function rowValue(value: unknown, field: Field, fields: Schema): RowValue {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject) throw wrong(field, value, `an object with ${columnsText(fields)}`);
  checkFields(value, fields);
  const given = value as Record<string, unknown>;
  const entries = fields.map(({ name, type }) => {
    const inner = { name: `${field.name}.${name}`, type };
    return [name, batchValue(given[name] ?? null, inner)] as const;
  });
  return Object.fromEntries(entries);
}

function mapValue(
  value: unknown,
  field: Field,
  type: Extract<LogicalType, { type: "MAP" }>,
): ReadonlyMap<Value, Value> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject) throw wrong(field, value, "a Map");
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const key = { name: `${field.name} key`, type: { ...type.key, nullable: false } as LogicalType };
  const inner = { name: `${field.name} value`, type: type.value };
  return new Map(
    entries.map(([k, v]) => [batchValue(k ?? null, key), batchValue(v ?? null, inner)]),
  );
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
