/**
 * A slot's isolate in the simulator: the counterpart of src/taskmanager/slot-runtime.ts, around the
 * same SlotCore, OperatorHost, modules and channels.
 */
import type { Deployment, TaskDescriptor } from "../protocol/deployment.ts";
import { errorBodyOf, MillraceError, unreachable } from "../protocol/errors.ts";
import { writeAnswer } from "../protocol/http-request.ts";
import type { ChannelHandlers } from "../taskmanager/channels/data-channel.ts";
import { FrameBuffers } from "../taskmanager/channels/frame-buffers.ts";
import type { SlotAction, SlotCore, SlotInput, TaskId } from "../taskmanager/core/slot.ts";
import type { BoardView } from "../taskmanager/core/watchdog.ts";
import { OperatorHost } from "../taskmanager/operator-host.ts";
import { SlotChannels } from "../taskmanager/slot-channels.ts";
import type { SlotCommand, SlotReport } from "../taskmanager/slot-messages.ts";
import { type ConnectorFaults, openReader, type SimReader, SimSink } from "./connectors.ts";
import { describeSlotActions, describeSlotInput } from "./descriptions.ts";
import { answerOf } from "./http-server.ts";
import type { Isolate } from "./isolate.ts";
import { PortChannel, type SimPort } from "./port-channel.ts";
import type { Random } from "./random.ts";
import { Violation } from "./violation.ts";
import type { World } from "./world.ts";

/** Timers in a row that found nothing to do. */
const IDLE_TICKS_MAX = 10;

const NO_REASON = { code: "INTERNAL", message: "a task failed without a reason" };

/** Makes a slot core; tests put one with a planted defect in its place. */
export type SlotCoreMaker = (options: ConstructorParameters<typeof SlotCore>[0]) => SlotCore;

/** How the slots of a run do their work. */
export interface SlotTuning {
  /** Rows of an output block. */
  readonly batchRows: number;
  /** Rows of a slice. */
  readonly sliceRows: number;
  /** Slices before the event loop turns. */
  readonly slicesPerTurn: number;
}

export interface SimSlotOptions {
  readonly world: World;
  readonly isolate: Isolate;
  readonly random: Random;
  readonly name: string;
  readonly worker: string;
  readonly slot: number;
  readonly deployment: Deployment;
  readonly ports: readonly { readonly port: SimPort; readonly channels: readonly number[] }[];
  readonly inSlot: readonly number[];
  readonly tuning: SlotTuning;
  readonly faults: ConnectorFaults;
  readonly makeCore: SlotCoreMaker;
  report(report: SlotReport): void;
  /** A hidden file of a sink; synchronously, before it is made. */
  holdBack(file: string): void;
}

/** A slot at work on one attempt. */
export class SimSlot {
  readonly isolate: Isolate;
  readonly core: SlotCore;
  readonly #options: SimSlotOptions;
  readonly #buffers = new FrameBuffers();
  readonly #channels = new SlotChannels(this.#buffers);
  readonly #sources = new Map<string, SimReader>();
  readonly #reads = new Map<string, number>();
  readonly #sinks = new Map<string, SimSink[]>();
  #turnScheduled = false;
  #timerAtMs: number | undefined;
  #idleTicks = 0;

  constructor(options: SimSlotOptions) {
    this.#options = options;
    this.isolate = options.isolate;
    const { world, deployment, tuning } = options;
    const host = new OperatorHost({
      moduleOf: (bundle) => world.modules.get(bundle),
      host: {
        processingTimeMs: () => this.#nowMs,
        log: (_level, message) => world.journal.note(options.name, () => `log ${message}`),
      },
      slice: { type: "rows", rows: tuning.sliceRows },
    });
    this.core = options.makeCore({
      slot: options.slot,
      openChain: (task) => {
        this.#openConnectors(task);
        return host.openChain(task, { ...deployment, batchRows: tuning.batchRows });
      },
      allocateFrame: (bytes) => this.#buffers.take(bytes),
    });
  }

