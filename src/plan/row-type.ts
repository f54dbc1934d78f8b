/** Types of rows as functions of the job file see them: for the editor; nothing of it runs. */
import type { LogicalType, Schema } from "../protocol/types.ts";

/** A row of which nothing is known to the editor; the compiler knows its columns all the same. */
// biome-ignore lint/suspicious/noExplicitAny: columns of any type
export type RowType = any;

/** The row of a schema that is written out `as const`. */
export type RowOf<S extends Schema> = string extends S[number]["name"]
  ? RowType
  : { readonly [F in S[number] as F["name"]]: ValueOf<F["type"]> };

/** What a column's values are; nullable unless the type says otherwise, as in SQL. */
export type ValueOf<L extends LogicalType> = L extends { readonly nullable: false }
  ? PresentValue<L>
  : PresentValue<L> | null;

type PresentValue<L extends LogicalType> = L["type"] extends
  | "TINYINT"
  | "SMALLINT"
  | "INT"
  | "FLOAT"
  | "DOUBLE"
  | "TIMESTAMP"
  | "TIMESTAMP_LTZ"
  ? number
  : L["type"] extends "BIGINT"
    ? bigint
    : L["type"] extends "CHAR" | "VARCHAR" | "STRING"
      ? string
      : L["type"] extends "BOOLEAN"
        ? boolean
        : Opaque;

/** A column that can be passed on, not computed with. */
export interface Opaque {
  readonly opaque: unique symbol;
}

/** What windows add to their results: ms since 1970. */
export interface WindowBounds {
  readonly window_start: number;
  readonly window_end: number;
}

/** An aggregate made of functions (Flink: AggregateFunction); each gives a new accumulator. */
export interface AggregateFunctions<T, A extends object, R extends object> {
  createAccumulator: () => A;
  add: (value: T, accumulator: A) => A;
  getResult: (accumulator: A) => R;
  merge?: (a: A, b: A) => A;
}

/** A window's result: the fields of the key, those of the aggregate, the window's bounds. */
export type AggregateResult<T, R> = Pick<T, Exclude<keyof T, keyof R>> & R & WindowBounds;

/** The fields that a key selector adds: those of an object, or `key`. */
export type KeyFields<K> = K extends object ? K : { readonly key: K };
