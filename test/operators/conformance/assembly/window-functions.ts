/** The window functions of the conformance cases, as an author writes them. */
import {
  AggregateFunction,
  Collector,
  ProcessWindowFunction,
  RuntimeContext,
  Text,
  WindowContext,
  WindowElements,
} from "millrace/sdk";
import { Calls, Event, Sum, SumResult, WindowResult } from "./rows";

/** `collect`, `collect_state`, and `reduce`, `aggregate` over all elements (behind an evictor). */
export class CollectWindow extends ProcessWindowFunction<Event, WindowResult> {
  private mode: string = "collect";

  open(context: RuntimeContext): void {
    this.mode = context.parameters.get("function").string("collect");
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
    result.cw = context.currentWatermark;
    result.fired_by = context.firedBy;
    result.timer = context.timerTime;
    out.collect();
  }

  private valueOf(elements: WindowElements<Event>): string {
    let list = "";
    let sum: i64 = 0;
    for (let i = 0; i < elements.length; i++) {
      const value = elements.at(i).v;
      sum += value;
      list += (i == 0 ? "" : ",") + value.toString();
    }
    if (this.mode == "reduce") return elements.length == 0 ? "null" : sum.toString();
    if (this.mode == "aggregate") return "[" + sum.toString() + "," + elements.length.toString() + "]";
    return "[" + list + "]";
  }
}

/** `reduce` and `aggregate`, one value at a time. */
export class SumWindow extends AggregateFunction<Event, Sum, SumResult> {
  add(value: Event, accumulator: Sum): void {
    accumulator.sum += value.v;
    accumulator.count++;
  }

  getResult(accumulator: Sum, out: SumResult): void {
    out.sum = accumulator.sum;
    out.count = accumulator.count;
    out.cw = this.window.currentWatermark;
    out.fired_by = this.window.firedBy;
    out.timer = this.window.timerTime;
  }
}
