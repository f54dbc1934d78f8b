/**
 * The tasks of one slot for one job attempt (Flink: a task slot; slot sharing puts one subtask of
 * each vertex into it). Tasks take turns, one slice each.
 *
 * `nowMs` is processing time: milliseconds since the epoch from a clock that never goes back.
 */
import type { TaskMetrics, TaskState } from "../../protocol/control-messages.ts";
import type { Deployment, TaskDescriptor } from "../../protocol/deployment.ts";
import { type ErrorBody, errorBodyOf, unreachable } from "../../protocol/errors.ts";
import { CHANNEL_CREDITS, METRICS_INTERVAL_MS } from "../../protocol/limits.ts";
import type { FrameAllocator, OwnedFrame } from "./element.ts";
import type { Peer } from "./input-gate.ts";
import { type SourceData, Task, type TaskPhase } from "./task.ts";
import type { OperatorChainPort } from "./task-chain.ts";
import { TaskOutput } from "./task-output.ts";

/** Which subtask. */
export interface TaskId {
  readonly vertex: string;
  readonly subtask: number;
}

export type SlotInput =
  /** Starts the tasks of this slot; once in the life of a slot core. */
  | { readonly type: "deploy"; readonly deployment: Deployment }
  /** A frame from a producer; the slot owns its buffer from here on. */
  | { readonly type: "frame"; readonly frame: OwnedFrame }
  /** A consumer can take more. */
  | { readonly type: "credit"; readonly channel: number; readonly credits: number }
  /** Answer to a source_request. */
  | { readonly type: "source_data"; readonly task: TaskId; readonly data: SourceData }
  /** Answer to a sink_write. */
  | { readonly type: "sink_done"; readonly task: TaskId; readonly operator: number }
  /** Answer to a request: the bytes that mr_complete takes. */
  | {
      readonly type: "answer";
      readonly task: TaskId;
      readonly operator: number;
      readonly request: bigint;
      readonly answer: Uint8Array;
    }
  /** A source may go on up to this watermark. */
  | { readonly type: "align_watermarks"; readonly task: TaskId; readonly maxWatermark: bigint }
  /** A connector or a link of the task failed. */
  | { readonly type: "task_failed"; readonly task: TaskId; readonly error: ErrorBody }
  /** One slice of one task. */
  | { readonly type: "run" }
  | { readonly type: "cancel" }
  | { readonly type: "tick" };

export type SlotAction =
  /** To a consumer. The buffer is given away; its first 40 bytes are room for the header. */
  | { readonly type: "send_frame"; readonly peer: Peer; readonly frame: OwnedFrame }
  /** To a producer; `recycled` is the buffer of the batch that was consumed, if it was one. */
  | {
      readonly type: "grant_credit";
      readonly peer: Peer;
      readonly channel: number;
      readonly credits: number;
      readonly recycled?: ArrayBuffer;
    }
  /** To the connector of a source: answer with one source_data. */
  | { readonly type: "source_request"; readonly task: TaskId }
  /** To the connector of the sink at place `operator` of the chain: answer with sink_done. */
  | {
      readonly type: "sink_write";
      readonly task: TaskId;
      readonly operator: number;
      readonly bytes: Uint8Array;
      readonly records: number;
    }
  /** An operator asks the outside (src/protocol/http-request.ts): answer with one `answer`. */
  | {
      readonly type: "request";
      readonly task: TaskId;
      readonly operator: number;
      readonly request: bigint;
      readonly bytes: Uint8Array;
    }
  | {
      readonly type: "task_state";
      readonly task: TaskId;
      readonly state: TaskState;
      readonly error?: ErrorBody;
    }
  | { readonly type: "metrics"; readonly tasks: readonly TaskMetrics[] };

/** Opens the operators of a task. May throw a MillraceError: the task fails. */
export type ChainOpener = (task: TaskDescriptor, deployment: Deployment) => OperatorChainPort;

/** What a channel holds, for inspection. */
export interface QueueListing {
  readonly task: TaskId;
  readonly channel: number;
  readonly direction: "in" | "out";
  /** Kinds of the elements, oldest first. */
  readonly elements: readonly string[];
  /** Frames that may still come (in) or be sent (out). */
  readonly credits: number;
}

export interface SlotOptions {
  readonly slot: number;
  readonly openChain: ChainOpener;
  /** Gives buffers for frames; default: fresh ones. */
  readonly allocateFrame?: FrameAllocator;
}

/** Decides for one slot. */
export class SlotCore {
  readonly #slot: number;
  readonly #openChain: ChainOpener;
  readonly #allocate: FrameAllocator;
  readonly #tasks: Task[] = [];
  #actions: SlotAction[] = [];
  #next = 0;
  #metricsAtMs: number | undefined;

  constructor(options: SlotOptions) {
    this.#slot = options.slot;
    this.#openChain = options.openChain;
    this.#allocate = options.allocateFrame ?? ((bytes) => new ArrayBuffer(bytes));
  }

