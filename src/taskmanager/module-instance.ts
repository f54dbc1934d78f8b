/**
 * One WebAssembly instance of a bundle in a slot: typed calls of the operator ABI, blocks in and
 * out, traps turned into errors that name the operator, its source line and the row.
 *
 * The operators of a bundle share the instance, and so its memory: what one writes the next reads.
 */

import { type ExportName, RESULT, type UNDO_EXPORTS } from "../protocol/abi.ts";
import {
  NOTING_EXPORTS,
  notingExport,
  RESTORE_EXPORT,
} from "../protocol/bundle/undo/undo-names.ts";
import { MillraceError } from "../protocol/errors.ts";
import { PROCESS_MAX_MEMORIES } from "../protocol/limits.ts";
import type { Manifest } from "../protocol/manifest.ts";
import { ABI_VERSION } from "../protocol/versions.ts";
import { logExhausted, OperatorFailure } from "./operator-failure.ts";
import { authorPlace, type SourcePlace } from "./trap-place.ts";

/** A bundle, compiled: what a worker's module cache hands to a slot. */
export interface LoadedModule {
  /** Content hash of the bundle. */
  readonly hash: string;
  readonly module: WebAssembly.Module;
  readonly manifest: Manifest;
  /** Bytes by which code lies further than its source map says: a memory maximum was written in. */
  readonly codeShift?: number;
  /** It can undo the row whose code has trapped (protocol/bundle/undo). */
  readonly undoes?: boolean;
}

/** Where an instance sends what modules say, and what it asks. */
export interface ModuleHost {
  /** Processing time, ms since the epoch; virtual in tests and simulation. */
  processingTimeMs(): number;
  log(level: number, message: string): void;
}

/** An operator, as far as an error has to name it. */
export interface OperatorSite {
  readonly name: string;
  readonly source?: { readonly file: string; readonly line: number } | undefined;
  /** Rows it had consumed before the batch at hand. */
  records?: number;
}

/**
 * Counts the live memories of a process over all its isolates: each reserves about 10 GB of address
 * space. Isolates share the count by sharing the buffer.
 */
export class MemoryCount {
  readonly #count: Int32Array;

  constructor(shared: ArrayBufferLike = new ArrayBuffer(4)) {
    this.#count = new Int32Array(shared, 0, 1);
  }

