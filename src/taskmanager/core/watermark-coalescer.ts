/**
 * Watermarks and idleness of many channels made into those of a task.
 *
 * `StatusWatermarkValve` is Flink's class of that name (one input, many channels); its subtle
 * points are conformance behaviour 22. `WatermarkCoalescer` puts a valve before each input of a
 * task and combines the inputs as Flink's CombinedWatermarkStatus does.
 */
import { assert } from "../../protocol/errors.ts";
import { WATERMARK_MAX, WATERMARK_MIN } from "./element.ts";

/** What a valve or coalescer lets out. */
export type WatermarkEvent =
  | { readonly type: "watermark"; readonly timestamp: bigint }
  | { readonly type: "status"; readonly idle: boolean };

interface ValveChannel {
  watermark: bigint;
  idle: boolean;
  /** Counts for the minimum: active, and caught up with the last watermark let out. */
  aligned: boolean;
}

/** Flink's StatusWatermarkValve: the minimum over the channels that are active and caught up. */
export class StatusWatermarkValve {
  readonly #channels: ValveChannel[];
  #last = WATERMARK_MIN;
  #idle = false;

  constructor(channels: number) {
    this.#channels = Array.from({ length: channels }, () => ({
      watermark: WATERMARK_MIN,
      idle: false,
      aligned: true,
    }));
  }

  /** Whether all channels are idle, as it was last said. */
  get idle(): boolean {
    return this.#idle;
  }

  /** A watermark of a channel; answers the watermark to let out, if any. */
  watermark(channel: number, timestamp: bigint): bigint | undefined {
    const state = this.#channel(channel);
    if (this.#idle || state.idle || timestamp <= state.watermark) return undefined;
    state.watermark = timestamp;
    if (timestamp >= this.#last) state.aligned = true;
    return this.#advanceToMinimum();
  }

  /** A status of a channel; answers what to let out, in order. */
  status(channel: number, idle: boolean): WatermarkEvent[] {
    const state = this.#channel(channel);
    if (state.idle === idle) return [];
    state.idle = idle;
    return idle ? this.#turnedIdle(state) : this.#turnedActive(state);
  }

  #turnedIdle(state: ValveChannel): WatermarkEvent[] {
    state.aligned = false;
    const heldBack = state.watermark === this.#last;
    if (this.#channels.some((c) => !c.idle)) {
      return heldBack ? asEvents(this.#advanceToMinimum()) : [];
    }
    const events = heldBack ? asEvents(this.#advanceToMaximum()) : [];
    this.#idle = true;
    return [...events, { type: "status", idle: true }];
  }

  #turnedActive(state: ValveChannel): WatermarkEvent[] {
    state.aligned = state.watermark >= this.#last;
    if (!this.#idle) return [];
    this.#idle = false;
    return [{ type: "status", idle: false }];
  }

  #advanceToMinimum(): bigint | undefined {
    let minimum: bigint | undefined;
    for (const c of this.#channels) {
      if (c.aligned && (minimum === undefined || c.watermark < minimum)) minimum = c.watermark;
    }
    return this.#advance(minimum);
  }

  #advanceToMaximum(): bigint | undefined {
    let maximum = WATERMARK_MIN;
    for (const c of this.#channels) if (c.watermark > maximum) maximum = c.watermark;
    return this.#advance(maximum);
  }

  #advance(to: bigint | undefined): bigint | undefined {
    if (to === undefined || to <= this.#last) return undefined;
    this.#last = to;
    return to;
  }

  #channel(index: number): ValveChannel {
    const state = this.#channels[index];
    assert(state !== undefined, `valve has no channel ${index}`);
    return state;
  }
}

/** A watermark, if there is one, as what a task does about it. */
export function asEvents(timestamp: bigint | undefined): WatermarkEvent[] {
  return timestamp === undefined ? [] : [{ type: "watermark", timestamp }];
}

interface InputState {
  watermark: bigint;
  idle: boolean;
}

/** Watermark and status of an operator with one or more inputs (Flink: IndexedCombinedWatermarkStatus). */
export class CombinedWatermarkStatus {
  readonly #inputs: InputState[];
  #combined = WATERMARK_MIN;
  #idle = false;

