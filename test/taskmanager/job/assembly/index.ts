/** Operators of the job tests: one that refuses rows, and partitioners. */
import {
  Collector,
  FilterFunction,
  FlatMapFunction,
  MapFunction,
  PartitionFunction,
  ProcessContext,
  ProcessFunction,
  Text,
} from "millrace/sdk";

@row
export class Item {
  n: i64;
}

/** Hands rows on; the multiples of `every` are refused. */
@operator
export class Refuses extends FlatMapFunction<Item, Item> {
  @parameter every: i64 = 10;

  flatMap(value: Item, out: Collector<Item>): void {
    if (value.n % this.every == 0) {
      this.failRow("is a multiple of " + this.every.toString());
      return;
    }
    out.row().n = value.n;
    out.collect();
  }
}

/** A dead letter. */
@row
export class Letter {
  error!: Text;
}

@operator
export class HasReason extends FilterFunction<Letter> {
  filter(value: Letter): bool {
    return value.error.length > 0;
  }
}

/** Hands rows on, but for multiples of `every`, at which it traps when it has emitted some. */
@operator
export class Traps extends FlatMapFunction<Item, Item> {
  @parameter every: i64 = 10;

  flatMap(value: Item, out: Collector<Item>): void {
    out.row().n = value.n;
    out.collect();
    if (value.n % this.every != 0) return;
    out.row().n = -1;
    out.collect();
    throw new Error("fell over " + value.n.toString());
  }
}

/** Fails at `at` in a way that no row can be blamed for. */
@operator
export class Exhausts extends FlatMapFunction<Item, Item> {
  @parameter at: i64 = 0;
  @parameter memory: bool = true;
  private kept: ArrayBuffer[] = [];

  flatMap(value: Item, out: Collector<Item>): void {
    if (value.n != this.at) return;
    if (!this.memory) this.deep(value.n);
    while (true) this.kept.push(new ArrayBuffer(1 << 20));
  }

  private deep(n: i64): i64 {
    return n < 0 ? 0 : this.deep(n + 1) * 3 + 1;
  }
}

@operator
export class Same extends MapFunction<Item, Item> {
  map(value: Item, out: Item): void {
    out.n = value.n;
  }
}

/** The channel is the number's third power, shifted. */
@operator
export class ByCube extends PartitionFunction<Item> {
  @parameter shift: i64 = 0;
  /** Named as the host's own parameter is, which is no matter. */
  @parameter partitioner: i64 = 0;

  partition(value: Item, channels: i32): i32 {
    return <i32>((value.n * value.n * value.n + this.shift) % <i64>channels);
  }
}

/** Answers a channel that does not exist. */
@operator
export class OffTheMap extends PartitionFunction<Item> {
  partition(value: Item, channels: i32): i32 {
    return channels;
  }
}

@row
export class Odd {
  odd: i64;
  half: f64;
}

/** Even numbers go on, odd ones to a side output with rows of its own. */
@operator
@sideOutput("odd", Odd)
export class Parts extends ProcessFunction<Item, Item> {
  processElement(value: Item, context: ProcessContext, out: Collector<Item>): void {
    if (value.n % 2 == 0) {
      out.row().n = value.n;
      out.collect();
      return;
    }
    const odd = context.sideOutput<Odd>(1);
    const row = odd.row();
    row.odd = value.n;
    row.half = <f64>value.n / 2.0;
    odd.collect();
  }
}
