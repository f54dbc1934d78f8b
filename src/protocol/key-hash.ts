/**
 * Java's hashCode of Flink's external type, for each logical type; docs/types.md lists the
 * formulas. Values have the form that src/protocol/batch/column-value.ts reads.
 */
import { assert, unreachable } from "./errors.ts";
import type { LogicalType } from "./types.ts";

/** 32-bit hash of one value of a type; null hashes to 0. */
export function hashValue(value: unknown, type: LogicalType): number {
  if (value === null || value === undefined) return 0;
  switch (type.type) {
    case "BOOLEAN":
      return value === true ? 1231 : 1237;
    case "TINYINT":
    case "SMALLINT":
    case "INT":
      return Number(value) | 0;
    case "BIGINT":
      return longHash(toBigint(value));
    case "FLOAT":
      return floatHash(value as number);
    case "DOUBLE":
      return doubleHash(value as number);
    case "DECIMAL":
      return (Math.imul(31, bigIntegerHash(toBigint(value))) + type.scale) | 0;
    case "CHAR":
    case "VARCHAR":
    case "STRING":
      return stringHash(value as string);
    case "BINARY":
    case "VARBINARY":
    case "BYTES":
      return bytesHash(value as Uint8Array);
    case "DATE":
      return localDateHash(value as number);
    case "TIME":
      return longHash(toBigint(value) * nanosPerUnit(type.precision));
    case "TIMESTAMP":
      return localDateTimeHash(toBigint(value) * nanosPerUnit(type.precision));
    case "TIMESTAMP_LTZ":
      return secondsHash(toBigint(value) * nanosPerUnit(type.precision));
    case "INTERVAL_YEAR_MONTH":
      return periodHash(value as number);
    case "INTERVAL_DAY_SECOND":
      return secondsHash(toBigint(value) * 1_000_000n);
    case "ROW":
      return rowHash(value as Readonly<Record<string, unknown>>, type);
    case "ARRAY":
      return arrayHash(value as readonly unknown[], type.element);
    case "MAP":
      return mapHash(value as ReadonlyMap<unknown, unknown>, type.key, type.value);
    default:
      return unreachable(type);
  }
}

function toBigint(value: unknown): bigint {
  assert(typeof value === "bigint" || Number.isInteger(value), "an integer value");
  return BigInt(value as bigint | number);
}

/** Nanoseconds of the unit in which TIME and TIMESTAMP of this precision are stored. */
function nanosPerUnit(precision: number): bigint {
  if (precision <= 3) return 1_000_000n;
  return precision <= 6 ? 1_000n : 1n;
}

/** Long.hashCode: low word xor high word. */
function longHash(value: bigint): number {
  return Number(BigInt.asIntN(32, value ^ (value >> 32n)));
}

const scratch = new DataView(new ArrayBuffer(8));

/** Float.hashCode; every NaN counts as 0x7fc00000. */
function floatHash(value: number): number {
  if (Number.isNaN(value)) return 0x7fc00000;
  scratch.setFloat32(0, value);
  return scratch.getInt32(0);
}

/** Double.hashCode; every NaN counts as 0x7ff8000000000000. */
function doubleHash(value: number): number {
  if (Number.isNaN(value)) return 0x7ff80000;
  scratch.setFloat64(0, value);
  return scratch.getInt32(0) ^ scratch.getInt32(4);
}

/** String.hashCode over UTF-16 units. */
function stringHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0;
  return hash;
}

/** Arrays.hashCode(byte[]): signed bytes. */
function bytesHash(bytes: Uint8Array): number {
  let hash = 1;
  for (const byte of bytes) hash = (Math.imul(31, hash) + ((byte << 24) >> 24)) | 0;
  return hash;
}

/** BigInteger.hashCode: 31 * h + word over the magnitude's 32-bit words, highest first, signed. */
function bigIntegerHash(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  let bits = 0n;
  while (magnitude >> bits !== 0n) bits += 32n;
  let hash = 0;
  for (let shift = bits - 32n; shift >= 0n; shift -= 32n) {
    hash = (Math.imul(31, hash) + Number(BigInt.asIntN(32, magnitude >> shift))) | 0;
  }
  return value < 0n ? -hash | 0 : hash;
}

