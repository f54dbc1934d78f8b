/** A data channel between two isolates: as a MessagePort, it takes buffers away from their sender. */
import {
  type ChannelHandlers,
  type Epoch,
  FramedChannel,
} from "../taskmanager/channels/data-channel.ts";
import type { FrameBuffers } from "../taskmanager/channels/frame-buffers.ts";
import { type Isolate, Lane } from "./isolate.ts";

interface PortFrame {
  readonly backing: ArrayBuffer;
  readonly length: number;
  /** Emptied buffers that go along. */
  readonly spare: readonly ArrayBuffer[];
}

type PortItem = PortFrame | { readonly end: true };

/** One end of a port; made first, joined later, given its channel by the isolate that gets it. */
export class SimPort {
  readonly lane: Lane<PortItem>;
  #other: SimPort | undefined;
  #receive: ((item: PortItem) => void) | undefined;
  /** What came before the isolate took the port over. */
  readonly #early: PortItem[] = [];

  constructor(isolate: Isolate) {
    this.lane = new Lane(isolate, (item) => {
      if (this.#receive === undefined) this.#early.push(item);
      else this.#receive(item);
    });
  }

  static join(a: SimPort, b: SimPort): void {
    a.#other = b;
    b.#other = a;
  }

  onItem(receive: (item: PortItem) => void): void {
    this.#receive = receive;
    this.lane.putBack(this.#early.splice(0));
  }

  post(item: PortItem): void {
    this.#other?.lane.post(item);
  }

  close(): void {
    this.post({ end: true });
    this.#receive = () => undefined;
  }
}

/** Counterpart of MessagePortChannel. */
export class PortChannel extends FramedChannel {
  readonly #port: SimPort;
  readonly #buffers: FrameBuffers;

  constructor(port: SimPort, epoch: Epoch, buffers: FrameBuffers, handlers: ChannelHandlers) {
    super(epoch, buffers, handlers);
    this.#port = port;
    this.#buffers = buffers;
    port.onItem((item) => {
      if ("end" in item) {
        this.lost();
        return;
      }
      for (const buffer of item.spare) buffers.put(buffer);
      this.receive(new Uint8Array(item.backing, 0, item.length));
    });
  }

  pump(): boolean {
    return this.#port.lane.drain();
  }

  protected transmit(backing: ArrayBuffer, length: number): void {
    this.#post(backing, length, []);
  }

  protected transmitCredit(frame: ArrayBuffer, spare: number): void {
    this.#post(frame, frame.byteLength, this.#buffers.release(spare));
  }

  #post(backing: ArrayBuffer, length: number, spare: readonly ArrayBuffer[]): void {
    // `transfer` detaches them here: whoever still writes to one is found out.
    this.#port.post({
      backing: backing.transfer(),
      length,
      spare: spare.map((buffer) => buffer.transfer()),
    });
  }

  protected shut(): void {
    this.#port.close();
  }
}
