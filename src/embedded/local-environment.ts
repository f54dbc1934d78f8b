/**
 * An environment that runs its jobs in this process (Flink: LocalStreamEnvironment), with sources
 * from and results to the application.
 */
import { readFile } from "node:fs/promises";
import { compileFunctions } from "../cli/inline-functions.ts";
import { type DataStream, SingleOutputStreamOperator } from "../plan/data-stream.ts";
import type { JobSpecInput } from "../plan/job-spec.ts";
import { Bundle, builtin } from "../plan/operator-handle.ts";
import type { Columns, RowOfColumns } from "../plan/row-type.ts";
import { schemaOf } from "../plan/schema-match.ts";
import {
  type AsyncRows,
  type ExecuteOptions,
  StreamExecutionEnvironment,
} from "../plan/stream-environment.ts";
import type { Transformation } from "../plan/transformation.ts";
import { inspectBundle } from "../protocol/bundle/inspect.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { Schema } from "../protocol/types.ts";
import type { CollectionInput } from "./collection-feeder.ts";
import { JobRun } from "./job-run.ts";
import { MiniCluster, type MiniClusterOptions } from "./mini-cluster.ts";
import { checkJsonColumns, RowLineReader } from "./row-json.ts";

/** Where the jobs of an environment run. */
export interface LocalEnvironmentOptions
  extends Pick<MiniClusterOptions, "print" | "log" | "httpEndpoints"> {
  /** A cluster that is shared with others; default: one of its own, from the first job to close(). */
  readonly cluster?: MiniCluster;
  /** Parallelism of operators that do not state theirs. Default 1. */
  readonly parallelism?: number;
}

const DEFAULT_NAME = "local job";

/** A job that runs on its own (Flink: JobClient). */
export type JobClient = Pick<JobRun, "id" | "cancel" | "end">;

/**
 * An environment for jobs in this process.
 *
 *     const env = createLocalEnvironment();
 *     const readings = env.fromAsyncIterable(sensor(), { device: "STRING NOT NULL", celsius: "DOUBLE" });
 *     for await (const row of readings.executeAndCollect()) console.log(row.device, row.celsius);
 *     await env.close();
 */
export function createLocalEnvironment(
  options: LocalEnvironmentOptions = {},
): LocalStreamEnvironment {
  return new LocalStreamEnvironment(options);
}

/**
 * Jobs of this process (Flink: LocalStreamEnvironment): see createLocalEnvironment.
 *
 *     const env = createLocalEnvironment({ parallelism: 2 });
 *     const split = await env.bundle(new URL("words.wasm", import.meta.url));
 *     const novel = env.fromCollection([{ line: "Call me Ishmael." }], { line: "STRING NOT NULL" });
 *     novel.flatMap(split.operator("SplitWords")).print();
 *     await env.execute("words");
 *     novel.print();
 *     const job = await env.executeAsync();
 *     await job.cancel();
 *     await env.close();
 *
 * @throws FILE_NOT_FOUND, BUNDLE_* for a bundle; execute() and the like: what toJobSpec() says, ROW_INVALID, ROW_FIELD_UNKNOWN, ROW_VALUE_INVALID for given rows, the job's failure
 */
export class LocalStreamEnvironment extends StreamExecutionEnvironment {
  readonly #options: LocalEnvironmentOptions;
  readonly #bundles = new Map<string, Uint8Array>();
  /** By id of the source. */
  readonly #collections = new Map<string, CollectionInput>();
  /** Sinks of executeAndCollect: each belongs to one run only. */
  readonly #collectSinks = new Set<string>();
  #newest: Transformation | undefined;
  #cluster: Promise<MiniCluster> | undefined;

  /** @internal `createLocalEnvironment()` makes it. */
  constructor(options: LocalEnvironmentOptions = {}) {
    super();
    this.#options = options;
    if (options.parallelism !== undefined) this.setParallelism(options.parallelism);
  }

  /** Rows of an array, or of what else can be read again. Not parallel, as in Flink. */
  fromCollection<const C extends Columns>(
    rows: Iterable<object>,
    columns: C,
  ): SingleOutputStreamOperator<RowOfColumns<C>> {
    return this.#fromRows(rows, columns, "Collection Source");
  }

