/** Breaks things: draws a run's faults and when they come, carries them out, and mends what it broke. */
import type { Cluster } from "./cluster.ts";
import { JOB_MANAGER } from "./failure-audit.ts";
import type { Fault } from "./fault-counts.ts";
import type { Wire } from "./network.ts";
import type { SimProcess } from "./process.ts";
import type { Random } from "./random.ts";
import type { SimTaskManager } from "./task-manager.ts";
import type { Packet } from "./world.ts";

/** Faults that come at a time come within one of these spans, ms: most jobs live for seconds. */
const FAULT_SPANS_MS = [400, 2_000, 6_000, 20_000];
/** Longest time until a process is back. */
const ABSENCE_MAX_MS = 25_000;

/** A fault that finds nothing to hit tries so often again, after at most so many ms. */
const TRIES = 50;
const RETRY_MS = 100;

/** How often a supervisor looks whether a worker runs. */
const SUPERVISION_MS = 1_000;

/** Moments in the life of a job at which a fault may come. */
const MOMENTS = [
  "RUNNING",
  "RUNNING",
  "RESTARTING",
  "FINISHED",
  "FAILED",
  "CANCELLING",
  "DEPLOYING",
];

/** What an act hit, and for how long. */
interface Hit {
  readonly subjects: readonly string[];
  readonly lastsMs?: number;
}

/** Does it; undefined: there is nothing now that it could hit. */
type Act = (chaos: Chaos) => Hit | undefined;

const ACTS: readonly (readonly [Fault, Act])[] = [
  ["control link dropped", (chaos) => chaos.cutLink(true)],
  ["data link dropped", (chaos) => chaos.cutLink(false)],
  ["control link black hole", (chaos) => chaos.hole(true)],
  ["data link black hole", (chaos) => chaos.hole(false)],
  ["worker killed", (chaos) => chaos.killWorker(false)],
  ["worker lost its power", (chaos) => chaos.killWorker(true)],
  ["worker frozen", (chaos) => chaos.freezeWorker()],
  ["worker's clock jumped", (chaos) => chaos.jumpWorker()],
  ["worker replaced", (chaos) => chaos.replaceWorker()],
  ["JobManager killed", (chaos) => chaos.killJobManager()],
  ["JobManager frozen", (chaos) => chaos.freeze(chaos.cluster.jobManagerProcess)],
  ["JobManager's clock jumped", (chaos) => chaos.jumpJobManager()],
  ["slot isolate ended", (chaos) => chaos.crashSlot()],
  ["operator stuck", (chaos) => chaos.stickSlot()],
];

/** The faults of one run. */
export class Chaos {
  readonly cluster: Cluster;
  readonly #random: Random;
  #enabled = true;

  constructor(cluster: Cluster, random: Random) {
    this.cluster = cluster;
    this.#random = random;
  }

  /** Draws the faults: some at a time, some at a moment of a job. */
  begin(): void {
    const count = this.#random.pick([1, 2, 3, 4, 6, 10]);
    for (let i = 0; i < count; i++) {
      const [fault, act] = this.#random.pick(ACTS);
      if (this.#random.chance(0.4)) {
        const atMs = this.#random.fraction() * this.#random.pick(FAULT_SPANS_MS);
        this.#clock.at(atMs, () => this.#perform(fault, act));
      } else {
        this.#onMoment(fault, act);
      }
    }
  }

  /** No more faults; what was broken is mended in its time. */
  stop(): void {
    this.#enabled = false;
  }

  cutLink(control: boolean): Hit | undefined {
    const wire = this.#anyWire(control);
    if (wire === undefined) return undefined;
    this.#network.cut(wire);
    // Each end notices after a while.
    return { subjects: endsOf(wire), lastsMs: 3_000 };
  }

  hole(control: boolean): Hit | undefined {
    const wire = this.#anyWire(control);
    if (wire?.other === undefined) return undefined;
    const lastsMs = this.#random.pick([200, 3_000, 14_000, 30_000]);
    this.#network.hole(wire.process.name, wire.other.process.name, lastsMs);
    return { subjects: endsOf(wire), lastsMs };
  }

  killWorker(silent: boolean): Hit | undefined {
    const worker = this.#anyWorker();
    if (worker === undefined) return undefined;
    this.cluster.killWorker(worker, silent);
    const { worker: name } = worker;
    const lastsMs = this.#random.fraction() * this.#random.pick([20, 1_000, ABSENCE_MAX_MS]);
    this.#clock.after(lastsMs, () => this.#bringBack(name));
    return { subjects: [name], lastsMs };
  }

