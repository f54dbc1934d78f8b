/** Windows of the DataStream builder: Flink's WindowedStream and AllWindowedStream. */
import { MillraceError } from "../protocol/errors.ts";
import { LATE } from "./builtin-windows.ts";
import { SingleOutputStreamOperator } from "./data-stream.ts";
import { type DurationLike, durationMs } from "./duration.ts";
import {
  callPlace,
  type InlineFunction,
  type InlineKind,
  InlineOperator,
} from "./inline-operator.ts";
import { builtin, checkKind, type OperatorHandle } from "./operator-handle.ts";
import type { OutputTag } from "./output-tag.ts";
import type { FieldReduction } from "./reduce-field.ts";
import type {
  AggregateFunctions,
  AnyRow,
  ColumnOf,
  KeyColumns,
  WindowColumns,
  WithColumns,
} from "./row-type.ts";
import type { StreamExecutionEnvironment } from "./stream-environment.ts";
import type { Upstream } from "./transformation.ts";
import {
  CountEvictor,
  CountTrigger,
  type Evictor,
  PurgingTrigger,
  type Trigger,
  type WindowAssigner,
} from "./window-assigners.ts";
import { Aggregate, type ResultsOf } from "./windows.ts";

/** A built-in aggregate over columns that the row has. */
type AggregateOn<Row> = Aggregate<string, ColumnOf<Row>>;

/**
 * Windows of a keyed stream (Flink: WindowedStream), or of a whole one (AllWindowedStream).
 *
 *     const late = new OutputTag("late");
 *     const hours = keyed
 *       .window(TumblingEventTimeWindows.of(Duration.ofHours(1)))
 *       .allowedLateness(Duration.ofMinutes(5))
 *       .sideOutputLateData(late)
 *       .aggregate(count(), max("celsius"));
 *     hours.getSideOutput(late).print();
 *     keyed.window(assigner).trigger(CountTrigger.of(10)).process(words.operator("Hottest"));
 *     keyed.window(assigner).evictor(CountEvictor.of(10)).aggregate(avg("celsius"));
 *     keyed.window(assigner).reduce((a, b) => ({ amount: a.amount + b.amount }));
 *
 * @throws JOB_OPERATOR_KIND; by toJobSpec(): JOB_PARAMETER_INVALID for a trigger that cannot merge where the windows do, JOB_FIELD_UNKNOWN, JOB_FIELD_TYPE
 */
export class WindowedStream<
  Row = AnyRow,
  Key extends string = AnyRow,
  /** Columns that tell a result's window: none of global windows. */
  Bounds = WindowColumns,
