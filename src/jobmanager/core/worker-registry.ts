/**
 * Links and the workers that registered on them: who is alive, who replaces whom
 * (Flink: ResourceManager's registration and heartbeats).
 *
 * A worker is lost when its link closes (a killed process: at once) or when it is silent for the
 * heartbeat time-out (a frozen or cut-off one). Of two processes of one name the newer wins.
 */
import type { JobManagerMessage, WorkerMessage } from "../../protocol/control-messages.ts";
import type { ErrorBody } from "../../protocol/errors.ts";
import { HANDSHAKE_TIMEOUT_MS, WORKER_HISTORY, WORKERS_MAX } from "../../protocol/limits.ts";
import { PROTOCOL_VERSION } from "../../protocol/versions.ts";
import { HeartbeatMonitor } from "./heartbeat.ts";
import type { LogLevel } from "./inputs-and-actions.ts";
import type { SlotPool, WorkerEntry } from "./slot-pool.ts";

/** What the registry asks of the core. */
export interface RegistryContext {
  send(link: string, message: JobManagerMessage): void;
  close(link: string, reason: string): void;
  registered(worker: WorkerEntry, nowMs: number): void;
  /** Its slots are out of the pool already. */
  lost(worker: WorkerEntry, reason: string, nowMs: number): void;
  log(level: LogLevel, message: string): void;
}

interface LinkState {
  readonly openedAtMs: number;
  /** Name of the worker that registered on it. */
  worker: string | undefined;
}

type RegisterMessage = Extract<WorkerMessage, { type: "register" }>;

/** Links of one cluster. */
export class WorkerRegistry {
  readonly #slots: SlotPool;
  readonly #context: RegistryContext;
  readonly #links = new Map<string, LinkState>();
  readonly #heartbeats: HeartbeatMonitor;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  /** Incarnations that a newer one has replaced; a late message of one must not replace it back. */
  readonly #replaced = new Set<string>();

  constructor(
    slots: SlotPool,
    heartbeat: { readonly intervalMs: number; readonly timeoutMs: number },
    context: RegistryContext,
  ) {
    this.#slots = slots;
    this.#context = context;
    this.#intervalMs = heartbeat.intervalMs;
    this.#timeoutMs = heartbeat.timeoutMs;
    this.#heartbeats = new HeartbeatMonitor(this.#timeoutMs, this.#intervalMs);
  }

  /** Link of a registered worker. */
  linkOf(worker: string): string | undefined {
    return this.#slots.worker(worker)?.link;
  }

  /** When the worker was last heard, monotonic ms. */
  heardAtMs(worker: string): number | undefined {
    const link = this.linkOf(worker);
    return link === undefined ? undefined : this.#heartbeats.heardAtMs(link);
  }

  linkOpened(link: string, nowMs: number): void {
    this.#links.set(link, { openedAtMs: nowMs, worker: undefined });
  }

  linkClosed(link: string, reason: string, nowMs: number): void {
    const state = this.#links.get(link);
    this.#links.delete(link);
    this.#heartbeats.forget(link);
    const entry = state?.worker === undefined ? undefined : this.#slots.worker(state.worker);
    if (entry === undefined || entry.link !== link) return;
    this.#slots.remove(entry.worker);
    this.#context.lost(entry, reason, nowMs);
  }

  /** Ends a link from this side. */
  close(link: string, reason: string, nowMs: number): void {
    this.#context.close(link, reason);
    this.linkClosed(link, reason, nowMs);
  }

