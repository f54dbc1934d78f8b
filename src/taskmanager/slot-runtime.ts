/**
 * The shell around a SlotCore inside its isolate: carries out its actions, feeds it frames,
 * credits and connector answers, and lets it run while there is work.
 */

import type { SinkWriter, SourceReader, SubtaskContext } from "../connectors/connector.ts";
import { openSink, openSource } from "../connectors/registry.ts";
import type { TaskDescriptor } from "../protocol/deployment.ts";
import { errorBodyOf, unreachable } from "../protocol/errors.ts";
import { writeAnswer } from "../protocol/http-request.ts";
import { boardOperators, CallBoard, SlotMemoryCount } from "./call-board.ts";
import type { ChannelHandlers } from "./channels/data-channel.ts";
import { FrameBuffers } from "./channels/frame-buffers.ts";
import { MessagePortChannel } from "./channels/message-port-channel.ts";
import { type SlotAction, SlotCore, type SlotInput, type TaskId } from "./core/slot.ts";
import { type UserMessageInput, UserMessages } from "./core/user-messages.ts";
import { HttpClient } from "./http-client.ts";
import { OperatorHost } from "./operator-host.ts";
import { SinkQueue } from "./sink-queue.ts";
import { SlotChannels } from "./slot-channels.ts";
import type { SlotCommand, SlotReport, SlotStart } from "./slot-messages.ts";

/** Time the loop runs before it lets the event loop turn: file reads and commands wait so long. */
const TURN_MS = 2;
const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** A slot at work on one attempt. */
export class SlotRuntime {
  readonly #start: SlotStart;
  readonly #report: (report: SlotReport) => void;
  readonly #core: SlotCore;
  readonly #buffers = new FrameBuffers();
  readonly #channels = new SlotChannels(this.#buffers);
  readonly #sources = new Map<string, SourceReader>();
  readonly #reads = new Map<string, Promise<void>>();
  readonly #sinks = new Map<string, (SinkQueue | undefined)[]>();
  readonly #messages = new UserMessages();
  readonly #http = new HttpClient();
  /** Ends the requests of a task that has stopped. */
  readonly #requests = new Map<string, AbortController>();
  #messagesTimer: NodeJS.Timeout | undefined;
  #turnScheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = 0;

