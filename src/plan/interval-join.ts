/** Interval joins of the DataStream builder (Flink: KeyedStream.IntervalJoin, IntervalJoined). */
import type { SingleOutputStreamOperator } from "./data-stream.ts";
import { type DurationLike, durationMs } from "./duration.ts";
import { LATE_SIDES } from "./interval-parameters.ts";
import type { KeyedStream } from "./keyed-stream.ts";
import type { OperatorHandle } from "./operator-handle.ts";
import type { OutputTag } from "./output-tag.ts";
import type { AnyRow } from "./row-type.ts";

/**
 * Two keyed streams whose rows are to meet: `between` says how far apart in event time (Flink:
 * KeyedStream.IntervalJoin).
 *
 *     const pairs = clicks.keyBy("user").intervalJoin(orders.keyBy("buyer"));
 *     pairs.between(Duration.ofSeconds(-5), Duration.ofMinutes(1)).process(match);
 */
export class IntervalJoin<Left = AnyRow, Right = AnyRow> {
  readonly #left: KeyedStream<Left>;
  readonly #right: KeyedStream<Right>;

  /** @internal Made by `intervalJoin`. */
  constructor(left: KeyedStream<Left>, right: KeyedStream<Right>) {
    this.#left = left;
    this.#right = right;
  }

  /**
   * Joins a left row with the right ones of its key whose timestamp lies in [left + lower, left + upper]. Both
   * bounds may be negative, and belong to the interval unless it is said otherwise.
   * @param lower At most `upper`, else JOB_PARAMETER_INVALID when the job is planned.
   * @throws MillraceError DURATION_INVALID
   */
  between(lower: DurationLike, upper: DurationLike): IntervalJoined<Left, Right> {
    const bounds = {
      lower: durationMs(lower, "lower bound"),
      upper: durationMs(upper, "upper bound"),
    };
    return new IntervalJoined(this.#left, this.#right, bounds);
  }
}

/**
 * An interval join with its bounds; `process` takes a ProcessJoinFunction (Flink: KeyedStream.IntervalJoined).
 *
 *     const early = new OutputTag("late-clicks");
 *     const late = new OutputTag("late-orders");
 *     const joins = clicks
 *       .keyBy("user")
 *       .intervalJoin(orders.keyBy("buyer"))
 *       .between(Duration.ofSeconds(0), Duration.ofMinutes(1))
 *       .lowerBoundExclusive()
 *       .upperBoundExclusive()
 *       .sideOutputLeftLateData(early)
 *       .sideOutputRightLateData(late)
 *       .process(match);
 *     joins.getSideOutput(late).print();
 *
 * @throws when the job is planned: JOB_PARAMETER_INVALID for a lower bound above the upper one, JOB_KEY_MISMATCH for keys of other types, JOB_OPERATOR_KIND
 */
export class IntervalJoined<Left = AnyRow, Right = AnyRow> {
  readonly #left: KeyedStream<Left>;
  readonly #right: KeyedStream<Right>;
  readonly #bounds: { lower: number; upper: number };
  #lowerExclusive = false;
  #upperExclusive = false;
  readonly #tags = new Map<string, string>();

  /** @internal Made by `between`. */
  constructor(
    left: KeyedStream<Left>,
    right: KeyedStream<Right>,
    bounds: { lower: number; upper: number },
  ) {
    this.#left = left;
    this.#right = right;
    this.#bounds = bounds;
  }

  /** The lower bound itself does not belong to the interval. */
  lowerBoundExclusive(): this {
    this.#lowerExclusive = true;
    return this;
  }

  /** The upper bound itself does not belong to the interval. */
  upperBoundExclusive(): this {
    this.#upperExclusive = true;
    return this;
  }

  /** Left rows that are older than the watermark go to this side output, as they are, instead of vanishing. */
  sideOutputLeftLateData(tag: OutputTag<Left>): this {
    this.#tags.set(tag.id, LATE_SIDES[0]);
    return this;
  }

  /** Right rows that are older than the watermark go to this side output, as they are, instead of vanishing. */
  sideOutputRightLateData(tag: OutputTag<Right>): this {
    this.#tags.set(tag.id, LATE_SIDES[1]);
    return this;
  }

  /** Calls a ProcessJoinFunction with each pair; its results have the larger of the two timestamps. */
  process<Out>(
    operator: OperatorHandle<Left, Out, "interval_join", AnyRow, Right>,
  ): SingleOutputStreamOperator<Out> {
    const parameters = {
      ...operator.parameters,
      ...this.#bounds,
      ...(this.#lowerExclusive ? { lowerExclusive: true } : {}),
      ...(this.#upperExclusive ? { upperExclusive: true } : {}),
    };
    const joined = { ...operator, parameters };
    return this.#left.joined(this.#right, joined, ["interval_join"], this.#tags);
  }
}
