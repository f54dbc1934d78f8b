/** One thread of the loop over the engine's kernels (see engine-kernels.ts). */
import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from "node:worker_threads";
import { HEADER } from "../../src/protocol/batch/layout.ts";
import type { ExchangeSettings } from "./exchange.ts";
import { controlViews, signalOf, type Totals } from "./exchange-control.ts";
import { KernelModule, operatorNumber, ROW_STREAM, WINDOW_STREAM } from "./kernel-module.ts";

const { modules, settings, control, port, index } = workerData as {
  modules: readonly WebAssembly.Module[];
  settings: ExchangeSettings;
  control: SharedArrayBuffer;
  port: MessagePort;
  index: number;
};
const { flags, rows, kernelMs } = controlViews(control);
const BLOCK_BYTES = 256 * 1024;
/** Places of the operators in their module. */
const GENERATE = 0;
const EXCHANGE = 2;
/** Larger than a block has rows: a call is never over before its block is. */
const BUDGET = 1 << 20;
const OUTPUT_FULL = 1;
const END_WATERMARK = 2n ** 63n - 1n;
const NO_WATERMARK = -(2n ** 63n);
/** Event time one generator may lead the other by: a window. */
const MAX_LEAD_MS = 1_000n;
const other = 1 - index;

const position = {
  subtask: index,
  parallelism: 2,
  maxParallelism: 128,
  keyGroupStart: index * 64,
  keyGroupEnd: index * 64 + 63,
  roomRows: settings.batchRows,
  roomBytes: BLOCK_BYTES,
};
const source = new KernelModule(modules[0]!);
const sink = new KernelModule(modules[1]!);
const generator = source.open(GENERATE, {
  ...position,
  parameters: { rows: Number.MAX_SAFE_INTEGER, watermarkRows: 131_072 },
  inputs: [],
  outputs: [ROW_STREAM],
});
const exchange = source.open(EXCHANGE, {
  ...position,
  parameters: { partitioner: "key_by" },
  inputs: [ROW_STREAM],
  outputs: [ROW_STREAM, ROW_STREAM],
});
const aggregates = [
  { fn: "count", as: "count" },
  { fn: "sum", field: "value", as: "sum_value" },
];
const aggregate = sink.open(operatorNumber(modules[1]!, "window_aggregate"), {
  ...position,
  parameters: { size: 1_000, aggregates },
  inputs: [ROW_STREAM],
  outputs: [WINDOW_STREAM],
});
const poll = source.entry("mr_source_poll");
const take = source.entry("mr_take");
const scatter = source.entry("mr_process");
const flush = source.entry("mr_flush");
const add = sink.entry("mr_process");
const fire = sink.entry("mr_watermark");
const takeResult = sink.entry("mr_take");
const flushResult = sink.entry("mr_flush");
const inputBlock = sink.entry("mr_alloc")(BLOCK_BYTES) >>> 0;

const free: ArrayBuffer[] = [];
const blocks: (ArrayBuffer | null)[] = [];
/** Watermark of the rows that came from each thread, and the one that has been acted on. */
const watermarks = [NO_WATERMARK, NO_WATERMARK];
let reached = NO_WATERMARK;
let generated = 0n;
let count = 0n;
let sum = 0n;
let endSent = false;
let endReceived = false;
let draining = false;

function post(message: ArrayBuffer | null): void {
  port.postMessage(message, message === null ? [] : [message]);
  const signal = signalOf(other);
  Atomics.add(flags, signal, 1);
  Atomics.notify(flags, signal);
}

function timed<T>(kernel: () => T): T {
  const started = performance.now();
  const result = kernel();
  kernelMs[index]! += performance.now() - started;
  return result;
}

/** Adds the block that lies at inputBlock; its watermark, the last one it carries, follows. */
function aggregateBlock(from: number): void {
  sink.refresh();
  const { view } = sink;
  const list = view.getUint32(inputBlock + HEADER.watermarks, true);
  const listed = view.getUint32(inputBlock + HEADER.watermarkCount, true);
  if (listed > 0) {
    watermarks[from] = view.getBigInt64(inputBlock + list + (listed - 1) * 16, true);
    view.setUint32(inputBlock + HEADER.watermarkCount, 0, true);
  }
  const taken = view.getUint32(inputBlock + HEADER.rowCount, true);
  timed(() => {
    while (add(aggregate, 0, inputBlock, BUDGET) === OUTPUT_FULL) takeResults();
  });
  rows[index]! += taken;
  advance();
}

