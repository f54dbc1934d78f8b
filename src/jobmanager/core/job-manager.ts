/**
 * The JobManager's decisions: which worker is alive, who gets which slot, what becomes of a job
 * (Flink: Dispatcher and ResourceManager; one JobMaster per job).
 *
 * Pure: `step(input, nowMs)` gives the actions that the shell carries out in their order. The clock
 * is monotonic; ids and the seed of the restart jitter come from outside.
 */
import type { JobManagerMessage, WorkerMessage } from "../../protocol/control-messages.ts";
import { type ErrorBody, unreachable } from "../../protocol/errors.ts";
import {
  HEARTBEAT_INTERVAL_MS,
  HEARTBEAT_TIMEOUT_MS,
  JOB_HISTORY,
  JOBS_MAX_LIVE,
  SLOT_WAIT_TIMEOUT_MS,
} from "../../protocol/limits.ts";
import {
  isTerminal,
  type JobManagerAction,
  type JobManagerInput,
  type LogLevel,
} from "./inputs-and-actions.ts";
import { type JobContext, JobMaster } from "./job-master.ts";
import { type PlannedJob, slotRequestsOf } from "./planned-job.ts";
import type { RelayOutcome } from "./row-relay.ts";
import { SlotPool, type WorkerEntry } from "./slot-pool.ts";
import { WorkerRegistry } from "./worker-registry.ts";

/** Options of the core. */
export interface JobManagerCoreOptions {
  /** Seed of the restart jitter. */
  readonly seed: number;
  readonly heartbeatIntervalMs?: number;
  readonly heartbeatTimeoutMs?: number;
  readonly slotWaitTimeoutMs?: number;
}

type RegisterMessage = Extract<WorkerMessage, { type: "register" }>;
type RowsMessage = Extract<WorkerMessage, { type: "rows" }>;
type MetricsMessage = Extract<WorkerMessage, { type: "metrics" }>;

/** State of one cluster. */
export class JobManagerCore {
  readonly slots = new SlotPool();
  readonly #jobs = new Map<string, JobMaster>();
  readonly #registry: WorkerRegistry;
  readonly #heartbeatIntervalMs: number;
  readonly #context: JobContext;
  #random: number;
  #actions: JobManagerAction[] = [];
  #promisedMs: number | undefined;

