/** Triggers that fire by what the elements are: their number, or how far one is from another. */
import { BatchReader } from "../batch-reader";
import { TYPE_DOUBLE, TYPE_FLOAT, widthShift } from "../layout";
import { OpenConfig } from "../open-config";
import { TimeWindow } from "./time-window";
import { TriggerContext, TriggerResult, WindowTrigger } from "./trigger";

/** Fires at every n-th element. State: i64 count. */
export class CountTrigger extends WindowTrigger {
  constructor(private n: i64) {
    super();
  }

  fault(): string | null {
    return this.n > 0 ? null : "trigger.n: the count must be positive";
  }

  stateBytes(): i32 {
    return 8;
  }

  elementAdded(row: i32, timestamp: i64, window: TimeWindow, context: TriggerContext): i32 {
    const state = this.at(context);
    const count = load<i64>(state) + 1;
    const reached = count >= this.n;
    store<i64>(state, reached ? 0 : count);
    return reached ? TriggerResult.FIRE : TriggerResult.CONTINUE;
  }

  canMerge(): bool {
    return true;
  }

  onMerge(window: TimeWindow, context: TriggerContext): void {
    let count: i64 = 0;
    for (let i = 0; i < context.mergedCount; i++) count += load<i64>(this.mergedAt(context, i));
    store<i64>(this.at(context), count);
  }
}

/**
 * Fires when an element is further than `threshold` from the one that fired last (at first: from
 * the first one), measured by a column. State: u64 1 if there is one, f64 its value.
 */
export class DeltaTrigger extends WindowTrigger {
  private node: i32 = -1;
  private shift: i32 = -2;
  private floating: bool = false;
  private data: usize = 0;

  constructor(
    private field: string,
    private threshold: f64,
    private absolute: bool,
  ) {
    super();
  }

  stateBytes(): i32 {
    return 16;
  }

  bind(config: OpenConfig): void {
    const input = config.inputs[0];
    this.node = input.indexOf(this.field);
    if (this.node < 0) return;
    const column = input.columns[this.node];
    this.shift = widthShift(column.type, column.p1);
    this.floating = column.type == TYPE_DOUBLE || column.type == TYPE_FLOAT;
  }

  fault(): string | null {
    if (this.node < 0) return "trigger.field: there is no column " + this.field;
    return this.shift >= 2 ? null : "trigger.field: " + this.field + " is no number of 4 or 8 bytes";
  }

  attach(reader: BatchReader): void {
    this.data = reader.data(this.node);
  }

  elementAdded(row: i32, timestamp: i64, window: TimeWindow, context: TriggerContext): i32 {
    const state = this.at(context);
    const value = this.valueOf(row);
    const first = load<u64>(state) == 0;
    let delta = value - load<f64>(state, 8);
    if (this.absolute) delta = Math.abs(delta);
    if (!first && !(delta > this.threshold)) return TriggerResult.CONTINUE;
    store<u64>(state, 1);
    store<f64>(state, value, 8);
    return first ? TriggerResult.CONTINUE : TriggerResult.FIRE;
  }

  private valueOf(row: i32): f64 {
    const at = this.data + (<usize>row << <usize>this.shift);
    if (this.shift == 2) return this.floating ? <f64>load<f32>(at) : <f64>load<i32>(at);
    return this.floating ? load<f64>(at) : <f64>load<i64>(at);
  }
}
