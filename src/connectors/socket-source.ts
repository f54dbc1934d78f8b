/**
 * The socket source: the bytes of one TCP connection, as Flink's socketTextStream (for trying
 * things out: what was read before a failure is gone). Only subtask 0 connects.
 */
import { connect, type Socket } from "node:net";
import type { SourceOptions } from "../protocol/connector-options.ts";
import { MillraceError } from "../protocol/errors.ts";
import {
  type SourcePiece,
  type SourceReader,
  type SubtaskContext,
  splitBytes,
} from "./connector.ts";

/** Reads until the other side ends the connection. */
export class SocketSourceReader implements SourceReader {
  readonly #options: SourceOptions<"socket">;
  readonly #reads: boolean;
  #socket: Socket | undefined;
  #chunks: AsyncIterator<Buffer> | undefined;
  #ended = false;

  constructor(options: SourceOptions<"socket">, context: SubtaskContext) {
    this.#options = options;
    this.#reads = context.subtask === 0;
  }

  async next(): Promise<SourcePiece> {
    if (!this.#reads || this.#ended) return { type: "finished" };
    const { host, port } = this.#options;
    try {
      if (this.#chunks === undefined) {
        await this.#connect();
        return { type: "split", split: splitBytes({ path: `${host}:${port}`, start: 0 }) };
      }
      const { value, done } = await this.#chunks.next();
      if (done !== true) return { type: "bytes", bytes: value, last: false };
    } catch (cause) {
      const message = `Cannot read socket ${host}:${port}: ${(cause as Error).message}`;
      throw new MillraceError("SOCKET_LOST", message, { value: `${host}:${port}`, cause });
    }
    this.#ended = true;
    return { type: "bytes", bytes: new Uint8Array(0), last: true };
  }

  async close(): Promise<void> {
    this.#socket?.destroy();
  }

  async #connect(): Promise<void> {
    const socket = connect(this.#options.port, this.#options.host);
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    this.#chunks = socket[Symbol.asyncIterator]();
  }
}
