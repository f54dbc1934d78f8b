/**
 * Bench `text`: the word count of the demo over a large text, at parallelism 1, in one worker
 * process. Line n has event time n seconds, windows are 1,000 lines, as in the bare loop; counts
 * are added up behind the windows and compared with the bare loop's.
 */
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Bundle, type OperatorHandle } from "../src/plan/operator-handle.ts";
import { files, textLines } from "../src/plan/sources.ts";
import { StreamExecutionEnvironment } from "../src/plan/stream-environment.ts";
import { WatermarkStrategy } from "../src/plan/watermark-strategy.ts";
import { TumblingEventTimeWindows } from "../src/plan/window-assigners.ts";
import { count } from "../src/plan/windows.ts";
import { inspectBundle } from "../src/protocol/bundle/inspect.ts";
import { runBareText, type TextFigures } from "./bare/text.ts";
import { type BundleBuild, benchBundle } from "./engine/bench-bundle.ts";
import { BenchCluster, type JobRun } from "./engine/bench-cluster.ts";
import {
  type Bench,
  type BenchFigures,
  type BenchOptions,
  pairedRounds,
  rounded,
  roundedSpread,
} from "./harness.ts";
import { largeText } from "./novel.ts";

/** Issue's figures: MB (1e6 bytes) per CPU second, MB resident. */
const GOAL_MEGABYTES_PER_CPU_SECOND = 60;
const GOAL_RESIDENT_MEGABYTES = 200;
/**
 * What the bare loop reaches on this kind of machine with little else to do (bench/README.md). Where
 * it reaches less, the engine's figure scales by the same ratio; both are printed.
 */
const QUIET_BARE_MEGABYTES_PER_CPU_SECOND = 577;
/** Event time of a line and of a window, ms. */
const LINE_MS = 1_000;
const WINDOW_MS = 1_000 * LINE_MS;

export const text: Bench = {
  name: "text",
  help: "word count over >= 200 MB in one worker process; MB (1e6 bytes) per CPU second of all",
  run: async (options) => countText(await largeText(), options),
};

/** Runs the job and the bare loop over a file, `rounds` times each. */
export async function countText(
  path: string,
  options: BenchOptions,
  build: BundleBuild = {},
): Promise<BenchFigures> {
  const job = await TextJob.start(path, build);
  try {
    // The first job warms both processes and the file cache up.
    const expected = await runBareText(path, "text");
    let last = await job.run(expected);
    const memory: number[] = [];
    const pair = await pairedRounds(
      async () => {
        last = await job.run(expected);
        memory.push(...last.residentMegabytes.map(({ megabytes }) => megabytes));
        const perCpuSecond = expected.bytes / 1e6 / last.cpuSeconds;
        options.log(
          `engine: ${perCpuSecond.toFixed(1)} MB per CPU second, ` +
            `${(expected.bytes / 1e6 / last.wallSeconds).toFixed(1)} MB/s; ` +
            `resident MB: ${memoryOverTime(last)}`,
        );
        return perCpuSecond;
      },
      async () => {
        const figures = await runBareText(path, "text");
        options.log(`bare loop: ${figures.megabytesPerCpuSecond.toFixed(0)} MB per CPU second`);
        return figures.megabytesPerCpuSecond;
      },
      options.rounds,
    );
    const peak = Math.max(...memory);
    const scaled = pair.ratio.median * QUIET_BARE_MEGABYTES_PER_CPU_SECOND;
    options.log(
      `engine ${pair.a.median.toFixed(1)} MB per CPU second (goal ${GOAL_MEGABYTES_PER_CPU_SECOND}), ` +
        `${(pair.ratio.median * 100).toFixed(1)} % of the bare loop, ` +
        `${scaled.toFixed(1)} where that one reaches ${QUIET_BARE_MEGABYTES_PER_CPU_SECOND}; ` +
        `worker's resident memory at most ${peak.toFixed(0)} MB (goal ${GOAL_RESIDENT_MEGABYTES})`,
    );
    return {
      bytes: expected.bytes,
      words: Number(expected.words),
      windows: expected.windows,
      rows: Number(expected.rows),
      goalMegabytesPerCpuSecond: GOAL_MEGABYTES_PER_CPU_SECOND,
      engineMegabytesPerCpuSecond: roundedSpread(pair.a),
      bareMegabytesPerCpuSecond: roundedSpread(pair.b),
      ofBare: roundedSpread(pair.ratio),
      scaledMegabytesPerCpuSecond: rounded(scaled),
      goalResidentMegabytes: GOAL_RESIDENT_MEGABYTES,
      workerResidentMegabytes: rounded(peak),
      workerResidentOverTime: last.residentMegabytes.map(({ second, megabytes }) => [
        rounded(second),
        Math.round(megabytes),
      ]),
    };
  } finally {
    await job.close();
  }
}

