/**
 * Drives the generators of an operator that makes watermarks: one, or with a strategy at the source
 * one for each split (Flink: TimestampsAndWatermarksOperator, ProgressiveTimestampsAndWatermarks).
 */
import { JsonValue } from "../config-json";
import { WATERMARK_MAX } from "../layout";
import { Operator } from "../operator";
import { processingTime } from "../processing-time";
import { WatermarkEmitter } from "./watermark-emitter";
import { WatermarkGenerator, WatermarksWithIdleness } from "./watermark-generator";
import { WatermarkOutput } from "./watermark-output";
import { WatermarkOutputMultiplexer } from "./watermark-output-multiplexer";

/** Flink: ExecutionConfig's pipeline.auto-watermark-interval. */
const DEFAULT_INTERVAL: i64 = 200;

/** Makes a generator for each split, or one in all (Flink: WatermarkGeneratorSupplier). */
export interface WatermarkGeneratorSupplier<T> {
  __newGenerator(): WatermarkGenerator<T>;
}

/** Generator and outputs of the split that is being read. */
class SplitWatermarks<T> {
  constructor(
    readonly generator: WatermarkGenerator<T>,
    readonly immediate: WatermarkOutput,
    readonly deferred: WatermarkOutput,
  ) {}
}

export class WatermarkDriver<T> {
  /** When the next periodic emission is due, ms of processing time. */
  nextEmit: i64 = i64.MAX_VALUE;
  private interval: i64;
  private idleTimeout: i64;
  private emitter: WatermarkEmitter;
  private generator!: WatermarkGenerator<T>;
  /** Where the generator's watermarks go that stand behind a row. */
  private output: WatermarkOutput;
  private perSplit: bool;
  private multiplexer: WatermarkOutputMultiplexer;
  private split: SplitWatermarks<T> | null = null;
  private splits: i32 = 0;

  constructor(
    operator: Operator,
    parameters: JsonValue,
    private supplier: WatermarkGeneratorSupplier<T>,
  ) {
    this.interval = parameters.get("autoWatermarkIntervalMs").long(DEFAULT_INTERVAL);
    this.idleTimeout = parameters.get("idlenessMs").long(0);
    this.perSplit = parameters.get("perSplit").bool(false);
    const emitter = new WatermarkEmitter(operator);
    this.emitter = emitter;
    this.output = emitter;
    this.multiplexer = new WatermarkOutputMultiplexer(emitter);
    this.generator = newGenerator<T>(supplier, this.idleTimeout);
    if (this.interval > 0) this.nextEmit = processingTime() + this.interval;
  }

  /** A row, behind which the generator may emit; or a run of rows of which this is the highest timestamp. */
  // @ts-ignore: decorator
  @inline
  onEvent(event: T, timestamp: i64): void {
    this.generator.onEvent(event, timestamp, this.output);
  }

  /** The periodic emission that is due at `now`. */
  onProcessingTime(now: i64): void {
    this.emit();
    this.nextEmit = now > i64.MAX_VALUE - this.interval ? i64.MAX_VALUE : now + this.interval;
  }

  /** Of the watermarks that come in only the last one passes: it ends event time. */
  onWatermark(timestamp: i64): void {
    if (timestamp == WATERMARK_MAX) this.emitter.emitWatermark(timestamp);
  }

  /** Another split begins; the one before it has been read. */
  onSplit(): void {
    if (!this.perSplit) return;
    const multiplexer = this.multiplexer;
    if (this.splits > 0) multiplexer.unregisterOutput(this.splits.toString());
    const id = (++this.splits).toString();
    multiplexer.registerNewOutput(id);
    // The first split has the generator that is there.
    const generator =
      this.splits == 1 ? this.generator : newGenerator<T>(this.supplier, this.idleTimeout);
    const immediate = multiplexer.getImmediateOutput(id);
    this.split = new SplitWatermarks<T>(generator, immediate, multiplexer.getDeferredOutput(id));
    this.generator = generator;
    this.output = immediate;
  }

  /** The end of the input (Flink: finish): what the generator still has. */
  onEnd(): void {
    this.emit();
    this.nextEmit = i64.MAX_VALUE;
  }

  private emit(): void {
    const split = this.split;
    if (split === null) {
      this.generator.onPeriodicEmit(this.emitter);
      return;
    }
    split.generator.onPeriodicEmit(split.deferred);
    this.multiplexer.onPeriodicEmit();
  }
}

function newGenerator<T>(
  supplier: WatermarkGeneratorSupplier<T>,
  idleTimeout: i64,
): WatermarkGenerator<T> {
  const generator = supplier.__newGenerator();
  return idleTimeout > 0 ? new WatermarksWithIdleness<T>(generator, idleTimeout) : generator;
}
