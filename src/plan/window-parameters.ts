/** Parameters of operators that work in windows, and what of them goes together. */
import { z } from "zod";
import { MillraceError } from "../protocol/errors.ts";
import type { LogicalType } from "../protocol/types.ts";
import type { OutputContext } from "./builtin-operators.ts";
import { fieldOf } from "./schema-match.ts";

const positive = z.int().min(1);

/** A trigger as parameters name it. */
export type TriggerParameters =
  | { readonly type: "default" | "event_time" | "processing_time" | "end_of_stream" | "never" }
  | { readonly type: "count"; readonly n: number }
  | {
      readonly type: "continuous_event_time" | "continuous_processing_time";
      readonly interval: number;
    }
  | ({ readonly type: "delta" } & DeltaParameters)
  | { readonly type: "purging"; readonly inner: TriggerParameters }
  | {
      readonly type: "processing_timeout";
      readonly inner: TriggerParameters;
      readonly timeout: number;
      readonly resetOnElement: boolean;
      readonly clearOnTimeout: boolean;
    };

/** How far a row is from another: by a column, signed or not. */
export interface DeltaParameters {
  readonly field: string;
  readonly threshold: number;
  readonly delta: "signed" | "abs";
}

/** An evictor as parameters name it. */
export type EvictorParameters = { readonly after: boolean } & (
  | { readonly type: "count"; readonly n: number }
  | { readonly type: "time"; readonly size: number }
  | ({ readonly type: "delta" } & DeltaParameters)
);

const delta = {
  field: z.string().min(1),
  threshold: z.number(),
  delta: z.enum(["signed", "abs"]).default("signed"),
};
const inner = z.lazy(() => triggerSchema);
const triggerSchema: z.ZodType<TriggerParameters> = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.enum(["default", "event_time", "processing_time", "end_of_stream", "never"]),
  }),
  z.strictObject({ type: z.literal("count"), n: positive }),
  z.strictObject({ type: z.literal("continuous_event_time"), interval: positive }),
  z.strictObject({ type: z.literal("continuous_processing_time"), interval: positive }),
  z.strictObject({ type: z.literal("delta"), ...delta }),
  z.strictObject({ type: z.literal("purging"), inner }),
  z.strictObject({
    type: z.literal("processing_timeout"),
    inner,
    timeout: positive,
    resetOnElement: z.boolean().default(false),
    clearOnTimeout: z.boolean().default(false),
  }),
]) as z.ZodType<TriggerParameters>;

const after = z.boolean().default(false);
const evictorSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("count"), after, n: z.int().min(0) }),
  z.strictObject({ type: z.literal("time"), after, size: z.int().min(0) }),
  z.strictObject({ type: z.literal("delta"), after, ...delta }),
]);

/** Window parameters of window_aggregate and of user functions over windows; times in ms. */
export const windowParameters = {
  assigner: z.enum(["tumbling", "sliding", "cumulative", "session", "global"]).default("tumbling"),
  time: z.enum(["event", "processing"]).optional(),
  size: positive.optional(),
  slide: positive.optional(),
  step: positive.optional(),
  offset: z.int().default(0),
  gap: positive.optional(),
  /** Column that has each row's own session gap. */
  gapField: z.string().min(1).optional(),
  lateness: z.int().min(0).default(0),
  trigger: triggerSchema.optional(),
  evictor: evictorSchema.optional(),
  defaultTrigger: z.literal("end_of_stream").optional(),
  /** One set of windows for the whole stream (Flink: windowAll). */
  all: z.boolean().optional(),
};

interface WindowSpec {
  readonly assigner: "tumbling" | "sliding" | "cumulative" | "session" | "global";
  readonly size?: number;
  readonly slide?: number;
  readonly step?: number;
  readonly offset: number;
  readonly gap?: number;
  readonly gapField?: string;
  readonly trigger?: TriggerParameters;
  readonly evictor?: EvictorParameters;
}

