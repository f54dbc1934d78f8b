/**
 * One operator as a task of its own: planned by what plans jobs, so that parameters, columns and
 * keys are checked and results typed as in a job.
 */

import type { AsyncParameterInput } from "../plan/async-parameters.ts";
import { LATE_SIDES } from "../plan/interval-parameters.ts";
import { type OutputSpec, vertexSpecSchema } from "../plan/job-spec.ts";
import { checkKeyOfInputs } from "../plan/key-checks.ts";
import { type FoundOperator, findOperator } from "../plan/operator-lookup.ts";
import { planOutputs } from "../plan/operator-outputs.ts";
import { checkInputFields, checkOperatorSchema, fieldOf, schemaOf } from "../plan/schema-match.ts";
import type { NodeInput, StreamEdge } from "../plan/stream-graph.ts";
import type { PlannedStream } from "../plan/stream-type.ts";
import type { WindowAssigner } from "../plan/window-assigners.ts";
import type { TaskDescriptor } from "../protocol/deployment.ts";
import { MillraceError } from "../protocol/errors.ts";
import { defaultMaxParallelism } from "../protocol/key-group.ts";
import type { Manifest, OperatorDescription } from "../protocol/manifest.ts";
import type { ChangeMode, Schema } from "../protocol/types.ts";

/** Columns: a schema, or Flink's type texts by name (`{ word: "STRING NOT NULL", n: "BIGINT" }`). */
export type Columns = Schema | Readonly<Record<string, string>>;

/** How an operator stands in its job. */
export interface OperatorSetup {
  /** Values of its `@parameter` fields, or of a built-in operator's options. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Columns of its input; default: those that it declares. */
  readonly input?: Columns;
  /** Change mode of its input; default insert-only. */
  readonly changeMode?: ChangeMode;
  /** Columns of its second input; default: those that it declares. */
  readonly secondInput?: Columns;
  /** Fields that make the key: for operators that work by key. Default: those of its key class. */
  readonly keyBy?: readonly string[];
  /** Fields that make the key in a second keyed input, where they have other names there. */
  readonly secondKeyBy?: readonly string[];
  /** Window of an aggregate, a join or their like: `TumblingEventTimeWindows.of(Duration.ofSeconds(10))`. */
  readonly window?: WindowAssigner;
  /** How an AsyncFunction waits. Default: ordered, without a timeout, capacity 100. */
  readonly async?: AsyncParameterInput;
  /** How long a window takes late rows, ms. */
  readonly allowedLatenessMs?: number;
  /** Columns of outputs that the operator leaves to the job, by name (`main`). */
  readonly outputs?: Readonly<Record<string, Columns>>;
  /** What becomes of rows that fail; `dead-letter`: see getSideOutput("dead_letter"). */
  readonly onRowError?: "fail" | "drop" | "dead-letter";
  /** Most bytes of state; passing it fails with STATE_BUDGET_EXCEEDED. */
  readonly stateBudgetBytes?: number;
  /** Which of how many subtasks this is: decides its key groups. Default 0 of 1. */
  readonly subtask?: number;
  /** How many subtasks the operator has. Default 1. */
  readonly parallelism?: number;
  /** Number of key groups. Default: Flink's for that parallelism. */
  readonly maxParallelism?: number;
}

/** How a harness runs its operator. */
export interface HarnessOptions extends OperatorSetup {
  /** Rows that an output holds before it has to be emptied; 1 shows what depends on room. */
  readonly outputRoom?: number;
  /** Rows of one call into the module; 0 makes it stop after every row. */
  readonly budget?: number;
  /** Before each input the state moves to a new instance by a snapshot: shows state that is lost. */
  readonly snapshotAfterEveryInput?: boolean;
  /** Processing time at the beginning, ms. Default 0. */
  readonly processingTime?: number;
  /** How sources are compiled: `none` (default) takes a fraction of the time of `speed`. */
  readonly optimize?: "speed" | "none";
  /** Operators that the entry registers by itself. */
  readonly registered?: readonly OperatorDescription[];
}

/** An operator that can be opened. */
export interface PlannedOperator {
  readonly task: TaskDescriptor;
  /** None of a source. */
  readonly inputs: readonly Schema[];
  readonly outputs: readonly PlannedStream[];
}

type DescribedInput = OperatorDescription["inputs"][number];

