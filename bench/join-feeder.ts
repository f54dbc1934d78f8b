/** Feeds the interval join, and the bare loop, with the same rows; the thread's CPU time is taken in their calls only. */
import { type BuiltBundle, buildBundle } from "../src/build/compile.ts";
import { STATUS } from "../src/protocol/abi.ts";
import { BatchWriter } from "../src/protocol/batch/batch-writer.ts";
import { HEADER } from "../src/protocol/batch/layout.ts";
import { openColumns } from "../src/protocol/batch/schema-columns.ts";
import type { Schema } from "../src/protocol/types.ts";
import { compileKernel } from "./compile-kernel.ts";

export const BLOCK_ROWS = 4096;
/** Blocks of each side with different keys, which come round after more than the bounds reach. */
const BLOCKS = 128;

const BIGINT = { type: "BIGINT", nullable: false } as const;
const EVENT: Schema = [
  { name: "k", type: BIGINT },
  { name: "v", type: BIGINT },
];
const PAIR: Schema = [
  { name: "left", type: BIGINT },
  { name: "right", type: BIGINT },
];

type Call = (...args: (number | bigint)[]) => number | bigint;

/** What is joined: rows of `keys` uniform keys, two sides alike, at most `boundMs` apart. */
export interface JoinLoad {
  readonly keys: number;
  readonly boundMs: number;
  /** Events of both sides in a ms of event time. */
  readonly eventsPerMs: number;
}

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

/** Goes on in event time, a block of the left side and one of the right in turn, and measures calls. */
abstract class JoinFeeder {
  events = 0;
  protected readonly load: JoinLoad;
  #seconds = 0;

  constructor(load: JoinLoad) {
    this.load = load;
  }

  /** Feeds for `seconds` of CPU time in the module; events per such second. */
  run(seconds: number): number {
    this.#seconds = 0;
    const before = this.events;
    while (this.#seconds < seconds) this.feedEvents(32 * 2 * BLOCK_ROWS);
    return (this.events - before) / this.#seconds;
  }

  /** Feeds so many events at least. */
  feedEvents(events: number): void {
    const until = this.events + events;
    while (this.events < until) this.#pair();
  }

  /** A block of each side over the same stretch of event time, then its watermark. */
  #pair(): void {
    const index = (this.events / (2 * BLOCK_ROWS)) % BLOCKS;
    const first = this.events / this.load.eventsPerMs;
    const step = 2 / this.load.eventsPerMs;
    for (const side of [0, 1]) {
      const times = this.times(side, index);
      // Times stay below 2^31 ms: the upper halves are 0.
      for (let i = 0; i < BLOCK_ROWS; i++) times[2 * i] = Math.floor(first + i * step);
    }
    const start = process.threadCpuUsage();
    this.feed(0, index);
    this.feed(1, index);
    this.reach(Math.floor(first + BLOCK_ROWS * step) - 1);
    const { user, system } = process.threadCpuUsage(start);
    this.#seconds += (user + system) / 1e6;
    this.events += 2 * BLOCK_ROWS;
  }

  /** Event times of a block, int64 as pairs of int32. */
  protected abstract times(side: number, index: number): Int32Array;
  protected abstract feed(side: number, index: number): void;
  protected abstract reach(watermark: number): void;
  /** Pairs so far. */
  abstract get matches(): number;
}

/** The SDK's interval join with the function of joins/assembly, one instance in a module of its own. */
export class EngineJoin extends JoinFeeder {
  readonly #call: Record<string, Call>;
  readonly #memory: WebAssembly.Memory;
  readonly #inst: number;
  readonly #blocks: readonly (readonly { readonly at: number; readonly times: number }[])[];

