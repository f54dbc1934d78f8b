/**
 * One job attempt in a worker's main isolate: its slot isolates and the ways between them. Slots of
 * this worker are joined directly, port to port; for each slot and peer worker there is a bridge
 * from a port to a channel on the data link. Here a record crosses the network.
 */
import { MessageChannel } from "node:worker_threads";
import type { Deployment } from "../protocol/deployment.ts";
import { assert, type ErrorBody, type MillraceError } from "../protocol/errors.ts";
import { encodeFrame, type Frame } from "../protocol/frame.ts";
import { forwardingHandlers } from "./channels/data-channel.ts";
import type { FrameBuffers } from "./channels/frame-buffers.ts";
import { MessagePortChannel } from "./channels/message-port-channel.ts";
import { WebSocketChannel } from "./channels/web-socket-channel.ts";
import type { Route, SlotRoutes } from "./core/data-routing.ts";
import type { DataLinks } from "./data-links.ts";
import type { LoadedModule } from "./module-instance.ts";
import { SlotIsolate } from "./slot-isolate.ts";
import type { SlotPort, SlotReport } from "./slot-messages.ts";

export interface AttemptRuntimeOptions {
  readonly worker: string;
  readonly deployment: Deployment;
  readonly routes: readonly SlotRoutes[];
  readonly modules: readonly LoadedModule[];
  readonly links: DataLinks;
  readonly buffers: FrameBuffers;
  readonly memories: SharedArrayBuffer;
  readonly filesRoots?: readonly string[] | undefined;
  report(report: SlotReport): void;
  exited(slot: number, error: ErrorBody): void;
}

interface Bridge {
  readonly onLink: WebSocketChannel;
  readonly onPort: MessagePortChannel;
}

/** A running attempt; its slots are started one by one. */
export class AttemptRuntime {
  readonly #options: AttemptRuntimeOptions;
  readonly #slots = new Map<number, SlotIsolate>();
  /** Ends of the ways of slots that have not been started. */
  readonly #ports: Map<number, SlotPort[]>;
  /** By slot and peer. */
  readonly #bridges = new Map<string, Bridge>();

  constructor(options: AttemptRuntimeOptions) {
    this.#options = options;
    this.#ports = this.#joinSlots();
  }

  /**
   * Starts a slot's isolate; what other slots have sent to it waits in its ports.
   * @throws Error where a slot that it is joined to has ended
   */
  startSlot(slot: number): void {
    const { worker, deployment, modules, memories, filesRoots, routes } = this.#options;
    const ports = this.#ports.get(slot);
    assert(ports !== undefined, `slot ${slot} is started once`);
    this.#ports.delete(slot);
    const sends = routes.find((other) => other.slot === slot)!.sends;
    // Each isolate gets a copy: of its own tasks only.
    const tasks = deployment.tasks.filter((task) => task.slot === slot);
    const inSlot = [...sends].filter(([, to]) => to.type === "same_slot").map(([n]) => n);
    const start = {
      worker,
      slot,
      deployment: { ...deployment, tasks },
      modules,
      ports,
      inSlot,
      memories,
      filesRoots,
    };
    const isolate = new SlotIsolate(start, {
      report: (report) => this.#options.report(report),
      exited: (error) => this.#options.exited(slot, error),
    });
    this.#slots.set(slot, isolate);
  }

  slot(slot: number): SlotIsolate | undefined {
    return this.#slots.get(slot);
  }

  slots(): ReadonlyMap<number, SlotIsolate> {
    return this.#slots;
  }

  /** A frame of this attempt for a slot came over the link to `peer`. */
  deliver(slot: number, peer: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.#bridges.get(bridgeKey(slot, peer))?.onLink.arrived(bytes);
  }

  /** A frame that came before the attempt was deployed. */
  deliverHeld(slot: number, peer: string, frame: Frame): void {
    this.deliver(slot, peer, encodeFrame(frame) as Uint8Array<ArrayBuffer>);
  }

  async terminateSlot(slot: number): Promise<void> {
    const isolate = this.#slots.get(slot);
    this.#slots.delete(slot);
    await isolate?.terminate();
  }

  /** Ends all isolates and bridges. */
  async close(): Promise<void> {
    for (const { onLink, onPort } of this.#bridges.values()) {
      // A task's last frames may wait in its bridge's port although its FINISHED, which came by
      // another port, has been heard: they go out first.
      onPort.pump();
      onLink.close();
      onPort.close();
    }
    this.#bridges.clear();
    for (const ports of this.#ports.values()) for (const { port } of ports) port.close();
    this.#ports.clear();
    await Promise.all([...this.#slots.keys()].map((slot) => this.terminateSlot(slot)));
  }

  #joinSlots(): Map<number, SlotPort[]> {
    const ports = new Map<number, SlotPort[]>();
    for (const { slot } of this.#options.routes) ports.set(slot, []);
    for (const routes of this.#options.routes) {
      const ways = [...routes.sends, ...routes.receives];
      for (const other of new Set(ways.flatMap(([, to]) => (to.type === "slot" ? to.slot : [])))) {
        // The pair is joined once, from its lower slot.
        if (other < routes.slot) continue;
        const channels = numbersOf(ways, (to) => to.type === "slot" && to.slot === other);
        const { port1, port2 } = new MessageChannel();
        ports.get(routes.slot)!.push({ port: port1, channels });
        ports.get(other)?.push({ port: port2, channels });
      }
      for (const peer of new Set(
        ways.flatMap(([, to]) => (to.type === "worker" ? to.worker : [])),
      )) {
        const channels = numbersOf(ways, (to) => to.type === "worker" && to.worker === peer);
        ports.get(routes.slot)!.push(this.#bridge(routes.slot, peer, channels));
      }
    }
    return ports;
  }

  #bridge(slot: number, peer: string, channels: number[]): SlotPort {
    const { deployment, links, buffers } = this.#options;
    const epoch = { job: deployment.job, attempt: deployment.attempt };
    const { port1, port2 } = new MessageChannel();
    const toLink = forwardingHandlers(() => onLink);
    const toPort = forwardingHandlers(() => onPort);
    const onPort: MessagePortChannel = new MessagePortChannel(port1, epoch, buffers, toLink);
    const link = { send: (bytes: Uint8Array, sent: () => void) => links.send(peer, bytes, sent) };
    const detach = () => void this.#bridges.delete(bridgeKey(slot, peer));
    const handlers = {
      ...toPort,
      // A peer that breaks the books of one channel is not believed in the others.
      closed: (error?: MillraceError) => {
        if (error !== undefined) links.drop(peer, error);
        onPort.close();
      },
    };
    const onLink: WebSocketChannel = new WebSocketChannel(link, epoch, buffers, handlers, detach);
    this.#bridges.set(bridgeKey(slot, peer), { onLink, onPort });
    return { port: port2, channels };
  }
}

function bridgeKey(slot: number, peer: string): string {
  return `${slot}/${peer}`;
}

function numbersOf(ways: readonly [number, Route][], match: (to: Route) => boolean): number[] {
  return [...new Set(ways.filter(([, to]) => match(to)).map(([channel]) => channel))];
}