  /**
   * Rows as an AsyncIterable gives them: it is asked for the next ones only while the job takes them.
   * When the job ends early its `return` is called, as when a loop is left.
   */
  fromAsyncIterable<const C extends Columns>(
    rows: AsyncIterable<object>,
    columns: C,
  ): SingleOutputStreamOperator<RowOfColumns<C>> {
    return this.#fromRows(rows, columns, "AsyncIterable Source");
  }

  /**
   * A bundle of operators: a file, or its bytes.
   * @throws MillraceError FILE_NOT_FOUND, BUNDLE_*
   */
  async bundle(source: string | URL | Uint8Array): Promise<Bundle> {
    const bytes = source instanceof Uint8Array ? source : await readBundle(source);
    const { hash, manifest } = inspectBundle(bytes);
    this.#bundles.set(hash, bytes);
    return new Bundle(hash, manifest);
  }

  /**
   * Runs the job and gives the rows of a stream as they come. Not asking for the next row holds the
   * job back; leaving the loop, or the signal, cancels it.
   * @throws MillraceError of the validation, the job's failure, JOB_CANCELED; the signal's reason
   */
  override async *executeAndCollect<Row>(
    stream: DataStream<Row>,
    options: ExecuteOptions = {},
  ): AsyncRows<Row> {
    stream.collect();
    const sink = this.#newest!.id;
    const others = new Set(this.#collectSinks);
    this.#collectSinks.add(sink);
    await compileFunctions(this, undefined, others);
    const spec = this.toJobSpecWithout(options.name ?? DEFAULT_NAME, others);
    const node = this.toStreamGraph(spec).nodes.find((other) => other.id === sink)!;
    const reader = new RowLineReader(node.inputs[0]!.schema);
    const run = await this.#submit(spec, options.signal);
    for await (const item of run.lines()) {
      if (item.sink === sink) yield* reader.rows(item.lines) as Iterable<Row>;
    }
  }

  /**
   * Runs the job to its end.
   * @throws MillraceError as executeAndCollect
   */
  async execute(name?: string, options: Pick<ExecuteOptions, "signal"> = {}): Promise<void> {
    const job = await this.executeAsync(name, options);
    await job.end();
  }

  /** Starts the job; `end()` has to be awaited, it tells the failure. */
  async executeAsync(
    name?: string,
    options: Pick<ExecuteOptions, "signal"> = {},
  ): Promise<JobClient> {
    const others = new Set(this.#collectSinks);
    await compileFunctions(this, undefined, others);
    const spec = this.toJobSpecWithout(name ?? DEFAULT_NAME, others);
    return this.#submit(spec, options.signal);
  }

  /** Ends the environment's own cluster and what runs there; a shared one is left alone. */
  async close(): Promise<void> {
    const cluster = this.#cluster;
    this.#cluster = undefined;
    await (await cluster)?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  override add(...operator: Parameters<StreamExecutionEnvironment["add"]>): Transformation {
    this.#newest = super.add(...operator);
    return this.#newest;
  }

  async #submit(spec: JobSpecInput, signal: AbortSignal | undefined): Promise<JobRun> {
    const cluster = this.#options.cluster ?? (await this.#ownCluster());
    // Those that were opened here, and those that typed handles bring.
    const bundles = new Map([...this.#bundles, ...this.bundles()]);
    return JobRun.submit(cluster, { spec, bundles, collections: this.#collections, signal });
  }

  #ownCluster(): Promise<MiniCluster> {
    this.#cluster ??= MiniCluster.start({ ...this.#options, slots: 1 });
    return this.#cluster;
  }

  #fromRows<C extends Columns>(
    rows: CollectionInput["rows"],
    columns: C,
    name: string,
  ): SingleOutputStreamOperator<RowOfColumns<C>> {
    const schema = Array.isArray(columns)
      ? (columns as Schema)
      : schemaOf(columns as Record<string, string>);
    checkJsonColumns(schema);
    const source = this.add("source", builtin("json_lines"), []);
    source.connector = { type: "collection", id: source.id };
    source.schema = schema;
    source.name = name;
    source.parallelism = 1;
    this.#collections.set(source.id, { schema, rows });
    return new SingleOutputStreamOperator(this, source);
  }
}

async function readBundle(path: string | URL): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new MillraceError("FILE_NOT_FOUND", `Cannot read bundle: ${path} is not there`, {
      field: "path",
      value: String(path),
      expected: "a bundle (.wasm) that `millrace build` has written",
      cause,
    });
  }
}
