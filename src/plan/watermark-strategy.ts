/** How event time and watermarks come to a stream of the DataStream builder. */
import { ALIGNMENT_UPDATE_INTERVAL_MS } from "../protocol/limits.ts";
import { type DurationLike, durationMs } from "./duration.ts";
import { builtin, checkKind, type OperatorHandle, type Parameters } from "./operator-handle.ts";
import type { AnyRow } from "./row-type.ts";
import { STRATEGY_PARAMETERS } from "./watermark-parameters.ts";

/** What a BIGINT field counts since 1970. */
export type TimeUnit = "s" | "ms" | "us" | "ns";

/**
 * How event time and watermarks come to a stream (Flink: WatermarkStrategy); for
 * `assignTimestampsAndWatermarks` and, with watermarks of each split, for `fromSource`. Each method gives a
 * new strategy. Watermarks are emitted periodically (`env.setAutoWatermarkInterval`, 200 ms).
 *
 *     WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofSeconds(5))
 *       .withTimestampField("at")
 *       .withIdleness(Duration.ofMinutes(1))
 *
 *     WatermarkStrategy.forMonotonousTimestamps().withIngestionTime();
 *     WatermarkStrategy.noWatermarks().withTimestampField("at", "s");
 *
 * Wrong values are refused with the job: JOB_PARAMETER_INVALID, JOB_FIELD_UNKNOWN, JOB_FIELD_TYPE with
 * the field; DURATION_INVALID here.
 */
export class WatermarkStrategy<Field extends string = never, In = AnyRow> {
  readonly #generator: OperatorHandle | undefined;
  readonly #strategy: Parameters;
  readonly #times: Parameters;
  /** Never there: it carries the types. */
  declare readonly "~types"?: { readonly field: Field; readonly reads: (row: In) => void };

  private constructor(
    generator: OperatorHandle | undefined,
    strategy: Parameters,
    times: Parameters = {},
  ) {
    this.#generator = generator;
    this.#strategy = strategy;
    this.#times = times;
  }

  /** Rows come at most `bound` later than others of a higher time: the watermark is the highest time - bound - 1 ms. */
  static forBoundedOutOfOrderness(bound: DurationLike): WatermarkStrategy {
    const maxOutOfOrdernessMs = durationMs(bound, "maximum out-of-orderness");
    return new WatermarkStrategy(undefined, { strategy: "bounded", maxOutOfOrdernessMs });
  }

  /** Timestamps never fall within a subtask (at a source: within a split): the watermark is the highest time - 1 ms. */
  static forMonotonousTimestamps(): WatermarkStrategy {
    return new WatermarkStrategy(undefined, { strategy: "monotonous" });
  }

  /** Timestamps without watermarks: event time ends with the input, and event-time windows fire only then. */
  static noWatermarks(): WatermarkStrategy {
    return new WatermarkStrategy(undefined, { strategy: "none" });
  }

  /**
   * A WatermarkStrategy of a bundle: punctuated and other generators, and timestamps by own code.
   * `assignTimestampsAndWatermarks` and `fromSource` take such an operator as it is, too; this is for
   * saying more of it.
   *
   *     WatermarkStrategy.forGenerator(ops.byMinute()).withIdleness(Duration.ofSeconds(30))
   * @throws MillraceError JOB_OPERATOR_KIND for an operator of another kind
   */
  static forGenerator<Reads>(
    operator: OperatorHandle<Reads, AnyRow, "watermark_strategy">,
  ): WatermarkStrategy<never, Reads> {
    checkKind(operator, ["watermark_strategy"]);
    return new WatermarkStrategy<never, Reads>(operator, {});
  }

  /**
   * The field that holds the event time (Flink: withTimestampAssigner). Without it, rows keep the time
   * that they have, or an own strategy tells it.
   * @param unit What a BIGINT field counts since 1970, default ms; TIMESTAMP fields have their own unit.
   */
  withTimestampField<Name extends string>(
    field: Name,
    unit?: TimeUnit,
  ): WatermarkStrategy<Name, In> {
    return this.#with<Name>({ field, ...(unit === undefined ? {} : { unit }) });
  }

  /** Event time is the time at which a row comes by, by the worker's clock; within a subtask it never falls. */
  withIngestionTime(): WatermarkStrategy<never, In> {
    return this.#with<never>({ ingestionTime: true });
  }

  /**
   * A subtask (at a source: a split) that has had no rows for longer than this counts as idle: the others' watermarks
   * go on without it until it has rows again. Time in which it could not read, because its outputs were
   * blocked, does not count.
   */
  withIdleness(idleTimeout: DurationLike): WatermarkStrategy<Field, In> {
    return this.#with<Field>({ idlenessMs: durationMs(idleTimeout, "idle timeout") });
  }

  /**
   * Sources of a group whose watermark is more than `maxDrift` ahead of the group's smallest one pause
   * until the others have come so far: what waits for the slowest need not be kept. The
   * strategy stands at a source, or directly behind one and chained to it (JOB_PARAMETER_INVALID); a
   * source that is idle, or has ended, holds nobody back (Flink: WatermarkStrategy.withWatermarkAlignment).
   *
   *     WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofSeconds(5))
   *       .withTimestampField("at")
   *       .withWatermarkAlignment("payments", Duration.ofMinutes(1), Duration.ofMillis(200));
   *
   * @param updateInterval How often watermarks are told: every second, which is the default, or more often
   */
  withWatermarkAlignment(
    group: string,
    maxDrift: DurationLike,
    updateInterval: DurationLike = ALIGNMENT_UPDATE_INTERVAL_MS,
  ): WatermarkStrategy<Field, In> {
    const maxDriftMs = durationMs(maxDrift, "maximum watermark drift");
    const updateIntervalMs = durationMs(updateInterval, "update interval");
    return this.#with<Field>({ alignment: { group, maxDriftMs, updateIntervalMs } });
  }

  /** @internal The operator that does all this. @param more Parameters beside those that were said */
  toOperator(more: Parameters = {}): OperatorHandle {
    const times = { ...this.#times, ...more };
    const generator = this.#generator;
    if (generator === undefined)
      return builtin("assign_timestamps", { ...times, ...this.#strategy });
    const parameters = { ...generator.parameters, [STRATEGY_PARAMETERS]: times };
    return { ...generator, parameters };
  }

  #with<Name extends string>(more: Parameters): WatermarkStrategy<Name, In> {
    const times = { ...this.#times, ...more };
    return new WatermarkStrategy<Name, In>(this.#generator, this.#strategy, times);
  }
}

/** What assignTimestampsAndWatermarks and fromSource take. */
export type Watermarks<Field extends string, Row> =
  | WatermarkStrategy<Field, Row>
  | OperatorHandle<Row, AnyRow, "watermark_strategy">;

/** The operator of a strategy, or of a bundle's. */
export function watermarkOperator(
  watermarks: Watermarks<string, AnyRow>,
  more: Parameters = {},
): OperatorHandle {
  const strategy =
    watermarks instanceof WatermarkStrategy
      ? watermarks
      : WatermarkStrategy.forGenerator(watermarks);
  return strategy.toOperator(more);
}
