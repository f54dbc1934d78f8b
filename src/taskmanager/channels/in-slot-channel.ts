/** A data channel between two tasks of one slot: a queue that the slot's loop drains. */
import { type ChannelHandlers, type Epoch, FramedChannel } from "./data-channel.ts";
import type { FrameBuffers } from "./frame-buffers.ts";

/** One endpoint; `pump` delivers what the other side has sent. */
export class InSlotChannel extends FramedChannel {
  readonly #inbox: Uint8Array<ArrayBuffer>[] = [];
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
    }
    if (this.#otherClosed) this.lost();
    return delivered;
  }

  protected transmit(backing: ArrayBuffer, length: number): void {
    if (this.#other !== undefined) this.#other.#inbox.push(new Uint8Array(backing, 0, length));
  }

  protected transmitCredit(frame: ArrayBuffer): void {
    this.transmit(frame, frame.byteLength);
  }

  protected shut(): void {
    if (this.#other !== undefined) this.#other.#otherClosed = true;
    this.#other = undefined;
  }
}
