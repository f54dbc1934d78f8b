/** Functions that do at random what a function may do, and trap where a row says so: for rows that leave no trace. */
import {
  AggregatingState,
  AggregatingStateDescriptor,
  BroadcastState,
  Collector,
  KeyedBroadcastContext,
  KeyedBroadcastProcessFunction,
  KeyedContext,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
  KeyedStateFunction,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReducingState,
  ReducingStateDescriptor,
  RuntimeContext,
  StateAggregateFunction,
  StateReduceFunction,
  Text,
  TimeDomain,
  ValueState,
  ValueStateDescriptor,
} from "millrace/sdk";
import { Deed, Dice, Told, User, textOf } from "./rows";

export * from "./grouping";

class Sum extends StateReduceFunction<i64> {
  reduce(a: i64, b: i64): i64 {
    // Called from inside the state's own code.
    if (b == TRAP) throw new Error("reduce: a trap");
    return a + b;
  }
}

const TRAP: i64 = -4096;

@accumulator
class Mean {
  sum: i64;
  count: i64;
}

class Means extends StateAggregateFunction<i64, Mean, f64> {
  add(value: i64, accumulator: Mean): void {
    accumulator.sum += value;
    accumulator.count++;
    if (value == TRAP) throw new Error("add: a trap");
  }

  getResult(accumulator: Mean): f64 {
    return <f64>accumulator.sum / <f64>accumulator.count;
  }
}

/** Does deeds with every kind of keyed state, with timers of both clocks, and tells of them. */
class Doer {
  private value!: ValueState<Text>;
  private list!: ListState<Text>;
  private map!: MapState<Text, i64>;
  private reducing!: ReducingState<i64>;
  private aggregating!: AggregatingState<i64, Mean, f64>;
  private deeds: i64 = 0;
  private said: string[] = [];

  constructor(context: RuntimeContext) {
    this.value = context.getState(new ValueStateDescriptor<Text>("value"));
    this.list = context.getListState(new ListStateDescriptor<Text>("list"));
    this.map = context.getMapState(new MapStateDescriptor<Text, i64>("map"));
    this.reducing = context.getReducingState(new ReducingStateDescriptor<i64>("reducing", new Sum()));
    this.aggregating = context.getAggregatingState(
      new AggregatingStateDescriptor<i64, Mean, f64>("aggregating", new Means()),
    );
  }

  step(dice: Dice, context: KeyedContext<User>, out: Collector<Told>, aside: Collector<Told>): void {
    this.deeds++;
    switch (dice.below(14)) {
      case 0:
        this.value.update(textOf(dice));
        return;
      case 1:
        this.value.clear();
        return;
      case 2:
        this.list.add(textOf(dice));
        return;
      case 3:
        if (dice.below(4) == 0) this.list.clear();
        return;
      case 4:
      case 5:
        this.map.put(textOf(dice), this.deeds);
        return;
      case 6: {
        const entries = this.map.entries();
        if (entries.next()) this.map.remove(entries.key);
        return;
      }
      case 7:
        if (dice.below(4) == 0) this.map.clear();
        return;
      case 8:
        this.reducing.add(dice.below(100));
        return;
      case 9:
        this.aggregating.add(dice.below(100));
        return;
      case 10:
        context.timerService().registerEventTimeTimer(dice.below(400) * 2);
        return;
      case 11:
        context.timerService().deleteEventTimeTimer(dice.below(400) * 2);
        return;
      case 12:
        context.timerService().registerProcessingTimeTimer(dice.below(400) * 2 + 1);
        return;
      default:
        this.tell(dice, context, dice.below(2) == 0 ? out : aside);
    }
  }

  private tell(dice: Dice, context: KeyedContext<User>, out: Collector<Told>): void {
    this.said.push(this.deeds.toString());
    for (let i = dice.below(3); i >= 0; i--) {
      const row = out.row();
      row.user = context.getCurrentKey().user;
      row.what = textOf(dice);
      row.n = this.deeds + this.said.length;
      out.collect();
    }
  }

  fail(dice: Dice): void {
    switch (dice.below(5)) {
      case 0:
        this.reducing.add(1);
        this.reducing.add(TRAP);
        return;
      case 1:
        this.aggregating.add(TRAP);
        return;
      case 2:
        throw new Error("thrown");
      case 3:
        this.said = [];
        this.said[3].length;
        return;
      default:
        unreachable();
    }
  }
}

/** Where deeds come by one input. Timers of times that 14 divides trap; without `traps` they do nothing. */
@operator
@sideOutput("aside", Told)
export class Everything extends KeyedProcessFunction<User, Deed, Told> {
  @parameter traps: bool = true;
  private doer!: Doer;
  private aside!: Collector<Told>;

