/** Methods of arrays; functions passed to them are written out in place, as loops. */

import { elementCode, NO_VALUE } from "./assignment.ts";
import { type Callback, lowerCallback } from "./callback.ts";
import { assignedNames } from "./calls.ts";
import { equality } from "./comparison.ts";
import { arithmeticCode, cannotMeet, coerce, textCode, truthyCode } from "./conversion.ts";
import { elementAt, elementOrUndefined } from "./element-access.ts";
import { lowerExpression } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { callbackLoop, type Walk, walk, withArray } from "./iteration.ts";
import { refuse } from "./refusal.ts";
import { withArguments } from "./string-methods.ts";
import type { ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import {
  BOOLEAN,
  type ElementCell,
  NUMBER,
  orUndefined,
  STRING,
  typeText,
  UNDEFINED,
  type ValueType,
} from "./value-type.ts";

type ArrayType = Extract<ValueType, { kind: "array" }>;

const CALLBACKS: ReadonlySet<string> = new Set([
  "every",
  "filter",
  "find",
  "findIndex",
  "forEach",
  "map",
  "reduce",
  "some",
]);

const PLAIN: ReadonlySet<string> = new Set([
  "at",
  "concat",
  "includes",
  "indexOf",
  "join",
  "pop",
  "push",
  "reverse",
  "slice",
]);

export function lowerArrayMethod(
  frame: Frame,
  node: ts.CallExpression,
  target: Value,
  name: string,
): Value {
  if (CALLBACKS.has(name)) return lowerIteration(frame, node, target, name);
  if (!PLAIN.has(name)) {
    const known = [...CALLBACKS, ...PLAIN].join(", ");
    return refuse(node, `.${name}() of an array`, `Arrays have ${known}.`);
  }
  const call = withArguments(frame, node, target);
  return plainMethod(frame, node, frame.held(call.target), call.values, name);
}

function plainMethod(
  frame: Frame,
  node: ts.CallExpression,
  array: Value,
  values: readonly Value[],
  name: string,
): Value {
  const [first] = values;
  const index = (at: number, otherwise: string): string => {
    const value = values[at];
    if (value === undefined || value.type.kind === "undefined") return otherwise;
    return frame.call("toIndex", arithmeticCode(frame, value, node.arguments[at]!));
  };
  switch (name) {
    case "at": {
      const place = `<f64>${index(0, "0")}`;
      return elementOrUndefined(frame, array, (length) =>
        frame.call("placeFromEnd", length, place),
      );
    }
    case "concat":
      return concatenation(frame, node, array, values);
    case "includes":
    case "indexOf":
      return position(frame, node, array, first ?? NO_VALUE, name);
    case "join":
      return joined(frame, node, array, first);
    case "pop":
      return popped(frame, node, array);
    case "push":
      return pushed(frame, node, array, values);
    case "reverse":
      changed(frame, node, array);
      frame.emit(`${array.code}.reverse();`);
      return array;
    default: {
      const code = `${array.code}.slice(${index(0, "0")}, ${index(1, "i32.MAX_VALUE")})`;
      const part: Value = { code, type: array.type, stable: false };
      // A captured array may not change, a copy of it may.
      return (array.type as ArrayType).cell.frozen ? concatenation(frame, node, part, []) : part;
    }
  }
}

function changed(frame: Frame, node: ts.Node, array: Value): void {
  if ((array.type as ArrayType).cell.frozen) {
    refuse(
      node,
      "a change of an array that is not the function's own",
      "Copy it first: [...names].",
    );
  }
  frame.mutations++;
}

function pushed(frame: Frame, node: ts.Node, array: Value, values: readonly Value[]): Value {
  for (const value of values) {
    const code = elementCode(frame, array, value, node);
    frame.emit(`${array.code}.push(${code});`);
  }
  frame.mayFail = true;
  changed(frame, node, array);
  return { code: `<f64>${array.code}.length`, type: NUMBER, stable: false };
}

function popped(frame: Frame, node: ts.Node, array: Value): Value {
  changed(frame, node, array);
  const last = elementOrUndefined(frame, array, (length) => `(${length} - 1)`);
  const name = last.type.kind === "undefined" ? "0" : frame.hold(last.code, last.type);
  frame.emit(`if (${array.code}.length > 0) ${array.code}.length--;`);
  return { code: name, type: last.type, stable: true };
}

function concatenation(
  frame: Frame,
  node: ts.CallExpression,
  array: Value,
  values: readonly Value[],
): Value {
  const cell = frame.program.cellAt(`${frame.key}:${node.pos}:concat`);
  const type: ArrayType = { kind: "array", cell };
  for (const value of [array, ...values]) {
    const element = value.type.kind === "array" ? value.type.cell.type : value.type;
    if (cell.add(element) === undefined) cannotMeet(node, cell.type, element);
  }
  const { program } = frame;
  const native = program.native(cell.type);
  const result = frame.hold(`${program.use("JsArray")}.create<${native}>(8)`, type, "array");
  for (const value of [array, ...values]) {
    if (value.type.kind !== "array") {
      frame.emit(`${result}.push(${coerce(frame, value, cell.type, node)});`);
      continue;
    }
    const source = frame.held(value);
    loop(frame, source, (element) => {
      frame.emit(`${result}.push(${coerce(frame, element, cell.type, node)});`);
    });
  }
  return { code: result, type, stable: true };
}

/** Writes a loop over the elements; answers the name of the index. */
function loop(frame: Frame, array: Value, body: (element: Value, index: string) => void): void {
  const index = frame.program.fresh("i");
  frame.emit(`for (let ${index} = 0; ${index} < ${array.code}.length; ${index}++) {`);
  body(elementAt(array, index), index);
  frame.emit("}");
}

/** includes (SameValueZero) and indexOf (===). */
function position(
  frame: Frame,
  node: ts.CallExpression,
  array: Value,
  wanted: Value,
  name: string,
): Value {
  const held = frame.held(wanted);
  const result = frame.program.fresh("found");
  frame.emit(`let ${result}: i32 = -1;`);
  const { cell } = array.type as ArrayType;
  if (cell.type.kind !== "never") {
    loop(frame, array, (element, index) => {
      const one = frame.held(element);
      const nan =
        name === "includes" && one.type.kind === "number" && held.type.kind === "number"
          ? ` || (${one.code} != ${one.code} && ${held.code} != ${held.code})`
          : "";
      const test = `${equality(frame, one, held, false, node)}${nan}`;
      frame.emit(`if (${test}) { ${result} = ${index}; break; }`);
    });
  }
  return name === "includes"
    ? { code: `(${result} >= 0)`, type: BOOLEAN, stable: true }
    : { code: `<f64>${result}`, type: NUMBER, stable: true };
}

/** join: null and undefined are empty. */
function joined(frame: Frame, node: ts.CallExpression, array: Value, by: Value | undefined): Value {
  const separator = by ?? { code: frame.program.text(","), type: STRING, stable: true };
  if (separator.type.kind !== "string") {
    return refuse(node, `join by ${typeText(separator.type)}`, "Join by a string.");
  }
  const { cell } = array.type as ArrayType;
  const { type } = cell;
  if (type.kind === "never") return { code: frame.program.text(""), type: STRING, stable: true };
  if (type.kind === "string" || (type.kind === "optional" && type.of.kind === "string")) {
    return { code: frame.call("join", array.code, separator.code), type: STRING, stable: false };
  }
  if (type.kind === "optional") {
    return refuse(node, "join of numbers that may be null", "Map them to strings first.");
  }
  const held = frame.held(separator);
  const native = frame.program.native(STRING);
  const result = frame.program.fresh("joined");
  frame.emit(`let ${result}: ${native} = ${frame.program.text("")};`);
  loop(frame, array, (element, index) => {
    const piece = textCode(frame, frame.held(element), node);
    frame.emit(`if (${index} > 0) ${result} = ${frame.call("concat", result, held.code)};`);
    frame.emit(`${result} = ${frame.call("concat", result, piece)};`);
  });
  return { code: result, type: STRING, stable: true };
}

function lowerIteration(frame: Frame, node: ts.CallExpression, target: Value, name: string): Value {
  const [fn, initial] = node.arguments;
  // What is walked comes before what it begins with.
  const source = target.sequence === undefined ? frame.held(target) : target;
  const start = initial === undefined ? undefined : lowerExpression(frame, initial);
  const callback = lowerCallback(frame, node, fn, name);
  if ((source.type as ArrayType).cell.type.kind === "never") {
    return ofNothing(frame, node, name, start);
  }
  for (const assigned of assignedNames(callback.body)) {
    const variable = frame.find(assigned);
    if (variable?.name !== undefined) frame.forget(variable.name);
  }
  const wantsArray = callback.takes > (name === "reduce" ? 3 : 2);
  if (name !== "reduce")
    return iteration(frame, node, source, walk(frame, source, wantsArray), callback, name);
  const over = walk(frame, source, wantsArray || start === undefined);
  return reduction(frame, node, source, over, callback, start);
}

/** Of an array that never has elements, the function is never called. */
function ofNothing(
  frame: Frame,
  node: ts.CallExpression,
  name: string,
  start: Value | undefined,
): Value {
  const { program } = frame;
  switch (name) {
    case "every":
    case "some":
      return { code: String(name === "every"), type: BOOLEAN, stable: true };
    case "findIndex":
      return { code: "<f64>-1.0", type: NUMBER, stable: true };
    case "filter":
    case "map": {
      const cell: ElementCell = program.cellAt(`${frame.key}:${node.pos}:none`);
      const code = `${program.use("JsArray")}.create<i32>(0)`;
      return { code, type: { kind: "array", cell }, stable: false, isEmptyArray: true };
    }
    case "reduce":
      return start ?? refuse(node, "reduce of an array without elements", "Give it a first value.");
    default:
      return { code: "0", type: UNDEFINED, stable: true };
  }
}

function iteration(
  frame: Frame,
  node: ts.CallExpression,
  source: Value,
  over: Walk,
  callback: Callback,
  name: string,
): Value {
  const { cell } = source.type as ArrayType;
  const result = resultOf(frame, node, source, over, name);
  callbackLoop(
    frame,
    over,
    0,
    () => goneCode(frame, name),
    (one, index) => {
      const position: Value = { code: `<f64>${index}`, type: NUMBER, stable: false };
      const value = callback.call(withArray([one, position], over));
      takeResult(frame, node, { result, one, index, cell }, value, name);
    },
  );
  return result;
}

/** What a method does where the function has removed the elements that come next. */
function goneCode(frame: Frame, name: string): string {
  if (name !== "map" && name !== "find" && name !== "findIndex") return "break;";
  const text = `the function that ${name} calls removed elements that come next: map would give holes, find would see undefined`;
  return `${frame.call("fail", JSON.stringify(text))}; ${frame.abort}`;
}

interface Step {
  readonly result: Value;
  readonly one: Value;
  readonly index: string;
  readonly cell: ElementCell;
}

/** What a method does with what the function gives for an element. */
function takeResult(
  frame: Frame,
  node: ts.CallExpression,
  { result, one, index, cell }: Step,
  value: Value,
  name: string,
): void {
  if (name === "map") {
    const mapped = (result.type as ArrayType).cell;
    if (mapped.add(value.type) === undefined) cannotMeet(node, mapped.type, value.type);
    frame.emit(`${result.code}.push(${coerce(frame, value, mapped.type, node)});`);
    return;
  }
  if (name === "forEach") {
    if (!value.stable && value.code !== "0" && value.parts === undefined)
      frame.emit(`${value.code};`);
    return;
  }
  const test = truthyCode(frame, value, node);
  if (name === "filter") {
    const code = coerce(frame, one, (result.type as ArrayType).cell.type, node);
    frame.emit(`if (${test}) ${result.code}.push(${code});`);
  }
  if (name === "some") frame.emit(`if (${test}) { ${result.code} = true; break; }`);
  if (name === "every") frame.emit(`if (!(${test})) { ${result.code} = false; break; }`);
  if (name === "findIndex") frame.emit(`if (${test}) { ${result.code} = <f64>${index}; break; }`);
  if (name === "find") {
    const code = coerce(frame, one, orUndefined(cell.type), node);
    frame.emit(`if (${test}) { ${result.code} = ${code}; break; }`);
  }
}

/** Declares what a method gives. */
function resultOf(
  frame: Frame,
  node: ts.CallExpression,
  source: Value,
  over: Walk,
  name: string,
): Value {
  const { program } = frame;
  const { cell } = source.type as ArrayType;
  const made = (type: ValueType, code: string): Value => {
    const generated = program.fresh(name);
    frame.emit(`let ${generated}: ${program.native(type)} = ${code};`);
    return { code: generated, type, stable: true };
  };
  switch (name) {
    case "map": {
      const mapped = program.cellAt(`${frame.key}:${node.pos}:map`);
      const native = program.native(mapped.type);
      const size = over.array === undefined ? "8" : `max(${over.array.code}.length, 4)`;
      return made(
        { kind: "array", cell: mapped },
        `${program.use("JsArray")}.create<${native}>(${size})`,
      );
    }
    case "filter": {
      const kept = program.cellAt(`${frame.key}:${node.pos}:filter`);
      if (kept.add(cell.type) === undefined) cannotMeet(node, kept.type, cell.type);
      const native = program.native(kept.type);
      return made({ kind: "array", cell: kept }, `${program.use("JsArray")}.create<${native}>(8)`);
    }
    case "find":
      return made(
        orUndefined(cell.type),
        coerce(frame, { code: "0", type: UNDEFINED, stable: true }, orUndefined(cell.type), node),
      );
    case "findIndex":
      return made(NUMBER, "-1.0");
    case "forEach":
      return { code: "0", type: UNDEFINED, stable: true };
    default:
      return made(BOOLEAN, String(name === "every"));
  }
}

function reduction(
  frame: Frame,
  node: ts.CallExpression,
  source: Value,
  over: Walk,
  callback: Callback,
  start: Value | undefined,
): Value {
  const { program } = frame;
  const { cell } = source.type as ArrayType;
  const array = over.array?.code ?? "";
  const key = `${frame.key}:${node.pos}:reduce`;
  const first: Value = start ?? { code: `${array}.at(0)`, type: cell.type, stable: false };
  const type = program.widen(key, first.type);
  if (type === undefined) cannotMeet(node, program.known(key)!, first.type);
  if (start === undefined) {
    const text = JSON.stringify("TypeError: Reduce of empty array with no initial value");
    frame.emit(`if (${array}.length == 0) { ${frame.call("fail", text)}; ${frame.abort} }`);
  }
  const result = program.fresh("reduced");
  const initial = coerce(frame, first, type, node);
  frame.emit(`let ${result}: ${program.native(type)} = ${initial};`);
  callbackLoop(
    frame,
    over,
    start === undefined ? 1 : 0,
    () => "break;",
    (one, index) => {
      const held = frame.hold(result, type, "before");
      const before: Value = { code: held, type, stable: true, path: held };
      const position: Value = { code: `<f64>${index}`, type: NUMBER, stable: false };
      const value = callback.call(withArray([before, one, position], over));
      const joined = program.widen(key, value.type);
      if (joined === undefined) cannotMeet(node, type, value.type);
      frame.emit(`${result} = ${coerce(frame, value, joined, node)};`);
    },
  );
  return { code: result, type: program.known(key)!, stable: true };
}
