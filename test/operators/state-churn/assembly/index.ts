/** Changes its state at random, with texts that grow and shrink: for churn.test.ts and `npm run soak:state`. */
import {
  Collector,
  KeyedContext,
  KeyedProcessFunction,
  ListState,
  MapState,
  Text,
  ValueState,
} from "millrace/sdk";

@row
class Key {
  k: i64;
}

@row
class Change {
  k: i64;
  text!: Text;
}

@row
class Nothing {
  n: i64;
}

const MAP_KEYS: u32 = 8;
const LIST_LENGTH: i64 = 6;

@operator
class Churn extends KeyedProcessFunction<Key, Change, Nothing> {
  @state value!: ValueState<Text>;
  @state entries!: MapState<i64, Text>;
  @state list!: ListState<Text>;
  @state listed!: ValueState<i64>;
  @parameter seed: i64 = 1;
  private random: u32 = 0;

  processElement(value: Change, context: KeyedContext<Key>, out: Collector<Nothing>): void {
    if (this.random == 0) this.random = <u32>this.seed | 1;
    const text = value.text.slice(0, <i32>(this.next() % <u32>(value.text.length + 1)));
    const action = this.next() % 20;
    if (action < 11) this.value.update(text);
    else if (action < 12) this.value.clear();
    else if (action < 16) this.entries.put(<i64>(this.next() % MAP_KEYS), text);
    else if (action < 17) this.entries.remove(<i64>(this.next() % MAP_KEYS));
    else this.append(text);
  }

  private append(text: Text): void {
    const count = this.listed.value();
    if (count < LIST_LENGTH) {
      this.list.add(text);
      this.listed.update(count + 1);
    } else {
      this.list.clear();
      this.listed.clear();
    }
  }

  /** Numerical Recipes' generator; the low bits repeat soon, so they go. */
  private next(): u32 {
    this.random = this.random * 1664525 + 1013904223;
    return this.random >> 8;
  }
}
