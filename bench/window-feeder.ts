/** Feeds window_aggregate, and the bare loop, with the same rows; the clock runs in their calls only. */
import { readFile } from "node:fs/promises";
import { STATUS } from "../src/protocol/abi.ts";
import { BatchWriter } from "../src/protocol/batch/batch-writer.ts";
import { openColumns } from "../src/protocol/batch/schema-columns.ts";
import { inspectBundle } from "../src/protocol/bundle/inspect.ts";
import type { Schema } from "../src/protocol/types.ts";
import { compileKernel } from "./compile-kernel.ts";

export const BLOCK_ROWS = 4096;
/** Events per millisecond of event time. */
const EVENTS_PER_MS = 1_000;
/** Blocks with different keys, which come round and round. */
const BLOCKS = 256;

const BIGINT = { type: "BIGINT", nullable: false } as const;
const INPUT: Schema = [
  { name: "k", type: BIGINT },
  { name: "v", type: BIGINT },
];

type Call = (...args: (number | bigint)[]) => number | bigint;

/** Keys of block `index`: uniform, the same in every run. */
function keysOf(index: number, keys: number): BigInt64Array {
  const list = new BigInt64Array(BLOCK_ROWS);
  let state = (index * 7919 + 12345) >>> 0;
  for (let i = 0; i < BLOCK_ROWS; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    list[i] = BigInt(Math.floor((state / 2 ** 32) * keys));
  }
  return list;
}

/** Goes on in event time from block to block, and measures calls. */
abstract class Feeder {
  events = 0;
  protected seconds = 0;
  /** Where the event times began, ms. */
  #base = 0;
  /** Event time of the last event. */
  lastMs = 0;

  /** Feeds `ms` of event time thinly, an event a millisecond: what windows hold, without what it costs. */
  fill(ms: number): void {
    for (let at = 0; at < ms; at += BLOCK_ROWS) {
      const times = this.times(0);
      for (let i = 0; i < BLOCK_ROWS; i++) times[2 * i] = at + i;
      this.lastMs = at + BLOCK_ROWS - 1;
      this.feed(0, this.lastMs);
    }
    this.#base = this.lastMs + 1;
  }

  /** Feeds for `seconds` of time in the module; events per such second. */
  run(seconds: number): number {
    this.seconds = 0;
    const before = this.events;
    while (this.seconds < seconds) {
      for (let i = 0; i < 16; i++) this.#block();
    }
    return (this.events - before) / this.seconds;
  }

  #block(): void {
    const index = (this.events / BLOCK_ROWS) % BLOCKS;
    const times = this.times(index);
    // Times stay below 2^31 ms: the upper halves are 0.
    for (let i = 0; i < BLOCK_ROWS; i++)
      times[2 * i] = this.#base + Math.floor((this.events + i) / EVENTS_PER_MS);
    const last = times[2 * BLOCK_ROWS - 2]!;
    this.lastMs = last;
    const start = process.hrtime.bigint();
    this.feed(index, last);
    this.seconds += Number(process.hrtime.bigint() - start) / 1e9;
    this.events += BLOCK_ROWS;
  }

  /** Event times of a block, int64 as pairs of int32. */
  protected abstract times(index: number): Int32Array;
  protected abstract feed(index: number, last: number): void;
  /** Results so far. */
  abstract get results(): number;
}

export interface Windows {
  readonly keys: number;
  /** Parameters of window_aggregate. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly aggregates: readonly ("count" | "sum" | "max")[];
}

/** window_aggregate, one instance in a module of its own; a watermark behind every block. */
export class EngineFeeder extends Feeder {
  readonly #call: Record<string, Call>;
  readonly #memory: WebAssembly.Memory;
  readonly #inst: number;
  readonly #blocks: readonly { readonly at: number; readonly times: number }[];

  private constructor(instance: WebAssembly.Instance, operator: number, windows: Windows) {
    super();
    this.#call = instance.exports as unknown as Record<string, Call>;
    this.#memory = instance.exports.memory as WebAssembly.Memory;
    this.#call._initialize!();
    const config = new TextEncoder().encode(JSON.stringify(openConfig(windows)));
    const at = this.#put(config);
    this.#inst = Number(this.#call.mr_open!(operator, at, config.length));
    if (this.#inst < 0) throw new Error("window_aggregate refuses its configuration");
    this.#blocks = Array.from({ length: BLOCKS }, (_, i) =>
      this.#putBlock(keysOf(i, windows.keys)),
    );
  }

  static async open(windows: Windows): Promise<EngineFeeder> {
    const bytes = await readFile(new URL("../build/builtin.wasm", import.meta.url));
    const { manifest } = inspectBundle(bytes);
    const operator = manifest.operators.findIndex(({ name }) => name === "window_aggregate");
    const imports = {
      env: {
        abort: () => {
          throw new Error("window_aggregate aborted");
        },
      },
      // Nothing here goes by the clock or by state outside.
      millrace: new Proxy(
        {},
        { get: (_, name) => () => (String(name).endsWith("_time") ? 0n : 0) },
      ),
    };
    const module = await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
    return new EngineFeeder(new WebAssembly.Instance(module, imports), operator, windows);
  }

