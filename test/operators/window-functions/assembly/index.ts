/** Functions over windows, alone and together. */
import {
  AggregateFunction,
  Collector,
  EvictableElements,
  Evictor,
  EvictorContext,
  ProcessWindowFunction,
  ReduceFunction,
  Text,
  TimeWindow,
  Trigger,
  TriggerContext,
  TriggerResult,
  WindowContext,
  WindowElements,
  WindowEvictor,
  WindowTrigger,
} from "millrace/sdk";

@row
export class Sale {
  shop!: Text;
  amount: i64;
}

@row
export class Total {
  total: i64;
  @nullable note!: Text;
}

@accumulator
export class Sum {
  total: i64;
  smallest: i64;
}

/** Adds up; `failRow` below -100. The smallest tells whether first() ran. */
@operator
export class Reduced extends ReduceFunction<Sale, Sum, Total> {
  @parameter factor: i64 = 1;

  first(sale: Sale, sum: Sum): void {
    if (sale.amount < -100) {
      this.failRow("too small");
      return;
    }
    sum.total = sum.smallest = sale.amount;
  }

  reduce(sum: Sum, sale: Sale): void {
    if (sale.amount < -100) {
      this.failRow("too small");
      return;
    }
    sum.total += sale.amount;
    sum.smallest = min(sum.smallest, sale.amount);
  }

  merge(sum: Sum, other: Sum): void {
    sum.total += other.total;
    sum.smallest = min(sum.smallest, other.smallest);
  }

  getResult(sum: Sum, out: Total): void {
    out.total = sum.total * this.factor;
    if (sum.smallest > 0) out.note = Text.from("above 0");
  }
}

/** Writes before it refuses; trusts that all is 0 in first(). */
@operator
export class Hasty extends ReduceFunction<Sale, Sum, Total> {
  first(sale: Sale, sum: Sum): void {
    sum.total += sale.amount;
    if (sale.amount < 0) this.failRow("below 0");
  }

  reduce(sum: Sum, sale: Sale): void {
    if (sale.amount < 0) this.failRow("below 0");
    else sum.total += sale.amount;
  }

  merge(sum: Sum, other: Sum): void {
    sum.total += other.total;
  }

  getResult(sum: Sum, out: Total): void {
    out.total = sum.total;
  }
}

/** Without merge(). */
@operator
export class Unmerged extends ReduceFunction<Sale, Sum, Total> {
  first(sale: Sale, sum: Sum): void {
    sum.total = sale.amount;
  }
  reduce(sum: Sum, sale: Sale): void {
    sum.total += sale.amount;
  }
  getResult(sum: Sum, out: Total): void {
    out.total = sum.total;
  }
}

@operator
export class Aggregated extends AggregateFunction<Sale, Sum, Total> {
  add(sale: Sale, sum: Sum): void {
    sum.total += sale.amount;
  }
  merge(sum: Sum, other: Sum): void {
    sum.total += other.total;
  }
  getResult(sum: Sum, out: Total): void {
    out.total = sum.total;
  }
}

@row
export class KeyTotal {
  shop!: Text;
  total: i64;
  @nullable note!: Text;
}

@row
export class Report {
  text!: Text;
  fired: i64;
  windows: i64;
}

@accumulator
export class Count {
  count: i64;
}

/** Tells what it was given, how often its window fired and how many calls its key has seen. */
@operator
export class Told extends ProcessWindowFunction<KeyTotal, Report> {
  @parameter mark: string;
  @parameter perWindow: bool = true;

  process(context: WindowContext, elements: WindowElements<KeyTotal>, out: Collector<Report>): void {
    const total = elements.at(0);
    const note = total.noteIsNull ? "-" : total.note.toString();
    const text =
      this.mark +
      elements.key.shop.toString() +
      " " +
      total.total.toString() +
      " " +
      note +
      " [" +
      context.windowStart.toString() +
      "," +
      context.windowEnd.toString() +
      ") of " +
      elements.length.toString();
    const report = out.row();
    report.text = Text.from(text);
    report.fired = this.perWindow ? ++context.windowState<Count>().count : -1;
    report.windows = ++context.globalState<Count>().count;
    out.collect();
  }
}

/** Takes out amounts below 0 before the function, and the largest after it. */
class Picky extends Evictor<Sale> {
  evictBefore(sales: EvictableElements<Sale>, window: TimeWindow, context: EvictorContext): void {
    for (let i = 0; i < sales.length; i++) if (sales.at(i).amount < 0) sales.remove(i);
  }

  evictAfter(sales: EvictableElements<Sale>, window: TimeWindow, context: EvictorContext): void {
    let largest = 0;
    for (let i = 1; i < sales.length; i++) {
      if (sales.at(i).amount > sales.at(largest).amount) largest = i;
    }
    if (sales.length > 0 && window.maxTimestamp >= sales.timestamp(largest)) sales.remove(largest);
  }
}

/** At each element. */
class Always extends Trigger<Sale> {
  onElement(sale: Sale, timestamp: i64, window: TimeWindow, context: TriggerContext): i32 {
    return TriggerResult.FIRE;
  }
}

@operator
export class PickySum extends AggregateFunction<Sale, Sum, Total> {
  evictor(): WindowEvictor | null {
    return new Picky();
  }
  trigger(): WindowTrigger | null {
    return new Always();
  }
  add(sale: Sale, sum: Sum): void {
    sum.total += sale.amount;
  }
  getResult(sum: Sum, out: Total): void {
    out.total = sum.total;
  }
}

@row
export class Listed {
  amounts!: Text;
}

@operator
export class PickyList extends ProcessWindowFunction<Sale, Listed> {
  evictor(): WindowEvictor | null {
    return new Picky();
  }
  trigger(): WindowTrigger | null {
    return new Always();
  }
  process(context: WindowContext, sales: WindowElements<Sale>, out: Collector<Listed>): void {
    let text = "";
    for (let i = 0; i < sales.length; i++) text += " " + sales.at(i).amount.toString();
    out.row().amounts = Text.from(text);
    out.collect();
  }
}