  step(input: SlotInput, nowMs: number): SlotAction[] {
    switch (input.type) {
      case "deploy":
        this.#deploy(input.deployment, nowMs);
        break;
      case "frame":
        // A frame of a task that has stopped has no taker: it is dropped.
        this.#tasks.some((task) => task.offer(input.frame));
        break;
      case "credit":
        this.#tasks.some((task) => task.credit(input.channel, input.credits, nowMs));
        break;
      case "source_data":
        this.#task(input.task)?.sourceData(input.data);
        break;
      case "sink_done":
        this.#task(input.task)?.sinkDone(input.operator, nowMs);
        break;
      case "answer":
        this.#task(input.task)?.answered(input);
        break;
      case "align_watermarks":
        this.#task(input.task)?.align(input.maxWatermark, nowMs);
        break;
      case "task_failed":
        this.#task(input.task)?.fail(input.error);
        break;
      case "run":
        this.#runOne(nowMs);
        break;
      case "cancel":
        for (const task of this.#tasks) task.cancel();
        break;
      case "tick":
        this.#reportMetrics(nowMs);
        break;
      default:
        unreachable(input);
    }
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  /** Whether a `run` would do something now. */
  runnable(nowMs: number): boolean {
    return this.#tasks.some((task) => task.runnable(nowMs));
  }

  /** When to step `tick`, and then `run` while runnable. */
  nextDeadlineMs(): number | undefined {
    let next = this.stopped ? undefined : this.#metricsAtMs;
    for (const task of this.#tasks) {
      const deadline = task.nextDeadlineMs();
      if (deadline !== undefined && (next === undefined || deadline < next)) next = deadline;
    }
    return next;
  }

  /** Whether every task has finished, failed or been canceled. */
  get stopped(): boolean {
    return this.#tasks.every((task) => task.stopped);
  }

  /** Counters of every task. */
  metrics(nowMs?: number): TaskMetrics[] {
    return this.#tasks.map((task) => task.metrics(nowMs));
  }

  /** What every channel holds. */
  queues(): QueueListing[] {
    return this.#tasks.flatMap((task) => [
      ...task.gate.channels.map((c) => ({
        task: idOf(task),
        channel: c.channel,
        direction: "in" as const,
        elements: c.queue.map((element) => element.type),
        credits: c.credits,
      })),
      ...task.output.channels.map((c) => ({
        task: idOf(task),
        channel: c.channel,
        direction: "out" as const,
        elements: c.waiting.map((element) => element.type),
        credits: c.credits,
      })),
    ]);
  }

  #deploy(deployment: Deployment, nowMs: number): void {
    const mine = deployment.tasks.filter((task) => task.slot === this.#slot);
    for (const descriptor of mine) this.#start(descriptor, deployment);
    this.#metricsAtMs = nowMs + this.#metricsIntervalMs;
  }

  get #metricsIntervalMs(): number {
    return Math.min(METRICS_INTERVAL_MS, ...this.#tasks.map((task) => task.metricsIntervalMs));
  }

  #start(descriptor: TaskDescriptor, deployment: Deployment): void {
    const id: TaskId = { vertex: descriptor.vertex, subtask: descriptor.subtask };
    let chain: OperatorChainPort;
    try {
      chain = this.#openChain(descriptor, deployment);
    } catch (error) {
      this.#emit({ type: "task_state", task: id, state: "FAILED", error: errorBodyOf(error) });
      return;
    }
    const output = new TaskOutput(
      descriptor.outputs,
      (peer, frame) => this.#emit({ type: "send_frame", peer, frame }),
      (operator, bytes, records) =>
        this.#emit({ type: "sink_write", task: id, operator, bytes, records }),
      (operator, request, bytes) =>
        this.#emit({ type: "request", task: id, operator, request, bytes }),
      this.#allocate,
    );
    const task = new Task(descriptor, deployment, chain, output, {
      grantCredit: ({ peer, channel }, recycled) =>
        this.#emit({
          type: "grant_credit",
          peer,
          channel,
          credits: 1,
          ...(recycled && { recycled }),
        }),
      requestSource: () => this.#emit({ type: "source_request", task: id }),
      phase: (phase, error) => this.#phaseChanged(id, phase, error),
    });
    this.#tasks.push(task);
    this.#emit({ type: "task_state", task: id, state: "RUNNING" });
    for (const { peer, channel } of task.gate.channels) {
      this.#emit({ type: "grant_credit", peer, channel, credits: CHANNEL_CREDITS });
    }
    task.start();
  }

  #phaseChanged(task: TaskId, phase: TaskPhase, error: ErrorBody | undefined): void {
    if (phase === "ENDING" || phase === "RUNNING") return;
    this.#emit({ type: "metrics", tasks: this.metrics() });
    this.#emit({ type: "task_state", task, state: phase, ...(error && { error }) });
  }

  #runOne(nowMs: number): void {
    const count = this.#tasks.length;
    for (let i = 0; i < count; i++) {
      const at = (this.#next + i) % count;
      const task = this.#tasks[at]!;
      if (!task.runnable(nowMs)) continue;
      this.#next = (at + 1) % count;
      task.run(nowMs);
      return;
    }
  }

  #reportMetrics(nowMs: number): void {
    if (this.#metricsAtMs === undefined || nowMs < this.#metricsAtMs || this.stopped) return;
    this.#metricsAtMs = nowMs + this.#metricsIntervalMs;
    this.#emit({ type: "metrics", tasks: this.metrics(nowMs) });
  }

  #task(id: TaskId): Task | undefined {
    return this.#tasks.find(
      (t) => t.descriptor.vertex === id.vertex && t.descriptor.subtask === id.subtask,
    );
  }

  #emit(action: SlotAction): void {
    this.#actions.push(action);
  }
}

function idOf(task: Task): TaskId {
  return { vertex: task.descriptor.vertex, subtask: task.descriptor.subtask };
}
