/**
 * Time to live of state, in processing time (Flink: StateTtlConfig, TtlUtils). A value expires when
 * its time of last use plus the time to live is reached; sums saturate.
 */
import { processingTime } from "../processing-time";

/**
 * What renews a value's time (Flink: StateTtlConfig.UpdateType).
 *
 * What renews a value's time to live (Flink: StateTtlConfig.UpdateType): writing it, or reading it too.
 *
 *     const ttl = new StateTtlConfig(60_000);
 *     ttl.updateType = UpdateType.OnReadAndWrite;
 */
export enum UpdateType {
  OnCreateAndWrite,
  OnReadAndWrite,
}

/**
 * Whether an expired value may still be read (Flink: StateTtlConfig.StateVisibility): never, or once more by
 * the read that finds it expired and removes it.
 *
 *     const ttl = new StateTtlConfig(60_000);
 *     ttl.stateVisibility = StateVisibility.ReturnExpiredIfNotCleanedUp;
 */
export enum StateVisibility {
  NeverReturnExpired,
  /** It is given once more: the read that finds it expired removes it. */
  ReturnExpiredIfNotCleanedUp,
}

/**
 * How long state lives after its last use, by the worker's clock (Flink: StateTtlConfig).
 *
 *     open(context: RuntimeContext): void {
 *       const ttl = new StateTtlConfig(3600 * 1000);
 *       ttl.updateType = UpdateType.OnReadAndWrite;
 *       const descriptor = new ValueStateDescriptor<i64>("count");
 *       descriptor.enableTimeToLive(ttl);
 *       this.count = context.getState(descriptor);
 *     }
 *
 * @throws OPERATOR_FAILED for a time that is not positive; BUNDLE_COMPILE_FAILED where `@state` names it
 */
export class StateTtlConfig {
  /** What renews a value's time. */
  updateType: UpdateType = UpdateType.OnCreateAndWrite;
  /** Whether an expired value may be read once more. */
  stateVisibility: StateVisibility = StateVisibility.NeverReturnExpired;
  /** Snapshots leave expired values out (Flink: cleanupFullSnapshot). */
  cleanupFullSnapshot: bool = false;
  /** Entries looked at for expired values at each access of state (Flink: cleanupIncrementally); 0: none. */
  cleanupSize: i32 = 0;

  /** State lives for `timeToLive` ms, more than 0. */
  constructor(readonly timeToLive: i64) {
    if (timeToLive <= 0) throw new Error("time to live: it must be positive, ms");
  }
}

/** The time to live of one state; none where `isOn` is false. */
export class StateTtl {
  readonly isOn: bool;
  readonly renewsOnRead: bool;
  readonly givesExpired: bool;
  readonly skipsInSnapshot: bool;
  readonly cleanupSize: i32;
  private timeToLive: i64;

  constructor(config: StateTtlConfig | null) {
    this.isOn = config !== null;
    this.timeToLive = config === null ? 0 : config.timeToLive;
    this.renewsOnRead = config !== null && config.updateType == UpdateType.OnReadAndWrite;
    this.givesExpired =
      config !== null &&
      config.stateVisibility == StateVisibility.ReturnExpiredIfNotCleanedUp;
    this.skipsInSnapshot = config !== null && config.cleanupFullSnapshot;
    this.cleanupSize = config === null ? 0 : config.cleanupSize;
  }

  /** Whether a value that was last used then is expired now (Flink: TtlUtils.expired). */
  isExpired(lastUse: i64): bool {
    // Saturates: a sum beyond the largest int64 is never reached.
    const room = i64.MAX_VALUE - max(lastUse, 0);
    return lastUse + min(this.timeToLive, room) <= processingTime();
  }
}
