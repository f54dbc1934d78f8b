/** What is left of other matches when one is complete (Flink: AfterMatchSkipStrategy). */

export enum SkipKind {
  NO_SKIP,
  SKIP_TO_NEXT,
  SKIP_PAST_LAST_EVENT,
  SKIP_TO_FIRST,
  SKIP_TO_LAST,
}

/**
 * Which other matches go when one is complete (Flink: AfterMatchSkipStrategy): given to Pattern.begin().
 *
 *     Pattern.begin<Reading>("hot", AfterMatchSkipStrategy.skipPastLastEvent());
 *     Pattern.begin<Reading>("hot", AfterMatchSkipStrategy.skipToNext());
 *     Pattern.begin<Reading>("hot", AfterMatchSkipStrategy.noSkip());
 *     const toLast = AfterMatchSkipStrategy.skipToLast("hotter"); // or skipToFirst()
 *     Pattern.begin<Reading>("hot", toLast).next("hotter").oneOrMore();
 *     Pattern.begin<Reading>("hot", AfterMatchSkipStrategy.skipToFirst("hot")).oneOrMore();
 *
 * @throws OPERATOR_OPEN_FAILED for a stage that the pattern does not have
 */
export class AfterMatchSkipStrategy {
  /** @internal Use the methods below. */
  constructor(
    readonly kind: SkipKind,
    /** Stage of skipToFirst() and skipToLast(). */
    readonly stage: string,
  ) {}

  /** Every possible match is given: the default. */
  static noSkip(): AfterMatchSkipStrategy {
    return new AfterMatchSkipStrategy(SkipKind.NO_SKIP, "");
  }

  /** Other matches that begin with the same event go. */
  static skipToNext(): AfterMatchSkipStrategy {
    return new AfterMatchSkipStrategy(SkipKind.SKIP_TO_NEXT, "");
  }

  /** Other matches that began before the match ended go. */
  static skipPastLastEvent(): AfterMatchSkipStrategy {
    return new AfterMatchSkipStrategy(SkipKind.SKIP_PAST_LAST_EVENT, "");
  }

  /** Other matches that began before the first event of a stage go. */
  static skipToFirst(stage: string): AfterMatchSkipStrategy {
    return new AfterMatchSkipStrategy(SkipKind.SKIP_TO_FIRST, stage);
  }

  /** Other matches that began before the last event of a stage go. */
  static skipToLast(stage: string): AfterMatchSkipStrategy {
    return new AfterMatchSkipStrategy(SkipKind.SKIP_TO_LAST, stage);
  }

  get __isSkipping(): bool {
    return this.kind != SkipKind.NO_SKIP;
  }

  get __hasStage(): bool {
    return this.kind == SkipKind.SKIP_TO_FIRST || this.kind == SkipKind.SKIP_TO_LAST;
  }
}
