/** Copies chosen rows of an input batch to outputs, a column at a time. */
import { BatchReader, bitAt } from "./batch-reader";
import { BlockWriter } from "./block-writer";
import { ColumnBuffer } from "./column-buffer";
import { dataOf, isNullAt, textLength, textStart } from "./value";

/** Copies one row, all columns in order; the writer's first columns mirror the reader's. */
export function copyRow(reader: BatchReader, row: i32, writer: BlockWriter): void {
  const columns = writer.columns;
  for (let c = 0; c < columns.length; c++) copyValue(reader, c, row, writer, columns[c]);
}

/** Copies a value, or NULL. */
export function copyValue(
  reader: BatchReader,
  node: i32,
  row: i32,
  writer: BlockWriter,
  column: ColumnBuffer,
): void {
  copyFrom(reader.block, reader.column(node), row, writer, column);
}

/** Copies the value at `index` of any column, top-level or not, into one of the same type. */
export function copyFrom(
  block: usize,
  entry: usize,
  index: i32,
  writer: BlockWriter,
  column: ColumnBuffer,
): void {
  const nested = column.nested;
  if (nested !== null) {
    writer.limitNested();
    nested.addFrom(block, entry, index);
    return;
  }
  if (isNullAt(block, entry, index)) {
    writer.writeNull(column);
    return;
  }
  if (column.variable) {
    const start = textStart(block, entry, index);
    writer.writeText(column, start, textLength(block, entry, index));
    return;
  }
  const at = <usize>writer.rows;
  const data = dataOf(block, entry);
  const from = <usize>index;
  switch (column.shift) {
    case -1:
      writer.writeBit(column, bitAt(data, index));
      break;
    case 0:
      store<u8>(column.data + at, load<u8>(data + from));
      break;
    case 1:
      store<u16>(column.data + (at << 1), load<u16>(data + (from << 1)));
      break;
    case 2:
      store<u32>(column.data + (at << 2), load<u32>(data + (from << 2)));
      break;
    case 3:
      store<u64>(column.data + (at << 3), load<u64>(data + (from << 3)));
      break;
    default:
      v128.store(column.data + (at << 4), v128.load(data + (from << 4)));
  }
}
