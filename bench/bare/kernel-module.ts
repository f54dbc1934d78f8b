/** A bundle's module without the engine around it: direct calls of its exports, nothing else. */
import { MANIFEST_SECTION } from "../../src/protocol/abi.ts";
import { readManifest } from "../../src/protocol/bundle/manifest-section.ts";
import type { OpenConfig, OpenStream } from "../../src/protocol/open-config.ts";

type Export = (...args: (number | bigint)[]) => number;

/** Number of an operator in a module that describes itself. */
export function operatorNumber(module: WebAssembly.Module, name: string): number {
  const [manifest] = WebAssembly.Module.customSections(module, MANIFEST_SECTION);
  return readManifest(new Uint8Array(manifest!)).operators.findIndex((one) => one.name === name);
}

/** One instance; `bytes` is refreshed after calls that may have grown the memory. */
export class KernelModule {
  readonly #exports: Record<string, Export>;
  readonly #memory: WebAssembly.Memory;
  bytes: Uint8Array;
  view: DataView;

  constructor(module: WebAssembly.Module) {
    const nothing = () => 0;
    const abort = () => {
      throw new Error("Cannot run kernel: it aborted");
    };
    const instance = new WebAssembly.Instance(module, {
      env: { abort },
      millrace: {
        log: nothing,
        state_read: nothing,
        state_write: nothing,
        processing_time: () => 0n,
        input_activity_time: () => 0n,
      },
    });
    this.#exports = instance.exports as Record<string, Export>;
    this.#memory = instance.exports.memory as WebAssembly.Memory;
    this.#exports._initialize?.();
    this.bytes = new Uint8Array(this.#memory.buffer);
    this.view = new DataView(this.#memory.buffer);
  }

  /** An export, to be called without a lookup. */
  entry(name: string): Export {
    const found = this.#exports[name];
    if (found === undefined) throw new Error(`Cannot run kernel: it has no export ${name}`);
    return found;
  }

  /** Takes the views again where the memory has grown. */
  refresh(): void {
    if (this.bytes.buffer === this.#memory.buffer) return;
    this.bytes = new Uint8Array(this.#memory.buffer);
    this.view = new DataView(this.#memory.buffer);
  }

  /** Opens operator `number` of the bundle; answers its instance. */
  open(number: number, config: OpenConfig): number {
    const text = new TextEncoder().encode(JSON.stringify(config));
    const at = this.entry("mr_alloc")(text.byteLength) >>> 0;
    this.refresh();
    this.bytes.set(text, at);
    const inst = this.entry("mr_open")(number, at, text.byteLength);
    this.refresh();
    if (inst < 0) throw new Error(`Cannot open operator ${number} of a kernel`);
    return inst;
  }
}

const INT64 = { type: 5, nullable: false, p1: 0, p2: 0, children: 0 } as const;
const TIMESTAMP = { type: 17, nullable: false, p1: 3, p2: 0, children: 0 } as const;

export const ROW_STREAM: OpenStream = {
  name: "main",
  columns: [
    { ...INT64, name: "key" },
    { ...INT64, name: "value" },
  ],
  keys: [0],
};

export const WINDOW_STREAM: OpenStream = {
  name: "main",
  columns: [
    { ...INT64, name: "key" },
    { ...INT64, name: "count" },
    { ...INT64, name: "sum_value" },
    { ...TIMESTAMP, name: "window_start" },
    { ...TIMESTAMP, name: "window_end" },
  ],
  keys: [],
};
