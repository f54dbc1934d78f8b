/** The function of interval joins: the pair as it is. */
import { Collector, JoinContext, ProcessJoinFunction } from "millrace/sdk";
import { Event, JoinResult } from "./rows";

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
