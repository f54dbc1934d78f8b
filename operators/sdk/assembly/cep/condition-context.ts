/** What a condition may ask about the partial match that an event would continue. */
import { processingTime } from "../processing-time";
import { RowView } from "../row";
import { MatchedEvents, PatternMatch } from "./pattern-match";

/**
 * Given to IterativeCondition.filter() (Flink: IterativeCondition.Context). One object serves all events: what
 * it tells is valid until filter() returns.
 *
 *     filter(value: Reading, context: ConditionContext<Reading>): bool {
 *       let sum: f64 = 0;
 *       const before = context.getEventsForPattern("hot");
 *       for (let i = 0; i < before.length; i++) sum += before.at(i).degrees;
 *       return sum < 100;
 *     }
 */
export class ConditionContext<T extends RowView> {
  private match: PatternMatch<T>;
  private node: usize = 0;
  private isWalked: bool = false;
  private time: i64 = 0;

  /** @internal The runtime makes it. */
  constructor(stages: string[]) {
    this.match = new PatternMatch<T>(stages);
  }

  __begin(node: usize, timestamp: i64): void {
    this.node = node;
    this.time = timestamp;
    this.isWalked = false;
  }

  /**
   * The events that the partial match has of a stage, oldest first; none if it has none, or no stage has that
   * name. Events and list are valid until filter() returns.
   */
  getEventsForPattern(name: string): MatchedEvents<T> {
    if (!this.isWalked) {
      this.match.__walk(this.node);
      this.isWalked = true;
    }
    return this.match.get(name);
  }

  /** The event's timestamp, ms; in processing time the clock when it came. */
  get timestamp(): i64 {
    return this.time;
  }

  /** The clock of the worker, ms since 1970. */
  currentProcessingTime(): i64 {
    return processingTime();
  }
}
