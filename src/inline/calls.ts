/** Calls: functions of the language, helper functions of the file, methods of values. */
import { lowerArrayMethod } from "./array-methods.ts";
import { bind, NO_VALUE, withDefault } from "./assignment.ts";
import { type HelperNode, resolveName } from "./captured.ts";
import { cannotMeet, coerce, literalValue, textCode, truthyCode } from "./conversion.ts";
import { checkDepth } from "./depth-check.ts";
import { lowerExpression, lowerOperands, onPresent, refuseNode } from "./expression.ts";
import { Frame } from "./frame.ts";
import { callMath, lowerMath, lowerNumberFunction, lowerStringFunction } from "./globals.ts";
import { numberOf } from "./operators.ts";
import { OUTSIDE_GLOBALS } from "./outside.ts";
import type { HelperFunction } from "./program.ts";
import { nodeKey, refuse } from "./refusal.ts";
import { lowerBody, mayComplete } from "./statements.ts";
import { lowerScalarMethod, lowerStringMethod } from "./string-methods.ts";
import { api, type ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { BIGINT, BOOLEAN, STRING, typeKey, typeText, UNDEFINED } from "./value-type.ts";

/** Arguments of a call, none of them spread. */
export function argumentsOf(node: ts.CallExpression): readonly ts.Expression[] {
  for (const argument of node.arguments) if (api.isSpreadElement(argument)) refuseNode(argument);
  return node.arguments;
}

export function lowerCall(frame: Frame, node: ts.CallExpression): Value {
  const callee = node.expression;
  if (api.isIdentifier(callee)) return lowerNamedCall(frame, node, callee);
  if (api.isPropertyAccessExpression(callee)) return lowerMethodCall(frame, node, callee);
  if (callee.kind === api.SyntaxKind.ImportKeyword) return refuseNode(callee);
  return refuse(node, "a call of a computed function", "Call a helper function by its name.");
}

function lowerNamedCall(frame: Frame, node: ts.CallExpression, callee: ts.Identifier): Value {
  if (frame.find(callee.text) !== undefined) {
    return refuse(node, "a call of a value", "Only functions of the file are called.");
  }
  const found = resolveName(callee);
  if (found?.kind === "function") return callHelper(frame, node, found.node, callee.text);
  if (found?.kind === "library") {
    return (found.library === "math" ? callMath : callText)(frame, node, found.name);
  }
  if (found !== undefined) {
    const what = found.kind === "other" ? found.what : "a value";
    return refuse(
      node,
      `a call of ${callee.text}, which is ${what}`,
      "Write a helper function in this file.",
    );
  }
  return callGlobal(frame, node, callee.text);
}

function callText(frame: Frame, node: ts.CallExpression, name: string): Value {
  const values = lowerOperands(frame, argumentsOf(node));
  const codes = values.map((value, index) => {
    if (value.type.kind === "string") return value.code;
    return refuse(
      node.arguments[index]!,
      `${name} of ${typeText(value.type)}`,
      "It takes strings.",
    );
  });
  if (name === "matchGlob" && codes.length === 2) {
    return { code: frame.call("matchGlob", ...codes), type: BOOLEAN, stable: false };
  }
  if ((name !== "words" && name !== "fields") || codes.length !== 1) {
    return refuse(
      node,
      `${name} with ${codes.length} arguments`,
      "words(s), fields(s), matchGlob(s, pattern).",
    );
  }
  const cell = frame.program.cellAt(`${frame.key}:${node.pos}`);
  cell.add(STRING);
  return { code: frame.call(name, ...codes), type: { kind: "array", cell }, stable: false };
}

function callGlobal(frame: Frame, node: ts.CallExpression, name: string): Value {
  const outside = OUTSIDE_GLOBALS[name];
  if (outside !== undefined) return refuse(node, outside[0], outside[1]);
  const values = lowerOperands(frame, argumentsOf(node));
  const first = values[0] ?? NO_VALUE;
  const at = node.arguments[0] ?? node;
  switch (name) {
    case "String":
      if (values.length === 0) return literalValue(frame, "");
      return { code: textCode(frame, first, at), type: STRING, stable: false };
    case "Number":
      return values.length === 0 ? literalValue(frame, 0) : numberOf(frame, first, at, true);
    case "Boolean":
      return { code: truthyCode(frame, first, at), type: BOOLEAN, stable: false };
    case "BigInt":
      return bigOf(frame, first, at);
    case "isNaN": {
      const held = frame.held(numberOf(frame, first, at));
      return { code: `(${held.code} != ${held.code})`, type: BOOLEAN, stable: false };
    }
    case "isFinite":
      return { code: `isFinite(${numberOf(frame, first, at).code})`, type: BOOLEAN, stable: false };
    case "parseFloat":
    case "parseInt":
      return lowerNumberFunction(frame, node, name, values);
    default:
      return refuse(
        node,
        `a call of ${name}, which is not declared in this file`,
        "Write a helper function in this file.",
        "INLINE_CAPTURE",
      );
  }
}

function bigOf(frame: Frame, value: Value, node: ts.Node): Value {
  const big = (code: string): Value => ({ code, type: BIGINT, stable: false });
  switch (value.type.kind) {
    case "bigint":
      return value;
    case "number":
      return big(frame.call("bigOf", value.code));
    case "string":
      return big(frame.call("bigOfText", value.code));
    case "boolean":
      return big(`<i64>(${value.code})`);
    default:
      return refuse(node, `BigInt of ${typeText(value.type)}`, "Test for null first.");
  }
}

function lowerMethodCall(
  frame: Frame,
  node: ts.CallExpression,
  callee: ts.PropertyAccessExpression,
): Value {
  const object = callee.expression;
  const name = callee.name.text;
  if (api.isIdentifier(object) && frame.find(object.text) === undefined) {
    if (resolveName(object) === undefined) {
      if (object.text === "Math") return lowerMath(frame, node, name);
      if (object.text === "Number") return lowerNumberFunction(frame, node, name);
      if (object.text === "String") return lowerStringFunction(frame, node, name);
      if (object.text === "BigInt") {
        return refuse(
          node,
          `BigInt.${name}`,
          "A bigint here has 64 bits, and fails the row beyond.",
        );
      }
      const outside = OUTSIDE_GLOBALS[object.text];
      if (outside !== undefined) return refuse(node, `${object.text}.${name}`, outside[1]);
    }
  }
  if (node.questionDotToken !== undefined) {
    return refuse(node, "?.()", "Methods are always there: write x?.trim().");
  }
  return onPresent(frame, callee, object, (target) => {
    switch (target.type.kind) {
      case "string":
        return lowerStringMethod(frame, node, target, name);
      case "array":
        return lowerArrayMethod(frame, node, target, name);
      case "never":
        return { code: "0", type: target.type, stable: true };
      default:
        return lowerScalarMethod(frame, node, target, name);
    }
  });
}

/** Calls a helper function of the file, compiled for the types of these arguments. */
function callHelper(
  frame: Frame,
  node: ts.CallExpression,
  helper: HelperNode,
  name: string,
): Value {
  const values = lowerOperands(frame, argumentsOf(node));
  const own = nodeKey(helper);
  const key = `${own}(${values.map((value) => typeKey(value.type)).join(";")})${literalsKey(values)}`;
  const { program } = frame;
  if (program.open.some((one) => one.startsWith(`${own}(`))) {
    refuse(node, `${name} calls itself`, "Recursion is outside: write a loop.", "INLINE_RECURSION");
  }
  const known = program.helpers.get(key) ?? compileHelper(frame, helper, name, key, values);
  const passed = values.slice(0, helper.parameters.length);
  const codes = passed.flatMap((value, index) =>
    isErased(value) ? [] : [coerce(frame, value, value.type, node.arguments[index]!)],
  );
  const code = `${known.name}(${codes.join(", ")})`;
  if (!known.mayFail && !known.mutates) return { code, type: known.result, stable: false };
  if (known.mutates) frame.mutations++;
  const isVoid = known.result.kind === "undefined" || known.result.kind === "never";
  if (isVoid) frame.emit(`${code};`);
  const result = isVoid ? "0" : frame.hold(code, known.result, name);
  if (known.mayFail) {
    frame.mayFail = true;
    frame.emit(`if (${frame.call("failed")}) { ${frame.abort} }`);
  }
  return { code: result, type: known.result, stable: true };
}

/** Tells apart the literals that a helper is compiled for: 0 from -0, and texts wherever they end. */
function literalsKey(values: readonly Value[]): string {
  const texts = values.map(({ literal }) => {
    if (literal === undefined) return null;
    return Object.is(literal, -0) ? "-0" : String(literal);
  });
  return JSON.stringify(texts);
}

/** Arguments that need not be passed: literals, null, undefined. */
const isConstant = (value: Value): boolean => value.literal !== undefined;
const isErased = (value: Value): boolean =>
  isConstant(value) || ["null", "undefined", "never"].includes(value.type.kind);

function compileHelper(
  caller: Frame,
  helper: HelperNode,
  name: string,
  key: string,
  values: readonly Value[],
): HelperFunction {
  const { program } = caller;
  checkDepth(helper);
  if (helper.asteriskToken !== undefined) refuse(helper, "a generator", "Return an array.");
  const isAsync = helper.modifiers?.some((m) => m.kind === api.SyntaxKind.AsyncKeyword) === true;
  if (isAsync) refuse(helper, "an async function", "A row is processed at once.");
  const generated = program.fresh(name);
  const resultKey = `${key}:result`;
  const before = program.known(resultKey) ?? { kind: "never" as const };
  const native = program.native(before);
  const isVoid = before.kind === "undefined" || before.kind === "never";
  program.open.push(key);
  const frame: Frame = new Frame(program, key, isVoid ? "return;" : `return ${zero(native)};`, {
    give: (value, at) => {
      const given = value ?? NO_VALUE;
      const type = program.widen(resultKey, given.type);
      if (type === undefined) cannotMeet(at, program.known(resultKey)!, given.type);
      frame.emit(isVoid ? "return;" : `return ${coerce(frame, given, type, at)};`);
    },
  });
  const parameters = helper.parameters.map((parameter, index) =>
    declareParameter(frame, parameter, values[index]),
  );
  const body = helper.body!;
  if (api.isBlock(body)) {
    lowerBody(frame, body);
    if (mayComplete(body)) frame.returns.give(undefined, helper);
  } else frame.returns.give(lowerExpression(frame, body), body);
  program.open.pop();
  const result = program.known(resultKey) ?? UNDEFINED;
  const list = parameters.flat().join(", ");
  program.declarations.push(
    `function ${generated}(${list}): ${isVoid ? "void" : native} {`,
    ...frame.body(),
    "}",
  );
  const compiled = {
    name: generated,
    result,
    mayFail: frame.mayFail,
    mutates: frame.mutations > 0,
  };
  program.helpers.set(key, compiled);
  return compiled;
}

/** What a function gives that has failed: nobody looks at it. */
export function zero(native: string): string {
  if (["f64", "i64", "i32", "bool"].includes(native)) return `<${native}>0`;
  return `changetype<${native}>(0)`;
}

function declareParameter(
  frame: Frame,
  parameter: ts.ParameterDeclaration,
  value: Value | undefined,
): string[] {
  if (parameter.dotDotDotToken !== undefined) {
    refuse(parameter, "rest parameters", "Take an array.");
  }
  const given = value ?? NO_VALUE;
  const hint = api.isIdentifier(parameter.name) ? parameter.name.text : "argument";
  const generated = frame.program.fresh(hint);
  const own: Value = isErased(given)
    ? given
    : { code: generated, type: given.type, stable: true, path: generated };
  const bound = withDefault(frame, own, parameter.initializer, parameter);
  bind(frame, parameter.name, bound, isAssigned(parameter), parameter);
  return isErased(given) ? [] : [`${generated}: ${frame.program.native(given.type)}`];
}

/** Whether a function changes its parameter. */
export function isAssigned(parameter: ts.ParameterDeclaration): boolean {
  const { body } = parameter.parent as ts.FunctionLikeDeclaration;
  if (body === undefined || !api.isIdentifier(parameter.name)) return false;
  return assignedNames(body).has(parameter.name.text);
}

/** Names of variables that are assigned somewhere within a node. */
export function assignedNames(node: ts.Node): Set<string> {
  const names = new Set<string>();
  const add = (target: ts.Expression): void => {
    if (api.isIdentifier(target)) names.add(target.text);
    else if (api.isParenthesizedExpression(target) || api.isNonNullExpression(target)) {
      add(target.expression);
    }
  };
  const visit = (one: ts.Node): void => {
    if (api.isBinaryExpression(one)) {
      const { kind } = one.operatorToken;
      const assigns =
        kind >= api.SyntaxKind.FirstAssignment && kind <= api.SyntaxKind.LastAssignment;
      if (assigns) add(one.left);
    }
    if (api.isPrefixUnaryExpression(one) || api.isPostfixUnaryExpression(one)) add(one.operand);
    api.forEachChild(one, visit);
  };
  visit(node);
  return names;
}
