/** Joins and coGroups over windows of the DataStream builder (Flink: JoinedStreams, CoGroupedStreams). */
import type { DataStream, SingleOutputStreamOperator } from "./data-stream.ts";
import { type DurationLike, durationMs } from "./duration.ts";
import type { InlineFunction } from "./inline-operator.ts";
import type { KeyedStream } from "./keyed-stream.ts";
import { checkKind, type OperatorHandle } from "./operator-handle.ts";
import type { AnyRow, ColumnOf } from "./row-type.ts";
import type { Evictor, Trigger, WindowAssigner } from "./window-assigners.ts";

/** How a stream is keyed: by a field, by several, by a KeySelector operator, or by a function of the job file. */
export type StreamKey<Row, Key> =
  | (Key & string)
  | readonly (Key & string)[]
  | OperatorHandle<Row, Key, "key_selector">
  | ((row: Row) => unknown);

/** A key of a stream whose columns are known. */
type KeyOfStream<Row> =
  | ColumnOf<Row>
  | readonly ColumnOf<Row>[]
  | OperatorHandle<Row, AnyRow, "key_selector">
  | ((row: Row) => unknown);

/** What the windows are for: pairs, or all rows at once. */
type JoinKind = "join" | "co_group";

/** What `coGroup` gives: as JoinedStreams, for a CoGroupFunction. */
export type CoGroupedStreams<First = AnyRow, Second = AnyRow> = JoinedStreams<
  First,
  Second,
  "co_group"
>;

/**
 * Two streams on their way into common windows: `a.join(b)`, or `a.coGroup(b)`. Next comes the first one's key.
 *
 *     clicks.join(orders).where("user").equalTo("buyer").window(assigner).apply(match);
 */
export class JoinedStreams<First = AnyRow, Second = AnyRow, Kind extends JoinKind = "join"> {
  readonly #first: DataStream<First>;
  readonly #second: DataStream<Second>;
  readonly #kind: Kind;

  /** @internal Made by `join` and `coGroup`. */
  constructor(first: DataStream<First>, second: DataStream<Second>, kind: Kind) {
    this.#first = first;
    this.#second = second;
    this.#kind = kind;
  }

  /**
   * The key of the first stream: a field, a list of fields, a KeySelector operator, or a function of the job file,
   * whose fields travel behind the row's own as of keyBy.
   */
  where(key: KeyOfStream<First>): KeyedSide<First, Second, Kind> {
    const keyed = (this.#first as DataStream).keyedBy(key, this.where as InlineFunction);
    return new KeyedSide(keyed, this.#second, this.#kind);
  }
}

/**
 * The first stream has its key (Flink: JoinedStreams.Where); next comes the second one's.
 *
 *     const byUser = clicks.join(orders).where("user");
 *     const pair = byUser.equalTo("buyer");
 */
export class KeyedSide<First = AnyRow, Second = AnyRow, Kind extends JoinKind = AnyRow> {
  readonly #first: KeyedStream;
  readonly #second: DataStream<Second>;
  readonly #kind: Kind;
  /** Never there: it carries the type. */
  declare readonly "~first"?: First;

  /** @internal Made by `where`. */
  constructor(first: KeyedStream, second: DataStream<Second>, kind: Kind) {
    this.#first = first;
    this.#second = second;
    this.#kind = kind;
  }

  /** The key of the second stream; its fields have the types of the first one's, in their order (else JOB_KEY_MISMATCH). */
  equalTo(key: KeyOfStream<Second>): KeyedPair<First, Second, Kind> {
    const keyed = (this.#second as DataStream).keyedBy(key, this.equalTo as InlineFunction);
    return new KeyedPair<First, Second, Kind>(this.#first, keyed, this.#kind);
  }
}

/**
 * Both streams have their keys (Flink: JoinedStreams.Where.EqualTo); next come the windows.
 *
 *     const pair = clicks.coGroup(orders).where(["shop", "user"]).equalTo(["shop", "buyer"]);
 *     const windows = pair.window(EventTimeSessionWindows.withGap(Duration.ofMinutes(10)));
 */
export class KeyedPair<First = AnyRow, Second = AnyRow, Kind extends JoinKind = AnyRow> {
  readonly #first: KeyedStream;
  readonly #second: KeyedStream;
  readonly #kind: Kind;
  /** Never there: it carries the types. */
  declare readonly "~rows"?: readonly [First, Second];

  /** @internal Made by `equalTo`. */
  constructor(first: KeyedStream, second: KeyedStream, kind: Kind) {
    this.#first = first;
    this.#second = second;
    this.#kind = kind;
  }

  /** The windows in which rows of both meet; all assigners, also sessions, which span rows of both streams. */
  window(assigner: WindowAssigner): JoinedWindows<First, Second, Kind> {
    return new JoinedWindows<First, Second, Kind>(this.#first, this.#second, this.#kind, assigner);
  }
}

/**
 * Two streams in common windows (Flink: JoinedStreams.WithWindow, CoGroupedStreams.WithWindow).
 *
 *     const hours = clicks
 *       .join(orders)
 *       .where("user")
 *       .equalTo("buyer")
 *       .window(TumblingEventTimeWindows.of(Duration.ofHours(1)));
 *     hours.allowedLateness(Duration.ofMinutes(5)).apply(match);
 *
 * @throws when the job is planned: JOB_KEY_MISMATCH; JOB_PARAMETER_INVALID for windows, a trigger or an evictor that cannot be
 */
export class JoinedWindows<First = AnyRow, Second = AnyRow, Kind extends JoinKind = AnyRow> {
  readonly #first: KeyedStream;
  readonly #second: KeyedStream;
  readonly #kind: Kind;
  readonly #assigner: WindowAssigner;
  #latenessMs = 0;
  #trigger: Trigger | undefined;
  #evictor: Evictor | undefined;

  /** @internal Made by `window`. */
  constructor(first: KeyedStream, second: KeyedStream, kind: Kind, assigner: WindowAssigner) {
    this.#first = first;
    this.#second = second;
    this.#kind = kind;
    this.#assigner = assigner;
  }

  /** When the window fires, instead of the assigner's own trigger; it counts the rows of both streams. */
  trigger(trigger: Trigger): this {
    this.#trigger = trigger;
    return this;
  }

  /** Which rows leave the window before or after its function is called: it sees those of both, in order of arrival. */
  evictor(evictor: Evictor): this {
    this.#evictor = evictor;
    return this;
  }

  /**
   * How long behind the watermark a window still takes rows, and fires again for each. Rows that come later are
   * counted as failed; joins have no side output for them, as in Flink.
   */
  allowedLateness(lateness: DurationLike): this {
    this.#latenessMs = durationMs(lateness, "allowed lateness");
    return this;
  }

  /**
   * Calls a JoinFunction or FlatJoinFunction (of a join) or a CoGroupFunction (of a coGroup) for each window that
   * fires; the results are its own rows, with the window's last timestamp.
   * @throws MillraceError JOB_OPERATOR_KIND
   */
  apply<Out>(
    operator: OperatorHandle<First, Out, Kind, AnyRow, Second>,
  ): SingleOutputStreamOperator<Out> {
    checkKind(operator, [this.#kind]);
    const parameters = {
      ...operator.parameters,
      ...this.#assigner,
      lateness: this.#latenessMs,
      ...(this.#trigger === undefined ? {} : { trigger: this.#trigger }),
      ...(this.#evictor === undefined ? {} : { evictor: this.#evictor }),
    };
    return this.#first.joined(this.#second, { ...operator, parameters }, [this.#kind]);
  }
}