/** Lengths that each assigner needs; of sessions: one of the two. */
const NEEDED: Readonly<Record<WindowSpec["assigner"], readonly (keyof WindowSpec)[]>> = {
  tumbling: ["size"],
  sliding: ["size", "slide"],
  cumulative: ["size", "step"],
  session: [],
  global: [],
};

/**
 * Checks what of a window's parameters one of them alone does not tell.
 * @throws MillraceError JOB_PARAMETER_MISSING, JOB_PARAMETER_INVALID with the field
 */
export function checkWindows(context: OutputContext): void {
  const spec = context.parameters as unknown as WindowSpec;
  const refuse = refusal(context);
  for (const name of NEEDED[spec.assigner]) {
    if (spec[name] === undefined) throw refuse("MISSING", name, undefined, "a length in ms");
  }
  if (spec.assigner === "session" && spec.gap === undefined && spec.gapField === undefined) {
    throw refuse("MISSING", "gap", undefined, "a length in ms, or gapField");
  }
  const { size = 0, step, offset } = spec;
  const grid = spec.assigner === "sliding" ? spec.slide! : size;
  if (size > 0 && Math.abs(offset) >= grid) {
    const expected = `between ${1 - grid} and ${grid - 1}`;
    throw refuse("INVALID", "offset", offset, expected);
  }
  if (spec.assigner === "cumulative" && size % step! !== 0) {
    throw refuse("INVALID", "step", step, `a divisor of the size, ${size}`);
  }
  const culprit = spec.assigner === "session" ? cannotMerge(spec.trigger) : undefined;
  if (culprit !== undefined) {
    throw refuse("INVALID", "trigger.type", culprit, "a trigger that can merge: sessions do");
  }
  if (spec.gapField !== undefined) {
    checkColumn(context, "gapField", spec.gapField, ["BIGINT"], true);
  }
  for (const [path, field] of deltaFields(spec)) {
    checkColumn(context, path, field, ["BIGINT", "DOUBLE"], false);
  }
}

/** The trigger that windows which merge cannot have; undefined: they can have this one. */
function cannotMerge(trigger: TriggerParameters | undefined): string | undefined {
  if (trigger?.type === "purging") return cannotMerge(trigger.inner);
  const never = ["delta", "processing_timeout", "end_of_stream", "never"];
  return trigger !== undefined && never.includes(trigger.type) ? trigger.type : undefined;
}

function* deltaFields({ trigger, evictor }: WindowSpec): Generator<[string, string]> {
  if (evictor?.type === "delta") yield ["evictor.field", evictor.field];
  let path = "trigger";
  for (let one = trigger; one !== undefined; path += ".inner") {
    if (one.type === "delta") yield [`${path}.field`, one.field];
    one = "inner" in one ? one.inner : undefined;
  }
}

function checkColumn(
  context: OutputContext,
  path: string,
  name: string,
  types: readonly LogicalType["type"][],
  needed: boolean,
): void {
  const fits = context.inputs.every((input) => {
    const found = fieldOf(input.schema, name)?.type;
    const is = found !== undefined && types.includes(found.type);
    return is && (!needed || found.nullable === false);
  });
  if (fits) return;
  const both = context.inputs.length > 1 ? " of both streams" : "";
  const expected = `a column${both} of type ${types.join(" or ")}${needed ? " NOT NULL" : ""}`;
  throw refusal(context)("INVALID", path, name, expected);
}

function refusal({ operator, field }: OutputContext) {
  return (what: "MISSING" | "INVALID", path: string, value: unknown, expected: string) => {
    const at = `${field}.operator.parameters.${path}`;
    const state = what === "MISSING" ? "is missing" : "has a wrong value";
    const message = `Cannot plan ${operator}: window parameter ${path} ${state}`;
    const detail = value === undefined ? { field: at, expected } : { field: at, value, expected };
    return new MillraceError(`JOB_PARAMETER_${what}`, message, detail);
  };
}
