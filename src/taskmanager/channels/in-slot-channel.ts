/** A data channel between two tasks of one slot: a queue that the slot's loop drains. */
import {
  type ChannelHandlers,
  CREDIT_FRAME_BYTES,
  type Epoch,
  FramedChannel,
} from "./data-channel.ts";
import type { FrameBuffers } from "./frame-buffers.ts";

/** One endpoint; `pump` delivers what the other side has sent. */
export class InSlotChannel extends FramedChannel {
  readonly #inbox: Uint8Array<ArrayBuffer>[] = [];
  /** Buffers of credit frames that have been read, of both endpoints. */
  #credits: ArrayBuffer[] = [];
  #other: InSlotChannel | undefined;
  #otherClosed = false;

  /** Two joined endpoints. */
  static pair(
    epochs: readonly [Epoch, Epoch],
    buffers: FrameBuffers,
    handlers: readonly [ChannelHandlers, ChannelHandlers],
  ): [InSlotChannel, InSlotChannel] {
    const left = new InSlotChannel(epochs[0], buffers, handlers[0]);
    const right = new InSlotChannel(epochs[1], buffers, handlers[1]);
    left.#other = right;
    right.#other = left;
    right.#credits = left.#credits;
    return [left, right];
  }

  /**
   * Delivers queued frames. Not done inside `send`: a task must not be entered from within another
   * task's step.
   * @returns whether anything was delivered
   */
  pump(): boolean {
    let delivered = false;
    for (let bytes = this.#inbox.shift(); bytes !== undefined; bytes = this.#inbox.shift()) {
      delivered = true;
      this.receive(bytes);
      if (bytes.buffer.byteLength === CREDIT_FRAME_BYTES) this.#credits.push(bytes.buffer);
    }
    if (this.#otherClosed) this.lost();
    return delivered;
  }

  protected transmit(backing: ArrayBuffer, length: number): void {
    if (this.#other !== undefined) this.#other.#inbox.push(new Uint8Array(backing, 0, length));
  }

  protected override creditBuffer(bytes: number): ArrayBuffer {
    return this.#credits.pop() ?? super.creditBuffer(bytes);
  }

  protected transmitCredit(frame: ArrayBuffer): void {
    this.transmit(frame, frame.byteLength);
  }

  protected shut(): void {
    if (this.#other !== undefined) this.#other.#otherClosed = true;
    this.#other = undefined;
  }
}
