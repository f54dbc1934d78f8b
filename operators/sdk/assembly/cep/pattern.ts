/** Patterns of events over time (Flink: org.apache.flink.cep.pattern.Pattern). */
import { RowView } from "../row";
import { AndCondition, Condition, NotCondition, OrCondition, TrueCondition } from "./condition";
import { ConsumingStrategy, Quantifier, Repetition } from "./quantifier";
import { AfterMatchSkipStrategy } from "./skip-strategy";
import { FINAL_NAME } from "./state-graph";

/**
 * What Pattern.within() bounds (Flink: WithinType): the time from a match's first event to its last, or from
 * one event to the next.
 *
 *     Pattern.begin<Reading>("hot").next("hotter").within(5_000, WithinType.PREVIOUS_AND_CURRENT);
 */
export enum WithinType {
  /** The time from a match's first event to its last one. */
  FIRST_AND_LAST,
  /** The time from one event to the next. */
  PREVIOUS_AND_CURRENT,
}

/**
 * A sequence of stages, each with a condition (Flink: Pattern). Every method answers the pattern to go on with.
 *
 *     const pattern = Pattern.begin<Reading>("hot").where(new IsHot()).oneOrMore().greedy()
 *       .followedBy("hotter").where(new IsHotter())
 *       .within(60_000);
 *     Pattern.begin<Reading>("hot").where(new IsHot()).times(2, 4).consecutive()
 *       .notNext("cold").where(new IsCold())
 *       .followedByAny("again").where(new IsHot()).optional();
 *     Pattern.begin<Reading>("hot").timesOrMore(2).until(new IsCold()).allowCombinations()
 *       .notFollowedBy("hotter").where(new IsHotter()).within(60_000);
 *
 * @throws OPERATOR_OPEN_FAILED for a mistake in it, such as two stages of one name, until() without a loop, or a notFollowedBy() at the end without within()
 */
export class Pattern<T extends RowView> {
  __quantifier: Quantifier;
  __until: Condition<T> | null = null;
  /** Bounds of within(), ms; -1: none was given. */
  __firstToLast: i64 = -1;
  __previousToCurrent: i64 = -1;
  /** The first mistake. */
  __problem: string | null = null;
  private condition: Condition<T> | null = null;

  /** @internal Patterns begin with begin(). */
  constructor(
    readonly name: string,
    readonly __previous: Pattern<T> | null,
    consuming: ConsumingStrategy,
    readonly __skip: AfterMatchSkipStrategy,
  ) {
    this.__quantifier = new Quantifier(consuming);
    if (__previous !== null) this.__problem = __previous.__problem;
  }

  /** The first stage, and what happens to other matches when one is complete. */
  static begin<E extends RowView>(
    name: string,
    skip: AfterMatchSkipStrategy = AfterMatchSkipStrategy.noSkip(),
  ): Pattern<E> {
    return new Pattern<E>(name, null, ConsumingStrategy.STRICT, skip);
  }

  /**
   * A condition of the stage: with others before it, all must hold. Without any, every event
   * fulfils the stage.
   */
  where(condition: Condition<T>): Pattern<T> {
    const before = this.condition;
    this.condition = before === null ? condition : new AndCondition<T>(before, condition);
    return this;
  }

  /** A condition that may hold instead of those before it. */
  or(condition: Condition<T>): Pattern<T> {
    const before = this.condition;
    this.condition = before === null ? condition : new OrCondition<T>(before, condition);
    return this;
  }

  /**
   * Ends a loop: from an event on that fulfils it, no more are taken. Only after oneOrMore() or
   * timesOrMore().
   */
  until(condition: Condition<T>): Pattern<T> {
    if (this.__until !== null) this.note("until was said twice");
    if (this.__quantifier.repetition != Repetition.LOOPING) {
      this.note("until needs oneOrMore or timesOrMore");
    }
    this.__until = condition;
    return this;
  }

  /**
   * The time that a match may take, ms: exactly so much is too long. The smallest one of a pattern
   * holds. As PREVIOUS_AND_CURRENT it bounds the time from the event before to the stage's own.
   */
  within(time: i64, type: WithinType = WithinType.FIRST_AND_LAST): Pattern<T> {
    if (time < 0) this.note("within: the time must not be negative");
    if (type == WithinType.FIRST_AND_LAST) this.__firstToLast = time;
    else this.__previousToCurrent = time;
    return this;
  }

  /** A stage whose event comes directly after the one before. */
  next(name: string): Pattern<T> {
    return this.append(name, ConsumingStrategy.STRICT);
  }

  /** A stage whose event comes later: events that do not fulfil it are passed over. */
  followedBy(name: string): Pattern<T> {
    return this.append(name, ConsumingStrategy.SKIP_TILL_NEXT);
  }

