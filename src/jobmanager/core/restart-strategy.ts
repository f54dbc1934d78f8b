/**
 * Restart strategies: whether and when a failed job starts again.
 *
 * The four are Flink's (RestartBackoffTimeStrategy: NoRestart, FixedDelay, FailureRate,
 * ExponentialDelay); ExponentialDelay merges failures that come before the restart it announced.
 */
import { type RestartStrategySpec, restartStrategySchema } from "../../plan/job-spec.ts";
import { MillraceError } from "../../protocol/errors.ts";

/** What follows from one failure. */
export interface RestartDecision {
  /** False: the failure belongs to a restart that is already under way. */
  readonly newAttempt: boolean;
  readonly restart: boolean;
  /** Pause before the restart, ms; null where there is none. */
  readonly delayMs: number | null;
}

/** A strategy with its memory of earlier failures; one per job. */
export interface RestartStrategy {
  /**
   * @param nowMs monotonic
   * @param random in [0, 1); only the jitter of the exponential delay uses it
   */
  notifyFailure(nowMs: number, random: number): RestartDecision;
}

const REFUSED: RestartDecision = { newAttempt: true, restart: false, delayMs: null };

/**
 * @throws MillraceError RESTART_STRATEGY_INVALID for options that Flink refuses too (a multiplier
 * of 1 or less, a first delay above the largest one).
 */
export function restartStrategyOf(spec: RestartStrategySpec): RestartStrategy {
  const parsed = restartStrategySchema.safeParse(spec);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new MillraceError(
      "RESTART_STRATEGY_INVALID",
      `Cannot make restart strategy: ${issue?.message}`,
      { field: ["restartStrategy", ...(issue?.path ?? [])].join("."), value: spec },
    );
  }
  switch (spec.type) {
    case "none":
      return { notifyFailure: () => REFUSED };
    case "fixed_delay":
      return new FixedDelayStrategy(spec.attempts, spec.delay);
    case "failure_rate":
      return new FailureRateStrategy(spec.max_failures, spec.interval, spec.delay);
    case "exponential_delay":
      return new ExponentialDelayStrategy(spec);
  }
}

class FixedDelayStrategy implements RestartStrategy {
  readonly #attempts: number;
  readonly #delayMs: number;
  #failures = 0;

  constructor(attempts: number, delayMs: number) {
    this.#attempts = attempts;
    this.#delayMs = delayMs;
  }

  notifyFailure(): RestartDecision {
    this.#failures += 1;
    if (this.#failures > this.#attempts) return REFUSED;
    return { newAttempt: true, restart: true, delayMs: this.#delayMs };
  }
}

class FailureRateStrategy implements RestartStrategy {
  readonly #maxFailures: number;
  readonly #intervalMs: number;
  readonly #delayMs: number;
  /** Times of the last maxFailures + 1 failures, oldest first. */
  readonly #failures: number[] = [];

  constructor(maxFailures: number, intervalMs: number, delayMs: number) {
    this.#maxFailures = maxFailures;
    this.#intervalMs = intervalMs;
    this.#delayMs = delayMs;
  }

  notifyFailure(nowMs: number): RestartDecision {
    if (this.#failures.length > this.#maxFailures) this.#failures.shift();
    this.#failures.push(nowMs);
    const earliestMs = this.#failures[0] ?? nowMs;
    const full = this.#failures.length > this.#maxFailures;
    if (full && nowMs - earliestMs <= this.#intervalMs) return REFUSED;
    return { newAttempt: true, restart: true, delayMs: this.#delayMs };
  }
}

type ExponentialSpec = Extract<RestartStrategySpec, { type: "exponential_delay" }>;

class ExponentialDelayStrategy implements RestartStrategy {
  readonly #spec: ExponentialSpec;
  /** Kept as a fraction: Flink multiplies the untruncated value. */
  #backoffMs: number;
  #count = 0;
  /** Moment of the restart announced last. */
  #restartAtMs: number | undefined;

  constructor(spec: ExponentialSpec) {
    if (spec.initial > spec.max) {
      throw new MillraceError(
        "RESTART_STRATEGY_INVALID",
        "Cannot make restart strategy: the first delay is above the largest one",
        { field: "restartStrategy.initial", value: spec.initial, expected: `<= ${spec.max}` },
      );
    }
    this.#spec = spec;
    this.#backoffMs = spec.initial;
  }

  notifyFailure(nowMs: number, random: number): RestartDecision {
    const announcedMs = this.#restartAtMs;
    if (announcedMs !== undefined && nowMs <= announcedMs) {
      const restart = this.#count <= this.#spec.attempts;
      return { newAttempt: false, restart, delayMs: restart ? announcedMs - nowMs : null };
    }
    if (announcedMs === undefined || nowMs - announcedMs >= this.#spec.reset_threshold) {
      this.#backoffMs = this.#spec.initial;
      this.#count = 0;
    } else {
      this.#backoffMs = Math.min(this.#backoffMs * this.#spec.multiplier, this.#spec.max);
    }
    this.#count += 1;
    const delayMs = this.#delayWithJitter(random);
    this.#restartAtMs = nowMs + delayMs;
    if (this.#count > this.#spec.attempts) return REFUSED;
    return { newAttempt: true, restart: true, delayMs };
  }

  /** Jitter moves the delay by up to that share either way, but never out of [initial, max]. */
  #delayWithJitter(random: number): number {
    const base = Math.trunc(this.#backoffMs);
    const span = Math.trunc(base * this.#spec.jitter);
    if (span === 0) return base;
    const offset = Math.floor(random * (2 * span + 1)) - span;
    return Math.min(Math.max(base + offset, this.#spec.initial), this.#spec.max);
  }
}
