/** Keyed functions of the simulated jobs (src/sim/keyed-jobs.ts): their results do not depend on the run. */
import {
  AsyncFunction,
  BroadcastState,
  Collector,
  HttpRequest,
  HttpResponse,
  KeyedBroadcastContext,
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  KeyedContext,
  KeyedProcessFunction,
  MapState,
  MapStateDescriptor,
  ResultFuture,
  RuntimeContext,
  Text,
  TimeDomain,
  ValueState,
  ValueStateDescriptor,
} from "millrace/sdk";

@row
export class Key {
  key!: Text;
}

/** What the data generator makes. */
@row
export class Generated {
  id: i64;
  key!: Text;
  value: i64;
}

/** Of a key, and a stretch of time: number and sum of its rows, and of what came on the other side. */
@row
export class Met {
  key!: Text;
  end: i64;
  n: i64;
  total: i64;
  others: i64;
  otherTotal: i64;
}

@row
export class Part {
  key!: Text;
  n: i64;
  total: i64;
}

/** Adds to the number (even place) and the sum (odd place) of a stretch. */
function add(sums: MapState<i64, i64>, end: i64, value: i64): void {
  const at = end << 1;
  sums.put(at, sums.get(at) + 1);
  sums.put(at | 1, sums.get(at | 1) + value);
}

/** Rows of both streams by key and stretch of `sizeMs`, given by the timer at its end. */
@operator
export class MeetBoth extends KeyedCoProcessFunction<Key, Generated, Generated, Met> {
  @parameter sizeMs: i64 = 100;
  private first!: MapState<i64, i64>;
  private second!: MapState<i64, i64>;

  open(context: RuntimeContext): void {
    this.first = context.getMapState(new MapStateDescriptor<i64, i64>("first"));
    this.second = context.getMapState(new MapStateDescriptor<i64, i64>("second"));
  }

  processElement1(value: Generated, context: KeyedContext<Key>, out: Collector<Met>): void {
    this.note(this.first, value, context);
  }

  processElement2(value: Generated, context: KeyedContext<Key>, out: Collector<Met>): void {
    this.note(this.second, value, context);
  }

  onTimer(timestamp: i64, context: KeyedContext<Key>, out: Collector<Met>): void {
    const at = timestamp << 1;
    const row = out.row();
    row.key = context.getCurrentKey().key;
    row.end = timestamp;
    row.n = this.first.get(at);
    row.total = this.first.get(at | 1);
    row.others = this.second.get(at);
    row.otherTotal = this.second.get(at | 1);
    out.collect();
    this.first.remove(at);
    this.first.remove(at | 1);
    this.second.remove(at);
    this.second.remove(at | 1);
  }

  private note(sums: MapState<i64, i64>, value: Generated, context: KeyedContext<Key>): void {
    const time = context.timestamp;
    const end = time - (time % this.sizeMs) + this.sizeMs - 1;
    add(sums, end, value.value);
    context.timerService().registerEventTimeTimer(end);
  }
}

/** Rows by key and stretch, with what the broadcast stream had in that stretch, all keys together. */
@operator
export class MeetRules extends KeyedBroadcastProcessFunction<Key, Generated, Generated, Met> {
  @parameter sizeMs: i64 = 100;
  private sums!: MapState<i64, i64>;
  private rules!: BroadcastState<i64, i64>;

  open(context: RuntimeContext): void {
    this.sums = context.getMapState(new MapStateDescriptor<i64, i64>("sums"));
    this.rules = context.getBroadcastState(new MapStateDescriptor<i64, i64>("rules"));
  }

  processElement(value: Generated, context: KeyedContext<Key>, out: Collector<Met>): void {
    const end = this.endOf(context.timestamp);
    add(this.sums, end, value.value);
    context.timerService().registerEventTimeTimer(end);
  }

  processBroadcastElement(
    value: Generated,
    context: KeyedBroadcastContext<Key>,
    out: Collector<Met>,
  ): void {
    const at = this.endOf(context.timestamp) << 1;
    this.rules.put(at, this.rules.get(at) + 1);
    this.rules.put(at | 1, this.rules.get(at | 1) + value.value);
  }

  onTimer(timestamp: i64, context: KeyedContext<Key>, out: Collector<Met>): void {
    const at = timestamp << 1;
    const row = out.row();
    row.key = context.getCurrentKey().key;
    row.end = timestamp;
    row.n = this.sums.get(at);
    row.total = this.sums.get(at | 1);
    row.others = this.rules.get(at);
    row.otherTotal = this.rules.get(at | 1);
    out.collect();
    this.sums.remove(at);
    this.sums.remove(at | 1);
  }

  private endOf(time: i64): i64 {
    return time - (time % this.sizeMs) + this.sizeMs - 1;
  }
}

/** Gives a key's number and sum whenever `everyMs` of the clock have passed, and the rest at the end of event time. */
@operator
export class ByClock extends KeyedProcessFunction<Key, Generated, Part> {
  @parameter everyMs: i64 = 50;
  private n!: ValueState<i64>;
  private total!: ValueState<i64>;

  open(context: RuntimeContext): void {
    this.n = context.getState(new ValueStateDescriptor<i64>("n"));
    this.total = context.getState(new ValueStateDescriptor<i64>("total"));
  }

  processElement(value: Generated, context: KeyedContext<Key>, out: Collector<Part>): void {
    const timers = context.timerService();
    if (this.n.isEmpty()) {
      timers.registerProcessingTimeTimer(timers.currentProcessingTime() + this.everyMs);
      timers.registerEventTimeTimer(i64.MAX_VALUE);
    }
    this.n.update(this.n.value() + 1);
    this.total.update(this.total.value() + value.value);
  }

  onTimer(timestamp: i64, context: KeyedContext<Key>, out: Collector<Part>): void {
    if (this.n.isEmpty()) return;
    if (context.timeDomain == TimeDomain.PROCESSING_TIME) {
      const early = timestamp > context.timerService().currentProcessingTime();
      assert(!early, "a timer of the clock fired before its time");
      context.timerService().deleteEventTimeTimer(i64.MAX_VALUE);
    }
    const row = out.row();
    row.key = context.getCurrentKey().key;
    row.n = this.n.value();
    row.total = this.total.value();
    out.collect();
    this.n.clear();
    this.total.clear();
  }
}

/** Gives each row as it is once a server has answered, or has not in time: what it gives does not depend on the run. */
@http("server")
@operator
export class AskEach extends AsyncFunction<Generated, Generated> {
  private hasAnswer: bool = false;

  asyncInvoke(value: Generated, request: HttpRequest, out: ResultFuture<Generated>): void {
    request.get("/row").segment(Text.from(value.id.toString()));
  }

  onResponse(value: Generated, response: HttpResponse, out: ResultFuture<Generated>): void {
    const isOwn = response.body.parseInt(-1) == value.id;
    assert(isOwn, "the answer to another row's request");
    this.hasAnswer = response.ok;
    this.give(value, out);
  }

  onError(value: Generated, error: string, out: ResultFuture<Generated>): void {
    this.hasAnswer = false;
    this.give(value, out);
  }

  timeout(value: Generated, out: ResultFuture<Generated>): void {
    this.give(value, out);
  }

  retryOnResult(value: Generated, results: i32, otherwise: bool): bool {
    return !this.hasAnswer;
  }

  private give(value: Generated, out: ResultFuture<Generated>): void {
    const row = out.row();
    row.id = value.id;
    row.key = value.key;
    row.value = value.value;
    out.collect();
  }
}
