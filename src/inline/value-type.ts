/**
 * Types of values in one-file functions. They are inferred, never taken from annotations: types are
 * erased, as JavaScript does, so what a value is follows from the columns and the operations alone.
 */
import type { LogicalType } from "../protocol/types.ts";

export type ValueType =
  /** `sql`: the column's own type while the value is passed on untouched. */
  | { readonly kind: "number"; readonly sql?: LogicalType }
  | { readonly kind: "bigint"; readonly sql?: LogicalType }
  | { readonly kind: "string"; readonly sql?: LogicalType }
  | { readonly kind: "boolean"; readonly sql?: LogicalType }
  /** A column that can be passed on, not computed with. */
  | { readonly kind: "opaque"; readonly sql: LogicalType }
  | { readonly kind: "null" }
  | { readonly kind: "undefined" }
  /** No value: of an element of an array that is always empty. */
  | { readonly kind: "never" }
  | { readonly kind: "array"; readonly cell: ElementCell }
  /** `row`: the row class whose present row it is; `closed`: other fields are mistakes. */
  | {
      readonly kind: "object";
      readonly fields: Fields;
      readonly row?: string;
      readonly closed?: boolean;
    }
  | {
      readonly kind: "optional";
      readonly of: PresentType;
      readonly null: boolean;
      readonly undefined: boolean;
    };

export type Fields = ReadonlyMap<string, ValueType>;
export type PresentType = Exclude<ValueType, { kind: "null" | "undefined" | "optional" | "never" }>;

export const NUMBER: ValueType = { kind: "number" };
export const BIGINT: ValueType = { kind: "bigint" };
export const STRING: ValueType = { kind: "string" };
export const BOOLEAN: ValueType = { kind: "boolean" };
export const NULL: ValueType = { kind: "null" };
export const UNDEFINED: ValueType = { kind: "undefined" };
export const NEVER: ValueType = { kind: "never" };

/**
 * Element type of an array, shared by all that may be the same array: what is pushed through one
 * name is seen through the others. Cells that meet become one (union-find).
 */
export class ElementCell {
  /** How often any cell has been widened. */
  static changes = 0;
  #type: ValueType = NEVER;
  #frozen = false;
  #parent: ElementCell | undefined;

  #root(): ElementCell {
    let cell: ElementCell = this;
    while (cell.#parent !== undefined) cell = cell.#parent;
    return cell;
  }

  get type(): ValueType {
    return this.#root().#type;
  }

  /** Elements of a captured constant: shared by all rows, so never changed. */
  get frozen(): boolean {
    return this.#root().#frozen;
  }

  freeze(): void {
    this.#root().#frozen = true;
  }

  same(other: ElementCell): boolean {
    return this.#root() === other.#root();
  }

