/**
 * The application's end of a collection source: pulls rows from an iterable while the job asks for
 * them, and never otherwise. A row is pulled at most one piece (COLLECTION_PIECE_ROWS) before it is
 * sent; while an AsyncIterable has no row ready, what is there goes out.
 */
import { BroadcastChannel } from "node:worker_threads";
import {
  type CollectionAnswer,
  type CollectionRequest,
  collectionChannel,
} from "../connectors/collection-source.ts";
import { errorBodyOf, MillraceError } from "../protocol/errors.ts";
import { COLLECTION_PIECE_ROWS, SOURCE_CHUNK_BYTES } from "../protocol/limits.ts";
import type { Schema } from "../protocol/types.ts";
import { rowLine } from "./row-json.ts";

/** Rows of an application: an array can be read again, an AsyncIterable only once. */
export interface CollectionInput {
  readonly schema: Schema;
  readonly rows: Iterable<unknown> | AsyncIterable<unknown>;
}

const IDLE = Symbol("idle");
type Rows = AsyncIterator<unknown> | Iterator<unknown>;
type Result = IteratorResult<unknown>;

/** Feeds one collection. */
export class CollectionFeeder {
  readonly #input: CollectionInput;
  readonly #channel: BroadcastChannel;
  #rows: Rows | undefined;
  /** A row that was asked for and has not come. */
  #pending: Promise<Result> | undefined;
  #reader: string | undefined;
  #count = 0;
  #ended = false;
  #closed = false;
  /** What the application's iterable threw: told to the job, and to who waits for the job. */
  failure: unknown;

  constructor(id: string, input: CollectionInput) {
    this.#input = input;
    this.#channel = new BroadcastChannel(collectionChannel(id));
    this.#channel.onmessage = (event) => this.#asked((event as { data: CollectionRequest }).data);
    // The cluster keeps the process alive, not a feeder that nobody asks.
    this.#channel.unref();
  }

  /** Ends the iterable: its `return` is called, as when a loop is left. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#channel.close();
    await this.#return();
  }

  #asked({ type, reader }: CollectionRequest): void {
    if (type === "open") this.#open(reader);
    else if (reader === this.#reader && type === "next") void this.#next(reader);
  }

  #open(reader: string): void {
    const again = this.#reader !== undefined;
    if (again && !isIterable(this.#input.rows)) {
      const message = "Cannot restart job: the rows of an AsyncIterable were read and are gone";
      const expected = "an array, or a job without a restart strategy";
      const error = new MillraceError("COLLECTION_NOT_REPLAYABLE", message, { expected });
      this.#answer({ type: "failed", reader, error: error.toBody() });
      return;
    }
    this.#reader = reader;
    this.#rows = iteratorOf(this.#input.rows);
    this.#pending = undefined;
    this.#count = 0;
    this.#ended = false;
    this.#answer({ type: "opened", reader });
  }

  async #next(reader: string): Promise<void> {
    try {
      const lines = await this.#piece();
      const bytes = new TextEncoder().encode(lines);
      this.#answer({ type: "piece", reader, bytes, last: this.#ended });
    } catch (error) {
      this.failure = error;
      this.#answer({ type: "failed", reader, error: errorBodyOf(this.#described(error)) });
      await this.#return();
    }
  }

  /** Lines of the rows that are ready, at least one row unless it is the end. */
  async #piece(): Promise<string> {
    const rows = this.#rows!;
    let lines = "";
    let idle: Promise<typeof IDLE> | undefined;
    for (let taken = 0; taken < COLLECTION_PIECE_ROWS && lines.length < SOURCE_CHUNK_BYTES; ) {
      let result: Result | typeof IDLE;
      if (this.#pending === undefined) {
        const next = rows.next();
        if (next instanceof Promise) this.#pending = next;
        else result = next;
      }
      if (this.#pending !== undefined) {
        idle ??= taken > 0 ? turnOfEventLoop() : undefined;
        result = await (idle === undefined ? this.#pending : Promise.race([this.#pending, idle]));
        if (result === IDLE) break;
        this.#pending = undefined;
      }
      const { done, value } = result! as Result;
      if (done === true) {
        this.#ended = true;
        break;
      }
      lines += rowLine(value, this.#input.schema);
      taken++;
      this.#count++;
    }
    return lines;
  }

  #described(error: unknown): unknown {
    const { code, message } = errorBodyOf(error);
    const place = `row ${this.#count + 1} of the application's collection`;
    if (error instanceof MillraceError && code.startsWith("ROW_")) {
      const { field, value, expected } = error.toBody();
      const detail = JSON.parse(JSON.stringify({ field, value, expected }));
      return new MillraceError(code, `${message} (${place})`, { ...detail, cause: error });
    }
    const said = `Cannot read collection: the application's iterable threw at ${place}: ${message}`;
    return new MillraceError("COLLECTION_FAILED", said, { cause: error });
  }

  #answer(answer: CollectionAnswer): void {
    if (!this.#closed) this.#channel.postMessage(answer);
  }

  async #return(): Promise<void> {
    const rows = this.#rows;
    this.#rows = undefined;
    if (rows === undefined || this.#ended) return;
    this.#ended = true;
    // A generator that waits for its next row does not see `return` before that row: no waiting.
    const returned = Promise.resolve(rows.return?.());
    if (this.#pending === undefined) await returned;
    else returned.catch((error: unknown) => (this.failure ??= error));
  }
}

function isIterable(rows: CollectionInput["rows"]): rows is Iterable<unknown> {
  return Symbol.iterator in rows;
}

function iteratorOf(rows: CollectionInput["rows"]): Rows {
  return isIterable(rows) ? rows[Symbol.iterator]() : rows[Symbol.asyncIterator]();
}

/** Resolves when everything that was ready has had its turn. */
function turnOfEventLoop(): Promise<typeof IDLE> {
  return new Promise((resolve) => setImmediate(resolve, IDLE));
}
