/** `@parameter` fields of operators: what a job may set, and reading it when the operator opens. */
import type { OperatorDescription } from "../protocol/manifest.ts";
import type { BuildProblem } from "./problem.ts";
import { type ClassSyntax, type FieldSyntax, placeIn, typeText } from "./syntax.ts";
import { replacing, type TextEdit } from "./text-edit.ts";

type Parameter = OperatorDescription["parameters"][number];
type Default = Parameter["default"];

interface ParameterType {
  readonly sql: Parameter["type"];
  /** Initial value where the author gives none; such a parameter must be set by the job. */
  readonly empty: string;
  /** Code that reads the value from a JsonValue. */
  readonly read: (json: string) => string;
  /** The default that an initial value stands for, or undefined if it is no literal. */
  readonly literal: (text: string) => Default;
}

const integer = (text: string): Default => {
  if (!/^-?\d[\d_]*$/.test(text)) return undefined;
  const value = Number(text.replaceAll("_", ""));
  // Beyond 2^53 a JSON number would lose digits.
  return Number.isSafeInteger(value) ? value : text.replaceAll("_", "");
};
const decimal = (text: string): Default => {
  const value = Number(text.replaceAll("_", ""));
  return Number.isFinite(value) ? value : undefined;
};
const quoted = (text: string): Default => {
  const match = /^(?:Text\.of\()?(["'])((?:(?!\1|\\).)*)\1\)?$/.exec(text);
  return match?.[2];
};
const truth = (text: string): Default => {
  return text === "true" || text === "false" ? text === "true" : undefined;
};

const TYPES: Readonly<Record<string, ParameterType>> = {
  bool: { sql: "BOOLEAN", empty: "false", read: (j) => `${j}.bool(false)`, literal: truth },
  i32: { sql: "INT", empty: "0", read: (j) => `${j}.int(0)`, literal: integer },
  i64: { sql: "BIGINT", empty: "0", read: (j) => `${j}.long(0)`, literal: integer },
  f64: { sql: "DOUBLE", empty: "0", read: (j) => `${j}.double(0)`, literal: decimal },
  string: { sql: "STRING", empty: '""', read: (j) => `${j}.string("")`, literal: quoted },
  Text: {
    sql: "STRING",
    empty: '__Text.of("")',
    read: (j) => `__Text.of(${j}.string(""))`,
    literal: quoted,
  },
};

/** The parameters of an operator class, and the edits that make them work. */
export function readParameters(
  operator: ClassSyntax,
  problems: BuildProblem[],
): { parameters: Parameter[]; edits: TextEdit[] } {
  const parameters: Parameter[] = [];
  const edits: TextEdit[] = [];
  const reads: string[] = [];
  for (const field of operator.fields) {
    const decorator = field.decorators.find((d) => d.name === "parameter");
    if (decorator === undefined) continue;
    const parameter = readParameter(operator, field, problems);
    if (parameter === undefined) continue;
    parameters.push(parameter);
    const { text } = operator.file;
    edits.push(replacing(text, decorator.start, decorator.end, ""));
    const type = TYPES[field.type!.name]!;
    if (field.initializer === undefined) {
      const at = field.declarationEnd;
      edits.push({ start: at, end: at, text: ` = ${type.empty}` });
    }
    const json = `json.get(${JSON.stringify(field.name)})`;
    reads.push(`if (!${json}.isNull()) this.${field.name} = ${type.read(json)};`);
  }
  if (reads.length > 0) {
    const text = ` __configure(json: __JsonValue): void { ${reads.join(" ")} } `;
    edits.push({ start: operator.bodyEnd, end: operator.bodyEnd, text });
  }
  return { parameters, edits };
}

function readParameter(
  operator: ClassSyntax,
  field: FieldSyntax,
  problems: BuildProblem[],
): Parameter | undefined {
  const place = placeIn(operator.file, field.start);
  const name = field.type && !field.type.nullable ? field.type.name : "";
  const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  if (type === undefined) {
    const written = field.type ? typeText(field.type) : "no type";
    const message = `parameter ${field.name} has the unsupported type ${written}`;
    const remedy =
      `Parameters are ${Object.keys(TYPES).join(", ")}. ` +
      "A list or an object travels as a text that `open` takes apart.";
    problems.push({ place, message, remedy });
    return undefined;
  }
  if (field.initializer === undefined) return { name: field.name, type: type.sql };
  const value = type.literal(field.initializer);
  if (value === undefined) {
    const message = `the default of parameter ${field.name} is no literal: ${field.initializer}`;
    problems.push({
      place,
      message,
      remedy: "Write the value itself: jobs are checked against it.",
    });
    return undefined;
  }
  return { name: field.name, type: type.sql, default: value };
}