  #put(bytes: Uint8Array): number {
    const at = Number(this.#call.mr_alloc!(bytes.length)) >>> 0;
    new Uint8Array(this.#memory.buffer, at, bytes.length).set(bytes);
    return at;
  }

  #putBlock(keys: BigInt64Array): { at: number; times: number } {
    const writer = new BatchWriter(INPUT);
    for (const [i, key] of keys.entries()) writer.append([key, BigInt(i % 100)], { eventTime: 0n });
    const block = writer.finish();
    const at = this.#put(block);
    return { at, times: at + new DataView(block.buffer, block.byteOffset).getUint32(28, true) };
  }

  protected times(index: number): Int32Array {
    return new Int32Array(this.#memory.buffer, this.#blocks[index]!.times, 2 * BLOCK_ROWS);
  }

  protected feed(index: number, last: number): void {
    this.#resume("mr_process", 0, this.#blocks[index]!.at);
    this.#resume("mr_watermark", BigInt(last - 1));
  }

  #resume(name: "mr_process" | "mr_watermark", ...args: (number | bigint)[]): void {
    for (;;) {
      const status = this.#call[name]!(this.#inst, ...args, 1_000_000);
      while (this.#call.mr_take!(this.#inst, 0) !== 0);
      if (status === STATUS.done) return;
      if (status !== STATUS.outputFull && status !== STATUS.sliceOver) {
        throw new Error(`${name} answered ${status}`);
      }
    }
  }

  get results(): number {
    const at = Number(this.#call.mr_result!()) + 40;
    return Number(new DataView(this.#memory.buffer).getBigUint64(at, true));
  }
}

function openConfig({ parameters, aggregates }: Windows) {
  const list = aggregates.map((fn) => ({ fn, as: fn, ...(fn === "count" ? {} : { field: "v" }) }));
  const result = [INPUT[0]!, ...list.map(({ as }) => ({ name: as, type: BIGINT }))];
  const bounds = ["window_start", "window_end"].map((name) => ({ name, type: BIGINT }));
  return {
    parameters: { ...parameters, aggregates: list },
    subtask: 0,
    parallelism: 1,
    maxParallelism: 128,
    keyGroupStart: 0,
    keyGroupEnd: 127,
    inputs: [{ name: "main", columns: openColumns(INPUT), keys: [0] }],
    outputs: [{ name: "main", columns: openColumns([...result, ...bounds]), keys: [] }],
    roomRows: BLOCK_ROWS,
    roomBytes: 262_144,
  };
}

/** The bare loop of kernels/window.ts. */
export class BareFeeder extends Feeder {
  readonly #call: Record<string, Call>;
  readonly #memory: WebAssembly.Memory;
  readonly #loop: "tumble" | "sessions";
  readonly #span: bigint;
  readonly #blocks: readonly {
    readonly keys: number;
    readonly values: number;
    readonly times: number;
  }[];

  private constructor(
    instance: WebAssembly.Instance,
    loop: "tumble" | "sessions",
    keys: number,
    span: number,
  ) {
    super();
    this.#call = instance.exports as unknown as Record<string, Call>;
    this.#memory = instance.exports.memory as WebAssembly.Memory;
    this.#loop = loop;
    this.#span = BigInt(span);
    // At most half full.
    this.#call.open!(2 ** Math.ceil(Math.log2(keys * 2)));
    this.#blocks = Array.from({ length: BLOCKS }, (_, i) => this.#block(keysOf(i, keys)));
  }

  static async open(loop: "tumble" | "sessions", keys: number, span: number): Promise<BareFeeder> {
    const module = await compileKernel("window");
    return new BareFeeder(new WebAssembly.Instance(module, {}), loop, keys, span);
  }

  #block(keys: BigInt64Array) {
    const at = Number(this.#call.alloc!(3 * 8 * BLOCK_ROWS));
    const values = at + 8 * BLOCK_ROWS;
    new BigInt64Array(this.#memory.buffer, at, BLOCK_ROWS).set(keys);
    new BigInt64Array(this.#memory.buffer, values, BLOCK_ROWS).forEach((_, i, all) => {
      all[i] = BigInt(i % 100);
    });
    new BigInt64Array(this.#memory.buffer, values + 8 * BLOCK_ROWS, BLOCK_ROWS).fill(0n);
    return { keys: at, values, times: values + 8 * BLOCK_ROWS };
  }

  protected times(index: number): Int32Array {
    return new Int32Array(this.#memory.buffer, this.#blocks[index]!.times, 2 * BLOCK_ROWS);
  }

  protected feed(index: number): void {
    const { keys, values, times } = this.#blocks[index]!;
    this.#call[this.#loop]!(keys, values, times, BLOCK_ROWS, this.#span);
  }

  get results(): number {
    return Number(this.#call.emitted!());
  }
}
