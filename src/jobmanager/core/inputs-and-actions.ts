/** Everything the JobManager's core is told, and everything it asks its shell to do. */
import type {
  JobManagerMessage,
  TaskState,
  WorkerMessage,
} from "../../protocol/control-messages.ts";
import type { ErrorBody } from "../../protocol/errors.ts";
import type { PlannedJob } from "./planned-job.ts";

/** Where a job stands (Flink: JobStatus; CREATED while it waits for its first slots). */
export type JobStatus =
  | "CREATED"
  | "RUNNING"
  | "FAILING"
  | "FAILED"
  | "CANCELLING"
  | "CANCELED"
  | "FINISHED"
  | "RESTARTING";

/** States a job never leaves. */
export function isTerminal(status: JobStatus): boolean {
  return status === "FAILED" || status === "CANCELED" || status === "FINISHED";
}

/** Where a subtask stands, as the JobManager sees it (Flink: ExecutionState). */
export type SubtaskState = "CREATED" | TaskState | "CANCELING";

export type JobManagerInput =
  /** An authenticated link of a worker; it has said nothing yet. */
  | { readonly type: "link_opened"; readonly link: string }
  | { readonly type: "link_closed"; readonly link: string; readonly reason: string }
  | { readonly type: "link_message"; readonly link: string; readonly message: WorkerMessage }
  /** `job`: a new random uuid. */
  | { readonly type: "submit"; readonly job: string; readonly planned: PlannedJob }
  | { readonly type: "cancel"; readonly job: string }
  /** A client wants the rows of the job's collect sinks; one at a time. */
  | { readonly type: "rows_subscribe"; readonly job: string; readonly subscriber: string }
  /** It has room for one more item. */
  | { readonly type: "rows_take"; readonly job: string; readonly subscriber: string }
  | { readonly type: "rows_unsubscribe"; readonly job: string; readonly subscriber: string }
  | { readonly type: "tick" };

/** What a reader of a job's rows gets, in order. */
export type RowsItem =
  | {
      readonly type: "rows";
      readonly attempt: number;
      readonly vertex: string;
      readonly subtask: number;
      /** Uid of the collect sink. */
      readonly sink: string;
      /** JSON lines. */
      readonly lines: string;
    }
  /** What came before is void: the job began its input again. */
  | { readonly type: "restart"; readonly attempt: number }
  | { readonly type: "end"; readonly status: JobStatus; readonly error?: ErrorBody | undefined };

/** What observers are told. Times are monotonic ms. */
export type ClusterEvent =
  | {
      readonly type: "job_status";
      readonly atMs: number;
      readonly job: string;
      readonly name: string;
      readonly attempt: number;
      readonly status: JobStatus;
      readonly error?: ErrorBody | undefined;
    }
  | {
      readonly type: "task_state";
      readonly atMs: number;
      readonly job: string;
      readonly attempt: number;
      readonly vertex: string;
      readonly subtask: number;
      readonly worker: string;
      readonly state: SubtaskState;
      readonly error?: ErrorBody | undefined;
    }
  | {
      readonly type: "worker";
      readonly atMs: number;
      readonly worker: string;
      readonly state: "registered" | "lost";
      readonly slots: number;
      readonly reason?: string | undefined;
    };

export type LogLevel = "debug" | "info" | "warn" | "error";

/** To be carried out in their order. */
export type JobManagerAction =
  | { readonly type: "send"; readonly link: string; readonly message: JobManagerMessage }
  /** After what was sent before has left. */
  | { readonly type: "close_link"; readonly link: string; readonly reason: string }
  | { readonly type: "event"; readonly event: ClusterEvent }
  | { readonly type: "rows"; readonly subscriber: string; readonly item: RowsItem }
  /** The input of this step was refused and changed nothing. */
  | { readonly type: "refused"; readonly error: ErrorBody }
  | {
      readonly type: "log";
      readonly level: LogLevel;
      readonly message: string;
      readonly job?: string | undefined;
      readonly worker?: string | undefined;
    };
