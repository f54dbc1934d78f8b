/** Memory the bare exchange's threads share beside their data: flags, wake-up signals, progress. */

export const CONTROL_BYTES = 1024;

/** What a worker says when it is through. */
export interface Totals {
  readonly generated: bigint;
  readonly count: bigint;
  readonly sum: bigint;
}

export interface ControlViews {
  /** [0] stop; [16] and [32]: signals of worker 0 and 1 (a cache line each). */
  readonly flags: Int32Array<SharedArrayBuffer>;
  /** Rows aggregated by each worker. */
  readonly rows: Float64Array<SharedArrayBuffer>;
  /** Milliseconds inside kernel calls of each worker. */
  readonly kernelMs: Float64Array<SharedArrayBuffer>;
}

export function controlViews(control: SharedArrayBuffer): ControlViews {
  return {
    flags: new Int32Array(control, 0, 64),
    rows: new Float64Array(control, 256, 2),
    kernelMs: new Float64Array(control, 384, 2),
  };
}

/** Index in `flags` of a worker's signal. */
export function signalOf(worker: number): number {
  return 16 * (worker + 1);
}

/** Exports of kernels/exchange.ts. */
export interface ExchangeKernel {
  readonly memory: WebAssembly.Memory;
  setChannelBlock(channel: number, block: number): void;
  newInputBlock(rows: number): number;
  openGenerator(channels: number, rows: number, index: number, generators: number): void;
  channelBlock(channel: number): number;
  clearChannel(channel: number): void;
  generated(): bigint;
  generate(): number;
  openAggregate(inputs: number): void;
  aggregate(block: number, capacity: number, input: number): void;
  advance(input: number, watermark: bigint): void;
  countTotal(): bigint;
  sumTotal(): bigint;
}

/** Ring `number` of the challenger: [0] written, [1] read, then 16 pointers; one cache line more. */
export function ringOf(control: SharedArrayBuffer, number: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(control, 512 + number * 128, 18);
}
