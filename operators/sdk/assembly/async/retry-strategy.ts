/** When a row is asked for again (Flink: AsyncRetryStrategies). */
import { JsonValue } from "../config-json";

/** A job's strategy, as src/plan/async-parameters.ts has checked it. */
export class RetryStrategy {
  /** Retries behind the first call; 0: none. */
  readonly maxAttempts: i32;
  readonly ifEmptyResult: bool;
  readonly ifException: bool;
  private initialDelay: i64;
  private maxDelay: i64;
  private multiplier: f64;

  constructor(spec: JsonValue) {
    this.maxAttempts = spec.get("maxAttempts").int(0);
    this.ifEmptyResult = spec.get("ifResult").string("") == "empty";
    this.ifException = spec.get("ifException").string("") == "any";
    this.initialDelay = spec.get("delayMs").long(0);
    this.maxDelay = spec.get("maxDelayMs").long(i64.MAX_VALUE);
    this.multiplier = spec.get("multiplier").double(1);
  }

  /** Whether it may be asked again after so many calls (Flink: canRetry). */
  canRetry(attempts: i32): bool {
    return attempts <= this.maxAttempts;
  }

  /** Pause behind call number `attempts`, ms (Flink: getBackoffTimeMillis). */
  backoff(attempts: i32): i64 {
    if (this.multiplier == 1) return this.initialDelay;
    const grown = <f64>this.initialDelay * Math.pow(this.multiplier, <f64>(attempts - 1));
    return grown >= <f64>this.maxDelay ? this.maxDelay : <i64>grown;
  }
}
