/**
 * The engine's own operators (bundle "builtin", operators/builtin) as the planner knows them: their
 * parameters, and the schemas they put out for what they are given. test/plan holds the names equal
 * to the bundle's self-description.
 */
import { z } from "zod";
import type { OperatorDescription } from "../protocol/manifest.ts";
import { bigintParameter, sourceOutputs, timestampOutputs } from "./builtin-outputs.ts";
import { windowAggregate, withLateOutput } from "./builtin-windows.ts";
import { checkColumnTypes } from "./column-support.ts";
import { iterationHead } from "./iteration.ts";
import type { OutputSpec } from "./job-spec.ts";
import { keyedReduceField, windowReduceField } from "./reduce-field.ts";
import { fieldOf } from "./schema-match.ts";
import { inputOf, type PlannedStream, refuseParameter, type StreamType } from "./stream-type.ts";
import { watermarkParameters } from "./watermark-parameters.ts";

/** What an operator's outputs are derived from. */
export interface OutputContext {
  /** Name of the operator, for errors. */
  readonly operator: string;
  /** Parsed, defaults filled in. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly inputs: readonly StreamType[];
  /** Key of input 0. */
  readonly keys: readonly string[];
  /** Outputs the job spec declares. */
  readonly declared: readonly OutputSpec[];
  /** Names of the outputs that something reads. */
  readonly used: ReadonlySet<string>;
  /** Path of the vertex in the job spec. */
  readonly field: string;
}

/** A built-in operator. */
export interface BuiltinOperator {
  readonly description: OperatorDescription;
  readonly parameters: z.ZodType<Record<string, unknown>>;
  /** Main output first. */
  readonly outputs: (context: OutputContext) => PlannedStream[];
}

const insertOnly = { mode: "insert-only" } as const;
const anyOutput = { name: "main", schema: "any", emits: insertOnly } as const;
const everyMode = ["insert-only", "retract", "upsert"] as const;
/** What a format writes: whole records, newline included. */
const RECORD: PlannedStream = {
  name: "main",
  schema: [{ name: "record", type: { type: "STRING", nullable: false } }],
  changeMode: insertOnly,
  timeAttribute: null,
};

function describe(
  name: string,
  kind: OperatorDescription["kind"],
  accepts: readonly OperatorDescription["inputs"][number]["accepts"][number][] | undefined,
  keyed = false,
): OperatorDescription {
  const inputs =
    accepts === undefined ? [] : [{ schema: "any" as const, accepts: [...accepts], keyed }];
  return { name, kind, inputs, outputs: [anyOutput], parameters: [], states: [] };
}

const onError = z.enum(["fail", "skip", "dead-letter"]).optional();
const csvDialect = {
  fieldDelimiter: z.string().length(1).default(","),
  /** Empty: no quoting. */
  quoteCharacter: z.string().max(1).default('"'),
};

const sources: readonly BuiltinOperator[] = [
  {
    description: describe("text_lines", "source", undefined),
    parameters: z.strictObject({ lineNumber: z.boolean().default(false) }),
    outputs: sourceOutputs,
  },
  {
    description: describe("json_lines", "source", undefined),
    parameters: z.strictObject({
      /** Column name to path (`a.b[0].c`); default: the column's own name. */
      paths: z.record(z.string(), z.string()).default({}),
      onError,
    }),
    outputs: sourceOutputs,
  },
  {
    description: describe("csv", "source", undefined),
    parameters: z.strictObject({
      ...csvDialect,
      header: z.boolean().default(false),
      nullLiteral: z.string().optional(),
      allowComments: z.boolean().default(false),
      /** Quoted fields may hold newlines; then a file is read by one subtask. */
      multiline: z.boolean().default(true),
      onError,
    }),
    outputs: sourceOutputs,
  },
  {
    description: describe("datagen", "source", undefined),
    parameters: z.strictObject({
      "number-of-rows": bigintParameter.default(-1),
      seed: bigintParameter.default(0),
      /** Per column, Flink's options `fields.NAME.OPTION`. */
      fields: z
        .record(
          z.string(),
          z.strictObject({
            kind: z.enum(["random", "sequence"]).default("random"),
            min: z.union([z.number(), bigintParameter]).optional(),
            max: z.union([z.number(), bigintParameter]).optional(),
            length: z.int().min(1).optional(),
            "var-len": z.boolean().optional(),
            "null-rate": z.number().min(0).max(1).optional(),
            "max-past": z.int().min(0).optional(),
            start: bigintParameter.optional(),
            end: bigintParameter.optional(),
          }),
        )
        .default({}),
    }),
    outputs: sourceOutputs,
  },
];

