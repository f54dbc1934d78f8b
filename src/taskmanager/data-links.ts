/**
 * The data links of a worker: a listener for peers that dial in, dials to the others, one link for
 * each pair of workers.
 *
 * Of two workers the one whose name sorts first dials, so that a pair never has two links and
 * neither waits for the other's decision.
 */
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext } from "node:tls";
import { WebSocket, WebSocketServer } from "ws";
import { MillraceError } from "../protocol/errors.ts";
import {
  DATA_LINK_TIMEOUT_MS,
  DEPLOYMENT_TIMEOUT_MS,
  EARLY_FRAMES_MAX,
  FRAME_MAX_BYTES,
  HANDSHAKE_CHECK_PERIOD_MS,
  HANDSHAKE_TIMEOUT_MS,
  REDIAL_FIRST_MS,
  WORKERS_MAX,
} from "../protocol/limits.ts";
import { http } from "../protocol/node-http.ts";
import { DataLink, type LinkIdentity, sameSecret } from "./data-link.ts";

/** Path of the listener. */
export const DATA_LINK_PATH = "/v1/data";

/** Certificate (chain) and private key, PEM texts. */
export interface DataTls {
  readonly cert: string;
  readonly key: string;
}

/** Where the links listen and whom they tell. */
export interface DataLinksOptions {
  readonly identity: LinkIdentity;
  /** Interface of the listener; default 127.0.0.1. */
  readonly host?: string;
  /** Port of the listener; default 0, any free one. */
  readonly port?: number;
  /** Address told to peers, where it differs from the bound one. */
  readonly advertise?: string;
  /** Certificate and key of the listener, PEM; its address is then wss://. */
  readonly tls?: DataTls;
  /** A proxy in front ends TLS: `advertise` names it. */
  readonly behindTlsProxy?: boolean;
  /** Certificate authority of the peers, PEM. */
  readonly ca?: string;
  /** Time a peer may stay unreachable, ms; default: by who dials. */
  readonly timeoutMs?: number;
  onFrame(peer: string, bytes: Uint8Array<ArrayBuffer>): void;
  /** The link to a peer went down or never came up. */
  onDown(peer: string, error: MillraceError): void;
}

interface Waiting {
  readonly frames: { bytes: Uint8Array; sent: () => void }[];
  readonly giveUp: NodeJS.Timeout;
  dialing: WebSocket | undefined;
  redial: NodeJS.Timeout | undefined;
}

const SOCKET_OPTIONS = { perMessageDeflate: false, maxPayload: FRAME_MAX_BYTES } as const;

/** All data links of one worker. */
export class DataLinks {
  readonly #options: DataLinksOptions;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, ...SOCKET_OPTIONS });
  readonly #links = new Map<string, DataLink>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #pending = new Set<DataLink>();
  /** Where each link was dialled that was not accepted here. */
  readonly #dialled = new WeakMap<DataLink, string>();
  #closed = false;

