/** Functions that do at random what a function may do, and trap where a row says so: for rows that leave no trace. */
import {
  AggregatingState,
  AggregatingStateDescriptor,
  Collector,
  KeyedContext,
  KeyedProcessFunction,
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
  ValueState,
  ValueStateDescriptor,
} from "millrace/sdk";

@row
export class Deed {
  user: i64;
  /** What it does follows from this. */
  seed: i64;
  /** How many things it does. */
  steps: i32;
  /** It traps behind the last of them. */
  poison: bool;
}

@row
export class User {
  user: i64;
}

@row
export class Told {
  user: i64;
  what!: Text;
  n: i64;
}

/** Numbers that follow from a seed. */
export class Dice {
  constructor(private state: u64) {}

  below(limit: i32): i32 {
    this.state = this.state * 6364136223846793005 + 1442695040888963407;
    return <i32>((this.state >> 33) % <u64>limit);
  }
}

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

/** A text of up to 63 letters, made in the row. */
function textOf(dice: Dice): Text {
  let text = "";
  for (let i = dice.below(8); i >= 0; i--) text += "abcdefgh".slice(dice.below(8));
  return Text.of(text);
}

/** Uses every kind of keyed state, timers of both clocks, both outputs, and fields of its own. */
@operator
@sideOutput("aside", Told)
export class Everything extends KeyedProcessFunction<User, Deed, Told> {
  private value!: ValueState<Text>;
  private list!: ListState<Text>;
  private map!: MapState<Text, i64>;
  private reducing!: ReducingState<i64>;
  private aggregating!: AggregatingState<i64, Mean, f64>;
  private aside!: Collector<Told>;
  private deeds: i64 = 0;
  private said: string[] = [];

  open(context: RuntimeContext): void {
    this.value = context.getState(new ValueStateDescriptor<Text>("value"));
    this.list = context.getListState(new ListStateDescriptor<Text>("list"));
    this.map = context.getMapState(new MapStateDescriptor<Text, i64>("map"));
    this.reducing = context.getReducingState(new ReducingStateDescriptor<i64>("reducing", new Sum()));
    this.aggregating = context.getAggregatingState(
      new AggregatingStateDescriptor<i64, Mean, f64>("aggregating", new Means()),
    );
  }

  openProcess(context: KeyedContext<User>): void {
    this.aside = context.sideOutput<Told>(1);
  }

  processElement(value: Deed, context: KeyedContext<User>, out: Collector<Told>): void {
    const dice = new Dice(<u64>value.seed);
    for (let i = 0; i < value.steps; i++) this.step(dice, context, out);
    if (value.poison) this.fail(dice);
  }

  onTimer(timestamp: i64, context: KeyedContext<User>, out: Collector<Told>): void {
    const dice = new Dice(<u64>timestamp);
    for (let i = dice.below(6); i > 0; i--) this.step(dice, context, out);
    // Of event time alone: processing-time timers have odd times.
    if (timestamp % 14 == 0) this.fail(dice);
  }

  private step(dice: Dice, context: KeyedContext<User>, out: Collector<Told>): void {
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
        this.tell(dice, context, dice.below(2) == 0 ? out : this.aside);
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

  private fail(dice: Dice): void {
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
