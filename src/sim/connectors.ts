/** Simulated host sides of sources and sinks: what src/connectors does, in virtual time. */
import type { ConnectorSpec } from "../protocol/deployment.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { SourceData } from "../taskmanager/core/task.ts";
import type { SimDisk } from "./disk.ts";
import type { Isolate } from "./isolate.ts";
import type { Random } from "./random.ts";

/** Which subtask of which attempt a connector works for. */
export interface ConnectorContext {
  readonly job: string;
  readonly attempt: number;
  readonly vertex: string;
  readonly subtask: number;
  readonly parallelism: number;
}

/** Chances of this run's connectors. */
export interface ConnectorFaults {
  /** Whether this read or write fails. */
  sourceFails(job: string): boolean;
  sinkFails(job: string): boolean;
}

/** A source's answer and how long it takes. */
interface Read {
  readonly afterMs: number;
  readonly data: SourceData;
}

/** Reads for one subtask. */
export interface SimReader {
  /** @throws MillraceError the source failed */
  next(nowMs: number): Read;
}

/** The reader of a connector. */
export function openReader(
  spec: ConnectorSpec,
  context: ConnectorContext,
  inputs: ReadonlyMap<string, Uint8Array>,
  random: Random,
): SimReader {
  if (spec.type === "datagen") return new DatagenReader(spec, context, random);
  return new FileReader(spec, context, inputs, random);
}

/** Breaks of a source that has a pace: long enough to be idle, or not. */
const BREAKS_MS = [50, 300, 1_500];

/** Asks its operator for rows, at a pace if one is set, with a break now and then. */
class DatagenReader implements SimReader {
  readonly #rowsPerMs: number | undefined;
  readonly #random: Random;
  #startMs: number | undefined;
  #asked = 0;

  constructor(spec: ConnectorSpec, context: ConnectorContext, random: Random) {
    const rowsPerSecond = spec.rowsPerSecond as number | undefined;
    if (rowsPerSecond !== undefined) this.#rowsPerMs = rowsPerSecond / 1000 / context.parallelism;
    this.#random = random;
  }

