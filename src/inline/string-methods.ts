/** Methods of strings, numbers, bigints and booleans. */
import { argumentsOf } from "./calls.ts";
import { arithmeticCode, numberCode, orPassedOn, textCode } from "./conversion.ts";
import { unitOrUndefined } from "./element-access.ts";
import { lowerOperands } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { integerCode } from "./loop-counter.ts";
import { refuse } from "./refusal.ts";
import { concatenated } from "./text-operators.ts";
import type { ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { BOOLEAN, NUMBER, orUndefined, STRING, typeText, type ValueType } from "./value-type.ts";

interface MethodCall {
  readonly frame: Frame;
  readonly node: ts.CallExpression;
  readonly target: Value;
  readonly values: readonly Value[];
}

type Method = (call: MethodCall) => Value;

const text = (code: string): Value => ({ code, type: STRING, stable: false });
const number = (code: string): Value => ({ code, type: NUMBER, stable: false });
const boolean = (code: string): Value => ({ code, type: BOOLEAN, stable: false });

/** A string argument: ToString of what is given, as JavaScript has it. */
function stringAt({ frame, values, node }: MethodCall, index: number): string {
  const value = values[index];
  if (value === undefined) return refuse(node, "a missing argument", "Give it a string.");
  return textCode(frame, value, node.arguments[index]!);
}

/** A string argument that means something else where it is undefined. */
function certainStringAt(call: MethodCall, index: number): string {
  const value = call.values[index];
  if (value?.type.kind === "string") return value.code;
  const what =
    value === undefined ? "a missing argument" : `an argument that is ${typeText(value.type)}`;
  return refuse(
    call.node.arguments[index] ?? call.node,
    what,
    "Give it a string; test for null first.",
  );
}

/** A position: ToIntegerOrInfinity, clamped; `otherwise` where it is not given. */
function indexAt({ frame, values, node }: MethodCall, index: number, otherwise: string): string {
  const value = values[index];
  if (value === undefined || value.type.kind === "undefined") return otherwise;
  if (typeof value.literal === "number") return String(clamped(value.literal));
  const integer = integerCode(value);
  if (integer !== undefined) return integer;
  return frame.call("toIndex", arithmeticCode(frame, value, node.arguments[index]!));
}

function clamped(value: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.min(Math.max(Math.trunc(value), -2147483648), 2147483647);
}

const END = "i32.MAX_VALUE";

const STRING_METHODS: Readonly<Record<string, Method>> = {
  at: (call) => {
    const at = indexAt(call, 0, "0");
    const { frame } = call;
    return unitOrUndefined(frame, call.target, (length) =>
      frame.call("placeFromEnd", length, `<f64>${at}`),
    );
  },
  charAt: (call) => {
    const unit = unitWithin(call);
    const { frame } = call;
    const code = `(${unit} < 0 ? ${frame.program.text("")} : `;
    return text(`${code}${frame.call("unitSlice", call.target.code, unit, `${unit} + 1`)})`);
  },
  charCodeAt: (call) => {
    const unit = unitWithin(call);
    return number(
      `(${unit} < 0 ? NaN : <f64>${call.frame.call("unitAt", call.target.code, unit)})`,
    );
  },
  codePointAt: (call) => {
    const unit = unitWithin(call);
    const { frame } = call;
    const absent = frame.call("undefinedNumber");
    const code = `(${unit} < 0 ? ${absent} : <f64>${frame.call("pointOf", call.target.code, unit)})`;
    return { code, type: orUndefined(NUMBER), stable: false };
  },
  concat: (call) => {
    const { frame, target, values, node } = call;
    const codes = values.map((value, index) => textCode(frame, value, node.arguments[index]!));
    return concatenated(frame, [target.code, ...codes]);
  },
  endsWith: (call) =>
    boolean(
      call.frame.call("endsWith", call.target.code, stringAt(call, 0), indexAt(call, 1, END)),
    ),
  includes: (call) => search(call, "includes", "0", boolean),
  indexOf: (call) => search(call, "indexOf", "0", number),
  lastIndexOf: (call) => {
    const from = lastIndexFrom(call);
    const code = call.frame.call("lastIndexOf", call.target.code, stringAt(call, 0), from);
    return number(`<f64>${code}`);
  },
  isWellFormed: (call) => boolean(call.frame.call("isWellFormed", call.target.code)),
  padEnd: (call) => pad(call, "true"),
  padStart: (call) => pad(call, "false"),
  repeat: (call) => {
    const { frame, target, values, node } = call;
    const count = values[0] === undefined ? "0.0" : arithmeticCode(frame, values[0], node);
    return text(frame.call("repeat", target.code, `trunc<f64>(${nanAsZero(frame, count)})`));
  },
  replace: (call) => replacement(call, "replace"),
  replaceAll: (call) => replacement(call, "replaceAll"),
  slice: (call) => part(call, "slice"),
  split: (call) => {
    const { frame, target, node } = call;
    const limit = splitLimit(call);
    const cell = frame.program.cellAt(`${frame.key}:${node.pos}:split`);
    cell.add(STRING);
    const separator = certainStringAt(call, 0);
    const code = frame.call("split", target.code, separator, limit);
    const list: Value = { code, type: { kind: "array", cell }, stable: false };
    const { literal } = call.values[0]!;
    // One byte of UTF-8, known now: the parts can be walked without an array.
    const isByte = typeof literal === "string" && /^[\0-\x7f]$/.test(literal);
    if (!isByte || call.values.length > 1) return list;
    return { ...list, sequence: { text: target.code, byte: literal.charCodeAt(0) } };
  },
  startsWith: (call) => search(call, "startsWith", "0", boolean),
  substring: (call) => part(call, "substring"),
  toLowerCase: (call) => text(call.frame.call("toLowerCase", call.target.code)),
  toString: (call: MethodCall) => call.target,
  toUpperCase: (call) => text(call.frame.call("toUpperCase", call.target.code)),
  toWellFormed: (call) => text(call.frame.call("wellFormed", call.target.code)),
  trim: (call) => text(call.frame.call("trim", call.target.code, "true", "true")),
  trimEnd: (call) => text(call.frame.call("trim", call.target.code, "false", "true")),
  trimStart: (call) => text(call.frame.call("trim", call.target.code, "true", "false")),
  valueOf: (call: MethodCall) => call.target,
};

/** Methods whose cost is linear on text that is not ASCII. */
const UNIT_METHODS: ReadonlySet<string> = new Set([
  "at",
  "charAt",
  "charCodeAt",
  "codePointAt",
  "indexOf",
  "lastIndexOf",
  "padEnd",
  "padStart",
  "slice",
  "substring",
]);

const ESCAPES: Readonly<Record<string, string>> = {
  localeCompare: "Compare with <, which orders by UTF-16 units.",
  match: "Use split, indexOf, or words, fields, matchGlob of millrace/text.",
  matchAll: "Use split, or words, fields of millrace/text.",
  normalize: "Normalise where the text comes from.",
  search: "Use indexOf.",
  substr: "Use slice(from, from + length).",
  toLocaleLowerCase: "Use toLowerCase.",
  toLocaleUpperCase: "Use toUpperCase.",
};

export function lowerStringMethod(
  frame: Frame,
  node: ts.CallExpression,
  target: Value,
  name: string,
): Value {
  const method = Object.hasOwn(STRING_METHODS, name) ? STRING_METHODS[name] : undefined;
  if (method === undefined) {
    const wayOut = ESCAPES[name] ?? `Strings have ${Object.keys(STRING_METHODS).join(", ")}.`;
    return refuse(node, `.${name}() of a string`, wayOut);
  }
  if (UNIT_METHODS.has(name)) frame.program.noteLinear(node);
  return method({ frame, node, ...withArguments(frame, node, target) });
}

/** Target and arguments in order: the target is held where an argument changes something. */
export function withArguments(
  frame: Frame,
  node: ts.CallExpression,
  target: Value,
): { readonly target: Value; readonly values: readonly Value[] } {
  const before = frame.mutations;
  const { lines, result } = frame.captured(() => lowerOperands(frame, argumentsOf(node)));
  const first = frame.mutations > before || !target.stable ? frame.held(target) : target;
  frame.emitAll(lines);
  return { target: first, values: result };
}

/** The unit position of charAt and its like, -1 where it lies outside. */
function unitWithin(call: MethodCall): string {
  const { frame, target } = call;
  const name = frame.program.fresh("at");
  const index = indexAt(call, 0, "0");
  const place = frame.call("unitWithin", target.code, index);
  frame.emit(`const ${name}: i32 = ${place};`);
  return name;
}

function search(
  call: MethodCall,
  name: string,
  otherwise: string,
  as: (code: string) => Value,
): Value {
  const { frame, target } = call;
  const code = frame.call(name, target.code, stringAt(call, 0), indexAt(call, 1, otherwise));
  return as(as === number ? `<f64>${code}` : code);
}

/** lastIndexOf: a position that is NaN means the end. */
function lastIndexFrom({ frame, values, node }: MethodCall): string {
  const value = values[1];
  if (value === undefined || value.type.kind === "undefined") return END;
  const held = frame.hold(arithmeticCode(frame, value, node.arguments[1]!), NUMBER);
  return `(${held} == ${held} ? ${frame.call("toIndex", held)} : ${END})`;
}

/** ToIntegerOrInfinity of a double. */
function integer(code: string): string {
  return `trunc<f64>(${code} + 0.0)`;
}

function pad(call: MethodCall, atEnd: string): Value {
  const { frame, target, values, node } = call;
  const length = values[0] === undefined ? "0.0" : arithmeticCode(frame, values[0], node);
  const filler = values[1] === undefined ? frame.program.text(" ") : certainStringAt(call, 1);
  return text(frame.call("pad", target.code, integer(length), filler, atEnd));
}

function part(call: MethodCall, name: string): Value {
  const { frame, target } = call;
  return text(frame.call(name, target.code, indexAt(call, 0, "0"), indexAt(call, 1, END)));
}

function replacement(call: MethodCall, name: string): Value {
  const { frame, target } = call;
  return text(frame.call(name, target.code, stringAt(call, 0), stringAt(call, 1)));
}

/** The limit of split: ToUint32. */
function splitLimit({ frame, values, node }: MethodCall): string {
  const value = values[1];
  if (value === undefined || value.type.kind === "undefined") return "u32.MAX_VALUE";
  return `<u32>${frame.call("toInt32", arithmeticCode(frame, value, node.arguments[1]!))}`;
}

/** Methods of numbers, bigints and booleans. */
export function lowerScalarMethod(
  frame: Frame,
  node: ts.CallExpression,
  target: Value,
  name: string,
): Value {
  const { type } = target;
  const call = { frame, node, ...withArguments(frame, node, target) };
  const [first] = call.values;
  if (name === "toString" && first === undefined && isScalar(type)) {
    return text(textCode(frame, call.target, node));
  }
  if (name === "valueOf" && isScalar(type)) return call.target;
  if (type.kind === "number" && name === "toFixed") {
    const digits = first === undefined ? numberCode(0) : arithmeticCode(frame, first, node);
    return text(frame.call("toFixed", call.target.code, `trunc<f64>(${nanAsZero(frame, digits)})`));
  }
  if (name === "toString" && first !== undefined) {
    return refuse(node, "toString with a radix", "Write a helper function with %.");
  }
  const wayOut = isScalar(type)
    ? "Numbers have toFixed and toString."
    : orPassedOn(type, "Rows and objects have fields only: call a helper function with them.");
  return refuse(node, `.${name}() of ${typeText(type)}`, wayOut);
}

const isScalar = (type: ValueType): boolean => ["number", "bigint", "boolean"].includes(type.kind);

function nanAsZero(frame: Frame, code: string): string {
  const held = frame.hold(code, NUMBER);
  return `(${held} == ${held} ? ${held} : 0.0)`;
}
