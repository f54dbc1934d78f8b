/**
 * docs/errors.md: the codes of the source, an index of them, and an anchor at each row, so that a code
 * leads to what to do (`errors.md#port_in_use`). What a code means is written by hand in the rows.
 */
import { globSync, readFileSync } from "node:fs";

const ROOT = new URL("../../", import.meta.url);
const BEGIN = "<!-- index: written by `npm run docs:errors` -->";
const END = "<!-- end of the index -->";

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
export function codesOfSource(): Set<string> {
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
      if (ends === undefined) throw new Error(`${path}: which codes begin with ${start}?`);
      for (const end of ends) codes.add(start! + end);
    }
  }
  return codes;
}

const ANCHOR = /<a id="[a-z0-9_]+"><\/a>/g;

/** Codes in the first cells of the page's tables, and what the row says. */
export function codesOfPage(page: string): { code: string; meaning: string; todo: string }[] {
  const row = /^\|((?: `[A-Z0-9_]+`,?)+) \| (.*?) \| (.*) \|$/gm;
  return [...page.replaceAll(ANCHOR, "").matchAll(row)].flatMap(([, codes, meaning, todo]) =>
    [...codes!.matchAll(/`([A-Z0-9_]+)`/g)].map(([, code]) => ({
      code: code!,
      meaning: meaning!,
      todo: todo!,
    })),
  );
}

/** The page with its index and anchors made new. */
export function indexedPage(page: string): string {
  const rows = page
    .replaceAll(ANCHOR, "")
    .replaceAll(/^\|(?: `[A-Z0-9_]+`,?)+ \|/gm, (cell) =>
      cell.replaceAll(
        /`([A-Z0-9_]+)`/g,
        (code, name: string) => `<a id="${name.toLowerCase()}"></a>${code}`,
      ),
    );
  const start = rows.indexOf(BEGIN);
  const end = rows.indexOf(END);
  if (start < 0 || end < start) throw new Error("docs/errors.md has no place for the index");
  return `${rows.slice(0, start)}${BEGIN}\n${indexText()}\n${rows.slice(end)}`;
}

function indexText(): string {
  const byLetter = Map.groupBy([...codesOfSource()].sort(), (code) => code[0]!);
  const lines = [...byLetter].map(([letter, codes]) => {
    const links = codes.map((code) => `[${code}](#${code.toLowerCase()})`);
    return `**${letter}** ${links.join(", ")}\n`;
  });
  return `\n${lines.join("\n")}`;
}