  get live(): number {
    return Atomics.load(this.#count, 0);
  }

  /** @throws MillraceError MEMORY_EXHAUSTED at the limit. */
  acquire(): void {
    if (Atomics.add(this.#count, 0, 1) < PROCESS_MAX_MEMORIES) return;
    this.release();
    const message = `Cannot instantiate module: ${PROCESS_MAX_MEMORIES} memories are live`;
    const expected = `at most ${PROCESS_MAX_MEMORIES} in one process (PROCESS_MAX_MEMORIES)`;
    throw new MillraceError("MEMORY_EXHAUSTED", message, { expected });
  }

  release(): void {
    Atomics.sub(this.#count, 0, 1);
  }
}

const PAGE_BYTES = 65_536;
/** Level of a warning in millrace.log. */
const WARN = 2;

/** What a module said when it aborted (AssemblyScript's `abort`). */
class ModuleAbort extends Error {
  readonly file: string;
  readonly line: number;
  readonly column: number;

  constructor(message: string, file: string, line: number, column: number) {
    super(message);
    this.file = file;
    this.line = line;
    this.column = column;
  }
}

type Call = (...args: (number | bigint)[]) => number | bigint | undefined;

/** Of each export that runs functions of authors, the one that notes what they overwrite. */
export const NOTING = Object.fromEntries(
  NOTING_EXPORTS.map((name) => [name, notingExport(name)]),
) as Readonly<Partial<Record<ExportName, NotingExport>>>;
export type NotingExport = `undo.${string}`;
type CalledExport = ExportName | NotingExport | keyof typeof UNDO_EXPORTS;

/** A live instance. */
export class ModuleInstance {
  readonly loaded: LoadedModule;
  /** Of the task that calls: how long it has been held up so far, ms. */
  heldUpMs = 0;
  readonly #memory: WebAssembly.Memory;
  readonly #exports: Record<string, Call>;
  readonly #maximumPages: number;
  readonly #count: MemoryCount;
  readonly #host: ModuleHost;
  #resultAt = 0;
  readonly #buffers: { readonly pointer: number; readonly bytes: number }[] = [];
  #bytes: Uint8Array;
  #view: DataView;
  /** The memory as words: the RESULT record is read after each call. */
  #words: Uint32Array;
  #operator: OperatorSite | undefined;
  #closed = false;

  /**
   * @throws MillraceError MEMORY_EXHAUSTED (the process has no room for a memory),
   * MODULE_ABI_VERSION, OPERATOR_FAILED (trap in the module's initialisation)
   */
  constructor(loaded: LoadedModule, host: ModuleHost, maximumPages: number, count: MemoryCount) {
    this.loaded = loaded;
    this.#maximumPages = maximumPages;
    this.#count = count;
    this.#host = host;
    count.acquire();
    if (loaded.undoes) this.#acquireLog();
    try {
      const instance = instantiate(loaded, this.#imports(host));
      // A plain object is looked up faster than an exports object.
      this.#exports = { ...(instance.exports as Record<string, Call>) };
      this.#memory = instance.exports.memory as WebAssembly.Memory;
      this.#bytes = new Uint8Array(this.#memory.buffer);
      this.#view = new DataView(this.#memory.buffer);
      this.#words = new Uint32Array(this.#memory.buffer);
      this.#start();
      this.#resultAt = this.invoke({ name: "(module)" }, "mr_result");
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  /**
   * Undoes what the row in progress did, when a call has failed; the module says then what it was (mr_undone).
   * @returns false: nothing can be undone, the instance is in an unknown state
   * @throws MillraceError MEMORY_BUDGET_EXCEEDED: the row has written more than can be noted
   */
  undo(failure: OperatorFailure): boolean {
    if (!this.loaded.undoes || !failure.isOfRow) return false;
    const answer = this.#exports[RESTORE_EXPORT]!();
    if (answer === EXHAUSTED) throw logExhausted(failure);
    return answer === UNDONE;
  }

  /** The whole memory; valid until the next call. */
  get bytes(): Uint8Array {
    // A memory that has grown leaves views of no length behind.
    if (this.#bytes.length === 0) this.#refresh();
    return this.#bytes;
  }

  get view(): DataView {
    if (this.#bytes.length === 0) this.#refresh();
    return this.#view;
  }

  /**
   * Calls an export that answers an i32. Traps become MillraceErrors. Parameters have names of their
   * own here as this is called for every batch: a list would be made each time. WebAssembly ignores
   * those that an export does not have.
   */
  invoke(
    operator: OperatorSite,
    name: CalledExport,
    a: number | bigint = 0,
    b: number | bigint = 0,
    c: number | bigint = 0,
    d: number | bigint = 0,
    e: number | bigint = 0,
  ): number {
    this.#operator = operator;
    if (this.#resultAt !== 0) this.#resultWords[(this.#resultAt + RESULT.row) >>> 2] = NO_ROW;
    try {
      return (this.#exports[name]!(a, b, c, d, e) as number | undefined) ?? 0;
    } catch (thrown) {
      throw this.#failure(thrown, operator, name);
    }
  }

  /** Calls an export that answers an i64. */
  invokeInt64(operator: OperatorSite, name: ExportName, ...args: (number | bigint)[]): bigint {
    this.#operator = operator;
    try {
      return BigInt(this.#exports[name]!(...args) ?? 0);
    } catch (thrown) {
      throw this.#failure(thrown, operator, name);
    }
  }

  /** A field of the RESULT record of 32 bits. */
  result(field: "row" | "code" | "pointer" | "length" | "keyGroup"): number {
    return this.#resultWords[(this.#resultAt + RESULT[field]) >>> 2]!;
  }

  /** RESULT.requestId, where it is a time in ms. */
  resultTime(): bigint {
    return this.view.getBigInt64(this.#resultAt + RESULT.requestId, true);
  }

  /** A counter of the RESULT record, exact up to 2^53. */
  counter(field: "rowsIn" | "rowsOut" | "rowsFailed" | "stateBytes"): number {
    const at = (this.#resultAt + RESULT[field]) >>> 2;
    const words = this.#resultWords;
    return words[at]! + words[at + 1]! * 0x1_0000_0000;
  }

  /** Number of a request. */
  resultRequest(): bigint {
    return this.view.getBigUint64(this.#resultAt + RESULT.requestId, true);
  }

  get #resultWords(): Uint32Array {
    if (this.#words.length === 0) this.#refresh();
    return this.#words;
  }

  /** Text that RESULT points to: a failure's message, cut where a control message must end. */
  resultText(): string {
    const start = this.result("pointer");
    const length = Math.min(this.result("length"), MESSAGE_MAX_BYTES);
    return decode(this.bytes.subarray(start, start + length));
  }

  /** Copies bytes in; the address is the module's until `recycle`. */
  copyIn(bytes: Uint8Array, room = bytes.byteLength): BufferInModule {
    const buffer = this.#take(room);
    this.bytes.set(bytes, buffer.pointer);
    return buffer;
  }

  /** Gives a buffer of copyIn back; a few are kept for the next blocks. */
  recycle(buffer: BufferInModule): void {
    if (this.#buffers.length < INPUT_BUFFERS_KEPT) {
      this.#buffers.push(buffer);
      return;
    }
    this.invoke({ name: "(module)" }, "mr_free", buffer.pointer);
  }

  /** Says something in the name of an operator, where what its code says goes. */
  warn({ name }: OperatorSite, message: string): void {
    this.#host.log(WARN, `${name}: ${message}`);
  }

  /** Drops the instance; its memory goes with the garbage collector. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
  }

  /** The log of what a row writes is a memory of its own. */
  #acquireLog(): void {
    try {
      this.#count.acquire();
    } catch (error) {
      this.#count.release();
      throw error;
    }
  }

  #release(): void {
    this.#count.release();
    if (this.loaded.undoes) this.#count.release();
  }

  #take(room: number): BufferInModule {
    for (let i = this.#buffers.length - 1; i >= 0; i--) {
      if (this.#buffers[i]!.bytes < room) continue;
      return this.#buffers.splice(i, 1)[0]!;
    }
    const smallest = this.#buffers.shift();
    if (smallest !== undefined) {
      this.invoke({ name: "(module)" }, "mr_free", smallest.pointer);
    }
    const bytes = Math.max(INPUT_BUFFER_BYTES, Math.ceil(room / PAGE_BYTES) * PAGE_BYTES);
    const pointer = this.invoke({ name: "(input block)" }, "mr_alloc", bytes) >>> 0;
    return { pointer, bytes };
  }

  #start(): void {
    const initialize = this.#exports._initialize;
    const site = { name: "(module)" };
    if (initialize !== undefined) this.invoke(site, "_initialize" as ExportName);
    const version = this.invoke(site, "mr_abi");
    if (version === ABI_VERSION) return;
    const message = `Cannot use bundle ${this.loaded.manifest.name}: its ABI version is ${version}`;
    const detail = { field: "abiVersion", value: version, expected: String(ABI_VERSION) };
    throw new MillraceError("MODULE_ABI_VERSION", message, detail);
  }

  #refresh(): void {
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
    this.#words = new Uint32Array(this.#memory.buffer);
  }

  /** No import ever throws into the module but abort, which ends the call as a trap does. */
  #imports(host: ModuleHost): WebAssembly.Imports {
    // Cut: the JobManager drops a worker whose control message is too long.
    const text = (pointer: number, length: number) => {
      const start = pointer >>> 0;
      return decode(this.bytes.subarray(start, start + Math.min(length >>> 0, MESSAGE_MAX_BYTES)));
    };
    return {
      env: {
        abort: (message: number, file: number, line: number, column: number) => {
          throw new ModuleAbort(this.#utf16(message), this.#utf16(file), line, column);
        },
      },
      millrace: {
        log: (level: number, pointer: number, length: number) =>
          host.log(level, `${this.#operator?.name ?? ""}: ${text(pointer, length)}`),
        // State beyond memory comes with checkpoints; until then nothing is evicted.
        state_read: () => 0,
        state_write: () => undefined,
        processing_time: () => BigInt(Math.floor(host.processingTimeMs())),
        input_activity_time: () => BigInt(Math.floor(host.processingTimeMs() - this.heldUpMs)),
      },
    };
  }

  /** An AssemblyScript string: UTF-16, its length in bytes 4 before the pointer. */
  #utf16(pointer: number): string {
    const at = pointer >>> 0;
    if (at < 4 || at > this.bytes.byteLength) return "";
    const length = Math.min(this.view.getUint32(at - 4, true), MESSAGE_MAX_BYTES);
    if (at + length > this.bytes.byteLength) return "";
    let result = "";
    for (let i = 0; i < length; i += 2) {
      result += String.fromCharCode(this.view.getUint16(at + i, true));
    }
    return result;
  }

  #failure(thrown: unknown, operator: OperatorSite, name: string): unknown {
    const aborted = thrown instanceof ModuleAbort;
    const trapped = thrown instanceof WebAssembly.RuntimeError || thrown instanceof RangeError;
    if (!aborted && !trapped) return thrown;
    const site = this.#placeOf(thrown, operator);
    const place = site === undefined ? "" : ` at ${site.file}:${site.line}`;
    const pages = this.bytes.byteLength / PAGE_BYTES;
    // The allocator runs into `unreachable`, without abort, when the memory cannot grow.
    const outOfMemory =
      !aborted && /unreachable/.test(thrown.message) && pages * 2 > this.#maximumPages;
    const what = outOfMemory
      ? `its memory has ${pages} pages and may have ${this.#maximumPages}`
      : thrown.message || "abort";
    const where = `in ${name.replace(/^undo\./, "")}${this.#rowText(operator)}`;
    const message = `Operator ${operator.name} failed${place}: ${what} (${where})`;
    const code = outOfMemory ? "MEMORY_BUDGET_EXCEEDED" : "OPERATOR_FAILED";
    return new OperatorFailure(code, message, {
      field: operator.name,
      cause: thrown,
      reason: site === undefined ? what : `${what} (${site.file}:${site.line})`,
      // A stack that overflows is a RangeError.
      isOfRow: !outOfMemory && !(thrown instanceof RangeError),
    });
  }

  /** The author's line; without a source map, what the abort says, or where the class begins. */
  #placeOf(thrown: Error, operator: OperatorSite): SourcePlace | undefined {
    const { module, codeShift } = this.loaded;
    const found = authorPlace(module, thrown.stack ?? "", codeShift ?? 0);
    if (found !== undefined) return found;
    const said = thrown instanceof ModuleAbort && thrown.file !== "" ? thrown : undefined;
    return said?.file.startsWith("~") ? (operator.source ?? said) : (said ?? operator.source);
  }

  /** The record's number in the operator's input of this subtask, from 1: the row in progress, where the module keeps it in RESULT.row. */
  #rowText(operator: OperatorSite): string {
    const row = this.#resultAt === 0 ? NO_ROW : this.result("row");
    const { records } = operator;
    if (row === NO_ROW)
      return records === undefined ? "" : `, after ${records} records of its input`;
    return records === undefined ? "" : `, record ${records + row + 1} of its input`;
  }
}

/** A buffer in a module's memory that the host owns. */
export interface BufferInModule {
  readonly pointer: number;
  readonly bytes: number;
}

/** Input buffers an instance keeps: one for each level of a chain that comes from elsewhere. */
const INPUT_BUFFERS_KEPT = 4;
const INPUT_BUFFER_BYTES = 256 * 1024;
/** What the host puts into RESULT.row before a call. */
export const NO_ROW = 0xffff_ffff;
/** What RESTORE_EXPORT answers: it has undone the row; memory has run out. */
const UNDONE = 1;
const EXHAUSTED = 2;
/** Longest message read from a module: of an abort, a failed row, a log line. */
const MESSAGE_MAX_BYTES = 4096;

const decoder = new TextDecoder();

function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

function instantiate(loaded: LoadedModule, imports: WebAssembly.Imports): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(loaded.module, imports);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const message = `Cannot instantiate bundle ${loaded.manifest.name}: ${cause.message}`;
    const expected = "address space for one more memory (about 10 GB each)";
    throw new MillraceError("MEMORY_EXHAUSTED", message, { expected, cause });
  }
}