  /** Opens the channels and starts the tasks. */
  begin(): void {
    this.#channels.open({
      ...this.#options,
      handlers: () => this.#handlers(),
      open: (...port) => new PortChannel(...port),
    });
    this.#step({ type: "deploy", deployment: this.#options.deployment });
  }

  command(command: SlotCommand): void {
    if (command.type === "cancel") {
      this.#step({ type: "cancel" });
      return;
    }
    if (command.type === "align_watermarks") {
      const { vertex, subtask } = command;
      const maxWatermark = BigInt(command.maxWatermark);
      this.#step({ type: "align_watermarks", task: { vertex, subtask }, maxWatermark });
      return;
    }
    const { tasks } = this.#options.deployment;
    const task = tasks.find((other) => keyOf(other) === keyOf(command));
    const place = task?.chain.findIndex((operator) => operator.uid === command.sink) ?? -1;
    this.#sinks.get(keyOf(command))?.[place]?.credit(command.messages);
  }

  /** What the watchdog looks at. */
  board(): BoardView {
    return this.isolate.stuck ? { call: 1, operator: 0 } : { call: 0, operator: -1 };
  }

  get #nowMs(): number {
    return this.isolate.process.processingTimeMs;
  }

  #handlers(): ChannelHandlers {
    return {
      frame: (frame) => this.#step({ type: "frame", frame }),
      credit: (channel, credits) => this.#step({ type: "credit", channel, credits }),
      closed: (error) => {
        if (error === undefined) return;
        // Production fails the slot's tasks; here nobody lies, so it is a defect.
        throw new Violation(`a peer of ${this.#options.name} broke its protocol: ${error.message}`);
      },
    };
  }

  #openConnectors(task: TaskDescriptor): void {
    const { world, deployment, random, isolate, faults } = this.#options;
    const { job, attempt } = deployment;
    const context = { job, attempt, ...idOf(task), parallelism: task.parallelism };
    const sinks: SimSink[] = [];
    for (const [place, operator] of task.chain.entries()) {
      if (operator.connector === undefined) continue;
      if (place === 0 && task.gates.length === 0) {
        const reader = openReader(operator.connector, context, world.inputs, random);
        this.#sources.set(keyOf(task), reader);
        continue;
      }
      sinks[place] = new SimSink({
        spec: operator.connector,
        context,
        isolate,
        random,
        disk: world.disk,
        faults,
        outlets: {
          rows: (lines) =>
            this.#options.report({ type: "rows", ...idOf(task), sink: operator.uid, lines }),
          holdBack: (file) => this.#options.holdBack(file),
          written: () => this.#step({ type: "sink_done", task: idOf(task), operator: place }),
          failed: (error) => this.#fail(task, error),
        },
      });
    }
    this.#sinks.set(keyOf(task), sinks);
  }

  /** @returns whether the core did anything */
  #step(input: SlotInput): boolean {
    const { world, name } = this.#options;
    const { full } = world.journal;
    // Described at once: a step takes buffers over, and its actions give them away.
    const given = describeSlotInput(input, full);
    const actions = world.step(name, given, () => this.core.step(input, this.#nowMs));
    if (input.type !== "run" || actions.length > 0) {
      const line = `${given} -> ${describeSlotActions(actions, full)}`;
      world.journal.note(name, () => line);
    }
    for (const action of actions) this.#perform(action);
    this.#wake();
    return actions.length > 0;
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
        this.#request(action.task);
        return;
      case "sink_write":
        this.#sinks.get(keyOf(action.task))?.[action.operator]?.write(action.bytes);
        return;
      case "request":
        this.#ask(action);
        return;
      case "task_state":
        this.#taskState(action);
        return;
      case "metrics":
        this.#options.report(action);
        return;
      default:
        unreachable(action);
    }
  }

  /** Requests of a task are answered one after the other. */
  #request(task: TaskId): void {
    const key = keyOf(task);
    const waiting = this.#reads.get(key) ?? 0;
    this.#reads.set(key, waiting + 1);
    if (waiting === 0) this.#read(task);
  }

  #read(task: TaskId): void {
    const key = keyOf(task);
    const reader = this.#sources.get(key);
    if (reader === undefined) return;
    const failed = this.#options.faults.sourceFails(this.#options.deployment.job);
    const { afterMs, data } = reader.next(this.isolate.process.nowMs);
    this.isolate.after(afterMs, () => {
      if (!this.#sources.has(key)) return;
      if (failed) {
        const message = "Cannot read: the simulated file vanished";
        this.#fail(task, new MillraceError("FILE_NOT_FOUND", message));
        return;
      }
      if (data.type === "finished") this.#sources.delete(key);
      const waiting = this.#reads.get(key)! - 1;
      this.#reads.set(key, waiting);
      this.#step({ type: "source_data", task, data });
      if (waiting > 0) this.#read(task);
    });
  }

  /** A server answers after a while, in any order, and not always as it should. */
  #ask({ task, operator, request, bytes }: Extract<SlotAction, { type: "request" }>): void {
    const { afterMs, answer } = answerOf(bytes, this.#options.random);
    this.isolate.after(afterMs, () =>
      this.#step({ type: "answer", task, operator, request, answer: writeAnswer(answer) }),
    );
  }

  #taskState(action: Extract<SlotAction, { type: "task_state" }>): void {
    const { task, state, error } = action;
    const report = { type: "task_state" as const, ...idOf(task), state };
    if (state === "FAILED") {
      const { worker, deployment, world } = this.#options;
      world.faults.workerReports(worker, deployment.job, error ?? NO_REASON);
    }
    if (state === "RUNNING" || state === "DEPLOYING") {
      this.#options.report(report);
      return;
    }
    this.#sources.delete(keyOf(task));
    const sinks = (this.#sinks.get(keyOf(task)) ?? []).filter((sink) => sink !== undefined);
    let left = 1;
    const ended = () => {
      left--;
      if (left > 0) return;
      this.isolate.soon(() => this.#options.report({ ...report, ...(error && { error }) }));
    };
    for (const sink of sinks) {
      if (state !== "FINISHED") {
        sink.abort();
        continue;
      }
      left++;
      sink.finish(ended);
    }
    ended();
  }

  #fail(task: TaskId, thrown: unknown): void {
    this.#step({ type: "task_failed", task: idOf(task), error: errorBodyOf(thrown) });
  }

  #wake(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    this.isolate.soon(() => this.#turn());
  }

  #turn(): void {
    let busy = true;
    for (let slice = 0; busy && slice < this.#options.tuning.slicesPerTurn; slice++) {
      busy = this.#channels.pump();
      if (!this.core.runnable(this.#nowMs)) continue;
      busy = true;
      this.#step({ type: "run" });
    }
    this.#turnScheduled = false;
    if (busy) this.#wake();
    this.#schedule();
  }

  #schedule(): void {
    const dueMs = this.core.nextDeadlineMs();
    if (dueMs === undefined || dueMs === this.#timerAtMs) return;
    this.#timerAtMs = dueMs;
    const waitMs = Math.max(1, Math.ceil(dueMs - this.#nowMs));
    this.isolate.after(waitMs, () => {
      if (this.#timerAtMs !== dueMs) return;
      this.#timerAtMs = undefined;
      const acts = this.#step({ type: "tick" });
      this.#idleTicks = acts || this.core.runnable(this.#nowMs) ? 0 : this.#idleTicks + 1;
      if (this.#idleTicks <= IDLE_TICKS_MAX) return;
      throw new Violation(`${this.#options.name} wakes up again and again with nothing to do`);
    });
  }
}

function idOf(task: TaskId): TaskId {
  return { vertex: task.vertex, subtask: task.subtask };
}

function keyOf(task: TaskId): string {
  return `${task.vertex}/${task.subtask}`;
}
