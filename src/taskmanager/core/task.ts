/**
 * One subtask: takes elements from its gate (or data from its source's connector), makes the
 * matching calls of its operator chain one after the other, and says when it has ended.
 *
 * Life: RUNNING until all inputs or the source have ended and the chain has seen it, then ENDING
 * until everything is sent, then FINISHED; CANCELED or FAILED from anywhere. Nothing runs behind
 * these three. Here a checkpoint barrier will be handled: see `#onElement`.
 */

import { blockRowCount } from "../../protocol/batch/block-header.ts";
import type { Deployment, TaskDescriptor } from "../../protocol/deployment.ts";
import { type ErrorBody, errorBodyOf, MillraceError, unreachable } from "../../protocol/errors.ts";
import { FRAME_KIND } from "../../protocol/frame.ts";
import { METRICS_INTERVAL_MS, SOURCE_READS_AHEAD } from "../../protocol/limits.ts";
import type { UserMetric } from "../../protocol/user-metric.ts";
import { type OwnedFrame, type StreamElement, WATERMARK_MAX, WATERMARK_MIN } from "./element.ts";
import { FeedbackLoop, rowsAfterEnd } from "./feedback-loop.ts";
import { type InputChannel, InputGate, type TakenElement } from "./input-gate.ts";
import { InputWatermarks } from "./input-watermarks.ts";
import { alignmentOf, SourceAlignment } from "./source-alignment.ts";
import type { ChainCall, OperatorChainPort } from "./task-chain.ts";
import type { TaskOutput } from "./task-output.ts";
import type { WatermarkEvent } from "./watermark-coalescer.ts";

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

