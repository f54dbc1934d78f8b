/** The decorators of operator files, which the compiler reads and takes out (docs/sdk-operators.md). */
type __Class = abstract new (...values: any[]) => any;

/**
 * Columns of a stream, a field each: of the field's name, or what `@column` says, and of the type that the field's
 * own type and its decorators name (docs/sdk-operators.md). NOT NULL unless `@nullable`. The class becomes a
 * view: it has no constructor, extends nothing, and has at most 64 fields, none of them with an initial value.
 *
 *     @row
 *     class Payment {
 *       account!: Text;
 *       @nullable amount: f64;
 *       @timestamp(3) at: i64;
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED for a class or field that cannot be; JOB_INPUT_FIELD_MISSING where a stream lacks a column
 */
declare function row(target: __Class): void;
/**
 * Numbers that lie in state and are changed in place: of a window, or of a key. Fields are `bool`, `i8` to `i64`,
 * `f32` and `f64` without initial values; they begin as 0.
 *
 *     @accumulator
 *     class Extremes {
 *       lowest: f64;
 *       highest: f64;
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED for a field of another type, or an initial value
 */
declare function accumulator(target: __Class): void;
/**
 * Makes an operator of a class that extends a function of the SDK: under the class's own name, or under the
 * one that stands in brackets. The comment in front of the class is its documentation in the manifest.
 *
 *     @operator("shout")
 *     class Shout extends MapFunction<Word, Word> {
 *       map(value: Word, out: Word): void {
 *         out.word = value.word.toUpperAscii();
 *       }
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED for a class that is generic, abstract, or lacks the function's method; for two operators of one name
 */
declare function operator(target: __Class): void;
/** Registers the class under another name. */
declare function operator(name: string): (target: __Class) => void;
/**
 * Change modes of the input that the operator can work on; insert-only without it. Its `row.kind` tells the change.
 *
 *     @accepts("insert-only", "retract")
 *     @operator
 *     class DropDeletes extends FilterFunction<Word> {
 *       filter(value: Word): bool {
 *         return value.kind != RowKind.DELETE;
 *       }
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED for another mode; JOB_CHANGE_MODE_MISMATCH where a stream has one that is not accepted
 */
declare function accepts(
  ...modes: ("insert-only" | "retract" | "upsert")[]
): (target: __Class) => void;
/**
 * Change mode of the outputs, insert-only without it; `upsert` is followed by its key fields.
 *
 *     @emits("upsert", "word")
 *     @operator
 *     class LatestWord extends MapFunction<Word, Word> {
 *       map(value: Word, out: Word): void {
 *         out.word = value.word;
 *         out.kind = RowKind.UPDATE_AFTER;
 *       }
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED for another mode, or upsert without a key
 */
declare function emits(mode: string, ...key: string[]): (target: __Class) => void;
/**
 * HTTP endpoints that an AsyncFunction asks for: a cluster grants each by its name. The first is its default.
 *
 *     @http("rates", "backup")
 *     @operator
 *     class Rates extends AsyncFunction<Word, Counted> {
 *       asyncInvoke(value: Word, request: HttpRequest, out: ResultFuture<Counted>): void {
 *         request.to("backup").get("/rates").segment(value.word);
 *       }
 *       onResponse(value: Word, response: HttpResponse, out: ResultFuture<Counted>): void {
 *         out.row().n = response.body.parseInt(0);
 *         out.collect();
 *       }
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED on another function, or for a name that cannot be or is there twice; HTTP_ENDPOINT_NOT_GRANTED at submission where the cluster does not grant one
 */
declare function http(...endpoints: string[]): (target: __Class) => void;
/**
 * A side output and the class of its rows. They count from 1 in the order of the decorators: the function asks
 * for its Collector by that number, the job by the name (Flink: OutputTag).
 *
 *     @sideOutput("cold", Reading)
 *     @operator
 *     class SplitCold extends ProcessFunction<Reading, Reading> {
 *       private cold!: Collector<Reading>;
 *       openProcess(context: ProcessContext): void {
 *         this.cold = context.sideOutput<Reading>(1);
 *       }
 *       processElement(value: Reading, context: ProcessContext, out: Collector<Reading>): void {
 *         const to = value.degrees < 0 ? this.cold : out;
 *         to.row().device = value.device;
 *         to.collect();
 *       }
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED for a class without `@row`; JOB_UNKNOWN_OUTPUT where a job asks for another name
 */
declare function sideOutput(name: string, row: __Class): (target: __Class) => void;

/**
 * A value that a job may set, or must where the field has no initial value: `ops.above({ limit: 40 })`. `bool`,
 * `i32`, `i64`, `f64`, `string` or `Text`; an initial value is a literal. It has its value before open().
 *
 *     @operator
 *     class AboveLimitOf extends FilterFunction<Reading> {
 *       @parameter limit: f64 = 80;
 *       filter(value: Reading): bool {
 *         return value.degrees > this.limit;
 *       }
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED for another type; JOB_PARAMETER_MISSING, JOB_PARAMETER_UNKNOWN, JOB_PARAMETER_INVALID at submission
 */
