/** One keyed operator of a module, fed with batches whose columns are filled in place. */

import type { BuiltBundle } from "../src/build/compile.ts";
import { STATUS } from "../src/protocol/abi.ts";
import { BatchWriter } from "../src/protocol/batch/batch-writer.ts";
import { COLUMN, COLUMN_BYTES, HEADER } from "../src/protocol/batch/layout.ts";
import { openColumns } from "../src/protocol/batch/schema-columns.ts";
import { addUndoLog } from "../src/protocol/bundle/undo/undo-log.ts";
import { notingExport } from "../src/protocol/bundle/undo/undo-names.ts";
import type { Schema } from "../src/protocol/types.ts";

export const BATCH_ROWS = 4096;
const TOTAL: Schema = [{ name: "n", type: { type: "BIGINT", nullable: false } }];
/** A text key has so many bytes. */
export const TEXT_KEY_BYTES = 16;

type Call = (...args: (number | bigint)[]) => number;

export class StateFeeder {
  /** Rows that came out. */
  rowsOut = 0;
  readonly #call: Record<string, Call>;
  readonly #inst: number;
  readonly #blocks: readonly number[];
  readonly #isText: boolean;
  readonly #process: Call;
  #turn = 0;

  /** @param log whether the module can undo rows, and whether this operator does; default: neither */
  constructor(
    { bytes, manifest }: BuiltBundle,
    name: string,
    isText = false,
    log: { readonly undoes: boolean } | undefined = undefined,
  ) {
    this.#isText = isText;
    const code = log === undefined ? bytes : addUndoLog(bytes);
    const module = new WebAssembly.Module(code as Uint8Array<ArrayBuffer>);
    const { exports } = new WebAssembly.Instance(module, {
      env: {
        abort: () => {
          throw new Error(`${name} aborted`);
        },
      },
      // No operator here looks at the clock or at state outside: any answer will do.
      millrace: new Proxy({}, { get: () => () => 0 }),
    });
    this.#call = exports as unknown as Record<string, Call>;
    this.#call._initialize!();
    this.#process = this.#call[log?.undoes ? notingExport("mr_process") : "mr_process"]!;
    const index = manifest.operators.findIndex((operator) => operator.name === name);
    const schema = schemaOf(isText);
    const config = new TextEncoder().encode(
      JSON.stringify({ ...openConfig(schema), undoRows: log?.undoes }),
    );
    this.#inst = this.#call.mr_open!(index, this.#put(config), config.length);
    if (this.#inst < 0) throw new Error(`${name} refuses its configuration`);
    const block = template(schema, isText);
    // Two copies: a block that comes twice in a row is a resumed call, unless it was done with.
    this.#blocks = [this.#put(block), this.#put(block)];
  }

  get memory(): WebAssembly.Memory {
    return this.#call.memory as unknown as WebAssembly.Memory;
  }

  /** The next batch's columns, to be filled: keys (int64, or the bytes of texts) and values. */
  columns(): { keys: BigInt64Array; text: Uint8Array; values: BigInt64Array } {
    const block = this.#blocks[this.#turn & 1]!;
    const { buffer } = this.memory;
    const view = new DataView(buffer);
    const table = block + view.getUint32(block + HEADER.columnTable, true);
    const dataOf = (node: number) =>
      block + view.getUint32(table + node * COLUMN_BYTES + COLUMN.data, true);
    const keys = this.#isText ? 0 : dataOf(0);
    return {
      keys: new BigInt64Array(buffer, keys, this.#isText ? 0 : BATCH_ROWS),
      text: new Uint8Array(buffer, dataOf(0), this.#isText ? BATCH_ROWS * TEXT_KEY_BYTES : 0),
      values: new BigInt64Array(buffer, dataOf(1), BATCH_ROWS),
    };
  }

  /** Hands the batch in. */
  process(): void {
    const block = this.#blocks[this.#turn++ & 1]!;
    this.#drive(() => this.#process(this.#inst, 0, block, 1_000_000));
  }

  watermark(timestamp: bigint): void {
    this.#drive(() => this.#call.mr_watermark!(this.#inst, timestamp, 1_000_000));
  }

  /** Counts what lies in the block that is not full. */
  flush(): void {
    this.#call.mr_flush!(this.#inst, 0);
    this.#drive(() => STATUS.done);
  }

  #put(bytes: Uint8Array): number {
    const at = this.#call.mr_alloc!(bytes.length) >>> 0;
    new Uint8Array(this.memory.buffer, at, bytes.length).set(bytes);
    return at;
  }

  #drive(call: () => number): void {
    for (;;) {
      const status = call();
      for (let block = 0; ; ) {
        block = this.#call.mr_take!(this.#inst, 0) >>> 0;
        if (block === 0) break;
        this.rowsOut += new DataView(this.memory.buffer).getUint32(block + HEADER.rowCount, true);
      }
      if (status === STATUS.done) return;
      if (status !== STATUS.outputFull && status !== STATUS.sliceOver) {
        throw new Error(`status ${status}`);
      }
    }
  }
}

function schemaOf(isText: boolean): Schema {
  return [
    { name: "k", type: { type: isText ? "STRING" : "BIGINT", nullable: false } },
    { name: "v", type: { type: "BIGINT", nullable: false } },
  ];
}

function template(schema: Schema, isText: boolean): Uint8Array {
  const writer = new BatchWriter(schema);
  const key = isText ? "0".repeat(TEXT_KEY_BYTES) : 0n;
  for (let i = 0; i < BATCH_ROWS; i++) writer.append([key, 1n], { eventTime: 0n });
  return writer.finish();
}

function openConfig(schema: Schema) {
  return {
    parameters: {},
    subtask: 0,
    parallelism: 1,
    maxParallelism: 128,
    keyGroupStart: 0,
    keyGroupEnd: 127,
    inputs: [{ name: "main", columns: openColumns(schema), keys: [0] }],
    outputs: [{ name: "main", columns: openColumns(TOTAL), keys: [] }],
    roomRows: 4096,
    roomBytes: 65_536,
  };
}
