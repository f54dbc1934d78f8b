/** A schema as mr_open receives it, and the hash by which a block names its schema. */
import type { OpenColumn } from "../open-config.ts";
import { typeText } from "../type-text.ts";
import type { Field, Schema } from "../types.ts";
import { TYPE_ID } from "./layout.ts";
import { childFields, columnNodes, isNullable, typeParameters } from "./physical-type.ts";

/**
 * Columns for OpenStream: depth first, `children` direct children behind each. A MAP has one child,
 * the ROW of its entries, as in the column table.
 * @throws MillraceError SCHEMA_INVALID if the schema is too wide or too deep.
 */
export function openColumns(schema: Schema): OpenColumn[] {
  columnNodes(schema);
  const columns: OpenColumn[] = [];
  const visit = (field: Field): void => {
    const [p1, p2] = typeParameters(field.type);
    const children = childFields(field.type);
    columns.push({
      name: field.name,
      type: TYPE_ID[field.type.type],
      nullable: isNullable(field.type),
      p1,
      p2,
      children: children.length,
    });
    for (const child of children) visit(child);
  };
  for (const field of schema) visit(field);
  return columns;
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const encoder = new TextEncoder();

/**
 * Low word of FNV-1a 64 over the UTF-8 of the schema's type text, ROW<...> NOT NULL. Never 0, which
 * in a block's header means "not stated".
 */
export function schemaHash(schema: Schema): number {
  let hash = FNV_OFFSET;
  for (const byte of encoder.encode(typeText({ type: "ROW", fields: schema, nullable: false }))) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  }
  const low = Number(hash & 0xffffffffn);
  return low === 0 ? 1 : low;
}
