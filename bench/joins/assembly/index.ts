/** The join of the bench: the values of both rows. */
import { Collector, JoinContext, ProcessJoinFunction } from "millrace/sdk";

@row
class Event {
  k: i64;
  v: i64;
}

@row
class Pair {
  left: i64;
  right: i64;
}

@operator("match")
class Match extends ProcessJoinFunction<Event, Event, Pair> {
  processElement(left: Event, right: Event, context: JoinContext, out: Collector<Pair>): void {
    const pair = out.row();
    pair.left = left.v;
    pair.right = right.v;
    out.collect();
  }
}
