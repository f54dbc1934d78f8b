/** Random jobs: what runs in a simulated cluster, all from the seed. */
import type { JobSpecInput, RestartStrategySpec } from "../plan/job-spec.ts";
import { addKeyedShape, KEYED_SHAPES, type KeyedShape } from "./keyed-jobs.ts";
import type { Random } from "./random.ts";
import type { SlotTuning } from "./slot.ts";

type VertexInput = JobSpecInput["vertices"][number];
type EdgeInput = NonNullable<JobSpecInput["edges"]>[number];

/** What the result of a job is to be, in terms that the reference model computes. */
export interface Expectation {
  /**
   * - `rows`: those of the sources as they are
   * - `windows`: count, sum, min, max, avg of `value` by `key` in windows of `sizeMs` by `id` ms
   * - `words`: words per window; line n has event time n seconds
   * - `late`: as windows, but by `at`, which goes up and down; rows that come too late leave by
   *   the side output, and how many do depends on the run
   * - `idle` jobs are of this type, too: what a source gives that was idle meanwhile may be late
   * - `connect`, `broadcast`, `clock`: keyed functions, see keyed-jobs.ts
   */
  readonly type: "rows" | "windows" | "words" | "late" | KeyedShape;
  readonly sizeMs: number;
  /** How often each row comes out: more than once behind a broadcast. */
  readonly copies: number;
}

/** A job to be run. */
export interface SimJob {
  readonly spec: JobSpecInput;
  readonly expectation: Expectation;
  /** Folder of its files sink; undefined: its rows are collected. */
  readonly folder: string | undefined;
  /** Virtual ms. */
  readonly submitAtMs: number;
  /** After how long its client cancels it, if it does. */
  readonly cancelAfterMs: number | undefined;
}

/** The cluster and its jobs. */
export interface Workload {
  /** Slots of each worker. */
  readonly workers: readonly number[];
  readonly tuning: SlotTuning;
  readonly jobs: readonly SimJob[];
  /** Input files by path. */
  readonly inputs: ReadonlyMap<string, string>;
}

const BIGINT = { type: "BIGINT", nullable: false } as const;
const STRING = { type: "STRING", nullable: false } as const;
const WORDS =
  "the whale and a sea of ships Call me Ishmael some years ago never mind how long".split(" ");

const SHAPES = ["windows", "windows", "union", "words", "spread", "late", "idle"] as const;

/** Bundles of the jobs, by content hash. */
interface Bundles {
  readonly wordCount: string;
  readonly keyedFunctions: string;
}

/** Draws a workload. */
export function drawWorkload(random: Random, bundles: Bundles, calm: boolean): Workload {
  const workers = Array.from({ length: random.int(1, 4) }, () => random.int(1, 3));
  const slots = workers.reduce((sum, count) => sum + count, 0);
  const inputs = new Map<string, string>();
  const jobs = Array.from({ length: random.pick([1, 1, 1, 2]) }, (_, number) =>
    drawJob({ random: random.fork(`job ${number}`), number, slots, inputs, bundles, calm }),
  );
  const tuning = {
    batchRows: random.pick([1, 2, 7, 32, 200]),
    sliceRows: random.pick([1, 5, 64, 1_000]),
    slicesPerTurn: random.pick([1, 4, 16]),
  };
  return { workers, tuning, jobs, inputs };
}

interface JobDraw {
  readonly random: Random;
  readonly number: number;
  readonly slots: number;
  readonly inputs: Map<string, string>;
  readonly bundles: Bundles;
  readonly calm: boolean;
}

function drawJob(draw: JobDraw): SimJob {
  const { random, number, slots } = draw;
  const usual = random.pick(SHAPES);
  // Of its own stream: the other jobs stay as they are.
  const keyed = random.fork("keyed");
  const asking = random.fork("async");
  const asks = asking.chance(0.12);
  const shape = asks ? "ask" : keyed.chance(0.35) ? keyed.pick(KEYED_SHAPES) : usual;
  const folder = random.chance(0.7) ? `out-${number}` : undefined;
  const parallelism = random.int(1, Math.min(4, slots));
  const clock = random.fork("watermarks");
  const build = new JobBuild(random, parallelism, folder);
  const expectation =
    shape === "ask"
      ? addAsk(build, asking, draw.bundles.keyedFunctions)
      : isKeyed(shape)
        ? addKeyedShape(build, shape, keyed, draw.bundles.keyedFunctions)
        : addShape(build, shape, draw);
  return {
    spec: {
      version: 1,
      name: `${shape}-${number}`,
      parallelism,
      bufferTimeoutMs: random.pick([0, 1, 10, 100, -1]),
      autoWatermarkIntervalMs: clock.pick([10, 20, 200]),
      restartStrategy: drawStrategy(random),
      vertices: build.vertices,
      edges: build.edges,
    },
    expectation,
    folder,
    submitAtMs: random.int(0, 400),
    cancelAfterMs: !draw.calm && random.chance(0.08) ? random.int(0, 3_000) : undefined,
  };
}

