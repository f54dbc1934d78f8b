/**
 * Appends listed rows of a batch to a block, a column at a time: a list of row numbers (u32), one
 * loop per column. The list must fit into the block.
 */
import { BatchReader, bitAt } from "./batch-reader";
import { BlockWriter } from "./block-writer";

/** Appends `count` rows; the writer has room for them and may be full behind them. */
export function gatherRows(reader: BatchReader, list: usize, count: i32, writer: BlockWriter): void {
  const columns = writer.columns;
  for (let node = 0; node < columns.length; node++) {
    const column = unchecked(columns[node]);
    const place = writer.rows;
    const nested = column.nested;
    if (nested !== null) {
      const entry = reader.column(node);
      for (let k = 0; k < count; k++) {
        nested.addFrom(reader.block, entry, load<u32>(list + (<usize>k << 2)));
      }
      writer.limitNested();
      continue;
    }
    if (column.variable) {
      gatherText(reader, node, list, count, writer);
    } else {
      gatherFixed(reader.data(node), list, count, column.data, place, column.shift);
    }
    const validity = reader.validity(node);
    if (validity == 0) continue;
    assert(column.validity != 0, "a NULL in a column that is NOT NULL");
    column.nulls += gatherAbsent(validity, list, count, column.validity, place);
  }
  gatherLanes(reader, list, count, writer);
}

function gatherFixed(
  data: usize,
  list: usize,
  count: i32,
  target: usize,
  place: i32,
  shift: i32,
): void {
  const end = list + (<usize>count << 2);
  if (shift < 0) {
    for (let at = list, row = place; at < end; at += 4, row++) {
      const byte = target + (<usize>row >> 3);
      const bit = <u8>1 << (<u8>row & 7);
      const old = load<u8>(byte);
      store<u8>(byte, bitAt(data, load<u32>(at)) ? old | bit : old & ~bit);
    }
    return;
  }
  let to = target + (<usize>place << <usize>shift);
  if (shift == 4) {
    for (let at = list; at < end; at += 4, to += 16) {
      v128.store(to, v128.load(data + (<usize>load<u32>(at) << 4)));
    }
  } else if (shift == 3) {
    gatherWords(data, list, count, to);
  } else if (shift == 2) {
    for (let at = list; at < end; at += 4, to += 4) {
      store<u32>(to, load<u32>(data + (<usize>load<u32>(at) << 2)));
    }
  } else if (shift == 1) {
    for (let at = list; at < end; at += 4, to += 2) {
      store<u16>(to, load<u16>(data + (<usize>load<u32>(at) << 1)));
    }
  } else {
    for (let at = list; at < end; at += 4, to++) {
      store<u8>(to, load<u8>(data + <usize>load<u32>(at)));
    }
  }
}

/** Values of 8 bytes, four a turn. */
function gatherWords(data: usize, list: usize, count: i32, target: usize): void {
  const end = list + (<usize>count << 2);
  let at = list;
  let to = target;
  for (; at + 16 <= end; at += 16, to += 32) {
    store<u64>(to, load<u64>(data + (<usize>load<u32>(at) << 3)));
    store<u64>(to, load<u64>(data + (<usize>load<u32>(at, 4) << 3)), 8);
    store<u64>(to, load<u64>(data + (<usize>load<u32>(at, 8) << 3)), 16);
    store<u64>(to, load<u64>(data + (<usize>load<u32>(at, 12) << 3)), 24);
  }
  for (; at < end; at += 4, to += 8) {
    store<u64>(to, load<u64>(data + (<usize>load<u32>(at) << 3)));
  }
}

function gatherText(
  reader: BatchReader,
  node: i32,
  list: usize,
  count: i32,
  writer: BlockWriter,
): void {
  const data = reader.data(node);
  const offsets = reader.offsets(node);
  const column = unchecked(writer.columns[node]);
  const first = writer.rows;
  for (let k = 0; k < count; k++) {
    const value = offsets + (<usize>load<u32>(list + (<usize>k << 2)) << 2);
    const start = load<u32>(value);
    const length = load<u32>(value, 4) - start;
    // The columns before this one hold all rows of the list already: what is copied when the text
    // grows has to reach to the last.
    if (column.used + <i32>length + 8 > column.capacity) {
      writer.growTextAt(column, length + 8, first + count - 1);
    }
    copyShort(column.data + <usize>column.used, data + <usize>start, length);
    column.used += length;
    store<i32>(column.offsets + (<usize>(first + k + 1) << 2), column.used);
  }
}

/** Clears the bits of rows that are absent in the source; answers how many there were. */
function gatherAbsent(validity: usize, list: usize, count: i32, target: usize, place: i32): i32 {
  let absent = 0;
  for (let k = 0; k < count; k++) {
    if (bitAt(validity, load<u32>(list + (<usize>k << 2)))) continue;
    clearBit(target, place + k);
    absent++;
  }
  return absent;
}

/** Timestamps and changes, then the end of the rows. */
function gatherLanes(reader: BatchReader, list: usize, count: i32, writer: BlockWriter): void {
  const place = writer.rows;
  let untimed = count;
  if (reader.eventTime == 0) {
    for (let k = 0; k < count; k++) clearBit(writer.timestampValidity, place + k);
  } else {
    gatherWords(reader.eventTime, list, count, writer.timestamps + (<usize>place << 3));
    const validity = reader.eventTimeValidity;
    untimed =
      validity == 0 ? 0 : gatherAbsent(validity, list, count, writer.timestampValidity, place);
  }
  let changes = 0;
  const target = writer.changeLane + <usize>place;
  if (reader.change == 0) {
    memory.fill(target, 0, count);
  } else {
    for (let k = 0; k < count; k++) {
      const kind = load<u8>(reader.change + <usize>load<u32>(list + (<usize>k << 2)));
      store<u8>(target + <usize>k, kind);
      changes += <i32>kind;
    }
  }
  writer.endRows(count, untimed, changes);
}

// @ts-ignore: decorator
@inline
function clearBit(bitmap: usize, row: i32): void {
  const at = bitmap + (<usize>row >> 3);
  store<u8>(at, load<u8>(at) & ~(<u8>1 << (<u8>row & 7)));
}

/**
 * Copies a short value 8 bytes at a time; may write up to 7 bytes behind it, for which the
 * caller has made room, and read as many behind the source, which lies inside the memory.
 */
// @ts-ignore: decorator
@inline
function copyShort(target: usize, source: usize, length: usize): void {
  if (length > 64) {
    memory.copy(target, source, length);
    return;
  }
  for (let i: usize = 0; i < length; i += 8) store<u64>(target + i, load<u64>(source + i));
}