const transformations: readonly BuiltinOperator[] = [
  {
    description: describe("assign_timestamps", "generic", everyMode),
    parameters: z.strictObject({
      ...watermarkParameters,
      strategy: z.enum(["bounded", "monotonous", "none"]).default("bounded"),
      maxOutOfOrdernessMs: z.int().min(0).default(0),
    }),
    outputs: timestampOutputs,
  },
  {
    description: describe("select", "generic", everyMode),
    parameters: z.strictObject({
      /** New name to old name, in the order of the output's columns. */
      fields: z.record(z.string().min(1), z.string().min(1)),
    }),
    outputs: selectOutputs,
  },
  {
    description: iterationHead(describe("iteration_head", "generic", everyMode)),
    parameters: z.strictObject({}),
    outputs: ({ inputs }) => [{ ...inputOf(inputs), name: "main" }],
  },
  windowAggregate(describe("window_aggregate", "generic", ["insert-only"], true)),
  keyedReduceField(describe("keyed_reduce_field", "generic", ["insert-only"], true)),
  windowReduceField(
    withLateOutput(describe("window_reduce_field", "generic", ["insert-only"], true)),
  ),
];

const formats: readonly BuiltinOperator[] = [
  {
    description: describe("format_json", "generic", ["insert-only"]),
    parameters: z.strictObject({ ignoreNullFields: z.boolean().default(false) }),
    outputs: recordOutputs,
  },
  {
    description: describe("format_csv", "generic", ["insert-only"]),
    parameters: z.strictObject({ ...csvDialect, nullLiteral: z.string().default("") }),
    outputs: recordOutputs,
  },
  {
    description: describe("format_text", "generic", ["insert-only"]),
    parameters: z.strictObject({ separator: z.string().default(" ") }),
    outputs: recordOutputs,
  },
];

const byName = new Map(
  [...sources, ...transformations, ...formats].map((operator) => [
    operator.description.name,
    operator,
  ]),
);

/** Names of the built-in sources' connectors: what can feed each. */
export const SOURCE_CONNECTORS: Readonly<Record<string, readonly string[]>> = {
  text_lines: ["file", "socket"],
  json_lines: ["file", "socket", "collection"],
  csv: ["file", "socket"],
  datagen: ["datagen"],
};

export function builtinOperator(name: string): BuiltinOperator | undefined {
  return byName.get(name);
}

export function builtinOperatorNames(): readonly string[] {
  return [...byName.keys()];
}

/** Whether an operator writes records for a sink connector. */
export function isFormat(name: string): boolean {
  return name.startsWith("format_");
}

function recordOutputs({ operator, inputs, field }: OutputContext): PlannedStream[] {
  checkColumnTypes(operator, inputOf(inputs).schema, field);
  return [RECORD];
}

function selectOutputs(context: OutputContext): PlannedStream[] {
  const input = inputOf(context.inputs);
  const fields = Object.entries(context.parameters.fields as Record<string, string>);
  const at = `${context.field}.operator.parameters.fields`;
  const schema = fields.map(([name, old]) => {
    const found = fieldOf(input.schema, old);
    if (found === undefined) throw refuseParameter(context.operator, `${at}.${name}`, old, input);
    return { name, type: found.type };
  });
  const newName = (old: string) => fields.find(([, from]) => from === old)?.[0];
  const time = input.timeAttribute === null ? undefined : newName(input.timeAttribute);
  const { changeMode } = input;
  if (changeMode.mode !== "upsert") {
    return [{ name: "main", schema, changeMode, timeAttribute: time ?? null }];
  }
  const key = changeMode.key.map((old) => {
    const name = newName(old);
    if (name === undefined) throw refuseParameter(context.operator, at, `without ${old}`, input);
    return name;
  });
  return [
    { name: "main", schema, changeMode: { mode: "upsert", key }, timeAttribute: time ?? null },
  ];
}
