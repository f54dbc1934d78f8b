/** The DataStream builder (Flink: DataStream): it only describes a job. Keyed streams: keyed-stream.ts. */
import type { Partitioner } from "../protocol/deployment.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { Schema } from "../protocol/types.ts";
import {
  BroadcastConnectedStream,
  type BroadcastKind,
  type Connected,
  ConnectedStreams,
} from "./connected-streams.ts";
import { DataStreamSink } from "./data-stream-sink.ts";
import {
  callPlace,
  type InlineFunction,
  type InlineKind,
  InlineOperator,
  keyFields,
} from "./inline-operator.ts";
import { FEEDBACK_INPUT, ITERATION_HEAD } from "./iteration.ts";
import type { IterativeStream } from "./iterative-stream.ts";
import { type CoGroupedStreams, JoinedStreams, type StreamKey } from "./joined-streams.ts";
import type { KeyedStream } from "./keyed-stream.ts";
import {
  builtin,
  checkKind,
  type OperatorHandle,
  type OperatorKind,
  type ProcessKind,
} from "./operator-handle.ts";
import type { OutputTag } from "./output-tag.ts";
import type { AnyRow, ColumnOf, Columns, KeyOf, RowOfColumns, WithColumns } from "./row-type.ts";
import { schemaOf } from "./schema-match.ts";
import { blackholeSink, collectSink, printSink, type Sink } from "./sinks.ts";
import type {
  AsyncRows,
  ExecuteOptions,
  StreamExecutionEnvironment,
} from "./stream-environment.ts";
import type { Transformation, Upstream } from "./transformation.ts";
import { type Watermarks, watermarkOperator } from "./watermark-strategy.ts";
import {
  type GlobalWindowAssigner,
  GlobalWindows,
  type WindowAssigner,
} from "./window-assigners.ts";
import { countWindows, WindowedStream } from "./windowed-stream.ts";

/**
 * A stream of rows, or several that are united (Flink: DataStream). `Row` is what an editor knows of the
 * columns; where operators carry no types it is anything, and the planner alone checks. Methods describe the
 * job; they read nothing.
 *
 *     const long = lines
 *       .filter((row) => row.line.length > 80)
 *       .map((row) => ({ line: row.line, length: row.line.length }));
 *     long.select({ text: "line" }).union(lines.select({ text: "line" })).print();
 *     lines.process(words.operator("Route")).getSideOutput(new OutputTag("late")).discard();
 *     lines.connect(rules.broadcast()).process(words.operator("Alarm")).collect();
 *     lines.windowAll(assigner).aggregate(count());
 *     lines.countWindowAll(100).aggregate(count());
 *     // How rows go to the next operator's subtasks:
 *     lines.rebalance().map(words.operator("ToUpper"));
 *     lines.rescale().map(words.operator("ToUpper"));
 *     lines.shuffle().map(words.operator("ToUpper"));
 *     lines.forward().map(words.operator("ToUpper"));
 *     lines.global().map(words.operator("ToUpper"));
 *     lines.partitionCustom(words.operator("ByRegion")).map(words.operator("ToUpper"));
 *
 * @throws JOB_OPERATOR_KIND where a method takes operators of another kind; what else is wrong toJobSpec() tells: JOB_*, INLINE_* with the vertex and the field
 */
export class DataStream<Row = AnyRow> {
  protected readonly env: StreamExecutionEnvironment;
  protected readonly upstreams: readonly Upstream[];

  /** @internal Made by the methods of a stream. */
  constructor(env: StreamExecutionEnvironment, upstreams: readonly Upstream[]) {
    this.env = env;
    this.upstreams = upstreams;
  }

  /** One row in, one row out: by a function of the job file, or by an operator. */
  map<Out extends object>(fn: (row: Row) => Out): SingleOutputStreamOperator<Out>;
  map<Out>(operator: OperatorHandle<Row, Out, "map">): SingleOutputStreamOperator<Out>;
  map(operator: OperatorHandle | InlineFunction): SingleOutputStreamOperator {
    return this.transform(this.operatorOf("map", operator, this.map), ["map"]);
  }

