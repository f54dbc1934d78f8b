/** Values of a batch as the JSON that `format_json` writes. Int64 is exact. */
import { MillraceError } from "../errors.ts";
import type { Field } from "../types.ts";
import type { RowValue, Value } from "./column-value.ts";
import { decimalText } from "./decimal-text.ts";

const DAY_MS = 86_400_000;
/** What a date's text can say: the years 0000 to 9999. */
const TEXT_FIRST_MS = -62_167_219_200_000;
const TEXT_LAST_MS = 253_402_300_799_999;

/**
 * An object with a member for each field that is there.
 * @throws MillraceError ROW_VALUE_INVALID: a date that has no text
 */
export function objectText(members: readonly (readonly [Field, Value])[]): string {
  const there = members.filter(([, value]) => value !== null);
  const texts = there.map(([field, value]) => {
    return `${JSON.stringify(field.name)}:${jsonText(value, field)}`;
  });
  return `{${texts.join(",")}}`;
}

function jsonText(value: Value, { name, type }: Field): string {
  if (value === null) return "null";
  switch (type.type) {
    case "DECIMAL":
      return decimalText(value as bigint, type.scale);
    case "BINARY":
    case "VARBINARY":
    case "BYTES":
      return `"${Buffer.from(value as Uint8Array).toString("base64")}"`;
    case "ARRAY": {
      const element = { name, type: type.element };
      return `[${(value as Value[]).map((one) => jsonText(one, element)).join(",")}]`;
    }
    case "ROW":
      return objectText(type.fields.map((field) => [field, (value as RowValue)[field.name]!]));
    case "MAP": {
      const inner = { name, type: type.value };
      const entries = [...(value as ReadonlyMap<Value, Value>)];
      const texts = entries.map(([key, one]) => `${JSON.stringify(key)}:${jsonText(one, inner)}`);
      return `{${texts.join(",")}}`;
    }
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

/** Units of a time or timestamp of this precision in a second: ms, µs or ns. */
export function unitsPerSecond(precision: number): bigint {
  if (precision <= 3) return 1_000n;
  return precision <= 6 ? 1_000_000n : 1_000_000_000n;
}
