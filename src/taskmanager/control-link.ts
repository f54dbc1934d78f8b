/** The control link: a WebSocket that the worker dials to its JobManager. */
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { z } from "zod";
import {
  type JobManagerMessage,
  parseJobManagerMessage,
  type WorkerMessage,
} from "../protocol/control-messages.ts";
import { errorFromBody, MillraceError } from "../protocol/errors.ts";
import { CONTROL_MESSAGE_MAX_BYTES, HANDSHAKE_TIMEOUT_MS } from "../protocol/limits.ts";

/** Path of the JobManager's worker links. */
export const CONTROL_LINK_PATH = "/v1/worker";

export interface ControlLinkOptions {
  /** http:// or https:// address of the JobManager. */
  readonly jobManager: string;
  readonly token: string;
  readonly ca?: string | undefined;
}

export interface ControlLinkHandlers {
  opened(): void;
  message(message: JobManagerMessage): void;
  /** Once for each dial, also if it never opened. */
  closed(reason: string): void;
  /** The JobManager does not take our token: dialling again is of no use. */
  refused(error: MillraceError): void;
}

/** One control link at a time. */
export class ControlLink {
  readonly #options: ControlLinkOptions;
  readonly #handlers: ControlLinkHandlers;
  #socket: WebSocket | undefined;

  constructor(options: ControlLinkOptions, handlers: ControlLinkHandlers) {
    this.#options = options;
    this.#handlers = handlers;
  }

  dial(): void {
    const { jobManager, token, ca } = this.#options;
    const url = new URL(CONTROL_LINK_PATH, jobManager.replace(/^http/, "ws"));
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      maxPayload: CONTROL_MESSAGE_MAX_BYTES,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      headers: { authorization: `Bearer ${token}` },
      ...(ca === undefined ? {} : { ca }),
    });
    this.#socket = socket;
    let reason = "it closed";
    socket.on("open", () => this.#handlers.opened());
    socket.on("message", (data, isBinary) => {
      try {
        if (isBinary) throw new MillraceError("MESSAGE_INVALID", "Cannot read message: binary");
        this.#handlers.message(parseJobManagerMessage(data.toString()));
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
        reason = error.message;
        socket.terminate();
      }
    });
    let answered = false;
    socket.on("unexpected-response", (_request, response) => {
      answered = true;
      readAnswer(response).then((body) => {
        const { error, final } = refusalOf(jobManager, response.statusCode ?? 0, body);
        reason = error.message;
        if (final) this.#handlers.refused(error);
        socket.terminate();
      });
    });
    socket.on("error", (error) => {
      if (!answered) reason = error.message;
    });
    socket.on("close", () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#handlers.closed(reason);
    });
  }

  send(message: WorkerMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Ends the link at once; `closed` follows. */
  terminate(): void {
    this.#socket?.terminate();
  }
}

/** Longest error answer that is read. */
const ANSWER_MAX_BYTES = 16 * 1024;

/** The body of a refused upgrade, as far as it came. */
async function readAnswer(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  response.setTimeout(HANDSHAKE_TIMEOUT_MS, () => response.destroy());
  // However the answer ends, its status line says enough: what came of the body is used.
  const { promise, resolve } = Promise.withResolvers<void>();
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length > ANSWER_MAX_BYTES) response.destroy();
  });
  response.on("error", () => resolve()).on("close", () => resolve());
  await promise;
  return Buffer.concat(chunks).toString("utf8");
}

const refusalSchema = z.looseObject({
  errors: z.array(
    z.looseObject({
      code: z.string(),
      message: z.string(),
      field: z.string().optional(),
      value: z.string().optional(),
      expected: z.string().optional(),
    }),
  ),
});

/** What a refusal means; `final`: it will be the same next time (token, Host). */
function refusalOf(jobManager: string, status: number, body: string) {
  const final = status === 401 || status === 403;
  const said = refusalSchema.safeParse(jsonOf(body)).data?.errors[0];
  const why = said?.message ?? "it is no JobManager";
  const code = said?.code ?? "ANSWER_INVALID";
  const { field, value, expected } = said ?? { field: "jobManager", value: jobManager };
  const error = errorFromBody({
    code,
    message: `Cannot join ${jobManager}: it answers ${status}: ${why}`,
    field,
    value,
    expected,
  });
  return { error, final };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
