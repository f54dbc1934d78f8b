/** Parameters of interval joins: what `between` and its like say, in ms. */
import { z } from "zod";
import { MillraceError } from "../protocol/errors.ts";
import type { OutputContext } from "./builtin-operators.ts";
import type { PlannedStream } from "./stream-type.ts";

/** Names of the side outputs of rows that come too late, by the stream they are of. */
export const LATE_SIDES = ["late_left", "late_right"] as const;

const bound = z.union([
  z.int(),
  z
    .string()
    .regex(/^-?\d{1,19}$/)
    .refine((text) => BigInt.asIntN(64, BigInt(text)) === BigInt(text), "a number of 64 bits"),
]);

/** Bounds of right timestamp - left timestamp; inclusive unless it is said. */
export const intervalParameters = {
  lower: bound,
  upper: bound,
  lowerExclusive: z.boolean().default(false),
  upperExclusive: z.boolean().default(false),
};

/**
 * Outputs of an interval join: the function's own, then the late rows of each stream, which have its columns. Where
 * one of the two is read, both are there.
 * @throws MillraceError JOB_PARAMETER_INVALID where the lower bound is above the upper one
 */
export function intervalOutputs(
  context: OutputContext,
  own: readonly PlannedStream[],
): PlannedStream[] {
  const { lower, upper } = context.parameters as { lower: number | string; upper: number | string };
  if (BigInt(lower) > BigInt(upper)) {
    const message = `Cannot plan ${context.operator}: the lower bound of an interval join is above the upper one`;
    throw new MillraceError("JOB_PARAMETER_INVALID", message, {
      field: `${context.field}.operator.parameters.lower`,
      value: lower,
      expected: `at most ${upper}, the upper bound`,
    });
  }
  if (!LATE_SIDES.some((name) => context.used.has(name))) return [...own];
  const late = LATE_SIDES.map((name, i): PlannedStream => ({ ...context.inputs[i]!, name }));
  return [...own, ...late];
}
