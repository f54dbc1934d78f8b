/** One thread of the bare exchange loop (see exchange.ts). */
import { setImmediate as turn } from "node:timers/promises";
import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from "node:worker_threads";
import type { ExchangeSettings } from "./exchange.ts";
import { controlViews, type ExchangeKernel, signalOf, type Totals } from "./exchange-control.ts";

const { modules, settings, control, port, index } = workerData as {
  modules: readonly WebAssembly.Module[];
  settings: ExchangeSettings;
  control: SharedArrayBuffer;
  port: MessagePort;
  index: number;
};
const { flags, rows, kernelMs } = controlViews(control);
const kernel = new WebAssembly.Instance(modules[index]!).exports as unknown as ExchangeKernel;
const { batchRows } = settings;
const square = settings.shape === "square";
const generates = square || index === 0;
const aggregates = square || index === 1;
const localChannel = square ? index : -1;
const remoteChannel = square ? 1 - index : 0;
const remoteInput = square ? 1 : 0;
const BLOCK_BYTES = 16 + batchRows * 24;
const END_WATERMARK = 2n ** 63n - 1n;
/** Event time one generator may lead the other by: a window. */
const MAX_LEAD_MS = 1_000;

const inputBlock = kernel.newInputBlock(batchRows);
if (generates) {
  kernel.openGenerator(square ? 2 : 1, batchRows, square ? index : 0, square ? 2 : 1);
}
if (aggregates) kernel.openAggregate(square ? 2 : 1);
// The kernel allocates nothing after it is open, so views of its memory stay valid.
const inputBytes = new Uint8Array(kernel.memory.buffer, inputBlock, BLOCK_BYTES);
const remoteBlock = generates ? kernel.channelBlock(remoteChannel) : 0;
const remoteBytes = new Uint8Array(kernel.memory.buffer, remoteBlock, BLOCK_BYTES);
const localBlock = square ? kernel.channelBlock(localChannel) : 0;
const u32 = new Uint32Array(kernel.memory.buffer);

const free: ArrayBuffer[] = [];
/** Received by the event loop, not looked at. */
const inbox: (ArrayBuffer | null)[] = [];
/** Blocks not yet aggregated, null: the end; never more than the peer's buffers. */
const blocks: (ArrayBuffer | null)[] = [];
let wake: (() => void) | undefined;
let remoteFull = false;
let endSent = !generates;
let endReceived = !aggregates;
let draining = false;

function post(message: ArrayBuffer | null): void {
  port.postMessage(message, message === null ? [] : [message]);
  if (settings.transport === "sync") {
    const signal = signalOf(1 - index);
    Atomics.add(flags, signal, 1);
    Atomics.notify(flags, signal);
  }
}

function receive(): ArrayBuffer | null | undefined {
  if (settings.transport === "events") return inbox.shift();
  return receiveMessageOnPort(port)?.message as ArrayBuffer | null | undefined;
}

function aggregateBlock(block: number, input: number): void {
  const count = u32[block >> 2]!;
  const started = performance.now();
  kernel.aggregate(block, batchRows, input);
  kernelMs[index]! += performance.now() - started;
  rows[index]! += count;
}

/** Generates until a block is full; false where the remote block still waits for a buffer. */
function generateBlocks(): boolean {
  if (remoteFull || draining) return false;
  const started = performance.now();
  const full = kernel.generate();
  kernelMs[index]! += performance.now() - started;
  if (square && (full & (1 << localChannel)) !== 0) {
    aggregateBlock(localBlock, 0);
    kernel.clearChannel(localChannel);
  }
  remoteFull = (full & (1 << remoteChannel)) !== 0;
  return true;
}

function sendRemote(): boolean {
  const buffer = remoteFull ? free.pop() : undefined;
  if (buffer === undefined) return false;
  new Uint8Array(buffer).set(remoteBytes);
  post(buffer);
  kernel.clearChannel(remoteChannel);
  remoteFull = false;
  return true;
}

/**
 * Takes returned buffers (they hold 0 rows) and at most one block; true where there was either.
 * A block too far ahead of this thread's own generator waits, so that the generators stay within
 * the kernel's open windows.
 */
function receiveSome(): boolean {
  let returned = false;
  for (;;) {
    const message = receive();
    if (message === undefined) break;
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
    kernel.advance(remoteInput, END_WATERMARK);
    endReceived = true;
    return true;
  }
  const header = new Uint32Array(block, 0, 4);
  if (square && !draining && header[2]! > u32[(localBlock >> 2) + 2]! + MAX_LEAD_MS) return false;
  blocks.shift();
  inputBytes.set(new Uint8Array(block));
  aggregateBlock(inputBlock, remoteInput);
  header[0] = 0;
  post(block);
  return true;
}

/** After the stop flag: the partial blocks, then the end. */
function drain(): boolean {
  if (endSent || Atomics.load(flags, 0) === 0) return false;
  if (!draining) {
    draining = true;
    if (square) {
      aggregateBlock(localBlock, 0);
      kernel.advance(0, END_WATERMARK);
    }
    // The pipe's kernel leaves no partial block behind a full one.
    remoteFull ||= square && u32[remoteBlock >> 2]! > 0;
  }
  if (remoteFull) return false;
  post(null);
  endSent = true;
  return true;
}

function step(): boolean {
  const generated = generates && generateBlocks();
  const sent = sendRemote();
  const received = receiveSome();
  return drain() || generated || sent || received;
}

function runSync(): void {
  const signal = signalOf(index);
  while (!(endSent && endReceived)) {
    const seen = Atomics.load(flags, signal);
    // The timeout is for the stop flag, which has no signal of its own.
    if (!step()) Atomics.wait(flags, signal, seen, 50);
  }
}

async function runEvents(): Promise<void> {
  port.on("message", (message: ArrayBuffer | null) => {
    inbox.push(message);
    wake?.();
  });
  while (!(endSent && endReceived)) {
    if (step()) {
      // A generator never waits, so it must let messages in; an aggregate empties its inbox first.
      if (generates || inbox.length === 0) await turn();
      continue;
    }
    const woken = Promise.withResolvers<void>();
    wake = woken.resolve;
    const timer = setTimeout(woken.resolve, 50);
    if (inbox.length === 0) await woken.promise;
    clearTimeout(timer);
    wake = undefined;
  }
}

if (generates) for (let n = 0; n < settings.buffers; n++) free.push(new ArrayBuffer(BLOCK_BYTES));
if (settings.transport === "events") await runEvents();
else runSync();
const totals: Totals = {
  generated: kernel.generated(),
  count: aggregates ? kernel.countTotal() : 0n,
  sum: aggregates ? kernel.sumTotal() : 0n,
};
parentPort!.postMessage(totals);
port.close();
