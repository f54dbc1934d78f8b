/** One job attempt on this worker: where each of its tasks stands. Pure. */
import type { TaskState } from "../../protocol/control-messages.ts";
import { bundlesOf, type Deployment } from "../../protocol/deployment.ts";

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
  /** When slots that have not started their tasks are given up. */
  startDeadlineMs: number | undefined;
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

  /** Slots it uses, ascending. */
  slots(): number[] {
    return [...new Set(this.tasks.map((task) => task.slot))].sort((a, b) => a - b);
  }

  /** Slots that still hold a task that has not stopped. */
  liveSlots(): number[] {
    return this.slots().filter((slot) => this.live(slot).length > 0);
  }

  /** Slots whose tasks have not all begun. */
  unstartedSlots(): number[] {
    return this.slots().filter((slot) =>
      this.live(slot).some((task) => task.state === "DEPLOYING"),
    );
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

/** Whether a task in this state has stopped for good. */
export function isFinal(state: TaskState): boolean {
  return state === "FINISHED" || state === "CANCELED" || state === "FAILED";
}
