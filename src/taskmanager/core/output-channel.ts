/**
 * The sending side of a channel. Every frame but the end needs a credit: so what is under way is
 * bounded, also where a source sends nothing but watermarks. A watermark or status that finds no
 * credit waits here, the newest replacing the older, so nothing piles up on this side either.
 *
 * Invariant: while something waits there is no credit, so no batch overtakes it.
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
  /** At most one watermark, and a status on either side of it. */
  readonly #waiting: Waiting[] = [];
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

  /** The consumer can take `credits` more frames; the first grant opens the channel. */
  grant(credits: number): void {
    this.#credits += credits;
    while (this.#credits > 0 && this.#waiting.length > 0) this.#sendNow(this.#waiting.shift()!);
    if (this.#ending && !this.#ended && this.#credits > 0) this.#sendEnd();
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
    const waiting = this.#waiting;
    const older = waiting.findLastIndex((other) => other.type === element.type);
    // A watermark counts only while the channel is active: one between two statuses keeps both.
    const between = element.type === "status" && older !== waiting.length - 1;
    if (older !== -1 && !between) waiting.splice(older, 1);
    if (waiting.length === 2 && waiting[0]!.type === waiting[1]!.type) waiting.shift();
    waiting.push(element);
  }

  #sendNow(element: Waiting): void {
    this.#credits--;
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
