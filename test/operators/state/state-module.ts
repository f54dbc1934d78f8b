/** The test module of state tables and timers, with keys in its memory. */
import { compileAssembly } from "../compile-assembly.ts";

type Exports = Record<string, (...args: (number | bigint)[]) => number | bigint> & {
  memory: WebAssembly.Memory;
};

const SCRATCH_BYTES = 1 << 20;

export class StateModule {
  readonly call: Exports;
  /** Memory for keys and what calls write. */
  readonly scratch: number;

  private constructor(exports: Exports) {
    this.call = exports;
    this.scratch = Number(exports.alloc!(SCRATCH_BYTES));
  }

  static async open(options: { longs?: boolean; windows?: boolean } = {}): Promise<StateModule> {
    const compiled = await compileAssembly("test/operators/state/assembly/index.ts");
    const imports = {
      abort: (_: number, __: number, line: number) => fail(line),
      processing_time: () => 0n,
      input_activity_time: () => 0n,
    };
    const { exports } = new WebAssembly.Instance(compiled, { env: imports, millrace: imports });
    const module = new StateModule(exports as unknown as Exports);
    module.call.open!(Number(options.longs ?? false), Number(options.windows ?? false), 8, 0);
    return module;
  }

  /** The entry of a key (and of a window); 0: none. */
  find(key: Uint8Array, window?: readonly [bigint, bigint]): number {
    const [at, namespace] = this.#write(key, window);
    return Number(this.call.find!(at, key.length, namespace));
  }

  add(group: number, key: Uint8Array, window?: readonly [bigint, bigint]): number {
    const [at, namespace] = this.#write(key, window);
    return Number(this.call.add!(group, at, key.length, namespace));
  }

  keyOf(entry: number): Uint8Array {
    const at = Number(this.call.keyOf!(entry));
    return new Uint8Array(
      this.call.memory.buffer.slice(at, at + Number(this.call.keyLength!(entry))),
    );
  }

  /** Live entries of a key group, in the order of the walk. */
  walk(group: number): number[] {
    const found = Number(this.call.walk!(group, this.scratch));
    return [...new Uint32Array(this.call.memory.buffer, this.scratch, found)];
  }

  #write(key: Uint8Array, window?: readonly [bigint, bigint]): [number, number] {
    new BigInt64Array(this.call.memory.buffer, this.scratch, 2).set(window ?? [0n, 0n]);
    new Uint8Array(this.call.memory.buffer).set(key, this.scratch + 16);
    return [this.scratch + 16, this.scratch];
  }
}

function fail(line: number): never {
  throw new Error(`the module aborted at line ${line}`);
}

/** Canonical bytes of an int64 key. */
export function longKey(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value ^ (1n << 63n)));
  return bytes;
}
