/**
 * Life cycle of one job (Flink: JobMaster, DefaultScheduler, ExecutionGraph's JobStatus).
 *
 * ```
 * CREATED --slots--> RUNNING --all tasks finished, output committed--> FINISHED
 * RUNNING --failure--> RESTARTING --tasks gone, delay over, slots--> RUNNING (next attempt)
 * RUNNING --failure, no restart--> FAILING --tasks gone--> FAILED
 * any of them --cancel--> CANCELLING --tasks gone--> CANCELED
 * ```
 * Invariant: at most one attempt has tasks. The next one is deployed only after every worker of the
 * last has released it or is lost; what an older attempt still says is ignored.
 */
import type {
  JobManagerMessage,
  TaskMetrics,
  WorkerMessage,
} from "../../protocol/control-messages.ts";
import type { Deployment } from "../../protocol/deployment.ts";
import type { ErrorBody } from "../../protocol/errors.ts";
import {
  BATCH_ROWS,
  COMMIT_TIMEOUT_MS,
  DEPLOYMENT_TIMEOUT_MS,
  RELEASE_TIMEOUT_MS,
} from "../../protocol/limits.ts";
import { Attempt, isTaskTerminal, type TaskRecord, type WorkerPart } from "./attempt.ts";
import { deploymentTooLarge as tooLarge } from "./deployment-size.ts";
import { ExceptionHistory, type FailureCause } from "./exception-history.ts";
import {
  type ClusterEvent,
  isTerminal,
  type JobStatus,
  type LogLevel,
} from "./inputs-and-actions.ts";
import { type PlannedJob, type SlotRequest, slotRequestsOf } from "./planned-job.ts";
import { type RestartStrategy, restartStrategyOf } from "./restart-strategy.ts";
import { type RelayOutcome, RowRelay } from "./row-relay.ts";
import type { AllocatedSlot } from "./slot-pool.ts";
import type { Allowance } from "./watermark-alignment.ts";

/** What a job needs of the cluster around it. */
export interface JobContext {
  readonly slotWaitTimeoutMs: number;
  /** To the worker of that name, if it has a link. */
  send(worker: string, message: JobManagerMessage): void;
  event(event: ClusterEvent): void;
  log(level: LogLevel, message: string, job: string): void;
  rows(job: JobMaster, outcome: RelayOutcome): void;
  /** In [0, 1). */
  random(): number;
  memoryMaxPages(worker: string): number;
}

type TaskStateMessage = Extract<WorkerMessage, { type: "task_state" }>;

/** One job. */
export class JobMaster {
  readonly id: string;
  readonly planned: PlannedJob;
  readonly slotRequests: readonly SlotRequest[];
  readonly exceptions = new ExceptionHistory();
  readonly relay = new RowRelay();
  /** When each status was last entered, monotonic ms. */
  readonly statusAtMs = new Map<JobStatus, number>();
  readonly #context: JobContext;
  readonly #strategy: RestartStrategy;
  #status: JobStatus = "CREATED";
  #attempt: Attempt | undefined;
  /** Why the job fails or failed. */
  #failure: ErrorBody | undefined;
  #committing = false;
  #restartAtMs = 0;
  #slotDeadlineMs: number | undefined;
  #releaseDeadlineMs: number | undefined;
  /** Of the deployment, then of the commit. */
  #progressDeadlineMs: number | undefined;

  constructor(id: string, planned: PlannedJob, context: JobContext, nowMs: number) {
    this.id = id;
    this.planned = planned;
    this.slotRequests = slotRequestsOf(planned);
    this.#context = context;
    this.#strategy = restartStrategyOf(planned.restartStrategy);
    this.#slotDeadlineMs = nowMs + context.slotWaitTimeoutMs;
    this.#enter("CREATED", nowMs);
  }

  get status(): JobStatus {
    return this.#status;
  }

  get failure(): ErrorBody | undefined {
    return this.#failure;
  }