  private constructor({ bytes }: BuiltBundle, load: JoinLoad) {
    super(load);
    const imports = {
      env: {
        abort: () => {
          throw new Error("the join aborted");
        },
      },
      // Nothing here goes by the clock or by state outside.
      millrace: new Proxy({}, { get: (_, name) => () => (name === "processing_time" ? 0n : 0) }),
    };
    const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
    const { exports } = new WebAssembly.Instance(module, imports);
    this.#call = exports as unknown as Record<string, Call>;
    this.#memory = exports.memory as WebAssembly.Memory;
    this.#call._initialize!();
    const config = new TextEncoder().encode(JSON.stringify(openConfig(load)));
    this.#inst = Number(this.#call.mr_open!(0, this.#put(config), config.length));
    if (this.#inst < 0) throw new Error("the join refuses its configuration");
    this.#blocks = [0, 1].map((side) =>
      Array.from({ length: BLOCKS }, (_, i) => this.#putBlock(keysOf(2 * i + side, load.keys))),
    );
  }

  static async open(load: JoinLoad): Promise<EngineJoin> {
    const entry = new URL("./joins/assembly/index.ts", import.meta.url).pathname;
    return new EngineJoin(await buildBundle({ entry, name: "bench", source: false }), load);
  }

  #put(bytes: Uint8Array): number {
    const at = Number(this.#call.mr_alloc!(bytes.length)) >>> 0;
    new Uint8Array(this.#memory.buffer, at, bytes.length).set(bytes);
    return at;
  }

  #putBlock(keys: BigInt64Array): { at: number; times: number } {
    const writer = new BatchWriter(EVENT);
    for (const [i, key] of keys.entries()) writer.append([key, BigInt(i)], { eventTime: 0n });
    const block = writer.finish();
    const lane = new DataView(block.buffer, block.byteOffset).getUint32(HEADER.eventTime, true);
    const at = this.#put(block);
    return { at, times: at + lane };
  }

  protected times(side: number, index: number): Int32Array {
    return new Int32Array(this.#memory.buffer, this.#blocks[side]![index]!.times, 2 * BLOCK_ROWS);
  }

  protected feed(side: number, index: number): void {
    this.#resume("mr_process", side, this.#blocks[side]![index]!.at);
  }

  protected reach(watermark: number): void {
    this.#resume("mr_watermark", BigInt(watermark));
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

  get matches(): number {
    const at = Number(this.#call.mr_result!()) + 40;
    return Number(new DataView(this.#memory.buffer).getBigUint64(at, true));
  }
}

function openConfig({ boundMs }: JoinLoad) {
  const input = { name: "main", columns: openColumns(EVENT), keys: [0] };
  return {
    parameters: { lower: -boundMs, upper: boundMs },
    subtask: 0,
    parallelism: 1,
    maxParallelism: 128,
    keyGroupStart: 0,
    keyGroupEnd: 127,
    inputs: [input, input],
    outputs: [{ name: "main", columns: openColumns(PAIR), keys: [] }],
    roomRows: BLOCK_ROWS,
    roomBytes: 262_144,
  };
}

/** The bare loop of kernels/join.ts. */
export class BareJoin extends JoinFeeder {
  readonly #call: Record<string, Call>;
  readonly #memory: WebAssembly.Memory;
  readonly #blocks: readonly (readonly number[])[];

  private constructor(instance: WebAssembly.Instance, load: JoinLoad) {
    super(load);
    this.#call = instance.exports as unknown as Record<string, Call>;
    this.#memory = instance.exports.memory as WebAssembly.Memory;
    // At most half full.
    this.#call.open!(2 ** Math.ceil(Math.log2(load.keys * 2)));
    this.#blocks = [0, 1].map((side) =>
      Array.from({ length: BLOCKS }, (_, i) => this.#block(keysOf(2 * i + side, load.keys))),
    );
  }

  static async open(load: JoinLoad): Promise<BareJoin> {
    return new BareJoin(new WebAssembly.Instance(await compileKernel("join"), {}), load);
  }

  /** Keys, values, times. */
  #block(keys: BigInt64Array): number {
    const at = Number(this.#call.alloc!(3 * 8 * BLOCK_ROWS));
    const { buffer } = this.#memory;
    new BigInt64Array(buffer, at, BLOCK_ROWS).set(keys);
    const values = new BigInt64Array(buffer, at + 8 * BLOCK_ROWS, BLOCK_ROWS);
    for (let i = 0; i < BLOCK_ROWS; i++) values[i] = BigInt(i);
    new BigInt64Array(buffer, at + 16 * BLOCK_ROWS, BLOCK_ROWS).fill(0n);
    return at;
  }

  protected times(side: number, index: number): Int32Array {
    const at = this.#blocks[side]![index]! + 16 * BLOCK_ROWS;
    return new Int32Array(this.#memory.buffer, at, 2 * BLOCK_ROWS);
  }

  protected feed(side: number, index: number): void {
    const at = this.#blocks[side]![index]!;
    const [values, times] = [at + 8 * BLOCK_ROWS, at + 16 * BLOCK_ROWS];
    this.#call.join!(side, at, values, times, BLOCK_ROWS, BigInt(this.load.boundMs));
  }

  protected reach(): void {}

  get matches(): number {
    return Number(this.#call.emitted!());
  }
}
