/** What the watermarks and statuses of a task's channels come to for the task, between batches and within them. */
import {
  type BatchWatermark,
  blockWatermarks,
  rewriteBlockWatermarks,
} from "../../protocol/batch/block-header.ts";
import { WATERMARK_MAX, WATERMARK_MIN } from "./element.ts";
import { asEvents, WatermarkCoalescer, type WatermarkEvent } from "./watermark-coalescer.ts";

/** A channel by its input and its place there. */
interface ChannelPlace {
  readonly input: number;
  readonly index: number;
}

export class InputWatermarks {
  readonly #coalescer: WatermarkCoalescer;
  readonly #holdsEnd: boolean;
  /** The task's last watermark. */
  current = WATERMARK_MIN;

  /**
   * @param channels number of channels of each input
   * @param holdsEnd the end of event time is not let out: it waits at the head of an iteration until its loop is empty
   */
  constructor(channels: readonly number[], holdsEnd: boolean) {
    this.#coalescer = new WatermarkCoalescer(channels);
    this.#holdsEnd = holdsEnd;
  }

  watermark({ input, index }: ChannelPlace, timestamp: bigint): WatermarkEvent[] {
    return this.#letOut(asEvents(this.#coalescer.watermark(input, index, timestamp)));
  }

  status({ input, index }: ChannelPlace, idle: boolean): WatermarkEvent[] {
    return this.#letOut(this.#coalescer.status(input, index, idle));
  }

  /** A channel has ended. */
  end({ input, index }: ChannelPlace): WatermarkEvent[] {
    return this.#letOut(this.#coalescer.end(input, index));
  }

  /**
   * Replaces a batch's watermarks and statuses by those that the task as a whole reaches at these
   * rows; answers the block with them.
   */
  inBatch(from: ChannelPlace, block: Uint8Array): Uint8Array {
    const entries = blockWatermarks(block);
    if (entries.length === 0) return block;
    const kept: BatchWatermark[] = [];
    for (const { timestamp, row, idle } of entries) {
      const events = idle === undefined ? this.watermark(from, timestamp) : this.status(from, idle);
      for (const event of events) {
        if (event.type === "status") {
          kept.push({ timestamp: 0n, row, idle: event.idle });
          continue;
        }
        const last = kept.at(-1);
        if (last?.row === row && last.idle === undefined) kept.pop();
        kept.push({ timestamp: event.timestamp, row });
      }
    }
    return rewriteBlockWatermarks(block, kept);
  }

  #letOut(events: readonly WatermarkEvent[]): WatermarkEvent[] {
    const out = events.filter(
      (event) =>
        !(this.#holdsEnd && event.type === "watermark" && event.timestamp === WATERMARK_MAX),
    );
    for (const event of out) if (event.type === "watermark") this.current = event.timestamp;
    return out;
  }
}
