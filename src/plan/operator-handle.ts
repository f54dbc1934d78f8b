/** Operators as the DataStream builder takes them: a bundle's operator with its parameters. */
import { MillraceError } from "../protocol/errors.ts";
import type { Manifest, OperatorDescription } from "../protocol/manifest.ts";
import { builtinOperator } from "./builtin-operators.ts";

/** Values of an operator's parameters. */
export type Parameters = Readonly<Record<string, unknown>>;

/** One operator, ready to stand in a job. */
export interface OperatorHandle {
  /** Content hash of the bundle (sha-256, hex), or "builtin". */
  readonly bundle: string;
  readonly name: string;
  readonly description: OperatorDescription;
  readonly parameters: Parameters;
}

/**
 * A bundle that is known by its content hash and self-description.
 *
 *     const words = new Bundle(hash, manifest);
 *     lines.flatMap(words.operator("SplitWords"));
 */
export class Bundle {
  readonly hash: string;
  readonly manifest: Manifest;

  constructor(hash: string, manifest: Manifest) {
    this.hash = hash;
    this.manifest = manifest;
  }

  /** @throws MillraceError JOB_UNKNOWN_OPERATOR naming the operators there are. */
  operator(name: string, parameters: Parameters = {}): OperatorHandle {
    const description = this.manifest.operators.find((operator) => operator.name === name);
    if (description !== undefined) return { bundle: this.hash, name, description, parameters };
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
