/** Two streams on their way to one operator (Flink: ConnectedStreams, BroadcastConnectedStream). */

import type { HandleKind } from "../protocol/manifest.ts";
import type { DataStream, SingleOutputStreamOperator } from "./data-stream.ts";
import type { OperatorHandle } from "./operator-handle.ts";
import type { AnyRow, ColumnOf, WithColumns } from "./row-type.ts";

/** How one of two streams is keyed: by a field, by several, or by a KeySelector operator. */
export type ConnectedKey<Row, Key> =
  | (Key & string)
  | readonly (Key & string)[]
  | OperatorHandle<Row, Key, "key_selector">;

type KeyedRow<Row, Key> = Key extends string ? Row : WithColumns<Row, Key>;
type KeyRow<Row, Key> = 0 extends 1 & Row
  ? AnyRow
  : Key extends string
    ? Pick<Row, Key & keyof Row>
    : Key;

/**
 * Two streams that are not keyed yet (Flink: ConnectedStreams).
 *
 *     lines.connect(rules).process(words.operator("MergeNames"));
 *     lines.connect(rules).keyBy("device", "sensor").process(words.operator("AboveLimit"));
 *
 * @throws by toJobSpec(): JOB_KEY_MISMATCH for keys of other types, JOB_KEY_MISSING for a function that works by key
 */
export class ConnectedStreams<First = AnyRow, Second = AnyRow> {
  protected readonly first: DataStream<First>;
  protected readonly second: DataStream<Second>;

  /** @internal Made by `connect`. */
  constructor(first: DataStream<First>, second: DataStream<Second>) {
    this.first = first;
    this.second = second;
  }

  /**
   * Keys both streams: rows of both whose keys are equal meet in one state. The fields may have other names in the
   * second stream, but have the same types in the same order. A function of the job file keys a stream
   * before it is connected: `a.keyBy(fn).connect(b.keyBy(fn))`.
   */
  keyBy<KeyA, KeyB>(
    first: OperatorHandle<First, KeyA, "key_selector">,
    second: OperatorHandle<Second, KeyB, "key_selector">,
  ): KeyedConnectedStreams<KeyedRow<First, KeyA>, KeyedRow<Second, KeyB>, KeyA>;
  keyBy<KeyA extends ColumnOf<First>, KeyB extends ColumnOf<Second>>(
    first: KeyA | readonly KeyA[],
    second: KeyB | readonly KeyB[],
  ): KeyedConnectedStreams<First, Second, KeyRow<First, KeyA>>;
  keyBy(
    first: ConnectedKey<First, AnyRow>,
    second: ConnectedKey<Second, AnyRow>,
  ): KeyedConnectedStreams {
    return new KeyedConnectedStreams(
      this.first.keyedBy(first, this.keyBy),
      this.second.keyedBy(second, this.keyBy),
    );
  }

  /** A CoProcessFunction: rows of both streams as they come. One that works by key needs keyBy first. */
  process<Out>(
    operator: OperatorHandle<First, Out, "process" | "co_process", AnyRow, Second>,
  ): SingleOutputStreamOperator<Out> {
    return this.first.joined(this.second, operator);
  }
}

/**
 * Two streams keyed alike (Flink: ConnectedStreams of two KeyedStreams); `process` takes a
 * KeyedCoProcessFunction.
 *
 *     const both = lines.connect(rules).keyBy("device", "sensor");
 *     both.process(words.operator("Exceeded", { limit: 80 }));
 *
 * @throws by toJobSpec(): JOB_KEY_CLASS_MISMATCH
 */
export class KeyedConnectedStreams<
  First = AnyRow,
  Second = AnyRow,
  Key = AnyRow,
> extends ConnectedStreams<First, Second> {
  /** Rows of both streams, with state and timers of the key they have in common. */
  override process<Out>(
    operator: OperatorHandle<
      First,
      Out,
      "process" | "co_process" | "keyed_co_process",
      Key,
      Second
    >,
  ): SingleOutputStreamOperator<Out> {
    return this.first.joined(this.second, operator);
  }
}

/**
 * A stream and a broadcast one (Flink: BroadcastConnectedStream); `process` takes a BroadcastProcessFunction
 * or, if the first is keyed, a KeyedBroadcastProcessFunction, too.
 *
 *     lines.connect(rules.broadcast()).process(words.operator("Alarm"));
 *
 * @throws by toJobSpec(): JOB_KEY_MISSING, JOB_KEY_CLASS_MISMATCH
 */
export class BroadcastConnectedStream<
  First = AnyRow,
  Second = AnyRow,
  Key = AnyRow,
  Kind extends HandleKind = AnyRow,
> {
  readonly #first: DataStream<First>;
  readonly #second: DataStream<Second>;

  /** @internal Made by `connect`. */
  constructor(first: DataStream<First>, second: DataStream<Second>) {
    this.#first = first;
    this.#second = second;
  }

  /** Rows of the first stream; those of the other in every subtask, where they set broadcast state. */
  process<Out>(
    operator: OperatorHandle<First, Out, "process" | Kind, Key, Second>,
  ): SingleOutputStreamOperator<Out> {
    return this.#first.joined(this.#second, operator);
  }
}

/** Kinds of functions that take a broadcast stream beside another, or beside a keyed one. */
export type BroadcastKind = "broadcast_process";
export type KeyedBroadcastKind = BroadcastKind | "keyed_broadcast_process";
/** What `connect` gives. */
export type Connected = ConnectedStreams | BroadcastConnectedStream;
