/**
 * Drives operators of a module through the ABI with a clock of the test's own (Flink: the operator
 * test harnesses): batches, watermarks, timers, snapshots and restores, with any room and budget.
 */
import { type ExportName, RESULT, STATUS } from "../../src/protocol/abi.ts";
import { readBatch } from "../../src/protocol/batch/batch-reader.ts";
import type { RowValue } from "../../src/protocol/batch/column-value.ts";
import { openColumns } from "../../src/protocol/batch/schema-columns.ts";
import { keyGroupRange } from "../../src/protocol/key-group.ts";
import type { Schema } from "../../src/protocol/types.ts";
import { readUserMetrics } from "../../src/protocol/user-metric.ts";

/** Room of an output block in rows, and rows per call. */
export interface Mode {
  readonly roomRows: number;
  readonly budget: number;
  /** Whether a snapshot is taken and restored after every step. */
  readonly restores?: boolean;
}

export const NORMAL: Mode = { roomRows: 4096, budget: 1_000_000 };
export const TIGHT: Mode = { roomRows: 1, budget: 0 };
/** Ways to run an operator that must all give the same, by name. */
export const MODES: Readonly<Record<string, Mode>> = {
  "ample room and budget": NORMAL,
  "one-row room": { roomRows: 1, budget: 1_000_000 },
  "zero budget": { roomRows: 4096, budget: 0 },
  "one-row room and zero budget": TIGHT,
};

export interface HarnessOutput {
  readonly name: string;
  readonly schema: Schema;
}

/** How to open one subtask. */
export interface HarnessSetup {
  readonly operator: number;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly inputs: readonly { readonly schema: Schema; readonly keys: readonly string[] }[];
  readonly outputs: readonly HarnessOutput[];
  readonly subtask?: number;
  readonly parallelism?: number;
  readonly maxParallelism?: number;
  /** Whether a refused row fails the operator; default: it is noted and the operator goes on. */
  readonly failsOnRow?: boolean;
}

export type OutputElement =
  | {
      readonly type: "row";
      readonly values: RowValue;
      readonly time: bigint | undefined;
      readonly change: number;
    }
  | { readonly type: "watermark"; readonly timestamp: bigint }
  | { readonly type: "status"; readonly idle: boolean };

/** Bytes that a call handed out: a part of a snapshot, a committable. */
export interface Chunk {
  readonly keyGroup: number;
  readonly bytes: Uint8Array;
}

/** The operator said no: its message. */
export class OperatorRefusal extends Error {}

type Call = (...args: (number | bigint)[]) => number | bigint;

/** More calls than a test needs: a call that never gets done fails instead of hanging. */
const MAX_CALLS = 1_000_000;

/** One instance of a module; operators of many harnesses live in it, one after the other. */
export class HarnessModule {
  /** Processing time, ms. */
  clock = 0n;
  /** How much of that time the task was held up, ms. */
  heldUp = 0n;
  /** Exports that were called, and what the module called of the host. */
  readonly called = new Set<ExportName>();
  readonly logged: string[] = [];
  /** State that was written out, by the bytes of its key. */
  readonly written = new Map<string, Uint8Array>();
  readonly #exports: Record<string, Call>;
  readonly #memory: WebAssembly.Memory;

  constructor(module: WebAssembly.Module) {
    const aborted = (message: number, file: number, line: number) => {
      throw new OperatorRefusal(`${this.#utf16(message)} (${this.#utf16(file)}:${line})`);
    };
    const { exports } = new WebAssembly.Instance(module, {
      env: { abort: aborted },
      millrace: {
        log: (level: number, at: number, length: number) => {
          this.logged.push(`${level} ${new TextDecoder().decode(this.read(at, length))}`);
        },
        state_read: () => 0,
        state_write: (_: number, key: number, size: number, at: number, length: number) => {
          this.written.set(this.read(key, size).join(), this.read(at, length));
        },
        processing_time: () => this.clock,
        input_activity_time: () => this.clock - this.heldUp,
      },
    });
    this.#exports = exports as unknown as Record<string, Call>;
    this.#memory = exports.memory as WebAssembly.Memory;
    this.#exports._initialize!();
  }

