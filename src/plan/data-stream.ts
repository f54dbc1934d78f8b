/** The DataStream builder (Flink's DataStream, KeyedStream, WindowedStream): it only describes a job. */
import type { Partitioner } from "../protocol/deployment.ts";
import { MillraceError } from "../protocol/errors.ts";
import type { Schema } from "../protocol/types.ts";
import {
  BroadcastConnectedStream,
  type BroadcastKind,
  type Connected,
  ConnectedStreams,
  type KeyedBroadcastKind,
  KeyedConnectedStreams,
} from "./connected-streams.ts";
import { DataStreamSink } from "./data-stream-sink.ts";
import {
  callPlace,
  type InlineFunction,
  type InlineKind,
  InlineOperator,
  keyFields,
} from "./inline-operator.ts";
import { IntervalJoin } from "./interval-join.ts";
import { FEEDBACK_INPUT, ITERATION_HEAD } from "./iteration.ts";
import { type CoGroupedStreams, JoinedStreams, type StreamKey } from "./joined-streams.ts";
import {
  builtin,
  checkKind,
  type OperatorHandle,
  type OperatorKind,
  type ProcessKind,
} from "./operator-handle.ts";
import type { OutputTag } from "./output-tag.ts";
import type {
  AnyRow,
  ColumnOf,
  Columns,
  KeyColumns,
  KeyOf,
  RowOfColumns,
  WithColumns,
} from "./row-type.ts";
import { schemaOf } from "./schema-match.ts";
import { blackholeSink, collectSink, printSink, type Sink } from "./sinks.ts";
import type {
  AsyncRows,
  ExecuteOptions,
  StreamExecutionEnvironment,
} from "./stream-environment.ts";
import type { Transformation, Upstream } from "./transformation.ts";
import {
  type GlobalWindowAssigner,
  GlobalWindows,
  type WindowAssigner,
} from "./window-assigners.ts";
import { countWindows, WindowedStream } from "./windowed-stream.ts";
import type { WatermarkParameters } from "./windows.ts";

/**
 * A stream of rows, or several that are united. `Row` is what an editor knows of the columns; where
 * operators carry no types it is anything, and the planner alone checks.
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

  /** Event time from a field, and watermarks (see WatermarkStrategy); as parallel as its input. */
  assignTimestampsAndWatermarks(
    strategy: WatermarkParameters<ColumnOf<Row>>,
  ): SingleOutputStreamOperator<Row> {
    return this.transform<Row>(builtin("assign_timestamps", { ...strategy }), ["generic"], true);
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
    return new KeyedStream(this.env, this.upstreams, keys);
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
    return new KeyedStream(this.env, keyed, keyFields(selectors[0]!));
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
    return new IterativeStream<Row>(this.env, head);
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

/** What an operator puts out; its settings are made here. */
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
   * What becomes of rows that fail: `fail` (default) fails the task, `drop` counts them, and
   * `dead-letter` sends them to OutputTag.deadLetter.
   */
  onRowError(choice: "fail" | "drop" | "dead-letter"): this {
    this.#transformation.onRowError = choice;
    return this;
  }
}

const isSchema = (columns: Columns): columns is Schema => Array.isArray(columns);

/**
 * What comes from outside, and what `closeWith` leads back (Flink: IterativeStream). It ends by itself, when its input
 * has ended and no row is in the loop any more.
 *
 *     const iteration = lines.iterate();
 *     iteration.closeWith(iteration.filter(({ n }) => n > 0));
 */
export class IterativeStream<Row = AnyRow> extends DataStream<Row> {
  readonly #head: Transformation;

  /** @internal Made by `iterate`. */
  constructor(env: StreamExecutionEnvironment, head: Transformation) {
    super(env, [{ from: head, output: "main" }]);
    this.#head = head;
  }

  /** Leads a stream of the same columns back; gives that stream. Each call leads one more back. */
  closeWith(feedback: DataStream<Row>): DataStream<Row> {
    feedback.feedBack(this.#head);
    return feedback;
  }
}

/** A stream each of whose rows goes to every subtask; `~broadcast` is for types only. */
export class BroadcastStream<Row = AnyRow> extends DataStream<Row> {
  declare readonly "~broadcast": true;
}

/** A stream whose rows of one key all go to one subtask. */
export class KeyedStream<Row = AnyRow, Key extends string = AnyRow> extends DataStream<Row> {
  /** @internal Made by the methods of a stream. */
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

  /** A KeyedProcessFunction: state and timers of each key. Any other operator of one input, too. */
  override process<Out>(
    operator: OperatorHandle<Row, Out, ProcessKind | "keyed_process", KeyColumns<Row, Key>>,
  ): SingleOutputStreamOperator<Out> {
    return super.process(operator as OperatorHandle<Row, Out>);
  }

  /** With a stream that is keyed alike, or broadcast: for keyed functions of two inputs. */
  override connect<Other>(
    other: BroadcastStream<Other>,
  ): BroadcastConnectedStream<Row, Other, KeyColumns<Row, Key>, KeyedBroadcastKind>;
  override connect<Other, OtherKey extends string>(
    other: KeyedStream<Other, OtherKey>,
  ): KeyedConnectedStreams<Row, Other, KeyColumns<Row, Key>>;
  override connect<Other>(other: DataStream<Other>): ConnectedStreams<Row, Other>;
  override connect(other: DataStream): Connected {
    if (other instanceof KeyedStream) return new KeyedConnectedStreams(this, other);
    return super.connect(other);
  }

  /**
   * Pairs of rows of one key whose times lie within bounds of each other, in event time (Flink:
   * KeyedStream.intervalJoin). The other stream is keyed alike; its fields may have other names.
   *
   *     clicks.keyBy("user").intervalJoin(orders.keyBy("buyer"))
   *       .between(Duration.ofSeconds(-5), Duration.ofMinutes(1)).process(match);
   */
  intervalJoin<Other, OtherKey extends string>(
    other: KeyedStream<Other, OtherKey>,
  ): IntervalJoin<Row, Other> {
    return new IntervalJoin<Row, Other>(this, other);
  }

  /** Cuts each key's rows into windows: `.window(TumblingEventTimeWindows.of(size))`. */
  window(assigner: GlobalWindowAssigner): WindowedStream<Row, Key, unknown>;
  window(assigner: WindowAssigner): WindowedStream<Row, Key>;
  window(assigner: WindowAssigner): WindowedStream<Row, Key, AnyRow> {
    return new WindowedStream(this.env, this.upstreams, assigner);
  }

  /** Windows of `size` rows of a key each; with a slide: of the last `size` rows, every `slide` rows. */
  countWindow(size: number, slide?: number): WindowedStream<Row, Key, unknown> {
    return countWindows(this.window(GlobalWindows.create()), size, slide);
  }

  /**
   * A row for each row: what has been reduced so far of its key, by a function of the job file or by a
   * ReduceFunction. The first row of a key is given as it is. The result is the key's fields, then what
   * the function gives (Flink: KeyedStream.reduce).
   */
  reduce<Out extends Partial<Row>>(
    fn: (reduced: Row, row: Row) => Out,
  ): SingleOutputStreamOperator<WithColumns<KeyColumns<Row, Key>, Out>>;
  reduce<Out>(
    operator: OperatorHandle<Row, Out, "reduce">,
  ): SingleOutputStreamOperator<WithColumns<KeyColumns<Row, Key>, Out>>;
  reduce(given: OperatorHandle | InlineFunction): SingleOutputStreamOperator {
    return this.transform(this.operatorOf("reduce", given, this.reduce), ["reduce"]);
  }
}
