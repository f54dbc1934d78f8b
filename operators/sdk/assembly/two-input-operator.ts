/**
 * An operator that reads rows of two inputs (Flink: TwoInputStreamOperator). A batch is read to its end
 * before another comes, so one walk serves both; only the views on the rows are two.
 */
import { BatchReader } from "./batch-reader";
import { RichFunction } from "./functions";
import { KeyedOperator } from "./keyed-operator";
import { RowView } from "./row";

export abstract class TwoInputOperator<
  F extends RichFunction,
  In1 extends RowView,
  In2 extends RowView,
> extends KeyedOperator<F, In1> {
  input2: In2 = instantiate<In2>();
  /** Which input the present batch belongs to: 0 or 1. */
  side: i32 = 0;

  open(): i32 {
    this.input2.__bindInput(this.config.inputs[1]);
    return super.open();
  }

  process(input: i32, block: usize, budget: i32): i32 {
    this.side = input;
    return super.process(input, block, budget);
  }

  attach(reader: BatchReader): void {
    if (this.side == 0) {
      super.attach(reader);
      return;
    }
    this.input2.__attach(reader);
    this.input2.kind = 0;
  }

  /** As beginRow(), for whichever input the batch is of. */
  protected beginSide(i: i32): i32 {
    const row = this.beginRow(i);
    if (this.side == 0) return row;
    this.input2.__index = row;
    if (this.reader.change != 0) this.input2.kind = this.reader.rowKind(row);
    return row;
  }
}
