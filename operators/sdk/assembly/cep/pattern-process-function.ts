/**
 * What an author writes for matches of a pattern (Flink: PatternProcessFunction,
 * TimedOutPartialMatchHandler).
 */
import { RichFunction } from "../functions";
import { Operator } from "../operator";
import { processingTime } from "../processing-time";
import { Collector, RowView } from "../row";
import { Pattern } from "./pattern";
import { PatternMatch } from "./pattern-match";

/**
 * What a function may ask about a match (Flink: PatternProcessFunction.Context). One object serves all.
 *
 *     processMatch(match: PatternMatch<Line>, context: PatternContext, out: Collector<Line>): void {
 *       const delay = context.currentProcessingTime() - context.timestamp; // ms
 *       if (delay < 60_000) out.collect();
 *     }
 */
export class PatternContext {
  /**
   * When the match was found, ms: the timestamp of the event that completed it, or the time at
   * which it was noticed; of a match that ran out of time, when it did. Rows leave with it in event
   * time.
   */
  timestamp: i64 = 0;

  /** @internal The runtime makes it. */
  constructor(private operator: Operator) {}

  /** The clock of the worker, ms since 1970. */
  currentProcessingTime(): i64 {
    return processingTime();
  }

  /** The watermark that the operator has seen; Long.MIN_VALUE before the first. */
  currentWatermark(): i64 {
    return this.operator.currentWatermark;
  }

  /**
   * Collector of side output `index`: 1 is that of the first `@sideOutput`. Ask once, in openProcess(), and
   * keep it in a field (Flink: Context.output, which looks the tag up for each row).
   * @throws OPERATOR_FAILED for a number that is not there
   */
  sideOutput<T extends RowView>(index: i32): Collector<T> {
    const operator = this.operator;
    assert(index > 0 && index < operator.ownOutputs, "no side output of that number");
    const stream = operator.config.outputs[index];
    return new Collector<T>(instantiate<T>(), operator.writers[index], stream);
  }
}

/**
 * Finds a pattern in the events of each key, and is called for each match (Flink: CEP.pattern() with a
 * PatternProcessFunction, TimedOutPartialMatchHandler): `readings.keyBy("device").process(ops.heating)`.
 *
 *     @sideOutput("late", Reading)
 *     @sideOutput("stopped", Area)
 *     @operator
 *     class Heating extends PatternProcessFunction<Reading, Area> {
 *       private stopped!: Collector<Area>;
 *
 *       pattern(): Pattern<Reading> {
 *         return Pattern.begin<Reading>("hot").where(new IsHot())
 *           .next("hotter").where(new IsHotter()).within(60_000);
 *       }
 *       inProcessingTime(): bool {
 *         return false; // as without it
 *       }
 *       lateOutput(): i32 {
 *         return 1;
 *       }
 *       openProcess(context: PatternContext): void {
 *         this.stopped = context.sideOutput<Area>(2);
 *       }
 *       processMatch(
 *         match: PatternMatch<Reading>,
 *         context: PatternContext,
 *         out: Collector<Area>,
 *       ): void {
 *         out.row().area = match.get("hot").at(0).device;
 *         out.collect();
 *       }
 *       processTimedOutMatch(match: PatternMatch<Reading>, context: PatternContext): void {
 *         this.stopped.row().area = match.get("hot").at(0).device;
 *         this.stopped.collect();
 *       }
 *     }
 *
 * In event time a key's events wait for the watermark and are taken in the order of their
 * timestamps, those of one timestamp as they came. One that comes at or behind the watermark is
 * late: see lateOutput().
 * @throws JOB_KEY_MISSING on a stream that is not keyed; OPERATOR_OPEN_FAILED for a pattern that cannot be
 */
export abstract class PatternProcessFunction<
  In extends RowView,
  Out extends RowView,
> extends RichFunction {
  /** The pattern. Called once, behind open(), so it may depend on parameters. */
  abstract pattern(): Pattern<In>;
  /**
   * Whether events are taken as they come, at the time of the worker's clock (Flink:
   * inProcessingTime()).
   */
  inProcessingTime(): bool {
    return false;
  }
  /**
   * The side output (1 is the first) that gets late events, with all their columns (Flink:
   * sideOutputLateData()); 0: they are dropped and counted. Its row must have the columns of the
   * input.
   */
  lateOutput(): i32 {
    return 0;
  }
  /** Called once before the first event, with the context that the others get: for side outputs. */
  openProcess(context: PatternContext): void {}
  /** Called for each match, with its events by stage. */
  abstract processMatch(
    match: PatternMatch<In>,
    context: PatternContext,
    out: Collector<Out>,
  ): void;
  /**
   * Called for each match that ran out of time: its events so far. What it gives goes to a side
   * output.
   */
  processTimedOutMatch(match: PatternMatch<In>, context: PatternContext): void {}
}