function drawStrategy(random: Random): RestartStrategySpec {
  const delay = random.pick([0, 1, 100, 2_000]);
  switch (random.int(0, 5)) {
    case 0:
      return { type: "none" };
    case 1:
      return {
        type: "failure_rate",
        max_failures: random.int(1, 4),
        interval: random.pick([500, 10_000]),
        delay,
      };
    case 2:
      return {
        type: "exponential_delay",
        initial: 50,
        max: 2_000,
        multiplier: 2,
        reset_threshold: 5_000,
        jitter: 0,
        attempts: random.int(1, 8),
      };
    default:
      return { type: "fixed_delay", attempts: random.pick([1, 3, 20]), delay };
  }
}

function isKeyed(shape: (typeof SHAPES)[number] | KeyedShape): shape is KeyedShape {
  return KEYED_SHAPES.some((keyed) => keyed === shape);
}

/** Vertices and edges as they come together. */
export class JobBuild {
  readonly vertices: VertexInput[] = [];
  readonly edges: EdgeInput[] = [];
  readonly random: Random;
  readonly parallelism: number;
  readonly #folder: string | undefined;

  constructor(random: Random, parallelism: number, folder: string | undefined) {
    this.random = random;
    this.parallelism = parallelism;
    this.#folder = folder;
  }

  add(vertex: VertexInput): string {
    const chaining = this.random.pick(["always", "always", "head", "never"] as const);
    this.vertices.push({ chaining, ...vertex });
    return vertex.id;
  }

  /** Parallelism of a vertex that need not have that of the job. */
  someParallelism(): number {
    return this.random.int(1, this.parallelism);
  }

  connect(from: string, to: string, edge: Partial<EdgeInput> = {}): void {
    this.edges.push({ from, to, ...edge });
  }

  /** A data generator with event times: id 0, 1, 2, ... are its timestamps in ms. */
  timedRows(name: string, rows: number, seed: number): string {
    return this.#timed(this.#generator(name, rows, seed, {}), "id", this.#watermarks());
  }

  /** A data generator whose event times `at` go up and down, further than the watermarks allow. */
  disorderedRows(name: string, rows: number, seed: number): string {
    const at = { min: 0, max: 4_000 };
    const source = this.#generator(name, rows, seed, { at });
    const maxOutOfOrdernessMs = this.random.pick([0, 200, 2_000]);
    return this.#timed(source, "at", { maxOutOfOrdernessMs });
  }

  /** As timedRows, but with breaks in which a subtask may say that it is idle. */
  brokenRows(name: string, rows: number, seed: number): string {
    const { random } = this;
    const source = this.#generator(name, rows, seed, {}, PACES[random.int(0, 1)]);
    const idlenessMs = random.pick([1, 20, 100, 600]);
    const alignment = this.#alignment();
    const timed = this.#timed(source, "id", { ...this.#watermarks(), idlenessMs, ...alignment });
    // Only a source can pause: the two are one task.
    const pair = this.vertices.filter(({ id }) => id === source || id === timed);
    for (const vertex of pair) vertex.chaining = "always";
    return timed;
  }

