/** A call into a module that trapped: what is said of it, and whether the row at hand may be undone. */
import { MillraceError } from "../protocol/errors.ts";

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