function advance(): void {
  const [mine, others] = [watermarks[index]!, watermarks[other]!];
  let low = mine;
  if (others < mine) low = others;
  if (low <= reached) return;
  reached = low;
  timed(() => {
    while (fire(aggregate, low, BUDGET) === OUTPUT_FULL) takeResults();
    flushResult(aggregate, 0);
  });
  takeResults();
}

function takeResults(): void {
  for (;;) {
    const block = takeResult(aggregate, 0) >>> 0;
    if (block === 0) return;
    sink.refresh();
    const { view } = sink;
    const results = view.getUint32(block + HEADER.rowCount, true);
    const table = block + view.getUint32(block + HEADER.columnTable, true);
    const column = (number: number) => {
      const at = block + view.getUint32(table + number * 48 + 20, true);
      return new BigInt64Array(sink.bytes.buffer, at, results);
    };
    const counts = column(1);
    const sums = column(2);
    for (let i = 0; i < results; i++) {
      count += counts[i]!;
      sum += sums[i]!;
    }
  }
}

/** The block that $exchange has finished for the other thread and that waits for a buffer. */
let remote = 0;
/** The block of the generator that is being scattered. */
let scattering = 0;

/** Hands on what the exchange has finished; false where a block waits for a buffer. */
function handOn(): boolean {
  for (;;) {
    const block = take(exchange, index) >>> 0;
    if (block === 0) break;
    copyOut(block, (bytes) => {
      sink.refresh();
      sink.bytes.set(bytes, inputBlock);
    });
    aggregateBlock(index);
  }
  for (;;) {
    if (remote === 0) remote = take(exchange, other) >>> 0;
    if (remote === 0) return true;
    const buffer = free.pop();
    if (buffer === undefined) return false;
    copyOut(remote, (bytes) => new Uint8Array(buffer).set(bytes));
    remote = 0;
    post(buffer);
  }
}

function copyOut(block: number, to: (bytes: Uint8Array) => void): void {
  source.refresh();
  const length = source.view.getUint32(block + HEADER.byteLength, true);
  to(source.bytes.subarray(block, block + length));
}

/** Generates and scatters a block; false where the last one still waits. */
function generateBlock(): boolean {
  if (!handOn()) return false;
  if (scattering === 0) {
    if (draining) return false;
    timed(() => {
      while (scattering === 0) {
        poll(generator, settings.batchRows);
        scattering = take(generator, 0) >>> 0;
      }
    });
    generated += BigInt(settings.batchRows);
  }
  const status = timed(() => scatter(exchange, 0, scattering, BUDGET));
  if (status !== OUTPUT_FULL) scattering = 0;
  handOn();
  return true;
}

function receiveSome(): boolean {
  let returned = false;
  for (;;) {
    const message = receiveMessageOnPort(port)?.message as ArrayBuffer | null | undefined;
    if (message === undefined) break;
    // An empty buffer that comes back has no magic number.
    if (message !== null && new Uint32Array(message, 0, 1)[0] === 0) {
      free.push(message);
      returned = true;
    } else {
      blocks.push(message);
    }
  }
  return takeBlock() || returned;
}

function takeBlock(): boolean {
  const block = blocks[0];
  if (block === undefined) return false;
  if (block === null) {
    blocks.shift();
    watermarks[other] = END_WATERMARK;
    endReceived = true;
    advance();
    return true;
  }
  const ahead = watermarks[other]! - watermarks[index]! > MAX_LEAD_MS;
  if (ahead && !draining && watermarks[index] !== NO_WATERMARK) return false;
  blocks.shift();
  const length = new Uint32Array(block, HEADER.byteLength, 1)[0]!;
  sink.refresh();
  sink.bytes.set(new Uint8Array(block, 0, length), inputBlock);
  aggregateBlock(other);
  new Uint32Array(block, 0, 1)[0] = 0;
  post(block);
  return true;
}

/** After the stop flag: what is partial, then the end. */
function drain(): boolean {
  if (endSent || Atomics.load(flags, 0) === 0) return false;
  if (!draining) {
    draining = true;
    return true;
  }
  if (scattering !== 0 || !handOn()) return false;
  flush(exchange, 0);
  flush(exchange, 1);
  if (!handOn()) return false;
  watermarks[index] = END_WATERMARK;
  advance();
  post(null);
  endSent = true;
  return true;
}

for (let n = 0; n < settings.buffers; n++) free.push(new ArrayBuffer(BLOCK_BYTES));
const signal = signalOf(index);
while (!(endSent && endReceived)) {
  const seen = Atomics.load(flags, signal);
  const made = !endSent && generateBlock();
  const received = receiveSome();
  if (!(drain() || made || received)) Atomics.wait(flags, signal, seen, 50);
}
const totals: Totals = { generated, count, sum };
parentPort!.postMessage(totals);
port.close();