  /** The whole memory; valid until the next call. */
  get buffer(): ArrayBuffer {
    return this.#memory.buffer;
  }

  get pages(): number {
    return this.#memory.buffer.byteLength / 65_536;
  }

  call(name: ExportName, ...args: (number | bigint)[]): number {
    this.called.add(name);
    return Number(this.#exports[name]!(...args));
  }

  callInt64(name: ExportName, ...args: (number | bigint)[]): bigint {
    this.called.add(name);
    return BigInt(this.#exports[name]!(...args));
  }

  /** A 32-bit field of the result record. */
  result(field: "status" | "row" | "code" | "pointer" | "length" | "keyGroup"): number {
    const at = this.call("mr_result") + RESULT[field];
    const view = new DataView(this.#memory.buffer);
    return field === "keyGroup" ? view.getInt32(at, true) : view.getUint32(at, true);
  }

  /** A 64-bit field of the result record. */
  counter(field: "requestId" | "rowsIn" | "rowsOut" | "rowsFailed" | "stateBytes"): bigint {
    const at = this.call("mr_result") + RESULT[field];
    return new DataView(this.#memory.buffer).getBigUint64(at, true);
  }

  /** A copy of the bytes that the result record points to. */
  resultBytes(): Uint8Array {
    return this.read(this.result("pointer"), this.result("length"));
  }

  message(): string {
    return new TextDecoder().decode(this.resultBytes());
  }

  read(pointer: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer.slice(pointer, pointer + length));
  }

  /** Copies bytes in for the time of `use`. */
  with<T>(bytes: Uint8Array, use: (pointer: number, length: number) => T): T {
    const pointer = this.call("mr_alloc", bytes.length) >>> 0;
    new Uint8Array(this.#memory.buffer, pointer, bytes.length).set(bytes);
    try {
      return use(pointer, bytes.length);
    } finally {
      this.call("mr_free", pointer);
    }
  }

  #utf16(pointer: number): string {
    if (pointer === 0) return "";
    const bytes = new DataView(this.#memory.buffer).getUint32(pointer - 4, true);
    return new TextDecoder("utf-16le").decode(this.read(pointer, bytes));
  }
}

/** One subtask of an operator. */
export class OperatorHarness {
  readonly module: HarnessModule;
  readonly inst: number;
  /** Rows the operator refused, with its message. */
  readonly failures: { readonly row: number; readonly message: string }[] = [];
  /** What the operator asked of the outside. */
  readonly requests: { readonly id: bigint; readonly bytes: Uint8Array }[] = [];
  /** Gives the state that a call wants. */
  stateOf: (keys: Uint8Array) => Uint8Array = () => new Uint8Array(0);
  readonly #setup: HarnessSetup;
  readonly #mode: Mode;
  #reading = true;
  #elements: OutputElement[][];
  #chunks: Chunk[] = [];

  /** @throws OperatorRefusal with the operator's message where it refuses its configuration */
  constructor(module: HarnessModule, setup: HarnessSetup, mode: Mode = NORMAL) {
    this.module = module;
    this.#setup = setup;
    this.#mode = mode;
    this.#elements = setup.outputs.map(() => []);
    const config = new TextEncoder().encode(JSON.stringify(openConfig(setup, mode)));
    this.inst = module.with(config, (at, length) =>
      module.call("mr_open", setup.operator, at, length),
    );
    if (this.inst < 0) throw new OperatorRefusal(module.message());
  }

  /** A counter of the operator's own; undefined: it has none of that name. */
  counter(name: string): bigint | undefined {
    const at = this.module.call("mr_metrics", this.inst);
    if (at === 0) return undefined;
    const [length] = new Uint32Array(this.module.buffer.slice(at, at + 4));
    const text = new TextDecoder().decode(this.module.read(at + 4, length!));
    const found = readUserMetrics(text, "")?.find(({ id }) => id === `.${name}`);
    return found?.type === "counter" ? BigInt(found.count) : undefined;
  }

  process(block: Uint8Array, input = 0): void {
    this.module.with(block, (at) => this.#resume("mr_process", input, at));
  }

  /** Processes a batch and throws its output away unread: for long runs. */
  processUnread(block: Uint8Array): void {
    this.#reading = false;
    this.process(block);
    this.drain();
    this.#reading = true;
  }

  watermark(timestamp: bigint): void {
    this.#resume("mr_watermark", timestamp);
  }

  endInput(input: number): void {
    this.#resume("mr_end_input", input);
  }

  idle(idle: boolean): void {
    this.#answered("mr_idle", this.module.call("mr_idle", this.inst, idle ? 1 : 0));
  }

  complete(request: bigint, answer: Uint8Array): void {
    this.module.with(answer, (at, length) => this.#resume("mr_complete", request, at, length));
  }

  assign(split: unknown): void {
    this.module.with(new TextEncoder().encode(JSON.stringify(split)), (at, length) => {
      const status = this.module.call("mr_source_assign", this.inst, at, length);
      this.#answered("mr_source_assign", status);
    });
  }

  /** Whether the split has been read to its end. */
  bytes(chunk: Uint8Array, last: boolean): boolean {
    return this.module.with(chunk, (at, length) =>
      this.#resume("mr_source_bytes", at, length, last ? 1 : 0),
    );
  }

  /** Whether the source has come to its end. */
  poll(): boolean {
    return this.#resume("mr_source_poll");
  }

  /** Earliest timer of domain 0 (event) or 1 (processing time); undefined: none. */
  nextTimer(domain: 0 | 1): bigint | undefined {
    const next = this.module.callInt64("mr_next_timer", this.inst, domain);
    return next === MAX_INT64 ? undefined : next;
  }

  /** Moves the clock to `target`, firing what is due one time after the other. */
  advanceTo(target: bigint): void {
    for (;;) {
      const due = this.nextTimer(1);
      if (due === undefined || due > target) break;
      if (due > this.module.clock) this.module.clock = due;
      this.#resume("mr_timers", 1, this.module.clock);
    }
    this.module.clock = target;
  }

  timers(domain: 0 | 1, now: bigint): void {
    this.#resume("mr_timers", domain, now);
  }

  snapshot(checkpoint: bigint, since = -1n): Chunk[] {
    this.#resume("mr_snapshot", checkpoint, since);
    return this.#chunks.splice(0);
  }

  /** One slice of a snapshot; other calls may stand between the slices. Done: the last one. */
  snapshotSlice(
    checkpoint: bigint,
    since: bigint,
    budget: number,
  ): { done: boolean; chunks: Chunk[] } {
    const { module } = this;
    const status = module.call("mr_snapshot", this.inst, checkpoint, since, budget);
    if (status === STATUS.done) return { done: true, chunks: [] };
    if (status === STATUS.sliceOver) return { done: false, chunks: [] };
    if (status !== STATUS.chunk) throw new OperatorRefusal(`mr_snapshot answered ${status}`);
    const chunk = { keyGroup: module.result("keyGroup"), bytes: module.resultBytes() };
    return { done: false, chunks: [chunk] };
  }

  prepareCommit(checkpoint: bigint): Chunk[] {
    this.#resume("mr_prepare_commit", checkpoint);
    return this.#chunks.splice(0);
  }

  restore(chunk: Chunk): void {
    this.module.with(chunk.bytes, (at, length) =>
      this.#resume("mr_restore", chunk.keyGroup, at, length),
    );
  }

  /** What came out since the last call, by output, partly filled blocks included. */
  drain(): OutputElement[][] {
    for (const output of this.#setup.outputs.keys()) {
      this.module.call("mr_flush", this.inst, output);
    }
    this.#takeAll();
    const elements = this.#elements;
    this.#elements = this.#setup.outputs.map(() => []);
    return elements;
  }

  close(): void {
    this.module.call("mr_close", this.inst);
  }

  /** A call that is not resumable answers DONE or fails. */
  #answered(name: ExportName, status: number): void {
    if (status !== STATUS.done) {
      throw new OperatorRefusal(`${name} answered ${status}: ${this.module.message()}`);
    }
  }

  /** Calls until the call is done; true: a source is finished. */
  #resume(name: ExportName, ...args: (number | bigint)[]): boolean {
    for (let calls = 0; calls < MAX_CALLS; calls++) {
      const status = this.module.call(name, this.inst, ...args, this.#mode.budget);
      switch (status) {
        case STATUS.done:
          return false;
        case STATUS.finished:
          return true;
        case STATUS.stateWanted:
          this.#supply();
          break;
        case STATUS.request:
          this.requests.push({
            id: this.module.counter("requestId"),
            bytes: this.module.resultBytes(),
          });
          break;
        case STATUS.outputFull:
          this.#takeAll();
          break;
        case STATUS.sliceOver:
          break;
        case STATUS.rowFailed:
          if (this.#setup.failsOnRow === true) throw new OperatorRefusal(this.module.message());
          this.failures.push({ row: this.module.result("row"), message: this.module.message() });
          break;
        case STATUS.chunk:
          this.#chunks.push({
            keyGroup: this.module.result("keyGroup"),
            bytes: this.module.resultBytes(),
          });
          break;
        default:
          throw new OperatorRefusal(`${name} answered ${status}: ${this.module.message()}`);
      }
    }
    throw new Error(`${name} never gets done`);
  }

  #supply(): void {
    const state = this.stateOf(this.module.resultBytes());
    this.module.with(state, (at, length) => {
      const status = this.module.call("mr_state_supply", this.inst, at, length);
      this.#answered("mr_state_supply", status);
    });
  }

  #takeAll(): void {
    for (const [output, { schema }] of this.#setup.outputs.entries()) {
      for (;;) {
        const block = this.module.call("mr_take", this.inst, output) >>> 0;
        if (block === 0) break;
        if (!this.#reading) continue;
        const length = new DataView(this.module.read(block + 8, 4).buffer).getUint32(0, true);
        this.#collect(output, this.module.read(block, length), schema);
      }
    }
  }

  #collect(output: number, block: Uint8Array, schema: Schema): void {
    const batch = readBatch(block, schema);
    if (batch.rowCount > this.#mode.roomRows) throw new Error(`a block of ${batch.rowCount} rows`);
    const elements = this.#elements[output]!;
    let next = 0;
    const upTo = (row: number) => {
      for (; next < batch.watermarks.length && batch.watermarks[next]!.row <= row; next++) {
        const { timestamp, idle } = batch.watermarks[next]!;
        if (idle === undefined) elements.push({ type: "watermark", timestamp });
        else elements.push({ type: "status", idle });
      }
    };
    for (const row of batch.selectedRows()) {
      upTo(row);
      const [values, time] = [batch.rowAt(row), batch.eventTimeAt(row)];
      elements.push({ type: "row", values, time, change: batch.changeAt(row) });
    }
    upTo(batch.rowCount);
  }
}

const MAX_INT64 = 0x7fff_ffff_ffff_ffffn;

function openConfig(setup: HarnessSetup, mode: Mode) {
  const { subtask = 0, parallelism = 1, maxParallelism = 128 } = setup;
  const range = keyGroupRange(subtask, maxParallelism, parallelism);
  return {
    parameters: setup.parameters ?? {},
    subtask,
    parallelism,
    maxParallelism,
    keyGroupStart: range.start,
    keyGroupEnd: range.end,
    inputs: setup.inputs.map(({ schema, keys }) => ({
      name: "main",
      columns: openColumns(schema),
      keys: keys.map((key) => schema.findIndex((field) => field.name === key)),
    })),
    outputs: setup.outputs.map(({ name, schema }) => ({
      name,
      columns: openColumns(schema),
      keys: [],
    })),
    roomRows: mode.roomRows,
    roomBytes: 65_536,
  };
}
