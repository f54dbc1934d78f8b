import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatWithOptions } from "node:util";
import { afterAll, describe, expect, test, vi } from "vitest";
import { collected } from "./collected-tests.ts";
import { type Snippet, writeSnippets } from "./snippets.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const pages = ["testing", "in-process", "one-file-jobs", "windows"].map((page) => ({
  page,
  ...writeSnippets(page),
}));
afterAll(() => process.chdir(ROOT));

async function runTests({ file }: Snippet): Promise<number> {
  await import(file);
  const { tests, before, after } = collected;
  for (const run of before.splice(0)) await run();
  try {
    for (const { name, run } of tests) {
      await Promise.resolve(run()).catch((cause) => {
        throw new Error(`${name}: ${cause.message}`, { cause });
      });
    }
    return tests.length;
  } finally {
    tests.length = 0;
    for (const run of after.splice(0)) await run();
  }
}

async function printedBy({ file }: Snippet): Promise<string> {
  let printed = "";
  const log = vi.spyOn(console, "log").mockImplementation((...parts: unknown[]) => {
    printed += `${formatWithOptions({ colors: false }, ...parts)}\n`;
  });
  try {
    await import(file);
  } finally {
    log.mockRestore();
  }
  return printed;
}

for (const { page, folder, snippets } of pages) {
  describe(`docs/${page}.md`, () => {
    for (const snippet of snippets) {
      if (snippet.path.endsWith(".test.ts")) {
        test(`${snippet.path} passes`, async () => {
          process.chdir(folder);
          expect(await runTests(snippet)).toBeGreaterThan(0);
        });
      } else if (snippet.printed !== undefined) {
        test(`${snippet.path} prints what the page says`, async () => {
          process.chdir(folder);
          expect(await printedBy(snippet)).toBe(snippet.printed);
        });
      } else if (page === "one-file-jobs") {
        test(`the functions of ${snippet.path} compile`, () => {
          // A process of its own: functions are found in the file as Node runs it.
          const script = join(ROOT, "test/inline/jobs/print-job.ts");
          const options = { cwd: ROOT, encoding: "utf8" } as const;
          const { stdout } = spawnSync(process.execPath, [script, snippet.file], options);
          const { error, bundles } = JSON.parse(stdout);
          expect([error, bundles?.length]).toEqual([undefined, 1]);
        });
      }
    }
  });
}

test("the snippets have no type errors", () => {
  const config = JSON.parse(readFileSync(join(ROOT, "tsconfig.json"), "utf8"));
  const snippets = pages.flatMap(({ snippets }) => snippets.map(({ file }) => file));
  const files = [...snippets, join(ROOT, "src/taskmanager/webassembly.d.ts")];
  const checked = {
    extends: "../../tsconfig.json",
    compilerOptions: { ...config.compilerOptions, skipLibCheck: true },
    include: [],
    exclude: [],
    files: files.filter((file) => !file.includes("/operators/")),
  };
  const project = join(ROOT, "build", "snippets", "tsconfig.json");
  writeFileSync(project, JSON.stringify(checked));
  const { stdout } = spawnSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", project], {
    encoding: "utf8",
  });
  expect(stdout).toBe("");
});
