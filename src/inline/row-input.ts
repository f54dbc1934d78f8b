/** Rows that functions read: columns as values, and the row class of the generated module. */
import { MillraceError } from "../protocol/errors.ts";
import { typeText as sqlText } from "../protocol/type-text.ts";
import type { LogicalType, Schema } from "../protocol/types.ts";
import type { Frame } from "./frame.ts";
import { readerOf } from "./nested-input.ts";
import type { Program } from "./program.ts";
import { refuse } from "./refusal.ts";
import type { ts } from "./typescript-api.ts";
import type { Value } from "./value.ts";
import { type PresentType, present, STRING, UNDEFINED, type ValueType } from "./value-type.ts";

/** An input, or an accumulator, whose fields are read through a class. */
export interface RowInput {
  readonly schema: Schema;
  readonly used: Set<string>;
}

/** Finest timestamp that is a number of milliseconds. */
const MILLISECOND_PRECISION = 3;

/**
 * What a column's values are in a function.
 * @param key Names the place of the column: all values of an array column share their elements' type
 */
export function columnValueType(program: Program, key: string, sql: LogicalType): ValueType {
  const of = presentType(program, key, sql);
  return sql.nullable === false ? of : { kind: "optional", of, null: true, undefined: false };
}

function presentType(program: Program, key: string, type: LogicalType): PresentType {
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
    case "ARRAY": {
      const cell = program.cellAt(key);
      cell.add(columnValueType(program, `${key}[]`, type.element));
      // The array belongs to the row: a function that changed it would change what others see.
      cell.freeze();
      return { kind: "array", cell };
    }
    case "ROW": {
      const fields = new Map<string, ValueType>();
      for (const { name, type: field } of type.fields) {
        fields.set(name, columnValueType(program, `${key}.${name}`, field));
      }
      return { kind: "object", fields, closed: true };
    }
    default:
      return { kind: "opaque", sql };
  }
}

const TEXTS: ReadonlySet<string> = new Set(["CHAR", "VARCHAR", "STRING"]);
const SCALARS: ReadonlySet<string> = new Set([
  "BOOLEAN",
  "TINYINT",
  "SMALLINT",
  "INT",
  "BIGINT",
  "FLOAT",
  "DOUBLE",
]);
const FIELD = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/** Whether a row class can have the column. */
export function isPlain({ name }: Schema[number]): boolean {
  return FIELD.test(name) && name !== "kind" && !name.startsWith("__");
}

/** Refuses a column that a function uses and a row class cannot have. */
function checkColumn(column: Schema[number]): void {
  if (isPlain(column)) return;
  const { name, type } = column;
  throw new MillraceError(
    "INLINE_COLUMN",
    `Cannot compile a function that uses the column ${name}: operators cannot touch columns of such a name`,
    {
      field: name,
      value: sqlText(type),
      expected: "a select() in front that leaves it out or renames it",
    },
  );
}

/** Columns that a row class may have (src/build/row-class.ts). */
const MAX_COLUMNS = 64;

/** Refuses more columns than a row class has, at the author's line. */
export function checkWidth(columns: number, what: string, node: ts.Node): void {
  if (columns <= MAX_COLUMNS) return;
  refuse(
    node,
    `${what} ${columns} columns`,
    `At most ${MAX_COLUMNS}: name those that are needed, or put some into an object (a ROW column).`,
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
    case "DECIMAL":
    case "BINARY":
    case "ROW":
    case "ARRAY":
    case "MAP":
      return "Value";
    default:
      return "Text";
  }
}

/**
 * The text of a row class that is read. A text column has a method that makes the function's own view
 * of it, and so has one that is passed on or has values inside; they use the members that the compiler transform gives a field (src/build/row-class.ts).
 */
export function inputClass(name: string, schema: Schema, program: Program): string {
  for (const column of schema) checkColumn(column);
  const string = program.use("JsString");
  const views = schema.flatMap(({ name: field, type }, k) => {
    if (!TEXTS.has(type.type)) return isScalar(type) ? [] : [valueMethod(program, field, k)];
    const at = `const at = this.__o${k} + (<usize>this.__index << 2); const from = load<u32>(at);`;
    const made = `${program.use("view")}(this.__d${k} + <usize>from, load<u32>(at, 4) - from, -1, 0)`;
    return [`  @inline ${viewName(field)}(): ${string} { ${at} return ${made}; }`];
  });
  return rowClass(name, schema, views);
}

/** Words that no field of a class can be named by in AssemblyScript, and its own members. */
const RESERVED: ReadonlySet<string> = new Set(
  "abstract any arguments as async await break case catch class const constructor continue debugger declare default delete do else enum export extends false finally for from function get if implements import in instanceof interface is keyof let module namespace never new null of operator override package private protected public readonly require return set static super switch this throw true try type typeof undefined unique var void while with yield".split(
    " ",
  ),
);
/** Members that a nullable or a nested field adds to its class: another column may have their names. */
const ADDED = /^\$|IsNull$|^set.*Null$|^write[A-Z$]/;

/** The member of a row class that holds a column. */
export function memberName(column: string): string {
  return RESERVED.has(column) || ADDED.test(column) ? `$f_${column}` : column;
}

