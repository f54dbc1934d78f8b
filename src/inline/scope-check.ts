/**
 * Names that are read where their declaration has not run: JavaScript throws a ReferenceError there.
 * Names are looked up in the order of the text here, so such a read would find another of that name.
 */
import { namesIn } from "./captured.ts";
import { refuse } from "./refusal.ts";
import { api, type ts } from "./typescript-api.ts";

/** A name, and where it may not be read. */
interface Declared {
  /** Position in the file up to which it is not declared. */
  readonly until: number;
  /** The initializer, which stands behind a pattern. */
  readonly initializer: ts.Node | undefined;
  /** Of a name in a switch: the case in which it may be read. */
  readonly clause: ts.Node | undefined;
}

/** Refuses reads of a block's const and let in front of these. */
export function checkBlock(statements: readonly ts.Statement[]): void {
  const names = new Map<string, Declared>();
  for (const statement of statements) addNames(names, statement, undefined);
  for (const statement of statements) checkReads(names, statement, undefined);
}

/** Refuses reads that the cases of a switch do not declare themselves: another may have been jumped over. */
export function checkCases({ clauses }: ts.CaseBlock): void {
  const names = new Map<string, Declared>();
  for (const clause of clauses) {
    for (const statement of clause.statements) addNames(names, statement, clause);
  }
  for (const clause of clauses) {
    api.forEachChild(clause, (child) => checkReads(names, child, clause));
  }
}

/** Refuses `for (const x of x)` and `for (let i = i; ...)`. */
export function checkLoop(list: ts.VariableDeclarationList, over: ts.Node | undefined): void {
  const names = new Map<string, Declared>();
  addDeclarations(names, list, undefined);
  checkReads(names, list, undefined);
  if (over === undefined) return;
  const all = [...names].map(([name, one]) => [name, { ...one, initializer: over }] as const);
  checkReads(new Map(all), over, undefined);
}

function addNames(
  names: Map<string, Declared>,
  statement: ts.Statement,
  clause: ts.Node | undefined,
): void {
  if (api.isVariableStatement(statement)) {
    addDeclarations(names, statement.declarationList, clause);
  }
}

function addDeclarations(
  names: Map<string, Declared>,
  list: ts.VariableDeclarationList,
  clause: ts.Node | undefined,
): void {
  for (const declaration of list.declarations) {
    const { initializer } = declaration;
    const add = (pattern: ts.BindingName): void => {
      if (api.isIdentifier(pattern)) {
        const until = pattern.parent.end;
        names.set(pattern.text, { until, initializer, clause });
        return;
      }
      for (const one of pattern.elements) if (api.isBindingElement(one)) add(one.name);
    };
    add(declaration.name);
  }
}

function checkReads(
  names: ReadonlyMap<string, Declared>,
  node: ts.Node,
  clause: ts.Node | undefined,
): void {
  if (names.size === 0 || api.isTypeNode(node)) return;
  if (api.isIdentifier(node)) {
    const declared = names.get(node.text);
    if (declared !== undefined && isRead(node)) checkRead(node, declared, clause);
    return;
  }
  const visible = withoutShadowed(names, node);
  api.forEachChild(node, (child) => checkReads(visible, child, clause));
}

function checkRead(node: ts.Identifier, declared: Declared, clause: ts.Node | undefined): void {
  if (declared.clause !== clause) {
    const wayOut = "Declare it in front of the switch, or put each case in braces.";
    refuse(node, `${node.text}, which another case declares`, wayOut);
  }
  const { initializer } = declared;
  const within =
    initializer !== undefined && node.pos >= initializer.pos && node.end <= initializer.end;
  if (!within && node.pos >= declared.until) return;
  refuse(node, `${node.text} in front of its declaration`, "Declare it first, or rename one.");
}

/** Whether an identifier stands for a value, not for a member or for what is declared. */
function isRead(node: ts.Identifier): boolean {
  const { parent } = node;
  if (api.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (api.isPropertyAssignment(parent)) return parent.initializer === node;
  const declares =
    api.isVariableDeclaration(parent) || api.isBindingElement(parent) || api.isParameter(parent);
  return !declares || parent.initializer === node;
}

/** The names without those that a block, a loop or a function declares anew. */
function withoutShadowed(
  names: ReadonlyMap<string, Declared>,
  node: ts.Node,
): ReadonlyMap<string, Declared> {
  const own = declaredBy(node).filter((name) => names.has(name));
  if (own.length === 0) return names;
  return new Map([...names].filter(([name]) => !own.includes(name)));
}

function declaredBy(node: ts.Node): string[] {
  const ofList = (list: ts.Node | undefined): string[] =>
    list !== undefined && api.isVariableDeclarationList(list)
      ? list.declarations.flatMap((one) => namesIn(one.name))
      : [];
  const ofStatements = (statements: readonly ts.Statement[]): string[] =>
    statements.flatMap((one) => (api.isVariableStatement(one) ? ofList(one.declarationList) : []));
  if (api.isBlock(node)) return ofStatements(node.statements);
  if (api.isCaseBlock(node)) return node.clauses.flatMap((one) => ofStatements(one.statements));
  if (api.isForStatement(node) || api.isForOfStatement(node)) return ofList(node.initializer);
  if (api.isArrowFunction(node) || api.isFunctionExpression(node)) {
    return node.parameters.flatMap((one) => namesIn(one.name));
  }
  return [];
}
