import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { findFunctions, functionOf, parseJobFile } from "../../src/inline/find-function.ts";
import { generateModule, type InlineRequest } from "../../src/inline/functions.ts";
import { api } from "../../src/inline/typescript-api.ts";
import { schemaOf } from "../../src/plan/schema-match.ts";
import { files, textLines } from "../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../src/plan/stream-environment.ts";
import { MillraceError } from "../../src/protocol/errors.ts";

const INPUT = schemaOf({
  id: "BIGINT NOT NULL",
  price: "DECIMAL(10, 2)",
  day: "DATE",
  kind: "STRING",
  k: "STRING NOT NULL",
  x: "DOUBLE NOT NULL",
});

let nextFile = 0;

/** Compiles functions given as text. */
function compile(
  kind: InlineRequest["kind"],
  texts: Readonly<Record<string, string>>,
  more: Partial<InlineRequest> = {},
) {
  const functions = Object.fromEntries(
    Object.entries(texts).map(([name, text]) => {
      const source = parseJobFile(`/jobs/bad-${nextFile++}.ts`, text);
      const [statement] = source.statements;
      if (statement === undefined || !api.isExpressionStatement(statement)) throw new Error(text);
      return [name, functionOf(statement.expression)];
    }),
  );
  return generateModule([{ name: "x", kind, input: INPUT, functions, ...more }]);
}

function errorOf(run: () => unknown): MillraceError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof MillraceError) return thrown;
    throw thrown;
  }
  throw new Error("it was accepted");
}

describe("a function is refused with a code where", () => {
  test("it uses a column whose name operators cannot touch, be it by spreading the row", () => {
    const named = errorOf(() => compile("filter", { fn: "(r) => r.kind === 'a'" }));
    expect([named.code, named.field]).toEqual(["INLINE_COLUMN", "kind"]);
    expect(errorOf(() => compile("map", { fn: "(r) => ({ ...r })" })).message).toContain("kind");
  });

  test("it computes with a column that can only be passed on", () => {
    const error = errorOf(() => compile("map", { fn: "(r) => ({ v: r.day + 1 })" }));
    expect(error.message).toContain("arithmetic with a DATE");
    expect(error.expected).toContain("passed on");
    const { operators } = compile("map", { fn: "(r) => ({ day: r.day, price: r.price })" });
    expect(operators[0]!.output).toEqual([
      { name: "day", type: { type: "DATE", nullable: true } },
      { name: "price", type: { type: "DECIMAL", precision: 10, scale: 2, nullable: true } },
    ]);
  });

  test("its accumulator holds what no state can", () => {
    const error = errorOf(() =>
      compile("aggregate", {
        createAccumulator: "() => ({ rows: [{ x: 1 }] })",
        add: "(r, acc) => ({ rows: [{ x: r.x }] })",
        getResult: "(acc) => ({ n: 1 })",
      }),
    );
    expect([error.code, error.message]).toEqual([
      "INLINE_ACCUMULATOR",
      expect.stringContaining("the accumulator's field rows is an array whose elements are object"),
    ]);
    const empty = errorOf(() =>
      compile("aggregate", {
        createAccumulator: "() => ({ last: null })",
        add: "(r, acc) => ({ last: acc.last })",
        getResult: "(acc) => ({ n: 1 })",
      }),
    );
    expect(empty.message).toContain("last is always null");
    const changed = errorOf(() =>
      compile("aggregate", {
        createAccumulator: "() => ({ seen: ['a'] })",
        add: "(r, acc) => { acc.seen.push(r.k); return acc; }",
        getResult: "(acc) => ({ n: acc.seen.length })",
      }),
    );
    expect(changed.message).toContain("a change of an array that is not the function's own");
    const optional = errorOf(() =>
      compile("aggregate", {
        createAccumulator: "() => ({ best: null })",
        add: "(r, acc) => ({ best: r.x > 1 ? { x: r.x } : acc.best })",
        getResult: "(acc) => ({ n: 1 })",
      }),
    );
    expect(optional.message).toContain("best is object | null");
  });

  test("reduce reads what it does not give, gives what no row has, or reads a column without values", () => {
    const lost = errorOf(() =>
      compile("reduce", { fn: "(a, b) => ({ x: a.x + b.x + a.k.length })" }, { keys: [] }),
    );
    expect(lost.message).toContain("reads the field k of what it gave");
    const other = errorOf(() =>
      compile("reduce", { fn: "(a, b) => ({ z: b.x })" }, { keys: ["k"] }),
    );
    expect(other.message).toContain("the field z of reduce is not one of the row");
    const nothing = errorOf(() =>
      compile("reduce", { fn: "(a, b) => ({ k: a.k })" }, { keys: ["k"] }),
    );
    expect(nothing.message).toContain("keeps nothing but the key");
    const opaque = errorOf(() =>
      compile("reduce", { fn: "(a, b) => ({ day: b.day })" }, { keys: ["k"] }),
    );
    expect(opaque.code).toBe("INLINE_ACCUMULATOR");
    const spread = errorOf(() =>
      compile("reduce", { fn: "(a, b) => ({ ...a, x: b.x })" }, { keys: ["k"] }),
    );
    expect([spread.code, spread.message]).toEqual([
      "INLINE_ACCUMULATOR",
      expect.stringContaining("price is DECIMAL"),
    ]);
  });

  test("its result does not suit returns()", () => {
    const extra = errorOf(() =>
      compile("map", { fn: "(r) => ({ x: r.x, y: 1 })" }, { returns: schemaOf({ x: "INT" }) }),
    );
    expect([extra.code, extra.expected]).toEqual(["INLINE_RETURN_TYPE", "It has x."]);
    const misfit = errorOf(() =>
      compile("map", { fn: "(r) => ({ x: r.k })" }, { returns: schemaOf({ x: "INT" }) }),
    );
    expect(misfit.message).toContain("string for a column INT");
    const inside = (fn: string, type: string) =>
      errorOf(() => compile("map", { fn }, { returns: schemaOf({ a: type }) })).message;
    expect(inside("(r) => ({ a: [r.k] })", "ARRAY<INT>")).toContain("string for a column INT");
    expect(inside("(r) => ({ a: r.x })", "ARRAY<INT>")).toContain("number for a column ARRAY<INT>");
    expect(inside("(r) => ({ a: [r.x] })", "ROW<x INT>")).toContain("array of number for a column");
    expect(inside("(r) => ({ a: { y: 1 } })", "ROW<x INT>")).toContain("the field y is not one");
    expect(inside("(r) => ({ a: r.price })", "DECIMAL(5, 1)")).toContain("DECIMAL for a column");
  });

  test("the file does not hold what runs", () => {
    const file = fileURLToPath(new URL("./jobs/purchases.ts", import.meta.url));
    const fn = () => 1;
    for (const line of [1, 100_000]) {
      expect(errorOf(() => findFunctions({ file, line, column: 1 }, { fn })).code).toBe(
        "INLINE_SOURCE_NOT_FOUND",
      );
    }
  });
});

test("a job spec is not written before its functions are compiled", () => {
  const env = new StreamExecutionEnvironment();
  env
    .fromSource(textLines(files("x.txt")))
    .filter((row) => row.line !== "")
    .print();
  expect(errorOf(() => env.toJobSpec("job")).code).toBe("INLINE_NOT_COMPILED");
});

test("returns() declares what functions give, not what operators do", () => {
  const env = new StreamExecutionEnvironment();
  const lines = env.fromSource(textLines(files("x.txt")));
  expect(errorOf(() => lines.returns({ line: "STRING" })).code).toBe("INLINE_RETURN_TYPE");
});
