/** Streams by key (Flink: KeyedStream). */
import {
  type BroadcastConnectedStream,
  type Connected,
  type ConnectedStreams,
  type KeyedBroadcastKind,
  KeyedConnectedStreams,
} from "./connected-streams.ts";
import {
  type BroadcastStream,
  DataStream,
  type SingleOutputStreamOperator,
} from "./data-stream.ts";
import type { InlineFunction } from "./inline-operator.ts";
import { IntervalJoin } from "./interval-join.ts";
import { builtin, type OperatorHandle, type ProcessKind } from "./operator-handle.ts";
import type { FieldReduction } from "./reduce-field.ts";
import type { AnyRow, ColumnOf, KeyColumns, WithColumns } from "./row-type.ts";
import type { StreamExecutionEnvironment } from "./stream-environment.ts";
import type { Upstream } from "./transformation.ts";
import {
  type GlobalWindowAssigner,
  GlobalWindows,
  type WindowAssigner,
} from "./window-assigners.ts";
import { countWindows, WindowedStream } from "./windowed-stream.ts";

/**
 * A stream whose rows of one key all go to one subtask (Flink: KeyedStream).
 *
 *     keyed.process(words.operator("FindQuiet"));
 *     keyed.connect(rules.broadcast()).process(words.operator("Warmest"));
 *     keyed.countWindow(100, 10).aggregate(sum("amount"));
 *     keyed.reduce((a, b) => ({ amount: a.amount + b.amount }));
 *
 * @throws by toJobSpec(): JOB_KEY_FIELD_MISSING, JOB_KEY_CLASS_MISMATCH, UNSUPPORTED_TYPE for what cannot be a key
 */
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

  /**
   * For each row the first row of its key, with the sum of all so far in `field`; integers wrap, NULL counts
   * for nothing (Flink: KeyedStream.sum).
   *
   *     keyed.sum("amount");
   *     keyed.min("celsius"); // the first row, with the smallest celsius so far in it
   *     keyed.max("celsius");
   *     keyed.minBy("celsius"); // the row that has the smallest celsius
   *     keyed.maxBy("celsius", false);
   *
   * @throws MillraceError when the job is planned: JOB_FIELD_UNKNOWN, JOB_FIELD_TYPE
   */
  sum(field: ColumnOf<Row>): SingleOutputStreamOperator<Row> {
    return this.#reduceField({ fn: "sum", field });
  }
  /** For each row the first row of its key, with the smallest value so far in `field`; see minBy. */
  min(field: ColumnOf<Row>): SingleOutputStreamOperator<Row> {
    return this.#reduceField({ fn: "min", field });
  }
  /** For each row the first row of its key, with the largest value so far in `field`; see maxBy. */
  max(field: ColumnOf<Row>): SingleOutputStreamOperator<Row> {
    return this.#reduceField({ fn: "max", field });
  }
  /** For each row the row of its key with the smallest `field`; of equal ones the first, or the last. */
  minBy(field: ColumnOf<Row>, first = true): SingleOutputStreamOperator<Row> {
    return this.#reduceField({ fn: "minBy", field, first });
  }
  /** For each row the row of its key with the largest `field`; of equal ones the first, or the last. */
  maxBy(field: ColumnOf<Row>, first = true): SingleOutputStreamOperator<Row> {
    return this.#reduceField({ fn: "maxBy", field, first });
  }

  #reduceField(reduction: FieldReduction): SingleOutputStreamOperator<Row> {
    return this.transform<Row>(builtin("keyed_reduce_field", { ...reduction }), ["generic"]);
  }
}
