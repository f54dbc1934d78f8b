/**
 * Functions written in the job file, as operators: known by their place in the file until a compiler
 * of the build side has typed them and made a bundle of all (docs/one-file-jobs.md).
 */
import { MillraceError } from "../protocol/errors.ts";
import type { OperatorDescription } from "../protocol/manifest.ts";
import type { Schema } from "../protocol/types.ts";
import type { OperatorHandle, Parameters } from "./operator-handle.ts";

/** Where a method of the builder was called; line and column count from 1. */
export interface CallPlace {
  /** Path or file URL. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type InlineKind =
  | "map"
  | "filter"
  | "flat_map"
  | "key_selector"
  | "aggregate"
  /** Of windows: it becomes an aggregate. */
  | "window_reduce"
  | "reduce";

// biome-ignore lint/suspicious/noExplicitAny: a function of any row
export type InlineFunction = (...args: any[]) => unknown;

/** Stands for the bundle until it is built: no content has this hash. */
export const UNBUILT_BUNDLE = "0".repeat(64);

/** An operator made from functions of the job file. */
export class InlineOperator implements OperatorHandle {
  readonly kind: InlineKind;
  readonly name: string;
  /** `fn`; of an aggregate: createAccumulator, add, getResult, merge. */
  readonly functions: Readonly<Record<string, InlineFunction>>;
  readonly place: CallPlace;
  readonly parameters: Parameters;
  /** Fields by which a key selector's stream is keyed: known once it is typed. */
  readonly keys: string[] = [];
  /** Columns that `returns` declares. */
  returns: Schema | undefined;
  /** Columns of its input and fields of its key: known once what is before it is typed. */
  input: Schema = [];
  inputKeys: readonly string[] = [];
  bundle: string = UNBUILT_BUNDLE;
  bytes?: Uint8Array;
  description: OperatorDescription;

  constructor(
    kind: InlineKind,
    name: string,
    functions: Readonly<Record<string, InlineFunction>>,
    place: CallPlace,
    parameters: Parameters = {},
  ) {
    this.kind = kind;
    this.name = name;
    this.functions = functions;
    this.place = place;
    this.parameters = parameters;
    this.description = this.#described([]);
  }

  /** Takes the columns that the functions make. */
  typed(output: Schema): void {
    this.description = this.#described(output);
    const fields = this.kind === "key_selector" ? output.map((field) => field.name) : [];
    this.keys.splice(0, this.keys.length, ...fields);
  }

  /** Takes the bundle that it lies in. */
  built({ hash, bytes }: Pick<InlineBundle, "hash" | "bytes">, description: OperatorDescription) {
    this.bundle = hash;
    this.bytes = bytes;
    this.description = description;
  }

  #described(output: Schema): OperatorDescription {
    const kind = this.kind === "window_reduce" ? "aggregate" : this.kind;
    const keyed = kind === "aggregate" || kind === "reduce";
    const schema = kind === "filter" ? "same" : [...output];
    return {
      name: this.name,
      kind,
      inputs: [{ schema: "any", accepts: ["insert-only"], keyed }],
      outputs: [{ name: "main", schema, emits: { mode: "insert-only" } }],
      parameters: [],
      states: [],
    } as OperatorDescription;
  }
}

/** What compiles functions of a job file; layer 3 has it, for a worker never compiles. */
export interface InlineCompiler {
  /**
   * Columns that an operator makes; of a filter those of its input.
   * @throws MillraceError INLINE_*
   */
  outputOf(operator: InlineOperator): Schema;
  /** One bundle of all operators. */
  build(operators: readonly InlineOperator[]): Promise<InlineBundle>;
}

export interface InlineBundle {
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly operators: readonly OperatorDescription[];
  /** Places of the job file that are linear in text that is not ASCII: `job.ts:12:5`. */
  readonly linear: readonly string[];
}

/**
 * The call of a builder method that is running.
 * @param method What was called: frames from it on are left out.
 * @throws MillraceError INLINE_SOURCE_NOT_FOUND where the engine does not say
 */
export function callPlace(method: InlineFunction): CallPlace {
  const before = Error.prepareStackTrace;
  const limit = Error.stackTraceLimit;
  const holder: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = (_, sites) => sites;
    Error.captureStackTrace(holder, method);
    const [site] = holder.stack as NodeJS.CallSite[];
    const file = site?.getFileName();
    const line = site?.getLineNumber();
    const column = site?.getColumnNumber();
    if (file && line && column) return { file, line, column };
  } finally {
    Error.prepareStackTrace = before;
    Error.stackTraceLimit = limit;
  }
  const message = "Cannot find the function of a job: the engine does not say where it was given";
  throw new MillraceError("INLINE_SOURCE_NOT_FOUND", message, {
    expected: "a job file that `millrace run` runs",
  });
}

/** Fields by which a key selector keys: of a function they are known once it is compiled. */
export function keyFields(selector: OperatorHandle): readonly string[] {
  if (selector instanceof InlineOperator) return selector.keys;
  const schema = selector.description.outputs[0]?.schema;
  return Array.isArray(schema) ? schema.map((field) => field.name) : [];
}
