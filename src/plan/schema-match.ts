/** Structural comparison of schemas: what an operator reads must be there, by name and type. */
import { MillraceError } from "../protocol/errors.ts";
import { parseType, typeText } from "../protocol/type-text.ts";
import type { ChangeMode, Field, LogicalType, Schema } from "../protocol/types.ts";
import type { RowOfTexts, SchemaOf } from "./row-type.ts";

/**
 * A schema from Flink's type texts, which carries the rows' type for the editor.
 *
 *     const reading = schemaOf({ device: "STRING NOT NULL", celsius: "DOUBLE" });
 *
 * @throws MillraceError TYPE_INVALID
 */
export function schemaOf<const C extends Readonly<Record<string, string>>>(
  columns: C,
): SchemaOf<RowOfTexts<C>> {
  return Object.entries(columns).map(([name, text]) => ({ name, type: parseType(text) }));
}

/** The field of a name. */
export function fieldOf(schema: Schema, name: string): Field | undefined {
  return schema.find((field) => field.name === name);
}

/** `ROW<word STRING NOT NULL, n BIGINT>`, for errors. */
export function schemaText(schema: Schema): string {
  return `(${schema.map((field) => `${field.name} ${typeText(field.type)}`).join(", ")})`;
}

export function sameSchema(a: Schema, b: Schema): boolean {
  return schemaText(a) === schemaText(b);
}

export function sameChangeMode(a: ChangeMode, b: ChangeMode): boolean {
  if (a.mode !== "upsert" || b.mode !== "upsert") return a.mode === b.mode;
  return a.key.length === b.key.length && a.key.every((name, i) => name === b.key[i]);
}

/**
 * Whether a value of type `given` can be read as `wanted`: the same type, and NOT NULL may be read
 * as nullable, never the other way round.
 */
export function typeAccepts(wanted: LogicalType, given: LogicalType): boolean {
  if (wanted.nullable === false && given.nullable !== false) return false;
  switch (wanted.type) {
    case "ROW":
      return (
        given.type === "ROW" &&
        wanted.fields.length === given.fields.length &&
        wanted.fields.every((field, i) => {
          const other = given.fields[i];
          return other?.name === field.name && typeAccepts(field.type, other.type);
        })
      );
    case "ARRAY":
      return given.type === "ARRAY" && typeAccepts(wanted.element, given.element);
    case "MAP":
      return (
        given.type === "MAP" &&
        typeAccepts(wanted.key, given.key) &&
        typeAccepts(wanted.value, given.value)
      );
    default:
      return bareTypeText(wanted) === bareTypeText(given);
  }
}

/** Type text without NOT NULL at the top. */
export function bareTypeText(type: LogicalType): string {
  return typeText({ ...type, nullable: true });
}

/**
 * Checks that an operator finds its fields in what it is given. Further fields are allowed: the
 * operator does not see them.
 * @throws MillraceError JOB_INPUT_FIELD_MISSING, JOB_INPUT_TYPE_MISMATCH
 */
export function checkInputFields(
  operator: string,
  wanted: Schema,
  given: Schema,
  field: string,
): void {
  for (const column of wanted) {
    const found = fieldOf(given, column.name);
    const expected = `${column.name} ${typeText(column.type)}`;
    if (found === undefined) {
      const message = `Cannot connect ${operator}: its input has no field ${column.name}`;
      const detail = { field, value: schemaText(given), expected };
      throw new MillraceError("JOB_INPUT_FIELD_MISSING", message, detail);
    }
    if (typeAccepts(column.type, found.type)) continue;
    const value = `${found.name} ${typeText(found.type)}`;
    const message = `Cannot connect ${operator}: it reads ${expected}, its input has ${value}`;
    throw new MillraceError("JOB_INPUT_TYPE_MISMATCH", message, { field, value, expected });
  }
}

/**
 * @throws MillraceError JOB_DUPLICATE_FIELD for a name that stands twice.
 */
export function checkOperatorSchema(schema: Schema, field: string): void {
  const seen = new Set<string>();
  for (const [i, column] of schema.entries()) {
    if (seen.has(column.name)) {
      const message = `Cannot use schema: field ${column.name} stands twice`;
      throw new MillraceError("JOB_DUPLICATE_FIELD", message, {
        field: `${field}[${i}].name`,
        value: column.name,
        expected: "a name of its own for each field",
      });
    }
    seen.add(column.name);
  }
}
