/**
 * Triggers (Flink: org.apache.flink.streaming.api.windowing.triggers): when a window's function is
 * called, and when its contents go.
 */
import { BatchReader } from "../batch-reader";
import { OpenConfig } from "../open-config";
import { RowView } from "../row";
import { EVENT_TIME, InternalTimerService, PROCESSING_TIME } from "../state/internal-timer-service";
import { TimeWindow } from "./time-window";

/**
 * What a trigger decides (Flink: TriggerResult): FIRE calls the window's function, PURGE drops the window's
 * contents, FIRE_AND_PURGE does both, CONTINUE nothing.
 *
 *     onEventTime(time: i64, window: TimeWindow, context: TriggerContext): i32 {
 *       return TriggerResult.FIRE_AND_PURGE;
 *     }
 */
export namespace TriggerResult {
  export const CONTINUE: i32 = 0;
  /** Call the window's function. */
  export const FIRE: i32 = 1;
  /** Drop the window's contents. */
  export const PURGE: i32 = 2;
  export const FIRE_AND_PURGE: i32 = 3;
}

/** Bytes of state per window that a trigger of an author's has. */
export const TRIGGER_STATE_BYTES: i32 = 32;

/**
 * What a trigger may ask and set: of one key's window (Flink: Trigger.TriggerContext, OnMergeContext). One
 * object serves all windows.
 *
 *     onElement(value: Reading, time: i64, window: TimeWindow, context: TriggerContext): i32 {
 *       if (window.maxTimestamp <= context.getCurrentWatermark()) return TriggerResult.FIRE;
 *       context.registerEventTimeTimer(window.maxTimestamp);
 *       context.registerProcessingTimeTimer(context.getCurrentProcessingTime() + 5_000);
 *       return TriggerResult.CONTINUE;
 *     }
 *
 *     onProcessingTime(time: i64, window: TimeWindow, context: TriggerContext): i32 {
 *       context.deleteProcessingTimeTimer(time + 5_000);
 *       return TriggerResult.FIRE;
 *     }
 */
export class TriggerContext {
  /** In onMerge: how many windows became this one. */
  mergedCount: i32 = 0;
  __watermark: i64 = i64.MIN_VALUE;
  __now: i64 = 0;
  __timers: InternalTimerService | null = null;
  __owner: usize = 0;
  __state: usize = 0;
  /** State of the triggers of the windows that became this one. */
  __mergedStates: StaticArray<usize> = new StaticArray<usize>(4);

  /** The watermark that the operator has seen, ms; i64.MIN_VALUE before the first. */
  getCurrentWatermark(): i64 {
    return this.__watermark;
  }

  /** The clock of the worker, ms since 1970. */
  getCurrentProcessingTime(): i64 {
    return this.__now;
  }

  /** Calls onEventTime when the watermark reaches `time`; a second one for the same time does nothing. */
  registerEventTimeTimer(time: i64): void {
    this.__timers!.register(EVENT_TIME, time, this.__owner);
  }

  /** Calls onProcessingTime when the clock reaches `time`. */
  registerProcessingTimeTimer(time: i64): void {
    this.__timers!.register(PROCESSING_TIME, time, this.__owner);
  }

  /** Takes a timer back; nothing happens if the window has none for that time. */
  deleteEventTimeTimer(time: i64): void {
    this.__timers!.remove(EVENT_TIME, time, this.__owner);
  }

  /** Takes a timer back; nothing happens if the window has none for that time. */
  deleteProcessingTimeTimer(time: i64): void {
    this.__timers!.remove(PROCESSING_TIME, time, this.__owner);
  }

  __addMerged(state: usize): void {
    const count = this.mergedCount++;
    if (count == this.__mergedStates.length) {
      const grown = new StaticArray<usize>(count * 2);
      for (let i = 0; i < count; i++) grown[i] = this.__mergedStates[i];
      this.__mergedStates = grown;
    }
    this.__mergedStates[count] = state;
  }
}

/**
 * What the window operator calls: the SDK's triggers, and the base of an author's, who extends Trigger.
 *
 *     // In a function over windows:
 *     trigger(): WindowTrigger | null {
 *       return new OnHotReading();
 *     }
 *
 * @throws OPERATOR_OPEN_FAILED for a configuration that cannot be
 */
export abstract class WindowTrigger {
  /** Where this trigger's state begins in that of its window. */
  protected offset: i32 = 0;

  /** @internal Bytes of state per window, zeroed at first; a multiple of 8. */
  stateBytes(): i32 {
    return 0;
  }

  /** @internal Gives the trigger its place in the window's state; answers where the next one may begin. */
  place(offset: i32): i32 {
    this.offset = offset;
    return offset + this.stateBytes();
  }

  /** @internal What is wrong with the configuration, or null. */
  fault(): string | null {
    return null;
  }

  /** @internal Called once, with what the operator was opened with. */
  bind(config: OpenConfig): void {}
  /** @internal Called for each batch before its elements. */
  attach(reader: BatchReader): void {}

