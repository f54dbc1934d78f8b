/**
 * The channels into a task: bounded queues, read round robin (Flink: InputGate).
 *
 * Invariant: no channel ever holds more elements than the credits granted for it, and its end.
 */
import type { TaskDescriptor } from "../../protocol/deployment.ts";
import { assert, MillraceError } from "../../protocol/errors.ts";
import { CHANNEL_CREDITS } from "../../protocol/limits.ts";
import { needsCredit } from "./channel-ledger.ts";
import { elementOf, type OwnedFrame, type StreamElement } from "./element.ts";

/** The other side of a channel. */
export type Peer = TaskDescriptor["outputs"][number]["channels"][number]["peer"];

/** A channel into a task. */
export interface InputChannel {
  readonly channel: number;
  readonly peer: Peer;
  readonly input: number;
  /** Place among the channels of its input. */
  readonly index: number;
  readonly queue: StreamElement[];
  credits: number;
  nextSequence: number;
  ended: boolean;
}

/** An element taken out, and where it came from. */
export interface TakenElement {
  readonly from: InputChannel;
  readonly element: StreamElement;
}

/** What became of a frame: queued; of no channel here; or there already, and left out. */
export type FrameReception = "queued" | "foreign" | "repeated";

/** All channels into one task. */
export class InputGate {
  readonly channels: readonly InputChannel[];
  readonly #byNumber: ReadonlyMap<number, InputChannel>;
  /** Input that is read before the others: what comes back into an iteration. */
  readonly #first: number | undefined;
  readonly #open: number[] = [];
  #next = 0;
  #queued = 0;

  constructor(gates: TaskDescriptor["gates"], first?: number) {
    this.#first = first;
    const channels: InputChannel[] = [];
    for (const gate of gates) {
      for (const { channel, peer } of gate.channels) {
        const index = this.#open[gate.input] ?? 0;
        this.#open[gate.input] = index + 1;
        channels.push({
          channel,
          peer,
          input: gate.input,
          index,
          queue: [],
          credits: CHANNEL_CREDITS,
          nextSequence: 0,
          ended: false,
        });
      }
    }
    for (let input = 0; input < this.#open.length; input++) this.#open[input] ??= 0;
    this.channels = channels;
    this.#byNumber = new Map(channels.map((c) => [c.channel, c]));
  }

  /** Channels of each input that have not ended. */
  get open(): readonly number[] {
    return this.#open;
  }

  /** Elements in all queues. */
  get queued(): number {
    return this.#queued;
  }

  /**
   * Queues a frame.
   * @throws MillraceError FRAME_OUT_OF_ORDER, CREDIT_EXCEEDED, FRAME_INVALID, BATCH_INVALID
   */
  offer(frame: OwnedFrame): FrameReception {
    const channel = this.#byNumber.get(frame.channel);
    if (channel === undefined) return "foreign";
    if (frame.sequence < channel.nextSequence) return "repeated"; // sent again by a resumed link
    if (frame.sequence > channel.nextSequence || channel.ended) {
      const value = frame.sequence;
      const message = `Cannot take frame of channel ${frame.channel}: sequence number is ${value}`;
      const expected = channel.ended ? "nothing behind the end" : String(channel.nextSequence);
      throw new MillraceError("FRAME_OUT_OF_ORDER", message, { value, expected });
    }
    channel.nextSequence++;
    const element = elementOf(frame);
    if (needsCredit(frame.kind)) {
      if (channel.credits === 0) {
        const message = `Cannot take frame of channel ${frame.channel}: it is beyond the credits`;
        throw new MillraceError("CREDIT_EXCEEDED", message, { expected: "a frame per credit" });
      }
      channel.credits--;
    }
    if (element.type === "end") channel.ended = true;
    channel.queue.push(element);
    this.#queued++;
    return "queued";
  }

  /** The channel of that number, if it is of this gate. */
  channel(number: number): InputChannel | undefined {
    return this.#byNumber.get(number);
  }

  /** The next element, channels in turn. */
  take(): TakenElement | undefined {
    if (this.#queued === 0) return undefined;
    for (const from of this.channels) {
      if (from.input === this.#first && from.queue.length > 0) return this.#takeOf(from);
    }
    const count = this.channels.length;
    for (let i = 0; i < count; i++) {
      const at = (this.#next + i) % count;
      const from = this.channels[at]!;
      if (from.queue.length === 0) continue;
      this.#next = (at + 1) % count;
      return this.#takeOf(from);
    }
    return undefined;
  }

  #takeOf(from: InputChannel): TakenElement {
    const element = from.queue.shift()!;
    this.#queued--;
    if (element.type === "end") this.#open[from.input] = this.#open[from.input]! - 1;
    return { from, element };
  }

  /** A frame has been consumed: its sender may send another. */
  credited(channel: InputChannel): void {
    assert(channel.credits < CHANNEL_CREDITS, `channel ${channel.channel}: credit without a frame`);
    channel.credits++;
  }
}
