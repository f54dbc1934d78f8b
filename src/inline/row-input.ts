/** Rows that functions read: columns as values, and the row class of the generated module. */
import { MillraceError } from "../protocol/errors.ts";
import { typeText as sqlText } from "../protocol/type-text.ts";
import type { LogicalType, Schema } from "../protocol/types.ts";
import type { Frame } from "./frame.ts";
import type { Program } from "./program.ts";
import type { Value } from "./value.ts";
import { type PresentType, present, STRING, UNDEFINED, type ValueType } from "./value-type.ts";

/** An input, or an accumulator, whose fields are read through a class. */
export interface RowInput {
  readonly schema: Schema;
  readonly used: Set<string>;
}

/** Finest timestamp that is a number of milliseconds. */
const MILLISECOND_PRECISION = 3;

/** What a column's values are in a function. */
export function columnValueType(sql: LogicalType): ValueType {
  const of = presentType(sql);
  return sql.nullable === false ? of : { kind: "optional", of, null: true, undefined: false };
}

function presentType(type: LogicalType): PresentType {
  const sql = { ...type, nullable: true } as LogicalType;
  switch (type.type) {
    case "TINYINT":
    case "SMALLINT":
    case "INT":
    case "FLOAT":
    case "DOUBLE":
      return { kind: "number", sql };
    case "BIGINT":
      return { kind: "bigint", sql };
    case "BOOLEAN":
      return { kind: "boolean", sql };
    case "CHAR":
    case "VARCHAR":
    case "STRING":
      return { kind: "string", sql };
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return type.precision <= MILLISECOND_PRECISION
        ? { kind: "number", sql }
        : { kind: "opaque", sql };
    default:
      return { kind: "opaque", sql };
  }
}

/** Types that no row class can hold yet: not even passed on. */
const UNTOUCHABLE: ReadonlySet<string> = new Set(["DECIMAL", "BINARY", "ROW", "ARRAY", "MAP"]);
const FIELD = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/** Whether a row class can have the column. */
export function isPlain({ name, type }: Schema[number]): boolean {
  const named = FIELD.test(name) && name !== "kind" && !name.startsWith("__");
  return named && !UNTOUCHABLE.has(type.type);
}

/** Refuses a column that a function uses and a row class cannot have. */
function checkColumn(column: Schema[number]): void {
  if (isPlain(column)) return;
  const { name, type } = column;
  const what = UNTOUCHABLE.has(type.type) ? `of type ${type.type}` : "of such a name";
  throw new MillraceError(
    "INLINE_COLUMN",
    `Cannot compile a function that uses the column ${name}: operators cannot touch columns ${what}`,
    {
      field: name,
      value: sqlText(type),
      expected: "a select() in front that leaves it out or renames it",
    },
  );
}

/** The field of a row class that holds a column. */
export function nativeField(sql: LogicalType): string {
  switch (sql.type) {
    case "BOOLEAN":
      return "bool";
    case "TINYINT":
      return "i8";
    case "SMALLINT":
      return "i16";
    case "INT":
    case "DATE":
    case "INTERVAL_YEAR_MONTH":
      return "i32";
    case "TIME":
      return sql.precision <= MILLISECOND_PRECISION ? "i32" : "i64";
    case "FLOAT":
      return "f32";
    case "DOUBLE":
      return "f64";
    case "BIGINT":
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
    case "INTERVAL_DAY_SECOND":
      return "i64";
    default:
      return "Text";
  }
}

/**
 * The text of a row class that is read. A text column has a method that makes the function's own view
 * of it; it uses the members that the compiler transform gives a field (src/build/row-class.ts).
 */
export function inputClass(name: string, schema: Schema, program: Program): string {
  for (const column of schema) checkColumn(column);
  const string = program.use("JsString");
  const views = schema.flatMap(({ name: field, type }, k) => {
    if (presentType(type).kind !== "string") return [];
    const at = `const at = this.__o${k} + (<usize>this.__index << 2); const from = load<u32>(at);`;
    const made = `${program.use("view")}(this.__d${k} + <usize>from, load<u32>(at, 4) - from, -1, 0)`;
    return [`  @inline ${viewName(field)}(): ${string} { ${at} return ${made}; }`];
  });
  return rowClass(name, schema, views);
}

