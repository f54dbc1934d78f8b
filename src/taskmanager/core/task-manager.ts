/**
 * Decisions of a TaskManager: registration, heartbeats, deployment, cancellation, release. Pure:
 * `step(input, nowMs)` answers with actions that a shell (../task-manager-process.ts) carries out
 * in their order.
 *
 * Slot isolates are started a few at a time, over all attempts: each start loads its code anew, and
 * many at once would keep every one of them, and this worker's heartbeats, waiting.
 *
 * An attempt goes fetching -> running -> (cancelling) -> released; when all of its tasks have
 * finished by themselves it stays until the JobManager says `commit` or `cancel`, because sinks
 * publish nothing before the whole job has finished.
 */
import type {
  JobManagerMessage,
  TaskMessage,
  TaskState,
  WorkerMessage,
} from "../../protocol/control-messages.ts";
import type { Deployment } from "../../protocol/deployment.ts";
import { type ErrorBody, unreachable } from "../../protocol/errors.ts";
import {
  HEARTBEAT_INTERVAL_MS,
  HEARTBEAT_TIMEOUT_MS,
  SLOT_START_TIMEOUT_MS,
  SLOT_STARTS_AT_ONCE,
  TASK_CANCEL_TIMEOUT_MS,
} from "../../protocol/limits.ts";
import { PROTOCOL_VERSION } from "../../protocol/versions.ts";
import { Redial } from "./redial.ts";
import { type AttemptTask, isFinal, TaskAttempt } from "./task-attempt.ts";

/** What the worker tells of itself when it registers. */
export type WorkerProfile = Omit<
  Extract<WorkerMessage, { type: "register" }>,
  "type" | "protocolVersion"
>;

type TaskStateMessage = Extract<WorkerMessage, { type: "task_state" }>;

/** What happens to a TaskManager. */
export type TaskManagerInput =
  | { readonly type: "link_opened" }
  /** Also: could not be opened. `jitter` in [0, 1) spreads the dials of many workers. */
  | { readonly type: "link_closed"; readonly reason: string; readonly jitter: number }
  | { readonly type: "message"; readonly message: JobManagerMessage }
  | { readonly type: "tick" }
  | { readonly type: "modules_ready"; readonly job: string; readonly attempt: number }
  | {
      readonly type: "attempt_failed";
      readonly job: string;
      readonly attempt: number;
      /** Slots concerned; absent: all. */
      readonly slots?: readonly number[];
      readonly error: ErrorBody;
    }
  /** A task reports from its slot. */
  | { readonly type: "task_state"; readonly report: TaskStateMessage }
  /** A slot's isolate has ended, wanted or not. */
  | {
      readonly type: "slot_exited";
      readonly slot: number;
      readonly job: string;
      readonly attempt: number;
      readonly error: ErrorBody;
    }
  | {
      readonly type: "slot_overrun";
      readonly slot: number;
      readonly job: string;
      readonly attempt: number;
      readonly operator: string;
      readonly runningMs: number;
      /** Where the operator's class begins. */
      readonly source?: { readonly file: string; readonly line: number };
      /** Rows it had consumed before the call. */
      readonly records?: number;
    }
  | {
      readonly type: "committed";
      readonly job: string;
      readonly attempt: number;
      readonly error?: ErrorBody;
    };

interface OfAttempt {
  readonly job: string;
  readonly attempt: number;
}

/** What the shell is to do. */
export type TaskManagerAction =
  | { readonly type: "dial" }
  | { readonly type: "close_link"; readonly reason: string }
  | { readonly type: "send"; readonly message: WorkerMessage }
  | ({
      readonly type: "fetch_modules";
      readonly hashes: readonly string[];
      /** Those of them that have to undo rows. */
      readonly undoing: readonly string[];
    } & OfAttempt)
  /** Open its channels; its slots follow, a few at a time. */
  | { readonly type: "start_attempt"; readonly deployment: Deployment }
  | ({ readonly type: "start_slot"; readonly slot: number } & OfAttempt)
  | ({ readonly type: "cancel_slot"; readonly slot: number } & OfAttempt)
  | ({ readonly type: "terminate_slot"; readonly slot: number } & OfAttempt)
  /** All tasks have stopped: end isolates, close channels. */
  | ({ readonly type: "release" } & OfAttempt)
  /** Publish what the sinks of the attempt hold back, then answer `committed`. */
  | ({ readonly type: "commit" } & OfAttempt)
  /** Remove what the sinks of the attempt hold back. */
  | ({ readonly type: "discard" } & OfAttempt)
  | { readonly type: "task_message"; readonly message: TaskMessage }
  | { readonly type: "log"; readonly level: "info" | "warn"; readonly message: string }
  /** The JobManager does not want this worker: stop. */
  | { readonly type: "exit"; readonly error: ErrorBody };

