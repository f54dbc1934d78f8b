/**
 * The DataStream builder: Flink's DataStream, KeyedStream and WindowedStream, whose functions are
 * operators of WebAssembly bundles. It only describes; the environment writes the job spec.
 */
import type { Partitioner } from "../protocol/deployment.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { Schema } from "../protocol/types.ts";
import { DEAD_LETTER } from "./builtin-outputs.ts";
import { LATE } from "./builtin-windows.ts";
import { type DurationLike, durationMs } from "./duration.ts";
import {
  callPlace,
  type InlineFunction,
  type InlineKind,
  InlineOperator,
} from "./inline-operator.ts";
import { builtin, type OperatorHandle } from "./operator-handle.ts";
import type {
  AggregateFunctions,
  AggregateResult,
  KeyFields,
  RowType,
  WindowBounds,
} from "./row-type.ts";
import { schemaOf } from "./schema-match.ts";
import { blackholeSink, collectSink, printSink, type Sink } from "./sinks.ts";
import type { StreamExecutionEnvironment } from "./stream-environment.ts";
import type { Transformation, Upstream } from "./transformation.ts";
import { Aggregate, type WatermarkParameters, type WindowAssigner } from "./windows.ts";

/** Names a side output. */
export class OutputTag {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  /** Rows that failed, of an operator with `onRowError("dead-letter")`. */
  static readonly deadLetter = new OutputTag(DEAD_LETTER);
}

/** A stream of rows, or several that are united; `T` is a row as functions of the job file see it. */
export class DataStream<T = RowType> {
  protected readonly env: StreamExecutionEnvironment;
  protected readonly upstreams: readonly Upstream[];

  constructor(env: StreamExecutionEnvironment, upstreams: readonly Upstream[]) {
    this.env = env;
    this.upstreams = upstreams;
  }

  /** One row in, one row out: by an operator, or by a function of the job file. */
  map<R extends object>(operator: (row: T) => R): SingleOutputStreamOperator<R>;
  map(operator: OperatorHandle): SingleOutputStreamOperator;
  map(operator: OperatorHandle | InlineFunction): SingleOutputStreamOperator {
    return this.#transform(this.#inline("map", operator, this.map), ["map"]);
  }

  /** Keeps the rows for which the operator, or a function of the job file, says true. */
  filter(operator: OperatorHandle | ((row: T) => unknown)): SingleOutputStreamOperator<T> {
    return this.#transform(this.#inline("filter", operator, this.filter), ["filter"]);
  }

  /** One row in, any number out; a function of the job file gives an array of rows. */
  flatMap<R extends object>(operator: (row: T) => readonly R[]): SingleOutputStreamOperator<R>;
  flatMap(operator: OperatorHandle): SingleOutputStreamOperator;
  flatMap(operator: OperatorHandle | InlineFunction): SingleOutputStreamOperator {
    return this.#transform(this.#inline("flat_map", operator, this.flatMap), ["flat_map"]);
  }

  /** Any operator of one input: process functions, generic operators. */
  process(operator: OperatorHandle): SingleOutputStreamOperator {
    return this.#transform(operator, ["process", "generic", "map", "flat_map", "filter"]);
  }

  /** Columns under other names, in another order: new name to old name. */
  select(fields: Readonly<Record<string, string>>): SingleOutputStreamOperator {
    return this.#transform(builtin("select", { fields }), ["generic"]);
  }

  /** Event time from a field, and watermarks (see WatermarkStrategy). */
  assignTimestampsAndWatermarks(strategy: WatermarkParameters): SingleOutputStreamOperator<T> {
    return this.#transform(builtin("assign_timestamps", { ...strategy }), ["generic"]);
  }

  /**
   * Partitions by key: by fields of the rows, or by the fields that a KeySelector gives, which travel
   * behind the row's own. A function of the job file gives one value, the field `key`, or an object.
   */
  keyBy<K>(selector: (row: T) => K): KeyedStream<T & KeyFields<K>>;
  keyBy(
    ...keys: readonly (keyof T & string)[] | readonly [selector: OperatorHandle]
  ): KeyedStream<T>;
  keyBy(...keys: readonly (string | OperatorHandle | InlineFunction)[]): KeyedStream {
    const [first] = keys;
    if (typeof first === "function") {
      const operator = this.#inline("key_selector", first, this.keyBy) as InlineOperator;
      const { upstreams } = this.#transform(operator, ["key_selector"]);
      return new KeyedStream(this.env, upstreams, operator.keys);
    }
    if (typeof first !== "object")
      return new KeyedStream(this.env, this.upstreams, keys as readonly string[]);
    const keyed = this.#transform(first, ["key_selector"]);
    const schema = first.description.outputs[0]?.schema;
    const fields = Array.isArray(schema) ? schema.map((field) => field.name) : [];
    return new KeyedStream(this.env, keyed.upstreams, fields);
  }

  /** This stream and others of equal schema as one. */
  union(...others: readonly DataStream<T>[]): DataStream<T> {
    return new DataStream(this.env, [
      ...this.upstreams,
      ...others.flatMap((other) => other.upstreams),
    ]);
  }

