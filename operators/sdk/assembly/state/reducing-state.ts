/** A value per key to which others are added (Flink: ReducingState). */
import { ValueState, ValueStateDescriptor } from "./value-state";
import { StateTtlConfig } from "./state-ttl";

/**
 * What two values of a ReducingState become (Flink: ReduceFunction). For rows: change `a` and give it back.
 *
 *     class Larger extends StateReduceFunction<i64> {
 *       reduce(a: i64, b: i64): i64 {
 *         return max(a, b);
 *       }
 *     }
 */
export abstract class StateReduceFunction<T> {
  /** What `a`, the value so far, and `b` become. */
  abstract reduce(a: T, b: T): T;
}

/**
 * Names, types and folds a ReducingState (Flink: ReducingStateDescriptor).
 *
 *     open(context: RuntimeContext): void {
 *       const longest = new ReducingStateDescriptor<i64>("longest", new Larger());
 *       this.longest = context.getReducingState(longest);
 *     }
 *
 * @throws as RuntimeContext.getState()
 */
export class ReducingStateDescriptor<T> {
  __ttl: StateTtlConfig | null = null;

  /**
   * Describes the state `name`: unique in the operator, and what snapshots know it by.
   * @param reduceFunction what two values become
   */
  constructor(
    readonly name: string,
    readonly reduceFunction: StateReduceFunction<T>,
  ) {}

  /** Lets values expire (Flink: StateDescriptor.enableTimeToLive). */
  enableTimeToLive(config: StateTtlConfig): void {
    this.__ttl = config;
  }
}

/**
 * A value for each key into which add() folds others (Flink: ReducingState). It lives until clear(), or
 * until its time to live is over.
 *
 *     this.longest.add(word.length); // asked for in open(): see ReducingStateDescriptor
 *     const longest = this.longest.get();
 *
 * @throws OPERATOR_FAILED where add() is called without a current key: in open(), or on a broadcast side
 */
export class ReducingState<T> extends ValueState<T> {
  private fold!: StateReduceFunction<T>;

  /** @internal The runtime makes it. */
  constructor(descriptor: ReducingStateDescriptor<T>) {
    super(asValue<T>(descriptor));
    this.fold = descriptor.reduceFunction;
  }

  /** The folded value; as ValueState.value() where there is none. */
  get(): T {
    return this.value();
  }

  /** Folds a value in; the first one is kept as it is. */
  add(value: T): void {
    const entry = this.backend.current;
    if (this.hasUsable(entry)) this.update(this.fold.reduce(this.usable(entry), value));
    else this.update(value);
  }

  __typeText(): string {
    return super.__typeText().replace("ValueState", "ReducingState");
  }
}

function asValue<T>(descriptor: ReducingStateDescriptor<T>): ValueStateDescriptor<T> {
  const value = new ValueStateDescriptor<T>(descriptor.name);
  value.__ttl = descriptor.__ttl;
  return value;
}
