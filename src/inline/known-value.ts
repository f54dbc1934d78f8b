/**
 * Values that are known when the job function has run: constants made from the job's arguments. A small
 * interpreter of TypeScript's tree computes them again, with JavaScript's own operators and methods, so
 * they are what the closure holds; what it does not know is refused, not guessed.
 */
import { type Captured, namesIn, resolveName } from "./captured.ts";
import { api, type ts } from "./typescript-api.ts";

const { SyntaxKind } = api;

/** What a name stands for within functions that are passed. */
type Local = ReadonlyMap<string, unknown>;
const NO_LOCALS: Local = new Map();

/** Thrown where the interpreter knows no further. */
export class NotKnown extends Error {
  readonly node: ts.Node;

  constructor(node: ts.Node) {
    super("not known");
    this.node = node;
  }
}

type Binary = (a: never, b: never) => unknown;
/* biome-ignore-start lint/suspicious/noDoubleEquals: the operators as they are written */
const BINARY: Readonly<Record<string, Binary>> = {
  PlusToken: (a: number, b: number) => a + b,
  MinusToken: (a: number, b: number) => a - b,
  AsteriskToken: (a: number, b: number) => a * b,
  SlashToken: (a: number, b: number) => a / b,
  PercentToken: (a: number, b: number) => a % b,
  AsteriskAsteriskToken: (a: number, b: number) => a ** b,
  LessThanToken: (a: number, b: number) => a < b,
  LessThanEqualsToken: (a: number, b: number) => a <= b,
  GreaterThanToken: (a: number, b: number) => a > b,
  GreaterThanEqualsToken: (a: number, b: number) => a >= b,
  EqualsEqualsEqualsToken: (a: unknown, b: unknown) => a === b,
  ExclamationEqualsEqualsToken: (a: unknown, b: unknown) => a !== b,
  EqualsEqualsToken: (a: unknown, b: unknown) => a == b,
  ExclamationEqualsToken: (a: unknown, b: unknown) => a != b,
};
/* biome-ignore-end lint/suspicious/noDoubleEquals: the operators as they are written */

const GLOBALS: Readonly<Record<string, (...args: never[]) => unknown>> = {
  BigInt,
  Boolean,
  Number,
  String,
  // biome-ignore lint/suspicious/noGlobalIsFinite: the function as the job calls it
  isFinite: globalThis.isFinite,
  // biome-ignore lint/suspicious/noGlobalIsNan: the function as the job calls it
  isNaN: globalThis.isNaN,
  parseFloat,
  parseInt,
};
const NAMESPACES: Readonly<Record<string, object>> = { Math, Number, JSON };
/** Methods of arrays that change nothing. */
const ARRAY_METHODS: ReadonlySet<string> = new Set(
  "at concat every filter find findIndex flat flatMap includes indexOf join lastIndexOf map reduce slice some toReversed toSorted".split(
    " ",
  ),
);
/** What gives another value each time. */
const IMPURE: ReadonlySet<string> = new Set(["random", "stringify", "normalize", "localeCompare"]);

/**
 * The value of an expression of the job function.
 * @param args Arguments of the job
 * @throws NotKnown
 */
export function knownValue(
  node: ts.Expression,
  args: readonly string[],
  locals: Local = NO_LOCALS,
): unknown {
  const value = (one: ts.Expression): unknown => knownValue(one, args, locals);
  const inner = erased(node);
  if (inner !== undefined) return value(inner);
  if (api.isNumericLiteral(node)) return Number(node.text);
  if (api.isBigIntLiteral(node)) return BigInt(node.text.slice(0, -1));
  if (api.isStringLiteralLike(node)) return node.text;
  if (node.kind === SyntaxKind.TrueKeyword) return true;
  if (node.kind === SyntaxKind.FalseKeyword) return false;
  if (node.kind === SyntaxKind.NullKeyword) return null;
  if (api.isIdentifier(node)) return nameValue(node, args, locals);
  if (api.isTemplateExpression(node)) {
    const spans = node.templateSpans.map((one) => `${value(one.expression)}${one.literal.text}`);
    return node.head.text + spans.join("");
  }
  if (api.isConditionalExpression(node)) {
    return value(node.condition) ? value(node.whenTrue) : value(node.whenFalse);
  }
  if (api.isPrefixUnaryExpression(node)) return prefixValue(node, value(node.operand));
  if (api.isBinaryExpression(node)) return binaryValue(node, value);
  if (api.isArrayLiteralExpression(node)) {
    return node.elements.flatMap((one) =>
      api.isSpreadElement(one) ? [...(value(one.expression) as unknown[])] : [value(one)],
    );
  }
  if (api.isObjectLiteralExpression(node)) return objectValue(node, value);
  if (api.isPropertyAccessExpression(node)) return propertyValue(node, value);
  if (api.isElementAccessExpression(node)) {
    return member(node, value(node.expression), value(node.argumentExpression));
  }
  if (api.isCallExpression(node)) return callValue(node, value);
  if (api.isArrowFunction(node)) return arrowValue(node, args, locals);
  throw new NotKnown(node);
}

