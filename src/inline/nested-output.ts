/** Arrays and objects as ARRAY and ROW columns: values are added to the column one by one. */
import type { LogicalType } from "../protocol/types.ts";
import { nilTest, partOf, unwrapped } from "./conversion.ts";
import { elementAt } from "./element-access.ts";
import type { Frame } from "./frame.ts";
import { refuse } from "./refusal.ts";
import { nativeField } from "./row-input.ts";
import { columnCode, failNull, isPassedOn, misfit } from "./row-output.ts";
import type { ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";

/**
 * Adds a value to what `writer` names (ValueWriter of the SDK), null included: exactly one, so that
 * the column stays whole even if the row fails.
 */
function add(frame: Frame, writer: string, value: Value, sql: LogicalType, node: ts.Node): void {
  const { type } = value;
  if (type.kind === "null" || type.kind === "undefined" || type.kind === "never") {
    if (sql.nullable === false) failNull(frame, "true", sql);
    frame.emit(`${writer}.addNull();`);
    return;
  }
  if (type.kind !== "optional") {
    addPresent(frame, writer, value, sql, node);
    return;
  }
  const held = value.rawIsNull === undefined ? frame.held(value) : value;
  const absent = nilTest(frame, held, "both");
  if (sql.nullable === false) failNull(frame, absent, sql);
  frame.emit(`if (${absent}) ${writer}.addNull(); else {`);
  addPresent(frame, writer, unwrapped(held), sql, node);
  frame.emit("}");
}

/** Adds a value that is there. */
export function addPresent(
  frame: Frame,
  writer: string,
  value: Value,
  sql: LogicalType,
  node: ts.Node,
): void {
  if (isPassedOn(value, sql)) frame.emit(`${addCall(frame, writer, value, sql, node)};`);
  else if (sql.type === "ARRAY") addElements(frame, writer, value, sql, node);
  else if (sql.type === "ROW") addFields(frame, writer, value, sql, node);
  else frame.emit(`${addCall(frame, writer, value, sql, node)};`);
}

function addCall(
  frame: Frame,
  writer: string,
  value: Value,
  sql: LogicalType,
  node: ts.Node,
): string {
  const code = columnCode(frame, value, sql, node);
  switch (nativeField(sql)) {
    case "bool":
      return `${writer}.addBoolean(${code})`;
    case "f32":
    case "f64":
      return `${writer}.addDouble(<f64>(${code}))`;
    case "Text":
      return `${writer}.addText(${code})`;
    case "Value":
      return `${writer}.addValue(${code})`;
    default:
      return `${writer}.addInteger(<i64>(${code}))`;
  }
}

function addElements(
  frame: Frame,
  writer: string,
  value: Value,
  sql: Extract<LogicalType, { type: "ARRAY" }>,
  node: ts.Node,
): void {
  if (value.type.kind !== "array") misfit(node, value.type, sql);
  const { cell } = value.type;
  if (!value.isEmptyArray && cell.type.kind !== "never") {
    const { program } = frame;
    const array = frame.held(value);
    const elements = program.fresh("elements");
    const index = program.fresh("i");
    frame.emit(`const ${elements} = ${writer}.elements;`);
    frame.emit(`for (let ${index} = 0; ${index} < ${array.code}.length; ${index}++) {`);
    const element = frame.held(elementAt(array, index), "element");
    add(frame, elements, element, sql.element, node);
    frame.emit("}");
  }
  frame.emit(`${writer}.end();`);
}

function addFields(
  frame: Frame,
  writer: string,
  value: Value,
  sql: Extract<LogicalType, { type: "ROW" }>,
  node: ts.Node,
): void {
  if (value.type.kind !== "object") misfit(node, value.type, sql);
  for (const name of value.type.fields.keys()) {
    if (sql.fields.some((field) => field.name === name)) continue;
    const known = sql.fields.map((field) => field.name).join(", ");
    const what = `the field ${name} is not one of returns()`;
    refuse(node, what, `The ROW has ${known}.`, "INLINE_RETURN_TYPE");
  }
  const source = value.parts === undefined ? frame.held(value) : value;
  sql.fields.forEach(({ name, type }, position) => {
    const field = frame.program.fresh(name);
    frame.emit(`const ${field} = ${writer}.field(${position});`);
    add(frame, field, partOf(frame, source, name), type, node);
  });
  frame.emit(`${writer}.end();`);
}
