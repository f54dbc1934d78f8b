/**
 * window_aggregate: parameters and result schema. Result: the key's fields, then the aggregates, then
 * window_start and window_end TIMESTAMP(3); the row's timestamp is window_end - 1 ms (Flink).
 */
import { z } from "zod";
import { MillraceError } from "../protocol/errors.ts";
import type { OperatorDescription } from "../protocol/manifest.ts";
import { typeText } from "../protocol/type-text.ts";
import type { Field, LogicalType, Schema } from "../protocol/types.ts";
import type { BuiltinOperator, OutputContext } from "./builtin-operators.ts";
import { fieldOf } from "./schema-match.ts";
import { inputOf, type PlannedStream, refuseParameter, type StreamType } from "./stream-type.ts";
import { checkWindows, windowParameters } from "./window-parameters.ts";

/** Name of the side output of late rows. */
export const LATE = "late";

const aggregateSchema = z.strictObject({
  fn: z.enum(["count", "sum", "min", "max", "avg"]),
  /** Absent for count: all rows. */
  field: z.string().min(1).optional(),
  as: z.string().min(1).max(200),
});
export type AggregateSpec = z.infer<typeof aggregateSchema>;

/** The description of a window operator: it has the output of late rows. */
export function withLateOutput(description: OperatorDescription): OperatorDescription {
  const late = { name: LATE, schema: "same", emits: { mode: "insert-only" } } as const;
  return { ...description, outputs: [...description.outputs, late] };
}

export function windowAggregate(description: OperatorDescription): BuiltinOperator {
  return {
    description: withLateOutput(description),
    parameters: z.strictObject({
      ...windowParameters,
      aggregates: z.array(aggregateSchema).min(1).max(64),
    }),
    outputs: windowAggregateOutputs,
  };
}

function windowAggregateOutputs(context: OutputContext): PlannedStream[] {
  const input = inputOf(context.inputs);
  const aggregates = context.parameters.aggregates as readonly AggregateSpec[];
  const results = aggregates.map((aggregate, i): Field => {
    const at = `${context.field}.operator.parameters.aggregates[${i}]`;
    return { name: aggregate.as, type: resultType(context.operator, aggregate, input, at) };
  });
  return windowOutputs(context, results);
}

/** Outputs of a window operator whose function gives `results`: key, results, window's bounds; then late rows. */
export function windowOutputs(context: OutputContext, results: Schema): PlannedStream[] {
  checkWindows(context);
  const input = inputOf(context.inputs);
  const keys = context.keys.map((key) => fieldOf(input.schema, key)!);
  return withLateRows(context, [...keys, ...results, ...boundsOf(context)]);
}

/** Outputs of a window operator that gives rows like its input's; bounds of an earlier window give way. */
export function rowWindowOutputs(context: OutputContext): PlannedStream[] {
  checkWindows(context);
  const bounds = boundsOf(context);
  const { schema } = inputOf(context.inputs);
  const kept = schema.filter(({ name }) => bounds.every((bound) => bound.name !== name));
  return withLateRows(context, [...kept, ...bounds]);
}

/** A global window has no bounds, as in Flink. */
function boundsOf({ parameters }: OutputContext): Schema {
  if (parameters.assigner === "global") return [];
  const type: LogicalType = { type: "TIMESTAMP", precision: 3, nullable: false };
  return ["window_start", "window_end"].map((name): Field => ({ name, type }));
}

/** Outputs of a function that sees whole windows: what it gives is all its own; then late rows. */
export function processWindowOutputs(context: OutputContext, schema: Schema): PlannedStream[] {
  checkWindows(context);
  return withLateRows(context, schema);
}

/** The output of a function of two streams in windows: late rows are counted, as in Flink's joins. */
export function joinOutputs(context: OutputContext, schema: Schema): PlannedStream[] {
  checkWindows(context);
  const changeMode = { mode: "insert-only" } as const;
  return [{ name: "main", schema, changeMode, timeAttribute: null }];
}

function withLateRows(context: OutputContext, schema: Schema): PlannedStream[] {
  const insertOnly = { mode: "insert-only" } as const;
  const outputs: PlannedStream[] = [
    { name: "main", schema, changeMode: insertOnly, timeAttribute: null },
  ];
  if (context.used.has(LATE)) outputs.push({ ...inputOf(context.inputs), name: LATE });
  return outputs;
}

/** Types whose values can be added and compared. */
export const NUMERIC: ReadonlySet<LogicalType["type"]> = new Set([
  "TINYINT",
  "SMALLINT",
  "INT",
  "BIGINT",
  "FLOAT",
  "DOUBLE",
]);

/**
 * Type of a result: count BIGINT NOT NULL; sum, min, max the field's own (Flink's DataStream: sum of
 * INT is INT and wraps); avg DOUBLE, where Flink SQL's is the field's type and cuts decimals off.
 */
function resultType(
  operator: string,
  aggregate: AggregateSpec,
  input: StreamType,
  at: string,
): LogicalType {
  const { fn, field } = aggregate;
  const found = field === undefined ? undefined : fieldOf(input.schema, field);
  if (field !== undefined && found === undefined) {
    throw refuseParameter(operator, `${at}.field`, field, input);
  }
  if (fn === "count") return { type: "BIGINT", nullable: false };
  if (found === undefined || !NUMERIC.has(found.type.type)) {
    const value = found === undefined ? "no field" : `${found.name} ${typeText(found.type)}`;
    const message = `Cannot plan ${operator}: ${fn} of ${value}`;
    const expected = `a field of type ${[...NUMERIC].join(", ")}`;
    throw new MillraceError("JOB_FIELD_TYPE", message, { field: `${at}.field`, value, expected });
  }
  if (fn !== "avg") return found.type;
  return found.type.nullable === false ? { type: "DOUBLE", nullable: false } : { type: "DOUBLE" };
}
