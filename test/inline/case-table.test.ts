import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

test("the tables of upper and lower case are those of the engine that runs", () => {
  const script = `${ROOT}src/inline/case-table.ts`;
  const made = execFileSync(process.execPath, [script], { encoding: "utf8" });
  const kept = readFileSync(`${ROOT}operators/sdk/assembly/js-case-table.ts`, "utf8");
  expect(made).toBe(kept);
});
