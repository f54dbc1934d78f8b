/** Keyed functions of the job tests: on one stream, on two, on one with a broadcast one. */
import {
  BroadcastProcessFunction,
  BroadcastState,
  CoProcessFunction,
  Collector,
  KeyedBroadcastContext,
  KeyedBroadcastProcessFunction,
  KeyedContext,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
  MapFunction,
  MapState,
  MapStateDescriptor,
  ProcessContext,
  RuntimeContext,
  Text,
  TimeDomain,
  ValueState,
  ValueStateDescriptor,
} from "millrace/sdk";

@row
export class NameKey {
  name!: Text;
}

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
export class Totals {
  name!: Text;
  at: i64;
  first: i64;
  second: i64;
}

@row
export class Verdict {
  name!: Text;
  at: i64;
  n: i64;
  limit: i64;
}

/** Ends of the 100 ms in which a time lies. */
function endOf(time: i64): i64 {
  return time - (time % 100) + 99;
}

/** Sums of both streams for each key and 100 ms, given by event-time timers. */
@operator
export class SumBoth extends KeyedCoProcessFunction<NameKey, Event, Limit, Totals> {
  private first!: MapState<i64, i64>;
  private second!: MapState<i64, i64>;

  open(context: RuntimeContext): void {
    this.first = context.getMapState(new MapStateDescriptor<i64, i64>("first"));
    this.second = context.getMapState(new MapStateDescriptor<i64, i64>("second"));
  }

  processElement1(value: Event, context: KeyedContext<NameKey>, out: Collector<Totals>): void {
    this.add(this.first, context, value.n);
  }

  processElement2(value: Limit, context: KeyedContext<NameKey>, out: Collector<Totals>): void {
    this.add(this.second, context, value.limit);
  }

  onTimer(timestamp: i64, context: KeyedContext<NameKey>, out: Collector<Totals>): void {
    const row = out.row();
    row.name = context.getCurrentKey().name;
    row.at = timestamp;
    row.first = this.take(this.first, timestamp);
    row.second = this.take(this.second, timestamp);
    out.collect();
  }

  private add(sums: MapState<i64, i64>, context: KeyedContext<NameKey>, n: i64): void {
    const end = endOf(context.timestamp);
    sums.put(end, (sums.contains(end) ? sums.get(end) : 0) + n);
    context.timerService().registerEventTimeTimer(end);
  }

  private take(sums: MapState<i64, i64>, end: i64): i64 {
    if (!sums.contains(end)) return 0;
    const sum = sums.get(end);
    sums.remove(end);
    return sum;
  }
}

/** Holds each event until its time has come, then compares it with the limit that was broadcast. */
@operator
@sideOutput("within", Verdict)
export class Judge extends KeyedBroadcastProcessFunction<NameKey, Event, Limit, Verdict> {
  private limits!: BroadcastState<Text, i64>;
  private held!: MapState<i64, i64>;
  private within!: Collector<Verdict>;

  open(context: RuntimeContext): void {
    this.limits = context.getBroadcastState(new MapStateDescriptor<Text, i64>("limits"));
    this.held = context.getMapState(new MapStateDescriptor<i64, i64>("held"));
  }

  openProcess(context: KeyedBroadcastContext<NameKey>): void {
    this.within = context.sideOutput<Verdict>(1);
  }

  processElement(value: Event, context: KeyedContext<NameKey>, out: Collector<Verdict>): void {
    this.held.put(context.timestamp, value.n);
    context.timerService().registerEventTimeTimer(context.timestamp);
  }

  processBroadcastElement(
    value: Limit,
    context: KeyedBroadcastContext<NameKey>,
    out: Collector<Verdict>,
  ): void {
    // To be found out: the broadcast side has no key.
    if (value.limit == -1) this.held.put(value.at, value.limit);
    if (value.limit == -2) context.timerService().registerEventTimeTimer(value.at);
    this.limits.put(value.who, value.limit);
  }

  onTimer(timestamp: i64, context: KeyedContext<NameKey>, out: Collector<Verdict>): void {
    const n = this.held.get(timestamp);
    this.held.remove(timestamp);
    const name = context.getCurrentKey().name;
    const limit = this.limits.contains(name) ? this.limits.get(name) : -1;
    const target = n > limit ? out : this.within;
    const row = target.row();
    row.name = name;
    row.at = timestamp;
    row.n = n;
    row.limit = limit;
    target.collect();
  }
}

/** Counts a key's events; 50 ms of the clock behind the first of them it gives the count and forgets. */
@operator
export class CountFor50Ms extends KeyedProcessFunction<NameKey, Event, Totals> {
  private count!: ValueState<i64>;

  open(context: RuntimeContext): void {
    this.count = context.getState(new ValueStateDescriptor<i64>("count"));
  }

  processElement(value: Event, context: KeyedContext<NameKey>, out: Collector<Totals>): void {
    const timers = context.timerService();
    if (this.count.isEmpty()) {
      timers.registerProcessingTimeTimer(timers.currentProcessingTime() + 50);
    }
    this.count.update(this.count.value() + 1);
  }

  onTimer(timestamp: i64, context: KeyedContext<NameKey>, out: Collector<Totals>): void {
    assert(context.timeDomain == TimeDomain.PROCESSING_TIME, "the clock fired");
    const row = out.row();
    row.name = context.getCurrentKey().name;
    row.at = timestamp;
    row.first = this.count.value();
    row.second = context.timerService().currentProcessingTime();
    out.collect();
    this.count.clear();
  }
}

/** Both streams as one, with -1 for the limits' times. */
@operator
@sideOutput("limits", Limit)
export class Merge extends CoProcessFunction<Event, Limit, Event> {
  private limits!: Collector<Limit>;

  openProcess(context: ProcessContext): void {
    this.limits = context.sideOutput<Limit>(1);
  }

  processElement1(value: Event, context: ProcessContext, out: Collector<Event>): void {
    const row = out.row();
    row.name = value.name;
    row.n = value.n;
    row.at = context.timestamp;
    out.collect();
  }

  processElement2(value: Limit, context: ProcessContext, out: Collector<Event>): void {
    if (value.limit == 13) {
      this.failRow("13");
      return;
    }
    const row = this.limits.row();
    row.who = value.who;
    row.limit = value.limit;
    row.at = context.timestamp;
    this.limits.collect();
  }
}

/** Events above the newest limit of their name. */
@operator
export class Above extends BroadcastProcessFunction<Event, Limit, Event> {
  @state limits!: BroadcastState<Text, i64>;

  processElement(value: Event, context: ProcessContext, out: Collector<Event>): void {
    // To be found out: only the other side may write.
    if (value.n < 0) this.limits.put(value.name, value.n);
    if (this.limits.contains(value.name) && value.n <= this.limits.get(value.name)) return;
    const row = out.row();
    row.name = value.name;
    row.n = value.n;
    row.at = value.at;
    out.collect();
  }

  processBroadcastElement(value: Limit, context: ProcessContext, out: Collector<Event>): void {
    this.limits.put(value.who, value.limit);
  }
}

/** Events 1,000 higher. */
@operator
export class Far extends MapFunction<Event, Event> {
  map(value: Event, out: Event): void {
    out.name = value.name;
    out.n = value.n + 1000;
    out.at = value.at;
  }
}