  constructor(start: SlotStart, report: (report: SlotReport) => void) {
    this.#start = start;
    this.#report = report;
    const host = new OperatorHost({
      moduleOf: (bundle) => start.modules.find((module) => module.hash === bundle),
      host: {
        processingTimeMs: processingTimeMs,
        log: (level, message) =>
          this.#said({ type: "log", level: LOG_LEVELS[level] ?? "info", message }),
      },
      slice: { type: "time", clock: () => performance.now() },
      memories: new SlotMemoryCount(start.memories, start.board),
      observer: new CallBoard(start.board, boardOperators(start.deployment, start.slot)),
    });
    this.#core = new SlotCore({
      slot: start.slot,
      openChain: (task, deployment) => {
        this.#openConnectors(task);
        return host.openChain(task, deployment);
      },
      allocateFrame: (bytes) => this.#buffers.take(bytes),
    });
    this.#channels.open({
      ...this.#start,
      handlers: () => this.#handlers(),
      open: (...port) => new MessagePortChannel(...port),
    });
  }

  /** Starts the tasks. */
  begin(): void {
    this.#step({ type: "deploy", deployment: this.#start.deployment });
  }

  command(command: SlotCommand): void {
    if (command.type === "cancel") {
      this.#step({ type: "cancel" });
      return;
    }
    if (command.type === "align_watermarks") {
      const maxWatermark = BigInt(command.maxWatermark);
      this.#step({ type: "align_watermarks", task: idOf(command), maxWatermark });
      return;
    }
    const task = this.#start.deployment.tasks.find((other) => keyOf(other) === keyOf(command));
    const place = task?.chain.findIndex((operator) => operator.uid === command.sink) ?? -1;
    this.#sinks.get(keyOf(command))?.[place]?.credit(command.messages);
  }

  #handlers(): ChannelHandlers {
    return {
      frame: (frame) => this.#step({ type: "frame", frame }),
      credit: (channel, credits) => this.#step({ type: "credit", channel, credits }),
      closed: (error) => {
        // Without an error the other slot was ended, and the attempt is being cancelled.
        if (error === undefined) return;
        for (const task of this.#start.deployment.tasks) {
          if (task.slot === this.#start.slot) this.#fail(task, error);
        }
      },
    };
  }

  #openConnectors(task: TaskDescriptor): void {
    const sinks: (SinkQueue | undefined)[] = [];
    task.chain.forEach((operator, place) => {
      if (operator.connector === undefined) return;
      const context = this.#context(task, operator.uid);
      if (place === 0 && task.gates.length === 0) {
        this.#sources.set(keyOf(task), openSource(operator.connector, context));
        return;
      }
      const writer: SinkWriter = openSink(operator.connector, context, {
        print: (text) => this.#report({ type: "print", text }),
        rows: (lines) => this.#report({ type: "rows", ...idOf(task), sink: operator.uid, lines }),
        holdBack: (file) => this.#report({ type: "hold_back", file }),
      });
      const written = () => this.#step({ type: "sink_done", task: idOf(task), operator: place });
      const failed = (error: unknown) => this.#fail(task, error);
      sinks[place] = new SinkQueue(writer, { written, failed });
    });
    this.#sinks.set(keyOf(task), sinks);
  }

  #context(task: TaskDescriptor, operator: string): SubtaskContext {
    const { job, attempt } = this.#start.deployment;
    const { filesRoots } = this.#start;
    return { job, attempt, ...idOf(task), operator, parallelism: task.parallelism, filesRoots };
  }

  #step(input: SlotInput): void {
    for (const action of this.#core.step(input, processingTimeMs())) this.#perform(action);
    this.#wake();
  }

  #perform(action: SlotAction): void {
    switch (action.type) {
      case "send_frame":
        this.#channels.send(action.frame);
        return;
      case "grant_credit":
        this.#channels.grant(action);
        return;
      case "source_request":
        this.#read(action.task);
        return;
      case "sink_write":
        this.#sinks.get(keyOf(action.task))?.[action.operator]?.write(action.bytes, action.records);
        return;
      case "request":
        this.#send(action);
        return;
      case "task_state":
        this.#taskState(action);
        return;
      case "metrics":
        this.#report(action);
        return;
      default:
        unreachable(action);
    }
  }

  /** Answers one request; requests of a task are answered one after the other. */
  #read(task: TaskId): void {
    const key = keyOf(task);
    const reader = this.#sources.get(key);
    if (reader === undefined) {
      // A source without a connector makes its rows by itself.
      queueMicrotask(() => this.#step({ type: "source_data", task, data: { type: "poll" } }));
      return;
    }
    const before = this.#reads.get(key) ?? Promise.resolve();
    const read = before.then(async () => {
      if (!this.#sources.has(key)) return;
      try {
        const data = await reader.next();
        // After the end nothing is read; a request made ahead stays unanswered.
        if (data.type === "finished") this.#sources.delete(key);
        this.#step({ type: "source_data", task, data });
      } catch (error) {
        if (this.#sources.has(key)) this.#fail(task, error);
      }
    });
    this.#reads.set(key, read);
  }

  /** A request of an operator goes out; its answer comes back as a step. */
  #send({ task, operator, request, bytes }: Extract<SlotAction, { type: "request" }>): void {
    const key = keyOf(task);
    const aborts = this.#requests.get(key) ?? new AbortController();
    this.#requests.set(key, aborts);
    const descriptor = this.#start.deployment.tasks.find((other) => keyOf(other) === key);
    const endpoints = descriptor?.chain[operator]?.http ?? [];
    void this.#http.send(bytes, endpoints, aborts.signal).then((answer) => {
      if (aborts.signal.aborted) return;
      this.#step({ type: "answer", task, operator, request, answer: writeAnswer(answer) });
    });
  }

  #taskState(action: Extract<SlotAction, { type: "task_state" }>): void {
    const { task, state, error } = action;
    const report = { type: "task_state" as const, ...idOf(task), state };
    if (state === "RUNNING" || state === "DEPLOYING") {
      this.#report(report);
      return;
    }
    this.#said({ type: "flush" });
    this.#requests.get(keyOf(task))?.abort();
    const sinks = (this.#sinks.get(keyOf(task)) ?? []).filter((sink) => sink !== undefined);
    const reader = this.#sources.get(keyOf(task));
    this.#sources.delete(keyOf(task));
    const ends = sinks.map((sink) => (state === "FINISHED" ? sink.finish() : sink.abort()));
    // A task has finished when its sinks have; only then may it be said.
    Promise.all([...ends, reader?.close()]).then(
      () => this.#report({ ...report, ...(error && { error }) }),
      (thrown) => this.#report({ ...report, state: "FAILED", error: error ?? errorBodyOf(thrown) }),
    );
  }

  /** User code says something, or what it said is due. */
  #said(input: UserMessageInput): void {
    for (const message of this.#messages.step(input, performance.now())) {
      this.#report({ type: "log", ...message });
    }
    const dueMs = this.#messages.nextDeadlineMs();
    if (dueMs === undefined || this.#messagesTimer !== undefined) return;
    this.#messagesTimer = setTimeout(
      () => {
        this.#messagesTimer = undefined;
        this.#said({ type: "tick" });
      },
      Math.max(1, Math.ceil(dueMs - performance.now())),
    );
  }

  #fail(task: TaskId, thrown: unknown): void {
    this.#step({ type: "task_failed", task: idOf(task), error: errorBodyOf(thrown) });
  }

  #wake(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    const endMs = performance.now() + TURN_MS;
    let busy = true;
    while (busy && performance.now() < endMs) {
      busy = this.#channels.pump();
      const nowMs = processingTimeMs();
      if (!this.#core.runnable(nowMs)) continue;
      busy = true;
      for (const action of this.#core.step({ type: "run" }, nowMs)) this.#perform(action);
    }
    this.#turnScheduled = false;
    if (busy) this.#wake();
    this.#schedule();
  }

  /** A timer that fires too early ticks once for nothing; setting one each turn would cost more. */
  #schedule(): void {
    const dueMs = this.#core.nextDeadlineMs();
    if (this.#timer !== undefined && dueMs !== undefined && this.#timerAtMs <= dueMs) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (dueMs === undefined) return;
    this.#timerAtMs = dueMs;
    const waitMs = Math.max(1, Math.ceil(dueMs - processingTimeMs()));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#step({ type: "tick" });
    }, waitMs);
  }
}

/** Milliseconds since the epoch by a clock that never goes back. */
function processingTimeMs(): number {
  return performance.timeOrigin + performance.now();
}

function idOf(task: TaskId): TaskId {
  return { vertex: task.vertex, subtask: task.subtask };
}

function keyOf(task: TaskId): string {
  return `${task.vertex}/${task.subtask}`;
}
