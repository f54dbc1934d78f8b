import { describe, expect, test } from "vitest";
import { compilerProblem } from "../../src/build/compiler-message.ts";
import { SourceTree } from "../../src/build/source-tree.ts";

const tree = new SourceTree("/author", "index.ts", new Map());

/** As the compiler tells it: its sources are named and have no text. */
function problemAt(path: string | null, texts: Readonly<Record<string, string>> = {}) {
  const source = path === null ? null : { normalizedPath: path };
  const message = {
    code: 2322,
    category: 3,
    message: "Type 'A' is not assignable to type 'B'.",
    range: { start: 8, source },
    relatedRange: null,
  };
  return compilerProblem(message, tree, new Map(), (name) => texts[name]).problem.place;
}

describe("a compiler's message about a file that is not the author's", () => {
  const file = "~lib/millrace/sdk/row.ts";

  test("is put at its line where the text is known", () => {
    expect(problemAt(file, { [file]: "line 1\nline 2\n" })).toEqual({ file, line: 2, column: 2 });
  });

  test("is put at the file where its text is absent", () => {
    expect(problemAt(file)).toEqual({ file, line: 1, column: 1 });
  });

  test("is put at the author's entry where no file is named", () => {
    expect(problemAt(null)).toEqual({ file: "index.ts", line: 1, column: 1 });
  });
});
