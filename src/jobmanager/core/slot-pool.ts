/**
 * Workers and their slots (Flink: SlotManager).
 *
 * Invariant: a slot has at most one holder, and it gets the next one only after the worker said
 * `attempt_released` or its process is gone. A link that closed is not proof of that: while no new
 * incarnation of the worker has registered, its held slots stay held.
 */
import { assert } from "../../protocol/errors.ts";
import { WORKER_HISTORY } from "../../protocol/limits.ts";
import type { SlotRequest } from "./planned-job.ts";

/** The attempt a slot is given to. */
export interface SlotHolder {
  readonly job: string;
  readonly attempt: number;
}

/** What a worker says about itself when it registers. */
export interface WorkerDescription {
  readonly worker: string;
  readonly incarnation: string;
  readonly slots: number;
  readonly address: string;
  readonly runtime: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly memoryMaxPages: number;
}

/** A registered worker. */
export interface WorkerEntry extends WorkerDescription {
  readonly link: string;
  readonly registeredAtMs: number;
  /** Holder of each slot, by index. */
  readonly holders: (SlotHolder | undefined)[];
}

/** A slot request and the slot it got. */
export interface AllocatedSlot {
  readonly request: SlotRequest;
  readonly worker: WorkerEntry;
  readonly slot: number;
}

/** Slots of one cluster. */
export class SlotPool {
  readonly #workers = new Map<string, WorkerEntry>();
  /** Holders of slots on workers whose link is gone, by worker: fenced until a new incarnation. */
  readonly #lost = new Map<string, WorkerEntry>();

  get workers(): IterableIterator<WorkerEntry> {
    return this.#workers.values();
  }

  get workerCount(): number {
    return this.#workers.size;
  }

  worker(name: string): WorkerEntry | undefined {
    return this.#workers.get(name);
  }

  get totalSlots(): number {
    let total = 0;
    for (const worker of this.#workers.values()) total += worker.slots;
    return total;
  }

  get freeSlots(): number {
    let free = 0;
    for (const worker of this.#workers.values()) free += freeSlotsOf(worker);
    return free;
  }

  /**
   * Adds a worker. The same incarnation on a new link brings back what it still holds; the caller
   * has those attempts cancelled again.
   */
  register(description: WorkerDescription, link: string, nowMs: number): WorkerEntry {
    assert(!this.#workers.has(description.worker), `worker ${description.worker} is registered`);
    const before = this.#lost.get(description.worker);
    this.#lost.delete(description.worker);
    const holders = new Array<SlotHolder | undefined>(description.slots).fill(undefined);
    if (before !== undefined && before.incarnation === description.incarnation) {
      for (let slot = 0; slot < description.slots; slot += 1) holders[slot] = before.holders[slot];
    }
    const entry = { ...description, link, registeredAtMs: nowMs, holders };
    this.#workers.set(entry.worker, entry);
    return entry;
  }

  /** Takes a worker out whose link is gone. */
  remove(name: string): void {
    const entry = this.#workers.get(name);
    assert(entry !== undefined, `worker ${name} is not registered`);
    this.#workers.delete(name);
    if (entry.holders.every((holder) => holder === undefined)) return;
    this.#lost.set(name, entry);
    if (this.#lost.size > WORKER_HISTORY) {
      const oldest = this.#lost.keys().next();
      if (!oldest.done) this.#lost.delete(oldest.value);
    }
  }

  /**
   * Gives slots to an attempt: all that are asked for, or none (undefined). Spread over the workers,
   * most free slots first, then by name (Flink: cluster.evenly-spread-out-slots).
   */
  allocate(requests: readonly SlotRequest[], holder: SlotHolder): AllocatedSlot[] | undefined {
    if (requests.length > this.freeSlots) return undefined;
    const allocated: AllocatedSlot[] = [];
    for (const request of requests) {
      const worker = this.#roomiestWorker();
      const slot = worker.holders.indexOf(undefined);
      assert(slot >= 0, `worker ${worker.worker} has no free slot`);
      worker.holders[slot] = holder;
      allocated.push({ request, worker, slot });
    }
    return allocated;
  }

  /** Frees the slots an attempt holds on a worker. */
  release(name: string, holder: SlotHolder): number {
    const entry = this.#workers.get(name);
    if (entry === undefined) return 0;
    let released = 0;
    for (const [slot, held] of entry.holders.entries()) {
      if (held?.job !== holder.job || held.attempt !== holder.attempt) continue;
      entry.holders[slot] = undefined;
      released += 1;
    }
    return released;
  }

  /** Attempts that hold a slot of this worker, in order of their first slot. */
  attemptsOn(name: string): SlotHolder[] {
    const attempts = new Map<string, SlotHolder>();
    for (const holder of this.#workers.get(name)?.holders ?? []) {
      if (holder !== undefined) attempts.set(`${holder.job}/${holder.attempt}`, holder);
    }
    return [...attempts.values()];
  }

  #roomiestWorker(): WorkerEntry {
    let best: WorkerEntry | undefined;
    let bestFree = 0;
    for (const worker of this.#workers.values()) {
      const free = freeSlotsOf(worker);
      const better = free > bestFree || (free === bestFree && worker.worker < (best?.worker ?? ""));
      if (free === 0 || !better) continue;
      best = worker;
      bestFree = free;
    }
    assert(best !== undefined, "no worker has a free slot");
    return best;
  }
}

/** Slots of a worker that nobody holds. */
export function freeSlotsOf(worker: WorkerEntry): number {
  let free = 0;
  for (const holder of worker.holders) if (holder === undefined) free += 1;
  return free;
}
