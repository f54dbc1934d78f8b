/** Runs a FilterFunction: rows that pass are copied to the output. */
import { copyRow } from "./copy-columns";
import { FilterFunction, FunctionOperator } from "./functions";
import { RowView } from "./row";

export class FilterOperator<
  F extends FilterFunction<In>,
  In extends RowView,
> extends FunctionOperator<F, In> {
  rows(from: i32, to: i32): i32 {
    const writer = unchecked(this.writers[0]);
    for (let i = from; i < to; i++) {
      const row = this.beginRow(i);
      const keep = this.fn.filter(this.input);
      if (this.rowFailed(row)) return i + 1;
      if (!keep) continue;
      writer.rowKind = this.reader.rowKind(row);
      copyRow(this.reader, row, writer);
      writer.endRow();
      if (writer.full) return i + 1;
    }
    return to;
  }
}
