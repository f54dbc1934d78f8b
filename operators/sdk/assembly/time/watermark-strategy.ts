/** An author's event time and watermarks (Flink: WatermarkStrategy), and the operator that runs it. */
import { BatchReader } from "../batch-reader";
import { copyRow } from "../copy-columns";
import { FunctionOperator, RichFunction, RuntimeContext } from "../functions";
import { Status } from "../layout";
import { RowView } from "../row";
import { FieldTimestamps } from "./field-timestamps";
import {
  IngestionTimeAssigner,
  RecordTimestampAssigner,
  TimestampAssigner,
} from "./timestamp-assigner";
import { WatermarkDriver, WatermarkGeneratorSupplier } from "./watermark-driver";
import { WatermarkGenerator } from "./watermark-generator";

/**
 * Timestamps and watermarks by own code (Flink: WatermarkStrategy): what
 * `assignTimestampsAndWatermarks` and `fromSource` take beside the strategies of the builder. Rows
 * leave as they came, with the timestamp; watermarks from upstream end here, but for the last one.
 * The job may set the watermark interval, idleness, and a timestamp field, which then stands for
 * createTimestampAssigner.
 *
 *     @operator
 *     class ByMinute extends WatermarkStrategy<Seen> {
 *       createTimestampAssigner(context: RuntimeContext): TimestampAssigner<Seen> {
 *         return new SeenAt();
 *       }
 *       createWatermarkGenerator(context: RuntimeContext): WatermarkGenerator<Seen> {
 *         return new EachMinute();
 *       }
 *     }
 */
export abstract class WatermarkStrategy<T extends RowView>
  extends RichFunction
  implements WatermarkGeneratorSupplier<T>
{
  /** The generator of this subtask; at a source called again for each split. */
  abstract createWatermarkGenerator(context: RuntimeContext): WatermarkGenerator<T>;

  /** Default: rows keep the timestamp that they have. Not asked where the job names a field. */
  createTimestampAssigner(context: RuntimeContext): TimestampAssigner<T> {
    return new RecordTimestampAssigner<T>();
  }

  __newGenerator(): WatermarkGenerator<T> {
    return this.createWatermarkGenerator(this.__context!);
  }
}

/** Runs a WatermarkStrategy (Flink: TimestampsAndWatermarksOperator). */
export class TimestampsAndWatermarksOperator<
  F extends WatermarkStrategy<In>,
  In extends RowView,
> extends FunctionOperator<F, In> {
  private driver!: WatermarkDriver<In>;
  private assigner!: TimestampAssigner<In>;
  private field: FieldTimestamps | null = null;

  open(): i32 {
    const status = super.open();
    if (status != Status.DONE) return status;
    const parameters = this.config.parameters.get("watermarks");
    if (!parameters.get("field").isNull()) {
      const field = new FieldTimestamps();
      const problem = field.open(parameters, this.config.inputs[0]);
      if (problem !== null) return this.refuse(problem);
      this.field = field;
    }
    this.assigner = parameters.get("ingestionTime").bool(false)
      ? new IngestionTimeAssigner<In>()
      : this.fn.createTimestampAssigner(this.fn.__context!);
    this.driver = new WatermarkDriver<In>(this, parameters, this.fn);
    return Status.DONE;
  }

  attach(reader: BatchReader): void {
    super.attach(reader);
    const field = this.field;
    if (field !== null) field.attach(reader);
  }

  rows(from: i32, to: i32): i32 {
    const reader = this.reader;
    const writer = unchecked(this.writers[0]);
    const field = this.field;
    for (let i = from; i < to; i++) {
      const row = this.beginRow(i);
      let time: i64;
      if (field === null) {
        const given = writer.hasTimestamp ? writer.timestamp : i64.MIN_VALUE;
        time = this.assigner.extractTimestamp(this.input, given);
        if (this.rowFailed(row)) return i + 1;
      } else {
        if (field.isNull(row)) {
          this.result.say("the event time is NULL");
          this.failedRow = row;
          return i + 1;
        }
        time = field.at(row);
      }
      writer.hasTimestamp = true;
      writer.timestamp = time;
      writer.rowKind = reader.rowKind(row);
      copyRow(reader, row, writer);
      writer.endRow();
      this.driver.onEvent(this.input, time);
      if (writer.full) return i + 1;
    }
    return to;
  }

  onWatermark(timestamp: i64, budget: i32): i32 {
    this.driver.onWatermark(timestamp);
    return Status.DONE;
  }

  /** Upstream's statuses end here, as its watermarks do. */
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
}
