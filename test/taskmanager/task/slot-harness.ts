/** Slots in one thread, their channels joined, their connectors played by a test. */
import type { TaskState } from "../../../src/protocol/control-messages.ts";
import type { Deployment, TaskDescriptor } from "../../../src/protocol/deployment.ts";
import type { ErrorBody } from "../../../src/protocol/errors.ts";
import type { FrameKind } from "../../../src/protocol/frame.ts";
import {
  type ChainOpener,
  type SlotAction,
  SlotCore,
  type SlotInput,
  type TaskId,
} from "../../../src/taskmanager/core/slot.ts";
import type { SourceData } from "../../../src/taskmanager/core/task.ts";

export type ChainSpec = Partial<TaskDescriptor["chain"][number]> & { operator: string };

const NUMBERS = [{ name: "n", type: { type: "BIGINT" as const, nullable: false } }];
export const stream = {
  name: "main",
  schema: NUMBERS,
  changeMode: { mode: "insert-only" as const },
  keys: [] as string[],
};

/** A chained operator with the usual stream of numbers on both sides. */
export function operator(spec: ChainSpec, place: number): TaskDescriptor["chain"][number] {
  return {
    uid: `${spec.operator}-${place}`,
    name: spec.operator,
    bundle: "test",
    parameters: {},
    inputs: [stream],
    outputs: [stream],
    onRowError: "fail",
    ...(place > 0 && { input: { from: place - 1, output: 0 } }),
    ...spec,
  };
}

export const peer = (slot: number) => ({ worker: "w", slot, address: "ws://127.0.0.1:1" });

/** A task; fields that do not matter are filled in. */
export function taskOf(
  vertex: string,
  chain: readonly ChainSpec[],
  rest: Partial<TaskDescriptor> = {},
): TaskDescriptor {
  return {
    vertex,
    name: vertex,
    subtask: 0,
    parallelism: 1,
    maxParallelism: 128,
    slot: 0,
    gates: [],
    outputs: [],
    ...rest,
    chain: chain.map(operator),
  };
}

export const key = (id: TaskId): string => `${id.vertex}.${id.subtask}`;

/** Joined slots under virtual time. */
export class SlotHarness {
  readonly slots: SlotCore[];
  readonly states = new Map<string, TaskState>();
  readonly errors = new Map<string, ErrorBody>();
  readonly written = new Map<string, string>();
  readonly frames: { channel: number; kind: FrameKind }[] = [];
  /** Answers the requests of sources; undefined: no answer yet. */
  source: (task: TaskId) => SourceData | undefined = () => ({ type: "poll" });
  /** Whether sink writes are answered at once. */
  answerSinks = true;
  nowMs = 1_000;
  readonly #deployment: Deployment;
  readonly #producers = new Map<number, number>();
  readonly #consumers = new Map<number, number>();

  constructor(tasks: TaskDescriptor[], openChain: ChainOpener, options: Partial<Deployment> = {}) {
    this.#deployment = {
      job: "00000000-0000-0000-0000-000000000001",
      jobName: "test",
      attempt: 1,
      bufferTimeoutMs: 10,
      batchRows: 16,
      memoryMaxPages: 256,
      ...options,
      tasks,
    };
    for (const task of tasks) {
      for (const edge of task.outputs) {
        for (const c of edge.channels) this.#producers.set(c.channel, task.slot);
      }
      for (const gate of task.gates) {
        for (const c of gate.channels) this.#consumers.set(c.channel, task.slot);
      }
    }
    const count = Math.max(...tasks.map((task) => task.slot)) + 1;
    this.slots = Array.from({ length: count }, (_, slot) => new SlotCore({ slot, openChain }));
  }

  deploy(): this {
    const actions = this.slots.map((slot) =>
      slot.step({ type: "deploy", deployment: this.#deployment }, this.nowMs),
    );
    for (const [slot, list] of actions.entries()) this.#perform(slot, list);
    return this;
  }

  /** Steps a slot and carries its actions out. */
  step(slot: number, input: SlotInput): void {
    this.#perform(slot, this.slots[slot]!.step(input, this.nowMs));
  }

  /** Runs until no slot has anything to do. */
  settle(): this {
    for (let steps = 0; steps < 1_000_000; steps++) {
      const slot = this.slots.findIndex((s) => s.runnable(this.nowMs));
      if (slot === -1) return this;
      this.step(slot, { type: "run" });
    }
    throw new Error("The slots do not come to rest");
  }

  /** Moves time on and lets what is due happen. */
  advance(ms: number): this {
    this.nowMs += ms;
    for (let slot = 0; slot < this.slots.length; slot++) this.step(slot, { type: "tick" });
    return this.settle();
  }

  #perform(slot: number, actions: readonly SlotAction[]): void {
    for (const action of actions) {
      switch (action.type) {
        case "send_frame": {
          const { frame } = action;
          this.frames.push({ channel: frame.channel, kind: frame.kind });
          const consumer = this.#consumers.get(frame.channel);
          if (consumer !== undefined) this.step(consumer, { type: "frame", frame });
          break;
        }
        case "grant_credit": {
          const { channel, credits } = action;
          const producer = this.#producers.get(channel);
          if (producer !== undefined) this.step(producer, { type: "credit", channel, credits });
          break;
        }
        case "source_request": {
          const data = this.source(action.task);
          if (data) this.step(slot, { type: "source_data", task: action.task, data });
          break;
        }
        case "sink_write": {
          const text = new TextDecoder().decode(action.bytes);
          const at = key(action.task);
          this.written.set(at, (this.written.get(at) ?? "") + text);
          const { task, operator: place } = action;
          if (this.answerSinks) this.step(slot, { type: "sink_done", task, operator: place });
          break;
        }
        case "task_state":
          this.states.set(key(action.task), action.state);
          if (action.error) this.errors.set(key(action.task), action.error);
          break;
        case "request":
        case "metrics":
          break;
      }
    }
  }
}
