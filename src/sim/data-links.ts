/**
 * Data links of a simulated worker: who dials whom, hello, frames that wait for a link. The
 * counterpart of src/taskmanager/data-links.ts and data-link.ts, over simulated connections.
 */
import { MillraceError } from "../protocol/errors.ts";
import {
  DATA_LINK_TIMEOUT_MS,
  EARLY_FRAMES_MAX,
  HANDSHAKE_TIMEOUT_MS,
  REDIAL_FIRST_MS,
} from "../protocol/limits.ts";
import type { Scheduled } from "./clock.ts";
import type { Isolate } from "./isolate.ts";
import type { Wire, WireHandlers } from "./network.ts";
import { Violation } from "./violation.ts";
import type { Packet, World } from "./world.ts";

export interface SimDataLinksOptions {
  readonly world: World;
  readonly isolate: Isolate;
  readonly worker: string;
  readonly address: string;
  onFrame(peer: string, bytes: Uint8Array<ArrayBuffer>): void;
  onDown(peer: string, error: MillraceError): void;
}

interface Waiting {
  readonly frames: { readonly bytes: Uint8Array; readonly sent: () => void }[];
  readonly giveUp: Scheduled;
  redial: Scheduled | undefined;
}

/** A link from the moment its connection is open. */
interface Link {
  readonly wire: Wire<Packet>;
  peer: string | undefined;
  failure: MillraceError | undefined;
}

/** All data links of one worker. */
export class SimDataLinks {
  readonly #options: SimDataLinksOptions;
  readonly #links = new Map<string, Link>();
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: SimDataLinksOptions) {
    this.#options = options;
    const { world, isolate, address } = options;
    world.network.listen(address, isolate.process, isolate.life, (wire) => {
      const handlers = this.#handlers(() => wire, undefined);
      isolate.after(0, () => this.#hello(wire));
      return handlers;
    });
  }

  /** Makes sure of a link to a peer; `onDown` tells if it does not come up in time. */
  connect(peer: string, address: string): void {
    if (this.#links.has(peer) || this.#waiting.has(peer)) return;
    const waiting: Waiting = {
      frames: [],
      giveUp: this.#after(DATA_LINK_TIMEOUT_MS, () => {
        this.#giveUp(peer, `no link within ${DATA_LINK_TIMEOUT_MS} ms`);
      }),
      redial: undefined,
    };
    this.#waiting.set(peer, waiting);
    if (this.#options.worker < peer) this.#dial(peer, address, waiting, REDIAL_FIRST_MS);
  }

  /** Sends a frame to a peer, or holds it until the link is up. */
  send(peer: string, bytes: Uint8Array, sent: () => void): void {
    const link = this.#links.get(peer);
    if (link !== undefined) {
      this.#transmit(link, bytes, sent);
      return;
    }
    const waiting = this.#waiting.get(peer);
    if (waiting === undefined) return;
    if (waiting.frames.length < EARLY_FRAMES_MAX) waiting.frames.push({ bytes, sent });
    else this.#giveUp(peer, `${EARLY_FRAMES_MAX} frames wait for it`);
  }

  /** A peer broke the protocol. Production ends the link; here nobody lies, so it is a defect. */
  drop(peer: string, error: MillraceError): never {
    throw new Violation(`${peer} broke the protocol of its channels: ${error.message}`);
  }

  #after(ms: number, run: () => void): Scheduled {
    const { isolate } = this.#options;
    return isolate.process.after(isolate.life, ms, run);
  }

  #dial(peer: string, address: string, waiting: Waiting, pauseMs: number): void {
    const { world, isolate } = this.#options;
    let opened = false;
    const handlers = this.#handlers(() => wire, peer);
    const wire: Wire<Packet> = world.network.dial(isolate.process, isolate.life, address, {
      ...handlers,
      opened: () => {
        opened = true;
        this.#hello(wire);
      },
      closed: (reason) => {
        if (opened) {
          handlers.closed(reason);
          return;
        }
        if (this.#waiting.get(peer) !== waiting) return;
        const next = Math.min(pauseMs * 2, DATA_LINK_TIMEOUT_MS);
        waiting.redial = this.#after(pauseMs, () => this.#dial(peer, address, waiting, next));
      },
    });
  }

  #hello(wire: Wire<Packet>): void {
    wire.send(JSON.stringify({ worker: this.#options.worker }));
  }

  #handlers(wireOf: () => Wire<Packet>, expected: string | undefined): WireHandlers<Packet> {
    let link: Link | undefined;
    const own = (): Link => {
      link ??= { wire: wireOf(), peer: undefined, failure: undefined };
      return link;
    };
    this.#after(HANDSHAKE_TIMEOUT_MS, () => {
      if (link?.peer !== undefined || !wireOf().open) return;
      const message = "Cannot open data link: the peer did not say hello in time";
      this.#terminate(own(), new MillraceError("HANDSHAKE_TIMEOUT", message));
    });
    return {
      opened: () => undefined,
      message: (data) => {
        if (typeof data === "string") this.#up(own(), (JSON.parse(data) as Hello).worker, expected);
        else if (link?.peer !== undefined) this.#options.onFrame(link.peer, data);
      },
      closed: (reason) => this.#down(own(), reason, expected),
    };
  }

  #up(link: Link, peer: string, expected: string | undefined): void {
    link.peer = peer;
    if (expected !== undefined && peer !== expected) {
      const message = `Cannot open data link: dialled ${expected}, ${peer} answered`;
      this.#terminate(link, new MillraceError("DATA_LINK_WRONG_PEER", message));
      return;
    }
    const former = this.#links.get(peer);
    this.#links.set(peer, link);
    if (former !== undefined) {
      const message = `Data link to ${peer} lost: the peer opened a new one`;
      const error = new MillraceError("DATA_LINK_LOST", message);
      this.#terminate(former, error);
      this.#options.onDown(peer, error);
    }
    for (const { bytes, sent } of this.#stopWaiting(peer)) this.#transmit(link, bytes, sent);
  }

  #down(link: Link, reason: string, expected: string | undefined): void {
    const peer = link.peer ?? expected;
    if (peer === undefined) return;
    const message = `Data link to ${peer} lost: ${reason}`;
    const error = link.failure ?? new MillraceError("DATA_LINK_LOST", message);
    if (this.#links.get(peer) === link) {
      this.#links.delete(peer);
      this.#options.onDown(peer, error);
    } else if (expected !== undefined && this.#waiting.has(peer)) {
      this.#stopWaiting(peer);
      this.#options.onDown(peer, error);
    }
  }

  /** The buffer may be used again once its bytes are in the socket, not before. */
  #transmit(link: Link, bytes: Uint8Array, sent: () => void): void {
    this.#after(0, () => {
      link.wire.send(bytes.slice() as Uint8Array<ArrayBuffer>);
      sent();
    });
  }

  #terminate(link: Link, error: MillraceError): void {
    link.failure ??= error;
    link.wire.close(error.message);
  }

  #stopWaiting(peer: string): Waiting["frames"] {
    const waiting = this.#waiting.get(peer);
    if (waiting === undefined) return [];
    this.#waiting.delete(peer);
    waiting.giveUp.cancelled = true;
    if (waiting.redial !== undefined) waiting.redial.cancelled = true;
    return waiting.frames;
  }

  #giveUp(peer: string, state: string): void {
    this.#stopWaiting(peer);
    const message = `Cannot reach worker ${peer}: ${state}`;
    this.#options.onDown(peer, new MillraceError("DATA_LINK_UNREACHABLE", message));
  }
}

interface Hello {
  readonly worker: string;
}
