/** What stands in a docstring: text, an indented example, tags. */

export interface Docstring {
  /** Markdown; examples are fenced `ts` blocks. */
  readonly text: string;
  readonly tags: readonly Tag[];
  /** Not for users: it is left out of references. */
  readonly internal: boolean;
}

interface Tag {
  readonly name: string;
  readonly text: string;
}

const TAG = /(?:^|\s)@(param|returns|throws|internal)\b/;

/** The docstring right before a declaration; `trivia` is what stands between it and the one before. */
export function docstringOf(trivia: string): Docstring | undefined {
  const comment = trivia.match(/\/\*\*(?:(?!\*\/)[\s\S])*\*\//g)?.at(-1);
  if (comment === undefined) return undefined;
  const lines = comment
    .slice(3, -2)
    .split("\n")
    .map((line) => line.replace(/^\s*\*( |$)/, "").trimEnd());
  const [body, ...tags] = splitTags(lines.join("\n").trim());
  return {
    text: fenced(body!.text),
    tags: tags.filter(({ name }) => name !== "internal"),
    internal: tags.some(({ name }) => name === "internal"),
  };
}

function splitTags(text: string): Tag[] {
  const found: Tag[] = [];
  let rest = text;
  let name = "";
  for (let at = TAG.exec(rest); at !== null; at = TAG.exec(rest)) {
    found.push({ name, text: rest.slice(0, at.index).trim() });
    name = at[1]!;
    rest = rest.slice(at.index + at[0].length);
  }
  return [...found, { name, text: rest.trim() }];
}

/** Examples are indented by four in the source (docstrings of the client have fences already). */
function fenced(text: string): string {
  return text.replace(/(?<=^|\n)(?: {4}.*(?:\n(?= {4}|\n {4}))?\n*)+(?=\n|$)/g, (block) => {
    const code = block.replace(/^ {4}/gm, "").trim();
    // A table that a docstring shows is no code.
    return `\`\`\`${/^-+\+-/m.test(code) ? "text" : "ts"}\n${code}\n\`\`\`\n`;
  });
}

/** Text of a docstring on one line: for tables and lists (members have no fenced examples). */
export function flowed(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
