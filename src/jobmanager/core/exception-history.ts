/** What went wrong in a job (Flink: `/jobs/:id/exceptions`, exceptionHistory). */
import type { ErrorBody } from "../../protocol/errors.ts";
import { JOB_MAX_EXCEPTIONS } from "../../protocol/limits.ts";

/** A failure and where it was seen. */
export interface FailureCause {
  readonly error: ErrorBody;
  readonly vertex?: string | undefined;
  readonly subtask?: number | undefined;
  readonly worker?: string | undefined;
}

/** The failure that ended an attempt, and those that came before the attempt was gone. */
export interface ExceptionEntry extends FailureCause {
  /** Monotonic ms. */
  readonly atMs: number;
  readonly attempt: number;
  readonly concurrent: readonly FailureCause[];
}

/** The last failures of a job, newest first; bounded. */
export class ExceptionHistory {
  readonly #entries: (ExceptionEntry & { concurrent: FailureCause[] })[] = [];
  #truncated = false;

  /** A failure that ends an attempt. */
  root(cause: FailureCause, attempt: number, nowMs: number): void {
    this.#entries.unshift({ ...cause, atMs: nowMs, attempt, concurrent: [] });
    if (this.#entries.length > JOB_MAX_EXCEPTIONS) {
      this.#entries.pop();
      this.#truncated = true;
    }
  }

  /** A failure of an attempt that had failed already. */
  follower(cause: FailureCause): void {
    const root = this.#entries[0];
    if (root === undefined) return;
    if (root.concurrent.length < JOB_MAX_EXCEPTIONS) root.concurrent.push(cause);
    else this.#truncated = true;
  }

  get entries(): readonly ExceptionEntry[] {
    return this.#entries;
  }

  get truncated(): boolean {
    return this.#truncated;
  }
}
