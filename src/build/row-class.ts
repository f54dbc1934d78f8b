/**
 * `@row` classes: their columns, and the accessors that take the place of their fields. The class
 * an author writes has fields; the one that is compiled reads and writes the batch's columns.
 */
import { openColumns } from "../protocol/batch/schema-columns.ts";
import type { LogicalType, Schema } from "../protocol/types.ts";
import { columnType, type FieldType } from "./column-type.ts";
import type { BuildProblem } from "./problem.ts";
import { cellMethods } from "./row-cell.ts";
import { nullMembers } from "./row-views.ts";
import { type ClassSyntax, type FieldSyntax, placeIn, typeText } from "./syntax.ts";
import { replacing, type TextEdit } from "./text-edit.ts";

/** Bits of RowView.__set. */
const MAX_FIELDS = 64;
/** Members of RowView, and prefixes of what is generated. */
const RESERVED = new Set(["kind"]);

interface RowField extends FieldType {
  readonly name: string;
  /** Name of the column: the field's, or what @column says. */
  readonly column: string;
  readonly syntax: FieldSyntax;
}

/** The fields of a row class that are columns. */
export function rowFields(row: ClassSyntax, problems: BuildProblem[]): RowField[] {
  const complain = (offset: number, message: string, remedy: string): void => {
    problems.push({ place: placeIn(row.file, offset), message, remedy });
  };
  if (row.base !== undefined) {
    const message = `row class ${row.name} extends ${typeText(row.base)}`;
    complain(row.start, message, "A row class extends nothing: repeat the fields it shares.");
  }
  if (row.isGeneric) {
    const message = `row class ${row.name} has type parameters`;
    complain(row.start, message, "A row has fixed columns: write a class for each row type.");
  }
  const own = row.fields.filter((field) => !field.isStatic);
  if (own.length === 0) complain(row.start, `row class ${row.name} has no fields`, "Add a column.");
  if (own.length > MAX_FIELDS) {
    const message = `row class ${row.name} has ${own.length} fields`;
    complain(own[MAX_FIELDS]!.start, message, `Name only the columns used: at most ${MAX_FIELDS}.`);
  }
  for (const method of row.methods) {
    if (method.name !== "constructor") continue;
    const message = `row class ${row.name} has a constructor`;
    complain(method.start, message, "Rows come from a batch: fill one with out.row().");
  }
  const fields: RowField[] = [];
  for (const field of own) {
    if (RESERVED.has(field.name) || field.name.startsWith("__")) {
      const message = `row field ${field.name} has a reserved name`;
      const hint = `Rename it: kind and names that begin with __ are taken. @column("${field.name}") on a field of another name keeps the column's.`;
      complain(field.start, message, hint);
    }
    if (field.initializer !== undefined) {
      const message = `row field ${field.name} has an initial value`;
      complain(field.start, message, "Remove it: a field not set is NULL, zero or empty.");
    }
    const type = columnType(row.file, field, problems);
    const column = columnName(field);
    if (column === "") {
      complain(field.start, `field ${field.name}: @column without a name`, 'Write @column("of").');
    }
    if (fields.some((one) => one.column === column)) {
      const message = `row class ${row.name} has two fields for the column ${column}`;
      complain(field.start, message, "Leave one of them out.");
    }
    if (type !== undefined) fields.push({ name: field.name, column, syntax: field, ...type });
  }
  return fields;
}

/** `@column("of")` names a column that no field can be named after. */
function columnName({ name, decorators }: FieldSyntax): string {
  const column = decorators.find((decorator) => decorator.name === "column");
  return column === undefined ? name : String(column.values[0] ?? "");
}

/** The schema of a row class. */
export function rowSchema(fields: readonly RowField[]): Schema {
  return fields.map(({ column, logical }) => ({ name: column, type: logical as LogicalType }));
}

/** The edits that turn a row class into a view on columns. */
export function rowEdits(row: ClassSyntax, fields: readonly RowField[]): TextEdit[] {
  const edits: TextEdit[] = [
    { start: row.nameEnd, end: row.nameEnd, text: " extends __RowView" },
    { start: row.bodyEnd, end: row.bodyEnd, text: methodsCode(fields) },
  ];
  fields.forEach((field, index) => {
    const { start, end } = field.syntax;
    edits.push(replacing(row.file.text, start, end, fieldCode(field, index)));
  });
  return edits;
}

