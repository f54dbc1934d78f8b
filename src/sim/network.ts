/**
 * Simulated connections: ordered and reliable as TCP's while they stand, each with delays of its
 * own (so what goes over two of them is reordered), and all the ways in which they can fail.
 */
import { HANDSHAKE_TIMEOUT_MS } from "../protocol/limits.ts";
import type { VirtualClock } from "./clock.ts";
import type { FailureAudit } from "./failure-audit.ts";
import type { Life, SimProcess } from "./process.ts";
import type { Random } from "./random.ts";

/** What an end of a connection tells its owner. */
export interface WireHandlers<T> {
  opened(): void;
  message(data: T): void;
  /** Once, also if it never opened; not after `terminate` of one's own process' life. */
  closed(reason: string): void;
}

/** Takes connections at an address. */
export type Acceptor<T> = (wire: Wire<T>, from: string) => WireHandlers<T>;

interface Listener<T> {
  readonly process: SimProcess;
  readonly life: Life;
  readonly accept: Acceptor<T>;
}

/** How fast and how unevenly this run's network is. */
interface Delays {
  readonly usualMs: number;
  readonly slowMs: number;
  readonly slowChance: number;
}

type Item<T> = { readonly data: T } | { readonly closed: string } | { readonly opened: true };

/** One end of a connection. */
export class Wire<T> {
  readonly process: SimProcess;
  readonly life: Life;
  readonly #network: Network<T>;
  readonly #inbound: Item<T>[] = [];
  #handlers: WireHandlers<T> | undefined;
  #other: Wire<T> | undefined;
  #arrivesMs = 0;
  #open = true;
  #broken = false;

  constructor(network: Network<T>, process: SimProcess, life: Life) {
    this.#network = network;
    this.process = process;
    this.life = life;
  }

  get open(): boolean {
    return this.#open;
  }

  /** The end on the other side. */
  get other(): Wire<T> | undefined {
    return this.#other;
  }

  join(other: Wire<T> | undefined, handlers: WireHandlers<T>): void {
    this.#other = other;
    this.#handlers = handlers;
  }

