/** Operators for the tests of the harness: one that traps, one that refuses, one with a side output. */
import { Collector, MapFunction, ProcessContext, ProcessFunction, SourceFunction, Text } from "millrace/sdk";

@row
export class Item {
  name!: Text;
  n: i64;
}

/** 100 / n, for the n that it knows. */
@operator
export class Share extends MapFunction<Item, Item> {
  private table: i64[] = [0, 100, 50, 33];

  map(item: Item, out: Item): void {
    out.name = item.name;
    out.n = this.table[<i32>item.n];
  }
}

/** Refuses what is below zero. */
@operator
export class Checked extends MapFunction<Item, Item> {
  map(item: Item, out: Item): void {
    if (item.n < 0) {
      this.failRow("n is negative");
      return;
    }
    out.name = item.name;
    out.n = item.n;
  }
}

/** Odd numbers go aside. */
@operator
@sideOutput("odd", Item)
export class Even extends ProcessFunction<Item, Item> {
  private odd!: Collector<Item>;

  openProcess(context: ProcessContext): void {
    this.odd = context.sideOutput<Item>(1);
  }

  processElement(item: Item, context: ProcessContext, out: Collector<Item>): void {
    const to = item.n % 2 == 0 ? out : this.odd;
    const result = to.row();
    result.name = item.name;
    result.n = item.n;
    to.collect();
  }
}

/** Counts to three. */
@operator
export class ToThree extends SourceFunction<Item> {
  private next: i64 = 1;

  poll(out: Collector<Item>): bool {
    const item = out.row();
    item.name = Text.of("n");
    item.n = this.next++;
    out.collect();
    return this.next <= 3;
  }
}