  constructor(options: JobManagerCoreOptions) {
    this.#random = options.seed >>> 0;
    this.#heartbeatIntervalMs = options.heartbeatIntervalMs ?? HEARTBEAT_INTERVAL_MS;
    const heartbeat = {
      intervalMs: this.#heartbeatIntervalMs,
      timeoutMs: options.heartbeatTimeoutMs ?? HEARTBEAT_TIMEOUT_MS,
    };
    this.#registry = new WorkerRegistry(this.slots, heartbeat, {
      send: (link, message) => this.#send(link, message),
      close: (link, reason) => this.#actions.push({ type: "close_link", link, reason }),
      registered: (worker, nowMs) => this.#workerRegistered(worker, nowMs),
      lost: (worker, reason, nowMs) => this.#workerLost(worker, reason, nowMs),
      log: (level, message) => this.#log(level, message, {}),
    });
    this.#context = {
      slotWaitTimeoutMs: options.slotWaitTimeoutMs ?? SLOT_WAIT_TIMEOUT_MS,
      send: (worker, message) => this.#sendToWorker(worker, message),
      event: (event) => this.#actions.push({ type: "event", event }),
      log: (level, message, job) => this.#log(level, message, { job }),
      rows: (job, outcome) => this.#relayed(job, outcome),
      random: () => this.#nextRandom(),
      memoryMaxPages: (worker) => this.slots.worker(worker)?.memoryMaxPages ?? 1,
    };
  }

  get jobs(): IterableIterator<JobMaster> {
    return this.#jobs.values();
  }

  job(id: string): JobMaster | undefined {
    return this.#jobs.get(id);
  }

  /** When the worker was last heard, monotonic ms. */
  heardAtMs(worker: string): number | undefined {
    return this.#registry.heardAtMs(worker);
  }

  /** Takes one input; the actions are to be carried out in their order. */
  step(input: JobManagerInput, nowMs: number): JobManagerAction[] {
    this.#actions = [];
    this.#forgiveOwnPause(nowMs);
    this.#take(input, nowMs);
    this.#placeJobs(nowMs);
    this.#promisedMs = this.nextDeadlineMs();
    return this.#actions;
  }

  /** `step({ type: "tick" }, now)` is due then. */
  nextDeadlineMs(): number | undefined {
    let deadlineMs = this.#registry.nextDeadlineMs();
    for (const job of this.#jobs.values()) {
      const dueMs = job.nextDeadlineMs();
      if (dueMs !== undefined) deadlineMs = Math.min(deadlineMs ?? dueMs, dueMs);
    }
    return deadlineMs;
  }

  #take(input: JobManagerInput, nowMs: number): void {
    switch (input.type) {
      case "link_opened":
        this.#registry.linkOpened(input.link, nowMs);
        return;
      case "link_closed":
        this.#registry.linkClosed(input.link, input.reason, nowMs);
        return;
      case "link_message": {
        const { link, message } = input;
        const worker = this.#registry.heard(link, message, nowMs);
        if (worker !== undefined && message.type !== "register") {
          this.#workerMessage(link, worker, message, nowMs);
        }
        return;
      }
      case "submit":
        this.#submit(input.job, input.planned, nowMs);
        return;
      case "cancel":
        this.#cancel(input.job, nowMs);
        return;
      case "rows_subscribe":
        this.#subscribeRows(input.job, input.subscriber);
        return;
      case "rows_take": {
        const job = this.#jobs.get(input.job);
        if (job !== undefined) this.#relayed(job, job.relay.take(input.subscriber));
        return;
      }
      case "rows_unsubscribe":
        this.#jobs.get(input.job)?.relay.unsubscribe(input.subscriber);
        return;
      case "tick":
        this.#tick(nowMs);
        return;
      default:
        unreachable(input);
    }
  }

  #workerMessage(
    link: string,
    worker: string,
    message: Exclude<WorkerMessage, RegisterMessage>,
    nowMs: number,
  ): void {
    switch (message.type) {
      case "heartbeat":
        this.#send(link, { type: "heartbeat_ack", sequence: message.sequence });
        return;
      case "task_state":
        this.#jobs.get(message.job)?.taskState(worker, message, nowMs);
        return;
      case "attempt_released":
        this.slots.release(worker, message);
        this.#jobs.get(message.job)?.attemptReleased(worker, message.attempt, nowMs);
        return;
      case "metrics":
        this.#metrics(worker, message);
        return;
      case "rows":
        this.#rows(link, worker, message, nowMs);
        return;
      case "committed":
        this.#jobs.get(message.job)?.committed(worker, message.attempt, message.error, nowMs);
        return;
      case "log":
        this.#log(message.level, message.message, { job: message.job, worker });
        return;
      default:
        unreachable(message);
    }
  }

  #submit(id: string, planned: PlannedJob, nowMs: number): void {
    const live = [...this.#jobs.values()].filter((job) => !isTerminal(job.status)).length;
    if (live >= JOBS_MAX_LIVE) {
      this.#refuse({
        code: "TOO_MANY_JOBS",
        message: `Cannot submit job: ${live} jobs have not ended`,
        expected: `fewer than ${JOBS_MAX_LIVE}`,
      });
      return;
    }
    const needed = slotRequestsOf(planned).length;
    const total = this.slots.totalSlots;
    if (needed > total) {
      this.#refuse({
        code: "SLOTS_INSUFFICIENT",
        message: `Cannot submit job: it needs ${needed} slots, the cluster has ${total}`,
        field: "parallelism",
        value: String(needed),
        expected:
          total === 0
            ? "a worker: `millrace taskmanager` starts one"
            : `at most ${total} slots, or more workers`,
      });
      return;
    }
    this.#jobs.set(id, new JobMaster(id, planned, this.#context, nowMs));
    this.#dropOldJobs();
  }

  #dropOldJobs(): void {
    const ended = [...this.#jobs.values()].filter((job) => isTerminal(job.status));
    for (const job of ended.slice(0, Math.max(0, ended.length - JOB_HISTORY))) {
      this.#jobs.delete(job.id);
    }
  }

  #cancel(id: string, nowMs: number): void {
    const job = this.#jobs.get(id);
    if (job === undefined) {
      this.#refuse(jobNotFound(id));
      return;
    }
    if (isTerminal(job.status) || job.committing) {
      const state = job.committing ? "its sinks are publishing" : `it is ${job.status}`;
      this.#refuse({
        code: "JOB_NOT_CANCELLABLE",
        message: `Cannot cancel job ${id}: ${state}`,
        field: "job",
        value: id,
        expected: "a job that has not ended",
      });
      return;
    }
    job.cancel(nowMs);
  }

  #subscribeRows(id: string, subscriber: string): void {
    const job = this.#jobs.get(id);
    if (job === undefined) {
      this.#refuse(jobNotFound(id));
    } else if (job.relay.subscriber !== undefined) {
      this.#refuse({
        code: "ROWS_TAKEN",
        message: `Cannot read rows of job ${id}: another client reads them`,
        expected: "one reader at a time",
      });
    } else {
      job.relay.subscribe(subscriber);
    }
  }

  #metrics(worker: string, message: MetricsMessage): void {
    const job = this.#jobs.get(message.job);
    if (job?.attempt === message.attempt) job.metrics(worker, message.tasks);
  }

  #rows(link: string, worker: string, message: RowsMessage, nowMs: number): void {
    const job = this.#jobs.get(message.job);
    if (job === undefined || job.attempt !== message.attempt) return;
    const { vertex, subtask, sink, attempt, lines } = message;
    const outcome = job.relay.push({ type: "rows", vertex, subtask, sink, attempt, lines });
    if (outcome !== undefined) this.#relayed(job, outcome);
    else this.#registry.close(link, `worker ${worker} sent rows without a credit`, nowMs);
  }

  #relayed(job: JobMaster, outcome: RelayOutcome): void {
    if (outcome.deliver !== undefined) this.#actions.push({ type: "rows", ...outcome.deliver });
    if (outcome.credit === undefined || outcome.credit.attempt !== job.attempt) return;
    const { vertex, subtask } = outcome.credit;
    for (const task of job.tasks) {
      if (task.vertex !== vertex || task.subtask !== subtask || task.state !== "RUNNING") continue;
      this.#sendToWorker(task.worker, {
        type: "rows_credit",
        job: job.id,
        ...outcome.credit,
        messages: 1,
      });
    }
  }

  #tick(nowMs: number): void {
    this.#registry.tick(nowMs);
    for (const job of this.#jobs.values()) {
      for (const worker of job.tick(nowMs)) {
        const link = this.#registry.linkOf(worker);
        const reason = "it does not free a stopped job's slots";
        if (link !== undefined) this.#registry.close(link, reason, nowMs);
      }
    }
  }

  #placeJobs(nowMs: number): void {
    for (const job of this.#jobs.values()) {
      if (!job.wantsSlots) continue;
      const holder = { job: job.id, attempt: job.attempt + 1 };
      const allocated = this.slots.allocate(job.slotRequests, holder);
      if (allocated !== undefined) job.deploy(allocated, nowMs);
    }
  }

  /**
   * A process that was stopped itself (SIGSTOP, a suspended machine) finds everybody silent at once,
   * although what they said waits in its sockets. It did not look when it had promised to.
   */
  #forgiveOwnPause(nowMs: number): void {
    const pausedMs = nowMs - (this.#promisedMs ?? nowMs);
    if (pausedMs <= this.#heartbeatIntervalMs) return;
    this.#registry.forgive(pausedMs, nowMs);
    for (const job of this.#jobs.values()) job.forgive(pausedMs);
    this.#log("warn", `this JobManager stood still for ${Math.round(pausedMs)} ms`, {});
  }

  #workerRegistered({ worker, slots }: WorkerEntry, nowMs: number): void {
    const event = { type: "worker" as const, atMs: nowMs, worker, slots };
    this.#actions.push({ type: "event", event: { ...event, state: "registered" } });
    this.#log("info", `worker ${worker} registered with ${slots} slots`, { worker });
  }

  #workerLost({ worker, slots }: WorkerEntry, reason: string, nowMs: number): void {
    const event = { type: "worker" as const, atMs: nowMs, worker, slots, reason };
    this.#actions.push({ type: "event", event: { ...event, state: "lost" } });
    const message = `Lost worker ${worker}: ${reason}`;
    this.#log("warn", message, { worker });
    for (const job of this.#jobs.values()) {
      job.workerLost(worker, { code: "WORKER_LOST", message }, nowMs);
    }
  }

  #refuse(error: ErrorBody): void {
    this.#actions.push({ type: "refused", error });
  }

  #sendToWorker(worker: string, message: JobManagerMessage): void {
    const link = this.#registry.linkOf(worker);
    if (link !== undefined) this.#send(link, message);
  }

  #send(link: string, message: JobManagerMessage): void {
    this.#actions.push({ type: "send", link, message });
  }

  #log(
    level: LogLevel,
    message: string,
    about: { job?: string | undefined; worker?: string | undefined },
  ): void {
    this.#actions.push({ type: "log", level, message, job: about.job, worker: about.worker });
  }

  /** mulberry32: enough to spread restarts, and the same on every run of a seed. */
  #nextRandom(): number {
    this.#random = (this.#random + 0x6d2b79f5) >>> 0;
    let mixed = this.#random;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }
}

/** The answer to a job id nobody knows. */
export function jobNotFound(id: string): ErrorBody {
  return {
    code: "JOB_NOT_FOUND",
    message: `Cannot find job ${id}`,
    field: "job",
    value: id,
    expected: "an id of GET /v1/jobs",
  };
}
