import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  isCore,
  LAYERS,
  layerViolations,
  purityViolations,
  styleViolations,
  type Violation,
  violationText,
} from "./source-rules.ts";
import { type SourceFile, sourceParts } from "./source-text.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FOLDERS = ["src", "operators", "examples", "test", "bench"];

function repositorySources(): SourceFile[] {
  const files: SourceFile[] = [];
  for (const folder of FOLDERS.filter((name) => existsSync(ROOT + name))) {
    for (const entry of readdirSync(ROOT + folder, { recursive: true, withFileTypes: true })) {
      const path = `${entry.parentPath.slice(ROOT.length)}/${entry.name}`.replaceAll("\\", "/");
      const source = entry.isFile() && path.endsWith(".ts") && !path.includes("node_modules/");
      if (source) files.push({ path, text: readFileSync(ROOT + path, "utf8") });
    }
  }
  return files;
}

const sources = repositorySources();
const problems = (rule: (file: SourceFile) => Violation[]): string[] =>
  sources.flatMap(rule).map(violationText);

describe("the repository", () => {
  test("has sources in every folder that the rules watch", () => {
    expect(sources.length).toBeGreaterThan(20);
    const folders = new Set(sources.map((f) => f.path.split("/")[1]!));
    const unknown = readdirSync(`${ROOT}src`).filter(
      (name) => name !== "index.ts" && !(name in LAYERS),
    );
    expect([unknown, folders.has("protocol")]).toEqual([[], true]);
  });

  test("imports point down only, and operators import nothing of src/", () => {
    expect(problems(layerViolations)).toEqual([]);
  });

  test("cores are pure", () => {
    expect(problems(purityViolations)).toEqual([]);
  });

  test("files are short, named by a noun, and leave nothing behind", () => {
    expect(problems(styleViolations)).toEqual([]);
  });
});

/** The problems of one planted source. */
function planted(rule: (file: SourceFile) => Violation[], path: string, text: string): string[] {
  return rule({ path, text }).map(violationText);
}

describe("the layer rule finds", () => {
  test.each([
    ["src/protocol/a.ts", 'import { b } from "../plan/b.ts";', "layer 0"],
    ["src/protocol/batch/a.ts", 'export * from "../../state/b.ts";', "layer 0"],
    ["src/plan/a.ts", 'import type { b } from "../state/b.ts";', "same layer 1"],
    ["src/taskmanager/a.ts", 'import "../jobmanager/b.ts";', "same layer 2"],
    [
      "src/jobmanager/core/a.ts",
      'const b = await import("../../taskmanager/b.ts");',
      "same layer 2",
    ],
    ["src/taskmanager/a.ts", 'import { c } from "../build/c.ts";', "never imports build"],
    ["src/taskmanager/a.ts", 'import { c } from "../inline/c.ts";', "never imports inline"],
    ["src/state/a.ts", 'import {\n  b,\n} from "../sim/b.ts";', "layer 1"],
    ["src/plan/a.ts", 'import { t } from "../../test/t.ts";', "nothing outside"],
    ["src/web/a.ts", 'import { t } from "./t.ts";', "no layer"],
    ["operators/sdk/assembly/a.ts", 'import { b } from "../../../src/protocol/abi";', "of src/"],
    ["examples/x/operators/a.ts", 'import { b } from "../../../src/protocol/abi";', "of src/"],
  ])("%s: %s", (path, text, problem) => {
    expect(planted(layerViolations, path, text)).toEqual([expect.stringContaining(problem)]);
  });

  test.each([
    ["src/cli/a.ts", 'import { b } from "../client/b.ts";'],
    [
      "src/jobmanager/a.ts",
      'import { b } from "../build/b.ts"; import { readFile } from "node:fs";',
    ],
    ["src/taskmanager/core/a.ts", 'import { b } from "../../protocol/b.ts";'],
    ["src/protocol/a.ts", '// import { b } from "../plan/b.ts";'],
    ["src/protocol/a.ts", 'const text = `import { b } from "../plan/b.ts"`;'],
    ["test/plan/a.test.ts", 'import { b } from "../../src/cli/b.ts";'],
    ["operators/builtin/a.ts", 'import { b } from "../sdk/assembly/b";'],
  ])("nothing in %s: %s", (path, text) => {
    expect(planted(layerViolations, path, text)).toEqual([]);
  });
});

