/** Which faults a run has: how likely each of the small ones is, drawn once from the seed. */
import type { ConnectorFaults } from "./connectors.ts";
import type { FailureAudit } from "./failure-audit.ts";
import type { Fault } from "./fault-counts.ts";
import type { Random } from "./random.ts";

/** Times that a fault fires in a run: a job that starts again without end has to end some day. */
const TIMES_MAX = 5;

/** Chances of what can go wrong inside a worker, each time it is tried. */
export class SmallFaults implements ConnectorFaults {
  readonly #random: Random;
  readonly #audit: FailureAudit;
  readonly #sourceChance: number;
  readonly #sinkChance: number;
  readonly #fetchChance: number;
  readonly #publishChance: number;
  #enabled = true;

  constructor(random: Random, audit: FailureAudit, calm: boolean) {
    this.#random = random;
    this.#audit = audit;
    const draw = (share: number, chance: number) => (!calm && random.chance(share) ? chance : 0);
    this.#sourceChance = draw(0.15, 0.03);
    this.#sinkChance = draw(0.15, 0.05);
    this.#fetchChance = draw(0.1, 0.3);
    this.#publishChance = draw(0.06, 0.5);
  }

  /** From now on nothing fails. */
  stop(): void {
    this.#enabled = false;
  }

  sourceFails(job: string): boolean {
    return this.#fires("source failed", this.#sourceChance, job);
  }

  sinkFails(job: string): boolean {
    return this.#fires("sink failed", this.#sinkChance, job);
  }

  fetchFails(job: string): boolean {
    return this.#fires("module fetch failed", this.#fetchChance, job);
  }

  publishFails(job: string): boolean {
    return this.#fires("publishing failed", this.#publishChance, job);
  }

  #fires(fault: Fault, chance: number, job: string): boolean {
    if (!this.#enabled || this.#audit.count(fault) >= TIMES_MAX) return false;
    if (chance === 0 || !this.#random.chance(chance)) return false;
    this.#audit.hits(fault, [job]);
    return true;
  }
}
