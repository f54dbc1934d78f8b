/**
 * The data channel: how frames get from one slot to another, for one job attempt.
 *
 * One interface, three ways (in-slot-channel.ts, message-port-channel.ts, web-socket-channel.ts);
 * test/taskmanager/process/data-channel-contract.ts is run on each. An endpoint multiplexes all
 * channels between its two sides. Guarantees, per channel:
 * - frames arrive in the order they were sent, each once (sequence numbers are checked);
 * - no more frames than granted credits are ever inside the port or socket, and the channel's end;
 * - frames of another job or attempt are dropped and counted, never delivered;
 * - what is under way can be listed at any time.
 */
import { assert, MillraceError } from "../../protocol/errors.ts";
import {
  decodeFrame,
  FRAME_HEADER_BYTES,
  FRAME_KIND,
  type FrameKind,
  writeFrameHeader,
} from "../../protocol/frame.ts";
import { ChannelLedger, type FrameSummary } from "../core/channel-ledger.ts";
import type { FrameBuffers } from "./frame-buffers.ts";

/** The attempt whose frames an endpoint carries; frames of any other are dropped. */
export interface Epoch {
  readonly job: string;
  readonly attempt: number;
}

/** What is sent downstream; the payload is copied before `send` returns. */
export interface OutgoingFrame {
  readonly channel: number;
  readonly kind: FrameKind;
  readonly payload: Uint8Array;
}

/** What arrived. The receiver owns `backing` and gives it back with a grant, or to its pool. */
export interface ReceivedFrame {
  readonly channel: number;
  readonly kind: FrameKind;
  readonly sequence: number;
  /** View into `backing`. */
  readonly payload: Uint8Array;
  readonly backing: ArrayBuffer;
}

/** What an endpoint tells its owner. None of them may throw. */
export interface ChannelHandlers {
  frame(frame: ReceivedFrame): void;
  credit(channel: number, credits: number): void;
  /** The other side is gone; `error` is absent after an orderly close. Called once. */
  closed(error?: MillraceError): void;
}

/** One endpoint of the channels between two slots. */
export interface DataChannel {
  /** Sends a frame; all but the end need a credit (assertion). */
  send(frame: OutgoingFrame): void;
  /**
   * Sends a frame that already lies behind room for its header, without copying it; takes its
   * buffer over. Its sequence number has to be the channel's next.
   */
  forward(frame: ReceivedFrame): void;
  /** Lets the other side send `credits` more frames on a channel; spare buffers go along. */
  grant(channel: number, credits: number): void;
  /** Credits left for sending on a channel. */
  credits(channel: number): number;
  /** Frames handed over and not yet acknowledged by a credit. */
  underWay(): FrameSummary[];
  /** Frames of other epochs dropped so far. */
  readonly dropped: number;
  /** Ends both directions; the other side's `closed` is called. */
  close(): void;
}

export const CREDIT_FRAME_BYTES = FRAME_HEADER_BYTES + 4;

/** What the three ways share: books, headers, epochs. A subclass moves bytes. */
export abstract class FramedChannel implements DataChannel {
  readonly #epoch: Epoch;
  readonly #buffers: FrameBuffers;
  readonly #handlers: ChannelHandlers;
  readonly #ledger = new ChannelLedger();
  #dropped = 0;
  #closed = false;

  constructor(epoch: Epoch, buffers: FrameBuffers, handlers: ChannelHandlers) {
    this.#epoch = epoch;
    this.#buffers = buffers;
    this.#handlers = handlers;
  }

  /** Moves `length` bytes of a frame; takes the buffer over. */
  protected abstract transmit(backing: ArrayBuffer, length: number): void;
  /** Moves a credit frame upstream, with up to `spare` recycled buffers where the way can. */
  protected abstract transmitCredit(frame: ArrayBuffer, spare: number): void;
  /** Gives the buffer of a credit frame, which may be longer. */
  protected creditBuffer(bytes: number): ArrayBuffer {
    return new ArrayBuffer(bytes);
  }

