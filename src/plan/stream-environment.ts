/** Where a DataStream job begins, and where its job spec is written. */
import { MillraceError } from "../protocol/errors.ts";
import type { Schema } from "../protocol/types.ts";
import { SingleOutputStreamOperator } from "./data-stream.ts";
import { type DurationLike, durationMs } from "./duration.ts";
import {
  type InlineBundle,
  type InlineCompiler,
  InlineOperator,
  UNBUILT_BUNDLE,
} from "./inline-operator.ts";
import type { JobSpecInput, RestartStrategySpec } from "./job-spec.ts";
import type { OperatorHandle } from "./operator-handle.ts";
import { files, type Source, socket, textLines } from "./sources.ts";
import { Transformation, type Upstream } from "./transformation.ts";
import { validateJob } from "./validate-job.ts";
import type { WatermarkParameters } from "./windows.ts";

/** Restart strategies (Flink: RestartStrategies). */
export const RestartStrategies = {
  noRestart(): RestartStrategySpec {
    return { type: "none" };
  },
  fixedDelay(attempts: number, delay: DurationLike): RestartStrategySpec {
    return { type: "fixed_delay", attempts, delay: durationMs(delay, "restart delay") };
  },
  failureRate(
    maxFailures: number,
    interval: DurationLike,
    delay: DurationLike,
  ): RestartStrategySpec {
    return {
      type: "failure_rate",
      max_failures: maxFailures,
      interval: durationMs(interval, "failure interval"),
      delay: durationMs(delay, "restart delay"),
    };
  },
  /** Flink's defaults: 1 s to 1 min, doubled, reset after 1 h, jitter 0.1. */
  exponentialDelay(
    options: Partial<
      Omit<Extract<RestartStrategySpec, { type: "exponential_delay" }>, "type">
    > = {},
  ): RestartStrategySpec {
    return {
      type: "exponential_delay",
      initial: 1_000,
      max: 60_000,
      multiplier: 2,
      reset_threshold: 3_600_000,
      jitter: 0.1,
      attempts: 2_147_483_647,
      ...options,
    };
  },
} as const;

/**
 * Builds a job.
 *
 *     const env = new StreamExecutionEnvironment().setParallelism(4);
 *     env.readTextFile("novel.txt").flatMap(words.operator("SplitWords"))
 *       .keyBy("word").window(TumblingEventTimeWindows.of(Duration.ofMinutes(1))).aggregate(count())
 *       .print();
 *     const spec = env.toJobSpec("word count");
 */
export class StreamExecutionEnvironment {
  readonly #transformations: Transformation[] = [];
  #parallelism = 1;
  #maxParallelism: number | undefined;
  #bufferTimeoutMs: number | undefined;
  #restartStrategy: RestartStrategySpec | undefined;
  #chaining = true;

  /** Parallelism of operators that do not state theirs. */
  setParallelism(parallelism: number): this {
    this.#parallelism = parallelism;
    return this;
  }
  setMaxParallelism(maxParallelism: number): this {
    this.#maxParallelism = maxParallelism;
    return this;
  }
  /** Longest wait of a partly filled batch; 0: every row at once; -1: only when full. */
  setBufferTimeout(timeout: DurationLike): this {
    this.#bufferTimeoutMs = durationMs(timeout, "buffer timeout");
    return this;
  }
  setRestartStrategy(strategy: RestartStrategySpec): this {
    this.#restartStrategy = strategy;
    return this;
  }
  /** Every operator runs as a task of its own. */
  disableOperatorChaining(): this {
    this.#chaining = false;
    return this;
  }

  fromSource<T>(
    source: Source<T>,
    watermarks?: WatermarkParameters,
    name?: string,
  ): SingleOutputStreamOperator<T> {
    const transformation = this.add("source", source.operator, []);
    transformation.connector = source.connector;
    transformation.schema = source.schema;
    transformation.name = name;
    const stream = new SingleOutputStreamOperator<T>(this, transformation);
    return watermarks === undefined ? stream : stream.assignTimestampsAndWatermarks(watermarks);
  }

  /** A row `line STRING` for each line of a file, or of the files of a folder. */
  readTextFile(path: string): SingleOutputStreamOperator<{ line: string }> {
    return this.fromSource(textLines(files(path)));
  }
  /** A row `line STRING` for each line that a TCP server sends. */
  socketTextStream(host: string, port: number): SingleOutputStreamOperator<{ line: string }> {
    return this.fromSource(textLines(socket(host, port)));
  }

