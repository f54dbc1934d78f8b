/** What all parts of a simulated cluster share. */
import { VirtualClock } from "./clock.ts";
import { SimDisk } from "./disk.ts";
import { FailureAudit } from "./failure-audit.ts";
import { Journal } from "./journal.ts";
import type { ModuleStock } from "./module-stock.ts";
import { Network } from "./network.ts";
import { Random } from "./random.ts";
import { Violation } from "./violation.ts";

/** Text of a control message or hello, or the bytes of a data frame. */
export type Packet = string | Uint8Array<ArrayBuffer>;

export interface WorldOptions {
  readonly seed: number;
  readonly modules: ModuleStock;
  readonly log?: ((line: string) => void) | undefined;
}

/** One simulated world. */
export class World {
  readonly seed: number;
  readonly random: Random;
  readonly clock = new VirtualClock();
  readonly disk = new SimDisk();
  readonly faults = new FailureAudit(this.clock);
  readonly journal: Journal;
  readonly network: Network<Packet>;
  readonly modules: ModuleStock;
  /** Input files of the workload's sources. */
  readonly inputs = new Map<string, Uint8Array>();

  constructor(options: WorldOptions) {
    this.seed = options.seed;
    this.random = new Random(options.seed);
    this.modules = options.modules;
    this.journal = new Journal(() => this.clock.nowMs, options.log);
    this.network = new Network<Packet>(this.clock, this.random.fork("network"), this.faults);
  }

  /** A step of a core: what it throws is a violation. */
  step<T>(who: string, what: string, step: () => T[]): T[] {
    try {
      return step();
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.journal.note(who, () => what);
      throw new Violation(`a step of ${who} threw: ${text}`);
    }
  }
}
