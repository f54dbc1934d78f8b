/**
 * One job attempt in a simulated worker's main isolate: its slots and the ways between them. The
 * counterpart of src/taskmanager/attempt-runtime.ts.
 */
import type { Deployment } from "../protocol/deployment.ts";
import type { MillraceError } from "../protocol/errors.ts";
import { encodeFrame, type Frame } from "../protocol/frame.ts";
import { forwardingHandlers } from "../taskmanager/channels/data-channel.ts";
import type { FrameBuffers } from "../taskmanager/channels/frame-buffers.ts";
import { WebSocketChannel } from "../taskmanager/channels/web-socket-channel.ts";
import type { Route, SlotRoutes } from "../taskmanager/core/data-routing.ts";
import type { SlotCommand, SlotReport } from "../taskmanager/slot-messages.ts";
import type { ConnectorFaults } from "./connectors.ts";
import type { SimDataLinks } from "./data-links.ts";
import { Isolate, Lane } from "./isolate.ts";
import { PortChannel, SimPort } from "./port-channel.ts";
import type { Random } from "./random.ts";
import { SimSlot, type SlotCoreMaker, type SlotTuning } from "./slot.ts";
import type { World } from "./world.ts";

export interface SimAttemptOptions {
  readonly world: World;
  readonly worker: string;
  readonly main: Isolate;
  readonly random: Random;
  readonly deployment: Deployment;
  readonly routes: readonly SlotRoutes[];
  readonly links: SimDataLinks;
  readonly buffers: FrameBuffers;
  readonly tuning: SlotTuning;
  readonly faults: ConnectorFaults;
  readonly makeSlotCore: SlotCoreMaker;
  report(report: SlotReport): void;
  holdBack(file: string): void;
}

interface Bridge {
  readonly onLink: WebSocketChannel;
  readonly onPort: PortChannel;
}

interface RunningSlot {
  readonly slot: SimSlot;
  readonly commands: Lane<SlotCommand>;
}

/** A running attempt. */
export class SimAttempt {
  readonly #options: SimAttemptOptions;
  readonly #slots = new Map<number, RunningSlot>();
  readonly #isolates: ReadonlyMap<number, Isolate>;
  readonly #ports: ReadonlyMap<number, SlotPort[]>;
  /** By slot and peer. */
  readonly #bridges = new Map<string, Bridge>();

