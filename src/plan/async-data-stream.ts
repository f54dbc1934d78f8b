/** Asynchronous functions in a stream (Flink: AsyncDataStream, AsyncRetryStrategies, RetryPredicates). */
import type { AsyncParameterInput, AsyncRetryStrategy } from "./async-parameters.ts";
import type { DataStream, SingleOutputStreamOperator } from "./data-stream.ts";
import { type DurationLike, durationMs } from "./duration.ts";
import type { OperatorHandle } from "./operator-handle.ts";

/** How rows wait for their answers. */
export interface AsyncWaitOptions {
  /** How long a row may wait, retries included; then its function's timeout() is called. Default: for ever. */
  readonly timeout?: DurationLike;
  /** Rows and watermarks of one subtask that may wait; a full queue holds the stream back. Default 100. */
  readonly capacity?: number;
}

/**
 * Places AsyncFunctions in a stream (Flink: AsyncDataStream).
 *
 *     AsyncDataStream.unorderedWait(lines, ops.lookUp, { timeout: Duration.ofSeconds(5) });
 *     AsyncDataStream.orderedWait(lines, ops.lookUp, { capacity: 20 });
 *     const { FixedDelayRetryStrategyBuilder } = AsyncRetryStrategies;
 *     const again = new FixedDelayRetryStrategyBuilder(3, 200)
 *       .ifException(RetryPredicates.HAS_EXCEPTION_PREDICATE)
 *       .build();
 *     AsyncDataStream.orderedWaitWithRetry(lines, ops.lookUp, again, { timeout: 5_000 });
 *     AsyncDataStream.unorderedWaitWithRetry(lines, ops.lookUp, again, { timeout: 5_000 });
 */
export const AsyncDataStream = {
  /**
   * Results leave in the order of the rows: one that has its answer waits for those before it (Flink:
   * AsyncDataStream.orderedWait).
   */
  orderedWait<Row, Out>(
    stream: DataStream<Row>,
    fn: OperatorHandle<Row, Out, "async">,
    options: AsyncWaitOptions = {},
  ): SingleOutputStreamOperator<Out> {
    return place(stream, fn, "ordered", options);
  },

  /**
   * Results leave as they come, but none passes a watermark (Flink: AsyncDataStream.unorderedWait).
   */
  unorderedWait<Row, Out>(
    stream: DataStream<Row>,
    fn: OperatorHandle<Row, Out, "async">,
    options: AsyncWaitOptions = {},
  ): SingleOutputStreamOperator<Out> {
    return place(stream, fn, "unordered", options);
  },

  /** As orderedWait; a strategy says which rows are asked for again, and when. */
  orderedWaitWithRetry<Row, Out>(
    stream: DataStream<Row>,
    fn: OperatorHandle<Row, Out, "async">,
    strategy: AsyncRetryStrategy,
    options: AsyncWaitOptions = {},
  ): SingleOutputStreamOperator<Out> {
    return place(stream, fn, "ordered", options, strategy);
  },

  /** As unorderedWait; a strategy says which rows are asked for again, and when. */
  unorderedWaitWithRetry<Row, Out>(
    stream: DataStream<Row>,
    fn: OperatorHandle<Row, Out, "async">,
    strategy: AsyncRetryStrategy,
    options: AsyncWaitOptions = {},
  ): SingleOutputStreamOperator<Out> {
    return place(stream, fn, "unordered", options, strategy);
  },
};

function place<Row, Out>(
  stream: DataStream<Row>,
  fn: OperatorHandle<Row, Out, "async">,
  mode: AsyncParameterInput["mode"],
  { timeout, capacity }: AsyncWaitOptions,
  retry?: AsyncRetryStrategy,
): SingleOutputStreamOperator<Out> {
  const wait: AsyncParameterInput = {
    mode,
    ...(timeout === undefined ? {} : { timeoutMs: durationMs(timeout, "timeout") }),
    ...(capacity === undefined ? {} : { capacity }),
    ...(retry === undefined ? {} : { retry }),
  };
  return stream.asyncWait({ ...fn, parameters: { ...fn.parameters, async: wait } });
}