function memoryOverTime(run: JobRun): string {
  const { residentMegabytes: memory } = run;
  const step = Math.max(1, Math.ceil(memory.length / 12));
  return memory
    .filter((_, i) => i % step === 0)
    .map(({ megabytes }) => Math.round(megabytes))
    .join(" ");
}

/** A cluster of one worker process, and the job. */
class TextJob {
  readonly #cluster: BenchCluster;
  readonly #path: string;
  readonly #split: OperatorHandle;
  readonly #totals: OperatorHandle;

  private constructor(
    cluster: BenchCluster,
    path: string,
    split: OperatorHandle,
    totals: OperatorHandle,
  ) {
    this.#cluster = cluster;
    this.#path = path;
    this.#split = split;
    this.#totals = totals;
  }

  static async start(path: string, build: BundleBuild): Promise<TextJob> {
    const root = fileURLToPath(new URL("../", import.meta.url));
    execFileSync(process.execPath, ["src/build/build-operators.ts"], { cwd: root });
    const words = await readFile(new URL("../build/word-count.wasm", import.meta.url));
    const { hash, manifest } = inspectBundle(words);
    const { bytes, bundle } = await benchBundle(build);
    const cluster = await BenchCluster.start({ where: "processes", workers: 1, slots: 1 });
    await cluster.client.uploadBundle(words);
    await cluster.client.uploadBundle(bytes);
    const split = new Bundle(hash, manifest).operator("SplitWords");
    return new TextJob(cluster, path, split, bundle.operator("Totals"));
  }

  /** @throws Error where the counts do not add up to what the bare loop counted */
  async run(expected: TextFigures): Promise<JobRun> {
    const env = new StreamExecutionEnvironment().setParallelism(1);
    const lines = files(this.#path, { lineNumbers: true, splittable: false });
    const times = WatermarkStrategy.forMonotonousTimestamps();
    // At 70 MB/s the usual 200 ms of text are some 170 windows, 60 MB, that wait for a watermark.
    env.setAutoWatermarkInterval(5);
    env
      .fromSource(textLines(lines, { lineNumber: true }))
      .assignTimestampsAndWatermarks(times.withTimestampField("line_number", "s"))
      .flatMap(this.#split)
      .keyBy("word")
      .window(TumblingEventTimeWindows.of(WINDOW_MS, LINE_MS))
      .aggregate(count())
      .sinkTo({ format: this.#totals, connector: { type: "collect" } });
    const run = await this.#cluster.run(env.toJobSpec("word count"));
    const totals = JSON.parse(run.lines[0] ?? "{}") as { rows?: string; count?: string };
    if (totals.count !== String(expected.words) || totals.rows !== String(expected.rows)) {
      throw new Error(
        `Cannot trust the engine's word count: ${totals.count} words in ${totals.rows} rows, ` +
          `the bare loop counted ${expected.words} in ${expected.rows}`,
      );
    }
    return run;
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }
}
