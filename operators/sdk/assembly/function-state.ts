/** The state of a subtask that a function has, and when the function is told to read and to write it. */
import { RichFunction } from "./functions";
import { Status } from "./layout";
import { Result } from "./operator";
import { OperatorState } from "./operator-state";
import {
  FunctionInitializationContext,
  FunctionSnapshotContext,
  OperatorStateStore,
} from "./operator-state-store";

export class FunctionState {
  readonly own: OperatorState = new OperatorState();
  readonly store!: OperatorStateStore;
  /** The calls of a snapshot go on until it is DONE. */
  inSnapshot: bool = false;

  /** @param takesBroadcast the function may have broadcast state */
  constructor(
    private fn: RichFunction,
    takesBroadcast: bool,
  ) {
    this.store = new OperatorStateStore(this.own, takesBroadcast);
  }

  /** What was wrong with a state that was asked for, or null. */
  get problem(): string | null {
    return this.own.problem;
  }

  /** All state has been restored. */
  start(keysRestored: bool): void {
    const own = this.own;
    this.fn.initializeState(new FunctionInitializationContext(own, this.store, keysRestored));
    own.checkComplete();
    if (own.problem !== null) throw new Error(own.problem!);
    const failure = this.fn.__failure;
    if (failure !== null) throw new Error(failure);
  }

  /** Lets the function put into state what the snapshot is to have; fixes what that is. */
  begin(checkpoint: i64, since: i64): void {
    this.inSnapshot = true;
    this.fn.snapshotState(new FunctionSnapshotContext(checkpoint));
    const failure = this.fn.__failure;
    if (failure !== null) throw new Error("no row can be refused in snapshotState: " + failure);
    this.own.beginSnapshot(checkpoint, since);
  }

  /** The next chunk of a snapshot (CHUNK), SLICE_OVER, or DONE. */
  snapshot(result: Result, budget: i32): i32 {
    const status = this.own.snapshot(result, budget);
    if (status == Status.DONE) this.inSnapshot = false;
    return status;
  }
}
