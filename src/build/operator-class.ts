/** `@operator` classes: their self-description, and the code that registers them. */
import type { OperatorDescription } from "../protocol/manifest.ts";
import type { ChangeMode, Schema } from "../protocol/types.ts";
import { accumulatorSchema } from "./accumulator-class.ts";
import { readEndpoints } from "./http-decorator.ts";
import { type MethodRule, OPERATOR_KINDS, type OperatorKind } from "./operator-kinds.ts";
import { readParameters } from "./parameter-field.ts";
import type { BuildProblem } from "./problem.ts";
import { rowFields, rowSchema } from "./row-class.ts";
import type { SourceTree } from "./source-tree.ts";
import { readStates } from "./state-field.ts";
import { type ClassSyntax, type DecoratorSyntax, placeIn, typeText } from "./syntax.ts";
import type { TextEdit } from "./text-edit.ts";

/** Prefix of the generated functions that make an operator. */
export const FACTORY_PREFIX = "__millraceOperator";

/** An operator class that was understood. */
export interface OperatorClass {
  readonly syntax: ClassSyntax;
  readonly description: OperatorDescription;
  readonly edits: readonly TextEdit[];
}

type Operand = OperatorDescription["inputs"][number];
type Accepted = Operand["accepts"][number];
const ACCEPTED: readonly Accepted[] = ["insert-only", "retract", "upsert"];
const DECORATORS = ["operator", "accepts", "emits", "http", "sideOutput"];

/** Reads an operator class; undefined after complaining. */
export function readOperator(
  operator: ClassSyntax,
  tree: SourceTree,
  problems: BuildProblem[],
): OperatorClass | undefined {
  const complain = (offset: number, message: string, remedy: string): undefined => {
    problems.push({ place: placeIn(operator.file, offset), message, remedy });
    return undefined;
  };
  const bases = OPERATOR_KINDS.map((kind) => kind.base).join(", ");
  if (operator.isGeneric || operator.isAbstract) {
    const message = `operator ${operator.name} is abstract or has type parameters`;
    return complain(operator.start, message, "Put @operator on a class of its own for each use.");
  }
  const kind = OPERATOR_KINDS.find((k) => operator.base && tree.isSdkName(operator, k.base));
  if (kind === undefined) {
    const message = `operator ${operator.name} extends no function of the SDK`;
    return complain(operator.start, message, `Extend one of ${bases} from "millrace/sdk".`);
  }
  const base = operator.base!;
  if (base.typeArguments.length !== kind.roles.length) {
    const wanted = `${kind.base}<${kind.roles.map(roleName).join(", ")}>`;
    const message = `operator ${operator.name} extends ${typeText(base)}`;
    return complain(operator.start, message, `Write ${wanted} with your classes.`);
  }
  for (const decorator of operator.decorators) {
    if (DECORATORS.includes(decorator.name)) continue;
    const message = `operator ${operator.name}: unknown @${decorator.name}`;
    complain(decorator.start, message, `Use ${DECORATORS.map((name) => `@${name}`).join(", ")}.`);
  }
  checkMethods(operator, kind, problems);
  const { parameters, edits } = readParameters(operator, problems);
  const streams = readStreams(operator, kind, tree, problems);
  const http = readEndpoints(operator, kind, problems);
  const own = readStates(operator, kind, tree, problems);
  const name = operator.decorators.find((d) => d.name === "operator")?.values[0];
  const place = placeIn(operator.file, operator.nameEnd);
  return {
    syntax: operator,
    edits: [...edits, ...own.edits, ...timerEdits(operator, kind), factoryEdit(operator, kind)],
    description: {
      name: typeof name === "string" ? name : operator.name,
      kind: kind.kind,
      ...streams,
      states: [...streams.states, ...own.states],
      parameters,
      ...(http.length === 0 ? {} : { http }),
      source: { file: place.file, line: place.line },
      ...(operator.doc === undefined || operator.doc === "" ? {} : { doc: operator.doc }),
    },
  };
}

