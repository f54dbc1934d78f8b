/** From an operator reference of a job spec to its description and checked parameters. */
import type { z } from "zod";
import { MillraceError } from "../protocol/errors.ts";
import type { Manifest, OperatorDescription } from "../protocol/manifest.ts";
import { asyncParameterSchema } from "./async-parameters.ts";
import {
  type BuiltinOperator,
  builtinOperator,
  builtinOperatorNames,
} from "./builtin-operators.ts";
import type { VertexSpec } from "./job-spec.ts";
import { bracketPath, valueAt } from "./spec-issue.ts";
import { windowParameters } from "./window-parameters.ts";

/** Self-description of an uploaded bundle by its content hash; undefined: not uploaded. */
export type ManifestLookup = (bundle: string) => Pick<Manifest, "operators"> | undefined;

type OperatorReference = VertexSpec["operator"];
type Parameters = Record<string, unknown>;

/** An operator that was found, with its parameters checked and defaults filled in. */
export interface FoundOperator {
  readonly bundle: string;
  readonly name: string;
  readonly description: OperatorDescription;
  readonly parameters: Readonly<Parameters>;
  /** Present for the engine's own operators. */
  readonly builtin: BuiltinOperator | undefined;
}

/**
 * @throws MillraceError JOB_UNKNOWN_BUNDLE, JOB_UNKNOWN_OPERATOR, JOB_PARAMETER_UNKNOWN,
 *   JOB_PARAMETER_MISSING, JOB_PARAMETER_INVALID with the path below `field`.
 */
export function findOperator(
  reference: OperatorReference,
  manifestOf: ManifestLookup,
  field: string,
): FoundOperator {
  const { bundle, name } = reference;
  const at = `${field}.parameters`;
  if (bundle === "builtin") {
    const found = builtinOperator(name);
    if (found === undefined) throw unknownOperator(bundle, name, builtinOperatorNames(), field);
    const parameters = parseParameters(name, found.parameters, reference.parameters, at);
    const description = unkeyedAll(found.description, parameters);
    return { bundle, name, description, parameters, builtin: found };
  }
  const manifest = manifestOf(bundle);
  if (manifest === undefined) {
    throw new MillraceError("JOB_UNKNOWN_BUNDLE", `Cannot find bundle ${bundle}: not uploaded`, {
      field: `${field}.bundle`,
      value: bundle,
      expected: "the content hash of an uploaded bundle, or builtin",
    });
  }
  const description = manifest.operators.find((operator) => operator.name === name);
  if (description === undefined || name.startsWith("$")) {
    const names = manifest.operators.map((operator) => operator.name);
    throw unknownOperator(bundle, name, names, field);
  }
  const parameters = checkParameters(description, reference.parameters, at);
  return {
    bundle,
    name,
    description: unkeyedAll(description, parameters),
    parameters,
    builtin: undefined,
  };
}

/** Windows over the whole stream take a stream without a key. */
function unkeyedAll(description: OperatorDescription, parameters: Parameters): OperatorDescription {
  if (parameters.all !== true) return description;
  const inputs = description.inputs.map((input) => ({ ...input, keyed: false }));
  return { ...description, inputs };
}

function unknownOperator(
  bundle: string,
  name: string,
  names: readonly string[],
  field: string,
): MillraceError {
  const message = `Cannot find operator ${name}: bundle ${bundle} has none of that name`;
  const expected = names.filter((known) => !known.startsWith("$")).join(", ");
  const detail = { field: `${field}.name`, value: name, expected };
  return new MillraceError("JOB_UNKNOWN_OPERATOR", message, detail);
}

function parseParameters(
  operator: string,
  schema: z.ZodType<Parameters>,
  given: Parameters,
  at: string,
): Parameters {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0]!;
    const known = "shape" in schema ? Object.keys(schema.shape as object) : [];
    const expected = issue.path.length === 0 ? known.join(", ") : issue.message;
    throw parameterError("UNKNOWN", operator, bracketPath(at, [...issue.path, key]), key, expected);
  }
  const value = valueAt(given, issue.path);
  const what = value === undefined ? "MISSING" : "INVALID";
  throw parameterError(what, operator, bracketPath(at, issue.path), value, issue.message);
}