  /** Keeps the rows for which a function of the job file, or the operator, says true. */
  filter(fn: (row: Row) => unknown): SingleOutputStreamOperator<Row>;
  filter(operator: OperatorHandle<Row, AnyRow, "filter">): SingleOutputStreamOperator<Row>;
  filter(operator: OperatorHandle | InlineFunction): SingleOutputStreamOperator<Row> {
    return this.transform<Row>(this.operatorOf("filter", operator, this.filter), ["filter"]);
  }

  /** One row in, any number out; a function of the job file gives an array of rows. */
  flatMap<Out extends object>(fn: (row: Row) => readonly Out[]): SingleOutputStreamOperator<Out>;
  flatMap<Out>(operator: OperatorHandle<Row, Out, "flat_map">): SingleOutputStreamOperator<Out>;
  flatMap(operator: OperatorHandle | InlineFunction): SingleOutputStreamOperator {
    return this.transform(this.operatorOf("flat_map", operator, this.flatMap), ["flat_map"]);
  }

  /** Any operator of one input: process functions, generic operators. */
  process<Out>(operator: OperatorHandle<Row, Out, ProcessKind>): SingleOutputStreamOperator<Out> {
    return this.transform(operator, ["process", "generic", "map", "flat_map", "filter"]);
  }

  /** Columns under other names, in another order: new name to old name. */
  select<const Names extends Readonly<Record<string, ColumnOf<Row>>>>(
    fields: Names,
  ): SingleOutputStreamOperator<{ readonly [N in keyof Names]: Row[Names[N]] }> {
    return this.transform(builtin("select", { fields }), ["generic"]);
  }

  /**
   * Event time and watermarks: by a WatermarkStrategy, or by a bundle's; as parallel as its input.
   * Watermarks and idleness that come in end here, but for the end of event time.
   *
   *     const times = WatermarkStrategy.forMonotonousTimestamps().withTimestampField("at");
   *     lines.assignTimestampsAndWatermarks(times).keyBy("word").sum("n");
   */
  assignTimestampsAndWatermarks(
    strategy: Watermarks<ColumnOf<Row>, Row>,
  ): SingleOutputStreamOperator<Row> {
    return this.timed(watermarkOperator(strategy));
  }

  /** @internal For fromSource, too. */
  timed(operator: OperatorHandle): SingleOutputStreamOperator<Row> {
    return this.transform<Row>(operator, ["generic", "watermark_strategy"], true);
  }

  /**
   * Partitions by key: by fields of the rows, or by the fields that a KeySelector gives, which travel
   * behind the row's own. A function of the job file gives one value, the field `key`, or an object.
   */
  keyBy<Key>(
    fn: (row: Row) => Key,
  ): KeyedStream<WithColumns<Row, KeyOf<Key>>, ColumnOf<KeyOf<Key>>>;
  keyBy<Key>(
    selector: OperatorHandle<Row, Key, "key_selector">,
  ): KeyedStream<WithColumns<Row, Key>, ColumnOf<Key>>;
  // Last, because an editor explains the last overload: the columns there are.
  keyBy<Key extends ColumnOf<Row>>(...keys: readonly Key[]): KeyedStream<Row, Key>;
  keyBy(...keys: readonly (string | OperatorHandle | InlineFunction)[]): KeyedStream {
    const [first] = keys;
    if (typeof first !== "object" && typeof first !== "function") {
      return this.#byFields(keys as readonly string[]);
    }
    return this.#bySelector(first, this.keyBy);
  }

