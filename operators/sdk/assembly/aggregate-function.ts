/** AggregateFunction over tumbling windows: the author's class compiled into the window loop. */
import { BatchReader } from "./batch-reader";
import { RichFunction, RuntimeContext } from "./functions";
import { Status } from "./layout";
import { RowView } from "./row";
import { dropSlots, loadSlots, storedSlotBytes, storeSlots, takeGrowth } from "./state-slot";
import { resetTextScratch } from "./text";
import { TumblingWindowOperator } from "./tumbling-window";
import { ENTRY_VALUE } from "./key-table";
import { WindowContext } from "./window-context";
import { Pane } from "./window-pane";

/**
 * Incremental aggregation (Flink: AggregateFunction). `Acc` is an `@accumulator` class: a plain
 * record of numbers that lies in the window's state, so it is changed in place, not returned.
 *
 *     @accumulator
 *     class Sum {
 *       total: f64;
 *     }
 *
 *     @operator
 *     class Total extends AggregateFunction<Reading, Sum, Result> {
 *       add(value: Reading, sum: Sum): void {
 *         sum.total += value.degrees;
 *       }
 *       getResult(sum: Sum, out: Result): void {
 *         out.total = sum.total;
 *       }
 *     }
 */
export abstract class AggregateFunction<
  In extends RowView,
  Acc,
  Out extends RowView,
> extends RichFunction {
  /** The window of the result being written: valid in getResult. */
  readonly window: WindowContext = new WindowContext();

  /** Gives a new accumulator its first values; all fields are 0 before. */
  createAccumulator(accumulator: Acc): void {}
  /** Adds a row. Call `failRow()` before you change the accumulator: what was changed stays. */
  abstract add(value: In, accumulator: Acc): void;
  /** Adds the contents of `other` to `accumulator`: merging windows and pre-aggregation. */
  merge(accumulator: Acc, other: Acc): void {}
  /** Writes the result; the key's columns stand in front of it, the window's behind. */
  abstract getResult(accumulator: Acc, out: Out): void;
  /** Slots of the accumulator (state-slot.ts), generated where there are any. */
  __slots(): StaticArray<i32> {
    return [];
  }
}

/** Runs an AggregateFunction in tumbling event-time windows. */
export class AggregateOperator<
  F extends AggregateFunction<In, Acc, Out>,
  In extends RowView,
  Acc,
  Out extends RowView,
> extends TumblingWindowOperator {
  private fn: F = instantiate<F>();
  private input: In = instantiate<In>();
  private output: Out = instantiate<Out>();
  private generation: i32 = -1;
  /** Column of window_start in the output; window_end follows. -1: not wanted. */
  private windowColumn: i32 = -1;
  private slots: StaticArray<i32> = [];
  /** Bytes of what the slots own. */
  private slotBytes: u64 = 0;

  open(): i32 {
    this.slots = this.fn.__slots();
    const status = super.open();
    if (status != Status.DONE) return status;
    this.windowColumn = this.config.outputs[0].indexOf("window_start");
    this.input.__bindInput(this.config.inputs[0]);
    this.output.__bindOutput(this.writers[0], this.config.outputs[0]);
    const context = new RuntimeContext(this.config);
    this.fn.__context = context;
    this.fn.__configure(this.config.parameters);
    this.fn.open(context);
    const failure = this.fn.__failure;
    return failure === null ? Status.DONE : this.refuse(failure);
  }

  valueBytes(): i32 {
    return <i32>((offsetof<Acc>() + 7) & ~7);
  }

  initialise(value: usize): void {
    this.fn.createAccumulator(changetype<Acc>(value));
  }

  valueDropped(value: usize): void {
    dropSlots(value, this.slots);
  }

  storedBytes(value: usize): i32 {
    return this.valueBytes() + storedSlotBytes(value, this.slots);
  }

  storeValue(value: usize, target: usize): void {
    memory.copy(target, value, this.valueBytes());
    storeSlots(value, this.slots, target + this.valueBytes());
  }

  loadValue(value: usize, source: usize, length: i32): void {
    memory.copy(value, source, this.valueBytes());
    loadSlots(value, this.slots, source + this.valueBytes());
  }

  functionStateBytes(): u64 {
    this.slotBytes += takeGrowth();
    return this.slotBytes;
  }

  attachInput(reader: BatchReader): void {
    this.input.__attach(reader);
  }

  add(value: usize, row: i32): void {
    resetTextScratch();
    this.input.__index = row;
    this.fn.add(this.input, changetype<Acc>(value));
    // As an address: comparing a string with null would be a call for each row.
    if (changetype<usize>(this.fn.__failure) != 0) this.refuseAdded(row);
  }

  /** The row counts as refused; what add() did to the accumulator before failRow() stays. */
  private refuseAdded(row: i32): void {
    this.result.say(this.fn.__failure!);
    this.fn.__failure = null;
    this.failedRow = row;
  }

  fire(pane: Pane, entry: usize): void {
    this.beginResult(pane, entry);
    this.fn.window.__enter(pane, this.currentWatermark, this.firedBy);
    this.writeAggregate(entry + ENTRY_VALUE);
    const writer = this.writers[0];
    if (this.windowColumn >= 0) {
      const row = <usize>writer.rows << 3;
      store<i64>(writer.columns[this.windowColumn].data + row, pane.start);
      store<i64>(writer.columns[this.windowColumn + 1].data + row, pane.end);
    }
    writer.endRow();
  }

  private writeAggregate(value: usize): void {
    const writer = this.writers[0];
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
