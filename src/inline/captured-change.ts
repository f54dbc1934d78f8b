/** Arrays and objects of the file that the file changes: their text does not say what they hold. */
import { resolveName } from "./captured.ts";
import { api, type ts } from "./typescript-api.ts";

const CHANGING: ReadonlySet<string> = new Set(
  "copyWithin fill pop push reverse shift sort splice unshift".split(" "),
);

/** Functions of the language that change what they are given first. */
const CHANGES_FIRST: ReadonlySet<string> = new Set([
  "Object.assign",
  "Object.defineProperties",
  "Object.defineProperty",
  "Object.setPrototypeOf",
  "Reflect.deleteProperty",
  "Reflect.set",
]);

const known = new WeakMap<ts.VariableDeclaration, { readonly change: ts.Node | undefined }>();

/** Where a constant's array or object is changed; undefined: nowhere in its file. */
export function changeOf(constant: ts.VariableDeclaration): ts.Node | undefined {
  const before = known.get(constant);
  if (before !== undefined) return before.change;
  const change = searched(constant);
  known.set(constant, { change });
  return change;
}

function searched(constant: ts.VariableDeclaration): ts.Node | undefined {
  const isConstant = (node: ts.Identifier): boolean => {
    const found = resolveName(node);
    return found?.kind === "constant" && found.node === constant;
  };
  const name = constant.name as ts.Identifier;
  return changeWithin(constant.getSourceFile(), name, isConstant, new Set());
}

/**
 * Where the array or object that a name stands for is changed within a piece of the file.
 * @param seen Declarations that are being searched: functions may call each other
 */
function changeWithin(
  scope: ts.Node,
  name: ts.Identifier,
  isName: (node: ts.Identifier) => boolean,
  seen: Set<ts.Node>,
): ts.Node | undefined {
  if (seen.has(name)) return undefined;
  seen.add(name);
  const visit = (node: ts.Node): ts.Node | undefined => {
    const use = api.isIdentifier(node) && node.text === name.text && node !== name;
    const change = use ? changeThrough(node, seen) : undefined;
    if (change !== undefined && isName(node as ts.Identifier)) return change;
    return api.forEachChild(node, visit);
  };
  return visit(scope);
}

/** `name.push(x)`, `name[0] = x`, `name.field.sort()`, and what is done by another name. */
function changeThrough(name: ts.Identifier, seen: Set<ts.Node>): ts.Node | undefined {
  let node: ts.Node = name;
  for (;;) {
    const { parent } = node;
    if (isWrapper(parent)) {
      node = parent;
      continue;
    }
    const reads =
      (api.isPropertyAccessExpression(parent) || api.isElementAccessExpression(parent)) &&
      parent.expression === node;
    if (!reads) return changeByAnother(node, seen);
    const { parent: user } = parent;
    if (api.isCallExpression(user) && user.expression === parent) {
      const isMethod = api.isPropertyAccessExpression(parent) && CHANGING.has(parent.name.text);
      return isMethod ? user : changeByCallbacks(user, seen);
    }
    if (isTarget(user, parent)) return user;
    node = parent;
  }
}

function isWrapper(node: ts.Node): boolean {
  return (
    api.isParenthesizedExpression(node) || api.isNonNullExpression(node) || api.isAsExpression(node)
  );
}

/** What happens to an array or object under another name: a variable, a parameter, Object.assign. */
function changeByAnother(node: ts.Node, seen: Set<ts.Node>): ts.Node | undefined {
  const { parent } = node;
  if (api.isVariableDeclaration(parent) && parent.initializer === node) {
    return changeOfBinding(parent.name, parent.parent.parent.parent, seen);
  }
  if (api.isForOfStatement(parent) && parent.expression === node) {
    const { initializer } = parent;
    if (!api.isVariableDeclarationList(initializer)) return undefined;
    return changeOfBinding(initializer.declarations[0]!.name, parent.statement, seen);
  }
  if (!api.isCallExpression(parent)) return undefined;
  const index = parent.arguments.indexOf(node as ts.Expression);
  if (index < 0) return undefined;
  const callee = parent.expression;
  if (index === 0 && CHANGES_FIRST.has(callee.getText())) return parent;
  const found = api.isIdentifier(callee) ? resolveName(callee) : undefined;
  const parameter = found?.kind === "function" ? found.node.parameters[index] : undefined;
  return parameter === undefined ? undefined : changeOfParameter(parameter, seen);
}

/** `name.forEach((row) => row.tags.push(x))` */
function changeByCallbacks(call: ts.CallExpression, seen: Set<ts.Node>): ts.Node | undefined {
  for (const fn of call.arguments) {
    if (!api.isArrowFunction(fn) && !api.isFunctionExpression(fn)) continue;
    // What a reduce is given to begin with is no element.
    const first = call.arguments.length > 1 && /^reduce/.test(nameOfMethod(call)) ? 1 : 0;
    for (const parameter of fn.parameters.slice(first)) {
      const change = changeOfParameter(parameter, seen);
      if (change !== undefined) return change;
    }
  }
  return undefined;
}

function nameOfMethod({ expression }: ts.CallExpression): string {
  return api.isPropertyAccessExpression(expression) ? expression.name.text : "";
}

function changeOfParameter(
  { name, parent }: ts.ParameterDeclaration,
  seen: Set<ts.Node>,
): ts.Node | undefined {
  const { body } = parent as ts.FunctionLikeDeclaration;
  return body === undefined ? undefined : changeOfBinding(name, body, seen);
}

/** Names that a pattern binds are followed within their scope, as if none were declared anew in it. */
function changeOfBinding(
  pattern: ts.BindingName,
  scope: ts.Node,
  seen: Set<ts.Node>,
): ts.Node | undefined {
  if (api.isIdentifier(pattern)) return changeWithin(scope, pattern, () => true, seen);
  for (const element of pattern.elements) {
    if (!api.isBindingElement(element)) continue;
    const change = changeOfBinding(element.name, scope, seen);
    if (change !== undefined) return change;
  }
  return undefined;
}

/** Whether a member is written: also as an element of a pattern, `[name[0]] = list`. */
function isTarget(user: ts.Node, node: ts.Node): boolean {
  if (api.isDeleteExpression(user)) return true;
  if (isWrapper(user)) return isTarget(user.parent, user);
  const { PlusPlusToken, MinusMinusToken } = api.SyntaxKind;
  if (api.isPrefixUnaryExpression(user) || api.isPostfixUnaryExpression(user)) {
    return user.operator === PlusPlusToken || user.operator === MinusMinusToken;
  }
  const isPart =
    api.isArrayLiteralExpression(user) ||
    api.isSpreadElement(user) ||
    api.isObjectLiteralExpression(user) ||
    (api.isPropertyAssignment(user) && user.initializer === node);
  if (isPart) return isTarget(user.parent, user);
  if (api.isForOfStatement(user) || api.isForInStatement(user)) return user.initializer === node;
  if (!api.isBinaryExpression(user) || user.left !== node) return false;
  const { kind } = user.operatorToken;
  return kind >= api.SyntaxKind.FirstAssignment && kind <= api.SyntaxKind.LastAssignment;
}
