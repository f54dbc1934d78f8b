/** What functions with state of a subtask ask for, and when (Flink: CheckpointedFunction). */
import { BroadcastState } from "./broadcast-state";
import { OperatorState } from "./operator-state";
import { ListStateDescriptor } from "./state/list-state";
import { MapStateDescriptor } from "./state/map-state";
import { OperatorListState, UnionListState } from "./state/operator-list-state";
import { BackedSubtaskState } from "./subtask-state";

/**
 * Gives states of the subtask, which belong to no key (Flink: OperatorStateStore). Their names are their own: each is
 * asked for once, in open() or initializeState().
 */
export class OperatorStateStore {
  /** @internal The runtime makes it. */
  constructor(
    private own: OperatorState,
    private takesBroadcast: bool,
  ) {}

  /**
   * A list whose elements are dealt out anew, in even shares, when the parallelism has changed.
   *
   *     initializeState(context: FunctionInitializationContext): void {
   *       const store = context.getOperatorStateStore();
   *       this.buffered = store.getListState(new ListStateDescriptor<i64>("buffered"));
   *     }
   */
  getListState<T>(descriptor: ListStateDescriptor<T>): OperatorListState<T> {
    this.check(descriptor);
    const state = new OperatorListState<T>(descriptor);
    this.own.register(new BackedSubtaskState(state));
    return state;
  }

  /** A list of which every subtask gets the elements of all, after a restore. See UnionListState. */
  getUnionListState<T>(descriptor: ListStateDescriptor<T>): UnionListState<T> {
    this.check(descriptor);
    const state = new UnionListState<T>(descriptor);
    this.own.register(new BackedSubtaskState(state));
    return state;
  }

  /** A map that the broadcast side writes and both sides read: the same in every subtask. */
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V> {
    const state = new BroadcastState<K, V>(descriptor);
    if (this.takesBroadcast) this.own.register(new BackedSubtaskState(state));
    else this.own.problem = "broadcast state " + state.name + " needs a function on a broadcast stream";
    return state;
  }

  private check<T>(descriptor: ListStateDescriptor<T>): void {
    if (descriptor.__ttl === null) return;
    this.own.problem = "operator state " + descriptor.name + " cannot have a time to live";
  }
}

/**
 * What initializeState() gets (Flink: FunctionInitializationContext).
 *
 *     initializeState(context: FunctionInitializationContext): void {
 *       if (!context.isRestored) this.seed = 7;
 *     }
 */
export class FunctionInitializationContext {
  /** @internal The runtime makes it. */
  constructor(
    private own: OperatorState,
    private store: OperatorStateStore,
    private keyedRestored: bool,
  ) {}

  /** Whether the subtask was given state of a snapshot. */
  get isRestored(): bool {
    return this.own.isRestored || this.keyedRestored;
  }

  /** Lists of the subtask, and broadcast state. */
  getOperatorStateStore(): OperatorStateStore {
    return this.store;
  }
}

/**
 * What snapshotState() gets (Flink: FunctionSnapshotContext).
 *
 *     snapshotState(context: FunctionSnapshotContext): void {
 *       this.buffered.clear();
 *       this.buffered.add(context.checkpointId);
 *     }
 */
export class FunctionSnapshotContext {
  /** @internal The runtime makes it. */
  constructor(
    /** Number of the snapshot. */
    readonly checkpointId: i64,
  ) {}
}
