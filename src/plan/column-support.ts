/** Which types keys, text formats and generators take, where they do not take all. */
import { MillraceError } from "../protocol/errors.ts";
import { hasJsonText, hasOtherKeys } from "../protocol/json-columns.ts";
import { typeText } from "../protocol/type-text.ts";
import type { Field, LogicalType, Schema } from "../protocol/types.ts";

type TypeName = LogicalType["type"];

/** Values inside of values, and bytes: a text without structure has no place for them. */
const NESTED_OR_BYTES: ReadonlySet<TypeName> = new Set<TypeName>([
  "ROW",
  "ARRAY",
  "MAP",
  "BINARY",
  "VARBINARY",
  "BYTES",
]);

/** What each built-in operator cannot read or write; others take every type. */
const WITHOUT: Readonly<Record<string, (type: LogicalType) => boolean>> = {
  csv: ({ type }) => NESTED_OR_BYTES.has(type) || type.startsWith("INTERVAL_"),
  datagen: ({ type }) => NESTED_OR_BYTES.has(type) || type === "DECIMAL",
  format_csv: ({ type }) => NESTED_OR_BYTES.has(type),
  json_lines: (type) => !hasJsonText(type),
  format_json: (type) => hasOtherKeys(type),
  format_text: (type) => hasOtherKeys(type),
};

function unsupported(
  field: string,
  message: string,
  value: Field,
  expected: string,
): MillraceError {
  const detail = { field, value: `${value.name} ${typeText(value.type)}`, expected };
  return new MillraceError("UNSUPPORTED_TYPE", message, detail);
}

/**
 * Checks that a built-in operator reads or writes columns of these types.
 * @throws MillraceError UNSUPPORTED_TYPE naming the column and the way out
 */
export function checkColumnTypes(operator: string, schema: Schema, field: string): void {
  const without = WITHOUT[operator];
  if (without === undefined) return;
  const found = schema.find((column) => without(column.type));
  if (found === undefined) return;
  const message = `Cannot plan ${operator}: it has no text for column ${found.name} ${typeText(found.type)}`;
  const wayOut = hasOtherKeys(found.type)
    ? "a MAP whose keys are texts: JSON has no other names"
    : "json_lines or format_json, or a stream without the column (select)";
  throw unsupported(field, message, found, wayOut);
}

/**
 * Checks that rows can be keyed by a field. Arrays are compared by identity in Java, so Flink refuses
 * them as keys, and bytes with them.
 * @throws MillraceError UNSUPPORTED_TYPE
 */
export function checkKeyType(key: Field, field: string): void {
  if (!NESTED_OR_BYTES.has(key.type.type)) return;
  const message = `Cannot key by ${key.name}: a value of type ${key.type.type} is no key`;
  const wayOut =
    "fields of other types; of a ROW or ARRAY what tells it apart: keyBy((r) => r.p.id)";
  throw unsupported(field, message, key, wayOut);
}
