/** Small operators over one BIGINT column `n`, written against the SDK's lowest level. */
export * from "../../../../operators/sdk/assembly/abi";
import { mr_result } from "../../../../operators/sdk/assembly/abi";
import { BatchReader } from "../../../../operators/sdk/assembly/batch-reader";
import { BlockWriter } from "../../../../operators/sdk/assembly/block-writer";
import { ExchangeOperator } from "../../../../operators/sdk/assembly/exchange";
import { Status } from "../../../../operators/sdk/assembly/layout";
import { Operator, RecordOperator } from "../../../../operators/sdk/assembly/operator";
import { registerOperator } from "../../../../operators/sdk/assembly/registry";

function emit(writer: BlockWriter, n: i64): void {
  store<i64>(writer.columns[0].data + ((<usize>writer.rows) << 3), n);
  writer.endRow();
}

/** Counts from 0; every row's event time is its number; a watermark behind every tenth, or so. */
class CountSource extends Operator {
  next: i64 = 0;

  sourcePoll(budget: i32): i32 {
    const count = this.config.parameters.get("count").long(0);
    const every = this.config.parameters.get("watermarkEvery").long(10);
    const writer = this.writers[0];
    for (let left = max(budget, 1); left > 0; left--) {
      if (this.next == count) return Status.FINISHED;
      if (writer.full) return Status.OUTPUT_FULL;
      writer.hasTimestamp = true;
      writer.timestamp = this.next;
      emit(writer, this.next++);
      if (this.next % every == 0) writer.addWatermark(this.next - 1);
    }
    return writer.full ? Status.OUTPUT_FULL : Status.SLICE_OVER;
  }
}

/** Numbers, each as 8 bytes, handed in by the host. */
class BytesSource extends Operator {
  sourceAssign(start: usize, length: i32): i32 {
    return Status.DONE;
  }
  sourceBytes(start: usize, length: i32, last: bool, budget: i32): i32 {
    for (let i = 0; i < length; i += 8) emit(this.writers[0], load<i64>(start + <usize>i));
    return Status.DONE;
  }
}

abstract class NumberOperator extends RecordOperator {
  abstract number(n: i64, row: i32): bool;

  attach(reader: BatchReader): void {}

  rows(from: i32, to: i32): i32 {
    const data = this.reader.data(0);
    const writer = this.writers[0];
    for (let i = from; i < to; i++) {
      const row = this.reader.physical(i);
      store<u32>(mr_result(), row, 4); // the row in progress, should it trap
      writer.hasTimestamp = this.reader.hasTimestamp(row);
      if (writer.hasTimestamp) writer.timestamp = this.reader.timestamp(row);
      if (!this.number(load<i64>(data + ((<usize>row) << 3)), row)) {
        this.failedRow = row;
        return i + 1;
      }
      if (this.outputFull()) return i + 1;
    }
    return to;
  }
}

/** Every number `times` times. */
class Repeat extends NumberOperator {
  number(n: i64, row: i32): bool {
    const times = this.config.parameters.get("times").int(2);
    for (let i = 0; i < times; i++) emit(this.writers[0], n);
    return true;
  }
}

/** Traps, refuses, or eats memory at a number. */
class Faulty extends NumberOperator {
  number(n: i64, row: i32): bool {
    const parameters = this.config.parameters;
    if (n == parameters.get("trapAt").long(-1)) assert(false, "thirteen");
    if (n == parameters.get("divideAt").long(-1)) return 1 / <i32>(n - n) == 0;
    if (n == parameters.get("hogAt").long(-1)) while (true) heap.alloc(1 << 20);
    if (n % 10 == parameters.get("refuse").long(-1)) {
      this.result.say("no " + n.toString());
      return false;
    }
    emit(this.writers[0], n);
    return true;
  }
}

/** Keeps numbers until a processing-time timer, set at the first one, fires at 5,000. */
class Hold extends NumberOperator {
  held: i64 = 0;
  number(n: i64, row: i32): bool {
    this.held++;
    return true;
  }
  nextTimer(domain: i32): i64 {
    return domain == 1 && this.held > 0 ? 5000 : i64.MAX_VALUE;
  }
  timers(domain: i32, now: i64, budget: i32): i32 {
    emit(this.writers[0], this.held);
    this.held = 0;
    return Status.DONE;
  }
}

/** One line for each number. */
class FormatLines extends RecordOperator {
  attach(reader: BatchReader): void {}
  rows(from: i32, to: i32): i32 {
    const data = this.reader.data(this.config.parameters.get("column").int(0));
    const writer = this.writers[0];
    for (let i = from; i < to; i++) {
      const n = load<i64>(data + ((<usize>this.reader.physical(i)) << 3));
      const line = String.UTF8.encode(n.toString() + "\n");
      writer.writeText(writer.columns[0], changetype<usize>(line), line.byteLength);
      writer.endRow();
      if (writer.full) return i + 1;
    }
    return to;
  }
}

registerOperator(() => new CountSource());
registerOperator(() => new BytesSource());
registerOperator(() => new Repeat());
registerOperator(() => new Faulty());
registerOperator(() => new Hold());
registerOperator(() => new FormatLines());
registerOperator(() => new ExchangeOperator());