function parameterError(
  what: "UNKNOWN" | "MISSING" | "INVALID",
  operator: string,
  field: string,
  value: unknown,
  expected: string,
): MillraceError {
  const states = { UNKNOWN: "is unknown", MISSING: "is missing", INVALID: "has a wrong value" };
  const message = `Cannot configure ${operator}: parameter ${field} ${states[what]}`;
  const detail = value === undefined ? { field, expected } : { field, value, expected };
  return new MillraceError(`JOB_PARAMETER_${what}`, message, detail);
}

function checkParameters(
  description: OperatorDescription,
  given: Parameters,
  at: string,
): Parameters {
  const checked: Parameters = {};
  const engine = ENGINE_PARAMETERS[description.kind] ?? {};
  Object.assign(checked, checkEngine(engine, description.name, given, at));
  const declared = new Map(description.parameters.map((parameter) => [parameter.name, parameter]));
  for (const name of Object.keys(given)) {
    if (declared.has(name) || Object.hasOwn(engine, name)) continue;
    const known = [...declared.keys()].join(", ");
    const expected = known === "" ? "no parameters" : known;
    throw parameterError("UNKNOWN", description.name, `${at}.${name}`, name, expected);
  }
  for (const parameter of description.parameters) {
    const value = given[parameter.name] ?? parameter.default;
    const field = `${at}.${parameter.name}`;
    if (value === undefined) {
      throw parameterError("MISSING", description.name, field, undefined, parameter.type);
    }
    if (!fits(value, parameter.type)) {
      throw parameterError("INVALID", description.name, field, value, EXPECTED[parameter.type]);
    }
    checked[parameter.name] = value;
  }
  return checked;
}

type Schemas = Readonly<Record<string, z.ZodType>>;

/** What the engine's part of an operator takes beside the author's own parameters: its window, how it waits. */
const ENGINE_PARAMETERS: Partial<Record<OperatorDescription["kind"], Schemas>> = {
  aggregate: windowParameters,
  process_window: windowParameters,
  async: { async: asyncParameterSchema },
};

function checkEngine(
  schemas: Schemas,
  operator: string,
  given: Parameters,
  at: string,
): Parameters {
  const checkedOnes: Parameters = {};
  for (const [name, schema] of Object.entries(schemas)) {
    const result = schema.safeParse(given[name]);
    if (result.success) {
      if (result.data !== undefined) checkedOnes[name] = result.data;
      continue;
    }
    const issue = result.error.issues[0]!;
    const value = valueAt(given, [name, ...issue.path]);
    const what = value === undefined ? "MISSING" : "INVALID";
    const path = bracketPath(at, [name, ...issue.path]);
    throw parameterError(what, operator, path, value, issue.message);
  }
  return checkedOnes;
}

type ParameterType = OperatorDescription["parameters"][number]["type"];
const EXPECTED: Readonly<Record<ParameterType, string>> = {
  BOOLEAN: "true or false",
  INT: "a whole number of 32 bits",
  BIGINT: "a whole number of 64 bits; beyond 2^53 as a decimal string",
  DOUBLE: "a number",
  STRING: "a text",
  OBJECT: "a JSON object",
  ARRAY: "a JSON array",
};
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;

function fits(value: unknown, type: ParameterType): boolean {
  switch (type) {
    case "BOOLEAN":
      return typeof value === "boolean";
    case "INT":
      return typeof value === "number" && (value | 0) === value;
    case "BIGINT": {
      if (typeof value === "number") return Number.isSafeInteger(value);
      if (typeof value !== "string" || !/^-?\d{1,19}$/.test(value)) return false;
      const long = BigInt(value);
      return long >= LONG_MIN && long <= LONG_MAX;
    }
    case "DOUBLE":
      return typeof value === "number" && Number.isFinite(value);
    case "STRING":
      return typeof value === "string";
    case "OBJECT":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "ARRAY":
      return Array.isArray(value);
  }
}
