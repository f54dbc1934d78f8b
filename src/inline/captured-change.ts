/** Arrays and objects of the file that the file changes: their text does not say what they hold. */
import { resolveName } from "./captured.ts";
import { api, type ts } from "./typescript-api.ts";

const CHANGING: ReadonlySet<string> = new Set(
  "copyWithin fill pop push reverse shift sort splice unshift".split(" "),
);

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
  const name = constant.name as ts.Identifier;
  const visit = (node: ts.Node): ts.Node | undefined => {
    if (api.isIdentifier(node) && node.text === name.text && node !== name) {
      const change = changeThrough(node);
      const found = change === undefined ? undefined : resolveName(node);
      if (found?.kind === "constant" && found.node === constant) return change;
    }
    return api.forEachChild(node, visit);
  };
  return visit(constant.getSourceFile());
}

/** `name.push(x)`, `name[0] = x`, `name.field.sort()`. */
function changeThrough(name: ts.Identifier): ts.Node | undefined {
  let node: ts.Node = name;
  for (;;) {
    const { parent } = node;
    const reads =
      (api.isPropertyAccessExpression(parent) || api.isElementAccessExpression(parent)) &&
      parent.expression === node;
    if (!reads) return undefined;
    const { parent: user } = parent;
    if (api.isCallExpression(user) && user.expression === parent) {
      const isMethod = api.isPropertyAccessExpression(parent) && CHANGING.has(parent.name.text);
      return isMethod ? user : undefined;
    }
    if (isTarget(user, parent)) return user;
    node = parent;
  }
}

function isTarget(user: ts.Node, node: ts.Node): boolean {
  if (api.isDeleteExpression(user)) return true;
  const { PlusPlusToken, MinusMinusToken } = api.SyntaxKind;
  if (api.isPrefixUnaryExpression(user) || api.isPostfixUnaryExpression(user)) {
    return user.operator === PlusPlusToken || user.operator === MinusMinusToken;
  }
  if (!api.isBinaryExpression(user) || user.left !== node) return false;
  const { kind } = user.operatorToken;
  return kind >= api.SyntaxKind.FirstAssignment && kind <= api.SyntaxKind.LastAssignment;
}
