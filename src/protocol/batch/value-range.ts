/** Which values a type takes: the writer refuses the others, with the field and the range. */
import { MillraceError } from "../errors.ts";
import type { LogicalType } from "../types.ts";

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * First and last TIMESTAMP of a precision above 6: an int64 of nanoseconds reaches no further.
 * Coarser ones are int64 ms or us and reach beyond the years 0000 to 9999 of SQL.
 */
export const NANOS_TIMESTAMP_MIN = "1677-09-21T00:12:43.145224192";
export const NANOS_TIMESTAMP_MAX = "2262-04-11T23:47:16.854775807";

/** A value that its type does not have. */
export function outOfRange(field: string, value: unknown, expected: string): MillraceError {
  const message = `Cannot write ${field}: ${String(value)} is out of range, expected ${expected}`;
  return new MillraceError("VALUE_OUT_OF_RANGE", message, {
    field,
    value: String(value),
    expected,
  });
}

/** A value of another kind than its type's. */
export function wrongKind(field: string, value: unknown, expected: string): MillraceError {
  const found = value === null ? "null" : typeof value;
  const message = `Cannot write ${field}: value is ${found}, expected ${expected}`;
  return new MillraceError("VALUE_INVALID", message, { field, value: String(value), expected });
}

/**
 * An integer of a type stored as a signed integer, as bigint, after its checks.
 * @throws MillraceError VALUE_INVALID if it is no integer, VALUE_OUT_OF_RANGE outside the range.
 */
export function integerValue(value: unknown, type: LogicalType, field: string): bigint {
  const integer =
    typeof value === "bigint"
      ? value
      : Number.isSafeInteger(value)
        ? BigInt(value as number)
        : null;
  if (integer === null) throw wrongKind(field, value, "an integer (bigint beyond 2^53)");
  const { minimum, maximum, text } = integerRange(type);
  if (integer < minimum || integer > maximum) {
    throw outOfRange(field, value, text ?? `${minimum} to ${maximum}`);
  }
  return integer;
}

interface IntegerRange {
  readonly minimum: bigint;
  readonly maximum: bigint;
  /** The range in the reader's terms, where the numbers say little. */
  readonly text?: string;
}

const signed = (bits: bigint): IntegerRange => ({
  minimum: -(2n ** (bits - 1n)),
  maximum: 2n ** (bits - 1n) - 1n,
});

const INT8 = signed(8n);
const INT16 = signed(16n);
const INT32 = signed(32n);
const INT64: IntegerRange = { minimum: INT64_MIN, maximum: INT64_MAX };
const NANOS: IntegerRange = { ...INT64, text: `${NANOS_TIMESTAMP_MIN} to ${NANOS_TIMESTAMP_MAX}` };

function integerRange(type: LogicalType): IntegerRange {
  switch (type.type) {
    case "TINYINT":
      return INT8;
    case "SMALLINT":
      return INT16;
    case "INT":
    case "DATE":
    case "INTERVAL_YEAR_MONTH":
      return INT32;
    case "TIME": {
      const maximum = 86_400n * 10n ** unitDigits(type.precision) - 1n;
      return { minimum: 0n, maximum, text: "00:00 to before 24:00" };
    }
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return type.precision > 6 ? NANOS : INT64;
    case "DECIMAL": {
      const limit = 10n ** BigInt(type.precision) - 1n;
      const text = `at most ${type.precision} digits`;
      return { minimum: -limit, maximum: limit, text };
    }
    default:
      return INT64;
  }
}

/** Digits behind the second of the unit in which a precision is stored: 3, 6 or 9. */
function unitDigits(precision: number): bigint {
  if (precision <= 3) return 3n;
  return precision <= 6 ? 6n : 9n;
}

const TIMESTAMP_TEXT =
  /^([+-]\d{4,6}|\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/;

/**
 * An ISO timestamp without zone as a stored value: ms, us or ns since 1970 by precision. Digits
 * beyond the precision are cut off, as by Flink's CAST.
 * @throws MillraceError VALUE_INVALID if it is no timestamp, VALUE_OUT_OF_RANGE outside the range.
 */
export function parseTimestamp(text: string, precision: number, field: string): bigint {
  const match = TIMESTAMP_TEXT.exec(text);
  const wanted = "a timestamp like 2026-01-31T12:00:00.000000001";
  if (match === null) throw wrongKind(field, text, wanted);
  const [, year, month, day, hour, minute, second = "0", fraction = ""] = match;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const exact = date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day);
  if (!exact || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    throw wrongKind(field, text, wanted);
  }
  const seconds =
    BigInt(date.getTime() / 1000) +
    BigInt(Number(hour) * 3600 + Number(minute) * 60 + Number(second));
  const digits = Number(unitDigits(precision));
  const kept = fraction.slice(0, precision).padEnd(digits, "0");
  const value = seconds * 10n ** BigInt(digits) + BigInt(kept.slice(0, digits) || "0");
  return integerValue(value, { type: "TIMESTAMP", precision }, field);
}

/** A stored TIMESTAMP value as ISO text with `precision` digits behind the second. */
export function formatTimestamp(value: bigint, precision: number): string {
  const unit = 10n ** unitDigits(precision);
  const fraction = ((value % unit) + unit) % unit;
  const date = new Date(Number((value - fraction) / unit) * 1000);
  const seconds = date.toISOString().slice(0, -".000Z".length);
  if (precision === 0) return seconds;
  const digits = fraction.toString().padStart(Number(unitDigits(precision)), "0");
  return `${seconds}.${digits.slice(0, precision)}`;
}
