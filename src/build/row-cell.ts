/**
 * The canonical encoding of a row in keyed state, as code of its class: where each field lies in a
 * cell (operators/sdk/assembly/state/row-layout.ts), and how a view is attached to one and stores one.
 */
import { typeText } from "../protocol/type-text.ts";
import type { LogicalType } from "../protocol/types.ts";
import type { NativeType } from "./column-type.ts";

/** What of a row's field decides its place. */
export interface CellField {
  readonly name: string;
  readonly native: NativeType;
  readonly logical: LogicalType;
  readonly nullable: boolean;
  readonly shift: number;
}

interface PlacedField extends CellField {
  readonly at: number;
  /** Offset of the presence byte; -1: the field is always there. */
  readonly presentAt: number;
}

const WIDTH: Readonly<Record<NativeType, number>> = {
  bool: 1,
  i8: 1,
  i16: 2,
  i32: 4,
  i64: 8,
  f32: 4,
  f64: 8,
  Text: 8,
  Value: 0,
};

/** Offsets of the fields, and the bytes of a cell without its texts. */
function place(fields: readonly CellField[]): { placed: PlacedField[]; fixedBytes: number } {
  let present = 0;
  const nullable = fields.filter((field) => field.nullable).length;
  let at = (nullable + 7) & ~7;
  const placed = fields.map((field) => {
    const width = WIDTH[field.native];
    const align = field.native === "Text" ? 4 : width;
    at = (at + align - 1) & ~(align - 1);
    const one = { ...field, at, presentAt: field.nullable ? present++ : -1 };
    at += width;
    return one;
  });
  return { placed, fixedBytes: (at + 7) & ~7 };
}

/** Methods of a row class by which it lies in keyed state. */
export function cellMethods(fields: readonly CellField[]): string {
  const nested = fields.find((field) => field.native === "Value");
  if (nested !== undefined) return refusingMethods(nested);
  const { placed, fixedBytes } = place(fields);
  const each = (code: (field: PlacedField, index: number) => string): string =>
    placed.map(code).join(" ");
  const types = fields.map((f) => `${f.name} ${typeText(f.logical)}`).join(", ");
  return [
    `__layout(): __RowLayout { return new __RowLayout(${fixedBytes}, ${JSON.stringify(`ROW<${types}>`)})`,
    `${each((f) => `.field(${kindOf(f.native)}, ${f.at}, ${f.presentAt})`)}; }`,
    "__attachCell(cell: usize): void { this.__set = u64.MAX_VALUE; this.__index = 0; this.__cell = true;",
    `${each((f, i) => {
      const parts = [
        f.native === "Text"
          ? `this.__d${i} = cell; this.__o${i} = cell + ${f.at};`
          : `this.__d${i} = cell + ${f.at};`,
      ];
      if (f.nullable) parts.push(`this.__v${i} = cell + ${f.presentAt};`);
      return parts.join(" ");
    })} }`,
    `__cellBytes(): i32 { let bytes = ${fixedBytes};`,
    `${each((f) => (f.native === "Text" ? `bytes += this.${f.name}.length;` : ""))} return bytes; }`,
    `__storeCell(cell: usize): void { memory.fill(cell, 0, ${fixedBytes}); let end = ${fixedBytes};`,
    `${each(storeCode)} }`,
  ].join(" ");
}

/** Columns with values inside, and those that can only be copied, have no cell: who puts them into state is told. */
function refusingMethods({ name, logical }: CellField): string {
  const message = `state cannot keep column ${name}: ${typeText(logical)}`;
  const refuse = `throw new Error(${JSON.stringify(message)});`;
  return [
    `__layout(): __RowLayout { ${refuse} }`,
    `__attachCell(cell: usize): void { ${refuse} }`,
    `__cellBytes(): i32 { ${refuse} }`,
    `__storeCell(cell: usize): void { ${refuse} }`,
  ].join(" ");
}

function storeCode(field: PlacedField): string {
  const guard = field.nullable ? `if (!this.${field.name}IsNull) ` : "";
  const present = field.nullable ? `store<u8>(cell + ${field.presentAt}, 1); ` : "";
  return `${guard}{ ${present}${storeValue(field)} }`;
}

function storeValue({ name, native, at }: PlacedField): string {
  switch (native) {
    case "Text":
      return `end = __storeCellText(cell, ${at}, end, this.${name});`;
    case "bool":
      return `store<u8>(cell + ${at}, this.${name} ? 1 : 0);`;
    case "f32":
    case "f64":
      // All NaNs are one: equal rows, equal bytes.
      return `const v = this.${name}; store<${native}>(cell + ${at}, v == v ? v : <${native}>NaN);`;
    default:
      return `store<${native}>(cell + ${at}, this.${name});`;
  }
}

/** FIELD_* of row-layout.ts. */
function kindOf(native: NativeType): number {
  return ["bool", "i8", "i16", "i32", "i64", "f32", "f64", "Text"].indexOf(native);
}
