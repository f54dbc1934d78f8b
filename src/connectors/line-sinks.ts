/** Sinks without files: print, blackhole and collect. */
import type { SinkOptions } from "../protocol/connector-options.ts";
import { MillraceError } from "../protocol/errors.ts";
import { COLLECT_MESSAGE_MAX_BYTES } from "../protocol/limits.ts";
import type { SinkOutlets, SinkWriter, SubtaskContext } from "./connector.ts";

/** Prints lines as Flink does: `identifier:subtask> line`, the subtask from 1. */
export class PrintSinkWriter implements SinkWriter {
  readonly #prefix: string;
  readonly #outlets: SinkOutlets;

  constructor(options: SinkOptions<"print">, context: SubtaskContext, outlets: SinkOutlets) {
    const subtask = context.parallelism > 1 ? [String(context.subtask + 1)] : [];
    const identifier = options.identifier === undefined ? [] : [options.identifier];
    const prefix = [...identifier, ...subtask].join(":");
    this.#prefix = prefix === "" ? "" : `${prefix}> `;
    this.#outlets = outlets;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const text = new TextDecoder().decode(bytes);
    this.#outlets.print(text.replaceAll(/^(?=.)/gm, this.#prefix.replaceAll("$", "$$$$")));
  }

  async finish(): Promise<void> {}

  async abort(): Promise<void> {}
}

/** Takes everything, keeps nothing. */
export class BlackholeSinkWriter implements SinkWriter {
  async write(): Promise<void> {}

  async finish(): Promise<void> {}

  async abort(): Promise<void> {}
}

/** Sends rows to the client of the job, a message for each credit it gave. */
export class CollectSinkWriter implements SinkWriter {
  readonly #outlets: SinkOutlets;
  #credits = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(outlets: SinkOutlets) {
    this.#outlets = outlets;
  }

  /** @throws MillraceError ROWS_TOO_LARGE: the JobManager would cut the worker's link, with all its jobs. */
  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength > COLLECT_MESSAGE_MAX_BYTES) {
      const message = `Cannot send rows to the client: ${bytes.byteLength} bytes in one message`;
      const expected = `rows far below ${COLLECT_MESSAGE_MAX_BYTES} bytes; a files sink takes larger ones`;
      throw new MillraceError("ROWS_TOO_LARGE", message, { value: bytes.byteLength, expected });
    }
    if (this.#credits > 0) this.#credits--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#outlets.rows(new TextDecoder().decode(bytes));
  }

  credit(messages: number): void {
    this.#credits += messages;
    while (this.#credits > 0 && this.#waiting.length > 0) {
      this.#credits--;
      this.#waiting.shift()!();
    }
  }

  async finish(): Promise<void> {}

  async abort(): Promise<void> {
    this.#waiting.length = 0;
  }
}