function fieldCode(field: RowField, index: number): string {
  const { name, native } = field;
  const isSet = `(this.__set & ((<u64>1) << ${index})) != 0`;
  // In a cell of state a nullable field has a byte that says it is there.
  const appear = field.nullable ? `if (this.__cell) store<u8>(this.__v${index}, 1); ` : "";
  const mark = `this.__set |= (<u64>1) << ${index}; ${appear}`;
  const { isNull, setNull } = nullMembers(name);
  const capital = `${name[0]!.toUpperCase()}${name.slice(1)}`;
  const members = [
    `private __c${index}: i32 = 0;`,
    `private __d${index}: usize = 0;`,
    `private __b${index}: __ColumnBuffer | null = null;`,
  ];
  if (field.nullable) {
    const absent = `this.__v${index} != 0 && !__bitAt(this.__v${index}, this.__index)`;
    members.push(
      `private __v${index}: usize = 0;`,
      `@inline get ${isNull}(): bool { return !(${isSet}) || (${absent}); }`,
      `${setNull}(): void { ` +
        (native === "Text" || native === "Value"
          ? `if (!this.__cell && ${isSet}) __forgetValue(this.__w!, this.__b${index}!); `
          : "") +
        `this.__set &= ~((<u64>1) << ${index}); }`,
    );
  }
  if (native === "Text") {
    const unset = field.nullable ? `this.${isNull}` : `!(${isSet})`;
    members.push(
      `private __o${index}: usize = 0;`,
      `@inline get ${name}(): __Text { if (${unset}) return __emptyText(); ` +
        `return __textOf(this.__d${index}, this.__o${index}, this.__index); }`,
      `@inline set ${name}(value: __Text) { ` +
        `if (this.__cell) { this.__d${index} = 0; __pointAtText(this.__o${index}, value); ${mark} return; } ` +
        "const w = this.__w!; " +
        `__writeText(w, this.__b${index}!, ${isSet}, value); ${mark} ` +
        "if (w.generation != this.__generation) this.__refresh(); }",
    );
  } else if (native === "Value") {
    members.push(
      `private __e${index}: usize = 0;`,
      `@inline get ${name}(): __Value { return __valueAt(this.__block, this.__e${index}, this.__index); }`,
      `set ${name}(value: __Value) { __writeValue(this.__w!, this.__b${index}!, ${isSet}, value); ${mark} }`,
    );
    if (isNested(field.logical)) {
      members.push(
        `write${capital}(): __ValueWriter { ${mark} return __valueWriter(this.__w!, this.__b${index}!); }`,
      );
    }
  } else if (native === "bool") {
    const get = `__bitAt(this.__d${index}, this.__index)`;
    members.push(
      `@inline get ${name}(): bool { return ${field.nullable ? `!this.${isNull} && ` : ""}${get}; }`,
      `@inline set ${name}(value: bool) { ` +
        `if (this.__cell) store<u8>(this.__d${index}, value ? 1 : 0); ` +
        `else this.__w!.writeBit(this.__b${index}!, value); ${mark} }`,
    );
  } else {
    const at = `this.__d${index} + (<usize>this.__index << ${field.shift})`;
    const guard = field.nullable ? `if (this.${isNull}) return 0; ` : "";
    members.push(
      `@inline get ${name}(): ${native} { ${guard}return load<${native}>(${at}); }`,
      `@inline set ${name}(value: ${native}) { store<${native}>(${at}, value); ${mark} }`,
    );
  }
  return members.join(" ");
}

/** Whether a value has values inside, which are added one by one. */
function isNested(type: LogicalType): boolean {
  return type.type === "ROW" || type.type === "ARRAY" || type.type === "MAP";
}

function methodsCode(fields: readonly RowField[]): string {
  const each = (code: (field: RowField, index: number) => string): string =>
    fields.map(code).join(" ");
  const mask = fields.length === 64 ? "u64.MAX_VALUE" : `${(1n << BigInt(fields.length)) - 1n}`;
  return [
    "private __w: __BlockWriter | null = null; private __generation: i32 = -1;",
    // The batch that is read, for views on its columns.
    "__batch: __BatchReader | null = null; private __block: usize = 0;",
    // All bits set says "every field has a value", which is so for a row that is read.
    "__bindInput(stream: __OpenStream): void { this.__set = u64.MAX_VALUE;",
    `${each((f, i) => `this.__c${i} = __columnOf(stream, ${JSON.stringify(f.column)});`)} }`,
    "__attach(reader: __BatchReader): void { this.__batch = reader; this.__block = reader.block;",
    `${each((f, i) => {
      const parts = [`this.__d${i} = reader.data(this.__c${i});`];
      if (f.native === "Text") parts.push(`this.__o${i} = reader.offsets(this.__c${i});`);
      if (f.native === "Value") parts.push(`this.__e${i} = reader.column(this.__c${i});`);
      if (f.nullable) parts.push(`this.__v${i} = reader.validity(this.__c${i});`);
      return parts.join(" ");
    })} }`,
    "__bindOutput(writer: __BlockWriter, stream: __OpenStream): void { this.__w = writer;",
    `${each((f, i) => {
      const column = `writer.columns[__columnOf(stream, ${JSON.stringify(f.column)})]`;
      return `this.__b${i} = ${column};`;
    })} this.__refresh(); }`,
    "__refresh(): void { this.__generation = this.__w!.generation;",
    `${each((f, i) => {
      const offsets = f.native === "Text" ? ` this.__o${i} = this.__b${i}!.offsets;` : "";
      return `this.__d${i} = this.__b${i}!.data;${offsets}`;
    })} }`,
    `@inline __complete(): void { if (this.__set != ${mask}) this.__fillIn(); }`,
    "private __fillIn(): void { const w = this.__w!;",
    `${each((_, i) => {
      return `if (!(this.__set & ((<u64>1) << ${i}))) w.writeDefault(this.__b${i}!);`;
    })} } `,
    `__columns(): __OpenColumn[] { return __columnsOf(${columnsText(fields)}); }`,
    cellMethods(fields),
  ].join(" ");
}

/** The columns as the host would list them, for rows that one function hands to another. */
function columnsText(fields: readonly RowField[]): string {
  return JSON.stringify(JSON.stringify(openColumns(rowSchema(fields))));
}
