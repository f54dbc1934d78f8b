/** The files of the pages: type-checked with the package's own types, and run. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { formatWithOptions } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { kindOf, printerOf } from "./block-kinds.ts";
import { collected } from "./collected-tests.ts";
import { writeTypeScriptFragments } from "./fragments.ts";
import { runNode } from "./node-process.ts";
import {
  fileOf,
  folderOf,
  SNIPPETS,
  writeEntry,
  writeFiles,
  writeTemplate,
} from "./page-project.ts";
import { type Block, blocksOf, PAGES, placeOf, ROOT } from "./pages.ts";

/** Pages whose jobs another test runs, because they need something built first. */
const RUN_ELSEWHERE = new Map([
  ["docs/jobs.md", "test/cli/jobs-doc.test.ts"],
  ["docs/testing.md", "the tests of the page"],
]);

/** Several compilations in a row, on a machine that does other things, too. */
const BUILD_TIMEOUT_MS = 180_000;

const blocks = PAGES.flatMap(blocksOf);
const ofKind = (kind: string) => blocks.filter((block) => kindOf(block) === kind);
const named = (list: readonly Block[]) => list.map((block) => [placeOf(block), block] as const);
/** What a page says that a file prints. */
const printedBy = (block: Block) =>
  ofKind("printed").find((printed) => printerOf(printed) === block)?.code;

writeFiles(blocks);
writeTemplate("docs/first-steps.md");
afterAll(() => process.chdir(ROOT));

/** Pages whose job imports handles: `millrace build --fast` writes them. */
const BUILT = [
  "docs/first-steps.md",
  "docs/process-functions.md",
  "docs/sdk-operators.md",
  "docs/cep.md",
  "docs/joins.md",
  "docs/async.md",
  "docs/time.md",
];
beforeAll(async () => {
  for (const page of BUILT) {
    const project = folderOf(page);
    mkdirSync(join(project, "build"), { recursive: true });
    const out = ["--name", "my-job", "--out", join(project, "build/my-job.wasm")];
    const handles = ["--handles", join(project, "operators/handles.ts")];
    await runNode(["src/cli/main.ts", "build", writeEntry(page), "--fast", ...out, ...handles]);
  }
}, BUILD_TIMEOUT_MS);

describe("tests of the pages pass", () => {
  test.each(named(ofKind("test")))("%s", async (_, block) => {
    process.chdir(folderOf(block.page));
    await import(fileOf(block));
    const { tests, before, after } = collected;
    const found = tests.splice(0);
    expect(found.length).toBeGreaterThan(0);
    for (const run of before.splice(0)) await run();
    try {
      for (const { run } of found) await run();
    } finally {
      for (const run of after.splice(0)) await run();
    }
  });
});

describe("programs of the pages print what they say", () => {
  test.each(named(ofKind("program")))("%s", async (_, block) => {
    process.chdir(folderOf(block.page));
    let printed = "";
    const log = vi.spyOn(console, "log").mockImplementation((...parts: unknown[]) => {
      printed += `${formatWithOptions({ colors: false }, ...parts)}\n`;
    });
    try {
      await import(fileOf(block));
    } finally {
      log.mockRestore();
    }
    expect(printedBy(block), "a block with what it prints").toBeDefined();
    expect(printed.trimEnd()).toBe(printedBy(block));
  });
});

describe("jobs of the pages", () => {
  const jobs = ofKind("job").filter(({ page }) => !RUN_ELSEWHERE.has(page));
  let answers: Record<string, { error?: object; slots?: number; rows?: string }> = {};
  beforeAll(async () => {
    const args = jobs.flatMap((job) =>
      printedBy(job) === undefined ? [fileOf(job)] : ["--run", fileOf(job)],
    );
    answers = JSON.parse(await runNode([join(ROOT, "test/docs/run-jobs.ts"), ...args]));
  }, BUILD_TIMEOUT_MS);

  test.each(named(jobs))("%s", (_, job) => {
    const answer = answers[fileOf(job)];
    expect(answer?.error).toBeUndefined();
    if (printedBy(job) === undefined) expect(answer?.slots).toBeGreaterThan(0);
    else expect(answer?.rows?.trimEnd()).toBe(printedBy(job));
  });
});

test("the files have no type errors", () => {
  const code = blocks.filter((block) => ["job", "program", "test"].includes(kindOf(block)));
  const fragments = ofKind("fragment").filter(({ page }) => page === "docs/api-reference.md");
  const files = [
    ...code.map(fileOf),
    ...writeTypeScriptFragments(fragments),
    ...ofKind("json").filter(isRows).map(writeRows),
    join(ROOT, "src/taskmanager/webassembly.d.ts"),
  ];
  expect(files.length).toBeGreaterThan(25);
  const project = join(SNIPPETS, "tsconfig.json");
  writeFileSync(
    project,
    JSON.stringify({ extends: "../../tsconfig.json", include: [], exclude: [], files }),
  );
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  const { stdout } = spawnSync(tsc, ["-p", project], { encoding: "utf8" });
  expect(stdout).toBe("");
});

/** Lines of `GET /v1/jobs/{jobid}/rows`. */
function isRows({ code }: Block): boolean {
  return code.startsWith('{"type":');
}

function writeRows({ line, code }: Block): string {
  const file = join(SNIPPETS, `rows-${line}.ts`);
  const from = relative(SNIPPETS, join(ROOT, "src/client/answers.ts"));
  const items = code.split("\n").join(",\n");
  writeFileSync(
    file,
    `import type { RowsItem } from "${from}";\nexport const items: RowsItem[] = [\n${items}\n];\n`,
  );
  return file;
}
