/** WebSockets of the workers, at /v1/worker on the JobManager's own port. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import {
  type JobManagerMessage,
  parseWorkerMessage,
  writeJobManagerMessage,
} from "../protocol/control-messages.ts";
import { type ErrorBody, errorBodyOf, MillraceError } from "../protocol/errors.ts";
import {
  CONTROL_MESSAGE_MAX_BYTES,
  LINK_BUFFER_MAX_BYTES,
  WORKER_LINKS_MAX,
} from "../protocol/limits.ts";
import { PROTOCOL_VERSION } from "../protocol/versions.ts";
import type { Dispatcher, WorkerLinkPort } from "./dispatcher.ts";
import type { LogTail } from "./log-tail.ts";
import { type IngressPolicy, opens, roleOf, TOKEN_EXPECTED, type Tokens } from "./security.ts";

/** Path of the worker link. */
export const WORKER_LINK_PATH = "/v1/worker";

/** A socket that was told to close is cut after this. */
const CLOSE_GRACE_MS = 1_000;
const POLICY_VIOLATION = 1008;
const NORMAL_CLOSURE = 1000;

/** What the links need. */
export interface WorkerLinksOptions {
  readonly dispatcher: Dispatcher;
  readonly tokens: Tokens;
  readonly ingress: IngressPolicy;
  readonly log: LogTail;
}

/** The open links. */
export class WorkerLinks implements WorkerLinkPort {
  readonly #options: WorkerLinksOptions;
  readonly #sockets = new Map<string, WebSocket>();
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: CONTROL_MESSAGE_MAX_BYTES,
    perMessageDeflate: false,
  });

  constructor(options: WorkerLinksOptions) {
    this.#options = options;
  }

  /** Takes over the upgrades of this server. */
  attach(server: Server): void {
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  send(link: string, message: JobManagerMessage): void {
    const socket = this.#sockets.get(link);
    if (socket === undefined) return;
    socket.send(writeJobManagerMessage(message));
    if (socket.bufferedAmount <= LINK_BUFFER_MAX_BYTES) return;
    this.#options.log.log("warn", `link ${link} cut: its worker does not read`);
    socket.terminate();
  }

  close(link: string, reason: string): void {
    const socket = this.#sockets.get(link);
    if (socket === undefined) return;
    // The core has forgotten the link: whatever it still says is not to be heard.
    this.#sockets.delete(link);
    socket.removeAllListeners("message");
    closeSocket(socket, NORMAL_CLOSURE, reason);
  }

  stop(): void {
    for (const socket of this.#sockets.values()) socket.terminate();
    this.#sockets.clear();
    this.#server.close();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) {
      refuseUpgrade(socket, refusal.status, refusal.error);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#opened(webSocket));
  }

  #refusalOf(request: IncomingMessage): { status: string; error: ErrorBody } | undefined {
    const { tokens, ingress } = this.#options;
    try {
      ingress.check(request.headers.host, request.headers.origin);
    } catch (thrown) {
      return { status: "403 Forbidden", error: errorBodyOf(thrown) };
    }
    const role = roleOf(tokens, request.headers.authorization);
    if (role === undefined) {
      const message = "Cannot open link: no valid token";
      const error = { code: "UNAUTHORIZED", message, field: "Authorization" };
      return { status: "401 Unauthorized", error: { ...error, expected: TOKEN_EXPECTED } };
    }
    const path = (request.url ?? "").split("?")[0];
    if (path !== WORKER_LINK_PATH) {
      const error = { code: "ROUTE_NOT_FOUND", message: "Cannot open link: no such path" };
      return { status: "404 Not Found", error: { ...error, expected: WORKER_LINK_PATH } };
    }
    if (!opens(role, "worker")) {
      const message = `Cannot open link: a ${role} token does not open it`;
      return { status: "403 Forbidden", error: { code: "FORBIDDEN", message, expected: "worker" } };
    }
    if (this.#sockets.size < WORKER_LINKS_MAX) return undefined;
    const error = { code: "TOO_MANY_WORKERS", message: "Cannot open link: too many are open" };
    return { status: "503 Service Unavailable", error };
  }

  #opened(socket: WebSocket): void {
    const { dispatcher, log } = this.#options;
    const link = randomUUID();
    this.#sockets.set(link, socket);
    let reason = "its link closed";
    socket.on("error", (error) => {
      reason = `its link failed: ${error.message}`;
      log.log("warn", `link ${link}: ${error.message}`);
    });
    socket.on("close", () => {
      if (!this.#sockets.delete(link)) return;
      dispatcher.handle({ type: "link_closed", link, reason });
    });
    socket.on("message", (data, binary) => {
      try {
        dispatcher.handle({ type: "link_message", link, message: readMessage(data, binary) });
      } catch (thrown) {
        if (!(thrown instanceof MillraceError)) throw thrown;
        reason = `its message was refused: ${thrown.code}: ${thrown.message} ${thrown.field ?? ""}`;
        log.log("warn", `link ${link}: ${reason}`);
        // The worker is told why before the link goes; the close event tells the core.
        socket.removeAllListeners("message");
        if (thrown.code === "PROTOCOL_VERSION_MISMATCH") {
          this.send(link, { type: "rejected", error: thrown.toBody() });
        }
        closeSocket(socket, POLICY_VIOLATION, `${thrown.code} ${thrown.field ?? ""}`);
      }
    });
    dispatcher.handle({ type: "link_opened", link });
  }
}

function readMessage(data: RawData, binary: boolean) {
  if (binary) throw new MillraceError("MESSAGE_INVALID", "Cannot read message: it is binary");
  const text = (data as Buffer).toString("utf8");
  checkVersion(text);
  return parseWorkerMessage(text);
}

/**
 * A worker of another version may say things this one cannot parse: it is refused by its version,
 * not by the first field that differs.
 */
function checkVersion(text: string): void {
  if (!/"type"\s*:\s*"register"/.test(text.slice(0, 200))) return;
  const version = /"protocolVersion"\s*:\s*(\d{1,9})/.exec(text)?.[1];
  if (version === undefined || Number(version) === PROTOCOL_VERSION) return;
  throw new MillraceError(
    "PROTOCOL_VERSION_MISMATCH",
    `Cannot register worker: it speaks protocol ${version}`,
    { field: "protocolVersion", value: version, expected: String(PROTOCOL_VERSION) },
  );
}

function closeSocket(socket: WebSocket, code: number, reason: string): void {
  socket.close(
    code,
    Buffer.from(reason)
      .subarray(0, 120)
      .toString("utf8")
      .replace(/\ufffd/g, ""),
  );
  setTimeout(() => socket.terminate(), CLOSE_GRACE_MS).unref();
}

function refuseUpgrade(socket: Duplex, status: string, error: ErrorBody): void {
  const body = JSON.stringify({ errors: [error] });
  const head = [
    `HTTP/1.1 ${status}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
