/** Tests, and what they prove of the places they look at. */
import { nilTest, truthyCode } from "./conversion.ts";
import { lowerExpression } from "./expression.ts";
import type { Fact, Frame } from "./frame.ts";
import { api, type ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import type { ValueType } from "./value-type.ts";

const { SyntaxKind } = api;

/** A boolean expression: ToBoolean of the node. */
export function lowerCondition(frame: Frame, node: ts.Expression): string {
  const inner = bare(node);
  if (api.isPrefixUnaryExpression(inner) && inner.operator === SyntaxKind.ExclamationToken) {
    return `!(${lowerCondition(frame, inner.operand)})`;
  }
  if (api.isBinaryExpression(inner) && isLogical(inner)) return lowerJunction(frame, inner);
  return truthyCode(frame, lowerExpression(frame, inner), inner);
}

function isLogical(node: ts.BinaryExpression): boolean {
  const { kind } = node.operatorToken;
  return kind === SyntaxKind.AmpersandAmpersandToken || kind === SyntaxKind.BarBarToken;
}

/** Without parentheses and assertions. */
export function bare(node: ts.Expression): ts.Expression {
  let inner = node;
  while (
    api.isParenthesizedExpression(inner) ||
    api.isAsExpression(inner) ||
    api.isNonNullExpression(inner)
  ) {
    inner = inner.expression;
  }
  return inner;
}

function lowerJunction(frame: Frame, node: ts.BinaryExpression): string {
  const isAnd = node.operatorToken.kind === SyntaxKind.AmpersandAmpersandToken;
  const left = lowerCondition(frame, node.left);
  const facts = conditionFacts(frame, node.left);
  const { lines, result } = frame.assuming(isAnd ? facts.whenTrue : facts.whenFalse, () =>
    frame.captured(() => lowerCondition(frame, node.right)),
  );
  if (lines.length === 0) return `(${left} ${isAnd ? "&&" : "||"} ${result})`;
  const name = frame.program.fresh("test");
  frame.emit(`let ${name}: bool = ${left};`);
  frame.emit(`if (${isAnd ? "" : "!"}${name}) {`);
  frame.emitAll(lines);
  frame.emit(`${name} = ${result}; }`);
  return name;
}

export interface ConditionFacts {
  readonly whenTrue: readonly Fact[];
  readonly whenFalse: readonly Fact[];
}

const NOTHING: ConditionFacts = { whenTrue: [], whenFalse: [] };

/** What follows from a test; it writes nothing. */
export function conditionFacts(frame: Frame, node: ts.Expression): ConditionFacts {
  const inner = bare(node);
  if (api.isPrefixUnaryExpression(inner) && inner.operator === SyntaxKind.ExclamationToken) {
    const { whenTrue, whenFalse } = conditionFacts(frame, inner.operand);
    return { whenTrue: whenFalse, whenFalse: whenTrue };
  }
  if (api.isBinaryExpression(inner)) {
    if (isLogical(inner)) return junctionFacts(frame, inner);
    return comparisonFacts(frame, inner);
  }
  const place = placeOf(frame, inner);
  if (place?.type.kind !== "optional") return NOTHING;
  return { whenTrue: [{ path: place.path!, type: place.type.of }], whenFalse: [] };
}

function junctionFacts(frame: Frame, node: ts.BinaryExpression): ConditionFacts {
  const isAnd = node.operatorToken.kind === SyntaxKind.AmpersandAmpersandToken;
  const left = conditionFacts(frame, node.left);
  const right = frame.assuming(isAnd ? left.whenTrue : left.whenFalse, () =>
    conditionFacts(frame, node.right),
  );
  return isAnd
    ? { whenTrue: [...left.whenTrue, ...right.whenTrue], whenFalse: [] }
    : { whenTrue: [], whenFalse: [...left.whenFalse, ...right.whenFalse] };
}

function comparisonFacts(frame: Frame, node: ts.BinaryExpression): ConditionFacts {
  const { kind } = node.operatorToken;
  const strict =
    kind === SyntaxKind.EqualsEqualsEqualsToken || kind === SyntaxKind.ExclamationEqualsEqualsToken;
  const loose = kind === SyntaxKind.EqualsEqualsToken || kind === SyntaxKind.ExclamationEqualsToken;
  if (!strict && !loose) return NOTHING;
  const negated =
    kind === SyntaxKind.ExclamationEqualsEqualsToken || kind === SyntaxKind.ExclamationEqualsToken;
  const facts = equalityFacts(frame, bare(node.left), bare(node.right), strict);
  return negated ? { whenTrue: facts.whenFalse, whenFalse: facts.whenTrue } : facts;
}

/** What follows from `left === right` and from its opposite. */
function equalityFacts(
  frame: Frame,
  left: ts.Expression,
  right: ts.Expression,
  strict: boolean,
): ConditionFacts {
  if (api.isTypeOfExpression(left) && api.isStringLiteralLike(right)) {
    return typeofFacts(frame, left.expression, right.text);
  }
  const nil = nilKind(frame, right);
  if (nil === undefined) {
    // Equal to something that is there: it is there.
    const place = placeOf(frame, left);
    if (place?.type.kind !== "optional" || !isPresentLiteral(right)) return NOTHING;
    return { whenTrue: [{ path: place.path!, type: place.type.of }], whenFalse: [] };
  }
  const place = placeOf(frame, left);
  if (place?.type.kind !== "optional") return NOTHING;
  const { type } = place;
  const path = place.path!;
  if (!strict) return { whenTrue: [], whenFalse: [{ path, type: type.of }] };
  const rest: ValueType = { ...type, [nil]: false };
  const narrowed = rest.kind === "optional" && !rest.null && !rest.undefined ? type.of : rest;
  return {
    whenTrue: type[nil] ? [{ path, type: { kind: nil } }] : [],
    whenFalse: [{ path, type: narrowed }],
  };
}

function typeofFacts(frame: Frame, node: ts.Expression, name: string): ConditionFacts {
  const place = placeOf(frame, bare(node));
  if (place?.type.kind !== "optional") return NOTHING;
  const { type } = place;
  const path = place.path!;
  const whenTrue = name === type.of.kind ? [{ path, type: type.of as ValueType }] : [];
  if (name !== "undefined" || !type.undefined) return { whenTrue, whenFalse: [] };
  const rest: ValueType = type.null ? { ...type, undefined: false } : type.of;
  return { whenTrue: [{ path, type: { kind: "undefined" } }], whenFalse: [{ path, type: rest }] };
}

function nilKind(frame: Frame, node: ts.Expression): "null" | "undefined" | undefined {
  if (node.kind === SyntaxKind.NullKeyword) return "null";
  const named = api.isIdentifier(node) && node.text === "undefined";
  return named && frame.find("undefined") === undefined ? "undefined" : undefined;
}

function isPresentLiteral(node: ts.Expression): boolean {
  return (
    api.isStringLiteralLike(node) ||
    api.isNumericLiteral(node) ||
    api.isBigIntLiteral(node) ||
    node.kind === SyntaxKind.TrueKeyword ||
    node.kind === SyntaxKind.FalseKeyword
  );
}

/** The place that a name or a field names, if tests of it are remembered. */
function placeOf(frame: Frame, node: ts.Expression): Value | undefined {
  if (!api.isIdentifier(node) && !api.isPropertyAccessExpression(node)) return undefined;
  if (api.isIdentifier(node) && frame.find(node.text) === undefined) return undefined;
  const root = rootName(node);
  if (root === undefined || frame.find(root) === undefined) return undefined;
  const { lines, result } = frame.captured(() => lowerExpression(frame, node));
  return lines.length === 0 && result.path !== undefined ? result : undefined;
}

function rootName(node: ts.Expression): string | undefined {
  if (api.isIdentifier(node)) return node.text;
  return api.isPropertyAccessExpression(node) ? rootName(bare(node.expression)) : undefined;
}

/** Whether a value is there, for `??` and `?.`. */
export function presentTest(frame: Frame, value: Value): string {
  return `!${nilTest(frame, value, "both")}`;
}
