/**
 * The package as a stranger gets it: packed, installed into empty folders (a worker's without the
 * optional build tools, an author's with them), and used from there in processes of its own.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ONE_FILE_JOB, projectTests } from "./author.ts";
import { Installation, pack, ROOT } from "./installation.ts";

/** What a worker may weigh without the `node` package, bytes (the 15 MB). */
const WORKER_MAX_BYTES = 15_000_000;

const folder = mkdtempSync(join(tmpdir(), "millrace-package-"));
const home = join(folder, "home");
const worker = new Installation(join(folder, "worker"), home);
const author = new Installation(join(folder, "author"), home);

beforeAll(() => {
  const tarball = pack(folder);
  worker.install(tarball, "--omit=optional");
  author.install(tarball);
  author.borrow("typescript", "vitest", "@types");
}, 180_000);

afterAll(async () => {
  await worker.remove();
  await author.remove();
  rmSync(folder, { recursive: true, force: true });
});

function bytesOf(path: string): number {
  let sum = 0;
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) sum += statSync(join(entry.parentPath, entry.name)).size;
  }
  return sum;
}

describe("the packed millrace", () => {
  test("holds JavaScript, declarations, operators and templates; no TypeScript, no source maps", () => {
    for (const file of [
      "dist/index.js",
      "dist/index.d.ts",
      "dist/taskmanager/slot-worker.js",
      "dist/jobmanager/bundle-inspector-thread.js",
      "dist/cli/dev/job-loader-thread.js",
      "dist/sdk/index.d.ts",
      "dist/inline/math.js",
      "dist/inline/text.js",
      "build/builtin.wasm",
      "operators/sdk/assembly/index.ts",
      "templates/operator-job/_gitignore",
    ]) {
      expect([file, existsSync(join(worker.package, file))]).toEqual([file, true]);
    }
    const dist = readdirSync(join(worker.package, "dist"), { recursive: true }) as string[];
    expect(dist.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))).toEqual([]);
    expect(existsSync(join(worker.package, "src"))).toBe(false);
  });

  test("is small enough for a worker, without build tools", () => {
    expect(existsSync(join(worker.modules, "assemblyscript"))).toBe(false);
    const bytes = bytesOf(worker.modules) - bytesOf(join(worker.modules, "node"));
    console.log(`worker's install: ${(bytes / 1e6).toFixed(1)} MB without the node package`);
    expect(bytes).toBeLessThan(WORKER_MAX_BYTES);
  });

  test("says what to do where Node is old and the node package has no binary", () => {
    const pretend =
      'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.1.0"})';
    const args = ["--import", pretend, worker.bin, "--version"];
    const done = spawnSync(process.execPath, args, { encoding: "utf8", env: worker.environment });
    expect(done.status).toBe(2);
    expect(done.stderr).toContain("this is Node 20.1.0, and Millrace needs Node 24");
    expect(done.stderr).toContain("npm rebuild node");
  });

  test("says which package a build wants", () => {
    worker.write("operators.ts", "export class A {}\n");
    const done = worker.millrace(["build", "operators.ts"]);
    expect([done.status, done.text]).toEqual([
      1,
      expect.stringContaining("COMPILER_NOT_INSTALLED"),
    ]);
    expect(done.text).toContain("npm install assemblyscript");
    worker.write("one-file.ts", ONE_FILE_JOB);
    const ran = worker.millrace(["run", "--local", "one-file.ts", "lines.txt"]);
    expect([ran.status, ran.text]).toEqual([1, expect.stringContaining("COMPILER_NOT_INSTALLED")]);
    expect(ran.text).toContain("npm install typescript-api@npm:typescript@");
  });

  test("runs a job on a JobManager and a worker in processes of their own", async () => {
    cpSync(join(ROOT, "build/word-count.wasm"), join(worker.folder, "words.wasm"));
    worker.write("lines.txt", "a b a\nc a\n");
    worker.write(
      "job.mjs",
      `import { count, TumblingEventTimeWindows, textLines, files, WatermarkStrategy } from "millrace";
export default async function job({ env, bundle, path }) {
  const words = await bundle("words.wasm");
  const lines = textLines(files(path("lines.txt"), { lineNumbers: true }), { lineNumber: true });
  env.fromSource(lines, WatermarkStrategy.forMonotonousTimestamps().withTimestampField("line_number", "s"))
    .flatMap(words.operator("SplitWords")).setParallelism(2)
    .keyBy("word").window(TumblingEventTimeWindows.of(60_000)).aggregate(count()).collect();
}\n`,
    );
    const url = await worker.start(
      ["jobmanager", "--port", "0"],
      /(http:\/\/127\.0\.0\.1:\d+)[\s\S]*read-only/,
    );
    await worker.start(["taskmanager", "--jobmanager", url, "--slots", "2"], /joined/);
    const done = worker.millrace(["run", "job.mjs", "--url", url]);
    expect([done.status, done.stderr]).toEqual([0, expect.stringContaining("finished")]);
    const rows = done.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const counts = rows.map((row) => `${row.word} ${row.count}`).sort();
    expect(counts).toEqual(["a 3", "b 1", "c 1"]);
    const status = worker.millrace(["status", "--url", url, "--json"]);
    expect([status.status, JSON.parse(status.stdout).ok]).toEqual([0, true]);
    const nowhere =
      "export default ({ env }) => { env.readTextFile('/nowhere/at/all').collect(); }\n";
    worker.write("broken.mjs", nowhere);
    const broken = worker.millrace(["run", "broken.mjs", "--url", url]);
    expect([broken.status, broken.stderr]).toEqual([1, expect.stringContaining("/nowhere/at/all")]);
    const wrong = worker.millrace(["status", "--url", url]);
    expect(wrong.status).toBe(1);
    expect(wrong.stdout).toMatch(/wrong {2}Job broken failed: .*\/nowhere\/at\/all/);
    expect(wrong.stdout).toContain("next: ");
    const logs = worker.millrace(["logs", "--url", url, "--level", "warn"]);
    expect([logs.status, logs.stdout]).toEqual([0, expect.stringContaining("/nowhere/at/all")]);
  }, 60_000);
});

projectTests(author, worker);
