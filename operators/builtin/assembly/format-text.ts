/**
 * `format_text`: the columns of a row as they are, the parameter `separator` (a blank by default)
 * between them and a newline behind; NULL is `null`; ROW, ARRAY, MAP and bytes are JSON.
 */
import { BlockWriter } from "../../sdk/assembly/block-writer";
import { FormatOperator } from "./format-operator";
import { VALUE_TEXT_MAX } from "./value-printer";

export class FormatTextOperator extends FormatOperator {
  private separator: ArrayBuffer = new ArrayBuffer(0);

  open(): i32 {
    this.separator = String.UTF8.encode(this.config.parameters.get("separator").string(" "));
    return super.open();
  }

  writeRecord(writer: BlockWriter, row: i32): string | null {
    const target = this.target;
    for (let i = 0; i < this.columns.length; i++) {
      const column = unchecked(this.columns[i]);
      const separator = this.separator;
      if (i > 0) writer.writeText(target, changetype<usize>(separator), separator.byteLength);
      if (column.isNull(row)) {
        store<u32>(writer.reserveText(target, 4), 0x6c6c756e);
        writer.closeText(target, 4);
      } else if (column.nested) {
        if (!this.appendNested(writer, i, row)) return this.outOfRange(i);
      } else if (column.text) {
        writer.writeText(target, column.start(row), <i32>(column.end(row) - column.start(row)));
      } else {
        const length = column.print(writer.reserveText(target, VALUE_TEXT_MAX), row);
        if (length == 0) return this.outOfRange(i);
        writer.closeText(target, length);
      }
    }
    this.appendByte(writer, 0x0a);
    return null;
  }
}