const viewName = (field: string): string => `$view_${field}`;
const valueName = (field: string): string => `$value_${field}`;

/** Whether a column's values are computed with as they lie there. */
function isScalar(type: LogicalType): boolean {
  if (type.type === "TIMESTAMP" || type.type === "TIMESTAMP_LTZ") {
    return type.precision <= MILLISECOND_PRECISION;
  }
  return SCALARS.has(type.type);
}

function valueMethod(program: Program, field: string, index: number): string {
  const made = `${program.use("valueAt")}(batch.block, batch.column(this.__c${index}), this.__index)`;
  const body = `const batch = this.__batch!; return ${made};`;
  return `  @inline ${valueName(field)}(): ${program.use("Value")} { ${body} }`;
}

/** The text of a row class with these columns. */
export function rowClass(name: string, schema: Schema, methods: readonly string[] = []): string {
  const fields = schema.map(({ name: field, type }) => {
    const native = nativeField(type);
    const nullable = type.nullable === false ? "" : "@nullable ";
    const text = sqlText({ ...type, nullable: true } as LogicalType);
    const mark = native === "Text" || native === "Value" ? "!" : "";
    const member = memberName(field);
    const column = member === field ? "" : `@column(${JSON.stringify(field)}) `;
    return `  ${nullable}${column}@type(${JSON.stringify(text)}) ${member}${mark}: ${native};`;
  });
  return [`@row class ${name} {`, ...fields, ...methods, "}"].join("\n");
}

/** The type of a row as functions see it. */
export function rowType(program: Program, name: string, schema: Schema): ValueType {
  const fields = new Map<string, ValueType>();
  for (const { name: field, type } of schema) {
    fields.set(field, columnValueType(program, `${name}.${field}`, type));
  }
  return { kind: "object", fields, row: name };
}

/** A column of the row that `row` names. */
export function readColumn(frame: Frame, rowName: string, row: string, field: string): Value {
  const input = frame.program.rows.get(rowName);
  const sql = input?.schema.find((column) => column.name === field)?.type;
  if (input === undefined || sql === undefined) {
    return { code: "0", type: UNDEFINED, stable: true };
  }
  const type = columnValueType(frame.program, `${rowName}.${field}`, sql);
  input.used.add(field);
  const raw = `${row}.${memberName(field)}`;
  const path = raw;
  const kind = present(type)!.kind;
  if (kind === "array" || kind === "object") return nestedColumn(frame, row, field, sql, type);
  if (kind === "opaque") return opaqueColumn(frame, row, field, sql, type);
  const isText = kind === "string";
  const there = isText ? `${row}.${viewName(field)}()` : presentCode(frame, raw, sql);
  if (type.kind !== "optional") {
    const code = type.kind === "string" ? cached(frame, raw, there) : there;
    return { code, type, stable: true, raw, path };
  }
  const rawIsNull = `${raw}IsNull`;
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

/** A column that is passed on: its own value, or a view on it where it goes through variables. */
function opaqueColumn(
  frame: Frame,
  row: string,
  field: string,
  sql: LogicalType,
  type: ValueType,
): Value {
  const raw = `${row}.${memberName(field)}`;
  const code = `${row}.${valueName(field)}()`;
  const base = { type, stable: true, raw, rawSql: sql, path: raw };
  if (type.kind !== "optional") return { ...base, code };
  const rawIsNull = `${raw}IsNull`;
  const absent = `changetype<${frame.program.native(type)}>(${frame.program.use("NULL_AT")})`;
  return { ...base, rawIsNull, there: code, code: `(${rawIsNull} ? ${absent} : ${code})` };
}

/** An ARRAY or ROW column: read into the row's memory where it is used at all. */
function nestedColumn(
  frame: Frame,
  row: string,
  field: string,
  sql: LogicalType,
  type: ValueType,
): Value {
  const { program } = frame;
  const raw = `${row}.${memberName(field)}`;
  const base = { type, stable: true, raw, rawSql: sql, path: raw };
  const nullable = type.kind === "optional" ? { rawIsNull: `${raw}IsNull` } : {};
  const known = frame.prologue.get(raw);
  if (known !== undefined) return { ...base, ...nullable, code: known.name };
  const read = readerOf(frame, { ...sql, nullable: false } as LogicalType, present(type)!);
  const view = program.fresh("view");
  const name = program.fresh(raw);
  const native = program.native(type);
  const made = `${read}(${view}.block, ${view}.entry, ${view}.index)`;
  const absent = `changetype<${native}>(${program.use("NULL_AT")})`;
  const code = type.kind === "optional" ? `${raw}IsNull ? ${absent} : ${made}` : made;
  const line = `const ${view} = ${row}.${valueName(field)}(); const ${name}: ${native} = ${code};`;
  frame.prologue.set(raw, { name, line });
  return { ...base, ...nullable, code: name };
}

function presentCode(frame: Frame, raw: string, sql: LogicalType): string {
  switch (sql.type) {
    case "BIGINT":
    case "BOOLEAN":
    case "DOUBLE":
      return raw;
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
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
