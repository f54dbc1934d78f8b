/** The column table of a block, checked entry by entry. */
import { BATCH_MAX_BYTES, SCHEMA_MAX_DEPTH } from "../limits.ts";
import { typeText } from "../type-text.ts";
import type { Field, LogicalType, Schema } from "../types.ts";
import { batchInvalid, checkRange, same, viewOf } from "./block-header.ts";
import { COLUMN, COLUMN_BYTES, COLUMN_FLAG_NULLABLE, ENCODING, HEADER } from "./layout.ts";
import {
  childFields,
  isNullable,
  type Storage,
  storageOf,
  type TypeName,
  typeName,
  typeParameters,
} from "./physical-type.ts";

/** A column whose buffers lie inside the block; the arrays are views, not copies. */
export interface Column {
  readonly name: string;
  readonly type: LogicalType;
  readonly storage: Storage;
  readonly length: number;
  readonly nullCount: number;
  /** Bit per value, 1 = present; undefined: all present. */
  readonly validity: Uint8Array | undefined;
  /** int32[length + 1] of text, bytes and lists. */
  readonly offsets: Uint8Array | undefined;
  /** Values, or the bytes that the offsets point into. */
  readonly data: Uint8Array;
  readonly children: readonly Column[];
}

interface Entry {
  readonly type: TypeName;
  readonly nullable: boolean;
  readonly nullCount: number;
  readonly length: number;
  readonly validity: number;
  readonly offsets: number;
  readonly data: number;
  readonly dataLength: number;
  readonly firstChild: number;
  readonly childCount: number;
  readonly parameter1: number;
  readonly parameter2: number;
}

const ENCODING_NAMES = new Map<number, string>(
  Object.entries(ENCODING).map(([name, id]) => [id, name]),
);

/** How deep the check goes: `structure` costs per column, `full` per value. */
export type CheckDepth = "structure" | "full";

/**
 * Reads the columns of a block whose header has passed checkBlockHeader.
 * @param schema names the columns and must fit their types; without it they are f0, f1, ...
 * @throws MillraceError BATCH_INVALID naming the column and its field.
 */
export function readColumns(
  bytes: Uint8Array,
  depth: CheckDepth,
  schema?: Schema,
): readonly Column[] {
  return new ColumnTable(bytes, depth).read(schema);
}

class ColumnTable {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #deep: boolean;
  readonly #table: number;
  readonly #nodes: number;
  /** The next node that no parent has claimed: children are claimed in order, each once. */
  readonly #claimed: Uint8Array;

