/**
 * The sending side of a channel: a batch needs a credit; a watermark or status that finds none
 * waits here, the newest replacing the older, so nothing piles up.
 */
import { assert } from "../../protocol/errors.ts";
import {
  batchFrame,
  endFrame,
  type FrameAllocator,
  type OwnedFrame,
  statusFrame,
  watermarkFrame,
} from "./element.ts";
import type { Peer } from "./input-gate.ts";

/** Takes a finished frame; called in the order of the channel. */
export type FrameSender = (peer: Peer, frame: OwnedFrame) => void;

type Waiting =
  | { readonly type: "watermark"; readonly timestamp: bigint }
  | { readonly type: "status"; readonly idle: boolean };

/** One channel out of a task. */
export class OutputChannel {
  readonly channel: number;
  readonly peer: Peer;
  readonly #send: FrameSender;
  readonly #allocate: FrameAllocator;
  #credits = 0;
  #sequence = 0;
  /** At most one of each kind, in the order of their last change. */
  #waiting: Waiting[] = [];
  #ending = false;
  #ended = false;

  constructor(channel: number, peer: Peer, send: FrameSender, allocate: FrameAllocator) {
    this.channel = channel;
    this.peer = peer;
    this.#send = send;
    this.#allocate = allocate;
  }

  get credits(): number {
    return this.#credits;
  }

  /** Whether the end has been sent. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What waits for a credit, for listing. */
  get waiting(): readonly Waiting[] {
    return this.#waiting;
  }

  /** Whether a batch can be sent now. */
  get hasRoom(): boolean {
    return this.#credits > 0;
  }

  /** The consumer can take `credits` more batches; the first grant opens the channel. */
  grant(credits: number): void {
    this.#credits += credits;
    for (const element of this.#waiting) this.#sendNow(element);
    this.#waiting = [];
    if (this.#ending && !this.#ended) this.#sendEnd();
  }

  sendBatch(block: Uint8Array): void {
    assert(this.#credits > 0, `channel ${this.channel}: batch without a credit`);
    this.#credits--;
    this.#send(this.peer, batchFrame(this.channel, this.#sequence++, block, this.#allocate));
  }

  watermark(timestamp: bigint): void {
    this.#sendOrKeep({ type: "watermark", timestamp });
  }

  status(idle: boolean): void {
    this.#sendOrKeep({ type: "status", idle });
  }

  /** Ends the channel behind all that waits, as soon as there is a credit. */
  end(): void {
    this.#ending = true;
    if (this.#credits > 0) this.#sendEnd();
  }

  #sendOrKeep(element: Waiting): void {
    if (this.#credits > 0) {
      this.#sendNow(element);
      return;
    }
    this.#waiting = [...this.#waiting.filter((w) => w.type !== element.type), element];
  }

  #sendNow(element: Waiting): void {
    const frame =
      element.type === "watermark"
        ? watermarkFrame(this.channel, this.#sequence++, element.timestamp, this.#allocate)
        : statusFrame(this.channel, this.#sequence++, element.idle, this.#allocate);
    this.#send(this.peer, frame);
  }

  #sendEnd(): void {
    this.#ended = true;
    this.#send(this.peer, endFrame(this.channel, this.#sequence++, this.#allocate));
  }
}