  constructor(options: SimAttemptOptions) {
    this.#options = options;
    const { main, random } = options;
    this.#isolates = new Map(
      options.routes.map(({ slot }) => [slot, new Isolate(main.process, random, main.life)]),
    );
    this.#ports = this.#joinSlots(this.#isolates);
  }

  /** Starts a slot; what others have sent to it waits in its ports. */
  startSlot(slot: number): void {
    const routes = this.#options.routes.find((other) => other.slot === slot)!;
    const isolate = this.#isolates.get(slot)!;
    this.#slots.set(slot, this.#startSlot(routes, isolate, this.#ports.get(slot)!));
  }

  get slots(): readonly SimSlot[] {
    return [...this.#slots.values()].map(({ slot }) => slot);
  }

  slot(number: number): SimSlot | undefined {
    return this.#slots.get(number)?.slot;
  }

  numbers(): readonly number[] {
    return [...this.#slots.keys()];
  }

  command(slot: number, command: SlotCommand): void {
    this.#slots.get(slot)?.commands.post(command);
  }

  /** A frame of this attempt for a slot came over the link to `peer`. */
  deliver(slot: number, peer: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.#bridges.get(bridgeKey(slot, peer))?.onLink.arrived(bytes);
  }

  deliverHeld(slot: number, peer: string, frame: Frame): void {
    this.deliver(slot, peer, encodeFrame(frame) as Uint8Array<ArrayBuffer>);
  }

  terminateSlot(slot: number): void {
    this.#slots.get(slot)?.slot.isolate.terminate();
    this.#slots.delete(slot);
  }

  /** Ends all isolates and bridges; what a task sent last goes out first. */
  close(): void {
    for (const { onLink, onPort } of this.#bridges.values()) {
      onPort.pump();
      onLink.close();
      onPort.close();
    }
    this.#bridges.clear();
    for (const slot of [...this.#slots.keys()]) this.terminateSlot(slot);
  }

  #startSlot(routes: SlotRoutes, isolate: Isolate, ports: SlotPort[]): RunningSlot {
    const { world, worker, main, random, deployment, tuning, faults, makeSlotCore } = this.#options;
    const reports = new Lane<SlotReport>(main, (report) => {
      // What an isolate said before it was terminated no longer counts.
      if (isolate.alive) this.#options.report(report);
    });
    const slot = new SimSlot({
      world,
      isolate,
      random,
      name: `${worker}.${routes.slot}`,
      worker,
      slot: routes.slot,
      deployment,
      ports,
      inSlot: [...routes.sends].filter(([, to]) => to.type === "same_slot").map(([n]) => n),
      tuning,
      faults,
      makeCore: makeSlotCore,
      report: (report) => reports.post(report),
      holdBack: (file) => this.#options.holdBack(file),
    });
    isolate.after(random.fraction() * 20, () => slot.begin());
    return { slot, commands: new Lane(isolate, (command) => slot.command(command)) };
  }

  #joinSlots(isolates: ReadonlyMap<number, Isolate>): Map<number, SlotPort[]> {
    const ports = new Map<number, SlotPort[]>();
    for (const { slot } of this.#options.routes) ports.set(slot, []);
    for (const routes of this.#options.routes) {
      const ways = [...routes.sends, ...routes.receives];
      for (const other of new Set(ways.flatMap(([, to]) => (to.type === "slot" ? to.slot : [])))) {
        if (other < routes.slot) continue;
        const channels = numbersOf(ways, (to) => to.type === "slot" && to.slot === other);
        const here = new SimPort(isolates.get(routes.slot)!);
        const there = new SimPort(isolates.get(other)!);
        SimPort.join(here, there);
        ports.get(routes.slot)!.push({ port: here, channels });
        ports.get(other)!.push({ port: there, channels });
      }
      const peers = ways.flatMap(([, to]) => (to.type === "worker" ? to.worker : []));
      for (const peer of new Set(peers)) {
        const channels = numbersOf(ways, (to) => to.type === "worker" && to.worker === peer);
        const port = this.#bridge(routes.slot, peer, isolates.get(routes.slot)!);
        ports.get(routes.slot)!.push({ port, channels });
      }
    }
    return ports;
  }

  #bridge(slot: number, peer: string, isolate: Isolate): SimPort {
    const { deployment, links, buffers, main } = this.#options;
    const epoch = { job: deployment.job, attempt: deployment.attempt };
    const here = new SimPort(main);
    const there = new SimPort(isolate);
    SimPort.join(here, there);
    const toLink = forwardingHandlers(() => onLink);
    const toPort = forwardingHandlers(() => onPort);
    const onPort: PortChannel = new PortChannel(here, epoch, buffers, toLink);
    const link = { send: (bytes: Uint8Array, sent: () => void) => links.send(peer, bytes, sent) };
    const detach = () => void this.#bridges.delete(bridgeKey(slot, peer));
    const handlers = {
      ...toPort,
      closed: (error?: MillraceError) => {
        if (error !== undefined) links.drop(peer, error);
        onPort.close();
      },
    };
    const onLink: WebSocketChannel = new WebSocketChannel(link, epoch, buffers, handlers, detach);
    this.#bridges.set(bridgeKey(slot, peer), { onLink, onPort });
    return there;
  }
}

interface SlotPort {
  readonly port: SimPort;
  readonly channels: readonly number[];
}

function bridgeKey(slot: number, peer: string): string {
  return `${slot}/${peer}`;
}

function numbersOf(ways: readonly [number, Route][], match: (to: Route) => boolean): number[] {
  return [...new Set(ways.filter(([, to]) => match(to)).map(([channel]) => channel))];
}
