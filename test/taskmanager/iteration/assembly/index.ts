/** Rows that go round: a number that is counted down, and one that becomes two. */
import { Collector, FilterFunction, FlatMapFunction, KeyedContext, KeyedProcessFunction, MapFunction } from "millrace/sdk";

@row
export class Countdown {
  id: i64;
  left: i64;
  rounds: i64;
}

@row
export class Key {
  left: i64;
}

/** Begins a countdown: rows of many lengths. */
@operator
export class Begin extends MapFunction<Countdown, Countdown> {
  @parameter most: i64 = 10;

  map(value: Countdown, out: Countdown): void {
    out.id = value.id;
    out.left = value.id % this.most;
    out.rounds = 0;
  }
}

@operator
export class Step extends KeyedProcessFunction<Key, Countdown, Countdown> {
  processElement(value: Countdown, context: KeyedContext<Key>, out: Collector<Countdown>): void {
    const row = out.row();
    row.id = value.id;
    row.left = value.left - 1;
    row.rounds = value.rounds + 1;
    out.collect();
  }
}

@operator
export class GoesOn extends FilterFunction<Countdown> {
  filter(value: Countdown): bool {
    return value.left > 0;
  }
}

@operator
export class IsDone extends FilterFunction<Countdown> {
  filter(value: Countdown): bool {
    return value.left <= 0;
  }
}

/** Two rows of each, one step further. */
@operator
export class Twice extends FlatMapFunction<Countdown, Countdown> {
  flatMap(value: Countdown, out: Collector<Countdown>): void {
    for (let i = 0; i < 2; i++) {
      const row = out.row();
      row.id = value.id;
      row.left = value.left - 1;
      row.rounds = value.rounds + 1;
      out.collect();
    }
  }
}
