/** Exports of the text algorithms for the tests beside this folder. */
import {
  CsvDialect,
  CsvFields,
  CsvRecordScanner,
  undoubleQuotes,
  writeCsvField,
} from "../../../../operators/sdk/assembly/csv";
import {
  parseFloat32,
  parseFloat64,
  parsedFloat,
} from "../../../../operators/sdk/assembly/float-parser";
import { printFloat32, printFloat64 } from "../../../../operators/sdk/assembly/float-printer";
import { JsonKind, JsonReader, unescapeJson } from "../../../../operators/sdk/assembly/json-reader";
import { writeJsonString } from "../../../../operators/sdk/assembly/json-writer";
import { powerHigh, powerLow } from "../../../../operators/sdk/assembly/power-of-ten";
import {
  parseInteger,
  parsedInteger,
  printInteger,
} from "../../../../operators/sdk/assembly/text-number";
import {
  parseDate,
  parseTime,
  parseTimestamp,
  parsedDays,
  parsedNanos,
  parsedSeconds,
  printDate,
  printTime,
  printTimestamp,
} from "../../../../operators/sdk/assembly/text-time";
import { copyReplacing, isUtf8 } from "../../../../operators/sdk/assembly/utf8";

export { parseFloat32, parseFloat64, printFloat32, printFloat64, powerHigh, powerLow };
export { parseInteger, printInteger, isUtf8, copyReplacing, writeJsonString };
export { parseDate, parseTime, parseTimestamp, printDate, printTime, printTimestamp };

export function alloc(bytes: i32): usize {
  return heap.alloc(bytes);
}

export function floatResult(): f64 {
  return parsedFloat;
}

export function integerResult(): i64 {
  return parsedInteger;
}

export function daysResult(): i32 {
  return parsedDays;
}

export function secondsResult(): i64 {
  return parsedSeconds;
}

export function nanosResult(): i64 {
  return parsedNanos;
}

let reader = new JsonReader();

export function jsonReset(): void {
  reader.close();
  reader = new JsonReader();
}

export function jsonWant(start: usize, end: usize): i32 {
  return reader.want(String.UTF8.decodeUnsafe(start, end - start));
}

export function jsonRead(start: usize, end: usize): bool {
  return reader.read(start, end);
}

export function jsonKind(slot: i32): u8 {
  return reader.kind(slot);
}

/** Writes the value's text (strings unescaped) at `target`; answers its length. */
export function jsonText(slot: i32, target: usize): i32 {
  const start = reader.start(slot);
  const end = reader.finish(slot);
  if (reader.kind(slot) == JsonKind.ESCAPED) return unescapeJson(target, start, end);
  memory.copy(target, start, end - start);
  return <i32>(end - start);
}

const dialect = new CsvDialect();
const fields = new CsvFields(dialect);
const scanner = new CsvRecordScanner(dialect, true);

export function csvFind(start: usize, end: usize): usize {
  return scanner.find(start, end);
}

export function csvSplit(start: usize, end: usize): i32 {
  return fields.split(start, end) ? fields.count : -1;
}

export function csvField(field: i32, target: usize): i32 {
  const start = fields.start(field);
  const end = fields.end(field);
  if (fields.doubled(field)) return undoubleQuotes(target, start, end, dialect.quote);
  memory.copy(target, start, end - start);
  return <i32>(end - start);
}

export function csvWrite(target: usize, start: usize, end: usize): i32 {
  return writeCsvField(target, start, end, dialect, false);
}
