/** The references that are written from docstrings. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { docstringOf } from "../../packaging/reference/docstring.ts";
import {
  pageText,
  referencePages,
  uncalled,
  undocumented,
  withoutExample,
} from "../../packaging/reference/sdk-reference.ts";

describe.each(referencePages().map((page) => [page.file, page] as const))("%s", (file, page) => {
  test("is what `npm run docs:sdk` writes", () => {
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
    expect(pageText(page)).toBe(text);
  });

  test("tells every public export and every public member", () => {
    const items = page.sections.flatMap((section) => section.items);
    expect(items.length).toBeGreaterThan(35);
    expect(undocumented(page)).toEqual([]);
  });

  test("has an example of every class, function and constant", () => {
    expect(withoutExample(page)).toEqual([]);
  });
});

test("every method for jobs, tests and applications is called in an example of the page", () => {
  const page = referencePages().find(({ file }) => file === "docs/api-reference.md")!;
  expect(uncalled(page)).toEqual([]);
});

describe("docstringOf", () => {
  test("takes the comment right before a declaration, its example and its tags", () => {
    const comment =
      "/** Old. */\n/**\n * Does it.\n *\n *     it(1);\n *     it(2);\n *\n * @throws E if not\n */\n";
    expect(docstringOf(comment)).toEqual({
      text: "Does it.\n\n```ts\nit(1);\nit(2);\n```\n",
      tags: [{ name: "throws", text: "E if not" }],
      internal: false,
    });
  });

  test("knows what is for inside use only, and what has no docstring", () => {
    expect(docstringOf("/** @internal For the builder. */")?.internal).toBe(true);
    expect(docstringOf("// A comment.\n/* Another. */")).toBeUndefined();
  });
});
