/** Variables that change: declarations, assignments, ++ and --, a[i] = x. */
import { arithmeticCode, cannotMeet, coerce, partOf } from "./conversion.ts";
import { branchedAssignment } from "./default-value.ts";
import { elementOrUndefined } from "./element-access.ts";
import { lowerExpression, lowerOperands, propertyName, readVariable } from "./expression.ts";
import type { Frame, Variable } from "./frame.ts";
import { arithmetic } from "./operators.ts";
import { refuse } from "./refusal.ts";
import { api, type ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { NUMBER, present, typeText, UNDEFINED, type ValueType } from "./value-type.ts";

const { SyntaxKind } = api;

/** Declares a name with a value: const, let, a parameter. */
export function bind(
  frame: Frame,
  pattern: ts.BindingName,
  value: Value,
  changes: boolean,
  node: ts.Node,
): void {
  if (api.isIdentifier(pattern)) bindName(frame, pattern, value, changes);
  else if (api.isObjectBindingPattern(pattern)) bindObject(frame, pattern, value, changes, node);
  else bindArray(frame, pattern, value, changes, node);
}

function bindName(frame: Frame, node: ts.Identifier, value: Value, changes: boolean): void {
  const name = node.text;
  if (!changes) {
    frame.declare(name, { value: settled(frame, value, name) });
    return;
  }
  const key = `${frame.key}:${node.pos}`;
  const type = frame.program.widen(key, value.type);
  if (type === undefined) cannotMeet(node, frame.program.known(key)!, value.type);
  const generated = frame.program.fresh(name);
  const native = frame.program.native(type);
  const code = coerce(frame, value, type, node);
  frame.emit(`let ${generated}: ${native} = ${code};`);
  frame.declare(name, { name: generated, key });
}

/** The value, evaluated once, with the type it has; objects are kept as their fields. */
function settled(frame: Frame, value: Value, name: string): Value {
  if (value.parts !== undefined) {
    const parts = new Map<string, Value>();
    for (const [field, part] of value.parts) parts.set(field, settled(frame, part, field));
    return { ...value, stable: true, parts };
  }
  if (value.stable || value.type.kind === "never" || value.type.kind === "undefined") return value;
  const held = frame.hold(value.code, value.type, name);
  return { code: held, type: value.type, stable: true, path: held };
}

function bindObject(
  frame: Frame,
  pattern: ts.ObjectBindingPattern,
  value: Value,
  changes: boolean,
  node: ts.Node,
): void {
  const source = value.parts === undefined ? frame.held(value) : value;
  if (source.type.kind !== "object") {
    refuse(
      pattern,
      `destructuring of ${typeText(source.type)}`,
      "Rows and objects have fields; test for null first.",
    );
  }
  const taken = new Set<string>();
  for (const element of pattern.elements) {
    if (element.dotDotDotToken !== undefined) {
      const fields = [...source.type.fields.keys()].filter((field) => !taken.has(field));
      const parts = new Map(fields.map((field) => [field, partOf(frame, source, field)]));
      const types = new Map([...parts].map(([field, part]) => [field, part.type]));
      const type: ValueType = { kind: "object", fields: types };
      bind(frame, element.name, { code: "", type, stable: false, parts }, changes, node);
      continue;
    }
    const field = propertyName(frame, element.propertyName ?? (element.name as ts.Identifier));
    if (source.type.row !== undefined && !source.type.fields.has(field)) {
      const known = [...source.type.fields.keys()].join(", ");
      refuse(element, `the row has no field ${field}`, `It has ${known}.`, "INLINE_UNKNOWN_FIELD");
    }
    taken.add(field);
    const part = withDefault(frame, partOf(frame, source, field), element.initializer, element);
    bind(frame, element.name, part, changes, node);
  }
}

function bindArray(
  frame: Frame,
  pattern: ts.ArrayBindingPattern,
  value: Value,
  changes: boolean,
  node: ts.Node,
): void {
  const source = frame.held(value);
  if (source.type.kind !== "array") {
    refuse(pattern, `destructuring of ${typeText(source.type)}`, "Only arrays have elements.");
  }
  pattern.elements.forEach((element, index) => {
    if (api.isOmittedExpression(element)) return;
    if (element.dotDotDotToken !== undefined) {
      const rest = `${source.code}.slice(${index}, i32.MAX_VALUE)`;
      bind(frame, element.name, { code: rest, type: source.type, stable: false }, changes, node);
      return;
    }
    const item = elementOrUndefined(
      frame,
      source,
      (length) => `(${index} < ${length} ? ${index} : -1)`,
    );
    bind(
      frame,
      element.name,
      withDefault(frame, item, element.initializer, element),
      changes,
      node,
    );
  });
}

/** A default takes the place of undefined. */
export function withDefault(
  frame: Frame,
  value: Value,
  initializer: ts.Expression | undefined,
  node: ts.Node,
): Value {
  if (initializer === undefined) return value;
  if (value.type.kind === "undefined") return lowerExpression(frame, initializer);
  if (value.type.kind !== "optional" || !value.type.undefined) return value;
  return branchedAssignment(frame, value, initializer, node);
}

/** x = value, x += value, a[i] = value; the result is the new value. */
export function assign(frame: Frame, node: ts.BinaryExpression): Value {
  const target = stripped(node.left);
  if (api.isElementAccessExpression(target)) return assignElement(frame, node, target);
  if (api.isPropertyAccessExpression(target)) {
    return refuse(node, "a change of a field", "Make a new object: { ...o, field: value }.");
  }
  if (!api.isIdentifier(target)) {
    return refuse(node, "destructuring into existing variables", "Declare new ones with const.");
  }
  const variable = changeable(frame, target);
  const { kind } = node.operatorToken;
  if (kind === SyntaxKind.EqualsToken) {
    return write(frame, variable, lowerExpression(frame, node.right), node);
  }
  const before = frame.mutations;
  const old = readVariable(frame, variable);
  if (LOGICAL.has(kind)) {
    return refuse(node, `${node.operatorToken.getText()}`, "Write x = x ?? y.");
  }
  const { lines, result } = frame.captured(() => lowerExpression(frame, node.right));
  const left = frame.mutations > before ? frame.held(old) : old;
  frame.emitAll(lines);
  return write(frame, variable, arithmetic(frame, plainOperator(kind), left, result, node), node);
}

const LOGICAL: ReadonlySet<ts.SyntaxKind> = new Set([
  SyntaxKind.BarBarEqualsToken,
  SyntaxKind.AmpersandAmpersandEqualsToken,
  SyntaxKind.QuestionQuestionEqualsToken,
]);

const PLAIN: readonly (readonly [ts.SyntaxKind, ts.SyntaxKind])[] = [
  [SyntaxKind.PlusEqualsToken, SyntaxKind.PlusToken],
  [SyntaxKind.MinusEqualsToken, SyntaxKind.MinusToken],
  [SyntaxKind.AsteriskEqualsToken, SyntaxKind.AsteriskToken],
  [SyntaxKind.AsteriskAsteriskEqualsToken, SyntaxKind.AsteriskAsteriskToken],
  [SyntaxKind.SlashEqualsToken, SyntaxKind.SlashToken],
  [SyntaxKind.PercentEqualsToken, SyntaxKind.PercentToken],
  [SyntaxKind.AmpersandEqualsToken, SyntaxKind.AmpersandToken],
  [SyntaxKind.BarEqualsToken, SyntaxKind.BarToken],
  [SyntaxKind.CaretEqualsToken, SyntaxKind.CaretToken],
  [SyntaxKind.LessThanLessThanEqualsToken, SyntaxKind.LessThanLessThanToken],
  [SyntaxKind.GreaterThanGreaterThanEqualsToken, SyntaxKind.GreaterThanGreaterThanToken],
  [
    SyntaxKind.GreaterThanGreaterThanGreaterThanEqualsToken,
    SyntaxKind.GreaterThanGreaterThanGreaterThanToken,
  ],
];

function plainOperator(kind: ts.SyntaxKind): ts.SyntaxKind {
  return PLAIN.find(([compound]) => compound === kind)![1];
}

function stripped(node: ts.Expression): ts.Expression {
  return api.isParenthesizedExpression(node) || api.isNonNullExpression(node)
    ? stripped(node.expression)
    : node;
}

function changeable(frame: Frame, node: ts.Identifier): Variable {
  const variable = frame.find(node.text);
  if (variable?.name !== undefined) return variable;
  const what =
    variable === undefined ? `a change of the captured ${node.text}` : `a change of ${node.text}`;
  return refuse(node, what, "Declare a variable of the function's own with let.");
}

function write(frame: Frame, variable: Variable, value: Value, node: ts.Node): Value {
  const type = frame.program.widen(variable.key!, value.type);
  if (type === undefined) cannotMeet(node, frame.program.known(variable.key!)!, value.type);
  const code = coerce(frame, value, type, node);
  frame.emit(`${variable.name} = ${code};`);
  frame.mutations++;
  frame.forget(variable.name!);
  if (
    type.kind === "optional" &&
    present(value.type) !== undefined &&
    value.type.kind !== "optional"
  ) {
    frame.learn([{ path: variable.name!, type: value.type }]);
  }
  return readVariable(frame, variable);
}

/** ++ and --. */
export function lowerIncrement(
  frame: Frame,
  node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression,
  postfix: boolean,
): Value {
  const target = stripped(node.operand);
  if (!api.isIdentifier(target)) {
    return refuse(node, "++ of what is no variable", "Write a[i] = a[i] + 1.");
  }
  const variable = changeable(frame, target);
  const old = readVariable(frame, variable);
  const operator = node.operator === SyntaxKind.PlusPlusToken ? "+" : "-";
  // The value of x++ is a number even where x was undefined.
  const isStatement = api.isExpressionStatement(node.parent) || api.isForStatement(node.parent);
  const big = old.type.kind === "bigint";
  const plainOld = big ? old.code : arithmeticCode(frame, old, node);
  const type: ValueType = big ? old.type : NUMBER;
  const before = postfix && !isStatement ? frame.hold(plainOld, type) : plainOld;
  const code = big
    ? frame.call(operator === "+" ? "addBig" : "subtractBig", before, "<i64>1")
    : `(${before} ${operator} <f64>1.0)`;
  const result = write(
    frame,
    variable,
    { code, type: big ? { kind: "bigint" } : NUMBER, stable: false },
    node,
  );
  return postfix && !isStatement ? { code: before, type, stable: true } : result;
}

/** a[i] = value: within the array, or at its end. */
function assignElement(
  frame: Frame,
  node: ts.BinaryExpression,
  target: ts.ElementAccessExpression,
): Value {
  if (node.operatorToken.kind !== SyntaxKind.EqualsToken) {
    return refuse(node, `${node.operatorToken.getText()} of an element`, "Write a[i] = a[i] + x.");
  }
  const [array, index, value] = lowerOperands(frame, [
    target.expression,
    target.argumentExpression,
    node.right,
  ]);
  if (array!.type.kind !== "array") {
    return refuse(node, `an element of ${typeText(array!.type)}`, "Only arrays can be changed.");
  }
  const held = frame.held(value!);
  const at = arithmeticCode(frame, index!, node);
  const code = elementCode(frame, array!, held, node);
  frame.emit(`${array!.code}.assign(${at}, ${code});`);
  frame.mayFail = true;
  frame.mutations++;
  return held;
}

/** A value as an element of an array, whose element type it widens. */
export function elementCode(frame: Frame, array: Value, value: Value, node: ts.Node): string {
  const { cell } = array.type as Extract<ValueType, { kind: "array" }>;
  if (cell.frozen) {
    refuse(
      node,
      "a change of an array that is not the function's own",
      "Copy it first: [...names].",
    );
  }
  if (cell.add(value.type) === undefined) cannotMeet(node, cell.type, value.type);
  return coerce(frame, value, cell.type, node);
}

/** `let x;` begins as undefined. */
export const NO_VALUE: Value = { code: "0", type: UNDEFINED, stable: true };
