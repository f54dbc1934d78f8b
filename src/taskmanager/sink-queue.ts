/** Writes of one sink, one after the other; the core bounds how many wait here. */
import type { SinkWriter } from "../connectors/connector.ts";

export interface SinkQueueHandlers {
  /** One write is done. */
  written(): void;
  failed(error: unknown): void;
}

/** A sink writer and the writes on their way to it. */
export class SinkQueue {
  readonly #writer: SinkWriter;
  readonly #handlers: SinkQueueHandlers;
  #last: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(writer: SinkWriter, handlers: SinkQueueHandlers) {
    this.#writer = writer;
    this.#handlers = handlers;
  }

  write(bytes: Uint8Array, records: number): void {
    this.#last = this.#last.then(async () => {
      if (this.#ended) return;
      try {
        await this.#writer.write(bytes, records);
        this.#handlers.written();
      } catch (error) {
        this.#ended = true;
        this.#handlers.failed(error);
      }
    });
  }

  credit(messages: number): void {
    this.#writer.credit?.(messages);
  }

  async finish(): Promise<void> {
    await this.#last;
    await this.#writer.finish();
  }

  /** Does not wait for writes: a collect sink's may wait for a client that is gone. */
  async abort(): Promise<void> {
    this.#ended = true;
    await this.#writer.abort();
  }
}
