/**
 * A JobManager and workers inside this process (Flink: MiniCluster): for tests, and for applications
 * that run their jobs themselves. It listens on loopback ports of the system's choice, its tokens
 * stay inside, and its folder goes when it is closed. Slots run in worker threads as everywhere.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MillraceClient } from "../client/millrace-client.ts";
import type { RunningJobManager } from "../jobmanager/server.ts";
import { inspectBundle } from "../protocol/bundle/inspect.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { HttpEndpoints } from "../protocol/http-endpoint.ts";
import type { TaskManager } from "../taskmanager/task-manager-process.ts";

/** How an embedded cluster is started. */
export interface MiniClusterOptions {
  /** Workers at the beginning. Default 1. */
  readonly workers?: number;
  /** Slots of each: subtasks of one vertex that it can run. Default 4. */
  readonly slots?: number;
  /** Where print sinks write. Default: standard output. */
  readonly print?: (text: string) => void;
  /** Where the cluster's log lines go. Default: nowhere. */
  readonly log?: (line: string) => void;
  /**
   * What asynchronous functions may reach: `{ rates: "https://rates.example/v1" }`, by the names that they
   * declare by `@http`. Default: nothing.
   */
  readonly httpEndpoints?: HttpEndpoints;
}

const DEFAULT_SLOTS = 4;

type RowReader = ReturnType<RunningJobManager["dispatcher"]["readRows"]>;

const NEEDED_NODE = 24;

/**
 * The command line hands over to the Node that came with the package; an application is on its own.
 * @throws MillraceError NODE_TOO_OLD
 */
export function checkNode({ node, deno }: Readonly<Record<string, string | undefined>>): void {
  if (deno !== undefined || Number(node?.split(".")[0]) >= NEEDED_NODE) return;
  throw new MillraceError("NODE_TOO_OLD", `Cannot run a job: this is Node ${node}`, {
    field: "node",
    ...(node === undefined ? {} : { value: node }),
    expected: `Node ${NEEDED_NODE} or newer; \`npx node FILE\` runs the one that came with millrace`,
  });
}

/**
 * A running cluster in this process.
 *
 *     await using cluster = await MiniCluster.start({ slots: 4 });
 *     await cluster.addWorker(2);
 *     await cluster.addBundle(hash, bytes);
 *     const job = await cluster.client.submitJob(spec);
 *     const rows = cluster.readRows(job);
 *
 * @throws NODE_TOO_OLD
 */
export class MiniCluster {
  /** Client with all rights. */
  readonly client: MillraceClient;
  readonly #manager: RunningJobManager;
  readonly #folder: string;
  readonly #options: MiniClusterOptions;
  readonly #workers: TaskManager[] = [];
  readonly #readers = new Set<() => void>();
  readonly #bundles = new Set<string>();
  #slots = 0;
  #closing: Promise<void> | undefined;

  private constructor(manager: RunningJobManager, folder: string, options: MiniClusterOptions) {
    this.#manager = manager;
    this.#folder = folder;
    this.#options = options;
    this.client = new MillraceClient({ url: manager.url, token: manager.tokens.client });
  }

  /** Starts a JobManager and its workers; `close()` or `await using` ends them. */
  static async start(options: MiniClusterOptions = {}): Promise<MiniCluster> {
    checkNode(process.versions);
    // A program that only describes jobs does not load servers.
    const { startJobManager } = await import("../jobmanager/server.ts");
    const folder = mkdtempSync(join(tmpdir(), "millrace-embedded-"));
    const { log } = options;
    const print = (line: { readonly message: string }) => log?.(line.message);
    const manager = await startJobManager({
      port: 0,
      dataDir: folder,
      print,
      ...(options.httpEndpoints === undefined ? {} : { httpEndpoints: options.httpEndpoints }),
      // Here, without a thread for each (0.4 s): nobody but this process has the token to upload.
      inspectBundle: async (path, pages) => inspectBundle(await readFile(path), pages),
    });
    const cluster = new MiniCluster(manager, folder, options);
    try {
      for (let i = 0; i < (options.workers ?? 1); i++) {
        await cluster.addWorker(options.slots ?? DEFAULT_SLOTS);
      }
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** Address of the REST API; 127.0.0.1. */
  get url(): string {
    return this.#manager.url;
  }

  /** Slots of all workers. */
  get slots(): number {
    return this.#slots;
  }

  /** Another worker. */
  async addWorker(slots: number): Promise<void> {
    const { startTaskManager } = await import("../taskmanager/task-manager-process.ts");
    const { print, log } = this.#options;
    const worker = await startTaskManager({
      jobManager: this.#manager.url,
      token: this.#manager.tokens.worker,
      name: `embedded-${this.#workers.length + 1}`,
      slots,
      log: log ?? (() => undefined),
      ...(print === undefined ? {} : { print }),
    });
    this.#workers.push(worker);
    await worker.registered;
    this.#slots += slots;
  }

  /**
   * Rows of a job's collect sinks, without HTTP between: what is not taken here stays in the job.
   * One reader at a time.
   */
  readRows(job: string): RowReader {
    const reader = this.#manager.dispatcher.readRows(job);
    const close = () => {
      this.#readers.delete(close);
      reader.close();
    };
    this.#readers.add(close);
    return { next: () => reader.next(), close };
  }

  /** Uploads a bundle that this cluster does not have yet. */
  async addBundle(hash: string, bytes: Uint8Array): Promise<void> {
    if (this.#bundles.has(hash)) return;
    await this.client.uploadBundle(bytes);
    this.#bundles.add(hash);
  }

  /** Ends all jobs, workers and the JobManager. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // Who waits for rows is told that none will come.
    for (const close of [...this.#readers]) close();
    await Promise.all(this.#workers.map((worker) => worker.close()));
    await this.#manager.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
