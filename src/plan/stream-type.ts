/** What the planner knows of a stream: columns, change mode, time attribute. */
import { assert, MillraceError } from "../protocol/errors.ts";
import type { ChangeMode, Schema } from "../protocol/types.ts";
import { schemaText } from "./schema-match.ts";

export interface StreamType {
  readonly schema: Schema;
  readonly changeMode: ChangeMode;
  /** Field whose values are the event time; null: none (rows may still carry a timestamp). */
  readonly timeAttribute: string | null;
}

/** A stream that leaves an operator. */
export interface PlannedStream extends StreamType {
  /** "main", or the name of a side output. */
  readonly name: string;
}

/** The first input of an operator that has one. */
export function inputOf(inputs: readonly StreamType[]): StreamType {
  const input = inputs[0];
  assert(input !== undefined, "the operator has an input");
  return input;
}

/** JOB_FIELD_UNKNOWN: a parameter that names a field which the input lacks. */
export function refuseParameter(
  operator: string,
  field: string,
  value: string,
  input: StreamType,
): MillraceError {
  const message = `Cannot plan ${operator}: its input has no field ${value}`;
  const expected = `one of ${schemaText(input.schema)}`;
  return new MillraceError("JOB_FIELD_UNKNOWN", message, { field, value, expected });
}