describe("the purity rule finds", () => {
  test.each([
    "await ready;",
    "async function f() {}",
    "const now = Date.now();",
    "const now = new Date();",
    "const r = Math.random();",
    "const r = Math . random ();",
    "const t = performance.now();",
    "setTimeout(f, 1);",
    "let p: Promise<void>;",
    "const id = crypto.randomUUID();",
    "const e = process.env;",
    "globalThis.x;",
    'import { readFile } from "node:fs";',
    'import { z } from "zod";',
    'import { shell } from "../slot.ts";',
    "const r = [...Date.x];",
    "const w = new Worker(path);",
    `const s = \`now $\{Date.now()}\`;`,
    `const s = \`a $\{b ? \`c $\{Date.now()}\` : {}}\`;`,
  ])("%s", (text) => {
    const found = planted(purityViolations, "src/taskmanager/core/a.ts", `\n${text}\n`);
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]).toContain("src/taskmanager/core/a.ts:2: ");
    expect(planted(purityViolations, "src/taskmanager/a.ts", text)).toEqual([]);
  });

  test.each([
    "// await Date.now() in a comment",
    "/* new Promise */ const a = 1;",
    'const text = "await Date";',
    "const text = `await Date`;",
    "const pattern = /await Date/;",
    "const updated = latestDate + awaited;",
    'import { b } from "./b.ts"; import { c } from "../../protocol/c.ts";',
    "task.process(batch); interface Process { process(): void; fetch: number; worker: Worker }",
  ])("nothing in %s", (text) => {
    expect(planted(purityViolations, "src/jobmanager/core/a.ts", text)).toEqual([]);
  });

  test("files of core/ only", () => {
    expect(["src/a/core/b.ts", "src/a/core/c/b.ts"].every(isCore)).toBe(true);
    expect(["src/a/score/b.ts", "src/a/core.ts", "test/core/b.ts"].some(isCore)).toBe(false);
  });
});

describe("the style rule finds", () => {
  const line = "const a = 1;\n";
  const mark = "TO" + "DO";
  test.each<[string, string, string]>([
    ["src/plan/long.ts", line.repeat(501), "501 lines"],
    ["src/plan/utils.ts", line, "utils"],
    ["src/plan/helpers/a.ts", line, "helpers"],
    ["src/plan/string-utils.ts", line, "string-utils"],
    ["test/common.test.ts", line, "common"],
    ["src/plan/a.ts", `// ${mark}: later\n`, mark],
    ["test/a.test.ts", 'test.skip("x", () => {});', "skip"],
    ["test/a.test.ts", 'describe.only("x", () => {});', "only"],
  ])("%s", (path, text, problem) => {
    expect(planted(styleViolations, path, text)).toEqual([expect.stringContaining(problem)]);
  });

  test("nothing in a file of exactly 500 lines, or a text that names a mark", () => {
    expect(planted(styleViolations, "src/plan/a.ts", line.repeat(500))).toEqual([]);
    expect(planted(styleViolations, "src/plan/a.ts", `const a = "${mark}";`)).toEqual([]);
  });
});

describe("sourceParts", () => {
  test("keeps lines, and tells division from regular expressions", () => {
    const text = "const a = b / c; // d / e\nconst p = /[/]await'/.test(x) ? `y` : 'z';\nlet w;";
    const { code, comments } = sourceParts(text);
    expect(code.split("\n").map((l) => l.trimEnd().replace(/ +/g, " "))).toEqual([
      "const a = b / c;",
      "const p = .test(x) ? : ;",
      "let w;",
    ]);
    expect(comments.trim()).toBe("// d / e");
  });
});
