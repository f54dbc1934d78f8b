/** Which columns JSON can hold, as json_lines reads and format_json writes it. */
import type { LogicalType } from "./types.ts";

const TEXTS: ReadonlySet<LogicalType["type"]> = new Set(["CHAR", "VARCHAR", "STRING"]);

function inside(type: LogicalType): readonly LogicalType[] {
  switch (type.type) {
    case "ARRAY":
      return [type.element];
    case "MAP":
      return [type.key, type.value];
    case "ROW":
      return type.fields.map((field) => field.type);
    default:
      return [];
  }
}

/** Whether a MAP in it has keys that are no texts: JSON's names are texts (as in Flink). */
export function hasOtherKeys(type: LogicalType): boolean {
  if (type.type === "MAP" && !TEXTS.has(type.key.type)) return true;
  return inside(type).some(hasOtherKeys);
}

/** Whether JSON text of such values can be read back. */
export function hasJsonText(type: LogicalType): boolean {
  if (type.type.startsWith("INTERVAL_") || hasOtherKeys(type)) return false;
  return inside(type).every(hasJsonText);
}
