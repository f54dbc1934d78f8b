/** Operators of the benches of keyed state and timers: no output, so that nothing else is measured. */
import {
  Collector,
  KeyedContext,
  KeyedProcessFunction,
  MapFunction,
  RuntimeContext,
  Text,
  ValueState,
  ValueStateDescriptor,
} from "millrace/sdk";

@row
class Key {
  k: i64;
}

@row
class TextKey {
  k!: Text;
}

@row
class Event {
  k: i64;
  v: i64;
}

@row
class TextEvent {
  k!: Text;
  v: i64;
}

@row
class Total {
  n: i64;
}

/** Reads, adds, writes. */
@operator("add")
class Add extends KeyedProcessFunction<Key, Event, Total> {
  private sum!: ValueState<i64>;

  open(context: RuntimeContext): void {
    this.sum = context.getState<i64>(new ValueStateDescriptor<i64>("sum"));
  }

  processElement(value: Event, context: KeyedContext<Key>, out: Collector<Total>): void {
    this.sum.update(this.sum.value() + value.v);
  }
}

@operator("addText")
class AddText extends KeyedProcessFunction<TextKey, TextEvent, Total> {
  private sum!: ValueState<i64>;

  open(context: RuntimeContext): void {
    this.sum = context.getState<i64>(new ValueStateDescriptor<i64>("sum"));
  }

  processElement(value: TextEvent, context: KeyedContext<TextKey>, out: Collector<Total>): void {
    this.sum.update(this.sum.value() + value.v);
  }
}

/** A row for a row. */
@operator("double")
class Double extends MapFunction<Event, Total> {
  map(value: Event, out: Total): void {
    out.n = value.v * 2;
  }
}

/** Sets a timer for each event, at the time that the event names; a row at the end says how many fired. */
@operator("timers")
class Timers extends KeyedProcessFunction<Key, Event, Total> {
  private fired: i64 = 0;
  private last: i64 = i64.MIN_VALUE;

  processElement(value: Event, context: KeyedContext<Key>, out: Collector<Total>): void {
    context.timerService().registerEventTimeTimer(value.v);
  }

  onTimer(timestamp: i64, context: KeyedContext<Key>, out: Collector<Total>): void {
    assert(timestamp >= this.last, "timers fire in order");
    this.last = timestamp;
    this.fired += 1;
    if (this.fired % 1000000 != 0) return;
    out.row().n = this.fired;
    out.collect();
  }
}
