/** Rows of the conformance operators. */
import { Text } from "millrace/sdk";

/** An element of a case: key and value. */
@row
export class Event {
  k!: Text;
  v: i64;
}

/** A result of a window function that sees all elements. */
@row
export class WindowResult {
  k!: Text;
  /** The values, as JSON. */
  v!: Text;
  /** Calls of this window's and of this key's function so far. */
  n1: i64;
  n2: i64;
  window_start: i64;
  window_end: i64;
  cw: i64;
  fired_by: i32;
  timer: i64;
}

/** A result of an aggregate function; key and window stand around it. */
@row
export class SumResult {
  sum: i64;
  count: i64;
  cw: i64;
  fired_by: i32;
  timer: i64;
}

@accumulator
export class Sum {
  sum: i64;
  count: i64;
}

@accumulator
export class Calls {
  count: i64;
}
