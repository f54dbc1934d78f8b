/** Window assigners, aggregates and watermark strategies of the DataStream builder. */
import type { AggregateSpec } from "./builtin-windows.ts";
import { type DurationLike, durationMs } from "./duration.ts";

/** An assigner as the operator's parameters name it. */
export interface WindowAssigner {
  readonly assigner: "tumbling";
  readonly size: number;
  readonly offset: number;
}

/** Windows of a fixed size, one behind the other, in event time (Flink's class of that name). */
export const TumblingEventTimeWindows = {
  /** @param offset Shift of the window bounds from the epoch, below `size` in absolute value. */
  of(size: DurationLike, offset: DurationLike = 0): WindowAssigner {
    return {
      assigner: "tumbling",
      size: durationMs(size, "window size"),
      offset: durationMs(offset, "window offset"),
    };
  },
} as const;

/** A built-in aggregate; `as` gives its result another name. */
export class Aggregate {
  readonly spec: AggregateSpec;

  constructor(spec: AggregateSpec) {
    this.spec = spec;
  }

  as(name: string): Aggregate {
    return new Aggregate({ ...this.spec, as: name });
  }
}

function aggregateOf(fn: "sum" | "min" | "max" | "avg", field: string): Aggregate {
  return new Aggregate({ fn, field, as: `${fn}_${field}` });
}

/** Number of rows, or of those whose `field` is not NULL; result `count` or `count_FIELD`. */
export function count(field?: string): Aggregate {
  if (field === undefined) return new Aggregate({ fn: "count", as: "count" });
  return new Aggregate({ fn: "count", field, as: `count_${field}` });
}
/** Sum, of the field's own type; integers wrap. Result `sum_FIELD`. */
export function sum(field: string): Aggregate {
  return aggregateOf("sum", field);
}
/** Smallest value; result `min_FIELD`. */
export function min(field: string): Aggregate {
  return aggregateOf("min", field);
}
/** Largest value; result `max_FIELD`. */
export function max(field: string): Aggregate {
  return aggregateOf("max", field);
}
/** Mean as DOUBLE; result `avg_FIELD`. */
export function avg(field: string): Aggregate {
  return aggregateOf("avg", field);
}

/** Parameters of the operator assign_timestamps. */
export interface WatermarkParameters {
  readonly field: string;
  readonly unit?: TimeUnit;
  readonly strategy: "bounded" | "monotonous" | "none";
  readonly maxOutOfOrdernessMs?: number;
}
export type TimeUnit = "s" | "ms" | "us" | "ns";

/**
 * How event time comes to a stream (Flink: WatermarkStrategy).
 *
 *     WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofSeconds(5)).withTimestampField("at")
 */
export class WatermarkStrategy {
  readonly #strategy: WatermarkParameters["strategy"];
  readonly #boundMs: number;

  private constructor(strategy: WatermarkParameters["strategy"], boundMs: number) {
    this.#strategy = strategy;
    this.#boundMs = boundMs;
  }

  /** Rows come at most `bound` behind the latest. */
  static forBoundedOutOfOrderness(bound: DurationLike): WatermarkStrategy {
    return new WatermarkStrategy("bounded", durationMs(bound, "maximum out-of-orderness"));
  }
  /** Timestamps never decrease within a subtask of the source. */
  static forMonotonousTimestamps(): WatermarkStrategy {
    return new WatermarkStrategy("monotonous", 0);
  }
  /** Timestamps without watermarks: event-time windows fire at the end of the input only. */
  static noWatermarks(): WatermarkStrategy {
    return new WatermarkStrategy("none", 0);
  }

  /** @param unit What a BIGINT field counts since the epoch; TIMESTAMP fields have their own unit. */
  withTimestampField(field: string, unit?: TimeUnit): WatermarkParameters {
    return {
      field,
      strategy: this.#strategy,
      ...(unit === undefined ? {} : { unit }),
      ...(this.#strategy === "bounded" ? { maxOutOfOrdernessMs: this.#boundMs } : {}),
    };
  }
}