  next(nowMs: number): Read {
    if (this.#rowsPerMs === undefined) {
      return { afterMs: this.#random.fraction(), data: { type: "poll" } };
    }
    this.#startMs ??= nowMs;
    const rows = this.#random.int(1, 16);
    this.#asked += rows;
    if (this.#random.chance(0.05)) this.#startMs += this.#random.pick(BREAKS_MS);
    const dueMs = this.#startMs + this.#asked / this.#rowsPerMs;
    return { afterMs: Math.max(0, dueMs - nowMs), data: { type: "poll", rows } };
  }
}

/** Reads whole files in chunks of random sizes; file i belongs to subtask i mod parallelism. */
class FileReader implements SimReader {
  readonly #random: Random;
  readonly #files: { readonly path: string; readonly bytes: Uint8Array }[];
  #open: { readonly bytes: Uint8Array; at: number } | undefined;

  constructor(
    spec: ConnectorSpec,
    context: ConnectorContext,
    inputs: ReadonlyMap<string, Uint8Array>,
    random: Random,
  ) {
    this.#random = random;
    this.#files = [...inputs]
      .filter(([path]) => path.startsWith(`${spec.path}/`))
      .map(([path, bytes]) => ({ path, bytes }))
      .filter((_, index) => index % context.parallelism === context.subtask);
  }

  next(): Read {
    const afterMs = this.#random.fraction() * this.#random.pick([0.5, 0.5, 20]);
    if (this.#open === undefined) {
      const file = this.#files.shift();
      if (file === undefined) return { afterMs, data: { type: "finished" } };
      this.#open = { bytes: file.bytes, at: 0 };
      const size = file.bytes.byteLength;
      const split = JSON.stringify({ path: file.path, start: 0, end: size, size, firstLine: 0 });
      return { afterMs, data: { type: "split", split: new TextEncoder().encode(split) } };
    }
    const open = this.#open;
    const end = Math.min(open.bytes.byteLength, open.at + this.#random.int(1, 700));
    const bytes = open.bytes.slice(open.at, end);
    open.at = end;
    const last = end === open.bytes.byteLength;
    if (last) this.#open = undefined;
    return { afterMs, data: { type: "bytes", bytes, last } };
  }
}

/** Where a sink's output goes. */
export interface SimOutlets {
  rows(lines: string): void;
  /** A hidden file that is to be published or removed. Said before it is made. */
  holdBack(file: string): void;
  written(): void;
  failed(error: MillraceError): void;
}

interface Write {
  readonly bytes: Uint8Array;
}

/** Writes of one sink, one after the other: SinkQueue and the sink's writer in one. */
export class SimSink {
  readonly #spec: ConnectorSpec;
  readonly #context: ConnectorContext;
  readonly #isolate: Isolate;
  readonly #random: Random;
  readonly #disk: SimDisk;
  readonly #faults: ConnectorFaults;
  readonly #outlets: SimOutlets;
  readonly #queue: Write[] = [];
  #writing = false;
  #ended = false;
  #credits = 0;
  #part: { readonly name: string; bytes: number } | undefined;
  #parts = 0;
  #whenIdle: (() => void) | undefined;

  constructor(options: {
    readonly spec: ConnectorSpec;
    readonly context: ConnectorContext;
    readonly isolate: Isolate;
    readonly random: Random;
    readonly disk: SimDisk;
    readonly faults: ConnectorFaults;
    readonly outlets: SimOutlets;
  }) {
    this.#spec = options.spec;
    this.#context = options.context;
    this.#isolate = options.isolate;
    this.#random = options.random;
    this.#disk = options.disk;
    this.#faults = options.faults;
    this.#outlets = options.outlets;
  }

  write(bytes: Uint8Array): void {
    this.#queue.push({ bytes });
    this.#next();
  }

  /** The client can take so many more messages (collect). */
  credit(messages: number): void {
    this.#credits += messages;
    this.#next();
  }

  /** Calls back when everything is written. */
  finish(done: () => void): void {
    if (!this.#writing && this.#queue.length === 0) done();
    else this.#whenIdle = done;
  }

  abort(): void {
    this.#ended = true;
    this.#queue.length = 0;
  }

  #next(): void {
    if (this.#writing || this.#ended || this.#queue.length === 0) return;
    if (this.#spec.type === "collect" && this.#credits === 0) return;
    const { bytes } = this.#queue.shift()!;
    this.#writing = true;
    const slowMs = this.#random.pick([0.2, 1, 1, 15]);
    this.#isolate.after(this.#random.fraction() * slowMs, () => this.#perform(bytes));
  }

  #perform(bytes: Uint8Array): void {
    this.#writing = false;
    if (this.#ended) return;
    if (this.#faults.sinkFails(this.#context.job)) {
      this.#ended = true;
      const message = "Cannot write: the simulated disk is full";
      this.#outlets.failed(new MillraceError("FILE_NOT_WRITABLE", message));
      return;
    }
    if (this.#spec.type === "collect") {
      this.#credits--;
      this.#outlets.rows(new TextDecoder().decode(bytes));
    } else if (this.#spec.type === "files") {
      this.#append(bytes);
    }
    this.#outlets.written();
    this.#next();
    if (this.#writing || this.#queue.length > 0) return;
    this.#whenIdle?.();
    this.#whenIdle = undefined;
  }

  #append(bytes: Uint8Array): void {
    if (this.#part === undefined) {
      const { job, attempt, vertex, subtask } = this.#context;
      const name = `${this.#spec.path}/part-${job}-${vertex}-a${attempt}-${subtask}-${this.#parts++}`;
      this.#part = { name, bytes: 0 };
      this.#outlets.holdBack(name);
    }
    this.#disk.append(this.#part.name, bytes);
    this.#part.bytes += bytes.byteLength;
    if (this.#part.bytes >= ((this.#spec.rollBytes as number | undefined) ?? 4096)) {
      this.#part = undefined;
    }
  }
}
