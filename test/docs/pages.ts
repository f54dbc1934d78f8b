/** The pages that a reader finds, and their fenced blocks. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Block {
  /** Path of the page in the repository. */
  readonly page: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  /** Text behind the fence: language, and for data the name of a file. */
  readonly info: string;
  readonly language: string;
  /** Path of the file that the block is, in the page's own project. */
  readonly file: string | undefined;
  readonly code: string;
  /** The block before it on the page. */
  readonly before: Block | undefined;
}

export const PAGES: readonly string[] = [
  "README.md",
  "templates/operator-job/README.md",
  ...globSync("docs/*.md", { cwd: ROOT }).sort(),
];

/** `docs/cli.md:12`: what a failure names. */
export const placeOf = ({ page, line }: Block): string => `${page}:${line}`;

/** A page's blocks in order. Code that is a file says its path in a comment, data behind the language. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; info: string; code: string[] } | undefined;
  for (const [i, text] of readFileSync(`${ROOT}${page}`, "utf8").split("\n").entries()) {
    const fence = /^\s*```(.*)$/.exec(text)?.[1];
    if (open === undefined) {
      if (fence !== undefined) open = { line: i + 1, info: fence.trim(), code: [] };
    } else if (fence === undefined) open.code.push(text);
    else {
      blocks.push(blockOf(page, open, blocks.at(-1)));
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: the block has no end`);
  return blocks;
}

function blockOf(
  page: string,
  { line, info, code }: { line: number; info: string; code: string[] },
  before: Block | undefined,
): Block {
  const [language = "", named] = info.split(" ");
  const file = language === "ts" ? /^\/\/ ([\w./-]+\.ts)$/.exec(code[0] ?? "")?.[1] : named;
  return { page, line, info, language, file, code: code.join("\n"), before };
}
