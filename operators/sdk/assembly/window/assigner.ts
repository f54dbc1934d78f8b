/**
 * Window assigners (Flink: org.apache.flink.streaming.api.windowing.assigners): the windows into
 * which an element goes.
 */
import { BatchReader } from "../batch-reader";
import { JsonValue } from "../config-json";
import { OpenStream } from "../open-config";
import { RowView } from "../row";
import { GLOBAL_END, GLOBAL_START, windowStart } from "./time-window";

const SESSION_GAP_NOT_POSITIVE: string = "gap: it must be positive";

/**
 * Finds the windows into which an element goes (Flink: WindowAssigner). The SDK has Flink's, which a job
 * names; an author extends DynamicSessionWindows.
 *
 *     // In a function over windows:
 *     assigner(): WindowAssigner | null {
 *       return new QuietTime(true); // by event time
 *     }
 *
 * @throws OPERATOR_OPEN_FAILED for a configuration that cannot be
 */
export abstract class WindowAssigner {
  /** @internal Windows of the last assign(), in the order in which they are visited. */
  count: i32 = 0;
  /** @internal Where they start. */
  starts: StaticArray<i64> = new StaticArray<i64>(1);
  /** @internal Where they end, exclusive. */
  ends: StaticArray<i64> = new StaticArray<i64>(1);
  /** @internal Why the last assign() refused the element; null: it did not. */
  failure: string | null = null;

  /** Windows of the elements' timestamps; or, where `eventTime` is false, of the clock. */
  constructor(readonly eventTime: bool) {}

  /** @internal Whether windows of a key that overlap or touch become one. */
  get merges(): bool {
    return false;
  }

  /** @internal Whether there is but one window, of everything. */
  get global(): bool {
    return false;
  }

  /** @internal Whether an element without a timestamp is refused. */
  get needsTimestamp(): bool {
    return this.eventTime;
  }

  /** @internal What is wrong with the configuration, or null. */
  fault(): string | null {
    return null;
  }

  /** @internal Called once with the input. */
  bind(input: OpenStream): void {}
  /** @internal Called for each batch before its elements. */
  attach(reader: BatchReader): void {}

  /**
   * @internal Finds the windows of an element.
   * @param time its timestamp (the smallest int64: none), or the clock
   */
  abstract assign(time: i64, row: i32): void;

  /** Adds a window to those of the element. */
  protected add(start: i64, end: i64): void {
    if (this.count == this.starts.length) {
      const starts = new StaticArray<i64>(this.count * 2);
      const ends = new StaticArray<i64>(this.count * 2);
      for (let i = 0; i < this.count; i++) {
        starts[i] = this.starts[i];
        ends[i] = this.ends[i];
      }
      this.starts = starts;
      this.ends = ends;
    }
    unchecked((this.starts[this.count] = start));
    unchecked((this.ends[this.count] = end));
    this.count++;
  }
}

/** Windows of one size, side by side. */
export class TumblingWindows extends WindowAssigner {
  constructor(
    eventTime: bool,
    /** ms. */
    readonly size: i64,
    /** Moves the windows' starts; negative too. */
    readonly offset: i64,
  ) {
    super(eventTime);
  }

  fault(): string | null {
    if (this.size <= 0) return "size: a window's size must be positive";
    if (this.offset > -this.size && this.offset < this.size) return null;
    return "offset: its absolute value must be below the window's size";
  }

  assign(time: i64, row: i32): void {
    const start = windowStart(time, this.offset, this.size);
    this.count = 0;
    this.add(start, start + this.size);
  }
}

/** Windows of one size that begin every `slide` ms; the latest is visited first. */
export class SlidingWindows extends WindowAssigner {
  constructor(
    eventTime: bool,
    readonly size: i64,
    readonly slide: i64,
    readonly offset: i64,
  ) {
    super(eventTime);
  }

  fault(): string | null {
    if (this.size <= 0) return "size: a window's size must be positive";
    if (this.slide <= 0) return "slide: it must be positive";
    if (this.offset > -this.slide && this.offset < this.slide) return null;
    return "offset: its absolute value must be below the slide";
  }

  assign(time: i64, row: i32): void {
    this.count = 0;
    const before = time - this.size;
    for (let start = windowStart(time, this.offset, this.slide); start > before; ) {
      this.add(start, start + this.size);
      const next = start - this.slide;
      if (next > start) return;
      start = next;
    }
  }
}

/**
 * Windows that grow by `step` from a common start until they are `size` long (Flink: the CUMULATE
 * table function); the shortest is visited first.
 */
export class CumulativeWindows extends WindowAssigner {
  constructor(
    eventTime: bool,
    readonly size: i64,
    readonly step: i64,
    readonly offset: i64,
  ) {
    super(eventTime);
  }

