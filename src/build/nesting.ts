/**
 * Sources nested so deeply that the compiler would run out of stack: it prints a crash report then and
 * ends the process, `millrace dev` and test runners included.
 */
import type { ParserNode } from "./assemblyscript.ts";

/** The compiler's stack holds a sum of somewhat more terms. */
export const MAX_NESTING = 1000;

/** Where nodes lie deeper in one another than the compiler goes; undefined: nowhere. */
export function tooDeepAt(statements: readonly ParserNode[]): number | undefined {
  // Breadth first: a recursive search would run out of stack itself.
  let level: readonly object[] = statements;
  for (let depth = 0; level.length > 0; depth++) {
    const [first] = level;
    if (depth > MAX_NESTING) return (first as ParserNode).range.start;
    level = level.flatMap((node) => Object.values(node).flatMap(nodesIn));
  }
  return undefined;
}

function nodesIn(value: unknown): object[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  const isNode = typeof value === "object" && value !== null && "kind" in value && "range" in value;
  return isNode ? [value] : [];
}