  get attempt(): number {
    return this.#attempt?.number ?? 0;
  }

  get tasks(): Iterable<TaskRecord> {
    return this.#attempt?.tasks.values() ?? [];
  }

  /** Sinks are publishing: the job can no longer be cancelled. */
  get committing(): boolean {
    return this.#committing;
  }

  /** Ready to be placed: new, or its restart is due and its old tasks are gone. */
  get wantsSlots(): boolean {
    return this.#slotDeadlineMs !== undefined;
  }

  /** Runs the next attempt on these slots. */
  deploy(slots: readonly AllocatedSlot[], nowMs: number): void {
    const attempt = new Attempt(this.attempt + 1, this.planned, slots, nowMs);
    this.#attempt = attempt;
    this.#slotDeadlineMs = undefined;
    this.#progressDeadlineMs = nowMs + DEPLOYMENT_TIMEOUT_MS;
    this.#failure = undefined;
    this.#enter("RUNNING", nowMs);
    if (attempt.number > 1) this.#context.rows(this, this.relay.restart(attempt.number));
    const deployments = [...attempt.parts.keys()].map((worker) => {
      return { worker, deployment: this.#deploymentOf(attempt, worker) };
    });
    const refused = deployments.map(({ deployment }) => tooLarge(deployment)).find(Boolean);
    if (refused !== undefined) {
      this.#failForGood({ error: refused }, nowMs);
      return;
    }
    for (const { worker, deployment } of deployments) {
      this.#context.send(worker, { type: "deploy", deployment });
    }
  }

  #deploymentOf(attempt: Attempt, worker: string): Deployment {
    return {
      job: this.id,
      jobName: this.planned.name,
      attempt: attempt.number,
      bufferTimeoutMs: this.planned.bufferTimeoutMs,
      batchRows: BATCH_ROWS,
      memoryMaxPages: this.#context.memoryMaxPages(worker),
      tasks: attempt.takeDescriptors(worker),
    };
  }

  /** Numbers of a worker's tasks; sources whose watermarks are aligned tell theirs by them. */
  metrics(worker: string, metrics: readonly TaskMetrics[]): void {
    const running = metrics.filter(({ vertex, subtask }) => {
      const task = this.#attempt?.task(vertex, subtask);
      return task?.worker === worker && !isTaskTerminal(task.state);
    });
    for (const one of metrics) {
      const task = this.#attempt?.task(one.vertex, one.subtask);
      if (task?.worker === worker) task.metrics = one;
    }
    this.#tellAllowances(this.#attempt?.alignment.report(running) ?? []);
  }

