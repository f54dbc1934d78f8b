import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { functionOf, parseJobFile } from "../../src/inline/find-function.ts";
import { api } from "../../src/inline/typescript-api.ts";
import type { PlacedCase } from "./cases.ts";
import { compileCases, differences } from "./differential.ts";
import { makeRows, type Row } from "./rows.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const POINTS_PER_ROW = 256;
const POINTS = 0x110000;

test("the tables of upper and lower case are those of the engine that runs", () => {
  const script = `${ROOT}src/inline/case-table.ts`;
  const made = execFileSync(process.execPath, [script], { encoding: "utf8" });
  const kept = readFileSync(`${ROOT}operators/sdk/assembly/js-case-table.ts`, "utf8");
  expect(made).toBe(kept);
});

test("every code point has JavaScript's upper and lower case, a sigma behind and before it", async () => {
  const sigma = "`aΣ$" + "{r.s}Σ`.toLowerCase()";
  const text = `(r) => ({ lower: r.s.toLowerCase(), upper: r.s.toUpperCase(), sigma: ${sigma} })`;
  const fn = (r: Row) => ({
    lower: r.s.toLowerCase(),
    upper: r.s.toUpperCase(),
    sigma: `aΣ${r.s}Σ`.toLowerCase(),
  });
  const [statement] = parseJobFile("/jobs/case.ts", text).statements;
  if (statement === undefined || !api.isExpressionStatement(statement)) throw new Error(text);
  const node = functionOf(statement.expression);
  const one: PlacedCase = { kind: "map", tags: ["case"], fn, name: "case.ts:1", node };
  const [row] = makeRows(1, 1);
  const rows = Array.from({ length: POINTS / POINTS_PER_ROW }, (_, i) => ({
    ...row!,
    s: Array.from({ length: POINTS_PER_ROW }, (_, j) =>
      String.fromCodePoint(i * POINTS_PER_ROW + j),
    )
      .join("")
      .toWellFormed(),
  }));
  const { generated, module } = await compileCases([one], "none");
  expect(differences(one, 0, module, generated.operators[0]!.output, rows)).toEqual([]);
});
