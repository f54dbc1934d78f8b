/** The files of a page, written as a reader would save them: a folder below build/ for each page. */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { type Block, ROOT } from "./pages.ts";

export const SNIPPETS = join(ROOT, "build", "snippets");
/** What other checks write: not removed with the files of the pages, which are checked beside them. */
export const CHECKS = join(ROOT, "build", "snippet-checks");
const COLLECTED_TESTS = join(ROOT, "test/docs/collected-tests.ts");

export const folderOf = (page: string): string =>
  join(SNIPPETS, page.replace(/\.md$/, "").replaceAll("/", "-"));

export const fileOf = (block: Block): string => join(folderOf(block.page), block.file!);

/** Writes all files of some blocks. Those of older runs go, but for what was built: it is kept by content. */
export function writeFiles(blocks: readonly Block[]): void {
  for (const folder of new Set(blocks.map(({ page }) => folderOf(page)))) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder).filter((name) => name !== "build")) {
      rmSync(join(folder, name), { recursive: true });
    }
  }
  for (const block of blocks.filter(({ file }) => file !== undefined)) {
    const file = fileOf(block);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${linked(block.code, file)}\n`);
  }
}

/** What `millrace new` makes, around a page's own files, which win. */
export function writeTemplate(page: string): void {
  for (const part of ["operators", "data"]) {
    const from = join(ROOT, "templates/operator-job", part);
    cpSync(from, join(folderOf(page), part), { recursive: true, force: false });
  }
}

/**
 * An entry with all operator files of a page's folder, as its reader's `operators/index.ts` has in the end.
 * Not in a package of its own: that could not import the one around it by name.
 */
export function writeEntry(page: string): string {
  const folder = join(folderOf(page), "operators");
  const names = readdirSync(folder).filter((name) => /^[a-z]+\.ts$/.test(name));
  const files = names.filter((name) => name !== "handles.ts" && name !== "entry.ts");
  const lines = files.map((name) => `export * from "./${name.slice(0, -3)}";\n`);
  const entry = join(folder, "entry.ts");
  writeFileSync(entry, lines.join(""));
  return entry;
}

/** Tests are collected by this suite and run one by one, in its own process. */
function linked(code: string, file: string): string {
  const own = relative(dirname(file), COLLECTED_TESTS);
  return file.endsWith(".test.ts") ? code.replace(' from "vitest"', ` from "${own}"`) : code;
}
