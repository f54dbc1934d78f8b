/** The window functions of the conformance cases, as an author writes them. */
import {
  AggregateFunction,
  Collector,
  DynamicSessionWindows,
  ProcessWindowFunction,
  RuntimeContext,
  Text,
  WindowAssigner,
  WindowContext,
  WindowElements,
} from "millrace/sdk";
import { Calls, Event, Sum, SumResult, WindowResult } from "./rows";

/** `session_dynamic`: the gap is gap + gapStep * floorMod(v, 3). */
class GapByValue extends DynamicSessionWindows<Event> {
  constructor(
    eventTime: bool,
    private first: i64,
    private step: i64,
  ) {
    super(eventTime);
  }

  extract(value: Event): i64 {
    const remainder = value.v % 3;
    return this.first + this.step * (remainder < 0 ? remainder + 3 : remainder);
  }
}

/** The assigner that only a class can tell; null: parameters tell it. */
function assignerOf(context: RuntimeContext): WindowAssigner | null {
  const p = context.parameters;
  if (p.get("gapStep").isNull()) return null;
  const eventTime = p.get("time").string("") == "event";
  return new GapByValue(eventTime, p.get("gap").long(0), p.get("gapStep").long(0));
}

/** `collect` and `collect_state`. */
export class CollectWindow extends ProcessWindowFunction<Event, WindowResult> {
  private mode: string = "collect";

  open(context: RuntimeContext): void {
    this.mode = context.parameters.get("function").string("collect");
  }

  assigner(): WindowAssigner | null {
    return assignerOf(this.__context!);
  }

  process(
    context: WindowContext,
    elements: WindowElements<Event>,
    out: Collector<WindowResult>,
  ): void {
    const result = out.row();
    result.k = elements.key.k;
    result.v = Text.from(this.valueOf(elements));
    if (this.mode == "collect_state") {
      const own = context.windowState<Calls>();
      const global = context.globalState<Calls>();
      result.n1 = ++own.count;
      result.n2 = ++global.count;
    }
    result.window_start = context.windowStart;
    result.window_end = context.windowEnd;
    result.cw = context.currentWatermark();
    result.fired_by = context.firedBy;
    result.timer = context.timerTime;
    out.collect();
  }

  private valueOf(elements: WindowElements<Event>): string {
    let list = "";
    for (let i = 0; i < elements.length; i++) {
      list += (i == 0 ? "" : ",") + elements.at(i).v.toString();
    }
    return "[" + list + "]";
  }
}

/** `reduce` and `aggregate`, one value at a time. */
export class SumWindow extends AggregateFunction<Event, Sum, SumResult> {
  add(value: Event, accumulator: Sum): void {
    accumulator.sum += value.v;
    accumulator.count++;
  }

  assigner(): WindowAssigner | null {
    return assignerOf(this.__context!);
  }

  merge(accumulator: Sum, other: Sum): void {
    accumulator.sum += other.sum;
    accumulator.count += other.count;
  }

  getResult(accumulator: Sum, out: SumResult): void {
    out.sum = accumulator.sum;
    out.count = accumulator.count;
    out.cw = this.window.currentWatermark();
    out.fired_by = this.window.firedBy;
    out.timer = this.window.timerTime;
  }
}

/** As SumWindow, but for merge(): windows that merge must refuse it, sliding ones do without slices. */
export class UnmergedSumWindow extends AggregateFunction<Event, Sum, SumResult> {
  add(value: Event, accumulator: Sum): void {
    accumulator.sum += value.v;
    accumulator.count++;
  }

  getResult(accumulator: Sum, out: SumResult): void {
    out.sum = accumulator.sum;
    out.count = accumulator.count;
  }
}
