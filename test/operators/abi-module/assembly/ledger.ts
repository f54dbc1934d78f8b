/**
 * An operator with everything the ABI has: keyed state that the host supplies on demand, timers of
 * both domains, requests and their answers, two inputs, a prepared commit, snapshot and restore by
 * key group. Written on Operator, without the SDK's functions.
 *
 * Input: {k BIGINT, v BIGINT}. Output: {what STRING, k BIGINT, n BIGINT}. v < 0 fails the row, 1000
 * asks the outside for the balance; anything else is added to the key's sum.
 */
import { BatchReader } from "../../../../operators/sdk/assembly/batch-reader";
import { hashLong, keyGroupOf } from "../../../../operators/sdk/assembly/key-hash";
import { Status, WatermarkKind } from "../../../../operators/sdk/assembly/layout";
import { Operator } from "../../../../operators/sdk/assembly/operator";
import { processingTime } from "../../../../operators/sdk/assembly/processing-time";
import { log, stateRead, stateWrite } from "./host";
import { TimerQueue } from "./timer-queue";

const ASK: i64 = 1000;
const INPUTS: i32 = 2;

export class LedgerOperator extends Operator {
  private reader: BatchReader = new BatchReader();
  private next: i32 = 0;
  private nextWatermark: i32 = 0;
  /** Whether the state of the batch was asked for. */
  private asked: bool = false;
  private bytes: StaticArray<i64> = new StaticArray<i64>(0);
  private sums: Map<i64, i64> = new Map<i64, i64>();
  /** The checkpoint behind which a key's sum last changed. */
  private changedAfter: Map<i64, i64> = new Map<i64, i64>();
  private lastCheckpoint: i64 = 0;
  private eventTimers: TimerQueue = new TimerQueue();
  private clockTimers: TimerQueue = new TimerQueue();
  private ended: i32 = 0;
  private requests: i64 = 0;
  private requested: bool = false;
  private uncommitted: i64 = 0;
  private chunkAt: i32 = -1;
  private prepared: bool = false;

  open(): i32 {
    const limit = this.config.parameters.get("limit").long(100);
    if (limit <= 0) return this.refuse("limit: must be positive");
    const text = String.UTF8.encode("ledger open");
    log(1, changetype<usize>(text), text.byteLength);
    return Status.DONE;
  }

  process(input: i32, block: usize, budget: i32): i32 {
    const reader = this.reader;
    if (reader.block != block) {
      reader.attach(block);
      this.next = 0;
      this.nextWatermark = 0;
      this.asked = false;
    }
    if (!this.asked) {
      this.asked = true;
      if (this.askForState()) return Status.STATE_WANTED;
    }
    let left = max(budget, 1);
    while (true) {
      if (this.outputFull()) return Status.OUTPUT_FULL;
      if (this.watermarkDue()) {
        const status = this.entry(this.nextWatermark, left);
        if (status != Status.DONE) return status;
        this.nextWatermark++;
        continue;
      }
      if (this.next == reader.count) break;
      if (left <= 0) return Status.SLICE_OVER;
      left--;
      const status = this.row(input, reader.physical(this.next));
      if (status != Status.DONE) return status;
      this.next++;
    }
    reader.detach();
    return Status.DONE;
  }

  private entry(index: i32, budget: i32): i32 {
    const kind = this.reader.watermarkKind(index);
    if (kind != WatermarkKind.WATERMARK) return this.status(kind == WatermarkKind.IDLE);
    return this.watermark(this.reader.watermark(index), budget);
  }

  private watermarkDue(): bool {
    const reader = this.reader;
    if (this.nextWatermark == reader.watermarkCount) return false;
    if (this.next == reader.count) return true;
    return reader.watermarkRow(this.nextWatermark) <= reader.physical(this.next);
  }

