/** A call into a module that trapped: what is said of it, and whether the row at hand may be undone. */
import { MillraceError } from "../protocol/errors.ts";
import { ROW_LOG_MAX_BYTES } from "../protocol/limits.ts";

/** A trap, an abort, or memory that ran out, in the code of an operator. */
export class OperatorFailure extends MillraceError {
  /** What failed and the author's line, without the operator: for a dead letter. */
  readonly reason: string;
  /** Whether it lies in the row alone: not where memory or the stack ran out. */
  readonly isOfRow: boolean;

  constructor(
    code: string,
    message: string,
    detail: { field: string; cause: unknown; reason: string; isOfRow: boolean },
  ) {
    const { field, cause, reason, isOfRow } = detail;
    super(code, message, { field, cause });
    this.reason = reason;
    this.isOfRow = isOfRow;
  }
}

/** A row that has written more than is noted of one: it fails the task, as memory that has run out. */
export function logExhausted(failure: OperatorFailure): MillraceError {
  const { field = "", cause } = failure;
  const most = `${ROW_LOG_MAX_BYTES / 1024 / 1024} MiB`;
  const message = `Operator ${field} failed: one row has written more than ${most}, or memory has run out in it`;
  const expected = `at most ${most} written by a row, timer or window, where onRowError is not fail`;
  return new MillraceError("MEMORY_BUDGET_EXCEEDED", message, { field, cause, expected });
}
