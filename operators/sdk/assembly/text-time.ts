/**
 * Dates and times as SQL text: `2020-01-31`, `23:59:59.123`, `2020-01-31 23:59:59.123`. Proleptic
 * Gregorian calendar, years 0 to 9999 (what Flink's text forms cover).
 */
import { printPadded } from "./text-number";

/** Bytes of the longest: `2020-01-31 23:59:59.123456789Z`. */
export const TIME_TEXT_MAX: i32 = 32;
const DAY_SECONDS: i64 = 86400;

/** Results of the last successful parse. */
export let parsedDays: i32 = 0;
export let parsedSeconds: i64 = 0;
/** Nanoseconds of the second. */
export let parsedNanos: i64 = 0;

/** Days since 1970-01-01 of a civil date (Hinnant, "chrono-compatible date algorithms"). */
function daysOf(year: i32, month: i32, day: i32): i32 {
  const y = month <= 2 ? year - 1 : year;
  const era = (y >= 0 ? y : y - 399) / 400;
  const ofEra = y - era * 400;
  const ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719468;
}

function monthDays(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** Number of `width` digits at `at`, or -1. */
function digitsAt(at: usize, width: usize): i32 {
  let value = 0;
  for (let i: usize = 0; i < width; i++) {
    const digit = <u32>load<u8>(at + i) - 0x30;
    if (digit > 9) return -1;
    value = value * 10 + <i32>digit;
  }
  return value;
}

/** Parses `yyyy-MM-dd` into parsedDays. */
export function parseDate(start: usize, end: usize): bool {
  if (end - start != 10 || load<u8>(start, 4) != 0x2d || load<u8>(start, 7) != 0x2d) return false;
  const year = digitsAt(start, 4);
  const month = digitsAt(start + 5, 2);
  const day = digitsAt(start + 8, 2);
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > monthDays(year, month)) return false;
  parsedDays = daysOf(year, month, day);
  return true;
}

/** Parses `HH:mm[:ss[.f{1,9}]]` into parsedSeconds (of the day) and parsedNanos. */
export function parseTime(start: usize, end: usize): bool {
  if (end - start < 5 || load<u8>(start, 2) != 0x3a) return false;
  const hour = digitsAt(start, 2);
  const minute = digitsAt(start + 3, 2);
  let second = 0;
  parsedNanos = 0;
  if (end - start > 5) {
    if (end - start < 8 || load<u8>(start, 5) != 0x3a) return false;
    second = digitsAt(start + 6, 2);
    if (end - start > 8 && !parseFraction(start + 8, end)) return false;
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false;
  parsedSeconds = hour * 3600 + minute * 60 + second;
  return true;
}

function parseFraction(start: usize, end: usize): bool {
  const width = end - start - 1;
  if (load<u8>(start) != 0x2e || width < 1 || width > 9) return false;
  let value: i64 = digitsAt(start + 1, width);
  if (value < 0) return false;
  for (let i = width; i < 9; i++) value *= 10;
  parsedNanos = value;
  return true;
}

/**
 * Parses `yyyy-MM-dd` and `HH:mm:ss[.f]` with a blank or T between; `zoned` wants or allows a Z
 * behind. Seconds since 1970 in parsedSeconds, the rest in parsedNanos.
 */
export function parseTimestamp(start: usize, end: usize, zoned: bool): bool {
  let to = end;
  if (end - start < 16) return false;
  if (zoned && (load<u8>(end - 1) | 0x20) == 0x7a) to--;
  const between = load<u8>(start, 10);
  if (between != 0x20 && between != 0x54) return false;
  if (!parseDate(start, start + 10) || !parseTime(start + 11, to)) return false;
  parsedSeconds += <i64>parsedDays * DAY_SECONDS;
  return true;
}

/** Units of a second that TIME and TIMESTAMP of a precision are stored in. */
export function unitsPerSecond(precision: i32): i64 {
  return precision <= 3 ? 1000 : precision <= 6 ? 1000000 : 1000000000;
}

/** Writes days since 1970 as `yyyy-MM-dd`; answers 10, or 0 outside years 0 to 9999. */
export function printDate(target: usize, days: i64): i32 {
  if (days < -719528 || days > 2932896) return 0;
  const z = days + 719468;
  const era = (z >= 0 ? z : z - 146096) / 146097;
  const ofEra = z - era * 146097;
  const yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146096) / 365;
  const ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const mp = (5 * ofYear + 2) / 153;
  const month = mp < 10 ? mp + 3 : mp - 9;
  printPadded(target, yearOfEra + era * 400 + (month <= 2 ? 1 : 0), 4);
  store<u8>(target, 0x2d, 4);
  printPadded(target + 5, month, 2);
  store<u8>(target, 0x2d, 7);
  printPadded(target + 8, ofYear - (153 * mp + 2) / 5 + 1, 2);
  return 10;
}

/** Writes a time of day in units of its precision as `HH:mm:ss.fff`, `precision` digits. */
export function printTime(target: usize, value: i64, precision: i32): i32 {
  const units = unitsPerSecond(precision);
  const seconds = value / units;
  printPadded(target, seconds / 3600, 2);
  store<u8>(target, 0x3a, 2);
  printPadded(target + 3, (seconds / 60) % 60, 2);
  store<u8>(target, 0x3a, 5);
  printPadded(target + 6, seconds % 60, 2);
  if (precision == 0) return 8;
  let fraction = value % units;
  for (let width = units == 1000 ? 3 : units == 1000000 ? 6 : 9; width > precision; width--) {
    fraction /= 10;
  }
  store<u8>(target, 0x2e, 8);
  printPadded(target + 9, fraction, precision);
  return 9 + precision;
}

/** Writes a timestamp in units of its precision; answers 0 outside years 0 to 9999. */
export function printTimestamp(target: usize, value: i64, precision: i32, zoned: bool): i32 {
  const dayUnits = unitsPerSecond(precision) * DAY_SECONDS;
  let days = value / dayUnits;
  let rest = value % dayUnits;
  if (rest < 0) {
    rest += dayUnits;
    days--;
  }
  if (printDate(target, days) == 0) return 0;
  store<u8>(target, 0x20, 10);
  const length = 11 + printTime(target + 11, rest, precision);
  if (!zoned) return length;
  store<u8>(target + <usize>length, 0x5a);
  return length + 1;
}
