/** From functions of a job file to the source of one bundle. */
import type { OperatorDescription } from "../protocol/manifest.ts";
import type { Schema } from "../protocol/types.ts";
import { aggregateClass } from "./aggregate.ts";
import { bind } from "./assignment.ts";
import type { HelperNode } from "./captured.ts";
import { truthyCode } from "./conversion.ts";
import { checkDepth } from "./depth-check.ts";
import { elementAt } from "./element-access.ts";
import { lowerExpression } from "./expression.ts";
import { emitDirectly } from "./flat-map.ts";
import { Frame, type ReturnTarget } from "./frame.ts";
import { Program, quoted } from "./program.ts";
import { reduceClass } from "./reduce.ts";
import { refuse } from "./refusal.ts";
import { checkWidth, inputClass, isPlain, rowClass, rowType } from "./row-input.ts";
import { outputSchema, refuseRow, widenRow, writeRow } from "./row-output.ts";
import { NUMERIC } from "./runtime-library.ts";
import { lowerBody, mayComplete } from "./statements.ts";
import { api, type ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import type { ValueType } from "./value-type.ts";

/** Kinds of operators that functions become. */
export type InlineKind =
  | "map"
  | "filter"
  | "flat_map"
  | "key_selector"
  | "aggregate"
  | "window_reduce"
  | "reduce";

/** A function, and what it is applied to. */
export interface InlineRequest {
  /** Name of the operator in the bundle. */
  readonly name: string;
  readonly kind: InlineKind;
  readonly input: Schema;
  /** `fn`; of an aggregate: createAccumulator, add, getResult, merge. */
  readonly functions: Readonly<Record<string, HelperNode>>;
  /** Columns that the job declares for the result. */
  readonly returns?: Schema;
  /** Key fields of the stream, for aggregates: these stand in the result already. */
  readonly keys?: readonly string[];
}

export interface GeneratedOperator {
  readonly name: string;
  readonly kind: OperatorDescription["kind"];
  /** Columns that it makes; of a filter those of the input. */
  readonly output: Schema;
}

export interface GeneratedModule {
  /** AssemblyScript against the SDK. */
  readonly text: string;
  readonly operators: readonly GeneratedOperator[];
  /** Places where a length or an index is linear in texts that are not ASCII. */
  readonly linear: readonly string[];
}

/** How the SDK is imported in generated sources. */
const SDK = "millrace/sdk";

/**
 * Types and translates functions; all of them share one module.
 * @param args Arguments of the job, where they are known
 * @throws MillraceError INLINE_*: the construct, its place, the way out
 */
export function generateModule(
  requests: readonly InlineRequest[],
  args?: readonly string[],
): GeneratedModule {
  const program = new Program(args);
  let operators: GeneratedOperator[] = [];
  let classes: string[] = [];
  program.untilStable(() => {
    classes = [];
    operators = requests.map((request, index) => {
      const generated = generateOperator(program, request, index);
      classes.push(generated.text);
      return generated.operator;
    });
  });
  for (const name of ["beginRow", "keepAll", "failed", "failureText"]) program.use(name);
  const base = [
    "AggregateFunction",
    "Collector",
    "FilterFunction",
    "FlatMapFunction",
    "KeySelector",
    "MapFunction",
    "ReduceFunction",
    "Text",
  ];
  const text = [
    `import { ${base.join(", ")} } from "${SDK}";`,
    ...program.imports(SDK),
    ...program.declarations,
    ...program.constants,
    "js_keepAll();",
    ...classes,
    "",
  ].join("\n");
  return { text, operators, linear: [...program.linear].sort() };
}

/** What the text of an operator is made of. */
export interface OperatorNames {
  readonly input: string;
  readonly output: string;
  readonly body: string;
  readonly operator: string;
}

function generateOperator(
  program: Program,
  request: InlineRequest,
  index: number,
): { readonly operator: GeneratedOperator; readonly text: string } {
  const names: OperatorNames = {
    input: `In${index}`,
    output: `Out${index}`,
    body: `body${index}`,
    operator: `Inline${index}`,
  };
  const used = new Set<string>();
  program.rows.set(names.input, { schema: request.input, used });
  if (request.kind === "aggregate") return aggregateClass(program, request, names, used);
  if (request.kind === "reduce" || request.kind === "window_reduce") {
    return reduceClass(program, request, names, used);
  }
  const { fn } = request.functions;
  const made =
    request.kind === "filter" ? filter : request.kind === "flat_map" ? flatMap : rowResult;
  const { frame, method, output } = made(program, request, fn!, names);
  if (output.length === 0 && request.kind !== "filter") {
    const wayOut = "Return one, be it behind an if.";
    program.doubts.push(() => refuse(fn!, "a function that never returns a row", wayOut));
  }
  const parameter = request.kind === "filter" ? "" : `, out: ${outType(request, names)}`;
  const result = request.kind === "filter" ? "bool" : "void";
  program.declarations.push(
    `function ${names.body}(value: ${names.input}${parameter}): ${result} {`,
    ...frame.body(),
    "}",
  );
  const text = [
    inputClass(names.input, inputColumns(request, used), program),
    ...(request.kind === "filter" ? [] : [rowClass(names.output, output)]),
    `@operator(${quoted(request.name)}) class ${names.operator} extends ${method} }`,
  ].join("\n");
  const kind = request.kind as OperatorDescription["kind"];
  return { operator: { name: request.name, kind, output }, text };
}

const outType = (request: InlineRequest, names: OperatorNames): string =>
  request.kind === "flat_map" ? `Collector<${names.output}>` : names.output;

/** The columns of the input that are read; at least one, for a row class has fields. */
export function inputColumns(request: InlineRequest, used: ReadonlySet<string>): Schema {
  const read = request.input.filter((column) => used.has(column.name));
  const [fn] = Object.values(request.functions);
  if (fn !== undefined) checkWidth(read.length, "a function that reads", fn);
  return read.length > 0 ? read : request.input.filter(isPlain).slice(0, 1);
}

interface Made {
  readonly frame: Frame;
  /** The head and the method of the class. */
  readonly method: string;
  readonly output: Schema;
}

/** What begins the row's memory anew; a function of numbers alone needs none. */
export function beginning(program: Program, frame: Frame): string {
  const body = frame.body().join("\n");
  const names = [...body.matchAll(/\bjs_(\w+)/g)].map((match) => match[1]!);
  const numeric = names.every((name) => NUMERIC.has(name)) && !body.includes("$view_");
  const calls = [...program.helpers.values()].some(({ name }) => body.includes(`${name}(`));
  return numeric && !calls ? "" : "js_beginRow();";
}

const CHECK = "if (js_failed()) this.failRow(js_failureText());";

/** Begins the function that runs for each row: its parameters are bound. */
export function begin(
  program: Program,
  key: string,
  fn: HelperNode,
  values: readonly Value[],
  abort: string,
  returns: (frame: Frame) => ReturnTarget,
): Frame {
  checkDepth(fn);
  const isAsync = fn.modifiers?.some((m) => m.kind === api.SyntaxKind.AsyncKeyword) === true;
  if (isAsync) refuse(fn, "an async function", "A row is processed at once.");
  if (fn.asteriskToken !== undefined) refuse(fn, "a generator", "Return an array from flatMap.");
  const frame: Frame = new Frame(program, key, abort, { give: () => undefined });
  frame.returns = returns(frame);
  fn.parameters.forEach((parameter, index) => {
    const value = values[index];
    if (value === undefined || parameter.dotDotDotToken !== undefined) {
      refuse(parameter, "a parameter that is not given", "The function is called with the row.");
    }
    bind(frame, parameter.name, value, false, parameter);
  });
  return frame;
}

/** Lowers the body; what falls off its end returns undefined. */
export function finish(frame: Frame, fn: HelperNode): void {
  const body = fn.body!;
  if (api.isBlock(body)) {
    lowerBody(frame, body);
    if (mayComplete(body)) frame.returns.give(undefined, fn);
  } else if (frame.returns.take?.(body) !== true) {
    frame.returns.give(lowerExpression(frame, body), body);
  }
}

/** The row that a function is called with. */
export function rowValue(program: Program, name: string, code: string, schema: Schema): Value {
  return { code, type: rowType(program, name, schema), stable: true };
}

const NOTHING: ValueType = { kind: "undefined" };

function filter(
  program: Program,
  request: InlineRequest,
  fn: HelperNode,
  names: OperatorNames,
): Made {
  const row = rowValue(program, names.input, "value", request.input);
  const frame = begin(program, names.body, fn, [row], "return false;", (own) => ({
    give: (value, node) => {
      const test = value === undefined ? "false" : truthyCode(own, value, node);
      own.emit(`return ${test};`);
    },
  }));
  finish(frame, fn);
  const keep = `const keep = ${names.body}(value);`;
  const method = [
    `FilterFunction<${names.input}> {`,
    `filter(value: ${names.input}): bool { ${beginning(program, frame)} ${keep}`,
    frame.mayFail ? CHECK : "",
    "return keep; }",
  ].join(" ");
  return { frame, method, output: request.input };
}

/** map and keyBy: a row for each row. */
function rowResult(
  program: Program,
  request: InlineRequest,
  fn: HelperNode,
  names: OperatorNames,
): Made {
  const slot = `${names.body}:row`;
  let output: Schema = [];
  const row = rowValue(program, names.input, "value", request.input);
  const frame = begin(program, names.body, fn, [row], "return;", (own) => ({
    give: (value, node) => {
      const given = keyed(request, value, node);
      const type = widenRow(own, slot, given.type, node);
      output = outputSchema(program, type, request.returns, node);
      if (request.kind === "key_selector") checkKey(output, node);
      writeRow(own, given, output, "out", node);
      own.emit("return;");
    },
  }));
  finish(frame, fn);
  const isKey = request.kind === "key_selector";
  const method = [
    `${isKey ? "KeySelector" : "MapFunction"}<${names.input}, ${names.output}> {`,
    `${isKey ? "getKey" : "map"}(value: ${names.input}, out: ${names.output}): void {`,
    `${beginning(program, frame)} ${names.body}(value, out);`,
    frame.mayFail ? `${CHECK} }` : "}",
  ].join(" ");
  return { frame, method, output };
}

/** Rows are told apart by plain values. */
function checkKey(key: Schema, node: ts.Node): void {
  const wrong = key.find(({ type }) => NO_KEYS.has(type.type));
  if (wrong === undefined) return;
  refuse(
    node,
    `a key that is ${wrong.type.type}`,
    "Key by plain values, such as a field of a ROW or an element of an ARRAY.",
    "INLINE_RETURN_TYPE",
  );
}

const NO_KEYS: ReadonlySet<string> = new Set([
  "ARRAY",
  "BINARY",
  "BYTES",
  "MAP",
  "ROW",
  "VARBINARY",
]);

/** A key that is one value becomes the field `key`. */
function keyed(request: InlineRequest, value: Value | undefined, node: ts.Node): Value {
  if (value === undefined) return refuseRow(node, NOTHING);
  if (request.kind !== "key_selector" || value.type.kind === "object") return value;
  const fields = new Map([["key", value.type]]);
  const type: ValueType = { kind: "object", fields };
  return { code: "", type, stable: value.stable, parts: new Map([["key", value]]) };
}

function flatMap(
  program: Program,
  request: InlineRequest,
  fn: HelperNode,
  names: OperatorNames,
): Made {
  const slot = `${names.body}:row`;
  let output: Schema = [];
  const row = rowValue(program, names.input, "value", request.input);
  const frame = begin(program, names.body, fn, [row], "return;", (own) => {
    const write = (element: Value, node: ts.Node): void => {
      const type = widenRow(own, slot, element.type, node);
      output = outputSchema(program, type, request.returns, node);
      writeRow(own, element, output, "out.row()", node);
      own.emit("out.collect();");
    };
    return {
      take: (node) => emitDirectly(own, node, write),
      give: (value, node) => {
        if (value?.type.kind !== "array") refuseArray(node, value?.type ?? NOTHING);
        emitAll(own, value, node, write);
      },
    };
  });
  finish(frame, fn);
  if (output.length === 0) refuse(fn, "a flatMap that never gives a row", "Use filter.");
  const method = [
    `FlatMapFunction<${names.input}, ${names.output}> {`,
    `flatMap(value: ${names.input}, out: Collector<${names.output}>): void {`,
    `${beginning(program, frame)} ${names.body}(value, out);`,
    frame.mayFail ? `${CHECK} }` : "}",
  ].join(" ");
  return { frame, method, output };
}

function refuseArray(node: ts.Node, type: ValueType): never {
  return refuse(
    node,
    `a flatMap that returns ${type.kind}`,
    "Return an array of rows: `[{ word }]`.",
    "INLINE_RETURN_TYPE",
  );
}

/** Rows leave only if the whole array is there: a row that fails gives none. */
function emitAll(
  frame: Frame,
  array: Value,
  node: ts.Node,
  write: (element: Value, node: ts.Node) => void,
): void {
  const held = frame.held(array);
  if ((held.type as Extract<ValueType, { kind: "array" }>).cell.type.kind !== "never") {
    if (frame.mayFail) frame.emit(`if (${frame.call("failed")}) return;`);
    const index = frame.program.fresh("i");
    frame.emit(`for (let ${index} = 0; ${index} < ${held.code}.length; ${index}++) {`);
    write(frame.held(elementAt(held, index), "element"), node);
    frame.emit("}");
  }
  frame.emit("return;");
}
