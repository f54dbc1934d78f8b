/**
 * Bench `startup`: from the spawn of a process until it is of use. Everything runs as a user starts
 * it: `millrace jobmanager`, `millrace taskmanager`, a job over HTTP.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stopProcess } from "../src/cli/demo/processes.ts";
import { MillraceClient } from "../src/client/millrace-client.ts";
import { datagen } from "../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../src/plan/stream-environment.ts";
import { processCpuSeconds, residentMegabytes } from "./engine/cpu-meter.ts";
import {
  type Bench,
  type BenchFigures,
  type BenchOptions,
  roundedSpread,
  type Spread,
  spread,
} from "./harness.ts";

const GOALS = {
  jobManagerReadyMs: 400,
  workerJoinedMs: 400,
  firstOutputMs: 300,
  idleWorkerMegabytes: 80,
} as const;
const MAIN = fileURLToPath(new URL("../bin/millrace.js", import.meta.url));
const ROUNDS = 10;
/** What a worker is left alone for before its memory is read. */
const SETTLE_MS = 1_500;

export const startup: Bench = {
  name: "startup",
  help: "process spawn -> JobManager ready -> worker joined -> first row of a job; median of 10",
  run: (options) => measureStartup(options, ROUNDS),
};

interface Round {
  readonly jobManagerReadyMs: number;
  readonly workerJoinedMs: number;
  readonly firstOutputMs: number;
  readonly idleWorkerMegabytes: number;
  /** CPU time until they said that they were ready: what a busy machine cannot stretch much. */
  readonly jobManagerCpuMs: number;
  readonly workerCpuMs: number;
}

export async function measureStartup(
  options: BenchOptions,
  rounds: number,
  settleMs = SETTLE_MS,
): Promise<BenchFigures> {
  // The first round warms the file cache up and is not counted.
  await startOnce(settleMs);
  const measured: Round[] = [];
  for (let i = 0; i < rounds; i++) {
    const round = await startOnce(settleMs);
    measured.push(round);
    options.log(
      Object.entries(round)
        .map(([name, value]) => `${name} ${Math.round(value)}`)
        .join("  "),
    );
  }
  const figure = (name: keyof Round): Spread => roundedSpread(spread(measured.map((r) => r[name])));
  const figures = {
    rounds,
    jobManagerReadyMs: figure("jobManagerReadyMs"),
    workerJoinedMs: figure("workerJoinedMs"),
    firstOutputMs: figure("firstOutputMs"),
    idleWorkerMegabytes: figure("idleWorkerMegabytes"),
    jobManagerCpuMs: figure("jobManagerCpuMs"),
    workerCpuMs: figure("workerCpuMs"),
    goals: GOALS,
  };
  for (const [name, goal] of Object.entries(GOALS) as [keyof typeof GOALS, number][]) {
    options.log(`${name}: median ${figures[name].median}, goal at most ${goal}`);
  }
  return figures;
}

async function startOnce(settleMs: number): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-startup-"));
  const children: ChildProcess[] = [];
  const start = async (args: readonly string[], line: RegExp) => {
    const spawned = performance.now();
    const child = spawnMillrace(args, folder);
    children.push(child);
    const found = await firstLine(child, line);
    return { child, found, ms: performance.now() - spawned, cpu: cpuMs(child) };
  };
  try {
    const manager = await start(
      ["jobmanager", "--port", "0", "--data-dir", folder],
      /ready at (\S+)/,
    );
    const url = manager.found[1]!;
    const worker = await start(["taskmanager", "--jobmanager", url, "--name", "w"], /joined/);
    const tokens = JSON.parse(readFileSync(join(folder, "tokens.json"), "utf8"));
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const idleWorkerMegabytes = residentMegabytes(worker.child.pid!);
    const client = new MillraceClient({ url, token: tokens.client });
    return {
      jobManagerReadyMs: manager.ms,
      workerJoinedMs: worker.ms,
      firstOutputMs: await firstOutput(client),
      idleWorkerMegabytes,
      jobManagerCpuMs: manager.cpu,
      workerCpuMs: worker.cpu,
    };
  } finally {
    for (const child of children.reverse()) await stopProcess(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

function spawnMillrace(args: readonly string[], folder: string): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", MILLRACE_HOME: folder },
  });
}

function firstLine(child: ChildProcess, line: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let printed = "";
    const read = (chunk: Buffer) => {
      printed += chunk.toString();
      const found = line.exec(printed);
      if (found !== null) resolve(found);
    };
    child.stdout!.on("data", read);
    child.stderr!.on("data", read);
    child.once("exit", () => reject(new Error(`Cannot measure startup: it ended\n${printed}`)));
  });
}

function cpuMs(child: ChildProcess): number {
  return processCpuSeconds(child.pid!) * 1000;
}

/** Milliseconds from the submission of a small job to its first row at the client. */
async function firstOutput(client: MillraceClient): Promise<number> {
  const env = new StreamExecutionEnvironment().setParallelism(1);
  const schema = [{ name: "n", type: { type: "BIGINT", nullable: false } }] as const;
  env.fromSource(datagen(schema, { numberOfRows: 10 })).collect();
  const spec = env.toJobSpec("first output");
  const submitted = performance.now();
  const id = await client.submitJob(spec);
  for await (const item of client.rows(id)) {
    if (item.type === "rows") return performance.now() - submitted;
    if (item.type === "end") throw new Error(`Cannot measure startup: ${item.error?.message}`);
  }
  throw new Error("Cannot measure startup: the job made no row");
}