/** Where the task's channels would lead. */
const PEER = { worker: "harness", slot: 0, address: "ws://127.0.0.1:1" };
/** Number of the channel into its first input; its outputs are numbered from 0. */
const INPUT_CHANNEL = 1_000_000;

/**
 * @throws MillraceError JOB_UNKNOWN_OPERATOR, JOB_PARAMETER_*, JOB_INPUT_*, JOB_FIELD_UNKNOWN,
 *   HARNESS_SETUP_INVALID and what else planning a job refuses
 */
export function planOperator(
  bundle: { readonly hash: string; readonly manifest: Manifest },
  name: string,
  setup: OperatorSetup,
): PlannedOperator {
  checkNumbers(setup);
  const operator = find(bundle, name, setup);
  const inputs = inputsOf(operator, setup);
  const declared = Object.entries(setup.outputs ?? {}).map(
    ([output, columns]): OutputSpec => ({
      name: output,
      schema: [...schemaFrom(columns)],
      changeMode: { mode: "insert-only" },
    }),
  );
  const vertex = vertexSpecSchema.parse({
    id: "operator",
    kind: "operator",
    operator: { bundle: bundle.hash, name },
    onRowError: setup.onRowError ?? "fail",
    outputs: declared,
  });
  const outputs = planOutputs({
    operator,
    vertex,
    inputs,
    keys: inputs[0]?.keys ?? [],
    // Every side output is there to be looked at.
    used: new Set([
      "late",
      ...LATE_SIDES,
      ...operator.description.outputs.map((output) => output.name),
    ]),
    field: name,
  });
  const task = describeTask(operator, setup, inputs, outputs);
  return { task, inputs: inputs.map(({ schema }) => schema), outputs };
}

/** A schema of either form. */
export function schemaFrom(columns: Columns): Schema {
  return Array.isArray(columns) ? (columns as Schema) : schemaOf(columns as Record<string, string>);
}

function find(
  bundle: { readonly hash: string; readonly manifest: Manifest },
  name: string,
  setup: OperatorSetup,
): FoundOperator {
  const lateness =
    setup.allowedLatenessMs === undefined ? {} : { lateness: setup.allowedLatenessMs };
  const described = bundle.manifest.operators.find((other) => other.name === name);
  const wait = described?.kind === "async" ? { async: setup.async ?? { mode: "ordered" } } : {};
  const parameters = { ...setup.window, ...lateness, ...wait, ...setup.parameters };
  const reference = { bundle: bundle.hash as "builtin", name, parameters };
  const operator = findOperator(reference, () => bundle.manifest, name);
  const { kind } = operator.description;
  const readsBytes = kind === "source" && operator.builtin !== undefined && name !== "datagen";
  if (kind !== "exchange" && !readsBytes) return operator;
  const expected = "an operator of one input or two, or a source that makes its rows";
  throw invalid(`operator ${name} is a ${kind}`, "operator", kind, expected);
}

/** What comes in, input by input: the same checks as for the edges of a job. */
function inputsOf(operator: FoundOperator, setup: OperatorSetup): NodeInput[] {
  const { name, description } = operator;
  if (description.kind === "source") return [];
  const changeMode = setup.changeMode ?? { mode: "insert-only" };
  const edges = description.inputs.map((described, input): StreamEdge => {
    const option = input === 0 ? "input" : "secondInput";
    const schema = inputSchemaOf(name, described, setup[option], option);
    const stream = { schema, changeMode, timeAttribute: null };
    const keys = keysOf(name, described, schema, setup, input);
    const partitioner = described.keyed ? "key_by" : described.broadcast ? "broadcast" : "forward";
    const ends = { index: input, from: option, to: name, output: 0, outputName: "main" };
    return { ...ends, ...stream, input, partitioner, keys, partitionerOperator: undefined };
  });
  checkKeyOfInputs(name, description.inputs, edges);
  return edges.map(({ schema, changeMode: mode, timeAttribute, keys }) => {
    return { schema, changeMode: mode, timeAttribute, keys };
  });
}

function inputSchemaOf(
  name: string,
  described: DescribedInput,
  given: Columns | undefined,
  option: string,
): Schema {
  const declared = described.schema;
  const wanted = typeof declared === "string" ? undefined : declared;
  if (given === undefined) {
    if (wanted !== undefined) return wanted;
    throw invalid(`operator ${name} takes any columns`, option, undefined, "its input's columns");
  }
  const schema = schemaFrom(given);
  checkOperatorSchema(schema, option);
  if (wanted !== undefined) checkInputFields(name, wanted, schema, option);
  return schema;
}

