/**
 * The channels of one slot for one attempt: which endpoint each channel number belongs to, for
 * sending and for receiving. Production and the simulator open their ports differently and share
 * the rest.
 */
import type { Deployment, TaskDescriptor } from "../protocol/deployment.ts";
import type {
  ChannelHandlers,
  DataChannel,
  Epoch,
  ReceivedFrame,
} from "./channels/data-channel.ts";
import type { FrameBuffers } from "./channels/frame-buffers.ts";
import { InSlotChannel } from "./channels/in-slot-channel.ts";
import type { SlotAction } from "./core/slot.ts";

/** An endpoint whose waiting frames can be delivered at once. */
export interface PumpedChannel extends DataChannel {
  /** @returns whether anything was delivered */
  pump(): boolean;
}

/** A way to another slot or worker, and the channels that it carries. */
export interface ChannelWay<Port> {
  readonly port: Port;
  readonly channels: readonly number[];
}

export interface SlotChannelsOptions<Port> {
  readonly deployment: Deployment;
  readonly slot: number;
  readonly ports: readonly ChannelWay<Port>[];
  /** Channels between tasks of this slot. */
  readonly inSlot: readonly number[];
  handlers(): ChannelHandlers;
  open(port: Port, epoch: Epoch, buffers: FrameBuffers, handlers: ChannelHandlers): PumpedChannel;
}

/** All channels of a slot. */
export class SlotChannels {
  readonly #buffers: FrameBuffers;
  readonly #sends = new Map<number, DataChannel>();
  readonly #receives = new Map<number, DataChannel>();
  readonly #pumps: PumpedChannel[] = [];

  constructor(buffers: FrameBuffers) {
    this.#buffers = buffers;
  }

  /** Opens all of them; frames may arrive from here on. */
  open<Port>(options: SlotChannelsOptions<Port>): void {
    const { deployment, slot, ports, inSlot } = options;
    const epoch = { job: deployment.job, attempt: deployment.attempt };
    const tasks = deployment.tasks.filter((task) => task.slot === slot);
    const sent = channelNumbers(tasks, "outputs");
    const received = channelNumbers(tasks, "gates");
    for (const { port, channels } of ports) {
      const channel = options.open(port, epoch, this.#buffers, options.handlers());
      this.#pumps.push(channel);
      for (const number of channels) {
        if (sent.has(number)) this.#sends.set(number, channel);
        if (received.has(number)) this.#receives.set(number, channel);
      }
    }
    if (inSlot.length === 0) return;
    const handlers = [options.handlers(), options.handlers()] as const;
    const [producer, consumer] = InSlotChannel.pair([epoch, epoch], this.#buffers, handlers);
    this.#pumps.push(producer, consumer);
    for (const number of inSlot) {
      this.#sends.set(number, producer);
      this.#receives.set(number, consumer);
    }
  }

  /** To the consumer; takes the frame's buffer over. */
  send(frame: ReceivedFrame): void {
    this.#sends.get(frame.channel)?.forward(frame);
  }

  /** To the producer; the consumed buffer is there again for frames of this slot. */
  grant({ channel, credits, recycled }: Extract<SlotAction, { type: "grant_credit" }>): void {
    if (recycled !== undefined) this.#buffers.put(recycled);
    this.#receives.get(channel)?.grant(channel, credits);
  }

  /** Delivers what waits in the ports. @returns whether there was anything */
  pump(): boolean {
    let delivered = false;
    for (const channel of this.#pumps) if (channel.pump()) delivered = true;
    return delivered;
  }
}

function channelNumbers(tasks: readonly TaskDescriptor[], side: "outputs" | "gates"): Set<number> {
  const edges = tasks.flatMap((task): TaskDescriptor["gates"][number]["channels"][] =>
    task[side].map((edge) => edge.channels),
  );
  return new Set(edges.flat().map(({ channel }) => channel));
}
