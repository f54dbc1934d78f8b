/** Functions nested so deeply that translating them, or compiling their text, would end the stack. */
import { refuse } from "./refusal.ts";
import { api, type ts } from "./typescript-api.ts";

/** A sum of so many terms is as deep; the compilers' stacks hold about twice as many. */
const MAX_DEPTH = 500;

/** Refuses a node that holds others within others within others. */
export function checkDepth(node: ts.Node): void {
  const visit = (one: ts.Node, depth: number): void => {
    if (depth > MAX_DEPTH) {
      const wayOut = "Compute it in steps: const a = ...; const b = a + ...; or in a loop.";
      refuse(one, `an expression nested more than ${MAX_DEPTH} deep`, wayOut);
    }
    api.forEachChild(one, (child) => visit(child, depth + 1));
  };
  visit(node, 0);
}