/** The answer to a request of one of the chain's operators. */
export interface RequestAnswer {
  /** Its place in the chain. */
  readonly operator: number;
  readonly request: bigint;
  readonly answer: Uint8Array;
}

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
  readonly #watermarks: InputWatermarks;
  readonly #isSource: boolean;
  /** Of the head of an iteration: what comes back over input `feedbackInput`. */
  readonly #loop: FeedbackLoop | undefined;
  readonly #calls: ChainCall[] = [];
  readonly #sourceData: SourceData[] = [];
  readonly #answers: RequestAnswer[] = [];
  #sourceRequests = 0;
  #sourceEnded = false;
  #phase: TaskPhase = "RUNNING";
  #blockedSinceMs: number | undefined;
  #flushAtMs: number | undefined;
  #timerAtMs: number | undefined;
  #current: ChainCall | undefined;
  /** The call under way waits for answers. */
  #waiting = false;
  #consuming: { readonly from: InputChannel; readonly backing: ArrayBuffer } | undefined;
  #userMetrics: UserMetric[] = [];
  #backpressuredMs = 0;
  /** Of a source whose watermarks are aligned. */
  readonly #alignment: SourceAlignment | undefined;
  #bytesIn = 0;

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
    const alignment = alignmentOf(descriptor);
    if (alignment !== undefined) this.#alignment = new SourceAlignment(alignment.parameters);
    const counts = this.gate.open.length === 0 ? [1] : [...this.gate.open];
    if (feedbackInput !== undefined) {
      this.#loop = new FeedbackLoop(counts[feedbackInput]!);
      // Event time does not go round: it is that of the other input.
      counts.splice(feedbackInput, 1);
    }
    this.#watermarks = new InputWatermarks(counts, this.#loop !== undefined);
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
    const isDue = this.#due(this.#flushAtMs, nowMs) || this.#due(this.#timerAtMs, nowMs);
    if (this.#waiting) return isDue || this.#nextAnswer() !== undefined;
    if (this.#chain.busy) return this.#blockedSinceMs === undefined;
    if (this.#calls.length > 0 || this.#answers.length > 0) return true;
    return isDue || this.#hasSourceData || this.gate.queued > 0;
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
      const reception = this.gate.offer(frame);
      if (reception === "queued") {
        this.#bytesIn += frame.payload.byteLength;
        if (this.#loop !== undefined) this.#offered(frame, this.#loop);
      }
      return reception !== "foreign";
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

  /** The answer to a request of an operator. */
  answered({ operator, request, answer }: RequestAnswer): void {
    if (!this.stopped) this.#answers.push({ operator, request, answer });
  }

  /** One slice of work. */
  run(nowMs: number): void {
    if (this.stopped) return;
    try {
      if (this.#phase === "ENDING") {
        if (this.#canEnd()) this.#stop("FINISHED");
        return;
      }
      if (!(this.#waiting ? this.#interject(nowMs) : this.#goOn(nowMs))) return;
      this.output.heldUpMs = this.#backpressuredMs + (this.#alignment?.pausedMs(nowMs) ?? 0);
      const progress = this.#chain.run(this.output);
      this.#waiting = progress === "waiting";
      if (progress === "blocked") this.#blockedSinceMs = nowMs;
      else if (progress === "waiting") this.#wakeInTime(nowMs);
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
    this.#readUserMetrics();
    const { recordsIn, recordsFailed, stateBytes, busyMs } = this.#chain.counters();
    const watermark = this.#watermarks.current;
    return {
      vertex: this.descriptor.vertex,
      subtask: this.descriptor.subtask,
      recordsIn,
      recordsOut: this.output.recordsOut,
      recordsFailed,
      stateBytes,
      bytesIn: this.#bytesIn,
      bytesOut: this.output.bytesOut,
      ...(watermark === WATERMARK_MIN ? {} : { watermark: String(watermark) }),
      busyMs,
      backpressuredMs: this.#backpressuredMs,
      ...(this.#userMetrics.length === 0 ? {} : { user: this.#userMetrics }),
      ...this.#alignment?.report(this.#chain.emitted),
    };
  }

  /** Those of a task that has stopped are the last ones. */
  #readUserMetrics(): void {
    if (this.stopped) return;
    try {
      this.#userMetrics = this.#chain.userMetrics();
    } catch (error) {
      this.fail(errorBodyOf(error));
    }
  }

  /** Begins the next call if none is under way; false: there is nothing to do. */
  #goOn(nowMs: number): boolean {
    return this.#chain.busy || this.#beginNext(nowMs);
  }

  /** Before the call that waits: what has come or is due; false: nothing. */
  #interject(nowMs: number): boolean {
    const answer = this.#nextAnswer();
    if (answer !== undefined) {
      this.#answers.splice(this.#answers.indexOf(answer), 1);
      this.#chain.interject({ type: "completion", ...answer });
      return true;
    }
    const timers = this.#due(this.#timerAtMs, nowMs);
    if (!timers && !this.#due(this.#flushAtMs, nowMs)) return false;
    this.#chain.interject(timers ? { type: "timers", nowMs } : { type: "flush" });
    return true;
  }

  /** The first answer that can be taken while a call waits: others are of operators in its midst. */
  #nextAnswer(): RequestAnswer | undefined {
    return this.#answers.find(({ operator }) => this.#chain.canComplete(operator));
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
    const answer = this.#answers.shift();
    if (answer !== undefined) {
      this.#calls.push({ type: "completion", ...answer });
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
    if (frame.kind === FRAME_KIND.batch) loop.queued(frame.payload.byteLength);
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
        this.#calls.push({
          type: "batch",
          input: from.input,
          block: this.#watermarks.inBatch(from, element.block),
        });
        this.#consuming = { from, backing: element.backing };
        return;
      case "watermark":
        this.#pushEvents(this.#watermarks.watermark(from, element.timestamp));
        return;
      case "status":
        this.#pushEvents(this.#watermarks.status(from, element.idle));
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
    const { answer, block } = loop.take(from.index, element);
    if (block !== undefined) this.#calls.push({ type: "batch", input: from.input, block });
    if (answer === "again") this.#pushWatermark(loop.nextMarker(this.#watermarks.current));
    if (answer !== "empty") return;
    this.#pushWatermark(WATERMARK_MAX);
    for (const input of this.gate.open.keys()) this.#calls.push({ type: "end_input", input });
    this.#calls.push({ type: "end_chain" });
  }

  #onChannelEnd(from: InputChannel): void {
    this.#pushEvents(this.#watermarks.end(from));
    if (this.gate.open[from.input] !== 0) return;
    if (this.#loop !== undefined) {
      this.#pushWatermark(this.#loop.nextMarker(this.#watermarks.current));
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
    this.#pushEvents(this.#watermarks.end({ input: 0, index: 0 }));
    this.#calls.push({ type: "end_input", input: 0 }, { type: "end_chain" });
  }

  #requestSource(): void {
    if (!this.#isSource || this.#sourceEnded) return;
    while (this.#sourceRequests + this.#sourceData.length < SOURCE_READS_AHEAD) {
      this.#sourceRequests++;
      this.#effects.requestSource();
    }
  }

  #pushEvents(events: readonly WatermarkEvent[]): void {
    for (const event of events) this.#calls.push(event);
  }

  #pushWatermark(timestamp: bigint): void {
    this.#watermarks.current = timestamp;
    this.#calls.push({ type: "watermark", timestamp });
  }

  #callDone(nowMs: number): void {
    const call = this.#current;
    this.#current = undefined;
    if (call?.type === "end_chain") {
      this.output.end();
      this.#phase = "ENDING";
      this.#effects.phase("ENDING");
      if (this.#canEnd()) this.#stop("FINISHED");
      return;
    }
    if (this.#isSource && this.#chain.finished && !this.#sourceEnded) this.#endSource();
    this.#alignment?.update(this.#chain.emitted, nowMs);
    this.#wakeInTime(nowMs);
  }

  #wakeInTime(nowMs: number): void {
    this.#timerAtMs = this.#chain.nextTimerMs();
    this.#scheduleFlush(nowMs);
  }

  #scheduleFlush(nowMs: number): void {
    if (!this.#chain.partialOutput) this.#flushAtMs = undefined;
    else if (this.#bufferTimeoutMs >= 0) this.#flushAtMs ??= nowMs + this.#bufferTimeoutMs;
  }

  #stop(phase: "FINISHED" | "CANCELED" | "FAILED", error?: ErrorBody): void {
    if (phase === "FINISHED") this.#readUserMetrics();
    if (this.stopped) return;
    this.#phase = phase;
    this.#calls.length = 0;
    this.#sourceData.length = 0;
    this.#answers.length = 0;
    this.#waiting = false;
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
