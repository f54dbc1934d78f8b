/** A job on an embedded cluster: its bundles, the application's collections, its rows, its end. */
import { randomUUID } from "node:crypto";
import type { JobStatus } from "../client/answers.ts";
import type { JobSpecInput } from "../plan/job-spec.ts";
import { type ErrorBody, errorFromBody, MillraceError } from "../protocol/errors.ts";
import { CollectionFeeder, type CollectionInput } from "./collection-feeder.ts";
import type { MiniCluster } from "./mini-cluster.ts";

/** A job with what it needs from this process. */
export interface JobPackage {
  readonly spec: JobSpecInput;
  /** Uploaded first, by content hash. */
  readonly bundles: ReadonlyMap<string, Uint8Array>;
  /** By id of the source vertex. */
  readonly collections: ReadonlyMap<string, CollectionInput>;
  readonly signal?: AbortSignal | undefined;
}

/** Lines of one collect sink. */
export interface CollectedLines {
  /** Uid of the sink. */
  readonly sink: string;
  readonly lines: string;
}

/** A submitted job. */
export class JobRun {
  readonly id: string;
  readonly #cluster: MiniCluster;
  readonly #feeders: readonly CollectionFeeder[];
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  #reader: ReturnType<MiniCluster["readRows"]> | undefined;

  private constructor(
    id: string,
    cluster: MiniCluster,
    feeders: readonly CollectionFeeder[],
    signal: AbortSignal | undefined,
  ) {
    this.id = id;
    this.#cluster = cluster;
    this.#feeders = feeders;
    this.#signal = signal;
    this.#onAbort = () => {
      this.#reader?.close();
      // Whoever waits for the job learns of its end by that; a job that is over needs no cancel.
      this.cancel().catch(() => undefined);
    };
    signal?.addEventListener("abort", this.#onAbort);
    if (signal?.aborted) this.#onAbort();
  }

  /** @throws MillraceError of the JobManager; the signal's reason */
  static async submit(cluster: MiniCluster, job: JobPackage): Promise<JobRun> {
    job.signal?.throwIfAborted();
    await addSlots(cluster, job.spec);
    for (const [hash, bytes] of job.bundles) await cluster.addBundle(hash, bytes);
    const feeders: CollectionFeeder[] = [];
    const spec = { ...job.spec };
    spec.vertices = job.spec.vertices.map((vertex) => {
      const input = job.collections.get(vertex.id);
      if (input === undefined) return vertex;
      // An id for each run: two runs of one environment do not read each other's rows.
      const id = randomUUID();
      feeders.push(new CollectionFeeder(id, input));
      return { ...vertex, connector: { type: "collection", id } };
    });
    try {
      const id = await cluster.client.submitJob(spec);
      return new JobRun(id, cluster, feeders, job.signal);
    } catch (error) {
      await Promise.all(feeders.map((feeder) => feeder.close()));
      throw error;
    }
  }

  /**
   * What the collect sinks give, until the job has ended. Not asking for more stops the job's sinks
   * and by that, within its buffers, its sources. Leaving the loop cancels the job.
   * @throws MillraceError the job's failure, JOB_CANCELED, COLLECT_RESTARTED; the signal's reason
   */
  async *lines(): AsyncGenerator<CollectedLines, void, undefined> {
    const reader = this.#cluster.readRows(this.id);
    this.#reader = reader;
    let given = false;
    let ended = false;
    try {
      for (;;) {
        this.#signal?.throwIfAborted();
        const item = await reader.next();
        this.#signal?.throwIfAborted();
        if (item === undefined) throw new MillraceError("CLUSTER_CLOSED", this.#closedText());
        if (item.type === "end") {
          ended = true;
          this.#checkEnd(item.status, item.error);
          return;
        }
        if (item.type === "restart") {
          if (given) throw this.#restarted(item.attempt);
          continue;
        }
        given = true;
        yield { sink: item.sink, lines: item.lines };
      }
    } finally {
      reader.close();
      if (!ended) await this.#cancelAndWait();
      await this.#close();
    }
  }

  /**
   * Waits for the end of a job without collect sinks.
   * @throws MillraceError the job's failure, JOB_CANCELED; the signal's reason
   */
  async end(): Promise<void> {
    try {
      await this.#cluster.client.waitForEnd(this.id);
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw this.#withCause(error);
    } finally {
      await this.#close();
    }
  }

  async cancel(): Promise<void> {
    await this.#cluster.client.cancel(this.id);
  }

  #checkEnd(status: JobStatus, error: ErrorBody | undefined): void {
    if (status === "FINISHED") return;
    if (status === "CANCELED") {
      throw new MillraceError("JOB_CANCELED", `Job ${this.id} ended: it was cancelled`);
    }
    const body = error ?? { code: "JOB_FAILED", message: `Job ${this.id} failed` };
    throw this.#withCause(errorFromBody(body));
  }

  /** What the application's own iterable threw is the cause of the job's failure. */
  #withCause(error: unknown): unknown {
    const failure = this.#feeders.find((feeder) => feeder.failure !== undefined)?.failure;
    if (!(error instanceof MillraceError) || failure === undefined) return error;
    error.cause ??= failure;
    return error;
  }

  async #cancelAndWait(): Promise<void> {
    // Refused if it is over, or being cancelled; then, and where the cluster is closed, it ends too.
    await this.cancel().catch(ignoreRefusal);
    await this.#cluster.client.waitForEnd(this.id).catch(ignoreRefusal);
  }

  async #close(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    await Promise.all(this.#feeders.map((feeder) => feeder.close()));
  }

  #closedText(): string {
    return `Cannot follow job ${this.id}: its cluster was closed`;
  }

  #restarted(attempt: number): MillraceError {
    const message = `Job ${this.id} began again (attempt ${attempt}): rows already given are void`;
    return new MillraceError("COLLECT_RESTARTED", message, {
      expected: "restart strategy none for a job whose rows are consumed as they come",
    });
  }
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof MillraceError)) throw error;
}

/** Slots that a job needs: of each slot sharing group the largest parallelism. */
async function addSlots(cluster: MiniCluster, spec: JobSpecInput): Promise<void> {
  const groups = new Map<string, number>();
  for (const { slotSharingGroup = "default", parallelism } of spec.vertices) {
    const own = parallelism ?? spec.parallelism ?? 1;
    groups.set(slotSharingGroup, Math.max(groups.get(slotSharingGroup) ?? 0, own));
  }
  const wanted = [...groups.values()].reduce((sum, slots) => sum + slots, 0);
  const { "slots-available": free } = await cluster.client.overview();
  if (wanted > free) await cluster.addWorker(wanted - free);
}
