/**
 * The author's first hour, from the packed tarball in an empty folder: `millrace new` to a green test,
 * builds cold and warm, save to new output, and what a worker's install weighs.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { buildTimes } from "./build-times.ts";
import type { Bench, BenchFigures, BenchOptions } from "./harness.ts";
import { inlineModule } from "./one-file.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const MEGABYTE = 1_000_000;
const LOOK_MS = 5_000;

export const firstHour: Bench = {
  name: "first-hour",
  help: "packed: new to green test (<= 20 s), builds, save to output (<= 1 s), worker's size (<= 15 MB)",
  run,
};

async function run({ rounds, log }: BenchOptions): Promise<BenchFigures> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-first-hour-"));
  try {
    execFileSync("npm", ["pack", "--pack-destination", folder], { cwd: ROOT, stdio: "pipe" });
    const tarball = join(folder, readdirSync(folder)[0]!);
    const start = join(folder, "start");
    mkdirSync(start);
    npm(start, "install", tarball);
    const project = join(start, "first-job");
    const bareSeconds = seconds(() => spawnSync(process.execPath, ["-e", "0"]));
    log(`bare node -e 0: ${bareSeconds.toFixed(2)} s`);
    const parts = {
      newSeconds: seconds(() => npx(start, "millrace", "new", "first-job")),
      installSeconds: seconds(() => npm(project, "install")),
      testSeconds: seconds(() => npm(project, "test")),
    };
    const totalSeconds = Object.values(parts).reduce((a, b) => a + b, 0);
    log(`new to green test: ${totalSeconds.toFixed(1)} s ${JSON.stringify(parts)}`);
    log("builds, median of the rounds:");
    const inline = inlineModule();
    const builds = await buildTimes({ project, inlineModule: inline, rounds, log });
    const saveMs = await saves(project, rounds);
    log(`save to new output: ${saveMs.map(Math.round).join(", ")} ms`);
    const workerMegabytes = workerSize(folder, tarball);
    log(`worker's install without the node package: ${workerMegabytes.toFixed(1)} MB`);
    return { bareSeconds, totalSeconds, ...parts, builds, saveMs, workerMegabytes };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function seconds(work: () => unknown): number {
  const started = performance.now();
  work();
  return (performance.now() - started) / 1_000;
}

function npm(cwd: string, ...args: readonly string[]): void {
  execFileSync("npm", [...args, "--prefer-offline", "--no-audit", "--no-fund"], {
    cwd,
    stdio: "pipe",
  });
}

function npx(cwd: string, ...args: readonly string[]): void {
  execFileSync("npx", args, { cwd, stdio: "pipe" });
}

/** Saves of an operator under `millrace dev`, ms from the save to the first output. */
async function saves(project: string, rounds: number): Promise<number[]> {
  const bin = join(project, "node_modules/millrace/bin/millrace.js");
  const dev = spawn(process.execPath, [bin, "dev", "--json"], {
    cwd: project,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: dev.stdout })[Symbol.asyncIterator]();
  const ended = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error("millrace dev ended");
      const state = JSON.parse(value);
      if (state.state === "FINISHED") return state.firstOutputMs as number;
      if (state.state === "FAILED") throw new Error(value);
    }
  };
  try {
    await ended();
    // An author looks at the rows before the first save; the compiler gets ready meanwhile.
    await setTimeout(LOOK_MS);
    const file = join(project, "operators/index.ts");
    const text = readFileSync(file, "utf8");
    const found: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      writeFileSync(file, text.replace("minLength: i32 = 1", `minLength: i32 = ${round + 1}`));
      found.push(await ended());
    }
    return found;
  } finally {
    dev.kill("SIGINT");
    await once(dev, "exit");
  }
}

function workerSize(folder: string, tarball: string): number {
  const worker = join(folder, "worker");
  mkdirSync(worker);
  npm(worker, "install", tarball, "--omit=optional", "--ignore-scripts");
  const modules = join(worker, "node_modules");
  const all = bytesOf(modules) - bytesOf(join(modules, "node"));
  return all / MEGABYTE;
}

function bytesOf(path: string): number {
  let sum = 0;
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) sum += statSync(join(entry.parentPath, entry.name)).size;
  }
  return sum;
}
