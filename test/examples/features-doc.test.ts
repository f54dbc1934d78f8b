/** docs/features.md names nothing that is not there. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const text = readFileSync(new URL("docs/features.md", root), "utf8");
const { scripts } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));

test("docs/features.md shows each row by a file or command that exists", () => {
  const rows = text.split("\n").filter((line) => /^\| [A-Z]+\d+ /.test(line));
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) {
    const [, id, , shown = ""] = row.split("|");
    const files = [...shown.matchAll(/`(test\/[^`]*)`/g)].map(([, path]) => path!);
    const commands = [...shown.matchAll(/`npm run ([\w:]+)/g)].map(([, name]) => name!);
    expect(files.length + commands.length, `${id} is shown by something`).toBeGreaterThan(0);
    for (const path of files) expect(existsSync(new URL(path, root)), path).toBe(true);
    for (const name of commands) expect(Object.keys(scripts), row).toContain(name);
  }
});

test("docs/features.md links to pages that exist", () => {
  for (const [, page] of text.matchAll(/\]\((\w[\w.-]*\.md)\)/g)) {
    expect(existsSync(new URL(`docs/${page}`, root)), page).toBe(true);
  }
});