function keysOf(
  name: string,
  { keyed, key, broadcast }: DescribedInput,
  schema: Schema,
  setup: OperatorSetup,
  input: number,
): readonly string[] {
  if (broadcast === true) return [];
  const option = input === 0 || setup.secondKeyBy === undefined ? "keyBy" : "secondKeyBy";
  const keys = setup[option] ?? (keyed ? key?.map((field) => field.name) : undefined) ?? [];
  if (keyed && keys.length === 0) {
    throw invalid(`operator ${name} works by key`, option, undefined, "the fields of its key");
  }
  for (const key of keys) {
    if (fieldOf(schema, key) !== undefined) continue;
    const field = input === 0 ? option : "secondKeyBy";
    const expected = schema.map((column) => column.name).join(", ");
    const message = `Cannot open operator ${name}: its input has no field ${key}`;
    throw new MillraceError("JOB_FIELD_UNKNOWN", message, { field, value: key, expected });
  }
  return keys;
}

function describeTask(
  operator: FoundOperator,
  setup: OperatorSetup,
  inputs: readonly NodeInput[],
  outputs: readonly PlannedStream[],
): TaskDescriptor {
  const { name, bundle, parameters } = operator;
  const { subtask = 0, parallelism = 1, onRowError = "fail" } = setup;
  return {
    vertex: name,
    name,
    subtask,
    parallelism,
    maxParallelism: setup.maxParallelism ?? defaultMaxParallelism(parallelism),
    slot: 0,
    chain: [
      {
        uid: name,
        name,
        bundle,
        operator: name,
        parameters: { ...parameters },
        inputs: inputs.map(({ schema, changeMode, keys }, i) => ({
          name: `input ${i}`,
          schema: [...schema],
          changeMode: mutable(changeMode),
          keys: [...keys],
        })),
        outputs: outputs.map((output) => ({
          name: output.name,
          schema: [...output.schema],
          changeMode: mutable(output.changeMode),
          keys: [],
        })),
        onRowError,
        ...(setup.stateBudgetBytes === undefined
          ? {}
          : { stateBudgetBytes: setup.stateBudgetBytes }),
      },
    ],
    gates: inputs.map((_, input) => {
      return { input, channels: [{ channel: INPUT_CHANNEL + input, peer: PEER }] };
    }),
    outputs: outputs.map((_, output) => ({
      from: 0,
      output,
      partitioner: "forward" as const,
      keys: [],
      channels: [{ channel: output, peer: PEER }],
    })),
  };
}

type DescribedChangeMode = TaskDescriptor["chain"][number]["inputs"][number]["changeMode"];

function mutable(mode: ChangeMode): DescribedChangeMode {
  return mode.mode === "upsert" ? { mode: "upsert", key: [...mode.key] } : { mode: mode.mode };
}

/** @throws MillraceError HARNESS_SETUP_INVALID */
function checkNumbers(setup: HarnessOptions): void {
  const { parallelism = 1 } = setup;
  const bounds = [
    ["parallelism", 1, Number.POSITIVE_INFINITY],
    ["maxParallelism", parallelism, Number.POSITIVE_INFINITY],
    ["subtask", 0, parallelism - 1],
    ["outputRoom", 1, Number.POSITIVE_INFINITY],
    ["budget", 0, Number.POSITIVE_INFINITY],
    ["stateBudgetBytes", 1, Number.POSITIVE_INFINITY],
    ["allowedLatenessMs", 0, Number.POSITIVE_INFINITY],
  ] as const;
  for (const [field, least, most] of bounds) {
    const value = setup[field];
    if (value === undefined) continue;
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    const expected = `a whole number from ${least}${Number.isFinite(most) ? ` to ${most}` : ""}`;
    throw invalid(`${field} cannot be ${value}`, field, value, expected);
  }
}

function invalid(
  state: string,
  field: string,
  value: string | number | undefined,
  expected: string,
): MillraceError {
  const detail = value === undefined ? { field, expected } : { field, value, expected };
  return new MillraceError("HARNESS_SETUP_INVALID", `Cannot open harness: ${state}`, detail);
}
