/**
 * A data channel between two isolates of one process: frames are transferred, not copied, and the
 * emptied buffers travel back upstream with the credits.
 *
 * A message is one ArrayBuffer: a frame; the buffer may be longer. A credit frame lies in an emptied
 * buffer, if there is one. Where there are more to go back, the message is an array of all of them.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { FRAME_HEADER_BYTES } from "../../protocol/frame.ts";
import { type ChannelHandlers, type Epoch, FramedChannel } from "./data-channel.ts";
import type { FrameBuffers } from "./frame-buffers.ts";

const PAYLOAD_LENGTH_OFFSET = 28;

type PortMessage = ArrayBuffer | ArrayBuffer[];

/** One endpoint on one port of a MessageChannel. */
export class MessagePortChannel extends FramedChannel {
  readonly #port: MessagePort;
  readonly #buffers: FrameBuffers;
  #isClosed = false;

  /** Takes the port over: its messages arrive as events, or at once through `pump`. */
  constructor(port: MessagePort, epoch: Epoch, buffers: FrameBuffers, handlers: ChannelHandlers) {
    super(epoch, buffers, handlers);
    this.#port = port;
    this.#buffers = buffers;
    port.on("message", (message: PortMessage) => this.#take(message));
    port.on("close", () => {
      this.#isClosed = true;
      this.lost();
    });
  }

  /**
   * Delivers what waits in the port without returning to the event loop.
   * @returns whether anything was delivered
   */
  pump(): boolean {
    let delivered = false;
    // Node 24 crashes when a port is read in its own close event or later.
    while (!this.#isClosed) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) return delivered;
      delivered = true;
      this.#take(received.message as PortMessage);
    }
    return delivered;
  }

  protected transmit(backing: ArrayBuffer): void {
    this.#port.postMessage(backing, [backing]);
  }

  protected override creditBuffer(bytes: number): ArrayBuffer {
    return this.#buffers.release(1)[0] ?? super.creditBuffer(bytes);
  }

  protected transmitCredit(frame: ArrayBuffer, spare: number): void {
    if (spare <= 1) {
      this.transmit(frame);
      return;
    }
    const message = [frame, ...this.#buffers.release(spare - 1)];
    this.#port.postMessage(message, message);
  }

  protected shut(): void {
    this.#port.close();
  }

  #take(message: PortMessage): void {
    if (message instanceof ArrayBuffer) {
      this.receive(frameIn(message));
      return;
    }
    const [credit, ...recycled] = message;
    for (const buffer of recycled) this.#buffers.put(buffer);
    if (credit !== undefined) this.receive(frameIn(credit));
  }
}

/** The frame at the start of a recycled buffer, which may be longer than the frame. */
function frameIn(backing: ArrayBuffer): Uint8Array<ArrayBuffer> {
  if (backing.byteLength < FRAME_HEADER_BYTES) return new Uint8Array(backing);
  const length = FRAME_HEADER_BYTES + new DataView(backing).getUint32(PAYLOAD_LENGTH_OFFSET, true);
  return new Uint8Array(backing, 0, Math.min(length, backing.byteLength));
}
