/**
 * Fenced blocks of a page that are files: a `ts` block whose first line is a comment with a path
 * (`// job.ts`). A `text` block right behind a file is what it prints.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Packages as the pages import them, and where they are here. */
const PACKAGES: Readonly<Record<string, string>> = {
  millrace: "src/index.ts",
  "millrace/math": "src/inline/math.ts",
  "millrace/testing": "src/testing/index.ts",
  "millrace/text": "src/inline/text.ts",
  vitest: "test/docs/collected-tests.ts",
};

export interface Snippet {
  /** Path in the page's project. */
  readonly path: string;
  readonly file: string;
  readonly printed: string | undefined;
}

/** Writes the files of a page to a folder of its own below build/, and answers them. */
export function writeSnippets(page: string): { folder: string; snippets: Snippet[] } {
  const folder = join(ROOT, "build", "snippets", page);
  rmSync(folder, { recursive: true, force: true });
  const text = readFileSync(join(ROOT, "docs", `${page}.md`), "utf8");
  const block = /^```ts\n\/\/ ([\w./-]+\.ts)\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm;
  const snippets = [...text.matchAll(block)].map(([, path, code, printed]): Snippet => {
    const file = join(folder, path!);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, path!.startsWith("operators/") ? code! : linked(code!, file));
    return { path: path!, file, printed };
  });
  const blocks = [...text.matchAll(/^```ts$/gm)].length;
  if (blocks !== snippets.length) throw new Error(`a ts block of ${page}.md is no file`);
  return { folder, snippets };
}

function linked(code: string, file: string): string {
  return code.replaceAll(/ from "([^."][^"]*)"/g, (whole, name: string) => {
    const target = PACKAGES[name];
    return target === undefined ? whole : ` from "${relative(dirname(file), join(ROOT, target))}"`;
  });
}
