/**
 * An opened operator under the code that runs it in a worker (module-instance, operator-node,
 * operator-chain), with a budget that is the same in every run. Its blocks are taken at once; a
 * snapshot is read out in chunks and put back into a new instance.
 */
import { STATUS } from "../protocol/abi.ts";
import { readBatch } from "../protocol/batch/batch-reader.ts";
import type { RowValue } from "../protocol/batch/column-value.ts";
import { assert, MillraceError } from "../protocol/errors.ts";
import { keyGroupRange } from "../protocol/key-group.ts";
import { MODULE_MEMORY_MAX_PAGES } from "../protocol/limits.ts";
import type { UserMetric } from "../protocol/user-metric.ts";
import type { ChainCall, ChainOutput } from "../taskmanager/core/task-chain.ts";
import {
  type LoadedModule,
  MemoryCount,
  type ModuleHost,
  ModuleInstance,
} from "../taskmanager/module-instance.ts";
import { OperatorChain } from "../taskmanager/operator-chain.ts";
import { type OperatorNode, openNodes } from "../taskmanager/operator-node.ts";
import type { PlannedOperator } from "./operator-plan.ts";

/** Limits of an opened operator. */
export interface SubtaskLimits {
  /** Rows of an output block. */
  readonly outputRoom: number;
  /** Rows (read plus written) of one call; at least one is always done. */
  readonly budget: number;
}

/** What came out of an output. */
export type TakenElement =
  | {
      readonly type: "row";
      readonly values: RowValue;
      readonly timestamp: bigint | undefined;
      readonly change: number;
    }
  | { readonly type: "watermark"; readonly timestamp: bigint }
  | { readonly type: "status"; readonly idle: boolean };

/** A part of the state: of a key group, or (-1) of the operator. */
export interface StateChunk {
  /** Key group that it belongs to; -1: the operator's own state. */
  readonly keyGroup: number;
  /** Its bytes, in the operator's own form. */
  readonly bytes: Uint8Array;
}

/** An operator's state, as a checkpoint would keep it. */
export interface OperatorSnapshot {
  /** Name of the operator whose state it is. */
  readonly operator: string;
  /** Number of the snapshot, from 1. */
  readonly checkpoint: number;
  /** The state, by key group. */
  readonly chunks: readonly StateChunk[];
}

/** More slices than a test needs: an operator that never gets done fails instead of hanging. */
const MAX_SLICES = 10_000_000;
/** Key group of operator state. */
export const OPERATOR_STATE = -1;
/** RESULT.row where no row was in progress. */
const NO_ROW = 0xffff_ffff;

/** A live instance of the operator. */
export class OperatorSubtask {
  readonly #plan: PlannedOperator;
  readonly #instance: ModuleInstance;
  readonly #node: OperatorNode;
  readonly #chain: OperatorChain;
  readonly #budget: number;
  readonly #output: CollectingOutput;
  /** Calls that come after one that waits for answers. */
  readonly #queued: ChainCall[] = [];
  #waiting = false;
  #failed = false;

  /** @throws MillraceError OPERATOR_OPEN_FAILED, MEMORY_EXHAUSTED, OPERATOR_FAILED */
  constructor(
    loaded: LoadedModule,
    plan: PlannedOperator,
    host: ModuleHost,
    limits: SubtaskLimits,
    taken: (output: number, element: TakenElement) => void,
    asked: (request: bigint, bytes: Uint8Array) => void,
  ) {
    this.#plan = plan;
    this.#budget = limits.budget;
    this.#instance = new ModuleInstance(loaded, host, MODULE_MEMORY_MAX_PAGES, new MemoryCount());
    const nodes = openNodes({
      task: plan.task,
      deployment: { batchRows: limits.outputRoom },
      instanceOf: () => this.#instance,
    });
    this.#node = nodes[0]!;
    const rule = { type: "rows" as const, rows: limits.budget };
    this.#chain = new OperatorChain(nodes, rule, undefined, () => this.#instance.close());
    this.#output = new CollectingOutput(plan, limits.outputRoom, taken, asked);
  }

  /** Whether a call waits for answers to requests; further ones wait behind it. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /**
   * Makes a call to its end, and takes all that it leads to. What concerns time and answers is
   * interjected where a call waits, as a task does.
   */
  call(call: ChainCall): void {
    if (call.type === "completion" || call.type === "timers") this.#run(call);
    else this.#queued.push(call);
    for (;;) {
      if (this.#chain.partialOutput) this.#run({ type: "flush" });
      const next = this.#waiting ? undefined : this.#queued.shift();
      if (next === undefined) return;
      this.#run(next);
    }
  }

  /** When the next timer is due, ms; undefined: none. */
  nextTimer(domain: "event" | "processing"): bigint | undefined {
    const { instance, site, inst } = this.#node;
    const due = instance.invokeInt64(site, "mr_next_timer", inst, domain === "event" ? 0 : 1);
    return due === MAX_INT64 ? undefined : due;
  }

  /** The task was held up for so long. */
  holdUp(ms: number): void {
    this.#output.heldUpMs += ms;
  }

  /** The whole state. */
  snapshot(checkpoint: bigint): StateChunk[] {
    const { instance, site, inst } = this.#node;
    const chunks: StateChunk[] = [];
    this.#untilDone(
      "mr_snapshot",
      (budget) => instance.invoke(site, "mr_snapshot", inst, checkpoint, -1n, budget),
      () => {
        const start = instance.result("pointer");
        const bytes = instance.bytes.slice(start, start + instance.result("length"));
        chunks.push({ keyGroup: instance.result("keyGroup") | 0, bytes });
      },
    );
    return chunks;
  }