  /** Asks for the sums of keys that are not in memory: 8 bytes a key. */
  private askForState(): bool {
    const wanted: i64[] = [];
    for (let i = 0; i < this.reader.count; i++) {
      const key = this.keyOf(this.reader.physical(i));
      if (!this.sums.has(key) && !wanted.includes(key)) wanted.push(key);
    }
    if (wanted.length == 0) return false;
    this.answer(wanted);
    return true;
  }

  private answer(values: i64[]): void {
    this.bytes = new StaticArray<i64>(values.length);
    for (let i = 0; i < values.length; i++) this.bytes[i] = values[i];
    this.result.pointer = changetype<usize>(this.bytes);
    this.result.length = values.length << 3;
  }

  /** Pairs {key, sum}. */
  stateSupply(start: usize, length: i32): i32 {
    for (let at = start; at < start + <usize>length; at += 16) {
      this.sums.set(load<i64>(at), load<i64>(at, 8));
    }
    this.stateBytes = <u64>this.sums.size * 16;
    return Status.DONE;
  }

  private keyOf(row: i32): i64 {
    return load<i64>(this.reader.data(0) + (<usize>row << 3));
  }

  private row(input: i32, row: i32): i32 {
    const key = this.keyOf(row);
    const value = load<i64>(this.reader.data(1) + (<usize>row << 3));
    if (value < 0) return this.fail(row);
    if (value == ASK && !this.requested) return this.request(key);
    this.requested = false;
    this.rowsIn++;
    if (value == ASK) return Status.DONE;
    const sum = (this.sums.has(key) ? this.sums.get(key) : 0) + value;
    this.sums.set(key, sum);
    this.changedAfter.set(key, this.lastCheckpoint);
    this.uncommitted++;
    this.config.metrics.counter("rows").inc();
    if (this.reader.hasTimestamp(row)) this.eventTimers.add(this.reader.timestamp(row) + 10, key);
    this.clockTimers.add(processingTime() + 5, key);
    this.emit("sum" + input.toString(), key, sum);
    return Status.DONE;
  }

  private fail(row: i32): i32 {
    this.next++;
    this.rowsIn++;
    this.rowsFailed++;
    this.result.say("v: must not be negative");
    this.result.row = row;
    this.result.code = 7;
    return Status.ROW_FAILED;
  }

  private request(key: i64): i32 {
    this.requested = true;
    this.result.requestId = ++this.requests;
    this.answer([key]);
    return Status.REQUEST;
  }

  complete(request: i64, start: usize, length: i32, budget: i32): i32 {
    if (this.outputFull()) return Status.OUTPUT_FULL;
    this.emit("answer", request, load<i64>(start));
    return Status.DONE;
  }

  private emit(what: string, key: i64, n: i64): void {
    const writer = this.writers[0];
    const text = String.UTF8.encode(what);
    writer.hasTimestamp = false;
    writer.writeText(writer.columns[0], changetype<usize>(text), text.byteLength);
    store<i64>(writer.columns[1].data + (<usize>writer.rows << 3), key);
    store<i64>(writer.columns[2].data + (<usize>writer.rows << 3), n);
    writer.endRow();
  }

  watermark(timestamp: i64, budget: i32): i32 {
    this.currentWatermark = timestamp;
    const status = this.fire(this.eventTimers, "event", timestamp, budget);
    if (status == Status.DONE) this.forwardWatermark(timestamp);
    return status;
  }

  timers(domain: i32, now: i64, budget: i32): i32 {
    const queue = domain == 0 ? this.eventTimers : this.clockTimers;
    return this.fire(queue, domain == 0 ? "event" : "clock", now, budget);
  }

  private fire(queue: TimerQueue, what: string, now: i64, budget: i32): i32 {
    let left = max(budget, 1);
    while (queue.earliest <= now) {
      if (this.outputFull()) return Status.OUTPUT_FULL;
      if (left-- <= 0) return Status.SLICE_OVER;
      const time = queue.earliest;
      this.emit(what, queue.pop(), time);
    }
    return this.outputFull() ? Status.OUTPUT_FULL : Status.DONE;
  }