  open(context: RuntimeContext): void {
    this.doer = new Doer(context);
  }

  openProcess(context: KeyedContext<User>): void {
    this.aside = context.sideOutput<Told>(1);
  }

  processElement(value: Deed, context: KeyedContext<User>, out: Collector<Told>): void {
    const dice = new Dice(<u64>value.seed);
    for (let i = 0; i < value.steps; i++) this.doer.step(dice, context, out, this.aside);
    if (value.poison) this.doer.fail(dice);
  }

  onTimer(timestamp: i64, context: KeyedContext<User>, out: Collector<Told>): void {
    if (timestamp % 14 == 0 && !this.traps) return;
    const dice = new Dice(<u64>timestamp);
    for (let i = dice.below(6); i > 0; i--) this.doer.step(dice, context, out, this.aside);
    if (timestamp % 14 == 0) this.doer.fail(dice);
  }
}

/** Sets a timer of each clock; those of event time at odd times and those of the clock of odd users fail. */
@operator
export class Reminds extends KeyedProcessFunction<User, Deed, Told> {
  private list: i64[] = [];

  processElement(value: Deed, context: KeyedContext<User>, out: Collector<Told>): void {
    context.timerService().registerEventTimeTimer(value.seed);
    context.timerService().registerProcessingTimeTimer(50);
  }

  onTimer(timestamp: i64, context: KeyedContext<User>, out: Collector<Told>): void {
    const user = context.getCurrentKey().user;
    if (context.timeDomain == TimeDomain.PROCESSING_TIME) {
      if (user % 2 == 1) this.failRow("no reminder of " + user.toString());
    } else if (timestamp % 2 == 1) this.list[<i32>user] += 1;
  }
}

/** Where they come by two keyed inputs. */
@operator
@sideOutput("aside", Told)
export class Both extends KeyedCoProcessFunction<User, Deed, Deed, Told> {
  private doer!: Doer;
  private aside!: Collector<Told>;

  open(context: RuntimeContext): void {
    this.doer = new Doer(context);
  }

  openProcess(context: KeyedContext<User>): void {
    this.aside = context.sideOutput<Told>(1);
  }

  processElement1(value: Deed, context: KeyedContext<User>, out: Collector<Told>): void {
    const dice = new Dice(<u64>value.seed);
    for (let i = 0; i < value.steps; i++) this.doer.step(dice, context, out, this.aside);
    if (value.poison) this.doer.fail(dice);
  }

  processElement2(value: Deed, context: KeyedContext<User>, out: Collector<Told>): void {
    this.processElement1(value, context, this.aside);
  }
}

class Double extends KeyedStateFunction<User> {
  count: ValueState<i64> | null = null;
  failsAt: i64 = -1;

  process(key: User): void {
    const count = this.count!;
    count.update(count.value() * 2 + 1);
    if (key.user == this.failsAt) throw new Error("in the midst of all keys");
  }
}

/** Where one input is broadcast: it changes broadcast state, and every key's. */
@operator
@sideOutput("aside", Told)
export class Rules extends KeyedBroadcastProcessFunction<User, Deed, Deed, Told> {
  private rules!: BroadcastState<i64, Text>;
  private count!: ValueState<i64>;
  private double: Double = new Double();

  open(context: RuntimeContext): void {
    this.rules = context.getBroadcastState(new MapStateDescriptor<i64, Text>("rules"));
    this.count = context.getState(new ValueStateDescriptor<i64>("count"));
    this.double.count = this.count;
  }

  processElement(value: Deed, context: KeyedContext<User>, out: Collector<Told>): void {
    this.count.update(this.count.value() + 1);
    const row = out.row();
    row.user = value.user;
    row.n = this.count.value();
    if (this.rules.contains(value.seed)) row.what = this.rules.get(value.seed);
    out.collect();
    if (value.poison) throw new Error("poison");
  }

  processBroadcastElement(
    value: Deed,
    context: KeyedBroadcastContext<User>,
    out: Collector<Told>,
  ): void {
    const dice = new Dice(<u64>value.seed);
    for (let i = 0; i < value.steps; i++) {
      if (dice.below(4) == 0) this.rules.remove(dice.below(8));
      else this.rules.put(dice.below(8), textOf(dice));
    }
    this.double.failsAt = value.poison ? value.user : -1;
    if (value.steps > 10 || value.poison) context.applyToKeyedState(this.double);
    if (value.poison) throw new Error("poison");
  }
}

