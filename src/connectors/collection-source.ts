/**
 * The collection source: rows of the application that runs the job in its own process (Flink:
 * fromCollection), as JSON lines. The reader in the slot's isolate and the application's feeder meet
 * on a BroadcastChannel that is named by the collection's id. The reader asks for one piece at a
 * time, so rows are pulled: an application is not asked while the job does not take them. Only
 * subtask 0 reads.
 */
import { randomUUID } from "node:crypto";
import { BroadcastChannel } from "node:worker_threads";
import type { SourceOptions } from "../protocol/connector-options.ts";
import { type ErrorBody, errorFromBody, MillraceError } from "../protocol/errors.ts";
import { COLLECTION_OPEN_TIMEOUT_MS } from "../protocol/limits.ts";
import {
  type SourcePiece,
  type SourceReader,
  type SubtaskContext,
  splitBytes,
} from "./connector.ts";

/** What a reader says to the feeder of its collection. */
export interface CollectionRequest {
  readonly type: "open" | "next" | "close";
  /** Each reader's own. */
  readonly reader: string;
}

/** What a feeder says to one reader. */
export type CollectionAnswer =
  | { readonly type: "opened"; readonly reader: string }
  /** JSON lines; `last`: there are no more. */
  | {
      readonly type: "piece";
      readonly reader: string;
      readonly bytes: Uint8Array;
      readonly last: boolean;
    }
  | { readonly type: "failed"; readonly reader: string; readonly error: ErrorBody };

/** Name of the channel of a collection. */
export function collectionChannel(id: string): string {
  return `millrace-collection/${id}`;
}

/** Asks the application for rows. */
export class CollectionSourceReader implements SourceReader {
  readonly #id: string;
  readonly #reads: boolean;
  readonly #reader = randomUUID();
  #channel: BroadcastChannel | undefined;
  #waiting: PromiseWithResolvers<CollectionAnswer> | undefined;
  #ended = false;

  constructor(options: SourceOptions<"collection">, context: SubtaskContext) {
    this.#id = options.id;
    this.#reads = context.subtask === 0;
  }

  async next(): Promise<SourcePiece> {
    if (!this.#reads || this.#ended) return { type: "finished" };
    if (this.#channel === undefined) {
      await this.#open();
      return { type: "split", split: splitBytes({ path: `collection ${this.#id}`, start: 0 }) };
    }
    const answer = await this.#ask("next");
    if (answer.type === "failed") throw errorFromBody(answer.error);
    if (answer.type === "opened") return this.next();
    this.#ended = answer.last;
    return { type: "bytes", bytes: answer.bytes, last: answer.last };
  }

  async close(): Promise<void> {
    this.#post("close");
    this.#channel?.close();
    const message = `Cannot read collection ${this.#id}: the source is closed`;
    this.#waiting?.reject(new MillraceError("COLLECTION_CLOSED", message));
  }

  async #open(): Promise<void> {
    const channel = new BroadcastChannel(collectionChannel(this.#id));
    this.#channel = channel;
    channel.onmessage = (event) => this.#answered((event as { data: CollectionAnswer }).data);
    const late = setTimeout(
      () => this.#waiting?.reject(this.#missing()),
      COLLECTION_OPEN_TIMEOUT_MS,
    );
    try {
      const answer = await this.#ask("open");
      if (answer.type === "failed") throw errorFromBody(answer.error);
    } finally {
      clearTimeout(late);
    }
  }

  #ask(type: "open" | "next"): Promise<CollectionAnswer> {
    this.#waiting = Promise.withResolvers<CollectionAnswer>();
    this.#post(type);
    return this.#waiting.promise;
  }

  #post(type: CollectionRequest["type"]): void {
    const request: CollectionRequest = { type, reader: this.#reader };
    this.#channel?.postMessage(request);
  }

  #answered(answer: CollectionAnswer): void {
    if (answer.reader === this.#reader) this.#waiting?.resolve(answer);
  }

  #missing(): MillraceError {
    const message = `Cannot read collection ${this.#id}: no application offers it in this process`;
    return new MillraceError("COLLECTION_MISSING", message, {
      field: "connector.id",
      value: this.#id,
      expected: "a job that runs in the process of its application (docs/in-process.md)",
    });
  }
}