  /** Alignment of the job's sources, now and then. */
  #alignment() {
    const { random } = this;
    if (!random.chance(0.4)) return {};
    const maxDriftMs = random.pick([0, 20, 400]);
    return { alignment: { group: "sources", maxDriftMs, updateIntervalMs: 50 } };
  }

  #watermarks() {
    // Ids ascend in every subtask, so each of these is right.
    const { random } = this;
    const strategy = random.pick(["bounded", "bounded", "monotonous", "none"] as const);
    if (strategy !== "bounded") return { strategy };
    return { strategy, maxOutOfOrdernessMs: random.pick([0, 5, 100]) };
  }

  #generator(
    name: string,
    rows: number,
    seed: number,
    more: Record<string, unknown>,
    rowsPerSecond = this.#pace(),
  ): string {
    const connector = {
      type: "datagen",
      ...(rowsPerSecond === undefined ? {} : { rowsPerSecond }),
    };
    const fields = {
      id: { kind: "sequence", start: 0, end: rows - 1 },
      key: { length: 1 },
      value: { min: -1_000, max: 1_000 },
      ...more,
    };
    return this.add({
      id: name,
      kind: "source",
      operator: { bundle: "builtin", name: "datagen", parameters: { seed, fields } },
      connector,
      parallelism: this.someParallelism(),
      outputs: [
        {
          name: "main",
          schema: Object.keys(fields).map((field) => {
            return { name: field, type: field === "key" ? STRING : BIGINT };
          }),
        },
      ],
    });
  }

  #pace(): number | undefined {
    return this.random.chance(0.6) ? this.random.pick(PACES) : undefined;
  }

  #timed(source: string, field: string, watermarks: Record<string, unknown>): string {
    const timed = this.add({
      id: `${source}-time`,
      kind: "operator",
      operator: {
        bundle: "builtin",
        name: "assign_timestamps",
        parameters: { field, ...watermarks },
      },
      parallelism: this.#parallelismOf(source),
    });
    this.connect(source, timed);
    return timed;
  }

  window(
    from: readonly string[],
    key: string,
    sizeMs: number,
    aggregates: unknown[],
    lateness = 0,
  ): string {
    const window = this.add({
      id: "window",
      kind: "operator",
      operator: {
        bundle: "builtin",
        name: "window_aggregate",
        parameters: { size: sizeMs, aggregates, lateness },
      },
      parallelism: this.someParallelism(),
    });
    for (const producer of from) {
      this.connect(producer, window, { partitioner: "key_by", keys: [key] });
    }
    return window;
  }

  /** An operator of an uploaded bundle; its inputs are connected by the caller. */
  keyedFunction(bundle: string, name: string, parameters: Record<string, unknown>): string {
    return this.add({
      id: "function",
      kind: "operator",
      operator: { bundle, name, parameters },
      parallelism: this.someParallelism(),
    });
  }

  /** @returns how often each row comes out */
  sink(from: string): number {
    const { random } = this;
    const sink = this.#addSink("sink");
    const [producer, parallelism] = [this.#parallelismOf(from), this.#parallelismOf(sink)];
    const partitioner = drawPartitioner(random, producer === parallelism);
    this.connect(from, sink, { partitioner });
    return partitioner === "broadcast" ? parallelism : 1;
  }

  /** A sink for the main output and one for the side output of a window. */
  sinks(window: string, sideOutput: string): void {
    const spread = () => this.random.pick(["rebalance", "rescale", "shuffle", "global"] as const);
    this.connect(window, this.#addSink("sink"), { partitioner: spread() });
    this.connect(window, this.#addSink(`${sideOutput}-sink`), {
      partitioner: spread(),
      output: sideOutput,
    });
  }

  #addSink(id: string): string {
    return this.add({
      id,
      kind: "sink",
      operator: { bundle: "builtin", name: "format_json" },
      connector:
        this.#folder === undefined
          ? { type: "collect" }
          : { type: "files", path: this.#folder, rollBytes: this.random.pick([200, 4_096]) },
      parallelism: this.someParallelism(),
    });
  }

  #parallelismOf(id: string): number {
    return this.vertices.find((vertex) => vertex.id === id)?.parallelism ?? 1;
  }
}

/** Rows per second of sources that have a pace. */
const PACES = [60, 250, 2_000] as const;

function drawPartitioner(random: Random, forward: boolean) {
  const spread = ["rebalance", "rescale", "shuffle", "global", "broadcast"] as const;
  return forward && random.chance(0.4) ? "forward" : random.pick(spread);
}

const STATISTICS = [
  { fn: "count", as: "n" },
  { fn: "sum", field: "value", as: "total" },
  { fn: "min", field: "value", as: "low" },
  { fn: "max", field: "value", as: "high" },
  { fn: "avg", field: "value", as: "mean" },
];

