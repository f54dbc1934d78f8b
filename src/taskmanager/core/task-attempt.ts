/** One job attempt on this worker: where each of its tasks stands. Pure. */
import type { TaskState } from "../../protocol/control-messages.ts";
import type { Deployment } from "../../protocol/deployment.ts";
import { bundlesOf, undoingBundlesOf } from "../../protocol/task-bundles.ts";

/** A task of the attempt. */
export interface AttemptTask {
  readonly vertex: string;
  readonly name: string;
  readonly subtask: number;
  readonly slot: number;
  state: TaskState;
}

/** Phases: modules are fetched; tasks run; tasks are told to stop; finished and awaiting commit. */
export type AttemptPhase = "fetching" | "running" | "cancelling" | "committing";

/** Book of an attempt. */
export class TaskAttempt {
  readonly deployment: Deployment;
  readonly tasks: readonly AttemptTask[];
  phase: AttemptPhase = "fetching";
  /** When a slot is given up whose isolate was started and whose tasks have not begun. */
  readonly #startDeadlines = new Map<number, number>();
  /** Slots whose isolates are still to be started, in their order. */
  readonly #waiting: number[] = [];
  /** When tasks that still run are stopped by force. */
  cancelDeadlineMs: number | undefined;

  constructor(deployment: Deployment) {
    this.deployment = deployment;
    this.tasks = deployment.tasks.map(({ vertex, name, subtask, slot }) => {
      return { vertex, name, subtask, slot, state: "DEPLOYING" };
    });
  }

  get job(): string {
    return this.deployment.job;
  }

  get attempt(): number {
    return this.deployment.attempt;
  }

  /** Content hashes of the modules it needs, each once. */
  modules(): string[] {
    return [...new Set(this.deployment.tasks.flatMap(bundlesOf))].sort();
  }

  /** Those of them that have to undo rows. */
  undoing(): string[] {
    return [...new Set(this.deployment.tasks.flatMap(undoingBundlesOf))].sort();
  }

  /** Slots it uses, ascending. */
  slots(): number[] {
    return [...new Set(this.tasks.map((task) => task.slot))].sort((a, b) => a - b);
  }

  /** Slots that still hold a task that has not stopped. */
  liveSlots(): number[] {
    return this.slots().filter((slot) => this.live(slot).length > 0);
  }

  /** Its modules are there: all of its slots may be started. */
  run(): void {
    this.phase = "running";
    this.#waiting.push(...this.slots());
  }

  /** Slots whose isolates were started and whose tasks have not all begun or stopped. */
  get starting(): number {
    return this.#startDeadlines.size;
  }

  /** When the next of them is given up. */
  nextStartDeadlineMs(): number | undefined {
    if (this.#startDeadlines.size === 0) return undefined;
    return Math.min(...this.#startDeadlines.values());
  }

  /**
   * The next slot to start; from now on it is starting.
   * @returns undefined where none waits, or where a task has failed: the JobManager will cancel
   */
  startNext(deadlineMs: number): number | undefined {
    if (this.phase !== "running" || this.#waiting.length === 0) return undefined;
    if (this.tasks.some(hasFailed)) return undefined;
    const slot = this.#waiting.shift();
    if (slot !== undefined) this.#startDeadlines.set(slot, deadlineMs);
    return slot;
  }

  /** Slots whose isolates there is no need to start any more: they hold nothing yet. */
  dropWaiting(): number[] {
    return this.#waiting.splice(0);
  }

  /** Something about a slot's tasks has changed: it may have started. */
  noteStart(slot: number): void {
    if (!this.#startDeadlines.has(slot)) return;
    if (this.live(slot).some((task) => task.state === "DEPLOYING")) return;
    this.#startDeadlines.delete(slot);
  }

  /** Slots that hang in their start; they are told once. */
  takeOverdue(nowMs: number): number[] {
    const overdue = [...this.#startDeadlines].filter(([, deadlineMs]) => nowMs >= deadlineMs);
    for (const [slot] of overdue) this.#startDeadlines.delete(slot);
    return overdue.map(([slot]) => slot);
  }

  /** Tasks of a slot (or all) that have not stopped. */
  live(slot?: number): AttemptTask[] {
    return this.tasks.filter((task) => {
      return (slot === undefined || task.slot === slot) && !isFinal(task.state);
    });
  }

  find(vertex: string, subtask: number): AttemptTask | undefined {
    return this.tasks.find((task) => task.vertex === vertex && task.subtask === subtask);
  }

  /** Whether every task came to its end by itself: only then is there something to commit. */
  allFinished(): boolean {
    return this.tasks.every((task) => task.state === "FINISHED");
  }
}

function hasFailed(task: AttemptTask): boolean {
  return task.state === "FAILED";
}

/** Whether a task in this state has stopped for good. */
export function isFinal(state: TaskState): boolean {
  return state === "FINISHED" || state === "CANCELED" || state === "FAILED";
}