  #tellAllowances(allowances: readonly Allowance[]): void {
    for (const { vertex, subtask, maxWatermark } of allowances) {
      const worker = this.#attempt?.task(vertex, subtask)?.worker;
      if (worker === undefined) continue;
      const { id: job, attempt } = this;
      const message = { job, attempt, vertex, subtask, maxWatermark: String(maxWatermark) };
      this.#context.send(worker, { type: "align_watermarks", ...message });
    }
  }

  taskState(worker: string, message: TaskStateMessage, nowMs: number): void {
    const task = this.#attempt?.task(message.vertex, message.subtask);
    if (message.attempt !== this.attempt || task?.worker !== worker) return;
    if (isTaskTerminal(task.state)) return;
    const stopping = task.state === "CANCELING" && !isTaskTerminal(message.state);
    if (!stopping) this.#setTaskState(task, message.state, nowMs, message.error);
    if (isTaskTerminal(task.state)) {
      this.#tellAllowances(this.#attempt?.alignment.ended(task.vertex, task.subtask) ?? []);
    }
    if (!this.#committing && this.#attempt?.allStarted) this.#progressDeadlineMs = undefined;
    switch (message.state) {
      case "DEPLOYING":
        return;
      case "RUNNING":
        this.#taskRuns(task);
        return;
      case "FINISHED":
        if (this.#status === "RUNNING" && this.#attempt?.allFinished) this.#commit(nowMs);
        return;
      case "CANCELED":
        if (this.#status === "RUNNING") {
          const text = `task ${taskName(task)} was cancelled by its worker`;
          this.#fail(causeOf(task, { code: "TASK_CANCELED", message: text }), nowMs);
        }
        return;
      case "FAILED": {
        const text = `task ${taskName(task)} failed without a reason`;
        const error = message.error ?? { code: "TASK_FAILED", message: text };
        this.#fail(causeOf(task, error), nowMs);
        return;
      }
    }
  }

  /** The worker's tasks of that attempt have stopped. */
  attemptReleased(worker: string, attempt: number, nowMs: number): void {
    const part = this.#attempt?.parts.get(worker);
    if (attempt !== this.attempt || part === undefined || part.released) return;
    part.released = true;
    if (this.#status === "RUNNING" && !this.#attempt?.finishedOn(worker)) {
      const message = `worker ${worker} gave up attempt ${attempt} before its tasks had ended`;
      this.#fail({ worker, error: { code: "TASKS_LOST", message } }, nowMs);
    }
    this.#afterRelease(nowMs);
  }

  /** The worker's process or link is gone, and with it its tasks and their hidden output. */
  workerLost(worker: string, error: ErrorBody, nowMs: number): void {
    const part = this.#attempt?.parts.get(worker);
    if (part === undefined || part.gone) return;
    const finished = this.#attempt?.finishedOn(worker) ?? false;
    part.released = true;
    part.gone = true;
    for (const task of this.tasks) {
      if (task.worker !== worker || isTaskTerminal(task.state)) continue;
      this.#setTaskState(task, task.state === "CANCELING" ? "CANCELED" : "FAILED", nowMs, error);
    }
    if (this.#committing) this.#partLostInCommit(part, error, nowMs);
    else if (this.#status === "RUNNING" && (!finished || part.holdsOutput)) {
      this.#fail({ worker, error }, nowMs);
    }
    this.#afterRelease(nowMs);
  }

  /** The worker's sinks have published, or say why not. */
  committed(worker: string, attempt: number, error: ErrorBody | undefined, nowMs: number): void {
    const part = this.#attempt?.parts.get(worker);
    if (!this.#committing || attempt !== this.attempt || part === undefined) return;
    if (error !== undefined) {
      this.#failCommit({ worker, error }, nowMs);
      return;
    }
    part.committed = true;
    if (this.#attempt?.allCommitted) this.#finish("FINISHED", nowMs);
  }

  /** The caller has checked that the job can be cancelled. */
  cancel(nowMs: number): void {
    if (this.#status === "CANCELLING" || isTerminal(this.#status)) return;
    const stopped = this.#status === "RUNNING";
    this.#slotDeadlineMs = undefined;
    this.#failure = undefined;
    this.#enter("CANCELLING", nowMs);
    if (stopped) this.#cancelTasks(nowMs);
    this.#afterRelease(nowMs);
  }

  /** @returns workers that did not free the attempt's slots in time: they are to count as lost */
  tick(nowMs: number): string[] {
    if (this.#progressDeadlineMs !== undefined && nowMs >= this.#progressDeadlineMs) {
      this.#progressOverdue(nowMs);
    }
    if (this.#slotDeadlineMs !== undefined && nowMs >= this.#slotDeadlineMs) {
      const needed = this.slotRequests.length;
      this.#failure = {
        code: "SLOTS_INSUFFICIENT",
        message: `Cannot run job: ${needed} slots were not free within ${this.#context.slotWaitTimeoutMs / 1_000} s`,
        field: "parallelism",
        value: String(needed),
        expected:
          "more workers or slots, a smaller parallelism, or jobs that end (`millrace list`)",
      };
      this.exceptions.root({ error: this.#failure }, this.attempt, nowMs);
      this.#finish("FAILED", nowMs);
    }
    this.#afterRelease(nowMs);
    if (this.#releaseDeadlineMs === undefined || nowMs < this.#releaseDeadlineMs) return [];
    this.#releaseDeadlineMs = undefined;
    const parts = [...(this.#attempt?.parts.values() ?? [])];
    return parts.filter((part) => !part.released).map((part) => part.worker);
  }

  nextDeadlineMs(): number | undefined {
    const deadlines = [this.#slotDeadlineMs, this.#releaseDeadlineMs, this.#progressDeadlineMs];
    const restartDue = this.#status === "RESTARTING" && !this.wantsSlots;
    if (restartDue && this.#attempt?.allReleased) deadlines.push(this.#restartAtMs);
    const known = deadlines.filter((deadline) => deadline !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  /** The JobManager itself stood still: nobody else is late by that. */
  forgive(pausedMs: number): void {
    const later = (deadline: number | undefined) =>
      deadline === undefined ? undefined : deadline + pausedMs;
    this.#slotDeadlineMs = later(this.#slotDeadlineMs);
    this.#releaseDeadlineMs = later(this.#releaseDeadlineMs);
    this.#progressDeadlineMs = later(this.#progressDeadlineMs);
  }

  #taskRuns(task: TaskRecord): void {
    if (this.#status !== "RUNNING" || task.state !== "RUNNING") return;
    const { vertex, subtask, worker } = task;
    for (const sink of task.collects) {
      const messages = this.relay.open(vertex, subtask, sink);
      if (messages === 0) continue;
      const credit = { job: this.id, attempt: this.attempt, vertex, subtask, sink, messages };
      this.#context.send(worker, { type: "rows_credit", ...credit });
    }
  }

  #progressOverdue(nowMs: number): void {
    if (this.#committing) {
      const message = `Cannot publish output: no answer for ${COMMIT_TIMEOUT_MS} ms`;
      this.#failCommit({ error: { code: "COMMIT_INCOMPLETE", message } }, nowMs);
      return;
    }
    const message = `Cannot start job: its tasks did not all run within ${DEPLOYMENT_TIMEOUT_MS} ms`;
    this.#fail({ error: { code: "DEPLOYMENT_TIMEOUT", message } }, nowMs);
  }

  /** All tasks have finished: sinks publish what they held back, on every worker. */
  #commit(nowMs: number): void {
    this.#committing = true;
    this.#progressDeadlineMs = nowMs + COMMIT_TIMEOUT_MS;
    for (const part of this.#attempt?.parts.values() ?? []) {
      if (part.gone) part.committed = true;
      else {
        const { worker } = part;
        this.#context.send(worker, { type: "commit", job: this.id, attempt: this.attempt });
      }
    }
    if (this.#attempt?.allCommitted) this.#finish("FINISHED", nowMs);
  }

  #partLostInCommit(part: WorkerPart, error: ErrorBody, nowMs: number): void {
    if (part.committed) return;
    if (part.holdsOutput) {
      this.#failCommit({ worker: part.worker, error }, nowMs);
      return;
    }
    part.committed = true;
    if (this.#attempt?.allCommitted) this.#finish("FINISHED", nowMs);
  }

  /**
   * Some output may be public by now, so a further attempt would publish it twice: the job fails
   * whatever its strategy, and says so.
   */
  #failCommit(cause: FailureCause, nowMs: number): void {
    const message = `Cannot publish output of every sink: ${cause.error.message}; some may be public`;
    const error = { ...cause.error, code: "COMMIT_INCOMPLETE", message };
    this.#committing = false;
    this.#failForGood({ ...cause, error }, nowMs);
  }

  /** Whatever the restart strategy: a further attempt would fail likewise, or do harm. */
  #failForGood(cause: FailureCause, nowMs: number): void {
    this.exceptions.root(cause, this.attempt, nowMs);
    this.#failure = cause.error;
    this.#enter("FAILING", nowMs);
    this.#cancelTasks(nowMs);
    this.#afterRelease(nowMs);
  }

  #fail(cause: FailureCause, nowMs: number): void {
    if (this.#status !== "RUNNING") {
      this.exceptions.follower(cause);
      return;
    }
    this.exceptions.root(cause, this.attempt, nowMs);
    this.#failure = cause.error;
    const decision = this.#strategy.notifyFailure(nowMs, this.#context.random());
    if (decision.restart) this.#restartAtMs = nowMs + (decision.delayMs ?? 0);
    this.#enter(decision.restart ? "RESTARTING" : "FAILING", nowMs);
    this.#cancelTasks(nowMs);
    this.#afterRelease(nowMs);
  }

  #cancelTasks(nowMs: number): void {
    this.#progressDeadlineMs = undefined;
    this.#releaseDeadlineMs = nowMs + RELEASE_TIMEOUT_MS;
    for (const part of this.#attempt?.parts.values() ?? []) {
      // Also where it is released already: what sinks there hold back is thrown away.
      if (part.gone) continue;
      const { worker } = part;
      this.#context.send(worker, { type: "cancel", job: this.id, attempt: this.attempt });
    }
    for (const task of this.tasks) {
      if (!isTaskTerminal(task.state)) this.#setTaskState(task, "CANCELING", nowMs);
    }
  }

  /** Goes on once no worker has anything of the attempt any more. */
  #afterRelease(nowMs: number): void {
    if (this.#attempt !== undefined && !this.#attempt.allReleased) return;
    this.#releaseDeadlineMs = undefined;
    if (this.#status === "FAILING") this.#finish("FAILED", nowMs);
    else if (this.#status === "CANCELLING") this.#finish("CANCELED", nowMs);
    else if (this.#status === "RESTARTING" && nowMs >= this.#restartAtMs) {
      this.#slotDeadlineMs ??= nowMs + this.#context.slotWaitTimeoutMs;
    }
  }

  #finish(status: "FINISHED" | "FAILED" | "CANCELED", nowMs: number): void {
    this.#committing = false;
    this.#slotDeadlineMs = undefined;
    this.#progressDeadlineMs = undefined;
    // A finished attempt still holds its slots until its workers release them.
    if (this.#attempt?.allReleased === false) this.#releaseDeadlineMs = nowMs + RELEASE_TIMEOUT_MS;
    if (status === "FINISHED") this.#failure = undefined;
    this.#enter(status, nowMs);
    this.#context.rows(this, this.relay.end({ type: "end", status, error: this.#failure }));
  }

  #enter(status: JobStatus, nowMs: number): void {
    this.#status = status;
    this.statusAtMs.set(status, nowMs);
    const { id: job, attempt } = this;
    const { name } = this.planned;
    const error = this.#failure;
    this.#context.event({ type: "job_status", atMs: nowMs, job, name, attempt, status, error });
    const reason = error === undefined ? "" : `: ${error.code}: ${error.message}`;
    const level = status === "FAILED" || status === "FAILING" ? "error" : "info";
    this.#context.log(level, `job "${name}" is ${status} (attempt ${attempt})${reason}`, job);
  }

  #setTaskState(task: TaskRecord, state: TaskRecord["state"], nowMs: number, error?: ErrorBody) {
    if (task.state === state) return;
    task.state = state;
    if (isTaskTerminal(state)) task.endedAtMs = nowMs;
    const { vertex, subtask, worker } = task;
    const where = { job: this.id, attempt: this.attempt, vertex, subtask, worker };
    this.#context.event({ type: "task_state", atMs: nowMs, ...where, state, error });
  }
}

function causeOf(task: TaskRecord, error: ErrorBody): FailureCause {
  const { vertex, subtask, worker } = task;
  return { error, vertex, subtask, worker };
}

function taskName(task: TaskRecord): string {
  return `${task.vertex} (${task.subtask})`;
}
