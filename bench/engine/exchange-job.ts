/**
 * The engine's exchange job: Generate -> key_by -> window_aggregate count, sum -> Totals, at
 * parallelism 2. Rows are the bare loop's: key and value int64, the time in the event-time lane.
 */
import { generated } from "../../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../../src/plan/stream-environment.ts";
import { TumblingEventTimeWindows } from "../../src/plan/window-assigners.ts";
import { count, sum } from "../../src/plan/windows.ts";
import { type BenchBundle, type BundleBuild, benchBundle } from "./bench-bundle.ts";
import { BenchCluster, type JobRun, type Layout } from "./bench-cluster.ts";

export const PARALLELISM = 2;
/** Event time of a window, ms; 1,024 rows of the whole job are one ms, as in the bare loop. */
const WINDOW_MS = 1_000;
/**
 * Rows of a subtask between two watermarks. A watermark sends what is pending at once, so one behind
 * every batch would halve the batches behind the exchange.
 */
const WATERMARK_ROWS = 131_072;
/**
 * Flink's default. Batches are to be full here (4,096 rows); with the engine's 10 ms a machine that
 * has other work to do sends partial ones.
 */
const BUFFER_TIMEOUT_MS = 100;

export interface ExchangeRun extends JobRun {
  readonly events: number;
  /** Rows of windows written. */
  readonly rows: number;
  /** Of the middle of the job, or of all of it where it was too short to have one. */
  readonly eventsPerSecond: number;
  readonly eventsPerCpuSecond: number;
  /** Of the whole job from the moment all tasks run, its start included. */
  readonly wholeEventsPerCpuSecond: number;
  /** Time inside calls of modules, all slots: wall time, so a busy machine makes it longer. */
  readonly busySeconds: number;
}

/** A cluster with the bench's bundle uploaded. */
export class ExchangeCluster {
  readonly #cluster: BenchCluster;
  readonly #bundle: BenchBundle;

  private constructor(cluster: BenchCluster, bundle: BenchBundle) {
    this.#cluster = cluster;
    this.#bundle = bundle;
  }

  static async start(layout: Layout, build: BundleBuild = {}) {
    const bundle = await benchBundle(build);
    const cluster = await BenchCluster.start(layout);
    try {
      await cluster.client.uploadBundle(bundle.bytes);
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return new ExchangeCluster(cluster, bundle);
  }

  get pids(): number[] {
    return this.#cluster.pids;
  }

  /**
   * Runs the job over so many rows.
   * @throws Error where the windows do not add up to the rows that were generated
   */
  async run(events: number): Promise<ExchangeRun> {
    const rows = Math.ceil(events / PARALLELISM) * PARALLELISM;
    const run = await this.#cluster.run(this.#spec(rows));
    const totals = { rows: 0n, count: 0n, sum: 0n };
    for (const line of run.lines) {
      const part = JSON.parse(line) as Record<keyof typeof totals, string>;
      totals.rows += BigInt(part.rows);
      totals.count += BigInt(part.count);
      totals.sum += BigInt(part.sum);
    }
    const expected = (BigInt(rows) * BigInt(rows - 1)) / 2n;
    if (totals.count !== BigInt(rows) || totals.sum !== expected) {
      throw new Error(
        `Cannot trust the engine's exchange: generated ${rows} rows (sum ${expected}), ` +
          `aggregated ${totals.count} (sum ${totals.sum})`,
      );
    }
    let busySeconds = 0;
    for (const vertex of run.vertices.values()) busySeconds += vertex.busySeconds;
    const { steady } = run;
    // The window reads every row; the source reads none and the sink few.
    const taken = steady === undefined ? rows : Math.max(...steady.records.values());
    const stretch = steady ?? run;
    return {
      ...run,
      events: rows,
      rows: Number(totals.rows),
      eventsPerSecond: taken / stretch.wallSeconds,
      eventsPerCpuSecond: taken / stretch.cpuSeconds,
      wholeEventsPerCpuSecond: rows / run.cpuSeconds,
      busySeconds,
    };
  }

  #spec(rows: number) {
    const { bundle } = this.#bundle;
    const env = new StreamExecutionEnvironment()
      .setParallelism(PARALLELISM)
      .setMaxParallelism(128)
      .setBufferTimeout(BUFFER_TIMEOUT_MS);
    env
      .fromSource(generated(bundle.operator("Generate", { rows, watermarkRows: WATERMARK_ROWS })))
      .keyBy("key")
      .window(TumblingEventTimeWindows.of(WINDOW_MS))
      .aggregate(count(), sum("value"))
      .sinkTo({ format: bundle.operator("Totals"), connector: { type: "collect" } });
    return env.toJobSpec("exchange");
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }
}
