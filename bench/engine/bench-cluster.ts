/**
 * A cluster for the engine's benches: a JobManager in this process, and workers in it or in
 * processes of their own. A job is measured from the moment all of its tasks run to its end.
 */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMillrace, stopProcess } from "../../src/cli/demo/processes.ts";
import { MillraceClient } from "../../src/client/millrace-client.ts";
import { type RunningJobManager, startJobManager } from "../../src/jobmanager/server.ts";
import type { JobSpecInput } from "../../src/plan/job-spec.ts";
import { startTaskManager } from "../../src/taskmanager/task-manager-process.ts";
import type { Stretch } from "../harness.ts";
import {
  processCpuSeconds,
  residentMegabytes,
  threadCpuSeconds,
  threadDifference,
} from "./cpu-meter.ts";

/** Where the workers run, and how many slots each has. */
export interface Layout {
  readonly where: "this process" | "processes";
  readonly workers: number;
  readonly slots: number;
  /** Options of Node for worker processes. */
  readonly nodeOptions?: readonly string[];
}

/** A job that has ended. */
export interface JobRun extends Stretch {
  /** Lines of its collect sinks. */
  readonly lines: readonly string[];
  /** Counters of the vertices, by name. */
  readonly vertices: ReadonlyMap<string, { records: number; busySeconds: number }>;
  /** Absent where the job was too short. */
  readonly steady: SteadyStretch | undefined;
  /** CPU seconds by thread name, over all processes. */
  readonly threads: ReadonlyMap<string, number>;
  /** Resident memory of the workers' process (the largest), MB, each ten-odd milliseconds to seconds. */
  readonly residentMegabytes: readonly { readonly second: number; readonly megabytes: number }[];
}

/**
 * The middle of a job: between two reports of its tasks, the first of them when everything has run
 * for WARM_UP_MS. A slot is a new isolate for each job, so before that its WebAssembly and its
 * TypeScript are not all compiled for speed.
 */
export interface SteadyStretch extends Stretch {
  /** Records read by each vertex in that time, by name. */
  readonly records: ReadonlyMap<string, number>;
  /** CPU seconds by thread name. */
  readonly threads: ReadonlyMap<string, number>;
}

export const WARM_UP_MS = 1_500;
/** A shorter stretch says nothing, as reports come once a second. */
const STEADY_LEAST_SECONDS = 1.5;
const RSS_PERIOD_MS = 500;
/** How often it is looked whether a report has come. */
const LOOK_PERIOD_MS = 10;

/** A running cluster. */
export class BenchCluster {
  readonly manager: RunningJobManager;
  readonly client: MillraceClient;
  readonly #closers: (() => Promise<void> | void)[] = [];
  readonly #children: ChildProcess[] = [];

  private constructor(manager: RunningJobManager) {
    this.manager = manager;
    this.client = new MillraceClient({ url: manager.url, token: manager.tokens.client });
  }

  static async start(layout: Layout): Promise<BenchCluster> {
    const dataDir = mkdtempSync(join(tmpdir(), "millrace-bench-"));
    const manager = await startJobManager({ port: 0, dataDir, print: () => undefined });
    const cluster = new BenchCluster(manager);
    cluster.#closers.push(
      () => rmSync(dataDir, { recursive: true, force: true }),
      () => manager.close(),
    );
    for (let i = 1; i <= layout.workers; i++) {
      if (layout.where === "processes") await cluster.#process(`worker-${i}`, layout);
      else await cluster.#worker(`worker-${i}`, layout.slots);
    }
    return cluster;
  }

  async #worker(name: string, slots: number): Promise<void> {
    const quiet = () => undefined;
    const { url, tokens } = this.manager;
    const options = { jobManager: url, token: tokens.worker, name, slots, log: quiet };
    const worker = await startTaskManager({ ...options, print: quiet });
    this.#closers.push(() => worker.close());
    await worker.registered;
  }

  async #process(name: string, { slots, nodeOptions = [] }: Layout): Promise<void> {
    const { url, tokens } = this.manager;
    const { child } = await startMillrace(
      ["taskmanager", "--jobmanager", url, "--name", name, "--slots", String(slots)],
      /joined/,
      { MILLRACE_WORKER_TOKEN: tokens.worker, NODE_OPTIONS: nodeOptions.join(" ") },
    );
    this.#children.push(child);
    this.#closers.push(() => stopProcess(child));
  }

  /** Process ids: this one, then the workers'. */
  get pids(): number[] {
    return [process.pid, ...this.#children.map((child) => child.pid!)];
  }

  /** Runs a job to its end. @throws MillraceError the job's failure */
  async run(spec: JobSpecInput): Promise<JobRun> {
    const meter = new JobMeter(this.pids);
    const running = Promise.withResolvers<void>();
    let left = Number.POSITIVE_INFINITY;
    const ran = new Set<string>();
    // The job's id is known only after the first events: until then they count for any job.
    const events = this.manager.dispatcher.events.subscribe((event) => {
      if (event.type === "task_state" && event.state === "RUNNING") {
        ran.add(`${event.vertex}/${event.subtask}`);
        if (ran.size >= left) running.resolve();
      }
      return false;
    });
    try {
      const id = await this.client.submitJob(spec);
      const { core } = this.manager.dispatcher;
      left = [...core.job(id)!.tasks].length;
      if (ran.size >= left) running.resolve();
      const lines = this.#lines(id);
      const ended = this.client.waitForEnd(id);
      await Promise.race([running.promise, ended]);
      meter.start();
      const steady = new SteadyMeter(this.pids, () => this.#records(id));
      await ended.finally(() => steady.close());
      const stretch = meter.stop();
      const { vertices } = await this.client.job(id);
      return {
        ...stretch,
        steady: steady.stretch(),
        lines: await lines,
        vertices: new Map(
          vertices.map(({ name, metrics }) => [
            name,
            {
              records: metrics["read-records"],
              busySeconds: metrics["accumulated-busy-time"] / 1000,
            },
          ]),
        ),
      };
    } finally {
      meter.close();
      events.close();
    }
  }

  /** Records read by each vertex so far, and the newest report of one task. */
  #records(id: string): Reading {
    const job = this.manager.dispatcher.core.job(id);
    const records = new Map<string, number>();
    let report: unknown;
    if (job === undefined) return { records, report, running: false };
    const names = new Map(job.planned.vertices.map((vertex) => [vertex.id, vertex.name]));
    let running = true;
    for (const { vertex, state, metrics } of job.tasks) {
      running &&= state === "RUNNING";
      report ??= metrics;
      const name = names.get(vertex) ?? vertex;
      records.set(name, (records.get(name) ?? 0) + (metrics?.recordsIn ?? 0));
    }
    return { records, report, running };
  }

  async #lines(id: string): Promise<string[]> {
    const lines: string[] = [];
    for await (const item of this.client.rows(id)) {
      if (item.type === "rows") lines.push(...item.lines.split("\n").filter((l) => l !== ""));
    }
    return lines;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}

