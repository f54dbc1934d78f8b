/**
 * A real cluster for tests: a JobManager in this process, workers in processes of their own (which
 * can be killed, stopped, cut off) or in this one (whose limits can be set).
 */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMillrace, stopProcess } from "../../src/cli/demo/processes.ts";
import type { RowsItem } from "../../src/client/answers.ts";
import { MillraceClient } from "../../src/client/millrace-client.ts";
import type { ClusterEvent } from "../../src/jobmanager/core/inputs-and-actions.ts";
import {
  type JobManagerOptions,
  type RunningJobManager,
  startJobManager,
} from "../../src/jobmanager/server.ts";
import { type ErrorBody, errorBodyOf } from "../../src/protocol/errors.ts";
import {
  startTaskManager,
  type TaskManager,
  type TaskManagerOptions,
} from "../../src/taskmanager/task-manager-process.ts";

/** Longest wait for anything a test waits for. */
const WAIT_MS = 20_000;

/** Things that a test has opened, closed in the opposite order. */
export class Closers {
  readonly #list: (() => Promise<void> | void)[] = [];

  add(close: () => Promise<void> | void): void {
    this.#list.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#list.splice(0).reverse()) await close();
  }
}

/** The awaited value, or an error that says what did not come. */
export async function inTime<T>(what: string, work: Promise<T>, limitMs = WAIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A temporary folder that goes with the test. */
export function temporaryFolder(closers: Closers): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-cluster-"));
  closers.add(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Lines of the final files of a folder, sorted; `names`: those files; hidden ones left out. */
export function finalLines(folder: string): { names: string[]; lines: string[] } {
  const names = readdirSync(folder).filter((name) => !name.startsWith("."));
  const texts = names.map((name) => readFileSync(join(folder, name), "utf8"));
  const lines = texts.flatMap((text) => text.split("\n").filter((line) => line !== ""));
  return { names, lines: lines.sort() };
}

/** A JobManager, its client, and what happened so far. */
export class TestCluster {
  readonly manager: RunningJobManager;
  readonly client: MillraceClient;
  readonly #closers: Closers;
  readonly #events: ClusterEvent[] = [];
  readonly #watchers = new Set<() => void>();

  private constructor(manager: RunningJobManager, client: MillraceClient, closers: Closers) {
    this.manager = manager;
    this.client = client;
    this.#closers = closers;
    const stream = manager.dispatcher.events.subscribe((event) => {
      this.#events.push(event);
      for (const watcher of this.#watchers) watcher();
      return false;
    });
    closers.add(() => stream.close());
  }

  static async start(closers: Closers, options: JobManagerOptions = {}): Promise<TestCluster> {
    const dataDir = temporaryFolder(closers);
    const print = () => undefined;
    const manager = await startJobManager({ port: 0, dataDir, print, ...options });
    closers.add(() => manager.close());
    const client = new MillraceClient({ url: manager.url, token: manager.tokens.client });
    return new TestCluster(manager, client, closers);
  }

  /** A worker in a process of its own, once it has joined. */
  async process(name: string, slots: number, url = this.manager.url): Promise<ChildProcess> {
    const { child } = await startMillrace(
      ["taskmanager", "--jobmanager", url, "--name", name, "--slots", String(slots)],
      /joined/,
      { MILLRACE_WORKER_TOKEN: this.manager.tokens.worker },
    );
    this.#closers.add(() => stopProcess(child));
    return child;
  }

  /** A worker in this process, once it has joined. */
  async worker(
    name: string,
    slots: number,
    options: Partial<TaskManagerOptions> = {},
  ): Promise<TaskManager> {
    const worker = await startTaskManager({
      jobManager: this.manager.url,
      token: this.manager.tokens.worker,
      name,
      slots,
      log: () => undefined,
      print: () => undefined,
      ...options,
    });
    this.#closers.add(() => worker.close());
    await inTime(`registration of ${name}`, worker.registered);
    return worker;
  }

  /** The first event that fits, past or to come. */
  event<T extends ClusterEvent>(what: string, fits: (event: ClusterEvent) => event is T) {
    const { promise, resolve } = Promise.withResolvers<T>();
    const look = () => {
      const found = this.#events.find(fits);
      if (found !== undefined) resolve(found);
    };
    this.#watchers.add(look);
    look();
    return inTime(what, promise).finally(() => this.#watchers.delete(look));
  }

  /** The job has this status (in this attempt). */
  status(job: string, status: string, attempt?: number) {
    return this.event(
      `${status} of the job`,
      (event): event is Extract<ClusterEvent, { type: "job_status" }> =>
        event.type === "job_status" &&
        event.job === job &&
        event.status === status &&
        (attempt === undefined || event.attempt === attempt),
    );
  }

  /** All tasks of a job's attempt run. */
  async running(job: string, attempt: number, tasks: number): Promise<void> {
    const ran = new Set<string>();
    await this.event(`${tasks} running tasks`, (event): event is ClusterEvent => {
      const ours = event.type === "task_state" && event.job === job && event.attempt === attempt;
      if (ours && event.state === "RUNNING") ran.add(`${event.vertex}/${event.subtask}`);
      return ran.size >= tasks;
    });
  }

  /** The worker has been given up. */
  lost(worker: string) {
    return this.event(
      `loss of ${worker}`,
      (event): event is Extract<ClusterEvent, { type: "worker" }> =>
        event.type === "worker" && event.worker === worker && event.state === "lost",
    );
  }

  /** Waits for the job's end; answers its failure, if it failed. */
  async end(job: string): Promise<ErrorBody | undefined> {
    try {
      await inTime("end of the job", this.client.waitForEnd(job));
      return undefined;
    } catch (thrown) {
      return errorBodyOf(thrown);
    }
  }

  /** All rows of a job's collect sinks that count, to its end. */
  async rows<T>(job: string): Promise<{ rows: T[]; items: RowsItem[] }> {
    const items: RowsItem[] = [];
    let rows: T[] = [];
    const read = async () => {
      for await (const item of this.client.rows(job)) {
        items.push(item);
        if (item.type === "restart") rows = [];
        if (item.type !== "rows") continue;
        const lines = item.lines.split("\n").filter((line) => line !== "");
        rows.push(...lines.map((line) => JSON.parse(line) as T));
      }
    };
    await inTime("end of the rows", read());
    return { rows, items };
  }
}