/** The `$exchange` operator that ends every bundle. */
export const EXCHANGE_DESCRIPTION: OperatorDescription = {
  name: "$exchange",
  kind: "exchange",
  inputs: [{ schema: "any", accepts: [...ACCEPTED], keyed: false }],
  outputs: [],
  parameters: [{ name: "partitioner", type: "STRING", default: "forward" }],
  states: [],
};

/** Keys of a function without onTimer() need no room for timers in their entries. */
function timerEdits(operator: ClassSyntax, kind: OperatorKind): TextEdit[] {
  if (kind.timers !== true || operator.methods.some(({ name }) => name === "onTimer")) return [];
  const { bodyEnd } = operator;
  return [{ start: bodyEnd, end: bodyEnd, text: " __usesTimers(): bool { return false; } " }];
}

function factoryEdit(operator: ClassSyntax, kind: OperatorKind): TextEdit {
  const list = [operator.name, ...operator.base!.typeArguments.map(typeText)].join(", ");
  const end = operator.file.text.length;
  const text =
    `\nexport function ${FACTORY_PREFIX}${operator.name}(): __Operator { ` +
    `return new __${kind.runner}<${list}>(); }`;
  return { start: end, end, text };
}

function roleName(role: string): string {
  return role[0]!.toUpperCase() + role.slice(1);
}

function checkMethods(operator: ClassSyntax, kind: OperatorKind, problems: BuildProblem[]): void {
  const written = operator.base!.typeArguments.map(typeText);
  const fill = (type: string): string =>
    kind.roles.reduce((text, role, i) => text.replace(`$${role}`, written[i]!), type);
  const timer = operator.methods.find((method) => method.name === "onTimer");
  if (timer !== undefined && kind.timers !== true) {
    problems.push({
      place: placeIn(operator.file, timer.start),
      message: `operator ${operator.name} has onTimer(), but ${kind.base} has no timers`,
      remedy: "Extend KeyedProcessFunction, and key the stream with keyBy().",
    });
  }
  for (const rule of kind.method) {
    const wanted = signatureText(rule.name, rule.parameters.map(fill), fill(rule.returns));
    const found = operator.methods.find((method) => method.name === rule.name);
    if (found === undefined) {
      problems.push({
        place: placeIn(operator.file, operator.start),
        message: `operator ${operator.name} has no method ${rule.name}`,
        remedy: `Write ${wanted}.`,
      });
      continue;
    }
    if (fits(rule, fill, found.parameters.map(typeText), typeText(found.returns))) continue;
    const is = signatureText(rule.name, found.parameters.map(typeText), typeText(found.returns));
    problems.push({
      place: placeIn(operator.file, found.start),
      message: `operator ${operator.name} has ${is}`,
      remedy: `Write ${wanted}.`,
    });
  }
}

function fits(
  rule: MethodRule,
  fill: (type: string) => string,
  parameters: readonly string[],
  returns: string,
): boolean {
  const same = returns === fill(rule.returns) || (rule.returns === "bool" && returns === "boolean");
  if (!same || parameters.length !== rule.parameters.length) return false;
  // An import may rename a type of the SDK; the compiler checks those.
  return rule.parameters.every((type, i) => !type.includes("$") || fill(type) === parameters[i]);
}

function signatureText(name: string, types: readonly string[], returns: string): string {
  return `${name}(${types.join(", ")}): ${returns}`;
}