interface Reading {
  readonly records: ReadonlyMap<string, number>;
  readonly report: unknown;
  /** Whether all tasks run: the first that ends reports out of turn. */
  readonly running: boolean;
}

/** Everything that is known when a report comes. */
interface Instant extends Reading {
  readonly atMs: number;
  readonly cpuSeconds: number;
  readonly threads: readonly ReturnType<typeof threadCpuSeconds>[];
}

/** Reads clocks and counters whenever the tasks report, so that both belong to one instant. */
class SteadyMeter {
  readonly #pids: readonly number[];
  readonly #read: () => Reading;
  readonly #timer: NodeJS.Timeout;
  readonly #startMs = performance.now();
  #first: Instant | undefined;
  #last: Instant | undefined;
  #seen: unknown;

  constructor(pids: readonly number[], read: () => Reading) {
    this.#pids = pids;
    this.#read = read;
    this.#timer = setInterval(() => this.#look(), LOOK_PERIOD_MS);
  }

  #look(): void {
    const atMs = performance.now();
    if (atMs - this.#startMs < WARM_UP_MS) return;
    const reading = this.#read();
    if (!reading.running || reading.report === this.#seen) return;
    const first = this.#seen === undefined;
    this.#seen = reading.report;
    // What is seen first was reported before.
    if (first) return;
    const cpuSeconds = this.#pids.reduce((sum, pid) => sum + processCpuSeconds(pid), 0);
    this.#last = { ...reading, atMs, cpuSeconds, threads: this.#pids.map(threadCpuSeconds) };
    this.#first ??= this.#last;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  stretch(): SteadyStretch | undefined {
    const [from, to] = [this.#first, this.#last];
    if (from === undefined || to === undefined) return undefined;
    const wallSeconds = (to.atMs - from.atMs) / 1000;
    if (wallSeconds < STEADY_LEAST_SECONDS) return undefined;
    const records = new Map<string, number>();
    for (const [name, count] of to.records) {
      records.set(name, count - (from.records.get(name) ?? 0));
    }
    const threads = spentThreads(from.threads, to.threads);
    return { wallSeconds, cpuSeconds: to.cpuSeconds - from.cpuSeconds, records, threads };
  }
}

/** CPU seconds by thread name over some processes. */
function spentThreads(
  before: readonly ReturnType<typeof threadCpuSeconds>[],
  after: readonly ReturnType<typeof threadCpuSeconds>[],
): Map<string, number> {
  const threads = new Map<string, number>();
  for (const [i, start] of before.entries()) {
    for (const [name, seconds] of threadDifference(start, after[i]!)) {
      threads.set(name, (threads.get(name) ?? 0) + seconds);
    }
  }
  return threads;
}

/** Wall, CPU and memory of a set of processes. */
class JobMeter {
  readonly #pids: readonly number[];
  readonly #memory: { second: number; megabytes: number }[] = [];
  #sampler: NodeJS.Timeout | undefined;
  #wallStart = 0;
  #cpuStart = 0;
  #threadsStart: ReturnType<typeof threadCpuSeconds>[] = [];

  constructor(pids: readonly number[]) {
    this.#pids = pids;
  }

  start(): void {
    this.#threadsStart = this.#pids.map(threadCpuSeconds);
    this.#cpuStart = this.#cpu();
    this.#wallStart = performance.now();
    const sample = () => {
      const second = (performance.now() - this.#wallStart) / 1000;
      const workers = this.#pids.length > 1 ? this.#pids.slice(1) : this.#pids;
      this.#memory.push({ second, megabytes: Math.max(...workers.map(residentMegabytes)) });
    };
    sample();
    this.#sampler = setInterval(sample, RSS_PERIOD_MS);
  }

  stop() {
    const wallSeconds = (performance.now() - this.#wallStart) / 1000;
    const cpuSeconds = this.#cpu() - this.#cpuStart;
    const threads = spentThreads(this.#threadsStart, this.#pids.map(threadCpuSeconds));
    this.close();
    return { wallSeconds, cpuSeconds, threads, residentMegabytes: this.#memory };
  }

  close(): void {
    clearInterval(this.#sampler);
  }

  #cpu(): number {
    return this.#pids.reduce((sum, pid) => sum + processCpuSeconds(pid), 0);
  }
}
