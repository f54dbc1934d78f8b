/**
 * `assign_timestamps`: takes the event time from a field and sends a watermark behind each batch
 * whose highest timestamp grew. Parameters: field; unit of an integer field (s, ms, us, ns;
 * TIMESTAMP fields know theirs); strategy bounded (Flink: forBoundedOutOfOrderness, by
 * maxOutOfOrdernessMs), monotonous or none. Watermarks from upstream end here, but for the last
 * one, as in Flink's TimestampsAndWatermarksOperator.
 */
import { BatchReader, bitAt } from "../../sdk/assembly/batch-reader";
import { copyRow } from "../../sdk/assembly/copy-columns";
import {
  HEADER_BYTE_LENGTH,
  HEADER_EVENT_TIME,
  HEADER_EVENT_TIME_VALIDITY,
  HEADER_WATERMARKS,
  HEADER_WATERMARK_COUNT,
  Status,
  TYPE_BIGINT,
  TYPE_TIMESTAMP,
  TYPE_TIMESTAMP_LTZ,
  WATERMARK_MAX,
  WATERMARK_MIN,
} from "../../sdk/assembly/layout";
import { RecordOperator } from "../../sdk/assembly/operator";
import { unitsPerSecond } from "../../sdk/assembly/text-time";

export class AssignTimestampsOperator extends RecordOperator {
  private node: i32 = 0;
  /** A stored value is ms times `divisor`, or seconds where it is 0. */
  private divisor: i64 = 1;
  private bound: i64 = 0;
  private silent: bool = false;
  private highest: i64 = WATERMARK_MIN;
  private sent: i64 = WATERMARK_MIN;
  private data: usize = 0;
  private validity: usize = 0;

  open(): i32 {
    const parameters = this.config.parameters;
    const name = parameters.get("field").string("");
    this.node = this.config.inputs[0].indexOf(name);
    if (this.node < 0) return this.refuse("field must name a column of the input: " + name);
    const column = this.config.inputs[0].columns[this.node];
    if (column.type == TYPE_TIMESTAMP || column.type == TYPE_TIMESTAMP_LTZ) {
      this.divisor = unitsPerSecond(column.p1) / 1000;
    } else if (column.type == TYPE_BIGINT) {
      const unit = parameters.get("unit").string("ms");
      const known = ["s", "ms", "us", "ns"].indexOf(unit);
      if (known < 0) return this.refuse("unit must be s, ms, us or ns: " + unit);
      this.divisor = known == 0 ? 0 : known == 1 ? 1 : known == 2 ? 1000 : 1000000;
    } else {
      return this.refuse("field must be BIGINT, TIMESTAMP or TIMESTAMP_LTZ: " + name);
    }
    const strategy = parameters.get("strategy").string("bounded");
    if (["bounded", "monotonous", "none"].indexOf(strategy) < 0) {
      return this.refuse("strategy must be bounded, monotonous or none: " + strategy);
    }
    this.silent = strategy == "none";
    if (strategy == "bounded") this.bound = parameters.get("maxOutOfOrdernessMs").long(0);
    if (this.bound < 0) return this.refuse("maxOutOfOrdernessMs is negative");
    return Status.DONE;
  }

  process(input: i32, block: usize, budget: i32): i32 {
    if (this.reader.block == 0 && this.passesWhole(block, budget)) return this.passWhole(block);
    const status = super.process(input, block, budget);
    if (status == Status.DONE) this.advance();
    return status;
  }

  onWatermark(timestamp: i64, budget: i32): i32 {
    if (timestamp != WATERMARK_MAX) return Status.DONE;
    this.sent = timestamp;
    return super.onWatermark(timestamp, budget);
  }

  attach(reader: BatchReader): void {
    this.data = reader.data(this.node);
    this.validity = reader.validity(this.node);
  }