const viewName = (field: string): string => `$view_${field}`;

/** The text of a row class with these columns. */
export function rowClass(name: string, schema: Schema, methods: readonly string[] = []): string {
  const fields = schema.map(({ name: field, type }) => {
    const native = nativeField(type);
    const nullable = type.nullable === false ? "" : "@nullable ";
    const text = sqlText({ ...type, nullable: true } as LogicalType);
    const mark = native === "Text" ? "!" : "";
    return `  ${nullable}@type(${JSON.stringify(text)}) ${field}${mark}: ${native};`;
  });
  return [`@row class ${name} {`, ...fields, ...methods, "}"].join("\n");
}

/** The type of a row as functions see it: columns that operators can touch. */
export function rowType(name: string, schema: Schema): ValueType {
  const fields = new Map<string, ValueType>();
  for (const { name: field, type } of schema) fields.set(field, columnValueType(type));
  return { kind: "object", fields, row: name };
}

/** A column of the row that `row` names. */
export function readColumn(frame: Frame, rowName: string, row: string, field: string): Value {
  const input = frame.program.rows.get(rowName);
  const sql = input?.schema.find((column) => column.name === field)?.type;
  if (input === undefined || sql === undefined) {
    return { code: "0", type: UNDEFINED, stable: true };
  }
  const type = columnValueType(sql);
  input.used.add(field);
  const raw = `${row}.${field}`;
  const path = raw;
  const isText = present(type)?.kind === "string";
  const there = isText ? `${row}.${viewName(field)}()` : presentCode(frame, raw, sql);
  if (type.kind !== "optional") {
    const code = type.kind === "string" ? cached(frame, raw, there) : there;
    return { code, type, stable: true, raw, path };
  }
  const rawIsNull = `${row}.${field}IsNull`;
  const base = { type, stable: true, raw, rawIsNull, path };
  switch (type.of.kind) {
    case "string": {
      const absent = `changetype<${frame.program.native(STRING)}>(${frame.program.use("NULL_AT")})`;
      return { ...base, code: cached(frame, raw, `${rawIsNull} ? ${absent} : ${there}`) };
    }
    case "number": {
      const some =
        sql.type === "FLOAT" || sql.type === "DOUBLE" ? frame.call("some", there) : there;
      return { ...base, there, code: `(${rawIsNull} ? ${frame.call("nullNumber")} : ${some})` };
    }
    case "boolean":
      return {
        ...base,
        there,
        code: `(${rawIsNull} ? ${frame.program.use("NULL_FLAG")} : <i32>${there})`,
      };
    case "bigint": {
      const absent = `changetype<${frame.program.use("JsBig")}>(${frame.program.use("NULL_AT")})`;
      return {
        ...base,
        there,
        code: `(${rawIsNull} ? ${absent} : ${frame.call("bigCell", there)})`,
      };
    }
    default:
      return { ...base, there: "0", code: "0" };
  }
}

function presentCode(frame: Frame, raw: string, sql: LogicalType): string {
  switch (sql.type) {
    case "BIGINT":
    case "BOOLEAN":
    case "DOUBLE":
      return raw;
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      if (sql.precision > MILLISECOND_PRECISION) return "0";
      return frame.call("milliseconds", raw);
    case "TINYINT":
    case "SMALLINT":
    case "INT":
    case "FLOAT":
      return `<f64>${raw}`;
    default:
      return "0";
  }
}

/** A text column is looked up once per row, where it is used at all: its units are then known. */
function cached(frame: Frame, raw: string, code: string): string {
  const known = frame.prologue.get(raw);
  if (known !== undefined) return known.name;
  const name = frame.program.fresh(raw);
  const native = frame.program.native(STRING);
  frame.prologue.set(raw, { name, line: `const ${name}: ${native} = ${code};` });
  return name;
}
