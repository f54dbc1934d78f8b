/**
 * Drives one operator of a module through the ABI as the host does, and collects what comes out of
 * each output as one sequence of rows and watermarks, however it was cut into blocks.
 */

import { RESULT, STATUS } from "../../src/protocol/abi.ts";
import { readBatch } from "../../src/protocol/batch/batch-reader.ts";
import type { RowValue } from "../../src/protocol/batch/column-value.ts";
import { openColumns } from "../../src/protocol/batch/schema-columns.ts";
import type { Schema } from "../../src/protocol/types.ts";
import { instantiate } from "./compile-assembly.ts";

/** Ways to run an operator that must all give the same rows. */
export const MODES = [
  { name: "normal", roomRows: 4096, budget: 1_000_000 },
  { name: "one-row room", roomRows: 1, budget: 1_000_000 },
  { name: "zero budget", roomRows: 4096, budget: 0 },
  { name: "one-row room and zero budget", roomRows: 1, budget: 0 },
] as const;
export type Mode = (typeof MODES)[number];

export interface OperatorSetup {
  /** Number of the operator in the module. */
  readonly operator: number;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly input?: Schema;
  readonly outputs: readonly { readonly name: string; readonly schema: Schema }[];
  readonly subtask?: number;
  readonly parallelism?: number;
}

export interface OutputRow {
  readonly values: RowValue;
  readonly time: bigint | undefined;
  readonly change: number;
}
export type OutputElement = OutputRow | { readonly watermark: bigint };

/** What the module said of a row it refused. */
export interface Failure {
  readonly row: number;
  readonly message: string;
}

type Call = (...args: (number | bigint)[]) => number;

/** More calls than any test needs: a call that never gets done fails instead of hanging. */
const MAX_CALLS = 2_000_000;

export class ModuleDriver {
  readonly outputs: OutputElement[][];
  readonly failures: Failure[] = [];
  /** Rows of the largest block taken. */
  largestBlock = 0;
  readonly #call: Record<string, Call>;
  readonly #memory: WebAssembly.Memory;
  readonly #inst: number;
  readonly #mode: Mode;
  readonly #schemas: readonly Schema[];

  /** @throws Error with the module's message where it refuses the configuration. */
  constructor(module: WebAssembly.Module, setup: OperatorSetup, mode: Mode = MODES[0]) {
    const { exports } = instantiate(module);
    this.#call = exports as unknown as Record<string, Call>;
    this.#memory = exports.memory as WebAssembly.Memory;
    this.#mode = mode;
    this.#schemas = setup.outputs.map((output) => output.schema);
    this.outputs = setup.outputs.map(() => []);
    const stream = (name: string, schema: Schema) => ({
      name,
      columns: openColumns(schema),
      keys: [],
    });
    const config = JSON.stringify({
      parameters: setup.parameters ?? {},
      subtask: setup.subtask ?? 0,
      parallelism: setup.parallelism ?? 1,
      maxParallelism: 128,
      keyGroupStart: 0,
      keyGroupEnd: 127,
      inputs: setup.input === undefined ? [] : [stream("main", setup.input)],
      outputs: setup.outputs.map((output) => stream(output.name, output.schema)),
      roomRows: mode.roomRows,
      roomBytes: 65_536,
    });
    this.#inst = this.#with(new TextEncoder().encode(config), (pointer, length) =>
      this.#call.mr_open!(setup.operator, pointer, length),
    );
    if (this.#inst < 0) throw new Error(this.#message());
  }

  assign(split: Readonly<Record<string, unknown>>): this {
    const status = this.#with(new TextEncoder().encode(JSON.stringify(split)), (pointer, length) =>
      this.#call.mr_source_assign!(this.#inst, pointer, length),
    );
    if (status !== STATUS.done) throw new Error(this.#message());
    return this;
  }

