/** Window assigners, triggers and evictors of the DataStream builder, with Flink's names. */
import { type DurationLike, durationMs } from "./duration.ts";
import type { EvictorParameters, TriggerParameters } from "./window-parameters.ts";

/** An assigner as the operator's parameters name it; lengths in ms. */
export interface WindowAssigner {
  /** Which windows. */
  readonly assigner: "tumbling" | "sliding" | "cumulative" | "session" | "global";
  /** Which clock; event time unless it is said. */
  readonly time?: "event" | "processing";
  /** Length of a window. */
  readonly size?: number;
  /** From one window's start to the next one's. */
  readonly slide?: number;
  /** By how much a cumulative window grows. */
  readonly step?: number;
  /** Shift of the window bounds from the epoch. */
  readonly offset?: number;
  /** Silence that ends a session. */
  readonly gap?: number;
  /** Column with the silence that ends a session behind each row. */
  readonly gapField?: string;
  /** What fires a global window without a trigger. */
  readonly defaultTrigger?: "end_of_stream";
}

/** The assigner of the one window of everything, whose results have no bounds. */
export interface GlobalWindowAssigner extends WindowAssigner {
  readonly assigner: "global";
}

type Time = Pick<WindowAssigner, "time">;
const PROCESSING: Time = { time: "processing" };

function tumbling(time: Time) {
  return (size: DurationLike, offset: DurationLike = 0): WindowAssigner => ({
    assigner: "tumbling",
    ...time,
    size: durationMs(size, "window size"),
    offset: durationMs(offset, "window offset"),
  });
}

function sliding(time: Time) {
  return (size: DurationLike, slide: DurationLike, offset: DurationLike = 0): WindowAssigner => ({
    assigner: "sliding",
    ...time,
    size: durationMs(size, "window size"),
    slide: durationMs(slide, "window slide"),
    offset: durationMs(offset, "window offset"),
  });
}

function sessions(time: Time) {
  return {
    withGap(gap: DurationLike): WindowAssigner {
      return { assigner: "session", ...time, gap: durationMs(gap, "session gap") };
    },
    /** @param field Column, BIGINT NOT NULL, with the gap behind each row in ms. */
    withDynamicGap(field: string): WindowAssigner {
      return { assigner: "session", ...time, gapField: field };
    },
  } as const;
}

/**
 * Windows of a fixed size, one behind the other, in event time (Flink: TumblingEventTimeWindows).
 *
 *     keyed.window(TumblingEventTimeWindows.of(Duration.ofMinutes(1))).aggregate(count());
 *
 * @throws DURATION_INVALID; JOB_PARAMETER_INVALID at submission for a size that is not positive, or an offset as long as it
 */
export const TumblingEventTimeWindows = {
  /**
   * `of(Duration.ofMinutes(1))`: windows [n * size + offset, (n + 1) * size + offset), ms since the epoch. The
   * offset is below `size` in absolute value.
   */
  of: tumbling({}),
} as const;
/**
 * The same by the workers' clocks (Flink: TumblingProcessingTimeWindows).
 *
 *     keyed.window(TumblingProcessingTimeWindows.of(Duration.ofSeconds(10))).aggregate(count());
 *
 * @throws as TumblingEventTimeWindows
 */
export const TumblingProcessingTimeWindows = {
  /** `of(size, offset)`, as of TumblingEventTimeWindows. */
  of: tumbling(PROCESSING),
} as const;

/**
 * Windows of a fixed size, one every `slide`: a row is in size / slide of them (Flink:
 * SlidingEventTimeWindows). What a row costs does not depend on size / slide, where the function can merge.
 *
 *     const assigner = SlidingEventTimeWindows.of(Duration.ofHours(1), Duration.ofMinutes(5));
 *     keyed.window(assigner).aggregate(count());
 *
 * @throws DURATION_INVALID; JOB_PARAMETER_INVALID at submission for a size or slide that is not positive, or an offset as long as the slide
 */
export const SlidingEventTimeWindows = {
  /** `of(Duration.ofHours(1), Duration.ofMinutes(5))`, and an offset as of tumbling windows. */
  of: sliding({}),
} as const;
/**
 * The same by the workers' clocks (Flink: SlidingProcessingTimeWindows).
 *
 *     keyed.window(SlidingProcessingTimeWindows.of(60_000, 10_000)).aggregate(count());
 *
 * @throws as SlidingEventTimeWindows
 */
