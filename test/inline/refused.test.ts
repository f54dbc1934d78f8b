import { describe, expect, test } from "vitest";
import type { HelperNode } from "../../src/inline/captured.ts";
import { functionOf, parseJobFile } from "../../src/inline/find-function.ts";
import { generateModule } from "../../src/inline/functions.ts";
import { api, type ts } from "../../src/inline/typescript-api.ts";
import { MillraceError } from "../../src/protocol/errors.ts";
import { REFUSED } from "./refused-functions.ts";
import { SCHEMA } from "./rows.ts";

/** The last function of a text: the one that a job would pass. */
function lastFunction(source: ts.SourceFile): HelperNode {
  const last = source.statements.findLast(
    (one) =>
      api.isExpressionStatement(one) ||
      (api.isFunctionDeclaration(one) && one.name?.text === "job"),
  );
  const passed = api.isExpressionStatement(last!) ? last.expression : firstReturned(last!);
  return functionOf(passed!);
}

function firstReturned(node: ts.Node): ts.Expression | undefined {
  return api.isReturnStatement(node) ? node.expression : api.forEachChild(node, firstReturned);
}

/** A function without a name is an expression only within parentheses. */
const asExpression = (text: string) =>
  text
    .replace(/^function(\*?) \(/m, "(function$1 (")
    .replace(/^(\(function.*\}) \/\/ !$/m, "$1) // !");

describe("a function outside of the subset is refused with its line and the way out", () => {
  test("there are at least 60 of them", () => {
    expect(REFUSED.length).toBeGreaterThanOrEqual(60);
  });

  test.each(REFUSED.map((one, index) => [index, ...one] as const))(
    "%i: %s: %s",
    (index, kind, says, text) => {
      const source = asExpression(text);
      const line = source.split("\n").findIndex((one) => one.endsWith("// !")) + 1;
      const refusal = refusalOf(() => {
        const fn = lastFunction(parseJobFile(`/jobs/job-${index}.ts`, source));
        generateModule([{ name: "x", kind, input: SCHEMA, functions: { fn } }]);
      });
      const expected = says === "recursion" ? "calls itself" : says;
      expect(refusal.message).toContain(expected);
      expect(refusal.field).toMatch(new RegExp(`^job-${index}\\.ts:${line}:\\d+$`));
      expect(refusal.code).toMatch(/^INLINE_/);
      expect(refusal.expected).toBeTruthy();
    },
  );
});

test("a file that ends the parser's stack is refused by its name", () => {
  const text = `(r) => ({ v: ${"(".repeat(50_000)}r.x${")".repeat(50_000)} })`;
  const refusal = refusalOf(() => parseJobFile("/jobs/deep.ts", text));
  expect(refusal).toMatchObject({ code: "INLINE_UNSUPPORTED", field: "/jobs/deep.ts" });
});

function refusalOf(run: () => void): MillraceError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof MillraceError) return thrown;
    throw thrown;
  }
  throw new Error("the function was accepted");
}
