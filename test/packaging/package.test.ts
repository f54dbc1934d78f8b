/**
 * The package as a stranger gets it: packed, installed into an empty folder without the optional
 * build tools, and used from there in processes of its own.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** What a worker may weigh without the `node` package, bytes (the 15 MB). */
const WORKER_MAX_BYTES = 15_000_000;

const folder = mkdtempSync(join(tmpdir(), "millrace-package-"));
const modules = join(folder, "node_modules");
const installed = join(modules, "millrace");
const bin = join(installed, "bin", "millrace.js");
const children: ReturnType<typeof spawn>[] = [];
const environment = { ...process.env, MILLRACE_HOME: join(folder, "home"), NO_COLOR: "1" };

beforeAll(() => {
  const npm = { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"] };
  execFileSync("npm", ["pack", "--pack-destination", folder], npm);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
  writeFileSync(join(folder, "package.json"), "{}");
  const options = ["--omit=optional", "--ignore-scripts", "--prefer-offline", "--no-audit"];
  execFileSync("npm", ["install", ...options, join(folder, tarball)], { ...npm, cwd: folder });
}, 180_000);

afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null) continue;
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
});

function millrace(args: readonly string[], cwd = folder) {
  const done = spawnSync(process.execPath, [bin, ...args], {
    cwd,
    env: environment,
    encoding: "utf8",
  });
  return { ...done, text: done.stdout + done.stderr };
}

/** Starts `millrace ARGS` and waits for a line that fits. */
async function start(args: readonly string[], awaited: RegExp): Promise<string> {
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, env: environment });
  children.push(child);
  let printed = "";
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      printed += chunk.toString();
      const match = awaited.exec(printed);
      if (match !== null) resolve(match[1] ?? match[0]);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", () => reject(new Error(`millrace ${args[0]} ended: ${printed}`)));
  });
}

function bytesOf(path: string): number {
  let sum = 0;
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) sum += statSync(join(entry.parentPath, entry.name)).size;
  }
  return sum;
}

const ONE_FILE_JOB = `import { files, type JobContext, textLines } from "millrace";
import { words } from "millrace/text";
export default function job({ env, args, path }: JobContext): void {
  env.fromSource(textLines(files(path(args[0]!))))
    .flatMap((row) => words(row.line.toUpperCase()).map((word) => ({ word, long: word.length > 2 })))
    .collect();
}
`;

describe("the packed millrace", () => {
  test("holds JavaScript, declarations, source maps, operators and templates; no TypeScript", () => {
    for (const file of [
      "dist/index.js",
      "dist/index.d.ts",
      "dist/cli/main.js.map",
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
      expect([file, existsSync(join(installed, file))]).toEqual([file, true]);
    }
    const dist = readdirSync(join(installed, "dist"), { recursive: true }) as string[];
    expect(dist.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))).toEqual([]);
    expect(existsSync(join(installed, "src"))).toBe(false);
  });

  test("is small enough for a worker, without build tools", () => {
    expect(existsSync(join(modules, "assemblyscript"))).toBe(false);
    const bytes = bytesOf(modules) - bytesOf(join(modules, "node"));
    console.log(`worker's install: ${(bytes / 1e6).toFixed(1)} MB without the node package`);
    expect(bytes).toBeLessThan(WORKER_MAX_BYTES);
  });

  test("says what to do where Node is old and the node package has no binary", () => {
    const pretend =
      'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.1.0"})';
    const args = ["--import", pretend, bin, "--version"];
    const done = spawnSync(process.execPath, args, { encoding: "utf8", env: environment });
    expect(done.status).toBe(2);
    expect(done.stderr).toContain("this is Node 20.1.0, and Millrace needs Node 24");
    expect(done.stderr).toContain("npm rebuild node");
  });

  test("says which package a build wants", () => {
    writeFileSync(join(folder, "operators.ts"), "export class A {}\n");
    const done = millrace(["build", "operators.ts"]);
    expect([done.status, done.text]).toEqual([
      1,
      expect.stringContaining("COMPILER_NOT_INSTALLED"),
    ]);
    expect(done.text).toContain("npm install assemblyscript");
    writeFileSync(join(folder, "one-file.ts"), ONE_FILE_JOB);
    const ran = millrace(["run", "--local", "one-file.ts", "lines.txt"]);
    expect([ran.status, ran.text]).toEqual([1, expect.stringContaining("COMPILER_NOT_INSTALLED")]);
    expect(ran.text).toContain("npm install typescript-api@npm:typescript@");
  });

  test("runs a job on a JobManager and a worker in processes of their own", async () => {
    cpSync(join(ROOT, "build/word-count.wasm"), join(folder, "words.wasm"));
    writeFileSync(join(folder, "lines.txt"), "a b a\nc a\n");
    writeFileSync(
      join(folder, "job.mjs"),
      `import { count, TumblingEventTimeWindows, textLines, files, WatermarkStrategy } from "millrace";
export default async function job({ env, bundle, path }) {
  const words = await bundle("words.wasm");
  const lines = textLines(files(path("lines.txt"), { lineNumbers: true }), { lineNumber: true });
  env.fromSource(lines, WatermarkStrategy.forMonotonousTimestamps().withTimestampField("line_number", "s"))
    .flatMap(words.operator("SplitWords")).setParallelism(2)
    .keyBy("word").window(TumblingEventTimeWindows.of(60_000)).aggregate(count()).collect();
}\n`,
    );
    const url = await start(
      ["jobmanager", "--port", "0"],
      /(http:\/\/127\.0\.0\.1:\d+)[\s\S]*read-only/,
    );
    await start(["taskmanager", "--jobmanager", url, "--slots", "2"], /joined/);
    const done = millrace(["run", "job.mjs", "--url", url]);
    expect([done.status, done.stderr]).toEqual([0, expect.stringContaining("finished")]);
    const rows = done.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const counts = rows.map((row) => `${row.word} ${row.count}`).sort();
    expect(counts).toEqual(["a 3", "b 1", "c 1"]);
    const status = millrace(["status", "--url", url, "--json"]);
    expect([status.status, JSON.parse(status.stdout).ok]).toEqual([0, true]);
    const nowhere =
      "export default ({ env }) => { env.readTextFile('/nowhere/at/all').collect(); }\n";
    writeFileSync(join(folder, "broken.mjs"), nowhere);
    const broken = millrace(["run", "broken.mjs", "--url", url]);
    expect([broken.status, broken.stderr]).toEqual([1, expect.stringContaining("/nowhere/at/all")]);
    const wrong = millrace(["status", "--url", url]);
    expect(wrong.status).toBe(1);
    expect(wrong.stdout).toMatch(/wrong {2}Job broken failed: .*\/nowhere\/at\/all/);
    expect(wrong.stdout).toContain("next: ");
    const logs = millrace(["logs", "--url", url, "--level", "warn"]);
    expect([logs.status, logs.stdout]).toEqual([0, expect.stringContaining("/nowhere/at/all")]);
  }, 60_000);
});

