/**
 * A source of splits: a split {from, to} is counted out by polls; bytes of a split are added up, a
 * row for each full 4 bytes, FINISHED at the split's end. Output: {n BIGINT}.
 */
import { parseJson } from "../../../../operators/sdk/assembly/config-json";
import { Status } from "../../../../operators/sdk/assembly/layout";
import { Operator } from "../../../../operators/sdk/assembly/operator";

export class NumbersOperator extends Operator {
  private next: i64 = 0;
  private end: i64 = 0;
  private splits: i32 = 0;
  private at: usize = 0;
  private inBytes: bool = false;
  private partial: i64 = 0;
  private partialCount: i32 = 0;

  sourceAssign(start: usize, length: i32): i32 {
    const split = parseJson(start, length);
    this.next = split.get("from").long(0);
    this.end = split.get("to").long(0);
    if (this.end < this.next) return this.refuse("split: to must not be below from");
    this.splits++;
    return Status.DONE;
  }

  /** DONE while there is no split, FINISHED behind the second one. */
  sourcePoll(budget: i32): i32 {
    let left = max(budget, 1);
    while (this.next < this.end) {
      if (this.outputFull()) return Status.OUTPUT_FULL;
      if (left-- <= 0) return Status.SLICE_OVER;
      this.emit(this.next++);
    }
    return this.splits < 2 ? Status.DONE : Status.FINISHED;
  }

  sourceBytes(start: usize, length: i32, last: bool, budget: i32): i32 {
    if (!this.inBytes) {
      this.inBytes = true;
      this.at = 0;
    }
    let left = max(budget, 1);
    while (this.at < <usize>length) {
      if (this.outputFull()) return Status.OUTPUT_FULL;
      if (left-- <= 0) return Status.SLICE_OVER;
      this.partial += load<u8>(start + this.at++);
      if (++this.partialCount == 4) this.emitPartial();
    }
    if (last && this.partialCount > 0) {
      if (this.outputFull()) return Status.OUTPUT_FULL;
      this.emitPartial();
    }
    this.inBytes = false;
    return last ? Status.FINISHED : Status.DONE;
  }

  private emitPartial(): void {
    this.emit(this.partial);
    this.partial = 0;
    this.partialCount = 0;
  }

  private emit(n: i64): void {
    const writer = this.writers[0];
    writer.hasTimestamp = false;
    store<i64>(writer.columns[0].data + (<usize>writer.rows << 3), n);
    writer.endRow();
  }
}