  nextTimer(domain: i32): i64 {
    return domain == 0 ? this.eventTimers.earliest : this.clockTimers.earliest;
  }

  status(idle: bool): i32 {
    this.emit(idle ? "idle" : "active", 0, 0);
    return super.status(idle);
  }

  endInput(input: i32, budget: i32): i32 {
    if (this.outputFull()) return Status.OUTPUT_FULL;
    this.ended++;
    this.emit(this.ended == INPUTS ? "end of all" : "end", input, this.ended);
    return Status.DONE;
  }

  /** One chunk: how many rows are to be committed, and for which checkpoint. */
  prepareCommit(checkpoint: i64, budget: i32): i32 {
    if (this.prepared || this.uncommitted == 0) {
      this.prepared = false;
      return Status.DONE;
    }
    this.answer([checkpoint, this.uncommitted]);
    this.uncommitted = 0;
    this.prepared = true;
    return Status.CHUNK;
  }

  /**
   * A chunk per key group: {0, key, sum}, {1, key, event timer} and {2, key, clock timer}; the sums
   * that changed since checkpoint `since`, and all timers.
   */
  snapshot(checkpoint: i64, since: i64, budget: i32): i32 {
    if (this.chunkAt < 0) this.chunkAt = this.config.keyGroupStart;
    while (this.chunkAt <= this.config.keyGroupEnd) {
      const group = this.chunkAt++;
      const values = this.groupState(group, since);
      if (values.length == 0) continue;
      this.result.keyGroup = group;
      this.answer(values);
      return Status.CHUNK;
    }
    this.chunkAt = -1;
    this.lastCheckpoint = checkpoint;
    return Status.DONE;
  }

  private groupState(group: i32, since: i64): i64[] {
    const values: i64[] = [];
    const keys = this.sums.keys();
    for (let i = 0; i < keys.length; i++) {
      if (this.groupOf(keys[i]) == group && this.changedSince(keys[i], since)) {
        values.push(0);
        values.push(keys[i]);
        values.push(this.sums.get(keys[i]));
      }
    }
    this.timerState(values, 1, this.eventTimers, group);
    this.timerState(values, 2, this.clockTimers, group);
    return values;
  }

  private changedSince(key: i64, since: i64): bool {
    if (since < 0) return true;
    return this.changedAfter.has(key) && this.changedAfter.get(key) >= since;
  }

  private timerState(values: i64[], kind: i64, queue: TimerQueue, group: i32): void {
    for (let i = 0; i < queue.length; i++) {
      if (this.groupOf(queue.keyAt(i)) == group) {
        values.push(kind);
        values.push(queue.keyAt(i));
        values.push(queue.timeAt(i));
      }
    }
  }

  private groupOf(key: i64): i32 {
    return keyGroupOf(hashLong(key), this.config.maxParallelism);
  }

  restore(keyGroup: i32, start: usize, length: i32, budget: i32): i32 {
    for (let at = start; at < start + <usize>length; at += 24) {
      const kind = load<i64>(at);
      const key = load<i64>(at, 8);
      if (kind == 0) this.sums.set(key, load<i64>(at, 16));
      else if (kind == 1) this.eventTimers.add(load<i64>(at, 16), key);
      else this.clockTimers.add(load<i64>(at, 16), key);
    }
    this.stateBytes = <u64>this.sums.size * 16;
    return Status.DONE;
  }

  /** State that leaves memory: written out key by key; what is read back is logged. */
  close(): void {
    const keys = this.sums.keys();
    const pair = new StaticArray<i64>(2);
    for (let i = 0; i < keys.length; i++) {
      pair[0] = keys[i];
      pair[1] = this.sums.get(keys[i]);
      const at = changetype<usize>(pair);
      if (stateRead(0, at, 8) == 0) stateWrite(0, at, 8, at + 8, 8);
    }
  }
}
