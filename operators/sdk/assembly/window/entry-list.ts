/** Entries of a state table in the order in which their timers fire: by key, then by window. */
import { compareKeys, StateTable } from "../state/state-table";

export class EntryList {
  count: i32 = 0;
  private entries: StaticArray<u32> = new StaticArray<u32>(64);

  constructor(private table: StateTable) {}

  push(entry: usize): void {
    if (this.count == this.entries.length) {
      const grown = new StaticArray<u32>(this.count * 2);
      memory.copy(changetype<usize>(grown), changetype<usize>(this.entries), <usize>this.count << 2);
      this.entries = grown;
    }
    unchecked((this.entries[this.count++] = <u32>entry));
  }

  // @ts-ignore: decorator
  @inline
  at(index: i32): usize {
    return <usize>unchecked(this.entries[index]);
  }

  sort(): void {
    if (this.count > 1) this.sortPart(0, this.count - 1);
  }

  /** Quicksort; the smaller part recursively, so the stack stays flat. */
  private sortPart(from: i32, to: i32): void {
    while (from < to) {
      const pivot = this.at((from + to) >> 1);
      let low = from;
      let high = to;
      while (low <= high) {
        while (this.compare(this.at(low), pivot) < 0) low++;
        while (this.compare(this.at(high), pivot) > 0) high--;
        if (low > high) break;
        const held = unchecked(this.entries[low]);
        unchecked((this.entries[low++] = this.entries[high]));
        unchecked((this.entries[high--] = held));
      }
      if (high - from < to - low) {
        this.sortPart(from, high);
        from = low;
      } else {
        this.sortPart(low, to);
        to = high;
      }
    }
  }

  private compare(a: usize, b: usize): i32 {
    if (a == b) return 0;
    const order = compareKeys(this.table, a, b);
    if (order != 0) return order;
    const left = load<i64>(this.table.namespaceOf(a));
    const right = load<i64>(this.table.namespaceOf(b));
    return left < right ? -1 : left > right ? 1 : 0;
  }
}