type LinkState =
  | { readonly type: "down"; readonly redialMs: number | undefined }
  | { readonly type: "registering"; readonly sinceMs: number }
  | { readonly type: "up" }
  | { readonly type: "rejected" };

/** State machine of one TaskManager. */
export class TaskManagerCore {
  readonly #profile: WorkerProfile;
  readonly #startsAtOnce: number;
  readonly #attempts = new Map<string, TaskAttempt>();
  readonly #redial = new Redial();
  #link: LinkState = { type: "down", redialMs: 0 };
  #heartbeatIntervalMs = HEARTBEAT_INTERVAL_MS;
  #heartbeatTimeoutMs = HEARTBEAT_TIMEOUT_MS;
  #heartbeatSequence = 0;
  #nextHeartbeatMs = 0;
  #lastHeardMs = 0;

  /** @param startsAtOnce slot isolates started at once, over all attempts */
  constructor(profile: WorkerProfile, startsAtOnce: number = SLOT_STARTS_AT_ONCE) {
    this.#profile = profile;
    this.#startsAtOnce = startsAtOnce;
  }

  /** Takes one input; the actions are to be carried out in their order. */
  step(input: TaskManagerInput, nowMs: number): TaskManagerAction[] {
    const actions = this.#take(input, nowMs);
    return [...actions, ...this.#startSlots(nowMs)];
  }

  #take(input: TaskManagerInput, nowMs: number): TaskManagerAction[] {
    switch (input.type) {
      case "link_opened":
        return this.#linkOpened(nowMs);
      case "link_closed":
        return this.#linkClosed(input.reason, input.jitter, nowMs);
      case "message":
        this.#lastHeardMs = nowMs;
        return this.#message(input.message, nowMs);
      case "tick":
        return this.#tick(nowMs);
      case "modules_ready":
        return this.#modulesReady(input);
      case "attempt_failed":
        return this.#attemptFailed(input, input.slots, input.error);
      case "task_state":
        return this.#taskState(input.report);
      case "slot_exited":
        return this.#attemptFailed(input, [input.slot], input.error);
      case "slot_overrun":
        return this.#slotOverrun(input);
      case "committed":
        return this.#committed(input);
      default:
        return unreachable(input);
    }
  }