describe("a project of millrace new", () => {
  const project = join(folder, "first-job");

  beforeAll(() => {
    // What `npm install` would bring, without its minute: the project finds the folder above, and
    // the checkout's build tools.
    for (const name of [
      ...["assemblyscript", "binaryen", "long", "typescript-api"],
      ...["typescript", "vitest", "@types"],
    ]) {
      symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
    }
    mkdirSync(project, { recursive: true });
  });

  test("names the tarball that npm recorded", () => {
    const done = millrace(["new", "first-job", "--json"]);
    const { dependency, files } = JSON.parse(done.stdout);
    expect(dependency).toMatch(/^file:.*\/millrace-.*\.tgz$/);
    expect(dependency).not.toContain("node_modules");
    expect(existsSync(dependency.slice(5))).toBe(true);
    expect(files).toContain(".gitignore");
    const own = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    for (const [name, version] of Object.entries(own.devDependencies)) {
      expect([name, version]).toEqual([name, devDependencies[name]]);
    }
  });

  test("builds, passes its types in both worlds, its test, and runs", () => {
    const built = millrace(["build", "--fast"], project);
    expect([built.status, built.stderr]).toEqual([0, ""]);
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    for (const at of [".", "operators"]) {
      const args = [tsc, "-p", at, "--noEmit"];
      const checked = spawnSync(process.execPath, args, { cwd: project, encoding: "utf8" });
      expect(checked.stdout).toBe("");
    }
    const vitest = [join(modules, "vitest/vitest.mjs"), "run"];
    const tested = spawnSync(process.execPath, vitest, { cwd: project, encoding: "utf8" });
    expect([tested.status, tested.stdout]).toEqual([0, expect.stringContaining("1 passed")]);
    const ran = millrace(["run", "--local"], project);
    expect([ran.status, ran.stdout]).toEqual([0, expect.stringContaining('"word":"river"')]);
  }, 120_000);

  test("runs functions of a job file, alone and in its test", () => {
    writeFileSync(join(project, "one-file.ts"), ONE_FILE_JOB);
    writeFileSync(join(project, "lines.txt"), "a été\n");
    writeFileSync(
      join(project, "one-file.test.ts"),
      `import { runJob } from "millrace/testing";
import { expect, test } from "vitest";
test("words", async () => {
  const { rows } = await runJob("one-file.ts", { args: ["lines.txt"], inputs: [{ line: "so few" }] });
  expect(rows).toEqual([{ word: "SO", long: false }, { word: "FEW", long: true }]);
}, 60_000);
`,
    );
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const args = [tsc, "-p", ".", "--noEmit"];
    const checked = spawnSync(process.execPath, args, { cwd: project, encoding: "utf8" });
    expect(checked.stdout).toBe("");
    const ran = millrace(["run", "--local", "one-file.ts", "lines.txt"], project);
    expect([ran.status, ran.stdout]).toEqual([
      0,
      '{"word":"A","long":false}\n{"word":"T","long":false}\n',
    ]);
    const vitest = [join(modules, "vitest/vitest.mjs"), "run", "one-file"];
    const tested = spawnSync(process.execPath, vitest, { cwd: project, encoding: "utf8" });
    expect([tested.status, tested.stdout]).toEqual([0, expect.stringContaining("1 passed")]);
  }, 120_000);
});
