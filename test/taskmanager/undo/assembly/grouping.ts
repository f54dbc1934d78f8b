/** Functions without state of their own, of windows, joins and patterns, which trap where a row says so. */
import {
  AggregateFunction,
  Collector,
  ConditionContext,
  FlatMapFunction,
  IterativeCondition,
  JoinContext,
  Pattern,
  PatternContext,
  PatternMatch,
  PatternProcessFunction,
  ProcessJoinFunction,
  ProcessWindowFunction,
  ReduceFunction,
  WindowContext,
  WindowElements,
} from "millrace/sdk";
import { Deed, Dice, Told, textOf } from "./rows";

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