/**
 * Ready-made conditions for a retry (Flink: RetryPredicates); a function may decide by itself, too (`retryOnResult`,
 * `retryOnException`).
 *
 *     new AsyncRetryStrategies.FixedDelayRetryStrategyBuilder(3, Duration.ofMillis(200))
 *       .ifResult(RetryPredicates.EMPTY_RESULT_PREDICATE)
 *       .ifException(RetryPredicates.HAS_EXCEPTION_PREDICATE)
 *       .build();
 */
export const RetryPredicates = {
  /** For ifResult: there is no result. */
  EMPTY_RESULT_PREDICATE: "empty",
  /** For ifException: completed exceptionally, whatever the reason. */
  HAS_EXCEPTION_PREDICATE: "any",
} as const;

type ResultPredicate = typeof RetryPredicates.EMPTY_RESULT_PREDICATE;
type ExceptionPredicate = typeof RetryPredicates.HAS_EXCEPTION_PREDICATE;

/** What both builders have; without a condition, and without one in the function, nothing is retried. */
abstract class RetryStrategyBuilder {
  protected predicates: { ifResult?: ResultPredicate; ifException?: ExceptionPredicate } = {};

  /** Which results are asked for again. */
  ifResult(predicate: ResultPredicate): this {
    this.predicates.ifResult = predicate;
    return this;
  }

  /** Which failures are asked for again. A timeout never is. */
  ifException(predicate: ExceptionPredicate): this {
    this.predicates.ifException = predicate;
    return this;
  }

  /** The strategy. */
  abstract build(): AsyncRetryStrategy;
}

/** Retries after a pause that stays the same; see AsyncRetryStrategies. */
class FixedDelayRetryStrategyBuilder extends RetryStrategyBuilder {
  readonly #maxAttempts: number;
  readonly #delay: DurationLike;

  /** @param maxAttempts retries behind the first call @param backoff pause before each */
  constructor(maxAttempts: number, backoff: DurationLike) {
    super();
    this.#maxAttempts = maxAttempts;
    this.#delay = backoff;
  }

  override build(): AsyncRetryStrategy {
    return {
      type: "fixed_delay",
      maxAttempts: this.#maxAttempts,
      delayMs: durationMs(this.#delay, "backoff"),
      ...this.predicates,
    };
  }
}

/** Retries after pauses that grow; see AsyncRetryStrategies. */
class ExponentialBackoffDelayRetryStrategyBuilder extends RetryStrategyBuilder {
  readonly #maxAttempts: number;
  readonly #initialDelay: DurationLike;
  readonly #maxDelay: DurationLike;
  readonly #multiplier: number;

  /** @param maxAttempts retries behind the first call @param multiplier above 1 */
  constructor(
    maxAttempts: number,
    initialDelay: DurationLike,
    maxRetryDelay: DurationLike,
    multiplier: number,
  ) {
    super();
    this.#maxAttempts = maxAttempts;
    this.#initialDelay = initialDelay;
    this.#maxDelay = maxRetryDelay;
    this.#multiplier = multiplier;
  }

  override build(): AsyncRetryStrategy {
    return {
      type: "exponential_backoff",
      maxAttempts: this.#maxAttempts,
      delayMs: durationMs(this.#initialDelay, "initialDelay"),
      maxDelayMs: durationMs(this.#maxDelay, "maxRetryDelay"),
      multiplier: this.#multiplier,
      ...this.predicates,
    };
  }
}

/**
 * Strategies for rows that are to be asked for again (Flink: AsyncRetryStrategies).
 *
 *     new AsyncRetryStrategies.FixedDelayRetryStrategyBuilder(3, Duration.ofMillis(200))
 *       .ifException(RetryPredicates.HAS_EXCEPTION_PREDICATE)
 *       .build();
 *     new AsyncRetryStrategies.ExponentialBackoffDelayRetryStrategyBuilder(5, 100, 10_000, 2)
 *       .ifResult(RetryPredicates.EMPTY_RESULT_PREDICATE)
 *       .build();
 */
export const AsyncRetryStrategies = {
  /** `new FixedDelayRetryStrategyBuilder(maxAttempts, backoff)` */
  FixedDelayRetryStrategyBuilder,
  /** `new ExponentialBackoffDelayRetryStrategyBuilder(maxAttempts, initialDelay, maxRetryDelay, multiplier)` */
  ExponentialBackoffDelayRetryStrategyBuilder,
};
