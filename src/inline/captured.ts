/** Names of the job file that a function uses: constants, and helper functions. */
import { dirname, isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { entryFile } from "../protocol/entry-file.ts";
import { changeOf } from "./captured-change.ts";
import { checkDepth } from "./depth-check.ts";
import { lowerExpression } from "./expression.ts";
import { Frame } from "./frame.ts";
import { capturedValue, expressionText, NotKnown, usesArguments } from "./known-value.ts";
import { OUTSIDE_GLOBALS } from "./outside.ts";
import type { Program } from "./program.ts";
import { nodeKey, placeOf, refuse } from "./refusal.ts";
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
  /** A name of a pattern: `const [limit = "40"] = args`. */
  | {
      readonly kind: "element";
      readonly pattern: ts.BindingName;
      readonly initializer: ts.Expression;
    }
  /** A name that the job function's parameter binds: its arguments are known. */
  | { readonly kind: "argument"; readonly pattern: ts.BindingName }
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
    if (bindsLocally(scope, node.text)) {
      return { kind: "other", what: "a variable of a loop, a switch or a catch around it" };
    }
    if (api.isFunctionLike(scope) && bindsParameter(scope, node.text)) {
      const [first, ...rest] = scope.parameters;
      if (rest.length === 0 && isJobFunction(scope)) {
        return { kind: "argument", pattern: first!.name };
      }
      return { kind: "other", what: "a parameter of the function around it" };
    }
  }
  return undefined;
}

/** Whether a function is what its file exports as the job. */
function isJobFunction(node: ts.SignatureDeclaration): boolean {
  if (api.isExportAssignment(node.parent)) return true;
  if (api.isFunctionDeclaration(node)) {
    if (node.modifiers?.some((one) => one.kind === api.SyntaxKind.DefaultKeyword)) return true;
  }
  const declaration = api.isVariableDeclaration(node.parent) ? node.parent : node;
  const { name } = declaration;
  if (name === undefined || !api.isIdentifier(name)) return false;
  return node.getSourceFile().statements.some((one) => {
    const isDefault = api.isExportAssignment(one) && api.isIdentifier(one.expression);
    return isDefault && one.expression.text === name.text;
  });
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
    if (!namesIn(node.name).includes(name)) continue;
    const isConst = (statement.declarationList.flags & api.NodeFlags.Const) !== 0;
    if (!isConst) return { kind: "other", what: "a variable that may change" };
    if (!api.isIdentifier(node.name)) {
      return node.initializer === undefined
        ? { kind: "other", what: "a constant without a value" }
        : { kind: "element", pattern: node.name, initializer: node.initializer };
    }
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

/** Whether a loop, a switch or a catch declares a name: it has a value of its own in each round. */
function bindsLocally(scope: ts.Node, name: string): boolean {
  if (api.isCaseBlock(scope)) {
    const statements = scope.clauses.flatMap((clause) => [...clause.statements]);
    return statements.some((statement) => declared(statement, name) !== undefined);
  }
  const head = api.isCatchClause(scope)
    ? scope.variableDeclaration
    : api.isForStatement(scope) || api.isForOfStatement(scope) || api.isForInStatement(scope)
      ? scope.initializer
      : undefined;
  if (head === undefined) return false;
  const declarations = api.isVariableDeclarationList(head) ? head.declarations : [head];
  return declarations.some(
    (one) => api.isVariableDeclaration(one) && namesIn(one.name).includes(name),
  );
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

const CAPTURES =
  "A function captures constants that stand in the file or are made from the job's args: numbers, strings, booleans, bigints, arrays and flat objects of these.";

/** The value of a captured constant: made once, before the first row. */
export function captured(program: Program, node: ts.Identifier): Value {
  const found = resolveName(node);
  if (found?.kind === "argument" || found?.kind === "element") {
    return known(program, node, found);
  }
  if (found?.kind === "constant") {
    const change = changeOf(found.node);
    if (change !== undefined) {
      refuse(change, `a change of a captured array or object: ${node.text}`, "Copy it first.");
    }
    if (usesArguments(found.initializer)) return known(program, node, found);
    return constant(program, found.node, found.initializer);
  }
  if (found?.kind === "function" || found?.kind === "library") {
    return refuse(
      node,
      "a function that is stored or returned",
      "Call it, or pass an arrow function.",
    );
  }
  if (found !== undefined) {
    return refuse(node, `${node.text} is ${found.what}`, CAPTURES, "INLINE_CAPTURE");
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

/** A value that is known since the job function has run. */
function known(program: Program, node: ts.Identifier, found: Captured): Value {
  const key = `known:${nodeKey(node.getSourceFile())}:${node.text}:${declarationOf(found)}`;
  const before = program.captured.get(key);
  if (before !== undefined) return before;
  const frame = new Frame(program, key, "return;", { give: () => undefined });
  const value = lowerExpression(frame, knownExpression(program, node, found));
  if (value.type.kind === "array") value.type.cell.freeze();
  const made = madeOnce(program, frame, value, node.text);
  program.captured.set(key, made);
  return made;
}

const declarationOf = (found: Captured): number =>
  found.kind === "constant" ? found.node.pos : "pattern" in found ? found.pattern.pos : 0;

/** An expression that gives the value, at the place of the name. */
function knownExpression(program: Program, node: ts.Identifier, found: Captured): ts.Expression {
  const { args } = program;
  if (args === undefined) {
    return refuse(
      node,
      `${node.text} is made from arguments that are not known`,
      CAPTURES,
      "INLINE_CAPTURE",
    );
  }
  const { line, column } = placeOf(node);
  const { fileName } = node.getSourceFile();
  try {
    const text = expressionText(capturedValue(node, found, args));
    if (text === undefined) throw new NotKnown(node);
    const source = `${"\n".repeat(line - 1)}${" ".repeat(column - 1)}${text}`;
    const file = api.createSourceFile(fileName, source, api.ScriptTarget.Latest, true);
    return (file.statements[0] as ts.ExpressionStatement).expression;
  } catch (thrown) {
    // What throws here has thrown in the job function, if it was reached there.
    const at = thrown instanceof NotKnown ? thrown.node : node;
    return refuse(at, `${node.text} is not known before the job runs`, CAPTURES, "INLINE_CAPTURE");
  }
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
  checkDepth(initializer);
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
