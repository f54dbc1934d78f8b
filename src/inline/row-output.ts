/** Rows that functions give: fields to columns, and the types of these. */
import { typeText as sqlText } from "../protocol/type-text.ts";
import type { LogicalType, Schema } from "../protocol/types.ts";
import { cannotMeet, nilTest, partOf, unwrapped } from "./conversion.ts";
import type { Frame } from "./frame.ts";
import { addPresent } from "./nested-output.ts";
import type { Program } from "./program.ts";
import { refuse } from "./refusal.ts";
import { checkWidth, memberName, nativeField } from "./row-input.ts";
import type { ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { type PresentType, present, typeText, type ValueType } from "./value-type.ts";

const FIELD = /^[A-Za-z_$][A-Za-z0-9_$]*$/;
/** Members that row classes have. */
const RESERVED: ReadonlySet<string> = new Set(["kind"]);

/** The columns of a row that a function gives. */
export function outputSchema(
  program: Program,
  type: ValueType,
  returns: Schema | undefined,
  node: ts.Node,
): Schema {
  if (type.kind !== "object") return refuseRow(node, type);
  if (returns !== undefined) {
    for (const name of type.fields.keys()) {
      if (returns.some((field) => field.name === name)) continue;
      const known = returns.map((field) => field.name).join(", ");
      refuse(
        node,
        `the field ${name} is not one of returns()`,
        `It has ${known}.`,
        "INLINE_RETURN_TYPE",
      );
    }
    return returns;
  }
  if (type.fields.size === 0) refuse(node, "a row without fields", "Give it a field.");
  checkWidth(type.fields.size, "a row of", node);
  return [...type.fields].map(([name, field]) => ({
    name,
    type: columnType(program, name, field, node),
  }));
}

/** Refuses a result that is no row. */
export function refuseRow(node: ts.Node, type: ValueType): never {
  return refuse(
    node,
    `a result that is ${typeText(type)}`,
    "Return a row: `({ value: x })`.",
    "INLINE_RETURN_TYPE",
  );
}

function columnType(program: Program, name: string, type: ValueType, node: ts.Node): LogicalType {
  if (!FIELD.test(name) || RESERVED.has(name) || name.startsWith("__")) {
    refuse(node, `a field named ${name}`, "Use letters, digits and _; kind is taken.");
  }
  return sqlTypeOf(program, name, type, node);
}

/** The type of a column, of elements of an array, of a field of an object. */
function sqlTypeOf(program: Program, name: string, type: ValueType, node: ts.Node): LogicalType {
  const of = present(type);
  if (of === undefined) {
    // Another return may say what it is; until all are seen any type will do.
    program.doubts.push(() =>
      refuse(
        node,
        `the type of the field ${name} is not known: it is always ${nothingText(type)}`,
        "Say it with .returns().",
        "INLINE_RETURN_TYPE",
      ),
    );
    return { type: "STRING", nullable: true };
  }
  return {
    ...presentSql(program, name, of, node),
    nullable: type.kind === "optional",
  } as LogicalType;
}

const nothingText = (type: ValueType): string => (type.kind === "never" ? "empty" : "null");

function presentSql(program: Program, name: string, type: PresentType, node: ts.Node): LogicalType {
  if ("sql" in type && type.sql !== undefined) return type.sql;
  switch (type.kind) {
    case "number":
      return { type: "DOUBLE" };
    case "bigint":
      return { type: "BIGINT" };
    case "string":
      return { type: "STRING" };
    case "boolean":
      return { type: "BOOLEAN" };
    case "array":
      return { type: "ARRAY", element: sqlTypeOf(program, `${name}[]`, type.cell.type, node) };
    case "object": {
      if (type.fields.size === 0) refuse(node, `the object ${name} has no fields`, "Give it one.");
      const fields = [...type.fields].map(([field, fieldType]) => ({
        name: field,
        type: sqlTypeOf(program, `${name}.${field}`, fieldType, node),
      }));
      return { type: "ROW", fields };
    }
    default:
      return misfit(node, type, { type: "STRING" });
  }
}

/** Writes a row into the columns of `out`. */
export function writeRow(
  frame: Frame,
  value: Value,
  schema: Schema,
  out: string,
  node: ts.Node,
): void {
  if (value.type.kind !== "object") refuseRow(node, value.type);
  const source = value.parts === undefined ? frame.held(value) : value;
  for (const { name, type } of schema) {
    writeField(frame, partOf(frame, source, name), type, out, name, node);
  }
}

function writeField(
  frame: Frame,
  value: Value,
  sql: LogicalType,
  out: string,
  name: string,
  node: ts.Node,
): void {
  const { type } = value;
  const member = memberName(name);
  const write = (present: Value): void => {
    if ((sql.type === "ARRAY" || sql.type === "ROW") && !isPassedOn(present, sql)) {
      const writer = frame.program.fresh(name);
      const capital = `${member[0]!.toUpperCase()}${member.slice(1)}`;
      frame.emit(`const ${writer} = ${out}.write${capital}();`);
      addPresent(frame, writer, present, sql, node);
    } else frame.emit(`${out}.${member} = ${columnCode(frame, present, sql, node)};`);
  };
  if (type.kind === "null" || type.kind === "undefined" || type.kind === "never") {
    // A field that is not set is NULL.
    if (sql.nullable === false) failNull(frame, "true", sql);
    return;
  }
  if (type.kind !== "optional") {
    write(value);
    return;
  }
  const held = value.rawIsNull === undefined ? frame.held(value) : value;
  const absent = nilTest(frame, held, "both");
  if (sql.nullable === false) failNull(frame, absent, sql);
  frame.emit(`if (!${absent}) {`);
  write(unwrapped(held));
  frame.emit("}");
}

export function failNull(frame: Frame, test: string, sql: LogicalType): void {
  const text = JSON.stringify(`null does not fit ${sqlText(sql)}`);
  frame.emit(`if (${test}) ${frame.call("fail", text)};`);
}

const bareText = (type: LogicalType): string => sqlText({ ...type, nullable: true } as LogicalType);
const sameColumn = (a: LogicalType | undefined, b: LogicalType): boolean =>
  a !== undefined && bareText(a) === bareText(b);

/** Whether a value is that of a column of the same type. */
export const isPassedOn = (value: Value, sql: LogicalType): boolean =>
  value.raw !== undefined && sameColumn(value.rawSql, sql);

/** A value as its column has it. */
export function columnCode(frame: Frame, value: Value, sql: LogicalType, node: ts.Node): string {
  if (isPassedOn(value, sql)) return value.raw!;
  const { type } = value;
  const own = "sql" in type ? type.sql : undefined;
  const same = sameColumn(own, sql);
  if (same && value.raw !== undefined) return value.raw;
  switch (type.kind) {
    case "number":
      return numberColumn(frame, value.code, sql, same, node);
    case "bigint":
      return bigColumn(frame, value.code, sql, node);
    case "boolean":
      return sql.type === "BOOLEAN" ? value.code : misfit(node, type, sql);
    case "string":
      return frame.call("leave", textColumn(frame, value.code, sql, same, node));
    case "opaque":
      return same ? viewedColumn(value.code, sql) : misfit(node, type, sql);
    default:
      return misfit(node, type, sql);
  }
}

/** The column's value of a view on another column of its type. */
function viewedColumn(code: string, sql: LogicalType): string {
  const native = nativeField(sql);
  if (native === "Value") return code;
  return native === "Text" ? `${code}.text` : `<${native}>${code}.integer`;
}

export function misfit(node: ts.Node, type: ValueType, sql: LogicalType): never {
  return refuse(
    node,
    `a value that is ${typeText(type)} for a column ${sqlText(sql)}`,
    "Convert it, or change returns().",
    "INLINE_RETURN_TYPE",
  );
}

/** Ends of the integer types; BIGINT's are what a double can have. */
const RANGES: Readonly<Record<string, readonly [string, string]>> = {
  TINYINT: ["-128.0", "127.0"],
  SMALLINT: ["-32768.0", "32767.0"],
  INT: ["-2147483648.0", "2147483647.0"],
  BIGINT: ["-9223372036854775808.0", "9223372036854774784.0"],
  TIMESTAMP: ["-9007199254740991.0", "9007199254740991.0"],
  TIMESTAMP_LTZ: ["-9007199254740991.0", "9007199254740991.0"],
};

function numberColumn(
  frame: Frame,
  code: string,
  sql: LogicalType,
  same: boolean,
  node: ts.Node,
): string {
  if (sql.type === "DOUBLE") return code;
  if (sql.type === "FLOAT") return `<f32>(${code})`;
  const range = RANGES[sql.type];
  const fine = "precision" in sql && sql.precision > 3;
  if (range === undefined || fine) return misfit(node, { kind: "number" }, sql);
  const native = nativeField(sql);
  if (same) return `<${native}>(${code})`;
  const text = JSON.stringify(sqlText({ ...sql, nullable: true } as LogicalType));
  return `<${native}>${frame.call("narrowed", code, range[0], range[1], text)}`;
}

function bigColumn(frame: Frame, code: string, sql: LogicalType, node: ts.Node): string {
  if (sql.type === "BIGINT") return code;
  const range = RANGES[sql.type];
  if (range === undefined || "precision" in sql) return misfit(node, { kind: "bigint" }, sql);
  const [low, high] = range.map((end) => end.replace(".0", ""));
  const text = JSON.stringify(sqlText({ ...sql, nullable: true } as LogicalType));
  return `<${nativeField(sql)}>${frame.call("narrowedBig", code, low!, high!, text)}`;
}

function textColumn(
  frame: Frame,
  code: string,
  sql: LogicalType,
  same: boolean,
  node: ts.Node,
): string {
  if (sql.type === "STRING" || same) return code;
  if (sql.type !== "VARCHAR" && sql.type !== "CHAR") return misfit(node, { kind: "string" }, sql);
  const text = JSON.stringify(sqlText({ ...sql, nullable: true } as LogicalType));
  return frame.call("narrowedText", code, String(sql.length), text);
}

/** The joined type of all rows that a function gives. */
export function widenRow(frame: Frame, key: string, type: ValueType, node: ts.Node): ValueType {
  const joined = frame.program.widen(key, asPlain(type));
  if (joined === undefined) return cannotMeet(node, frame.program.known(key)!, type);
  return joined;
}

/** A row of an input is an object like any other once it leaves. */
function asPlain(type: ValueType): ValueType {
  return type.kind === "object" && type.row !== undefined
    ? { kind: "object", fields: type.fields }
    : type;
}
