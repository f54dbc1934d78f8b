/** Where a DataStream job begins, and where its job spec is written. */
import { MillraceError } from "../protocol/errors.ts";
import type { Schema } from "../protocol/types.ts";
import { type DataStream, SingleOutputStreamOperator } from "./data-stream.ts";
import { type DurationLike, durationMs } from "./duration.ts";
import {
  type InlineBundle,
  type InlineCompiler,
  InlineOperator,
  UNBUILT_BUNDLE,
} from "./inline-operator.ts";
import { IterativeStream } from "./iterative-stream.ts";
import type { JobSpecInput, RestartStrategySpec } from "./job-spec.ts";
import { KeyedStream } from "./keyed-stream.ts";
import type { OperatorHandle } from "./operator-handle.ts";
import type { AnyRow, ColumnOf } from "./row-type.ts";
import { files, type Source, socket, type TextLine, textLines } from "./sources.ts";
import { withVertexNames } from "./spec-issue.ts";
import type { StreamGraph } from "./stream-graph.ts";
import { Transformation, type Upstream } from "./transformation.ts";
import { validateJob } from "./validate-job.ts";
import { WatermarkStrategy, type Watermarks, watermarkOperator } from "./watermark-strategy.ts";

/** Id of what reads a side output whose columns are asked for; no operator's of a builder. */
const READER = "$reader";

/**
 * What happens when a job fails (Flink: RestartStrategies): given to setRestartStrategy().
 *
 *     env.setRestartStrategy(RestartStrategies.fixedDelay(3, Duration.ofSeconds(10)));
 *     env.setRestartStrategy(RestartStrategies.failureRate(5, Duration.ofMinutes(1), 1_000));
 *     env.setRestartStrategy(RestartStrategies.exponentialDelay());
 *     env.setRestartStrategy(RestartStrategies.noRestart());
 *
 * @throws DURATION_INVALID; RESTART_STRATEGY_INVALID at submission
 */
