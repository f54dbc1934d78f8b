/**
 * Books of the channels between two endpoints: credits, sequence numbers, frames under way.
 *
 * Invariant: per channel, frames sent and not yet credited again never exceed the credits granted,
 * on either side; the end of the channel, its last frame, needs none. A sender that would break it is a defect and asserts; a peer that breaks it is
 * refused with CREDIT_EXCEEDED.
 */
import { assert, MillraceError } from "../../protocol/errors.ts";
import { FRAME_KIND, type FrameKind } from "../../protocol/frame.ts";

/** A frame that was handed to a port or socket and not yet acknowledged by a credit. */
export interface FrameSummary {
  readonly channel: number;
  readonly sequence: number;
  readonly kind: FrameKind;
  readonly bytes: number;
}

/** Whether a frame needs a credit: all that go downstream do but the end. */
export function needsCredit(kind: FrameKind): boolean {
  return kind !== FRAME_KIND.end;
}

interface SendingBooks {
  credits: number;
  nextSequence: number;
  /** Frames since the oldest uncredited one, in order: what a port or socket may still hold. */
  readonly underWay: FrameSummary[];
}

interface ReceivingBooks {
  credits: number;
  nextSequence: number;
}

/** Ledger of one endpoint; a channel is either sent to or received from here. */
export class ChannelLedger {
  readonly #sending = new Map<number, SendingBooks>();
  readonly #receiving = new Map<number, ReceivingBooks>();

  /** Credits left on a channel this endpoint sends. */
  credits(channel: number): number {
    return this.#sending.get(channel)?.credits ?? 0;
  }

  /** The peer granted credits for a channel this endpoint sends. */
  creditReceived(channel: number, credits: number): void {
    const books = this.#sendingBooks(channel);
    books.credits += credits;
    for (let left = credits; left > 0 && books.underWay.length > 0; ) {
      // Frames are consumed in order: a credit acknowledges the oldest.
      const frame = books.underWay.shift()!;
      if (needsCredit(frame.kind)) left--;
    }
  }

  /** Books a frame that is about to be sent and gives it its sequence number. */
  sent(channel: number, kind: FrameKind, bytes: number): number {
    const books = this.#sendingBooks(channel);
    if (needsCredit(kind)) {
      assert(books.credits > 0, `channel ${channel}: frame sent without a credit`);
      books.credits--;
    }
    const sequence = books.nextSequence++;
    if (needsCredit(kind) || books.underWay.length > 0) {
      books.underWay.push({ channel, sequence, kind, bytes });
    }
    return sequence;
  }

  /** This endpoint grants credits for a channel it receives. */
  creditGranted(channel: number, credits: number): void {
    this.#receivingBooks(channel).credits += credits;
  }

  /**
   * Books a received frame.
   * @throws MillraceError FRAME_OUT_OF_ORDER, CREDIT_EXCEEDED: the peer is not to be trusted.
   */
  received(channel: number, kind: FrameKind, sequence: number): void {
    const books = this.#receivingBooks(channel);
    if (sequence !== books.nextSequence) {
      const message = `Cannot take frame of channel ${channel}: sequence number is ${sequence}`;
      const expected = String(books.nextSequence);
      throw new MillraceError("FRAME_OUT_OF_ORDER", message, { value: sequence, expected });
    }
    books.nextSequence++;
    if (!needsCredit(kind)) return;
    if (books.credits === 0) {
      const message = `Cannot take frame of channel ${channel}: the sender has no credit left`;
      throw new MillraceError("CREDIT_EXCEEDED", message, { expected: "a frame per credit" });
    }
    books.credits--;
  }

  /** Frames under way, channel by channel, oldest first. */
  underWay(): FrameSummary[] {
    const channels = [...this.#sending.keys()].sort((a, b) => a - b);
    return channels.flatMap((channel) => this.#sending.get(channel)!.underWay);
  }

  #sendingBooks(channel: number): SendingBooks {
    let books = this.#sending.get(channel);
    if (books === undefined) {
      books = { credits: 0, nextSequence: 0, underWay: [] };
      this.#sending.set(channel, books);
    }
    return books;
  }

  #receivingBooks(channel: number): ReceivingBooks {
    let books = this.#receiving.get(channel);
    if (books === undefined) {
      books = { credits: 0, nextSequence: 0 };
      this.#receiving.set(channel, books);
    }
    return books;
  }
}
