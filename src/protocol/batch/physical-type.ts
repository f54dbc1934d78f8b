/**
 * How logical types lie in a block: type number, parameters, storage, and the order of the column
 * table (top-level columns first, then children breadth first, so siblings are neighbours).
 */
import { MillraceError } from "../errors.ts";
import { SCHEMA_MAX_COLUMNS, SCHEMA_MAX_DEPTH } from "../limits.ts";
import type { Field, LogicalType, Schema } from "../types.ts";
import { TYPE_ID } from "./layout.ts";

/** Buffers a type has besides its validity bitmap. */
export type Storage =
  | { readonly kind: "bits" }
  /** `bytes` per value; `integer`: little-endian two's complement. */
  | { readonly kind: "fixed"; readonly bytes: number; readonly form: "integer" | "float" | "raw" }
  | { readonly kind: "variable"; readonly text: boolean }
  | { readonly kind: "struct" }
  | { readonly kind: "list" };

/** An entry of the column table before it has data. */
export interface ColumnNode {
  readonly name: string;
  readonly type: LogicalType;
  readonly firstChild: number;
  readonly childCount: number;
}

export type TypeName = keyof typeof TYPE_ID;

const TYPE_NAMES = new Map<number, TypeName>(
  Object.entries(TYPE_ID).map(([name, id]) => [id, name as TypeName]),
);

/** Name of a type number, or undefined for one that version 1 does not know. */
export function typeName(id: number): TypeName | undefined {
  return TYPE_NAMES.get(id);
}

/** Types are nullable unless they say otherwise. */
export function isNullable(type: LogicalType): boolean {
  return type.nullable !== false;
}

/** The two numbers of the column table: precision or length, and scale. */
export function typeParameters(type: LogicalType): readonly [number, number] {
  switch (type.type) {
    case "DECIMAL":
      return [type.precision, type.scale];
    case "CHAR":
    case "VARCHAR":
    case "BINARY":
    case "VARBINARY":
      return [type.length, 0];
    case "TIME":
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
    case "INTERVAL_DAY_SECOND":
      return [type.precision, 0];
    default:
      return [0, 0];
  }
}

/** Storage of a type, from its name and first parameter. */
export function storageOf(type: TypeName, parameter1: number): Storage {
  switch (type) {
    case "BOOLEAN":
      return { kind: "bits" };
    case "TINYINT":
      return { kind: "fixed", bytes: 1, form: "integer" };
    case "SMALLINT":
      return { kind: "fixed", bytes: 2, form: "integer" };
    case "INT":
    case "DATE":
    case "INTERVAL_YEAR_MONTH":
      return { kind: "fixed", bytes: 4, form: "integer" };
    case "TIME":
      return { kind: "fixed", bytes: parameter1 <= 3 ? 4 : 8, form: "integer" };
    case "BIGINT":
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
    case "INTERVAL_DAY_SECOND":
      return { kind: "fixed", bytes: 8, form: "integer" };
    case "FLOAT":
      return { kind: "fixed", bytes: 4, form: "float" };
    case "DOUBLE":
      return { kind: "fixed", bytes: 8, form: "float" };
    case "DECIMAL":
      return { kind: "fixed", bytes: 16, form: "integer" };
    case "BINARY":
      return { kind: "fixed", bytes: parameter1, form: "raw" };
    case "CHAR":
    case "VARCHAR":
    case "STRING":
      return { kind: "variable", text: true };
    case "VARBINARY":
    case "BYTES":
      return { kind: "variable", text: false };
    case "ROW":
      return { kind: "struct" };
    case "ARRAY":
    case "MAP":
      return { kind: "list" };
  }
}

/** Children of a type in the column table. A MAP is a list of ROW<key, value>, as in Arrow. */
export function childFields(type: LogicalType): readonly Field[] {
  switch (type.type) {
    case "ROW":
      return type.fields;
    case "ARRAY":
      return [{ name: "element", type: type.element }];
    case "MAP": {
      const key: Field = { name: "key", type: { ...type.key, nullable: false } };
      const value: Field = { name: "value", type: type.value };
      return [{ name: "entries", type: { type: "ROW", fields: [key, value], nullable: false } }];
    }
    default:
      return [];
  }
}

/**
 * The column table of a schema.
 * @throws MillraceError SCHEMA_INVALID past SCHEMA_MAX_COLUMNS nodes or SCHEMA_MAX_DEPTH levels.
 */
export function columnNodes(schema: Schema): ColumnNode[] {
  const pending: { field: Field; depth: number }[] = schema.map((field) => ({ field, depth: 1 }));
  const nodes: ColumnNode[] = [];
  for (let i = 0; i < pending.length; i++) {
    const { field, depth } = pending[i]!;
    const children = childFields(field.type);
    const firstChild = children.length === 0 ? 0 : pending.length;
    for (const child of children) pending.push({ field: child, depth: depth + 1 });
    if (depth > SCHEMA_MAX_DEPTH) {
      throw schemaInvalid(field.name, `nesting depth ${depth}`, `at most ${SCHEMA_MAX_DEPTH}`);
    }
    if (pending.length > SCHEMA_MAX_COLUMNS) {
      const found = `more than ${SCHEMA_MAX_COLUMNS} columns with children`;
      throw schemaInvalid(field.name, found, `at most ${SCHEMA_MAX_COLUMNS}`);
    }
    nodes.push({ name: field.name, type: field.type, firstChild, childCount: children.length });
  }
  return nodes;
}

function schemaInvalid(field: string, found: string, expected: string): MillraceError {
  const message = `Cannot use schema: column ${field} has ${found}`;
  return new MillraceError("SCHEMA_INVALID", message, { field, value: found, expected });
}
