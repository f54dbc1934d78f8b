/** AggregateFunction: the author's class compiled into the window loop. */
import { BatchReader } from "../batch-reader";
import { BlockWriter } from "../block-writer";
import { RuntimeContext } from "../functions";
import { Status } from "../layout";
import { RowView } from "../row";
import { dropSlots, loadSlots, storedSlotBytes, storeSlots, takeGrowth } from "../accumulator-slots";
import { resetTextScratch } from "../text";
import { WindowAssigner } from "./assigner";
import { WindowEvictor } from "./evictor";
import { IncrementalWindowOperator } from "./incremental-window";
import { WindowTrigger } from "./trigger";
import { WindowContext } from "./window-context";
import { WindowFunction } from "./window-function";
import { WindowResults } from "./window-results";

/**
 * Incremental aggregation (Flink: AggregateFunction). `Acc` is an `@accumulator` class: a plain
 * record of numbers that lies in the window's state, so it is changed in place, not returned.
 *
 *     @accumulator
 *     class Extreme {
 *       highest: f64;
 *     }
 *
 *     @operator
 *     class Highest extends AggregateFunction<Reading, Extreme, Result> {
 *       createAccumulator(extreme: Extreme): void {
 *         extreme.highest = -Infinity;
 *       }
 *       add(value: Reading, extreme: Extreme): void {
 *         extreme.highest = max(extreme.highest, value.degrees);
 *       }
 *       merge(extreme: Extreme, other: Extreme): void {
 *         extreme.highest = max(extreme.highest, other.highest);
 *       }
 *       getResult(extreme: Extreme, out: Result): void {
 *         out.total = extreme.highest;
 *       }
 *     }
 *
 * @throws OPERATOR_OPEN_FAILED where windows merge and there is no merge(); OPERATOR_FAILED for a failRow() in getResult(), where there is no row to refuse
 */
export abstract class AggregateFunction<
  In extends RowView,
  Acc,
  Out extends RowView,
> extends WindowFunction {
  /** The window of the result being written: valid in getResult. */
  readonly window: WindowContext = new WindowContext();

  /** Gives a new accumulator its first values; all fields are 0 before. */
  createAccumulator(accumulator: Acc): void {}
  /** Adds a row. One that `failRow()` refuses is in no window, whatever was changed before. */
  abstract add(value: In, accumulator: Acc): void;
  /**
   * Adds the contents of `other` to `accumulator`. Windows that merge demand it; sliding windows are
   * faster with it, as each row is then added once only.
   */
  merge(accumulator: Acc, other: Acc): void {
    this.__unmerged = true;
  }
  /** The merge() of this class ran: the author has none. */
  __unmerged: bool = false;
  /** Writes the result; the key's columns stand in front of it, the window's behind. */
  abstract getResult(accumulator: Acc, out: Out): void;
  /** Slots of the accumulator (accumulator-slots.ts), generated where there are any. */
  __slots(): StaticArray<i32> {
    return [];
  }
}

/** Runs an AggregateFunction in windows. */
export class AggregateOperator<
  F extends AggregateFunction<In, Acc, Out>,
  In extends RowView,
  Acc,
  Out extends RowView,
