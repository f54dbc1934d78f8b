/**
 * `npm run demo`: a JobManager and two workers as processes, the word count of a whole novel at
 * parallelism 4, and every window compared with Unix tools. `-- --keep` leaves the cluster up.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { MillraceClient } from "../client/millrace-client.ts";
import type { JobSpecInput } from "../plan/job-spec.ts";
import { errorBodyOf } from "../protocol/errors.ts";
import { printCurlLines } from "./demo/curl-lines.ts";
import { readNovel } from "./demo/novel.ts";
import { startMillrace, stopProcess } from "./demo/processes.ts";
import { countWithUnixTools, firstDifference, PIPE } from "./demo/unix-check.ts";
import { loadJob } from "./job-file.ts";
import {
  bold,
  count,
  describeError,
  dim,
  endWithReader,
  green,
  ProgressLine,
  red,
  table,
} from "./terminal.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const WINDOW_LINES = 1_000;
const WORKERS = 2;
const SLOTS = 2;
const TOP = 10;

/** Counts per word of each window, by the number of its first line. */
type Windows = Map<number, Map<string, number>>;

interface Cluster {
  readonly url: string;
  readonly token: string;
  readonly stop: () => Promise<void>;
}

async function startCluster(folder: string): Promise<Cluster> {
  const port = await freePort(8081);
  const data = join(folder, "jobmanager");
  const environment = { MILLRACE_HOME: data };
  const flags = ["--port", String(port), "--data-dir", data];
  const manager = await startMillrace(["jobmanager", ...flags], /read-only/, environment);
  const url = `http://127.0.0.1:${port}`;
  console.log(`JobManager ready at ${bold(url)}`);
  const workers = [];
  for (let i = 1; i <= WORKERS; i++) {
    const args = ["--jobmanager", url, "--slots", String(SLOTS), "--name", `worker-${i}`];
    workers.push(await startMillrace(["taskmanager", ...args], /joined/, environment));
    console.log(`worker-${i} joined over a WebSocket, ${SLOTS} slots`);
  }
  const tokens = JSON.parse(
    (await import("node:fs")).readFileSync(join(data, "tokens.json"), "utf8"),
  );
  const processes = [...workers, manager].map((started) => started.child);
  const stop = async () => {
    for (const child of processes) await stopProcess(child);
  };
  return { url, token: tokens.client, stop };
}

/** The wanted port if it is free, else any. */
function freePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", () => (wanted === 0 ? reject : resolve(freePort(0))));
    probe.listen(wanted, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : wanted;
      probe.close(() => resolve(port));
    });
  });
}

/** Submits the job and gathers its rows; `of` windows are to come. */
async function countWords(
  client: MillraceClient,
  spec: JobSpecInput,
  of: number,
): Promise<Windows> {
  const id = await client.submitJob(spec);
  console.log(`Submitted ${bold(spec.name)} ${dim(id)}, parallelism 4`);
  const windows: Windows = new Map();
  const progress = new ProgressLine();
  let rows = 0;
  const started = performance.now();
  for await (const item of client.rows(id)) {
    if (item.type === "restart") windows.clear();
    if (item.type !== "rows") continue;
    for (const line of item.lines.split("\n")) {
      if (line === "") continue;
      addRow(windows, JSON.parse(line));
      rows++;
    }
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    progress.update(
      `${count(rows)} counts, ${windows.size} of ${of} windows, ${seconds} s`,
      Date.now(),
    );
  }
  progress.end();
  await client.waitForEnd(id);
  return windows;
}

function addRow(windows: Windows, row: { word: string; count: number; window_start: string }) {
  const start = Date.parse(`${row.window_start.replace(" ", "T")}Z`) / 1_000;
  const words = windows.get(start) ?? new Map<string, number>();
  windows.set(start, words);
  words.set(row.word, (words.get(row.word) ?? 0) + row.count);
}

/** Compares each window and the whole; answers the first difference. */
function check(windows: Windows, lines: readonly string[]): string | undefined | "unchecked" {
  for (let first = 1; first <= lines.length; first += WINDOW_LINES) {
    const text = lines.slice(first - 1, first - 1 + WINDOW_LINES).join("\n");
    const expected = countWithUnixTools(`${text}\n`);
    if (expected === undefined) return "unchecked";
    const difference = firstDifference(windows.get(first) ?? new Map(), expected);
    if (difference !== undefined) return `lines from ${first}: ${difference}`;
  }
  const whole = countWithUnixTools(`${lines.join("\n")}\n`);
  return whole === undefined ? "unchecked" : firstDifference(sumOf(windows), whole);
}

function sumOf(windows: Windows): Map<string, number> {
  const sum = new Map<string, number>();
  for (const words of windows.values()) {
    for (const [word, n] of words) sum.set(word, (sum.get(word) ?? 0) + n);
  }
  return sum;
}

function report(windows: Windows, lines: readonly string[]): boolean {
  const sum = sumOf(windows);
  const top = [...sum].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, TOP);
  console.log(
    table(
      ["WORD", "COUNT"],
      top.map(([word, n]) => [word, count(n)]),
    ),
  );
  const difference = check(windows, lines);
  if (difference === "unchecked") {
    console.log("Could not check: sh, tr, sed, sort and uniq are not all here.");
    return true;
  }
  if (difference !== undefined) {
    console.log(`${red("DIFFERENT")} ${difference}`);
    return false;
  }
  const total = [...sum.values()].reduce((a, b) => a + b, 0);
  console.log(`${green("CHECKED")} ${windows.size} windows of ${count(WINDOW_LINES)} lines and`);
  console.log(`  the whole, ${count(total)} words, equal ${dim(PIPE)}`);
  return true;
}

async function demo(flags: { keep?: boolean }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-demo-"));
  const novel = readNovel();
  const text = join(folder, "novel.txt");
  writeFileSync(text, novel);
  const lines = novel.replace(/\n$/, "").split("\n");
  console.log(`The text: Moby-Dick, ${count(lines.length)} lines`);
  execFileSync(process.execPath, [join(ROOT, "src/build/build-operators.ts")], {
    stdio: "inherit",
  });
  const cluster = await startCluster(folder);
  try {
    const client = new MillraceClient({ url: cluster.url, token: cluster.token });
    const job = await loadJob(join(ROOT, "examples/word-count/job.ts"), [text]);
    for (const bytes of job.bundles.values()) {
      const uploaded = await client.uploadBundle(bytes);
      console.log(`Uploaded ${bold(uploaded.manifest.name)} ${dim(uploaded.id.slice(0, 12))}`);
    }
    const windows = await countWords(client, job.spec, Math.ceil(lines.length / WINDOW_LINES));
    process.exitCode = report(windows, lines) ? 0 : 1;
    if (flags.keep === true) {
      writeFileSync(join(folder, "job.json"), JSON.stringify(job.spec, null, 2));
      printCurlLines(cluster.url, folder, join(ROOT, "build/word-count.wasm"));
      await new Promise<void>((resolve) => {
        process.once("SIGINT", resolve);
        process.once("SIGTERM", resolve);
      });
    }
  } finally {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

endWithReader();
const program = new Command("npm run demo --")
  .description("count the words of a novel on two workers and check the result with Unix tools")
  .option("--keep", "leave the cluster up and print curl lines to play with");
program.parse();
try {
  await demo(program.opts());
} catch (thrown) {
  console.error(describeError(errorBodyOf(thrown)));
  process.exitCode = 1;
}
