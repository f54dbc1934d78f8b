/** Expressions: one case for each kind of the language's subset. */
import { lowerCall } from "./calls.ts";
import { captured, resolveName } from "./captured.ts";
import { conditionFacts, lowerCondition } from "./condition.ts";
import {
  cannotMeet,
  coerce,
  literalValue,
  nilTest,
  orPassedOn,
  partOf,
  unwrapped,
} from "./conversion.ts";
import { elementAt, lowerElement } from "./element-access.ts";
import type { Frame } from "./frame.ts";
import { lowerBinary, lowerPostfix, lowerPrefix } from "./operators.ts";
import { OUTSIDE } from "./outside.ts";
import { placeText, refuse } from "./refusal.ts";
import { lowerTemplate } from "./text-operators.ts";
import { api, type ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { type ElementCell, join, NULL, UNDEFINED, type ValueType } from "./value-type.ts";

const { SyntaxKind } = api;

/** Lowers an expression: statements it needs go to the frame, the rest is the value's code. */
export function lowerExpression(frame: Frame, node: ts.Expression): Value {
  if (api.isParenthesizedExpression(node)) return lowerExpression(frame, node.expression);
  // Types are erased: what is asserted changes nothing.
  if (api.isAsExpression(node) || api.isSatisfiesExpression(node)) {
    return lowerExpression(frame, node.expression);
  }
  if (api.isNonNullExpression(node)) return lowerExpression(frame, node.expression);
  if (api.isTypeAssertionExpression(node)) return lowerExpression(frame, node.expression);
  if (api.isNumericLiteral(node)) return literalValue(frame, Number(node.text));
  if (api.isBigIntLiteral(node)) return bigLiteral(frame, node, 1n);
  if (api.isStringLiteralLike(node)) return literalValue(frame, node.text);
  if (api.isTemplateExpression(node)) return lowerTemplate(frame, node);
  if (api.isIdentifier(node)) return lowerIdentifier(frame, node);
  if (api.isPropertyAccessExpression(node)) return lowerProperty(frame, node);
  if (api.isElementAccessExpression(node)) return lowerElement(frame, node);
  if (api.isCallExpression(node)) return lowerCall(frame, node);
  if (api.isPrefixUnaryExpression(node)) return lowerPrefix(frame, node);
  if (api.isPostfixUnaryExpression(node)) return lowerPostfix(frame, node);
  if (api.isBinaryExpression(node)) return lowerBinary(frame, node);
  if (api.isConditionalExpression(node)) return lowerConditional(frame, node);
  if (api.isObjectLiteralExpression(node)) return lowerObject(frame, node);
  if (api.isArrayLiteralExpression(node)) return lowerArray(frame, node);
  if (api.isTypeOfExpression(node)) return lowerTypeOf(frame, node);
  switch (node.kind) {
    case SyntaxKind.TrueKeyword:
      return literalValue(frame, true);
    case SyntaxKind.FalseKeyword:
      return literalValue(frame, false);
    case SyntaxKind.NullKeyword:
      return { code: "0", type: NULL, stable: true };
    default:
      return refuseNode(node);
  }
}

/** Refuses a kind of node that is outside of the subset. */
export function refuseNode(node: ts.Node): never {
  const [what, wayOut] = OUTSIDE[SyntaxKind[node.kind]!] ?? [
    `${SyntaxKind[node.kind]} is outside of one-file functions`,
    "Write an operator of the SDK for it.",
  ];
  return refuse(node, what, wayOut);
}

/** -9223372036854775808n is a literal with its sign. */
export function bigLiteral(frame: Frame, node: ts.BigIntLiteral, sign: bigint): Value {
  const value = sign * BigInt(node.text.slice(0, -1));
  if (BigInt.asIntN(64, value) === value) return literalValue(frame, value);
  return refuse(node, "a bigint literal outside 64 bits", "A bigint here is a BIGINT of SQL.");
}

function lowerIdentifier(frame: Frame, node: ts.Identifier): Value {
  const name = node.text;
  const variable = frame.find(name);
  if (variable !== undefined) return readVariable(frame, variable);
  const isOfLanguage = name === "undefined" || name === "NaN" || name === "Infinity";
  if (!isOfLanguage || resolveName(node) !== undefined) return captured(frame.program, node);
  if (name === "undefined") return { code: "0", type: UNDEFINED, stable: true };
  return literalValue(frame, Number(name));
}

/** A variable's value, narrowed by what tests have proved. */
export function readVariable(
  frame: Frame,
  variable: NonNullable<ReturnType<Frame["find"]>>,
): Value {
  if (variable.value !== undefined) return narrowed(frame, variable.value);
  const type = frame.program.known(variable.key!)!;
  return narrowed(frame, { code: variable.name!, type, stable: false, path: variable.name! });
}

/** A value as the facts about its place have it. */
export function narrowed(frame: Frame, value: Value): Value {
  if (value.type.kind !== "optional" || value.path === undefined) return value;
  const fact = frame.fact(value.path);
  if (fact === undefined) return value;
  if (fact.kind === "null" || fact.kind === "undefined") {
    return { code: "0", type: fact, stable: true };
  }
  return fact.kind === "optional" ? { ...value, type: fact } : unwrapped(value);
}

/** Lowers operands from left to right: one that a later one might change is evaluated before it. */
export function lowerOperands(
  frame: Frame,
  nodes: readonly ts.Expression[],
  lower: (node: ts.Expression) => Value = (node) => lowerExpression(frame, node),
): Value[] {
  const done = nodes.map((node) => {
    const before = frame.mutations;
    const { lines, result } = frame.captured(() => lower(node));
    return { lines, value: result, mutates: frame.mutations > before };
  });
  const lastMutation = done.findLastIndex((one) => one.mutates);
  return done.map(({ lines, value }, index) => {
    frame.emitAll(lines);
    return index < lastMutation ? frame.held(value) : value;
  });
}

function lowerProperty(frame: Frame, node: ts.PropertyAccessExpression): Value {
  const constant = namespaceConstant(frame, node);
  if (constant !== undefined) return literalValue(frame, constant);
  const name = node.name.text;
  return onPresent(frame, node, node.expression, (object) => memberOf(frame, object, name, node));
}

/** Math.PI, Number.MAX_SAFE_INTEGER and their like. */
function namespaceConstant(frame: Frame, node: ts.PropertyAccessExpression): number | undefined {
  const { expression } = node;
  if (!api.isIdentifier(expression) || frame.find(expression.text) !== undefined) return undefined;
  const namespace = { Math, Number }[expression.text as "Math" | "Number"];
  if (namespace === undefined || resolveName(expression) !== undefined) return undefined;
  const value = (namespace as unknown as Record<string, unknown>)[node.name.text];
  return typeof value === "number" ? value : undefined;
}

/**
 * Uses what a member is read of. Where it is null or undefined, `?.` gives undefined and `.` fails
 * the row, as JavaScript throws.
 */
export function onPresent(
  frame: Frame,
  node: ts.Node & { readonly questionDotToken?: ts.QuestionDotToken | undefined },
  object: ts.Expression,
  use: (object: Value) => Value,
): Value {
  const rest = frame.chainRest;
  frame.chainRest = undefined;
  const goOn = rest === undefined ? use : (value: Value) => rest(use(value));
  if (node.questionDotToken !== undefined) return chained(frame, node, object, goOn);
  if (!api.isOptionalChain(object)) {
    return goOn(certain(frame, lowerExpression(frame, object), object));
  }
  // The access belongs to a chain that may be skipped as a whole.
  frame.chainRest = (value) => goOn(certain(frame, value, object));
  return lowerExpression(frame, object);
}

/** A value whose member is read by `.`: null and undefined fail the row. */
function certain(frame: Frame, value: Value, object: ts.Expression): Value {
  if (value.type.kind === "null" || value.type.kind === "undefined") {
    failNil(frame, "true", object);
    return { code: "0", type: { kind: "never" }, stable: true };
  }
  if (value.type.kind !== "optional") return value;
  const held = frame.held(value);
  failNil(frame, nilTest(frame, held, "both"), object);
  return unwrapped(held);
}

/** `?.`: what follows is done only where there is something. */
function chained(
  frame: Frame,
  node: ts.Node,
  object: ts.Expression,
  use: (object: Value) => Value,
): Value {
  // In front of this `?.` the chain may hold another: it skips all of this.
  if (api.isOptionalChain(object)) {
    frame.chainRest = (value) => onlyPresent(frame, node, value, use);
    return lowerExpression(frame, object);
  }
  return onlyPresent(frame, node, lowerExpression(frame, object), use);
}

function onlyPresent(
  frame: Frame,
  node: ts.Node,
  value: Value,
  use: (object: Value) => Value,
): Value {
  if (value.type.kind === "null" || value.type.kind === "undefined") {
    return { code: "0", type: UNDEFINED, stable: true };
  }
  if (value.type.kind !== "optional") return use(value);
  const held = frame.held(value);
  const { lines, result } = frame.assuming([], () => frame.captured(() => use(unwrapped(held))));
  const type = join(result.type, UNDEFINED);
  if (type === undefined) return cannotMeet(node, result.type, UNDEFINED);
  return branched(frame, node, type, `!${nilTest(frame, held, "both")}`, [
    { lines, value: result },
    { lines: [], value: { code: "0", type: UNDEFINED, stable: true } },
  ]);
}

/** Fails the row where a test is true: JavaScript throws a TypeError there. */
function failNil(frame: Frame, test: string, node: ts.Node): void {
  if (test === "false") return;
  const text = `TypeError: ${node.getText()} is null or undefined (${placeText(node)})`;
  frame.emit(`if (${test}) { ${frame.call("fail", JSON.stringify(text))}; ${frame.abort} }`);
}

interface Branch {
  readonly lines: readonly string[];
  readonly value: Value;
}

/** A value that is one of two, by a test. */
export function branched(
  frame: Frame,
  node: ts.Node,
  type: ValueType,
  test: string,
  branches: readonly [Branch, Branch],
): Value {
  const sides = branches.map(({ lines, value }) =>
    frame.captured(() => {
      frame.emitAll(lines);
      return coerce(frame, value, type, node);
    }),
  );
  const [yes, no] = sides as [(typeof sides)[number], (typeof sides)[number]];
  if (yes.lines.length === 0 && no.lines.length === 0) {
    const native = frame.program.native(type);
    const code = `(${test} ? <${native}>${paren(yes.result)} : <${native}>${paren(no.result)})`;
    const same = yes.result === "0" && no.result === "0";
    return { code: same ? "0" : code, type, stable: false };
  }
  const name = frame.program.fresh("t");
  frame.emit(`let ${name}: ${frame.program.native(type)};`);
  frame.emit(`if (${test}) {`);
  frame.emitAll(yes.lines);
  frame.emit(`${name} = ${yes.result}; } else {`);
  frame.emitAll(no.lines);
  frame.emit(`${name} = ${no.result}; }`);
  return { code: name, type, stable: true };
}

const paren = (code: string): string => `(${code})`;

function memberOf(
  frame: Frame,
  object: Value,
  name: string,
  node: ts.PropertyAccessExpression,
): Value {
  const { type } = object;
  if (type.kind === "object") {
    if (!type.fields.has(name) && (type.row !== undefined || type.closed)) {
      return unknownField(node, type.fields);
    }
    return narrowed(frame, partOf(frame, object, name));
  }
  if (type.kind === "never") return { code: "0", type, stable: true };
  if (name === "length" && type.kind === "string") {
    frame.program.noteLinear(node);
    const integer = frame.call("unitsOf", object.code);
    return { code: `<f64>${integer}`, type: { kind: "number" }, stable: object.stable, integer };
  }
  if (name === "length" && type.kind === "array") {
    const integer = `${object.code}.length`;
    return { code: `<f64>${integer}`, type: { kind: "number" }, stable: false, integer };
  }
  return refuse(
    node,
    `.${name} of ${type.kind === "opaque" ? type.sql.type : type.kind}`,
    orPassedOn(type, "A function is called: x.trim(); of values there is length."),
  );
}

function unknownField(
  node: ts.PropertyAccessExpression,
  fields: ReadonlyMap<string, unknown>,
): never {
  return refuse(
    node.name,
    `the row has no field ${node.name.text}`,
    `It has ${[...fields.keys()].join(", ")}.`,
    "INLINE_UNKNOWN_FIELD",
  );
}

function lowerConditional(frame: Frame, node: ts.ConditionalExpression): Value {
  const test = lowerCondition(frame, node.condition);
  const facts = conditionFacts(frame, node.condition);
  const side = (branch: ts.Expression, known: typeof facts.whenTrue): Branch =>
    frame.assuming(known, () => {
      const { lines, result } = frame.captured(() => lowerExpression(frame, branch));
      return { lines, value: result };
    });
  const yes = side(node.whenTrue, facts.whenTrue);
  const no = side(node.whenFalse, facts.whenFalse);
  const type = join(yes.value.type, no.value.type);
  if (type === undefined) return cannotMeet(node, yes.value.type, no.value.type);
  return branched(frame, node, type, test, [yes, no]);
}

function lowerObject(frame: Frame, node: ts.ObjectLiteralExpression): Value {
  const sources = node.properties.map((property) => {
    if (api.isPropertyAssignment(property)) return property.initializer;
    if (api.isShorthandPropertyAssignment(property)) return property.name;
    if (api.isSpreadAssignment(property)) return property.expression;
    return refuseNode(property);
  });
  const values = lowerOperands(frame, sources);
  const parts = new Map<string, Value>();
  node.properties.forEach((property, index) => {
    const value = values[index]!;
    if (api.isSpreadAssignment(property)) spread(frame, parts, value, property);
    else parts.set(propertyName(frame, property.name!), value);
  });
  const fields = new Map([...parts].map(([name, part]) => [name, part.type]));
  const stable = [...parts.values()].every((part) => part.stable);
  return { code: "", type: { kind: "object", fields }, stable, parts };
}

function spread(
  frame: Frame,
  parts: Map<string, Value>,
  value: Value,
  node: ts.SpreadAssignment,
): void {
  if (value.type.kind === "null" || value.type.kind === "undefined") return;
  if (value.type.kind !== "object") {
    refuse(
      node,
      "spread of what is no row and no object",
      "Test for null first, or name the fields.",
    );
  }
  const source = value.parts === undefined ? frame.held(value) : value;
  for (const name of value.type.fields.keys()) {
    parts.set(name, narrowed(frame, partOf(frame, source, name)));
  }
}

/** The name of a property; a computed one must be a literal. */
export function propertyName(_frame: Frame, node: ts.PropertyName): string {
  if (api.isIdentifier(node) || api.isStringLiteralLike(node)) return node.text;
  if (api.isNumericLiteral(node)) return String(Number(node.text));
  if (api.isComputedPropertyName(node) && api.isStringLiteralLike(node.expression)) {
    return node.expression.text;
  }
  return refuse(node, "a computed property name", "A row's fields are fixed: write the name.");
}

function lowerArray(frame: Frame, node: ts.ArrayLiteralExpression): Value {
  const { program } = frame;
  const cell = program.cellAt(`${frame.key}:${node.pos}`);
  const type: ValueType = { kind: "array", cell };
  if (node.elements.length === 0) {
    const code = `${program.use("JsArray")}.create<${program.native(cell.type)}>(8)`;
    return { code, type, stable: false, isEmptyArray: true };
  }
  const create = (): string => {
    const size = Math.max(node.elements.length, 4);
    const made = `${program.use("JsArray")}.create<${program.native(cell.type)}>(${size})`;
    return frame.hold(made, type, "array");
  };
  const { elements } = node;
  if (elements.some((element) => api.isSpreadElement(element))) {
    const name = create();
    for (const element of elements) appendElement(frame, name, cell, element);
    return { code: name, type, stable: true };
  }
  const values = lowerOperands(frame, elements, plainElement(frame));
  values.forEach((value, index) => {
    if (cell.add(value.type) === undefined) cannotMeet(elements[index]!, cell.type, value.type);
  });
  const codes = values.map((value) => coerce(frame, value, cell.type, node));
  const name = create();
  for (const code of codes) frame.emit(`${name}.push(${code});`);
  return { code: name, type, stable: true };
}

const plainElement =
  (frame: Frame) =>
  (element: ts.Expression): Value =>
    api.isOmittedExpression(element) ? refuseNode(element) : lowerExpression(frame, element);

/** Adds an element, or those of an array that is spread: a later element may change that array. */
function appendElement(
  frame: Frame,
  target: string,
  cell: ElementCell,
  element: ts.Expression,
): void {
  const spreads = api.isSpreadElement(element);
  const value = plainElement(frame)(spreads ? element.expression : element);
  if (spreads && value.type.kind !== "array") {
    refuse(element, `spread of ${value.type.kind} in an array`, "Spread arrays only.");
  }
  const own = spreads && value.type.kind === "array" ? value.type.cell.type : value.type;
  if (cell.add(own) === undefined) cannotMeet(element, cell.type, own);
  if (spreads) appendAll(frame, target, value, cell.type, element);
  else frame.emit(`${target}.push(${coerce(frame, value, cell.type, element)});`);
}

/** Copies elements of another array, converted one by one where the types differ. */
function appendAll(
  frame: Frame,
  target: string,
  source: Value,
  type: ValueType,
  node: ts.Node,
): void {
  const array = frame.held(source);
  const index = frame.program.fresh("i");
  frame.emit(`for (let ${index} = 0; ${index} < ${array.code}.length; ${index}++) {`);
  const element = elementAt(array, index);
  frame.emit(`${target}.push(${coerce(frame, element, type, node)}); }`);
}

function lowerTypeOf(frame: Frame, node: ts.TypeOfExpression): Value {
  const value = lowerExpression(frame, node.expression);
  const { type } = value;
  const nameOf = (one: ValueType): string => {
    if (one.kind === "null" || one.kind === "array" || one.kind === "object") return "object";
    if (one.kind === "opaque") return refuse(node, `typeof ${one.sql.type}`, orPassedOn(one, ""));
    return one.kind;
  };
  if (type.kind !== "optional") return literalValue(frame, nameOf(type));
  const held = frame.held(value);
  const { program } = frame;
  const inner = `${nilTest(frame, held, "null")} ? ${program.text("object")} : ${program.text(nameOf(type.of))}`;
  const code = `(${nilTest(frame, held, "undefined")} ? ${program.text("undefined")} : (${inner}))`;
  return { code, type: { kind: "string" }, stable: held.stable };
}