  /** Subtask i to subtask i; both ends have the same parallelism. */
  forward(): DataStream<T> {
    return this.#partitioned("forward");
  }
  /** Round robin over all subtasks. */
  rebalance(): DataStream<T> {
    return this.#partitioned("rebalance");
  }
  /** Round robin over the nearest subtasks. */
  rescale(): DataStream<T> {
    return this.#partitioned("rescale");
  }
  /** At random. */
  shuffle(): DataStream<T> {
    return this.#partitioned("shuffle");
  }
  /** Every row to every subtask. */
  broadcast(): DataStream<T> {
    return this.#partitioned("broadcast");
  }
  /** All rows to the first subtask. */
  global(): DataStream<T> {
    return this.#partitioned("global");
  }
  /** By an operator made from a PartitionFunction. */
  partitionCustom(operator: OperatorHandle): DataStream<T> {
    checkKind(operator, ["exchange"]);
    return this.#partitioned("custom", operator);
  }

  sinkTo(sink: Sink): DataStreamSink {
    const transformation = this.env.add("sink", sink.format, [this.upstreams]);
    transformation.connector = sink.connector;
    return new DataStreamSink(transformation);
  }
  /** Rows as JSON on the workers' standard output. */
  print(identifier?: string): DataStreamSink {
    return this.sinkTo(printSink(undefined, identifier));
  }
  /** Rows as JSON to the client that watches the job. */
  collect(): DataStreamSink {
    return this.sinkTo(collectSink());
  }
  discard(): DataStreamSink {
    return this.sinkTo(blackholeSink());
  }

  #partitioned(partitioner: Partitioner, operator?: OperatorHandle): DataStream<T> {
    const upstreams = this.upstreams.map(({ from, output }): Upstream => {
      const stream = { from, output, partitioner };
      return operator === undefined ? stream : { ...stream, partitionerOperator: operator };
    });
    return new DataStream(this.env, upstreams);
  }

  #transform<R>(operator: OperatorHandle, kinds: readonly string[]): SingleOutputStreamOperator<R> {
    checkKind(operator, kinds);
    const transformation = this.env.add("operator", operator, [this.upstreams]);
    return new SingleOutputStreamOperator(this.env, transformation);
  }

  #inline(
    kind: InlineKind,
    operator: OperatorHandle | InlineFunction,
    method: InlineFunction,
  ): OperatorHandle {
    if (typeof operator !== "function") return operator;
    const name = this.env.inlineName(kind);
    return new InlineOperator(kind, name, { fn: operator }, callPlace(method));
  }
}

function checkKind(operator: OperatorHandle, kinds: readonly string[]): void {
  const { kind } = operator.description;
  if (kinds.includes(kind)) return;
  const message = `Cannot use operator ${operator.name} here: it is of kind ${kind}`;
  const detail = { field: "operator", value: kind, expected: kinds.join(", ") };
  throw new MillraceError("JOB_OPERATOR_KIND", message, detail);
}

/** What an operator puts out; its settings are made here. */
export class SingleOutputStreamOperator<T = RowType> extends DataStream<T> {
  readonly #transformation: Transformation;
  readonly #tags: ReadonlyMap<string, string>;

  /** @param tags Side outputs that go by another name in the module. */
  constructor(
    env: StreamExecutionEnvironment,
    transformation: Transformation,
    tags: ReadonlyMap<string, string> = new Map(),
  ) {
    super(env, [{ from: transformation, output: "main" }]);
    this.#transformation = transformation;
    this.#tags = tags;
  }

