/** Lists of a subtask (Flink: OperatorStateStore.getListState, getUnionListState). */
import { SnapshotChunk } from "../window/snapshot-chunk";
import { ListState, ListStateDescriptor } from "./list-state";
import { RECORD_ELEMENT } from "./state-record";

/**
 * A list of a subtask, not of a key. When the operator comes back with another parallelism, the elements of all
 * subtasks are dealt out anew, in even shares (Flink: OperatorStateStore.getListState).
 *
 *     snapshotState(context: FunctionSnapshotContext): void {
 *       this.buffered.clear(); // asked for in initializeState()
 *       this.buffered.add(this.sum);
 *     }
 */
export class OperatorListState<T> extends ListState<T> {
  /** @internal The runtime makes it. */
  constructor(descriptor: ListStateDescriptor<T>) {
    super(descriptor);
  }

  __typeText(): string {
    return "OperatorListState<" + this.elementType + ">";
  }

  /** A record for each element: they may go to different subtasks. */
  __write(entry: usize, chunk: SnapshotChunk, since: u32): void {
    this.writeElements(entry, chunk, RECORD_ELEMENT);
  }

  __read(entry: usize, chunk: SnapshotChunk, timed: bool): void {
    this.readElement(entry, chunk);
  }
}

/**
 * A list of a subtask of which, after a restore, every subtask gets the elements of all (Flink:
 * OperatorStateStore.getUnionListState).
 *
 *     initializeState(context: FunctionInitializationContext): void {
 *       const store = context.getOperatorStateStore();
 *       const all: UnionListState<i64> = store.getUnionListState(new ListStateDescriptor<i64>("all"));
 *       const restored = all.get();
 *       while (restored.next()) this.sum = max(this.sum, restored.value);
 *     }
 */
export class UnionListState<T> extends OperatorListState<T> {
  /** @internal The runtime makes it. */
  constructor(descriptor: ListStateDescriptor<T>) {
    super(descriptor);
  }

  __typeText(): string {
    return "UnionListState<" + this.elementType + ">";
  }
}