  /** Adds an operator: for the streams of this builder. */
  add(
    kind: "source" | "operator" | "sink",
    operator: OperatorHandle,
    inputs: readonly (readonly Upstream[])[],
  ): Transformation {
    const id = `${operator.name}-${this.#transformations.length + 1}`;
    const transformation = new Transformation(id, kind, operator, inputs);
    this.#transformations.push(transformation);
    return transformation;
  }

  /** A name for the next operator that is made from functions of the job file: for the builder. */
  inlineName(kind: string): string {
    return `${kind}-${this.#transformations.length + 1}`;
  }

  /** Whether functions of the job file are among the operators. */
  hasInline(): boolean {
    return this.#transformations.some(({ operator }) => operator instanceof InlineOperator);
  }

  /**
   * Compiles the functions of the job file, each against the columns that come to it, into one
   * bundle; undefined: there are none. Comes before toJobSpec.
   * @throws MillraceError INLINE_*, and those of validateJob
   */
  async compileInline(compiler: InlineCompiler): Promise<InlineBundle | undefined> {
    const operators: InlineOperator[] = [];
    for (const transformation of this.#transformations) {
      const { operator } = transformation;
      if (!(operator instanceof InlineOperator)) continue;
      const [upstream] = transformation.inputs[0]!;
      operator.input = this.#schemaOf(upstream!);
      operator.inputKeys = upstream!.keys ?? [];
      operator.typed(compiler.outputOf(operator));
      operators.push(operator);
    }
    if (operators.length === 0) return undefined;
    const bundle = await compiler.build(operators);
    operators.forEach((operator, index) => {
      operator.built(bundle.hash, bundle.operators[index]!);
    });
    return bundle;
  }

  /** Columns of a stream all of whose operators are known. */
  #schemaOf({ from, output }: Upstream): Schema {
    const needed = new Set<Transformation>([from]);
    // A set takes what is added while it is walked.
    for (const one of needed) for (const { from } of one.inputs.flat()) needed.add(from);
    const graph = validateJob(this.#specOf("types", [...needed]), (bundle) =>
      this.#manifestOf(bundle),
    );
    const node = graph.nodes.find((one) => one.id === from.id);
    return node?.outputs.find((one) => one.name === output)?.schema ?? [];
  }

  /**
   * Writes the job spec and checks it as the JobManager will.
   * @throws MillraceError of validateJob.
   */
  toJobSpec(name: string): JobSpecInput {
    const inline = this.#transformations.find(
      ({ operator }) => operator instanceof InlineOperator && operator.bundle === UNBUILT_BUNDLE,
    );
    if (inline !== undefined) {
      const message = "Cannot write job spec: functions of the job file are not compiled";
      throw new MillraceError("INLINE_NOT_COMPILED", message, {
        field: inline.id,
        expected:
          "a job function that returns nothing (`millrace run` compiles), or compileInline()",
      });
    }
    const spec = this.#specOf(name, this.#transformations);
    validateJob(spec, (bundle) => this.#manifestOf(bundle));
    return spec;
  }

  #specOf(name: string, transformations: readonly Transformation[]): JobSpecInput {
    const spec: JobSpecInput = {
      version: 1,
      name,
      parallelism: this.#parallelism,
      vertices: transformations.map((transformation) => {
        const vertex = transformation.toVertex();
        return this.#chaining ? vertex : { ...vertex, chaining: "never" as const };
      }),
      edges: transformations.flatMap((to) => to.toEdges(this.#parallelism)),
    };
    if (this.#maxParallelism !== undefined) spec.maxParallelism = this.#maxParallelism;
    if (this.#bufferTimeoutMs !== undefined) spec.bufferTimeoutMs = this.#bufferTimeoutMs;
    if (this.#restartStrategy !== undefined) spec.restartStrategy = this.#restartStrategy;
    return spec;
  }

  /** The operators of a bundle that the job uses. */
  #manifestOf(bundle: string) {
    const handles = this.#transformations.flatMap((transformation) => [
      transformation.operator,
      ...transformation.inputs.flat().flatMap((stream) => stream.partitionerOperator ?? []),
    ]);
    const used = handles.filter((handle) => handle.bundle === bundle);
    return { operators: used.map((handle) => handle.description) };
  }
}
