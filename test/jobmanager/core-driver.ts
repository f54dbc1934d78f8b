/** Drives a JobManagerCore by hand: workers, messages, virtual time. */
import type {
  JobManagerAction,
  JobManagerInput,
} from "../../src/jobmanager/core/inputs-and-actions.ts";
import { JobManagerCore } from "../../src/jobmanager/core/job-manager.ts";
import type { PlannedJob } from "../../src/jobmanager/core/planned-job.ts";
import type { JobManagerMessage, WorkerMessage } from "../../src/protocol/control-messages.ts";
import type { ErrorBody } from "../../src/protocol/errors.ts";
import { PROTOCOL_VERSION } from "../../src/protocol/versions.ts";

type TaskStateMessage = Extract<WorkerMessage, { type: "task_state" }>;

export class CoreDriver {
  readonly core = new JobManagerCore({ seed: 7, slotWaitTimeoutMs: 30_000 });
  nowMs = 1_000;
  /** All actions so far. */
  readonly actions: JobManagerAction[] = [];
  /** Workers that beat whenever time passes. */
  readonly beating = new Set<string>();

  step(input: JobManagerInput): JobManagerAction[] {
    const actions = this.core.step(input, this.nowMs);
    this.actions.push(...actions);
    return actions;
  }

  /** Opens link `link` (default: the worker's name) and registers on it. */
  register(worker: string, slots = 2, incarnation = "1", link = worker): JobManagerAction[] {
    this.step({ type: "link_opened", link });
    const actions = this.say(link, {
      type: "register",
      protocolVersion: PROTOCOL_VERSION,
      worker,
      incarnation,
      slots,
      address: `ws://${worker}`,
      runtime: "test",
      labels: {},
      memoryMaxPages: 64,
    });
    this.beating.add(link);
    return actions;
  }

  say(link: string, message: WorkerMessage): JobManagerAction[] {
    return this.step({ type: "link_message", link, message });
  }

  submit(planned: PlannedJob, job = "job-1"): string {
    this.step({ type: "submit", job, planned });
    return job;
  }

  /** Every task of the job's present attempt goes to `state`, on these links. */
  tasks(job: string, state: TaskStateMessage["state"], links?: readonly string[]): void {
    const attempt = this.core.job(job)?.attempt ?? 0;
    for (const task of [...(this.core.job(job)?.tasks ?? [])]) {
      if (links !== undefined && !links.includes(task.worker)) continue;
      const { vertex, subtask } = task;
      this.say(task.worker, { type: "task_state", job, attempt, vertex, subtask, state });
    }
  }

  task(job: string, vertex: string, subtask: number, state: TaskStateMessage["state"]): void {
    const master = this.core.job(job);
    const task = [...(master?.tasks ?? [])].find(
      (one) => one.vertex === vertex && one.subtask === subtask,
    );
    const error: ErrorBody = { code: "OPERATOR_FAILED", message: "it trapped" };
    const attempt = master?.attempt ?? 0;
    const message = { type: "task_state" as const, job, attempt, vertex, subtask, state };
    this.say(task?.worker ?? "", state === "FAILED" ? { ...message, error } : message);
  }

  released(job: string, links: readonly string[], attempt = this.core.job(job)?.attempt ?? 0) {
    for (const link of links) this.say(link, { type: "attempt_released", job, attempt });
  }

  /** Lets time pass, ticking when the core asks for it; live workers beat each second. */
  pass(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    let beatMs = this.nowMs + 1_000;
    for (;;) {
      const dueMs = Math.min(this.core.nextDeadlineMs() ?? endMs, beatMs);
      if (dueMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, dueMs);
      if (dueMs === beatMs) {
        for (const link of this.beating) this.say(link, { type: "heartbeat", sequence: 1 });
        beatMs += 1_000;
      }
      this.step({ type: "tick" });
      if (this.nowMs >= endMs) break;
    }
    this.nowMs = endMs;
  }

  status(job: string): string | undefined {
    return this.core.job(job)?.status;
  }

  /** Messages sent so far, as "link: type". */
  sent(type?: JobManagerMessage["type"]): { link: string; message: JobManagerMessage }[] {
    return this.actions.flatMap((action) =>
      action.type === "send" && (type === undefined || action.message.type === type)
        ? [{ link: action.link, message: action.message }]
        : [],
    );
  }

  /** Links the core has closed, with reasons. */
  closed(): { link: string; reason: string }[] {
    return this.actions.flatMap((action) =>
      action.type === "close_link" ? [{ link: action.link, reason: action.reason }] : [],
    );
  }

  refusal(): ErrorBody | undefined {
    const refused = this.actions.findLast((action) => action.type === "refused");
    return refused?.type === "refused" ? refused.error : undefined;
  }
}
