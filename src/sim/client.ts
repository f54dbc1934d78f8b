/** A client of the simulated cluster: submits one job, reads its rows, cancels it, tries again. */
import type { ClusterEvent, JobStatus, RowsItem } from "../jobmanager/core/inputs-and-actions.ts";
import { isTerminal } from "../jobmanager/core/inputs-and-actions.ts";
import type { PlannedJob } from "../jobmanager/core/planned-job.ts";
import type { ErrorBody } from "../protocol/errors.ts";
import type { SimJobManager } from "./job-manager.ts";
import type { Random } from "./random.ts";
import { Violation } from "./violation.ts";
import type { SimJob } from "./workload.ts";
import type { World } from "./world.ts";

/** Pause before a client tries again what did not work. */
const RETRY_MS = 300;

/** A status a job went through. */
export interface StatusChange {
  readonly atMs: number;
  readonly status: JobStatus;
  readonly attempt: number;
  readonly error: ErrorBody | undefined;
}

/** One submission of a job; a JobManager that crashes takes it with it. */
export interface Submission {
  readonly id: string;
  readonly changes: StatusChange[];
  /** The JobManager crashed before the job had ended. */
  lost: boolean;
  cancelRequested: boolean;
  /** Lines of the collect sink, of the current attempt. */
  lines: string[];
  /** The last item of the rows came. */
  rowsEnded: boolean;
}

/** Status a submission has now. */
export function statusOf(submission: Submission): JobStatus | undefined {
  return submission.changes.at(-1)?.status;
}

/** One job's client. */
export class SimClient {
  readonly job: SimJob;
  readonly planned: PlannedJob;
  readonly submissions: Submission[] = [];
  readonly #world: World;
  readonly #random: Random;
  #jobManager: SimJobManager | undefined;
  #cancelled = false;

  constructor(world: World, job: SimJob, planned: PlannedJob) {
    this.#world = world;
    this.job = job;
    this.planned = planned;
    this.#random = world.random.fork(`client ${job.spec.name}`);
  }

  /** The job has ended, one way or another, and all its rows have come. */
  get done(): boolean {
    const last = this.submissions.at(-1);
    if (last === undefined || last.lost) return false;
    const status = statusOf(last);
    return status !== undefined && isTerminal(status) && (!this.#collects || last.rowsEnded);
  }

  /** Status of what was submitted last. */
  get status(): JobStatus | undefined {
    const last = this.submissions.at(-1);
    return last && statusOf(last);
  }

  /** Its job runs. */
  get running(): boolean {
    return this.status === "RUNNING" && this.submissions.at(-1)?.lost === false;
  }

  get #collects(): boolean {
    return this.job.folder === undefined;
  }

  /** A JobManager answers now. */
  jobManagerBegan(jobManager: SimJobManager): void {
    this.#jobManager = jobManager;
    const waitMs = Math.max(0, this.job.submitAtMs - this.#world.clock.nowMs);
    if (!this.done) this.#call(jobManager, waitMs, () => this.#submit(jobManager));
  }

  jobManagerLost(): void {
    this.#jobManager = undefined;
    const last = this.submissions.at(-1);
    if (last !== undefined && !this.done) last.lost = true;
  }

  event(event: ClusterEvent): void {
    if (event.type !== "job_status") return;
    const submission = this.submissions.find(({ id }) => id === event.job);
    if (submission === undefined) return;
    const { status, attempt, error } = event;
    const before = statusOf(submission);
    if (before !== undefined && isTerminal(before)) {
      throw new Violation(`job ${event.job} is ${before} and became ${status}`);
    }
    submission.changes.push({ atMs: event.atMs, status, attempt, error });
    if (error !== undefined) this.#world.faults.jobManagerSays(event.job, error);
  }

  #call(jobManager: SimJobManager, afterMs: number, call: () => void): void {
    jobManager.process.after(jobManager.life, afterMs + this.#random.fraction() * 5, () => {
      if (this.#jobManager === jobManager) call();
    });
  }

  #submit(jobManager: SimJobManager): void {
    const submission: Submission = {
      id: this.#random.uuid(),
      changes: [],
      lost: false,
      cancelRequested: false,
      lines: [],
      rowsEnded: false,
    };
    this.submissions.push(submission);
    const refusal = jobManager.call({ type: "submit", job: submission.id, planned: this.planned });
    if (refusal !== undefined) {
      this.submissions.pop();
      if (refusal.code !== "SLOTS_INSUFFICIENT") {
        throw new Violation(`a job was refused: ${refusal.code}: ${refusal.message}`);
      }
      this.#call(jobManager, RETRY_MS, () => this.#submit(jobManager));
      return;
    }
    if (this.#collects) {
      const waitMs = this.#random.fraction() * this.#random.pick([1, 500]);
      this.#call(jobManager, waitMs, () => this.#readRows(jobManager, submission));
    }
    const { cancelAfterMs } = this.job;
    if (cancelAfterMs === undefined || this.#cancelled) return;
    this.#call(jobManager, cancelAfterMs, () => this.#cancel(jobManager, submission));
  }

  #cancel(jobManager: SimJobManager, submission: Submission): void {
    this.#cancelled = true;
    submission.cancelRequested = true;
    const { faults } = this.#world;
    const busy = this.running ? 1 : 0;
    const refusal = jobManager.call({ type: "cancel", job: submission.id });
    if (refusal === undefined) faults.fired("job cancelled", 1, busy);
    else submission.cancelRequested = false;
  }

  #readRows(jobManager: SimJobManager, submission: Submission): void {
    const job = submission.id;
    const subscriber = this.#random.uuid();
    const take = () => void jobManager.call({ type: "rows_take", job, subscriber });
    const slowMs = this.#random.pick([1, 1, 40]);
    jobManager.subscribe(subscriber, (item) => {
      this.#row(submission, item);
      if (item.type === "end") return;
      this.#call(jobManager, this.#random.fraction() * slowMs, take);
    });
    const refusal = jobManager.call({ type: "rows_subscribe", job, subscriber });
    if (refusal !== undefined) throw new Violation(`rows were refused: ${refusal.code}`);
    take();
  }

  #row(submission: Submission, item: RowsItem): void {
    if (submission.rowsEnded) throw new Violation("rows came behind the end of the rows");
    if (item.type === "rows") {
      submission.lines.push(...item.lines.split("\n").filter((line) => line !== ""));
    } else if (item.type === "restart") {
      submission.lines = [];
    } else {
      submission.rowsEnded = true;
    }
  }
}
