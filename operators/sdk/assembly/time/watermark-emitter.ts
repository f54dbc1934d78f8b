/** The watermarks of an operator's own making on their way out (Flink: TimestampsAndWatermarksOperator.WatermarkEmitter). */
import { Operator } from "../operator";
import { isAdvance, WATERMARKS_IGNORED } from "./ignored-watermarks";
import { WatermarkOutput } from "./watermark-output";

/** Sends what grows through every output of an operator, and each change of status once. */
export class WatermarkEmitter extends WatermarkOutput {
  private isIdle: bool = false;

  constructor(private operator: Operator) {
    super();
    this.__ignored = operator.config.metrics.counter(WATERMARKS_IGNORED);
  }

  emitWatermark(timestamp: i64): void {
    const operator = this.operator;
    if (!isAdvance(timestamp, operator.currentWatermark, this.__ignored)) return;
    operator.currentWatermark = timestamp;
    this.markActive();
    operator.forwardWatermark(timestamp);
  }

  markIdle(): void {
    if (this.isIdle) return;
    this.isIdle = true;
    this.operator.forwardStatus(true);
  }

  markActive(): void {
    if (!this.isIdle) return;
    this.isIdle = false;
    this.operator.forwardStatus(false);
  }
}
