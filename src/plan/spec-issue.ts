/** Paths of fields in a job spec, and zod's issues as errors that name them. */
import type { z } from "zod";
import { MillraceError } from "../protocol/errors.ts";
import type { JobSpecInput } from "./job-spec.ts";

/** `vertices[2].outputs[0].name`. */
export function bracketPath(prefix: string, path: readonly PropertyKey[]): string {
  let text = prefix;
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else text += text === "" ? String(part) : `.${String(part)}`;
  }
  return text;
}

/** The value at a path, or undefined. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

/** An issue that lies deepest in a union's alternatives says more than the union's own. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const inner = issue.errors.flat().map(deepest);
  const first = inner.sort((a, b) => b.path.length - a.path.length)[0];
  return first === undefined ? issue : { ...first, path: [...issue.path, ...first.path] };
}

/** What would be right, without what is said already. */
function expectedOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return issue.expected;
  if (issue.code === "too_small" && issue.origin === "array") return `at least ${issue.minimum}`;
  return issue.message.replace(/^Invalid input: expected /, "");
}

/**
 * An error of the planner, which says a path of the job spec, for who has written no job spec: it also
 * names the operators there as the job's builder knows them.
 */
export function withVertexNames(error: MillraceError, spec: JobSpecInput): MillraceError {
  const [, list, index] = /^(vertices|edges)\[(\d+)\]/.exec(error.field ?? "") ?? [];
  const at = Number(index);
  let names = "";
  if (list === "vertices") names = vertexName(spec, spec.vertices[at]?.id);
  if (list === "edges") {
    const edge = spec.edges?.[at];
    names = `${vertexName(spec, edge?.from)} -> ${vertexName(spec, edge?.to)}`;
  }
  if (names === "") return error;
  const { code, message, ...detail } = error.toBody();
  return new MillraceError(code, `${message} (at ${names})`, { ...detail, cause: error });
}

function vertexName(spec: JobSpecInput, id: string | undefined): string {
  const vertex = spec.vertices.find((other) => other.id === id);
  return vertex?.name === undefined ? (id ?? "") : `${vertex.id} "${vertex.name}"`;
}

/** JOB_SPEC_INVALID for the first issue of a job spec. */
export function specIssue(spec: unknown, error: z.ZodError): MillraceError {
  const issue = deepest(error.issues[0]!);
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0]! : undefined;
  const path = unknown === undefined ? issue.path : [...issue.path, unknown];
  const field = bracketPath("", path);
  const message = `Cannot read job spec: ${field === "" ? "" : `${field}: `}${issue.message}`;
  const value = valueAt(spec, path);
  const detail = { field, expected: expectedOf(issue) };
  return new MillraceError(
    "JOB_SPEC_INVALID",
    message,
    value === undefined ? detail : { ...detail, value },
  );
}
