/**
 * Bare loop of the text bench: word count in one thread. A chunk of the file is read straight into
 * linear memory, the kernel counts its whole lines; each 1,000 lines are a window, whose words and
 * counts are written out as columns. Reading the file (warm in the page cache) is part of it.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { compileKernel } from "../compile-kernel.ts";
import { type Stretch, startStretch } from "../harness.ts";

interface Kernel {
  readonly memory: WebAssembly.Memory;
  newInput(bytes: number): number;
  count(from: number, bytes: number): void;
  finish(): void;
  wordTotal(): bigint;
  windowTotal(): number;
  rowTotal(): bigint;
  digest(): bigint;
  lastRows(): number;
  offsetsPointer(): number;
  countsPointer(): number;
  textPointer(): number;
}

export interface TextFigures extends Stretch {
  readonly bytes: number;
  readonly megabytesPerSecond: number;
  readonly megabytesPerCpuSecond: number;
  readonly words: bigint;
  readonly windows: number;
  readonly rows: bigint;
  /** Order-free digest of all (window, word, count). */
  readonly digest: bigint;
}

/** Bytes read at a time: the text and the table stay within L2. */
const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 10;

/** The kernels that count words; they differ in the loop, not in the result. */
export type TextKernel = "text" | "text-challenger";

/** Counts the words of a file once. A line may be as long as a chunk. */
export async function runBareText(path: string, kernelName: TextKernel): Promise<TextFigures> {
  const module = await compileKernel(kernelName);
  const kernel = new WebAssembly.Instance(module).exports as unknown as Kernel;
  const input = kernel.newInput(CHUNK_BYTES * 2);
  const bytes = Buffer.from(kernel.memory.buffer, input, CHUNK_BYTES * 2);
  const file = openSync(path, "r");
  const end = startStretch();
  let total = 0;
  try {
    total = countFile(kernel, file, input, bytes);
  } finally {
    closeSync(file);
  }
  kernel.finish();
  const stretch = end();
  return {
    ...stretch,
    bytes: total,
    megabytesPerSecond: total / 1e6 / stretch.wallSeconds,
    megabytesPerCpuSecond: total / 1e6 / stretch.cpuSeconds,
    words: kernel.wordTotal(),
    windows: kernel.windowTotal(),
    rows: kernel.rowTotal(),
    digest: kernel.digest(),
  };
}

function countFile(kernel: Kernel, file: number, input: number, bytes: Buffer): number {
  let total = 0;
  let held = 0; // bytes of the line that is not whole yet
  for (;;) {
    const read = readSync(file, bytes, held, CHUNK_BYTES, null);
    if (read === 0) break;
    total += read;
    const filled = held + read;
    const whole = bytes.lastIndexOf(NEWLINE, filled - 1) + 1;
    if (filled - whole > CHUNK_BYTES) {
      throw new Error(`Cannot count words: a line is longer than ${CHUNK_BYTES} bytes`);
    }
    // The kernel blanks the bytes behind the text, so the rest is kept aside.
    const kept = Buffer.from(bytes.subarray(whole, filled));
    kernel.count(input, whole);
    bytes.set(kept, 0);
    held = kept.length;
  }
  if (held > 0) {
    bytes[held] = NEWLINE;
    kernel.count(input, held + 1);
  }
  return total;
}

/** Word -> count of the first window of a text, for checks against another implementation. */
export async function countWindow(
  text: string,
  kernelName: TextKernel,
): Promise<Map<string, number>> {
  const module = await compileKernel(kernelName);
  const kernel = new WebAssembly.Instance(module).exports as unknown as Kernel;
  const utf8 = Buffer.from(text.endsWith("\n") ? text : `${text}\n`);
  const input = kernel.newInput(utf8.length);
  Buffer.from(kernel.memory.buffer, input, utf8.length).set(utf8);
  kernel.count(input, utf8.length);
  if (kernel.windowTotal() === 0) kernel.finish();
  const rows = kernel.lastRows();
  const offsets = new Uint32Array(kernel.memory.buffer, kernel.offsetsPointer(), rows + 1);
  const counts = new BigUint64Array(kernel.memory.buffer, kernel.countsPointer(), rows);
  const words = Buffer.from(kernel.memory.buffer, kernel.textPointer(), offsets[rows]!);
  const result = new Map<string, number>();
  for (let i = 0; i < rows; i++) {
    result.set(words.toString("latin1", offsets[i]!, offsets[i + 1]!), Number(counts[i]!));
  }
  return result;
}
