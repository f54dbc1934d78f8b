/**
 * The states of a subtask that belong to no key (Flink: OperatorStateBackend). What they are made of is in
 * subtask-state.ts, which only a bundle that has such state contains.
 */
import { Result } from "./operator";
import { Status } from "./layout";
import { RECORD_STATE } from "./state/state-record";
import { SnapshotChunk } from "./window/snapshot-chunk";

/** Key group of a chunk that holds state of no key. */
export const OPERATOR_STATE: i32 = -1;

/** One of them. A function may ask for it after a restore, as in Flink's initializeState(). */
export abstract class SubtaskState {
  constructor(readonly name: string) {}
  abstract get bytes(): u64;
  /** It may not be changed now. */
  abstract setReadOnly(value: bool): void;
  /** Fixes what a snapshot is of. */
  abstract begin(checkpoint: i64, since: i64): void;
  /** The next chunk, or null where it is complete or the budget spent (isDone tells). */
  abstract advance(budget: i32): SnapshotChunk | null;
  abstract get isDone(): bool;
  /** Takes a chunk; answers why not, or null. */
  abstract read(start: usize, length: i32): string | null;
  abstract close(): void;
}

/** A chunk of a state that nobody has asked for yet. */
class PendingChunk {
  constructor(
    readonly name: string,
    readonly bytes: ArrayBuffer,
  ) {}
}

export class OperatorState {
  /** Why a state or a chunk was refused, or null. */
  problem: string | null = null;
  /** Whether a snapshot's state was handed in. */
  isRestored: bool = false;
  private states: SubtaskState[] = [];
  private pending: PendingChunk[] = [];
  /** Which state's snapshot is being written. */
  private writing: i32 = 0;

  /** Adds a state, with what a restored snapshot has of it. */
  register(state: SubtaskState): void {
    if (this.find(state.name) !== null) {
      this.problem = "two operator states are named " + state.name;
      return;
    }
    this.states.push(state);
    const pending = this.pending;
    this.pending = [];
    for (let i = 0; i < pending.length; i++) {
      const chunk = pending[i];
      if (chunk.name != state.name) this.pending.push(chunk);
      else this.read(state, changetype<usize>(chunk.bytes), chunk.bytes.byteLength);
    }
  }

  private find(name: string): SubtaskState | null {
    for (let i = 0; i < this.states.length; i++) {
      if (this.states[i].name == name) return this.states[i];
    }
    return null;
  }

  /** Whether any state was asked for. */
  get isUsed(): bool {
    return this.states.length > 0;
  }

  get bytes(): u64 {
    let sum: u64 = 0;
    for (let i = 0; i < this.states.length; i++) sum += this.states[i].bytes;
    return sum;
  }

  /** Broadcast state may not be changed now: the side that is not broadcast has the word. */
  set readOnly(value: bool) {
    for (let i = 0; i < this.states.length; i++) this.states[i].setReadOnly(value);
  }

  /** Fixes what the snapshot is of. */
  beginSnapshot(checkpoint: i64, since: i64): void {
    this.writing = 0;
    for (let i = 0; i < this.states.length; i++) this.states[i].begin(checkpoint, since);
  }

  /** The next chunk (CHUNK), SLICE_OVER, or DONE. */
  snapshot(result: Result, budget: i32): i32 {
    for (; this.writing < this.states.length; this.writing++) {
      const state = this.states[this.writing];
      const chunk = state.advance(budget);
      if (chunk === null && !state.isDone) return Status.SLICE_OVER;
      if (chunk === null) continue;
      result.keyGroup = OPERATOR_STATE;
      result.pointer = chunk.start;
      result.length = chunk.length;
      return Status.CHUNK;
    }
    return Status.DONE;
  }

  /** Takes a chunk: of one state, as they are written. */
  restore(start: usize, length: i32): void {
    this.isRestored = true;
    const chunk = SnapshotChunk.over(start, length);
    if (!chunk.next() || chunk.kind != RECORD_STATE) {
      this.problem = "a chunk of operator state does not begin with its name";
      return;
    }
    const name = String.UTF8.decodeUnsafe(chunk.key, chunk.keyBytes);
    const state = this.find(name);
    if (state !== null) {
      this.read(state, start, length);
      return;
    }
    const bytes = new ArrayBuffer(length);
    memory.copy(changetype<usize>(bytes), start, length);
    this.pending.push(new PendingChunk(name, bytes));
  }

  private read(state: SubtaskState, start: usize, length: i32): void {
    const problem = state.read(start, length);
    if (problem !== null) this.problem = problem;
  }

  /** After initializeState(): what has been restored must have been asked for. */
  checkComplete(): void {
    if (this.problem !== null || this.pending.length == 0) return;
    this.problem = "the snapshot has an operator state " + this.pending[0].name + " that the operator has not";
  }

  close(): void {
    for (let i = 0; i < this.states.length; i++) this.states[i].close();
  }
}