declare function parameter(target: object, field: string): void;
/**
 * State of the current key under the field's name: ValueState, ListState, MapState; or BroadcastState. In
 * brackets another name, and the time to live in ms behind it. It is there from open() on.
 *
 *     @operator
 *     class CountWords extends KeyedProcessFunction<Word, Word, Counted> {
 *       @state count!: ValueState<i64>;
 *       @state("last hour", 3_600_000) recent!: ListState<Text>;
 *       processElement(value: Word, context: KeyedContext<Word>, out: Collector<Counted>): void {
 *         this.count.update(this.count.value() + 1);
 *         this.recent.add(value.word);
 *         out.row().n = this.count.value();
 *         out.collect();
 *       }
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED for another type, an initial value, two states of one name, or a function that has no such state
 */
declare function state(target: object, field: string): void;
/** State under another name; its values expire so many ms after their last change. */
declare function state(
  name: string,
  timeToLiveMs?: number,
): (target: object, field: string) => void;
/**
 * The column may be NULL. The row gets `amountIsNull` and `setAmountNull()`; what is NULL reads as 0, false or empty.
 *
 *     @row
 *     class Refund {
 *       @nullable amount: f64;
 *     }
 */
declare function nullable(target: object, field: string): void;
/**
 * The column's name, where no field can be named so.
 *
 *     @row
 *     class Extract {
 *       @column("of") source!: Text;
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED for a name that another field has
 */
declare function column(name: string): (target: object, field: string) => void;
/**
 * TIMESTAMP(precision) in an `i64`: ms since 1970 up to 3 digits, us up to 6, ns up to 9. Without a time zone.
 *
 *     @row
 *     class Departure {
 *       @timestamp(3) planned: i64;
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED on another type than `i64`, or for a precision above 9
 */
declare function timestamp(precision: i32): (target: object, field: string) => void;
/**
 * TIMESTAMP_LTZ(precision) in an `i64`: a point of time, in units as those of `@timestamp`.
 *
 *     @row
 *     class Login {
 *       @timestampLtz(3) at: i64;
 *     }
 *
 * @throws as `@timestamp`
 */
declare function timestampLtz(precision: i32): (target: object, field: string) => void;
/**
 * DATE in an `i32`: days since 1970.
 *
 *     @row
 *     class Birth {
 *       @date day: i32;
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED on another type
 */
declare function date(target: object, field: string): void;
/**
 * TIME(precision) since midnight: ms in an `i32` up to 3 digits; us up to 6 and ns up to 9 in an `i64`.
 *
 *     @row
 *     class Opening {
 *       @time(0) from: i32;
 *       @time(6) exactly: i64;
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED on another type, or for a precision above 9
 */
declare function time(precision: i32): (target: object, field: string) => void;
/**
 * CHAR(length) in a `Text`: so many characters, which the operator sees to.
 *
 *     @row
 *     class Country {
 *       @char(2) code!: Text;
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED on another type
 */
declare function char(length: i32): (target: object, field: string) => void;
/**
 * VARCHAR(length) in a `Text`: at most so many characters, which the operator sees to.
 *
 *     @row
 *     class Person {
 *       @varchar(80) name!: Text;
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED on another type
 */
declare function varchar(length: i32): (target: object, field: string) => void;
/**
 * BYTES in a `Text`: any bytes.
 *
 *     @row
 *     class Packet {
 *       @bytes payload!: Text;
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED on another type
 */
declare function bytes(target: object, field: string): void;
/**
 * Any type of Flink SQL that the field can hold; ARRAY, ROW, MAP, DECIMAL and BINARY in a `Value`.
 *
 *     @row
 *     class Receipt {
 *       @type("ARRAY<STRING NOT NULL>") items!: Value;
 *       @type("DECIMAL(10, 2)") total!: Value;
 *       @type("VARBINARY(16)") token!: Text;
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED for what is no type, or on a field that is not the one for it
 */
declare function type(sql: string): (target: object, field: string) => void;
/**
 * INTERVAL YEAR TO MONTH in an `i32`: months.
 *
 *     @row
 *     class Contract {
 *       @intervalYearMonth runsFor: i32;
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED on another type
 */
declare function intervalYearMonth(target: object, field: string): void;
/**
 * INTERVAL DAY TO SECOND(3) in an `i64`: ms.
 *
 *     @row
 *     class Shift {
 *       @intervalDaySecond lasts: i64;
 *     }
 *
 * @throws BUNDLE_COMPILE_FAILED on another type
 */
declare function intervalDaySecond(target: object, field: string): void;

/** Numbers have texts in AssemblyScript; its own declarations for editors leave that out. */
interface Number {
  toString(radix?: i32): string;
}
