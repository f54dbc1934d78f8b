/** What each block of the book is, and so which check claims it. */
import { type Block, placeOf } from "./pages.ts";

export type BlockKind =
  /** AssemblyScript of a page's project: compiled. */
  | "operator"
  /** Examples of docstrings, with names that stand for themselves: type-checked or compiled. */
  | "fragment"
  /** A test file: run. */
  | "test"
  /** A job file: planned, and run where the page says what it prints. */
  | "job"
  /** Another TypeScript file: run, its output compared with the page. */
  | "program"
  /** A file that a job of the page reads. */
  | "data"
  /** Checked by what it is an example of. */
  | "json"
  /** Command lines: each command and option has to be there. */
  | "shell"
  /** Usage and help of the generated reference of the command line. */
  | "usage"
  | "help"
  /** What the code before it prints. */
  | "printed"
  /** What a person sees in a situation that `outputs.ts` brings about. */
  | "output";

/** @throws Error for a block that no check would claim */
export function kindOf(block: Block): BlockKind {
  const { language, file, page } = block;
  if (language === "ts") return codeKind(block);
  if (language === "sh") return page === "docs/cli.md" ? "usage" : "shell";
  if (file !== undefined && ["csv", "json", "text"].includes(language)) return "data";
  if (language === "json") return "json";
  if (language === "text") {
    if (page === "docs/cli.md") return "help";
    return printerOf(block) === undefined ? "output" : "printed";
  }
  throw new Error(`${placeOf(block)}: no check claims a block of "${block.info}"`);
}

function codeKind(block: Block): BlockKind {
  const { file, code, page } = block;
  if (page.endsWith("-reference.md")) return "fragment";
  if (file === undefined) throw new Error(`${placeOf(block)}: a ts block without "// file.ts"`);
  if (code.includes('from "millrace/sdk"')) return "operator";
  if (file.endsWith(".test.ts")) return "test";
  return code.includes("export default ") ? "job" : "program";
}

/** The job or program in front of a block, with nothing but its data between. */
export function printerOf(block: Block): Block | undefined {
  let before = block.before;
  while (before !== undefined && before.language !== "ts" && before.file !== undefined) {
    before = before.before;
  }
  if (before?.language !== "ts" || before.page.endsWith("-reference.md")) return undefined;
  return ["job", "program"].includes(codeKind(before)) ? before : undefined;
}
