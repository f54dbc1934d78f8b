/** The faults of the simulator and how often each has fired. */

export const FAULTS = [
  "message delayed",
  "messages reordered across links",
  "control link dropped",
  "data link dropped",
  "control link black hole",
  "data link black hole",
  "worker killed",
  "worker lost its power",
  "worker frozen",
  "worker's clock jumped",
  "worker replaced",
  "JobManager killed",
  "JobManager frozen",
  "JobManager's clock jumped",
  "slot isolate ended",
  "operator stuck",
  "source failed",
  "sink failed",
  "module fetch failed",
  "publishing failed",
  "job cancelled",
] as const;
export type Fault = (typeof FAULTS)[number];

/** Those that change nothing but the order and time of things. */
const HARMLESS: ReadonlySet<Fault> = new Set([
  "message delayed",
  "messages reordered across links",
]);

/** Counts of one run, or of many. */
export class FaultCounts {
  readonly #counts = new Map<Fault, number>();
  readonly #busy = new Map<Fault, number>();

  /** @param busy how many of them came while a job was running */
  fired(fault: Fault, times = 1, busy = 0): void {
    this.#counts.set(fault, this.count(fault) + times);
    this.#busy.set(fault, this.countBusy(fault) + busy);
  }

  count(fault: Fault): number {
    return this.#counts.get(fault) ?? 0;
  }

  /** How many came while a job was running. */
  countBusy(fault: Fault): number {
    return this.#busy.get(fault) ?? 0;
  }

  /** Nothing happened that a job could fail from. */
  get calm(): boolean {
    return FAULTS.every((fault) => isHarmless(fault) || this.count(fault) === 0);
  }

  add(other: FaultCounts): void {
    for (const fault of FAULTS) {
      if (other.count(fault) > 0) this.fired(fault, other.count(fault), other.countBusy(fault));
    }
  }
}

/** Whether a fault only changes the order and time of things. */
export function isHarmless(fault: Fault): boolean {
  return HARMLESS.has(fault);
}