  /** Frees what carries this endpoint. */
  protected abstract shut(): void;

  get dropped(): number {
    return this.#dropped;
  }

  send(frame: OutgoingFrame): void {
    if (this.#closed) return;
    const { channel, kind, payload } = frame;
    const length = FRAME_HEADER_BYTES + payload.byteLength;
    const sequence = this.#ledger.sent(channel, kind, length);
    const backing = this.#buffers.take(length);
    const bytes = new Uint8Array(backing, 0, length);
    writeFrameHeader(bytes, { ...this.#epoch, kind, channel, sequence }, payload.byteLength);
    bytes.set(payload, FRAME_HEADER_BYTES);
    this.transmit(backing, length);
  }

  forward(frame: ReceivedFrame): void {
    if (this.#closed) return;
    const length = FRAME_HEADER_BYTES + frame.payload.byteLength;
    const sequence = this.#ledger.sent(frame.channel, frame.kind, length);
    assert(sequence === frame.sequence, `channel ${frame.channel}: frame forwarded out of order`);
    const header = { ...this.#epoch, kind: frame.kind, channel: frame.channel, sequence };
    writeFrameHeader(new Uint8Array(frame.backing), header, frame.payload.byteLength);
    this.transmit(frame.backing, length);
  }

  grant(channel: number, credits: number): void {
    if (this.#closed) return;
    this.#ledger.creditGranted(channel, credits);
    const backing = this.creditBuffer(CREDIT_FRAME_BYTES);
    const header = { ...this.#epoch, kind: FRAME_KIND.credit, channel, sequence: 0 };
    writeFrameHeader(new Uint8Array(backing), header, 4);
    new DataView(backing).setUint32(FRAME_HEADER_BYTES, credits, true);
    this.transmitCredit(backing, credits);
  }

  credits(channel: number): number {
    return this.#ledger.credits(channel);
  }

  underWay(): FrameSummary[] {
    return this.#ledger.underWay();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.shut();
  }

  /** Takes bytes that came in; `bytes` starts at 0 of its buffer and is owned from here on. */
  protected receive(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#closed) return;
    try {
      const frame = decodeFrame(bytes);
      if (frame.job !== this.#epoch.job || frame.attempt !== this.#epoch.attempt) {
        this.#dropped++;
        this.#buffers.put(bytes.buffer);
        return;
      }
      if (frame.kind === FRAME_KIND.credit) {
        this.#creditReceived(frame.channel, frame.payload);
        // A recycled buffer may have carried it.
        this.#buffers.put(bytes.buffer);
        return;
      }
      this.#ledger.received(frame.channel, frame.kind, frame.sequence);
      this.#handlers.frame({
        channel: frame.channel,
        kind: frame.kind,
        sequence: frame.sequence,
        payload: frame.payload,
        backing: bytes.buffer,
      });
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      this.lost(error);
    }
  }

  /** The other side is gone. */
  protected lost(error?: MillraceError): void {
    if (this.#closed) return;
    this.close();
    this.#handlers.closed(error);
  }

  #creditReceived(channel: number, payload: Uint8Array): void {
    const credits =
      payload.byteLength === 4 ? new DataView(payload.buffer, payload.byteOffset) : undefined;
    const count = credits?.getUint32(0, true) ?? 0;
    if (count === 0) {
      const message = `Cannot take credit of channel ${channel}: ${payload.byteLength} bytes`;
      throw new MillraceError("FRAME_INVALID", message, { expected: "u32 above 0" });
    }
    this.#ledger.creditReceived(channel, count);
    this.#handlers.credit(channel, count);
  }
}

/** Joins two endpoints in the middle (a worker's main isolate): frames one way, credits back. */
export function forwardingHandlers(other: () => DataChannel): ChannelHandlers {
  return {
    frame: (frame) => other().forward(frame),
    credit: (channel, credits) => other().grant(channel, credits),
    closed: () => other().close(),
  };
}
