/** Triggers that fire by event time or by the clock. */
import { TimeWindow } from "./time-window";
import { TriggerContext, TriggerResult, WindowTrigger } from "./trigger";

/** Fires when the watermark passes the end of the window, and again for each late element. */
export class EventTimeTrigger extends WindowTrigger {
  elementAdded(row: i32, timestamp: i64, window: TimeWindow, context: TriggerContext): i32 {
    if (window.maxTimestamp <= context.getCurrentWatermark()) return TriggerResult.FIRE;
    context.registerEventTimeTimer(window.maxTimestamp);
    return TriggerResult.CONTINUE;
  }

  onEventTime(time: i64, window: TimeWindow, context: TriggerContext): i32 {
    return time == window.maxTimestamp ? TriggerResult.FIRE : TriggerResult.CONTINUE;
  }

  canMerge(): bool {
    return true;
  }

  /** Where the watermark has passed the end, the element that made the windows merge fires. */
  onMerge(window: TimeWindow, context: TriggerContext): void {
    const last = window.maxTimestamp;
    if (last > context.getCurrentWatermark()) context.registerEventTimeTimer(last);
  }

  clear(window: TimeWindow, context: TriggerContext): void {
    context.deleteEventTimeTimer(window.maxTimestamp);
  }
}

/** Fires when the clock passes the end of the window. */
export class ProcessingTimeTrigger extends WindowTrigger {
  elementAdded(row: i32, timestamp: i64, window: TimeWindow, context: TriggerContext): i32 {
    context.registerProcessingTimeTimer(window.maxTimestamp);
    return TriggerResult.CONTINUE;
  }

  onProcessingTime(time: i64, window: TimeWindow, context: TriggerContext): i32 {
    return TriggerResult.FIRE;
  }

  canMerge(): bool {
    return true;
  }

  onMerge(window: TimeWindow, context: TriggerContext): void {
    const last = window.maxTimestamp;
    if (last > context.getCurrentProcessingTime()) context.registerProcessingTimeTimer(last);
  }

  clear(window: TimeWindow, context: TriggerContext): void {
    context.deleteProcessingTimeTimer(window.maxTimestamp);
  }
}

/** Of the continuous triggers' state: u64 1 if a next firing is set, i64 its time. */
const NEXT_SET: usize = 0;
const NEXT_TIME: usize = 8;

/** Fires every `interval` ms, on a grid. */
abstract class ContinuousTrigger extends WindowTrigger {
  constructor(protected interval: i64) {
    super();
  }

  fault(): string | null {
    return this.interval > 0 ? null : "trigger.interval: it must be positive";
  }

  stateBytes(): i32 {
    return 16;
  }

  canMerge(): bool {
    return true;
  }

  /** Sets the timer in the trigger's kind of time. */
  protected abstract register(time: i64, context: TriggerContext): void;
  protected abstract unregister(time: i64, context: TriggerContext): void;

  protected hasNext(context: TriggerContext): bool {
    return load<u64>(this.at(context), NEXT_SET) != 0;
  }

  /** Flink's grid: the remainder is truncated, so before 1970 the first firing is one interval later. */
  protected startGrid(time: i64, window: TimeWindow, context: TriggerContext): void {
    this.setNext(time - (time % this.interval), window, context);
  }

  protected setNext(before: i64, window: TimeWindow, context: TriggerContext): void {
    const next = min(before + this.interval, window.maxTimestamp);
    store<u64>(this.at(context), 1, NEXT_SET);
    store<i64>(this.at(context), next, NEXT_TIME);
    this.register(next, context);
  }

  protected fireAt(time: i64, window: TimeWindow, context: TriggerContext): i32 {
    const state = this.at(context);
    if (load<u64>(state, NEXT_SET) == 0 || load<i64>(state, NEXT_TIME) != time) {
      return TriggerResult.CONTINUE;
    }
    this.setNext(time, window, context);
    return TriggerResult.FIRE;
  }

  /** The earliest of the merged windows' next firings. */
  onMerge(window: TimeWindow, context: TriggerContext): void {
    const state = this.at(context);
    for (let i = 0; i < context.mergedCount; i++) {
      const part = this.mergedAt(context, i);
      if (load<u64>(part, NEXT_SET) == 0) continue;
      const next = load<i64>(part, NEXT_TIME);
      const earlier = load<u64>(state, NEXT_SET) == 0 || next < load<i64>(state, NEXT_TIME);
      if (earlier) store<i64>(state, next, NEXT_TIME);
      store<u64>(state, 1, NEXT_SET);
    }
    if (this.hasNext(context)) this.register(load<i64>(state, NEXT_TIME), context);
  }

  clear(window: TimeWindow, context: TriggerContext): void {
    if (!this.hasNext(context)) return;
    this.unregister(load<i64>(this.at(context), NEXT_TIME), context);
    store<u64>(this.at(context), 0, NEXT_SET);
    store<i64>(this.at(context), 0, NEXT_TIME);
  }
}

/** Fires every `interval` ms of event time, and at the end of the window. */
export class ContinuousEventTimeTrigger extends ContinuousTrigger {
  elementAdded(row: i32, timestamp: i64, window: TimeWindow, context: TriggerContext): i32 {
    if (window.maxTimestamp <= context.getCurrentWatermark()) return TriggerResult.FIRE;
    context.registerEventTimeTimer(window.maxTimestamp);
    if (!this.hasNext(context)) this.startGrid(timestamp, window, context);
    return TriggerResult.CONTINUE;
  }

  onEventTime(time: i64, window: TimeWindow, context: TriggerContext): i32 {
    if (time == window.maxTimestamp) return TriggerResult.FIRE;
    return this.fireAt(time, window, context);
  }

  protected register(time: i64, context: TriggerContext): void {
    context.registerEventTimeTimer(time);
  }

  protected unregister(time: i64, context: TriggerContext): void {
    context.deleteEventTimeTimer(time);
  }
}

/** Fires every `interval` ms by the clock. */
export class ContinuousProcessingTimeTrigger extends ContinuousTrigger {
  elementAdded(row: i32, timestamp: i64, window: TimeWindow, context: TriggerContext): i32 {
    if (!this.hasNext(context)) this.startGrid(context.getCurrentProcessingTime(), window, context);
    return TriggerResult.CONTINUE;
  }

  onProcessingTime(time: i64, window: TimeWindow, context: TriggerContext): i32 {
    return this.fireAt(time, window, context);
  }

  protected register(time: i64, context: TriggerContext): void {
    context.registerProcessingTimeTimer(time);
  }

  protected unregister(time: i64, context: TriggerContext): void {
    context.deleteProcessingTimeTimer(time);
  }
}

/** Never fires: the default of global windows. */
export class NeverTrigger extends WindowTrigger {
  elementAdded(row: i32, timestamp: i64, window: TimeWindow, context: TriggerContext): i32 {
    return TriggerResult.CONTINUE;
  }
}

/** Fires once, at the end of the input: the last watermark. */
export class EndOfStreamTrigger extends WindowTrigger {
  elementAdded(row: i32, timestamp: i64, window: TimeWindow, context: TriggerContext): i32 {
    context.registerEventTimeTimer(i64.MAX_VALUE);
    return TriggerResult.CONTINUE;
  }

  onEventTime(time: i64, window: TimeWindow, context: TriggerContext): i32 {
    return time == i64.MAX_VALUE ? TriggerResult.FIRE : TriggerResult.CONTINUE;
  }

  clear(window: TimeWindow, context: TriggerContext): void {
    context.deleteEventTimeTimer(i64.MAX_VALUE);
  }
}
