/** Names of the job file that a function uses: constants, and helper functions. */
import { dirname, isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { entryFile } from "../protocol/entry-file.ts";
import { lowerExpression } from "./expression.ts";
import { Frame } from "./frame.ts";
import { OUTSIDE_GLOBALS } from "./outside.ts";
import type { Program } from "./program.ts";
import { nodeKey, refuse } from "./refusal.ts";
import { api, type ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";

/** Modules whose functions mean the same in both worlds, and where they lie. */
const LIBRARIES = (["text", "math"] as const).map((library) => ({
  library,
  name: `millrace/${library}`,
  file: fileURLToPath(entryFile(`./${library}`, import.meta.url)),
}));

/** What a free name of a function stands for in its file. */
export type Captured =
  | {
      readonly kind: "constant";
      readonly node: ts.VariableDeclaration;
      readonly initializer: ts.Expression;
    }
  | { readonly kind: "function"; readonly node: HelperNode }
  /** A function of `millrace/text` or `millrace/math`. */
  | { readonly kind: "library"; readonly library: "text" | "math"; readonly name: string }
  | { readonly kind: "other"; readonly what: string };

export type HelperNode = ts.FunctionDeclaration | ts.ArrowFunction | ts.FunctionExpression;

/** Finds the declaration of a name, from the inside to the outside. */
export function resolveName(node: ts.Identifier): Captured | undefined {
  for (let scope: ts.Node | undefined = node.parent; scope !== undefined; scope = scope.parent) {
    const statements = statementsOf(scope);
    for (const statement of statements) {
      const found = declared(statement, node.text);
      if (found !== undefined) return found;
    }
    if (api.isFunctionLike(scope) && bindsParameter(scope, node.text)) {
      return { kind: "other", what: "a parameter of the function around it" };
    }
  }
  return undefined;
}

function statementsOf(scope: ts.Node): readonly ts.Statement[] {
  if (api.isSourceFile(scope) || api.isBlock(scope)) return scope.statements;
  return [];
}

function declared(statement: ts.Statement, name: string): Captured | undefined {
  if (api.isFunctionDeclaration(statement) && statement.name?.text === name) {
    return statement.body === undefined
      ? { kind: "other", what: "a function without a body" }
      : { kind: "function", node: statement };
  }
  if (api.isImportDeclaration(statement)) return imported(statement, name);
  if (api.isClassDeclaration(statement) && statement.name?.text === name) {
    return { kind: "other", what: "a class" };
  }
  if (api.isEnumDeclaration(statement) && statement.name.text === name) {
    return { kind: "other", what: "an enum" };
  }
  if (!api.isVariableStatement(statement)) return undefined;
  for (const node of statement.declarationList.declarations) {
    if (!api.isIdentifier(node.name)) {
      if (namesIn(node.name).includes(name)) return { kind: "other", what: "a destructured value" };
      continue;
    }
    if (node.name.text !== name) continue;
    const isConst = (statement.declarationList.flags & api.NodeFlags.Const) !== 0;
    if (!isConst) return { kind: "other", what: "a variable that may change" };
    const initializer = node.initializer === undefined ? undefined : unwrap(node.initializer);
    if (initializer === undefined) return { kind: "other", what: "a constant without a value" };
    const isFunction = api.isArrowFunction(initializer) || api.isFunctionExpression(initializer);
    return isFunction
      ? { kind: "function", node: initializer }
      : { kind: "constant", node, initializer };
  }
  return undefined;
}

function unwrap(node: ts.Expression): ts.Expression {
  const erased = api.isAsExpression(node) || api.isSatisfiesExpression(node);
  return erased || api.isParenthesizedExpression(node) ? unwrap(node.expression) : node;
}

function imported(statement: ts.ImportDeclaration, name: string): Captured | undefined {
  const bindings = statement.importClause?.namedBindings;
  if (statement.importClause?.name?.text === name) return { kind: "other", what: "an import" };
  if (bindings === undefined) return undefined;
  if (api.isNamespaceImport(bindings)) {
    return bindings.name.text === name ? { kind: "other", what: "an import" } : undefined;
  }
  const found = bindings.elements.find((element) => element.name.text === name);
  if (found === undefined) return undefined;
  const from = (statement.moduleSpecifier as ts.StringLiteral).text;
  const file = resolve(dirname(statement.getSourceFile().fileName), from);
  const library = LIBRARIES.find(
    (one) => from === one.name || (from.startsWith(".") && isAbsolute(file) && file === one.file),
  );
  if (library === undefined) return { kind: "other", what: `an import from ${from}` };
  const original = (found.propertyName ?? found.name).text;
  return { kind: "library", library: library.library, name: original };
}

function bindsParameter(node: ts.SignatureDeclaration, name: string): boolean {
  return node.parameters.some((parameter) => namesIn(parameter.name).includes(name));
}

/** Names that a pattern binds. */
export function namesIn(pattern: ts.BindingName): string[] {
  if (api.isIdentifier(pattern)) return [pattern.text];
  return pattern.elements.flatMap((element) =>
    api.isOmittedExpression(element) ? [] : namesIn(element.name),
  );
}

/** The value of a captured constant: made once, before the first row. */
export function captured(program: Program, node: ts.Identifier): Value {
  const found = resolveName(node);
  if (found?.kind === "constant") return constant(program, found.node, found.initializer);
  if (found?.kind === "function" || found?.kind === "library") {
    return refuse(
      node,
      "a function that is stored or returned",
      "Call it, or pass an arrow function.",
    );
  }
  if (found !== undefined) {
    return refuse(
      node,
      `${node.text} is ${found.what}`,
      "A function captures constants whose values stand in the file: numbers, strings, booleans, bigints, arrays and flat objects of these.",
      "INLINE_CAPTURE",
    );
  }
  const outside = OUTSIDE_GLOBALS[node.text];
  if (outside !== undefined) return refuse(node, outside[0], outside[1]);
  return refuse(
    node,
    `${node.text} is not declared in this file`,
    "Declare it as a const at the top of the file.",
    "INLINE_CAPTURE",
  );
}

function constant(
  program: Program,
  node: ts.VariableDeclaration,
  initializer: ts.Expression,
): Value {
  const name = (node.name as ts.Identifier).text;
  const key = `const:${nodeKey(node)}`;
  const known = program.captured.get(key);
  if (known !== undefined) return known;
  if (program.open.includes(key)) refuse(node, `${name} is made from itself`, "Write its value.");
  program.open.push(key);
  const frame = new Frame(program, key, "return;", { give: () => undefined });
  const value = lowerExpression(frame, initializer);
  program.open.pop();
  if (value.type.kind === "array") value.type.cell.freeze();
  const made = madeOnce(program, frame, value, name);
  program.captured.set(key, made);
  return made;
}

/** Writes a constant of the module for each scalar or array of the value. */
function madeOnce(program: Program, frame: Frame, value: Value, name: string): Value {
  if (value.literal !== undefined) return value;
  program.constants.push(...frame.body().filter((line) => line !== ""));
  return named(program, value, name);
}

function named(program: Program, value: Value, name: string): Value {
  if (value.parts !== undefined) {
    const parts = new Map<string, Value>();
    for (const [field, part] of value.parts)
      parts.set(field, named(program, part, `${name}_${field}`));
    return { ...value, stable: true, parts };
  }
  if (
    value.literal !== undefined ||
    value.type.kind === "null" ||
    value.type.kind === "undefined"
  ) {
    return value;
  }
  const generated = program.fresh(name);
  program.constants.push(`const ${generated}: ${program.native(value.type)} = ${value.code};`);
  return { code: generated, type: value.type, stable: true, path: generated };
}