  #byFields(keys: readonly string[]): KeyedStream {
    return this.env.keyed(this.upstreams, keys);
  }

  #bySelector(given: OperatorHandle | InlineFunction, method: InlineFunction): KeyedStream {
    const selectors: OperatorHandle[] = [];
    // Beside its input, as Flink's runs in it: rows of a key must not overtake each other before.
    const keyed = this.upstreams.flatMap((upstream) => {
      const stream = new DataStream(this.env, [upstream]);
      const selector = this.operatorOf("key_selector", given, method);
      selectors.push(selector);
      return stream.transform(selector, ["key_selector"], true).upstreams;
    });
    return this.env.keyed(keyed, keyFields(selectors[0]!));
  }

  /** This stream and others of equal schema as one. */
  union(...others: readonly DataStream<Row>[]): DataStream<Row> {
    return new DataStream(this.env, [
      ...this.upstreams,
      ...others.flatMap((other) => other.upstreams),
    ]);
  }

  /** This stream and another, of any columns, for one operator of two inputs. */
  connect<Other>(
    other: BroadcastStream<Other>,
  ): BroadcastConnectedStream<Row, Other, AnyRow, BroadcastKind>;
  connect<Other>(other: DataStream<Other>): ConnectedStreams<Row, Other>;
  connect(other: DataStream): Connected {
    if (other instanceof BroadcastStream) return new BroadcastConnectedStream(this, other);
    return new ConnectedStreams(this, other);
  }

  /** @internal Both streams into one operator: for ConnectedStreams and joins. */
  joined(
    second: DataStream,
    operator: OperatorHandle,
    kinds: readonly OperatorKind[] = ["process"],
    tags?: ReadonlyMap<string, string>,
  ): SingleOutputStreamOperator {
    checkKind(operator, kinds);
    const transformation = this.env.add("operator", operator, [this.upstreams, second.upstreams]);
    return new SingleOutputStreamOperator(this.env, transformation, tags);
  }

  /**
   * Pairs of rows of two streams with equal keys in the same window (Flink: DataStream.join).
   *
   *     clicks.join(orders).where("user").equalTo("buyer").window(assigner).apply(match);
   */
  join<Other>(other: DataStream<Other>): JoinedStreams<Row, Other> {
    return new JoinedStreams<Row, Other>(this, other, "join");
  }

  /**
   * All rows of two streams with equal keys in the same window, if only one has any, too (Flink: DataStream.coGroup).
   *
   *     clicks.coGroup(orders).where("user").equalTo("buyer").window(assigner).apply(match);
   */
  coGroup<Other>(other: DataStream<Other>): CoGroupedStreams<Row, Other> {
    return new JoinedStreams<Row, Other, "co_group">(this, other, "co_group");
  }

  /** A stream into which some of its own results are fed back (Flink: DataStream.iterate): see IterativeStream. */
  iterate(): IterativeStream<Row> {
    const head = this.env.add("operator", builtin(ITERATION_HEAD), [this.upstreams, []]);
    head.parallelism = 1;
    return this.env.iterative(head);
  }

  /** @internal Leads this stream back to the head of an iteration. */
  feedBack({ inputs }: Transformation): void {
    (inputs[FEEDBACK_INPUT] as Upstream[]).push(...this.upstreams);
  }

  /** @internal As keyBy; for methods that take a key of each of two streams. @param method What was called. */
  keyedBy(key: StreamKey<AnyRow, AnyRow>, method: InlineFunction): KeyedStream {
    if (typeof key === "string") return this.#byFields([key]);
    if (Array.isArray(key)) return this.#byFields(key as readonly string[]);
    return this.#bySelector(key as OperatorHandle | InlineFunction, method);
  }
  /** @internal Rows wait for answers from outside: for AsyncDataStream. */
  asyncWait<Out>(operator: OperatorHandle<Row, Out>): SingleOutputStreamOperator<Out> {
    return this.transform<Out>(operator, ["async"]);
  }
  /** Subtask i to subtask i; both ends have the same parallelism. */
  forward(): DataStream<Row> {
    return this.#partitioned("forward");
  }
  /** Round robin over all subtasks. */
  rebalance(): DataStream<Row> {
    return this.#partitioned("rebalance");
  }
  /** Round robin over the nearest subtasks. */
  rescale(): DataStream<Row> {
    return this.#partitioned("rescale");
  }
  /** At random. */
  shuffle(): DataStream<Row> {
    return this.#partitioned("shuffle");
  }
  /** Every row to every subtask: also what `keyed.connect(rules.broadcast())` takes. */
  broadcast(): BroadcastStream<Row> {
    return new BroadcastStream(this.env, this.#partitioned("broadcast").upstreams);
  }
  /** All rows to the first subtask. */
  global(): DataStream<Row> {
    return this.#partitioned("global");
  }
  /** By an operator made from a PartitionFunction. */
  partitionCustom(operator: OperatorHandle<Row, AnyRow, "exchange">): DataStream<Row> {
    checkKind(operator, ["exchange"]);
    return this.#partitioned("custom", operator);
  }

  /** One set of windows for the whole stream, in one task; the results have no key. */
  windowAll(assigner: GlobalWindowAssigner): WindowedStream<Row, never, unknown>;
  windowAll(assigner: WindowAssigner): WindowedStream<Row, never>;
  windowAll(assigner: WindowAssigner): WindowedStream<Row, never, AnyRow> {
    return new WindowedStream(this.env, this.global().upstreams, assigner, true);
  }
  /** Windows of `size` rows of the whole stream; with a slide: of the last `size` rows, every `slide` rows. */
  countWindowAll(size: number, slide?: number): WindowedStream<Row, never, unknown> {
    return countWindows(this.windowAll(GlobalWindows.create()), size, slide);
  }

  /** Ends the stream in a sink: `sinkTo(filesSink("/var/out"))`. A stream may have several. */
  sinkTo(sink: Sink<Row>): DataStreamSink {
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
  /** Rows vanish: for measuring. */
  discard(): DataStreamSink {
    return this.sinkTo(blackholeSink());
  }
  /** Runs the job in this process and gives the rows of this stream: see createLocalEnvironment. */
  executeAndCollect(options?: ExecuteOptions): AsyncRows<Row> {
    return this.env.executeAndCollect(this, options);
  }

  #partitioned(partitioner: Partitioner, operator?: OperatorHandle): DataStream<Row> {
    const upstreams = this.upstreams.map(({ from, output }): Upstream => {
      const stream = { from, output, partitioner };
      return operator === undefined ? stream : { ...stream, partitionerOperator: operator };
    });
    return new DataStream(this.env, upstreams);
  }

  protected transform<Out>(
    operator: OperatorHandle<Row, Out>,
    kinds: readonly OperatorKind[],
    besideInput = false,
  ): SingleOutputStreamOperator<Out> {
    checkKind(operator, kinds);
    const transformation = this.env.add("operator", operator, [this.upstreams]);
    const [input, ...others] = this.upstreams;
    const direct = others.length === 0 && input?.partitioner === undefined;
    if (besideInput && direct) transformation.follows = input?.from;
    return new SingleOutputStreamOperator<Out>(this.env, transformation);
  }

  /** What a method was given, as an operator. */
  protected operatorOf(
    kind: InlineKind,
    given: OperatorHandle | InlineFunction,
    method: InlineFunction,
  ): OperatorHandle {
    if (typeof given !== "function") return given;
    return new InlineOperator(kind, this.env.inlineName(kind), { fn: given }, callPlace(method));
  }
}

