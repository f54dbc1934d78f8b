/** Every fenced block of the book is claimed by a check; those that need nothing running are here. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildBundle } from "../../src/build/compile.ts";
import { createProgram } from "../../src/cli/program.ts";
import { errorsSchema } from "../../src/jobmanager/rest-schemas.ts";
import { validateJob } from "../../src/plan/validate-job.ts";
import { manifestOf } from "../plan/sample-manifest.ts";
import { kindOf } from "./block-kinds.ts";
import { writeOperatorFragments } from "./fragments.ts";
import { OUTPUTS } from "./outputs.ts";
import { CHECKS } from "./page-project.ts";
import { type Block, blocksOf, PAGES, placeOf } from "./pages.ts";
import { commandsOf, problemOf } from "./shell-commands.ts";

const blocks = PAGES.flatMap(blocksOf);
const ofKind = (...kinds: string[]) => blocks.filter((block) => kinds.includes(kindOf(block)));

test("each block of the book is claimed by a check", () => {
  const problems = blocks.flatMap((block) => {
    try {
      kindOf(block);
      return [];
    } catch (thrown) {
      return [(thrown as Error).message];
    }
  });
  expect(problems).toEqual([]);
  expect(blocks.length).toBeGreaterThan(100);
});

test("a block that is no file, or of a language that nothing checks, is claimed by none", () => {
  const block = { page: "docs/jobs.md", line: 1, code: "x", file: undefined, before: undefined };
  for (const info of ["", "ts", "yaml", "js x.js"]) {
    const language = info.split(" ")[0]!;
    expect(() => kindOf({ ...block, info, language })).toThrow(/^docs\/jobs\.md:1: /);
  }
});

describe("command lines", () => {
  const program = createProgram();

  test("name commands, options, scripts and files that are there", async () => {
    const lines = ofKind("shell").flatMap((block) =>
      block.code
        .split("\n")
        .map((line, i) => ({ line, place: `${block.page}:${block.line + 1 + i}` })),
    );
    expect(lines.length).toBeGreaterThan(50);
    expect(await problemsOf(lines)).toEqual([]);
  });

  test("of the examples of `--help` do so too", async () => {
    const lines = ofKind("help").flatMap((block) =>
      [...block.code.matchAll(/^ {2}(\w.*?)(?: {3,}.*)?$/gm)].map(([, line]) => ({
        line: line!,
        place: block.page,
      })),
    );
    expect(lines.length).toBeGreaterThan(15);
    expect(await problemsOf(lines)).toEqual([]);
  });

  test("of the usage lines name the commands there are", async () => {
    const names = ofKind("usage").map(({ code }) => /^millrace (\w+) \[options\]/.exec(code)?.[1]);
    expect(names).toEqual((await program).commands.map((command) => command.name()));
  });

  test("with something wrong are found", async () => {
    const wrong = [
      ...["millrace rum", "npx millrace run --fast", "npm run demmo", "node nothing.ts"],
      ...["npm run millrace -- cancel", "wget x", "millrace info a b", "cp nothing.txt x"],
    ];
    const problems = await problemsOf(wrong.map((line) => ({ line, place: "x" })));
    expect(problems.length).toBe(wrong.length);
  });

  async function problemsOf(lines: readonly { line: string; place: string }[]): Promise<string[]> {
    const known = await program;
    return lines.flatMap(({ line, place }) =>
      commandsOf(line).flatMap((words) => {
        const problem = problemOf(words, known);
        return problem === undefined ? [] : [`${place}: ${problem}`];
      }),
    );
  }
});

describe("JSON", () => {
  /** Lines that a test of types reads: see snippets.test.ts. */
  const isRows = ({ code }: Block) => code.startsWith('{"type":');

  test.each(
    ofKind("json")
      .filter((block) => !isRows(block))
      .map((block) => [placeOf(block), block] as const),
  )("%s is what it is an example of", (_, { code }) => {
    const value = JSON.parse(code);
    if ("vertices" in value) validateJob(value, manifestOf);
    else expect(errorsSchema.strict().parse(value)).toEqual(value);
  });
});

describe("operators", () => {
  test("of the pages compile", async () => {
    // Pages that show the same file mean the same operator.
    const sources = [
      ...new Set(ofKind("operator").map(({ code }) => code.replace(/^\/\/.*\n/, ""))),
    ];
    const files = sources.map((_, i) => `./operators-${i}`);
    for (const [i, code] of sources.entries()) writeEntry(`guide/operators-${i}.ts`, code);
    const entry = writeEntry(
      "guide/index.ts",
      files.map((file) => `export * from "${file}";\n`).join(""),
    );
    const { manifest } = await buildBundle({ entry, name: "guide", optimize: "none" });
    expect(manifest.operators.length).toBeGreaterThan(1);
  });

  test("of the docstrings compile", async () => {
    const fragments = ofKind("fragment").filter(({ page }) => page === "docs/sdk-reference.md");
    const entry = writeOperatorFragments(fragments);
    const { manifest } = await buildBundle({ entry, name: "reference", optimize: "none" });
    // Its own last operator is every bundle's.
    const written = readFileSync(entry, "utf8").match(/@operator\b/g)?.length ?? 0;
    expect(written).toBeGreaterThan(10);
    expect(manifest.operators.length).toBe(written + 1);
  });

  test.each(["this.missing();", "open(context: RuntimeContext): void {\n  context.missing();\n}"])(
    "of a docstring are compiled: %j is refused",
    async (code) => {
      const [first] = ofKind("fragment").filter(({ code }) => code.includes("class SumAndCount"));
      const entry = writeOperatorFragments([first!, { ...first!, code }]);
      const wrong = buildBundle({ entry, name: "reference", optimize: "none" });
      await expect(wrong).rejects.toThrow(/'missing' does not exist/);
    },
  );

  function writeEntry(name: string, code: string): string {
    const file = join(CHECKS, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, code);
    return file;
  }
});

describe("what a person sees", () => {
  test.each(ofKind("output").map((block) => [placeOf(block), block] as const))(
    "%s",
    async (_, block) => {
      const situation = Object.keys(OUTPUTS).find((key) => {
        const [page, start] = key.split(": ");
        return page === block.page && block.code.startsWith(start!);
      });
      expect(situation, "what brings this output about").toBeDefined();
      expect(await OUTPUTS[situation!]!()).toBe(block.code);
    },
  );
});
