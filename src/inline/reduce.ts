/** reduce, of windows and of a keyed stream: what two rows become, in the state of their key. */
import { CHECK, type Generated, resultBody } from "./aggregate.ts";
import type { HelperNode } from "./captured.ts";
import { Frame } from "./frame.ts";
import {
  begin,
  finish,
  type InlineRequest,
  inputColumns,
  type OperatorNames,
  rowValue,
} from "./functions.ts";
import { type Program, quoted } from "./program.ts";
import { refuse } from "./refusal.ts";
import { columnValueType, inputClass, readColumn, rowClass } from "./row-input.ts";
import {
  partValue,
  recordText,
  type State,
  slotsMethod,
  stateFields,
  store,
  storing,
} from "./state.ts";
import type { Value } from "./value.ts";
import type { PresentType, ValueType } from "./value-type.ts";

/** Says in the record of a window that its first row has been taken. */
const STARTED = "started";

export function reduceClass(
  program: Program,
  request: InlineRequest,
  names: OperatorNames,
  used: ReadonlySet<string>,
): Generated {
  const fn = request.functions.fn!;
  const record = `Acc${names.input.slice(2)}`;
  const state: State = { program, slot: `${names.body}:accumulator`, record };
  const keys = new Set(request.keys ?? []);
  nextBody(state, request, names, fn, keys);
  firstBody(state, request, names, fn);
  if (stateFields(state).size === 0) {
    refuse(fn, "a reduce that keeps nothing but the key", "Use distinct keys.");
  }
  const output = resultBody(program, request, names, undefined, state, fn);
  const isKeyed = request.kind === "reduce";
  const base = isKeyed ? "ReduceFunction" : "AggregateFunction";
  const text = [
    inputClass(names.input, inputColumns(request, used), program),
    rowClass(names.output, output),
    recordText(state, isKeyed ? "" : ` ${STARTED}: bool;`),
    `@operator(${quoted(request.name)}) class ${names.operator} extends ${base}<${names.input}, ${record}, ${names.output}> {`,
    ...(isKeyed ? keyedMethods(names, record) : windowMethods(names, record)),
    `getResult(acc: ${record}, out: ${names.output}): void { js_beginRow(); ${names.body}_result(acc, out); ${CHECK} }`,
    slotsMethod(state),
    "}",
  ].join("\n");
  const kind = isKeyed ? "reduce" : "aggregate";
  return { operator: { name: request.name, kind, output }, text };
}

/** A row that fails has changed nothing, so it can be refused. */
const REFUSE = "if (js_failed()) this.failRow(js_failureText());";

function keyedMethods(names: OperatorNames, record: string): string[] {
  return [
    `first(value: ${names.input}, acc: ${record}): void { js_beginRow(); ${names.body}_first(value, acc); ${REFUSE} }`,
    `reduce(acc: ${record}, value: ${names.input}): void { js_beginRow(); ${names.body}(value, acc); ${REFUSE} }`,
  ];
}

function windowMethods(names: OperatorNames, record: string): string[] {
  return [
    `add(value: ${names.input}, acc: ${record}): void { js_beginRow();`,
    `if (acc.${STARTED}) ${names.body}(value, acc); else { ${names.body}_first(value, acc); acc.${STARTED} = true; }`,
    `${CHECK} }`,
  ];
}

/** The function itself: from what has been reduced and a row to what is reduced then. */
function nextBody(
  state: State,
  request: InlineRequest,
  names: OperatorNames,
  fn: HelperNode,
  keys: ReadonlySet<string>,
): void {
  const { program } = state;
  const row = rowValue(program, names.input, "value", request.input);
  const reduced = reducedRow(state, request, names, keys);
  const target = storing(state, keys);
  const frame = begin(program, names.body, fn, [reduced.value, row], "return;", (own) => {
    reduced.bindTo(own);
    return target(own);
  });
  finish(frame, fn);
  declare(program, names.body, names, state.record, frame);
  // A field that the function reads and does not give would be there for the second row alone.
  const text = frame.body().join("\n");
  const given = stateFields(state);
  const lost = [...reduced.value.parts!].find(
    ([name, part]) => !given.has(name) && !keys.has(name) && reads(text, part),
  );
  if (lost === undefined) return;
  const [name] = lost;
  program.doubts.push(() =>
    refuse(
      fn,
      `reduce reads the field ${name} of what it gave, and does not give it`,
      `Return it too: ({ ..., ${name}: a.${name} }).`,
    ),
  );
}

