/**
 * ReduceFunction on a keyed stream (Flink: KeyedStream.reduce): a result for each row, what has been reduced so
 * far of its key. In windows: window/window-reduce.ts.
 */
import { KeyCodec } from "./key-codec";
import { KeyedOperator } from "./keyed-operator";
import { OpenConfig } from "./open-config";
import { Operator } from "./operator";
import { RowView } from "./row";
import { dropSlots, loadSlots, storedSlotBytes, storeSlots, takeGrowth } from "./accumulator-slots";
import { RECORD_VALUE } from "./state/state-record";
import { StateSlot } from "./state/state-slot";
import { SnapshotChunk } from "./window/snapshot-chunk";
import { WindowFunction } from "./window/window-function";
import { WindowReduceOperator } from "./window/window-reduce";

/**
 * Rows of a key as one (Flink: ReduceFunction): on a keyed stream a result for each row, in windows one a window. `Acc` is
 * an `@accumulator` class: it lies in the state of the key, or of its window, and is changed in place. Without a
 * window, the state of a key stays for as long as the job runs.
 *
 *     @accumulator
 *     class Peak {
 *       degrees: f64;
 *     }
 *
 *     @operator
 *     class FindPeak extends ReduceFunction<Reading, Peak, Result> {
 *       first(value: Reading, peak: Peak): void {
 *         peak.degrees = value.degrees;
 *       }
 *       reduce(peak: Peak, value: Reading): void {
 *         peak.degrees = max(peak.degrees, value.degrees);
 *       }
 *       merge(peak: Peak, other: Peak): void {
 *         peak.degrees = max(peak.degrees, other.degrees);
 *       }
 *       getResult(peak: Peak, out: Result): void {
 *         out.total = peak.degrees;
 *       }
 *     }
 *
 * @throws OPERATOR_FAILED for a failRow() in getResult(), where there is no row to refuse
 */
export abstract class ReduceFunction<
  In extends RowView,
  Acc,
  Out extends RowView,
> extends WindowFunction {
  /** Takes the first row of a key; all fields are 0 before. */
  abstract first(value: In, accumulator: Acc): void;
  /** Adds another row of the key. */
  abstract reduce(accumulator: Acc, value: In): void;
  /**
   * Adds what `other` holds to `accumulator`. Windows that merge demand it; sliding windows are faster with it, as each
   * row is then reduced once only.
   */
  merge(accumulator: Acc, other: Acc): void {
    this.__unmerged = true;
  }
  /** The merge() of this class ran: the author has none. */
  __unmerged: bool = false;
  /** Writes the result; the key's columns stand in front of it, of a window its bounds behind. */
  abstract getResult(accumulator: Acc, out: Out): void;
  /** Slots of the accumulator (accumulator-slots.ts), generated where there are any. */
  __slots(): StaticArray<i32> {
    return [];
  }
}

/** What has been reduced of a key, in its entry; present once its first row has been taken. */
class ReducedState<Acc> extends StateSlot {
  readonly bytes: i32 = <i32>((offsetof<Acc>() + 7) & ~7);
  /** Bytes of what the slots own. */
  private slotBytes: u64 = 0;

  /** @param slots of the accumulator (accumulator-slots.ts) */
  constructor(private slots: StaticArray<i32>) {
    super("reduced", null);
  }

  __typeText(): string {
    return "ReducedState<" + this.bytes.toString() + ">";
  }

  __slotBytes(): i32 {
    return this.bytes;
  }

  __held(): u64 {
    this.slotBytes += takeGrowth();
    return this.slotBytes;
  }

  __drop(entry: usize): void {
    dropSlots(entry + this.offset, this.slots);
    memory.fill(entry + this.offset, 0, this.bytes);
  }

  __write(entry: usize, chunk: SnapshotChunk, since: u32): void {
    if (!this.isPresent(entry)) return;
    const value = entry + this.offset;
    const size = this.bytes + storedSlotBytes(value, this.slots);
    const at = this.backend.addRecord(chunk, RECORD_VALUE, this.index, entry, size);
    memory.copy(at, value, this.bytes);
    storeSlots(value, this.slots, at + <usize>this.bytes);
  }

  __read(entry: usize, chunk: SnapshotChunk, timed: bool): void {
    if (this.isPresent(entry)) this.__drop(entry);
    memory.copy(entry + this.offset, chunk.value, this.bytes);
    loadSlots(entry + this.offset, this.slots, chunk.value + <usize>this.bytes);
    this.markPresent(entry);
  }
}

/** Runs a ReduceFunction. */
export class ReduceOperator<
  F extends ReduceFunction<In, Acc, Out>,
  In extends RowView,
  Acc,
  Out extends RowView,
> extends KeyedOperator<F, In> {
  private codec!: KeyCodec;
  private reduced!: ReducedState<Acc>;
  private output: Out = instantiate<Out>();
  private generation: i32 = -1;

  /** With a window another operator runs the function. */
  forConfig(config: OpenConfig): Operator {
    if (config.parameters.get("assigner").isNull()) return this;
    return new WindowReduceOperator<F, In, Acc, Out>();
  }

  open(): i32 {
    const input = this.config.inputs[0];
    this.codec = new KeyCodec(input.columns, input.keys);
    this.reduced = new ReducedState<Acc>(this.fn.__slots());
    this.output.__bindOutput(this.writers[0], this.config.outputs[0]);
    return super.open();
  }

  protected usesTimers(): bool {
    return false;
  }

  /** Its own comes before what the function asks for. */
  protected registerStates(): void {
    this.backend.register(this.reduced);
  }

  rows(from: i32, to: i32): i32 {
    const backend = this.backend;
    const reduced = this.reduced;
    const writer = unchecked(this.writers[0]);
    backend.attach(this.reader, 0);
    backend.locate(from, to);
    for (let i = from; i < to; i++) {
      const row = this.beginRow(i);
      backend.select(i, row);
      const entry = backend.writable();
      const value = changetype<Acc>(entry + reduced.offset);
      // A key whose first row was refused has no value: it is zero.
      if (reduced.isPresent(entry)) this.fn.reduce(value, this.input);
      else this.fn.first(this.input, value);
      if (this.rowFailed(row)) {
        if (!reduced.isPresent(entry)) reduced.__drop(entry);
        backend.mayBeEmpty = true;
        backend.release();
        return i + 1;
      }
      reduced.markPresent(entry);
      writer.rowKind = 0;
      this.codec.decode(backend.keyStart, backend.keyLength, writer);
      this.writeResult(value);
      backend.release();
      if (writer.full) return i + 1;
    }
    return to;
  }

  // @ts-ignore: decorator
  @inline
  private writeResult(value: Acc): void {
    const writer = unchecked(this.writers[0]);
    const output = this.output;
    if (this.generation != writer.generation) {
      this.generation = writer.generation;
      output.__refresh();
    }
    output.__index = writer.rows;
    output.__set = 0;
    this.fn.getResult(value, output);
    const failure = this.fn.__failure;
    if (failure !== null) throw new Error("no row can be refused in getResult: " + failure);
    output.__complete();
    writer.endRow();
  }

  fire(domain: i32, time: i64): void {
    assert(false, "a ReduceFunction has no timers");
  }
}
