/**
 * One subtask: takes elements from its gate (or data from its source's connector), makes the
 * matching calls of its operator chain one after the other, and says when it has ended.
 *
 * Life: RUNNING until all inputs or the source have ended and the chain has seen it, then ENDING
 * until everything is sent, then FINISHED; CANCELED or FAILED from anywhere. Nothing runs behind
 * these three. Here a checkpoint barrier will be handled: see `#onElement`.
 */

import {
  blockRowCount,
  blockWatermarks,
  rewriteBlockWatermarks,
} from "../../protocol/batch/block-header.ts";
import type { Deployment, TaskDescriptor } from "../../protocol/deployment.ts";
import { type ErrorBody, errorBodyOf, MillraceError, unreachable } from "../../protocol/errors.ts";
import { FRAME_KIND } from "../../protocol/frame.ts";
import { SOURCE_READS_AHEAD } from "../../protocol/limits.ts";
import { type OwnedFrame, type StreamElement, WATERMARK_MAX, WATERMARK_MIN } from "./element.ts";
import { FeedbackLoop, type LoopAnswer, rowsAfterEnd } from "./feedback-loop.ts";
import { type InputChannel, InputGate, type TakenElement } from "./input-gate.ts";
import type { ChainCall, OperatorChainPort } from "./task-chain.ts";
import type { TaskOutput } from "./task-output.ts";
import { asEvents, type CoalescedEvent, WatermarkCoalescer } from "./watermark-coalescer.ts";

export type TaskPhase = "RUNNING" | "ENDING" | "FINISHED" | "CANCELED" | "FAILED";

/** What the connector of a source hands to its task, in answer to a request. */
export type SourceData =
  | { readonly type: "split"; readonly split: Uint8Array }
  /** Bytes of the present split; `last`: its end. */
  | { readonly type: "bytes"; readonly bytes: Uint8Array; readonly last: boolean }
  /** Makes rows out of nothing (data generator): at most about `rows`. */
  | { readonly type: "poll"; readonly rows?: number | undefined }
  /** No more splits: the source is at its end. */
  | { readonly type: "finished" };

/** What a task asks its slot to do. */
export interface TaskEffects {
  /** A batch's buffer goes back with the credit. */
  grantCredit(channel: InputChannel, recycled: ArrayBuffer | undefined): void;
  requestSource(): void;
  phase(phase: TaskPhase, error?: ErrorBody): void;
}

/** A running subtask. */
export class Task {
  readonly descriptor: TaskDescriptor;
  readonly output: TaskOutput;
  readonly gate: InputGate;
  readonly #chain: OperatorChainPort;
  readonly #effects: TaskEffects;
  readonly #bufferTimeoutMs: number;
  readonly #coalescer: WatermarkCoalescer;
  readonly #isSource: boolean;
  /** Of the head of an iteration: what comes back over input `feedbackInput`. */
  readonly #loop: FeedbackLoop | undefined;
  readonly #calls: ChainCall[] = [];
  readonly #sourceData: SourceData[] = [];
  #sourceRequests = 0;
  #sourceEnded = false;
  #phase: TaskPhase = "RUNNING";
  #blockedSinceMs: number | undefined;
  #flushAtMs: number | undefined;
  #timerAtMs: number | undefined;
  #current: ChainCall | undefined;
  #consuming: { readonly from: InputChannel; readonly backing: ArrayBuffer } | undefined;
  #backpressuredMs = 0;
  #bytesIn = 0;
  #watermark = WATERMARK_MIN;

  constructor(
    descriptor: TaskDescriptor,
    deployment: Pick<Deployment, "bufferTimeoutMs">,
    chain: OperatorChainPort,
    output: TaskOutput,
    effects: TaskEffects,
  ) {
    this.descriptor = descriptor;
    this.output = output;
    const { feedbackInput } = descriptor;
    this.gate = new InputGate(descriptor.gates, feedbackInput);
    this.#chain = chain;
    this.#effects = effects;
    this.#bufferTimeoutMs = deployment.bufferTimeoutMs;
    this.#isSource = this.gate.channels.length === 0;
    const counts = this.gate.open.length === 0 ? [1] : [...this.gate.open];
    if (feedbackInput !== undefined) {
      this.#loop = new FeedbackLoop(counts[feedbackInput]!);
      // Event time does not go round: it is that of the other input.
      counts.splice(feedbackInput, 1);
    }
    this.#coalescer = new WatermarkCoalescer(counts);
  }

