/** What the JobManager answers, as its clients see it (docs/rest.md; the server's schemas rule). */

import type { TaskState } from "../protocol/control-messages.ts";
import type { ErrorBody } from "../protocol/errors.ts";
import type { Manifest } from "../protocol/manifest.ts";
import type { ShownMetric } from "../protocol/user-metric.ts";

export type JobStatus =
  | "CREATED"
  | "RUNNING"
  | "FAILING"
  | "FAILED"
  | "CANCELLING"
  | "CANCELED"
  | "FINISHED"
  | "RESTARTING";

export interface ClusterOverview {
  readonly taskmanagers: number;
  readonly "slots-total": number;
  readonly "slots-available": number;
  readonly "jobs-running": number;
  readonly "jobs-finished": number;
  readonly "jobs-cancelled": number;
  readonly "jobs-failed": number;
  readonly "millrace-version": string;
}

export interface TaskManager {
  readonly id: string;
  readonly path: string;
  readonly timeSinceLastHeartbeat: number;
  readonly slotsNumber: number;
  readonly freeSlots: number;
  readonly runtime: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly memoryMaxPages: number;
}

export interface UploadedBundle {
  readonly status: "success";
  /** SHA-256 of the file. */
  readonly id: string;
  readonly size: number;
  readonly manifest: Manifest;
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  readonly memory: {
    readonly initial: number;
    readonly maximum?: number;
    readonly imposed: boolean;
  };
  readonly warnings: readonly string[];
}

export interface BundleSummary {
  readonly id: string;
  readonly name: string;
  readonly uploaded: number;
  readonly size: number;
  readonly entry: readonly { readonly name: string; readonly kind: string }[];
}

export interface JobSummary {
  readonly jid: string;
  readonly name: string;
  readonly state: JobStatus;
  readonly "start-time": number;
  readonly "end-time": number;
  readonly duration: number;
  readonly attempt: number;
  readonly tasks: Readonly<Record<string, number>>;
}

export interface VertexMetrics {
  readonly "read-bytes": number;
  readonly "write-bytes": number;
  readonly "read-records": number;
  readonly "write-records": number;
  readonly "failed-records": number;
  /** Bytes of state held. */
  readonly "state-bytes": number;
  readonly "accumulated-busy-time": number;
  readonly "accumulated-backpressured-time": number;
  /** Decimal int64. */
  readonly watermark?: string;
  /** Counters, gauges and histograms of the operators' own. */
  readonly user: readonly ShownMetric[];
}

export interface JobDetails extends Omit<JobSummary, "tasks"> {
  readonly failure?: ErrorBody;
  readonly vertices: readonly {
    readonly id: string;
    readonly name: string;
    readonly parallelism: number;
    readonly status: string;
    readonly tasks: Readonly<Record<string, number>>;
    readonly metrics: VertexMetrics;
  }[];
  readonly plan: JobPlan;
}

/** The job graph, as far as clients look at it. */
export interface JobPlan {
  readonly nodes: readonly {
    readonly id: string;
    readonly chain: readonly { readonly uid: string; readonly connector?: string }[];
    readonly inputs?: readonly { readonly id: string }[];
  }[];
}

interface Failure {
  readonly exceptionName: string;
  readonly stacktrace: string;
  readonly error: ErrorBody;
  readonly timestamp: number;
  readonly taskName?: string;
  readonly taskManagerId?: string;
}

export interface Exceptions {
  readonly "root-exception"?: string;
  readonly exceptionHistory: {
    readonly entries: readonly (Failure & {
      readonly attempt: number;
      readonly concurrentExceptions: readonly Failure[];
    })[];
    readonly truncated: boolean;
  };
}

export type JobEvent =
  | {
      readonly type: "job_status";
      readonly timestamp: number;
      readonly job: string;
      readonly name: string;
      readonly attempt: number;
      readonly status: JobStatus;
      readonly error?: ErrorBody;
    }
  | {
      readonly type: "task_state";
      readonly timestamp: number;
      readonly job: string;
      readonly attempt: number;
      readonly vertex: string;
      readonly subtask: number;
      readonly worker: string;
      readonly state: TaskState | "CREATED" | "CANCELING";
      readonly error?: ErrorBody;
    };

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
  /** What came before is void. */
  | { readonly type: "restart"; readonly attempt: number }
  | { readonly type: "end"; readonly status: JobStatus; readonly error?: ErrorBody };

export interface LogLine {
  readonly timestamp: number;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly job?: string;
  readonly worker?: string;
}