  /**
   * A message arrived.
   * @returns the worker it is from, unless it was a registration or is refused
   */
  heard(link: string, message: WorkerMessage, nowMs: number): string | undefined {
    const state = this.#links.get(link);
    if (state === undefined) return undefined;
    this.#heartbeats.heard(link, nowMs);
    if (message.type === "register") {
      if (state.worker === undefined) this.#register(link, state, message, nowMs);
      else this.close(link, "it registered twice", nowMs);
      return undefined;
    }
    if (state.worker === undefined) {
      this.#reject(link, {
        code: "NOT_REGISTERED",
        message: `Cannot take message: the link's first message is "${message.type}"`,
        expected: "register",
      });
    }
    return state.worker;
  }

  tick(nowMs: number): void {
    for (const link of this.#heartbeats.expire(nowMs)) {
      this.close(link, `no sign of life for ${this.#timeoutMs} ms`, nowMs);
    }
    for (const [link, state] of this.#links) {
      if (state.worker !== undefined || nowMs < state.openedAtMs + HANDSHAKE_TIMEOUT_MS) continue;
      this.close(link, `it did not register within ${HANDSHAKE_TIMEOUT_MS} ms`, nowMs);
    }
  }

  nextDeadlineMs(): number | undefined {
    let deadlineMs = this.#heartbeats.nextDeadlineMs();
    for (const link of this.#links.values()) {
      if (link.worker !== undefined) continue;
      const dueMs = link.openedAtMs + HANDSHAKE_TIMEOUT_MS;
      deadlineMs = Math.min(deadlineMs ?? dueMs, dueMs);
    }
    return deadlineMs;
  }

  /** The JobManager itself stood still: nobody else was silent by that. */
  forgive(pausedMs: number, nowMs: number): void {
    this.#heartbeats.forgive(pausedMs, nowMs);
  }

  #register(link: string, state: LinkState, message: RegisterMessage, nowMs: number): void {
    const refusal = this.#refusalOf(message);
    if (refusal !== undefined) {
      this.#reject(link, refusal);
      return;
    }
    const before = this.#slots.worker(message.worker);
    if (before !== undefined) {
      if (this.#isOvertaken(state, before)) {
        // Late on a slow link, most often from a dead process: it must not cost the living one.
        const same = before.incarnation === message.incarnation;
        if (same) this.close(link, "a newer link of its worker overtook it", nowMs);
        else this.#reject(link, replacedError(message.worker));
        return;
      }
      this.#replace(before, message, nowMs);
    }
    state.worker = message.worker;
    const { type: _type, protocolVersion: _version, ...description } = message;
    const entry = this.#slots.register(description, link, nowMs);
    this.#heartbeats.watch(link, nowMs);
    this.#context.send(link, {
      type: "registered",
      protocolVersion: PROTOCOL_VERSION,
      heartbeatIntervalMs: this.#intervalMs,
      heartbeatTimeoutMs: this.#timeoutMs,
    });
    // What the same process still holds from before its link dropped has been given up meanwhile.
    for (const { job, attempt } of this.#slots.attemptsOn(entry.worker)) {
      this.#context.send(link, { type: "cancel", job, attempt });
    }
    this.#context.registered(entry, nowMs);
  }

  #refusalOf(message: RegisterMessage): ErrorBody | undefined {
    if (message.protocolVersion !== PROTOCOL_VERSION) {
      return {
        code: "PROTOCOL_VERSION_MISMATCH",
        message: `Cannot register worker: it speaks protocol ${message.protocolVersion}`,
        field: "protocolVersion",
        value: String(message.protocolVersion),
        expected: String(PROTOCOL_VERSION),
      };
    }
    if (this.#replaced.has(incarnationKey(message))) return replacedError(message.worker);
    const known = this.#slots.worker(message.worker) !== undefined;
    if (known || this.#slots.workerCount < WORKERS_MAX) return undefined;
    return {
      code: "TOO_MANY_WORKERS",
      message: `Cannot register worker: the cluster has ${WORKERS_MAX} workers`,
      expected: `at most ${WORKERS_MAX} workers`,
    };
  }

  /** Whether a link is older than the one over which its worker has registered meanwhile. */
  #isOvertaken(state: LinkState, registered: WorkerEntry): boolean {
    const openedAtMs = this.#links.get(registered.link)?.openedAtMs;
    return openedAtMs !== undefined && state.openedAtMs < openedAtMs;
  }

  /**
   * A newer process of that name always wins: the old one is most often dead or cut off, and this
   * side cannot tell. The same process on a new link is no replacement, its old link is just dead.
   */
  #replace(before: WorkerEntry, message: RegisterMessage, nowMs: number): void {
    if (before.incarnation === message.incarnation) {
      this.close(before.link, "the worker dialled again", nowMs);
      return;
    }
    this.#replaced.add(incarnationKey(before));
    if (this.#replaced.size > WORKER_HISTORY) {
      const oldest = this.#replaced.values().next();
      if (!oldest.done) this.#replaced.delete(oldest.value);
    }
    this.#context.send(before.link, { type: "rejected", error: replacedError(before.worker) });
    this.close(before.link, "a newer process of that name registered", nowMs);
  }

  #reject(link: string, error: ErrorBody): void {
    this.#context.send(link, { type: "rejected", error });
    this.#context.close(link, error.message);
    this.#links.delete(link);
    this.#context.log("warn", `link ${link} refused: ${error.code}: ${error.message}`);
  }
}

function incarnationKey(worker: { readonly worker: string; readonly incarnation: string }): string {
  return `${worker.incarnation}/${worker.worker}`;
}

function replacedError(worker: string): ErrorBody {
  return {
    code: "WORKER_REPLACED",
    message: `Cannot keep worker ${worker}: a newer process of that name took its place`,
    field: "worker",
    value: worker,
    expected: "a name of its own for each worker",
  };
}
