import { expect, test } from "vitest";
import { functionOf, parseJobFile } from "../../src/inline/find-function.ts";
import type { InlineKind } from "../../src/inline/functions.ts";
import { api } from "../../src/inline/typescript-api.ts";
import { schemaOf } from "../../src/plan/schema-match.ts";
import { writeBatch } from "../../src/protocol/batch/batch-writer.ts";
import { HarnessModule, OperatorHarness } from "../conformance/operator-harness.ts";
import { compileRequests } from "./differential.ts";

// Words of AssemblyScript, members of classes, and what nullable and nested fields add to theirs.
const NAMES =
  "of in class default static this constructor abstract private if async v vIsNull setVNull writeV $f_of toString".split(
    " ",
  );
const INPUT = schemaOf(
  Object.fromEntries(
    NAMES.map((name) => [name, name === "v" ? "ARRAY<STRING NOT NULL>" : "STRING"]),
  ),
);

const requestOf = (kind: InlineKind, text: string) => {
  const [statement] = parseJobFile("/jobs/job.ts", text).statements;
  if (statement === undefined || !api.isExpressionStatement(statement)) throw new Error(text);
  const fn = functionOf(statement.expression);
  return { name: `x${text.length}`, kind, input: INPUT, functions: { fn }, keys: ["of"] };
};

const row = Object.fromEntries(
  NAMES.map((name, index) => [name, name === "v" ? ["x", "y"] : index % 3 === 0 ? null : name]),
);
const swapped = NAMES.map((name, index) => [name, NAMES[(index + 1) % NAMES.length]!] as const);
const isTruthy = NAMES.map((name) => `r[${JSON.stringify(name)}] !== null`).join(" || ");

test("columns may have any name of letters, whatever it means in the operator's language", async () => {
  const requests = [
    requestOf("map", `(r) => ({ ${swapped.map(([to, from]) => `${to}: r.${from}`).join(", ")} })`),
    requestOf("map", "({ v, ...rest }) => ({ ...rest, v: v?.map((one) => one + '!') ?? null })"),
    requestOf("filter", `(r) => ${isTruthy}`),
    requestOf("reduce", "(a, b) => ({ ...b, class: a.class + b.class, of: b.of })"),
  ];
  const { generated, module } = await compileRequests(requests, "none");
  const results = requests.map((_, operator) => {
    const keys = INPUT.filter(({ name }) => operator === 3 && name === "of");
    const schema = [...keys, ...generated.operators[operator]!.output];
    const harness = new OperatorHarness(new HarnessModule(module), {
      operator,
      inputs: [{ schema: INPUT, keys: operator === 3 ? ["of"] : [] }],
      outputs: [{ name: "main", schema }],
    });
    harness.process(writeBatch(INPUT, [row]));
    return harness.drain()[0]!.flatMap((one) => (one.type === "row" ? [one.values] : []));
  });
  expect(results).toEqual([
    [Object.fromEntries(swapped.map(([to, from]) => [to, row[from]]))],
    [{ ...row, v: ["x!", "y!"] }],
    [row],
    [row],
  ]);
});
