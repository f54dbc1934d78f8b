import { describe, expect, test } from "vitest";
import type { HelperNode } from "../../src/inline/captured.ts";
import { functionOf, parseJobFile } from "../../src/inline/find-function.ts";
import { generateModule } from "../../src/inline/functions.ts";
import { api, type ts } from "../../src/inline/typescript-api.ts";
import { MillraceError } from "../../src/protocol/errors.ts";
import type { PlacedCase } from "./cases.ts";
import { runCases } from "./differential.ts";
import { type Row, SCHEMA } from "./rows.ts";

const JOB = `
const FACTOR = 1.5;
export default function job({ env, args }) {
  const limit = Number(args[0] ?? 40);
  const scaled = limit * FACTOR + (limit > 100 ? 1 : 2);
  const names = (args[1] ?? "a,b").split(",").map((name) => name.trim().toUpperCase());
  const weights = names.map((name) => name.length / 2).filter((weight) => weight > 0);
  const options = {
    prefix: args[2] || "<none>",
    strict: args.includes("strict"),
    id: BigInt(args[3] ?? "9007199254740993"),
    rest: undefined,
  };
  const { prefix: start, missing = "-" } = { prefix: \`\${options.prefix}!\` };
  const [, , third = "third", ...more] = args;
  const rate = Math.sqrt(Number.parseFloat(args[0] ?? "2")) || -0;
  env.map((r) => ({ below: r.x < limit, scaled: r.y * scaled, rate, n: limit }));
  env.map((r) => ({ known: names.includes(r.s), all: names.join("|"), last: names.at(-1) ?? "" }));
  env.map((r) => ({ sum: weights.reduce((a, b) => a + b, r.tiny), strict: options.strict }));
  env.map((r) => ({ text: options.prefix + r.t + start, id: r.id & options.id, missing }));
  env.map((r) => ({ third, more: more.length, s: more.indexOf(r.s), first: args[0] ?? r.s }));
}
`;

/** The functions as the job makes them with these arguments, and their places in its text. */
function casesOf(args: readonly string[]): PlacedCase[] {
  const given: ((row: Row) => unknown)[] = [];
  const run = new Function(`${JOB.replace("export default ", "")}; return job;`)();
  run({ env: { map: (fn: (row: Row) => unknown) => given.push(fn) }, args });
  const nodes: HelperNode[] = [];
  const visit = (node: ts.Node): void => {
    const isMap = api.isCallExpression(node) && node.expression.getText() === "env.map";
    if (isMap) nodes.push(functionOf((node as ts.CallExpression).arguments[0]!));
    else api.forEachChild(node, visit);
  };
  visit(parseJobFile("/jobs/arguments.ts", JOB));
  return given.map((fn, index) => ({
    kind: "map" as const,
    tags: [],
    fn,
    node: nodes[index]!,
    name: `arguments:${index}`,
  }));
}

function refused(body: string, args?: readonly string[]): MillraceError {
  const text = `export default function job({ env, args }) {\n${body}\n}`;
  const source = parseJobFile(`/jobs/refused-${body.length}.ts`, text);
  const job = source.statements[0] as ts.FunctionDeclaration;
  const last = job.body!.statements.at(-1) as ts.ExpressionStatement;
  const request = { name: "x", kind: "map" as const, input: SCHEMA };
  try {
    generateModule([{ ...request, functions: { fn: functionOf(last.expression) } }], args);
  } catch (thrown) {
    if (thrown instanceof MillraceError) return thrown;
    throw thrown;
  }
  throw new Error("the function was accepted");
}

describe("constants made from the job's arguments are what the closure holds", () => {
  test.each([
    ["none", []],
    ["some", ["250.5", " Möwe,wal ,x", "größer"]],
    ["all", ["-1e3", "", "", "-5", "strict", "\ud800"]],
  ])("with %s given", { timeout: 60_000 }, async (_, args) => {
    const options = { count: 60, seed: 5, optimize: "none", args } as const;
    expect(await runCases(casesOf(args), options)).toEqual([]);
  });

  test.each([
    [
      "a variable",
      "let n = args.length;\n((r) => ({ v: r.x + n }))",
      "variable that may change",
      3,
    ],
    ["an unknown call", "const n = load(args[0]);\n((r) => ({ v: n }))", "not known before", 2],
    ["the environment", "const n = env.size;\n((r) => ({ v: n }))", "not known before", 2],
    ["the clock", "const n = args.length + Date.now();\n((r) => ({ v: n }))", "not known", 2],
    ["a change", "const n = [...args];\nn.push('x');\n((r) => ({ v: n.length }))", "change of", 3],
    ["a function", "const f = args.map((a) => () => a);\n((r) => ({ v: f }))", "not known", 3],
  ])("refused: %s", (_, body, says, line) => {
    const refusal = refused(body, ["1"]);
    expect(refusal.message).toContain(says);
    expect(refusal.field).toMatch(new RegExp(`\\.ts:${line}:`));
  });

  test("refused where nobody knows the arguments", () => {
    const refusal = refused("const n = args.length;\n((r) => ({ v: n }))");
    expect([refusal.code, refusal.message]).toEqual([
      "INLINE_CAPTURE",
      expect.stringContaining("arguments that are not known"),
    ]);
  });
});