  /** Rows of a side output. */
  getSideOutput(tag: OutputTag): DataStream {
    const output = this.#tags.get(tag.id) ?? tag.id;
    return new DataStream(this.env, [{ from: this.#transformation, output }]);
  }

  /**
   * Declares the columns that a function of the job file gives: `{ n: "INT NOT NULL" }`. A value that
   * does not fit fails its row.
   */
  returns(columns: Schema | Readonly<Record<string, string>>): this {
    const { operator } = this.#transformation;
    if (operator instanceof InlineOperator) {
      operator.returns = isSchema(columns) ? columns : schemaOf(columns);
      return this;
    }
    const message = `Cannot declare what ${operator.name} returns: it is no function of the job file`;
    throw new MillraceError("INLINE_RETURN_TYPE", message, {
      field: "returns",
      value: operator.name,
      expected: "map, flatMap or aggregate with a function",
    });
  }

  /** Identity across versions of the job: state is found by it. */
  uid(uid: string): this {
    this.#transformation.uid = uid;
    return this;
  }
  name(name: string): this {
    this.#transformation.name = name;
    return this;
  }
  setParallelism(parallelism: number): this {
    this.#transformation.parallelism = parallelism;
    return this;
  }
  /** Upper bound of the parallelism for ever: the number of key groups. */
  setMaxParallelism(maxParallelism: number): this {
    this.#transformation.maxParallelism = maxParallelism;
    return this;
  }
  /** Operators of different groups never share a slot. */
  slotSharingGroup(group: string): this {
    this.#transformation.slotSharingGroup = group;
    return this;
  }
  /** Not chained to what comes before it. */
  startNewChain(): this {
    this.#transformation.chaining = "head";
    return this;
  }
  /** Chained neither to what comes before nor to what comes after. */
  disableChaining(): this {
    this.#transformation.chaining = "never";
    return this;
  }
  /** What becomes of rows that fail; `dead-letter` sends them to OutputTag.deadLetter. */
  onRowError(choice: "fail" | "drop" | "dead-letter"): this {
    this.#transformation.onRowError = choice;
    return this;
  }
}

const isSchema = (columns: Schema | Readonly<Record<string, string>>): columns is Schema =>
  Array.isArray(columns);

/** A stream that is partitioned by key. */
export class KeyedStream<T = RowType> extends DataStream<T> {
  constructor(
    env: StreamExecutionEnvironment,
    upstreams: readonly Upstream[],
    keys: readonly string[],
  ) {
    const keyed = upstreams.map(
      ({ from, output }): Upstream => ({ from, output, partitioner: "key_by", keys }),
    );
    super(env, keyed);
  }

  window(assigner: WindowAssigner): WindowedStream<T> {
    return new WindowedStream(this.env, this.upstreams, assigner);
  }
}

/** Windows of a keyed stream. */
export class WindowedStream<T = RowType> {
  readonly #env: StreamExecutionEnvironment;
  readonly #upstreams: readonly Upstream[];
  readonly #assigner: WindowAssigner;
  #latenessMs = 0;
  readonly #tags = new Map<string, string>();

  constructor(
    env: StreamExecutionEnvironment,
    upstreams: readonly Upstream[],
    assigner: WindowAssigner,
  ) {
    this.#env = env;
    this.#upstreams = upstreams;
    this.#assigner = assigner;
  }

  /** How long behind the watermark a window still takes rows (and fires again for each). */
  allowedLateness(lateness: DurationLike): this {
    this.#latenessMs = durationMs(lateness, "allowed lateness");
    return this;
  }

  /** Rows that come too late go to this side output instead of vanishing. */
  sideOutputLateData(tag: OutputTag): this {
    this.#tags.set(tag.id, LATE);
    return this;
  }

  /**
   * Aggregates each key's window: by one AggregateFunction, by functions of the job file, or by
   * built-in aggregates. The result is the key's fields, then the aggregate's, then window_start and
   * window_end.
   */
  aggregate<A extends object, R extends object>(
    functions: AggregateFunctions<T, A, R>,
  ): SingleOutputStreamOperator<AggregateResult<T, R>>;
  aggregate(
    ...aggregates: readonly [OperatorHandle] | readonly [Aggregate, ...Aggregate[]]
  ): SingleOutputStreamOperator;
  aggregate(
    ...aggregates:
      | readonly [OperatorHandle]
      | readonly [Aggregate, ...Aggregate[]]
      | readonly [AggregateFunctions<T, object, object>]
  ): SingleOutputStreamOperator {
    const [first] = aggregates;
    if (first instanceof Aggregate) {
      const specs = (aggregates as readonly Aggregate[]).map((aggregate) => aggregate.spec);
      return this.#operator(builtin("window_aggregate", { ...this.#window(), aggregates: specs }));
    }
    if ("add" in first) {
      const functions = { ...first } as unknown as Readonly<Record<string, InlineFunction>>;
      return this.#inline("aggregate", functions, this.aggregate);
    }
    checkKind(first, ["aggregate"]);
    return this.#operator({ ...first, parameters: { ...first.parameters, ...this.#window() } });
  }

  /**
   * Reduces each key's window to one row: the key's fields, what the function gives, window_start and
   * window_end. A window of one row is that row.
   */
  reduce(fn: (reduced: T, row: T) => Partial<T>): SingleOutputStreamOperator<T & WindowBounds> {
    return this.#inline("reduce", { fn }, this.reduce);
  }

  #window() {
    return { ...this.#assigner, lateness: this.#latenessMs };
  }

  #inline<R>(
    kind: InlineKind,
    functions: Readonly<Record<string, InlineFunction>>,
    method: InlineFunction,
  ): SingleOutputStreamOperator<R> {
    const name = this.#env.inlineName(kind);
    const place = callPlace(method);
    return this.#operator(new InlineOperator(kind, name, functions, place, this.#window()));
  }

  #operator<R>(operator: OperatorHandle): SingleOutputStreamOperator<R> {
    const transformation = this.#env.add("operator", operator, [this.#upstreams]);
    return new SingleOutputStreamOperator(this.#env, transformation, this.#tags);
  }
}

/** The end of a stream. */
export class DataStreamSink {
  readonly #transformation: Transformation;

  constructor(transformation: Transformation) {
    this.#transformation = transformation;
  }

  uid(uid: string): this {
    this.#transformation.uid = uid;
    return this;
  }
  name(name: string): this {
    this.#transformation.name = name;
    return this;
  }
  setParallelism(parallelism: number): this {
    this.#transformation.parallelism = parallelism;
    return this;
  }
  slotSharingGroup(group: string): this {
    this.#transformation.slotSharingGroup = group;
    return this;
  }
  disableChaining(): this {
    this.#transformation.chaining = "never";
    return this;
  }
}