/**
 * What an operator puts out; its settings are made here (Flink: SingleOutputStreamOperator).
 *
 *     lines
 *       .map((row) => ({ line: row.line.trim() }))
 *       .returns({ line: "STRING NOT NULL" })
 *       .name("trim")
 *       .uid("trim-1")
 *       .setParallelism(2)
 *       .setMaxParallelism(128)
 *       .slotSharingGroup("parsing")
 *       .startNewChain()
 *       .onRowError("dead-letter")
 *       .getSideOutput(OutputTag.deadLetter)
 *       .sinkTo(filesSink("/var/failed"));
 *     lines.flatMap(words.operator("SplitWords")).disableChaining();
 *
 * @throws JOB_DUPLICATE_UID, JOB_PARALLELISM_ABOVE_MAX, JOB_SPEC_INVALID by toJobSpec()
 */
export class SingleOutputStreamOperator<Row = AnyRow> extends DataStream<Row> {
  readonly #transformation: Transformation;
  readonly #tags: ReadonlyMap<string, string>;

  /** @internal @param tags Side outputs that go by another name in the module. */
  constructor(
    env: StreamExecutionEnvironment,
    transformation: Transformation,
    tags: ReadonlyMap<string, string> = new Map(),
  ) {
    super(env, [{ from: transformation, output: "main" }]);
    this.#transformation = transformation;
    this.#tags = tags;
  }

