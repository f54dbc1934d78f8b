/**
 * One subtask: takes elements from its gate (or data from its source's connector), makes the
 * matching calls of its operator chain one after the other, and says when it has ended.
 *
 * Life: RUNNING until all inputs or the source have ended and the chain has seen it, then ENDING
 * until everything is sent, then FINISHED; CANCELED or FAILED from anywhere. Nothing runs behind
 * these three. Here a checkpoint barrier will be handled: see `#onElement`.
 */

import {
  type BatchWatermark,
  blockWatermarks,
  rewriteBlockWatermarks,
} from "../../protocol/batch/block-header.ts";
import type { Deployment, TaskDescriptor } from "../../protocol/deployment.ts";
import { type ErrorBody, errorBodyOf, MillraceError, unreachable } from "../../protocol/errors.ts";
import { METRICS_INTERVAL_MS, SOURCE_READS_AHEAD } from "../../protocol/limits.ts";
import { type OwnedFrame, WATERMARK_MIN } from "./element.ts";
import { type InputChannel, InputGate, type TakenElement } from "./input-gate.ts";
import { alignmentOf, SourceAlignment } from "./source-alignment.ts";
import type { ChainCall, OperatorChainPort } from "./task-chain.ts";
import type { TaskOutput } from "./task-output.ts";
import { WatermarkCoalescer, type WatermarkEvent } from "./watermark-coalescer.ts";

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
  /** Of a source whose watermarks are aligned. */
  readonly #alignment: SourceAlignment | undefined;
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
    this.gate = new InputGate(descriptor.gates);
    this.#chain = chain;
    this.#effects = effects;
    this.#bufferTimeoutMs = deployment.bufferTimeoutMs;
    this.#isSource = this.gate.channels.length === 0;
    const alignment = alignmentOf(descriptor);
    if (alignment !== undefined) this.#alignment = new SourceAlignment(alignment.parameters);
    const counts = this.gate.open.length === 0 ? [1] : [...this.gate.open];
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
    if (this.#phase !== "RUNNING") return this.#phase === "ENDING" && this.output.drained;
    if (this.#chain.busy) return this.#blockedSinceMs === undefined;
    if (this.#calls.length > 0 || this.#hasSourceData || this.gate.queued > 0) return true;
    return this.#due(this.#flushAtMs, nowMs) || this.#due(this.#timerAtMs, nowMs);
  }

  /** Data that may be worked on: a source that runs ahead of its group waits. */
  get #hasSourceData(): boolean {
    return this.#sourceData.length > 0 && this.#alignment?.isPaused !== true;
  }

  /** How often the task's numbers are wanted, ms. */
  get metricsIntervalMs(): number {
    return this.#alignment?.intervalMs ?? METRICS_INTERVAL_MS;
  }

  /** The group of a source with aligned watermarks allows so much. */
  align(maxWatermark: bigint, nowMs: number): void {
    this.#alignment?.allow(maxWatermark, this.#chain.emitted, nowMs);
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
        if (this.output.drained) this.#stop("FINISHED");
        return;
      }
      if (!this.#chain.busy && !this.#beginNext(nowMs)) return;
      this.output.heldUpMs = this.#backpressuredMs + (this.#alignment?.pausedMs(nowMs) ?? 0);
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
      ...this.#alignment?.report(this.#chain.emitted),
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
    if (this.#calls.length > 0 || !this.#hasSourceData) return;
    const data = this.#sourceData.shift();
    if (data !== undefined) this.#onSourceData(data);
  }

  #returnCredit(from: InputChannel, recycled?: ArrayBuffer): void {
    this.gate.credited(from);
    this.#effects.grantCredit(from, recycled);
  }

  #onElement({ from, element }: TakenElement): void {
    // A batch's credit goes back when the chain has copied the block.
    if (element.type !== "batch" && element.type !== "end") this.#returnCredit(from);
    switch (element.type) {
      case "batch":
        this.#calls.push({
          type: "batch",
          input: from.input,
          block: this.#coalesceInBatch(from, element.block),
        });
        this.#consuming = { from, backing: element.backing };
        return;
      case "watermark":
        this.#pushWatermark(this.#coalescer.watermark(from.input, from.index, element.timestamp));
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

  /**
   * Replaces a batch's watermarks and statuses by those that the task as a whole reaches at these
   * rows; answers the block with them.
   */
  #coalesceInBatch(from: InputChannel, block: Uint8Array): Uint8Array {
    const entries = blockWatermarks(block);
    if (entries.length === 0) return block;
    const kept: BatchWatermark[] = [];
    for (const { timestamp, row, idle } of entries) {
      for (const event of this.#coalesce(from, timestamp, idle)) {
        if (event.type === "status") {
          kept.push({ timestamp: 0n, row, idle: event.idle });
          continue;
        }
        this.#watermark = event.timestamp;
        const last = kept.at(-1);
        if (last?.row === row && last.idle === undefined) kept.pop();
        kept.push({ timestamp: event.timestamp, row });
      }
    }
    return rewriteBlockWatermarks(block, kept);
  }

  /** What a channel's watermark, or status where `idle` is told, means for the task. */
  #coalesce(from: InputChannel, timestamp: bigint, idle: boolean | undefined): WatermarkEvent[] {
    if (idle !== undefined) return this.#coalescer.status(from.input, from.index, idle);
    const reached = this.#coalescer.watermark(from.input, from.index, timestamp);
    return reached === undefined ? [] : [{ type: "watermark", timestamp: reached }];
  }

  #onChannelEnd(from: InputChannel): void {
    this.#pushCoalesced(this.#coalescer.end(from.input, from.index));
    if (this.gate.open[from.input] !== 0) return;
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

  #pushCoalesced(events: readonly WatermarkEvent[]): void {
    for (const event of events) {
      if (event.type === "watermark") this.#pushWatermark(event.timestamp);
      else this.#calls.push(event);
    }
  }

  #pushWatermark(timestamp: bigint | undefined): void {
    if (timestamp === undefined) return;
    this.#watermark = timestamp;
    this.#calls.push({ type: "watermark", timestamp });
  }

  #callDone(nowMs: number): void {
    const call = this.#current;
    this.#current = undefined;
    if (call?.type === "end_chain") {
      this.output.end();
      this.#phase = "ENDING";
      this.#effects.phase("ENDING");
      if (this.output.drained) this.#stop("FINISHED");
      return;
    }
    if (this.#isSource && this.#chain.finished && !this.#sourceEnded) this.#endSource();
    this.#alignment?.update(this.#chain.emitted, nowMs);
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
