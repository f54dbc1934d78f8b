/** Copies chosen rows of an input batch to outputs, a column at a time. */
import { BatchReader, bitAt } from "./batch-reader";
import { BlockWriter } from "./block-writer";
import { ColumnBuffer } from "./column-buffer";

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
  const validity = reader.validity(node);
  if (validity != 0 && !bitAt(validity, row)) {
    writer.writeNull(column);
    return;
  }
  if (column.variable) {
    const offsets = reader.offsets(node) + ((<usize>row) << 2);
    const from = load<i32>(offsets);
    writer.writeText(column, reader.data(node) + <usize>from, load<i32>(offsets, 4) - from);
    return;
  }
  const at = <usize>writer.rows;
  const data = reader.data(node);
  switch (column.shift) {
    case -1:
      writer.writeBit(column, bitAt(data, row));
      break;
    case 0:
      store<u8>(column.data + at, load<u8>(data + <usize>row));
      break;
    case 1:
      store<u16>(column.data + (at << 1), load<u16>(data + ((<usize>row) << 1)));
      break;
    case 2:
      store<u32>(column.data + (at << 2), load<u32>(data + ((<usize>row) << 2)));
      break;
    default:
      store<u64>(column.data + (at << 3), load<u64>(data + ((<usize>row) << 3)));
  }
}
