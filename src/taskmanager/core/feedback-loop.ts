/**
 * The loop of an iteration, as the task at its head sees it: which rows come back, and when none is under way any
 * more. Then, and only then, the iteration ends (Flink's head ends when nothing has come back for a time, and loses
 * what comes later).
 *
 * Once what comes from outside has ended, the head sends markers through the loop: watermarks near the end of event time,
 * each one ms after the one before. A watermark passes a task when it has come over all of its channels, and no row
 * overtakes it. So when a marker is back on every feedback channel, everything that the head sent before it has gone round;
 * if no row came back meanwhile, the loop is empty.
 */
import {
  type BatchWatermark,
  blockRowCount,
  blockWatermarks,
  rewriteBlockWatermarks,
} from "../../protocol/batch/block-header.ts";
import { MillraceError } from "../../protocol/errors.ts";
import { ITERATION_FEEDBACK_MAX_BYTES } from "../../protocol/limits.ts";
import { type StreamElement, WATERMARK_MAX, WATERMARK_MIN } from "./element.ts";

/** So many markers lie before the end of event time: a round a marker. */
const MARKERS = 1n << 40n;

/** What the head does when a marker is back: send the next one, or end. */
export type LoopAnswer = "wait" | "again" | "empty";

export class FeedbackLoop {
  /** Last marker that came back, by feedback channel. */
  readonly #back: bigint[];
  #marker = WATERMARK_MIN;
  #rowsBack = false;
  #queuedBytes = 0;

  constructor(channels: number) {
    this.#back = Array.from({ length: channels }, () => WATERMARK_MIN);
  }

  /**
   * The next marker to send: nothing more comes from outside.
   * @param watermark The last that was sent: markers of a loop before this one have passed, too
   */
  nextMarker(watermark: bigint): bigint {
    const first = WATERMARK_MAX - MARKERS;
    this.#marker = watermark < first ? first : watermark + 1n;
    this.#rowsBack = false;
    if (this.#marker < WATERMARK_MAX) return this.#marker;
    const message = "Cannot end the iteration: event time has no room for another round";
    const expected = `timestamps below ${first}, and fewer rounds behind the end of the input`;
    throw new MillraceError("ITERATION_NOT_EMPTY", message, { value: String(watermark), expected });
  }

  /** Something came back; answers its rows, if it has any, as a block without event time. */
  take(channel: number, element: StreamElement): { answer: LoopAnswer; block?: Uint8Array } {
    if (element.type === "watermark") {
      return { answer: this.watermark(channel, element.timestamp) };
    }
    if (element.type === "end") return { answer: this.watermark(channel, WATERMARK_MAX) };
    if (element.type !== "batch") return { answer: "wait" };
    const { block } = element;
    this.taken(block.byteLength);
    const [rows, entries] = [blockRowCount(block), blockWatermarks(block)];
    const watermarks = entries.filter(({ idle }) => idle === undefined);
    const answer = this.batch(channel, rows, watermarks);
    if (rows === 0) return { answer };
    return { answer, block: entries.length === 0 ? block : rewriteBlockWatermarks(block, []) };
  }

  /** A batch came back, with the watermarks that lie in it; event time does not go round. */
  batch(channel: number, rows: number, watermarks: readonly BatchWatermark[]): LoopAnswer {
    if (rows > 0) this.#rowsBack = true;
    let answer: LoopAnswer = "wait";
    for (const { timestamp } of watermarks) answer = this.watermark(channel, timestamp);
    return answer;
  }

  /** A watermark came back. */
  watermark(channel: number, timestamp: bigint): LoopAnswer {
    if (timestamp <= this.#back[channel]!) return "wait";
    this.#back[channel] = timestamp;
    if (this.#marker === WATERMARK_MIN || this.#back.some((one) => one < this.#marker))
      return "wait";
    return this.#rowsBack ? "again" : "empty";
  }

  /** A batch waits. Rows wait at the head without credits, or a full loop would wait for itself: so they are limited here. */
  queued(bytes: number): void {
    this.#queuedBytes += bytes;
    if (this.#queuedBytes <= ITERATION_FEEDBACK_MAX_BYTES) return;
    const message = `Cannot take rows back into the iteration: ${this.#queuedBytes} bytes wait at its head`;
    const expected = `at most ${ITERATION_FEEDBACK_MAX_BYTES} bytes: a loop that gives back fewer rows than it gets`;
    throw new MillraceError("ITERATION_FEEDBACK_FULL", message, { expected });
  }

  taken(bytes: number): void {
    this.#queuedBytes -= bytes;
  }
}

/** Rows that came back although the loop had been empty: an operator of the loop kept them to the end of event time. */
export function rowsAfterEnd(rows: number): MillraceError {
  const message = `Cannot end the iteration: ${rows} rows came back behind its end`;
  const expected =
    "a loop whose operators give no rows at the end of event time alone (a global window, a timer at the largest time)";
  return new MillraceError("ITERATION_NOT_EMPTY", message, { expected });
}
