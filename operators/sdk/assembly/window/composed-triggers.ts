/** Triggers around another trigger. */
import { BatchReader } from "../batch-reader";
import { OpenConfig } from "../open-config";
import { TimeWindow } from "./time-window";
import { TriggerContext, TriggerResult, WindowTrigger } from "./trigger";

/** Where the inner trigger fires, the window's contents go too. */
export class PurgingTrigger extends WindowTrigger {
  constructor(private inner: WindowTrigger) {
    super();
  }

  place(offset: i32): i32 {
    return this.inner.place(offset);
  }

  fault(): string | null {
    return this.inner.fault();
  }

  bind(config: OpenConfig): void {
    this.inner.bind(config);
  }

  attach(reader: BatchReader): void {
    this.inner.attach(reader);
  }

  elementAdded(row: i32, timestamp: i64, window: TimeWindow, context: TriggerContext): i32 {
    return purging(this.inner.elementAdded(row, timestamp, window, context));
  }

  onEventTime(time: i64, window: TimeWindow, context: TriggerContext): i32 {
    return purging(this.inner.onEventTime(time, window, context));
  }

  onProcessingTime(time: i64, window: TimeWindow, context: TriggerContext): i32 {
    return purging(this.inner.onProcessingTime(time, window, context));
  }

  canMerge(): bool {
    return this.inner.canMerge();
  }

  onMerge(window: TimeWindow, context: TriggerContext): void {
    this.inner.onMerge(window, context);
  }

  clear(window: TimeWindow, context: TriggerContext): void {
    this.inner.clear(window, context);
  }

  forgetState(context: TriggerContext): void {
    this.inner.forgetState(context);
  }
}

function purging(result: i32): i32 {
  return result & TriggerResult.FIRE ? TriggerResult.FIRE_AND_PURGE : result;
}

/**
 * Fires where the inner trigger does, and at the latest `timeout` ms by the clock after the first
 * element (or after the last one: resetOnElement). Any timer of the window counts as the timeout,
 * also that of its cleanup, as in Flink. State: u64 1 if a timeout is set, i64 its time; the inner's.
 */
export class ProcessingTimeoutTrigger extends WindowTrigger {
  constructor(
    private inner: WindowTrigger,
    private timeout: i64,
    private resetOnElement: bool,
    /** Whether a timeout clears the inner trigger's state. */
    private clearOnTimeout: bool,
  ) {
    super();
  }

  stateBytes(): i32 {
    return 16;
  }

  place(offset: i32): i32 {
    return this.inner.place(super.place(offset));
  }

  fault(): string | null {
    if (this.timeout <= 0) return "trigger.timeout: it must be positive";
    return this.inner.fault();
  }

  bind(config: OpenConfig): void {
    this.inner.bind(config);
  }

  attach(reader: BatchReader): void {
    this.inner.attach(reader);
  }

  elementAdded(row: i32, timestamp: i64, window: TimeWindow, context: TriggerContext): i32 {
    const result = this.inner.elementAdded(row, timestamp, window, context);
    if (result & TriggerResult.FIRE) {
      this.clear(window, context);
      return result;
    }
    if (this.resetOnElement) this.forget(context);
    const state = this.at(context);
    if (load<u64>(state) == 0) {
      const time = context.getCurrentProcessingTime() + this.timeout;
      store<u64>(state, 1);
      store<i64>(state, time, 8);
      context.registerProcessingTimeTimer(time);
    }
    return result;
  }

  onEventTime(time: i64, window: TimeWindow, context: TriggerContext): i32 {
    return this.timedOut(this.inner.onEventTime(time, window, context), window, context);
  }

  onProcessingTime(time: i64, window: TimeWindow, context: TriggerContext): i32 {
    return this.timedOut(this.inner.onProcessingTime(time, window, context), window, context);
  }

  private timedOut(inner: i32, window: TimeWindow, context: TriggerContext): i32 {
    if (this.clearOnTimeout) this.clear(window, context);
    return inner | TriggerResult.FIRE;
  }

  private forget(context: TriggerContext): void {
    const state = this.at(context);
    if (load<u64>(state) == 0) return;
    context.deleteProcessingTimeTimer(load<i64>(state, 8));
    store<u64>(state, 0);
    store<i64>(state, 0, 8);
  }

  clear(window: TimeWindow, context: TriggerContext): void {
    this.forget(context);
    this.inner.clear(window, context);
    this.inner.forgetState(context);
  }

  forgetState(context: TriggerContext): void {
    super.forgetState(context);
    this.inner.forgetState(context);
  }
}
