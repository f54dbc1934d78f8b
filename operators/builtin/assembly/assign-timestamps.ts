/**
 * `assign_timestamps`: event time from a field, from the record or from the clock, and watermarks
 * (Flink: TimestampsAndWatermarksOperator). Parameters: field and unit of an integer field (s, ms, us,
 * ns; TIMESTAMP fields know theirs), or ingestionTime, or neither: then rows keep what they have;
 * strategy bounded (by maxOutOfOrdernessMs), monotonous or none; and those of WatermarkDriver.
 * Watermarks and statuses from upstream end here, but for the last watermark.
 */
import { BatchReader } from "../../sdk/assembly/batch-reader";
import { copyRow } from "../../sdk/assembly/copy-columns";
import {
  HEADER_BYTE_LENGTH,
  HEADER_EVENT_TIME,
  HEADER_EVENT_TIME_VALIDITY,
  HEADER_WATERMARK_COUNT,
  HEADER_WATERMARKS,
  Status,
  WATERMARK_MAX,
} from "../../sdk/assembly/layout";
import { RecordOperator } from "../../sdk/assembly/operator";
import { FieldTimestamps } from "../../sdk/assembly/time/field-timestamps";
import { IngestionTimeAssigner } from "../../sdk/assembly/time/timestamp-assigner";
import { WatermarkDriver, WatermarkGeneratorSupplier } from "../../sdk/assembly/time/watermark-driver";
import {
  AscendingTimestampsWatermarks,
  BoundedOutOfOrdernessWatermarks,
  NoWatermarksGenerator,
  WatermarkGenerator,
} from "../../sdk/assembly/time/watermark-generator";

/** None of these generators looks at a row, so they are told of the highest timestamp of a run. */
class Run {}

const RUN: Run = new Run();

class BuiltinGenerators implements WatermarkGeneratorSupplier<Run> {
  constructor(
    readonly strategy: string,
    readonly bound: i64,
  ) {}

  __newGenerator(): WatermarkGenerator<Run> {
    if (this.strategy == "none") return new NoWatermarksGenerator<Run>();
    if (this.strategy == "monotonous") return new AscendingTimestampsWatermarks<Run>();
    return new BoundedOutOfOrdernessWatermarks<Run>(this.bound);
  }
}

export class AssignTimestampsOperator extends RecordOperator {
  private driver!: WatermarkDriver<Run>;
  private field: FieldTimestamps | null = null;
  private clock: IngestionTimeAssigner<Run> | null = null;

  open(): i32 {
    const parameters = this.config.parameters;
    if (!parameters.get("field").isNull()) {
      const field = new FieldTimestamps();
      const problem = field.open(parameters, this.config.inputs[0]);
      if (problem !== null) return this.refuse(problem);
      this.field = field;
    } else if (parameters.get("ingestionTime").bool(false)) {
      this.clock = new IngestionTimeAssigner<Run>();
    }
    const strategy = parameters.get("strategy").string("bounded");
    if (["bounded", "monotonous", "none"].indexOf(strategy) < 0) {
      return this.refuse("strategy must be bounded, monotonous or none: " + strategy);
    }
    const bound = parameters.get("maxOutOfOrdernessMs").long(0);
    if (bound < 0) return this.refuse("maxOutOfOrdernessMs is negative");
    const supplier = new BuiltinGenerators(strategy, bound);
    this.driver = new WatermarkDriver<Run>(this, parameters, supplier);
    return Status.DONE;
  }

  process(input: i32, block: usize, budget: i32): i32 {
    if (this.reader.block == 0 && this.passesWhole(block, budget)) return this.passWhole(block);
    return super.process(input, block, budget);
  }

  onWatermark(timestamp: i64, budget: i32): i32 {
    this.driver.onWatermark(timestamp);
    return Status.DONE;
  }

  status(idle: bool): i32 {
    return Status.DONE;
  }

  nextTimer(domain: i32): i64 {
    return domain == 1 ? this.driver.nextEmit : i64.MAX_VALUE;
  }

