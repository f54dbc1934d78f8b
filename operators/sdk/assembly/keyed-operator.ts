/**
 * An operator with keyed state and timers: finds the entries of a run of rows at once, fires timers
 * when watermark or clock reach them, and hands its state to snapshots.
 */
import { FunctionOperator, RichFunction } from "./functions";
import { Status } from "./layout";
import { RowView } from "./row";
import { KeyedStateBackend } from "./state/keyed-state-backend";
import { EVENT_TIME } from "./state/timer-service";
import { resetTextScratch } from "./text";
import { collectBetweenRows } from "./operator";

export abstract class KeyedOperator<
  F extends RichFunction,
  In extends RowView,
> extends FunctionOperator<F, In> {
  backend!: KeyedStateBackend;
  /** The calls of a snapshot go on until it is DONE. */
  private inSnapshot: bool = false;

  keyedBackend(): KeyedStateBackend | null {
    return this.backend;
  }

  open(): i32 {
    const backend = new KeyedStateBackend(this.config);
    this.backend = backend;
    const status = super.open();
    if (status != Status.DONE) return status;
    backend.seal();
    const problem = backend.problem;
    return problem === null ? Status.DONE : this.refuse(problem);
  }

  /** Calls the function for a timer of the current key. */
  abstract fire(domain: i32, time: i64): void;

  process(input: i32, block: usize, budget: i32): i32 {
    const status = super.process(input, block, budget);
    this.stateBytes = this.backend.bytes;
    return status;
  }

  onWatermark(timestamp: i64, budget: i32): i32 {
    if (timestamp > this.currentWatermark) this.currentWatermark = timestamp;
    const status = this.fireDue(EVENT_TIME, timestamp, budget);
    if (status == Status.DONE) this.forwardWatermark(timestamp);
    return status;
  }

  nextTimer(domain: i32): i64 {
    return this.backend.timers.next(domain);
  }

  timers(domain: i32, now: i64, budget: i32): i32 {
    return this.fireDue(domain, now, budget);
  }

  private fireDue(domain: i32, now: i64, budget: i32): i32 {
    const backend = this.backend;
    let left = max(budget, 1);
    while (true) {
      if (this.outputFull()) return Status.OUTPUT_FULL;
      if (left <= 0) return Status.SLICE_OVER;
      const written = this.rowsOut();
      if (!backend.nextTimer(domain, now)) break;
      resetTextScratch();
      this.fire(domain, backend.timers.firedTime);
      this.failTimer();
      backend.release();
      collectBetweenRows(1);
      left -= 1 + <i32>(this.rowsOut() - written);
    }
    return Status.DONE;
  }

  /** A timer has no row that could be refused. */
  private failTimer(): void {
    const failure = this.fn.__failure;
    if (failure !== null) throw new Error("no row can be refused in onTimer: " + failure);
  }

  snapshot(checkpoint: i64, since: i64, budget: i32): i32 {
    const snapshots = this.backend.snapshots;
    if (!this.inSnapshot) snapshots.begin(checkpoint, since);
    const chunk = snapshots.advance(budget);
    this.inSnapshot = chunk !== null || !snapshots.isDone;
    if (chunk === null) return this.inSnapshot ? Status.SLICE_OVER : Status.DONE;
    this.result.keyGroup = snapshots.givenGroup;
    this.result.pointer = chunk.start;
    this.result.length = chunk.length;
    return Status.CHUNK;
  }

  restore(keyGroup: i32, start: usize, length: i32, budget: i32): i32 {
    const restored = this.backend.restored;
    if (!restored.read(keyGroup, start, length)) return this.refuse(restored.problem);
    this.stateBytes = this.backend.bytes;
    return Status.DONE;
  }

  close(): void {
    super.close();
    this.backend.close();
  }
}
