/** The pictures of docs/images are what the code draws, and pages show pictures that are there. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { Drawing } from "../../packaging/pictures/drawing.ts";
import { pictures } from "../../packaging/pictures/pictures.ts";
import { PAGES, ROOT } from "./pages.ts";

test("docs/images is what `npm run docs:pictures` writes", async () => {
  const drawn = await pictures();
  expect(readdirSync(join(ROOT, "docs/images")).sort()).toEqual([...drawn.keys()].sort());
  for (const [name, svg] of drawn) {
    expect(readFileSync(join(ROOT, "docs/images", name), "utf8"), name).toBe(svg);
  }
});

test("a text that would leave its box is refused", () => {
  const drawing = new Drawing("A box", 100, 60);
  expect(() => drawing.box(0, 0, 60, 40, ["much too long for it"], "box")).toThrow(
    /leaves its box/,
  );
  expect(() => drawing.text(90, 20, "beyond the edge")).toThrow(/leaves the picture/);
});

test("every link and picture of the pages leads to a file and to a place in it", () => {
  const broken: string[] = [];
  for (const page of PAGES) {
    const text = readFileSync(join(ROOT, page), "utf8").replaceAll(/^```[\s\S]*?^```/gm, "");
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [path = "", anchor] = target!.split("#");
      const file = path === "" ? join(ROOT, page) : join(ROOT, dirname(page), path);
      if (!existsSync(file)) broken.push(`${page}: ${target}`);
      else if (anchor !== undefined && !anchorsOf(file).has(anchor))
        broken.push(`${page}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});

/** Headings as GitHub names them, and anchors that stand there. */
function anchorsOf(file: string): Set<string> {
  const text = readFileSync(file, "utf8");
  const written = [...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id!);
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .replace(/<[^>]*>/g, "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
  return new Set([...written, ...headings]);
}