  /** Hands in a chunk of bytes; true when the split is finished. */
  bytes(chunk: Uint8Array, last: boolean): boolean {
    return this.#with(chunk, (pointer, length) =>
      this.#untilDone((budget) =>
        this.#call.mr_source_bytes!(this.#inst, pointer, length, last ? 1 : 0, budget),
      ),
    );
  }

  /** Polls until the source is finished. */
  poll(): void {
    while (!this.#untilDone((budget) => this.#call.mr_source_poll!(this.#inst, budget)));
  }

  process(block: Uint8Array): this {
    this.#with(block, (pointer) =>
      this.#untilDone((budget) => this.#call.mr_process!(this.#inst, 0, pointer, budget)),
    );
    return this;
  }

  watermark(timestamp: bigint): this {
    this.#untilDone((budget) => this.#call.mr_watermark!(this.#inst, timestamp, budget));
    return this;
  }

  /** Seals and takes what is left. */
  flush(): this {
    for (const output of this.outputs.keys()) this.#call.mr_flush!(this.#inst, output);
    this.#takeAll();
    return this;
  }

  close(): void {
    this.#call.mr_close!(this.#inst);
  }

  /** Size of the module's memory. */
  get memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Rows of an output, without lanes and watermarks. */
  rows(output = 0): RowValue[] {
    return this.outputs[output]!.flatMap((element) =>
      "values" in element ? [element.values] : [],
    );
  }

  #untilDone(call: (budget: number) => number): boolean {
    for (let calls = 0; calls < MAX_CALLS; calls++) {
      const status = call(this.#mode.budget);
      switch (status) {
        case STATUS.done:
          return false;
        case STATUS.finished:
          return true;
        case STATUS.outputFull:
          this.#takeAll();
          break;
        case STATUS.sliceOver:
          break;
        case STATUS.rowFailed:
          this.failures.push({ row: this.#result(RESULT.row), message: this.#message() });
          break;
        default:
          throw new Error(`status ${status}: ${this.#message()}`);
      }
    }
    throw new Error("the call never gets done");
  }

  #takeAll(): void {
    for (const [output, schema] of this.#schemas.entries()) {
      for (;;) {
        const block = this.#call.mr_take!(this.#inst, output);
        if (block === 0) break;
        this.#collect(output, schema, block >>> 0);
      }
    }
  }

  #collect(output: number, schema: Schema, block: number): void {
    const length = new DataView(this.#memory.buffer).getUint32(block + 8, true);
    const batch = readBatch(
      new Uint8Array(this.#memory.buffer.slice(block, block + length)),
      schema,
    );
    this.largestBlock = Math.max(this.largestBlock, batch.rowCount);
    const elements = this.outputs[output]!;
    let next = 0;
    const upTo = (row: number) => {
      for (; next < batch.watermarks.length && batch.watermarks[next]!.row <= row; next++) {
        // Of watermarks without a row between them the last says all.
        if ("watermark" in (elements.at(-1) ?? {})) elements.pop();
        elements.push({ watermark: batch.watermarks[next]!.timestamp });
      }
    };
    for (const row of batch.selectedRows()) {
      upTo(row);
      elements.push({
        values: batch.rowAt(row),
        time: batch.eventTimeAt(row),
        change: batch.changeAt(row),
      });
    }
    upTo(batch.rowCount);
  }

  #with<T>(bytes: Uint8Array, use: (pointer: number, length: number) => T): T {
    const pointer = this.#call.mr_alloc!(bytes.length) >>> 0;
    new Uint8Array(this.#memory.buffer, pointer, bytes.length).set(bytes);
    try {
      return use(pointer, bytes.length);
    } finally {
      this.#call.mr_free!(pointer);
    }
  }

  #result(field: number): number {
    return new DataView(this.#memory.buffer).getUint32(this.#call.mr_result!() + field, true);
  }

  #message(): string {
    const pointer = this.#result(RESULT.pointer);
    return new TextDecoder().decode(
      new Uint8Array(this.#memory.buffer, pointer, this.#result(RESULT.length)),
    );
  }
}

/** Runs `drive` in every mode and answers the drivers, the normal one first. */
export function inEveryMode(
  module: WebAssembly.Module,
  setup: OperatorSetup,
  drive: (driver: ModuleDriver) => void,
): ModuleDriver[] {
  return MODES.map((mode) => {
    const driver = new ModuleDriver(module, setup, mode);
    drive(driver);
    driver.flush();
    if (driver.largestBlock > mode.roomRows) {
      throw new Error(`${mode.name}: a block of ${driver.largestBlock} rows`);
    }
    return driver;
  });
}
