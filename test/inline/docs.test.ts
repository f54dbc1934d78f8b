import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { allCases } from "./cases.ts";
import { statefulCases } from "./stateful.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const doc = readFileSync(`${ROOT}docs/one-file-jobs.md`, "utf8");

/** First cells of the table of a section. */
function rowsOf(section: string): string[] {
  const text = doc.split(`## ${section}\n`)[1]!.split("\n## ")[0]!;
  const lines = text.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) => line.split(" | ")[0]!.slice(1).trim());
}

test("every row of the subset table is in at least three functions of the differential test", async () => {
  const uses = new Map<string, number>();
  for (const { tags } of [...(await allCases()), ...(await statefulCases())]) {
    for (const tag of tags) uses.set(tag, (uses.get(tag) ?? 0) + 1);
  }
  const rows = rowsOf("The subset");
  expect(rows.length).toBeGreaterThan(60);
  expect(rows.filter((row) => (uses.get(row) ?? 0) < 3)).toEqual([]);
  // Marks a case whose results on the way may not fit.
  uses.delete("overflow");
  expect([...uses.keys()].filter((tag) => !rows.includes(tag))).toEqual([]);
});

test("every error code of the front end is explained", () => {
  const folders = ["src/inline", "src/plan", "src/cli"].map((folder) => ROOT + folder);
  const sources = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFileSync(`${folder}/${name}`, "utf8")),
  );
  const thrown = /"(INLINE_[A-Z_]+)"/g;
  const codes = new Set(sources.flatMap((text) => [...text.matchAll(thrown)].map((m) => m[1]!)));
  expect([...codes].filter((code) => !doc.includes(`\`${code}\``))).toEqual([]);
});
