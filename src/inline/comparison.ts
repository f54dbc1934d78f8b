/** ===, ==, < and their opposites. */
import { arithmeticCode, coerce, nilTest, orPassedOn } from "./conversion.ts";
import { lowerOperands } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { integerCode } from "./loop-counter.ts";
import { refuse } from "./refusal.ts";
import { api, type ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { BOOLEAN, join, present, typeText, type ValueType } from "./value-type.ts";

const { SyntaxKind } = api;

const boolean = (code: string): Value => ({ code, type: BOOLEAN, stable: false });

export function lowerEquality(frame: Frame, node: ts.BinaryExpression): Value {
  const { kind } = node.operatorToken;
  const negated =
    kind === SyntaxKind.ExclamationEqualsEqualsToken || kind === SyntaxKind.ExclamationEqualsToken;
  const loose = kind === SyntaxKind.EqualsEqualsToken || kind === SyntaxKind.ExclamationEqualsToken;
  const [left, right] = lowerOperands(frame, [node.left, node.right]);
  const code = equality(frame, left!, right!, loose, node);
  return boolean(negated ? `!(${code})` : code);
}

const isNilType = (type: ValueType): boolean => type.kind === "null" || type.kind === "undefined";

/** A boolean expression: left === right, or left == right. */
export function equality(
  frame: Frame,
  left: Value,
  right: Value,
  loose: boolean,
  node: ts.Node,
): string {
  if (isNilType(right.type)) return nilEquality(frame, left, right, loose);
  if (isNilType(left.type)) return nilEquality(frame, right, left, loose);
  const a = present(left.type);
  const b = present(right.type);
  if (a === undefined || b === undefined) return "false";
  if (a.kind === "object" || a.kind === "array" || a.kind === "opaque") {
    return refuse(
      node,
      `equality of ${typeText(a)}`,
      orPassedOn(a, "Identity has no meaning here: compare fields."),
    );
  }
  if (a.kind !== b.kind) return mixedEquality(frame, left, right, loose, node);
  const optional = left.type.kind === "optional" || right.type.kind === "optional";
  if (loose && optional && left.type.kind === "optional" && right.type.kind === "optional") {
    const held = [frame.held(left), frame.held(right)] as const;
    const nil = held.map((one) => nilTest(frame, one, "both"));
    return `(${nil[0]} ? ${nil[1]} : ${equality(frame, held[0], held[1], false, node)})`;
  }
  const type = join(left.type, right.type);
  if (type === undefined) return refuse(node, "equality of two types", "Convert one of them.");
  const x = optional ? coerce(frame, left, type, node) : left.code;
  const y = optional ? coerce(frame, right, type, node) : right.code;
  switch (a.kind) {
    case "number":
      return optional ? frame.call("sameNumber", x, y) : `(${x} == ${y})`;
    case "string":
      return frame.call(optional ? "equalOptional" : "equal", x, y);
    case "bigint":
      return optional ? frame.call("sameBig", x, y) : `(${x} == ${y})`;
    default:
      return `(${x} == ${y})`;
  }
}

function nilEquality(frame: Frame, value: Value, nil: Value, loose: boolean): string {
  if (loose) return nilTest(frame, value, "both");
  return nilTest(frame, value, nil.type.kind as "null" | "undefined");
}

/** Values of two types: never ===; == of a number and a bigint compares what they are. */
function mixedEquality(
  frame: Frame,
  left: Value,
  right: Value,
  loose: boolean,
  node: ts.Node,
): string {
  const { kind: a } = left.type;
  const { kind: b } = right.type;
  if (loose && a === "bigint" && b === "number") {
    return `(${frame.call("compareBig", left.code, right.code)} == 0)`;
  }
  if (loose && a === "number" && b === "bigint") {
    return `(${frame.call("compareBig", right.code, left.code)} == 0)`;
  }
  return refuse(
    node,
    `a comparison of ${typeText(left.type)} with ${typeText(right.type)}`,
    "Convert one of them: String(x), Number(x).",
  );
}

export function lowerOrder(frame: Frame, node: ts.BinaryExpression): Value {
  const [left, right] = lowerOperands(frame, [node.left, node.right]);
  return boolean(order(frame, left!, right!, node.operatorToken.getText(), node));
}

const MIRRORED: Readonly<Record<string, string>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

function order(
  frame: Frame,
  left: Value,
  right: Value,
  operator: string,
  node: ts.BinaryExpression,
): string {
  const a = left.type.kind;
  const b = right.type.kind;
  if (a === "string" && b === "string") {
    frame.program.noteLinear(node);
    return `(${frame.call("compare", left.code, right.code)} ${operator} 0)`;
  }
  if (a === "bigint" && b === "bigint") return `(${left.code} ${operator} ${right.code})`;
  if (a === "bigint" && b === "number") return mixedOrder(frame, left, right, operator);
  if (a === "number" && b === "bigint") return mixedOrder(frame, right, left, MIRRORED[operator]!);
  const [i, j] = [integerCode(left), integerCode(right)];
  if (i !== undefined && j !== undefined) return `(${i} ${operator} ${j})`;
  const x = arithmeticCode(frame, left, node.left);
  const y = arithmeticCode(frame, right, node.right);
  return `(${x} ${operator} ${y})`;
}

/** A bigint against a number, exactly; false for NaN. */
function mixedOrder(frame: Frame, big: Value, number: Value, operator: string): string {
  const held = frame.hold(frame.call("compareBig", big.code, number.code), { kind: "null" });
  return `(${held} != 2 && ${held} ${operator} 0)`;
}