  send(data: T): void {
    if (this.#open && !this.#broken) this.#other?.arrive({ data }, this);
  }

  /** Ends the connection behind all that was sent; `closed` follows here, too. */
  close(reason: string): void {
    if (!this.#open) return;
    if (!this.#broken) this.#other?.arrive({ closed: "the other side closed it" }, this);
    this.#finish(reason, 0);
  }

  /** The process behind this end is gone; its kernel says so to the other side, or nobody does. */
  abandon(silent: boolean): void {
    if (!this.#open) return;
    this.#open = false;
    if (!silent) this.#other?.arrive({ closed: "the process ended" }, this);
  }

  /** The connection broke in between: nothing under way arrives, each side notices at its time. */
  broken(reason: string, noticedMs: number): void {
    this.#broken = true;
    this.#finish(reason, noticedMs);
  }

  arrive(item: Item<T>, from: Wire<T>): void {
    const { clock } = this.#network;
    const wantedMs = clock.nowMs + this.#network.delayMs(from.process, this.process);
    this.#arrivesMs = Math.max(this.#arrivesMs, wantedMs);
    this.#network.underWay(this.#arrivesMs);
    this.#inbound.push(item);
    this.process.after(this.life, this.#arrivesMs - clock.nowMs, () => this.#deliver());
  }

  #deliver(): void {
    const item = this.#inbound.shift();
    if (item === undefined || !this.#open || this.#broken) return;
    if ("data" in item) this.#handlers?.message(item.data);
    else if ("opened" in item) this.#handlers?.opened();
    else this.#finish(item.closed, 0);
  }

  #finish(reason: string, afterMs: number): void {
    if (!this.#open) return;
    const closed = () => {
      this.#open = false;
      this.#network.forget(this);
      this.#handlers?.closed(reason);
    };
    if (afterMs > 0) {
      this.process.after(this.life, afterMs, () => {
        if (this.#open) closed();
      });
      return;
    }
    this.#open = false;
    this.process.after(this.life, 0, closed);
  }
}

/** All connections that carry one kind of message. */
export class Network<T> {
  readonly clock: VirtualClock;
  readonly #random: Random;
  readonly #faults: FailureAudit;
  readonly #delays: Delays;
  readonly #listeners = new Map<string, Listener<T>>();
  readonly #wires = new Set<Wire<T>>();
  #latestMs = 0;
  /** Pairs of processes between which nothing gets through, and until when. */
  readonly #holes = new Map<string, number>();

  constructor(clock: VirtualClock, random: Random, faults: FailureAudit) {
    this.clock = clock;
    this.#random = random;
    this.#faults = faults;
    this.#delays = {
      usualMs: random.pick([0.2, 1, 5]),
      slowMs: random.pick([20, 100, 400]),
      slowChance: random.pick([0, 0.02, 0.1]),
    };
  }

  listen(address: string, process: SimProcess, life: Life, accept: Acceptor<T>): void {
    this.#listeners.set(address, { process, life, accept });
  }

  /** Dials an address; the handlers are told how it went. */
  dial(process: SimProcess, life: Life, address: string, handlers: WireHandlers<T>): Wire<T> {
    const wire = new Wire<T>(this, process, life);
    this.#wires.add(wire);
    let settled = false;
    const settling: WireHandlers<T> = {
      ...handlers,
      message: (data) => handlers.message(data),
      closed: (reason) => handlers.closed(reason),
      opened: () => {
        settled = true;
        handlers.opened();
      },
    };
    const listener = this.#listeners.get(address);
    const fail = (reason: string, afterMs: number) => {
      process.after(life, afterMs, () => {
        if (!settled) wire.close(reason);
      });
    };
    if (listener === undefined || !listener.life.alive) {
      wire.join(undefined, settling);
      fail("connection refused", 2 * this.#delayOf());
      return wire;
    }
    const far = new Wire<T>(this, listener.process, listener.life);
    wire.join(far, settling);
    fail("no answer to the handshake", HANDSHAKE_TIMEOUT_MS);
    listener.process.after(listener.life, this.delayMs(process, listener.process), () => {
      if (!wire.open || !life.alive) return;
      this.#wires.add(far);
      far.join(wire, listener.accept(far, process.name));
      far.other?.arrive({ opened: true }, far);
    });
    return wire;
  }

  /** Connections that stand, in the order in which they were made; each by its dialling end. */
  connections(): Wire<T>[] {
    const seen = new Set<Wire<T>>();
    return [...this.#wires].filter((wire) => {
      if (!wire.open || wire.other === undefined || seen.has(wire.other)) return false;
      seen.add(wire);
      return true;
    });
  }

  /** Breaks a connection. */
  cut(wire: Wire<T>): void {
    const reason = "the connection broke";
    wire.other?.broken(reason, this.#random.int(1, 3_000));
    wire.broken(reason, this.#random.int(1, 3_000));
  }

  /** Nothing gets from one to the other for a while; what was sent meanwhile arrives behind it. */
  hole(a: string, b: string, ms: number): void {
    this.#holes.set(pairOf(a, b), this.clock.nowMs + ms);
  }

  /** A process has ended. Silently: as if its machine had lost its power. */
  processEnded(process: SimProcess, silent: boolean): void {
    for (const wire of [...this.#wires]) {
      if (wire.process !== process || !wire.open) continue;
      wire.abandon(silent);
      if (!silent) this.#wires.delete(wire);
    }
  }

  /** Another life of an ended process has begun: what is sent to it is answered by a reset. */
  processReplaced(ended: SimProcess): void {
    for (const wire of [...this.#wires]) {
      if (wire.process !== ended || wire.life.alive) continue;
      this.#wires.delete(wire);
      wire.other?.broken("connection reset", this.#random.int(1, 2_000));
    }
  }

  /** A message will arrive then: before one that was sent earlier elsewhere? */
  underWay(arrivesMs: number): void {
    if (arrivesMs < this.#latestMs) this.#faults.hits("messages reordered across links", []);
    else this.#latestMs = arrivesMs;
  }

  forget(wire: Wire<T>): void {
    this.#wires.delete(wire);
  }

  /** Time of a message on its way; a hole is waited out. */
  delayMs(from: SimProcess, to: SimProcess): number {
    const holeMs = (this.#holes.get(pairOf(from.name, to.name)) ?? 0) - this.clock.nowMs;
    return Math.max(0, holeMs) + this.#delayOf();
  }

  #delayOf(): number {
    const { usualMs, slowMs, slowChance } = this.#delays;
    const slow = this.#random.chance(slowChance);
    if (slow) this.#faults.hits("message delayed", []);
    return (slow ? slowMs : usualMs) * (0.1 + this.#random.fraction());
  }
}

function pairOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