export const SlidingProcessingTimeWindows = {
  /** `of(size, slide, offset)`, as of SlidingEventTimeWindows. */
  of: sliding(PROCESSING),
} as const;

/**
 * Windows of activity: rows with at most a gap between them, in event time (Flink: EventTimeSessionWindows).
 * `withDynamicGap` names a BIGINT column that holds the gap behind each row, ms.
 *
 *     keyed.window(EventTimeSessionWindows.withGap(Duration.ofMinutes(30))).aggregate(count());
 *     keyed.window(EventTimeSessionWindows.withDynamicGap("quietMs")).aggregate(count());
 *
 * @throws DURATION_INVALID; JOB_PARAMETER_INVALID at submission for a gap that is not positive; ROW_FAILED for such a row
 */
export const EventTimeSessionWindows = sessions({});
/**
 * The same by the workers' clocks (Flink: ProcessingTimeSessionWindows).
 *
 *     keyed.window(ProcessingTimeSessionWindows.withGap(Duration.ofMinutes(30))).aggregate(count());
 *
 * @throws as EventTimeSessionWindows
 */
export const ProcessingTimeSessionWindows = sessions(PROCESSING);

/**
 * Windows that grow by `step` until they are `size` long (Flink: the CUMULATE table function).
 *
 *     const assigner = CumulativeEventTimeWindows.of(Duration.ofMinutes(5), Duration.ofHours(1));
 *     keyed.window(assigner).aggregate(count());
 *
 * @throws DURATION_INVALID; JOB_PARAMETER_INVALID at submission for a size that is no multiple of the step
 */
export const CumulativeEventTimeWindows = {
  /** `of(Duration.ofMinutes(5), Duration.ofHours(1))`: a result every five minutes, a new start every hour. */
  of(step: DurationLike, size: DurationLike, offset: DurationLike = 0): WindowAssigner {
    return {
      assigner: "cumulative",
      step: durationMs(step, "window step"),
      size: durationMs(size, "window size"),
      offset: durationMs(offset, "window offset"),
    };
  },
} as const;

/**
 * One window for all rows of a key: it fires by its trigger (Flink: GlobalWindows).
 *
 *     keyed.window(GlobalWindows.create()).trigger(CountTrigger.of(100)).aggregate(count());
 *     keyed.window(GlobalWindows.createWithEndOfStreamTrigger()).aggregate(count());
 */
export const GlobalWindows = {
  /** Without a trigger it never fires. */
  create(): GlobalWindowAssigner {
    return { assigner: "global" };
  },
  /** Without a trigger it fires at the end of the input. */
  createWithEndOfStreamTrigger(): GlobalWindowAssigner {
    return { assigner: "global", defaultTrigger: "end_of_stream" };
  },
} as const;

/** When a window fires: give one to `trigger()`. */
export type Trigger = TriggerParameters;

/**
 * Fires when the watermark passes the window's end, and for each late row (Flink: EventTimeTrigger).
 *
 *     keyed.window(assigner).trigger(PurgingTrigger.of(EventTimeTrigger.create())).aggregate(count());
 */
export const EventTimeTrigger = {
  /** The default of event-time windows. */
  create: (): Trigger => ({ type: "event_time" }),
} as const;
/**
 * Fires when the clock passes the window's end (Flink: ProcessingTimeTrigger).
 *
 *     keyed.window(assigner).trigger(ProcessingTimeTrigger.create()).aggregate(count());
 */
export const ProcessingTimeTrigger = {
  /** The default of processing-time windows. */
  create: (): Trigger => ({ type: "processing_time" }),
} as const;
/**
 * Fires at every n-th row (Flink: CountTrigger).
 *
 *     keyed.window(assigner).trigger(CountTrigger.of(100)).aggregate(count());
 *
 * @throws JOB_PARAMETER_INVALID at submission for a number that is not positive
 */
export const CountTrigger = {
  /** `of(100)`: at every hundredth row of a key's window. */
  of: (n: number): Trigger => ({ type: "count", n }),
} as const;
/**
 * Fires every interval of event time, and at the window's end (Flink: ContinuousEventTimeTrigger).
 *
 *     const every = ContinuousEventTimeTrigger.of(Duration.ofSeconds(10));
 *     keyed.window(assigner).trigger(every).aggregate(count());
 *
 * @throws DURATION_INVALID; JOB_PARAMETER_INVALID at submission for an interval that is not positive
 */
