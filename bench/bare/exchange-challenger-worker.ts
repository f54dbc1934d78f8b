/** One thread of the shared-memory exchange loop (see exchange-challenger.ts). */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { ExchangeSettings } from "./exchange.ts";
import {
  controlViews,
  type ExchangeKernel,
  ringOf,
  signalOf,
  type Totals,
} from "./exchange-control.ts";

const { modules, memory, settings, control, port, index } = workerData as {
  modules: readonly WebAssembly.Module[];
  memory: WebAssembly.Memory;
  settings: ExchangeSettings;
  control: SharedArrayBuffer;
  port: MessagePort;
  index: number;
};
const { flags, rows, kernelMs } = controlViews(control);
const kernel = new WebAssembly.Instance(modules[index]!, { env: { memory } })
  .exports as unknown as ExchangeKernel;
const { batchRows } = settings;
const square = settings.shape === "square";
const generates = square || index === 0;
const remoteChannel = square ? 1 - index : 0;
const remoteInput = square ? 1 : 0;
const END = -1;
const END_WATERMARK = 2n ** 63n - 1n;
const MAX_LEAD_MS = 1_000;
const u32 = new Uint32Array(memory.buffer);

// Rings of pointers, one writer and one reader each: blocks out, blocks in, both ways back.
const blocksOut = ringOf(control, index * 2);
const returnsIn = ringOf(control, index * 2 + 1);
const blocksIn = ringOf(control, (1 - index) * 2);
const returnsOut = ringOf(control, (1 - index) * 2 + 1);

if (generates) {
  kernel.openGenerator(square ? 2 : 1, batchRows, square ? index : 0, square ? 2 : 1);
}
if (square || index === 1) kernel.openAggregate(square ? 2 : 1);
const localBlock = square ? kernel.channelBlock(index) : 0;
const free: number[] = [];
if (generates) {
  for (let n = 0; n < settings.buffers; n++) free.push(kernel.newInputBlock(batchRows));
}
let remoteFull = false;
let draining = false;
let endSent = !generates;
let endReceived = !(square || index === 1);

function push(ring: Int32Array<SharedArrayBuffer>, pointer: number): void {
  const head = ring[0]!;
  ring[2 + (head & 15)] = pointer;
  Atomics.store(ring, 0, head + 1);
  const signal = signalOf(1 - index);
  Atomics.add(flags, signal, 1);
  Atomics.notify(flags, signal);
}

function peek(ring: Int32Array<SharedArrayBuffer>): number | undefined {
  const tail = ring[1]!;
  return Atomics.load(ring, 0) === tail ? undefined : ring[2 + (tail & 15)]!;
}

function aggregateBlock(block: number, input: number): void {
  const count = u32[block >> 2]!;
  const started = performance.now();
  kernel.aggregate(block, batchRows, input);
  kernelMs[index]! += performance.now() - started;
  rows[index]! += count;
}

function generateBlocks(): boolean {
  if (!generates || remoteFull || draining) return false;
  const started = performance.now();
  const full = kernel.generate();
  kernelMs[index]! += performance.now() - started;
  if (square && (full & (1 << index)) !== 0) {
    aggregateBlock(localBlock, 0);
    kernel.clearChannel(index);
  }
  remoteFull = (full & (1 << remoteChannel)) !== 0;
  return true;
}

function sendRemote(): boolean {
  if (!remoteFull) return false;
  for (let back = peek(returnsIn); back !== undefined; back = peek(returnsIn)) {
    free.push(back);
    returnsIn[1]!++;
  }
  const next = free.pop();
  if (next === undefined) return false;
  push(blocksOut, kernel.channelBlock(remoteChannel));
  kernel.setChannelBlock(remoteChannel, next);
  remoteFull = false;
  return true;
}

function takeBlock(): boolean {
  const block = peek(blocksIn);
  if (block === undefined) return false;
  if (block === END) {
    blocksIn[1]!++;
    kernel.advance(remoteInput, END_WATERMARK);
    endReceived = true;
    return true;
  }
  const lead = u32[(block >> 2) + 2]! - u32[(localBlock >> 2) + 2]!;
  if (square && !draining && lead > MAX_LEAD_MS) return false;
  blocksIn[1]!++;
  aggregateBlock(block, remoteInput);
  push(returnsOut, block);
  return true;
}

function drain(): boolean {
  if (endSent || Atomics.load(flags, 0) === 0) return false;
  if (!draining) {
    draining = true;
    if (square) {
      aggregateBlock(localBlock, 0);
      kernel.advance(0, END_WATERMARK);
      remoteFull ||= u32[kernel.channelBlock(remoteChannel) >> 2]! > 0;
    }
  }
  if (remoteFull) return false;
  push(blocksOut, END);
  endSent = true;
  return true;
}

while (!(endSent && endReceived)) {
  const seen = Atomics.load(flags, signalOf(index));
  const generated = generateBlocks();
  const sent = sendRemote();
  const taken = takeBlock();
  if (!(drain() || generated || sent || taken)) {
    // The timeout is for the stop flag, which has no signal of its own.
    Atomics.wait(flags, signalOf(index), seen, 50);
  }
}
const totals: Totals = {
  generated: kernel.generated(),
  count: kernel.countTotal(),
  sum: kernel.sumTotal(),
};
parentPort!.postMessage(totals);
port.close();
