/**
 * What the code that the compiler transform generates calls (src/build/row-class.ts and
 * operator-class.ts); authors do not import it.
 */
import { BlockWriter, ColumnBuffer } from "./block-writer";
import { OpenStream } from "./open-config";
import { Text, textAt } from "./text";

export { AggregateOperator } from "./aggregate-function";
export { BatchReader, bitAt } from "./batch-reader";
export { BlockWriter, ColumnBuffer } from "./block-writer";
export { JsonValue } from "./config-json";
export { ExchangeOperator } from "./exchange";
export { FilterOperator } from "./filter-operator";
export { FlatMapOperator, MapOperator, RuntimeContext } from "./functions";
export { KeyedBroadcastProcessOperator } from "./keyed-broadcast-process-function";
export { KeyedCoProcessOperator } from "./keyed-co-process-function";
export { KeyedProcessOperator } from "./keyed-process-function";
export { KeySelectorOperator } from "./key-selector-operator";
export { OpenStream } from "./open-config";
export { Operator } from "./operator";
export { PartitionOperator } from "./partition-function";
export { ProcessOperator } from "./process-function";
export { ReduceOperator } from "./reduce-function";
export { registerOperator } from "./registry";
export { RowView } from "./row";
export { SinkOperator } from "./sink-function";
export { SourceOperator } from "./source-function";
export { ListStateDescriptor } from "./state/list-state";
export { MapStateDescriptor } from "./state/map-state";
export { RowLayout } from "./state/row-layout";
export { StateTtlConfig } from "./state/state-ttl";
export { ValueStateDescriptor } from "./state/value-state";
export { Text } from "./text";

/** Index of a top-level column in a batch; the host has checked that it is there. */
export function columnOf(stream: OpenStream, name: string): i32 {
  const columns = stream.columns;
  let index = 0;
  for (let node = 0; node < columns.length; index++) {
    if (columns[node].name == name) return index;
    node = nodeAfter(stream, node);
  }
  assert(false, "no column " + name);
  return -1;
}

/** First node behind a column and its children, which follow it depth first. */
function nodeAfter(stream: OpenStream, node: i32): i32 {
  let next = node + 1;
  for (let child = 0; child < stream.columns[node].children; child++) {
    next = nodeAfter(stream, next);
  }
  return next;
}

// @ts-ignore: decorator
@inline
export function textOf(data: usize, offsets: usize, index: i32): Text {
  const at = offsets + (<usize>index << 2);
  const from = load<u32>(at);
  return textAt(data + <usize>from, load<u32>(at, 4) - from);
}

// @ts-ignore: decorator
@inline
export function emptyText(): Text {
  return textAt(0, 0);
}

/** Writes a text field of the row in progress; a second write replaces the first. */
// @ts-ignore: decorator
@inline
export function writeText(
  writer: BlockWriter,
  column: ColumnBuffer,
  again: bool,
  value: Text,
): void {
  if (again) forgetText(writer, column);
  writer.writeText(column, value.start, value.length);
}

/** Lets a text field of a cell point at bytes that live as long as the row: offsets from 0. */
export function pointAtText(offsets: usize, value: Text): void {
  store<u32>(offsets, <u32>value.start);
  store<u32>(offsets, <u32>value.start + value.length, 4);
}

/** Writes a text behind the cell's bytes so far, `end`; answers where the next goes. */
export function storeCellText(cell: usize, at: usize, end: i32, value: Text): i32 {
  store<u32>(cell + at, end);
  store<u32>(cell + at, end + value.length, 4);
  memory.copy(cell + <usize>end, value.start, value.length);
  return end + value.length;
}

/** Gives back the bytes that the row in progress wrote to a text column. */
export function forgetText(writer: BlockWriter, column: ColumnBuffer): void {
  column.used = load<i32>(column.offsets + (<usize>writer.rows << 2));
}
