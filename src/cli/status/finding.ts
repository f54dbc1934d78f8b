/** What `millrace status` finds, and what it is found in. */
import type {
  ClusterOverview,
  Exceptions,
  JobDetails,
  JobSummary,
  TaskManager,
} from "../../client/answers.ts";

/** Something that a person should know, and the way out. */
export interface Finding {
  /** `wrong` makes the command end with 1; a `note` may be as it should. */
  readonly severity: "wrong" | "note";
  readonly code: string;
  readonly problem: string;
  readonly next: string;
}

/** A job, looked at as closely as its state asks for. */
export interface JobLook {
  readonly summary: JobSummary;
  readonly details: JobDetails;
  /** The same some time before; a running job only. */
  readonly before?: JobDetails;
  /** Why it failed, the newest first. */
  readonly failures: Exceptions["exceptionHistory"]["entries"];
}

/** A cluster at one moment. */
export interface ClusterLook {
  readonly url: string;
  readonly nowMs: number;
  readonly overview: ClusterOverview;
  readonly workers: readonly TaskManager[];
  readonly jobs: readonly JobSummary[];
  /** Of those jobs that are worth it, the newest first. */
  readonly looks: readonly JobLook[];
}

/** `1 worker`, `2 workers`. */
export function counted(count: number, what: string): string {
  return `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
}