  /** As a supervisor does; another process of that name may have to give way first. */
  #bringBack(name: string, triesLeft = TRIES): void {
    if (this.cluster.runningWorkers(name).length === 0) this.cluster.startWorker(name);
    else if (triesLeft > 0) {
      this.#clock.after(SUPERVISION_MS, () => this.#bringBack(name, triesLeft - 1));
    }
  }

  freezeWorker(): Hit | undefined {
    const worker = this.#anyWorker();
    return worker && this.freeze(this.cluster.processOf(worker));
  }

  freeze(process: SimProcess): Hit | undefined {
    if (!process.running || process.frozen) return undefined;
    const lastsMs = this.#random.pick([100, 2_000, 12_000, 20_000]);
    process.freeze(lastsMs);
    return { subjects: [process.name], lastsMs };
  }

  jumpWorker(): Hit | undefined {
    const worker = this.#anyWorker();
    if (worker === undefined) return undefined;
    this.cluster.processOf(worker).jump(this.#jumpMs());
    worker.clockJumped();
    return { subjects: [worker.worker] };
  }

  jumpJobManager(): Hit | undefined {
    const { jobManager } = this.cluster;
    if (jobManager === undefined) return undefined;
    jobManager.process.jump(this.#jumpMs());
    jobManager.clockJumped();
    return { subjects: [JOB_MANAGER] };
  }

  replaceWorker(): Hit | undefined {
    const worker = this.#anyWorker();
    if (worker === undefined) return undefined;
    const { worker: name } = worker;
    if (this.cluster.runningWorkers(name).length > 1) return undefined;
    this.cluster.startWorker(name);
    return { subjects: [name] };
  }

  killJobManager(): Hit | undefined {
    if (this.cluster.jobManager === undefined) return undefined;
    this.cluster.killJobManager();
    const lastsMs = this.#random.fraction() * this.#random.pick([20, 2_000, 15_000]);
    this.#clock.after(lastsMs, () => this.cluster.startJobManager());
    return { subjects: [JOB_MANAGER], lastsMs };
  }

  crashSlot(): Hit | undefined {
    const slot = this.#anySlot();
    if (slot === undefined) return undefined;
    slot.worker.crashSlot(slot.key, slot.attempt, slot.slot);
    return { subjects: [slot.worker.worker] };
  }

  stickSlot(): Hit | undefined {
    const slot = this.#anySlot();
    if (slot === undefined) return undefined;
    slot.worker.stick(slot.attempt, slot.slot);
    return { subjects: [slot.worker.worker] };
  }

  get #clock() {
    return this.cluster.world.clock;
  }

  get #network() {
    return this.cluster.world.network;
  }

  #onMoment(fault: Fault, act: Act): void {
    const moment = this.#random.pick(MOMENTS);
    const delayMs = this.#random.fraction() * this.#random.pick([1, 20, 400, 3_000]);
    let left = this.#random.int(1, 4);
    this.cluster.watch((event) => {
      if (event !== moment || left === 0) return;
      left--;
      if (left === 0) this.#clock.after(delayMs, () => this.#perform(fault, act));
    });
  }

  /** Does it now, or as soon as there is something that it can hit. */
  #perform(fault: Fault, act: Act, triesLeft = TRIES): void {
    if (!this.#enabled) return;
    const hit = act(this);
    if (hit === undefined) {
      if (triesLeft === 0) return;
      this.#clock.after(this.#random.fraction() * RETRY_MS, () => {
        this.#perform(fault, act, triesLeft - 1);
      });
      return;
    }
    this.cluster.world.faults.hits(fault, hit.subjects, hit.lastsMs);
    this.cluster.world.journal.note("chaos", () => `${fault}: ${hit.subjects.join(", ")}`);
  }

  #jumpMs(): number {
    return this.#random.pick([50, 1_500, 9_000, 60_000]);
  }

  #anyWorker(): SimTaskManager | undefined {
    return this.#any(this.cluster.runningWorkers());
  }

  #anySlot() {
    const slots = this.cluster
      .runningWorkers()
      .flatMap((worker) => worker.runningSlots().map((slot) => ({ ...slot, worker })));
    return this.#any(slots);
  }

  #anyWire(control: boolean): Wire<Packet> | undefined {
    const jobManager = this.cluster.jobManagerProcess.name;
    const wires = this.#network.connections().filter((wire) => {
      return (wire.other?.process.name === jobManager) === control;
    });
    return this.#any(wires);
  }

  #any<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : this.#random.pick(list);
  }
}

function endsOf(wire: Wire<Packet>): string[] {
  return [wire, wire.other].flatMap((end) => (end === undefined ? [] : end.process.name));
}
