/**
 * Logical types: Flink SQL's, as they stand in schemas, job specs and self-descriptions.
 *
 * The text form is Flink's (`DECIMAL(10, 2) NOT NULL`); this is its parsed form. Types are nullable
 * unless `nullable` is false, as in SQL.
 */
export type LogicalType =
  | { readonly type: "BOOLEAN"; readonly nullable?: boolean }
  | { readonly type: "TINYINT"; readonly nullable?: boolean }
  | { readonly type: "SMALLINT"; readonly nullable?: boolean }
  | { readonly type: "INT"; readonly nullable?: boolean }
  | { readonly type: "BIGINT"; readonly nullable?: boolean }
  | { readonly type: "FLOAT"; readonly nullable?: boolean }
  | { readonly type: "DOUBLE"; readonly nullable?: boolean }
  | {
      readonly type: "DECIMAL";
      readonly precision: number;
      readonly scale: number;
      readonly nullable?: boolean;
    }
  | { readonly type: "CHAR"; readonly length: number; readonly nullable?: boolean }
  | { readonly type: "VARCHAR"; readonly length: number; readonly nullable?: boolean }
  | { readonly type: "STRING"; readonly nullable?: boolean }
  | { readonly type: "BINARY"; readonly length: number; readonly nullable?: boolean }
  | { readonly type: "VARBINARY"; readonly length: number; readonly nullable?: boolean }
  | { readonly type: "BYTES"; readonly nullable?: boolean }
  | { readonly type: "DATE"; readonly nullable?: boolean }
  | { readonly type: "TIME"; readonly precision: number; readonly nullable?: boolean }
  | { readonly type: "TIMESTAMP"; readonly precision: number; readonly nullable?: boolean }
  | { readonly type: "TIMESTAMP_LTZ"; readonly precision: number; readonly nullable?: boolean }
  | { readonly type: "INTERVAL_YEAR_MONTH"; readonly nullable?: boolean }
  | {
      readonly type: "INTERVAL_DAY_SECOND";
      readonly precision: number;
      readonly nullable?: boolean;
    }
  | { readonly type: "ROW"; readonly fields: readonly Field[]; readonly nullable?: boolean }
  | { readonly type: "ARRAY"; readonly element: LogicalType; readonly nullable?: boolean }
  | {
      readonly type: "MAP";
      readonly key: LogicalType;
      readonly value: LogicalType;
      readonly nullable?: boolean;
    };

/** A named column or row field. */
export interface Field {
  readonly name: string;
  readonly type: LogicalType;
}

/** The columns of a stream, in order. */
export type Schema = readonly Field[];

/** What the rows of an edge mean (Flink: ChangelogMode). */
export type ChangeMode =
  | { readonly mode: "insert-only" }
  | { readonly mode: "retract" }
  | { readonly mode: "upsert"; readonly key: readonly string[] };

/** Change of one row, as stored in the change lane. Values are part of the format. */
export const ROW_KIND = { insert: 0, updateBefore: 1, updateAfter: 2, delete: 3 } as const;
