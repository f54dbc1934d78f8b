/**
 * One link between two workers: a WebSocket that carries the frames of all their channels.
 *
 * Both sides first send a hello (JSON text) and take nothing else before they have seen the
 * other's; from then on every message is one binary frame.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { WebSocket } from "ws";
import { z } from "zod";
import { errorFromBody, MillraceError } from "../protocol/errors.ts";
import { HANDSHAKE_TIMEOUT_MS, HELLO_MAX_BYTES } from "../protocol/limits.ts";
import { PROTOCOL_VERSION } from "../protocol/versions.ts";
import type { FrameLink } from "./channels/web-socket-channel.ts";

/** Who a worker is on its data links. */
export interface LinkIdentity {
  readonly worker: string;
  readonly incarnation: string;
  readonly token: string;
}

// Loose: an unspoken version may say more, and it is to be refused by its number.
const helloSchema = z.looseObject({
  type: z.literal("hello"),
  protocolVersion: z.int(),
  worker: z.string().min(1).max(200),
  incarnation: z.string().min(1),
  token: z.string(),
});

/** What a peer says that does not take our hello. */
const refusedSchema = z.looseObject({
  error: z.object({ code: z.string(), message: z.string(), value: z.string().optional() }),
});

/** What a link tells its owner. */
export interface LinkHandlers {
  /** The peer has proven who it is. */
  up(link: DataLink): void;
  /** A frame; the bytes lie at the start of a buffer of their own. */
  frame(link: DataLink, bytes: Uint8Array<ArrayBuffer>): void;
  /** Called once, for whatever reason the link ended. */
  down(link: DataLink, error: MillraceError): void;
}

/** A link, from the moment its WebSocket is open. */
export class DataLink implements FrameLink {
  readonly #socket: WebSocket;
  readonly #identity: LinkIdentity;
  readonly #handlers: LinkHandlers;
  readonly #helloTimer: NodeJS.Timeout;
  #peer: { readonly worker: string; readonly incarnation: string } | undefined;
  #failure: MillraceError | undefined;
  #down = false;

  constructor(socket: WebSocket, identity: LinkIdentity, handlers: LinkHandlers) {
    this.#socket = socket;
    this.#identity = identity;
    this.#handlers = handlers;
    this.#helloTimer = setTimeout(() => {
      const message = "Cannot open data link: the peer did not say hello in time";
      this.#refuse(new MillraceError("HANDSHAKE_TIMEOUT", message));
    }, HANDSHAKE_TIMEOUT_MS);
    socket.on("message", (data, isBinary) => this.#message(data as Buffer, isBinary));
    socket.on("error", (cause) => {
      this.#failure ??= new MillraceError("DATA_LINK_LOST", `Data link lost: ${cause.message}`, {
        cause,
      });
    });
    socket.on("close", (code) => this.#closed(code));
    const { worker, incarnation, token } = identity;
    const hello = { type: "hello", protocolVersion: PROTOCOL_VERSION, worker, incarnation, token };
    socket.send(JSON.stringify(hello));
  }

  /** Name of the worker on the other side, once it has said hello. */
  get peer(): string | undefined {
    return this.#peer?.worker;
  }

  get peerIncarnation(): string | undefined {
    return this.#peer?.incarnation;
  }

  send(bytes: Uint8Array, sent: () => void): void {
    // ws reports the error of a dead socket here and by its close event; the latter is acted on.
    this.#socket.send(bytes, { binary: true, compress: false }, () => sent());
  }

  /** Ends the link in order. */
  close(reason: MillraceError): void {
    this.#failure ??= reason;
    this.#socket.close(1000);
    // A frozen peer never answers the closing handshake; ws gives up after 30 s, which is too long.
    setTimeout(() => this.#socket.terminate(), 1_000).unref();
  }

  /** Ends the link at once. */
  terminate(reason: MillraceError): void {
    this.#failure ??= reason;
    this.#socket.terminate();
  }

  #message(data: Buffer, isBinary: boolean): void {
    if (this.#down) return;
    if (this.#peer !== undefined && isBinary) {
      this.#handlers.frame(this, ownBytes(data));
      return;
    }
    try {
      if (isBinary) throw refusal("a frame came before hello", "frame", "hello");
      this.#text(data);
    } catch (error) {
      this.#refuse(error as MillraceError);
    }
  }

  #text(data: Buffer): void {
    const value = parseJson(data);
    const refused = refusedSchema.safeParse(value);
    if (refused.success) throw errorFromBody(refused.data.error);
    if (this.#peer !== undefined) throw refusal("text came after hello", "text", "frames");
    const hello = helloSchema.safeParse(value);
    if (!hello.success) throw refusal("the first message is no hello", "other", "hello");
    const { protocolVersion, worker, incarnation, token } = hello.data;
    if (protocolVersion !== PROTOCOL_VERSION) {
      const message = `Cannot open data link: ${worker} speaks protocol version ${protocolVersion}`;
      throw new MillraceError("PROTOCOL_VERSION_MISMATCH", message, {
        field: "protocolVersion",
        value: protocolVersion,
        expected: String(PROTOCOL_VERSION),
      });
    }
    if (!sameSecret(token, this.#identity.token)) {
      const message = "Cannot open data link: wrong worker token in hello";
      throw new MillraceError("UNAUTHORIZED", message, { field: "token" });
    }
    clearTimeout(this.#helloTimer);
    this.#peer = { worker, incarnation };
    this.#handlers.up(this);
  }

  /** Tells the peer why, then ends the link. */
  #refuse(error: MillraceError): void {
    if (this.#failure === undefined) this.#socket.send(JSON.stringify({ error: error.toBody() }));
    this.close(error);
  }

  #closed(code: number): void {
    if (this.#down) return;
    this.#down = true;
    clearTimeout(this.#helloTimer);
    const message = `Data link to ${this.peer ?? "an unknown worker"} lost: it closed (${code})`;
    this.#handlers.down(this, this.#failure ?? new MillraceError("DATA_LINK_LOST", message));
  }
}

/** Compares secrets in a time that does not depend on where they differ. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function parseJson(data: Buffer): unknown {
  if (data.byteLength > HELLO_MAX_BYTES) throw refusal("hello is too long", "text", "4 KiB");
  try {
    return JSON.parse(data.toString("utf8"));
  } catch {
    throw refusal("the first message is not JSON", "text", "hello");
  }
}

function refusal(state: string, value: string, expected: string): MillraceError {
  return new MillraceError("HELLO_INVALID", `Cannot open data link: ${state}`, { value, expected });
}

/** ws hands out views into its read buffer for small messages and own buffers for large ones. */
function ownBytes(data: Buffer): Uint8Array<ArrayBuffer> {
  const backing = data.buffer as ArrayBuffer;
  if (data.byteOffset === 0 && data.byteLength === backing.byteLength) {
    return new Uint8Array(backing);
  }
  const copy = new Uint8Array(data.byteLength);
  copy.set(data);
  return copy;
}