  constructor(bytes: Uint8Array, depth: CheckDepth) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#deep = depth === "full";
    this.#table = this.#view.getUint32(HEADER.columnTable, true);
    this.#nodes = this.#view.getUint32(HEADER.nodeCount, true);
    this.#claimed = new Uint8Array(this.#nodes);
  }

  read(schema: Schema | undefined): readonly Column[] {
    const rows = this.#view.getUint32(HEADER.rowCount, true);
    const count = this.#view.getUint32(HEADER.columnCount, true);
    if (schema !== undefined) same("columnCount", count, schema.length);
    const columns: Column[] = [];
    for (let i = 0; i < count; i++) {
      const path = `columns[${i}]`;
      const column = this.#column(i, path, 1, schema?.[i], `f${i}`);
      same(`${path}.length`, column.length, rows);
      columns.push(column);
    }
    const orphan = this.#claimed.indexOf(0);
    if (orphan >= 0)
      throw batchInvalid("nodeCount", this.#nodes, `no column without parent (${orphan})`);
    return columns;
  }

  #column(
    index: number,
    path: string,
    depth: number,
    field: Field | undefined,
    name: string,
  ): Column {
    if (depth > SCHEMA_MAX_DEPTH) throw batchInvalid(path, depth, `depth <= ${SCHEMA_MAX_DEPTH}`);
    if (this.#claimed[index] !== 0) throw batchInvalid(path, index, "a column with one parent");
    this.#claimed[index] = 1;
    const entry = this.#entry(index, path);
    const storage = storageOf(entry.type, entry.parameter1);
    if (field !== undefined) checkField(entry, path, field);
    const children = this.#children(index, entry, path, depth, field?.type);
    if (entry.type === "MAP") checkEntries(children[0]!, path);
    const type = field?.type ?? logicalType(entry, children);
    const buffers = this.#buffers(entry, storage, path, children);
    const { length, nullCount } = entry;
    return { name: field?.name ?? name, type, storage, length, nullCount, ...buffers, children };
  }

  #entry(index: number, path: string): Entry {
    const at = this.#table + index * COLUMN_BYTES;
    const u32 = (offset: number): number => this.#view.getUint32(at + offset, true);
    const typeId = this.#view.getUint8(at + COLUMN.type);
    const type = typeName(typeId);
    if (type === undefined)
      throw batchInvalid(`${path}.type`, typeId, "a type number of version 1");
    const encoding = this.#view.getUint8(at + COLUMN.encoding);
    if (encoding !== ENCODING.plain) {
      const found = ENCODING_NAMES.get(encoding) ?? `unknown (${encoding})`;
      throw batchInvalid(`${path}.encoding`, found, "plain: the only encoding of version 1");
    }
    const flags = this.#view.getUint16(at + COLUMN.flags, true);
    if (flags > COLUMN_FLAG_NULLABLE) throw batchInvalid(`${path}.flags`, flags, "0 or 1");
    same(`${path}.reserved`, u32(COLUMN.reserved), 0);
    const entry: Entry = {
      type,
      nullable: flags === COLUMN_FLAG_NULLABLE,
      nullCount: u32(COLUMN.nullCount),
      length: u32(COLUMN.length),
      validity: u32(COLUMN.validity),
      offsets: u32(COLUMN.offsets),
      data: u32(COLUMN.data),
      dataLength: u32(COLUMN.dataLength),
      firstChild: u32(COLUMN.firstChild),
      childCount: u32(COLUMN.childCount),
      parameter1: this.#view.getInt32(at + COLUMN.parameter1, true),
      parameter2: this.#view.getInt32(at + COLUMN.parameter2, true),
    };
    checkParameters(entry, path);
    return entry;
  }

  #children(
    index: number,
    entry: Entry,
    path: string,
    depth: number,
    type: LogicalType | undefined,
  ): readonly Column[] {
    const { firstChild, childCount } = entry;
    if (childCount === 0) return [];
    // Children behind their parent: a table without cycles by construction.
    if (firstChild <= index || firstChild + childCount > this.#nodes) {
      throw batchInvalid(`${path}.firstChild`, firstChild, `behind ${index}, below ${this.#nodes}`);
    }
    const fields = type === undefined ? [] : childFields(type);
    const names = entry.type === "ROW" ? [] : ["element", "entries"];
    return Array.from({ length: childCount }, (_, i) => {
      const name = (entry.type === "MAP" ? names[1] : names[0]) ?? `f${i}`;
      return this.#column(firstChild + i, `${path}.children[${i}]`, depth + 1, fields[i], name);
    });
  }

  #buffers(
    entry: Entry,
    storage: Storage,
    path: string,
    children: readonly Column[],
  ): Pick<Column, "validity" | "offsets" | "data"> {
    const validity = this.#validity(entry, path);
    const { length } = entry;
    if (storage.kind === "variable" || storage.kind === "list") {
      if (entry.offsets === 0) throw batchInvalid(`${path}.offsets`, 0, "an offsets buffer");
      const offsets = this.#part(`${path}.offsets`, entry.offsets, (length + 1) * 4);
      const data =
        storage.kind === "variable"
          ? this.#part(`${path}.data`, entry.data, entry.dataLength)
          : this.#noData(entry, path);
      const limit = storage.kind === "variable" ? entry.dataLength : children[0]!.length;
      this.#checkOffsets(`${path}.offsets`, entry.offsets, length, limit);
      return { validity, offsets, data };
    }
    if (entry.offsets !== 0) throw batchInvalid(`${path}.offsets`, entry.offsets, "0");
    if (storage.kind === "struct") {
      for (const [i, child] of children.entries()) {
        same(`${path}.children[${i}].length`, child.length, length);
      }
      return { validity, offsets: undefined, data: this.#noData(entry, path) };
    }
    const bytes = storage.kind === "bits" ? Math.ceil(length / 8) : length * storage.bytes;
    if (entry.dataLength < bytes) {
      throw batchInvalid(`${path}.dataLength`, entry.dataLength, `at least ${bytes}`);
    }
    const data = this.#part(`${path}.data`, entry.data, entry.dataLength);
    return { validity, offsets: undefined, data: data.subarray(0, bytes) };
  }

  #validity(entry: Entry, path: string): Uint8Array | undefined {
    const { nullCount, length } = entry;
    if (length > BATCH_MAX_BYTES) {
      throw batchInvalid(`${path}.length`, length, `at most ${BATCH_MAX_BYTES}`);
    }
    if (nullCount > length) throw batchInvalid(`${path}.nullCount`, nullCount, `at most ${length}`);
    if (nullCount > 0 && !entry.nullable) {
      throw batchInvalid(`${path}.nullCount`, nullCount, "0: the column is NOT NULL");
    }
    if (entry.validity === 0) {
      if (nullCount > 0) throw batchInvalid(`${path}.validity`, 0, "a bitmap, as there are nulls");
      return undefined;
    }
    const bits = this.#part(`${path}.validity`, entry.validity, Math.ceil(length / 8));
    if (this.#deep) same(`${path}.nullCount`, nullCount, length - countBits(bits, length));
    return bits;
  }

  /** A part of the block; offset 0 stands for an empty one. */
  #part(field: string, offset: number, length: number): Uint8Array {
    if (offset === 0 && length === 0) return this.#bytes.subarray(0, 0);
    checkRange(field, offset, length, this.#bytes);
    return this.#bytes.subarray(offset, offset + length);
  }

  #noData(entry: Entry, path: string): Uint8Array {
    same(`${path}.data`, entry.data, 0);
    same(`${path}.dataLength`, entry.dataLength, 0);
    return this.#bytes.subarray(0, 0);
  }

  #checkOffsets(field: string, at: number, length: number, limit: number): void {
    let last = this.#view.getInt32(at, true);
    if (last < 0) throw batchInvalid(`${field}[0]`, last, "at least 0");
    if (this.#deep) {
      for (let i = 1; i <= length; i++) {
        const next = this.#view.getInt32(at + i * 4, true);
        if (next < last) throw batchInvalid(`${field}[${i}]`, next, `at least ${last}`);
        last = next;
      }
    } else {
      last = this.#view.getInt32(at + length * 4, true);
    }
    if (last < 0 || last > limit) {
      throw batchInvalid(`${field}[${length}]`, last, `at most ${limit}`);
    }
  }
}