export const RestartStrategies = {
  /** A job that fails has failed. The default. */
  noRestart(): RestartStrategySpec {
    return { type: "none" };
  },
  /** At most `attempts` restarts, each after `delay` ms. */
  fixedDelay(attempts: number, delay: DurationLike): RestartStrategySpec {
    return { type: "fixed_delay", attempts, delay: durationMs(delay, "restart delay") };
  },
  /** Restarts after `delay` ms until there were `maxFailures` failures within `interval` ms. */
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

/** How a job is executed in this process. */
export interface ExecuteOptions {
  readonly name?: string;
  /** Cancels the job; what is awaited fails with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Rows as they come; leaving the loop cancels the job. */
export type AsyncRows<Row = AnyRow> = AsyncGenerator<Row, void, undefined>;

/**
 * Builds a job (Flink: StreamExecutionEnvironment).
 *
 *     const env = new StreamExecutionEnvironment()
 *       .setParallelism(4)
 *       .setMaxParallelism(128)
 *       .setBufferTimeout(Duration.ofMillis(20))
 *       .setAutoWatermarkInterval(Duration.ofMillis(100))
 *       .setStateBudget(256 * 1024 * 1024)
 *       .setRestartStrategy(RestartStrategies.fixedDelay(3, 1_000))
 *       .disableOperatorChaining();
 *     env.readTextFile("novel.txt").flatMap(words.operator("SplitWords"))
 *       .keyBy("word").window(TumblingEventTimeWindows.of(Duration.ofMinutes(1))).aggregate(count())
 *       .print();
 *     env.socketTextStream("127.0.0.1", 9999).print();
 *     const spec = env.toJobSpec("word count");
 */
export class StreamExecutionEnvironment {
  readonly #transformations: Transformation[] = [];
  #parallelism = 1;
  #maxParallelism: number | undefined;
  #stateBudgetBytes: number | undefined;
  #bufferTimeoutMs: number | undefined;
  #autoWatermarkIntervalMs: number | undefined;
  #restartStrategy: RestartStrategySpec | undefined;
  #chaining = true;

  /** Parallelism of operators that do not state theirs. */
  setParallelism(parallelism: number): this {
    this.#parallelism = parallelism;
    return this;
  }
  /** Upper bound of every operator's parallelism: the number of key groups. */
  setMaxParallelism(maxParallelism: number): this {
    this.#maxParallelism = maxParallelism;
    return this;
  }
  /** Longest wait of a partly filled batch; 0: every row at once; -1: only when full. */
  setBufferTimeout(timeout: DurationLike): this {
    this.#bufferTimeoutMs = durationMs(timeout, "buffer timeout");
    return this;
  }
  /** Interval of periodic watermarks in processing time, default 200 ms; 0: none are emitted periodically (Flink: ExecutionConfig.setAutoWatermarkInterval). */
  setAutoWatermarkInterval(interval: DurationLike): this {
    this.#autoWatermarkIntervalMs = durationMs(interval, "watermark interval");
    return this;
  }
  /** Most bytes of state that each subtask of an operator may hold; default: what the memory of its module holds. */
  setStateBudget(bytes: number): this {
    this.#stateBudgetBytes = bytes;
    return this;
  }
  /** What happens when the job fails; a restart begins the input again. */
  setRestartStrategy(strategy: RestartStrategySpec): this {
    this.#restartStrategy = strategy;
    return this;
  }
  /** Every operator runs as a task of its own. */
  disableOperatorChaining(): this {
    this.#chaining = false;
    return this;
  }

  /**
   * Rows of a source: `env.fromSource(jsonLines(files("in"), columns), watermarks)`.
   * @param watermarks Event time of its rows, without it they have none; each split of the source (a
   *   file, or a part of one) has watermarks of its own.
   */
  fromSource<Row>(
    source: Source<Row>,
    watermarks?: Watermarks<ColumnOf<Row>, Row>,
    name?: string,
  ): SingleOutputStreamOperator<Row> {
    const transformation = this.add("source", source.operator, []);
    transformation.connector = source.connector;
    transformation.schema = source.schema;
    transformation.name = name;
    const stream = new SingleOutputStreamOperator<Row>(this, transformation);
    if (watermarks === undefined) return stream;
    const perSplit = source.connector.type === "file" ? { perSplit: true } : {};
    const assigned = stream.timed(watermarkOperator(watermarks, perSplit));
    // What is said of the two is said of the source, too.
    this.#transformations.at(-1)!.follows = undefined;
    transformation.follows = this.#transformations.at(-1);
    return assigned;
  }

  /** A row `line STRING` for each line of a file, or of the files of a folder. */
  readTextFile(path: string): SingleOutputStreamOperator<TextLine<false>> {
    return this.fromSource(textLines(files(path)));
  }
  /** A row `line STRING` for each line that a TCP server sends. */
  socketTextStream(host: string, port: number): SingleOutputStreamOperator<TextLine<false>> {
    return this.fromSource(textLines(socket(host, port)));
  }

  /** @internal Adds an operator: for the streams of this builder. */
  add(
    kind: "source" | "operator" | "sink",
    operator: OperatorHandle,
    inputs: readonly (readonly Upstream[])[],
  ): Transformation {
    const number = `-${this.#transformations.length + 1}`;
    const id = operator instanceof InlineOperator ? operator.name : operator.name + number;
    const transformation = new Transformation(id, kind, operator, inputs);
    this.#transformations.push(transformation);
    return transformation;
  }

  /** @internal Name and id of the next operator that is made from functions of the job file: for the builder. */
  inlineName(kind: string): string {
    return `${kind}-${this.#transformations.length + 1}`;
  }

  /** @internal Whether functions of the job file are among the operators that no bundle holds yet. */
  hasInline(others?: ReadonlySet<string>): boolean {
    return jobOf(this.#transformations, others).some(isUnbuilt);
  }

  /**
   * @internal Compiles the functions of the job file that are not compiled yet, each against the columns that
   * come to it, into one bundle; undefined: there are none. Comes before toJobSpec.
   * @throws MillraceError INLINE_*, and those of validateJob
   */
  async compileInline(
    compiler: InlineCompiler,
    others?: ReadonlySet<string>,
  ): Promise<InlineBundle | undefined> {
    const operators: InlineOperator[] = [];
    for (const transformation of jobOf(this.#transformations, others)) {
      if (!isUnbuilt(transformation)) continue;
      const { operator } = transformation;
      const [upstream] = transformation.inputs[0]!;
      operator.input = this.#schemaOf(upstream!);
      operator.inputKeys = upstream!.keys ?? [];
      operator.typed(compiler.outputOf(operator));
      operators.push(operator);
    }
    if (operators.length === 0) return undefined;
    const bundle = await compiler.build(operators);
    operators.forEach((operator, index) => {
      operator.built(bundle, bundle.operators[index]!);
    });
    return bundle;
  }

  /** @internal For DataStream, whose subclass it is. */
  iterative(head: Transformation): IterativeStream {
    return new IterativeStream(this, head);
  }
  /** @internal For DataStream, whose subclass it is. */
  keyed(upstreams: readonly Upstream[], keys: readonly string[]): KeyedStream {
    return new KeyedStream(this, upstreams, keys);
  }

  /** Columns of a stream all of whose operators are known. */
  #schemaOf({ from, output }: Upstream): Schema {
    const spec = this.#specOf("types", [...withUpstreams([from])]);
    // A side output is there for who reads it: something that takes rows of any kind.
    if (output !== "main") {
      const { name, parameters } = WatermarkStrategy.noWatermarks()
        .withIngestionTime()
        .toOperator();
      const operator = { bundle: "builtin" as const, name, parameters };
      spec.vertices.push({ id: READER, kind: "operator", operator });
      spec.edges!.push({ from: from.id, to: READER, output, partitioner: "rebalance" });
    }
    const graph = this.#checked(spec);
    const node = graph.nodes.find((one) => one.id === from.id);
    return node?.outputs.find((one) => one.name === output)?.schema ?? [];
  }

  /**
   * Writes the job spec and checks it as the JobManager will.
   * @throws MillraceError JOB_*, CONNECTOR_*, INLINE_NOT_COMPILED: what the JobManager would answer
   */
  toJobSpec(name: string): JobSpecInput {
    return this.toJobSpecWithout(name, new Set());
  }

  /** @internal toJobSpec() without these sinks, which are of other runs, and what leads to them alone. */
  toJobSpecWithout(name: string, others: ReadonlySet<string>): JobSpecInput {
    const transformations = jobOf(this.#transformations, others);
    const inline = transformations.find(isUnbuilt);
    if (inline !== undefined) {
      const message = "Cannot write job spec: functions of the job file are not compiled";
      throw new MillraceError("INLINE_NOT_COMPILED", message, {
        field: inline.id,
        expected:
          "a job function that returns nothing (`millrace run` compiles), or compileInline()",
      });
    }
    const spec = this.#specOf(name, transformations);
    this.#checked(spec);
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
    if (this.#stateBudgetBytes !== undefined) spec.stateBudgetBytes = this.#stateBudgetBytes;
    if (this.#bufferTimeoutMs !== undefined) spec.bufferTimeoutMs = this.#bufferTimeoutMs;
    if (this.#autoWatermarkIntervalMs !== undefined) {
      spec.autoWatermarkIntervalMs = this.#autoWatermarkIntervalMs;
    }
    if (this.#restartStrategy !== undefined) spec.restartStrategy = this.#restartStrategy;
    return spec;
  }

  #checked(spec: JobSpecInput): StreamGraph {
    try {
      return this.toStreamGraph(spec);
    } catch (error) {
      throw error instanceof MillraceError ? withVertexNames(error, spec) : error;
    }
  }

  /**
   * @internal The stream graph of a job spec that toJobSpec gave: what its streams hold.
   * @throws MillraceError of validateJob.
   */
  toStreamGraph(spec: JobSpecInput): StreamGraph {
    return validateJob(spec, (bundle) => this.#manifestOf(bundle));
  }

  /**
   * Runs the job and gives the rows of a stream (Flink: DataStream.executeAndCollect). An environment
   * that only describes its job cannot.
   * @throws MillraceError ENVIRONMENT_CANNOT_EXECUTE
   */
  executeAndCollect<Row>(_stream: DataStream<Row>, _options: ExecuteOptions = {}): AsyncRows<Row> {
    throw new MillraceError(
      "ENVIRONMENT_CANNOT_EXECUTE",
      "Cannot execute: this environment only describes its job",
      { expected: "an environment of createLocalEnvironment()" },
    );
  }

  /** @internal Files of the bundles that the job uses, by content hash, of those whose handles know them. */
  bundles(): Map<string, Uint8Array> {
    const files = new Map<string, Uint8Array>();
    for (const { bundle, bytes } of this.#handles()) {
      if (bytes !== undefined) files.set(bundle, bytes);
    }
    return files;
  }

  /** The operators of a bundle that the job uses. */
  #manifestOf(bundle: string) {
    const used = this.#handles().filter((handle) => handle.bundle === bundle);
    const operators = used.flatMap(({ description, processWindow }) =>
      processWindow === undefined ? [description] : [description, processWindow],
    );
    return { operators };
  }

  #handles(): OperatorHandle[] {
    return this.#transformations.flatMap((transformation) => [
      transformation.operator,
      ...transformation.inputs.flat().flatMap((stream) => stream.partitionerOperator ?? []),
    ]);
  }
}

/** Transformations and all that leads to them. */
function withUpstreams(ends: Iterable<Transformation>): Set<Transformation> {
  const needed = new Set(ends);
  // A set takes what is added while it is walked.
  for (const one of needed) for (const { from } of one.inputs.flat()) needed.add(from);
  return needed;
}

/**
 * What a run has, when sinks of other runs are in the environment: all but these and what leads to them alone. So a stream
 * that failed, or was refused, is nothing to the next run (Flink: an environment forgets what it has executed).
 */
function jobOf(
  all: readonly Transformation[],
  others: ReadonlySet<string> = new Set(),
): readonly Transformation[] {
  if (others.size === 0) return all;
  const foreign = withUpstreams(all.filter(({ id }) => others.has(id)));
  const needed = withUpstreams(all.filter((one) => !foreign.has(one)));
  return all.filter((one) => needed.has(one));
}

/** Made from functions of the job file, and in no bundle yet. */
function isUnbuilt(
  transformation: Transformation,
): transformation is Transformation & { readonly operator: InlineOperator } {
  const { operator } = transformation;
  return operator instanceof InlineOperator && operator.bundle === UNBUILT_BUNDLE;
}