> extends IncrementalWindowOperator {
  private fn: F = instantiate<F>();
  private input: In = instantiate<In>();
  private output: Out = instantiate<Out>();
  private generation: i32 = -1;
  /** Column of window_start in the output; window_end follows. -1: not wanted. */
  private windowColumn: i32 = -1;
  private slots: StaticArray<i32> = [];
  /** Bytes of what the slots own. */
  private slotBytes: u64 = 0;

  openFunction(): i32 {
    this.slots = this.fn.__slots();
    this.input.__bindInput(this.config.inputs[0]);
    this.openOutput();
    const context = new RuntimeContext(this.config);
    this.fn.__context = context;
    this.fn.__configure(this.config.parameters);
    this.fn.open(context);
    let failure = context.__problem !== null ? context.__problem : this.fn.__failure;
    if (failure === null && this.results !== null) failure = this.results!.problem;
    return failure === null ? Status.DONE : this.refuse(failure);
  }

  /** Results go to the output, or to a ProcessWindowFunction of the same bundle. */
  private openOutput(): void {
    const output = this.config.outputs[0];
    const spec = this.config.parameters.get("processWindow");
    if (spec.isNull()) {
      this.windowColumn = output.indexOf("window_start");
      this.output.__bindOutput(this.writers[0], output);
      return;
    }
    const results = new WindowResults(this, spec, this.output.__columns());
    this.results = results;
    this.output.__bindOutput(results.writer, results.stream);
  }

  ownAssigner(): WindowAssigner | null {
    return this.fn.assigner();
  }

  ownTrigger(): WindowTrigger | null {
    return this.fn.trigger();
  }

  ownEvictor(): WindowEvictor | null {
    return this.fn.evictor();
  }

  accumulatorBytes(): i32 {
    return <i32>((offsetof<Acc>() + 7) & ~7);
  }

  begin(accumulator: usize): void {
    this.fn.createAccumulator(changetype<Acc>(accumulator));
  }

  /** Found out by a call with two new accumulators. */
  mergesValues(): bool {
    if (this.evicting) return true;
    const bytes = this.accumulatorBytes();
    const both = heap.alloc(bytes << 1);
    memory.fill(both, 0, bytes << 1);
    this.begin(both);
    this.begin(both + bytes);
    this.fn.merge(changetype<Acc>(both), changetype<Acc>(both + bytes));
    this.dropAccumulator(both);
    this.dropAccumulator(both + bytes);
    heap.free(both);
    return !this.fn.__unmerged;
  }

  combine(accumulator: usize, other: usize): void {
    this.fn.merge(changetype<Acc>(accumulator), changetype<Acc>(other));
  }

  isPlain(): bool {
    return this.slots.length == 0;
  }

  dropAccumulator(accumulator: usize): void {
    dropSlots(accumulator, this.slots);
  }

  storedAccumulatorBytes(accumulator: usize): i32 {
    return this.accumulatorBytes() + storedSlotBytes(accumulator, this.slots);
  }

  storeAccumulator(accumulator: usize, target: usize): void {
    memory.copy(target, accumulator, this.accumulatorBytes());
    storeSlots(accumulator, this.slots, target + this.accumulatorBytes());
  }

  loadAccumulator(accumulator: usize, source: usize, length: i32): void {
    memory.copy(accumulator, source, this.accumulatorBytes());
    loadSlots(accumulator, this.slots, source + this.accumulatorBytes());
  }

  functionStateBytes(): u64 {
    this.slotBytes += takeGrowth();
    return super.functionStateBytes() + this.slotBytes;
  }

  attachInput(reader: BatchReader): void {
    this.input.__attach(reader);
  }

  add(value: usize, row: i32): void {
    if (this.evicting) this.keep(value, row);
    else this.accumulate(value, row);
  }

  // @ts-ignore: decorator
  @inline
  accumulate(value: usize, row: i32): void {
    resetTextScratch();
    this.input.__index = row;
    this.fn.add(this.input, changetype<Acc>(value));
    // As an address: comparing a string with null would be a call for each row.
    if (changetype<usize>(this.fn.__failure) != 0) this.refuseAdded(row);
  }

  /**
   * The row counts as refused. Where rows are undone it is undone as one whose code has trapped: by now it may have made or
   * extended windows, and be in others. Else the task fails.
   */
  private refuseAdded(row: i32): void {
    if (this.undoes) throw new Error(this.fn.__failure!);
    this.result.say(this.fn.__failure!);
    this.fn.__failure = null;
    this.failedRow = row;
  }

  emit(accumulator: usize): void {
    const fired = this.fired;
    this.fn.window.__enter(fired, this.currentWatermark, this.firedBy, this.timerTime);
    const results = this.results;
    if (results !== null) {
      results.begin(this);
      this.writeAggregate(accumulator, results.writer);
      results.end(this, this.windowState);
      return;
    }
    const writer = this.writers[0];
    this.beginKeyedResult();
    this.writeAggregate(accumulator, writer);
    if (this.windowColumn >= 0) {
      const row = <usize>writer.rows << 3;
      store<i64>(writer.columns[this.windowColumn].data + row, fired.window.start);
      store<i64>(writer.columns[this.windowColumn + 1].data + row, fired.window.end);
    }
    writer.endRow();
  }

  private writeAggregate(value: usize, writer: BlockWriter): void {
    const output = this.output;
    if (this.generation != writer.generation) {
      this.generation = writer.generation;
      output.__refresh();
    }
    output.__index = writer.rows;
    output.__set = 0;
    this.fn.getResult(changetype<Acc>(value), output);
    const failure = this.fn.__failure;
    if (failure !== null) throw new Error("no row can be refused in getResult: " + failure);
    output.__complete();
  }

  close(): void {
    this.fn.close();
    super.close();
  }
}