  timers(domain: i32, now: i64, budget: i32): i32 {
    if (domain == 1 && now >= this.driver.nextEmit) this.driver.onProcessingTime(now);
    return Status.DONE;
  }

  sourceAssign(start: usize, length: i32): i32 {
    this.driver.onSplit();
    return Status.DONE;
  }

  endInput(input: i32, budget: i32): i32 {
    this.driver.onEnd();
    return Status.DONE;
  }

  attach(reader: BatchReader): void {
    const field = this.field;
    if (field !== null) field.attach(reader);
  }

  rows(from: i32, to: i32): i32 {
    const reader = this.reader;
    const writer = this.writers[0];
    let highest = i64.MIN_VALUE;
    let i = from;
    while (i < to) {
      const row = reader.physical(i++);
      if (this.isTimeless(row)) {
        this.failedRow = row;
        break;
      }
      const time = this.time(row);
      highest = max(highest, time);
      writer.hasTimestamp = true;
      writer.timestamp = time;
      writer.rowKind = reader.rowKind(row);
      copyRow(reader, row, writer);
      writer.endRow();
      if (writer.full) break;
    }
    if (i - from > <i32>(this.failedRow >= 0)) this.driver.onEvent(RUN, highest);
    return i;
  }

  /** Whether a row has no event time; then the result says why. */
  // @ts-ignore: decorator
  @inline
  private isTimeless(row: i32): bool {
    const field = this.field;
    if (field !== null) {
      if (!field.isNull(row)) return false;
      this.result.say("the event time is NULL");
      return true;
    }
    // Flink goes on with Long.MIN_VALUE here, which no window takes.
    if (this.clock !== null || this.reader.hasTimestamp(row)) return false;
    this.result.say("the record has no timestamp: name the field that holds its event time");
    return true;
  }

  /** Of a row that has one. */
  // @ts-ignore: decorator
  @inline
  private time(row: i32): i64 {
    const field = this.field;
    if (field !== null) return field.at(row);
    const clock = this.clock;
    if (clock !== null) return clock.extractTimestamp(RUN, i64.MIN_VALUE);
    return this.reader.timestamp(row);
  }

  /** Whether a block can go on as it is, with a new lane: all rows count, none fails, all fit. */
  private passesWhole(block: usize, budget: i32): bool {
    const reader = this.reader;
    const field = this.field;
    reader.attach(block);
    let whole =
      field !== null &&
      reader.selection == 0 &&
      reader.count > 0 &&
      reader.count <= budget &&
      reader.count <= this.writers[0].roomRows &&
      reader.validity(field.node) == 0;
    for (let i = 0; i < reader.watermarkCount && whole; i++) {
      if (reader.watermark(i) == WATERMARK_MAX) whole = false;
    }
    if (!whole) reader.detach();
    return whole;
  }

  private passWhole(block: usize): i32 {
    const reader = this.reader;
    const field = this.field!;
    const count = reader.count;
    const bytes = <usize>load<u32>(block + HEADER_BYTE_LENGTH);
    const length = bytes + ((<usize>count) << 3);
    const target = heap.alloc(length + 8) + 8;
    memory.copy(target, block, bytes);
    const lane = target + bytes;
    field.attach(reader);
    let highest = i64.MIN_VALUE;
    for (let i = 0; i < count; i++) {
      const time = field.at(i);
      highest = max(highest, time);
      store<i64>(lane + ((<usize>i) << 3), time);
    }
    reader.detach();
    store<u32>(target + HEADER_EVENT_TIME, <u32>bytes);
    store<u32>(target + HEADER_EVENT_TIME_VALIDITY, 0);
    store<u32>(target + HEADER_WATERMARKS, 0);
    store<u32>(target + HEADER_WATERMARK_COUNT, 0);
    store<u32>(target + HEADER_BYTE_LENGTH, <u32>length);
    store<u32>(target - 8, <u32>length);
    this.rowsIn += count;
    this.writers[0].pushBlock(target, count);
    this.driver.onEvent(RUN, highest);
    return Status.DONE;
  }
}
