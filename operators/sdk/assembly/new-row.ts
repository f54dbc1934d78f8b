/** Rows that an author makes himself: to be put into state. */
import { RowView } from "./row";

/**
 * An empty row, its fields zero, empty or NULL; made in open() and kept in a field, as each takes
 * memory. Text that is set must live as long as the row is used.
 *
 *     open(context: RuntimeContext): void {
 *       this.seen = newRow<Seen>();
 *       this.seen.at = 7;
 *     }
 *
 * @throws OPERATOR_FAILED for memory that runs out
 */
export function newRow<T extends RowView>(): T {
  const row = instantiate<T>();
  const bytes = row.__layout().fixedBytes;
  const cell = heap.alloc(bytes);
  memory.fill(cell, 0, bytes);
  row.__attachCell(cell);
  return row;
}