/** What is within parentheses and assertions. */
function erased(node: ts.Expression): ts.Expression | undefined {
  const wraps =
    api.isParenthesizedExpression(node) ||
    api.isAsExpression(node) ||
    api.isSatisfiesExpression(node) ||
    api.isNonNullExpression(node);
  return wraps ? node.expression : undefined;
}

function nameValue(node: ts.Identifier, args: readonly string[], locals: Local): unknown {
  if (locals.has(node.text)) return locals.get(node.text);
  const found = resolveName(node);
  if (found !== undefined) return capturedValue(node, found, args);
  if (node.text === "undefined") return undefined;
  if (node.text === "NaN") return Number.NaN;
  if (node.text === "Infinity") return Number.POSITIVE_INFINITY;
  throw new NotKnown(node);
}

/** What is known of a job function's parameter. */
class Context {
  readonly args: readonly string[];

  constructor(args: readonly string[]) {
    this.args = args;
  }
}

/** What a captured name of the job function is. */
export function capturedValue(
  node: ts.Identifier,
  found: Captured,
  args: readonly string[],
): unknown {
  if (found.kind === "constant") return knownValue(found.initializer, args);
  if (found.kind === "element") {
    return elementOf(found.pattern, knownValue(found.initializer, args), node, args);
  }
  if (found.kind === "argument") return elementOf(found.pattern, new Context(args), node, args);
  throw new NotKnown(node);
}

/** The part of a value that a pattern binds to a name. */
function elementOf(
  pattern: ts.BindingName,
  value: unknown,
  name: ts.Identifier,
  args: readonly string[],
): unknown {
  if (api.isIdentifier(pattern)) return value;
  const index = pattern.elements.findIndex(
    (one) => api.isBindingElement(one) && namesIn(one.name).includes(name.text),
  );
  const element = pattern.elements[index] as ts.BindingElement;
  if (element.dotDotDotToken !== undefined) {
    if (!Array.isArray(value)) throw new NotKnown(name);
    return elementOf(element.name, value.slice(index), name, args);
  }
  const key = api.isArrayBindingPattern(pattern) ? index : keyOf(element);
  const part = member(name, value, key);
  const isDefault = part === undefined && element.initializer !== undefined;
  const given = isDefault ? knownValue(element.initializer, args) : part;
  return elementOf(element.name, given, name, args);
}

function keyOf(element: ts.BindingElement): string {
  const name = element.propertyName ?? element.name;
  if (api.isIdentifier(name) || api.isStringLiteralLike(name)) return name.text;
  throw new NotKnown(element);
}

/** An element, or a field that is the value's own: what else there is, is not known. */
function member(node: ts.Node, object: unknown, key: unknown): unknown {
  if (object === undefined || object === null) {
    if (api.isOptionalChain(node)) return undefined;
    throw new NotKnown(node);
  }
  const own = Object(object) as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(own, String(key))) return own[String(key)];
  // Methods are called, not read; of the job's context the arguments are known.
  if (object instanceof Context || String(key) in own) throw new NotKnown(node);
  return undefined;
}

function prefixValue(node: ts.PrefixUnaryExpression, operand: unknown): unknown {
  switch (node.operator) {
    case SyntaxKind.PlusToken:
      return +(operand as number);
    case SyntaxKind.MinusToken:
      return -(operand as number);
    case SyntaxKind.ExclamationToken:
      return !operand;
    default:
      throw new NotKnown(node);
  }
}

function binaryValue(node: ts.BinaryExpression, value: (node: ts.Expression) => unknown): unknown {
  const { kind } = node.operatorToken;
  const left = value(node.left);
  if (kind === SyntaxKind.QuestionQuestionToken) return left ?? value(node.right);
  if (kind === SyntaxKind.BarBarToken) return left || value(node.right);
  if (kind === SyntaxKind.AmpersandAmpersandToken) return left && value(node.right);
  const operator = BINARY[SyntaxKind[kind]!];
  if (operator === undefined) throw new NotKnown(node);
  return operator(left as never, value(node.right) as never);
}