/** Whether a text reads a field of the record. */
function reads(text: string, { path = "" }: Value): boolean {
  if (path === "") return false;
  for (let at = text.indexOf(path); at >= 0; at = text.indexOf(path, at + 1)) {
    if (!/[\w$]/.test(text[at + path.length] ?? "")) return true;
  }
  return false;
}

/** The first row of a key is kept as it is, in the fields that the function gives. */
function firstBody(
  state: State,
  request: InlineRequest,
  names: OperatorNames,
  fn: HelperNode,
): void {
  const { program } = state;
  const key = `${names.body}:first`;
  const frame = new Frame(program, key, "return;", { give: () => undefined });
  const parts = new Map<string, Value>();
  for (const name of stateFields(state).keys()) {
    if (!request.input.some((column) => column.name === name)) {
      refuse(
        fn,
        `the field ${name} of reduce is not one of the row`,
        "Reduce gives a row like those it takes.",
      );
    }
    parts.set(name, readColumn(frame, names.input, "value", name));
  }
  const fields = new Map([...parts].map(([name, part]) => [name, part.type]));
  store(frame, state, { code: "", type: { kind: "object", fields }, stable: true, parts }, fn);
  declare(program, `${names.body}_first`, names, state.record, frame);
}

function declare(
  program: Program,
  name: string,
  names: OperatorNames,
  record: string,
  frame: Frame,
): void {
  const parameters = `value: ${names.input}, acc: ${record}`;
  program.declarations.push(`function ${name}(${parameters}): void {`, ...frame.body(), "}");
}

/** What has been reduced so far: keys are those of the row, the rest lies in the state. */
function reducedRow(
  state: State,
  request: InlineRequest,
  names: OperatorNames,
  keys: ReadonlySet<string>,
): { readonly value: Value; bindTo(frame: Frame): void } {
  const parts = new Map<string, Value>();
  const fields = new Map<string, ValueType>();
  const known = stateFields(state);
  for (const { name, type } of request.input) {
    // Before the first round has found the state, a field is taken for what the column gives.
    const column = (): ValueType => columnValueType(state.program, `${names.input}.${name}`, type);
    const own = known.get(name) ?? guess(state, name, column());
    const value = partValue(state, "acc", keys.has(name) ? column() : own, [name]);
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
  const value = { code: "", type: { kind: "object", fields } as ValueType, stable: true, parts };
  return { value, bindTo };
}

/** What the state would keep of a column; of what it cannot keep, the type that is refused then. */
function guess(state: State, path: string, type: ValueType): ValueType {
  if (type.kind === "optional") {
    const of = guess(state, path, type.of);
    return of.kind === "optional" ? of : { ...type, of: of as PresentType };
  }
  switch (type.kind) {
    case "number":
    case "bigint":
    case "string":
    case "boolean":
      return { kind: type.kind };
    case "array": {
      const cell = state.program.cellAt(`${state.slot}:${path}`);
      const element = guess(state, `${path}[]`, type.cell.type);
      // Where they do not meet, the store of the first row says so.
      cell.add(element);
      cell.freeze();
      return { kind: "array", cell };
    }
    case "object": {
      const fields = new Map<string, ValueType>();
      for (const [name, field] of type.fields) {
        fields.set(name, guess(state, `${path}.${name}`, field));
      }
      return { kind: "object", fields };
    }
    default:
      return type;
  }
}
