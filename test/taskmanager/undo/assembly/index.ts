/** Functions that do at random what a function may do, and trap where a row says so: for rows that leave no trace. */
import {
  AggregateFunction,
  AggregatingState,
  AggregatingStateDescriptor,
  BroadcastState,
  Collector,
  FlatMapFunction,
  IterativeCondition,
  ConditionContext,
  JoinContext,
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
  Pattern,
  PatternContext,
  PatternMatch,
  PatternProcessFunction,
  ProcessJoinFunction,
  ProcessWindowFunction,
  ReduceFunction,
  ReducingState,
  ReducingStateDescriptor,
  RuntimeContext,
  StateAggregateFunction,
  StateReduceFunction,
  Text,
  TimeDomain,
  ValueState,
  ValueStateDescriptor,
  WindowContext,
  WindowElements,
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

/** Rows before it fails, of which some fill blocks. */
@operator
export class Burst extends FlatMapFunction<Deed, Told> {
  flatMap(value: Deed, out: Collector<Told>): void {
    const dice = new Dice(<u64>value.seed);
    for (let i = 0; i < value.steps; i++) {
      const row = out.row();
      row.user = value.user;
      row.what = textOf(dice);
      row.n = i;
      out.collect();
    }
    if (value.poison) throw new Error("poison");
  }
}

/** Allocates `steps` MiB, and writes each of them `seed` times. */
@operator
export class Swells extends FlatMapFunction<Deed, Told> {
  private kept: Uint8Array[] = [];

  flatMap(value: Deed, out: Collector<Told>): void {
    for (let i = 0; i < value.steps; i++) {
      const bytes = new Uint8Array(1 << 20);
      this.kept.push(bytes);
      for (let times = <i32>value.seed; times > 0; times--) bytes.fill(<u8>times);
    }
    out.row().n = this.kept.length;
    out.collect();
    if (value.poison) throw new Error("poison");
  }
}

@accumulator
class Steps {
  sum: i64;
  count: i64;
}

@row
export class Total {
  user: i64;
  sum: i64;
  count: i64;
}

@row
export class Sums {
  sum: i64;
  count: i64;
}

@operator
export class Running extends ReduceFunction<Deed, Steps, Sums> {
  first(value: Deed, accumulator: Steps): void {
    this.reduce(accumulator, value);
  }

  reduce(accumulator: Steps, value: Deed): void {
    accumulator.sum += value.seed;
    accumulator.count++;
    if (value.poison) throw new Error("poison");
  }

  getResult(accumulator: Steps, out: Sums): void {
    out.sum = accumulator.sum;
    out.count = accumulator.count;
  }
}

/** A window's sum; add() traps. Results of a sum that 7 divides trap; without `traps` they are a row of zeros, see the test. */
@operator
export class SumOf extends AggregateFunction<Deed, Steps, Sums> {
  @parameter traps: bool = true;

  add(value: Deed, accumulator: Steps): void {
    accumulator.sum += value.seed;
    accumulator.count++;
    if (value.poison) throw new Error("poison");
  }

  merge(accumulator: Steps, other: Steps): void {
    accumulator.sum += other.sum;
    accumulator.count += other.count;
  }

  getResult(accumulator: Steps, out: Sums): void {
    const isPoison = accumulator.sum % 7 == 0;
    out.sum = isPoison ? 0 : accumulator.sum;
    out.count = isPoison ? 0 : accumulator.count;
    if (isPoison && this.traps) throw new Error("of seven");
  }
}

/** A window's elements; one of poison makes it trap when it has told of some, or else say nothing. */
@operator
export class AllOf extends ProcessWindowFunction<Deed, Told> {
  @parameter traps: bool = true;

  process(context: WindowContext, elements: WindowElements<Deed>, out: Collector<Told>): void {
    let poisoned = false;
    for (let i = 0; i < elements.length; i++) if (elements.at(i).poison) poisoned = true;
    if (poisoned && !this.traps) return;
    const state = context.globalState<Steps>();
    for (let i = 0; i < elements.length; i++) {
      const row = out.row();
      row.user = elements.at(i).user;
      row.n = elements.at(i).seed + state.count++;
      out.collect();
      if (poisoned && i * 2 >= elements.length) break;
    }
    if (poisoned) throw new Error("poison in a window");
  }
}

@operator
export class Pairs extends ProcessJoinFunction<Deed, Deed, Told> {
  processElement(left: Deed, right: Deed, context: JoinContext, out: Collector<Told>): void {
    const row = out.row();
    row.user = left.user;
    row.n = left.seed * 1000 + right.seed;
    out.collect();
    if (left.poison || right.poison) throw new Error("poison");
  }
}

class IsMore extends IterativeCondition<Deed> {
  filter(value: Deed, context: ConditionContext<Deed>): bool {
    const before = context.getEventsForPattern("first");
    if (value.poison) throw new Error("poison in a condition");
    return before.length == 0 || value.seed > before.at(0).seed;
  }
}

/**
 * Two deeds that follow each other, of which the second is the greater. Time-outs of deeds whose seed 3 divides trap; without `traps` they
 * are passed over.
 */
@operator
@sideOutput("given_up", Told)
export class Greater extends PatternProcessFunction<Deed, Told> {
  @parameter traps: bool = true;
  private givenUp!: Collector<Told>;

  pattern(): Pattern<Deed> {
    return Pattern.begin<Deed>("first")
      .where(new IsMore())
      .followedBy("second")
      .where(new IsMore())
      .within(20);
  }

  openProcess(context: PatternContext): void {
    this.givenUp = context.sideOutput<Told>(1);
  }

  processMatch(match: PatternMatch<Deed>, context: PatternContext, out: Collector<Told>): void {
    const row = out.row();
    row.user = match.get("first").at(0).user;
    row.n = match.get("second").at(0).seed;
    out.collect();
  }

  processTimedOutMatch(match: PatternMatch<Deed>, context: PatternContext): void {
    const row = this.givenUp.row();
    row.n = match.get("first").at(0).seed;
    const isOfThree = row.n % 3 == 0;
    if (isOfThree && !this.traps) return;
    this.givenUp.collect();
    if (isOfThree) throw new Error("of three");
  }
}
