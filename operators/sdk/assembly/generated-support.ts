/**
 * What the code that the compiler transform generates calls (src/build/row-class.ts and
 * operator-class.ts); authors do not import it.
 */
import { BlockWriter, ColumnBuffer } from "./block-writer";
import { copyFrom } from "./copy-columns";
import { OpenStream } from "./open-config";
import { Text, textAt } from "./text";
import { Value } from "./value";
import { ValueWriter } from "./value-writer";

export { AggregateOperator } from "./window/aggregate-function";
export { AsyncWaitOperator } from "./async/async-wait-operator";
export { BatchReader, bitAt } from "./batch-reader";
export { BlockWriter, ColumnBuffer } from "./block-writer";
export { CoGroupOperator } from "./window/co-group-function";
export { CepOperator } from "./cep/cep-operator";
export { BroadcastProcessOperator } from "./broadcast-process-function";
export { CoProcessOperator } from "./co-process-function";
export { JsonValue } from "./config-json";
export { ExchangeOperator } from "./exchange";
export { FilterOperator } from "./filter-operator";
export { FlatMapOperator, MapOperator, RuntimeContext } from "./functions";
export { IntervalJoinOperator } from "./interval-join";
export { KeyedBroadcastProcessOperator } from "./keyed-broadcast-process-function";
export { KeyedCoProcessOperator } from "./keyed-co-process-function";
export { KeyedProcessOperator } from "./keyed-process-function";
export { KeySelectorOperator } from "./key-selector-operator";
export { columnsOf, OpenColumn, OpenStream } from "./open-config";
export { Operator } from "./operator";
export { PartitionOperator } from "./partition-function";
export { ProcessOperator } from "./process-function";
export { ProcessWindowOperator } from "./window/process-window-function";
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
export { TimestampsAndWatermarksOperator } from "./time/watermark-strategy";
export { Value, valueAt } from "./value";
export { ValueWriter } from "./value-writer";

/** Index of a top-level column in a batch; the host has checked that it is there. */
export function columnOf(stream: OpenStream, name: string): i32 {
  const index = stream.indexOf(name);
  assert(index >= 0, "no column " + name);
  return index;
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

/** Writes a field of any type of the row in progress; a second write replaces the first. */
export function writeValue(
  writer: BlockWriter,
  column: ColumnBuffer,
  again: bool,
  value: Value,
): void {
  if (again) forgetValue(writer, column);
  assert(load<u8>(value.entry) == column.type, "a value of another type");
  copyFrom(value.block, value.entry, value.index, writer, column);
}

/** Takes back the value that the row in progress has in a column of any type. */
export function forgetValue(writer: BlockWriter, column: ColumnBuffer): void {
  const nested = column.nested;
  if (nested !== null) nested.truncate(writer.rows);
  else if (column.variable) forgetText(writer, column);
  else writer.forgetNull(column);
}

/** What writes the value of a nested column of the row in progress; one value is to be added. */
export function valueWriter(writer: BlockWriter, column: ColumnBuffer): ValueWriter {
  const nested = column.nested!;
  nested.truncate(writer.rows);
  writer.limitNested();
  return nested;
}
