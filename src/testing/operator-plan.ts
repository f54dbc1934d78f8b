/**
 * One operator as a task of its own: planned by what plans jobs, so that parameters, columns and
 * keys are checked and results typed as in a job.
 */
import { type OutputSpec, vertexSpecSchema } from "../plan/job-spec.ts";
import { type FoundOperator, findOperator } from "../plan/operator-lookup.ts";
import { planOutputs } from "../plan/operator-outputs.ts";
import { checkInputFields, checkOperatorSchema, fieldOf, schemaOf } from "../plan/schema-match.ts";
import type { PlannedStream, StreamType } from "../plan/stream-type.ts";
import type { WindowAssigner } from "../plan/window-assigners.ts";
import type { TaskDescriptor } from "../protocol/deployment.ts";
import { MillraceError } from "../protocol/errors.ts";
import { defaultMaxParallelism } from "../protocol/key-group.ts";
import type { Manifest } from "../protocol/manifest.ts";
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
  /** Fields that make the key: for operators that work by key. */
  readonly keyBy?: readonly string[];
  /** Window of an aggregate: `TumblingEventTimeWindows.of(Duration.ofSeconds(10))`. */
  readonly window?: WindowAssigner;
  /** How long a window takes late rows, ms. */
  readonly allowedLatenessMs?: number;
  /** Columns of outputs that the operator leaves to the job, by name (`main`). */
  readonly outputs?: Readonly<Record<string, Columns>>;
  /** What becomes of rows that fail; `dead-letter`: see getSideOutput("dead_letter"). */
  readonly onRowError?: "fail" | "drop" | "dead-letter";
  /** Which of how many subtasks this is: decides its key groups. Default 0 of 1. */
  readonly subtask?: number;
  /** How many subtasks the operator has. Default 1. */
  readonly parallelism?: number;
  /** Number of key groups. Default: Flink's for that parallelism. */
  readonly maxParallelism?: number;
}

/** An operator that can be opened. */
export interface PlannedOperator {
  readonly task: TaskDescriptor;
  readonly input: Schema;
  readonly outputs: readonly PlannedStream[];
}

/** Where the task's channels would lead. */
const PEER = { worker: "harness", slot: 0, address: "ws://127.0.0.1:1" };
/** Number of the one channel into the operator; its outputs are numbered from 0. */
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
  const operator = find(bundle, name, setup);
  const input = inputOf(operator, setup);
  const keys = keysOf(operator, input, setup);
  const declared = Object.entries(setup.outputs ?? {}).map(
    ([output, columns]): OutputSpec => ({
      name: output,
      schema: [...schemaFrom(columns)],
      changeMode: { mode: "insert-only" },
    }),
  );
  const isSource = operator.description.kind === "source";
  const changeMode = setup.changeMode ?? { mode: "insert-only" };
  const stream: StreamType = { schema: input, changeMode, timeAttribute: null };
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
    inputs: isSource ? [] : [stream],
    keys,
    // Every side output is there to be looked at.
    used: new Set(["late", ...operator.description.outputs.map((output) => output.name)]),
    field: name,
  });
  const descriptor = describeTask(operator, setup, { stream, keys, outputs });
  return { task: descriptor, input, outputs };
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
  const parameters = { ...setup.window, ...lateness, ...setup.parameters };
  const reference = { bundle: bundle.hash as "builtin", name, parameters };
  const operator = findOperator(reference, () => bundle.manifest, name);
  const { kind, inputs } = operator.description;
  const readsBytes = kind === "source" && operator.builtin !== undefined && name !== "datagen";
  if (kind !== "exchange" && inputs.length < 2 && !readsBytes) return operator;
  const expected = "an operator of one input, or a source that makes its rows";
  throw invalid(`operator ${name} is a ${kind}`, "operator", kind, expected);
}

function inputOf({ name, description }: FoundOperator, setup: OperatorSetup): Schema {
  if (description.kind === "source") return [];
  const declared = description.inputs[0]?.schema ?? "any";
  const wanted = typeof declared === "string" ? undefined : declared;
  if (setup.input === undefined) {
    if (wanted !== undefined) return wanted;
    throw invalid(`operator ${name} takes any columns`, "input", undefined, "its input's columns");
  }
  const schema = schemaFrom(setup.input);
  checkOperatorSchema(schema, "input");
  if (wanted !== undefined) checkInputFields(name, wanted, schema, "input");
  return schema;
}

function keysOf(
  { name, description }: FoundOperator,
  input: Schema,
  setup: OperatorSetup,
): readonly string[] {
  const keys = setup.keyBy ?? [];
  if (description.inputs[0]?.keyed === true && keys.length === 0) {
    throw invalid(`operator ${name} works by key`, "keyBy", undefined, "the fields of its key");
  }
  for (const key of keys) {
    if (fieldOf(input, key) !== undefined) continue;
    const expected = input.map((field) => field.name).join(", ");
    const message = `Cannot open operator ${name}: its input has no field ${key}`;
    throw new MillraceError("JOB_FIELD_UNKNOWN", message, { field: "keyBy", value: key, expected });
  }
  return keys;
}

interface Streams {
  readonly stream: StreamType;
  readonly keys: readonly string[];
  readonly outputs: readonly PlannedStream[];
}

function describeTask(
  operator: FoundOperator,
  setup: OperatorSetup,
  { stream, keys, outputs }: Streams,
): TaskDescriptor {
  const { name, bundle, parameters } = operator;
  const isSource = operator.description.kind === "source";
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
        inputs: isSource
          ? []
          : [
              {
                name: "input 0",
                schema: [...stream.schema],
                changeMode: mutable(stream.changeMode),
                keys: [...keys],
              },
            ],
        outputs: outputs.map((output) => ({
          name: output.name,
          schema: [...output.schema],
          changeMode: mutable(output.changeMode),
          keys: [],
        })),
        onRowError,
      },
    ],
    gates: isSource ? [] : [{ input: 0, channels: [{ channel: INPUT_CHANNEL, peer: PEER }] }],
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

function invalid(
  state: string,
  field: string,
  value: string | undefined,
  expected: string,
): MillraceError {
  const detail = value === undefined ? { field, expected } : { field, value, expected };
  return new MillraceError("HARNESS_SETUP_INVALID", `Cannot open harness: ${state}`, detail);
}
