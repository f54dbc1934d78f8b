/**
 * An operator with keyed state and timers: finds the entries of a run of rows at once, fires timers
 * when watermark or clock reach them, and hands its state to snapshots.
 */
import { FunctionOperator, RichFunction } from "./functions";
import { Status } from "./layout";
import { collectBetweenRows } from "./operator";
import { OPERATOR_STATE } from "./operator-state";
import { RowView } from "./row";
import { KeyedStateBackend } from "./state/keyed-state-backend";
import { EVENT_TIME } from "./state/internal-timer-service";
import { KeyBlock } from "./key-block";
import { resetTextScratch } from "./text";
import { Unit } from "./undo";

export abstract class KeyedOperator<
  F extends RichFunction,
  In extends RowView,
> extends FunctionOperator<F, In> {
  backend!: KeyedStateBackend;
  private keysRestored: bool = false;
  /** The timer that has been undone is to fire again. */
  protected firesAgain: bool = false;
  /** The key of a timer whose function trapped, for the host. */
  private failedKey: KeyBlock | null = null;

  keyedBackend(): KeyedStateBackend | null {
    return this.backend;
  }

  open(): i32 {
    const backend = new KeyedStateBackend(this.config);
    this.backend = backend;
    backend.usesTimers = this.usesTimers();
    this.registerStates();
    const status = super.open();
    if (status != Status.DONE) return status;
    backend.seal();
    const problem = backend.problem;
    return problem === null ? Status.DONE : this.refuse(problem);
  }

  /** Rows of side outputs have a timestamp always, the smallest for none (Flink: StreamRecord.getTimestamp). */
  // @ts-ignore: decorator
  @inline
  protected stampSides(timestamp: i64): void {
    if (this.writers.length > 1) this.stampOthers(timestamp);
  }

  private stampOthers(timestamp: i64): void {
    for (let w = 1; w < this.writers.length; w++) {
      this.writers[w].hasTimestamp = true;
      this.writers[w].timestamp = timestamp;
    }
  }

  /**
   * A processing-time timer's rows have no timestamp in the main output, but its time in side
   * outputs (Flink: KeyedProcessOperator.onProcessingTime, OnTimerContextImpl.output).
   */
  protected stampTimer(timed: bool, time: i64): void {
    const writer = unchecked(this.writers[0]);
    writer.hasTimestamp = timed;
    writer.timestamp = timed ? time : 0;
    this.stampSides(time);
  }

  /** Whether keys probably have timers. */
  protected usesTimers(): bool {
    return true;
  }

  /** Adds the operator's own states to the backend. */
  protected registerStates(): void {}

  /** Calls the function for a timer of the current key. */
  abstract fire(domain: i32, time: i64): void;

  process(input: i32, block: usize, budget: i32): i32 {
    const status = super.process(input, block, budget);
    this.countState();
    return status;
  }

  private countState(): void {
    this.stateBytes = this.backend.bytes + this.state.own.bytes;
  }

  onWatermark(timestamp: i64, budget: i32): i32 {
    if (timestamp > this.currentWatermark) this.currentWatermark = timestamp;
    const status = this.fireDue(EVENT_TIME, timestamp, budget);
    if (status == Status.DONE) {
      this.countState();
      this.forwardWatermark(timestamp);
    }
    return status;
  }

  nextTimer(domain: i32): i64 {
    return this.backend.timers.next(domain);
  }

  timers(domain: i32, now: i64, budget: i32): i32 {
    const status = this.fireDue(domain, now, budget);
    if (status == Status.DONE) this.countState();
    return status;
  }

  private fireDue(domain: i32, now: i64, budget: i32): i32 {
    const backend = this.backend;
    let left = max(budget, 1);
    while (true) {
      if (this.outputFull()) return Status.OUTPUT_FULL;
      if (left <= 0) return Status.SLICE_OVER;
      const written = this.rowsOut();
      if (!this.firesAgain && !backend.nextTimer(domain, now)) break;
      resetTextScratch();
      if (this.undoes) this.beginUnitOf(Unit.EVENT_TIMER + domain, backend.timers.firedTime);
      this.fire(domain, backend.timers.firedTime);
      this.failTimer();
      this.firesAgain = false;
      backend.release();
      collectBetweenRows(1);
      left -= 1 + <i32>(this.rowsOut() - written);
    }
    return Status.DONE;
  }

  /** The timer has fired, whatever became of it. */
  protected unitUndone(): i32 {
    this.tellKey();
    this.backend.release();
    return Status.ROW_FAILED;
  }

  /** Tells the host whose timer failed. */
  protected tellKey(): void {
    const backend = this.backend;
    this.result.keyGroup = -1;
    this.result.pointer = this.keyBlock().of(backend.keyStart, backend.keyLength);
  }

  private keyBlock(): KeyBlock {
    let block = this.failedKey;
    if (block === null) {
      block = new KeyBlock(this.config.inputs[0]);
      this.failedKey = block;
    }
    return block;
  }

  /** A timer has no row that could be refused: it is undone as one whose code has trapped, or ends the task. */
  private failTimer(): void {
    const failure = this.fn.__failure;
    if (failure !== null && this.undoes) throw new Error(failure);
    if (failure !== null) throw new Error("no row can be refused in onTimer: " + failure);
  }

  start(): void {
    this.withoutKey();
    super.start();
    this.backend.isKeyless = false;
  }

  /** Calls of the function that come without a row or timer have no key. */
  private withoutKey(): void {
    this.backend.current = 0;
    this.backend.isKeyless = true;
  }

  protected hasRestoredKeys(): bool {
    return this.keysRestored;
  }

  protected beginSnapshot(checkpoint: i64, since: i64): void {
    this.withoutKey();
    super.beginSnapshot(checkpoint, since);
    this.backend.isKeyless = false;
    this.backend.snapshots.begin(checkpoint, since);
  }

  protected snapshotKeys(budget: i32): i32 {
    const keyed = this.backend.snapshots;
    const chunk = keyed.advance(budget);
    if (chunk === null) return keyed.isDone ? Status.DONE : Status.SLICE_OVER;
    this.result.keyGroup = keyed.givenGroup;
    this.result.pointer = chunk.start;
    this.result.length = chunk.length;
    return Status.CHUNK;
  }

  restore(keyGroup: i32, start: usize, length: i32, budget: i32): i32 {
    if (keyGroup == OPERATOR_STATE) {
      const status = super.restore(keyGroup, start, length, budget);
      this.countState();
      return status;
    }
    this.keysRestored = true;
    const restored = this.backend.restored;
    if (!restored.read(keyGroup, start, length)) return this.refuse(restored.problem);
    this.countState();
    return Status.DONE;
  }

  close(): void {
    super.close();
    this.backend.close();
  }
}
