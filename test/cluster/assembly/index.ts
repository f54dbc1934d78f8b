/** Operators that misbehave at the row whose number is `at`. */
import { Collector, FlatMapFunction } from "millrace/sdk";

@row
export class Item {
  n: i64;
}

/** Never returns. */
@operator
export class LoopsForEver extends FlatMapFunction<Item, Item> {
  @parameter at: i64 = 0;

  flatMap(value: Item, out: Collector<Item>): void {
    let turns: i64 = value.n;
    while (value.n == this.at) turns++;
    out.row().n = turns;
    out.collect();
  }
}

/** Throws. */
@operator
export class Throws extends FlatMapFunction<Item, Item> {
  @parameter at: i64 = 0;

  flatMap(value: Item, out: Collector<Item>): void {
    if (value.n == this.at) throw new Error("unlucky number");
    out.row().n = value.n;
    out.collect();
  }
}

/** The machine itself stops it. */
@operator
export class DividesByZero extends FlatMapFunction<Item, Item> {
  @parameter at: i64 = 0;

  flatMap(value: Item, out: Collector<Item>): void {
    out.row().n = 100 / (value.n - this.at);
    out.collect();
  }
}

/** The standard library stops it. */
@operator
export class ReadsPastTheEnd extends FlatMapFunction<Item, Item> {
  @parameter at: i64 = 0;
  list: Array<i64> = [1, 2, 3];

  flatMap(value: Item, out: Collector<Item>): void {
    out.row().n = this.list[value.n == this.at ? 3 : 2];
    out.collect();
  }
}

/** Keeps a mebibyte of every row. */
@operator
export class KeepsEverything extends FlatMapFunction<Item, Item> {
  kept: Array<ArrayBuffer> = [];

  flatMap(value: Item, out: Collector<Item>): void {
    this.kept.push(new ArrayBuffer(1 << 20));
    out.row().n = this.kept.length;
    out.collect();
  }
}

/** Does nothing wrong. */
@operator
export class Passes extends FlatMapFunction<Item, Item> {
  flatMap(value: Item, out: Collector<Item>): void {
    out.row().n = value.n;
    out.collect();
  }
}
