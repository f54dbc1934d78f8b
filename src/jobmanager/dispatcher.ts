/**
 * Drives the core: feeds it what happens, carries out its actions in their order, wakes it when it
 * asked to be. All of the JobManager's decisions are the core's.
 */
import { randomUUID } from "node:crypto";
import type { JobManagerMessage } from "../protocol/control-messages.ts";
import { type ErrorBody, errorFromBody, unreachable } from "../protocol/errors.ts";
import type {
  ClusterEvent,
  JobManagerAction,
  JobManagerInput,
  RowsItem,
} from "./core/inputs-and-actions.ts";
import { JobManagerCore, type JobManagerCoreOptions } from "./core/job-manager.ts";
import type { PlannedJob } from "./core/planned-job.ts";
import { EventHub } from "./event-hub.ts";
import type { LogTail } from "./log-tail.ts";

/** The side that holds the sockets of the workers. */
export interface WorkerLinkPort {
  send(link: string, message: JobManagerMessage): void;
  close(link: string, reason: string): void;
}

/** Longest wait of a timer: what setTimeout takes. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** The core and its clock. */
export class Dispatcher {
  readonly core: JobManagerCore;
  readonly events = new EventHub<ClusterEvent>();
  readonly #log: LogTail;
  /** Wall clock minus monotonic clock, ms: for showing, never for deciding. */
  readonly #wallOffsetMs = Date.now() - performance.now();
  readonly #rowReaders = new Map<string, (item: RowsItem) => void>();
  #links: WorkerLinkPort | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: JobManagerCoreOptions, log: LogTail) {
    this.core = new JobManagerCore(options);
    this.#log = log;
  }

  /** Where `send` and `close_link` go. */
  connect(links: WorkerLinkPort): void {
    this.#links = links;
  }

  /** Wall-clock time of a moment of the core, ms. */
  wallMs(monotonicMs: number): number {
    return Math.round(monotonicMs + this.#wallOffsetMs);
  }

  /** Monotonic, ms. */
  nowMs(): number {
    return performance.now();
  }

  /** @throws MillraceError if the core refuses the input */
  handle(input: JobManagerInput): void {
    if (this.#closed) return;
    const actions = this.core.step(input, this.nowMs());
    let refusal: ErrorBody | undefined;
    for (const action of actions) {
      if (action.type === "refused") refusal = action.error;
      else this.#carryOut(action);
    }
    this.#wakeInTime();
    if (refusal !== undefined) throw errorFromBody(refusal);
  }

  /** @returns the job's id. @throws MillraceError SLOTS_INSUFFICIENT, TOO_MANY_JOBS */
  submit(planned: PlannedJob): string {
    const job = randomUUID();
    this.handle({ type: "submit", job, planned });
    return job;
  }

  /** @throws MillraceError JOB_NOT_FOUND, JOB_NOT_CANCELLABLE */
  cancel(job: string): void {
    this.handle({ type: "cancel", job });
  }

  /**
   * Rows of the job's collect sinks, as fast as they are taken, up to the end of the job.
   * @throws MillraceError JOB_NOT_FOUND, ROWS_TAKEN
   */
  readRows(job: string): RowReader {
    const subscriber = randomUUID();
    this.handle({ type: "rows_subscribe", job, subscriber });
    let wake: ((item: RowsItem | undefined) => void) | undefined;
    this.#rowReaders.set(subscriber, (item) => wake?.(item));
    return {
      next: () => {
        const { promise, resolve } = Promise.withResolvers<RowsItem | undefined>();
        wake = resolve;
        // A job that fell out of the history has no more to say.
        if (this.#closed || this.core.job(job) === undefined) resolve(undefined);
        else this.handle({ type: "rows_take", job, subscriber });
        return promise;
      },
      close: () => {
        wake?.(undefined);
        this.#rowReaders.delete(subscriber);
        this.handle({ type: "rows_unsubscribe", job, subscriber });
      },
    };
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.events.close();
  }

  #carryOut(action: Exclude<JobManagerAction, { type: "refused" }>): void {
    switch (action.type) {
      case "send":
        this.#links?.send(action.link, action.message);
        return;
      case "close_link":
        this.#links?.close(action.link, action.reason);
        return;
      case "event":
        this.events.publish(action.event);
        return;
      case "rows":
        this.#rowReaders.get(action.subscriber)?.(action.item);
        return;
      case "log": {
        const job = action.job === undefined ? {} : { job: action.job };
        const worker = action.worker === undefined ? {} : { worker: action.worker };
        this.#log.log(action.level, action.message, { ...job, ...worker });
        return;
      }
      default:
        unreachable(action);
    }
  }

  #wakeInTime(): void {
    clearTimeout(this.#timer);
    const deadlineMs = this.core.nextDeadlineMs();
    if (deadlineMs === undefined) return;
    // A timer may fire a fraction of a millisecond early; then the core says so and it is set again.
    const waitMs = Math.min(Math.max(0, Math.ceil(deadlineMs - this.nowMs())), TIMER_MAX_MS);
    this.#timer = setTimeout(() => this.handle({ type: "tick" }), waitMs);
  }
}

/** Pulls rows one item at a time. */
export interface RowReader {
  /** The next item; undefined once closed. To be called again after it has resolved. */
  next(): Promise<RowsItem | undefined>;
  close(): void;
}
