/** Statements: declarations, branches, loops, return, throw. */
import { bind, NO_VALUE } from "./assignment.ts";
import { assignedNames } from "./calls.ts";
import { equality } from "./comparison.ts";
import { conditionFacts, lowerCondition } from "./condition.ts";
import { orPassedOn, textCode } from "./conversion.ts";
import { lowerExpression, refuseNode } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { walk } from "./iteration.ts";
import { counterOf, declareCounter } from "./loop-counter.ts";
import { placeText, refuse } from "./refusal.ts";
import { checkBlock, checkCases, checkLoop } from "./scope-check.ts";
import { api, type ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { typeText } from "./value-type.ts";

const { SyntaxKind } = api;

/** The statements of a function's body. */
export function lowerBody(frame: Frame, body: ts.Block): void {
  checkBlock(body.statements);
  frame.scoped(() => lowerStatements(frame, body.statements));
}

function lowerStatements(frame: Frame, statements: readonly ts.Statement[]): void {
  for (const statement of statements) {
    lowerStatement(frame, statement);
    // What stands behind a return is never reached, and the compiler would say so.
    if (!mayComplete(statement)) return;
  }
}

export function lowerStatement(frame: Frame, node: ts.Statement): void {
  if (api.isBlock(node)) lowerBody(frame, node);
  else if (api.isVariableStatement(node)) lowerDeclarations(frame, node.declarationList);
  else if (api.isExpressionStatement(node)) lowerEffect(frame, node.expression);
  else if (api.isIfStatement(node)) lowerIf(frame, node);
  else if (api.isReturnStatement(node)) lowerReturn(frame, node);
  else if (api.isThrowStatement(node)) lowerThrow(frame, node);
  else if (api.isForStatement(node)) frame.scoped(() => lowerFor(frame, node));
  else if (api.isForOfStatement(node)) lowerForOf(frame, node);
  else if (api.isWhileStatement(node)) lowerWhile(frame, node);
  else if (api.isDoStatement(node)) lowerDo(frame, node);
  else if (api.isSwitchStatement(node)) lowerSwitch(frame, node);
  else if (api.isBreakStatement(node) || api.isContinueStatement(node)) lowerJump(frame, node);
  else if (!isNothing(node)) refuseNode(node);
}

/** Statements that are gone once types are erased. */
function isNothing(node: ts.Statement): boolean {
  if (node.kind === SyntaxKind.EmptyStatement) return true;
  return api.isTypeAliasDeclaration(node) || api.isInterfaceDeclaration(node);
}

function lowerReturn(frame: Frame, node: ts.ReturnStatement): void {
  const { expression } = node;
  if (expression !== undefined && frame.returns.take?.(expression) === true) return;
  const value = expression === undefined ? undefined : lowerExpression(frame, expression);
  frame.returns.give(value, expression ?? node);
}

function lowerJump(frame: Frame, node: ts.BreakOrContinueStatement): void {
  if (node.label !== undefined) {
    refuse(node, "a label", "Put the inner loop into a helper function that returns.");
  }
  frame.emit(api.isBreakStatement(node) ? "break;" : "continue;");
}

function lowerDeclarations(frame: Frame, list: ts.VariableDeclarationList): void {
  const changes = (list.flags & api.NodeFlags.Const) === 0;
  if ((list.flags & api.NodeFlags.BlockScoped) === 0) {
    refuse(list, "var", "Use const or let.");
  }
  for (const declaration of list.declarations) {
    const { initializer } = declaration;
    const value = initializer === undefined ? NO_VALUE : lowerExpression(frame, initializer);
    bind(frame, declaration.name, value, changes, declaration);
  }
}

/** An expression whose value nobody takes. */
function lowerEffect(frame: Frame, node: ts.Expression): void {
  const value = lowerExpression(frame, node);
  // A call that may fail the row has to be made.
  if (!value.stable && value.parts === undefined && value.code.includes("(")) {
    frame.emit(`${value.code};`);
  }
}

function lowerIf(frame: Frame, node: ts.IfStatement): void {
  const test = lowerCondition(frame, node.expression);
  const facts = conditionFacts(frame, node.expression);
  frame.emit(`if (${test}) {`);
  frame.assuming(facts.whenTrue, () =>
    frame.scoped(() => lowerStatement(frame, node.thenStatement)),
  );
  const { elseStatement } = node;
  if (elseStatement !== undefined) {
    frame.emit("} else {");
    frame.assuming(facts.whenFalse, () => frame.scoped(() => lowerStatement(frame, elseStatement)));
  }
  frame.emit("}");
  const writes = assignedNames(node);
  const kept = (list: typeof facts.whenTrue) =>
    list.filter((fact) => ![...writes].some((name) => frame.find(name)?.name === fact.path));
  if (!mayComplete(node.thenStatement)) frame.learn(kept(facts.whenFalse));
  else if (elseStatement !== undefined && !mayComplete(elseStatement)) {
    frame.learn(kept(facts.whenTrue));
  }
}

function lowerThrow(frame: Frame, node: ts.ThrowStatement): void {
  const { expression } = node;
  const isError = api.isNewExpression(expression) && api.isIdentifier(expression.expression);
  const message = isError ? expression.arguments?.[0] : expression;
  const where = ` (${placeText(node)})`;
  if (message === undefined) {
    frame.emit(`${frame.call("fail", JSON.stringify(`Error${where}`))};`);
  } else {
    const value = lowerExpression(frame, message);
    const text = textCode(frame, value, message);
    const code = `${frame.call("managed", text)} + ${JSON.stringify(where)}`;
    frame.emit(`${frame.call("fail", code)};`);
  }
  frame.emit(frame.abort);
}

/** What loops assign is not known from before them, nor from the round before. */
function forgetAssigned(frame: Frame, node: ts.Node): void {
  for (const name of assignedNames(node)) {
    const variable = frame.find(name);
    if (variable?.name !== undefined) frame.forget(variable.name);
  }
}

/** The body of a loop, and what makes it end when the row has failed or a function has returned. */
function lowerLoop(frame: Frame, node: ts.Node, head: () => void, body: () => void): void {
  forgetAssigned(frame, node);
  const { lines } = frame.captured(() => {
    head();
    const left = frame.breakable(() => frame.assuming([], body));
    frame.emit("}");
    if (left) frame.emit(`if (${frame.leftFlags.at(-1)}) break;`);
  });
  frame.emitAll(lines);
  forgetAssigned(frame, node);
}

/** `if (!test) break;`, and a look whether the row has failed: a wrong value might never end it. */
function leaveUnless(frame: Frame, condition: ts.Expression | undefined): void {
  if (condition !== undefined) {
    const test = lowerCondition(frame, condition);
    frame.emit(`if (!(${test})) break;`);
  }
  if (frame.mayFail) frame.emit(`if (${frame.call("failed")}) break;`);
}

function lowerWhile(frame: Frame, node: ts.WhileStatement): void {
  lowerLoop(
    frame,
    node,
    () => {
      frame.emit("while (true) {");
      leaveUnless(frame, node.expression);
    },
    () => {
      const { whenTrue } = conditionFacts(frame, node.expression);
      frame.assuming(whenTrue, () => frame.scoped(() => lowerStatement(frame, node.statement)));
    },
  );
}

function lowerDo(frame: Frame, node: ts.DoStatement): void {
  const first = frame.program.fresh("first");
  frame.emit(`let ${first} = true;`);
  lowerLoop(
    frame,
    node,
    () => {
      frame.emit(`while (true) { if (${first}) ${first} = false; else {`);
      leaveUnless(frame, node.expression);
      frame.emit("}");
    },
    () => frame.scoped(() => lowerStatement(frame, node.statement)),
  );
}

function lowerFor(frame: Frame, node: ts.ForStatement): void {
  const { initializer, condition, incrementor } = node;
  const counter = counterOf(frame, node);
  const counted = counter === undefined ? undefined : declareCounter(frame, counter);
  if (counted === undefined && initializer !== undefined) {
    if (api.isVariableDeclarationList(initializer)) {
      checkLoop(initializer, undefined);
      lowerDeclarations(frame, initializer);
    } else lowerEffect(frame, initializer);
  }
  forgetAssigned(frame, node);
  const step = frame.captured(() => {
    if (counted !== undefined) frame.emit(`${counted};`);
    else if (incrementor !== undefined) lowerEffects(frame, incrementor);
  }).lines;
  const simple = step.length <= 1 && step.every((line) => /^\w+ \+?= .*;$/.test(line));
  const first = frame.program.fresh("first");
  if (!simple) frame.emit(`let ${first} = true;`);
  lowerLoop(
    frame,
    node,
    () => {
      frame.emit(`for (; ; ${simple ? (step[0] ?? "").replace(/;$/, "") : ""}) {`);
      if (!simple) {
        frame.emit(`if (${first}) ${first} = false; else {`);
        frame.emitAll(step);
        frame.emit("}");
      }
      leaveUnless(frame, condition);
    },
    () => {
      const facts = condition === undefined ? [] : conditionFacts(frame, condition).whenTrue;
      frame.assuming(facts, () => frame.scoped(() => lowerStatement(frame, node.statement)));
    },
  );
}

/** `i++, j--` in the head of a loop. */
function lowerEffects(frame: Frame, node: ts.Expression): void {
  const isList = api.isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.CommaToken;
  if (!isList) {
    lowerEffect(frame, node);
    return;
  }
  lowerEffects(frame, node.left);
  lowerEffects(frame, node.right);
}

function lowerForOf(frame: Frame, node: ts.ForOfStatement): void {
  const { initializer } = node;
  if (node.awaitModifier !== undefined) refuse(node, "for await", "A row is processed at once.");
  if (!api.isVariableDeclarationList(initializer)) {
    refuse(initializer, "for-of into an existing variable", "Declare it: for (const x of a).");
  }
  checkLoop(initializer, node.expression);
  const source = lowerExpression(frame, node.expression);
  if (source.type.kind !== "array") {
    refuse(
      node.expression,
      `for-of over ${typeText(source.type)}`,
      orPassedOn(source.type, "Only arrays are walked; s.split('') gives the units of a string."),
    );
  }
  if (source.type.cell.type.kind === "never") return;
  const over = walk(frame, source, false);
  const changes = (initializer.flags & api.NodeFlags.Const) === 0;
  let own: Value | undefined;
  lowerLoop(
    frame,
    node,
    () => {
      const { element } = over.begin();
      own = { ...element, path: element.code };
    },
    () =>
      frame.scoped(() => {
        bind(frame, initializer.declarations[0]!.name, own!, changes, node);
        lowerStatement(frame, node.statement);
      }),
  );
}

/** A switch: which case it is by ===, then the cases as they follow one another. */
function lowerSwitch(frame: Frame, node: ts.SwitchStatement): void {
  const value = frame.held(lowerExpression(frame, node.expression));
  const { clauses } = node.caseBlock;
  checkCases(node.caseBlock);
  forgetAssigned(frame, node.caseBlock);
  const chosen = frame.program.fresh("case");
  const otherwise = clauses.findIndex((clause) => api.isDefaultClause(clause));
  frame.emit(`let ${chosen}: i32 = ${otherwise};`);
  const tests = clauses.flatMap((clause, index) =>
    api.isCaseClause(clause) ? [{ index, expression: clause.expression }] : [],
  );
  for (const { index, expression } of tests) {
    const wanted = lowerExpression(frame, expression);
    const test = equality(frame, value, wanted, false, expression);
    frame.emit(`if (${test}) ${chosen} = ${index}; else {`);
  }
  frame.emit("}".repeat(tests.length));
  frame.emit(`switch (${chosen}) {`);
  const left = frame.breakable(() =>
    frame.scoped(() => {
      clauses.forEach((clause, index) => {
        frame.emit(`case ${index}: {`);
        frame.assuming([], () => lowerStatements(frame, clause.statements));
        frame.emit("}");
      });
    }),
  );
  frame.emit("}");
  if (left) frame.emit(`if (${frame.leftFlags.at(-1)}) break;`);
  forgetAssigned(frame, node.caseBlock);
}

/** Whether what stands behind a statement may be reached; true where it is not plain. */
export function mayComplete(node: ts.Statement): boolean {
  if (api.isReturnStatement(node) || api.isThrowStatement(node)) return false;
  if (api.isBreakStatement(node) || api.isContinueStatement(node)) return false;
  if (api.isBlock(node)) return node.statements.every(mayComplete);
  if (api.isIfStatement(node)) {
    if (node.elseStatement === undefined) return true;
    return mayComplete(node.thenStatement) || mayComplete(node.elseStatement);
  }
  if (api.isSwitchStatement(node)) return switchMayComplete(node);
  const endless =
    (api.isWhileStatement(node) && node.expression.kind === SyntaxKind.TrueKeyword) ||
    (api.isForStatement(node) && node.condition === undefined);
  return !endless || hasBreak(node.statement);
}

function switchMayComplete(node: ts.SwitchStatement): boolean {
  const { clauses } = node.caseBlock;
  if (!clauses.some((clause) => api.isDefaultClause(clause))) return true;
  if (hasBreak(node.caseBlock)) return true;
  const last = clauses.at(-1)!;
  return last.statements.every(mayComplete);
}

/** Whether a `break` of this switch stands within. */
function hasBreak(node: ts.Node): boolean {
  if (api.isBreakStatement(node)) return true;
  const inner =
    api.isIterationStatement(node, false) ||
    api.isSwitchStatement(node) ||
    api.isFunctionLike(node);
  if (inner) return false;
  return api.forEachChild(node, (child) => hasBreak(child) || undefined) === true;
}
