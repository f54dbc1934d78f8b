/** Functions of two streams that meet: in windows, or by their times. */
import {
  CoGroupFunction,
  Collector,
  FlatJoinFunction,
  JoinContext,
  JoinFunction,
  KeySelector,
  ProcessJoinFunction,
  RuntimeContext,
  Text,
  WatermarkGenerator,
  WatermarkOutput,
  WatermarkStrategy,
  WindowElements,
} from "millrace/sdk";

@row
export class Event {
  name!: Text;
  n: i64;
  at: i64;
}

@row
export class Limit {
  who!: Text;
  limit: i64;
  at: i64;
}

@row
export class Pair {
  name!: Text;
  n: i64;
  limit: i64;
  at: i64;
}

/** Each event with the limits of its time; those above their limit apart. */
@sideOutput("above", Pair)
@operator
export class Match extends ProcessJoinFunction<Event, Limit, Pair> {
  private above!: Collector<Pair>;

  openProcess(context: JoinContext): void {
    this.above = context.sideOutput<Pair>(1);
  }

  processElement(event: Event, limit: Limit, context: JoinContext, out: Collector<Pair>): void {
    fill(out.row(), event, limit, context.timestamp);
    out.collect();
    if (event.n <= limit.limit) return;
    fill(this.above.row(), event, limit, context.timestamp);
    this.above.collect();
  }
}

@operator
export class JoinBoth extends JoinFunction<Event, Limit, Pair> {
  join(event: Event, limit: Limit, out: Pair): void {
    fill(out, event, limit, this.window.windowEnd);
  }
}

/** As many results as the limit says, if the event is above it. */
@operator
export class JoinAbove extends FlatJoinFunction<Event, Limit, Pair> {
  join(event: Event, limit: Limit, out: Collector<Pair>): void {
    if (event.n <= limit.limit) return;
    for (let i: i64 = 0; i < limit.limit; i++) {
      fill(out.row(), event, limit, i);
      out.collect();
    }
  }
}

@row
export class Total {
  name!: Text;
  events: i32;
  limits: i32;
  until: i64;
}

/** How many of both there are, by either one's key. */
@operator
export class CountBoth extends CoGroupFunction<Event, Limit, Total> {
  @parameter least: i32 = 0;

  coGroup(
    events: WindowElements<Event>,
    limits: WindowElements<Limit>,
    out: Collector<Total>,
  ): void {
    if (events.length + limits.length < this.least) return;
    const row = out.row();
    row.name = events.length > 0 ? limits.key.who : events.key.name;
    row.events = events.length;
    row.limits = limits.length;
    row.until = this.window.windowEnd;
    out.collect();
  }
}

@row
export class Initial {
  initial!: Text;
}

/** The last two letters of an event's name. */
@operator
export class ByTail extends KeySelector<Event, Initial> {
  getKey(event: Event, key: Initial): void {
    key.initial = event.name.slice(event.name.length - 2, event.name.length);
  }
}

function fill(pair: Pair, event: Event, limit: Limit, at: i64): void {
  pair.name = event.name;
  pair.n = event.n;
  pair.limit = limit.limit;
  pair.at = at;
}

class EachEvent extends WatermarkGenerator<Event> {
  onEvent(event: Event, eventTimestamp: i64, output: WatermarkOutput): void {
    output.emitWatermark(eventTimestamp - 1);
  }

  onPeriodicEmit(output: WatermarkOutput): void {}
}

/** A watermark behind each event: what is late does not depend on the clock. */
@operator
export class ByEvent extends WatermarkStrategy<Event> {
  createWatermarkGenerator(context: RuntimeContext): WatermarkGenerator<Event> {
    return new EachEvent();
  }
}