  /** When `tick` is due, if at all. */
  nextDeadlineMs(): number | undefined {
    const due: number[] = [];
    if (this.#link.type === "down" && this.#link.redialMs !== undefined) {
      due.push(this.#link.redialMs);
    } else if (this.#link.type === "registering") {
      due.push(this.#link.sinceMs + this.#heartbeatTimeoutMs);
    } else if (this.#link.type === "up") {
      due.push(this.#nextHeartbeatMs, this.#lastHeardMs + this.#heartbeatTimeoutMs);
    }
    for (const attempt of this.#attempts.values()) {
      if (attempt.cancelDeadlineMs !== undefined) due.push(attempt.cancelDeadlineMs);
      const startDeadlineMs = attempt.nextStartDeadlineMs();
      if (startDeadlineMs !== undefined) due.push(startDeadlineMs);
    }
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** Attempts that hold slots here, for inspection. */
  attempts(): readonly TaskAttempt[] {
    return [...this.#attempts.values()];
  }

  #linkOpened(nowMs: number): TaskManagerAction[] {
    this.#link = { type: "registering", sinceMs: nowMs };
    this.#lastHeardMs = nowMs;
    const message = { type: "register" as const, protocolVersion: PROTOCOL_VERSION };
    return [{ type: "send", message: { ...message, ...this.#profile } }];
  }

  /**
   * The JobManager takes a worker whose link closed for lost and runs its tasks elsewhere, so they
   * end here too, at once. (When links resume and jobs outlive the JobManager, this is the place
   * that gives them time first.)
   */
  #linkClosed(reason: string, jitter: number, nowMs: number): TaskManagerAction[] {
    if (this.#link.type === "rejected") return [];
    const message = `link to the JobManager closed: ${reason}; dialing until it answers`;
    const news: TaskManagerAction[] = this.#redial.isNews(reason)
      ? [{ type: "log", level: "warn", message }]
      : [];
    this.#link = { type: "down", redialMs: nowMs + this.#redial.pauseMs(jitter) };
    return [...news, ...this.#endAllAttempts()];
  }

  #endAllAttempts(): TaskManagerAction[] {
    const actions: TaskManagerAction[] = [];
    for (const [key, attempt] of this.#attempts) {
      const of = { job: attempt.job, attempt: attempt.attempt };
      if (attempt.phase !== "fetching") {
        for (const slot of attempt.liveSlots())
          actions.push({ type: "terminate_slot", slot, ...of });
      }
      actions.push({ type: "release", ...of }, { type: "discard", ...of });
      this.#attempts.delete(key);
    }
    return actions;
  }

  #tick(nowMs: number): TaskManagerAction[] {
    const actions: TaskManagerAction[] = [];
    const link = this.#link;
    if (link.type === "down" && link.redialMs !== undefined && nowMs >= link.redialMs) {
      this.#link = { type: "down", redialMs: undefined };
      actions.push({ type: "dial" });
    }
    const linked = link.type === "registering" || link.type === "up";
    // As in nextDeadlineMs(): a difference of times may be rounded below the timeout.
    if (linked && nowMs >= this.#lastHeardMs + this.#heartbeatTimeoutMs) {
      // link_closed follows from the shell and redials.
      const reason = `JobManager silent for ${nowMs - this.#lastHeardMs} ms`;
      actions.push({ type: "close_link", reason });
    } else if (link.type === "up" && nowMs >= this.#nextHeartbeatMs) {
      this.#nextHeartbeatMs = nowMs + this.#heartbeatIntervalMs;
      const message = { type: "heartbeat" as const, sequence: this.#heartbeatSequence++ };
      actions.push({ type: "send", message });
    }
    for (const attempt of [...this.#attempts.values()]) {
      actions.push(...this.#startOverdue(attempt, nowMs));
      if (attempt.cancelDeadlineMs === undefined || nowMs < attempt.cancelDeadlineMs) continue;
      attempt.cancelDeadlineMs = undefined;
      actions.push(...this.#terminateLive(attempt));
    }
    return actions;
  }

  /** Slots that hang in their start (a module's initialisation, a machine out of memory). */
  #startOverdue(attempt: TaskAttempt, nowMs: number): TaskManagerAction[] {
    const slots = attempt.takeOverdue(nowMs);
    if (slots.length === 0) return [];
    const message =
      `Cannot start slot ${slots.join(", ")}: its tasks have not begun ` +
      `within ${SLOT_START_TIMEOUT_MS} ms`;
    const error = { code: "SLOT_START_TIMEOUT", message, value: slots.join(", ") };
    return this.#attemptFailed(attempt, slots, error);
  }

  #message(message: JobManagerMessage, nowMs: number): TaskManagerAction[] {
    switch (message.type) {
      case "registered":
        this.#link = { type: "up" };
        this.#heartbeatIntervalMs = message.heartbeatIntervalMs;
        this.#heartbeatTimeoutMs = message.heartbeatTimeoutMs;
        this.#nextHeartbeatMs = nowMs + message.heartbeatIntervalMs;
        if (!this.#redial.registered()) return [];
        return [{ type: "log", level: "info", message: "the JobManager has answered again" }];
      case "rejected":
        this.#link = { type: "rejected" };
        return [...this.#endAllAttempts(), { type: "exit", error: message.error }];
      case "heartbeat_ack":
        return [];
      case "deploy":
        return this.#deploy(message.deployment);
      case "cancel":
        return this.#cancel(message, nowMs);
      case "commit":
        return this.#commit(message);
      case "rows_credit":
      case "align_watermarks":
        return [{ type: "task_message", message }];
      default:
        return unreachable(message);
    }
  }

  #deploy(deployment: Deployment): TaskManagerAction[] {
    const attempt = new TaskAttempt(deployment);
    const key = keyOf(attempt);
    // Told twice (the link was resumed): it already stands.
    if (this.#attempts.has(key)) return [];
    const fault = this.#slotFault(attempt);
    if (fault !== undefined) {
      const failed = attempt.tasks.map((task) => stateMessage(attempt, task, "FAILED", fault));
      return [...failed, released(attempt)];
    }
    this.#attempts.set(key, attempt);
    const { job } = attempt;
    const hashes = attempt.modules();
    const undoing = attempt.undoing();
    return [{ type: "fetch_modules", job, attempt: attempt.attempt, hashes, undoing }];
  }

  #slotFault(deployed: TaskAttempt): ErrorBody | undefined {
    for (const slot of deployed.slots()) {
      if (slot >= this.#profile.slots) {
        const message = `Cannot deploy: slot ${slot} does not exist, the worker has ${this.#profile.slots}`;
        return { code: "SLOT_UNKNOWN", message, field: "slot", value: String(slot) };
      }
      for (const other of this.#attempts.values()) {
        if (!other.liveSlots().includes(slot)) continue;
        const message = `Cannot deploy: slot ${slot} is held by attempt ${other.attempt} of ${other.job}`;
        return { code: "SLOT_OCCUPIED", message, field: "slot", value: String(slot) };
      }
    }
    return undefined;
  }

  #modulesReady(of: OfAttempt): TaskManagerAction[] {
    const attempt = this.#attempts.get(keyOf(of));
    if (attempt?.phase !== "fetching") return [];
    attempt.run();
    return [{ type: "start_attempt", deployment: attempt.deployment }];
  }

  /** Starts waiting slots, oldest attempt first, as far as the limit of starts at once lets it. */
  #startSlots(nowMs: number): TaskManagerAction[] {
    const actions: TaskManagerAction[] = [];
    const attempts = [...this.#attempts.values()];
    let room = this.#startsAtOnce - attempts.reduce((sum, { starting }) => sum + starting, 0);
    for (const attempt of attempts) {
      while (room > 0) {
        const slot = attempt.startNext(nowMs + SLOT_START_TIMEOUT_MS);
        if (slot === undefined) break;
        const { job } = attempt;
        actions.push({ type: "start_slot", slot, job, attempt: attempt.attempt });
        room--;
      }
    }
    return actions;
  }

  #cancel(of: OfAttempt, nowMs: number): TaskManagerAction[] {
    const attempt = this.#attempts.get(keyOf(of));
    // Unknown: it was released, and the message crossed the cancel. Say it again.
    if (attempt === undefined) {
      return [released(of), { type: "discard", job: of.job, attempt: of.attempt }];
    }
    if (attempt.phase === "cancelling") return [];
    const before = attempt.phase;
    if (before === "committing") {
      // Released already; another worker failed before the job could finish.
      this.#attempts.delete(keyOf(of));
      return [{ type: "discard", job: of.job, attempt: of.attempt }];
    }
    attempt.phase = "cancelling";
    if (before === "fetching") return this.#stopTasks(attempt, attempt.live(), "CANCELED");
    attempt.cancelDeadlineMs = nowMs + TASK_CANCEL_TIMEOUT_MS;
    const waiting = attempt.dropWaiting();
    const unstarted = attempt.live().filter((task) => waiting.includes(task.slot));
    const started = attempt.liveSlots().filter((slot) => !waiting.includes(slot));
    const cancels = started.map((slot): TaskManagerAction => {
      return { type: "cancel_slot", slot, job: attempt.job, attempt: attempt.attempt };
    });
    return [...cancels, ...this.#stopTasks(attempt, unstarted, "CANCELED")];
  }

  #terminateLive(attempt: TaskAttempt): TaskManagerAction[] {
    const { job } = attempt;
    const terminations = attempt.liveSlots().map((slot): TaskManagerAction => {
      return { type: "terminate_slot", slot, job, attempt: attempt.attempt };
    });
    return [...terminations, ...this.#stopTasks(attempt, attempt.live(), "CANCELED")];
  }

  #taskState(report: TaskStateMessage): TaskManagerAction[] {
    const attempt = this.#attempts.get(keyOf(report));
    const task = attempt?.find(report.vertex, report.subtask);
    // A late word of a slot that was terminated, or a second end: the first stands.
    if (attempt === undefined || task === undefined || isFinal(task.state)) return [];
    task.state = report.state;
    attempt.noteStart(task.slot);
    return [{ type: "send", message: report }, ...this.#releaseIfStopped(attempt)];
  }

  #attemptFailed(
    of: OfAttempt,
    slots: readonly number[] | undefined,
    error: ErrorBody,
  ): TaskManagerAction[] {
    const attempt = this.#attempts.get(keyOf(of));
    if (attempt === undefined) return [];
    const hit = attempt.live().filter((task) => slots === undefined || slots.includes(task.slot));
    const running = attempt.phase !== "fetching";
    const hitSlots = running ? [...new Set(hit.map((task) => task.slot))] : [];
    const terminations = hitSlots.map((slot): TaskManagerAction => {
      return { type: "terminate_slot", slot, job: attempt.job, attempt: attempt.attempt };
    });
    const state = attempt.phase === "cancelling" ? "CANCELED" : "FAILED";
    return [...terminations, ...this.#stopTasks(attempt, hit, state, error)];
  }

  #slotOverrun(input: Extract<TaskManagerInput, { type: "slot_overrun" }>): TaskManagerAction[] {
    const { source, records } = input;
    const place = source === undefined ? "" : ` at ${source.file}:${source.line}`;
    const batch = "in the batch that begins with record";
    const behind = records === undefined ? "" : ` (${batch} ${records + 1} of its input)`;
    const message =
      `Operator ${input.operator} failed${place}: one call has run for ` +
      `${Math.round(input.runningMs)} ms and was stopped by the watchdog${behind}`;
    const code = "WATCHDOG_TIMEOUT";
    return this.#attemptFailed(input, [input.slot], { code, message, value: input.operator });
  }

  /** Sets tasks to a final state, tells the JobManager, and releases the attempt if it was the last. */
  #stopTasks(
    attempt: TaskAttempt,
    tasks: readonly AttemptTask[],
    state: TaskState,
    error?: ErrorBody,
  ): TaskManagerAction[] {
    const reports = tasks.map((task) => {
      task.state = state;
      attempt.noteStart(task.slot);
      return stateMessage(attempt, task, state, state === "FAILED" ? error : undefined);
    });
    return [...reports, ...this.#releaseIfStopped(attempt)];
  }

  #releaseIfStopped(attempt: TaskAttempt): TaskManagerAction[] {
    if (attempt.live().length > 0) return [];
    attempt.cancelDeadlineMs = undefined;
    const of = { job: attempt.job, attempt: attempt.attempt };
    if (attempt.allFinished() && attempt.phase !== "cancelling") {
      attempt.phase = "committing";
      return [{ type: "release", ...of }, released(of)];
    }
    this.#attempts.delete(keyOf(attempt));
    return [{ type: "release", ...of }, { type: "discard", ...of }, released(of)];
  }

  #commit(of: OfAttempt): TaskManagerAction[] {
    const { job, attempt } = of;
    if (this.#attempts.get(keyOf(of))?.phase === "committing")
      return [{ type: "commit", job, attempt }];
    const message = `Cannot commit attempt ${attempt}: its tasks have not all finished here`;
    const error = { code: "COMMIT_REFUSED", message };
    return [{ type: "send", message: { type: "committed", job, attempt, error } }];
  }

  #committed(input: Extract<TaskManagerInput, { type: "committed" }>): TaskManagerAction[] {
    this.#attempts.delete(keyOf(input));
    return [{ type: "send", message: input }];
  }
}

function keyOf(of: OfAttempt): string {
  return `${of.job}/${of.attempt}`;
}

function released(of: OfAttempt): TaskManagerAction {
  const message = { type: "attempt_released" as const, job: of.job, attempt: of.attempt };
  return { type: "send", message };
}

function stateMessage(
  attempt: OfAttempt,
  task: AttemptTask,
  state: TaskState,
  error: ErrorBody | undefined,
): TaskManagerAction {
  const message = {
    type: "task_state" as const,
    job: attempt.job,
    attempt: attempt.attempt,
    vertex: task.vertex,
    subtask: task.subtask,
    state,
    ...(error === undefined ? {} : { error }),
  };
  return { type: "send", message };
}
