/** Runs a KeySelector: hands on each row with the key's fields behind its own. */

import { copyValue } from "./copy-columns";
import { FunctionOperator, KeySelector } from "./functions";
import { RowView } from "./row";

export class KeySelectorOperator<
  F extends KeySelector<In, Key>,
  In extends RowView,
  Key extends RowView,
> extends FunctionOperator<F, In> {
  private key: Key = instantiate<Key>();
  private generation: i32 = -1;
  private width: i32 = 0;

  open(): i32 {
    this.width = this.config.inputs[0].columns.length;
    this.key.__bindOutput(unchecked(this.writers[0]), this.config.outputs[0]);
    return super.open();
  }

  rows(from: i32, to: i32): i32 {
    const writer = unchecked(this.writers[0]);
    for (let i = from; i < to; i++) {
      const row = this.beginRow(i);
      for (let c = 0; c < this.width; c++) {
        copyValue(this.reader, c, row, writer, writer.columns[c]);
      }
      this.writeKey();
      if (this.rowFailed(row)) {
        writer.abandonRow();
        return i + 1;
      }
      writer.rowKind = this.reader.rowKind(row);
      writer.endRow();
      if (writer.full) return i + 1;
    }
    return to;
  }

  private writeKey(): void {
    const key = this.key;
    const writer = unchecked(this.writers[0]);
    if (this.generation != writer.generation) {
      this.generation = writer.generation;
      key.__refresh();
    }
    key.__index = writer.rows;
    key.__set = 0;
    this.fn.getKey(this.input, key);
    key.__complete();
  }
}
