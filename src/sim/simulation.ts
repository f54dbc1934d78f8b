/** One simulated run: a cluster, its jobs and its faults, all from a seed, and the verdict. */

import { planJob } from "../jobmanager/job-planner.ts";
import { Chaos } from "./chaos.ts";
import { SimClient } from "./client.ts";
import { Cluster, type CoreMakers, PRODUCTION_CORES } from "./cluster.ts";
import type { FaultCounts } from "./fault-counts.ts";
import { SmallFaults } from "./fault-plan.ts";
import { GRANTS } from "./http-server.ts";
import type { ModuleStock } from "./module-stock.ts";
import { judge } from "./oracle.ts";
import { expectedLines } from "./reference.ts";
import { Violation } from "./violation.ts";
import { drawWorkload } from "./workload.ts";
import { World } from "./world.ts";

/** Share of runs without faults: there every job has to finish at once. */
const CALM_SHARE = 0.1;
/** A job that has not ended by then hangs, virtual ms. */
const TIME_LIMIT_MS = 15 * 60_000;
/** After the last job has ended: releases, discards and time-outs may take so long. */
const SETTLE_MS = 60_000;
/** Events of one run; more is a loop that does not let time pass. */
const EVENTS_MAX = 3_000_000;

export interface SimulationOptions {
  readonly seed: number;
  readonly modules: ModuleStock;
  readonly cores?: CoreMakers;
  /** Takes the log, line by line. */
  readonly log?: (line: string) => void;
}

/** What came of a run. */
export interface SimulationResult {
  readonly seed: number;
  /** The oracle's sentence; undefined: the run passed. */
  readonly violation: string | undefined;
  /** Last lines of the log. */
  readonly tail: readonly string[];
  readonly faults: FaultCounts;
  /** Virtual ms. */
  readonly endedAtMs: number;
  readonly events: number;
  /** How the jobs ended. */
  readonly outcomes: readonly string[];
}

/** Runs one seed. */
export function simulate(options: SimulationOptions): SimulationResult {
  const { seed, modules, log, cores = PRODUCTION_CORES } = options;
  const world = new World({ seed, modules, log });
  const calm = world.random.fork("calm").chance(CALM_SHARE);
  const workload = drawWorkload(world.random.fork("workload"), modules, calm);
  for (const [path, text] of workload.inputs) {
    world.inputs.set(path, new TextEncoder().encode(text));
  }
  const clients = workload.jobs.map((job) => {
    return new SimClient(
      world,
      job,
      planJob(job.spec, (hash) => modules.manifestOf(hash), GRANTS),
    );
  });
  const expected = new Map(
    clients.map((client) => [client, expectedLines(client.job, workload, modules)]),
  );
  const faults = new SmallFaults(world.random.fork("small faults"), world.faults, calm);
  const cluster = new Cluster({ world, workload, clients, cores, faults });
  const chaos = new Chaos(cluster, world.random.fork("chaos"));
  const run = new Run(world, cluster, () => {
    chaos.stop();
    faults.stop();
  });
  let violation: string | undefined;
  try {
    cluster.begin();
    if (!calm) chaos.begin();
    run.toTheEnd();
    judge(cluster, expected);
  } catch (error) {
    // What is thrown while an action is carried out (an assertion of a channel) is a defect, too.
    const thrown = error instanceof Error ? (error.stack ?? error.message) : String(error);
    violation =
      error instanceof Violation ? error.message : `carrying out actions threw: ${thrown}`;
  }
  return {
    seed,
    violation,
    tail: violation === undefined ? [] : world.journal.tail(),
    faults: world.faults,
    endedAtMs: world.clock.nowMs,
    events: run.events,
    outcomes: clients.map((client) => client.status ?? "NOT SUBMITTED"),
  };
}

/** The loop over the events. */
class Run {
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #stopFaults: () => void;
  events = 0;

  constructor(world: World, cluster: Cluster, stopFaults: () => void) {
    this.#world = world;
    this.#cluster = cluster;
    this.#stopFaults = stopFaults;
  }

  toTheEnd(): void {
    const { clients } = this.#cluster;
    this.#until(() => clients.every((client) => client.done), TIME_LIMIT_MS, true);
    this.#stopFaults();
    const settledMs = this.#world.clock.nowMs + SETTLE_MS;
    this.#until(() => false, settledMs, false);
  }

  #until(condition: () => boolean, limitMs: number, mustCome: boolean): void {
    const { clock } = this.#world;
    while (!condition()) {
      if (clock.nowMs >= limitMs || !clock.step()) {
        if (mustCome) this.#hung();
        return;
      }
      this.events++;
      if (this.events > EVENTS_MAX) {
        throw new Violation(`${EVENTS_MAX} events, and no end: something is busy for nothing`);
      }
    }
  }

  #hung(): never {
    const { clients, world } = this.#cluster;
    const open = clients.filter((client) => !client.done);
    const [client] = open;
    const status = client?.status ?? "not submitted";
    const name = client?.job.spec.name;
    const minutes = Math.round(world.clock.nowMs / 60_000);
    throw new Violation(`job ${name} hangs: it is ${status} after ${minutes} virtual minutes`);
  }
}
