/**
 * How often a stage of a pattern occurs, and what may stand between its events (Flink:
 * Quantifier).
 */

/** What may stand between an event and the one before it (Flink: Quantifier.ConsumingStrategy). */
export enum ConsumingStrategy {
  /** Nothing. */
  STRICT,
  /** What does not fulfil the condition. */
  SKIP_TILL_NEXT,
  /** Anything. */
  SKIP_TILL_ANY,
  /** The stage's event must not come at all. */
  NOT_FOLLOW,
  /** The stage's event must not come next. */
  NOT_NEXT,
}

export enum Repetition {
  SINGLE,
  LOOPING,
  TIMES,
}

export class Quantifier {
  repetition: Repetition = Repetition.SINGLE;
  inner: ConsumingStrategy = ConsumingStrategy.SKIP_TILL_NEXT;
  isOptional: bool = false;
  isGreedy: bool = false;
  /** Bounds of TIMES; of LOOPING both are the number that there must be at least. */
  least: i32 = 0;
  most: i32 = 0;
  /** Largest time from one event of a repeated stage to its next, ms; 0: none. */
  window: i64 = 0;

  constructor(readonly consuming: ConsumingStrategy) {}

  get isNot(): bool {
    return (
      this.consuming == ConsumingStrategy.NOT_FOLLOW || this.consuming == ConsumingStrategy.NOT_NEXT
    );
  }

  /** Sets how often; answers what is wrong with that. */
  repeat(repetition: Repetition, least: i32, most: i32, window: i64): string | null {
    if (this.isNot) return "a stage that must not come cannot be repeated";
    if (this.repetition != Repetition.SINGLE)
      return "a stage has one of times, oneOrMore and timesOrMore";
    if (least <= 0) return "the number of times must be positive";
    if (most < least) return "the largest number of times must not be below the smallest";
    this.repetition = repetition;
    this.least = least;
    this.most = most;
    this.window = window;
    return null;
  }

  optional(): string | null {
    if (this.isOptional) return "optional was said twice";
    if (this.isNot) return "a stage that must not come cannot be optional";
    this.isOptional = true;
    return null;
  }

  greedy(): string | null {
    if (this.isNot) return "a stage that must not come cannot be greedy";
    if (this.inner == ConsumingStrategy.SKIP_TILL_ANY)
      return "greedy does not go with allowCombinations";
    if (this.repetition == Repetition.SINGLE) return "greedy needs times, oneOrMore or timesOrMore";
    this.isGreedy = true;
    return null;
  }

  /** Sets what may stand between the events of a repeated stage. */
  setInner(strategy: ConsumingStrategy): string | null {
    const name = strategy == ConsumingStrategy.STRICT ? "consecutive" : "allowCombinations";
    if (this.repetition == Repetition.SINGLE)
      return name + " needs times, oneOrMore or timesOrMore";
    if (this.inner == strategy) return name + " was said twice";
    if (this.inner != ConsumingStrategy.SKIP_TILL_NEXT) {
      return "a stage is either consecutive or allows combinations";
    }
    this.inner = strategy;
    return null;
  }
}
