/** docs/errors.md names every error code there is, and tests that exist. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { codesOfPage, codesOfSource, indexedPage } from "../../packaging/reference/error-codes.ts";

const ROOT = new URL("../../", import.meta.url);
const DOC = readFileSync(new URL("docs/errors.md", ROOT), "utf8");

test("docs/errors.md has one row for every error code, and none for a code that is gone", () => {
  const documented = codesOfPage(DOC).map(({ code }) => code);
  expect(documented.length).toBeGreaterThan(100);
  expect(documented.filter((code, i) => documented.indexOf(code) !== i)).toEqual([]);
  expect([...documented].sort()).toEqual([...codesOfSource()].sort());
});

test("docs/errors.md says for each code what it means and what to do", () => {
  const empty = codesOfPage(DOC).filter(({ meaning, todo }) => meaning === "" || todo === "");
  expect(empty).toEqual([]);
});

test("docs/errors.md has the index and anchors that `npm run docs:errors` writes", () => {
  expect(indexedPage(DOC)).toBe(DOC);
});

test("every test that docs/errors.md names for a bad input is there", () => {
  const rows = [...DOC.matchAll(/^\| [^|]+ \| `(test\/[^`]+)`: (.+) \|$/gm)];
  expect(rows.length).toBeGreaterThan(25);
  const missing = rows.filter(([, file, name]) => {
    const text = readFileSync(new URL(file!, ROOT), "utf8");
    return !text.includes(`test("${name}"`);
  });
  expect(missing.map(([row]) => row)).toEqual([]);
});
