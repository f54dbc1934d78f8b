/**
 * `window_reduce_field`: each key's window as one row, by one field (Flink: WindowedStream.sum, min, max,
 * minBy, maxBy). Parameters {fn, field, first} and those of the window. Result: the row's columns, then
 * the window's bounds.
 */
import { BatchReader } from "../../sdk/assembly/batch-reader";
import { FieldReduction, REDUCTION_BYTES } from "../../sdk/assembly/field-reduction";
import { Status } from "../../sdk/assembly/layout";
import { resetTextScratch } from "../../sdk/assembly/text";
import { IncrementalWindowOperator } from "../../sdk/assembly/window/incremental-window";

export class WindowReduceFieldOperator extends IncrementalWindowOperator {
  private reduction!: FieldReduction;
  /** Column of window_start in the output; window_end follows. -1: not wanted. */
  private windowColumn: i32 = -1;
  private attached!: BatchReader;

  openFunction(): i32 {
    const parameters = this.config.parameters;
    const output = this.config.outputs[0];
    const fn = parameters.get("fn").string("");
    const field = parameters.get("field").string("");
    const first = parameters.get("first").bool(true);
    // By place: of a global window, columns of these names are the row's own.
    const bounded = parameters.get("assigner").string("") != "global";
    this.windowColumn = bounded ? output.columns.length - 2 : -1;
    this.attached = this.reader;
    const input = this.config.inputs[0];
    const width = this.windowColumn >= 0 ? this.windowColumn : output.columns.length;
    const reduction = new FieldReduction();
    this.reduction = reduction;
    const bound = reduction.bind(fn, field, first, input, output, width);
    return bound ? Status.DONE : this.refuse(reduction.problem!);
  }

  accumulatorBytes(): i32 {
    return REDUCTION_BYTES;
  }

  begin(accumulator: usize): void {}

  attachInput(reader: BatchReader): void {
    this.attached = reader;
  }

  add(value: usize, row: i32): void {
    if (this.evicting) this.keep(value, row);
    else this.accumulate(value, row);
  }

  accumulate(accumulator: usize, row: i32): void {
    resetTextScratch();
    this.reduction.add(accumulator, this.attached, row);
  }

  mergesValues(): bool {
    return true;
  }

  combine(accumulator: usize, other: usize): void {
    resetTextScratch();
    this.reduction.merge(accumulator, other);
  }

  isPlain(): bool {
    return false;
  }

  dropAccumulator(accumulator: usize): void {
    this.reduction.drop(accumulator);
  }

  storedAccumulatorBytes(accumulator: usize): i32 {
    return this.reduction.storedBytes(accumulator);
  }

  storeAccumulator(accumulator: usize, target: usize): void {
    this.reduction.store(accumulator, target);
  }

  loadAccumulator(accumulator: usize, source: usize, length: i32): void {
    this.reduction.load(accumulator, source);
  }

  functionStateBytes(): u64 {
    return super.functionStateBytes() + this.reduction.held;
  }

  emit(accumulator: usize): void {
    this.beginResult();
    const writer = this.writers[0];
    this.reduction.write(accumulator, writer);
    if (this.windowColumn >= 0) {
      const row = <usize>writer.rows << 3;
      store<i64>(writer.columns[this.windowColumn].data + row, this.fired.window.start);
      store<i64>(writer.columns[this.windowColumn + 1].data + row, this.fired.window.end);
    }
    writer.endRow();
  }
}