/** Bits set among the first `length` ones. */
export function countBits(bits: Uint8Array, length: number): number {
  let count = 0;
  const whole = length >> 3;
  for (let i = 0; i < whole; i++) count += BYTE_BITS[bits[i]!]!;
  const rest = length & 7;
  return rest === 0 ? count : count + BYTE_BITS[bits[whole]! & ((1 << rest) - 1)]!;
}

const BYTE_BITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
});

function checkParameters(entry: Entry, path: string): void {
  const { type, parameter1: p1, parameter2: p2 } = entry;
  const one = `${path}.parameter1`;
  if (type === "DECIMAL") {
    if (p1 < 1 || p1 > 38) throw batchInvalid(one, p1, "a precision from 1 to 38");
    if (p2 < 0 || p2 > p1) throw batchInvalid(`${path}.parameter2`, p2, `a scale from 0 to ${p1}`);
  } else {
    same(`${path}.parameter2`, p2, 0);
    const length =
      type === "CHAR" || type === "VARCHAR" || type === "BINARY" || type === "VARBINARY";
    const precision = type === "TIME" || type === "TIMESTAMP" || type === "TIMESTAMP_LTZ";
    if (length && p1 < 1) throw batchInvalid(one, p1, "a length of at least 1");
    if ((precision || type === "INTERVAL_DAY_SECOND") && (p1 < 0 || p1 > 9)) {
      throw batchInvalid(one, p1, "a precision from 0 to 9");
    }
    if (!length && !precision && type !== "INTERVAL_DAY_SECOND") same(one, p1, 0);
  }
  const wanted = type === "ARRAY" || type === "MAP" ? 1 : 0;
  if (type !== "ROW") same(`${path}.childCount`, entry.childCount, wanted);
}

function checkField(entry: Entry, path: string, field: Field): void {
  const [p1, p2] = typeParameters(field.type);
  const children = childFields(field.type).length;
  const fits =
    entry.type === field.type.type &&
    entry.parameter1 === p1 &&
    entry.parameter2 === p2 &&
    entry.childCount === children;
  if (!fits) {
    const found = `${entry.type}(${entry.parameter1}, ${entry.parameter2}), ${entry.childCount} children`;
    throw batchInvalid(`${path}.type`, found, `${typeText(field.type)} of column ${field.name}`);
  }
  if (entry.nullCount > 0 && !isNullable(field.type)) {
    throw batchInvalid(`${path}.nullCount`, entry.nullCount, `0: column ${field.name} is NOT NULL`);
  }
}

/** The child of a MAP: ROW<key, value>, neither the row nor the key null. */
function checkEntries(entries: Column, path: string): void {
  const field = `${path}.children[0]`;
  if (entries.type.type !== "ROW" || entries.children.length !== 2) {
    throw batchInvalid(`${field}.type`, typeText(entries.type), "ROW of key and value");
  }
  same(`${field}.nullCount`, entries.nullCount, 0);
  same(`${field}.children[0].nullCount`, entries.children[0]!.nullCount, 0);
}

/** The type that an entry describes; ROW fields have their columns' names. */
function logicalType(entry: Entry, children: readonly Column[]): LogicalType {
  const nullable = entry.nullable ? {} : { nullable: false };
  const { type, parameter1, parameter2 } = entry;
  switch (type) {
    case "DECIMAL":
      return { type, precision: parameter1, scale: parameter2, ...nullable };
    case "CHAR":
    case "VARCHAR":
    case "BINARY":
    case "VARBINARY":
      return { type, length: parameter1, ...nullable };
    case "TIME":
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
    case "INTERVAL_DAY_SECOND":
      return { type, precision: parameter1, ...nullable };
    case "ROW":
      return { type, fields: children.map((c) => ({ name: c.name, type: c.type })), ...nullable };
    case "ARRAY":
      return { type, element: children[0]!.type, ...nullable };
    case "MAP":
      return mapType(children[0]!, nullable);
    default:
      return { type, ...nullable };
  }
}

function mapType(entries: Column, nullable: { nullable?: boolean }): LogicalType {
  const [key, value] = entries.children;
  return { type: "MAP", key: key!.type, value: value!.type, ...nullable };
}
