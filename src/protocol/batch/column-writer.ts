/** JavaScript values to the buffers of a column; column-value.ts says which value a type takes. */
import type { Field, LogicalType } from "../types.ts";
import type { NodeBuffers } from "./block-assembler.ts";
import type { Value } from "./column-value.ts";
import {
  childFields,
  columnNodes,
  isNullable,
  storageOf,
  typeParameters,
} from "./physical-type.ts";
import { integerValue, outOfRange, wrongKind } from "./value-range.ts";

const encoder = new TextEncoder();

/** A place that its parent's null leaves without meaning: zero, whatever the type's nullability. */
const UNUSED = Symbol("unused");
type Slot = Value | typeof UNUSED;

/**
 * Buffers of all columns and children, in the order of columnNodes.
 * @param columns the values of each top-level column.
 * @throws MillraceError VALUE_INVALID or VALUE_OUT_OF_RANGE naming the field.
 */
export function encodeColumns(
  schema: readonly Field[],
  columns: readonly (readonly Value[])[],
): NodeBuffers[] {
  const nodes = columnNodes(schema);
  // Breadth first, like the column table: each node's children join the end of the queue.
  const queue: { field: Field; path: string; slots: readonly Slot[] }[] = schema.map(
    (field, i) => ({
      field,
      path: field.name,
      slots: columns[i]!,
    }),
  );
  return nodes.map((_, i) => {
    const { field, path, slots } = queue[i]!;
    const children = childFields(field.type);
    const { buffers, childSlots } = encodeColumn(field.type, path, slots);
    for (const [c, child] of children.entries()) {
      queue.push({ field: child, path: `${path}.${child.name}`, slots: childSlots[c]! });
    }
    return buffers;
  });
}

interface Encoded {
  readonly buffers: NodeBuffers;
  readonly childSlots: readonly (readonly Slot[])[];
}

function encodeColumn(type: LogicalType, path: string, slots: readonly Slot[]): Encoded {
  const [parameter1] = typeParameters(type);
  const storage = storageOf(type.type, parameter1);
  const common = { length: slots.length, ...validityOf(type, path, slots) };
  switch (storage.kind) {
    case "bits":
      return { buffers: { ...common, data: bitBuffer(path, slots) }, childSlots: [] };
    case "fixed":
      return {
        buffers: { ...common, data: fixedBuffer(type, storage.bytes, storage.form, path, slots) },
        childSlots: [],
      };
    case "variable":
      return { buffers: { ...common, ...variableBuffers(type, path, slots) }, childSlots: [] };
    case "struct":
      return { buffers: common, childSlots: structSlots(type, path, slots) };
    case "list": {
      const { offsets, childSlots } = listSlots(type, path, slots);
      return { buffers: { ...common, offsets }, childSlots };
    }
  }
}

function isMissing(slot: Slot): slot is null | typeof UNUSED {
  return slot === null || slot === UNUSED;
}

function validityOf(
  type: LogicalType,
  path: string,
  slots: readonly Slot[],
): { nullCount: number; validity: Uint8Array | undefined } {
  const validity = new Uint8Array(Math.ceil(slots.length / 8));
  let nullCount = 0;
  for (const [i, slot] of slots.entries()) {
    const absent = slot === null || (slot === UNUSED && isNullable(type));
    if (slot === null && !isNullable(type)) throw wrongKind(path, null, "a value: it is NOT NULL");
    if (absent) nullCount++;
    else validity[i >> 3]! |= 1 << (i & 7);
  }
  return { nullCount, validity: nullCount === 0 ? undefined : validity };
}

function bitBuffer(path: string, slots: readonly Slot[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(slots.length / 8));
  for (const [i, slot] of slots.entries()) {
    if (isMissing(slot)) continue;
    if (typeof slot !== "boolean") throw wrongKind(path, slot, "true or false");
    if (slot) bits[i >> 3]! |= 1 << (i & 7);
  }
  return bits;
}

