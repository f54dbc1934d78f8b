/** docs/errors.md names every error code there is, and tests that exist. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const ROOT = new URL("../../", import.meta.url);
const DOC = readFileSync(new URL("docs/errors.md", ROOT), "utf8");

/** Upper-case words in the source that are no error codes: column types, variables, Node's codes, generated code. */
const OTHER_WORDS = new Set([
  ...["INTERVAL_DAY_SECOND", "INTERVAL_YEAR_MONTH", "TIMESTAMP_LTZ"],
  ...["MILLRACE_TOKEN", "MILLRACE_WORKER_TOKEN", "ERR_MODULE_NOT_FOUND"],
  ...["MODULE_NOT_FOUND", "MILLRACE_HOME", "MILLRACE_URL", "NO_COLOR"],
  // Names in the AssemblyScript that the front end of one-file functions writes.
  ...["NULL_AT", "NULL_FLAG", "UNDEFINED_AT", "UNDEFINED_FLAG", "CASE_IGNORABLE", "UPPER_SPECIAL"],
]);
/** Codes that are put together from parts. */
const COMPOSED = new Map([
  ["JOB_PARAMETER_", ["UNKNOWN", "MISSING", "INVALID"]],
  ["JOB_DUPLICATE_", ["ID", "UID"]],
]);

/** The codes of the source; the simulator's are those of what it simulates. */
function codesOfSource(): Set<string> {
  const codes = new Set<string>();
  for (const path of globSync("src/**/*.ts", { cwd: ROOT, exclude: ["src/sim/**"] })) {
    const text = readFileSync(new URL(path, ROOT), "utf8");
    const several = text.matchAll(/"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g);
    const single = text.matchAll(/(?:MillraceError\(\s*|code: )"([A-Z]+)"/g);
    for (const [, code] of [...several, ...single]) {
      if (!OTHER_WORDS.has(code!)) codes.add(code!);
    }
    for (const [, start] of text.matchAll(/MillraceError\(\s*`([A-Z_]+)\$\{/g)) {
      const ends = COMPOSED.get(start!);
      expect(ends, `ends of ${start} in ${path}`).toBeDefined();
      for (const end of ends!) codes.add(start! + end);
    }
  }
  return codes;
}

/** Codes in the first cells of the page's tables. */
function codesOfDoc(): string[] {
  const cells = DOC.split("\n").map((line) => /^\|((?: `[A-Z0-9_]+`,?)+) \|/.exec(line)?.[1] ?? "");
  return cells.flatMap((cell) => [...cell.matchAll(/`([A-Z0-9_]+)`/g)].map(([, code]) => code!));
}

test("docs/errors.md has one row for every error code, and none for a code that is gone", () => {
  const documented = codesOfDoc();
  expect(documented.length).toBeGreaterThan(100);
  expect(documented.filter((code, i) => documented.indexOf(code) !== i)).toEqual([]);
  expect([...documented].sort()).toEqual([...codesOfSource()].sort());
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
