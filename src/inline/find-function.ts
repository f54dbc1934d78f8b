/** Finds, in the source of a job file, the functions that a builder call was given. */
import { readFileSync } from "node:fs";
import { MillraceError } from "../protocol/errors.ts";
import { type HelperNode, resolveName } from "./captured.ts";
import { refuse } from "./refusal.ts";
import { api, type ts } from "./typescript-api.ts";

/** Where a builder method was called; line and column count from 1. */
export interface CallPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const parsed = new Map<string, ts.SourceFile>();

/** Parses a file once. */
export function parseJobFile(file: string, text = readFileSync(file, "utf8")): ts.SourceFile {
  const known = parsed.get(file);
  if (known?.text === text) return known;
  try {
    const source = api.createSourceFile(file, text, api.ScriptTarget.Latest, true);
    parsed.set(file, source);
    return source;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new MillraceError(
      "INLINE_UNSUPPORTED",
      `Cannot compile ${file}: it is nested too deeply`,
      {
        field: file,
        expected: "expressions that are computed in steps",
        cause,
      },
    );
  }
}

/** The call whose method name stands at a place, as stack traces name it. */
function callAt(source: ts.SourceFile, place: CallPlace): ts.CallExpression | undefined {
  // A test runner's transformed text is longer than the file: stack traces may name lines that the file has not.
  if (place.line > source.getLineStarts().length) return undefined;
  const position = source.getPositionOfLineAndCharacter(place.line - 1, place.column - 1);
  let found: ts.CallExpression | undefined;
  const visit = (node: ts.Node): void => {
    if (position < node.getStart(source) || position >= node.end) return;
    if (api.isCallExpression(node)) {
      const name = api.isPropertyAccessExpression(node.expression)
        ? node.expression.name
        : undefined;
      if (name?.getStart(source) === position) found = node;
    }
    api.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/**
 * The functions of a builder call: one, or those of an object.
 * @param actual The functions themselves: what was found must be their text
 * @throws MillraceError INLINE_SOURCE_NOT_FOUND where the source is not what runs
 */
export function findFunctions(
  place: CallPlace,
  actual: Readonly<Record<string, (...args: never[]) => unknown>>,
): Record<string, HelperNode> {
  const source = parseJobFile(place.file);
  const call = callAt(source, place);
  if (call === undefined) throw notFound(place, "no call of a method stands there");
  const argument = call.arguments[0];
  if (argument === undefined) throw notFound(place, "the call has no argument");
  const found =
    actual.fn !== undefined ? { fn: functionOf(argument) } : membersOf(argument, actual);
  for (const [name, node] of Object.entries(found)) {
    const text = String(actual[name]);
    if (!sameText(text, node)) {
      throw notFound(place, "the function that runs has another text than the file");
    }
  }
  return found;
}

function notFound(place: CallPlace, why: string): MillraceError {
  const where = `${place.file}:${place.line}:${place.column}`;
  const message = `Cannot find the function given at ${where}: ${why}`;
  return new MillraceError("INLINE_SOURCE_NOT_FOUND", message, {
    field: where,
    expected:
      "a job file that Node runs as it is, and a function written in the call or in the file",
  });
}

/** The function that an argument is, or names. */
export function functionOf(node: ts.Expression): HelperNode {
  if (api.isParenthesizedExpression(node) || api.isAsExpression(node)) {
    return functionOf(node.expression);
  }
  if (api.isArrowFunction(node) || api.isFunctionExpression(node)) return node;
  if (api.isIdentifier(node)) {
    const found = resolveName(node);
    if (found?.kind === "function") return found.node;
  }
  return refuse(
    node,
    "a function that is not written in this file",
    "Write it in the call, or as a function of the file.",
  );
}

function membersOf(
  node: ts.Expression,
  actual: Readonly<Record<string, unknown>>,
): Record<string, HelperNode> {
  if (!api.isObjectLiteralExpression(node)) {
    return refuse(
      node,
      "an aggregate that is not written in the call",
      "Write `{ createAccumulator, add, getResult }`.",
    );
  }
  const found: Record<string, HelperNode> = {};
  for (const name of Object.keys(actual)) {
    const member = node.properties.find(
      (property) => property.name !== undefined && property.name.getText() === name,
    );
    if (member !== undefined && api.isMethodDeclaration(member)) {
      return refuse(member, "a method", `Write \`${name}: (...) => ...\`.`);
    }
    if (member !== undefined && api.isShorthandPropertyAssignment(member)) {
      found[name] = functionOf(member.name);
    } else if (member !== undefined && api.isPropertyAssignment(member)) {
      found[name] = functionOf(member.initializer);
    } else return refuse(node, `no function ${name} in the aggregate`, "Write it there.");
  }
  return found;
}

/** Type stripping puts blanks in the place of types: what is left must agree. */
function sameText(running: string, node: HelperNode): boolean {
  const written = node.getText();
  if (running.length !== written.length) return false;
  for (let i = 0; i < running.length; i++) {
    const blank = running[i] === " " || running[i] === ";" || running[i] === ")";
    if (running[i] !== written[i] && !blank) return false;
  }
  return true;
}