  /** Rows of a side output. That there is one of that name is checked with the job (JOB_UNKNOWN_OUTPUT). */
  getSideOutput<Side>(tag: OutputTag<Side>): DataStream<Side> {
    const output = this.#tags.get(tag.id) ?? tag.id;
    return new DataStream(this.env, [{ from: this.#transformation, output }]);
  }

  /**
   * Declares the columns that a function of the job file gives: `{ n: "INT NOT NULL" }`. A value that
   * does not fit fails its row.
   * @throws MillraceError INLINE_RETURN_TYPE, TYPE_INVALID
   */
  returns<const C extends Columns>(
    columns: C,
  ): SingleOutputStreamOperator<WithColumns<Row, RowOfColumns<C>>> {
    const { operator } = this.#transformation;
    if (operator instanceof InlineOperator) {
      operator.returns = isSchema(columns) ? columns : schemaOf(columns);
      return this as SingleOutputStreamOperator<AnyRow>;
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
  /** Name in logs, metrics and pictures; default: the operator's. */
  name(name: string): this {
    this.#transformation.name = name;
    return this;
  }
  /** Number of subtasks, from 1; default: the environment's. */
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
  /**
   * Most bytes of state that a subtask may hold, keyed and not, timers and windows included; a task that passes it fails with
   * STATE_BUDGET_EXCEEDED. Default: the environment's.
   *
   *     keyed.process(words.operator("CountWords")).setStateBudget(64 * 1024 * 1024);
   */
  setStateBudget(bytes: number): this {
    this.#transformation.stateBudgetBytes = bytes;
    return this;
  }
  /**
   * What becomes of rows that fail: refused by `failRow()`, or because the operator's code threw or trapped at them. `fail`
   * (default) fails the task. `drop` counts them. `dead-letter` sends them to OutputTag.deadLetter as well: columns `record`,
   * `error`, `position`, `operator`, `subtask`. A row at which code traps leaves no trace: state, timers and rows emitted are
   * undone. Memory or stack that runs out fails the task in any case. Of a timer or a window that fires, likewise.
   *
   *     const checked = orders.map(ops.checkOrder()).onRowError("dead-letter");
   *     checked.getSideOutput(OutputTag.deadLetter).sinkTo(filesSink("refused"));
   */
  onRowError(choice: "fail" | "drop" | "dead-letter"): this {
    this.#transformation.onRowError = choice;
    return this;
  }
}

const isSchema = (columns: Columns): columns is Schema => Array.isArray(columns);

/**
 * A stream each of whose rows goes to every subtask (Flink: BroadcastStream): of connect().
 *
 *     keyed.connect(rules.broadcast()).process(words.operator("Warmest"));
 */
export class BroadcastStream<Row = AnyRow> extends DataStream<Row> {
  declare readonly "~broadcast": true;
}
