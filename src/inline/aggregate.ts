/** Aggregates and reduce over windows: functions that give a new accumulator become stores into it. */
import type { Schema } from "../protocol/types.ts";
import type { HelperNode } from "./captured.ts";
import { cannotMeet, coerce, partOf } from "./conversion.ts";
import type { Frame, ReturnTarget } from "./frame.ts";
import {
  begin,
  finish,
  type GeneratedOperator,
  type InlineRequest,
  inputColumns,
  type OperatorNames,
  rowValue,
} from "./functions.ts";
import { fieldName, type Program, quoted } from "./program.ts";
import { refuse } from "./refusal.ts";
import { inputClass, readColumn, rowClass } from "./row-input.ts";
import { outputSchema, refuseRow, widenRow, writeRow } from "./row-output.ts";
import type { ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { BIGINT, BOOLEAN, type Fields, NUMBER, typeText, type ValueType } from "./value-type.ts";

interface Generated {
  readonly operator: GeneratedOperator;
  readonly text: string;
}

/** Failing inside of an aggregate ends the task: a row may be refused only before it is added. */
const CHECK = "if (js_failed()) throw new Error(js_failureText());";
const STARTED = "started";

export function aggregateClass(
  program: Program,
  request: InlineRequest,
  names: OperatorNames,
  used: ReadonlySet<string>,
): Generated {
  return request.kind === "reduce"
    ? reduceClass(program, request, names, used)
    : functionsClass(program, request, names, used);
}

/** What an accumulator may hold: it lies in the window's state. */
function stateType(name: string, type: ValueType, node: ts.Node): ValueType {
  if (type.kind === "number") return NUMBER;
  if (type.kind === "bigint") return BIGINT;
  if (type.kind === "boolean") return BOOLEAN;
  return refuse(
    node,
    `the accumulator's field ${name} is ${typeText(type)}`,
    "Accumulators hold numbers, bigints and booleans; fields of the key stand in the result already.",
    "INLINE_ACCUMULATOR",
  );
}

/** The accumulator as the functions see it. */
function accumulatorValue(fields: Fields, code: string): Value {
  const parts = new Map<string, Value>();
  for (const [name, type] of fields) {
    parts.set(name, { code: `${code}.${fieldName(name)}`, type, stable: true });
  }
  return { code: "", type: { kind: "object", fields }, stable: true, parts };
}

/** Stores a new accumulator: all of it is computed before any of it is changed. */
function storing(
  slot: string,
  skip: ReadonlySet<string> = new Set(),
): (frame: Frame) => ReturnTarget {
  return (frame) => ({
    give: (value, node) => {
      if (value?.type.kind !== "object")
        return refuseRow(node, value?.type ?? { kind: "undefined" });
      const fields = widenState(frame, slot, value, node, skip);
      const stores = [...fields].map(([name, type]) => {
        const code = coerce(frame, partOf(frame, value, name), type, node);
        return `acc.${fieldName(name)} = ${frame.hold(code, type, name)};`;
      });
      frame.emitAll(stores);
      frame.emit("return;");
    },
  });
}

function widenState(
  frame: Frame,
  slot: string,
  value: Value,
  node: ts.Node,
  skip: ReadonlySet<string>,
): Fields {
  const given = new Map<string, ValueType>();
  for (const [name, type] of (value.type as { fields: Fields }).fields) {
    if (!skip.has(name)) given.set(name, stateType(name, type, node));
  }
  const joined = frame.program.widen(slot, { kind: "object", fields: given });
  if (joined?.kind !== "object") return cannotMeet(node, frame.program.known(slot)!, value.type);
  for (const [name, type] of joined.fields) stateType(name, type, node);
  return joined.fields;
}

function declare(program: Program, name: string, parameters: string, frame: Frame): void {
  program.declarations.push(`function ${name}(${parameters}): void {`, ...frame.body(), "}");
}

const stateOf = (program: Program, slot: string): Fields => {
  const known = program.known(slot);
  return known?.kind === "object" ? known.fields : new Map();
};

function accumulatorText(program: Program, name: string, fields: Fields, extra: string): string {
  const members = [...fields].map(
    ([field, type]) => `${fieldName(field)}: ${program.native(type)};`,
  );
  return `@accumulator class ${name} { ${members.join(" ")}${extra} }`;
}

function functionsClass(
  program: Program,
  request: InlineRequest,
  names: OperatorNames,
  used: ReadonlySet<string>,
): Generated {
  const { createAccumulator, add, getResult, merge } = request.functions;
  const slot = `${names.body}:accumulator`;
  const acc = `Acc${names.input.slice(2)}`;
  const part = (fn: HelperNode, suffix: string, values: readonly Value[], parameters: string) => {
    const frame = begin(program, `${names.body}:${suffix}`, fn, values, "return;", storing(slot));
    finish(frame, fn);
    declare(program, `${names.body}_${suffix}`, parameters, frame);
  };
  part(createAccumulator!, "create", [], `acc: ${acc}`);
  const state = () => accumulatorValue(stateOf(program, slot), "acc");
  const row = rowValue(program, names.input, "value", request.input);
  part(add!, "add", [row, state()], `value: ${names.input}, acc: ${acc}`);
  if (merge !== undefined) {
    const other = accumulatorValue(stateOf(program, slot), "other");
    part(merge, "merge", [state(), other], `acc: ${acc}, other: ${acc}`);
  }
  const output = resultBody(program, request, names, getResult!, state(), acc);
  const merging = merge === undefined ? "" : mergeMethod(names, acc);
  const text = [
    inputClass(names.input, inputColumns(request, used), program),
    rowClass(names.output, output),
    accumulatorText(program, acc, stateOf(program, slot), ""),
    `@operator(${quoted(request.name)}) class ${names.operator} extends AggregateFunction<${names.input}, ${acc}, ${names.output}> {`,
    `createAccumulator(acc: ${acc}): void { js_beginRow(); ${names.body}_create(acc); ${CHECK} }`,
    `add(value: ${names.input}, acc: ${acc}): void { js_beginRow(); ${names.body}_add(value, acc); ${CHECK} }`,
    merging,
    `getResult(acc: ${acc}, out: ${names.output}): void { js_beginRow(); ${names.body}_result(acc, out); ${CHECK} }`,
    "}",
  ].join("\n");
  return { operator: { name: request.name, kind: "aggregate", output }, text };
}

function mergeMethod(names: OperatorNames, acc: string): string {
  return `merge(acc: ${acc}, other: ${acc}): void { js_beginRow(); ${names.body}_merge(acc, other); ${CHECK} }`;
}

function resultBody(
  program: Program,
  request: InlineRequest,
  names: OperatorNames,
  fn: HelperNode,
  state: Value,
  acc: string,
): Schema {
  const slot = `${names.body}:row`;
  let output: Schema = [];
  const frame = begin(program, `${names.body}:result`, fn, [state], "return;", (own) => ({
    give: (value, node) => {
      if (value === undefined) return refuseRow(node, { kind: "undefined" });
      const type = widenRow(own, slot, value.type, node);
      output = outputSchema(program, type, request.returns, node);
      writeRow(own, value, output, "out", node);
      own.emit("return;");
    },
  }));
  finish(frame, fn);
  declare(program, `${names.body}_result`, `acc: ${acc}, out: ${names.output}`, frame);
  return output;
}

function reduceClass(
  program: Program,
  request: InlineRequest,
  names: OperatorNames,
  used: ReadonlySet<string>,
): Generated {
  const { fn } = request.functions;
  const keys = new Set(request.keys ?? []);
  const slot = `${names.body}:accumulator`;
  const acc = `Acc${names.input.slice(2)}`;
  const row = rowValue(program, names.input, "value", request.input);
  const reduced = reducedRow(program, request, names, slot, keys);
  const frame = begin(program, names.body, fn!, [reduced, row], "return;", storing(slot, keys));
  reduced.bindTo(frame);
  finish(frame, fn!);
  declare(program, names.body, `value: ${names.input}, acc: ${acc}`, frame);
  const state = stateOf(program, slot);
  const first = [...state.keys()].map((name) => {
    const value = readColumn(frame, names.input, "value", name);
    if (value.type.kind === "undefined") {
      refuse(
        fn!,
        `the field ${name} of reduce is not one of the row`,
        "Reduce gives a row like those it takes.",
      );
    }
    stateType(name, value.type, fn!);
    return `acc.${fieldName(name)} = ${value.code};`;
  });
  const output: Schema = [...state].map(([name, type]) => ({
    name,
    type: {
      type: type.kind === "bigint" ? "BIGINT" : type.kind === "boolean" ? "BOOLEAN" : "DOUBLE",
      nullable: false,
    },
  }));
  if (output.length === 0)
    refuse(fn!, "a reduce that keeps nothing but the key", "Use distinct keys.");
  const copies = output.map(({ name }) => `out.${name} = acc.${fieldName(name)};`);
  const text = [
    inputClass(names.input, inputColumns(request, used), program),
    rowClass(names.output, output),
    accumulatorText(program, acc, state, ` ${STARTED}: bool;`),
    `@operator(${quoted(request.name)}) class ${names.operator} extends AggregateFunction<${names.input}, ${acc}, ${names.output}> {`,
    `add(value: ${names.input}, acc: ${acc}): void { js_beginRow();`,
    `if (acc.${STARTED}) ${names.body}(value, acc); else { acc.${STARTED} = true; ${first.join(" ")} }`,
    `${CHECK} }`,
    `getResult(acc: ${acc}, out: ${names.output}): void { ${copies.join(" ")} }`,
    "}",
  ].join("\n");
  return { operator: { name: request.name, kind: "aggregate", output }, text };
}

/** What has been reduced so far: keys are those of the row, the rest lies in the state. */
function reducedRow(
  program: Program,
  request: InlineRequest,
  names: OperatorNames,
  slot: string,
  keys: ReadonlySet<string>,
): Value & { bindTo(frame: Frame): void } {
  const parts = new Map<string, Value>();
  const state = accumulatorValue(stateOf(program, slot), "acc").parts!;
  const fields = new Map<string, ValueType>();
  for (const { name, type } of request.input) {
    const part = state.get(name) ?? firstGuess(type, name);
    if (part === undefined && !keys.has(name)) continue;
    const value = part ?? { code: "0", type: { kind: "undefined" } as ValueType, stable: true };
    parts.set(name, value);
    fields.set(name, value.type);
  }
  const bindTo = (frame: Frame): void => {
    for (const key of keys) {
      const value = readColumn(frame, names.input, "value", key);
      parts.set(key, value);
      fields.set(key, value.type);
    }
  };
  return { code: "", type: { kind: "object", fields }, stable: true, parts, bindTo };
}

/** Before the first round has found the state, a field has the column's kind. */
function firstGuess(type: Schema[number]["type"], name: string): Value | undefined {
  const code = `acc.${fieldName(name)}`;
  switch (type.type) {
    case "TINYINT":
    case "SMALLINT":
    case "INT":
    case "FLOAT":
    case "DOUBLE":
      return { code, type: NUMBER, stable: true };
    case "BIGINT":
      return { code, type: BIGINT, stable: true };
    case "BOOLEAN":
      return { code, type: BOOLEAN, stable: true };
    default:
      return undefined;
  }
}
