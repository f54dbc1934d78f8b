/** What an operator takes and gives in a test: rows with their times and changes, watermarks. */
import type { PlainRow } from "../embedded/plain-row.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { ROW_KIND } from "../protocol/types.ts";

/** Milliseconds since 1970; beyond 2^53 a bigint. */
export type Timestamp = number | bigint;
/** Change of a row, as Flink's RowKind: `insert`, `update_before`, `update_after`, `delete`. */
export type RowKind = keyof typeof ROW_KIND;

/**
 * The watermark behind which nothing comes: the end of event time.
 *
 *     harness.processWatermark(MAX_WATERMARK);
 */
export const MAX_WATERMARK = 0x7fff_ffff_ffff_ffffn;

/**
 * A row with its lanes (Flink: StreamRecord, with the change of a RowKind).
 *
 *     harness.processElement(new StreamRecord({ line: "the whale" }, 5_000, "delete"));
 */
export class StreamRecord<Row = PlainRow> {
  /** The row, by column name. */
  readonly row: Row;
  /** Its event time, ms; undefined: it has none. */
  readonly timestamp: Timestamp | undefined;
  /** Its change. */
  readonly kind: RowKind;

  /** `new StreamRecord({ word: "sea" }, 5_000)` */
  constructor(row: Row, timestamp?: Timestamp, kind: RowKind = "insert") {
    this.row = row;
    this.timestamp = timestamp;
    this.kind = kind;
  }
}

/**
 * A watermark among an output's rows (Flink: Watermark).
 *
 *     harness.processWatermark(new Watermark(6_000));
 */
export class Watermark {
  /** Event time up to which the stream is complete, ms. */
  readonly timestamp: Timestamp;

  /** `new Watermark(6_000)` */
  constructor(timestamp: Timestamp) {
    this.timestamp = timestamp;
  }
}

/**
 * Idle or active, among an output's rows (Flink: WatermarkStatus).
 *
 *     const idle = harness.getOutput().includes(WatermarkStatus.IDLE);
 */
export class WatermarkStatus {
  /** The stream waits for nothing from here: it holds back no watermark. */
  static readonly IDLE = new WatermarkStatus(true);
  /** It counts again. */
  static readonly ACTIVE = new WatermarkStatus(false);
  /** Whether it is IDLE. */
  readonly idle: boolean;

  private constructor(idle: boolean) {
    this.idle = idle;
  }
}

/** A value of a column as a test may write it (see PlainValue): BIGINT also as a number, a time as a Date. */
type InputValue<T> = T extends bigint ? T | number : T extends number ? T | Date : T;

/** Columns that may be NULL may be left out. */
type OptionalColumns<In> = { [C in keyof In]: null extends In[C] ? C : never }[keyof In];

/** A row as a test may write it for an operator that reads `In`. */
export type InputRow<In> = {
  readonly [C in Exclude<keyof In, OptionalColumns<In>>]: InputValue<In[C]>;
} & { readonly [C in OptionalColumns<In>]?: InputValue<In[C]> };

/**
 * A row as an operator of that kind gives it out: an aggregate's has the key and the window's times
 * around the columns it declares.
 */
export type OutputRow<Out, Kind> = Kind extends "aggregate" ? Out & PlainRow : Out;

/** A time as the engine has it. @throws MillraceError HARNESS_TIME_INVALID */
export function wholeTime(time: Timestamp, what: string): bigint {
  if (typeof time === "bigint") return time;
  if (Number.isSafeInteger(time)) return BigInt(time);
  throw new MillraceError("HARNESS_TIME_INVALID", `Cannot take ${what}: ${time} is no whole ms`, {
    field: what,
    value: time,
    expected: "a whole number of ms since 1970; beyond 2^53 a bigint",
  });
}
