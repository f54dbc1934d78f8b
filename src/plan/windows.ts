/** Aggregates of the DataStream builder. */
import type { AggregateSpec } from "./builtin-windows.ts";
import type { AnyRow } from "./row-type.ts";

/**
 * A built-in aggregate over the column `Reads`, whose result is the column `Name`; `as` gives it
 * another name.
 */
export class Aggregate<
  Name extends string = string,
  Reads extends string = AnyRow,
  Fn extends AggregateSpec["fn"] = AnyRow,
> {
  readonly spec: AggregateSpec & { readonly fn: Fn };
  /** Never there: it carries the types. */
  declare readonly "~types"?: { readonly name: Name; readonly reads: Reads };

  constructor(spec: AggregateSpec & { readonly fn: Fn }) {
    this.spec = spec;
  }

  /** The same aggregate under another name: `avg("celsius").as("mean")`. */
  as<Other extends string>(name: Other): Aggregate<Other, Reads, Fn> {
    return new Aggregate({ ...this.spec, as: name });
  }
}

/** Columns that an aggregate adds to rows that have the columns of `Row`. */
type ResultOf<Row, A> =
  A extends Aggregate<infer Name, infer Reads, infer Fn>
    ? { readonly [N in Name]: ResultValue<Row, Reads, Fn> }
    : never;
type ResultValue<Row, Reads, Fn> = Fn extends "count"
  ? bigint
  : Fn extends "avg"
    ? number
    : Reads extends keyof Row
      ? Row[Reads]
      : AnyRow;
type Both<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void
  ? I
  : never;
/** Columns that all of some aggregates add. */
export type ResultsOf<Row, List extends readonly Aggregate[]> = Both<ResultOf<Row, List[number]>>;

function aggregateOf<Fn extends "sum" | "min" | "max" | "avg", Field extends string>(
  fn: Fn,
  field: Field,
): Aggregate<`${Fn}_${Field}`, Field, Fn> {
  return new Aggregate({ fn, field, as: `${fn}_${field}` } as AggregateSpec & { fn: Fn });
}

/**
 * Number of rows, or of those whose `field` is not NULL; result `count` or `count_FIELD`.
 *
 *     keyed.window(assigner).aggregate(count(), count("celsius").as("measured"));
 *
 * @throws JOB_FIELD_UNKNOWN at submission
 */
export function count(): Aggregate<"count", never, "count">;
export function count<F extends string>(field: F): Aggregate<`count_${F}`, F, "count">;
export function count(field?: string): Aggregate<AnyRow> {
  if (field === undefined) return new Aggregate({ fn: "count", as: "count" });
  return new Aggregate({ fn: "count", field, as: `count_${field}` });
}
/**
 * Sum, of the field's own type; integers wrap. Result `sum_FIELD`.
 *
 *     keyed.window(assigner).aggregate(sum("amount"));
 *
 * @throws JOB_FIELD_UNKNOWN, JOB_FIELD_TYPE at submission
 */
export function sum<F extends string>(field: F): Aggregate<`sum_${F}`, F, "sum"> {
  return aggregateOf("sum", field);
}
/**
 * Smallest value; result `min_FIELD`.
 *
 *     keyed.window(assigner).aggregate(min("celsius"));
 *
 * @throws JOB_FIELD_UNKNOWN, JOB_FIELD_TYPE at submission
 */
export function min<F extends string>(field: F): Aggregate<`min_${F}`, F, "min"> {
  return aggregateOf("min", field);
}
/**
 * Largest value; result `max_FIELD`.
 *
 *     keyed.window(assigner).aggregate(max("celsius"), count());
 *
 * @throws JOB_FIELD_UNKNOWN, JOB_FIELD_TYPE at submission
 */
export function max<F extends string>(field: F): Aggregate<`max_${F}`, F, "max"> {
  return aggregateOf("max", field);
}
/**
 * Mean as DOUBLE; result `avg_FIELD`, NULL where the column is NULL in all rows.
 *
 *     keyed.window(assigner).aggregate(avg("celsius").as("mean"));
 *
 * @throws JOB_FIELD_UNKNOWN, JOB_FIELD_TYPE at submission
 */
export function avg<F extends string>(field: F): Aggregate<`avg_${F}`, F, "avg"> {
  return aggregateOf("avg", field);
}
