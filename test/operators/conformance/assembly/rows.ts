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

/** The key of a case. */
@row
export class CaseKey {
  k!: Text;
}

/** An element of a script: with the number of its program. */
@row
export class ScriptEvent {
  k!: Text;
  v: i64;
  f: i64;
}

/** What a script emits. */
@row
export class ScriptResult {
  @nullable k!: Text;
  op!: Text;
  /** JSON. */
  v!: Text;
  fired_by: i32;
  timer: i64;
}

/** The result of an aggregating state. */
@row
export class SumAndCount {
  sum: i64;
  count: i64;
}

/** What a script gives to its side output. */
@row
export class SideResult {
  @nullable k!: Text;
  v: i64;
  fired_by: i32;
  timer: i64;
}

/** A pair of an interval join. */
@row
export class JoinResult {
  k!: Text;
  left: i64;
  right: i64;
  left_time: i64;
  right_time: i64;
}

/** A result of two streams in one window. */
@row
export class CoGroupResult {
  k!: Text;
  /** JSON. */
  v!: Text;
  fired_by: i32;
  timer: i64;
}

/** An event of a pattern case: with the number of its step. */
@row
export class CaseEvent {
  k!: Text;
  v: i64;
  i: i64;
}

/** A match: the steps of its events by stage, as JSON. */
@row
export class MatchResult {
  k!: Text;
  m!: Text;
}

/** An element of an asynchronous case: the number of its step. */
@row
export class AsyncEvent {
  e: i64;
  v: i64;
}

/** A result of an asynchronous case. */
@row
export class AsyncResult {
  e: i64;
  v: i64;
}

/** An element of a case of a watermark strategy: `f` may be its time. */
@row
export class TimedEvent {
  v: i64;
  f: i64;
}

/** A step of a case of the multiplexer. */
@row
export class MultiplexerStep {
  op!: Text;
  o!: Text;
  mode!: Text;
  t: i64;
}