> {
  readonly #env: StreamExecutionEnvironment;
  readonly #upstreams: readonly Upstream[];
  readonly #assigner: WindowAssigner;
  readonly #all: boolean;
  #latenessMs = 0;
  #trigger: Trigger | undefined;
  #evictor: Evictor | undefined;
  readonly #tags = new Map<string, string>();

  /** @internal Made by the methods of a stream. */
  constructor(
    env: StreamExecutionEnvironment,
    upstreams: readonly Upstream[],
    assigner: WindowAssigner,
    all = false,
  ) {
    this.#env = env;
    this.#upstreams = upstreams;
    this.#assigner = assigner;
    this.#all = all;
  }

  /** When the window fires, instead of the assigner's own trigger. */
  trigger(trigger: Trigger): this {
    this.#trigger = trigger;
    return this;
  }

  /** Which rows leave the window before or after its function is called; all rows are kept then. */
  evictor(evictor: Evictor): this {
    this.#evictor = evictor;
    return this;
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
   * Aggregates each key's window: by functions of the job file, by one AggregateFunction, or by
   * built-in aggregates. The result is the key's fields, then the aggregate's, then window_start and
   * window_end (of global windows not these two). With a ProcessWindowFunction of the same bundle behind the
   * AggregateFunction, that one sees the key's fields and the aggregate's as the window's only row, and what
   * it gives is the result (Flink: WindowedStream.aggregate).
   * @throws MillraceError JOB_WINDOW_FUNCTION_BUNDLE
   */
  aggregate<Accumulator extends object, Out extends object>(
    functions: AggregateFunctions<Row, Accumulator, Out>,
  ): SingleOutputStreamOperator<WithColumns<KeyColumns<Row, Key>, Out & Bounds>>;
  aggregate<Result, Out>(
    operator: OperatorHandle<Row, Result, "aggregate">,
    processWindow: OperatorHandle<WithColumns<KeyColumns<Row, Key>, Result>, Out, "process_window">,
  ): SingleOutputStreamOperator<Out>;
  aggregate<Out>(
    operator: OperatorHandle<Row, Out, "aggregate">,
  ): SingleOutputStreamOperator<WithColumns<KeyColumns<Row, Key>, Out & Bounds>>;
  aggregate<const List extends readonly [AggregateOn<Row>, ...AggregateOn<Row>[]]>(
    ...aggregates: List
  ): SingleOutputStreamOperator<WithColumns<KeyColumns<Row, Key>, ResultsOf<Row, List> & Bounds>>;
  aggregate(
    ...aggregates:
      | readonly [OperatorHandle, OperatorHandle?]
      | readonly [Aggregate, ...Aggregate[]]
      | readonly [AggregateFunctions<Row, object, object>]
  ): SingleOutputStreamOperator {
    const [first, second] = aggregates;
    if (first instanceof Aggregate) {
      const specs = (aggregates as readonly Aggregate[]).map((aggregate) => aggregate.spec);
      return this.#add(builtin("window_aggregate", { ...this.#window(), aggregates: specs }));
    }
    if (typeof first === "object" && "add" in first) {
      const functions = { ...first } as unknown as Readonly<Record<string, InlineFunction>>;
      return this.#inline("aggregate", functions, this.aggregate);
    }
    checkKind(first, ["aggregate"]);
    return this.#add(this.#windowed(first, second as OperatorHandle | undefined));
  }

  /**
   * Reduces each key's window to one row: by a function of the job file (a window of one row is that row), or by a
   * ReduceFunction. The result is the key's fields, what the function gives, window_start and window_end. A
   * ProcessWindowFunction behind the ReduceFunction: see aggregate().
   * @throws MillraceError JOB_WINDOW_FUNCTION_BUNDLE
   */
  reduce<Result, Out>(
    operator: OperatorHandle<Row, Result, "reduce">,
    processWindow: OperatorHandle<WithColumns<KeyColumns<Row, Key>, Result>, Out, "process_window">,
  ): SingleOutputStreamOperator<Out>;
  reduce<Out>(
    operator: OperatorHandle<Row, Out, "reduce">,
  ): SingleOutputStreamOperator<WithColumns<KeyColumns<Row, Key>, Out & Bounds>>;
  // Last, because an editor explains the last overload.
  reduce<Out extends Partial<Row>>(
    fn: (reduced: Row, row: Row) => Out,
  ): SingleOutputStreamOperator<WithColumns<KeyColumns<Row, Key>, Out & Bounds>>;
  reduce(
    given: OperatorHandle | InlineFunction,
    processWindow?: OperatorHandle,
  ): SingleOutputStreamOperator {
    if (typeof given === "function") {
      return this.#inline("window_reduce", { fn: given }, this.reduce);
    }
    checkKind(given, ["reduce"]);
    return this.#add(this.#windowed(given, processWindow));
  }

  /** Calls a ProcessWindowFunction with all rows of each window; the results are its own rows. */
  process<Out>(
    operator: OperatorHandle<Row, Out, "process_window">,
  ): SingleOutputStreamOperator<Out> {
    checkKind(operator, ["process_window"]);
    return this.#add(this.#windowed(operator));
  }

  /**
   * Each key's window as its first row, with the sum of all in `field`, then window_start and window_end.
   * Integers wrap, NULL counts for nothing (Flink: WindowedStream.sum).
   *
   *     keyed.window(assigner).sum("amount");
   *     keyed.window(assigner).min("celsius");
   *     keyed.window(assigner).max("celsius");
   *     keyed.window(assigner).minBy("celsius");
   *     keyed.window(assigner).maxBy("celsius", false);
   */
  sum(field: ColumnOf<Row>): SingleOutputStreamOperator<WithColumns<Row, Bounds>> {
    return this.#reduceField({ fn: "sum", field });
  }
  /** Each key's window as its first row, with the smallest value in `field`; see minBy. */
  min(field: ColumnOf<Row>): SingleOutputStreamOperator<WithColumns<Row, Bounds>> {
    return this.#reduceField({ fn: "min", field });
  }
  /** Each key's window as its first row, with the largest value in `field`; see maxBy. */
  max(field: ColumnOf<Row>): SingleOutputStreamOperator<WithColumns<Row, Bounds>> {
    return this.#reduceField({ fn: "max", field });
  }
  /** The row of each key's window with the smallest `field`; of equal ones the first, or the last. */
  minBy(field: ColumnOf<Row>, first = true): SingleOutputStreamOperator<WithColumns<Row, Bounds>> {
    return this.#reduceField({ fn: "minBy", field, first });
  }
  /** The row of each key's window with the largest `field`; of equal ones the first, or the last. */
  maxBy(field: ColumnOf<Row>, first = true): SingleOutputStreamOperator<WithColumns<Row, Bounds>> {
    return this.#reduceField({ fn: "maxBy", field, first });
  }

  #reduceField(reduction: FieldReduction): SingleOutputStreamOperator {
    return this.#add(builtin("window_reduce_field", { ...this.#window(), ...reduction }));
  }

  /** An operator with this window's parameters, and the function that takes its results. */
  #windowed(operator: OperatorHandle, processWindow?: OperatorHandle): OperatorHandle {
    const parameters = { ...operator.parameters, ...this.#window() };
    if (processWindow === undefined) return { ...operator, parameters };
    checkKind(processWindow, ["process_window"]);
    const { bundle, name, description } = processWindow;
    if (bundle !== operator.bundle) {
      const message = `Cannot give results of ${operator.name} to ${name}: it is of another bundle`;
      const expected = `a ProcessWindowFunction of the bundle of ${operator.name}`;
      const detail = { field: "processWindow", value: name, expected };
      throw new MillraceError("JOB_WINDOW_FUNCTION_BUNDLE", message, detail);
    }
    const second = { name, parameters: processWindow.parameters };
    const both = { ...parameters, processWindow: second };
    return { ...operator, parameters: both, processWindow: description };
  }

  #window() {
    return {
      ...this.#assigner,
      lateness: this.#latenessMs,
      ...(this.#trigger === undefined ? {} : { trigger: this.#trigger }),
      ...(this.#evictor === undefined ? {} : { evictor: this.#evictor }),
      ...(this.#all ? { all: true } : {}),
    };
  }

  #inline(
    kind: InlineKind,
    functions: Readonly<Record<string, InlineFunction>>,
    method: InlineFunction,
  ): SingleOutputStreamOperator {
    const name = this.#env.inlineName(kind);
    return this.#add(new InlineOperator(kind, name, functions, callPlace(method), this.#window()));
  }

  #add(operator: OperatorHandle): SingleOutputStreamOperator {
    const transformation = this.#env.add("operator", operator, [this.#upstreams]);
    if (this.#all) transformation.parallelism = 1;
    return new SingleOutputStreamOperator(this.#env, transformation, this.#tags);
  }
}

/** Flink's countWindow: windows of so many rows, or of the last so many. */
export function countWindows<W extends { trigger(t: Trigger): W; evictor(e: Evictor): W }>(
  windows: W,
  size: number,
  slide: number | undefined,
): W {
  if (slide === undefined) return windows.trigger(PurgingTrigger.of(CountTrigger.of(size)));
  return windows.evictor(CountEvictor.of(size)).trigger(CountTrigger.of(slide));
}
