/**
 * ARRAY and ROW columns as values: generated functions that read a value at a place of a batch, one
 * for each type, into the row's memory (operators/sdk/assembly/value.ts).
 */
import { typeText as sqlText } from "../protocol/type-text.ts";
import type { LogicalType } from "../protocol/types.ts";
import { absentCode } from "./conversion.ts";
import type { Frame } from "./frame.ts";
import { fieldName } from "./program.ts";
import type { PresentType, ValueType } from "./value-type.ts";
import { typeKey } from "./value-type.ts";

/** Bytes of a fixed-width column's value, as the generated language loads it. */
const LOADS: Readonly<Record<string, readonly [type: string, shift: number]>> = {
  TINYINT: ["i8", 0],
  SMALLINT: ["i16", 1],
  INT: ["i32", 2],
  BIGINT: ["i64", 3],
  FLOAT: ["f32", 2],
  DOUBLE: ["f64", 3],
  TIMESTAMP: ["i64", 3],
  TIMESTAMP_LTZ: ["i64", 3],
};

/**
 * The name of a function `(block, entry, at)` that reads a value of `sql` as one of `type`, which is
 * the column's own type or a wider one.
 */
export function readerOf(frame: Frame, sql: LogicalType, type: ValueType): string {
  const { program } = frame;
  const key = `read:${sqlText(sql)}:${typeKey(type)}`;
  const known = program.helpers.get(key);
  if (known !== undefined) {
    frame.mayFail ||= known.mayFail;
    return known.name;
  }
  const name = program.fresh("read");
  const mayFail = mayBeBeyond(sql);
  program.helpers.set(key, { name, result: type, mayFail, mutates: false });
  const lines =
    type.kind === "optional"
      ? optionalLines(frame, sql, type)
      : presentLines(frame, sql, type as PresentType);
  const head = `function ${name}(block: usize, entry: usize, at: i32): ${program.native(type)} {`;
  program.declarations.push(head, ...lines, "}");
  frame.mayFail ||= mayFail;
  return name;
}

/** Whether a timestamp in it may lie beyond what a number counts. */
function mayBeBeyond(sql: LogicalType): boolean {
  switch (sql.type) {
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return true;
    case "ARRAY":
      return mayBeBeyond(sql.element);
    case "ROW":
      return sql.fields.some((field) => mayBeBeyond(field.type));
    default:
      return false;
  }
}

function optionalLines(
  frame: Frame,
  sql: LogicalType,
  type: Extract<ValueType, { kind: "optional" }>,
): string[] {
  const absent = absentCode(frame, type.of, "null");
  const test = `if (${frame.call("isNullAt", "block", "entry", "at")}) return ${absent};`;
  const lines = sql.nullable === false ? [] : [test];
  switch (type.of.kind) {
    case "number":
      lines.push(`return ${frame.call("some", scalarCode(frame, sql))};`);
      break;
    case "boolean":
      lines.push(`return <i32>${scalarCode(frame, sql)};`);
      break;
    case "bigint":
      lines.push(`return ${frame.call("bigCell", scalarCode(frame, sql))};`);
      break;
    default:
      lines.push(...presentLines(frame, sql, type.of));
  }
  return lines;
}

function presentLines(frame: Frame, sql: LogicalType, type: PresentType): string[] {
  if (type.kind === "array" && sql.type === "ARRAY") return arrayLines(frame, sql, type);
  if (type.kind === "object" && sql.type === "ROW") return objectLines(frame, sql, type);
  if (type.kind === "opaque") return [`return ${frame.call("valueAt", "block", "entry", "at")};`];
  return [`return ${scalarCode(frame, sql)};`];
}

function scalarCode(frame: Frame, sql: LogicalType): string {
  if (sql.type === "BOOLEAN") return frame.call("booleanAt", "block", "entry", "at");
  const load = LOADS[sql.type];
  if (load === undefined) {
    const start = frame.call("textStart", "block", "entry", "at");
    const length = frame.call("textLength", "block", "entry", "at");
    return frame.call("view", start, length, "-1", "0");
  }
  const [native, shift] = load;
  const code = `load<${native}>(${frame.call("dataOf", "block", "entry")} + (<usize>at << ${shift}))`;
  if (sql.type === "BIGINT") return code;
  return "precision" in sql ? frame.call("milliseconds", code) : `<f64>${code}`;
}

function arrayLines(
  frame: Frame,
  sql: Extract<LogicalType, { type: "ARRAY" }>,
  type: Extract<ValueType, { kind: "array" }>,
): string[] {
  const { program } = frame;
  const element = type.cell.type;
  const read = readerOf(frame, sql.element, element);
  const native = program.native(element);
  return [
    `const from = ${frame.call("listStart", "block", "entry", "at")};`,
    `const to = ${frame.call("listEnd", "block", "entry", "at")};`,
    `const child = ${frame.call("childEntry", "block", "entry")};`,
    `const array = ${program.use("JsArray")}.create<${native}>(max(to - from, 4));`,
    `for (let i = from; i < to; i++) array.push(${read}(block, child, i));`,
    "return array;",
  ];
}

function objectLines(
  frame: Frame,
  sql: Extract<LogicalType, { type: "ROW" }>,
  type: Extract<ValueType, { kind: "object" }>,
): string[] {
  const native = frame.program.native(type);
  const lines = [
    `const object = changetype<${native}>(${frame.call("cells", `offsetof<${native}>()`)});`,
  ];
  for (const [name, fieldType] of type.fields) {
    const position = sql.fields.findIndex((field) => field.name === name);
    const target = `object.${fieldName(name)}`;
    if (position < 0) {
      // Another object that may stand here has the field, a value of this column has not.
      const of = fieldType.kind === "optional" ? fieldType.of : undefined;
      lines.push(`${target} = ${of === undefined ? "0" : absentCode(frame, of, "undefined")};`);
      continue;
    }
    const read = readerOf(frame, sql.fields[position]!.type, fieldType);
    const entry = frame.call("fieldEntry", "block", "entry", String(position));
    lines.push(`${target} = ${read}(block, ${entry}, at);`);
  }
  lines.push("return object;");
  return lines;
}
