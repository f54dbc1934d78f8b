/** Watermarks of several splits made into those of their source (Flink: WatermarkOutputMultiplexer). */
import { WATERMARK_MIN } from "../layout";
import { Counter } from "../metrics";
import { isAdvance } from "./ignored-watermarks";
import { WatermarkOutput } from "./watermark-output";

/** Watermark and status of one output (Flink: PartialWatermark). */
class PartialWatermark {
  watermark: i64 = WATERMARK_MIN;
  isIdle: bool = false;

  constructor(private ignored: Counter) {}

  /** Answers whether the watermark grew. It ends idleness in any case. */
  raise(timestamp: i64): bool {
    this.isIdle = false;
    if (!isAdvance(timestamp, this.watermark, this.ignored)) return false;
    this.watermark = timestamp;
    return true;
  }
}

/** What is said here counts at once. */
class ImmediateOutput extends WatermarkOutput {
  constructor(
    private multiplexer: WatermarkOutputMultiplexer,
    private partial: PartialWatermark,
  ) {
    super();
  }

  emitWatermark(timestamp: i64): void {
    if (this.partial.raise(timestamp)) this.multiplexer.onPeriodicEmit();
  }

  markIdle(): void {
    this.partial.isIdle = true;
    this.multiplexer.onPeriodicEmit();
  }

  markActive(): void {
    this.partial.isIdle = false;
    this.multiplexer.onPeriodicEmit();
  }
}

/** What is said here counts from the next periodic emission on. */
class DeferredOutput extends WatermarkOutput {
  constructor(private partial: PartialWatermark) {
    super();
  }

  emitWatermark(timestamp: i64): void {
    this.partial.raise(timestamp);
  }

  markIdle(): void {
    this.partial.isIdle = true;
  }

  markActive(): void {
    this.partial.isIdle = false;
  }
}

/**
 * Combines the watermarks of outputs that come and go, one for each split of a source (Flink:
 * WatermarkOutputMultiplexer): the smallest one of those that are not idle, where it grew; of idle
 * ones alone the largest, and idle. An output that has said nothing holds the others at the smallest
 * value. Without outputs nothing is said. Sources whose strategy stands in `fromSource` have one.
 *
 *     const splits = new WatermarkOutputMultiplexer(output);
 *     splits.registerNewOutput("a");
 *     splits.getImmediateOutput("a").emitWatermark(5);
 */
export class WatermarkOutputMultiplexer {
  private ids: string[] = [];
  private partials: PartialWatermark[] = [];
  private combined: i64 = WATERMARK_MIN;

  /** Without outputs yet. @param underlying takes what follows from all outputs */
  constructor(private underlying: WatermarkOutput) {}

  /** Adds an output. An id that is there traps. */
  registerNewOutput(id: string): void {
    assert(this.ids.indexOf(id) < 0, "there is an output " + id);
    this.ids.push(id);
    this.partials.push(new PartialWatermark(this.underlying.__ignored));
  }

  /** Removes an output: it counts no more, from the next update on. False: there is none of that id. */
  unregisterOutput(id: string): bool {
    const index = this.ids.indexOf(id);
    if (index < 0) return false;
    this.ids.splice(index, 1);
    this.partials.splice(index, 1);
    return true;
  }

  /** For what counts at once, as from onEvent. An id that is not there traps. */
  getImmediateOutput(id: string): WatermarkOutput {
    return new ImmediateOutput(this, this.partialOf(id));
  }

  /** For what counts from onPeriodicEmit on: so that all splits are heard first. An id that is not there traps. */
  getDeferredOutput(id: string): WatermarkOutput {
    return new DeferredOutput(this.partialOf(id));
  }

  /** Says what all outputs together have come to. */
  onPeriodicEmit(): void {
    const partials = this.partials;
    if (partials.length == 0) return;
    let least = i64.MAX_VALUE;
    let most = WATERMARK_MIN;
    let areIdle = true;
    for (let i = 0; i < partials.length; i++) {
      const partial = partials[i];
      most = max(most, partial.watermark);
      if (partial.isIdle) continue;
      areIdle = false;
      least = min(least, partial.watermark);
    }
    const reached = areIdle ? most : least;
    if (reached > this.combined) {
      this.combined = reached;
      this.underlying.emitWatermark(reached);
    }
    if (areIdle) this.underlying.markIdle();
  }

  private partialOf(id: string): PartialWatermark {
    const index = this.ids.indexOf(id);
    assert(index >= 0, "there is no output " + id);
    return this.partials[index];
  }
}
