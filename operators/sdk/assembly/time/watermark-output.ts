/** Where watermarks and idleness go (Flink: WatermarkOutput). */

import { Counter } from "../metrics";

/**
 * Takes the watermarks of a generator (Flink: WatermarkOutput). It is handed to its methods; nobody makes one.
 *
 *     class UntilSilence extends WatermarkGenerator<Seen> {
 *       onEvent(event: Seen, eventTimestamp: i64, output: WatermarkOutput): void {
 *         if (event.at < 0) output.markIdle();
 *         else output.emitWatermark(eventTimestamp - 1);
 *       }
 *       onPeriodicEmit(output: WatermarkOutput): void {}
 *     }
 */
export abstract class WatermarkOutput {
  /** @internal Watermarks that went backwards. */
  __ignored: Counter = new Counter();

  /**
   * Says that no row with a timestamp up to `timestamp` (ms) is to come. One that is not above the
   * last one is ignored; one below it is counted in the metric `watermarksIgnored`. It ends idleness.
   */
  abstract emitWatermark(timestamp: i64): void;

  /** Says that nothing comes at present: downstream waits for other inputs alone, until markActive or the next watermark. */
  abstract markIdle(): void;

  /** Ends idleness without a watermark. */
  abstract markActive(): void;
}