  /** ms of a row, saturating at the ends of the range. */
  // @ts-ignore: decorator
  @inline
  private time(row: i32): i64 {
    const value = load<i64>(this.data + ((<usize>row) << 3));
    const divisor = this.divisor;
    if (divisor == 1) return value;
    if (divisor == 0) {
      if (value > i64.MAX_VALUE / 1000) return i64.MAX_VALUE;
      return value < i64.MIN_VALUE / 1000 ? i64.MIN_VALUE : value * 1000;
    }
    const quotient = value / divisor;
    return quotient - <i64>(value % divisor < 0);
  }

  rows(from: i32, to: i32): i32 {
    const reader = this.reader;
    const writer = this.writers[0];
    writer.hasTimestamp = true;
    for (let i = from; i < to; i++) {
      const row = reader.physical(i);
      if (this.validity != 0 && !bitAt(this.validity, row)) {
        this.result.say("the event time is NULL");
        this.failedRow = row;
        return i + 1;
      }
      const time = this.time(row);
      if (time > this.highest) this.highest = time;
      writer.timestamp = time;
      writer.rowKind = reader.rowKind(row);
      copyRow(reader, row, writer);
      writer.endRow();
      if (writer.full) return i + 1;
    }
    return to;
  }

  /** Sends the watermark that the highest timestamp allows, if it grew. */
  private advance(): void {
    const watermark = this.due();
    if (watermark == WATERMARK_MIN) return;
    this.sent = watermark;
    this.forwardWatermark(watermark);
  }

  /** The watermark to send, or WATERMARK_MIN. */
  private due(): i64 {
    if (this.silent || this.highest == WATERMARK_MIN) return WATERMARK_MIN;
    const floor = i64.MIN_VALUE + this.bound + 1;
    const watermark = this.highest < floor ? i64.MIN_VALUE : this.highest - this.bound - 1;
    return watermark > this.sent ? watermark : WATERMARK_MIN;
  }

  /** Whether a block can go on as it is, with a new lane: all rows count, none fails, all fit. */
  private passesWhole(block: usize, budget: i32): bool {
    const reader = this.reader;
    reader.attach(block);
    const writer = this.writers[0];
    let whole =
      reader.selection == 0 &&
      reader.count > 0 &&
      reader.count <= budget &&
      reader.count <= writer.roomRows &&
      reader.validity(this.node) == 0;
    for (let i = 0; i < reader.watermarkCount && whole; i++) {
      if (reader.watermark(i) == WATERMARK_MAX) whole = false;
    }
    if (!whole) reader.detach();
    return whole;
  }

  private passWhole(block: usize): i32 {
    const reader = this.reader;
    const count = reader.count;
    const bytes = <usize>load<u32>(block + HEADER_BYTE_LENGTH);
    const raw = heap.alloc(bytes + ((<usize>count) << 3) + 16 + 8);
    const target = raw + 8;
    memory.copy(target, block, bytes);
    const lane = target + bytes;
    this.attach(reader);
    let highest = this.highest;
    for (let i = 0; i < count; i++) {
      const time = this.time(i);
      if (time > highest) highest = time;
      store<i64>(lane + ((<usize>i) << 3), time);
    }
    this.highest = highest;
    reader.detach();
    let length = bytes + ((<usize>count) << 3);
    store<u32>(target + HEADER_EVENT_TIME, <u32>bytes);
    store<u32>(target + HEADER_EVENT_TIME_VALIDITY, 0);
    const watermark = this.due();
    store<u32>(target + HEADER_WATERMARKS, watermark == WATERMARK_MIN ? 0 : <u32>length);
    store<u32>(target + HEADER_WATERMARK_COUNT, watermark == WATERMARK_MIN ? 0 : 1);
    if (watermark != WATERMARK_MIN) {
      this.sent = watermark;
      store<i64>(target + length, watermark);
      store<u64>(target + length, <u64>count, 8);
      length += 16;
    }
    store<u32>(target + HEADER_BYTE_LENGTH, <u32>length);
    store<u32>(raw, <u32>length);
    this.rowsIn += count;
    this.writers[0].pushBlock(target, count);
    return Status.DONE;
  }
}
