/** Parameters of operators that give event time and watermarks, and what of them goes together. */
import { z } from "zod";
import { MillraceError } from "../protocol/errors.ts";
import { ALIGNMENT_UPDATE_INTERVAL_MS } from "../protocol/limits.ts";
import { typeText } from "../protocol/type-text.ts";
import type { OutputContext } from "./builtin-operators.ts";
import { fieldOf } from "./schema-match.ts";
import { inputOf, type PlannedStream, refuseParameter } from "./stream-type.ts";

/** Of the engine's assign_timestamps as of an author's strategy; times in ms. */
export const watermarkParameters = {
  /** Column of the event time. Without it, and without ingestionTime, rows keep what they have. */
  field: z.string().min(1).optional(),
  /** Unit of a BIGINT field, default ms; TIMESTAMP fields have their own. */
  unit: z.enum(["s", "ms", "us", "ns"]).optional(),
  /** Event time is the time at which a row comes by. */
  ingestionTime: z.boolean().optional(),
  /** Silence after which a subtask says idle. */
  idlenessMs: z.int().min(1).optional(),
  /** Interval of periodic watermarks, 0: none; default: the job's. */
  autoWatermarkIntervalMs: z.int().min(0).optional(),
  /** Whether each split of the source in front has watermarks of its own. */
  perSplit: z.boolean().optional(),
  /** Sources of a group that run further ahead of its smallest watermark than this pause. */
  alignment: z
    .strictObject({
      group: z.string().min(1).max(200),
      maxDriftMs: z.int().min(0),
      updateIntervalMs: z.int().min(1).default(ALIGNMENT_UPDATE_INTERVAL_MS),
    })
    .optional(),
};

/** The key under which an author's strategy has them, beside its own parameters. */
export const STRATEGY_PARAMETERS = "watermarks";

/** As an author's strategy takes them. */
export const strategyParametersSchema = z.strictObject(watermarkParameters).default({});

/** What the parameters say of the rows' times. */
interface TimeParameters {
  readonly field?: string;
  readonly ingestionTime?: boolean;
}

/**
 * The input with a time attribute.
 * @param path of the parameters below the operator's
 * @throws MillraceError JOB_FIELD_UNKNOWN, JOB_FIELD_TYPE, JOB_PARAMETER_INVALID
 */
export function timedOutputs(
  context: OutputContext,
  parameters: TimeParameters,
  path = "",
): PlannedStream[] {
  const input = inputOf(context.inputs);
  const at = `${context.field}.operator.parameters.${path}`;
  const { field: name, ingestionTime } = parameters;
  if (name === undefined) {
    return [{ ...input, name: "main", ...(ingestionTime === true && { timeAttribute: null }) }];
  }
  if (ingestionTime === true) {
    const message = `Cannot plan ${context.operator}: event time is a field's or the clock's, not both`;
    const detail = { field: `${at}ingestionTime`, value: true, expected: "no field beside it" };
    throw new MillraceError("JOB_PARAMETER_INVALID", message, detail);
  }
  const field = fieldOf(input.schema, name);
  if (field === undefined) throw refuseParameter(context.operator, `${at}field`, name, input);
  if (!["BIGINT", "TIMESTAMP", "TIMESTAMP_LTZ"].includes(field.type.type)) {
    const value = typeText(field.type);
    const message = `Cannot plan ${context.operator}: field ${name} is ${value}`;
    const expected = "BIGINT, TIMESTAMP(p) or TIMESTAMP_LTZ(p)";
    throw new MillraceError("JOB_FIELD_TYPE", message, { field: `${at}field`, value, expected });
  }
  return [{ ...input, name: "main", timeAttribute: name }];
}