/** LocalDate.hashCode: (year & ~0x7ff) ^ ((year << 11) + (month << 6) + day). */
function localDateHash(epochDay: number): number {
  const { year, month, day } = civilDate(epochDay);
  return (year & 0xffff_f800) ^ (((year << 11) + (month << 6) + day) | 0);
}

/** Proleptic Gregorian date of a day since 1970-01-01, over the whole int32 range. */
function civilDate(epochDay: number): { year: number; month: number; day: number } {
  const shifted = epochDay + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524);
  const yearOfEra = Math.floor((dayOfEra - leapDays + Math.floor(dayOfEra / 146_096)) / 365);
  const yearDays = 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const dayOfYear = dayOfEra - yearDays;
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

const NANOS_PER_DAY = 86_400_000_000_000n;
const NANOS_PER_SECOND = 1_000_000_000n;

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}

/** LocalDateTime.hashCode: date hash xor time hash (Long.hashCode of the nanos of the day). */
function localDateTimeHash(nanos: bigint): number {
  const day = floorDivide(nanos, NANOS_PER_DAY);
  return localDateHash(Number(day)) ^ longHash(nanos - day * NANOS_PER_DAY);
}

/** Instant.hashCode and Duration.hashCode: Long.hashCode(seconds) + 51 * nanos of the second. */
function secondsHash(nanos: bigint): number {
  const seconds = floorDivide(nanos, NANOS_PER_SECOND);
  const rest = Number(nanos - seconds * NANOS_PER_SECOND);
  return (longHash(seconds) + Math.imul(51, rest)) | 0;
}

/** Period.hashCode of the normalized period: years + rotateLeft(months, 8), no days. */
function periodHash(totalMonths: number): number {
  const years = Math.trunc(totalMonths / 12);
  const months = (totalMonths % 12) | 0;
  return (years + ((months << 8) | (months >>> 24))) | 0;
}

/** Flink's Row.hashCode for an insert row with positions (RowUtils.deepHashCodeRow). */
function rowHash(
  row: Readonly<Record<string, unknown>>,
  type: Extract<LogicalType, { type: "ROW" }>,
): number {
  let hash = 1;
  for (const { name, type: fieldType } of type.fields) {
    hash = (Math.imul(31, hash) + nestedHash(row[name], fieldType)) | 0;
  }
  return hash;
}

/** RowUtils.deepHashCodeInternal: arrays and maps by content, 31 + hashCode for the rest. */
function nestedHash(value: unknown, type: LogicalType): number {
  if (value === null || value === undefined) return 0;
  if (type.type === "ARRAY") {
    let hash = 1;
    for (const element of value as readonly unknown[]) {
      hash = (Math.imul(31, hash) + nestedHash(element, type.element)) | 0;
    }
    return hash;
  }
  if (type.type === "MAP") {
    let hash = 1;
    for (const [key, item] of value as ReadonlyMap<unknown, unknown>) {
      hash = (hash + (nestedHash(key, type.key) ^ nestedHash(item, type.value))) | 0;
    }
    return hash;
  }
  return (31 + hashValue(value, type)) | 0;
}

/** Arrays.deepHashCode: 31 * h + element, from 1. */
function arrayHash(values: readonly unknown[], element: LogicalType): number {
  let hash = 1;
  for (const value of values) hash = (Math.imul(31, hash) + hashValue(value, element)) | 0;
  return hash;
}

/** Map.hashCode: the sum of key hash xor value hash. */
function mapHash(
  entries: ReadonlyMap<unknown, unknown>,
  key: LogicalType,
  value: LogicalType,
): number {
  let hash = 0;
  for (const [k, v] of entries) hash = (hash + (hashValue(k, key) ^ hashValue(v, value))) | 0;
  return hash;
}
