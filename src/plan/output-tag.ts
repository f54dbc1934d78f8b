/** Names of side outputs (Flink: OutputTag). */
import { DEAD_LETTER } from "../protocol/dead-letter.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { AnyRow } from "./row-type.ts";

/**
 * Names a side output whose rows are `Row` (Flink: OutputTag).
 *
 *     const late = new OutputTag("late");
 *     const counts = keyed.window(assigner).sideOutputLateData(late).aggregate(count());
 *     counts.getSideOutput(late).sinkTo(filesSink("late"));
 *
 * @throws JOB_UNKNOWN_OUTPUT for an empty name; at submission, for one that the operator has no output of
 */
export class OutputTag<Row = AnyRow> {
  /** Name of the side output in its operator. */
  readonly id: string;
  /** Never there: it carries the type. */
  declare readonly "~row"?: Row;

  /** The name that `@sideOutput` gives, or any for `sideOutputLateData`: `new OutputTag("late")`. */
  constructor(id: string) {
    if (typeof id !== "string" || id === "") {
      throw new MillraceError("JOB_UNKNOWN_OUTPUT", "Cannot name a side output: it has no name", {
        field: "id",
        value: id,
        expected: "a name of at least one character",
      });
    }
    this.id = id;
  }

  /**
   * Rows that failed, of an operator with `onRowError("dead-letter")`: `record` (the row as JSON; of a timer or window `failed`, `time`
   * and `key`), `error`, `position` (its number in the input of the subtask, from 1), `operator`, `subtask`. Of a parser `record`,
   * `error` and `position` (the byte at which the record begins).
   */
  static readonly deadLetter = new OutputTag(DEAD_LETTER);
}
