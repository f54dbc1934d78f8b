/** The decorators of operator files, which the compiler reads and takes out (docs/sdk-operators.md). */
type __Class = abstract new (...values: any[]) => any;

/** Columns of a stream, a field each. */
declare function row(target: __Class): void;
/** Numbers that lie in the state of a window. */
declare function accumulator(target: __Class): void;
/** Registers the class under its own name. */
declare function operator(target: __Class): void;
/** Registers the class under another name. */
declare function operator(name: string): (target: __Class) => void;
/** Change modes of the input that the operator can work on. */
declare function accepts(
  ...modes: ("insert-only" | "retract" | "upsert")[]
): (target: __Class) => void;
/** Change mode of the outputs; `upsert` is followed by its key fields. */
declare function emits(mode: string, ...key: string[]): (target: __Class) => void;
/** HTTP endpoints that an AsyncFunction asks for: a cluster grants each by its name. The first is its default. */
declare function http(...endpoints: string[]): (target: __Class) => void;
/** A side output and the class of its rows. */
declare function sideOutput(name: string, row: __Class): (target: __Class) => void;

/** A value that a job may set, or must where the field has no initial value. */
declare function parameter(target: object, field: string): void;
/** State of the current key under the field's name: ValueState, ListState, MapState, BroadcastState. */
declare function state(target: object, field: string): void;
/** State under another name; its values expire so many ms after their last change. */
declare function state(
  name: string,
  timeToLiveMs?: number,
): (target: object, field: string) => void;
/** The column may be NULL. */
declare function nullable(target: object, field: string): void;
/** The column's name, where no field can be named so: `@column("of") source!: Text`. */
declare function column(name: string): (target: object, field: string) => void;
/** TIMESTAMP(precision): ms up to 3 digits, us up to 6, ns up to 9. */
declare function timestamp(precision: i32): (target: object, field: string) => void;
/** TIMESTAMP_LTZ(precision). */
declare function timestampLtz(precision: i32): (target: object, field: string) => void;
/** DATE: days since 1970. */
declare function date(target: object, field: string): void;
/** TIME(precision). */
declare function time(precision: i32): (target: object, field: string) => void;
/** CHAR(length). */
declare function char(length: i32): (target: object, field: string) => void;
/** VARCHAR(length). */
declare function varchar(length: i32): (target: object, field: string) => void;
/** BYTES. */
declare function bytes(target: object, field: string): void;
/** Any type of Flink SQL that the field can hold. */
declare function type(sql: string): (target: object, field: string) => void;
/** INTERVAL YEAR TO MONTH. */
declare function intervalYearMonth(target: object, field: string): void;
/** INTERVAL DAY TO SECOND(3). */
declare function intervalDaySecond(target: object, field: string): void;
