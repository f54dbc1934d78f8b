/**
 * A simulated JobManager process: the counterpart of src/jobmanager/dispatcher.ts and
 * worker-links.ts around the same JobManagerCore.
 */

import type {
  ClusterEvent,
  JobManagerAction,
  JobManagerInput,
  RowsItem,
} from "../jobmanager/core/inputs-and-actions.ts";
import type { JobManagerCore } from "../jobmanager/core/job-manager.ts";
import { parseWorkerMessage, writeJobManagerMessage } from "../protocol/control-messages.ts";
import { assert, type ErrorBody, unreachable } from "../protocol/errors.ts";
import { describePlain } from "./descriptions.ts";
import type { Wire } from "./network.ts";
import { DeadlineTimer, type Life, type SimProcess } from "./process.ts";
import type { Packet, World } from "./world.ts";

/** Where workers dial it. */
export const JOB_MANAGER_ADDRESS = "jobmanager";

/** Makes the core; tests put one with a planted defect in its place. */
export type JobManagerCoreMaker = (
  options: ConstructorParameters<typeof JobManagerCore>[0],
) => JobManagerCore;

/** What it tells its clients. */
export interface JobManagerObserver {
  event(event: ClusterEvent): void;
  rows(item: RowsItem): void;
}

/** One life of the JobManager. */
export class SimJobManager {
  readonly core: JobManagerCore;
  readonly process: SimProcess;
  readonly life: Life;
  readonly #world: World;
  readonly #observers = new Map<string, (item: RowsItem) => void>();
  readonly #onEvent: (event: ClusterEvent) => void;
  readonly #wires = new Map<string, Wire<Packet>>();
  readonly #timer: DeadlineTimer;
  #links = 0;
  #refusal: ErrorBody | undefined;

  constructor(options: {
    readonly world: World;
    readonly process: SimProcess;
    readonly makeCore: JobManagerCoreMaker;
    readonly slotWaitTimeoutMs: number;
    onEvent(event: ClusterEvent): void;
  }) {
    const { world, process, makeCore, slotWaitTimeoutMs } = options;
    this.#world = world;
    this.#onEvent = options.onEvent;
    this.process = process;
    this.life = process.begin();
    const seed = world.random.fork(`jobmanager ${world.clock.nowMs}`).bits();
    this.core = makeCore({ seed, slotWaitTimeoutMs });
    this.#timer = new DeadlineTimer(process, this.life, () => this.step({ type: "tick" }));
    world.network.listen(JOB_MANAGER_ADDRESS, process, this.life, (wire) => this.#accept(wire));
  }

  /** A call of a client. @returns why it was refused */
  call(input: JobManagerInput): ErrorBody | undefined {
    this.#refusal = undefined;
    this.step(input);
    return this.#refusal;
  }

  /** Rows for a subscriber go there. */
  subscribe(subscriber: string, take: (item: RowsItem) => void): void {
    this.#observers.set(subscriber, take);
  }

  clockJumped(): void {
    this.#timer.renew();
  }

  step(input: JobManagerInput): void {
    const { journal } = this.#world;
    const given = describePlain(input);
    const { name, nowMs } = this.process;
    const actions = this.#world.step(name, given, () => this.core.step(input, nowMs));
    journal.note(name, () => `${given} -> ${describePlain(actions)}`);
    for (const action of actions) this.#perform(action);
    this.#timer.set(this.core.nextDeadlineMs());
  }

  #accept(wire: Wire<Packet>) {
    const link = `link-${++this.#links}`;
    this.#wires.set(link, wire);
    this.process.after(this.life, 0, () => this.step({ type: "link_opened", link }));
    return {
      opened: () => undefined,
      message: (data: Packet) => {
        assert(typeof data === "string", "control messages are text");
        if (!this.#wires.has(link)) return;
        this.step({ type: "link_message", link, message: parseWorkerMessage(data) });
      },
      closed: (reason: string) => {
        if (!this.#wires.delete(link)) return;
        this.step({ type: "link_closed", link, reason });
      },
    };
  }

  #perform(action: JobManagerAction): void {
    switch (action.type) {
      case "send":
        this.#wires.get(action.link)?.send(writeJobManagerMessage(action.message));
        return;
      case "close_link": {
        const wire = this.#wires.get(action.link);
        this.#wires.delete(action.link);
        wire?.close(action.reason);
        return;
      }
      case "event":
        this.#onEvent(action.event);
        return;
      case "rows":
        this.#observers.get(action.subscriber)?.(action.item);
        return;
      case "refused":
        this.#refusal = action.error;
        return;
      case "log":
        return;
      default:
        unreachable(action);
    }
  }
}