function fixedBuffer(
  type: LogicalType,
  bytes: number,
  form: "integer" | "float" | "raw",
  path: string,
  slots: readonly Slot[],
): Uint8Array {
  const data = new Uint8Array(slots.length * bytes);
  const view = new DataView(data.buffer);
  for (const [i, slot] of slots.entries()) {
    if (isMissing(slot)) continue;
    const at = i * bytes;
    if (form === "raw") {
      if (!(slot instanceof Uint8Array)) throw wrongKind(path, slot, "bytes");
      if (slot.byteLength !== bytes) throw outOfRange(path, slot.byteLength, `${bytes} bytes`);
      data.set(slot, at);
    } else if (form === "float") {
      if (typeof slot !== "number") throw wrongKind(path, slot, "a number");
      if (bytes === 4) view.setFloat32(at, slot, true);
      else view.setFloat64(at, slot, true);
    } else {
      writeInteger(view, at, bytes, integerValue(slot, type, path));
    }
  }
  return data;
}

function writeInteger(view: DataView, at: number, bytes: number, value: bigint): void {
  if (bytes === 1) view.setInt8(at, Number(value));
  else if (bytes === 2) view.setInt16(at, Number(value), true);
  else if (bytes === 4) view.setInt32(at, Number(value), true);
  else view.setBigInt64(at, BigInt.asIntN(64, value), true);
  if (bytes === 16) view.setBigInt64(at + 8, value >> 64n, true);
}

function variableBuffers(
  type: LogicalType,
  path: string,
  slots: readonly Slot[],
): { offsets: Uint8Array; data: Uint8Array } {
  const values = slots.map((slot) => (isMissing(slot) ? EMPTY : variableBytes(type, path, slot)));
  const offsets = new DataView(new ArrayBuffer((values.length + 1) * 4));
  const data = new Uint8Array(values.reduce((sum, value) => sum + value.byteLength, 0));
  let end = 0;
  for (const [i, value] of values.entries()) {
    data.set(value, end);
    end += value.byteLength;
    offsets.setInt32((i + 1) * 4, end, true);
  }
  return { offsets: new Uint8Array(offsets.buffer), data };
}

const EMPTY = new Uint8Array(0);

function variableBytes(type: LogicalType, path: string, value: Value): Uint8Array {
  if (type.type === "VARBINARY" || type.type === "BYTES") {
    if (!(value instanceof Uint8Array)) throw wrongKind(path, value, "bytes");
    if (type.type === "VARBINARY" && value.byteLength > type.length) {
      throw outOfRange(path, `${value.byteLength} bytes`, `at most ${type.length}`);
    }
    return value;
  }
  if (typeof value !== "string") throw wrongKind(path, value, "a string");
  if (type.type === "CHAR" || type.type === "VARCHAR") {
    const length = Array.from(value).length;
    if (length > type.length) {
      throw outOfRange(path, `a text of ${length} characters`, `at most ${type.length}`);
    }
  }
  return encoder.encode(value);
}

function structSlots(type: LogicalType, path: string, slots: readonly Slot[]): Slot[][] {
  return childFields(type).map(({ name }) =>
    slots.map((slot) => {
      if (isMissing(slot)) return UNUSED;
      if (!isRecord(slot)) throw wrongKind(path, slot, "an object by field name");
      return slot[name] ?? null;
    }),
  );
}

function isRecord(value: Value): value is Readonly<Record<string, Value>> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Map) &&
    !(value instanceof Uint8Array)
  );
}

function listSlots(
  type: LogicalType,
  path: string,
  slots: readonly Slot[],
): { offsets: Uint8Array; childSlots: Slot[][] } {
  const offsets = new DataView(new ArrayBuffer((slots.length + 1) * 4));
  const elements: Slot[] = [];
  for (const [i, slot] of slots.entries()) {
    if (!isMissing(slot)) {
      for (const element of listElements(type, path, slot)) elements.push(element);
    }
    offsets.setInt32((i + 1) * 4, elements.length, true);
  }
  return { offsets: new Uint8Array(offsets.buffer), childSlots: [elements] };
}

function listElements(type: LogicalType, path: string, value: Value): readonly Value[] {
  if (type.type === "ARRAY") {
    if (!Array.isArray(value)) throw wrongKind(path, value, "an array");
    return value;
  }
  if (!(value instanceof Map)) throw wrongKind(path, value, "a Map");
  return Array.from(value as ReadonlyMap<Value, Value>, ([key, item]) => ({ key, value: item }));
}
