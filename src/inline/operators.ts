/** Unary and binary operators, and assignments. */
import { assign, lowerIncrement } from "./assignment.ts";
import { lowerEquality, lowerOrder } from "./comparison.ts";
import { conditionFacts, lowerCondition, presentTest } from "./condition.ts";
import {
  arithmeticCode,
  cannotMeet,
  literalValue,
  textCode,
  truthyCode,
  unwrapped,
} from "./conversion.ts";
import { bigLiteral, branched, lowerExpression, lowerOperands, refuseNode } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { integerSum } from "./loop-counter.ts";
import { refuse } from "./refusal.ts";
import { concatenated } from "./text-operators.ts";
import { api, type ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { BIGINT, BOOLEAN, join, NUMBER, present } from "./value-type.ts";

const { SyntaxKind } = api;

const number = (code: string): Value => ({ code, type: NUMBER, stable: false });
const bigint = (code: string): Value => ({ code, type: BIGINT, stable: false });

export function lowerPrefix(frame: Frame, node: ts.PrefixUnaryExpression): Value {
  const { operator, operand } = node;
  if (operator === SyntaxKind.PlusPlusToken || operator === SyntaxKind.MinusMinusToken) {
    return lowerIncrement(frame, node, false);
  }
  if (operator === SyntaxKind.ExclamationToken) {
    return { code: `!(${lowerCondition(frame, operand)})`, type: BOOLEAN, stable: false };
  }
  if (operator === SyntaxKind.MinusToken && api.isBigIntLiteral(operand)) {
    return bigLiteral(frame, operand, -1n);
  }
  const value = lowerExpression(frame, operand);
  if (operator === SyntaxKind.PlusToken) return numberOf(frame, value, operand);
  if (value.type.kind === "bigint") {
    if (operator === SyntaxKind.TildeToken) return bigint(`(~${value.code})`);
    return bigint(frame.call("negateBig", value.code));
  }
  if (operator === SyntaxKind.MinusToken && typeof value.literal === "number") {
    return literalValue(frame, -value.literal);
  }
  const code = arithmeticCode(frame, value, operand);
  if (operator === SyntaxKind.TildeToken) return number(`<f64>(~${frame.call("toInt32", code)})`);
  return { ...number(`(-(${code}))`), stable: value.stable };
}

export function lowerPostfix(frame: Frame, node: ts.PostfixUnaryExpression): Value {
  return lowerIncrement(frame, node, true);
}

/** Number(x) and +x. */
export function numberOf(frame: Frame, value: Value, node: ts.Node, bigints = false): Value {
  const { type } = value;
  if (type.kind === "string") return number(frame.call("numberOf", value.code));
  if (type.kind === "boolean") return number(`<f64>(${value.code})`);
  if (type.kind === "bigint" && bigints) return number(`<f64>(${value.code})`);
  if (type.kind === "optional" && type.of.kind !== "number") {
    const held = frame.held(value);
    const { lines, result } = frame.captured(() => numberOf(frame, unwrapped(held), node, bigints));
    if (type.null && type.undefined) {
      return refuse(node, "Number of null or undefined", "Test for one of them first.");
    }
    return branched(frame, node, NUMBER, presentTest(frame, held), [
      { lines, value: result },
      { lines: [], value: number(type.null ? "<f64>0.0" : "NaN") },
    ]);
  }
  return { ...number(arithmeticCode(frame, value, node)), stable: value.stable };
}

export function lowerBinary(frame: Frame, node: ts.BinaryExpression): Value {
  const { kind } = node.operatorToken;
  switch (kind) {
    case SyntaxKind.EqualsToken:
      return assign(frame, node);
    case SyntaxKind.AmpersandAmpersandToken:
    case SyntaxKind.BarBarToken:
    case SyntaxKind.QuestionQuestionToken:
      return lowerLogical(frame, node);
    case SyntaxKind.EqualsEqualsEqualsToken:
    case SyntaxKind.ExclamationEqualsEqualsToken:
    case SyntaxKind.EqualsEqualsToken:
    case SyntaxKind.ExclamationEqualsToken:
      return lowerEquality(frame, node);
    case SyntaxKind.LessThanToken:
    case SyntaxKind.LessThanEqualsToken:
    case SyntaxKind.GreaterThanToken:
    case SyntaxKind.GreaterThanEqualsToken:
      return lowerOrder(frame, node);
    case SyntaxKind.CommaToken:
      return refuseNode(node);
    default: {
      if (kind >= SyntaxKind.FirstAssignment && kind <= SyntaxKind.LastAssignment) {
        return assign(frame, node);
      }
      const [left, right] = lowerOperands(frame, [node.left, node.right]);
      return arithmetic(frame, kind, left!, right!, node);
    }
  }
}

/** +, -, *, /, %, ** and the operators on bits. */
export function arithmetic(
  frame: Frame,
  kind: ts.SyntaxKind,
  left: Value,
  right: Value,
  node: ts.Node,
): Value {
  const kinds = [present(left.type)?.kind, present(right.type)?.kind];
  if (kind === SyntaxKind.PlusToken && kinds.includes("string")) {
    const codes = [textCode(frame, left, node), textCode(frame, right, node)];
    return concatenated(frame, codes);
  }
  if (left.type.kind === "bigint" && right.type.kind === "bigint") {
    return bigArithmetic(frame, kind, left.code, right.code, node);
  }
  const a = arithmeticCode(frame, left, node);
  const b = arithmeticCode(frame, right, node);
  if (typeof left.literal === "number" && typeof right.literal === "number") {
    const folded = FOLDED[SyntaxKind[kind]!]?.(left.literal, right.literal);
    if (folded !== undefined) return literalValue(frame, folded);
  }
  if (kind === SyntaxKind.AsteriskAsteriskToken) return smallPower(frame, a, left, right, node);
  const result = numberArithmetic(frame, kind, a, b, node);
  const sum = integerSum(kind, left, right);
  const stable = left.stable && right.stable;
  return { ...number(result), stable, ...(sum === undefined ? {} : { integer: sum }) };
}

const FOLDED: Readonly<Record<string, (a: number, b: number) => number>> = {
  PlusToken: (a, b) => a + b,
  MinusToken: (a, b) => a - b,
  AsteriskToken: (a, b) => a * b,
  SlashToken: (a, b) => a / b,
};

/**
 * x ** n where every engine gives the same bits: n is 0, 1 or 2. V8 takes the others from the machine's
 * C library, or with --no-use-std-math-pow from its own code, and a tenth of the results differ.
 */
function smallPower(
  frame: Frame,
  base: string,
  left: Value,
  exponent: Value,
  node: ts.Node,
): Value {
  const exact = wholePower(left.literal, exponent.literal);
  if (exact !== undefined) return literalValue(frame, exact);
  switch (exponent.literal) {
    case 0:
      return literalValue(frame, 1);
    case 1:
      return number(base);
    case 2: {
      const held = frame.hold(base, NUMBER);
      return number(`(${held} * ${held})`);
    }
    default:
      return refuse(
        node,
        "** of numbers but for 0, 1, 2",
        'Write x * x * x, or import { pow } from "millrace/math": engines differ in its bits.',
      );
  }
}

/** A power of whole numbers up to 2 ** 53: every engine gives it exactly. */
function wholePower(base: Value["literal"], exponent: Value["literal"]): number | undefined {
  if (!Number.isSafeInteger(base) || !Number.isSafeInteger(exponent)) return undefined;
  if ((exponent as number) < 0 || (exponent as number) > 64) return undefined;
  const power = Number(BigInt(base as number) ** BigInt(exponent as number));
  return Math.abs(power) <= 2 ** 53 ? power : undefined;
}

function numberArithmetic(
  frame: Frame,
  kind: ts.SyntaxKind,
  a: string,
  b: string,
  node: ts.Node,
): string {
  const int = (code: string) => frame.call("toInt32", code);
  switch (kind) {
    case SyntaxKind.PlusToken:
      return `(${a} + ${b})`;
    case SyntaxKind.MinusToken:
      return `(${a} - ${b})`;
    case SyntaxKind.AsteriskToken:
      return `(${a} * ${b})`;
    case SyntaxKind.SlashToken:
      return `(${a} / ${b})`;
    case SyntaxKind.PercentToken:
      return frame.call("remainder", a, b);
    case SyntaxKind.AmpersandToken:
      return `<f64>(${int(a)} & ${int(b)})`;
    case SyntaxKind.BarToken:
      return `<f64>(${int(a)} | ${int(b)})`;
    case SyntaxKind.CaretToken:
      return `<f64>(${int(a)} ^ ${int(b)})`;
    case SyntaxKind.LessThanLessThanToken:
      return `<f64>(${int(a)} << (${int(b)} & 31))`;
    case SyntaxKind.GreaterThanGreaterThanToken:
      return `<f64>(${int(a)} >> (${int(b)} & 31))`;
    case SyntaxKind.GreaterThanGreaterThanGreaterThanToken:
      return frame.call("unsigned", `<i32>(<u32>${int(a)} >> (${int(b)} & 31))`);
    default:
      return refuse(node, `the operator ${node.getText()}`, "Use another.");
  }
}

function bigArithmetic(
  frame: Frame,
  kind: ts.SyntaxKind,
  a: string,
  b: string,
  node: ts.Node,
): Value {
  const names: Readonly<Record<number, string>> = {
    [SyntaxKind.PlusToken]: "addBig",
    [SyntaxKind.MinusToken]: "subtractBig",
    [SyntaxKind.AsteriskToken]: "multiplyBig",
    [SyntaxKind.SlashToken]: "divideBig",
    [SyntaxKind.PercentToken]: "remainderBig",
    [SyntaxKind.AsteriskAsteriskToken]: "powerBig",
    [SyntaxKind.LessThanLessThanToken]: "shiftBig",
    [SyntaxKind.GreaterThanGreaterThanToken]: "shiftRightBig",
  };
  const bits: Readonly<Record<number, string>> = {
    [SyntaxKind.AmpersandToken]: "&",
    [SyntaxKind.BarToken]: "|",
    [SyntaxKind.CaretToken]: "^",
  };
  const name = names[kind];
  if (name !== undefined) return bigint(frame.call(name, a, b));
  const operator = bits[kind];
  if (operator !== undefined) return bigint(`(${a} ${operator} ${b})`);
  return refuse(node, ">>> of bigints", "JavaScript throws a TypeError there: use >>.");
}

/** &&, || and ?? as values: one of the operands. */
function lowerLogical(frame: Frame, node: ts.BinaryExpression): Value {
  const { kind } = node.operatorToken;
  const left = frame.held(lowerExpression(frame, node.left));
  const facts = conditionFacts(frame, node.left);
  const isAnd = kind === SyntaxKind.AmpersandAmpersandToken;
  const isNullish = kind === SyntaxKind.QuestionQuestionToken;
  const known = isNullish ? [] : isAnd ? facts.whenTrue : facts.whenFalse;
  const { lines, result: right } = frame.assuming(known, () =>
    frame.captured(() => lowerExpression(frame, node.right)),
  );
  // What is left of the left side where it is the result.
  const kept = isAnd ? left : present(left.type) === undefined ? undefined : unwrapped(left);
  if (kept === undefined) {
    frame.emitAll(lines);
    return right;
  }
  if (isNullish && left.type.kind !== "optional") return left;
  const type = join(kept.type, right.type);
  if (type === undefined) return cannotMeet(node, kept.type, right.type);
  const booleans = kept.type.kind === "boolean" && right.type.kind === "boolean";
  if (booleans && !isNullish && lines.length === 0) {
    const code = `(${kept.code} ${isAnd ? "&&" : "||"} ${right.code})`;
    return { code, type: BOOLEAN, stable: false };
  }
  const takesLeft = isNullish
    ? presentTest(frame, left)
    : isAnd
      ? `!(${truthyCode(frame, left, node)})`
      : truthyCode(frame, left, node);
  return branched(frame, node, type, takesLeft, [
    { lines: [], value: kept },
    { lines, value: right },
  ]);
}
