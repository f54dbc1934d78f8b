/** An author's own evictor: which elements of a window leave (Flink: Evictor). */
import { BatchReader } from "../batch-reader";
import { OpenConfig } from "../open-config";
import { processingTime } from "../processing-time";
import { RowView } from "../row";
import { WindowEvictor } from "./evictor";
import { TimeWindow } from "./time-window";

/**
 * What an evictor may ask (Flink: Evictor.EvictorContext).
 *
 *     class OfLastMinute extends Evictor<Reading> {
 *       evictBefore(elements: EvictableElements<Reading>, window: TimeWindow, context: EvictorContext): void {
 *         const oldest = context.currentProcessingTime - 60_000;
 *         for (let i = 0; i < elements.length; i++) {
 *           if (elements.hasTimestamp(i) && elements.timestamp(i) < oldest) elements.remove(i);
 *         }
 *       }
 *     }
 */
export class EvictorContext {
  /** The watermark, ms; i64.MIN_VALUE before the first. */
  currentWatermark: i64 = i64.MIN_VALUE;

  /** The worker's clock, ms since 1970. */
  get currentProcessingTime(): i64 {
    return processingTime();
  }
}

/**
 * The elements of a window, in order of arrival, of which some may leave (Flink gives the evictor an
 * Iterable of TimestampedValue).
 *
 *     class KeepTwo extends Evictor<Reading> {
 *       evictBefore(elements: EvictableElements<Reading>, window: TimeWindow, context: EvictorContext): void {
 *         for (let i = 0; i < elements.length - 2; i++) elements.remove(i);
 *       }
 *     }
 *
 * @throws OPERATOR_FAILED for an index out of range
 */
export class EvictableElements<In extends RowView> {
  /** How many there are; remove() does not change it. */
  length: i32 = 0;
  private order: StaticArray<i32> = new StaticArray<i32>(0);
  private reader: BatchReader | null = null;
  private keep: Uint8Array = new Uint8Array(0);

  /** @internal The runtime makes it. */
  constructor(private view: In) {}

  /** The i-th element; one view serves all. */
  at(i: i32): In {
    this.view.__index = this.order[i];
    return this.view;
  }

  /** Whether the i-th element has a timestamp. */
  hasTimestamp(i: i32): bool {
    return this.reader!.hasTimestamp(this.order[i]);
  }

  /** Its timestamp, ms; only where hasTimestamp(i). */
  timestamp(i: i32): i64 {
    return this.reader!.timestamp(this.order[i]);
  }

  /** Takes the i-th element out of the window. */
  remove(i: i32): void {
    this.keep[this.order[i]] = 0;
  }

  __over(reader: BatchReader, count: i32, keep: Uint8Array): void {
    if (this.order.length < count) this.order = new StaticArray<i32>(count);
    this.length = 0;
    for (let i = 0; i < count; i++) if (keep[i]) this.order[this.length++] = i;
    this.reader = reader;
    this.keep = keep;
    this.view.__attach(reader);
  }
}

/**
 * An evictor of an author's. Answer an instance in the window function's `evictor()`; all elements of a window
 * are kept then, also for an aggregate.
 *
 *     class WithoutFrost extends Evictor<Reading> {
 *       evictBefore(elements: EvictableElements<Reading>, window: TimeWindow, context: EvictorContext): void {
 *         for (let i = 0; i < elements.length; i++) if (elements.at(i).degrees < 0) elements.remove(i);
 *       }
 *     }
 */
export abstract class Evictor<In extends RowView> extends WindowEvictor {
  private input: In = instantiate<In>();
  private elements!: EvictableElements<In>;
  private context: EvictorContext = new EvictorContext();
  private window: TimeWindow = new TimeWindow();

  /** Called before the window's function: what is removed, it does not see, nor any later call. */
  evictBefore(elements: EvictableElements<In>, window: TimeWindow, context: EvictorContext): void {}

  /** Called after the window's function, with what is left: what is removed, no later call sees. */
  evictAfter(elements: EvictableElements<In>, window: TimeWindow, context: EvictorContext): void {}

  /** @internal */
  bind(config: OpenConfig): void {
    this.input.__bindInput(config.inputs[0]);
    this.elements = new EvictableElements<In>(this.input);
  }

  /** @internal */
  enter(window: TimeWindow, watermark: i64): void {
    this.window = window;
    this.context.currentWatermark = watermark;
  }

  /** @internal */
  markBefore(elements: BatchReader, count: i32, keep: Uint8Array): void {
    this.elements.__over(elements, count, keep);
    this.evictBefore(this.elements, this.window, this.context);
  }

  /** @internal */
  markAfter(elements: BatchReader, count: i32, keep: Uint8Array): void {
    this.elements.__over(elements, count, keep);
    this.evictAfter(this.elements, this.window, this.context);
  }
}