  /** Puts state into a fresh instance: the chunks of its own key groups, and operator state. */
  restore(chunks: readonly StateChunk[]): void {
    const { instance, site, inst } = this.#node;
    const { subtask, parallelism, maxParallelism } = this.#plan.task;
    const range = keyGroupRange(subtask, maxParallelism, parallelism);
    for (const { keyGroup, bytes } of chunks) {
      const own = keyGroup >= range.start && keyGroup <= range.end;
      if (!own && keyGroup !== OPERATOR_STATE) continue;
      const buffer = instance.copyIn(bytes);
      this.#untilDone("mr_restore", (budget) =>
        instance.invoke(site, "mr_restore", inst, keyGroup, buffer.pointer, bytes.length, budget),
      );
      instance.recycle(buffer);
    }
    // Waiting rows of an asynchronous function are asked for again at once; time has not passed for others.
    if (this.nextTimer("processing") === 0n) this.call({ type: "timers", nowMs: 0 });
  }

  /** What the operator counts and measures by itself. */
  userMetrics(): UserMetric[] {
    return this.#chain.userMetrics();
  }

  /** A source has said that it is at its end. */
  get finished(): boolean {
    return this.#chain.finished;
  }

  /** Rows that it has refused or dropped as late so far. */
  get rowsFailed(): number {
    return this.#instance.counter("rowsFailed");
  }

  /** Bytes of its state. */
  get stateBytes(): number {
    return this.#instance.counter("stateBytes");
  }

  /** After a failure: the row of the input batch that was being processed. */
  get rowInProgress(): number | undefined {
    const row = this.#instance.result("row");
    return row === NO_ROW ? undefined : row;
  }

  close(): void {
    this.#chain.close();
  }

  #run(call: ChainCall): void {
    assert(!this.#failed, "a failed operator is not called again");
    try {
      if (this.#waiting) this.#chain.interject(call as Interjection);
      else this.#chain.begin(call);
      for (let slices = 0; slices < MAX_SLICES; slices++) {
        const progress = this.#chain.run(this.#output);
        this.#waiting = progress === "waiting";
        if (progress === "done" || progress === "waiting") return;
        if (progress === "blocked") this.#output.makeRoom();
      }
    } catch (error) {
      this.#failed = true;
      throw error;
    }
    throw neverDone(this.#node.site.name, call.type);
  }

  #untilDone(what: string, call: (budget: number) => number, chunk?: () => void): void {
    for (let calls = 0; calls < MAX_SLICES; calls++) {
      const status = call(this.#budget);
      if (status === STATUS.done) return;
      if (status === STATUS.chunk && chunk !== undefined) chunk();
      else if (status !== STATUS.sliceOver) {
        const { name } = this.#node.site;
        const reason = status === STATUS.failed ? this.#instance.resultText() : `status ${status}`;
        const message = `Operator ${name} failed in ${what}: ${reason}`;
        throw new MillraceError("OPERATOR_FAILED", message, { field: name });
      }
    }
    throw neverDone(this.#node.site.name, what);
  }
}

type Interjection = Extract<ChainCall, { type: "completion" | "timers" | "flush" }>;

const MAX_INT64 = 0x7fff_ffff_ffff_ffffn;

function neverDone(operator: string, what: string): MillraceError {
  const message = `Operator ${operator} failed: ${what} is not done after ${MAX_SLICES} calls`;
  return new MillraceError("OPERATOR_FAILED", message, { field: operator });
}

/** Reads what leaves; an output of one row's room is full after each block. */
class CollectingOutput implements ChainOutput {
  heldUpMs = 0;
  readonly #plan: PlannedOperator;
  readonly #room: number;
  readonly #taken: (output: number, element: TakenElement) => void;
  readonly #asked: (request: bigint, bytes: Uint8Array) => void;
  readonly #full = new Set<number>();

  constructor(
    plan: PlannedOperator,
    room: number,
    taken: (output: number, element: TakenElement) => void,
    asked: (request: bigint, bytes: Uint8Array) => void,
  ) {
    this.#asked = asked;
    this.#plan = plan;
    this.#room = room;
    this.#taken = taken;
  }

  makeRoom(): void {
    this.#full.clear();
  }

  hasRoom(edge: number): boolean {
    return !this.#full.has(edge);
  }

  sendBatch(edge: number, _channel: number, block: Uint8Array): void {
    if (this.#room === 1) this.#full.add(edge);
    const batch = readBatch(block.slice(), this.#plan.outputs[edge]!.schema);
    const { watermarks } = batch;
    let next = 0;
    const upTo = (row: number): void => {
      for (; next < watermarks.length && watermarks[next]!.row <= row; next++) {
        const { timestamp, idle } = watermarks[next]!;
        if (idle === undefined) this.sendWatermark(edge, 0, timestamp);
        else this.sendStatus(edge, 0, idle);
      }
    };
    for (const row of batch.selectedRows()) {
      upTo(row);
      const timestamp = batch.eventTimeAt(row);
      const change = batch.changeAt(row);
      this.#taken(edge, { type: "row", values: batch.rowAt(row), timestamp, change });
    }
    upTo(batch.rowCount);
  }

  sendWatermark(edge: number, _channel: number, timestamp: bigint): void {
    this.#taken(edge, { type: "watermark", timestamp });
  }

  sendStatus(edge: number, _channel: number, idle: boolean): void {
    this.#taken(edge, { type: "status", idle });
  }

  sendRequest(_operator: number, request: bigint, bytes: Uint8Array): void {
    this.#asked(request, bytes);
  }

  sinkHasRoom(): boolean {
    return true;
  }

  writeSink(): void {
    throw new Error("Assertion failed: a harness has no sink connectors");
  }
}
