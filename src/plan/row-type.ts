/**
 * Rows as TypeScript's types see them: what lets an editor check a job. They say less than Flink
 * SQL's types (every number of up to 53 bits is `number`, times in ms too); the planner checks the rest at submission.
 */
import type { Field, LogicalType, Schema } from "../protocol/types.ts";

/** Times that count in us or ns do not fit a double. */
type FineTime = "TIMESTAMP" | "TIMESTAMP_LTZ" | "TIME";
type FinePrecision = 4 | 5 | 6 | 7 | 8 | 9;

/** A value of a column that is not NULL. */
export type ValueOf<T extends LogicalType> = T extends { type: "BOOLEAN" }
  ? boolean
  : T extends { type: "BIGINT" } | { type: FineTime; precision: FinePrecision }
    ? bigint
    : T extends { type: "CHAR" | "VARCHAR" | "STRING" | "DECIMAL" }
      ? string
      : T extends { type: "BINARY" | "VARBINARY" | "BYTES" }
        ? Uint8Array
        : T extends { type: "ROW"; fields: infer F extends readonly Field[] }
          ? RowOf<F>
          : T extends { type: "ARRAY"; element: infer E extends LogicalType }
            ? readonly ColumnValue<E>[]
            : T extends { type: "MAP"; key: infer K extends LogicalType; value: infer V }
              ? ReadonlyMap<ValueOf<K>, V extends LogicalType ? ColumnValue<V> : never>
              : number;

/** A value of a column: nullable unless `nullable` is false, as in SQL. */
export type ColumnValue<T extends LogicalType> = T extends { nullable: false }
  ? ValueOf<T>
  : ValueOf<T> | null;

/** Rows of a schema that is written out (`as const`); any row where it is known at run time only. */
export type RowOf<S extends Schema> = string extends S[number]["name"]
  ? AnyRow
  : { readonly [F in S[number] as F["name"]]: ColumnValue<F["type"]> };

/** Rows whose columns TypeScript does not know: everything is allowed, the planner checks. */
// biome-ignore lint/suspicious/noExplicitAny: this is what "not checked in the editor" is
export type AnyRow = any;

/** Names of a row's columns. */
export type ColumnOf<Row> = keyof Row & string;

/** A schema that carries the type of its rows. */
export type SchemaOf<Row> = Schema & { readonly "~row"?: Row };

/** Rows of a schema: of one that carries their type, else of one that is written out. */
export type RowOfSchema<S extends Schema> = S extends { readonly "~row"?: infer Row }
  ? unknown extends Row
    ? RowOf<S>
    : Exclude<Row, undefined>
  : RowOf<S>;

type TextValue<T extends string> = T extends
  | `BIGINT${string}`
  | "TIMESTAMP"
  | "TIMESTAMP_LTZ"
  | `${FineTime}(${FinePrecision})${string}`
  ? bigint
  : T extends `BOOLEAN${string}`
    ? boolean
    : T extends `${"CHAR" | "VARCHAR" | "STRING" | "DECIMAL"}${string}`
      ? string
      : T extends `${"BINARY" | "VARBINARY" | "BYTES"}${string}`
        ? Uint8Array
        : T extends `ARRAY<${infer E}>`
          ? readonly TextColumn<E>[]
          : T extends `ROW<${infer F}>`
            ? TextRow<Parts<F>>
            : T extends `MAP<${infer E}>`
              ? TextMap<Parts<E>>
              : T extends `${"ROW" | "ARRAY" | "MAP"}${string}`
                ? AnyRow
                : number;

/** A column given as text: nullable unless it says NOT NULL. */
type TextColumn<T extends string> =
  Trimmed<T> extends `${infer V} NOT NULL` ? TextValue<V> : TextValue<Trimmed<T>> | null;

type Trimmed<T extends string> = T extends ` ${infer R}` | `${infer R} ` ? Trimmed<R> : T;

/** The parts of a text between its commas, those within brackets left alone. */
type Parts<
  T extends string,
  Part extends string = "",
  Depth extends readonly 0[] = [],
  Done extends readonly string[] = [],
> = T extends `${infer C}${infer Rest}`
  ? C extends "<" | "("
    ? Parts<Rest, `${Part}${C}`, [0, ...Depth], Done>
    : C extends ">" | ")"
      ? Parts<Rest, `${Part}${C}`, Depth extends [0, ...infer D extends 0[]] ? D : [], Done>
      : [C, Depth] extends [",", []]
        ? Parts<Rest, "", [], [...Done, Trimmed<Part>]>
        : Parts<Rest, `${Part}${C}`, Depth, Done>
  : [...Done, Trimmed<Part>];

type TextRow<F extends readonly string[]> = {
  readonly [P in F[number] as FieldName<P>]: P extends `${string} ${infer T}`
    ? TextColumn<T>
    : AnyRow;
};

type FieldName<P extends string> = P extends `\`${infer N}\` ${string}`
  ? N
  : P extends `${infer N} ${string}`
    ? N
    : never;

type TextMap<E extends readonly string[]> = E extends readonly [
  infer K extends string,
  infer V extends string,
]
  ? ReadonlyMap<NonNullable<TextColumn<K>>, TextColumn<V>>
  : AnyRow;

/** Rows of columns given as Flink's type texts: `{ word: "STRING NOT NULL" }`. */
export type RowOfTexts<C extends Readonly<Record<string, string>>> = string extends keyof C
  ? AnyRow
  : {
      readonly [N in keyof C]: string extends C[N]
        ? AnyRow
        : C[N] extends `${infer T} NOT NULL`
          ? TextValue<T>
          : TextValue<C[N]> | null;
    };

/** Columns: a schema, or Flink's type texts by name (`{ word: "STRING NOT NULL", n: "BIGINT" }`). */
export type Columns = Schema | Readonly<Record<string, string>>;

/** Rows of columns, as an editor knows them. */
export type RowOfColumns<C extends Columns> = C extends Schema
  ? RowOfSchema<C>
  : C extends Readonly<Record<string, string>>
    ? RowOfTexts<C>
    : AnyRow;

/** A row with other columns added or replaced. */
export type WithColumns<Row, Added> = 0 extends 1 & Row
  ? AnyRow
  : 0 extends 1 & Added
    ? AnyRow
    : Omit<Row, keyof Added> & Added;

/** Columns that every result of a window has behind its own: milliseconds since 1970. */
export interface WindowColumns {
  readonly window_start: number;
  readonly window_end: number;
}

/** An aggregate made of functions (Flink: AggregateFunction); each gives a new accumulator. */
export interface AggregateFunctions<Row, Accumulator extends object, Out extends object> {
  createAccumulator: () => Accumulator;
  add: (value: Row, accumulator: Accumulator) => Accumulator;
  getResult: (accumulator: Accumulator) => Out;
  merge?: (a: Accumulator, b: Accumulator) => Accumulator;
}

/** The columns that a function as key selector adds: those of an object, or `key`. */
export type KeyOf<Key> = 0 extends 1 & Key
  ? AnyRow
  : Key extends object
    ? Key
    : { readonly key: Key };

/** The columns of the key, which a result by key begins with. */
export type KeyColumns<Row, Key extends string> = 0 extends 1 & Row
  ? AnyRow
  : Pick<Row, Key & keyof Row>;
