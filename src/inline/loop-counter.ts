/**
 * Whole numbers that are known to fit 32 bits: counters of loops that a length or a literal bounds,
 * lengths, and these with a literal added. They are compared and used as indices as integers; wherever
 * else they go they are doubles of the same value.
 */
import { assignedNames } from "./calls.ts";
import { lowerExpression } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { api, type ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { NUMBER } from "./value-type.ts";

const { SyntaxKind } = api;

/** Counters begin below it and literals bound them by it: a step beyond the bound still fits. */
const LARGEST_BOUND = 2 ** 30;
/** Literals that may be added; an expression has far fewer than 2^10 of them. */
const LARGEST_STEP = 2 ** 20;

/** The value as an integer expression, where it is one of 32 bits. */
export function integerCode(value: Value): string | undefined {
  if (value.integer !== undefined) return value.integer;
  return wholeLiteral(value.literal, LARGEST_BOUND) ? String(value.literal) : undefined;
}

function wholeLiteral(value: Value["literal"], limit: number): value is number {
  return Number.isInteger(value) && !Object.is(value, -0) && Math.abs(value as number) <= limit;
}

/** An integer with a literal added or subtracted, as an integer. */
export function integerSum(kind: ts.SyntaxKind, left: Value, right: Value): string | undefined {
  if (left.integer === undefined || !wholeLiteral(right.literal, LARGEST_STEP)) return undefined;
  if (kind === SyntaxKind.PlusToken) return `(${left.integer} + ${right.literal})`;
  return kind === SyntaxKind.MinusToken ? `(${left.integer} - ${right.literal})` : undefined;
}

/** A counter of a loop: its name, where it begins, and by how much it is stepped. */
interface Counter {
  readonly name: string;
  readonly from: number;
  readonly step: number;
}

/** The counter of `for (let i = 0; i < a.length; i++)`; undefined: it may leave 32 bits. */
export function counterOf(frame: Frame, node: ts.ForStatement): Counter | undefined {
  const { initializer, condition, incrementor } = node;
  if (initializer === undefined || !api.isVariableDeclarationList(initializer)) return undefined;
  const [declaration, ...others] = initializer.declarations;
  if (declaration === undefined || others.length > 0) return undefined;
  if (!api.isIdentifier(declaration.name) || condition === undefined) return undefined;
  const name = declaration.name.text;
  const from = literalOf(declaration.initializer);
  const step = stepOf(incrementor, name);
  if (from === undefined || from > LARGEST_BOUND || step === undefined) return undefined;
  const bound = boundOf(condition, name);
  if (bound === undefined || !isSmall(frame, bound, name)) return undefined;
  if (assignedNames(node.statement).has(name) || assignedNames(condition).has(name)) {
    return undefined;
  }
  return { name, from, step };
}

function literalOf(node: ts.Expression | undefined): number | undefined {
  return node !== undefined && api.isNumericLiteral(node) && Number.isInteger(Number(node.text))
    ? Number(node.text)
    : undefined;
}

/** `i++`, `++i`, `i += 2` */
function stepOf(node: ts.Expression | undefined, name: string): number | undefined {
  const isName = (one: ts.Node): boolean => api.isIdentifier(one) && one.text === name;
  if (node === undefined) return undefined;
  if (api.isPostfixUnaryExpression(node) || api.isPrefixUnaryExpression(node)) {
    return node.operator === SyntaxKind.PlusPlusToken && isName(node.operand) ? 1 : undefined;
  }
  if (!api.isBinaryExpression(node) || !isName(node.left)) return undefined;
  if (node.operatorToken.kind !== SyntaxKind.PlusEqualsToken) return undefined;
  const step = literalOf(node.right);
  return step !== undefined && step >= 1 && step <= LARGEST_STEP ? step : undefined;
}

/** The length or literal below which the first thing that a condition asks keeps the counter. */
function boundOf(condition: ts.Expression, name: string): ts.Expression | undefined {
  if (api.isParenthesizedExpression(condition)) return boundOf(condition.expression, name);
  if (!api.isBinaryExpression(condition)) return undefined;
  const { left, right, operatorToken } = condition;
  if (operatorToken.kind === SyntaxKind.AmpersandAmpersandToken) return boundOf(left, name);
  const isLess =
    operatorToken.kind === SyntaxKind.LessThanToken ||
    operatorToken.kind === SyntaxKind.LessThanEqualsToken;
  if (!isLess || !api.isIdentifier(left) || left.text !== name) return undefined;
  if (literalOf(right) !== undefined) return right;
  return api.isPropertyAccessExpression(right) && right.name.text === "length" ? right : undefined;
}

/** Whether a bound is an integer: of strings and arrays the length is, of objects it is any field. */
function isSmall(frame: Frame, bound: ts.Expression, name: string): boolean {
  const mentions = (node: ts.Node): boolean =>
    (api.isIdentifier(node) && node.text === name) || api.forEachChild(node, mentions) === true;
  if (mentions(bound)) return false;
  const { result } = frame.captured(() => lowerExpression(frame, bound));
  return integerCode(result) !== undefined;
}

/** Declares the counter and answers the statement that steps it. */
export function declareCounter(frame: Frame, { name, from, step }: Counter): string {
  const integer = frame.program.fresh(name);
  frame.emit(`let ${integer}: i32 = ${from};`);
  const value: Value = { code: `<f64>${integer}`, type: NUMBER, stable: true, integer };
  frame.declare(name, { value });
  return `${integer} += ${step}`;
}
