/**
 * Evictors (Flink: org.apache.flink.streaming.api.windowing.evictors): which elements of a window
 * leave before or after its function is called. Elements stand in the order of their arrival.
 */
import { BatchReader } from "../batch-reader";
import { JsonValue } from "../config-json";
import { TYPE_DOUBLE } from "../layout";
import { OpenConfig, OpenStream } from "../open-config";
import { TimeWindow } from "./time-window";

/**
 * What `evictor()` of a window function gives; null: the job's. An evictor of your own extends Evictor.
 *
 *     evictor(): WindowEvictor | null {
 *       return new WithoutFrost(); // see Evictor
 *     }
 */
export abstract class WindowEvictor {
  /** Called once, with what the operator was opened with. */
  bind(config: OpenConfig): void {}

  /** Says which window the next calls are about, and the watermark. */
  enter(window: TimeWindow, watermark: i64): void {}

  /** Before the function: marks the elements that leave, keep[i] = 0. `count` elements, all marked 1. */
  abstract markBefore(elements: BatchReader, count: i32, keep: Uint8Array): void;

  /** After the function; what left before it is marked 0. */
  abstract markAfter(elements: BatchReader, count: i32, keep: Uint8Array): void;
}

/** One that does its work on one side of the function. */
export abstract class OneSidedEvictor extends WindowEvictor {
  /** After the function instead of before it. */
  after: bool = false;

  /** Marks the elements that leave: keep[i] = 0. `count` elements, all marked 1 before. */
  abstract evict(elements: BatchReader, count: i32, keep: Uint8Array): void;

  markBefore(elements: BatchReader, count: i32, keep: Uint8Array): void {
    if (!this.after) this.evict(elements, count, keep);
  }

  markAfter(elements: BatchReader, count: i32, keep: Uint8Array): void {
    if (this.after) this.evict(elements, count, keep);
  }

  /** From parameters {type: count|time|delta, after?, n? | size? | threshold?, field?, delta?}. */
  static of(spec: JsonValue, stream: OpenStream): WindowEvictor | null {
    const type = spec.get("type").string("");
    let evictor: OneSidedEvictor | null = null;
    if (type == "count") evictor = new CountEvictor(spec.get("n").long(0));
    else if (type == "time") evictor = new TimeEvictor(spec.get("size").long(0));
    else if (type == "delta") {
      const column = stream.indexOf(spec.get("field").string(""));
      if (column < 0) return null;
      const floating = stream.columns[column].type == TYPE_DOUBLE;
      const absolute = spec.get("delta").string("signed") == "abs";
      const threshold = spec.get("threshold").double(0);
      evictor = new DeltaEvictor(column, floating, threshold, absolute);
    }
    if (evictor !== null) evictor.after = spec.get("after").bool(false);
    return evictor;
  }
}

/** Keeps the last n elements. */
export class CountEvictor extends OneSidedEvictor {
  constructor(private n: i64) {
    super();
  }

  evict(elements: BatchReader, count: i32, keep: Uint8Array): void {
    for (let i = 0; <i64>i < <i64>count - this.n; i++) keep[i] = 0;
  }
}

/**
 * Drops elements whose timestamp is at or before the largest one less `size`; does nothing where
 * the first element has no timestamp.
 */
export class TimeEvictor extends OneSidedEvictor {
  constructor(private size: i64) {
    super();
  }

  evict(elements: BatchReader, count: i32, keep: Uint8Array): void {
    if (count == 0 || !elements.hasTimestamp(0)) return;
    let largest: i64 = i64.MIN_VALUE;
    for (let i = 0; i < count; i++) {
      if (elements.hasTimestamp(i)) largest = max(largest, elements.timestamp(i));
    }
    const cutoff = largest - this.size;
    for (let i = 0; i < count; i++) {
      const timestamp = elements.hasTimestamp(i) ? elements.timestamp(i) : i64.MIN_VALUE;
      if (timestamp <= cutoff) keep[i] = 0;
    }
  }
}

/** Drops elements for which (last element - element), or its absolute value, is >= threshold. */
export class DeltaEvictor extends OneSidedEvictor {
  constructor(
    private column: i32,
    private floating: bool,
    private threshold: f64,
    private absolute: bool,
  ) {
    super();
  }

  evict(elements: BatchReader, count: i32, keep: Uint8Array): void {
    if (count == 0) return;
    const data = elements.data(this.column);
    const last = this.valueAt(data, count - 1);
    for (let i = 0; i < count; i++) {
      let delta = last - this.valueAt(data, i);
      if (this.absolute) delta = Math.abs(delta);
      if (delta >= this.threshold) keep[i] = 0;
    }
  }

  private valueAt(data: usize, i: i32): f64 {
    const at = data + ((<usize>i) << 3);
    return this.floating ? load<f64>(at) : <f64>load<i64>(at);
  }
}