  fault(): string | null {
    if (this.size <= 0) return "size: a window's size must be positive";
    if (this.step <= 0) return "step: it must be positive";
    if (this.size % this.step != 0) return "size: it must be a multiple of the step";
    if (this.offset > -this.size && this.offset < this.size) return null;
    return "offset: its absolute value must be below the window's size";
  }

  assign(time: i64, row: i32): void {
    this.count = 0;
    const start = windowStart(time, this.offset, this.size);
    const steps = (time - start) / this.step + 1;
    for (let i = steps; i <= this.size / this.step; i++) this.add(start, start + i * this.step);
  }
}

/** Windows of activity, closed by a gap without elements. */
export class SessionWindows extends WindowAssigner {
  constructor(
    eventTime: bool,
    readonly gap: i64,
  ) {
    super(eventTime);
  }

  get merges(): bool {
    return true;
  }

  /** Flink's session windows take the smallest timestamp for none. */
  get needsTimestamp(): bool {
    return false;
  }

  fault(): string | null {
    return this.gap > 0 ? null : SESSION_GAP_NOT_POSITIVE;
  }

  assign(time: i64, row: i32): void {
    this.count = 0;
    this.add(time, time + this.gap);
  }
}

/** Session windows whose gap is a column of the element. */
export class ColumnGapSessionWindows extends WindowAssigner {
  private node: i32 = -1;
  private data: usize = 0;

  constructor(
    eventTime: bool,
    private field: string,
  ) {
    super(eventTime);
  }

  get merges(): bool {
    return true;
  }

  get needsTimestamp(): bool {
    return false;
  }

  bind(input: OpenStream): void {
    this.node = input.indexOf(this.field);
  }

  fault(): string | null {
    return this.node < 0 ? "gapField: there is no column " + this.field : null;
  }

  attach(reader: BatchReader): void {
    this.data = reader.data(this.node);
  }

  assign(time: i64, row: i32): void {
    const gap = load<i64>(this.data + (<usize>row << 3));
    this.count = 0;
    this.failure = gap > 0 ? null : SESSION_GAP_NOT_POSITIVE;
    this.add(time, time + gap);
  }
}

/**
 * Session windows whose gap the author's class tells for each element (Flink: EventTimeSessionWindows and
 * ProcessingTimeSessionWindows.withDynamicGap, SessionWindowTimeGapExtractor): answer an instance in the
 * window function's `assigner()`.
 *
 *     class QuietTime extends DynamicSessionWindows<Reading> {
 *       extract(value: Reading): i64 {
 *         return value.degrees > 40 ? 1_000 : 60_000;
 *       }
 *     }
 *
 * @throws ROW_FAILED, by `onRowError`, for a gap that is not positive
 */
export abstract class DynamicSessionWindows<In extends RowView> extends WindowAssigner {
  private input: In = instantiate<In>();

  /** @internal */
  get merges(): bool {
    return true;
  }

  /** @internal */
  get needsTimestamp(): bool {
    return false;
  }

  /** The gap in ms behind this element; an element with a gap that is not positive is refused. */
  abstract extract(value: In): i64;

  /** @internal */
  bind(input: OpenStream): void {
    this.input.__bindInput(input);
  }

  /** @internal */
  attach(reader: BatchReader): void {
    this.input.__attach(reader);
  }

  /** @internal */
  assign(time: i64, row: i32): void {
    this.input.__index = row;
    const gap = this.extract(this.input);
    this.count = 0;
    this.failure = gap > 0 ? null : SESSION_GAP_NOT_POSITIVE;
    this.add(time, time + gap);
  }
}

/** One window of everything: it fires by its trigger only, by default never. */
export class GlobalWindows extends WindowAssigner {
  constructor() {
    super(true);
  }

  get global(): bool {
    return true;
  }

  get needsTimestamp(): bool {
    return false;
  }

  assign(time: i64, row: i32): void {
    this.count = 0;
    this.add(GLOBAL_START, GLOBAL_END);
  }
}

/**
 * The assigner that parameters {assigner?: tumbling|sliding|cumulative|session|global, time?:
 * event|processing, size, slide, step, offset, gap, gapField} name; null: there is none such.
 */
export function assignerOf(p: JsonValue): WindowAssigner | null {
  const type = p.get("assigner").string("tumbling");
  const eventTime = p.get("time").string("event") == "event";
  const size = p.get("size").long(0);
  const offset = p.get("offset").long(0);
  if (type == "tumbling") return new TumblingWindows(eventTime, size, offset);
  if (type == "sliding") return new SlidingWindows(eventTime, size, p.get("slide").long(0), offset);
  if (type == "cumulative") {
    return new CumulativeWindows(eventTime, size, p.get("step").long(0), offset);
  }
  if (type == "session") {
    const field = p.get("gapField");
    if (!field.isNull()) return new ColumnGapSessionWindows(eventTime, field.string(""));
    return new SessionWindows(eventTime, p.get("gap").long(0));
  }
  return type == "global" ? new GlobalWindows() : null;
}