function objectValue(
  node: ts.ObjectLiteralExpression,
  value: (node: ts.Expression) => unknown,
): unknown {
  const entries = node.properties.flatMap((one): [string, unknown][] => {
    if (api.isSpreadAssignment(one)) return Object.entries(value(one.expression) as object);
    if (api.isShorthandPropertyAssignment(one)) return [[one.name.text, value(one.name)]];
    if (!api.isPropertyAssignment(one)) throw new NotKnown(one);
    const { name } = one;
    if (!api.isIdentifier(name) && !api.isStringLiteralLike(name)) throw new NotKnown(one);
    return [[name.text, value(one.initializer)]];
  });
  return Object.fromEntries(entries);
}

function propertyValue(
  node: ts.PropertyAccessExpression,
  value: (node: ts.Expression) => unknown,
): unknown {
  const name = node.name.text;
  const namespace = namespaceOf(node.expression);
  if (namespace === undefined) return member(node, value(node.expression), name);
  const constant = (namespace as Readonly<Record<string, unknown>>)[name];
  if (typeof constant !== "number") throw new NotKnown(node);
  return constant;
}

function namespaceOf(node: ts.Expression): object | undefined {
  if (!api.isIdentifier(node) || resolveName(node) !== undefined) return undefined;
  return NAMESPACES[node.text];
}

function callValue(node: ts.CallExpression, value: (node: ts.Expression) => unknown): unknown {
  const callee = node.expression;
  const given = () => node.arguments.map(value);
  if (api.isIdentifier(callee)) {
    const fn = resolveName(callee) === undefined ? GLOBALS[callee.text] : undefined;
    if (fn === undefined) throw new NotKnown(callee);
    return fn(...(given() as never[]));
  }
  if (!api.isPropertyAccessExpression(callee)) throw new NotKnown(node);
  const name = callee.name.text;
  if (IMPURE.has(name)) throw new NotKnown(callee);
  const namespace = namespaceOf(callee.expression);
  const object = namespace ?? value(callee.expression);
  if (object === undefined && api.isOptionalChain(callee)) return undefined;
  const known =
    namespace !== undefined ||
    (Array.isArray(object) && ARRAY_METHODS.has(name)) ||
    ["string", "number", "bigint", "boolean"].includes(typeof object);
  const method = known ? (object as Readonly<Record<string, unknown>>)[name] : undefined;
  if (typeof method !== "function") throw new NotKnown(callee);
  return method.apply(object, given());
}

/** A function that is passed: of names and one expression. */
function arrowValue(node: ts.ArrowFunction, args: readonly string[], locals: Local): unknown {
  const { body } = node;
  if (api.isBlock(body)) throw new NotKnown(node);
  const names = node.parameters.map((one) => {
    if (!api.isIdentifier(one.name) || one.dotDotDotToken || one.initializer) {
      throw new NotKnown(one);
    }
    return one.name.text;
  });
  return (...given: unknown[]) => {
    const own = new Map(locals);
    names.forEach((name, index) => {
      own.set(name, given[index]);
    });
    return knownValue(body, args, own);
  };
}

const dependent = new WeakMap<ts.Node, boolean>();

/** Whether a value depends on the arguments of the job. */
export function usesArguments(node: ts.Node): boolean {
  const before = dependent.get(node);
  if (before !== undefined) return before;
  // A constant that is made from itself is refused elsewhere.
  dependent.set(node, false);
  const uses = readsArguments(node);
  dependent.set(node, uses);
  return uses;
}

function readsArguments(node: ts.Node): boolean {
  if (api.isIdentifier(node)) {
    const parent = node.parent;
    const isMember = api.isPropertyAccessExpression(parent) && parent.name === node;
    if (isMember || (api.isPropertyAssignment(parent) && parent.name === node)) return false;
    const found = resolveName(node);
    if (found?.kind === "argument") return true;
    return found?.kind === "constant" || found?.kind === "element"
      ? usesArguments(found.initializer)
      : false;
  }
  return api.forEachChild(node, (child) => usesArguments(child) || undefined) === true;
}

/** The text of an expression that gives a value; undefined: it is no value of one-file functions. */
export function expressionText(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const elements = value.map(expressionText);
    return elements.includes(undefined) ? undefined : `[${elements.join(", ")}]`;
  }
  switch (typeof value) {
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `${value}n`;
    case "string":
      return JSON.stringify(value);
    case "boolean":
    case "undefined":
      return String(value);
    case "object": {
      if (value === null) return "null";
      const fields = Object.entries(value).map(([name, field]) => {
        const text = expressionText(field);
        return text === undefined ? undefined : `${JSON.stringify(name)}: ${text}`;
      });
      return fields.includes(undefined) ? undefined : `({ ${fields.join(", ")} })`;
    }
    default:
      return undefined;
  }
}
