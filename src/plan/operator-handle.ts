/** Operators as the DataStream builder takes them: a bundle's operator with its parameters. */
import { MillraceError } from "../protocol/errors.ts";
import type { HandleKind, Manifest, OperatorDescription } from "../protocol/manifest.ts";
import { builtinOperator } from "./builtin-operators.ts";
import type { AnyRow } from "./row-type.ts";

/** Values of an operator's parameters. */
export type Parameters = Readonly<Record<string, unknown>>;

/**
 * One operator, ready to stand in a job. The type parameters are what an editor checks: the columns
 * it reads, the rows it gives, its kind, its key, the columns of a second input. Handles without them fit everywhere; the planner checks.
 */
export interface OperatorHandle<
  In = AnyRow,
  Out = AnyRow,
  Kind extends HandleKind = AnyRow,
  Key = AnyRow,
  Second = AnyRow,
> {
  /** Content hash of the bundle (sha-256, hex), or "builtin". */
  readonly bundle: string;
  /** The operator's name in its bundle. */
  readonly name: string;
  /** What the bundle says of it: kind, columns, parameters. */
  readonly description: OperatorDescription;
  /** Values of its parameters, as the job gives them. */
  readonly parameters: Parameters;
  /** The bundle's file, where the handle knows it: it is uploaded with the job. */
  readonly bytes?: Uint8Array;
  /** What the bundle says of the ProcessWindowFunction that takes the results, where `parameters.processWindow` names one. */
  readonly processWindow?: OperatorDescription;
  /** Never there: it carries the types. */
  readonly "~types"?: {
    readonly reads: (row: In) => void;
    readonly gives: Out;
    readonly kind: Kind;
    readonly key: (key: Key) => void;
    readonly readsSecond: (row: Second) => void;
  };
}

/** What an operator is (`operators[].kind` of a bundle's self-description). */
export type OperatorKind = OperatorDescription["kind"];

/**
 * A bundle that is known by its content hash and self-description.
 *
 *     const words = new Bundle(hash, manifest);
 *     lines.flatMap(words.operator("SplitWords"));
 */
export class Bundle {
  /** Content hash (SHA-256, hex): its id in a cluster. */
  readonly hash: string;
  /** Its self-description: operators, columns, parameters. */
  readonly manifest: Manifest;
  readonly #bytes: Uint8Array | undefined;

  /** Of a bundle that the cluster has. @param bytes Its file, to be uploaded with the jobs that use it. */
  constructor(hash: string, manifest: Manifest, bytes?: Uint8Array) {
    this.hash = hash;
    this.manifest = manifest;
    this.#bytes = bytes;
  }

  /**
   * One of its operators, for a stream's methods: `words.operator("SplitWords", { minLength: 4 })`.
   * @throws MillraceError JOB_UNKNOWN_OPERATOR naming the operators there are.
   */
  operator(name: string, parameters: Parameters = {}): OperatorHandle {
    const description = this.manifest.operators.find((operator) => operator.name === name);
    if (description !== undefined) {
      const given = Object.entries(parameters).map(([key, value]) =>
        // A BIGINT beyond 2^53 travels as a decimal text.
        typeof value === "bigint" ? [key, String(value)] : [key, value],
      );
      const values = Object.fromEntries(given) as Parameters;
      const handle = { bundle: this.hash, name, description, parameters: values };
      return this.#bytes === undefined ? handle : { ...handle, bytes: this.#bytes };
    }
    const message = `Cannot use operator ${name}: bundle ${this.manifest.name} has none of that name`;
    throw new MillraceError("JOB_UNKNOWN_OPERATOR", message, {
      field: "operator.name",
      value: name,
      expected: this.manifest.operators
        .map((operator) => operator.name)
        .filter((known) => !known.startsWith("$"))
        .join(", "),
    });
  }
}

/** One of the engine's own operators. */
export function builtin(name: string, parameters: Parameters = {}): OperatorHandle {
  const operator = builtinOperator(name);
  if (operator === undefined) throw new Error(`Assertion failed: builtin operator ${name}`);
  return { bundle: "builtin", name, description: operator.description, parameters };
}

/** Kinds of operators of one input. */
export type ProcessKind = "process" | "generic" | "map" | "flat_map" | "filter";

/** @throws MillraceError JOB_OPERATOR_KIND */
export function checkKind(operator: OperatorHandle, kinds: readonly OperatorKind[]): void {
  // A handle that the module of handles does not have is undefined where nobody checks types.
  if (typeof operator?.description !== "object") {
    const message = "Cannot use what is given as an operator: it is no operator of a bundle";
    const expected = `a handle of kind ${kinds.join(", ")}`;
    const detail = { field: "operator", value: operator, expected };
    throw new MillraceError("JOB_OPERATOR_KIND", message, detail);
  }
  const { kind } = operator.description;
  if (kinds.includes(kind)) return;
  const message = `Cannot use operator ${operator.name} here: it is of kind ${kind}`;
  const detail = { field: "operator", value: kind, expected: kinds.join(", ") };
  throw new MillraceError("JOB_OPERATOR_KIND", message, detail);
}