  get phase(): TaskPhase {
    return this.#phase;
  }

  get stopped(): boolean {
    return this.#phase !== "RUNNING" && this.#phase !== "ENDING";
  }

  /** Opens the task for its producers and its source. */
  start(): void {
    this.#requestSource();
  }

  /** Whether `run` would do something now. */
  runnable(nowMs: number): boolean {
    if (this.#phase !== "RUNNING") return this.#phase === "ENDING" && this.#canEnd();
    if (this.#chain.busy) return this.#blockedSinceMs === undefined;
    if (this.#calls.length > 0 || this.#sourceData.length > 0 || this.gate.queued > 0) return true;
    return this.#due(this.#flushAtMs, nowMs) || this.#due(this.#timerAtMs, nowMs);
  }

  /** When the task has to be run although nothing came. */
  nextDeadlineMs(): number | undefined {
    // A blocked call waits for credits or for a sink: waking up by time would do nothing.
    if (this.#phase !== "RUNNING" || this.#blockedSinceMs !== undefined) return undefined;
    if (this.#flushAtMs === undefined) return this.#timerAtMs;
    if (this.#timerAtMs === undefined) return this.#flushAtMs;
    return Math.min(this.#flushAtMs, this.#timerAtMs);
  }

  /** A frame for one of the task's channels; false: not its channel. */
  offer(frame: OwnedFrame): boolean {
    if (this.stopped) return false;
    try {
      const taken = this.gate.offer(frame);
      if (taken) this.#bytesIn += frame.payload.byteLength;
      if (taken && this.#loop !== undefined) this.#offered(frame, this.#loop);
      return taken;
    } catch (error) {
      this.fail(errorBodyOf(error));
      return true;
    }
  }

  /** Credits for one of the task's outputs; false: not its channel. */
  credit(channel: number, credits: number, nowMs: number): boolean {
    if (this.stopped || !this.output.credit(channel, credits)) return false;
    this.#unblock(nowMs);
    return true;
  }

  sinkDone(operator: number, nowMs: number): void {
    if (this.stopped) return;
    this.output.sinkDone(operator);
    this.#unblock(nowMs);
  }

  sourceData(data: SourceData): void {
    if (this.stopped || this.#sourceEnded) return;
    this.#sourceRequests--;
    this.#sourceData.push(data);
  }

  /** One slice of work. */
  run(nowMs: number): void {
    if (this.stopped) return;
    try {
      if (this.#phase === "ENDING") {
        if (this.#canEnd()) this.#stop("FINISHED");
        return;
      }
      if (!this.#chain.busy && !this.#beginNext(nowMs)) return;
      const progress = this.#chain.run(this.output);
      if (progress === "blocked") this.#blockedSinceMs = nowMs;
      else if (progress === "done") this.#callDone(nowMs);
    } catch (error) {
      this.fail(errorBodyOf(error));
    }
  }

  cancel(): void {
    if (!this.stopped) this.#stop("CANCELED");
  }

  fail(error: ErrorBody): void {
    if (!this.stopped) this.#stop("FAILED", error);
  }

  /**
   * Counters since the task started.
   * @param nowMs with it, the time of a wait that still lasts counts too: one that lasts for ever is
   *   what a person looks for
   */
  metrics(nowMs?: number) {
    if (nowMs !== undefined && this.#blockedSinceMs !== undefined) {
      this.#unblock(nowMs);
      this.#blockedSinceMs = nowMs;
    }
    const { recordsIn, recordsFailed, busyMs } = this.#chain.counters();
    return {
      vertex: this.descriptor.vertex,
      subtask: this.descriptor.subtask,
      recordsIn,
      recordsOut: this.output.recordsOut,
      recordsFailed,
      bytesIn: this.#bytesIn,
      bytesOut: this.output.bytesOut,
      ...(this.#watermark === WATERMARK_MIN ? {} : { watermark: String(this.#watermark) }),
      busyMs,
      backpressuredMs: this.#backpressuredMs,
    };
  }

  #beginNext(nowMs: number): boolean {
    if (this.#calls.length === 0) this.#findWork(nowMs);
    const call = this.#calls.shift();
    if (call === undefined) return false;
    this.#current = call;
    this.#chain.begin(call);
    if (this.#consuming !== undefined) {
      // The chain has copied the block: its buffer and its credit go back.
      const { from, backing } = this.#consuming;
      this.#consuming = undefined;
      this.#returnCredit(from, backing);
    }
    return true;
  }

  /** Queues the calls of whatever is next: what is due, then elements, then the source. */
  #findWork(nowMs: number): void {
    if (this.#due(this.#timerAtMs, nowMs)) {
      this.#timerAtMs = undefined;
      this.#calls.push({ type: "timers", nowMs });
      return;
    }
    if (this.#due(this.#flushAtMs, nowMs)) {
      this.#calls.push({ type: "flush" });
      return;
    }
    // An element may ask for nothing (a watermark that is held back): then on to the next.
    while (this.#calls.length === 0) {
      const taken = this.gate.take();
      if (taken === undefined) break;
      this.#onElement(taken);
    }
    if (this.#calls.length > 0) return;
    const data = this.#sourceData.shift();
    if (data !== undefined) this.#onSourceData(data);
  }

  /** Whether all has been sent, and, of an iteration, nothing can come back any more. */
  #canEnd(): boolean {
    return (
      this.output.drained && (this.#loop === undefined || this.gate.open.every((n) => n === 0))
    );
  }

  /** What comes back needs no room: a loop whose every task waits for the next one would stand still. */
  #offered(frame: OwnedFrame, loop: FeedbackLoop): void {
    const channel = this.gate.channel(frame.channel);
    if (channel === undefined || channel.input !== this.descriptor.feedbackInput) return;
    if (frame.kind !== FRAME_KIND.end) this.#returnCredit(channel);
    loop.queued(frame.payload.byteLength);
    if (this.#phase !== "ENDING") return;
    for (let taken = this.gate.take(); taken !== undefined; taken = this.gate.take()) {
      const rows = taken.element.type === "batch" ? blockRowCount(taken.element.block) : 0;
      if (rows > 0) throw rowsAfterEnd(rows);
    }
  }

  #returnCredit(from: InputChannel, recycled?: ArrayBuffer): void {
    this.gate.credited(from);
    this.#effects.grantCredit(from, recycled);
  }

  #onElement({ from, element }: TakenElement): void {
    if (this.#loop !== undefined && from.input === this.descriptor.feedbackInput) {
      this.#onFeedback(from, element, this.#loop);
      return;
    }
    // A batch's credit goes back when the chain has copied the block.
    if (element.type !== "batch" && element.type !== "end") this.#returnCredit(from);
    switch (element.type) {
      case "batch":
        this.#coalesceInBatch(from, element.block);
        this.#calls.push({ type: "batch", input: from.input, block: element.block });
        this.#consuming = { from, backing: element.backing };
        return;
      case "watermark":
        this.#pushCoalesced(
          asEvents(this.#coalescer.watermark(from.input, from.index, element.timestamp)),
        );
        return;
      case "status":
        this.#pushCoalesced(this.#coalescer.status(from.input, from.index, element.idle));
        return;
      case "barrier": {
        // The place of the barrier aligner: block `from` here until each channel has its barrier.
        const message = `Cannot take barrier ${element.checkpoint}: there are no checkpoints yet`;
        throw new MillraceError("CHECKPOINTS_UNSUPPORTED", message);
      }
      case "end":
        this.#onChannelEnd(from);
        return;
      default:
        unreachable(element);
    }
  }

  #onFeedback(from: InputChannel, element: StreamElement, loop: FeedbackLoop): void {
    let answer: LoopAnswer = "wait";
    if (element.type === "batch") {
      const { block } = element;
      loop.taken(block.byteLength);
      const [rows, watermarks] = [blockRowCount(block), blockWatermarks(block)];
      answer = loop.batch(from.index, rows, watermarks);
      if (watermarks.length > 0) rewriteBlockWatermarks(block, []);
      if (rows > 0) this.#calls.push({ type: "batch", input: from.input, block });
    } else if (element.type === "watermark") {
      answer = loop.watermark(from.index, element.timestamp);
    } else if (element.type === "end") {
      answer = loop.watermark(from.index, WATERMARK_MAX);
    }
    if (answer === "again") this.#pushWatermark(loop.nextMarker(this.#watermark));
    if (answer !== "empty") return;
    this.#pushWatermark(WATERMARK_MAX);
    for (const input of this.gate.open.keys()) this.#calls.push({ type: "end_input", input });
    this.#calls.push({ type: "end_chain" });
  }

  /** Replaces a batch's watermarks by those that the task as a whole reaches at these rows. */
  #coalesceInBatch(from: InputChannel, block: Uint8Array): void {
    const watermarks = blockWatermarks(block);
    if (watermarks.length === 0) return;
    const kept: { timestamp: bigint; row: number }[] = [];
    for (const { timestamp, row } of watermarks) {
      const reached = this.#coalescer.watermark(from.input, from.index, timestamp);
      if (reached === undefined || this.#isHeld(reached)) continue;
      this.#watermark = reached;
      if (kept.at(-1)?.row === row) kept.pop();
      kept.push({ timestamp: reached, row });
    }
    rewriteBlockWatermarks(block, kept);
  }

  #onChannelEnd(from: InputChannel): void {
    this.#pushCoalesced(this.#coalescer.end(from.input, from.index));
    if (this.gate.open[from.input] !== 0) return;
    if (this.#loop !== undefined) {
      this.#pushWatermark(this.#loop.nextMarker(this.#watermark));
      return;
    }
    this.#calls.push({ type: "end_input", input: from.input });
    if (this.gate.open.every((channels) => channels === 0)) this.#calls.push({ type: "end_chain" });
  }

  #onSourceData(data: SourceData): void {
    if (data.type === "finished") {
      this.#endSource();
      return;
    }
    if (data.type === "split") this.#calls.push({ type: "source_split", split: data.split });
    else if (data.type === "bytes") this.#calls.push({ ...data, type: "source_bytes" });
    else this.#calls.push({ type: "source_poll", rows: data.rows });
    this.#requestSource();
  }

  /** A bounded source ends event time (Flink: MAX_WATERMARK before the end of data). */
  #endSource(): void {
    this.#sourceEnded = true;
    this.#sourceData.length = 0;
    this.#pushCoalesced(this.#coalescer.end(0, 0));
    this.#calls.push({ type: "end_input", input: 0 }, { type: "end_chain" });
  }

  #requestSource(): void {
    if (!this.#isSource || this.#sourceEnded) return;
    while (this.#sourceRequests + this.#sourceData.length < SOURCE_READS_AHEAD) {
      this.#sourceRequests++;
      this.#effects.requestSource();
    }
  }

  #pushCoalesced(events: readonly CoalescedEvent[]): void {
    for (const event of events) {
      if (event.type !== "watermark") this.#calls.push(event);
      else if (!this.#isHeld(event.timestamp)) this.#pushWatermark(event.timestamp);
    }
  }

  /** The end of event time waits at the head of an iteration until its loop is empty. */
  #isHeld(timestamp: bigint): boolean {
    return this.#loop !== undefined && timestamp === WATERMARK_MAX;
  }

  #pushWatermark(timestamp: bigint): void {
    this.#watermark = timestamp;
    this.#calls.push({ type: "watermark", timestamp });
  }

  #callDone(nowMs: number): void {
    const call = this.#current;
    this.#current = undefined;
    if (call?.type === "status") this.output.status(call.idle);
    if (call?.type === "end_chain") {
      this.output.end();
      this.#phase = "ENDING";
      this.#effects.phase("ENDING");
      if (this.#canEnd()) this.#stop("FINISHED");
      return;
    }
    if (this.#isSource && this.#chain.finished && !this.#sourceEnded) this.#endSource();
    this.#timerAtMs = this.#chain.nextTimerMs();
    this.#scheduleFlush(nowMs);
  }

  #scheduleFlush(nowMs: number): void {
    if (!this.#chain.partialOutput) this.#flushAtMs = undefined;
    else if (this.#bufferTimeoutMs >= 0) this.#flushAtMs ??= nowMs + this.#bufferTimeoutMs;
  }

  #stop(phase: "FINISHED" | "CANCELED" | "FAILED", error?: ErrorBody): void {
    this.#phase = phase;
    this.#calls.length = 0;
    this.#sourceData.length = 0;
    this.#chain.close();
    this.#effects.phase(phase, error);
  }

  #unblock(nowMs: number): void {
    if (this.#blockedSinceMs === undefined) return;
    this.#backpressuredMs += Math.max(0, nowMs - this.#blockedSinceMs);
    this.#blockedSinceMs = undefined;
  }

  #due(atMs: number | undefined, nowMs: number): boolean {
    return atMs !== undefined && atMs <= nowMs;
  }
}