  /** @internal An element was added; its timestamp is the smallest int64 where it has none. */
  abstract elementAdded(
    row: i32,
    timestamp: i64,
    window: TimeWindow,
    context: TriggerContext,
  ): i32;

  /** An event-time timer of the window fires, whoever set it. */
  onEventTime(time: i64, window: TimeWindow, context: TriggerContext): i32 {
    return TriggerResult.CONTINUE;
  }

  /** A processing-time timer of the window fires, whoever set it. */
  onProcessingTime(time: i64, window: TimeWindow, context: TriggerContext): i32 {
    return TriggerResult.CONTINUE;
  }

  /** Whether windows that merge may have this trigger. */
  canMerge(): bool {
    return false;
  }

  /** Windows became `window`: take over what their states hold, set the timers that are wanted. */
  onMerge(window: TimeWindow, context: TriggerContext): void {}

  /** The window goes: delete the timers that the trigger waits for. Its state is zeroed after. */
  clear(window: TimeWindow, context: TriggerContext): void {}

  /** @internal Zeroes the trigger's state, and that of a trigger inside. */
  forgetState(context: TriggerContext): void {
    memory.fill(this.at(context), 0, this.stateBytes());
  }

  /** Address of this trigger's state. */
  // @ts-ignore: decorator
  @inline
  protected at(context: TriggerContext): usize {
    return context.__state + <usize>this.offset;
  }

  /** Address of this trigger's state in the index-th of the merged windows. */
  protected mergedAt(context: TriggerContext, index: i32): usize {
    return context.__mergedStates[index] + <usize>this.offset;
  }
}

/**
 * A trigger of an author's (Flink: Trigger). Answer an instance in the window function's `trigger()`. One
 * instance serves all windows: what belongs to a window lies in state().
 *
 *     @accumulator
 *     class HotSoFar {
 *       count: i64;
 *     }
 *
 *     // Fires at every third hot reading, and at the window's end; sessions may have it, too.
 *     class OnHotReading extends Trigger<Reading> {
 *       onElement(reading: Reading, timestamp: i64, window: TimeWindow, context: TriggerContext): i32 {
 *         context.registerEventTimeTimer(window.maxTimestamp);
 *         if (reading.degrees <= 90) return TriggerResult.CONTINUE;
 *         const hot = ++this.state<HotSoFar>(context).count;
 *         return hot % 3 == 0 ? TriggerResult.FIRE : TriggerResult.CONTINUE;
 *       }
 *       onEventTime(time: i64, window: TimeWindow, context: TriggerContext): i32 {
 *         return time == window.maxTimestamp ? TriggerResult.FIRE : TriggerResult.CONTINUE;
 *       }
 *       canMerge(): bool {
 *         return true;
 *       }
 *       onMerge(window: TimeWindow, context: TriggerContext): void {
 *         const hot = this.state<HotSoFar>(context);
 *         for (let i = 0; i < context.mergedCount; i++) {
 *           hot.count += this.mergedState<HotSoFar>(context, i).count;
 *         }
 *         context.registerEventTimeTimer(window.maxTimestamp);
 *       }
 *       clear(window: TimeWindow, context: TriggerContext): void {
 *         context.deleteEventTimeTimer(window.maxTimestamp);
 *       }
 *     }
 *
 * @throws OPERATOR_OPEN_FAILED where windows merge and canMerge() says false
 */
export abstract class Trigger<In extends RowView> extends WindowTrigger {
  private input: In = instantiate<In>();

  /** An element was added to the window; its timestamp is the smallest int64 where it has none. */
  abstract onElement(
    value: In,
    timestamp: i64,
    window: TimeWindow,
    context: TriggerContext,
  ): i32;

  /**
   * State of this key's window: an `@accumulator` class of at most 32 bytes, zeroed at first (Flink:
   * getPartitionedState). It lies in place: a change stays.
   * @throws OPERATOR_FAILED for a larger class
   */
  state<T>(context: TriggerContext): T {
    assert(offsetof<T>() <= <usize>TRIGGER_STATE_BYTES, "trigger state is larger than 32 bytes");
    return changetype<T>(this.at(context));
  }

  /**
   * In onMerge(): the state of the index-th of context.mergedCount windows that became this one (Flink:
   * mergePartitionedState).
   * @throws OPERATOR_FAILED for a larger class than state() takes, or an index that is not there
   */
  mergedState<T>(context: TriggerContext, index: i32): T {
    assert(offsetof<T>() <= <usize>TRIGGER_STATE_BYTES, "trigger state is larger than 32 bytes");
    return changetype<T>(this.mergedAt(context, index));
  }

  /** @internal */
  stateBytes(): i32 {
    return TRIGGER_STATE_BYTES;
  }

  /** @internal */
  bind(config: OpenConfig): void {
    this.input.__bindInput(config.inputs[0]);
  }

  /** @internal */
  attach(reader: BatchReader): void {
    this.input.__attach(reader);
  }

  /** @internal */
  elementAdded(row: i32, timestamp: i64, window: TimeWindow, context: TriggerContext): i32 {
    this.input.__index = row;
    return this.onElement(this.input, timestamp, window, context);
  }
}