function addShape(build: JobBuild, shape: (typeof SHAPES)[number], draw: JobDraw): Expectation {
  const { random } = draw;
  const rows = random.pick([1, 20, 200, 700, 1_500]);
  const sizeMs = random.pick([1, 10, 50, 1_000]);
  switch (shape) {
    case "windows": {
      const source = build.timedRows("source", rows, random.int(0, 1_000));
      const window = build.window([source], "key", sizeMs, STATISTICS);
      return { type: "windows", sizeMs, copies: build.sink(window) };
    }
    case "union": {
      const first = build.timedRows("first", rows, 1);
      const second = build.timedRows("second", random.pick([1, 60, 300]), 2);
      const window = build.window([first, second], "key", sizeMs, STATISTICS);
      return { type: "windows", sizeMs, copies: build.sink(window) };
    }
    case "spread": {
      const source = build.timedRows("source", rows, random.int(0, 1_000));
      return { type: "rows", sizeMs, copies: build.sink(source) };
    }
    case "late": {
      const source = build.disorderedRows("source", rows, random.int(0, 1_000));
      const lateness = random.pick([0, 0, 300]);
      const window = build.window([source], "key", sizeMs, STATISTICS, lateness);
      build.sinks(window, "late");
      return { type: "late", sizeMs, copies: 1 };
    }
    case "idle": {
      const first = build.brokenRows("first", rows, 1);
      const second = build.brokenRows("second", random.pick([1, 60, 300]), 2);
      const window = build.window(
        [first, second],
        "key",
        sizeMs,
        STATISTICS,
        random.pick([0, 300]),
      );
      build.sinks(window, "late");
      return { type: "late", sizeMs, copies: 1 };
    }
    case "words":
      return addWords(build, draw, random.pick([1_000, 7_000, 100_000]));
  }
}

/** A function that asks a server for each row, and windows behind it: a watermark that passed a row would lose it. */
function addAsk(build: JobBuild, random: Random, bundle: string): Expectation {
  const sizeMs = random.pick([1, 10, 50, 1_000]);
  const source = build.timedRows("source", random.pick([1, 20, 120]), random.int(0, 1_000));
  const wait = {
    mode: random.pick(["ordered", "unordered"]),
    capacity: random.pick([1, 3, 20]),
    ...(random.chance(0.5) ? { timeoutMs: random.pick([1, 100, 1_000]) } : {}),
    ...(random.chance(0.6)
      ? { retry: { type: "fixed_delay", maxAttempts: random.int(1, 4), delayMs: 20 } }
      : {}),
  };
  const asked = build.keyedFunction(bundle, "AskEach", { async: wait });
  build.connect(source, asked, { partitioner: random.pick(["rebalance", "rescale", "shuffle"]) });
  if (random.chance(0.4)) return { type: "rows", sizeMs, copies: build.sink(asked) };
  const window = build.window([asked], "key", sizeMs, STATISTICS);
  return { type: "windows", sizeMs, copies: build.sink(window) };
}

function addWords(build: JobBuild, draw: JobDraw, sizeMs: number): Expectation {
  const { random, number, inputs, bundles } = draw;
  const parallelism = build.someParallelism();
  // A subtask reads one file: line numbers, and with them event times, only grow.
  for (let file = 0; file < parallelism; file++) {
    inputs.set(`in-${number}/${file}.txt`, drawText(random));
  }
  const source = build.add({
    id: "lines",
    kind: "source",
    operator: { bundle: "builtin", name: "text_lines", parameters: { lineNumber: true } },
    connector: { type: "file", path: `in-${number}`, lineNumbers: true },
    parallelism,
    outputs: [
      {
        name: "main",
        schema: [
          { name: "line", type: STRING },
          { name: "line_number", type: BIGINT },
        ],
      },
    ],
  });
  const timed = build.add({
    id: "time",
    kind: "operator",
    operator: {
      bundle: "builtin",
      name: "assign_timestamps",
      parameters: { field: "line_number", unit: "s" },
    },
    parallelism,
  });
  const split = build.add({
    id: "split",
    kind: "operator",
    operator: { bundle: bundles.wordCount, name: "SplitWords" },
    parallelism,
  });
  build.connect(source, timed);
  build.connect(timed, split);
  const window = build.window([split], "word", sizeMs, [{ fn: "count", as: "n" }]);
  return { type: "words", sizeMs, copies: build.sink(window) };
}

function drawText(random: Random): string {
  const lines = Array.from({ length: random.int(0, 60) }, () =>
    Array.from({ length: random.int(0, 9) }, () => random.pick(WORDS)).join(
      random.pick([" ", ", ", "--"]),
    ),
  );
  return lines.join("\n") + random.pick(["", "\n"]);
}
