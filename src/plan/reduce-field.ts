/**
 * keyed_reduce_field and window_reduce_field: rows of a key as one, by one field (Flink: sum, min, max,
 * minBy, maxBy of KeyedStream and WindowedStream). The result has the row's columns; of a window its bounds, too.
 */
import { z } from "zod";
import { MillraceError } from "../protocol/errors.ts";
import type { OperatorDescription } from "../protocol/manifest.ts";
import { typeText } from "../protocol/type-text.ts";
import type { LogicalType } from "../protocol/types.ts";
import type { BuiltinOperator, OutputContext } from "./builtin-operators.ts";
import { NUMERIC, rowWindowOutputs } from "./builtin-windows.ts";
import { fieldOf } from "./schema-match.ts";
import { inputOf, type PlannedStream, refuseParameter } from "./stream-type.ts";
import { windowParameters } from "./window-parameters.ts";

const FUNCTIONS = ["sum", "min", "max", "minBy", "maxBy"] as const;

/** A reduction by one field. */
export interface FieldReduction {
  readonly fn: (typeof FUNCTIONS)[number];
  readonly field: string;
  /** Of rows with equal values the first stays (minBy, maxBy). */
  readonly first?: boolean;
}

const reduction = {
  fn: z.enum(FUNCTIONS),
  field: z.string().min(1),
  first: z.boolean().default(true),
};

export function keyedReduceField(description: OperatorDescription): BuiltinOperator {
  return { description, parameters: z.strictObject(reduction), outputs: keyedOutputs };
}

export function windowReduceField(description: OperatorDescription): BuiltinOperator {
  return {
    description,
    parameters: z.strictObject({ ...windowParameters, ...reduction }),
    outputs: (context) => {
      checkField(context);
      return rowWindowOutputs(context);
    },
  };
}

/** A result's columns are those of the first row, not of the row at hand: none is its event time. */
function keyedOutputs(context: OutputContext): PlannedStream[] {
  checkField(context);
  const { schema } = inputOf(context.inputs);
  const changeMode = { mode: "insert-only" } as const;
  return [{ name: "main", schema, changeMode, timeAttribute: null }];
}

/** Types without an order. */
const UNORDERED: ReadonlySet<LogicalType["type"]> = new Set(["ROW", "ARRAY", "MAP", "BINARY"]);

function checkField(context: OutputContext): void {
  const input = inputOf(context.inputs);
  const { fn, field } = context.parameters as unknown as FieldReduction;
  const at = `${context.field}.operator.parameters.field`;
  const found = fieldOf(input.schema, field);
  if (found === undefined) throw refuseParameter(context.operator, at, field, input);
  const { type } = found.type;
  if (fn === "sum" ? NUMERIC.has(type) : !UNORDERED.has(type)) return;
  const value = `${field} ${typeText(found.type)}`;
  const message = `Cannot plan ${context.operator}: ${fn} of ${value}`;
  const expected =
    fn === "sum"
      ? `a field of type ${[...NUMERIC].join(", ")}`
      : `a field with an order, not ${[...UNORDERED].join(", ")}`;
  throw new MillraceError("JOB_FIELD_TYPE", message, { field: at, value, expected });
}
