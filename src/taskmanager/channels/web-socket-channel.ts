/**
 * A data channel between two workers: its frames share one link (../data-links.ts) with the
 * channels of all other slots and jobs of the pair.
 */
import type { MillraceError } from "../../protocol/errors.ts";
import { type ChannelHandlers, type Epoch, FramedChannel } from "./data-channel.ts";
import type { FrameBuffers } from "./frame-buffers.ts";

/** What a WebSocket channel needs of its link. */
export interface FrameLink {
  /** Sends bytes; `sent` is called when the buffer may be used again. */
  send(bytes: Uint8Array, sent: () => void): void;
}

/** One endpoint over a shared link; the link's owner routes frames in by job, attempt, channel. */
export class WebSocketChannel extends FramedChannel {
  readonly #buffers: FrameBuffers;
  readonly #link: FrameLink;
  readonly #detach: () => void;

  /** @param detach takes this endpoint out of the owner's routing when it closes */
  constructor(
    link: FrameLink,
    epoch: Epoch,
    buffers: FrameBuffers,
    handlers: ChannelHandlers,
    detach: () => void,
  ) {
    super(epoch, buffers, handlers);
    this.#link = link;
    this.#buffers = buffers;
    this.#detach = detach;
  }

  /** A frame of this endpoint's channels came over the link; the bytes are owned from here on. */
  arrived(bytes: Uint8Array<ArrayBuffer>): void {
    this.receive(bytes);
  }

  /** The link went down. */
  linkLost(error: MillraceError): void {
    this.lost(error);
  }

  protected transmit(backing: ArrayBuffer, length: number): void {
    const bytes = new Uint8Array(backing, 0, length);
    this.#link.send(bytes, () => this.#buffers.put(backing));
  }

  protected transmitCredit(frame: ArrayBuffer): void {
    this.transmit(frame, frame.byteLength);
  }

  protected shut(): void {
    this.#detach();
  }
}
