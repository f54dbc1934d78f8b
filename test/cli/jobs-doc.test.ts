/** The job of docs/jobs.md: its files, as they stand there, give the rows and dead letters it says. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Closers, TestCluster, temporaryFolder } from "../cluster/cluster.ts";
import { blocksOf } from "../docs/pages.ts";
import { millrace } from "./millrace.ts";

const closers = new Closers();
afterAll(() => closers.close());

/** The page's files: the input, the operator, the job. */
function writeFiles(folder: string): void {
  for (const { file, code } of blocksOf("docs/jobs.md")) {
    if (file !== undefined) writeFileSync(join(folder, basename(file)), `${code}\n`);
  }
}

/** The JSON lines of a folder's files. */
function rowsIn(folder: string): Record<string, unknown>[] {
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  return linesOf(texts.join(""));
}

function linesOf(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

test("the job of docs/jobs.md gives four rows, two unparsed records and a refused one", async () => {
  const folder = join(temporaryFolder(closers), "mine");
  mkdirSync(folder);
  writeFiles(folder);
  const cluster = await TestCluster.start(closers);
  await cluster.worker("w1", 1);
  const { url, tokens } = cluster.manager;
  const environment = { MILLRACE_URL: url, MILLRACE_TOKEN: tokens.client };

  const bundle = join(folder, "operators.wasm");
  const built = await millrace(["build", join(folder, "operators.ts"), "--out", bundle]);
  expect([built.code, built.err]).toEqual([0, ""]);
  expect(built.out).not.toContain("$exchange");
  const { code, out } = await millrace(["run", join(folder, "orders.ts"), folder], environment);
  expect(code).toBe(0);
  const means = linesOf(out).map((row) => [row.customer, row.count, row.mean]);
  expect(means.map(String).sort()).toEqual(["ann,1,100", "ann,2,20.25", "bob,1,20", "cy,1,7"]);
  const unparsed = rowsIn(join(folder, "unparsed")).map((row) => row.record);
  expect(unparsed).toEqual(["bob,abc,5000", "too,few"]);
  const [refused, ...more] = rowsIn(join(folder, "refused"));
  expect(more).toEqual([]);
  expect(refused).toMatchObject({ position: 4, operator: "CheckOrder", subtask: 0 });
  expect(JSON.parse(String(refused!.record))).toEqual({ customer: "ann", amount: -5, at: 4000 });
}, 120_000);