  private constructor(options: DataLinksOptions) {
    this.#options = options;
    const answer: RequestListener = (_request, response) => {
      response.writeHead(426, { "content-type": "text/plain" }).end("WebSocket only\n");
    };
    const { tls } = options;
    const limits = {
      headersTimeout: HANDSHAKE_TIMEOUT_MS,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      connectionsCheckingInterval: HANDSHAKE_CHECK_PERIOD_MS,
    };
    this.#server =
      tls === undefined
        ? http.createServer(limits, answer)
        : createTlsServer({ ...limits, ...tls }, answer);
    this.#server.maxConnections = WORKERS_MAX;
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /**
   * Opens the listener.
   * @throws MillraceError BIND_REFUSED, TLS_INVALID, PORT_IN_USE, LISTEN_FAILED
   */
  static async listen(options: DataLinksOptions): Promise<DataLinks> {
    const { host = "127.0.0.1", port = 0 } = options;
    checkListener(host, options);
    const links = new DataLinks(options);
    await new Promise<void>((resolve, reject) => {
      links.#server.once("error", (cause: NodeJS.ErrnoException) => {
        const inUse = cause.code === "EADDRINUSE";
        const state = inUse ? `port ${port} is in use` : cause.message;
        const message = `Cannot listen for data links on ${host}: ${state}`;
        const code = inUse ? "PORT_IN_USE" : "LISTEN_FAILED";
        const expected = "another port, or --data-port 0 for any free one";
        reject(new MillraceError(code, message, { field: "port", value: port, expected, cause }));
      });
      links.#server.listen(port, host, resolve);
    });
    return links;
  }

  /** Address that peers dial. */
  get address(): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    const host = family === "IPv6" ? `[${address}]` : address;
    const scheme = this.#options.tls === undefined ? "ws" : "wss";
    return this.#options.advertise ?? `${scheme}://${host}:${port}`;
  }

  /** Makes sure of a link to a peer; `onDown` tells if it does not come up in time. */
  connect(peer: string, address: string): void {
    this.#dropOutdated(peer, address);
    if (this.#links.has(peer) || this.#waiting.has(peer)) return;
    const dials = this.#options.identity.worker < peer;
    // Who is dialled waits for the peer's own start: it may have to fetch and compile modules first.
    const patienceMs = dials ? DATA_LINK_TIMEOUT_MS : DEPLOYMENT_TIMEOUT_MS;
    const waiting = this.#wait(peer, this.#options.timeoutMs ?? patienceMs);
    if (dials) this.#dial(peer, address, waiting, REDIAL_FIRST_MS);
  }

  /**
   * A peer that is somewhere else by now is another process. Where its machine went away without a
   * word, the link to the old one would swallow frames until TCP gives up, a quarter of an hour.
   */
  #dropOutdated(peer: string, address: string): void {
    const link = this.#links.get(peer);
    const dialled = link === undefined ? undefined : this.#dialled.get(link);
    if (link === undefined || dialled === undefined || dialled === address) return;
    const message = `Data link to ${peer} lost: the peer is at another address now`;
    const reason = new MillraceError("DATA_LINK_LOST", message);
    this.#links.delete(peer);
    link.terminate(reason);
    this.#options.onDown(peer, reason);
  }

  /** Sends a frame to a peer, or holds it until the link is up. */
  send(peer: string, bytes: Uint8Array, sent: () => void): void {
    const link = this.#links.get(peer);
    if (link !== undefined) {
      link.send(bytes, sent);
      return;
    }
    const waiting = this.#waiting.get(peer);
    // No link and none expected: it went down, and onDown has told so.
    if (waiting === undefined) return;
    if (waiting.frames.length < EARLY_FRAMES_MAX) {
      waiting.frames.push({ bytes, sent });
      return;
    }
    this.#giveUp(peer, `${EARLY_FRAMES_MAX} frames wait for it`);
  }

  /** Ends the link to a peer that broke the protocol. */
  drop(peer: string, error: MillraceError): void {
    this.#links.get(peer)?.terminate(error);
  }

  /** Ends all links and the listener. */
  async close(): Promise<void> {
    this.#closed = true;
    const reason = new MillraceError("DATA_LINK_LOST", "Data link closed: the worker stops");
    for (const peer of [...this.#waiting.keys()]) this.#stopWaiting(peer);
    for (const link of [...this.#links.values(), ...this.#pending]) link.terminate(reason);
    this.#sockets.close();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refuse = (status: string) =>
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    socket.on("error", () => socket.destroy());
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (request.url !== DATA_LINK_PATH) return void refuse("404 Not Found");
    // A browser always sends Origin, a worker never does.
    if (request.headers.origin !== undefined) return void refuse("403 Forbidden");
    if (bearer === undefined || !sameSecret(bearer, this.#options.identity.token)) {
      return void refuse("401 Unauthorized");
    }
    this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#open(ws));
  }

  #dial(peer: string, address: string, waiting: Waiting, pauseMs: number): void {
    const failed = (cause: Error) => {
      if (this.#waiting.get(peer) !== waiting) return;
      const refused = /Unexpected server response: 40[13]/.test(cause.message);
      if (refused) return this.#giveUp(peer, "it refuses our worker token");
      const next = Math.min(pauseMs * 2, DATA_LINK_TIMEOUT_MS);
      waiting.redial = setTimeout(() => this.#dial(peer, address, waiting, next), pauseMs);
    };
    let socket: WebSocket;
    try {
      socket = this.#socketTo(address);
    } catch (cause) {
      // What a peer advertises may be no address; that ends its tasks, not this worker.
      failed(cause as Error);
      return;
    }
    waiting.dialing = socket;
    socket.once("error", failed);
    socket.once("open", () => {
      socket.off("error", failed);
      this.#dialled.set(this.#open(socket, peer), address);
    });
  }

  /** @throws TypeError, SyntaxError if the address is no ws:// or wss:// URL */
  #socketTo(address: string): WebSocket {
    return new WebSocket(`${address}${DATA_LINK_PATH}`, {
      ...SOCKET_OPTIONS,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      headers: { authorization: `Bearer ${this.#options.identity.token}` },
      ...(this.#options.ca === undefined ? {} : { ca: this.#options.ca }),
      // Masking protects proxies from hostile scripts; between two of our own processes on one
      // machine there is neither, and it costs three quarters of the throughput.
      ...(isLoopback(address) ? { generateMask: (mask: Buffer) => void mask.fill(0) } : {}),
    });
  }

  #open(socket: WebSocket, expected?: string): DataLink {
    const link = new DataLink(socket, this.#options.identity, {
      up: (opened) => this.#up(opened, expected),
      frame: (from, bytes) => this.#options.onFrame(from.peer!, bytes),
      down: (lost, error) => this.#down(lost, error, expected),
    });
    this.#pending.add(link);
    return link;
  }

  #up(link: DataLink, expected: string | undefined): void {
    const peer = link.peer!;
    if (expected !== undefined && peer !== expected) {
      const message = `Cannot open data link: dialled ${expected}, ${peer} answered`;
      link.close(new MillraceError("DATA_LINK_WRONG_PEER", message, { value: peer, expected }));
      return;
    }
    this.#pending.delete(link);
    const former = this.#links.get(peer);
    this.#links.set(peer, link);
    // A second link of a name is a new incarnation of the peer, or one that saw the old link break.
    const message = `Data link to ${peer} lost: the peer opened a new one`;
    former?.terminate(new MillraceError("DATA_LINK_LOST", message));
    if (former !== undefined)
      this.#options.onDown(peer, new MillraceError("DATA_LINK_LOST", message));
    const held = this.#stopWaiting(peer);
    for (const { bytes, sent } of held) link.send(bytes, sent);
  }

  #down(link: DataLink, error: MillraceError, expected: string | undefined): void {
    const opening = this.#pending.delete(link);
    const peer = link.peer ?? expected;
    if (peer === undefined || this.#closed) return;
    if (this.#links.get(peer) === link) {
      this.#links.delete(peer);
      this.#options.onDown(peer, error);
    } else if (opening && expected !== undefined && this.#waiting.has(peer)) {
      this.#stopWaiting(peer);
      this.#options.onDown(peer, error);
    }
  }

  #wait(peer: string, timeoutMs: number): Waiting {
    const giveUp = setTimeout(
      () => this.#giveUp(peer, `no link within ${timeoutMs} ms`),
      timeoutMs,
    );
    const waiting: Waiting = { frames: [], giveUp, dialing: undefined, redial: undefined };
    this.#waiting.set(peer, waiting);
    return waiting;
  }

  #stopWaiting(peer: string): Waiting["frames"] {
    const waiting = this.#waiting.get(peer);
    if (waiting === undefined) return [];
    this.#waiting.delete(peer);
    clearTimeout(waiting.giveUp);
    clearTimeout(waiting.redial);
    if (waiting.dialing?.readyState === WebSocket.CONNECTING) {
      waiting.dialing.on("error", () => undefined);
      waiting.dialing.terminate();
    }
    return waiting.frames;
  }

  #giveUp(peer: string, state: string): void {
    this.#stopWaiting(peer);
    const message = `Cannot reach worker ${peer}: ${state}`;
    this.#options.onDown(peer, new MillraceError("DATA_LINK_UNREACHABLE", message));
  }
}

/** Whether an address names this machine. */
export function isLoopback(address: string): boolean {
  return isLoopbackHost(new URL(address).hostname);
}

function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  return bare === "localhost" || bare === "::1" || /^127(\.\d{1,3}){3}$/.test(bare);
}

/** Rows and the worker token are not sent over a network in the clear. */
function checkListener(host: string, { tls, behindTlsProxy }: DataLinksOptions): void {
  if (tls !== undefined) checkCertificate(tls);
  if (isLoopbackHost(host) || tls !== undefined || behindTlsProxy === true) return;
  const message = `Cannot listen for data links on ${host}: rows and the token would be readable`;
  throw new MillraceError("BIND_REFUSED", message, {
    field: "host",
    value: host,
    expected: "a loopback address, or --tls-cert and --tls-key, or --behind-tls-proxy",
  });
}

function checkCertificate(tls: DataTls): void {
  try {
    createSecureContext({ ...tls });
  } catch (cause) {
    const message = "Cannot listen for data links: certificate and key do not fit";
    const expected = "a PEM certificate (chain) and its private key";
    throw new MillraceError("TLS_INVALID", message, { field: "tls", expected, cause });
  }
}