function readStreams(
  operator: ClassSyntax,
  kind: OperatorKind,
  tree: SourceTree,
  problems: BuildProblem[],
): Pick<OperatorDescription, "inputs" | "outputs" | "states"> {
  const schemas = new Map<string, Schema>();
  const states: OperatorDescription["states"] = [];
  kind.roles.forEach((role, index) => {
    const decorator = role === "accumulator" ? "accumulator" : "row";
    const type = operator.base!.typeArguments[index]!;
    const found = demandClass(operator, type.name, decorator, tree, problems);
    if (found === undefined) return;
    if (role === "accumulator") {
      const schema = accumulatorSchema(
        found,
        [],
      ) as OperatorDescription["states"][number]["schema"];
      states.push({ name: "accumulator", type: "aggregating", version: 1, schema });
    } else schemas.set(role, rowSchema(rowFields(found, [])));
  });
  const emits = readEmits(operator, problems);
  const output = (name: string, schema: Schema | "same"): OperatorDescription["outputs"][number] =>
    ({ name, schema, emits }) as OperatorDescription["outputs"][number];
  const accepts = readAccepts(operator, problems);
  const inputs = kind.roles.includes("in")
    ? [{ schema: schemas.get("in") ?? [], accepts, keyed: kind.keyed } as Operand]
    : [];
  const key = kind.keyed ? schemas.get("key") : undefined;
  if (key !== undefined) Object.assign(inputs[0]!, { key });
  if (kind.second !== undefined) {
    const second = { schema: schemas.get("second") ?? [], accepts };
    const role = {
      keyed: { keyed: true, key },
      broadcast: { keyed: false, broadcast: true },
      plain: { keyed: false },
    }[kind.second];
    inputs.push({ ...second, ...role } as Operand);
  }
  const outputs: OperatorDescription["outputs"] = [];
  if (kind.kind === "filter" || kind.kind === "watermark_strategy")
    outputs.push(output("main", "same"));
  else if (kind.kind === "sink") outputs.push(output("main", RECORD_SCHEMA));
  else if (kind.kind !== "exchange") {
    outputs.push(output("main", schemas.get("out") ?? schemas.get("key") ?? []));
  }
  for (const decorator of operator.decorators) {
    if (decorator.name !== "sideOutput") continue;
    if (kind.kind === "async") {
      const message = `operator ${operator.name} has @sideOutput: an AsyncFunction has none`;
      const remedy =
        "Remove it, and put a ProcessFunction behind the function that divides its results.";
      problems.push({ place: placeIn(operator.file, decorator.start), message, remedy });
      continue;
    }
    const [name, row] = decorator.values;
    const found = demandClass(operator, String(row), "row", tree, problems);
    if (found) outputs.push(output(String(name), rowSchema(rowFields(found, []))));
  }
  return { inputs, outputs, states };
}

/** What a sink's encoder gives to its connector. */
const RECORD_SCHEMA: Schema = [{ name: "record", type: { type: "STRING", nullable: false } }];

function demandClass(
  operator: ClassSyntax,
  name: string,
  decorator: "row" | "accumulator",
  tree: SourceTree,
  problems: BuildProblem[],
): ClassSyntax | undefined {
  const found = tree.findClass(operator.file, name);
  if (found?.decorators.some((d) => d.name === decorator)) return found;
  problems.push({
    place: placeIn(operator.file, operator.start),
    message: found
      ? `operator ${operator.name}: class ${name} has no @${decorator}`
      : `operator ${operator.name}: there is no class ${name}`,
    remedy: found
      ? `Put @${decorator} on ${name} (${found.file.path}).`
      : `Declare \`@${decorator} class ${name} { ... }\`, or import it.`,
  });
  return undefined;
}

function readAccepts(operator: ClassSyntax, problems: BuildProblem[]): Accepted[] {
  const decorator = operator.decorators.find((d) => d.name === "accepts");
  if (decorator === undefined) return ["insert-only"];
  const modes = decorator.values.filter((v): v is Accepted => ACCEPTED.includes(v as Accepted));
  if (modes.length === 0 || modes.length !== decorator.values.length) {
    wrongModes(operator, decorator, problems);
    return ["insert-only"];
  }
  return modes;
}

function readEmits(operator: ClassSyntax, problems: BuildProblem[]): ChangeMode {
  const decorator = operator.decorators.find((d) => d.name === "emits");
  const [mode, ...key] = (decorator?.values ?? ["insert-only"]).map(String);
  if (mode === "insert-only" || mode === "retract") return { mode };
  if (mode === "upsert" && key.length > 0) return { mode, key };
  wrongModes(operator, decorator!, problems);
  return { mode: "insert-only" };
}

function wrongModes(
  operator: ClassSyntax,
  decorator: DecoratorSyntax,
  problems: BuildProblem[],
): void {
  problems.push({
    place: placeIn(operator.file, decorator.start),
    message: `@${decorator.name}(${decorator.values.join(", ")}) of operator ${operator.name}`,
    remedy:
      'Modes are "insert-only", "retract", "upsert"; @emits("upsert", "field", ...) has a key.',
  });
}