  /** Adds a type of element; true where it widened the cell. Undefined: the types do not meet. */
  add(type: ValueType): boolean | undefined {
    const root = this.#root();
    const joined = join(root.#type, type);
    if (joined === undefined) return undefined;
    const widened = !sameType(joined, root.#type);
    if (widened) ElementCell.changes++;
    root.#type = joined;
    return widened;
  }

  /** Makes two cells one; false where their types do not meet. */
  unify(other: ElementCell): boolean {
    const a = this.#root();
    const b = other.#root();
    if (a === b) return true;
    const joined = join(a.#type, b.#type);
    if (joined === undefined) return false;
    if (!sameType(a.#type, joined) || !sameType(b.#type, joined)) ElementCell.changes++;
    b.#parent = a;
    a.#type = joined;
    a.#frozen ||= b.#frozen;
    return true;
  }
}

/** The type of a value that is of either; undefined: no type of the subset holds both. */
export function join(a: ValueType, b: ValueType): ValueType | undefined {
  if (a.kind === "never") return b;
  if (b.kind === "never") return a;
  const nothing = { null: false, undefined: false };
  const flags = [a, b].reduce((known, type) => {
    const own = type.kind === "optional" ? type : nothing;
    return {
      null: known.null || own.null || type.kind === "null",
      undefined: known.undefined || own.undefined || type.kind === "undefined",
    };
  }, nothing);
  const left = present(a);
  const right = present(b);
  if (left === undefined && right === undefined) {
    return flags.null && flags.undefined ? undefined : a;
  }
  const of = left === undefined ? right : right === undefined ? left : joinPresent(left, right);
  if (of === undefined) return undefined;
  return flags.null || flags.undefined ? { kind: "optional", of, ...flags } : of;
}

function joinPresent(a: PresentType, b: PresentType): PresentType | undefined {
  if (a.kind !== b.kind) return undefined;
  if (a.kind === "array" && b.kind === "array") return a.cell.unify(b.cell) ? a : undefined;
  if (a.kind === "object" && b.kind === "object") return joinObjects(a, b);
  if (sameSql(a, b)) return a;
  return a.kind === "opaque" ? undefined : ({ kind: a.kind } as PresentType);
}

type ObjectType = Extract<ValueType, { kind: "object" }>;

/** Objects of different shapes: a field that one lacks is undefined there. */
function joinObjects(a: ObjectType, b: ObjectType): ObjectType | undefined {
  if (a.row !== undefined && a.row === b.row) return a;
  if (a.closed === true && b.closed === true && typeKey(a) === typeKey(b)) return a;
  const fields = new Map<string, ValueType>();
  for (const name of new Set([...a.fields.keys(), ...b.fields.keys()])) {
    const joined = join(a.fields.get(name) ?? UNDEFINED, b.fields.get(name) ?? UNDEFINED);
    if (joined === undefined) return undefined;
    fields.set(name, joined);
  }
  return { kind: "object", fields };
}

/** The type without null and undefined; undefined: nothing is left. */
export function present(type: ValueType): PresentType | undefined {
  switch (type.kind) {
    case "null":
    case "undefined":
    case "never":
      return undefined;
    case "optional":
      return type.of;
    default:
      return type;
  }
}

/** The type with undefined beside it. */
export function orUndefined(type: ValueType): ValueType {
  return join(type, UNDEFINED) ?? type;
}

function sqlOf(type: ValueType): LogicalType | undefined {
  return "sql" in type ? type.sql : undefined;
}

function sameSql(a: ValueType, b: ValueType): boolean {
  const [left, right] = [sqlOf(a), sqlOf(b)];
  if (left === undefined || right === undefined) return left === right;
  return (
    JSON.stringify({ ...left, nullable: true }) === JSON.stringify({ ...right, nullable: true })
  );
}

/** Whether two types are one and the same. */
export function sameType(a: ValueType, b: ValueType): boolean {
  return typeKey(a) === typeKey(b);
}

/** A text that is equal for equal types. */
export function typeKey(type: ValueType): string {
  switch (type.kind) {
    case "array":
      return `[${typeKey(type.cell.type)}]`;
    case "object": {
      const fields = [...type.fields].map(([name, field]) => `${name}:${typeKey(field)}`);
      return `${type.row ?? ""}{${fields.join(",")}}`;
    }
    case "optional":
      return `${typeKey(type.of)}${type.null ? "|null" : ""}${type.undefined ? "|undefined" : ""}`;
    default: {
      const sql = sqlOf(type);
      return sql === undefined ? type.kind : `${type.kind}<${JSON.stringify(sql)}>`;
    }
  }
}

/** What a person reads: `number | null`. */
export function typeText(type: ValueType): string {
  switch (type.kind) {
    case "array":
      return `array of ${typeText(type.cell.type)}`;
    case "object":
      return type.row === undefined ? "object" : "row";
    case "opaque":
      return type.sql.type;
    case "optional":
      return `${typeText(type.of)}${type.null ? " | null" : ""}${type.undefined ? " | undefined" : ""}`;
    default:
      return type.kind;
  }
}
