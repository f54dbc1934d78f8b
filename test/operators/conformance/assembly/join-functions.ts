/** The functions of joins: what they get, as it is. */
import {
  CoGroupFunction,
  Collector,
  JoinContext,
  JoinFunction,
  ProcessJoinFunction,
  Text,
  WindowContext,
  WindowElements,
} from "millrace/sdk";
import { CoGroupResult, Event, JoinResult } from "./rows";

export class Pair extends ProcessJoinFunction<Event, Event, JoinResult> {
  processElement(
    left: Event,
    right: Event,
    context: JoinContext,
    out: Collector<JoinResult>,
  ): void {
    const row = out.row();
    row.k = left.k;
    row.left = left.v;
    row.right = right.v;
    row.left_time = context.leftTimestamp;
    row.right_time = context.rightTimestamp;
    out.collect();
  }
}

export class PairInWindow extends JoinFunction<Event, Event, CoGroupResult> {
  join(left: Event, right: Event, out: CoGroupResult): void {
    out.k = left.k;
    out.v = Text.from("[" + left.v.toString() + "," + right.v.toString() + "]");
    tellOrigin(this.window, out);
  }
}

export class BothInWindow extends CoGroupFunction<Event, Event, CoGroupResult> {
  coGroup(
    left: WindowElements<Event>,
    right: WindowElements<Event>,
    out: Collector<CoGroupResult>,
  ): void {
    const row = out.row();
    row.k = left.key.k;
    row.v = Text.from("[" + listOf(left) + "," + listOf(right) + "]");
    tellOrigin(this.window, row);
    out.collect();
  }
}

function tellOrigin(window: WindowContext, row: CoGroupResult): void {
  row.fired_by = window.firedBy;
  row.timer = window.timerTime;
}

function listOf(elements: WindowElements<Event>): string {
  const parts: string[] = [];
  for (let i = 0; i < elements.length; i++) parts.push(elements.at(i).v.toString());
  return "[" + parts.join(",") + "]";
}