  /**
   * A stage whose event comes later: those that fulfil it may be passed over too, so there are
   * more matches.
   */
  followedByAny(name: string): Pattern<T> {
    return this.append(name, ConsumingStrategy.SKIP_TILL_ANY);
  }

  /** An event that must not come directly after the one before. */
  notNext(name: string): Pattern<T> {
    return this.appendNot(name, ConsumingStrategy.NOT_NEXT);
  }

  /**
   * An event that must not come before the next stage's; as the last stage, which needs within(),
   * before the time is over.
   */
  notFollowedBy(name: string): Pattern<T> {
    return this.appendNot(name, ConsumingStrategy.NOT_FOLLOW);
  }

  /** The stage may be left out. */
  optional(): Pattern<T> {
    const previous = this.__previous;
    if (previous !== null && previous.__quantifier.isGreedy) {
      this.note("an optional stage must not follow a greedy one");
    }
    return this.checked(this.__quantifier.optional());
  }

  /** One event or more; `window`: the largest time from one to the next, ms. */
  oneOrMore(window: i64 = 0): Pattern<T> {
    return this.checked(this.__quantifier.repeat(Repetition.LOOPING, 1, 1, window));
  }

  /** So many events or more. */
  timesOrMore(times: i32, window: i64 = 0): Pattern<T> {
    return this.checked(this.__quantifier.repeat(Repetition.LOOPING, times, times, window));
  }

  /** So many events; with `to`, from so many up to that. From 0 on the stage is optional. */
  times(from: i32, to: i32 = -1, window: i64 = 0): Pattern<T> {
    const quantifier = this.__quantifier;
    const most = to < 0 ? from : to;
    if (from != 0 || to < 0)
      return this.checked(quantifier.repeat(Repetition.TIMES, from, most, window));
    this.checked(quantifier.repeat(Repetition.TIMES, 1, most, window));
    return this.checked(quantifier.optional());
  }

  /** A repeated stage takes as many events as it can. */
  greedy(): Pattern<T> {
    return this.checked(this.__quantifier.greedy());
  }

  /** Between the events of a repeated stage there is nothing else. */
  consecutive(): Pattern<T> {
    return this.checked(this.__quantifier.setInner(ConsumingStrategy.STRICT));
  }

  /** A repeated stage may pass over events that fulfil it. */
  allowCombinations(): Pattern<T> {
    return this.checked(this.__quantifier.setInner(ConsumingStrategy.SKIP_TILL_ANY));
  }

  get __condition(): Condition<T> {
    const condition = this.condition;
    return condition === null ? new TrueCondition<T>() : condition;
  }

  /** Whether stages are named twice, or the skip strategy names none; `stages` are all of them. */
  __checkNames(stages: string[]): string | null {
    for (let i = 0; i < stages.length; i++) {
      if (stages[i] == FINAL_NAME || stages.indexOf(stages[i]) != i) {
        return "pattern: two stages are named " + stages[i];
      }
    }
    const skip = this.__skip;
    if (!skip.__hasStage || stages.includes(skip.stage)) return null;
    return "pattern: there is no stage " + skip.stage + " to skip to";
  }

  /** What a repeated stage takes: nothing once its loop has been ended. */
  get __take(): Condition<T> {
    const until = this.__until;
    const condition = this.__condition;
    return until === null ? condition : new AndCondition<T>(new NotCondition<T>(until), condition);
  }

  /** What may be passed over within a repeated stage; null: nothing. */
  get __innerIgnore(): Condition<T> | null {
    const ignore = this.ignoring(this.__quantifier.inner);
    const until = this.__until;
    if (ignore === null || until === null) return ignore;
    return new AndCondition<T>(new NotCondition<T>(until), ignore);
  }

  /** What may be passed over before the stage; null: nothing. */
  get __ignore(): Condition<T> | null {
    return this.ignoring(this.__quantifier.consuming);
  }

  private ignoring(strategy: ConsumingStrategy): Condition<T> | null {
    if (strategy == ConsumingStrategy.SKIP_TILL_NEXT) {
      return new NotCondition<T>(this.__condition);
    }
    if (strategy == ConsumingStrategy.SKIP_TILL_ANY) return new TrueCondition<T>();
    return null;
  }

  private append(name: string, consuming: ConsumingStrategy): Pattern<T> {
    return new Pattern<T>(name, this, consuming, this.__skip);
  }

  private appendNot(name: string, consuming: ConsumingStrategy): Pattern<T> {
    if (this.__quantifier.isOptional) {
      this.note("after an optional stage there cannot be one that must not come");
    }
    return this.append(name, consuming);
  }

  private checked(problem: string | null): Pattern<T> {
    if (problem !== null) this.note(problem);
    return this;
  }

  private note(problem: string): void {
    if (this.__problem === null) this.__problem = "pattern, stage " + this.name + ": " + problem;
  }
}
