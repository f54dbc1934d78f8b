/**
 * Asks of every failure where it came from. Recovery hides defects: a job that fails for no reason
 * starts again and ends well. So each failure has to follow a fault that can bring it about, that
 * fired before it and not too long ago, and that hit the worker, link or job concerned; whatever
 * has no such fault is a violation. So is any breach of the channels' protocol: no fault explains
 * one.
 */
import type { ErrorBody } from "../protocol/errors.ts";
import type { VirtualClock } from "./clock.ts";
import { type Fault, FaultCounts, isHarmless } from "./fault-counts.ts";
import { Violation } from "./violation.ts";

/** What faults of links are about where they concern every worker. */
export const JOB_MANAGER = "jobmanager";

/** Faults that take processes or links away, for as long as somebody may notice. */
const OUTAGES: readonly Fault[] = [
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
];

/** What a failure can come from, by its code, and where it is first seen. */
interface Explanation {
  readonly faults: readonly Fault[];
  /** The JobManager finds it by itself; else it repeats what a worker has reported. */
  readonly byJobManager?: boolean;
  /** Longest time from the end of the fault to the failure, ms. */
  readonly withinMs?: number;
}

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  WORKER_LOST: { faults: OUTAGES, byJobManager: true },
  TASKS_LOST: { faults: OUTAGES, byJobManager: true },
  TASK_CANCELED: { faults: OUTAGES, byJobManager: true },
  DEPLOYMENT_TIMEOUT: { faults: OUTAGES, byJobManager: true, withinMs: 120_000 },
  // Waits for as long as the cluster is too small.
  SLOTS_INSUFFICIENT: { faults: OUTAGES, byJobManager: true, withinMs: 240_000 },
  COMMIT_INCOMPLETE: { faults: ["publishing failed", ...OUTAGES], byJobManager: true },
  DATA_LINK_LOST: { faults: OUTAGES },
  DATA_LINK_UNREACHABLE: { faults: OUTAGES },
  HANDSHAKE_TIMEOUT: { faults: OUTAGES },
  FILE_NOT_FOUND: { faults: ["source failed"] },
  FILE_NOT_WRITABLE: { faults: ["sink failed"] },
  MODULE_FETCH_FAILED: { faults: ["module fetch failed"] },
  SLOT_LOST: { faults: ["slot isolate ended"] },
  WATCHDOG_TIMEOUT: { faults: ["operator stuck"] },
  // A stuck isolate never starts; by the clock of a worker that stood still, all of them are late.
  SLOT_START_TIMEOUT: { faults: ["operator stuck", "worker frozen", "worker's clock jumped"] },
  COMMIT_FAILED: { faults: ["publishing failed"] },
};

/** A dead worker's links may stay silent until another life of it answers with a reset. */
const USUALLY_WITHIN_MS = 45_000;

interface Firing {
  readonly fault: Fault;
  /** Processes and jobs that it hit. */
  readonly subjects: readonly string[];
  readonly endsAtMs: number;
}

/** What has fired in a run, and what failed from it. */
export class FailureAudit extends FaultCounts {
  readonly #clock: VirtualClock;
  readonly #firings: Firing[] = [];
  readonly #reported = new Set<string>();
  /** Whether a job is running now: faults then count as hits. */
  busy = false;

  constructor(clock: VirtualClock) {
    super();
    this.#clock = clock;
  }

  /**
   * A fault fires now.
   * @param subjects names of the processes and ids of the jobs that it hits
   * @param lastsMs how long it goes on
   */
  hits(fault: Fault, subjects: readonly string[], lastsMs = 0): void {
    this.fired(fault, 1, this.busy ? 1 : 0);
    if (isHarmless(fault)) return;
    this.#firings.push({ fault, subjects, endsAtMs: this.#clock.nowMs + lastsMs });
  }

  /**
   * A worker saw something of a job fail.
   * @throws Violation no fault explains it
   */
  workerReports(worker: string, job: string, error: ErrorBody): void {
    this.#reported.add(keyOf(job, error));
    const explanation = EXPLANATIONS[error.code];
    this.#explain(explanation, [worker, job], `${worker} saw job ${job} fail`, error);
  }

  /**
   * The JobManager says why a job fails.
   * @throws Violation no worker has said so, or no fault explains it
   */
  jobManagerSays(job: string, error: ErrorBody): void {
    const explanation = EXPLANATIONS[error.code];
    if (explanation?.byJobManager === true) {
      this.#explain(explanation, [job], `job ${job} failed`, error);
    } else if (!this.#reported.has(keyOf(job, error))) {
      throw new Violation(
        `the JobManager says that job ${job} failed from ${error.code} (${error.message}), ` +
          "which no worker has reported",
      );
    }
  }

  /**
   * The JobManager takes a worker for lost.
   * @throws Violation nothing has happened to it
   */
  workerLost(worker: string, reason: string): void {
    const error = { code: "WORKER_LOST", message: reason };
    this.#explain(EXPLANATIONS.WORKER_LOST, [worker], `${worker} counts as lost`, error);
  }

  #explain(
    explanation: Explanation | undefined,
    names: readonly string[],
    what: string,
    error: ErrorBody,
  ): void {
    const { nowMs } = this.#clock;
    const { faults = [], withinMs = USUALLY_WITHIN_MS } = explanation ?? {};
    const concerned = (subject: string) =>
      subject === JOB_MANAGER || names.includes(subject) || error.message.includes(subject);
    const explained = this.#firings.some(
      (firing) =>
        faults.includes(firing.fault) &&
        nowMs <= firing.endsAtMs + withinMs &&
        firing.subjects.some(concerned),
    );
    if (explained) return;
    throw new Violation(`${what}, but no fault explains ${error.code}: ${error.message}`);
  }
}

function keyOf(job: string, { code, message }: ErrorBody): string {
  return `${job} ${code} ${message}`;
}