export const ContinuousEventTimeTrigger = {
  /** `of(Duration.ofSeconds(10))` */
  of: (interval: DurationLike): Trigger => ({
    type: "continuous_event_time",
    interval: durationMs(interval, "trigger interval"),
  }),
} as const;
/**
 * Fires every interval by the clock (Flink: ContinuousProcessingTimeTrigger).
 *
 *     const every = ContinuousProcessingTimeTrigger.of(Duration.ofSeconds(10));
 *     keyed.window(assigner).trigger(every).aggregate(count());
 *
 * @throws as ContinuousEventTimeTrigger
 */
export const ContinuousProcessingTimeTrigger = {
  /** `of(Duration.ofSeconds(10))` */
  of: (interval: DurationLike): Trigger => ({
    type: "continuous_processing_time",
    interval: durationMs(interval, "trigger interval"),
  }),
} as const;
/**
 * Fires when a column is more than `threshold` from where it was at the last firing (Flink: DeltaTrigger with a
 * DeltaFunction).
 *
 *     keyed.window(GlobalWindows.create()).trigger(DeltaTrigger.of(0.5, "price")).aggregate(max("price"));
 *
 * @throws JOB_PARAMETER_INVALID at submission for a column that is no BIGINT or DOUBLE
 */
export const DeltaTrigger = {
  /** `of(0.5, "price")`; `abs` counts a fall as well as a rise. */
  of: (threshold: number, field: string, delta: "signed" | "abs" = "signed"): Trigger => ({
    type: "delta",
    threshold,
    field,
    delta,
  }),
} as const;
/**
 * Where the inner trigger fires, the window's contents go (Flink: PurgingTrigger).
 *
 *     keyed.window(assigner).trigger(PurgingTrigger.of(CountTrigger.of(100))).aggregate(count());
 */
export const PurgingTrigger = {
  /** `of(CountTrigger.of(100))` */
  of: (inner: Trigger): Trigger => ({ type: "purging", inner }),
} as const;
/**
 * Fires with the inner trigger, and at the latest a timeout by the clock after the first row (Flink:
 * ProcessingTimeoutTrigger).
 *
 *     const soon = ProcessingTimeoutTrigger.of(CountTrigger.of(100), Duration.ofSeconds(5));
 *     keyed.window(assigner).trigger(soon).aggregate(count());
 *
 * @throws DURATION_INVALID
 */
export const ProcessingTimeoutTrigger = {
  /** `of(inner, timeout)`; with `resetOnElement` every row begins the timeout anew. */
  of(
    inner: Trigger,
    timeout: DurationLike,
    resetOnElement = false,
    clearOnTimeout = true,
  ): Trigger {
    const ms = durationMs(timeout, "trigger timeout");
    return { type: "processing_timeout", inner, timeout: ms, resetOnElement, clearOnTimeout };
  },
} as const;

/** Which rows leave a window before (or after) its function is called: give one to `evictor()`. */
export type Evictor = EvictorParameters;

/**
 * Keeps the last n rows (Flink: CountEvictor).
 *
 *     keyed.window(assigner).evictor(CountEvictor.of(100)).aggregate(count());
 */
export const CountEvictor = {
  /** `of(100)`; with `after` the function sees all rows first. */
  of: (n: number, after = false): Evictor => ({ type: "count", n, after }),
} as const;
/**
 * Keeps the rows of the last `size`, counted from the latest one (Flink: TimeEvictor).
 *
 *     keyed.window(assigner).evictor(TimeEvictor.of(Duration.ofSeconds(10))).aggregate(count());
 *
 * @throws DURATION_INVALID
 */
export const TimeEvictor = {
  /** `of(Duration.ofSeconds(10))`; with `after` the function sees all rows first. */
  of: (size: DurationLike, after = false): Evictor => ({
    type: "time",
    size: durationMs(size, "evictor size"),
    after,
  }),
} as const;
/**
 * Drops rows that are `threshold` or more from the last one, by a column (Flink: DeltaEvictor).
 *
 *     keyed.window(assigner).evictor(DeltaEvictor.of(0.5, "price")).aggregate(max("price"));
 *
 * @throws JOB_PARAMETER_INVALID at submission for a column that is no BIGINT or DOUBLE
 */
export const DeltaEvictor = {
  /** `of(0.5, "price")`; with `after` the function sees all rows first. */
  of: (
    threshold: number,
    field: string,
    delta: "signed" | "abs" = "signed",
    after = false,
  ): Evictor => ({ type: "delta", threshold, field, delta, after }),
} as const;