  constructor(inputs: number) {
    this.#inputs = Array.from({ length: inputs }, () => ({
      watermark: WATERMARK_MIN,
      idle: false,
    }));
  }

  /** Last watermark let out; WATERMARK_MIN before the first. */
  get current(): bigint {
    return this.#combined;
  }

  /** An input's watermark, which makes it count again if it was idle; answers the new one, if it grew. */
  watermark(input: number, timestamp: bigint): bigint | undefined {
    const state = this.#input(input);
    if (timestamp > state.watermark) state.watermark = timestamp;
    state.idle = false;
    this.#idle = false;
    return this.#advance();
  }

  /** An input's status; answers what follows from it, in order. */
  status(input: number, idle: boolean): WatermarkEvent[] {
    this.#input(input).idle = idle;
    return [...asEvents(this.#advance()), ...this.#combinedStatus()];
  }

  /** Every input has ended: what was idle counts no more. */
  end(): WatermarkEvent[] {
    for (const state of this.#inputs) {
      state.watermark = WATERMARK_MAX;
      state.idle = false;
    }
    return [...this.#combinedStatus(), ...asEvents(this.#advance())];
  }

  #combinedStatus(): WatermarkEvent[] {
    const idle = this.#inputs.every((i) => i.idle);
    if (idle === this.#idle) return [];
    this.#idle = idle;
    return [{ type: "status", idle }];
  }

  /** Minimum of the inputs that are not idle; of all-idle inputs the maximum. */
  #advance(): bigint | undefined {
    let minimum: bigint | undefined;
    let maximum = WATERMARK_MIN;
    for (const { watermark, idle } of this.#inputs) {
      if (watermark > maximum) maximum = watermark;
      if (!idle && (minimum === undefined || watermark < minimum)) minimum = watermark;
    }
    const next = minimum ?? maximum;
    if (next <= this.#combined) return undefined;
    this.#combined = next;
    return next;
  }

  #input(index: number): InputState {
    const state = this.#inputs[index];
    assert(state !== undefined, `operator has no input ${index}`);
    return state;
  }
}

/** Watermark and status of a task: of each input's channels, then of its inputs. */
export class WatermarkCoalescer {
  readonly #valves: StatusWatermarkValve[];
  readonly #inputs: CombinedWatermarkStatus;
  #openChannels: number;

  /** @param channels number of channels of each input */
  constructor(channels: readonly number[]) {
    this.#valves = channels.map((count) => new StatusWatermarkValve(count));
    this.#inputs = new CombinedWatermarkStatus(channels.length);
    this.#openChannels = channels.reduce((sum, count) => sum + count, 0);
  }

  /** Last watermark let out; WATERMARK_MIN before the first. */
  get current(): bigint {
    return this.#inputs.current;
  }

  /** A watermark of a channel; answers the task's new watermark, if it grew. */
  watermark(input: number, channel: number, timestamp: bigint): bigint | undefined {
    const passed = this.#valve(input).watermark(channel, timestamp);
    return passed === undefined ? undefined : this.#inputs.watermark(input, passed);
  }

  /** A status of a channel; answers what the task is to do, in order. */
  status(input: number, channel: number, idle: boolean): WatermarkEvent[] {
    return this.#valve(input)
      .status(channel, idle)
      .flatMap((event) =>
        event.type === "watermark"
          ? asEvents(this.#inputs.watermark(input, event.timestamp))
          : this.#inputs.status(input, event.idle),
      );
  }

  /**
   * A channel has ended: it no longer holds the others back, as its final watermark, which says the
   * same, would have done. An idle channel's end lets nothing out, since the others may be active
   * again; but once all have ended, event time has ended too, and what was idle says so.
   */
  end(input: number, channel: number): WatermarkEvent[] {
    this.#openChannels--;
    const events = asEvents(this.watermark(input, channel, WATERMARK_MAX));
    if (this.#openChannels > 0 || this.current === WATERMARK_MAX) return events;
    return [...events, ...this.#inputs.end()];
  }

  #valve(input: number): StatusWatermarkValve {
    const valve = this.#valves[input];
    assert(valve !== undefined, `task has no input ${input}`);
    return valve;
  }
}
